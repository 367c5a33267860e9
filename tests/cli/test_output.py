"""What is written is harmless, aligned, and lost to nobody."""

import json
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.cli.output import Column, Output, Style, Styled, cells, fitted, safe

CSI = chr(0x9B)
OVERRIDE = chr(0x202E)


def written(write: Callable[[Output], object], *, color: bool = False, width: int | None = None) -> str:
    """What `write` puts out."""
    reader, writer = os.pipe()
    out = Output(writer, color=color, width=width)
    write(out)
    out.flush()
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        return stream.read().decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 🙂", "plain é 日本 🙂"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        (f"{CSI}31mred", "\\x9b31mred"),
        (f"user{OVERRIDE}txt.exe", "user\\u202etxt.exe"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x7f\u2028\ufeff\u200b", "\\x7f\\u2028\\ufeff\\u200b"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\ue0041"),
        ("[bold red]OK[/]", "[bold red]OK[/]"),
    ],
)
def test_j11_what_a_terminal_would_obey_or_hide_becomes_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters()))
def test_j11_no_text_brings_a_control_character_to_the_terminal(text: str) -> None:
    line = written(lambda out: out.line(text, Styled(text, Style.RED)))
    assert line.endswith("\n")
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in line[:-1])


@given(st.text(st.characters()))
def test_j11_texts_of_several_lines_keep_line_feeds_and_tabs_only(text: str) -> None:
    lines = written(lambda out: out.lines(text))
    assert not any(ord(character) < 0x20 and character not in "\n\t" for character in lines)


@given(st.dictionaries(st.text(), st.text(st.characters())))
def test_a_record_is_one_line_of_printable_ascii_and_reads_back(values: dict[str, str]) -> None:
    line = written(lambda out: out.record(values))
    assert line.count("\n") == 1
    assert line[:-1].isascii()
    assert line[:-1].isprintable()
    assert json.loads(line) == values


@given(st.lists(st.lists(st.none() | st.text(), min_size=2, max_size=2)), st.integers(20, 60))
def test_no_line_of_a_table_is_wider_than_the_terminal(rows: list[list[str | None]], width: int) -> None:
    columns = [Column("name"), Column("number", right=True)]
    table = written(lambda out: out.table(columns, rows), width=width)
    assert len(table.split("\n")) == len(rows) + 2
    assert all(cells(line) <= width for line in table.split("\n"))


def test_a_table_aligns_by_columns_of_the_terminal() -> None:
    columns = [Column("name"), Column("n", right=True)]
    table = written(lambda out: out.table(columns, [["日本", "1"], ["a", "100"], [None, None]]))
    assert table == "name     n\n日本     1\na      100\nNULL  NULL\n"


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    table = written(lambda out: out.table([Column("name")], [["x" * 500]]))
    assert "x" * 500 in table


def test_a_text_that_is_cut_says_so() -> None:
    assert fitted("abcdef", 4) == "abc…"
    assert fitted("日本語", 4) == "日…"
    assert fitted("abcd", 4) == "abcd"


def test_styles_show_only_where_colour_is_wanted() -> None:
    assert written(lambda out: out.line(Styled("x", Style.RED))) == "x\n"
    assert written(lambda out: out.line(Styled("x", Style.RED)), color=True) == "\x1b[31mx\x1b[0m\n"


def test_bytes_pass_unchanged_into_a_pipe_and_made_harmless_to_a_terminal() -> None:
    assert written(lambda out: out.write(b"\x1b[2Ja\n")) == "\x1b[2Ja\n"
    assert written(lambda out: out.write(b"\x1b[2Ja\n"), width=80) == "\\x1b[2Ja\n"
