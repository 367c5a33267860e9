"""Scripts that differ in whole numbers alone run from one plan, as they would by themselves."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.sql import engine as engine_module
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.shapes import parse_shape, shape_of

CONTEXT = context()
TABLES = """
CREATE TABLE account (id integer PRIMARY KEY, small smallint, balance bigint NOT NULL CHECK (balance >= 0),
  price numeric(10, 2), loose numeric, rate double precision);
CREATE TABLE note (id numeric(6, 1) PRIMARY KEY, text varchar(5));
INSERT INTO account VALUES (1, 1, 100, 1.50, 2.5, 0.5), (2, 2, 200, 2.50, 3.5, 1.5), (3, 3, 300, NULL, NULL, NULL);
INSERT INTO note VALUES (1, 'one'), (2, 'two'), (2.5, 'more')
"""
PATTERNS = (
    "UPDATE account SET balance = balance - {a} WHERE id = {b};UPDATE account SET balance = {a} WHERE id = {c}",
    "UPDATE account SET small = {a}, price = {b}, loose = {c}, rate = {a}",
    "UPDATE account SET small = small * {a} + {b}, balance = -{c}",
    "UPDATE account SET price = price + {a}, loose = loose * {b} WHERE id BETWEEN {c} AND {a}",
    "UPDATE account SET balance = {a} % {b} WHERE price > {c} OR loose <= {a} OR rate < {b}",
    "INSERT INTO account VALUES ({a}, {b}, {c}, {a}, {b}, {c}), ({b}, {a}, -{c}, {a}, NULL, {b})",
    "INSERT INTO account (id, balance) VALUES ({a}, {b}) ON CONFLICT (id) DO UPDATE SET balance = {c}",
    "INSERT INTO account (id, balance) SELECT id + {a}, balance / {b} FROM account ORDER BY {c} LIMIT {a}",
    "DELETE FROM account WHERE id IN ({a}, {b}, {c}) RETURNING id, balance + {a} AS more",
    "DELETE FROM note WHERE id = {a} OR id > {b}",
    "UPDATE note SET text = {a} WHERE id = {b}",
    "UPDATE note SET text = CAST({a} AS text) WHERE id IN ({b}, {c})",
    "UPDATE account SET balance = CASE WHEN id = {a} THEN {b} ELSE {c} END",
    "UPDATE account SET balance = (SELECT count(*) FROM account AS other WHERE other.id < {a} GROUP BY {b})",
)
SHAPED = (0, 1, 2, 3, 4, 5, 6, 8, 9)


def an_engine() -> Engine:
    engine = Engine()
    engine.run(TABLES, CONTEXT)
    return engine


def outcome(script: str) -> object:
    """All that can be seen of a run."""
    engine = an_engine()
    try:
        done = engine.run(script, CONTEXT)
    except SqlError as error:
        return error.sqlstate
    tables = [list(engine.rows(name)) for name in sorted(engine.catalog.tables)]
    return dataclasses.astuple(done)[0], done.changes, tables


@given(
    pattern=st.sampled_from(PATTERNS),
    values=st.tuples(*[st.one_of(st.integers(0, 5), st.integers(0, 10**9 - 1)) for _ in "abc"]),
)
def test_a_script_does_the_same_with_and_without_its_shape(pattern: str, values: tuple[int, int, int]) -> None:
    script = pattern.format(a=values[0], b=values[1], c=values[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "shape_of", lambda _script: None)
        expected = outcome(script)
    assert outcome(script) == expected


@pytest.mark.parametrize("place", SHAPED)
def test_scripts_that_differ_in_numbers_share_a_shape_that_can_be_run(place: int) -> None:
    first = shape_of(PATTERNS[place].format(a=1, b=22, c=333))
    second = shape_of(PATTERNS[place].format(a=444444444, b=5, c=6))
    assert first is not None
    assert second is not None
    assert first.text == second.text
    assert parse_shape(first.text) is not None
    assert first.numbers != second.numbers


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE note SET text = 'a' WHERE id = 1",
        "UPDATE note SET id = 1.5",
        "UPDATE note SET id = 1. WHERE id = 2",
        "UPDATE note SET id = 1 -- one",
        "UPDATE account SET balance = 1234567890",
        'UPDATE "note" SET id = 1',
        "UPDATE note SET id = $1",
        "UPDATE note SET id = é",
    ],
)
def test_a_script_with_anything_but_words_and_whole_numbers_has_no_shape(script: str) -> None:
    assert shape_of(script) is None


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE t (a varchar(5) PRIMARY KEY)",
        "SELECT 1 + 1",
        "INSERT INTO note SELECT id FROM note ORDER BY 1",
        "INSERT INTO note SELECT id FROM note LIMIT 1",
        "UPDATE note SET id = CAST(1 AS numeric(5, 1))",
        "UPDATE note SET id = 1a",
    ],
)
def test_a_number_that_is_more_than_a_value_keeps_its_script_as_it_is(script: str) -> None:
    shape = shape_of(script)
    assert shape is None or parse_shape(shape.text) is None


def test_an_error_in_a_shaped_script_names_its_own_place() -> None:
    with pytest.raises(SqlError) as caught:
        an_engine().run("UPDATE account SET balance = 7;\n  UPDATE account SET balance = balance - 100000", CONTEXT)
    assert (caught.value.sqlstate, caught.value.statement, caught.value.line, caught.value.column) == ("23514", 2, 2, 3)
