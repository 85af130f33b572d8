"""``keraviz comment``: the comment on a pull request, from what its review left."""

from __future__ import annotations

import os
from pathlib import Path

import click

from keraviz_docs.errors import Code, UserError
from keraviz_docs.github import LABEL


@click.command("comment", short_help="Write what a review found as a comment on its pull request.")
@click.argument("review", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--post", is_flag=True, help="Comment on the pull request whose review has ended; in a workflow on workflow_run."
)
@click.option("--label", default=LABEL, show_default=True, help="The label that lets changes through.")
def command(review: Path | None, post: bool, label: str) -> int:
    """Print the comment on what `keraviz review` has written: a directory, or a zip archive of it.

    With --post, take the archive from the run that has ended, and create the comment or edit the one that is there. All
    that comes from the pull request is taken for hostile: none of its code is run, and no name becomes markup.

    \b
    Examples:
      keraviz comment architecture-review
      keraviz comment --post
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.github import artifact, comment, events, posting

    if (review is None) != post:
        raise UserError("give what `keraviz review` has written, or --post", Code.COMMAND_LINE)
    if review is None:
        run = events.workflow_run_event(os.environ)
        posting.post(run, events.connection(os.environ), label=label, tell=click.echo)
        return 0
    try:
        read = artifact.read(review)
    except artifact.SuspiciousError as error:
        raise UserError(f"{review} is not what a review leaves behind: {error}", Code.REVIEW) from error
    click.echo(comment.report(read), nl=False)
    return 0
