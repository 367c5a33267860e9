"""CSV files: what is read is what was written, and whatever is not CSV is refused where it stands."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.limits import ROW_BYTES, TABLE_COLUMNS
from aergo_vc.codec.csv_file import CsvSyntaxError, RaggedRow, read_csv, write_csv
from aergo_vc.codec.text_file import HoldsNul, NotUtf8
from aergo_vc.model.tabular import (
    BadColumnName,
    BadFile,
    EmptyFile,
    OversizedRow,
    RepeatedColumn,
    TabularData,
    Text,
    TooManyColumns,
)

TEXTS = st.none() | st.text(st.sampled_from('ab",\r\n é\x0b\u2028'), max_size=5) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)  # fmt: skip
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(st.just(width), st.lists(st.lists(TEXTS, min_size=width, max_size=width), max_size=6))
)


class Refused(Exception):
    """The model found the text not to be CSV."""


def model_rows(text: str) -> list[tuple[int, list[Text]]]:
    """A CSV reader of one character at a time: line numbers and fields."""
    rows: list[tuple[int, list[Text]]] = []
    position, line = 0, 1
    while position < len(text):
        first, fields = line, []
        while True:
            if text[position : position + 1] == '"':
                value, position = "", position + 1
                while text[position : position + 2] == '""' or text[position : position + 1] not in ("", '"'):
                    value += text[position]
                    line += text[position] == "\n"
                    position += 2 if text[position] == '"' else 1
                if position == len(text):
                    raise Refused
                position += 1
                fields.append(value)
            else:
                start = position
                while text[position : position + 1] not in ("", ",", "\r", "\n", '"'):
                    position += 1
                fields.append(text[start:position] or None)
            if text[position : position + 1] != ",":
                break
            position += 1
        end = next((end for end in ("\r\n", "\n") if text.startswith(end, position)), "")
        if not end and position < len(text):
            raise Refused
        position, line = position + len(end), line + 1
        rows.append((first, fields))
    return rows


def read(text: str) -> TabularData:
    return read_csv(text.encode(), "table.csv")


def written(columns: list[str], rows: list[list[Text]]) -> bytes:
    stream = io.BytesIO()
    write_csv(columns, rows, stream)
    return stream.getvalue()


@given(TABLES)
def test_a_table_that_was_written_is_read_again(table: tuple[int, list[list[Text]]]) -> None:
    width, rows = table
    columns = [f"c{position}" for position in range(width)]
    data = read_csv(written(columns, rows), "table.csv")
    assert data.columns == tuple(columns)
    assert [list(row) for row in data.rows()] == rows


@given(st.text(st.sampled_from('aab",,\n\n\r\0'), max_size=24), st.integers(1, 3), st.booleans())
def test_reading_in_bulk_agrees_with_a_reader_of_single_characters(text: str, width: int, crlf: bool) -> None:
    end = "\r\n" if crlf else "\n"
    text = ",".join("xyz"[:width]) + end + text.replace("\0", '""').replace("\n", end if crlf else "\n")
    try:
        expected = model_rows(text)
        if any(len(fields) != width for _, fields in expected):
            raise Refused  # noqa: TRY301
    except Refused:
        with pytest.raises((CsvSyntaxError, RaggedRow)):
            read(text)
        return
    data = read(text)
    assert [list(row) for row in data.rows()] == [fields for _, fields in expected[1:]]
    assert list(data.lines) == [line for line, _ in expected[1:]]


@given(TABLES, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
def test_files_of_the_csv_module_are_read(table: tuple[int, list[list[Text]]], quoting: int, end: str) -> None:
    width, rows = table
    texts = [[(text or "-").replace("\r", "") or "-" for text in row] for row in rows]
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=quoting, lineterminator=end).writerows([["c1", "c2", "c3", "c4"][:width], *texts])
    assert [list(row) for row in read(stream.getvalue()).rows()] == texts


def test_only_what_needs_quotes_gets_them() -> None:
    rows: list[list[Text]] = [["plain", None], ["", "a,b"], ['say "x"', "two\nlines"], ["cr\r", " blank "]]
    assert written(["a", "b"], rows).decode() == (
        'a,b\nplain,\n"","a,b"\n"say ""x""","two\nlines"\n"cr\r", blank \n'
    )  # fmt: skip


def test_null_is_an_empty_field_and_a_quoted_one_is_the_empty_text() -> None:
    assert read('a,b,c\n,"",x\n"",,""\n').rows() == [(None, "", "x"), ("", None, "")]
    assert read('a\n\n""\n').rows() == [(None,), ("",)]


def test_a_byte_order_mark_and_a_missing_last_line_end_make_no_difference() -> None:
    assert read_csv(b'\xef\xbb\xbf"a",b\r\n1,2', "t").rows() == read("a,b\n1,2\n").rows() == [("1", "2")]


