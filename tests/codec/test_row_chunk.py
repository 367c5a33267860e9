"""Rows are read back as they were written, and no other bytes are rows."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import VALUES, table

from aergo_vc.base.limits import CHUNK_BYTES, ROW_BYTES
from aergo_vc.codec.row_chunk import BadChunk, RowReader, encode_rows
from aergo_vc.model.types import STORED_KINDS, ColumnType, Kind, Value

_rows = st.lists(st.sampled_from(list(STORED_KINDS)), min_size=1, max_size=5).flatmap(
    lambda kinds: st.tuples(
        st.just(kinds),
        st.lists(
            st.tuples(VALUES[kinds[0]], *(st.none() | VALUES[kind] for kind in kinds[1:])), min_size=1, max_size=4
        ),
    )
)


@given(_rows)
def test_rows_are_read_back_as_they_were_written(case: tuple[list[Kind], list[tuple[Value, ...]]]) -> None:
    kinds, rows = case
    assert RowReader.of(table(*kinds)).decode(encode_rows(rows)) == rows


@given(_rows, st.data())
def test_a_changed_byte_gives_another_value_or_none(
    case: tuple[list[Kind], list[tuple[Value, ...]]], data: st.DataObject
) -> None:
    kinds, rows = case
    chunk = encode_rows(rows)
    place = data.draw(st.integers(0, len(chunk) - 1))
    replacement = data.draw(st.binary(max_size=2) | st.sampled_from([b"0", b" ", b"-", b".", b"e", b"\n", b"\\", b","]))
    edited = chunk[:place] + replacement + chunk[place + 1 :]
    try:
        read = RowReader.of(table(*kinds)).decode(edited)
    except BadChunk:
        return
    assert encode_rows(read) == edited
    assert (read == rows) == (edited == chunk)


@given(VALUES[Kind.DOUBLE])
def test_a_double_is_spelled_with_the_fewest_digits_that_read_back(value: float) -> None:
    assert encode_rows([(value,)]) == f"[{double_text(value)}]\n".encode()


def double_text(value: float) -> str:
    """The spelling that the manual specifies, made from Python's digits."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent) if value else 1
    if -5 < point <= 0:
        text = "0." + "0" * -point + text
    elif 0 < point <= 16:
        text = text.ljust(point, "0")
        text = text[:point] + "." + (text[point:] or "0")
    else:
        text = text[0] + ("." + text[1:] if len(text) > 1 else "") + f"e{point - 1}"
    return "-" * sign + text


