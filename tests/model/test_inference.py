"""Types of users' columns: nothing is lost, and what does not fit is named."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.model.inference import choose_key, convert, infer_and_convert, infer_type, widest
from aergo_vc.model.spelling import are_values, text_of, texts_of
from aergo_vc.model.tabular import TabularData, Text, ValueMismatch
from aergo_vc.model.types import FLOATS, INTEGER_BITS, STORED_KINDS, ColumnType, Kind, Value

DATES = st.dates().map(str)
LIKELY = st.one_of(
    st.from_regex(r"\A[+-]?0{0,2}[0-9]{0,20}(\.[0-9]{0,3})?\Z"),
    st.integers(-(2**65), 2**65).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    DATES,
    st.datetimes().map(str),
    st.uuids().map(str),
    st.sampled_from(["true", "false", "True", "t", "0", "1", "-0", "-0.0", "", " 1", "1 ", "1_0", "٣", "NaN", "1\n2"]),
    st.text(max_size=4),
)
COLUMNS = st.one_of(
    *(
        st.lists(st.none() | texts, max_size=6)
        for texts in (LIKELY, DATES, st.integers().map(str), st.uuids().map(str))
    ),
    st.lists(st.sampled_from(["true", "false", None]), max_size=4),
)
TYPES = st.sampled_from(
    [
        *(ColumnType(kind) for kind in STORED_KINDS),
        ColumnType(Kind.NUMERIC, precision=6, scale=2),
        ColumnType(Kind.NUMERIC, precision=4, scale=0),
        ColumnType(Kind.VARCHAR, length=3),
        ColumnType(Kind.CHAR, length=3),
    ]
)


def table(*columns: list[Text], names: str = "abcd") -> TabularData:
    return TabularData("t.csv", tuple(names[: len(columns)]), columns, range(2, 2 + len(columns[0])))


@given(COLUMNS)
def test_an_inferred_type_loses_nothing(texts: list[Text]) -> None:
    (column_type,), (values,) = infer_and_convert(table(texts))
    assert texts_of(values) == texts
    assert column_type == infer_type(texts)
    assert values == convert(table(texts), 0, column_type)


@given(COLUMNS)
def test_inferred_values_are_those_of_their_types(texts: list[Text]) -> None:
    (column_type,), (values,) = infer_and_convert(table(texts))
    expected = int if column_type.kind in INTEGER_BITS else bool if column_type.kind is Kind.BOOLEAN else str
    assert {type(value) for value in values if value is not None} <= {expected}
    if column_type.kind in INTEGER_BITS:
        assert all(value is None or abs(int(value) * 2 + 1) < 2 ** INTEGER_BITS[column_type.kind] for value in values)


@given(TYPES, st.lists(LIKELY, max_size=4))
def test_texts_are_values_together_exactly_if_each_is(column_type: ColumnType, texts: list[str]) -> None:
    assert are_values(texts, column_type) == all(are_values([text], column_type) for text in texts)


@given(TYPES, LIKELY)
def test_what_an_export_writes_is_read_as_the_same_value(column_type: ColumnType, text: str) -> None:
    if are_values([text], column_type):
        (value,) = convert(table([text]), 0, column_type)
        again = text_of(value)
        assert again is not None
        assert convert(table([again]), 0, column_type) == [value]
        if column_type.kind not in FLOATS and column_type.precision is None:
            assert again == text


@given(TYPES, st.lists(st.none() | LIKELY, max_size=4), st.lists(st.none() | LIKELY, max_size=4))
def test_a_widened_column_takes_old_and_new_values(column_type: ColumnType, old: list[Text], new: list[Text]) -> None:
    kept = [text for text in old if text is None or are_values([text], column_type)]
    before = texts_of(convert(table(kept), 0, column_type))
    wider = widest(column_type, new)
    after = texts_of(convert(table(before + new), 0, wider))
    assert after[: len(before)] == before
    if wider != column_type:
        assert after[len(before) :] == new


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["0", "-7", "2147483647", None], "integer"),
        (["2147483648"], "bigint"),
        (["-2147483648"], "integer"),
        (["9223372036854775807", "-9223372036854775808"], "bigint"),
        (["9223372036854775808"], "numeric"),
        (["1", "1.50", "-0.001"], "numeric"),
        (["9" * 1000 + "." + "9" * 1000], "numeric"),
        (["9" * 1001], "text"),
        (["1", "02"], "text"),
        (["+1"], "text"),
        (["-0"], "text"),
        (["-0.00"], "text"),
        (["-0.01"], "numeric"),
        ([".5"], "text"),
        (["5."], "text"),
        (["1e5"], "text"),
        (["1_0"], "text"),
        (["٣"], "text"),
        ([" 1"], "text"),
        (["1", ""], "text"),
        (["true", "false", None], "boolean"),
        (["TRUE"], "text"),
        (["t", "f"], "text"),
        (["true", "1"], "text"),
        (["2024-02-29", "0001-01-01"], "date"),
        (["2023-02-29"], "text"),
        (["0000-01-01"], "text"),
        (["2024-W01-1"], "text"),
        (["2024-2-29"], "text"),
        (["2024-01-05 10:00:00.5", "2024-01-05 23:59:59"], "timestamp"),
        (["2024-01-05 10:00:00.50"], "text"),
        (["2024-01-05 24:00:00"], "text"),
        (["2024-01-05T10:00:00"], "text"),
        (["2024-01-05 10:00:00+00"], "timestamptz"),
        (["2024-01-05", "2024-01-05 10:00:00"], "text"),
        (["f47ac10b-58cc-4372-a567-0e02b2c3d479"], "uuid"),
        (["F47AC10B-58CC-4372-A567-0E02B2C3D479"], "text"),
        ([None, None], "text"),
        ([], "text"),
        (["1\n2", "3"], "text"),
    ],
)
def test_the_narrowest_type_that_fits_is_chosen(texts: list[Text], expected: str) -> None:
    assert str(infer_type(texts)) == expected


@pytest.mark.parametrize(
    ("column_type", "new", "expected"),
    [
        (ColumnType(Kind.SMALLINT), ["5", None], "smallint"),
        (ColumnType(Kind.SMALLINT), ["40000"], "integer"),
        (ColumnType(Kind.INTEGER), ["3000000000"], "bigint"),
        (ColumnType(Kind.INTEGER), ["1.5", "3000000000"], "numeric"),
        (ColumnType(Kind.BIGINT), ["02"], "text"),
        (ColumnType(Kind.NUMERIC), ["n/a"], "text"),
        (ColumnType(Kind.NUMERIC, precision=4, scale=2), ["1.5"], "numeric(4,2)"),
        (ColumnType(Kind.NUMERIC, precision=4, scale=2), ["1.505"], "numeric"),
        (ColumnType(Kind.DATE), ["2024-01-05 10:00:00"], "text"),
        (ColumnType(Kind.VARCHAR, length=2), ["abc"], "text"),
        (ColumnType(Kind.BOOLEAN), ["1"], "text"),
    ],
)
def test_a_column_widens_no_further_than_it_must(column_type: ColumnType, new: list[Text], expected: str) -> None:
    assert str(widest(column_type, new)) == expected


@pytest.mark.parametrize(
    ("column_type", "text", "expected"),
    [
        (ColumnType(Kind.NUMERIC, precision=6, scale=2), "5", "5.00"),
        (ColumnType(Kind.NUMERIC, precision=6, scale=2), "-0.5", "-0.50"),
        (ColumnType(Kind.NUMERIC, precision=2, scale=2), "0.25", "0.25"),
        (ColumnType(Kind.NUMERIC, precision=3, scale=0), "999", "999"),
        (ColumnType(Kind.DOUBLE), "-0", 0.0),
        (ColumnType(Kind.DOUBLE), "1E-2", 0.01),
        (ColumnType(Kind.BOOLEAN), "false", False),
        (ColumnType(Kind.BYTEA), "\\x00ff", "\\x00ff"),
    ],
)
def test_declared_types_take_their_values(column_type: ColumnType, text: str, expected: Value) -> None:
    (value,) = convert(table([text]), 0, column_type)
    assert (value, str(value)) == (expected, str(expected))


@pytest.mark.parametrize(
    ("column_type", "text", "rule"),
    [
        (ColumnType(Kind.SMALLINT), "32768", "an integer from -32768 to 32767, without plus sign or leading zeros"),
        (ColumnType(Kind.BIGINT), "9223372036854775808", "an integer from -9223372036854775808 to 9223372036854775807"),
        (ColumnType(Kind.BIGINT), "9" * 5000, "an integer from"),
        (ColumnType(Kind.NUMERIC), "1e5", "a decimal such as 1.50, without exponent or leading zeros and not -0"),
        (ColumnType(Kind.NUMERIC, precision=5, scale=2), "1.234", "a decimal of at most 3 digits before and 2 behind"),
        (ColumnType(Kind.NUMERIC, precision=5, scale=2), "1234", "a decimal of at most 3 digits before"),
        (ColumnType(Kind.BOOLEAN), "yes", "true or false"),
        (ColumnType(Kind.DATE), "2023-02-29", "a date YYYY-MM-DD"),
        (ColumnType(Kind.TIME), "24:00:00", "a time HH:MM:SS"),
        (ColumnType(Kind.VARCHAR, length=3), "four", "at most 3 characters"),
        (ColumnType(Kind.CHAR, length=3), "a ", "at most 3 characters, the last no blank"),
        (ColumnType(Kind.UUID), "x", "a UUID in lower case"),
        (ColumnType(Kind.BYTEA), "\\x0", "\\x and pairs"),
        (ColumnType(Kind.DOUBLE), "1e999", "a finite number"),
        (ColumnType(Kind.DOUBLE), "nan", "a finite number"),
        (ColumnType(Kind.INTEGER), "", "an integer"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place_and_rule(
    column_type: ColumnType, text: str, rule: str
) -> None:
    with pytest.raises(ValueMismatch) as refused:
        convert(TabularData("t.csv", ("x", "y"), (["1", "2"], [None, text]), (2, 7)), 1, column_type)
    assert refused.value.message.startswith("t.csv:7: column 'y': ")
    assert f" is no {column_type}: expected {rule}" in refused.value.message
    assert refused.value.facts["value"] == text


@pytest.mark.parametrize(
    ("names", "columns", "expected"),
    [
        (("code", "id"), (["a", "b"], ["1", "2"]), ("id",)),
        (("code", "ID"), (["a", "b"], ["1", "1"]), ("code",)),
        (("code", "id"), (["a", "b"], ["1", None]), ("code",)),
        (("code", "n"), (["a", "a"], ["1", "2"]), ()),
        (("price", "n"), (["1.5", "2.5"], ["1", "2"]), ()),
        (("note", "n"), (["a", "b" * 201], ["1", "2"]), ()),
        (("code", "n"), ([], []), ()),
        (("code", "id"), ([], []), ("id",)),
    ],
)
def test_a_key_is_chosen_where_one_shows(
    names: tuple[str, ...], columns: tuple[list[Text], ...], expected: tuple[str, ...]
) -> None:
    data = TabularData("t.csv", names, columns, range(len(columns[0])))
    assert choose_key(data, infer_and_convert(data)[0]) == expected


def test_dates_of_the_whole_calendar_are_dates() -> None:
    days = [str(dt.date.fromordinal(number)) for number in range(1, dt.date.max.toordinal(), 9_973)]
    assert str(infer_type(days)) == "date"


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize(
    ("last", "expected"),
    [("7", "integer"), ("2147483647", "integer"), ("-2147483648", "integer"), ("2147483648", "bigint"),
     ("9223372036854775808", "numeric"), ("1.50", "numeric"), ("07", "text"), ("7\n8", "text")],
)  # fmt: skip
def test_a_long_column_is_read_as_its_last_value_demands(
    last: str, expected: str, *, holes: bool, repeated: bool
) -> None:
    texts: list[Text] = [str(number % 50 if repeated else number) for number in range(3_000)]
    if holes:
        texts[::7] = [None] * len(texts[::7])
    texts.append(last)
    (column_type,), (values,) = infer_and_convert(table(texts))
    assert str(column_type) == expected
    assert texts_of(values) == texts
    with pytest.raises(ValueMismatch, match=":3002:"):
        convert(table([*texts[:-1], "x"]), 0, ColumnType(Kind.INTEGER))
