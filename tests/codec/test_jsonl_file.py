"""JSON Lines files: numbers keep their text, and whatever would be lost is refused."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.limits import ROW_BYTES
from aergo_vc.codec.jsonl_file import BadJsonLine, NestedValue, RepeatedKey, read_jsonl, write_jsonl
from aergo_vc.codec.text_file import HoldsNul, NotUtf8
from aergo_vc.model.inference import infer_and_convert
from aergo_vc.model.tabular import BadColumnName, BadFile, EmptyFile, OversizedRow, RepeatedColumn
from aergo_vc.model.types import ColumnType, Kind

NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?\Z")
STRINGS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
TOKENS = st.one_of(
    NUMBERS.map(lambda text: (text, text)),
    (STRINGS | NUMBERS).map(lambda text: (json.dumps(text, ensure_ascii=False), text)),
    st.sampled_from([("true", "true"), ("false", "false"), ("null", None)]),
)
KEYS = st.sampled_from(["a", "b", 'quote"', "back\\", "colon:"])


def read(*lines: str) -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
    data = read_jsonl("\n".join(lines).encode(), "t.jsonl")
    return data.columns, data.rows()


@given(st.lists(st.dictionaries(KEYS, TOKENS, min_size=1), min_size=1, max_size=5), st.sampled_from(["", " "]))
def test_every_value_is_read_as_its_text(objects: list[dict[str, tuple[str, str | None]]], blank: str) -> None:
    lines = [
        "{" + ",".join(f"{json.dumps(key)}:{blank}{token}{blank}" for key, (token, _) in members.items()) + "}"
        for members in objects
    ]
    names, rows = read(*lines)
    assert names == tuple(dict.fromkeys(key for members in objects for key in members))
    assert rows == [tuple(members.get(name, ("", None))[1] for name in names) for members in objects]


def test_numbers_keep_the_scale_that_they_have() -> None:
    names, rows = read('{"n":1.50,"big":123456789012345678901234567890}', '{"n":-0,"big":1E+2}', '{"n":-0.0}')
    assert names == ("n", "big")
    assert rows == [("1.50", "123456789012345678901234567890"), ("-0", "1E+2"), ("-0.0", None)]


def test_a_string_of_digits_stays_a_string() -> None:
    source = (
        b'{"number":5,"digits":"5","mixed":1,"flag":true,"word":"true","day":"2024-02-29"}\n'
        b'{"number":null,"digits":"6","mixed":"2","flag":false,"word":"false","day":null}\n'
    )
    data = read_jsonl(source, "t.jsonl")
    types, columns = infer_and_convert(data)
    assert [str(column_type) for column_type in types] == ["integer", "text", "text", "boolean", "text", "date"]
    stream = io.BytesIO()
    write_jsonl(data.columns, types, list(zip(*columns, strict=True)), stream)
    assert stream.getvalue() == source.replace(b'"mixed":1', b'"mixed":"1"')


def test_writing_spells_numerics_as_numbers_and_keeps_nulls() -> None:
    stream = io.BytesIO()
    types = [ColumnType(kind) for kind in (Kind.NUMERIC, Kind.BIGINT, Kind.DATE, Kind.DOUBLE)]
    write_jsonl(["z", "b", "d", "f"], types, [("1.50", 2**63 - 1, "2024-01-05", 0.1), (None, None, None, 1.0)], stream)
    assert stream.getvalue().decode() == (
        '{"z":1.50,"b":9223372036854775807,"d":"2024-01-05","f":0.1}\n{"z":null,"b":null,"d":null,"f":1.0}\n'
    )


def test_lines_of_white_space_count_for_nothing_but_the_numbering() -> None:
    data = read_jsonl(b'\r\n{"a":1}\r\n\n \n{"a":2}', "t.jsonl")
    assert (data.cells, list(data.lines)) == ((["1", "2"],), [2, 5])


def test_a_column_that_appears_late_is_null_before() -> None:
    count = 20_000
    names, rows = read(*['{"a":1}'] * count, '{"b":2,"a":"x"}', "{}")
    assert names == ("a", "b")
    assert rows == [("1", None)] * count + [("x", "2"), (None, None)]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", EmptyFile, "t.jsonl: the file is empty"),
        ("{}\n{}", EmptyFile, "t.jsonl: no object has a key"),
        ('{"a":1}\n[1]', BadJsonLine, "t.jsonl:2: expected a JSON object"),
        ('{"a":1}\n{"a":\n1}', BadJsonLine, "t.jsonl:2: expected a JSON object"),
        ('{"a":1} {"a":2}', BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ('{"a":NaN}', BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ('{"a":01}', BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ('{"a":"\\ud800"}', BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ("[" * 5000, BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ('{"a":' + "[" * 5000, BadJsonLine, "t.jsonl:1: expected a JSON object"),
        ('{"a":1}\n{"a":[1]}', NestedValue, "t.jsonl:2: column 'a': an array instead of"),
        ('{"a":1}\n{"b":{"a":1}}', NestedValue, "t.jsonl:2: column 'b': an object instead of"),
        ('{"a":":"}\n{"a":1,"b":"\\\\\\":","a":2}', RepeatedKey, "t.jsonl:2: the object has a key twice"),
        ('{"a":1}\n{"b\\u0007":1}', BadColumnName, "t.jsonl:2: column 2: the name 'b\\x07' holds a control"),
        ('{"a":1}\n{"A":1}', RepeatedColumn, "t.jsonl:2: columns 1 and 2 are both named 'A'"),
        ('{"a":"x"}\n{"a":"\\u0000"}', HoldsNul, "t.jsonl:2: column 'a': '\\x00' holds a NUL"),
        ('{"a":1}\n{"a":"' + "x" * (ROW_BYTES + 1) + '"}', OversizedRow, "t.jsonl:2: a row of 60001 bytes"),
    ],
)
def test_what_cannot_be_a_table_is_refused_with_its_line(text: str, error: type[BadFile], message: str) -> None:
    with pytest.raises(error) as refused:
        read(text)
    assert refused.value.message.startswith(message)


def test_bytes_that_are_not_utf_8_are_refused_with_their_offset() -> None:
    with pytest.raises(NotUtf8, match=r"^t.jsonl:2: byte 0xed at offset 14 is not UTF-8"):
        read_jsonl(b'{"a":1}\n{"a":"\xed\xa0\x80"}', "t.jsonl")


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert read('{"a":"\\\\u0000"}') == (("a",), [("\\u0000",)])
