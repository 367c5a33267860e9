"""Functions that are asked for an answer by whoever holds the engine, as the law of a branch asks."""

import pytest
from sql_world import context

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.transactions import Argument, CallResult
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.running.budget import Budget

SETTLE = RoutineName("public.settle")
SCRIPT = """
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2), stock bigint, seen timestamptz);
CREATE TABLE log (line text);
"""
LARGER = """
CREATE FUNCTION settle(base item, ours item, theirs item) RETURNS item LANGUAGE plpgsql AS $$
BEGIN
  IF theirs.price > ours.price THEN ours.price := theirs.price; END IF;
  ours.stock := ours.stock + theirs.stock - base.stock;
  RETURN ours;
END $$;
"""


def _engine(*scripts: str) -> Engine:
    engine = Engine()
    for script in (SCRIPT, *scripts):
        engine.run(script, context())
    return engine


def _ask(engine: Engine, *arguments: Argument | Row, budget: Budget | None = None) -> CallResult | None:
    with engine.transaction():
        return engine.ask(SETTLE, arguments, context(), budget)


def test_rows_go_in_and_a_row_comes_out_in_canonical_values() -> None:
    result = _ask(
        _engine(LARGER),
        (1, "a", "1.50", 10, "2024-01-01 00:00:00+00"), (1, "b", "2.00", 12, None), (1, "a", "2.50", 9, None),
    )  # fmt: skip
    assert result is not None
    assert result.columns == ("id", "name", "price", "stock", "seen")
    assert result.rows == ((1, "b", "2.50", 11, None),)


def test_a_row_that_is_not_there_is_null() -> None:
    engine = _engine(
        "CREATE FUNCTION settle(base item, ours item, theirs item) RETURNS item LANGUAGE plpgsql AS $$"
        " BEGIN IF ours IS NULL THEN RETURN theirs; END IF; RETURN NULL; END $$"
    )
    row: Row = (1, "b", "2.00", 12, None)
    found = _ask(engine, None, None, row)
    assert found is not None
    assert found.rows == (row,)
    found = _ask(engine, row, row, None)
    assert found is not None
    assert found.rows == ((None,) * 5,)


@pytest.mark.parametrize(
    "body", ["INSERT INTO log VALUES ('x'); RETURN ours;", "EMIT seen(1 AS a); RETURN ours;"]
)  # fmt: skip
def test_a_function_that_does_more_than_answer_is_refused_and_leaves_nothing(body: str) -> None:
    engine = _engine(
        "CREATE FUNCTION settle(base item, ours item, theirs item) RETURNS item LANGUAGE plpgsql AS $$"
        f" BEGIN {body} END $$"
    )
    row: Row = (1, "b", "2.00", 12, None)
    with pytest.raises(SqlError, match="does more than to give one") as caught:
        _ask(engine, row, row, row)
    assert caught.value.sqlstate == "25006"
    assert list(engine.rows(TableName("public.log"))) == []


def test_a_function_without_an_end_uses_up_its_budget() -> None:
    engine = _engine(
        "CREATE FUNCTION settle(base item, ours item, theirs item) RETURNS item LANGUAGE plpgsql AS $$"
        " BEGIN LOOP NULL; END LOOP; END $$"
    )
    with pytest.raises(SqlError) as caught:
        _ask(engine, None, None, None, budget=Budget(steps=1_000))
    assert caught.value.sqlstate == "54000"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ((1, "b"), "42804"), ("text", "42804"),
        ((1, "b", "2", 12, None), "22P02"), ((1 << 40, "b", None, 1, None), "22003"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_of_the_type_is_refused(row: Argument, code: str) -> None:
    with pytest.raises(SqlError) as caught:
        _ask(_engine(LARGER), row, None, None)
    assert caught.value.sqlstate == code
