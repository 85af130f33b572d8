"""Reading what the targets of a command stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keraviz_docs import production
from keraviz_docs.architecture import Architecture
from keraviz_docs.cli.options import Execution
from keraviz_docs.cli.targets import Selection, unknown_id
from keraviz_docs.errors import Code, UserError, more_about
from keraviz_docs.manifest import ModelEntry
from keraviz_docs.outcome import Failure, Reading


@dataclass(frozen=True)
class Model:
    """A model that was read, costs included."""

    entry: ModelEntry
    architecture: Architecture


def read(
    selections: Sequence[Selection], execution: Execution, shard: production.Shard | None = None
) -> Iterator[tuple[Selection, list[Model], list[Failure]]]:
    """Read the models of each selection; those that cannot be read come as failures.

    Raises:
        UserError: Keras cannot be imported, an executor cannot be used, an id that was asked for is not there, or two
            modules that were searched for models gave the same id.
    """
    seen: set[str] = set()
    with production.Pools(execution.jobs) as pools:
        for selection in selections:
            report = production.produce(
                selection.entries,
                selection.project,
                cache=_cache(selection, execution),
                pool=pools.of(execution.executor or selection.executor),
                progress=production.choose(quiet=execution.quiet),
                shard=shard,
            )
            models: list[Model] = []
            failures = list(report.undiscovered)
            for read_model in report.models:
                if selection.only not in (None, read_model.entry.id):
                    continue
                outcome = read_model.outcome
                if isinstance(outcome, Reading):
                    models.append(Model(read_model.entry, outcome.architecture))
                else:
                    failures.append(outcome)
            if selection.only and not models and not failures:
                known = (*selection.known, *(each.entry.id for each in report.models))
                raise UserError(unknown_id(selection.target, selection.only, known), Code.UNKNOWN_MODEL)
            for model in models:
                if model.entry.id in seen:
                    raise UserError(
                        f"two targets have a model {model.entry.id!r}: run the command for each", Code.SAME_FILES
                    )
                seen.add(model.entry.id)
            yield selection, models, failures


def _cache(selection: Selection, execution: Execution) -> production.Cache | None:
    # A manifest marks a project, which may have a cache; a function named in passing leaves nothing behind.
    if not selection.target and execution.cache is None:
        return None
    return production.Cache.of(selection.project, execution.cache)


def tell(failures: Sequence[Failure]) -> None:
    """Print on stderr why models could not be read, with the zoo's own lines of the traceback."""
    if not failures:
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False, markup=False)
    for failure in failures:
        label = failure.id or failure.target
        kind = f" failed ({failure.kind})"
        told = Text.assemble("\n", (label, "bold red"), (kind, "red"), f": {failure.message} [{failure.code.value}]")
        for frame in failure.frames:
            told.append(f"\n  {frame.file}:{frame.line} in {frame.function}", "dim")
            if frame.code:
                told.append(f"\n    {frame.code.strip()}")
        if failure.output.strip():
            told.append("\n  It printed last:", "dim")
            for line in failure.output.strip().splitlines()[-5:]:
                told.append(f"\n    {line}")
        console.print(told)
    console.print(f"\n{more_about(failure.code for failure in failures)}", style="dim")
