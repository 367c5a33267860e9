"""Results as bytes: JSON, JSON lines, CSV, Parquet, Arrow.

JSON: ``json`` is one array with an object on each line, ``jsonl`` one object a line without brackets.  Whole numbers of
any size, doubles and booleans are JSON's; lists, structs and maps are nested JSON; all else, numerics above all, is
text in the ledger's spelling, so that nobody rounds it.  NaN and the infinities are the texts ``NaN``, ``Infinity`` and
``-Infinity``.  Columns of one name get ``_2``, ``_3``, … behind it.

CSV: RFC 4180 with a header; NULL is empty, an empty text is ``""``.

Parquet: DuckDB's types; of whole numbers beyond 64 bits a decimal.  Arrow: the IPC stream format, through pyarrow.
"""

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, BinaryIO

import msgspec

from aergo_vc.model.types import Value
from aergo_vc.query.column_types import ColumnInfo
from aergo_vc.query.results import Result


class OutputFormat(StrEnum):
    """The formats of results, under the names that users give."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


_encoder = msgspec.json.Encoder(decimal_format="number")
_nested = msgspec.json.Decoder(float_hook=Decimal)
_QUOTED_IN_CSV = re.compile(r'[",\r\n]|^\s|\s$|^$')


def write_result(result: Result, output_format: OutputFormat, stream: BinaryIO) -> int:
    """Write all rows of a result, none of which was read before; returns the bytes written.

    Raises as reading the rows does, and MissingPackageError.  What was written by then stays written.
    """
    if output_format in (OutputFormat.PARQUET, OutputFormat.ARROW):
        path = result.save(output_format.value)
        with path.open("rb") as file:
            shutil.copyfileobj(file, stream)
        size = path.stat().st_size
        path.unlink()
        return size
    return sum(stream.write(part) for part in _PARTS[output_format](result))


def distinct_names(columns: Sequence[ColumnInfo]) -> list[str]:
    """The columns' names, each once: the second ``a`` is ``a_2``, or the next number that is free."""
    names: list[str] = []
    taken = {column.name for column in columns}
    for column in columns:
        name, number = column.name, 2
        while name in names or (name != column.name and name in taken):
            name, number = f"{column.name}_{number}", number + 1
        names.append(name)
    return names


def _json_lines(result: Result) -> Iterator[bytes]:
    for batch in _object_batches(result):
        yield _encoder.encode_lines(batch)


def _json_array(result: Result) -> Iterator[bytes]:
    separator = b"[\n"
    for batch in _object_batches(result):
        yield separator + b",\n".join(map(_encoder.encode, batch))
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _object_batches(result: Result) -> Iterator[list[dict[str, Any]]]:
    names = distinct_names(result.columns)
    nested = [name for name, column in zip(names, result.columns, strict=True) if column.is_nested]
    doubles = [name for name, column in zip(names, result.columns, strict=True) if column.type in ("DOUBLE", "FLOAT")]
    for batch in result.batches():
        objects = [dict(zip(names, row, strict=True)) for row in batch]
        for name in nested:
            for made in objects:
                made[name] = _nested_value(made[name])
        for name in doubles:
            for made in objects:
                made[name] = _double(made[name])
        yield objects


def _nested_value(value: Value) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, str):
        return value
    try:
        return _nested.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _double(value: Value) -> Value:
    if not isinstance(value, float) or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _csv(result: Result) -> Iterator[bytes]:
    yield _csv_lines([[_csv_text(column.name)] for column in result.columns])
    for batch in result.batches():
        yield _csv_lines([_csv_fields(column) for column in zip(*batch, strict=True)])


def _csv_lines(columns: list[list[str]]) -> bytes:
    return ("\n".join(map(",".join, zip(*columns, strict=True))) + "\n").encode()


def _csv_fields(column: Sequence[Value]) -> list[str]:
    search = _QUOTED_IN_CSV.search
    return [
        (_csv_text(value) if search(value) else value) if isinstance(value, str) else _csv_plain(value)
        for value in column
    ]


def _csv_text(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _QUOTED_IN_CSV.search(value) else value


def _csv_plain(value: bool | float | None) -> str:  # noqa: FBT001 - a value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else repr(value)


_PARTS = {OutputFormat.JSON: _json_array, OutputFormat.JSONL: _json_lines, OutputFormat.CSV: _csv}
