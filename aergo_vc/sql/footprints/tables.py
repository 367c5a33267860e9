"""What footprints have to know of a table: its key, and what its constraints look at."""

import operator
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns
from aergo_vc.model.schema import Catalog, Column, ForeignKey, Table
from aergo_vc.model.types import FLOATS, Kind
from aergo_vc.sql.running.capture import Kept
from aergo_vc.sql.running.sequences import ROW_KEY
from aergo_vc.sql.running.table_access import indexes_of
from aergo_vc.sql.types.values import INTEGERS, decoder, storage_scale


class _KeyPart:
    """A column of a key: what Python type its kept values have, and how they become canonical."""

    def __init__(self, column: Column) -> None:
        kind = column.type.kind
        self.decode = decoder(column.type, storage_scale(column.type))
        self.type = int if kind in INTEGERS or self.decode is not None else str
        self.is_exact = not column.type.is_array and kind not in FLOATS
        if kind is Kind.NUMERIC and self.decode is None:
            self.is_exact = False  # 1.0 and 1.00 are equal


class Parent:
    """The other side of a foreign key: the rows that a table's rows must refer to."""

    def __init__(self, table: Table, key: ForeignKey, target: Table) -> None:
        names = [column.name for column in table.columns]
        self.table = target.name
        self.columns = frozenset(key.columns)
        self.searched = frozenset((*key.target_columns, *target.primary_key))
        pairs = dict(zip(key.target_columns, key.columns, strict=True))
        self._positions = tuple(map(names.index, key.columns))
        self._key = tuple(names.index(pairs[name]) for name in target.primary_key if name in pairs)
        self.is_by_key = set(key.target_columns) == set(target.primary_key)

    def refers(self, row: Kept) -> bool:
        """Whether a row refers to any."""
        return all(row[place] is not None for place in self._positions)

    def key(self, row: Kept) -> Sequence[Any]:
        """The key, as kept, that a row names."""
        return [row[place] for place in self._key]


class Child:
    """The other side of a foreign key: the rows that refer to a table's rows."""

    def __init__(self, table: Table, key: ForeignKey, child: Table) -> None:
        names = [column.name for column in table.columns]
        self.table = child.name
        self.searched = frozenset((*key.columns, *child.primary_key))
        self.positions = tuple(map(names.index, key.target_columns))


class TableFacts:
    """A table of the state."""

    def __init__(self, catalog: Catalog, table: Table) -> None:
        self._catalog, self._table = catalog, table
        self.name = table.name
        self.columns: Columns = frozenset(column.name for column in table.columns)
        self.keys: Columns = frozenset(table.primary_key)
        self.key_names, self.key_positions = table.primary_key, table.key_positions
        self._names = tuple(column.name for column in table.columns)
        by_name = {column.name: column for column in table.columns}
        self._parts = [_KeyPart(by_name[name]) for name in table.primary_key]
        self.is_exact = all(part.is_exact for part in self._parts)
        """Whether keys that SQL finds equal are spelled the same."""
        self.only_key: Key | None = (ROW_KEY,) if table.name in catalog.sequences else None
        """The key of a sequence's row."""
        self.has_hidden_key = table.has_hidden_key
        self.key_of = self._reader(table.key_positions)
        self.plain_type = self._parts[0].type if len(self._parts) == 1 and self._parts[0].decode is None else None

    def _reader(self, positions: tuple[int, ...]) -> Callable[[Kept], Key]:
        """What reads the key, canonical, off a row as it is kept."""
        if any(part.decode for part in self._parts):
            decoders = [part.decode or _same for part in self._parts]
            pairs = list(zip(positions, decoders, strict=True))
            return lambda row: tuple([decode(row[place]) for place, decode in pairs])
        if len(positions) == 1:
            place = positions[0]
            return lambda row: (row[place],)
        return operator.itemgetter(*positions)

    def point(self, values: Sequence[Any]) -> Key | None:
        """The canonical key for values as kept; None where they are such that another key may equal them."""
        found = []
        for part, value in zip(self._parts, values, strict=True):
            if type(value) is not part.type:
                if type(value) is not bool or part.type is not int:
                    return None
                value = int(value)  # noqa: PLW2901 - how SQLite takes it
            found.append(value if part.decode is None else part.decode(value))
        return tuple(found)

    def changed(self, old: Kept, new: Kept) -> Columns:
        """The columns whose values differ."""
        return frozenset([name for name, one, other in zip(self._names, old, new, strict=True) if one != other])

    @cached_property
    def is_simple(self) -> bool:
        """Whether no foreign key leads from or to the table, nor is it a sequence's."""
        return not self.parents and not self.children and self.only_key is None

    @cached_property
    def uniques(self) -> tuple[Columns, ...]:
        """What must be unique beside the key."""
        found = [frozenset(one.columns) for one in self._table.uniques]
        found += [frozenset(one.columns) for one in indexes_of(self._catalog, self.name) if one.unique]
        return tuple(found)

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
        """The columns whose change concerns other rows: those of the key, and of foreign keys from here and to here."""
        there = {self._names[place] for child in self.children for place in child.positions}
        return self.keys.union(there, *[parent.columns for parent in self.parents])

    def searched_by_uniques(self, assigned: Columns) -> tuple[Columns, ...]:
        """What a change of these columns searches, because it must be unique."""
        return tuple(unique | self.keys for unique in self.uniques if not unique.isdisjoint(assigned))

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
