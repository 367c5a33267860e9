"""What footprints have to know of a table: its key, and what its constraints look at."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns, Lookup
from aergo_vc.model.schema import Catalog, Column, ForeignKey, Table
from aergo_vc.model.types import FLOATS, Kind
from aergo_vc.sql.running.layouts import Kept
from aergo_vc.sql.running.sequences import ROW_KEY
from aergo_vc.sql.running.table_access import has_rowid_key, indexes_of
from aergo_vc.sql.types.values import INTEGERS, decoder, storage_scale


class _Part:
    """A column among those that identify rows: what Python type its kept values have, how they become canonical."""

    def __init__(self, column: Column) -> None:
        kind = column.type.kind
        self.decode = decoder(column.type, storage_scale(column.type))
        self.type = int if kind in INTEGERS or self.decode is not None else str
        self.is_exact = not column.type.is_array and kind not in FLOATS
        if kind is Kind.NUMERIC and self.decode is None:
            self.is_exact = False  # 1.0 and 1.00 are equal


class Identity:
    """Columns of a table that identify rows: its key, or those of a lookup."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.columns: Columns = frozenset(names)
        by_name = {column.name: (place, column) for place, column in enumerate(table.columns)}
        self.positions = tuple(by_name[name][0] for name in names)
        self._parts = [_Part(by_name[name][1]) for name in names]
        self.is_exact = all(part.is_exact for part in self._parts)
        """Whether values that SQL finds equal are spelled the same."""
        self.plain_type = self._parts[0].type if len(self._parts) == 1 and self._parts[0].decode is None else None
        self.of = self._reader()
        """Reads the values, canonical, off a row as it is kept that has no NULL among them."""

    def _reader(self) -> Callable[[Kept], Key]:
        if any(part.decode for part in self._parts):
            decoders = [part.decode or _same for part in self._parts]
            pairs = list(zip(self.positions, decoders, strict=True))
            return lambda row: tuple([decode(row[place]) for place, decode in pairs])
        if len(self.positions) == 1:
            place = self.positions[0]
            return lambda row: (row[place],)
        return operator.itemgetter(*self.positions)

    def point(self, values: Sequence[Any]) -> Key | None:
        """The canonical values for some as kept; None where they are such that others may equal them."""
        found = []
        for part, value in zip(self._parts, values, strict=True):
            if type(value) is not part.type:
                if type(value) is not bool or part.type is not int:
                    return None
                value = int(value)  # noqa: PLW2901 - how SQLite takes it
            found.append(value if part.decode is None else part.decode(value))
        return tuple(found)

    def found_in(self, row: Kept) -> Key | None:
        """The values in a row; None where one is NULL."""
        return None if any(row[place] is None for place in self.positions) else self.of(row)


class Parent:
    """The other side of a foreign key: the rows that a table's rows must refer to."""

    def __init__(self, table: Table, key: ForeignKey, target: Table) -> None:
        names = [column.name for column in table.columns]
        self.table = target.name
        self.columns = frozenset(key.columns)
        self.named = frozenset(key.target_columns)
        self.searched = self.named | frozenset(target.primary_key)
        self._positions = {name: names.index(own) for name, own in zip(key.target_columns, key.columns, strict=True)}

    def refers(self, row: Kept) -> bool:
        """Whether a row refers to any."""
        return all(row[place] is not None for place in self._positions.values())

    def values(self, row: Kept, names: Sequence[str]) -> Sequence[Any]:
        """The values, as kept, that a row names in these columns of the other one."""
        return [row[self._positions[name]] for name in names]


class Child:
    """The other side of a foreign key: the rows that refer to a table's rows."""

    def __init__(self, table: Table, key: ForeignKey, child: Table) -> None:
        names = [column.name for column in table.columns]
        self.table = child.name
        self.named = frozenset(key.columns)
        self.searched_here = frozenset(key.target_columns)
        self.searched = self.named | frozenset(child.primary_key)
        self._positions = {own: names.index(name) for own, name in zip(key.columns, key.target_columns, strict=True)}

    def may_refer(self, row: Kept) -> bool:
        """Whether a row has what others can refer to."""
        return all(row[place] is not None for place in self._positions.values())

    def is_left(self, old: Kept, new: Kept) -> bool:
        """Whether a row is no more what others may have referred to."""
        return any(old[place] != new[place] for place in self._positions.values())

    def values(self, row: Kept, names: Sequence[str]) -> Sequence[Any]:
        """The values, as kept, in these columns of the rows that refer to a row."""
        return [row[self._positions[name]] for name in names]


