"""What SQLite reports, in PostgreSQL's codes and words."""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Table, split_name
from aergo_vc.sql.errors import (
    CHECK_VIOLATION,
    LIMIT_EXCEEDED,
    NOT_NULL_VIOLATION,
    OUT_OF_RANGE,
    TOO_COMPLEX,
    UNIQUE_VIOLATION,
    EngineError,
    FuseError,
    SqlError,
)
from aergo_vc.sql.running.table_access import INTERIM, indexes_of

DISK_ERRORS = (
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
)
"""What SQLite raises where its file cannot be read or written, or is no database."""


_NO_ROWID = "datatype mismatch"
"""What SQLite says of NULL, or of what we write for it, in a key that is its rowid."""


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise EngineError where SQLite's file cannot be read or written, or is no database."""
    try:
        yield
    except DISK_ERRORS as error:
        raise disk_error(error) from error


def disk_error(error: Exception) -> EngineError:
    """The error for one of DISK_ERRORS."""
    return EngineError(f"the SQL engine's file cannot be used: {error}")


def translated(error: apsw.Error, catalog: Catalog, table: TableName | None) -> AergoError:
    """The error to raise instead of SQLite's; `table` is the one that the statement writes."""
    code = getattr(error, "extendedresult", 0)
    if code == apsw.SQLITE_CONSTRAINT_DATATYPE or str(error) == "integer overflow":
        # A whole number beyond 64 bits, which SQLite made a float, is none for a column of integers.
        return SqlError(OUT_OF_RANGE, "bigint out of range")
    if isinstance(error, (apsw.ConstraintError, apsw.MismatchError)):
        return _constraint_error(str(error), catalog, table)
    if isinstance(error, apsw.TooBigError):
        return SqlError(LIMIT_EXCEEDED, "a value or a row is too long")
    if isinstance(error, apsw.NoMemError):
        return FuseError("a statement takes more memory than this machine allows")
    if isinstance(error, apsw.SQLError):
        return SqlError(TOO_COMPLEX, f"the statement is too complex for the engine: {error}")
    return EngineError(f"the SQL engine failed: {error}")


def _constraint_error(text: str, catalog: Catalog, name: TableName | None) -> AergoError:
    what, _, detail = text.partition(" constraint failed: ")
    table = _table_of(detail, catalog) or (catalog.tables.get(name) if name is not None else None)
    if table is None:
        return EngineError(f"the SQL engine reports a constraint of no table: {text}")
    spoken = split_name(table.name)[1]
    if what == _NO_ROWID:
        return not_null_error(table, table.primary_key[0])
    if what == "NOT NULL":
        column = detail.removeprefix(f"{table.name}.").removeprefix(f"{INTERIM}.")
        return not_null_error(table, column)
    if what == "CHECK":
        message = f'new row for relation "{spoken}" violates check constraint "{detail}"'
        return _at(table, SqlError(CHECK_VIOLATION, message), constraint=detail)
    if what == "UNIQUE":
        constraint = _unique_name(detail, table, catalog)
        message = f'duplicate key value violates unique constraint "{constraint}"'
        return _at(table, SqlError(UNIQUE_VIOLATION, message), constraint=constraint)
    return EngineError(f"the SQL engine reports a constraint that the checker should have kept: {text}")


def not_null_error(table: Table, column: str) -> SqlError:
    """The error for NULL in a column that takes none."""
    relation = split_name(table.name)[1]
    message = f'null value in column "{column}" of relation "{relation}" violates not-null constraint'
    return _at(table, SqlError(NOT_NULL_VIOLATION, message), column=column)


def _at(table: Table, error: SqlError, **details: str) -> SqlError:
    """The error with what GET STACKED DIAGNOSTICS tells of it."""
    schema, name = split_name(table.name)
    error.details = {"schema": schema, "table": name, **details}
    return error


def _table_of(detail: str, catalog: Catalog) -> Table | None:
    """The table whose name, with a point behind, begins the message's detail: cascades reach other tables."""
    contract, _, rest = detail.partition(".")
    base = rest.partition(".")[0]
    return catalog.tables.get(TableName(f"{contract}.{base}"))


def _unique_name(detail: str, table: Table, catalog: Catalog) -> str:
    """The constraint whose columns the message lists."""
    base = split_name(table.name)[1]
    candidates = [(f"{base}_pkey", table.primary_key)]
    candidates += [(unique.name, unique.columns) for unique in table.uniques]
    candidates += [(index.name.partition(".")[2], index.columns) for index in indexes_of(catalog, table.name)]
    for name, columns in candidates:
        if detail == ", ".join(f"{table.name}.{column}" for column in columns):
            return name
    return "unknown"
