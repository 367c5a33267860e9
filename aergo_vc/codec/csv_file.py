"""CSV files (RFC 4180): users' tables in and out.

Fields are separated by commas, rows end with LF or CRLF, the last line end may be missing.  A field that holds a comma,
a quote or a line break stands between quotes, a quote within doubled; a quote anywhere else is an error, as is a
carriage return that ends no line.  The first row names the columns and every row has as many fields.  NULL is an empty
field without quotes and ``""`` is the empty text, as in PostgreSQL's ``COPY … (FORMAT csv)``; so an empty line is a row
of a one-column table.

Reading is done in bulk where it can be.  A file without quotes whose rows have as many fields is cut at once.  In
others a line is *plain* if, cut at every comma, it has the right number of fields and each is ``"…"`` without a quote
inside or has no quote at all.  A plain line at which a row begins is that row, so plain lines are cut all at once; the
rest are read one by one.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

from aergo_vc.base.limits import ROW_BYTES
from aergo_vc.codec.text_file import check_text
from aergo_vc.model.tabular import BadFile, EmptyFile, TabularData, Text, check_columns, check_row_sizes, shown

_FIELD = re.compile(rb'"(?:[^"]++|"")*+"|[^",\r\n]*+')
_ROW_FIELDS = re.compile(r'(?:\A|,)("(?:[^"]++|"")*+"|[^",\r\n]*+)')
_PLAIN_FIELD = rb'(?:[^",\r\n]*+|"[^",\r\n]++")'
_PLAIN_LINE = re.compile(rb"%b(?:,%b)*+\r?" % (_PLAIN_FIELD, _PLAIN_FIELD))
_PLAIN_FIELDS = re.compile(rb'[^"]*+(?:(?<=[,\n])"[^",\n]++"[,\n][^"]*+)*+')
"""Matches lines between line feeds, all of whose quotes are those around plain fields."""
_EMPTY_TEXT = re.compile(rb'""(?<=[,\n]"")(?=[,\r\n])')
_EMPTY_TEXT_MARK = "\0"
"""Stands for a quoted empty field in plain lines; no file holds it."""
_FEED_TO_COMMA = bytes.maketrans(b"\n", b",")
_ALL_BUT_SEPARATORS = bytes(byte for byte in range(256) if byte not in b",\n")

_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_ROWS_AT_ONCE = 8_192
_EXCERPT = 60


class CsvSyntaxError(BadFile):
    """Quotes or carriage returns stand where RFC 4180 has none."""

    code = "E_CSV"


class RaggedRow(BadFile):
    """A row has more or fewer fields than the file has columns."""

    code = "E_CSV_RAGGED"


def read_csv(data: bytes, source: str) -> TabularData:
    """The table in the bytes of a CSV file; `source` names it in messages.

    A file of column names alone is a table without rows.  Raises the subclasses of BadFile.
    """
    text = check_text(data, source)
    return _read_unquoted(text, source) or _Reader(text, source).read()


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Text]], stream: BinaryIO) -> None:
    """Write column names and rows as CSV with LF line ends, quoting only what needs it."""
    stream.write(_lines([columns]).encode())
    iterator = iter(rows)
    while batch := list(islice(iterator, _ROWS_AT_ONCE)):
        stream.write(_lines(batch).encode())


def _lines(rows: Sequence[Sequence[Text]]) -> str:
    columns = [_quoted(column) for column in zip(*rows, strict=True)]
    return "\n".join(map(",".join, zip(*columns, strict=True))) + "\n"


def _quoted(column: Sequence[Text]) -> Sequence[str]:
    """The fields of some rows of a column.  Whether any needs quotes is asked of all of them together."""
    if None not in column and "" not in column and _NEEDS_QUOTES.search("".join(column)) is None:  # type: ignore[arg-type]
        return column  # type: ignore[return-value]
    return ["" if text is None else _quoted_text(text) for text in column]


def _quoted_text(text: str) -> str:
    if text and _NEEDS_QUOTES.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def _read_unquoted(data: bytes, source: str) -> TabularData | None:
    """The table in a file without quotes, all of whose lines have as many fields; None if that is not all there is."""
    if not data or b'"' in data or data.endswith(b"\r"):
        return None
    text = (data if data.endswith(b"\n") else data + b"\n").replace(b"\r\n", b"\n")
    header, _, body = text.partition(b"\n")
    width, count = header.count(b",") + 1, body.count(b"\n")
    if body.translate(None, _ALL_BUT_SEPARATORS) != (b"," * (width - 1) + b"\n") * count:
        return None
    if b"\r" in text or not _has_short_lines(body):
        return None
    columns = tuple(header.decode().split(","))
    check_columns(source, 1, columns)
    joined = body.translate(_FEED_TO_COMMA)
    fields = cast("list[Text]", joined.decode().split(","))
    fields.pop()
    if joined.startswith(b",") or b",," in joined:
        fields = [field or None for field in fields]
    return TabularData(source, columns, tuple(fields[place::width] for place in range(width)), range(2, count + 2))


def _has_short_lines(text: bytes) -> bool:
    """Whether no line is longer than rows may be."""
    position = 0
    while len(text) - position > ROW_BYTES:
        position = text.rfind(b"\n", position, position + ROW_BYTES + 1) + 1
        if position == 0:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Rows:
    """The lines from `body` on in which rows begin, and the fields of those rows that are not plain lines."""

    body: int
    starts: Sequence[int]
    special: dict[int, list[Text]]


class _Reader:
    """Reads one file.  Positions of lines count from 0, their numbers in messages from 1."""

    def __init__(self, data: bytes, source: str) -> None:
        self._source = source
        self._data = data
        self._lines = data.split(b"\n")
        self._unended = len(self._lines) - 1
        """Position of the line that lacks its line end, if the last one does."""
        if self._lines[-1] == b"":
            self._lines.pop()
        self._marked = b'""' in data
        self._plain_lines = self._lines
        """The lines with a mark for each quoted empty field: right in lines that are plain, used for no others."""
        if self._marked:
            self._plain_lines = _EMPTY_TEXT.sub(_EMPTY_TEXT_MARK.encode(), data).split(b"\n")[: len(self._lines)]
        self._columns: tuple[str, ...] = ()

    def read(self) -> TabularData:
        if not self._lines:
            raise EmptyFile(
                f"{self._source}: the file is empty; its first line must name the columns", source=self._source
            )
        header, body = self._read_row(0)
        self._columns = tuple(name or "" for name in header)
        check_columns(self._source, 1, self._columns)
        rows, text = self._find_rows(body)
        lines = (
            range(body + 1, len(self._lines) + 1) if isinstance(rows.starts, range) else [n + 1 for n in rows.starts]
        )
        data = TabularData(self._source, self._columns, self._cut(rows, text), lines)
        check_row_sizes(data, self._long_rows(rows))
        return data

    def _find_rows(self, body: int) -> tuple[_Rows, bytes]:
        """The rows from line `body` on, and their text without those that are not plain.

        No suspect is read before all other lines are known to be plain, for one of them might belong to a row that
        began on such a line.
        """
        positions = range(body, len(self._lines))
        suspects = self._suspects(positions)
        text = self._joined(positions, suspects)
        if _PLAIN_FIELDS.fullmatch(text) is None:
            suspects = {at for at in positions if not self._is_plain(at)}
            text = self._joined(positions, suspects)
        rows = self._read_suspects(positions, suspects)
        if rows.starts is not positions:
            text = self._joined(rows.starts, rows.special)
        return rows, text

    def _suspects(self, positions: range) -> set[int]:
        """The lines that a quick look finds not to be plain; others may not be either."""
        commas = len(self._columns) - 1
        lines = self._plain_lines[positions.start :]
        found = {at for at, line in enumerate(lines, positions.start) if line.count(b",") != commas}
        if self._marked:
            found.update(at for at, line in enumerate(lines, positions.start) if b'""' in line)
        if self._data.count(b"\r") != self._data.count(b"\r\n"):
            found.update(at for at in positions if b"\r" in self._lines[at] and not self._is_plain(at))
        return found

    def _is_plain(self, at: int) -> bool:
        line = self._plain_lines[at]
        if line.count(b",") != len(self._columns) - 1 or _PLAIN_LINE.fullmatch(line) is None:
            return False
        return at != self._unended or not line.endswith(b"\r")

    def _joined(self, positions: Sequence[int], left_out: Container[int]) -> bytes:
        """The lines at `positions` between line feeds; in place of those left out, rows of NULLs."""
        if left_out:
            place = b"," * (len(self._columns) - 1)
            lines = [place if at in left_out else self._plain_lines[at] for at in positions]
        else:
            lines = self._plain_lines[positions[0] :] if positions else []
        text = b"\n".join([b"", *lines, b""])
        return text.replace(b"\r\n", b"\n") if b"\r" in self._data else text

    def _read_suspects(self, positions: range, suspects: set[int]) -> _Rows:
        special: dict[int, list[Text]] = {}
        continuing: set[int] = set()
        for at in sorted(suspects):
            if at not in continuing:
                fields, end = self._read_row(at)
                if len(fields) != len(self._columns):
                    raise self._ragged(at, fields)
                special[at] = fields
                continuing.update(range(at + 1, end))
        starts = [at for at in positions if at not in continuing] if continuing else positions
        return _Rows(positions.start, starts, special)

    def _cut(self, rows: _Rows, text: bytes) -> tuple[list[Text], ...]:
        """The cells by column: plain lines are cut together, other rows put into the places kept for them."""
        width = len(self._columns)
        fields = text[1:].translate(_FEED_TO_COMMA, b'"').decode().split(",")
        fields.pop()
        cells = tuple(_with_nulls(fields[position::width], marked=self._marked) for position in range(width))
        for row, at in enumerate(rows.starts) if rows.special else ():
            if at in rows.special:
                for column, field in zip(cells, rows.special[at], strict=True):
                    column[row] = field
        return cells

    def _read_row(self, at: int) -> tuple[list[Text], int]:
        """The fields of the row that begins at line `at`, whatever it holds, and the position of the line behind it."""
        end = at + 1
        quotes = self._lines[at].count(b'"')
        while quotes % 2 and end < len(self._lines):
            quotes += self._lines[end].count(b'"')
            end += 1
        text = b"\n".join(self._lines[at:end])
        if end - 1 != self._unended:
            text = text.removesuffix(b"\r")
        characters = text.decode()
        fields: list[str] = _ROW_FIELDS.findall(characters)
        if sum(map(len, fields)) + len(fields) - 1 != len(characters):
            raise self._misplaced(text, at)
        return [
            field[1:-1].replace('""', '"') if field[:1] == '"' else field or None for field in fields
        ], end  # fmt: skip

    def _misplaced(self, text: bytes, at: int) -> CsvSyntaxError:
        """The error in the text of a row, which begins at line `at`: the first character that has no place."""
        column = 0
        position = -1
        while column == 0 or text[position] == ord(","):
            start = position + 1
            column += 1
            match = _FIELD.match(text, start)
            position = start if match is None else match.end()
        if text[position] == ord("\r"):
            rule = "a carriage return outside quotes ends no line"
        elif position == start:
            rule = "the quoted field is not closed"
        elif text[start] == ord('"'):
            rule = "a closing quote must be followed by a comma or the end of the line"
        else:
            rule = "a quote stands in a field that does not begin with one"
        line = at + 1 + text.count(b"\n", 0, position)
        name = self._columns[column - 1] if column <= len(self._columns) else None
        where = f"column {column}" if name is None else f"column {shown(name)}"
        value = text[start : start + _EXCERPT].split(b"\n")[0].decode(errors="ignore")
        return CsvSyntaxError(
            f"{self._source}:{line}: {where}: {rule}: {shown(value)}",
            source=self._source, line=line, position=column, column=name, value=value, rule=rule,
        )  # fmt: skip

    def _ragged(self, at: int, fields: list[Text]) -> RaggedRow:
        expected, found = len(self._columns), len(fields)
        detail = f"none for column {shown(self._columns[found])}" if found < expected else (
            f"{shown(fields[expected] or '')} is beyond the last column {shown(self._columns[-1])}"
        )  # fmt: skip
        return RaggedRow(
            f"{self._source}:{at + 1}: {_count(found, 'field')} instead of {expected}: {detail}",
            source=self._source, line=at + 1, fields=found, expected=expected,
        )  # fmt: skip

    def _long_rows(self, rows: _Rows) -> list[int]:
        """The rows that might be too long: the lines of all others are shorter than rows may be."""
        if len(rows.starts) == len(self._lines) - rows.body and max(map(len, self._lines)) <= ROW_BYTES:
            return []
        ends = [*rows.starts[1:], len(self._lines)]
        return [
            row for row, (start, end) in enumerate(zip(rows.starts, ends, strict=True))
            if sum(map(len, self._lines[start:end])) + end - start > ROW_BYTES
        ]  # fmt: skip


def _with_nulls(column: list[str], *, marked: bool) -> list[Text]:
    if marked and _EMPTY_TEXT_MARK in column:
        return [None if field == "" else "" if field == _EMPTY_TEXT_MARK else field for field in column]
    return [field or None for field in column] if "" in column else cast("list[Text]", column)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
