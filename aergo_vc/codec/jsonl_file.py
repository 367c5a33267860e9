"""JSON Lines files: users' tables in and out, one JSON object (RFC 8259) a line.

The keys name the columns, in the order in which they first occur; a key that a line lacks is NULL there, as ``null``
is.  A number is the text that stands in the file, ``1.50`` not ``1.5``; a value that is an object or an array is an
error, as is a key that occurs twice.  Lines of white space count for nothing.

Writing keeps the columns' order, so that a table read again has it too; apart from that, and from numeric values, which
are numbers with their scale, lines are canonical JSON.  NULL is written as ``null``, so that no column is lost.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from aergo_vc.base.limits import ROW_BYTES
from aergo_vc.codec.text_file import HoldsNul, check_text
from aergo_vc.model.spelling import text_of
from aergo_vc.model.tabular import BadFile, EmptyFile, TabularData, Text, check_columns, check_row_sizes, shown
from aergo_vc.model.types import ColumnType, Kind, Row, Value

_Object = dict[str, Any]

_NEGATIVE_ZERO = re.compile(rb"-0\s*[,}]")
_ROWS_AT_ONCE = 8_192


class BadJsonLine(BadFile):
    """A line is no JSON object."""

    code = "E_JSONL"


class NestedValue(BadFile):
    """A value is an object or an array, which no column holds."""

    code = "E_JSONL_NESTED"


class RepeatedKey(BadFile):
    """An object has a key twice, so that one of its values would be lost."""

    code = "E_JSONL_KEY"


class _Number(str):
    """The text of a JSON number with a fraction or an exponent; integers are read as such."""

    __slots__ = ()


_decoder = msgspec.json.Decoder(_Object, float_hook=_Number)
_token_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def read_jsonl(data: bytes, source: str) -> TabularData:
    """The table in the bytes of a JSON Lines file; `source` names it in messages.

    `TabularData.textual` are the columns in which a string occurs.  Raises the subclasses of BadFile.
    """
    data = check_text(data, source)
    lines = data.split(b"\n")
    numbers = [number for number, line in enumerate(lines, 1) if line and not line.isspace()]
    if not numbers:
        raise EmptyFile(f"{source}: the file is empty; each line must be a JSON object", source=source)
    lines = [lines[number - 1] for number in numbers]
    columns = _Columns(source)
    for start in range(0, len(lines), _ROWS_AT_ONCE):
        batch = slice(start, start + _ROWS_AT_ONCE)
        columns.add(numbers[batch], _decode_lines(source, numbers[batch], lines[batch]))
    names, cells, textual = columns.finish()
    if b"\\u0000" in data:
        _refuse_nul(source, numbers, names, cells)
    table = TabularData(source, names, cells, numbers, textual)
    check_row_sizes(table, [row for row, line in enumerate(lines) if len(line) > ROW_BYTES])
    return table


def write_jsonl(columns: Sequence[str], types: Sequence[ColumnType], rows: Iterable[Row], stream: BinaryIO) -> None:
    """Write rows, whose values are in the canonical forms of `types`, as JSON objects, one a line."""
    numeric = [position for position, column_type in enumerate(types) if column_type.kind is Kind.NUMERIC]
    iterator = iter(rows)
    while batch := list(islice(iterator, _ROWS_AT_ONCE)):
        by_column: list[Sequence[Value | msgspec.Raw]] = list(zip(*batch, strict=True))
        for position in numeric:
            by_column[position] = [None if text is None else msgspec.Raw(str(text)) for text in by_column[position]]
        objects = [dict(zip(columns, row, strict=True)) for row in zip(*by_column, strict=True)]
        stream.write(_encoder.encode_lines(objects))


def _decode_lines(source: str, numbers: Sequence[int], lines: Sequence[bytes]) -> list[_Object]:
    rows: list[_Object] = []
    try:
        rows.extend(map(_decoder.decode, lines))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        number = numbers[len(rows)]
        raise BadJsonLine(
            f"{source}:{number}: expected a JSON object: {problem}", source=source, line=number
        ) from problem
    text = b"\n".join(lines)
    if _may_repeat(text, sum(map(len, rows))):
        _refuse_repetition(source, numbers, lines, rows)
    if _NEGATIVE_ZERO.search(text):
        for row, line in zip(rows, lines, strict=True):
            _keep_negative_zeros(row, line)
    return rows


def _may_repeat(text: bytes, kept: int) -> bool:
    """Whether valid JSON might have more members than the `kept` that were read, so that a key occurs twice.

    Unless white space stands before a colon, every member shows as a quote and a colon; strings may add to these.
    """
    if text.count(b'":') == kept and not any(blank in text for blank in (b" :", b"\t:", b"\r:")):
        return False
    return _count_members(text) != kept


def _count_members(text: bytes) -> int:
    """Members of all objects in valid JSON: the colons outside strings.  Values that are objects count theirs too."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(text.split(b'"')[::2]).count(b":")