# kind, spellings of values, spellings of no value
CASES: list[tuple[ColumnType | Kind, list[str], list[str]]] = [
    (Kind.SMALLINT, ["0", "-1", "32767", "-32768"], ["32768", "-32769", "-0", "1.0", "1e0", "01", '"1"', "true"]),
    (Kind.INTEGER, ["2147483647", "-2147483648"], ["2147483648", "-2147483649", "1E2", "+1"]),
    (Kind.BIGINT, [str(2**63 - 1), str(-(2**63))], [str(2**63), str(-(2**63) - 1), "9" * 5_000]),
    (Kind.BOOLEAN, ["true", "false"], ["0", "1", '"t"', "True"]),
    (Kind.DOUBLE, ["0.0", "1.5", "-1.5", "1e16", "5e-324", "1.7976931348623157e308"],
     ["-0.0", "0", "1", "1.50", "1E16", "1e+16", "1e400", "NaN", "Infinity", "-Infinity", "2e-324", '"1.5"']),
    (Kind.NUMERIC, ['"0"', '"0.00"', '"-0.5"', '"10"', f'"{"9" * 500}"'],
     ['"-0"', '"-0.00"', '"00"', '"01"', '".5"', '"5."', '"+5"', '"1e5"', '"NaN"', "5", '"\u0665"', '"5\\n"', '""']),
    (ColumnType(Kind.NUMERIC, precision=4, scale=2), ['"12.34"', '"0.00"', '"-0.01"'],
     ['"123.45"', '"1.2"', '"1.234"', '"1"', '"-0.00"']),
    (ColumnType(Kind.NUMERIC, precision=2, scale=2), ['"0.99"', '"-0.01"'], ['"1.00"', '".99"', '"0.9"']),
    (ColumnType(Kind.NUMERIC, precision=3, scale=0), ['"0"', '"999"', '"-1"'], ['"1000"', '"1.0"', '"-0"']),
    (Kind.TEXT, ['""', '"a\\nb"', '"\\\\u0000"', '"\x7f\u0085\u202e"', '"\ue000\uffff"', '"e\u0301"', '"\u00e9"'],
     ['"\\u0000"', '"a\\\\\\u0000"', '"\\u0041"', '"\\/"', '"\\ud800"', '"\\u001F"', '"\t"', "7"]),
    (ColumnType(Kind.VARCHAR, length=2), ['""', '"\u00e9\u00e9"', '"\U0001f600\U0001f600"'],
     ['"abc"', '"e\u0301\u0301"']),
    (ColumnType(Kind.CHAR, length=2), ['"ab"'], ['"abc"']),
    (Kind.DATE, ['"2024-02-29"', '"2000-02-29"', '"2025-02-28"', '"0001-01-01"', '"9999-12-31"', '"2025-04-30"'],
     ['"2025-02-29"', '"2025-02-30"', '"1900-02-29"', '"2025-04-31"', '"2025-13-01"', '"2025-00-01"', '"2025-01-00"',
      '"0000-01-01"', '"2025-1-1"', '"\u0662025-01-01"', '"2025-01-01 "', '"10000-01-01"']),
    (Kind.TIME, ['"00:00:00"', '"23:59:59.999999"', '"12:00:00.5"'],
     ['"24:00:00"', '"23:60:00"', '"23:59:60"', '"12:00:00.50"', '"12:00:00."', '"12:00:00.1234567"', '"12:00"']),
    (Kind.TIMESTAMP, ['"2025-01-31 12:00:00.000001"'],
     ['"2025-02-31 12:00:00"', '"2025-01-31T12:00:00"', '"2025-01-31 12:00:00+00"', '"0000-01-01 00:00:00"']),
    (Kind.TIMESTAMPTZ, ['"2025-01-31 12:00:00+00"'],
     ['"2025-01-31 12:00:00"', '"2025-01-31 12:00:00+01"', '"2025-01-31 12:00:00Z"', '"2025-06-31 12:00:00+00"']),
    (Kind.UUID, ['"00000000-0000-0000-0000-00000000000a"'],
     ['"00000000-0000-0000-0000-00000000000A"', '"0000000000000000000000000000000a"', '"{0}"']),
    (Kind.BYTEA, ['"\\\\x"', '"\\\\x00ff"'], ['"\\\\x0"', '"\\\\xFF"', '""', '"00"']),
    (Kind.REAL, ["0.5", "0.10000000149011612", "3.4028234663852886e38"], ["0.1", "-0.0", "3.5e38", "1"]),
    (Kind.INTERVAL, ['"00:00:00"', '"1 year"', '"-1 mons +1 day"',
      '"-1 years -2 mons +3 days -04:05:06.5"', '"100:00:00"'],
     ['""', '"1 years"', '"1 mon 1 year"', '"12 mons"', '"1 day 00:00:00"', '"-1 mons 1 day"',
      '"00:00:00.50"', '"1 week"',       '"100001 years"']),
    (Kind.JSON, ['"1"', '" {\\"a\\": [1, 2]}"', '"\\"\\\\u00e9\\""'],
     ['""', '"{"', '"[1] 2"', '"NaN"', '"01"', '"\\"\\\\u0000\\""', '"\\"\\\\ud800\\""', '"1e999999"',
      f'"{"[" * 101}{"]" * 101}"']),
    (Kind.JSONB, ['"1.10"', '"{\\"b\\": 1, \\"aa\\": null}"', '"[true, \\"é\\"]"'],
     ['"1e2"', '"[1,2]"', '"{\\"aa\\": 1, \\"b\\": 2}"', '"\\"\\\\u00e9\\""', '"-0"', '" 1"']),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spelling"), [(kind, text) for kind, good, _ in CASES for text in good])
def test_the_one_spelling_of_a_value_is_read(kind: ColumnType | Kind, spelling: str) -> None:
    line = f"[{spelling}]\n".encode()
    assert encode_rows(RowReader.of(table(kind)).decode(line)) == line


@pytest.mark.parametrize(("kind", "spelling"), [(kind, text) for kind, _, bad in CASES for text in bad])
def test_every_other_spelling_is_refused(kind: ColumnType | Kind, spelling: str) -> None:
    with pytest.raises(BadChunk):
        RowReader.of(table(kind)).decode(f"[{spelling}]\n".encode())


@pytest.mark.parametrize("kind", list(STORED_KINDS))
def test_a_key_is_not_null_and_other_columns_may_be(kind: Kind) -> None:
    reader = RowReader.of(table(Kind.BOOLEAN, kind))
    assert reader.decode(b"[true,null]\n") == [(True, None)]
    with pytest.raises(BadChunk):
        reader.decode(b"[null,null]\n")


@pytest.mark.parametrize(
    "chunk",
    [b"", b"\n", b"[1]", b"[1]\n\n[2]\n", b"[1]\r\n", b"[1] \n", b" [1]\n", b"[1][2]\n", b"[1]\n[2]", b"[1,2]\n",
     b"[]\n", b"1\n", b'{"c0":1}\n',
     b"\xef\xbb\xbf[1]\n", b"[1]\n\0", b"[" * 100_000, b"[1\n]\n", b"\xff\xfe[\0", b"[1,]\n"],
)  # fmt: skip
def test_lines_of_another_shape_are_refused(chunk: bytes) -> None:
    with pytest.raises(BadChunk):
        RowReader.of(table(Kind.BIGINT)).decode(chunk)


def test_rows_and_chunks_are_within_their_limits() -> None:
    reader = RowReader.of(table(Kind.TEXT))
    longest = b'["' + b"x" * (ROW_BYTES - 4) + b'"]\n'
    assert len(reader.decode(longest)) == 1
    with pytest.raises(BadChunk, match=str(ROW_BYTES + 1)):
        reader.decode(b'["x' + longest[2:])
    line = b'["' + b"x" * 1_019 + b'"]\n'
    assert len(reader.decode(line * (CHUNK_BYTES // len(line)))) == 1_024
    with pytest.raises(BadChunk, match=str(CHUNK_BYTES + 1)):
        reader.decode(line * 1_023 + b'["' + b"x" * 1_020 + b'"]\n')


def test_the_signed_zero_of_a_text_or_a_fraction_is_no_double() -> None:
    reader = RowReader.of(table(Kind.BIGINT, Kind.TEXT, Kind.DOUBLE))
    row = (1, "-0.0", -0.05)
    assert reader.decode(encode_rows([row])) == [row]
    assert math.copysign(1, row[2]) < 0


def test_known_lines_are_not_checked_for_their_spelling_and_still_for_their_types() -> None:
    reader = RowReader.of(table(Kind.BIGINT, Kind.NUMERIC))
    line = b'[1,"01"]\n'
    assert reader.decode_known_lines(line) == [(1, "01")]
    with pytest.raises(BadChunk):
        reader.decode(line)
    for wrong in (b"[1,1]\n", b'["1","1"]\n', b"[9223372036854775808,null]\n", b"[null,null]\n", b"[1]\n"):
        with pytest.raises(BadChunk):
            reader.decode_known_lines(wrong)
