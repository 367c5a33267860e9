"""A contract's definitions as text: ``schema.sql``.

PostgreSQL's DDL in one spelling: tables, indexes, views, each sorted by name; one column or constraint a line;
expressions and queries are opaque canonical text on one line.  The parser reads this spelling alone, so that equal
definitions are equal bytes.  A table without a PRIMARY KEY line carries the hidden key column, which the text does not
show.
"""

import re
from collections.abc import Iterator

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import (
    HIDDEN_KEY,
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    Table,
    Unique,
    View,
    split_name,
)
from aergo_vc.model.types import ColumnType, Kind

ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")
"""What a foreign key may do when its target goes or changes."""

HIDDEN_COLUMN = Column(HIDDEN_KEY, ColumnType(Kind.TEXT), not_null=True)
"""The key column of a table that was declared without a primary key."""

RESERVED_WORDS = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric table tablesample then to trailing true union unique user
    using variadic verbose when where window with""".split()  # noqa: SIM905 - a list to be read by people
)
"""PostgreSQL's reserved words: as names they need quotes."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_IDENTIFIER = r'(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")'
_NAMES = rf"\(({_IDENTIFIER}(?:, {_IDENTIFIER})*)\)"
_TYPE = r"[a-z]+(?: precision)?(?:\([0-9]+(?:,[0-9]+)?\))?"
_TABLE_LINE = re.compile(rf"CREATE TABLE ({_IDENTIFIER})\.({_IDENTIFIER}) \(")
_COLUMN_LINE = re.compile(rf"({_IDENTIFIER}) ({_TYPE})( NOT NULL)?(?: DEFAULT (.+))?")
_PRIMARY_LINE = re.compile(rf"PRIMARY KEY {_NAMES}")
_CONSTRAINT_LINE = re.compile(rf"CONSTRAINT ({_IDENTIFIER}) (UNIQUE|CHECK|FOREIGN KEY) (.+)")
_REFERENCE = re.compile(
    rf"{_NAMES} REFERENCES ({_IDENTIFIER})\.({_IDENTIFIER}) {_NAMES} ON DELETE ([A-Z ]+?) ON UPDATE ([A-Z ]+)"
)
_INDEX_LINE = re.compile(rf"CREATE (UNIQUE )?INDEX ({_IDENTIFIER}) ON ({_IDENTIFIER})\.({_IDENTIFIER}) {_NAMES};")
_VIEW_LINE = re.compile(rf"CREATE VIEW ({_IDENTIFIER})\.({_IDENTIFIER}) {_NAMES} AS (.+);")
_TYPE_PARTS = re.compile(r"([a-z ]+)(?:\(([0-9]+)(?:,([0-9]+))?\))?")


def quote_identifier(name: str) -> str:
    """`name` as an SQL identifier, quoted only where it must be."""
    if _PLAIN.fullmatch(name) and name not in RESERVED_WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_table_name(name: TableName) -> str:
    """`name` as SQL, contract and table each quoted only where they must be."""
    contract, table = split_name(name)
    return f"{quote_identifier(contract)}.{quote_identifier(table)}"


def schema_text(catalog: Catalog, contract: str) -> str:
    """The definitions of one contract; empty text if it has none."""
    prefix = contract + "."
    parts = [_table_text(catalog.tables[name]) for name in sorted(catalog.tables) if name.startswith(prefix)]
    parts += [_index_text(catalog.indexes[name]) for name in sorted(catalog.indexes) if name.startswith(prefix)]
    parts += [_view_text(catalog.views[name]) for name in sorted(catalog.views) if name.startswith(prefix)]
    return "".join(parts)


def contracts(catalog: Catalog) -> tuple[str, ...]:
    """The contracts that define anything, sorted."""
    names = (*catalog.tables, *catalog.indexes, *catalog.views)
    return tuple(sorted({name.partition(".")[0] for name in names}))


def _listed(names: tuple[str, ...]) -> str:
    return f"({', '.join(map(quote_identifier, names))})"


def _table_text(table: Table) -> str:
    lines = [_column_text(column) for column in table.visible_columns]
    if not table.has_hidden_key:
        lines.append(f"PRIMARY KEY {_listed(table.primary_key)}")
    lines += [text for _, text in sorted(_constraint_texts(table))]
    body = ",\n".join("  " + line for line in lines)
    return f"CREATE TABLE {quote_table_name(table.name)} (\n{body}\n);\n"


def _column_text(column: Column) -> str:
    text = f"{quote_identifier(column.name)} {column.type}"
    if column.not_null:
        text += " NOT NULL"
    return text if column.default is None else f"{text} DEFAULT {column.default}"


def _constraint_texts(table: Table) -> Iterator[tuple[str, str]]:
    for unique in table.uniques:
        yield unique.name, f"CONSTRAINT {quote_identifier(unique.name)} UNIQUE {_listed(unique.columns)}"
    for check in table.checks:
        yield check.name, f"CONSTRAINT {quote_identifier(check.name)} CHECK ({check.expression})"
    for key in table.foreign_keys:
        columns, target = _listed(key.columns), f"{quote_table_name(key.target)} {_listed(key.target_columns)}"
        actions = f"ON DELETE {key.on_delete.upper()} ON UPDATE {key.on_update.upper()}"
        name = quote_identifier(key.name)
        yield key.name, f"CONSTRAINT {name} FOREIGN KEY {columns} REFERENCES {target} {actions}"


def _index_text(index: Index) -> str:
    unique = "UNIQUE " if index.unique else ""
    name = quote_identifier(index.name.partition(".")[2])
    return f"CREATE {unique}INDEX {name} ON {quote_table_name(index.table)} {_listed(index.columns)};\n"


def _view_text(view: View) -> str:
    return f"CREATE VIEW {quote_table_name(view.name)} {_listed(view.columns)} AS {view.query};\n"


def parse_schema(contract: str, text: str) -> Catalog:
    """The definitions in `text`.  Raises FormatError unless it is the canonical spelling of this contract's."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise FormatError("schema: the last line has no line feed", contract=contract)
    tables: dict[TableName, Table] = {}
    indexes: dict[str, Index] = {}
    views: dict[TableName, View] = {}
    position = 0
    while position < len(lines):
        line = lines[position]
        if head := _TABLE_LINE.fullmatch(line):
            try:
                end = lines.index(");", position)
            except ValueError:
                raise _malformed(contract, position, line) from None
            table = _parse_table(_qualified(head[1], head[2]), lines[position + 1 : end], contract, position + 1)
            tables[table.name] = table
            position = end
        elif found := _INDEX_LINE.fullmatch(line):
            index = Index(
                f"{contract}.{_unquote(found[2])}", _qualified(found[3], found[4]), _split(found[5]), bool(found[1])
            )
            indexes[index.name] = index
        elif found := _VIEW_LINE.fullmatch(line):
            view = View(_qualified(found[1], found[2]), _split(found[3]), found[4])
            views[view.name] = view
        else:
            raise _malformed(contract, position, line)
        position += 1
    catalog = Catalog(tables, indexes, views)
    if schema_text(catalog, contract) != text:
        raise FormatError("schema: not in canonical spelling", contract=contract)
    return catalog


def _malformed(contract: str, position: int, line: str) -> FormatError:
    return FormatError(f"schema: line {position + 1} is not canonical DDL", contract=contract, line=line[:200])


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name[0] == '"' else name


def _qualified(contract: str, name: str) -> TableName:
    return TableName(f"{_unquote(contract)}.{_unquote(name)}")


def _split(names: str) -> tuple[str, ...]:
    return tuple(_unquote(found) for found in re.findall(_IDENTIFIER, names))


def _parse_type(text: str) -> ColumnType | None:
    match = _TYPE_PARTS.fullmatch(text)
    try:
        kind = Kind(match[1]) if match else None
    except ValueError:
        return None
    if match is None or kind is None:
        return None
    first, second = (None if part is None else int(part) if len(part) <= 9 else -1 for part in match.groups()[1:])  # noqa: PLR2004
    if kind is Kind.NUMERIC:
        return ColumnType(kind, precision=first, scale=second)
    return ColumnType(kind, length=first)


def _parse_table(name: TableName, lines: list[str], contract: str, offset: int) -> Table:
    columns: list[Column] = []
    primary_key: tuple[str, ...] = ()
    uniques: list[Unique] = []
    checks: list[Check] = []
    foreign_keys: list[ForeignKey] = []
    for number, line in enumerate(lines):
        item = line[2:] if number == len(lines) - 1 else line[2:-1]
        if found := _PRIMARY_LINE.fullmatch(item):
            primary_key = _split(found[1])
        elif found := _CONSTRAINT_LINE.fullmatch(item):
            constraint = _parse_constraint(_unquote(found[1]), found[2], found[3])
            if isinstance(constraint, Unique):
                uniques.append(constraint)
            elif isinstance(constraint, Check):
                checks.append(constraint)
            elif constraint is not None:
                foreign_keys.append(constraint)
        elif (found := _COLUMN_LINE.fullmatch(item)) and (column_type := _parse_type(found[2])):
            columns.append(Column(_unquote(found[1]), column_type, bool(found[3]), found[4]))
        else:
            raise _malformed(contract, offset + number, line)
    if not primary_key:
        columns.insert(0, HIDDEN_COLUMN)
        primary_key = (HIDDEN_KEY,)
    names = {column.name for column in columns}
    if len(names) != len(columns) or not names.issuperset(primary_key):
        raise FormatError("schema: columns repeat or a key column is missing", contract=contract, table=name)
    return Table(name, tuple(columns), primary_key, tuple(uniques), tuple(checks), tuple(foreign_keys))


def _parse_constraint(name: str, word: str, rest: str) -> Unique | Check | ForeignKey | None:
    if word == "CHECK":
        return Check(name, rest[1:-1]) if rest[0] == "(" and rest[-1] == ")" else None
    if word == "UNIQUE":
        found = re.fullmatch(_NAMES, rest)
        return Unique(name, _split(found[1])) if found else None
    found = _REFERENCE.fullmatch(rest)
    if found is None:
        return None
    columns, target, target_columns = _split(found[1]), _qualified(found[2], found[3]), _split(found[4])
    return ForeignKey(name, columns, target, target_columns, found[5].lower(), found[6].lower())
