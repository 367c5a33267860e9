"""Verbs for branches: branch, tag, checkout."""

from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Merge, Session, new_family, session_of
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.records import Record, block_record, law_record, no_block_record
from aergo_vc.cli.running import UsageError
from aergo_vc.cli.wording import short
from aergo_vc.repository.results import NoBlock

if TYPE_CHECKING:
    from aergo_vc.repository.results import BlockSummary

app = new_family()

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)]
Block = Annotated[str | None, typer.Argument(metavar="[REVISION]", show_default=False)]


@app.command()
def branch(
    context: typer.Context, *, name: Name = None, block: Block = None, merge: Merge = None, as_json: AsJson = False
) -> None:
    """List the ledger's branches, or make one that is private to this clone's entity."""
    session = session_of(context)
    with session.open() as repository:
        if name is None:
            if merge:
                raise UsageError("--merge is for a new branch, and none is named", verb="branch")
            current = repository.current_branch()
            laws = repository.laws() if as_json else {}
            for found, head in repository.branches().items():
                law = law_record(laws[found]) if found in laws else {}
                _tell_name(session, found, head, law, current=found == current, as_json=as_json)
            return
        repository.branch(name, block=block, merge=merge or ())
    if not as_json:
        session.out.line(f"Made branch {name}")


@app.command()
def tag(context: typer.Context, *, name: Name = None, block: Block = None, as_json: AsJson = False) -> None:
    """List the tags that name blocks, or make one."""
    session = session_of(context)
    with session.open() as repository:
        if name is None:
            for found, head in repository.tags().items():
                _tell_name(session, found, head, {}, current=False, as_json=as_json)
            return
        repository.tag(name, block=block)
    if not as_json:
        session.out.line(f"Made tag {name}")


@app.command()
def checkout(
    context: typer.Context, *, name: Annotated[str, typer.Argument(metavar="BRANCH", show_default=False)]
) -> None:
    """Go to another branch of the ledger."""
    session = session_of(context)
    with session.open() as repository:
        branch = repository.checkout(name)
    session.out.line(f"On no branch, at {name}" if branch is None else f"On branch {branch}")


def _tell_name(
    session: Session, name: str, head: "BlockSummary | NoBlock", law: Record, *, current: bool, as_json: bool
) -> None:
    if as_json:
        told = no_block_record(head) if isinstance(head, NoBlock) else block_record(head)
        session.out.record({"name": name, "current": current} | law | told)
        return
    mark = Styled("* ", Style.GREEN) if current else "  "
    if isinstance(head, NoBlock):
        wrong = Styled(f"no block: {head.reason.message}", Style.RED)
        session.out.line(mark, f"{'-':<12}  {'-':>6}  {name}  ", wrong)
        return
    session.out.line(mark, Styled(short(head.block), Style.YELLOW), f"  {head.header.height:>6}  {name}")
