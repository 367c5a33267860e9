"""SQL of the engine's own on the tables of a catalog: indexes, whole rows, keys."""

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Index, Table
from aergo_vc.model.types import INTEGER_BITS
from aergo_vc.sql.running.spelling import quote_name

INTERIM = "interim.table"
"""What a table is called in SQLite while it is written anew."""

_ROWID = ("ifnull(", ", '')")


def has_rowid_key(table: Table) -> bool:
    """Whether SQLite keeps the table's key as the rowid: one column of whole numbers, which no foreign key clears."""
    if len(table.primary_key) > 1 or table.key_kinds[0] not in INTEGER_BITS:
        return False
    clearing = {"set null", "set default"}
    return not any(
        table.primary_key[0] in key.columns and not clearing.isdisjoint((key.on_delete, key.on_update))
        for key in table.foreign_keys
    )


def rowid_sql(value: str) -> str:
    """SQL of a new row's rowid: a text, which SQLite refuses, for NULL, for which it would choose a number itself."""
    return value.join(_ROWID)


def value_of_rowid(sql: str) -> str | None:
    """The value of which `rowid_sql` made a SQL; None for any other."""
    before, behind = _ROWID
    is_rowid = sql.startswith(before) and sql.endswith(behind)
    return sql.removeprefix(before).removesuffix(behind) if is_rowid else None


def index_sql(index: Index) -> str:
    """CREATE INDEX for an index of the catalog."""
    unique = "UNIQUE " if index.unique else ""
    name = quote_name("index " + index.name)
    return f"CREATE {unique}INDEX {name} ON {quote_name(index.table)} ({', '.join(map(quote_name, index.columns))})"


def drop_index_sql(index: Index) -> str:
    """DROP INDEX for an index of the catalog."""
    return f"DROP INDEX {quote_name('index ' + index.name)}"


def insert_sql(table: Table, rows: int = 1, *, replace: bool = False) -> str:
    """INSERT of whole rows in column order, one or more; `replace` those whose keys exist."""
    marks = ", ".join([f"({', '.join('?' * len(table.columns))})"] * rows)
    return f"INSERT {'OR REPLACE ' if replace else ''}INTO {quote_name(table.name)} VALUES {marks}"


def key_test(table: Table) -> str:
    """A condition that finds a row by its key's values, bound in key order."""
    return " AND ".join(f"{quote_name(name)} = ?" for name in table.primary_key)


def indexes_of(catalog: Catalog, name: TableName) -> list[Index]:
    """A table's indexes in the order in which they are created: the planner's choice may hang on it."""
    return sorted((index for index in catalog.indexes.values() if index.table == name), key=lambda index: index.name)