def _refuse_repetition(source: str, numbers: Sequence[int], lines: Sequence[bytes], rows: Sequence[_Object]) -> None:
    for number, line, row in zip(numbers, lines, rows, strict=True):
        nested = any(isinstance(value, dict | list) for value in row.values())
        if not nested and _count_members(line) != len(row):
            raise RepeatedKey(f"{source}:{number}: the object has a key twice", source=source, line=number)


def _keep_negative_zeros(row: _Object, line: bytes) -> None:
    """Put back the text ``-0`` where an integer took its place."""
    if _NEGATIVE_ZERO.search(line):
        for name, token in _token_decoder.decode(line).items():
            if bytes(token) == b"-0":
                row[name] = _Number("-0")


class _Columns:
    """Collects columns from batches of rows, so that no more than a batch of objects is ever held."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._cells: dict[str, list[Text]] = {}
        self._textual: set[str] = set()
        self._rows = 0

    def add(self, numbers: Sequence[int], rows: Sequence[_Object]) -> None:
        shapes: dict[tuple[str, ...], int] = {}
        for row, members in enumerate(rows):
            shapes.setdefault(tuple(members), row)
        for shape, row in shapes.items():
            self._name(shape, numbers[row])
        if list(shapes) == [tuple(self._cells)]:
            columns: Iterable[Sequence[Any]] = zip(*map(dict.values, rows), strict=True)
        else:
            columns = ([members.get(name) for members in rows] for name in self._cells)
        for (name, cells), values in zip(self._cells.items(), columns, strict=True):
            types = set(map(type, values))
            if types & {dict, list}:
                raise _nested(self._source, numbers, name, values)
            if str in types:
                self._textual.add(name)
            cells.extend(_texts(values, types))
        self._rows += len(rows)

    def finish(self) -> tuple[tuple[str, ...], tuple[list[Text], ...], frozenset[int]]:
        """The names, the cells by column, and the positions of the columns that hold a string."""
        if not self._cells:
            raise EmptyFile(f"{self._source}: no object has a key to name a column", source=self._source)
        textual = (position for position, name in enumerate(self._cells) if name in self._textual)
        return tuple(self._cells), tuple(self._cells.values()), frozenset(textual)

    def _name(self, shape: Iterable[str], number: int) -> None:
        """Begin the columns that line `number` is the first to name; rows before it have NULL there."""
        known = len(self._cells)
        for name in shape:
            if name not in self._cells:
                self._cells[name] = [None] * self._rows
        if len(self._cells) > known:
            check_columns(self._source, number, list(self._cells))


def _texts(values: Sequence[Any], types: set[type]) -> list[Text]:
    """The texts of values of `types`; the usual columns, of one type, are done quickly."""
    if types <= {str, type(None)}:
        return list(values)
    if bool in types:
        return [
            text_of(value) if isinstance(value, bool) else None if value is None else str(value) for value in values
        ]
    return [None if value is None else str(value) for value in values]


def _nested(source: str, numbers: Sequence[int], name: str, values: Sequence[Any]) -> NestedValue:
    row, value = next((row, value) for row, value in enumerate(values) if isinstance(value, dict | list))
    kind = "an object" if isinstance(value, dict) else "an array"
    return NestedValue(
        f"{source}:{numbers[row]}: column {shown(name)}: {kind} instead of a string, number, boolean or null",
        source=source, line=numbers[row], column=name,
    )  # fmt: skip


def _refuse_nul(source: str, numbers: Sequence[int], names: Sequence[str], cells: Iterable[Sequence[Text]]) -> None:
    for name, texts in zip(names, cells, strict=True):
        for number, text in zip(numbers, texts, strict=True):
            if text is not None and "\0" in text:
                raise HoldsNul(
                    f"{source}:{number}: column {shown(name)}: {shown(text)} holds a NUL character; texts hold none",
                    source=source, line=number, column=name, value=text,
                )  # fmt: skip
