"""What each kind of mistake means and how it is mended: the text of `keraviz explain` and of the error reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keraviz_docs.errors.codes import Code


@dataclass(frozen=True)
class Explanation:
    """One section, in Markdown."""

    example: str
    """A message of this kind, as it is printed; a test makes the mistake and compares."""
    why: str
    remedy: str


EXPLANATIONS: Mapping[Code, Explanation] = {
    # ------------------------------------------------------------------------------------------- the command line
    Code.COMMAND_LINE: Explanation(
        example="Error: Missing argument 'TARGET...'.",
        why="A command or option does not exist, or something that the command needs is not there.",
        remedy="`keraviz --help` lists the commands; `keraviz render --help` shows the options of one, with examples.",
    ),
    Code.OPTION_VALUE: Explanation(
        example="unknown format 'svgg': did you mean 'svg'?",
        why="The option exists, but its value is not one of those possible, out of range, or no such file.",
        remedy="The message names the option and what it takes. Several words are separated by commas: "
        "`--format svg,pdf`.",
    ),
    Code.UNKNOWN_TARGET: Explanation(
        example="Error: 'zoo.unet' is not an import path like package.module:name: did you mean 'zoo:unet'?",
        why="A target is one of four things, and this is none of them, or a file that is not there.",
        remedy="""\
Write a target like one of these:

```text
zoo.vision:unet        a function or class that can be imported from here
zoo.yml                all models of a manifest
zoo.yml#unet           one of them, by its id
weights/unet.keras     a saved model
```""",
    ),
    Code.UNKNOWN_MODEL: Explanation(
        example="Error: zoo.yml has no model 'unett': did you mean zoo.yml#unet?",
        why="What stands after `#`, or in the manifest's `compare`, is the id of a model: what the entry says "
        "under `id`, or else the name of its function in lower case with dashes. A variant has the id "
        "of its entry before its own: `residual-small`.",
        remedy="Take one of the ids that the message lists. `keraviz extract zoo.yml -o out` writes a file for each.",
    ),
    Code.ARGUMENT: Explanation(
        example="Error: --set 'filters': write NAME=VALUE, such as --set alpha=1.4",
        why="An argument has a name that Python can pass, and a value in YAML: a number, a text, a list, a mapping.",
        remedy="Put quotes around what the shell would take apart: `--set 'shape=[64, 64, 3]'`. In the manifest, "
        "arguments are a mapping: `kwargs: {filters: 16}`.",
    ),
    Code.INPUTS_OPTION: Explanation(
        example="Error: --inputs '[32, 32, 3]': 'inputs' must say what its numbers are: write {shape: [32, 32, 3]}",
        why="`--inputs` is YAML in the form that `inputs` has in the manifest, without the batch dimension.",
        remedy="""\
One input, or several as the model's `call` takes them:

