"""Verbs for what a merge could not settle: conflicts, resolve."""

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Session, new_family, session_of
from aergo_vc.cli.output import Column, Style, Styled
from aergo_vc.cli.progress import Busy
from aergo_vc.cli.records import conflict_record, considered_record
from aergo_vc.cli.running import UsageError
from aergo_vc.cli.transactions import telling_sql_errors
from aergo_vc.cli.wording import count, plain_value, short, value_in_line
from aergo_vc.merging.conflicts import RowConflict, Side
from aergo_vc.repository.results import BlockDetails, MergedTransaction

if TYPE_CHECKING:
    from aergo_vc.repository.conflicts import OpenConflict, OpenMerge

app = new_family()

OPEN = 1
"""The exit status while conflicts are open."""


@app.command()
def conflicts(
    context: typer.Context,
    *,
    revision: Annotated[str | None, typer.Argument(metavar="[REVISION]", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Show the conflicts of the merge in progress, or the transactions that a block's merge left out."""
    session = session_of(context)
    with session.open() as repository:
        if revision is not None:
            details = repository.show(revision)
            if not isinstance(details, BlockDetails):
                raise UsageError(f"{revision} is a transaction: a block is expected", verb="conflicts")
            for left in details.refused:
                _tell_left_out(session, left, as_json=as_json)
            return 0
        with Busy("merging"):
            merge = repository.conflicts()
    return _tell_merge(session, merge, as_json=as_json)


@app.command()
def resolve(
    context: typer.Context,
    *,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE KEY COLUMN=VALUE... | TRANSACTION...]", show_default=False)
    ] = None,
    ours: Annotated[str | None, typer.Option("--ours", metavar="TRANSACTION", help="Keep the cells here.")] = None,
    theirs: Annotated[str | None, typer.Option("--theirs", metavar="TRANSACTION", help="Take its cells.")] = None,
    skip: Annotated[str | None, typer.Option("--skip", metavar="TRANSACTION", help="Leave it out whole.")] = None,
    sql: Annotated[str | None, typer.Option("--sql", metavar="SCRIPT", help="Do this instead.")] = None,
    as_json: AsJson = False,
) -> int:
    """Sign what is to become of a transaction in conflict, for the merge in progress."""
    session = session_of(context)
    chosen = [one for one in (ours, theirs, skip, sql) if one is not None]
    if len(chosen) > 1 or (not chosen and not words) or (chosen and sql is None and words):
        raise UsageError("one of --ours, --theirs, --skip, --sql, or a row with its cells is expected", verb="resolve")
    with telling_sql_errors(session, as_json=as_json), session.open() as repository, Busy("merging"):
        if sql is not None:
            merge = repository.resolve_sql(sql, words or [])
        elif chosen:
            side = Side.OURS if ours is not None else Side.THEIRS if theirs is not None else None
            merge = repository.resolve(chosen[0], side)
        else:
            table, key, cells = _row(words or [])
            merge = repository.resolve_row(table, key, cells)
    return _tell_merge(session, merge, as_json=as_json)


def _row(words: Sequence[str]) -> tuple[str, Sequence[str], dict[str, str | None]]:
    """A table, a key whose values are parted by commas, and cells; the word NULL is NULL."""
    if len(words) < 3:  # noqa: PLR2004
        raise UsageError("a table, a key and at least one COLUMN=VALUE are expected", verb="resolve")
    table, key, *rest = words
    cells: dict[str, str | None] = {}
    for word in rest:
        name, equals, text = word.partition("=")
        if not equals or not name or name in cells:
            raise UsageError(f"{word!r}: COLUMN=VALUE is expected, each column once", verb="resolve")
        cells[name] = None if text == "NULL" else text
    return table, next(csv.reader([key]), []), cells


def _tell_merge(session: Session, merge: "OpenMerge", *, as_json: bool) -> int:
    for one in merge.conflicts:
        if as_json:
            session.out.record(conflict_record(one))
        else:
            _tell_conflict(session, one)
    if not as_json:
        resolved = f", {count(len(merge.resolutions), 'resolution')} signed" if merge.resolutions else ""
        session.out.line(f"{count(len(merge.conflicts), 'conflict')} open{resolved}")
        if not merge.conflicts:
            session.out.line("Seal the merge with: git aergo merge --continue")
    return OPEN if merge.conflicts else 0


def _tell_conflict(session: Session, one: "OpenConflict") -> None:
    transaction, reason = one.transaction, one.conflict.reason
    session.out.line(Styled(f"transaction {transaction.id}", Style.YELLOW))
    session.out.line(f"{'Signer:':<11}", transaction.payload.signer)
    session.out.line(f"{'Reason:':<11}", f"{reason.code}: {reason.message}")
    for row in one.conflict.rows:
        session.out.line()
        _tell_row(session, row)
    session.out.line()


def _tell_row(session: Session, row: RowConflict) -> None:
    """A row in conflict, and by column what each side has."""
    from aergo_vc.repository.conflict_cells import cells_of  # noqa: PLC0415 - it loads msgspec

    gone = [name for name, side in (("ours", row.ours), ("theirs", row.theirs)) if side is None]
    key = "" if row.table.has_hidden_key else f" ({', '.join(map(value_in_line, row.key))})"
    session.out.line(f"{row.table.name}{key}" + (f", which is not there in {' and '.join(gone)}" if gone else ""))
    headings = [Column(name) for name in ("column", "base", "ours", "theirs")]
    session.out.table(headings, [[cell.column, *map(plain_value, cell[1:])] for cell in cells_of(row)])


def _tell_left_out(session: Session, left: MergedTransaction, *, as_json: bool) -> None:
    if as_json:
        session.out.record(considered_record(left))
        return
    refusal = left.receipt.refusal
    if refusal is not None:
        after = "" if refusal.after is None else f" ({short(refusal.after)})"
        name = Styled(short(left.transaction.id), Style.YELLOW)
        session.out.line(name, f"  {left.transaction.payload.signer}  {refusal.code}: {refusal.message}{after}")
