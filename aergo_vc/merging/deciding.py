"""Which transactions of a merge are inconsistent, from what they read and wrote alone (design D8)."""

from collections.abc import Iterator, Mapping

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.merging.unseen import Unseen, UnseenTable
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import (
    Cell,
    Columns,
    Footprint,
    Lookup,
    Touched,
    apart_from_numbers,
    blind_writes,
    names,
    reads_what,
    renumbered,
    sorted_key,
)
from aergo_vc.model.transactions import Refusal

DEPENDS, LOST_UPDATE, READ_CHANGED = "E_DEPENDS", "E_LOST_UPDATE", "E_READ_CHANGED"

_MOVED = "a row that has another number here"
_NO_COLUMNS: Columns = frozenset()
_SHOWN_CHARACTERS = 60


class LeftOut:
    """The transactions that a merge has left out so far, and those whose rows got other numbers.

    What `is_strict` is left out behind these wherever it read such a row.
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self._is_strict = is_strict
        self._touched = Touched()
        self._footprints: list[tuple[TransactionId, Footprint, str]] = []
        self._moved: dict[tuple[TableName | Lookup, Key], TransactionId] = {}

    def add(self, transaction: TransactionId, footprint: Footprint) -> None:
        """One more that is left out."""
        self._add(transaction, footprint, "which a transaction that is left out wrote")

    def _add(self, transaction: TransactionId, footprint: Footprint, what: str) -> None:
        self._touched.add(footprint)
        self._footprints.append((transaction, footprint, what))

    def renumber(self, transaction: TransactionId, made: Footprint, now: Footprint) -> None:
        """One that went in, with what it read and wrote where it was made and now."""
        moved = renumbered(made, now)
        if self._is_strict and moved.writes:
            self._add(transaction, moved, _MOVED)
        for place in names(moved):
            self._moved.setdefault(place, transaction)

    def dependence(self, footprint: Footprint) -> Refusal | None:
        """Why a transaction cannot go in without one that is left out: it read what that one wrote."""
        footprint = apart_from_numbers(footprint)
        if not self._touched.is_read_by(footprint):
            return None
        for transaction, writer, what in self._footprints:
            cell = reads_what(writer, footprint)
            if cell is not None:
                message = _reliance(cell) if cell.key is None else f"it read {_row(cell)}, {what}"
                return Refusal(DEPENDS, message, transaction)
        return None

    def misnaming(self, made: Footprint, now: Footprint | None = None) -> Refusal | None:
        """Why a transaction must not go in that names a row by a number that this row has no more.

        `made` is what it did where it was made, `now` what it does here: if it names another row now, it followed.
        """
        if not self._moved:
            return None
        found = {place for place in names(made) if place in self._moved}
        if now is not None:
            found.intersection_update(names(now))
        if not found:
            return None
        cells = {_cell_at(*place): place for place in found}
        cell = min(cells, key=lambda one: (one.table or "", one.by, sorted_key(one.key or ())))
        return Refusal(DEPENDS, f"it names {_row(cell)}, {_MOVED}", self._moved[cells[cell]])


def inconsistency(rule: MergeRule, footprint: Footprint, unseen: Unseen) -> Refusal | None:
    """Why a transaction must not go in by a branch's rule: for what it did to, or read of, unseen cells."""
    if rule is MergeRule.REPLAY or not unseen:
        return None
    return lost_update(footprint, unseen) or (
        read_changed(footprint, unseen) if rule is MergeRule.SERIALIZABLE else None
    )


def lost_update(footprint: Footprint, unseen: Unseen) -> Refusal | None:
    """A refusal naming the first unseen cell, by table, key and column, that was written without being read."""
    if unseen.keys().isdisjoint(footprint.writes):
        return None
    for name, rows in sorted(blind_writes(apart_from_numbers(footprint)).items()):
        table = unseen.get(name)
        if table is not None:
            found = _first(_meeting(table, rows))
            if found is not None:
                return Refusal(LOST_UPDATE, f"it writes {_cell(table, *found)} unseen, {_present(table, *found)}")
    return None


def read_changed(footprint: Footprint, unseen: Unseen) -> Refusal | None:
    """A refusal naming the first unseen cell, by table, key and column, that was read."""
    footprint = apart_from_numbers(footprint)
    for name, reads in sorted(footprint.reads.items()):
        table = unseen.get(name)
        if table is None:
            continue
        cells = list(_meeting(table, reads.rows))
        if reads.scanned is not None and (table.every or not table.columns.isdisjoint(reads.scanned)):
            cells += [(key, both) for key, row in table.rows.items() if (both := row.columns & reads.scanned)]
            if table.every and not cells:
                return Refusal(READ_CHANGED, f"it read {name}, whose key the target changed")
        found = _first(iter(cells))
        if found is not None:
            return Refusal(READ_CHANGED, f"it read {_cell(table, *found)}, {_present(table, *found)}")
    for lookup, rows in sorted(footprint.lookups.items()):
        table = unseen.get(lookup.table)
        found = None if table is None else _first(iter(looked_up(table, lookup, rows).items()))
        if found is not None:
            row = _row(Cell(lookup.table, found[0], None, lookup.columns))
            return Refusal(READ_CHANGED, f"it read {found[1]} of {row}, which the target changed")
    return None


def looked_up(table: UnseenTable, lookup: Lookup, rows: Mapping[Key, Columns]) -> Mapping[Key, Columns]:
    """The unseen cells among those that were looked at in rows with some values, by these."""
    entries = table.entries(lookup.columns)
    if entries is None:
        return rows
    return {values: both for values, columns in rows.items() if (both := columns & entries.get(values, _NO_COLUMNS))}


def _meeting(table: UnseenTable, rows: Mapping[Key, Columns]) -> Iterator[tuple[Key, Columns]]:
    """The unseen cells among cells of the same table."""
    for key, columns in rows.items():
        if table.every:
            yield key, columns
            continue
        row = table.rows.get(key)
        if row is not None and (both := row.columns & columns):
            yield key, both


def _first(cells: Iterator[tuple[Key, Columns]]) -> tuple[Key, str] | None:
    found = min(cells, key=lambda cell: sorted_key(cell[0]), default=None)
    return None if found is None else (found[0], min(found[1]))


def _reliance(cell: Cell) -> str:
    """What a transaction and one that is left out have to do with each other that define something or rely on it."""
    what = f"{cell.defined}, which" if cell.defined else "what"
    return f"it relies on {what} a transaction that is left out defines or wrote"


def _cell_at(what: TableName | Lookup, key: Key) -> Cell:
    return Cell(what.table, key, None, what.columns) if isinstance(what, Lookup) else Cell(what, key, None)


def _row(cell: Cell) -> str:
    by = f"by {', '.join(cell.by)} " if cell.by else ""
    return f"{cell.table} {by}{_shown(cell.key or ())}"


def _cell(table: UnseenTable, key: Key, column: str) -> str:
    return f"{column} of {table.table.name} {_shown(key)}"


def _present(table: UnseenTable, key: Key, column: str) -> str:
    """What the target has in an unseen cell."""
    if table.every:
        return "a table whose key the target changed"
    if table.rows[key].now is None:
        return "a row that the target deleted"
    return f"where the target has {_shown((table.value(key, column),))}"


def _shown(values: Key) -> str:
    text = encode_row(values).decode()[1:-1]
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