def test_a_header_alone_is_a_table_without_rows() -> None:
    for text in ("a,b", "a,b\n", "a,b\r\n"):
        data = read(text)
        assert (data.columns, data.cells, data.row_count) == (("a", "b"), ([], []), 0)


def test_rows_know_their_lines_behind_fields_of_several_lines() -> None:
    data = read('a,b\n1,x\n2,"one\ntwo\r\nthree"\n3,y\n')
    assert list(data.lines) == [2, 3, 6]
    assert data.cells[1] == ["x", "one\ntwo\r\nthree", "y"]


def test_the_special_rows_of_a_big_file_find_their_places() -> None:
    rows = [[str(number), 'a "b", c' if number % 97 == 0 else "plain"] for number in range(2_000)]
    assert [list(row) for row in read_csv(written(["n", "t"], rows), "t").rows()] == rows


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('a,b\n1,5" pipe\n', 2, "column 'b': a quote stands in a field that does not begin with one: '5\" pipe'"),
        ('a,b\n1,5"\n', 2, "column 'b': a quote stands in a field that does not begin with one: '5\"'"),
        ('a,b\n"1"x,2\n', 2, "column 'a': a closing quote must be followed by a comma or the end of the line"),
        ('a,b\n1,2\n3,"4\n5,6\n', 3, "column 'b': the quoted field is not closed: '\"4'"),
        ("a,b\n1,2\rx\n", 2, "column 'b': a carriage return outside quotes ends no line: '2\\rx'"),
        ("a,b\n1,2\r", 2, "column 'b': a carriage return outside quotes ends no line"),
        ('a,"b\n', 1, "column 2: the quoted field is not closed"),
    ],
)  # fmt: skip
def test_misplaced_quotes_and_carriage_returns_are_refused_where_they_stand(text: str, line: int, message: str) -> None:
    with pytest.raises(CsvSyntaxError) as refused:
        read(text)
    assert refused.value.message.startswith(f"table.csv:{line}: {message}")
    assert refused.value.facts["line"] == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "table.csv:3: 1 field instead of 2: none for column 'b'"),
        ("a,b\n1,2,x\n", "table.csv:2: 3 fields instead of 2: 'x' is beyond the last column 'b'"),
        ("a,b\n1,2\n\n", "table.csv:3: 1 field instead of 2: none for column 'b'"),
        ('a,b\n1,"x\ny"\n3\n', "table.csv:4: 1 field instead of 2: none for column 'b'"),
    ],
)
def test_a_ragged_row_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RaggedRow) as refused:
        read(text)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", EmptyFile, "the file is empty; its first line must name the columns"),
        (b"\xef\xbb\xbf", EmptyFile, "the file is empty"),
        (b"a\n\xff\n", NotUtf8, "byte 0xff at offset 2 is not UTF-8 (invalid start byte)"),
        (b"a\nx\0y\n", HoldsNul, "a NUL character at offset 3; texts hold none"),
        (b"\n", BadColumnName, "column 1: the name '' is empty"),
        (b"a,,b\n", BadColumnName, "column 2: the name '' is empty"),
        (b"a,_row\n", BadColumnName, "column 2: the name '_row' is reserved for the hidden key"),
        (b'"a\nb"\n', BadColumnName, "column 1: the name 'a\\nb' holds a control or direction character"),
        ("x\u202ey\n".encode(), BadColumnName, "column 1: the name 'x\\u202ey' holds a control or direction"),
        (b"n" * 64, BadColumnName, f"column 1: the name '{'n' * 60}'… is longer than 63 bytes"),
        (b"a,b,a\n", RepeatedColumn, "columns 1 and 3 are both named 'a'"),
        (b"id,ID\n", RepeatedColumn, "columns 1 and 2 are both named 'ID' but for the case of letters ('id')"),
        (b"c" + b",c" * TABLE_COLUMNS, TooManyColumns, f"{TABLE_COLUMNS + 1} columns; {TABLE_COLUMNS} are allowed"),
    ],
)
def test_what_cannot_be_a_table_is_refused(data: bytes, error: type[BadFile], message: str) -> None:
    with pytest.raises(error) as refused:
        read_csv(data, "table.csv")
    assert message in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("long", ["x" * (ROW_BYTES + 1), '"' + "x\n" * (ROW_BYTES // 2 + 1) + '"'])
def test_a_row_that_is_too_long_is_refused_with_its_longest_column(long: str) -> None:
    with pytest.raises(OversizedRow, match=r"^table.csv:3: a row of 6000\d bytes, 6000\d of them in column 'b'"):
        read(f"a,b\n1,2\n3,{long}\n")


def test_names_keep_their_case_and_blanks() -> None:
    assert read("le_heading_degT, usageType,größe\n").columns == ("le_heading_degT", " usageType", "größe")
