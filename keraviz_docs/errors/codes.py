"""Every kind of mistake that a user can make and mend, with the code that it keeps for ever.

The hundreds say where; see :data:`GROUPS`.  A new kind gets the next free number of its hundred, and a section in
:mod:`~keraviz_docs.errors.explanations`.  No number is ever used for another kind.
"""

from __future__ import annotations

from enum import Enum

GROUPS = (
    "The command line",
    "The manifest",
    "Reading models",
    "Drawing",
    "Comparing",
    "Writing pages",
    "Processes and clusters",
    "Starting",
)
"""What the hundreds are called."""


class Code(Enum):
    """A kind of mistake; its value is what messages show."""

    title: str
    """What is wrong, in a few words: the heading of its section."""

    @property
    def group(self) -> str:
        """Where the mistake is made: one of :data:`GROUPS`."""
        return GROUPS[int(self.value[2])]

    def __new__(cls, value: str, title: str) -> Code:
        """Take the first of the two as the value, so that ``Code("KV101")`` finds a code."""
        code = object.__new__(cls)
        code._value_ = value
        code.title = title
        return code

    COMMAND_LINE = "KV001", "The command line is not understood"
    OPTION_VALUE = "KV002", "An option does not take this value"
    UNKNOWN_TARGET = "KV003", "A target is nothing that can be read"
    UNKNOWN_MODEL = "KV004", "There is no model of this id"
    ARGUMENT = "KV005", "An argument for the builder is malformed"
    INPUTS_OPTION = "KV006", "What `--inputs` says is malformed"
    OPTION_WITHOUT_BUILDER = "KV007", "Only a builder takes arguments"
    SAME_FILES = "KV008", "Two targets would write the same files"
    DIRECTORY_NEEDED = "KV009", "Several models need a directory"
    PYTHON_CALL = "KV010", "A function was called with something it does not take"

    NO_MANIFEST = "KV101", "There is no manifest that can be read"
    YAML_SYNTAX = "KV102", "The manifest is not valid YAML"
    UNKNOWN_KEY = "KV103", "A key is unknown"
    MISSING = "KV104", "A key or its value is missing"
    WRONG_TYPE = "KV105", "A value is of another type than expected"
    WRONG_VALUE = "KV106", "A value is not one of those possible"
    SEVERAL_KINDS = "KV107", "An entry says twice where its model comes from"
    IMPORT_PATH = "KV108", "Text is not an import path"
    MODEL_ID = "KV109", "An id cannot be used"
    SAME_ID = "KV110", "Two models have the same id"
    WRITTEN_TWICE = "KV111", "Something is written twice"
    UNUSABLE_YAML = "KV112", "YAML that a manifest cannot hold"
    NO_ARCHIVE = "KV113", "There is no such saved model"
    NO_MODELS = "KV114", "The manifest names no model"

    IMPORT = "KV201", "A module or function cannot be imported"
    KWARGS = "KV202", "The arguments do not fit the builder"
    BUILDER_RAISED = "KV203", "The builder raised an exception"
    WRONG_RETURN = "KV204", "The builder returned no Keras model"
    UNBUILT = "KV205", "The model does not know its input"
    INPUTS = "KV206", "The inputs are no inputs of a model"
    TIMEOUT = "KV207", "Building took too long"
    MEMORY = "KV208", "Building took too much memory"
    CRASH = "KV209", "The process that built the model died"
    SAVED_FILE = "KV210", "A saved model cannot be read"
    NO_BUILDERS = "KV211", "A module has no builders"
    BACKEND = "KV212", "Keras does not use TensorFlow"
    COST_RULE = "KV213", "A rule for costs failed"
    INTERNAL = "KV214", "keraviz-docs itself has a bug"

    GRAPHVIZ_MISSING = "KV301", "There is no Graphviz that works"
    GRAPHVIZ_FAILED = "KV302", "Graphviz could not draw a diagram"

    UNKNOWN_STATE = "KV401", "There is no such version to compare"
    NOTHING_TO_COMPARE = "KV402", "A version has no models to compare"
    SNAPSHOT = "KV403", "A snapshot cannot be read"
    EXTRACT = "KV404", "An architecture in JSON cannot be read"
    GIT = "KV405", "Git is missing or refuses"
    ONE_CHANGE_NEEDED = "KV406", "One changed model is needed"
    GITHUB = "KV407", "GitHub, or a job there, is not as expected"
    REVIEW = "KV408", "What a review left cannot be read"

    CANNOT_WRITE = "KV501", "A file or directory cannot be written"
    FOREIGN_FILES = "KV502", "The directory holds other files"
    PLUGIN_OPTION = "KV503", "An option of the plugin cannot be used"
    MODELS_FAILED = "KV504", "Models could not be read, and `on_error` is `fail`"

    CANNOT_START = "KV601", "The process that reads models cannot start"
    EXECUTOR = "KV602", "There is no such executor"
    DASK_MISSING = "KV603", "Dask is not installed"
    NO_SCHEDULER = "KV604", "No Dask scheduler answers"
    SHARD = "KV605", "A shard is malformed"
    DASK_WORKER = "KV606", "A worker of the cluster cannot read models"

    NO_PACKAGE = "KV701", "There is no such package or path"
    OUTSIDE_PROJECT = "KV702", "Code cannot be imported from the project"
    NO_MODEL_FOUND = "KV703", "No model was found that can be built"
    MANIFEST_EXISTS = "KV704", "A manifest exists already"
