"""Reading, drawing and comparing from Python: for scripts, tests and notebooks.

What is public of it is offered by :mod:`keraviz_docs` itself::

    import keraviz_docs

    architecture = keraviz_docs.read(model)
    keraviz_docs.render(architecture, "model.svg")

Importing this package imports neither Keras nor TensorFlow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from keraviz_docs import manifest as manifests
from keraviz_docs import production
from keraviz_docs.architecture import Architecture, from_json
from keraviz_docs.cost import with_costs
from keraviz_docs.diagrams import FORMATS, EngineName, Format, Renderer, Sheet, figure
from keraviz_docs.diagrams.svg import svg as drawn_svg
from keraviz_docs.errors import Code, UserError
from keraviz_docs.interactive import display
from keraviz_docs.interactive.compared import Compared
from keraviz_docs.manifest.entries import BuilderTarget, Limits, ModelEntry, SavedModelTarget
from keraviz_docs.manifest.identifiers import derive_id
from keraviz_docs.manifest.schema import TARGET_PATTERN
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.review import snapshot as snapshots
from keraviz_docs.review.comparison import compare as differences_between

__all__ = ["Architecture", "Compared", "UserError", "compare", "read", "render", "snapshot", "svg"]

Expand = Literal["all", "none"] | int


def read(
    model: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    inputs: Any = None,
    id: str | None = None,  # noqa: A002  # the field of the architecture that it fills
    timeout: float = Limits.timeout,
) -> Architecture:
    """Read the architecture of a model; no weight is allocated or downloaded for it.

    Args:
        model: a Keras model or a function that returns one, read in this process; or a text or path, read in another:
            ``package.module:function``, ``zoo.yml#id``, a ``.keras`` file.  What `keraviz extract` or `keraviz
            snapshot` wrote (``.json``, ``.arch``) and an architecture are taken as they are.
        kwargs: arguments for the function.
        inputs: what the model is fed, without the batch, if it does not know: ``{"shape": [32, 32, 3]}``, or a list
            or mapping of these, as the model takes it.
        id: what the architecture is called; derived from the model's name when not given.
        timeout: seconds that reading in another process may take.

    Raises:
        UserError: there is no such model, or it cannot be read; the message says why.
    """
    display.register()
    if isinstance(model, Architecture):
        return model
    if isinstance(model, (str, Path)):
        return _from_target(str(model), kwargs or {}, inputs, id, timeout)
    from keraviz_docs.reading.environment import use_tensorflow

    use_tensorflow()  # before the next line imports Keras, if the caller has not done so
    from keraviz_docs.reading.live import read_live

    name = getattr(model, "name", None) or getattr(model, "__name__", None) or type(model).__name__
    identity = id or derive_id(str(name)) or "model"
    return with_costs(read_live(model, id=identity, kwargs=kwargs or {}, inputs=inputs, project=Path.cwd()), inputs)


def svg(
    model: Any,
    *,
    variant: Sheet = "tb",
    expand: Expand = "all",
    graphviz: EngineName = "bundled",
) -> str:
    """Draw a model and return the drawing, one ``<svg>`` element.

    Args:
        model: an architecture, or anything that `read` takes.
        variant: ``tb`` from top to bottom, ``lr`` from left to right, ``numbered`` compact, with numbers for names;
            ``overview`` for stages and repeats, with each distinct block on its own below.
        expand: how deep layers made of layers are opened: ``all``, ``none`` or a number of levels.
        graphviz: ``bundled``, or ``system`` for the installed ``dot``.

    Raises:
        UserError: the model cannot be read, or drawn.
    """
    with Renderer(graphviz) as renderer:
        if variant == "overview":
            return drawn_svg(renderer.overview(read(model)))
        return renderer.svg(figure(read(model), variant, depth=_depth(expand)))


def render(
    model: Any,
    *files: str | Path,
    variant: Sheet = "tb",
    expand: Expand = "all",
    graphviz: EngineName = "bundled",
) -> tuple[Path, ...]:
    """Draw a model into files; each file's ending says its format: ``.svg``, ``.png``, ``.pdf`` or ``.dot``.

    Args:
        model: an architecture, or anything that `read` takes.
        *files: what to write, their directories included; all hold the same drawing.
        variant: see `svg`.
        expand: see `svg`.
        graphviz: see `svg`.

    Returns:
        The paths of the files.

    Raises:
        UserError: the model cannot be read or drawn, or a file has another ending.
    """
    wanted: dict[Format, Path] = {}
    for path in map(Path, files):
        form = next((form for form in FORMATS if path.suffix.lower() == f".{form}"), None)
        if form is None:
            raise UserError(f"{path} has none of the endings .{', .'.join(FORMATS)}", Code.PYTHON_CALL)
        if form in wanted:
            raise UserError(f"{wanted[form]} and {path} would be the same drawing: one is enough", Code.PYTHON_CALL)
        wanted[form] = path
    if not wanted:
        raise UserError("name a file to draw into, such as model.svg", Code.PYTHON_CALL)
    with Renderer(graphviz) as renderer:
        if variant == "overview":
            renderer.write(renderer.overview(read(model)), wanted)
        else:
            renderer.render(figure(read(model), variant, depth=_depth(expand)), wanted)
    return tuple(wanted.values())


def compare(base: Any, head: Any) -> Compared:
    """Compare two versions of a model, or two models.

    Args:
        base: the version before: an architecture, or anything that `read` takes.
        head: the version after.

    Raises:
        UserError: one of them cannot be read.
    """
    before, after = read(base), read(head)
    return Compared(before, after, differences_between(before, after))


def snapshot(model: Any) -> str:
    """Return what a snapshot file (``.arch``) says: a model as text, made to be compared line by line.

    Args:
        model: an architecture, or anything that `read` takes.

    Raises:
        UserError: the model cannot be read.
    """
    return snapshots.snapshot_of(read(model))


def _depth(expand: Expand) -> int | None:
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None


def _from_target(
    target: str, kwargs: Mapping[str, Any], inputs: Any, identity: str | None, timeout: float
) -> Architecture:
    path = Path(target)
    if path.suffix in (".json", snapshots.SUFFIX):
        return _from_file(path)
    entry, project = _entry(target, identity)
    if kwargs and isinstance(entry.target, SavedModelTarget):
        raise UserError(f"{target} is a saved model, which has its arguments already", Code.OPTION_WITHOUT_BUILDER)
    entry = ModelEntry(
        id=entry.id,
        target=entry.target,
        kwargs={**entry.kwargs, **kwargs},
        inputs=inputs if inputs is not None else entry.inputs,
        batch=entry.batch,
        limits=Limits(timeout, entry.limits.memory),
    )
    (report,) = production.produce([entry], project, jobs=1).models
    if isinstance(report.outcome, Reading):
        return report.outcome.architecture
    raise UserError(_told(report.outcome), report.outcome.code)


def _from_file(path: Path) -> Architecture:
    try:
        data = path.read_text(encoding="utf-8")
        if path.suffix == snapshots.SUFFIX:
            return snapshots.read(data, str(path)).architecture
        return from_json(data.encode())
    except (OSError, ValueError) as error:
        code = Code.SNAPSHOT if path.suffix == snapshots.SUFFIX else Code.EXTRACT
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", code) from error


def _entry(target: str, identity: str | None) -> tuple[ModelEntry, Path]:
    file, sharp, wanted = target.rpartition("#")
    if sharp and file.lower().endswith((".yml", ".yaml")):
        manifest = manifests.load(Path(file))
        known = {entry.id: entry for entry in manifest.entries if isinstance(entry, ModelEntry)}
        if wanted not in known:
            raise UserError(
                f"{file} has no model {wanted!r}; it has {', '.join(known) or 'none at all'}", Code.UNKNOWN_MODEL
            )
        return known[wanted], manifest.project
    if target.endswith(".keras"):
        path = Path(target)
        return ModelEntry(id=identity or derive_id(path.stem) or "model", target=SavedModelTarget(path)), Path.cwd()
    if not re.search(TARGET_PATTERN, target):
        raise UserError(
            f"{target!r} is no model: name package.module:function, zoo.yml#id, or a file (.keras, .json, .arch)",
            Code.UNKNOWN_TARGET,
        )
    module, _, name = target.partition(":")
    return ModelEntry(id=identity or derive_id(name) or "model", target=BuilderTarget(module, name)), Path.cwd()


def _told(failure: Failure) -> str:
    lines = [failure.message, *(f"  {frame.file}:{frame.line} in {frame.function}" for frame in failure.frames)]
    return "\n".join(lines)
