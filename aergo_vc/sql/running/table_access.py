"""SQL of the engine's own on the tables of a catalog: indexes, whole rows, keys."""

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Index, Table
from aergo_vc.sql.running.spelling import quote_name


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
