"""Bulk loads: checks column by column in loops that run at C's speed, then one prepared statement for all rows."""

import math
import operator
import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

import apsw

from aergo_vc.base.ids import TableName
from aergo_vc.base.limits import ROW_BYTES
from aergo_vc.model.floats import single
from aergo_vc.model.patterns import PATTERNS
from aergo_vc.model.routines import EnumType
from aergo_vc.model.schema import Catalog, Column, Table, split_name, spoken_name
from aergo_vc.model.spelling import CHECKS
from aergo_vc.model.transactions import LoadMode
from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind, Row
from aergo_vc.sql.errors import DATATYPE_MISMATCH, INVALID_TEXT, OUT_OF_RANGE, TOO_LONG, UNDEFINED_TABLE, SqlError
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.layouts import Layout, check_sizes
from aergo_vc.sql.running.row_changes import InsertedRows
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.running.table_access import insert_sql, key_test
from aergo_vc.sql.running.translated_errors import not_null_error, translated
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.values import encoder, storable_text

_ROWS_TOGETHER = 50


def load(
    db: apsw.Connection, catalog: Catalog, capture: Capture, name: TableName, *, columns: Sequence[str], mode: LoadMode,
    rows: Iterable[Row], gone: Iterable[Row], checked: bool = False,
) -> None:  # fmt: skip
    """Delete `gone`, write `rows`; what changed is in the capture's frame.  Foreign keys are left to the caller.

    `checked` says that both were read from trees of the table and of its keys, which leaves few rules to check.
    """
    table = catalog.tables.get(name)
    if table is None:
        raise SqlError(UNDEFINED_TABLE, f'relation "{spoken_name(name)}" does not exist')
    if tuple(columns) != tuple(column.name for column in table.columns):
        raise SqlError(DATATYPE_MISMATCH, f'the load is for other columns than those of "{spoken_name(name)}"')
    layout = capture.layout(name)
    keys = list(gone)
    if keys:
        columns_of_key = [table.columns[place] for place in layout.positions]
        if checked:
            _check_open_rules(table, columns_of_key, keys)
        else:
            _check_columns(table, columns_of_key, keys)
        sql = f"DELETE FROM {quote_name(name)} WHERE {key_test(table)}"
        _many(db, catalog, name, sql, map(layout.encode_key, keys))
    given = list(rows)
    if not given:
        return
    _check_labels(catalog, table, given)
    kept = _kept(table, given) if checked else _checked(table, given)
    if mode is LoadMode.APPEND and not capture.has_changes(name):
        _append(db, catalog, capture, layout, given=given, kept=kept)
    else:
        _many(db, catalog, name, _upsert_sql(table) if mode is LoadMode.UPSERT else insert_sql(table), kept)


def _check_labels(catalog: Catalog, table: Table, rows: Sequence[Row]) -> None:
    """Raise SqlError 22P02 for a value of an enumeration's column that is no label: trees know no labels."""
    for place, column in enumerate(table.columns):
        found = catalog.types.get(column.type.name) if column.type.name is not None else None
        if isinstance(found, EnumType):
            for value in set(_cell(rows, place)).difference(found.labels, (None,)):
                name = found.name.removeprefix("public.")
                raise SqlError(INVALID_TEXT, f'invalid input value for enum {name}: "{str(value)[:100]}"')


def _append(
    db: apsw.Connection, catalog: Catalog, capture: Capture, layout: Layout, *, given: list[Row], kept: Iterable[Row]
) -> None:
    """Insert alone: what changed is known beforehand, so SQLite need not report each row."""
    db.preupdate_hook(None)
    try:
        insert_many(db, layout.table, kept)
    except apsw.Error as error:
        raise translated(error, catalog, layout.table.name) from error
    finally:
        db.preupdate_hook(capture.listener)
    capture.add_inserted(layout.table.name, InsertedRows(layout, len(given), lambda: given))