class TableFacts:
    """A table of the state."""

    def __init__(self, catalog: Catalog, table: Table) -> None:
        self._catalog, self._table = catalog, table
        self.name = table.name
        self.columns: Columns = frozenset(column.name for column in table.columns)
        self.key = Identity(table, table.primary_key)
        self.keys: Columns = self.key.columns
        self.key_names, self.key_positions = table.primary_key, table.key_positions
        self._names = tuple(column.name for column in table.columns)
        self.has_hidden_key, self.has_rowid_key = table.has_hidden_key, has_rowid_key(table)
        self.is_exact = self.key.is_exact
        self.only_key: Key | None = (ROW_KEY,) if table.name in catalog.sequences else None
        """The key of a sequence's row."""
        self.key_of, self.point = self.key.of, self.key.point
        self.plain_type = self.key.plain_type

    def changed(self, old: Kept, new: Kept) -> Columns:
        """The columns whose values differ."""
        return frozenset([name for name, one, other in zip(self._names, old, new, strict=True) if one != other])

    @cached_property
    def is_simple(self) -> bool:
        """Whether rows are found by their key alone, and nothing refers to the table, which is no sequence's."""
        return not self.lookups and not self.parents and not self.children and self.only_key is None

    @cached_property
    def uniques(self) -> tuple[Columns, ...]:
        """What must be unique beside the key."""
        found = [frozenset(one.columns) for one in self._table.uniques]
        found += [frozenset(one.columns) for one in indexes_of(self._catalog, self.name) if one.unique]
        return tuple(one for one in dict.fromkeys(found) if not one >= self.keys)

    @cached_property
    def lookups(self) -> Mapping[Lookup, Identity]:
        """What rows are found by beside their key: what is unique, and what refers to other rows."""
        references = [frozenset(key.columns) for key in self._table.foreign_keys]
        found: dict[Lookup, Identity] = {}
        for columns in dict.fromkeys((*self.uniques, *references)):
            identity = Identity(self._table, [name for name in self._names if name in columns])
            if identity.is_exact and columns != self.keys:
                found[Lookup(self.name, identity.names)] = identity
        return found

    @cached_property
    def searchable(self) -> Columns:
        """The columns of all lookups."""
        return frozenset().union(*[identity.columns for identity in self.lookups.values()])

    def lookup(self, columns: Columns) -> Lookup | None:
        """How rows are found by their values in just these columns; None where that is not known."""
        found = Lookup(self.name, tuple(name for name in self._names if name in columns))
        return found if found in self.lookups else None

    @cached_property
    def checks(self) -> tuple[Columns, ...]:
        """The columns of each CHECK; some more where their names stand in it as other words."""
        return tuple(
            frozenset(name for name in self._names if _mentions(check.expression, name)) for check in self._table.checks
        )

    @cached_property
    def parents(self) -> tuple[Parent, ...]:
        """What the table's rows refer to."""
        return tuple(Parent(self._table, key, self._catalog.tables[key.target]) for key in self._table.foreign_keys)

    @cached_property
    def children(self) -> tuple[Child, ...]:
        """What refers to the table's rows."""
        return tuple(
            Child(self._table, key, other)
            for other in self._catalog.tables.values()
            for key in other.foreign_keys
            if key.target == self.name
        )

    @cached_property
    def hung_on(self) -> Columns:
        """The columns whose change concerns other rows: the key, what is unique, foreign keys from here and to here."""
        there = [child.searched_here for child in self.children]
        return self.keys.union(*self.uniques, *[parent.columns for parent in self.parents], *there)

    @cached_property
    def unique_lookups(self) -> Mapping[Lookup, Identity]:
        """The lookups of which each finds one row at most."""
        return {lookup: identity for lookup, identity in self.lookups.items() if identity.columns in self.uniques}

    def searched_by_uniques(self, assigned: Columns) -> tuple[Columns, ...]:
        """What a change of these columns searches, because it must be unique and no lookup finds it."""
        touched = [unique for unique in self.uniques if not unique.isdisjoint(assigned)]
        return tuple(unique | self.keys for unique in touched if self.lookup(unique) is None)

    def at_stake(self, assigned: Columns) -> Columns:
        """By what a statement that sets these columns has searched if it fails: the rows in its way are not reported.

        Rows that break a foreign key are: these are looked at when the statement is through.
        """
        own = [columns for columns in (self.keys, *self.uniques) if not columns.isdisjoint(assigned)]
        return self.keys.union(*own) if own else frozenset()

    def read_by_checks(self, assigned: Columns) -> Columns:
        """What the checks look at in a row in which these columns are set."""
        found = [check for check in self.checks if not check.isdisjoint(assigned)]
        return frozenset().union(*found) - assigned


def _mentions(expression: str, name: str) -> bool:
    if not re.fullmatch(r"\w+", name):
        return name in expression
    return re.search(rf"\b{name}\b", expression) is not None


def _same(value: Any) -> Any:  # noqa: ANN401 - a value, kept
    return value