```text
--inputs '{shape: [32, 32, 3]}'
--inputs '{text: {shape: [64], dtype: int32}, image: {shape: [32, 32, 3]}}'
```""",
    ),
    Code.OPTION_WITHOUT_BUILDER: Explanation(
        example="Error: --set is for a package.module:function; 'zoo.yml' is a manifest: write kwargs there",
        why="Arguments are passed to a function. A manifest says itself which arguments and inputs its models get, and "
        "a saved model was built with its arguments long ago.",
        remedy="Write `kwargs` or `inputs` into the entry of the manifest, or name the function itself: "
        "`keraviz render zoo:unet --set filters=16 -o drawings`.",
    ),
    Code.SAME_FILES: Explanation(
        example="Error: zoo.vision:unet and zoo.audio:unet would both write 'unet': run the command for each, with "
        "different directories",
        why="Files are named after the id of a model, and two of the targets have the same.",
        remedy="Run the command for each with a directory of its own, or list the models in a manifest, where each can "
        "be given an `id`.",
    ),
    Code.DIRECTORY_NEEDED: Explanation(
        example="Error: several models need a directory: add -o DIR",
        why="Without `-o`, `keraviz extract` prints one architecture for another program to read. Several would run "
        "into each other.",
        remedy="Add `-o DIR`, which gets a file for each model, or choose one: `zoo.yml#unet`.",
    ),
    Code.PYTHON_CALL: Explanation(
        example="model.jpg has none of the endings .svg, .png, .pdf, .dot",
        why="A function of the Python API got a file it cannot write, or arguments beside a model that is built "
        "already.",
        remedy='Name files by their format, as in `keraviz_docs.render(model, "model.svg", "model.pdf")`, and pass '
        "`kwargs` only together with a function.",
    ),
    # ----------------------------------------------------------------------------------------------- the manifest
    Code.NO_MANIFEST: Explanation(
        example="Error: there is no manifest zoo.yml: did you mean zoo.yaml?",
        why="Commands look for `zoo.yml` in the current directory, the MkDocs plugin beside `mkdocs.yml`. It has to be "
        "a text file in UTF-8.",
        remedy="Name another file with `-m FILE`, or with `manifest: FILE` for the plugin. `keraviz init PACKAGE` "
        "writes a manifest of the models that it finds.",
    ),
    Code.YAML_SYNTAX: Explanation(
        example="zoo.yml:3:9: this list is not closed: a ',' or ']' is missing [KV102]",
        why="The file is not valid YAML, so nothing in it can be understood. The place is where something was opened, "
        "or where it no longer fits.",
        remedy="Look at the indentation, brackets and quotes of that line and the one above. Indent with spaces, and "
        "quote text that contains `: ` or starts with a special character. With the schema that `keraviz "
        "schema` prints, editors mark such places while you type.",
    ),
    Code.UNKNOWN_KEY: Explanation(
        example="zoo.yml:2:3: unknown key 'bilder' in this model: did you mean 'builder'? [KV103]",
        why="A key is misspelt, or stands in a place where it means nothing: `kwargs` belongs to a model with "
        "`builder`, for example, not to one with `file`.",
        remedy="The message names the key that was probably meant, or all that are possible there. The "
        "[reference of the manifest](manifest.md) says what each means.",
    ),
    Code.MISSING: Explanation(
        example="zoo.yml:2:3: this model needs one of 'builder' (package.module:function), 'discover' (package.module) "
        "and 'file' (a .keras file) [KV104]",
        why="Something required is not there, or a key stands without a value.",
        remedy="""\
Every entry says where its model comes from:

```yaml
models:
  - builder: zoo.vision:unet      # a function that returns a model
  - discover: zoo.text            # every builder of a module
  - file: weights/legacy.keras    # a saved model
```""",
    ),
    Code.WRONG_TYPE: Explanation(
        example="zoo.yml:3:9: 'tags' must be a list, not the text 'vision': write [vision] [KV105]",
        why="YAML read a value as something else than the key takes. Beware of words that YAML takes for truth values "
        "(`yes`, `no`, `on`, `off`) and of numbers that are meant as text.",
        remedy="Write what the message suggests; quotes make a text of anything.",
    ),
    Code.WRONG_VALUE: Explanation(
        example="zoo.yml:3:12: 'timeout' must be more than 0, not 0 [KV106]",
        why="The value has the right type, but is too small or too large, or not one of the words that are possible.",
        remedy="The message says what is possible; so does the [reference of the manifest](manifest.md).",
    ),
    Code.SEVERAL_KINDS: Explanation(
        example="zoo.yml:3:3: this model has 'builder' and 'file': keep one, or write an entry for each [KV107]",
        why="A model comes from a builder, from a saved file, or from a module that is searched; from one of them.",
        remedy="Keep the one you mean, or write two entries, each with an `id` of its own.",
    ),
    Code.IMPORT_PATH: Explanation(
        example="zoo.yml:2:12: 'zoo.unet' is not an import path like package.module:name: did you mean 'zoo:unet'? "
        "[KV108]",
        why="A builder is named as Python imports it, with a colon before the function. Paths of files, parentheses "
        "and arguments do not belong there.",
        remedy="""\
