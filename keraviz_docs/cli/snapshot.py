"""``keraviz snapshot``: architectures as text, kept in the repository."""

from __future__ import annotations

from pathlib import Path

import click

from keraviz_docs.cli import options


@click.command("snapshot", short_help="Write, or check, the architectures that a repository keeps.")
@options.manifest("The manifest whose models to take.")
@options.directory(required=False, help="Where the snapshots are; without it, architectures/ beside the manifest.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a model is not as its snapshot says.")
@options.execution
def command(manifest: Path, directory: Path | None, check: bool, execution: options.Execution) -> int:
    """Keep one text file per model that shows its architecture in diffs.

    A snapshot lists a model layer by layer, without the names that Keras numbers, and what its weight files hold; with
    it, `keraviz diff` compares a pull request without building the old version. --check compares graphs, not bytes.

    \b
    Examples:
      keraviz snapshot
      keraviz snapshot --check
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs import manifest as manifests
    from keraviz_docs.cli.files import tell as tell_path
    from keraviz_docs.cli.files import write, writing
    from keraviz_docs.cli.models import read, tell
    from keraviz_docs.cli.targets import parse
    from keraviz_docs.review import snapshot
    from keraviz_docs.review.comparison import Comparison, ModelComparison, costs_of

    selections = parse([str(manifest)])
    directory = directory if directory is not None else manifest.parent / snapshot.DIRECTORY
    differing: list[ModelComparison] = []
    expected: set[str] = set()
    could_not = False
    for _, models, failures in read(selections, execution):
        tell(failures)
        could_not = could_not or bool(failures)
        expected |= {failure.id for failure in failures}
        for model in models:
            identifier = model.entry.id
            expected.add(identifier)
            file = directory / f"{identifier}{snapshot.SUFFIX}"
            previous = snapshot.read(file.read_text("utf-8"), str(file)) if file.is_file() else None
            if not check:
                write(file, snapshot.snapshot_of(model.architecture, previous).encode(), quiet=execution.quiet)
            elif previous is None:
                costs = costs_of(None, model.architecture)
                differing.append(ModelComparison(id=identifier, status="added", costs=costs))
            else:
                comparison = snapshot.check(previous, model.architecture)
                if comparison.status != "identical":
                    differing.append(comparison)
    # A module that could not be searched may hold any of the models whose snapshots seem to be left over.
    stale = [] if could_not else _stale(directory, expected, snapshot.SUFFIX)
    for file in stale:
        if check:
            old = snapshot.read(file.read_text("utf-8"), str(file)).architecture
            differing.append(ModelComparison(id=file.stem, status="removed", costs=costs_of(old, None)))
        else:
            with writing():
                file.unlink()
            tell_path(file, quiet=execution.quiet)
    if differing:
        from keraviz_docs.cli.comparing import tell_broken
        from keraviz_docs.cli.diff import show
        from keraviz_docs.review import policy

        whole = Comparison(base=str(directory), head="the models", models=tuple(differing))
        rules = policy.Rules.of(manifests.load(manifest))
        found = policy.findings(whole, rules)
        show(policy.judged(whole, found))
        tell_broken(found, rules)
        click.echo("\nTo accept this, run `keraviz snapshot` and commit the files.", err=True)
    return 2 if could_not else int(bool(differing))


def _stale(directory: Path, expected: set[str], suffix: str) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(file for file in directory.iterdir() if file.suffix == suffix and file.stem not in expected)
