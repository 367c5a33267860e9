"""Which transactions of a merge are inconsistent, from what they read and wrote alone (design D8)."""

from collections.abc import Iterator, Mapping

from aergo_vc.base.ids import TransactionId
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.merging.unseen import Unseen, UnseenTable
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Cell, Columns, Footprint, Lookup, Touched, blind_writes, reads_what, sorted_key
from aergo_vc.model.transactions import Refusal

DEPENDS, LOST_UPDATE, READ_CHANGED = "E_DEPENDS", "E_LOST_UPDATE", "E_READ_CHANGED"

_NO_COLUMNS: Columns = frozenset()
_SHOWN_CHARACTERS = 60


class LeftOut:
    """The transactions that a merge has left out so far."""

    def __init__(self) -> None:
        self._touched = Touched()
        self._footprints: list[tuple[TransactionId, Footprint]] = []

    def add(self, transaction: TransactionId, footprint: Footprint) -> None:
        """One more."""
        self._touched.add(footprint)
        self._footprints.append((transaction, footprint))

    def dependence(self, footprint: Footprint) -> Refusal | None:
        """Why a transaction cannot go in without one that is left out: it read what that one wrote."""
        if not self._touched.is_read_by(footprint):
            return None
        for transaction, writer in self._footprints:
            cell = reads_what(writer, footprint)
            if cell is not None:
                message = "it comes behind a transaction that is left out and that defines something"
                if footprint.defines:
                    message = "it defines something behind a transaction that is left out"
                if cell.key is not None:
                    message = f"it read {_row(cell)}, which a transaction that is left out wrote"
                return Refusal(DEPENDS, message, transaction)
        return None


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
    for name, rows in sorted(blind_writes(footprint).items()):
        table = unseen.get(name)
        if table is not None:
            found = _first(_meeting(table, rows))
            if found is not None:
                return Refusal(LOST_UPDATE, f"it writes {_cell(table, *found)} unseen, {_present(table, *found)}")
    return None


def read_changed(footprint: Footprint, unseen: Unseen) -> Refusal | None:
    """A refusal naming the first unseen cell, by table, key and column, that was read."""
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