`from zoo.vision import unet` in Python is this in the manifest:

```yaml
models:
  - builder: zoo.vision:unet
    kwargs: {filters: 16}
```""",
    ),
    Code.MODEL_ID: Explanation(
        example="zoo.yml:3:7: the id 'U-Net' may only hold a-z, 0-9 and '-' (inside): write 'u-net' [KV109]",
        why="An id becomes the address of a page and the name of files, so it has small letters, digits and dashes. "
        "Some, such as `index`, are taken by other pages.",
        remedy="Write the id that the message suggests, and what people shall read under `title`.",
    ),
    Code.SAME_ID: Explanation(
        example="zoo.yml:3:3: the id 'unet' (derived from the name, as there is no 'id') is already used at "
        "zoo.yml:2:3: give this one another [KV110]",
        why="Two models would have the same page. An entry without `id` has the name of its function, so functions of "
        "the same name in two modules, or one builder listed twice, need to be told apart.",
        remedy="""\
Give one of them an `id`:

```yaml
models:
  - builder: zoo.vision:unet
  - id: unet-audio
    builder: zoo.audio:unet
```

For one builder with several arguments, use `variants`.""",
    ),
    Code.WRITTEN_TWICE: Explanation(
        example="zoo.yml:3:3: the key 'builder' is here twice; first at zoo.yml:2:3: keep one [KV111]",
        why="YAML would silently take the last of two equal keys. Often a dash is missing before the second one, which "
        "was to begin a new entry.",
        remedy="Delete one of them, or begin a new entry with `- `.",
    ),
    Code.UNUSABLE_YAML: Explanation(
        example="zoo.yml:3:19: YAML reads 2024-05-01 as a date: put it in quotes to make it text: '2024-05-01' [KV112]",
        why="YAML has more than a manifest can pass to a builder: dates, objects of other languages, values that "
        "contain themselves.",
        remedy="Use numbers, texts, lists and mappings, and `!tuple [32, 32, 3]` for a tuple. Put quotes around "
        "everything that is meant as text.",
    ),
    Code.NO_ARCHIVE: Explanation(
        example="zoo.yml:2:9: there is no file 'weights/unet.keras' (a path is relative to the manifest) [KV113]",
        why="`file` names a `.keras` file, relative to the directory of the manifest.",
        remedy="Correct the path, or save the model: `model.save('weights/unet.keras')`. If the file is in Git LFS, "
        "fetch it with `git lfs pull`.",
    ),
    Code.NO_MODELS: Explanation(
        example="zoo.yml:1:9: 'models' is empty: list at least one, such as …",
        why="A manifest without models makes a site without pages.",
        remedy="List a builder under `models`, or let `keraviz init PACKAGE` find them.",
    ),
    # ----------------------------------------------------------------------------------------------------- reading
    Code.IMPORT: Explanation(
        example="There is no `unett` in module `nets`. Did you mean `unet`? [KV201]",
        why="The module, or something that it imports itself, cannot be imported; or it has no such function. Imports "
        "start from the directory of the manifest, or from the one above the package in which it lies, and from its "
        "`src`.",
        remedy="""\
Try the same import in that directory, with the Python that runs keraviz:

```console
$ python -c "from zoo.vision import unet"
```

