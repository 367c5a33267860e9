"""A contract's definitions as text: ``schema.sql``.

PostgreSQL's DDL in one spelling: the owner, types, sequences, tables, indexes, views, each sorted by name, then grants;
one column or constraint a line; expressions and queries are opaque canonical text on one line.  The parser reads this
spelling alone, so that equal definitions are equal bytes.  A table without a PRIMARY KEY line carries the hidden key
column, which the text does not show.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import EntityName, TableName
from aergo_vc.codec.grant_text import contract_of, grants_text, owner_text, parse_grant, parse_owner
from aergo_vc.codec.identifiers import (
    IDENTIFIER,
    QUALIFIED,
    quote_identifier,
    quote_names,
    quote_qualified,
    split_names,
    unquote,
    unquote_qualified,
)
from aergo_vc.codec.type_text import TYPE, enums_in, parse_definition, parse_type, type_text, types_text
from aergo_vc.model.routines import CompositeType, EnumType, Grant
from aergo_vc.model.schema import (
    HIDDEN_KEY,
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    Sequence,
    Table,
    Unique,
    View,
)
from aergo_vc.model.types import ColumnType, Kind

ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")
"""What a foreign key may do when its target goes or changes."""

HIDDEN_COLUMN = Column(HIDDEN_KEY, ColumnType(Kind.TEXT), not_null=True)
"""The key column of a table that was declared without a primary key."""

_NAMES = rf"\(({IDENTIFIER}(?:, {IDENTIFIER})*)\)"
_TABLE_LINE = re.compile(rf"CREATE TABLE ({QUALIFIED}) \(")
_NUMBER = r"0|-?[1-9][0-9]{0,18}"
_COLUMN_LINE = re.compile(
    rf"({IDENTIFIER}) ({TYPE})( NOT NULL)?"
    r"(?: DEFAULT (.+)| GENERATED (ALWAYS|BY DEFAULT) AS IDENTITY)?"
)
_SEQUENCE_LINE = re.compile(
    rf"CREATE SEQUENCE ({QUALIFIED}) INCREMENT BY ({_NUMBER}) MINVALUE ({_NUMBER}) MAXVALUE ({_NUMBER})"
    rf" START WITH ({_NUMBER})(?: OWNED BY ({QUALIFIED})\.({IDENTIFIER}))?;"
)
_PRIMARY_LINE = re.compile(rf"PRIMARY KEY {_NAMES}")
_CONSTRAINT_LINE = re.compile(rf"CONSTRAINT ({IDENTIFIER}) (UNIQUE|CHECK|FOREIGN KEY) (.+)")
_ACTION = "|".join(ACTIONS).upper()
_REFERENCE = re.compile(
    rf"{_NAMES} REFERENCES ({QUALIFIED}) {_NAMES} ON DELETE ({_ACTION}) ON UPDATE ({_ACTION})"
    r"( DEFERRABLE INITIALLY DEFERRED)?"
)
_INDEX_LINE = re.compile(rf"CREATE (UNIQUE )?INDEX ({IDENTIFIER}) ON ({QUALIFIED}) {_NAMES};")
_VIEW_LINE = re.compile(rf"CREATE VIEW ({QUALIFIED}) {_NAMES} AS (.+);")


def schema_text(catalog: Catalog, contract: str) -> str:
    """The definitions of one contract, its routines aside; empty text if it has none."""
    prefix = contract + "."
    owner = catalog.owners.get(contract)
    parts = [] if owner is None else [owner_text(contract, owner)]
    parts.append(types_text(catalog.types, contract))
    parts += [_sequence_text(catalog.sequences[name]) for name in sorted(catalog.sequences) if name.startswith(prefix)]
    parts += [_table_text(catalog.tables[name]) for name in sorted(catalog.tables) if name.startswith(prefix)]
    parts += [_index_text(catalog.indexes[name]) for name in sorted(catalog.indexes) if name.startswith(prefix)]
    parts += [_view_text(catalog.views[name]) for name in sorted(catalog.views) if name.startswith(prefix)]
    parts.append(grants_text(catalog.grants, contract))
    return "".join(parts)


def contracts(catalog: Catalog) -> tuple[str, ...]:
    """The contracts that define anything or have an owner, sorted."""
    names = (*catalog.tables, *catalog.indexes, *catalog.views, *catalog.types, *catalog.sequences, *catalog.routines)
    found = {name.partition(".")[0] for name in names}
    return tuple(sorted(found | set(catalog.owners) | set(map(contract_of, catalog.grants))))


def _table_text(table: Table) -> str:
    lines = [_column_text(column) for column in table.visible_columns]
    if not table.has_hidden_key:
        lines.append(f"PRIMARY KEY {quote_names(table.primary_key)}")
    lines += [text for _, text in sorted(_constraint_texts(table))]
    body = ",\n".join("  " + line for line in lines)
    return f"CREATE TABLE {quote_qualified(table.name)} (\n{body}\n);\n"


def _column_text(column: Column) -> str:
    text = f"{quote_identifier(column.name)} {type_text(column.type)}"
    if column.not_null:
        text += " NOT NULL"
    if column.identity is not None:
        return f"{text} GENERATED {column.identity.upper()} AS IDENTITY"
    return text if column.default is None else f"{text} DEFAULT {column.default}"


def _sequence_text(sequence: Sequence) -> str:
    bounds = f"MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum}"
    text = f"CREATE SEQUENCE {quote_qualified(sequence.name)} INCREMENT BY {sequence.increment} {bounds}"
    text += f" START WITH {sequence.start}"
    if sequence.owner is not None:
        table, column = sequence.owner
        text += f" OWNED BY {quote_qualified(table)}.{quote_identifier(column)}"
    return text + ";\n"


def _constraint_texts(table: Table) -> Iterator[tuple[str, str]]:
    for unique in table.uniques:
        yield unique.name, f"CONSTRAINT {quote_identifier(unique.name)} UNIQUE {quote_names(unique.columns)}"
    for check in table.checks:
        yield check.name, f"CONSTRAINT {quote_identifier(check.name)} CHECK ({check.expression})"
    for key in table.foreign_keys:
        columns, target = quote_names(key.columns), f"{quote_qualified(key.target)} {quote_names(key.target_columns)}"
        actions = f"ON DELETE {key.on_delete.upper()} ON UPDATE {key.on_update.upper()}"
        name, deferral = quote_identifier(key.name), " DEFERRABLE INITIALLY DEFERRED" if key.deferred else ""
        yield key.name, f"CONSTRAINT {name} FOREIGN KEY {columns} REFERENCES {target} {actions}{deferral}"


def _index_text(index: Index) -> str:
    unique = "UNIQUE " if index.unique else ""
    name = quote_identifier(index.name.partition(".")[2])
    return f"CREATE {unique}INDEX {name} ON {quote_qualified(index.table)} {quote_names(index.columns)};\n"


def _view_text(view: View) -> str:
    return f"CREATE VIEW {quote_qualified(view.name)} {quote_names(view.columns)} AS {view.query};\n"


def parse_schema(contract: str, text: str, enums: Collection[str] = ()) -> Catalog:
    """The definitions in `text`.  Raises FormatError unless it is the canonical spelling of this contract's.

    `enums` are the names of those enums that other contracts define; see `enums_in`.
    """
    lines = text.split("\n")
    if lines.pop() != "":
        raise FormatError("schema: the last line has no line feed", contract=contract)
    reader = _Reader(contract, lines, enums_in(text).union(enums))
    reader.read()
    if schema_text(reader.catalog, contract) != text:
        raise FormatError("schema: not in canonical spelling", contract=contract)
    return reader.catalog


class _Reader:
    """Reads the lines of a schema one after another; their order is for others to judge."""

    def __init__(self, contract: str, lines: list[str], enums: Collection[str]) -> None:
        self._contract, self._lines, self._enums = contract, lines, enums
        self._tables: dict[TableName, Table] = {}
        self._indexes: dict[str, Index] = {}
        self._views: dict[TableName, View] = {}
        self._types: dict[str, EnumType | CompositeType] = {}
        self._grants: set[Grant] = set()
        self._owners: dict[str, EntityName] = {}
        self._sequences: dict[TableName, Sequence] = {}
        self._readers = (self._sequence, self._index, self._view, self._type, self._grant, self._owner)

    @property
    def catalog(self) -> Catalog:
        """What has been read."""
        return Catalog(
            tables=self._tables,
            indexes=self._indexes,
            views=self._views,
            types=self._types,
            sequences=self._sequences,
            grants=frozenset(self._grants),
            owners=self._owners,
        )

    def read(self) -> None:
        position = 0
        while position < len(self._lines):
            line = self._lines[position]
            if head := _TABLE_LINE.fullmatch(line):
                position = self._table(_named(head[1]), position)
            elif not any(reads(line) for reads in self._readers):
                raise _malformed(self._contract, position, line)
            position += 1

    def _table(self, name: TableName, start: int) -> int:
        """Read a table from its first line on; returns the place of its last."""
        try:
            end = self._lines.index(");", start)
        except ValueError:
            raise _malformed(self._contract, start, self._lines[start]) from None
        lines = self._lines[start + 1 : end]
        table = _parse_table(name, lines, self._contract, start + 1, self._enums)
        columns = tuple([self._identity(name, column) for column in table.columns])
        self._tables[name] = replace(table, columns=columns)
        return end

    def _identity(self, table: TableName, column: Column) -> Column:
        """An identity column with its default, which takes numbers from the sequence that the column owns."""
        if column.identity is None:
            return column
        for sequence in self._sequences.values():
            if sequence.owner == (table, column.name):
                return replace(column, default=f"NEXTVAL('{sequence.name}')")
        raise FormatError("schema: an identity column has no sequence", contract=self._contract, table=table)

    def _sequence(self, line: str) -> bool:
        found = _SEQUENCE_LINE.fullmatch(line)
        if found is not None:
            name = _named(found[1])
            owner = (_named(found[6]), unquote(found[7])) if found[6] else None
            increment, minimum, maximum, start = (int(number) for number in found.groups()[1:5])
            self._sequences[name] = Sequence(name, start, increment, minimum, maximum, owner)
        return found is not None

    def _index(self, line: str) -> bool:
        found = _INDEX_LINE.fullmatch(line)
        if found is not None:
            name = f"{self._contract}.{unquote(found[2])}"
            self._indexes[name] = Index(name, _named(found[3]), split_names(found[4]), bool(found[1]))
        return found is not None

    def _view(self, line: str) -> bool:
        found = _VIEW_LINE.fullmatch(line)
        if found is not None:
            view = View(_named(found[1]), split_names(found[2]), found[3])
            self._views[view.name] = view
        return found is not None

    def _type(self, line: str) -> bool:
        found = parse_definition(line, self._enums)
        if found is not None:
            self._types[found.name] = found
        return found is not None

    def _grant(self, line: str) -> bool:
        found = parse_grant(line)
        if found is not None:
            self._grants.add(found)
        return found is not None

    def _owner(self, line: str) -> bool:
        found = parse_owner(line)
        if found is not None:
            self._owners[found[0]] = found[1]
        return found is not None


def _named(text: str) -> TableName:
    return TableName(unquote_qualified(text))


def _malformed(contract: str, position: int, line: str) -> FormatError:
    return FormatError(f"schema: line {position + 1} is not canonical DDL", contract=contract, line=line[:200])


def _parse_table(name: TableName, lines: list[str], contract: str, offset: int, enums: Collection[str]) -> Table:
    columns: list[Column] = []
    primary_key: tuple[str, ...] = ()
    uniques: list[Unique] = []
    checks: list[Check] = []
    foreign_keys: list[ForeignKey] = []
    for number, line in enumerate(lines):
        item = line[2:] if number == len(lines) - 1 else line[2:-1]
        if found := _PRIMARY_LINE.fullmatch(item):
            primary_key = split_names(found[1])
        elif found := _CONSTRAINT_LINE.fullmatch(item):
            constraint = _parse_constraint(unquote(found[1]), found[2], found[3])
            if isinstance(constraint, Unique):
                uniques.append(constraint)
            elif isinstance(constraint, Check):
                checks.append(constraint)
            elif constraint is not None:
                foreign_keys.append(constraint)
        elif (found := _COLUMN_LINE.fullmatch(item)) and (column_type := _column_type(found[2], enums)):
            columns.append(
                Column(unquote(found[1]), column_type, bool(found[3]), found[4], found[5] and found[5].lower())
            )
        else:
            raise _malformed(contract, offset + number, line)
    if not primary_key:
        columns.insert(0, HIDDEN_COLUMN)
        primary_key = (HIDDEN_KEY,)
    names = {column.name for column in columns}
    if len(names) != len(columns) or not names.issuperset(primary_key):
        raise FormatError("schema: columns repeat or a key column is missing", contract=contract, table=name)
    return Table(name, tuple(columns), primary_key, tuple(uniques), tuple(checks), tuple(foreign_keys))


def _column_type(text: str, enums: Collection[str]) -> ColumnType | None:
    """A type that a column of a table can have."""
    found = parse_type(text, enums)
    return None if found is None or found.is_array or found.kind in (Kind.COMPOSITE, Kind.RECORD) else found


def _parse_constraint(name: str, word: str, rest: str) -> Unique | Check | ForeignKey | None:
    if word == "CHECK":
        return Check(name, rest[1:-1]) if rest[0] == "(" and rest[-1] == ")" else None
    if word == "UNIQUE":
        found = re.fullmatch(_NAMES, rest)
        return Unique(name, split_names(found[1])) if found else None
    found = _REFERENCE.fullmatch(rest)
    if found is None:
        return None
    columns, target, target_columns = split_names(found[1]), _named(found[2]), split_names(found[3])
    return ForeignKey(name, columns, target, target_columns, found[4].lower(), found[5].lower(), bool(found[6]))
