"""Carries definitions out in SQLite: tables are written anew rather than altered in place.

To be called with foreign keys off and change capture off: SQLite would else take the drop of a table for a deletion of
its rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.sequences import ROW_KEY
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.running.table_access import INTERIM, drop_index_sql, has_rowid_key, index_sql, indexes_of, rowid_sql

Execute = Callable[[str], list[tuple[Any, ...]]]
CreateTable = Callable[[Catalog, Table, str | None], str]
"""CREATE TABLE for a table of a catalog, under another name if given."""


def carry_out(execute: Execute, create: CreateTable, old: Catalog, definition: Definition) -> frozenset[TableName]:
    """Bring SQLite from `old` to the definition's catalog; returns the tables to be read anew, or gone."""
    new = definition.catalog
    touched = set(definition.dropped) | set(definition.renamed)
    for name in definition.dropped:
        execute(f"DROP TABLE {quote_name(name)}")
    for before, after in definition.renamed.items():
        execute(f"ALTER TABLE {quote_name(before)} RENAME TO {quote_name(after)}")
    former = {after: before for before, after in definition.renamed.items()}
    for name, cells in definition.rebuilt.items():
        _rebuild(execute, create, old, new, name, former=former.get(name, name), cells=cells)
        was, now = old.tables[former.get(name, name)], new.tables[name]
        if was.columns != now.columns or was.primary_key != now.primary_key or name in former:
            touched.add(name)
    for name in definition.created:
        execute(create(new, new.stored[name], None))
    for name, value in definition.restarted.items():
        execute(f"DELETE FROM {quote_name(name)}")
        execute(f"INSERT INTO {quote_name(name)} VALUES ('{ROW_KEY}', {value}, 0)")
        touched.add(name)
    for index in definition.dropped_indexes:
        execute(drop_index_sql(old.indexes[index]))
    for index in definition.new_indexes:
        _create_index(execute, new, index)
    return frozenset(touched)


def _rebuild(
    execute: Execute, create: CreateTable, old: Catalog, new: Catalog, name: TableName,
    *, former: TableName, cells: Mapping[str, str],
) -> None:  # fmt: skip
    """Write a table anew; `cells` gives the columns that are not simply kept."""
    table, was = new.tables[name], old.tables[former]
    values = [cells.get(column.name, quote_name(column.name)) for column in table.columns]
    if has_rowid_key(table):
        values[table.key_positions[0]] = rowid_sql(values[table.key_positions[0]])
    if table.has_hidden_key and not was.has_hidden_key:
        raise AssertionError("a primary key is not dropped")
    execute(create(new, table, INTERIM))
    execute(f"INSERT INTO {quote_name(INTERIM)} SELECT {', '.join(values)} FROM {quote_name(name)}")
    execute(f"DROP TABLE {quote_name(name)}")
    execute(f"ALTER TABLE {quote_name(INTERIM)} RENAME TO {quote_name(name)}")
    for index in indexes_of(new, name):
        execute(index_sql(index))


def _create_index(execute: Execute, catalog: Catalog, name: str) -> None:
    """Create an index as if all of its table's had been created in the order of their names."""
    index = catalog.indexes[name]
    later = [other for other in indexes_of(catalog, index.table) if other.name > name]
    for other in later:
        execute(drop_index_sql(other))
    for other in [index, *later]:
        execute(index_sql(other))