If that fails, install what is missing into the same environment. Page of the model, log and terminal show the lines of
your code on the way to the failure.""",
    ),
    Code.KWARGS: Explanation(
        example="`nets:unet` takes no argument `filter`. Did you mean `filters`? It takes `filters`. [KV202]",
        why="`kwargs` (or `--set`) has an argument that the builder does not take, or lacks one that it needs.",
        remedy="Compare with the signature of the builder. A builder that needs arguments can be listed with `builder` "
        "and `kwargs`; `discover` calls each without any.",
    ),
    Code.BUILDER_RAISED: Explanation(
        example="`nets:vae` raised ValueError: filters must be a multiple of 4 [KV203]",
        why="Your code, or Keras on its behalf, raised an exception while the model was built or traced. The site goes "
        "on with the other models; `on_error: fail` in the manifest ends the build.",
        remedy="Terminal, log and page show the lines of your code that led there. Builders are run without weights: "
        "code that needs their values, files, the network or a GPU is best kept out of the builder.",
    ),
    Code.WRONG_RETURN: Explanation(
        example="`nets:tuned` returned nothing (None) instead of a keras.Model. Is a `return model` missing at its "
        "end? [KV204]",
        why="A builder returns one Keras 3 model: Functional, Sequential or subclassed. A tuple of models, a layer or "
        "a model of `tf_keras` (Keras 2) is none.",
        remedy="Return the model. For a function that returns several things, write a small builder that returns the "
        "one you mean.",
    ),
    Code.UNBUILT: Explanation(
        example="`nets:vae` returned a Sequential that does not know its input. Start it with keras.Input(shape), "
        "or add `inputs` to the entry, without the batch: `inputs: {shape: [224, 224, 3]}`. [KV205]",
        why="A subclassed model, or a `Sequential` without an input, has no shapes before it is called for the first "
        "time.",
        remedy="""\
Say what it is fed, without the batch dimension:

```yaml
models:
  - builder: zoo.vision:VAE
    inputs: {shape: [28, 28, 1]}
```

