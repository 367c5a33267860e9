"""How a table of the catalog stands in SQLite."""

from collections.abc import Sequence

from sqlglot import exp

from aergo_vc.model.schema import Catalog, Check, Column, ForeignKey, Table
from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import UNSUPPORTED
from aergo_vc.sql.language.binder import Binder, Grouping, Surroundings
from aergo_vc.sql.language.expressions import Expression, assign, condition
from aergo_vc.sql.language.queries import top_binder
from aergo_vc.sql.language.scope import Scope, table_source
from aergo_vc.sql.language.source import error_at, parse_expression, unsupported
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.running.table_access import has_rowid_key
from aergo_vc.sql.types.values import is_scaled

_NO_ACTION = "no action"
_CONTEXTUAL = (exp.CurrentTimestamp, exp.Localtimestamp, exp.CurrentDate, exp.CurrentUser, exp.SessionUser)


def table_binder(catalog: Catalog, table: Table | None, *, refused: str, prefix: str = "") -> Binder:
    """A binder for expressions over one table's row, without aggregates and windows."""
    scope = Scope([table_source(table, prefix)] if table is not None else [])
    binder = top_binder(catalog, scope, Surroundings(calls_refused=refused))
    binder.grouping = Grouping(refused=refused, windows_refused=refused)
    return binder


def bind_check(catalog: Catalog, table: Table, tree: exp.Expression) -> str:
    """The SQL of a CHECK: over the row's columns alone, whoever writes it and whenever."""
    for found in tree.walk():
        if isinstance(found, exp.Expression) and isinstance(found, (exp.Query, exp.Subquery)):
            raise unsupported(found, "a subquery in a check constraint")
        if isinstance(found, _CONTEXTUAL):
            raise unsupported(found, "the time or the user in a check constraint")
    binder = table_binder(catalog, table, refused="check constraints")
    return condition(binder.bind(tree), "CHECK")


def bind_default(catalog: Catalog, column: Column, tree: exp.Expression) -> str:
    """The SQL of a column's default as it is stored."""
    for found in tree.walk():
        if isinstance(found, exp.Expression) and isinstance(found, (exp.Query, exp.Subquery)):
            raise unsupported(found, "a subquery in a default")
        if isinstance(found, exp.Column):
            raise error_at(found, UNSUPPORTED, "cannot use column reference in DEFAULT expression")
    bound: Expression = table_binder(catalog, None, refused="DEFAULT expressions").bind(tree)
    return assign(bound, column.type, column.name)


def default_sql(catalog: Catalog, column: Column) -> str:
    """What a row gets in the column if no value is given."""
    if column.default is None:
        return "NULL"
    return bind_default(catalog, column, parse_expression(column.default))


def create_table_sql(catalog: Catalog, table: Table, name: str | None = None) -> str:
    """CREATE TABLE, under another name if given: strict, clustered by the primary key, by the rowid if it is that."""
    parts = [_column_sql(catalog, column) for column in table.columns]
    parts.append(f"PRIMARY KEY ({_listed(table.primary_key)})")
    parts += [f"CONSTRAINT {quote_name(unique.name)} UNIQUE ({_listed(unique.columns)})" for unique in table.uniques]
    parts += [_check_sql(catalog, table, check) for check in table.checks]
    parts += map(_reference_sql, table.foreign_keys)
    options = "STRICT" if has_rowid_key(table) else "STRICT, WITHOUT ROWID"
    return f"CREATE TABLE {quote_name(name or table.name)} ({', '.join(parts)}) {options}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quote_name, names))


def _check_sql(catalog: Catalog, table: Table, check: Check) -> str:
    return (
        f"CONSTRAINT {quote_name(check.name)} CHECK ({bind_check(catalog, table, parse_expression(check.expression))})"
    )


def _reference_sql(key: ForeignKey) -> str:
    """SQLite carries out the actions and tells whether any row refers to none; `references.py` says what that means.

    It would refuse what RESTRICT forbids row by row, before the statement is through.
    """
    delete, update = (_NO_ACTION if action == "restrict" else action for action in (key.on_delete, key.on_update))
    return (
        f"CONSTRAINT {quote_name(key.name)} FOREIGN KEY ({_listed(key.columns)}) REFERENCES {quote_name(key.target)} "
        f"({_listed(key.target_columns)}) ON DELETE {delete} ON UPDATE {update} DEFERRABLE INITIALLY DEFERRED"
    )


def _column_sql(catalog: Catalog, column: Column) -> str:
    sql = f"{quote_name(column.name)} {_storage(column.type)}"
    if column.not_null:
        sql += " NOT NULL"
    if column.default is not None and not _varies(parse_expression(column.default)):
        sql += f" DEFAULT ({default_sql(catalog, column)})"
    return sql


_VARYING = ("nextval", "currval", "lastval", "setval", "age")


def takes_numbers(default: str | None) -> bool:
    """Whether a default takes a sequence's next number."""
    return default is not None and any(
        str(call.this).lower() == "nextval" for call in parse_expression(default).find_all(exp.Anonymous)
    )


def _varies(tree: exp.Expression) -> bool:
    """Whether a default hangs on more than the catalog."""
    calls = {str(call.this).lower() for call in tree.find_all(exp.Anonymous)}
    return tree.find(*_CONTEXTUAL) is not None or not calls.isdisjoint(
        ("nextval", "currval", "lastval", "setval", "age")
    )


def _storage(column_type: ColumnType) -> str:
    if column_type.kind in INTEGER_BITS or column_type.kind is Kind.BOOLEAN or is_scaled(column_type):
        return "INTEGER"
    if column_type.kind in FLOATS:
        return "REAL"
    return "TEXT COLLATE numeric" if column_type.kind is Kind.NUMERIC else "TEXT"
