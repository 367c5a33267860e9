"""What the source of a merge has not seen: the cells in which the target differs from what the source knew of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.merging.states import StateAt
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.footprints import Columns
from aergo_vc.model.schema import Table
from aergo_vc.model.types import Row, Value
from aergo_vc.state.comparing import changed_rows

Cells = dict[Key, Columns]
"""Columns of rows of one table."""


class UnseenRow(NamedTuple):
    """Columns of a row that differ, and the row as the target has it; None where it is gone there.

    `was` is the row as the source knew it, with the same columns; it may have known several states of the target.
    """

    columns: Columns
    now: Row | None
    was: tuple[Row, ...] = ()


@dataclass(frozen=True)
class UnseenTable:
    """The unseen cells of one table, by key.  Rows that came or went are unseen with all their columns.

    `every` says that nothing of the table is known to be as it was: its key has changed.
    """

    table: Table
    rows: Mapping[Key, UnseenRow]
    every: bool = False
    columns: Columns = field(default_factory=frozenset)
    _entries: dict[tuple[str, ...], Cells | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def entries(self, columns: tuple[str, ...]) -> Cells | None:
        """The unseen cells by the values that their rows have, or had, in some columns; None where nobody can tell."""
        if columns not in self._entries:
            self._entries[columns] = self._found_by(columns)
        return self._entries[columns]

    def _found_by(self, columns: tuple[str, ...]) -> Cells | None:
        places = {column.name: place for place, column in enumerate(self.table.columns)}
        if self.every or not places.keys() >= set(columns):
            return None
        found: Cells = {}
        for row in self.rows.values():
            for one in (*row.was, row.now):
                values = () if one is None else tuple(one[places[name]] for name in columns)
                if values and None not in values:
                    found[values] = found.get(values, frozenset()) | row.columns
        return found

    def value(self, key: Key, column: str) -> Value:
        """What the target has in an unseen cell of a row that is there."""
        row = self.rows[key].now
        names = [one.name for one in self.table.columns]
        return None if row is None else row[names.index(column)]


Unseen = Mapping[TableName, UnseenTable]
"""The unseen cells of a state; a table without any is absent."""


def unseen_since(before: StateAt, now: StateAt) -> Unseen:
    """The cells in which one state differs from an earlier one, in tables that both have."""
    found = {}
    for name in sorted(before.snapshot.tables.keys() | now.snapshot.tables.keys()):
        if name in before.catalog.stored and name in now.catalog.stored:
            table = _unseen_table(before, now, name)
            if table.rows or table.every:
                found[name] = table
    return found


def unseen_in_both(one: Unseen, other: Unseen) -> Unseen:
    """The cells that are unseen in both; both tell of the same present."""
    found = {}
    for name in one.keys() & other.keys():
        mine, theirs = one[name], other[name]
        if mine.every or theirs.every:
            found[name] = theirs if mine.every else mine
            continue
        rows = {
            key: UnseenRow(both, mine.rows[key].now, mine.rows[key].was + theirs.rows[key].was)
            for key in mine.rows.keys() & theirs.rows.keys()
            if (both := mine.rows[key].columns & theirs.rows[key].columns)
        }
        if rows:
            found[name] = _with_columns(mine.table, rows)
    return found


def _unseen_table(before: StateAt, now: StateAt, name: TableName) -> UnseenTable:
    old, new = before.catalog.stored[name], now.catalog.stored[name]
    roots = before.snapshot.tables.get(name), now.snapshot.tables.get(name)
    if old.columns == new.columns and old.primary_key == new.primary_key:
        if roots[0] == roots[1]:
            return UnseenTable(new, {})
        changes = changed_rows(now.tree(name), before.root(name), now.root(name))
        names = [column.name for column in new.columns]
        return _with_columns(new, {key: _unseen_row(names, each) for key, each in changes.items()})
    if old.primary_key != new.primary_key or _key_types(old) != _key_types(new):
        return UnseenTable(new, {}, every=True)
    return _with_columns(new, dict(_altered_rows(before, now, name)))


def _unseen_row(names: list[str], change: RowChange) -> UnseenRow:
    was = () if change.before is None else (change.before,)
    return UnseenRow(differing(names, change), change.after, was)


def _with_columns(table: Table, rows: Mapping[Key, UnseenRow]) -> UnseenTable:
    return UnseenTable(table, rows, columns=frozenset().union(*{row.columns for row in rows.values()}))


def differing(names: list[str], change: RowChange) -> Columns:
    """The columns in which a row differs from what it was: all of them where it came or went."""
    if change.before is None or change.after is None:
        return frozenset(names)
    pairs = zip(names, change.before, change.after, strict=True)
    return frozenset([name for name, old, new in pairs if old != new])


def _altered_rows(before: StateAt, now: StateAt, name: TableName) -> Iterator[tuple[Key, UnseenRow]]:
    """The same for a table whose columns have changed, by those that it has kept."""
    old_tree, new_tree = before.tree(name), now.tree(name)
    old_names, new_names = ([column.name for column in tree.table.columns] for tree in (old_tree, new_tree))
    kept = [column for column in new_names if column in old_names]
    old_places, new_places = ([names.index(column) for column in kept] for names in (old_names, new_names))
    old_rows = {old_tree.key_of(row): row for row in old_tree.rows(before.root(name))}

    def laid_out(row: Row) -> Row:
        values = dict(zip(old_names, row, strict=True))
        return tuple(values.get(name) for name in new_names)

    for row in new_tree.rows(now.root(name)):
        key = new_tree.key_of(row)
        was = old_rows.pop(key, None)
        if was is None:
            yield key, UnseenRow(frozenset(new_names), row)
            continue
        is_now = tuple(row[place] for place in new_places)
        columns = differing(kept, RowChange(tuple(was[place] for place in old_places), is_now))
        if columns:
            yield key, UnseenRow(columns, row, (laid_out(was),))
    for key, was in old_rows.items():
        yield key, UnseenRow(frozenset(old_names), None, (laid_out(was),))


def _key_types(table: Table) -> list[object]:
    return [table.columns[place].type for place in table.key_positions]
