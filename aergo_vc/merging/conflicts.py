"""Conflicts: inconsistent transactions that nothing settles, and what people sign to resolve them.

A resolution is a transaction of the branch that is merged into.  Its script begins with a line for each transaction
that it stands for, ``-- resolves ID``; these are left out of the block, and it is executed at the block's end.
"""

# ruff: noqa: S608  (names and values are quoted; the script is shown, signed and checked as any other)

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.footprints import Columns
from aergo_vc.model.schema import Table, split_name
from aergo_vc.model.transactions import Payload, Refusal
from aergo_vc.model.types import Row, Value

_RESOLVES = "-- resolves "
_RESOLVES_LINE = re.compile(r"-- resolves ([0-9a-f]{64})\n")

RESOLVED = "E_RESOLVED"
"""The code under which a transaction is left out for which a resolution stands."""


@dataclass(frozen=True, slots=True)
class RowConflict:
    """A row that is in conflict in `columns`, as of `merging.policies.Case`."""

    table: Table
    key: Key
    base: Row | None
    ours: Row | None
    theirs: Row | None
    columns: Columns


@dataclass(frozen=True, slots=True)
class Conflict:
    """An inconsistent transaction that nothing settles.

    `changes` are what it would do to the target's rows, those in conflict too; None for one that fails there.
    """

    transaction: TransactionId
    reason: Refusal
    rows: tuple[RowConflict, ...] = ()
    changes: Changes | None = None


class Side(StrEnum):
    """Whose cells a resolution takes where both sides changed them."""

    OURS = "ours"
    THEIRS = "theirs"


class UnresolvableError(InputError):
    """A conflict cannot be resolved in this way."""

    code = "E_UNRESOLVABLE"


def resolved_by(payload: Payload) -> tuple[TransactionId, ...]:
    """The transactions that a payload stands for; empty for one that is no resolution."""
    if payload.call is not None or payload.contract is not None or payload.loads:
        return ()
    return tuple(map(TransactionId, _heading(payload.sql)))


def _heading(script: str) -> Iterator[str]:
    place = 0
    while (line := _RESOLVES_LINE.match(script, place)) is not None:
        yield line[1]
        place = line.end()


def resolution(transactions: Iterable[TransactionId], script: str) -> str:
    """The script of a resolution that does what `script` says; empty: nothing but leaving the transactions out."""
    if next(_heading(script), None) is not None:
        raise UnresolvableError("the script names transactions that it resolves; it is put behind such lines")
    return "".join([f"{_RESOLVES}{one}\n" for one in transactions]) + script


def script_of(conflict: Conflict, side: Side, tables: Mapping[TableName, Table]) -> str:
    """Statements that do what the transaction would, but for the cells of `side` where both changed them."""
    return "\n".join(_statements(_changes(conflict, side), tables))


def script_of_cells(
    conflict: Conflict, table: TableName, key: Key, cells: Mapping[str, Value], tables: Mapping[TableName, Table]
) -> str:
    """Statements that do what the transaction would, but for the row in conflict, whose `cells` are told.

    Its other cells are the transaction's, or the target's where the transaction has no such row.  Raises
    UnresolvableError unless it is the only row in conflict.
    """
    changes = _changes(conflict, Side.THEIRS)
    found = [row for row in conflict.rows if row.table.name == table and row.key == key]
    if not found or len(conflict.rows) > 1:
        what = "is not in conflict in" if not found else "is not the only row in conflict in"
        raise UnresolvableError(f"the row {what} transaction {conflict.transaction}", transaction=conflict.transaction)
    row = found[0]
    names = [column.name for column in row.table.columns]
    start = row.ours if row.theirs is None else row.theirs
    after = tuple(cells.get(name, value) for name, value in zip(names, start or (), strict=True))
    changes.setdefault(table, {})[key] = RowChange(row.ours, after)
    return "\n".join(_statements(changes, tables))


def _changes(conflict: Conflict, side: Side) -> dict[TableName, dict[Key, RowChange]]:
    if conflict.changes is None:
        raise UnresolvableError(
            f"transaction {conflict.transaction} fails on this branch, and has no rows to take: skip it, or give SQL",
            transaction=conflict.transaction,
        )
    changes = {table: dict(rows) for table, rows in conflict.changes.items()}
    for row in conflict.rows:
        changes.setdefault(row.table.name, {})[row.key] = RowChange(row.ours, _merged(row, side))
    return changes


def _merged(row: RowConflict, side: Side) -> Row | None:
    """The row with the cells in conflict of one side, and the others as the transaction leaves them."""
    if row.ours is None or row.theirs is None:
        return row.ours if side is Side.OURS else row.theirs
    if side is Side.THEIRS:
        return row.theirs
    names = [column.name for column in row.table.columns]
    return tuple(
        ours if name in row.columns else theirs
        for name, ours, theirs in zip(names, row.ours, row.theirs, strict=True)
    )  # fmt: skip


def _statements(changes: Changes, tables: Mapping[TableName, Table]) -> Iterator[str]:
    """Deletions first, then what else makes the rows so: a unique value may go from one row to another."""
    ordered = sorted(changes.items())
    for passes in (True, False):
        for name, rows in ordered:
            for key, change in sorted(rows.items(), key=lambda item: repr(item[0])):
                if change.before != change.after and (change.after is None) == passes:
                    yield _statement(tables[name], key, change)


def _statement(table: Table, key: Key, change: RowChange) -> str:
    if table.has_hidden_key:
        message = f"rows of {table.name} cannot be named, for want of a primary key: give SQL"
        raise UnresolvableError(message, table=table.name)
    name = ".".join(map(_quoted, split_name(table.name)))
    where = " AND ".join(
        f"{_quoted(column)} = {_literal(value)}" for column, value in zip(table.primary_key, key, strict=True)
    )
    columns = [column.name for column in table.columns]
    if change.after is None:
        return f"DELETE FROM {name} WHERE {where};"
    if change.before is None:
        names, values = ", ".join(map(_quoted, columns)), ", ".join(map(_literal, change.after))
        numbered = any(column.identity == "always" for column in table.columns)
        overriding = " OVERRIDING SYSTEM VALUE" if numbered else ""
        return f"INSERT INTO {name} ({names}){overriding} VALUES ({values});"
    cells = zip(columns, change.before, change.after, strict=True)
    assignments = ", ".join(f"{_quoted(column)} = {_literal(new)}" for column, old, new in cells if old != new)
    return f"UPDATE {name} SET {assignments} WHERE {where};"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Value) -> str:
    """A value as a literal that takes the type of where it goes."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    text = repr(value) if isinstance(value, float) else str(value)
    return "'" + text.replace("'", "''") + "'"
