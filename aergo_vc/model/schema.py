"""Tables, indexes and views as values; a contract's schema; the catalog of a branch at a block."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aergo_vc.base.ids import EntityName, RoutineName, TableName
from aergo_vc.model.routines import CompositeType, EnumType, Grant, Routine
from aergo_vc.model.types import ColumnType, Kind

HIDDEN_KEY = "_row"
"""Name of the key column that a table without a primary key carries (design D4): the creating transaction's id and
the row's ordinal in it, so that a replay gives the same row the same key."""

DEFAULT_CONTRACT = "public"
"""The contract in which unqualified names live, as in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `default` and `check` expressions are AERGOSQL text in canonical spelling, or None.

    `identity` is ``always`` or ``by default`` for an identity column, whose default takes its sequence's next number.
    """

    name: str
    type: ColumnType
    not_null: bool = False
    default: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that must match a row of `target`; actions are SQL's (``no action``, ``cascade``, …), lower case.

    It is looked at when a statement ends; if `deferred`, when the transaction does.
    """

    name: str
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    on_delete: str = "no action"
    on_update: str = "no action"
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Unique:
    """A uniqueness constraint over columns."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint: `expression` is AERGOSQL text in canonical spelling."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    `primary_key` names the key columns in key order.  A table declared without one has the hidden column
    `HIDDEN_KEY` (text, not null) as its first column and as its key.
    """

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def has_hidden_key(self) -> bool:
        return self.primary_key == (HIDDEN_KEY,)

    @property
    def key_positions(self) -> tuple[int, ...]:
        """Where the key columns stand in a row, in key order."""
        names = [column.name for column in self.columns]
        return tuple(names.index(name) for name in self.primary_key)

    @property
    def key_kinds(self) -> tuple[Kind, ...]:
        """The kinds of the key columns, in key order."""
        return tuple(self.columns[position].type.kind for position in self.key_positions)

    @property
    def visible_columns(self) -> tuple[Column, ...]:
        """The columns that the user declared."""
        return self.columns[1:] if self.has_hidden_key else self.columns


@dataclass(frozen=True, slots=True)
class Index:
    """An index; it speeds up, or with `unique` constrains, and never changes a result's order."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A view: `query` is AERGOSQL text in canonical spelling."""

    name: TableName
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence: where it begins, and by how much it goes on; `owner` is the identity column it serves, or None.

    How far it is stands in the state as the one row of a table of its name: ``last_value``, ``is_called``.
    """

    name: TableName
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = (1 << 63) - 1
    owner: tuple[TableName, str] | None = None

    @property
    def table(self) -> Table:
        """The table that holds how far it is; it has no row before the first number was taken."""
        return Table(self.name, _SEQUENCE_COLUMNS, (HIDDEN_KEY,))


_SEQUENCE_COLUMNS = (
    Column(HIDDEN_KEY, ColumnType(Kind.TEXT), not_null=True),
    Column("last_value", ColumnType(Kind.BIGINT), not_null=True),
    Column("is_called", ColumnType(Kind.BOOLEAN), not_null=True),
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that is defined in a branch's contracts at a block, by name; `owners` has those deployed."""

    tables: Mapping[TableName, Table] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    views: Mapping[TableName, View] = field(default_factory=dict)
    types: Mapping[str, EnumType | CompositeType] = field(default_factory=dict)
    sequences: Mapping[TableName, Sequence] = field(default_factory=dict)
    routines: Mapping[RoutineName, Routine] = field(default_factory=dict)
    grants: frozenset[Grant] = frozenset()
    owners: Mapping[str, EntityName] = field(default_factory=dict)

    @property
    def stored(self) -> Mapping[TableName, Table]:
        """All tables of the state: those of sequences too."""
        if not self.sequences:
            return self.tables
        return {**self.tables, **{name: sequence.table for name, sequence in self.sequences.items()}}

    def members(self, kind: str) -> Mapping[str, object]:
        """All of one kind, which is the name of a field: ``tables``, ``routines``, …"""
        found: Mapping[str, object] = getattr(self, kind)
        return found


def split_name(name: TableName) -> tuple[str, str]:
    """The contract and the table that a table name is made of."""
    contract, _, table = name.partition(".")
    return contract, table


def spoken_name(name: TableName) -> str:
    """A table as messages name it."""
    contract, table = split_name(name)
    return table if contract == DEFAULT_CONTRACT else name
