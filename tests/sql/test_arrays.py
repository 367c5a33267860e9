"""Arrays as PostgreSQL writes them, and as expressions hold them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.types.arrays import (
    array_of,
    array_text,
    canonical_elements,
    elements_from_text,
    kept_elements,
    text_of_elements,
    type_code,
    type_of_code,
)

TEXTS = st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6), max_size=6)
NUMBERS = st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=6)
TEXT, INTEGER = ColumnType(Kind.TEXT), ColumnType(Kind.INTEGER)
MONEY = ColumnType(Kind.NUMERIC, precision=12, scale=2)


@given(TEXTS)
def test_an_array_of_texts_is_read_as_it_was_printed(elements: list[str | None]) -> None:
    assert elements_from_text(text_of_elements(elements, TEXT), TEXT) == elements
    assert array_of(array_text(elements)) == elements


@given(NUMBERS)
def test_an_array_comes_back_from_sqlite_as_it_went_in(elements: list[int | None]) -> None:
    literal = text_of_elements(elements, INTEGER)
    outcome = Engine().run(f"SELECT '{literal}'::int[], cardinality('{literal}'::int[])", context())
    assert outcome.results[0].rows == ((literal, len(elements)),)


@given(NUMBERS, st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 1]))
def test_any_and_all_are_chains_of_or_and_and(elements: list[int | None], wanted: int) -> None:
    literal = text_of_elements(elements, INTEGER)
    either = " OR ".join(f"{wanted} = ({'NULL::int' if one is None else one})" for one in elements) or "false"
    both = " AND ".join(f"{wanted} <> ({'NULL::int' if one is None else one})" for one in elements) or "true"
    sql = f"SELECT {wanted} = ANY('{literal}'::int[]), {wanted} <> ALL('{literal}'::int[]), {either}, {both}"
    ((some, none, or_, and_),) = Engine().run(sql, context()).results[0].rows
    assert (some, none) == (or_, and_)


@given(TEXTS)
def test_unnest_gives_the_elements_in_their_order(elements: list[str | None]) -> None:
    literal = text_of_elements(elements, TEXT).replace("'", "''")
    rows = Engine().run(f"SELECT x, n FROM unnest('{literal}'::text[]) WITH ORDINALITY AS u (x, n)", context())
    assert rows.results[0].rows == tuple((one, place) for place, one in enumerate(elements, 1))


def test_elements_are_kept_as_columns_of_their_type_keep_them() -> None:
    assert kept_elements(["1.50", None], type_code(MONEY)) == [150, None]
    assert canonical_elements([150, None], type_code(MONEY)) == ["1.50", None]
    assert kept_elements([True, False], type_code(ColumnType(Kind.BOOLEAN))) == [1, 0]
    assert json.loads(array_text(elements_from_text("{1.5,2}", MONEY))) == [150, 200]


def test_the_code_of_a_type_is_read_back() -> None:
    for column_type in (TEXT, MONEY, ColumnType(Kind.VARCHAR, length=3), ColumnType(Kind.ENUM, name="public.mood")):
        assert type_of_code(type_code(column_type)) == column_type


@pytest.mark.parametrize("text", ["", "1,2", "{1", "1}", "{1,}", "{,1}", '{"a}', '{"a"b}', "{a{b}", "{1}}", "{\\"])
def test_a_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        elements_from_text(text, TEXT)
    assert caught.value.sqlstate == "22P02"


def test_an_array_that_is_too_long_is_refused() -> None:
    with pytest.raises(SqlError) as caught:
        Engine().run("SELECT array_fill('0123456789'::text, ARRAY[10000])", context())
    assert caught.value.sqlstate == "54000"
