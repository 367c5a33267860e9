"""Row chunks: the files that hold a table's rows, one row a line.

A line is the row's values as a canonical JSON array in column order, ended by a line feed.  Integers are JSON numbers,
booleans ``true`` and ``false``, NULL is ``null``, floats a JSON number in the shortest spelling that reads
back as the same value; all other kinds are strings (``aergo_vc.model.types``), so that no reader rounds a numeric.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import copysign
from typing import Annotated, Any

import msgspec

from aergo_vc.base.errors import FormatError
from aergo_vc.base.limits import CHUNK_BYTES, ROW_BYTES
from aergo_vc.model.floats import single
from aergo_vc.model.patterns import PATTERNS
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.spelling import CHECKS
from aergo_vc.model.types import INTEGER_BITS, Kind, Row

_encoder = msgspec.json.Encoder()
_NEGATIVE_ZERO = re.compile(rb"[\[,]-0\.0[\],]")
"""How -0.0 looks in a line; texts may hold the same."""


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
    """Reads rows of one table strictly: types, ranges, spelling, sizes.

    Texts hold no NUL, which SQLite's text functions take for an end; a double is never -0.0, which is equal to another
    value; the columns of the primary key are not NULL.  All methods raise BadChunk.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._decoder = msgspec.json.Decoder(_row_type(columns, spelled=True))
        self._checks = [
            (place, check)
            for place, column in enumerate(columns)
            if (check := _CHECKS.get(column.type.kind)) is not None
        ]
        self._known_decoder = msgspec.json.Decoder(_row_type(columns, spelled=False))

    @classmethod
    def of(cls, table: Table) -> "RowReader":
        key = set(table.primary_key)
        return cls([replace(column, not_null=column.not_null or column.name in key) for column in table.columns])

    def decode(self, chunk: bytes) -> list[Row]:
        """The rows of a chunk, of which there is one at least, in the order of its lines."""
        if len(chunk) > CHUNK_BYTES:
            raise BadChunk(f"a chunk has {len(chunk)} bytes; {CHUNK_BYTES} are allowed")
        if not chunk:
            raise BadChunk("a chunk holds no row")
        if len(chunk) > ROW_BYTES:
            check_row_size(max(chunk.split(b"\n"), key=len))
        return self.decode_lines(chunk)

    def decode_lines(self, lines: bytes) -> list[Row]:
        """The rows of any number of lines, each ended by a line feed, of any length."""
        check_texts(lines)
        rows: list[Row] = self._decoded(lines, self._decoder)
        if _encoder.encode_lines(rows) != lines:
            raise BadChunk("a chunk's rows are not in canonical spelling")
        check_doubles(lines, rows)
        self.check_values(rows)
        return rows

    def check_values(self, rows: Iterable[Row]) -> None:
        """Raise BadChunk for a value whose spelling no pattern describes and that is not in its kind's."""
        for place, check in self._checks:
            for row in rows:
                if row[place] is not None and not check(row[place]):
                    raise BadChunk("a value is not in the spelling of its column's type")

    def decode_known_lines(self, lines: bytes) -> list[Row]:
        """The rows of lines that were decoded before, or made here: checks types, and not spelling."""
        return self._decoded(lines, self._known_decoder)

    @staticmethod
    def _decoded(lines: bytes, decoder: "msgspec.json.Decoder[Any]") -> list[Row]:
        try:
            rows: list[Row] = decoder.decode_lines(lines)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise BadChunk(f"a row is not of its table's types: {problem}") from problem
        return rows

    def decode_known_line(self, line: bytes) -> Row:
        """Likewise the row of one line, without its line feed."""
        try:
            row: Row = self._known_decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise BadChunk(f"a row is not of its table's types: {problem}") from problem
        return row


def check_row_size(line: bytes) -> None:
    """Raise BadChunk if a row's line, without its line feed, is longer than rows may be."""
    if len(line) > ROW_BYTES:
        raise BadChunk(f"a row takes {len(line)} bytes; {ROW_BYTES} are allowed")


def check_texts(lines: bytes) -> None:
    """Raise BadChunk if a text in canonical lines holds a NUL."""
    if b"\\u0000" in lines and _holds_nul(lines):
        raise BadChunk("a text holds a NUL character")


def check_doubles(lines: bytes, rows: Iterable[Row]) -> None:
    """Raise BadChunk if a double among `rows`, whose canonical lines are `lines`, is -0.0."""
    if b"-0.0" in lines and _NEGATIVE_ZERO.search(lines) is not None and _holds_negative_zero(rows):
        raise BadChunk("a double precision value is -0.0")


def _holds_nul(chunk: bytes) -> bool:
    """Whether an escape for NUL stands in `chunk`: one whose backslash is not itself escaped."""
    return re.search(rb"(?<!\\)(?:\\\\)*\\u0000", chunk) is not None


def _holds_negative_zero(rows: Iterable[Row]) -> bool:
    return any(isinstance(value, float) and value == 0 and copysign(1, value) < 0 for row in rows for value in row)


_CHECKS: dict[Kind, Callable[[Any], bool]] = {**CHECKS, Kind.REAL: lambda value: single(value) == value}


def _row_type(columns: Sequence[Column], *, spelled: bool) -> Any:  # noqa: ANN401 - a type made at run time
    return tuple.__class_getitem__(tuple(_column_type(column, spelled=spelled) for column in columns))


def _column_type(column: Column, *, spelled: bool) -> Any:  # noqa: ANN401 - a type made at run time
    kind = column.type.kind
    made = str if not spelled and (kind in PATTERNS or kind is Kind.NUMERIC) else _PYTHON_TYPES[kind](column)
    return made if column.not_null else made | None


def _integer(column: Column) -> Any:  # noqa: ANN401
    bound = 1 << INTEGER_BITS[column.type.kind] - 1
    return Annotated[int, msgspec.Meta(ge=-bound, le=bound - 1)]


def _text(column: Column) -> Any:  # noqa: ANN401
    if column.type.length is None:
        return str
    return Annotated[str, msgspec.Meta(max_length=column.type.length)]


def _pattern(column: Column) -> Any:  # noqa: ANN401
    return _matching(PATTERNS[column.type.kind])


def _numeric(column: Column) -> Any:  # noqa: ANN401
    if column.type.precision is None:
        return _matching(r"(?!-0(?:\.0+)?\Z)-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
    scale = column.type.scale or 0
    whole = column.type.precision - scale
    digits = rf"(?:0|[1-9][0-9]{{0,{whole - 1}}})" if whole else "0"
    fraction = rf"\.[0-9]{{{scale}}}" if scale else ""
    return _matching(rf"(?!-[0.]+\Z)-?{digits}{fraction}")


def _matching(pattern: str) -> Any:  # noqa: ANN401
    return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{pattern})\Z")]


_PYTHON_TYPES: dict[Kind, Callable[[Column], Any]] = {
    **dict.fromkeys(INTEGER_BITS, _integer),
    **dict.fromkeys((Kind.TEXT, Kind.VARCHAR, Kind.CHAR, Kind.ENUM, *CHECKS), _text),
    **dict.fromkeys(PATTERNS, _pattern),
    Kind.NUMERIC: _numeric,
    Kind.BOOLEAN: lambda _: bool,
    Kind.DOUBLE: lambda _: float,
    Kind.REAL: lambda _: float,
}
