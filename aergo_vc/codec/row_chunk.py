"""Row chunks: the files that hold a table's rows, one row a line.

A line is the row's values as a canonical JSON array in column order, ended by a line feed.  Integers are JSON numbers,
booleans ``true`` and ``false``, NULL is ``null``, double precision a JSON number in the shortest spelling that reads
back as the same value; all other kinds are strings (``aergo_vc.model.types``), so that no reader rounds a numeric.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import msgspec

from aergo_vc.base.errors import FormatError
from aergo_vc.base.limits import CHUNK_BYTES, ROW_BYTES
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import INTEGER_BITS, Kind, Row

_encoder = msgspec.json.Encoder()

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{0,5}[1-9])?"
_PATTERNS = {
    Kind.NUMERIC: r"-?(?:0|[1-9]\d*)(?:\.\d+)?",
    Kind.DATE: _DATE,
    Kind.TIME: _TIME,
    Kind.TIMESTAMP: f"{_DATE} {_TIME}",
    Kind.TIMESTAMPTZ: rf"{_DATE} {_TIME}\+00",
    Kind.UUID: r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    Kind.BYTEA: r"\\x(?:[0-9a-f]{2})*",
}


class BadChunk(FormatError):
    """A chunk's bytes are not the canonical lines of rows of its table."""

    code = "E_CHUNK"


def encode_rows(rows: Iterable[Row]) -> bytes:
    """The lines of `rows`, whose values are in the canonical forms of their types."""
    return _encoder.encode_lines(rows)


def encode_row(row: Row) -> bytes:
    """The line of one row, without its line feed."""
    return _encoder.encode(row)


class RowReader:
    """Reads chunks of one table strictly: types, ranges, spelling, sizes.

    Texts hold no NUL, which SQLite's text functions take for an end.  `decode` raises BadChunk.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._decoder = msgspec.json.Decoder(_row_type(columns))

    @classmethod
    def of(cls, table: Table) -> "RowReader":
        return cls(table.columns)

    def decode(self, chunk: bytes) -> list[Row]:
        """The rows of a chunk in the order of its lines."""
        if len(chunk) > CHUNK_BYTES:
            raise BadChunk(f"a chunk has {len(chunk)} bytes; {CHUNK_BYTES} are allowed")
        if b"\\u0000" in chunk and _holds_nul(chunk):
            raise BadChunk("a text holds a NUL character")
        try:
            rows: list[Row] = self._decoder.decode_lines(chunk)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise BadChunk(f"a row is not of its table's types: {problem}") from problem
        if _encoder.encode_lines(rows) != chunk:
            raise BadChunk("a chunk's rows are not in canonical spelling")
        return rows

    def decode_line(self, line: bytes) -> Row:
        """The row of one line without its line feed; for lines of chunks that were read before."""
        row: Row = self._decoder.decode(line)
        return row


def decode_untyped(chunk: bytes) -> list[Row]:
    """The rows of a chunk that was checked before, without a look at types."""
    return _untyped.decode_lines(chunk)


_untyped: msgspec.json.Decoder[tuple[Any, ...]] = msgspec.json.Decoder(tuple[Any, ...])


def check_row_size(line: bytes) -> None:
    """Raise BadChunk if a row's line, without its line feed, is longer than rows may be."""
    if len(line) > ROW_BYTES:
        raise BadChunk(f"a row takes {len(line)} bytes; {ROW_BYTES} are allowed")


def _holds_nul(chunk: bytes) -> bool:
    """Whether an escape for NUL stands in `chunk`: one whose backslash is not itself escaped."""
    return re.search(rb"(?<!\\)(?:\\\\)*\\u0000", chunk) is not None


def _row_type(columns: Sequence[Column]) -> Any:  # noqa: ANN401 - a type made at run time
    return tuple.__class_getitem__(tuple(_column_type(column) for column in columns))


def _column_type(column: Column) -> Any:  # noqa: ANN401 - a type made at run time
    made = _PYTHON_TYPES[column.type.kind](column)
    return made if column.not_null else made | None


def _integer(column: Column) -> Any:  # noqa: ANN401
    bound = 1 << INTEGER_BITS[column.type.kind] - 1
    return Annotated[int, msgspec.Meta(ge=-bound, le=bound - 1)]


def _text(column: Column) -> Any:  # noqa: ANN401
    if column.type.length is None:
        return str
    return Annotated[str, msgspec.Meta(max_length=column.type.length)]


def _pattern(column: Column) -> Any:  # noqa: ANN401
    return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{_PATTERNS[column.type.kind]})\Z")]


_PYTHON_TYPES: dict[Kind, Callable[[Column], Any]] = {
    **dict.fromkeys(INTEGER_BITS, _integer),
    **dict.fromkeys((Kind.TEXT, Kind.VARCHAR, Kind.CHAR), _text),
    **dict.fromkeys(_PATTERNS, _pattern),
    Kind.BOOLEAN: lambda _: bool,
    Kind.DOUBLE: lambda _: float,
}
