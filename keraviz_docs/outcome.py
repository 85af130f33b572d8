"""What comes of trying to read one model: a :class:`Reading` or a :class:`Failure`, both plain data.

They cross the process boundary and live in the cache as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture, Source
from keraviz_docs.errors import Code

FailureKind = Literal[
    "import",  # the builder's module or name could not be imported
    "arguments",  # the entry's kwargs do not fit the builder's parameters
    "inputs",  # the entry's inputs are no inputs of a model
    "exception",  # the builder raised
    "wrong-return",  # the builder returned something that is no Keras model
    "unbuilt",  # the model does not know its input and the manifest has no `inputs`
    "timeout",
    "memory",
    "crash",  # the process died: a signal, os._exit, sys.exit
    "saved-file",  # a .keras archive that is missing, damaged or needs code that is not there
    "cost-rule",  # a rule for costs that the zoo registered failed
    "no-builders",  # a module that is to be searched for builders has none
    "internal",  # a bug in this package
]

CODES: Mapping[FailureKind, Code] = {
    "import": Code.IMPORT,
    "arguments": Code.KWARGS,
    "inputs": Code.INPUTS,
    "exception": Code.BUILDER_RAISED,
    "wrong-return": Code.WRONG_RETURN,
    "unbuilt": Code.UNBUILT,
    "timeout": Code.TIMEOUT,
    "memory": Code.MEMORY,
    "crash": Code.CRASH,
    "saved-file": Code.SAVED_FILE,
    "cost-rule": Code.COST_RULE,
    "no-builders": Code.NO_BUILDERS,
    "internal": Code.INTERNAL,
}
"""What each kind of failure is called in messages."""


class BuilderFacts(msgspec.Struct, frozen=True, kw_only=True, tag="builder"):
    """What a page says about the code that builds a model."""

    target: str
    """``package.module:name`` or the path of a ``.keras`` file."""
    docstring: str | None = None
    signature: str | None = None
    """``name(param: type = default, ...) -> type`` as written."""
    usage: str = ""
    """A Python snippet that builds this very model, ready to copy."""
    source: Source | None = None
    source_url: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True, tag="reading"):
    """A model that could be read."""

    architecture: Architecture
    builder: BuilderFacts


class Frame(msgspec.Struct, frozen=True):
    """One line of a traceback."""

    file: str
    line: int
    function: str
    code: str


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """A model that could not be read, and why."""

    id: str
    target: str
    kind: FailureKind
    message: str
    """One or two sentences: what happened, what was expected, what to do."""
    frames: tuple[Frame, ...] = ()
    """The zoo's own frames, outermost first; Keras's and ours are left out, unless it is a bug of ours."""
    output: str = ""
    """The last of what the builder printed, at most 4,000 characters."""

    @property
    def code(self) -> Code:
        """What its kind is called in messages."""
        return CODES[self.kind]


Outcome = Reading | Failure


def to_json(outcome: Outcome) -> bytes:
    """Encode compactly; equal outcomes give equal bytes."""
    return msgspec.json.encode(outcome, order="deterministic")


def from_json(data: bytes) -> Outcome:
    """Decode and validate.

    Raises:
        msgspec.DecodeError: the data is not an outcome.
    """
    outcome: Outcome = msgspec.json.decode(data, type=Outcome)
    return outcome