The guide has more about [such models](../guide/custom-models.md#models-that-do-not-know-their-input).""",
    ),
    Code.INPUTS: Explanation(
        example="`inputs` has the dtype 'flot32', which Keras does not know: write float32, say.",
        why="What a model is fed is a shape and a type for each input, in the structure that its `call` takes.",
        remedy='One input: `{"shape": [32, 32, 3]}`; with a type: `{"shape": [64], "dtype": "int32"}`; several: a list '
        "or mapping of these. Leave out the batch dimension; `None` (in YAML `null`) is an open one.",
    ),
    Code.TIMEOUT: Explanation(
        example="It took longer than 1 s and was stopped. If it needs more, raise `timeout` in the manifest. [KV207]",
        why="Every model has a time limit, 120 s if nothing else is said. It is waiting for something (a download, a "
        "lock, input from a terminal), computes while it is built, or is very large.",
        remedy="The message shows the line of your code that was running. If the time is well spent, raise the limit: "
        "`timeout: 600` in the entry or under `defaults`.",
    ),
    Code.MEMORY: Explanation(
        example="It used more than 2000 MiB of memory and was stopped. If it needs more, raise `memory` in the "
        "manifest. [KV208]",
        why="The entry has a limit of memory. Weights are not allocated, so what takes so much is data that the "
        "builder loads, or values that it computes.",
        remedy="Raise `memory` (in MiB), or keep data out of the builder. The process of Keras and TensorFlow alone "
        "takes several hundred MiB.",
    ),
    Code.CRASH: Explanation(
        example="Its process was ended by SIGABRT (it aborted). [KV209]",
        why="The process that built the model ended before it could answer: compiled code crashed, the builder ended "
        "the program, or the system ended it because memory ran out (`SIGKILL`). Other models are not touched.",
        remedy="Run the builder alone in Python. If memory ran out, build fewer models at the same time: `--jobs 1`.",
    ),
    Code.SAVED_FILE: Explanation(
        example="`archives/digits.keras` is a legacy HDF5 file, which does not say everything about its layers. Load "
        "it with keras.saving.load_model and save it again as .keras. [KV210]",
        why="The archive is damaged, is of another format, or needs a class that cannot be imported. Files are opened "
        "in Keras's safe mode, so no code that they carry is run.",
        remedy="""\
Save it anew with the code that made it: `model.save("unet.keras")`. Custom classes are found if they are registered
in a module that can be imported:

```python
@keras.saving.register_keras_serializable("zoo")
class Mixing(keras.layers.Layer): ...
```""",
    ),
    Code.NO_BUILDERS: Explanation(
        example="`helpers` has no builder: none of its functions (`scale`) is annotated `-> keras.Model`. Annotate "
        "them, or name them in `__all__`. [KV211]",
        why="`discover` takes the public functions of a module that promise to return a Keras model, and those in its "
        "`__all__` that can be called without arguments.",
        remedy="Annotate builders, `def unet(filters: int = 64) -> keras.Model:`, or list them one by one with "
        "`builder`.",
    ),
    Code.BACKEND: Explanation(
        example="Keras uses jax in this process, and models are read with TensorFlow: set KERAS_BACKEND=tensorflow …",
        why="Models are traced with TensorFlow, whatever you train them with. In a script or notebook that has "
        "imported Keras with another backend, it is too late to change that.",
        remedy='Name the builder as text, `keraviz_docs.read("zoo.vision:unet")`, which is read in a process of its '
        'own; or set `os.environ["KERAS_BACKEND"] = "tensorflow"` before Keras is imported.',
    ),
    Code.COST_RULE: Explanation(
        example="mix: the cost rule registered for nets:Mixing raised IndexError: tuple index out of range. It was "
        "given inputs of shape [[1, 8]]. [KV213]",
        why="A rule that was registered with `keraviz_docs.cost.register` raised an exception, or returned something "
        "else than a whole number or `None`.",
        remedy="Mend the rule; the message has the shapes that it was given. Return `None` where it cannot tell. "
        "The documentation says [what a rule gets](../explanation/figures.md).",
    ),
    Code.INTERNAL: Explanation(
        example="Reading the model that `nets:broken` returned failed because of a bug in keraviz-docs, not in your "
        "code: …",
        why="Your builder did nothing wrong: the exception was raised by code of keraviz-docs, where it reads the "
        "model. The site goes on with the other models.",
        remedy="Please report it as an issue of keraviz-docs, `github.com/OWNER/keraviz-docs/issues`, where `OWNER` is "
        "the account that publishes it. The message has the versions, and terminal, log and page show the lines that "
        "led there; a builder that shows it helps most.",
    ),
    # ----------------------------------------------------------------------------------------------------- drawing
    Code.GRAPHVIZ_MISSING: Explanation(
        example="Error: `graphviz: system` needs the `dot` program, and it is not on the PATH: install Graphviz …",
        why="A Graphviz comes with the `pygraphviz` wheel and is used if nothing else is said. `graphviz: system` asks "
        "for an installed one, which is not there or does not start.",
        remedy="Leave `graphviz: system` and `--graphviz system` out; or install Graphviz so that `dot -V` answers. If "
        "the bundled one is broken: `pip install --force-reinstall pygraphviz`.",
    ),
    Code.GRAPHVIZ_FAILED: Explanation(
        example="unet, tb diagram: Graphviz crashed on the graph (signal 11); `expand: 1` draws a smaller one [KV302]",
        why="Graphviz crashed on this graph, reported a mistake, or was not done in two minutes. The page has "
        "everything but this diagram.",
        remedy="Draw fewer levels, `expand: 1` in the entry or `--expand 1`, or try the other Graphviz with "
        "`graphviz: system` or `bundled`.",
    ),
    # --------------------------------------------------------------------------------------------------- comparing
    Code.UNKNOWN_STATE: Explanation(
        example="Error: 'mian' is no git ref here, and there is no such file; give a branch, a tag, a snapshot, …",
        why="What is compared is a branch, tag or commit; a snapshot or extract, or a directory of these; or a target "
        "such as `zoo.yml` or `zoo:unet`. This is none of them.",
        remedy="In CI, fetch the branch first (`fetch-depth: 0` for `actions/checkout`) and write `origin/main`. "
        "`git rev-parse NAME` tells whether git knows a name.",
    ),
    Code.NOTHING_TO_COMPARE: Explanation(
        example="Error: architectures has neither snapshots (.arch) nor extracts (.json): `keraviz snapshot -o "
        "architectures` writes snapshots there",
        why="The directory or commit is there, but says nothing about models: it has no snapshots, and no manifest "
        "from which they could be built.",
        remedy="Name the manifest with `-m`, relative to the current directory, or keep snapshots: `keraviz snapshot` "
        "writes them into `architectures/` beside the manifest.",
    ),
    Code.SNAPSHOT: Explanation(
        example="Error: old.arch:2: snapshot format 99; this version of keraviz-docs reads format 1: write it anew",
        why="The file was edited by hand, has the marks of a merge conflict, or was written by a newer version.",
        remedy="Write it again with `keraviz snapshot`; snapshots are made, not edited. After a merge conflict, take "
        "either side and run the command.",
    ),
    Code.EXTRACT: Explanation(
        example="Error: old.json: architecture schema 99; this version of keraviz-docs reads schema 1",
        why="The JSON is not what `keraviz extract` writes, was changed, or was written by a newer version.",
        remedy="Write it again with `keraviz extract TARGET -o DIR`. The documentation describes "
        "[the format](architecture.md).",
    ),
    Code.GIT: Explanation(
        example="Error: git is not installed, …",
        why="A version was named that only git knows, and git is not there, this is no repository, or it refuses to "
        "check the version out.",
        remedy="Install git, or compare files instead: two directories of snapshots or extracts. What git says itself "
        "is part of the message.",
    ),
    Code.ONE_CHANGE_NEEDED: Explanation(
        example="Error: no models changed, and --format svg draws one; name one, such as zoo.yml#id, …",
        why="An SVG is one drawing of one model, and none or several have changed.",
        remedy="Name one on both sides, `keraviz diff old/unet.arch zoo.yml#unet --format svg`, or take `--format "
        "html`, which has them all.",
    ),
    Code.GITHUB: Explanation(
        example="Error: comments are written by a workflow `on: workflow_run`; to see one here, …",
        why="A command for GitHub Actions found itself elsewhere, without its token, or GitHub refused what it asked.",
        remedy="Compare the workflow with the one in [the guide](../guide/pull-requests.md): what starts it, its "
        "`permissions`, and the token in the step's `env`.",
    ),
    Code.REVIEW: Explanation(
        example="Error: review is not what a review leaves behind: …",
        why="What a review found comes from a pull request, so it is read with suspicion: it must have the files, the "
        "sizes and the form that `keraviz review` writes.",
        remedy="Run the review again, with the same version of keraviz-docs in both workflows.",
    ),
    # --------------------------------------------------------------------------------------------------- the pages
    Code.CANNOT_WRITE: Explanation(
        example="Error: cannot write zoo.yml/out: Not a directory",
        why="The system refuses to write there: the directory is a file, belongs to somebody else, is read-only, or "
        "the disk is full.",
        remedy="Choose another place with `-o`, or mend what the message names.",
    ),
    Code.FOREIGN_FILES: Explanation(
        example="Error: pages holds an index.md that keraviz did not write: choose a directory of its own for the "
        "pages",
        why="Pages of models that are gone are deleted, so a directory of pages belongs to keraviz alone. This one has "
        "an `index.md` of yours.",
        remedy="Choose a directory of its own, such as `-o docs/models`.",
    ),
    Code.PLUGIN_OPTION: Explanation(
        example="keraviz: `path: ..` must be a directory of the site, such as `models`",
        why="The plugin puts its pages into a directory of the site, which `path` names.",
        remedy="Write a relative path without `..`, such as `path: models`. The reference of [the plugin](plugin.md) "
        "has all options.",
    ),
    Code.MODELS_FAILED: Explanation(
        example="keraviz: 1 of the models could not be read, and `on_error` is `fail`",
        why="The manifest, or the plugin's options, ask for a build that fails when a model cannot be read. The "
        "warnings above say which ones, and why.",
        remedy="Mend these models, or write `on_error: warn`: they get a page that says what went wrong.",
    ),
    # ---------------------------------------------------------------------------------------- processes and clusters
    Code.CANNOT_START: Explanation(
        example="Error: Keras and TensorFlow cannot be imported by …",
        why="Models are read by a process that imports Keras and TensorFlow first, and that failed: one of them is "
        "missing or broken, or a file on `PYTHONPATH` hides it (`keras.py`, `tensorflow.py`).",
        remedy="""\
See what the same Python says, and reinstall what is broken:

```console
$ python -c "import tensorflow, keras"
$ pip install --force-reinstall tensorflow keras
```""",
    ),
    Code.EXECUTOR: Explanation(
        example="zoo.yml:1:11: 'dusk' is no executor: did you mean 'dask'? [KV602]",
        why="Models are read in processes of this machine, or on a Dask cluster.",
        remedy="Write `local`, `dask` for a cluster on this machine, or `dask:tcp://10.0.0.1:8786` for the scheduler "
        "at this address.",
    ),
    Code.DASK_MISSING: Explanation(
        example="Error: Dask is not installed; `pip install keraviz-docs[dask]` installs it",
        why="Reading models on a cluster needs Dask, which most people do not, so it is an extra.",
        remedy="`pip install 'keraviz-docs[dask]'`, here and on every worker.",
    ),
    Code.NO_SCHEDULER: Explanation(
        example="Error: no Dask scheduler answers at tcp://127.0.0.1:9: …",
        why="Nothing at the address speaks as a Dask scheduler: it is not started, another port is meant, or a "
        "firewall is between. Or the cluster went away while it read, or its workers lack the project or keraviz-docs; "
        "the message says which.",
        remedy="`dask scheduler` prints its address when it starts. Every worker needs the project at the same path, "
        "and the same packages: see [Dask clusters](../guide/big-zoos.md#a-dask-cluster).",
    ),
    Code.SHARD: Explanation(
        example="Error: there is no shard 9 of 8; the first is 1/8, the last 8/8",
        why="A share of the models is written as its number and how many there are: `2/8` is the second of eight.",
        remedy="Number the shares from 1, as in `--shard 1/8` to `--shard 8/8`, and give each a cache to read into.",
    ),
    Code.DASK_WORKER: Explanation(
        example="… has no directory /elsewhere/zoo; the project must lie at the same path on every worker, as on a "
        "shared file system",
        why="A cluster reads the files of your project where its workers run, with the packages that are installed "
        "there.",
        remedy="Put the project on a file system that all workers share, or copy it to the same path, and install the "
        "same versions of keraviz-docs, Keras and TensorFlow as here. Without a shared file system, "
        "`keraviz build --shard 2/8` divides the work, too.",
    ),
    # ---------------------------------------------------------------------------------------------------- starting
    Code.NO_PACKAGE: Explanation(
        example="Error: there is neither a package nor a directory 'zooo': did you mean zoo?",
        why="`keraviz init` searches a directory, a Python file, or a package that Python can find.",
        remedy="Name a path, or install the package into the environment of keraviz. `keraviz init .` searches the "
        "current directory.",
    ),
    Code.OUTSIDE_PROJECT: Explanation(
        example="Error: train-v2.py cannot be imported: rename it, so that its name is one that Python can import",
        why="A manifest names builders as Python imports them, from the directory in which it lies. This code cannot "
        "be named that way: it lies elsewhere, or has a name with a dash or a dot.",
        remedy="Rename the file, or choose the project with `-o`, the directory that the import starts from.",
    ),
    Code.NO_MODEL_FOUND: Explanation(
        example="Error: no model in zoo (1 module searched): there is no function that returns a Keras "
        "model, no class of models and no .keras file. …",
        why="A builder is recognised by the annotation `-> keras.Model` or by what it returns; each is then tried. "
        "Either nothing looked like one, or all failed, and the message says why.",
        remedy="Annotate your builders, give their parameters defaults, or write the manifest by hand:\n\n"
        "```yaml\nmodels:\n  - builder: zoo.vision:unet\n    kwargs: {filters: 16}\n```",
    ),
    Code.MANIFEST_EXISTS: Explanation(
        example="Error: zoo.yml exists already, and is not overwritten: add models to it, move it away, or choose "
        "another directory with -o",
        why="`keraviz init` begins a project and never changes what is there.",
        remedy="Add models to the manifest by hand; or move it away, run `keraviz init` again, and compare the two.",
    ),
}