def _many(db: apsw.Connection, catalog: Catalog, name: TableName, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    try:
        db.executemany(sql, rows)
    except apsw.Error as error:
        raise translated(error, catalog, name) from error


def insert_many(db: apsw.Connection, table: Table, rows: Iterable[Sequence[Any]], *, replace: bool = False) -> None:
    """Insert rows as they are kept, many by one statement, which is faster by a third than one by one."""
    width = len(table.columns)
    together = max(1, min(_ROWS_TOGETHER, db.limit(apsw.SQLITE_LIMIT_VARIABLE_NUMBER) // width))
    sql = insert_sql(table, together, replace=replace)
    values = chain.from_iterable(rows)
    while batch := tuple(islice(values, together * width)):
        if len(batch) < together * width:
            sql = insert_sql(table, len(batch) // width, replace=replace)
        db.execute(sql, batch)


def is_free_of_rules(catalog: Catalog, table: Table, longest: int) -> bool:
    """Whether all that a tree of the table can hold, in rows of at most `longest` bytes, may come into it while empty.

    False if there is a rule that the reading of trees leaves open, or if rows of other tables refer to the table's.
    """
    for column in table.columns:
        if column.type.kind is Kind.CHAR:
            return False
        if column.type.kind is Kind.NUMERIC and column.type.precision is None and longest > numbers.DIGITS:
            return False
    if table.uniques or table.checks or table.foreign_keys:
        return False
    if any(index.unique for index in catalog.indexes.values() if index.table == table.name):
        return False
    return not any(key.target == table.name for other in catalog.tables.values() for key in other.foreign_keys)


def _upsert_sql(table: Table) -> str:
    keys = ", ".join(map(quote_name, table.primary_key))
    others = [quote_name(column.name) for column in table.columns if column.name not in table.primary_key]
    others = others or [quote_name(table.primary_key[0])]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"{insert_sql(table)} ON CONFLICT ({keys}) DO UPDATE SET {assignments}"


def _checked(table: Table, rows: list[Row]) -> Iterable[Row]:
    """The rows as they are kept; raises SqlError for a value that is not in its column's canonical form."""
    cells = _check_columns(table, table.columns, rows)
    if not _surely_small(table, cells):
        check_sizes(Layout(table), rows)
    return _all_encoded(table, rows, cells)


def _kept(table: Table, rows: list[Row]) -> Iterable[Row]:
    """The same for rows that were read from a tree of the table."""
    _check_open_rules(table, table.columns, rows)
    if all(encoder(column.type) is None for column in table.columns):
        return rows
    return _all_encoded(table, rows, [_cell(rows, place) for place in range(len(table.columns))])


def _all_encoded(table: Table, rows: list[Row], cells: Sequence[Sequence[Any]]) -> Iterable[Row]:
    """The rows, whose values column by column are `cells`, as they are kept."""
    encoded = [_encoded(column.type, cell) for column, cell in zip(table.columns, cells, strict=True)]
    if all(kept is cell for kept, cell in zip(encoded, cells, strict=True)):
        return rows
    return zip(*encoded, strict=True)


def _encoded(column_type: ColumnType, cell: Sequence[Any]) -> Sequence[Any]:
    """A column's values as they are kept; the same object if they are kept as they are."""
    encode = encoder(column_type)
    if encode is None:
        return cell
    if None in cell:
        return [None if value is None else encode(value) for value in cell]
    if column_type.kind is Kind.NUMERIC:  # its values have one scale, so that the point can go from all at once
        return list(map(int, "\n".join(cell).replace(".", "").split("\n")))
    return list(map(encode, cell))


def _surely_small(table: Table, cells: Sequence[Sequence[Any]]) -> bool:
    """Whether no row can be too long, seen from the longest value of each column."""
    longest = [
        max(map(len, filter(None, cell)), default=0) if _is_text(column.type) else 26
        for column, cell in zip(table.columns, cells, strict=True)
    ]
    key = sum(longest[place] for place in table.key_positions)
    return sum(6 * length + 4 for length in longest) <= ROW_BYTES and key <= 150  # noqa: PLR2004 - a tenth of the limit


def _is_text(column_type: ColumnType) -> bool:
    return (
        column_type.kind not in INTEGER_BITS and column_type.kind is not Kind.BOOLEAN and column_type.kind not in FLOATS
    )


def _check_columns(table: Table, columns: Sequence[Column], rows: Sequence[Row]) -> list[Sequence[Any]]:
    """The values column by column, each checked."""
    widths = set(map(len, rows))
    if widths != {len(columns)}:
        raise SqlError(DATATYPE_MISMATCH, f'a row for "{spoken_name(table.name)}" has the wrong number of values')
    cells = [_cell(rows, place) for place in range(len(columns))]
    for column, cell in zip(columns, cells, strict=True):
        kinds = set(map(type, cell))
        values = cell
        if type(None) in kinds:
            if column.not_null:
                raise not_null_error(table, column.name)
            kinds.discard(type(None))
            values = [value for value in cell if value is not None]
        if values and not (kinds == {_python_type(column.type)} and _all_fit(column.type, values)):
            raise _first_misfit(table, column, values)
    return cells


def _cell(rows: Sequence[Row], place: int) -> Sequence[Any]:
    return list(map(operator.itemgetter(place), rows))


def _check_open_rules(table: Table, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Check what the reading of trees leaves open: blanks at the end of a char, and the digits of a numeric."""
    for place, column in enumerate(columns):
        if column.type.kind is Kind.CHAR or (column.type.kind is Kind.NUMERIC and column.type.precision is None):
            values = list(filter(None, _cell(rows, place)))
            if column.type.kind is Kind.NUMERIC and max(map(len, values), default=0) <= numbers.DIGITS:
                continue
            if values and not _all_fit(column.type, values):
                raise _first_misfit(table, column, values)


def _python_type(column_type: ColumnType) -> type:
    if column_type.kind in INTEGER_BITS:
        return int
    return {Kind.BOOLEAN: bool, Kind.DOUBLE: float, Kind.REAL: float}.get(column_type.kind, str)


def _all_fit(column_type: ColumnType, values: Sequence[Any]) -> bool:
    kind = column_type.kind
    if kind in INTEGER_BITS:
        top = numbers.MAXIMUM[kind]
        return bool(-top - 1 <= min(values) and max(values) <= top)
    if kind is Kind.BOOLEAN:
        return True
    if kind in FLOATS:
        return _floats_fit(kind, values)
    if kind in (Kind.TEXT, Kind.VARCHAR, Kind.CHAR, Kind.ENUM):
        return _texts_fit(column_type, values)
    return _spellings_fit(column_type, values)


def _floats_fit(kind: Kind, values: Sequence[float]) -> bool:
    if kind is Kind.REAL and any(single(value) != value for value in values):
        return False
    return all(map(math.isfinite, values)) and not (0.0 in values and "-0.0" in map(repr, values))


def _texts_fit(column_type: ColumnType, values: Sequence[str]) -> bool:
    joined = "".join(values)
    try:
        storable_text(joined)
    except SqlError:
        return False
    if column_type.length is not None and max(map(len, values)) > column_type.length:
        return False
    return column_type.kind is not Kind.CHAR or not any(value.endswith(" ") for value in values)


def _spellings_fit(column_type: ColumnType, values: Sequence[str]) -> bool:
    if column_type.kind in CHECKS:
        return all(map(CHECKS[column_type.kind], values))
    pattern = _numeric_pattern(column_type) if column_type.kind is Kind.NUMERIC else PATTERNS[column_type.kind]
    return re.fullmatch(f"(?:(?:{pattern})\n)*+", "\n".join(values) + "\n", re.ASCII) is not None


def _numeric_pattern(column_type: ColumnType) -> str:
    """Canonical decimals of the type: without a sign before zero."""
    if column_type.precision is None:
        limit = numbers.DIGITS
        return rf"(?!-0(?:\.0+)?\n)-?(?:0|[1-9]\d{{0,{limit - 1}}})(?:\.\d{{1,{limit}}})?"
    scale = column_type.scale or 0
    whole = column_type.precision - scale
    digits = rf"(?:0|[1-9]\d{{0,{whole - 1}}})" if whole else "0"
    fraction = rf"\.\d{{{scale}}}" if scale else ""
    return rf"(?!-0(?:\.0+)?\n)-?{digits}{fraction}"


def _first_misfit(table: Table, column: Column, values: Sequence[Any]) -> SqlError:
    """The error for the first value that does not fit."""
    wanted = _python_type(column.type)
    for value in values:
        if type(value) is wanted and _all_fit(column.type, (value,)):
            continue
        shown = str(value)[:100]
        where = f'column "{column.name}" of relation "{split_name(table.name)[1]}"'
        if wanted is int and type(value) is int:
            return SqlError(OUT_OF_RANGE, f"value {shown} is out of range for {where} of type {column.type}")
        if column.type.length is not None and isinstance(value, str) and len(value) > column.type.length:
            return SqlError(TOO_LONG, f"value too long for {where} of type {column.type}")
        return SqlError(INVALID_TEXT, f'value "{shown}" is not a canonical {column.type} for {where}')
    raise AssertionError("some value was found not to fit")
