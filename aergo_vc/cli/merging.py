"""The verb merge."""

from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Message, Session, new_family, session_of
from aergo_vc.cli.merge_reports import markdown_lines
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.progress import Busy
from aergo_vc.cli.records import merged_record
from aergo_vc.cli.running import UsageError
from aergo_vc.cli.wording import count, rows_by_table, settled_by, short

if TYPE_CHECKING:
    from aergo_vc.repository.facade import Repository
    from aergo_vc.repository.results import Merged, MergedTransaction

app = new_family()

LEFT_OUT = 1
"""The exit status where transactions were left out for which no resolution stands."""

_SHOWN = 20
"""How many transactions that went in are listed; those that did not are all."""


@app.command()
def merge(
    context: typer.Context,
    *,
    revision: Annotated[str | None, typer.Argument(metavar="[BRANCH|REVISION]", show_default=False)] = None,
    message: Message = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what it would do, and do nothing.")] = False,
    no_commit: Annotated[bool, typer.Option("--no-commit", help="Leave it in index and files.")] = False,
    go_on: Annotated[bool, typer.Option("--continue", help="Seal the merge in progress.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Take the merge in progress back.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A report for a pull request.")] = False,
    as_json: AsJson = False,
) -> int:
    """Replay the transactions of another branch on this one, and seal them into a block that merges both."""
    session = session_of(context)
    _require_one(revision=revision is not None, go_on=go_on, abort=abort)
    if revision is None and (dry_run or no_commit):
        raise UsageError("--dry-run and --no-commit begin a merge: name a branch", verb="merge")
    if sum((dry_run, no_commit)) > 1 or sum((markdown, as_json)) > 1 or (abort and message is not None):
        raise UsageError("these options exclude each other", verb="merge")
    with session.open() as repository:
        if abort:
            repository.abort_merge()
            return 0
        with Busy("merging"):
            done = _run(repository, revision, message, dry_run=dry_run, commit=not no_commit)
        if done.commit is not None:
            repository.maintain()
    if as_json:
        session.out.record(merged_record(done))
    elif markdown:
        session.out.lines("\n".join(markdown_lines(done)), "")
    else:
        tell_merged(session, done, dry_run=dry_run)
    return LEFT_OUT if done.unresolved or done.files else 0


def _require_one(*, revision: bool, go_on: bool, abort: bool) -> None:
    if sum((revision, go_on, abort)) != 1:
        raise UsageError("a branch, --continue or --abort is expected", verb="merge")


def _run(
    repository: "Repository", revision: str | None, message: str | None, *, dry_run: bool, commit: bool
) -> "Merged":
    if revision is None:
        return repository.continue_merge(message=message)
    return repository.merge(revision, message=message, dry_run=dry_run, commit=commit)


def tell_merged(session: Session, done: "Merged", *, dry_run: bool = False) -> None:
    """Print what a merge did, or in a dry run would do."""
    out = session.out
    if done.block is None:
        out.line("Already up to date.")
        return
    into, left = len(done.transactions) - len(done.refused), len(done.refused)
    begun = "Would merge" if dry_run else "Merged" if done.commit else "Prepared the merge of"
    if (done.conflicts or done.files) and not dry_run:
        begun = "Began to merge"
    out.line(f"{begun} {done.source} into {done.branch} at height {done.height}")
    out.line(f"{count(into, 'transaction')} in, {left} left out: {rows_by_table(done.rows)}")
    shown = 0
    for one in done.transactions:
        shown += one.receipt.refusal is None
        if one.receipt.refusal is not None or shown <= _SHOWN:
            _tell_transaction(session, one)
    if into > _SHOWN:
        out.line(f"in   {into - _SHOWN} more: git aergo show lists them")
    for path in done.files:
        out.line(Styled("conflict", Style.RED), "  ", path)
    if done.conflicts:
        how = "nothing settles that" if dry_run else "show them with: git aergo conflicts"
        out.line(f"{count(len(done.conflicts), 'transaction')} in conflict; {how}")
    elif done.files and not dry_run:
        out.line("Resolve the files and git add them; then: git aergo merge --continue")
    elif done.commit is None and not dry_run:
        out.line("Seal it with: git aergo merge --continue")


def _tell_transaction(session: Session, one: "MergedTransaction") -> None:
    name = Styled(short(one.transaction.id), Style.YELLOW)
    signer, refusal = one.transaction.payload.signer, one.receipt.refusal
    if refusal is None:
        by = settled_by(one.receipt)
        settled = "" if by is None else f"  settled by {by}"
        session.out.line("in   ", name, f"  {signer}  {rows_by_table(one.receipt.rows)}{settled}")
        return
    after = "" if refusal.after is None else f" ({short(refusal.after)})"
    session.out.line(Styled("out", Style.RED), "  ", name, f"  {signer}  {refusal.code}: {refusal.message}{after}")
