"""Verbs that make anew, or undo, what was signed before: cherry-pick, revert, resubmit, repair."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Message, Seal, Session, new_family, session_of
from aergo_vc.cli.merging import tell_merged
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.records import Record, committed_record, merged_record, rows_record, submitted_record
from aergo_vc.cli.running import DONE, LOOK, UsageError
from aergo_vc.cli.transactions import require_seal, tell_committed, tell_submitted
from aergo_vc.cli.wording import rows_by_table, short

if TYPE_CHECKING:
    from aergo_vc.repository.results import Picked, Repaired, Reverted, RevertedTransaction

app = new_family()

_MENDS = {
    "rewritten": "git aergo repair --replay --merging BRANCH",
    "unmerged": "git aergo merge BRANCH",
}
"""What helps after the mishaps of which repairing cannot tell what was meant, or has nothing to replace."""

Pending = Annotated[bool, typer.Option("--no-commit", "-n", help="Leave it pending.")]
From = Annotated[str | None, typer.Option("--from", metavar="PATH|URL", help="Another repository of this chain.")]


@app.command("cherry-pick")
def cherry_pick(
    context: typer.Context,
    *,
    what: Annotated[list[str], typer.Argument(metavar="BLOCK|TRANSACTION...", show_default=False)],
    source: From = None,
    no_commit: Pending = False,
    message: Message = None,
    as_json: AsJson = False,
) -> int:
    """Put signed transactions of other branches into the next block of this one."""
    session = session_of(context)
    require_block(message, no_commit=no_commit, verb="cherry-pick")
    with session.open() as repository:
        picked = repository.cherry_pick(what, source=_place(source), commit=not no_commit, message=message)
        if picked.committed is not None:
            repository.maintain()
    return _tell_done(session, picked, as_json=as_json)


@app.command()
def revert(
    context: typer.Context,
    *,
    what: Annotated[str, typer.Argument(metavar="BLOCK|TRANSACTION", show_default=False)],
    force: Annotated[bool, typer.Option("--force", "-f", help="Undo what depends on it too.")] = False,
    no_commit: Pending = False,
    message: Message = None,
    as_json: AsJson = False,
) -> int:
    """Undo the row changes of a transaction or of a block by a new transaction."""
    session = session_of(context)
    require_block(message, no_commit=no_commit, verb="revert")
    with session.open() as repository:
        reverted = repository.revert(what, force=force, commit=not no_commit, message=message)
        if reverted.submitted is not None and reverted.submitted.committed is not None:
            repository.maintain()
    if as_json:
        session.out.record(reverted_record(reverted))
    else:
        _tell_reverted(session, reverted)
    return LOOK if reverted.submitted is None else DONE


@app.command()
def resubmit(
    context: typer.Context,
    *,
    what: Annotated[list[str], typer.Argument(metavar="TRANSACTION|MERGE...", show_default=False)],
    commit: Seal = False,
    message: Message = None,
    as_json: AsJson = False,
) -> int:
    """Sign anew what a merge left out."""
    session = session_of(context)
    require_seal(message, commit=commit, verb="resubmit")
    with session.open() as repository:
        done = repository.resubmit(what, commit=commit, message=message)
        if done.committed is not None:
            repository.maintain()
    return _tell_done(session, done, as_json=as_json)


@app.command()
def repair(
    context: typer.Context,
    *,
    commit: Annotated[str | None, typer.Argument(metavar="[COMMIT]", show_default=False)] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Merge as it should have been.")] = False,
    merging: Annotated[str | None, typer.Option("--merging", metavar="BRANCH", help="What was meant.")] = None,
    message: Message = None,
    as_json: AsJson = False,
) -> int:
    """Find, and with --replay mend, a merge that git or a host made without git-aergo."""
    session = session_of(context)
    if not replay and (merging or message) is not None:
        raise UsageError("--merging and --message need --replay", verb="repair")
    with session.open() as repository:
        repaired = repository.repair(commit, replay=replay, merging=merging, message=message)
        if repaired.merged is not None:
            repository.maintain()
    if as_json:
        session.out.record(repaired_record(repaired))
    else:
        _tell_repaired(session, repaired)
    left_out = repaired.merged is not None and repaired.merged.unresolved
    return LOOK if left_out or (repaired.mishap and repaired.merged is None) else DONE


def require_block(message: str | None, *, no_commit: bool, verb: str) -> None:
    """Raise UsageError for a message without a block."""
    if message is not None and no_commit:
        raise UsageError("--message is the block's: it goes without --no-commit", verb=verb)


def _tell_done(session: Session, picked: "Picked", *, as_json: bool) -> int:
    if as_json:
        session.out.record(picked_record(picked))
    else:
        _tell_picked(session, picked)
    left_out = picked.committed is not None and picked.committed.excluded
    return LOOK if picked.failed is not None or left_out else DONE


def _place(source: str | None) -> str | None:
    """A repository as git is told of it, whatever folder it is started in; raises UsageError for none."""
    if not source and source is not None:
        raise UsageError("--from names a repository by its path or its URL, and is empty here", verb="cherry-pick")
    if source is not None and Path(source).exists():
        return str(Path(source).resolve())
    return source


def picked_record(picked: "Picked") -> Record:
    """What was taken over."""
    failed = picked.failed
    return {
        "transactions": list(picked.transactions),
        "standing": list(picked.standing),
        "rows": rows_record(picked.rows),
        "failed": None
        if failed is None
        else {"transaction": failed.transaction.id, "code": failed.reason.code, "reason": failed.reason.message},
        "warnings": [{"transaction": name, "reason": reason} for name, reason in picked.warnings],
        "block": None if picked.committed is None else committed_record(picked.committed),
    }


def reverted_record(reverted: "Reverted") -> Record:
    """What was undone, or what is in the way."""
    failed = reverted.failed
    return {
        "target": _undone_record(reverted.target),
        "dependents": [_undone_record(one) for one in reverted.dependents],
        "failed": None if failed is None else {"code": failed.code, "reason": failed.message},
        "submitted": None if reverted.submitted is None else submitted_record(reverted.submitted),
    }


def _undone_record(undone: "RevertedTransaction") -> Record:
    return {"transactions": list(undone.transactions), "height": undone.height, "signers": list(undone.signers)}


def _tell_reverted(session: Session, reverted: "Reverted") -> None:
    if reverted.submitted is not None:
        for one in reversed((reverted.target, *reverted.dependents)):
            _tell_undone(session, "Undone", one)
        tell_submitted(session, reverted.submitted, as_json=False)
        return
    for one in reverted.dependents:
        _tell_undone(session, "The same rows were changed later by", one)
    if reverted.failed is not None:
        session.out.line(f"The state does not allow it: {reverted.failed.message}")
    session.out.line("Nothing was made" + ("" if reverted.failed else "; --force undoes these too"))


def _tell_undone(session: Session, what: str, undone: "RevertedTransaction") -> None:
    for transaction in undone.transactions:
        identifier = Styled(short(transaction), Style.YELLOW)
        session.out.line(f"{what} ", identifier, f" of {', '.join(undone.signers)} in block {undone.height}")


def repaired_record(repaired: "Repaired") -> Record:
    """What was wrong with a branch, and what stands there now."""
    return {
        "branch": repaired.branch,
        "mishap": repaired.mishap,
        "told": repaired.told,
        "commits": list(repaired.commits),
        "remotes": list(repaired.remotes),
        "merged": None if repaired.merged is None else merged_record(repaired.merged),
    }


def _tell_repaired(session: Session, repaired: "Repaired") -> None:
    out = session.out
    if repaired.told is None:
        out.line(f"The last block of {repaired.branch} is sound")
        return
    out.line(Styled(str(repaired.mishap), Style.RED), f": {repaired.told}")
    for remote in repaired.remotes:
        out.line(f"{remote} has it already: pushing what stands in its place takes --force-with-lease")
    if repaired.merged is not None:
        tell_merged(session, repaired.merged)
    else:
        out.line(f"Mend it with: {_MENDS.get(str(repaired.mishap), 'git aergo repair --replay')}")


def _tell_picked(session: Session, picked: "Picked") -> None:
    out = session.out
    for transaction in picked.standing:
        out.line(Styled(short(transaction), Style.YELLOW), " is here already")
    for transaction, reason in picked.warnings:
        session.err.line(Styled("warning: ", Style.YELLOW), f"{short(transaction)}: {reason}")
    if picked.failed is not None:
        identifier = Styled(short(picked.failed.transaction.id), Style.RED)
        out.line(identifier, f" does not go in: {picked.failed.reason.message}")
        out.line("Nothing was made")
    elif picked.committed is not None:
        tell_committed(session, picked.committed)
    elif picked.transactions:
        for transaction in picked.transactions:
            out.line("Pending ", Styled(short(transaction), Style.YELLOW))
        out.line(f"Together: {rows_by_table(picked.rows)}")
    else:
        out.line("There is nothing to do")
