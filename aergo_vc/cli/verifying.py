"""Verbs that trust nothing: verify, fsck."""

from typing import Annotated

import typer

from aergo_vc.cli.commands import AsJson, new_family, session_of, usable_processors
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.progress import Progress
from aergo_vc.cli.records import verified_record
from aergo_vc.cli.setup import tell_findings
from aergo_vc.cli.wording import count, short

app = new_family()


@app.command()
def verify(
    context: typer.Context,
    *,
    blocks: Annotated[str | None, typer.Argument(metavar="[RANGE]", show_default=False)] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="BRANCH", help="Not the current one.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every signature, rule and result, from the first block or in a range of blocks."""
    session = session_of(context)
    workers = jobs or usable_processors()
    with session.open() as repository, Progress("verify") as progress:
        verified = repository.verify(blocks, branch=branch, workers=workers, progress=progress)
    if as_json:
        session.out.record(verified_record(verified))
        return
    head = "" if verified.head is None else f" up to {short(verified.head)}"
    what = f"{count(verified.blocks, 'block')}, {count(verified.transactions, 'transaction')}{head}"
    if verified.irreversible is not None:
        what += f"; irreversible up to height {verified.irreversible}"
    session.out.line(Styled("valid", Style.GREEN), f": {verified.branch}: {what}")


@app.command()
def fsck(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Check the clone's own files: objects, branches, pending transactions, caches."""
    session = session_of(context)
    with session.open() as repository:
        return tell_findings(session, repository.fsck(), as_json=as_json)
