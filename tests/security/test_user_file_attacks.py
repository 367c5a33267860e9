"""Hostile tables: numbers too long, texts that are no texts, files built to be slow."""

import json
import time
from pathlib import Path

import pytest

from aergo_vc.codec.csv_file import CsvSyntaxError, RaggedRow, read_csv
from aergo_vc.codec.jsonl_file import RepeatedKey, read_jsonl
from aergo_vc.codec.text_file import HoldsNul, NotUtf8
from aergo_vc.model.inference import infer_type
from aergo_vc.model.tabular import BadFile

SECONDS = 5
"""Far above what these files take, far below what quadratic reading would."""


def vectors() -> Path:
    for parent in Path(__file__).resolve().parents[2].parents:
        if (parent / "shared" / "vectors" / "jsontestsuite").exists():
            return parent / "shared" / "vectors" / "jsontestsuite"
    pytest.skip("shared/vectors/jsontestsuite is not beside the repository")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9007199254740993", "bigint"),
        ("9223372036854775807", "bigint"),
        ("-9223372036854775809", "numeric"),
        ("9" * 1000, "numeric"),
        ("9" * 5000, "text"),
    ],
)
def test_f04_integers_of_any_length_keep_their_digits(text: str, expected: str) -> None:
    assert str(infer_type([text])) == expected
    assert read_csv(f"n\n{text}\n".encode(), "t").cells == ([text],)
    if len(text) < 5000:
        assert read_jsonl(f'{{"n":{text}}}'.encode(), "t").cells == ([text],)


def test_f04_a_json_integer_of_5000_digits_is_refused_or_kept_but_never_changed() -> None:
    text = "9" * 5000
    try:
        assert read_jsonl(f'{{"n":{text}}}'.encode(), "t").cells == ([text],)
    except BadFile as refused:
        assert refused.message.startswith("t:1: ")


@pytest.mark.parametrize(
    "data", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", "a,b\n".encode("utf-16"), b"caf\xe9", b"\xe2\x82"]
)
def test_f06_what_is_not_utf_8_is_refused(data: bytes) -> None:
    for read in (read_csv, read_jsonl):
        with pytest.raises(NotUtf8):
            read(data, "t")


def test_f06_a_second_byte_order_mark_is_not_dropped() -> None:
    with pytest.raises(BadFile):
        read_csv(b"\xef\xbb\xbf\xef\xbb\xbfa\n1\n", "t")


def test_f06_json_texts_that_every_reader_must_refuse_are_refused_as_values() -> None:
    names = [path for path in vectors().rglob("n_*.json") if b"\n" not in path.read_bytes()]
    assert names
    for path in names:
        with pytest.raises(BadFile):
            read_jsonl(b'{"a":' + path.read_bytes() + b"}", "t")


def test_f08_nul_is_refused_however_it_is_spelled() -> None:
    with pytest.raises(HoldsNul):
        read_csv(b"a\n\0\n", "t")
    with pytest.raises(HoldsNul):
        read_jsonl(b'{"a":"x\\u0000y"}', "t")


def test_a_key_given_twice_does_not_hide_a_value() -> None:
    for line in ('{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"a" :1,"a" :2,"b":":::"}', '{"a":1,"a":":"}'):
        with pytest.raises(RepeatedKey):
            read_jsonl(line.encode(), "t")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'a,b\n1,"' + b"x,y\n" * 300_000, CsvSyntaxError),
        (b'a,b\n1,x"' + b'\n1,"' * 150_000, CsvSyntaxError),
        (b"a,b\n1," + b'"' * 1_000_001, CsvSyntaxError),
        (b"a,b\n" + b"," * 1_000_000, RaggedRow),
        (b"a,b\n" + b"\n" * 500_000, RaggedRow),
        (b'{"a":' * 300_000, BadFile),
        (b'{"a":"' + b"\\" * 1_000_001, BadFile),
    ],
)
def test_files_built_to_be_slow_are_refused_in_time_in_proportion_to_their_size(
    data: bytes, error: type[BadFile]
) -> None:
    started = time.monotonic()
    with pytest.raises(error) as refused:
        (read_jsonl if data.startswith(b"{") else read_csv)(data, "t")
    assert time.monotonic() - started < SECONDS
    assert len(refused.value.message) < 400


def test_messages_stay_on_one_line_and_carry_no_controls() -> None:
    hostile = "\x1b[31m\u202e" + "x" * 500
    for text in (f'a\n"{hostile}"z\n', f"a\n1,{hostile}\n", f'"{hostile}"\n', f"{json.dumps(hostile)[1:-1]}\n"):
        with pytest.raises(BadFile) as refused:
            read_csv(text.encode(), "t")
        assert refused.value.message.isprintable()
        assert len(refused.value.message) < 400
