"""Statements that differ in whole numbers alone run from one plan, as they would by themselves."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import TableName
from aergo_vc.sql.compiled import plan_store
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language import statements
from aergo_vc.sql.language.shape_trees import parse_shape
from aergo_vc.sql.language.shapes import Shape, is_plain, shapes_of

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


def shape_of(statement: str) -> Shape:
    shapes = shapes_of(statement)
    assert shapes is not None
    assert len(shapes) == 1
    return shapes[0]


def outcome(script: str, catching: type[SqlError] | tuple[()] = SqlError) -> object:
    """All that can be seen of a run."""
    engine = an_engine()
    try:
        done = engine.run(script, CONTEXT)
    except catching as error:
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
        patch.setattr(plan_store, "shapes_of", lambda _script: None)
        expected = outcome(script)
    assert outcome(script) == expected


ODDITIES = (
    "UPDATE note SET text = 'a;b' WHERE id = {a}",
    "UPDATE note SET text = 'it''s; ' WHERE id = {a}",
    "UPDATE note SET text = E'\\';' WHERE id = {a}",
    "UPDATE note SET text = $$x;y$$ WHERE id = {a}",
    "UPDATE note SET text = $n$x;y$n$ WHERE id = {a}",
    'UPDATE "note" SET text = {a}',
    "UPDATE note SET text = {a} -- ; and more",
    "/* UPDATE note; */ UPDATE note SET text = {a}",
    "UPDATE note SET text = {a} /* ;",
    "UPDATE account SET balance = balance --{a}",
    "UPDATE account SET balance = 1.5 * {a}",
    "UPDATE account SET balance = 12345678901 WHERE id = {a}",
    "INSERT INTO account (id, balance) VALUES ({a}, balance)",
    "UPDATE account SET missing = {a}",
    "UPDATE account SET",
    "CREATE TABLE more (a int PRIMARY KEY); INSERT INTO more VALUES ({a})",
    "SELECT {a}",
    "DELETE FROM account",
    " \t\n",
    "\f",
    "\v",
    "",
)


@given(
    pieces=st.lists(st.sampled_from((*PATTERNS, *ODDITIES)), max_size=5),
    values=st.tuples(*[st.one_of(st.integers(0, 5), st.integers(0, 10**9 - 1)) for _ in "abc"]),
    end=st.sampled_from(["", ";", "\n"]),
)
def test_several_statements_do_the_same_with_and_without_their_shapes(
    pieces: list[str], values: tuple[int, int, int], end: str
) -> None:
    script = ";\n".join(pieces).format(a=values[0], b=values[1], c=values[2]) + end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_store, "shapes_of", lambda _script: None)
        expected = placed_outcome(script)
    assert placed_outcome(script) == expected


def placed_outcome(script: str) -> object:
    """All that can be seen of a run, the place of an error too."""
    try:
        return outcome(script, catching=())
    except SqlError as error:
        return error.sqlstate, error.message, error.statement, error.line, error.column


def test_a_long_script_is_compiled_once_for_each_of_its_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = an_engine()
    compiled: list[object] = []
    compile_statement = statements.compile_statement
    monkeypatch.setattr(
        statements, "compile_statement", lambda *given: compiled.append(given) or compile_statement(*given)
    )
    script = "".join(f"UPDATE account SET balance = {n} WHERE id = {n % 3 + 1};\n  " for n in range(500))
    assert len(engine.run(script, CONTEXT).results) == 500
    assert len(compiled) == 1
    assert next(engine.rows(TableName("public.account")))[2] == 498


@pytest.mark.parametrize("statements", [20_000, 20_001])
def test_a_script_of_shapes_may_have_as_many_statements_as_any(statements: int) -> None:
    engine = an_engine()
    script = "DELETE FROM note WHERE id = 9;" * statements
    try:
        count = len(engine.run(script, CONTEXT).results)
    except SqlError as error:
        assert (error.sqlstate, statements) == ("54000", 20_001)
    else:
        assert count == statements == 20_000


@pytest.mark.parametrize("place", SHAPED)
def test_scripts_that_differ_in_numbers_share_a_shape_that_can_be_run(place: int) -> None:
    first = shapes_of(PATTERNS[place].format(a=1, b=22, c=333))
    second = shapes_of(PATTERNS[place].format(a=444444444, b=5, c=6))
    assert first is not None
    assert second is not None
    assert [shape.text for shape in first] == [shape.text for shape in second]
    assert all(parse_shape(shape.text) is not None for shape in first)
    assert [shape.numbers for shape in first] != [shape.numbers for shape in second]


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
def test_a_statement_with_anything_but_words_and_whole_numbers_is_not_plain(script: str) -> None:
    assert not is_plain(shape_of(script).text)
    assert parse_shape(shape_of(script).text) is None


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
    assert parse_shape(shape_of(script).text) is None


def test_an_error_in_a_shaped_script_names_its_own_place() -> None:
    with pytest.raises(SqlError) as caught:
        an_engine().run("UPDATE account SET balance = 7;\n  UPDATE account SET balance = balance - 100000", CONTEXT)
    assert (caught.value.sqlstate, caught.value.statement, caught.value.line, caught.value.column) == ("23514", 2, 2, 3)
