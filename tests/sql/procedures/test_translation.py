"""Expressions in Python give what the same SQL text gives in SQLite."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.binder import Surroundings
from aergo_vc.sql.language.expressions import Expression, column_expression
from aergo_vc.sql.language.native import native
from aergo_vc.sql.language.queries import top_binder
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.source import parse_expression
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.executing import function_of
from aergo_vc.sql.procedures.translation import Code, Names, translate
from aergo_vc.sql.types.values import BIGINT, BOOLEAN, INTEGER, NUMERIC, TEXT

MONEY = ColumnType(Kind.NUMERIC, precision=8, scale=2)
TYPES = {"i": INTEGER, "j": INTEGER, "k": BIGINT, "m": MONEY, "n": NUMERIC, "t": TEXT, "u": TEXT, "b": BOOLEAN}


class Variables:
    """The names above, as parameters of their own name."""

    columns_first = False

    def find(self, path: tuple[str, ...]) -> Expression | None:
        found = TYPES.get(path[-1])
        return None if found is None else column_expression(f":{path[-1]}", found, not_null=False)


def bound(text: str) -> str:
    binder = top_binder(Engine().catalog, Scope(), Surroundings(variables=Variables()))
    return binder.bind(parse_expression(text)).sql


def outcome(call: Any) -> Any:  # noqa: ANN401
    try:
        return call()
    except SqlError as error:
        return error.sqlstate


@dataclass
class Both:
    """SQLite's answer, the answer of the SQL that SQLite checks itself, and Python's."""

    engine: Engine

    def __call__(self, text: str, values: dict[str, Any]) -> tuple[Any, Any, Any]:
        sql = bound(text)
        names = Names()
        code = translate(sql, {f":{name}": Code(name, simple=True) for name in TYPES}, names)
        assert code is not None, sql
        source = f"def routine(run, {', '.join(TYPES)}):\n    return {code.source}\n"
        function = function_of(_compiled(source, names))
        tested = function_of(_compiled(source.replace(code.source, code.truth), names))
        db = self.engine._db
        given_values = {name: values.get(name) for name in TYPES}
        truth = outcome(lambda: tested(None, **given_values))
        python = outcome(lambda: function(None, **given_values))
        if code.test and not isinstance(python, str):
            assert bool(truth) == bool(python)
        facts = {name: given_values[name] for name in TYPES if f":{name}" in sql}
        here = outcome(lambda: db.execute(f"SELECT {sql}", facts).fetchone()[0])
        ranged = outcome(lambda: db.execute(f"SELECT {native(sql)}", facts).fetchone()[0])
        return here, ranged, python


def _compiled(source: str, names: Names) -> Compiled:
    return Compiled(
        RoutineName("public.x"),
        source,
        (),
        (),
        (),
        tuple(names.functions),
        frozenset(),
        {},
        {},
        frozenset(),
        frozenset(),
    )


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    engine = Engine()
    yield Both(engine)
    engine.close()


INTEGERS = st.deferred(
    lambda: (
        st.sampled_from(["i", "j", "k", "1", "0", "7", "(-3)", "2147483647", "NULL::int"])
        | st.tuples(INTEGERS, st.sampled_from(["+", "-", "*", "/", "%"]), INTEGERS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(INTEGERS).map(lambda p: f"(- {p[0]})")
        | st.tuples(INTEGERS).map(lambda p: f"abs({p[0]})")
        | st.tuples(INTEGERS, INTEGERS).map(lambda p: f"coalesce({p[0]}, {p[1]})")
        | st.tuples(CONDITIONS, INTEGERS, INTEGERS).map(lambda p: f"(CASE WHEN {p[0]} THEN {p[1]} ELSE {p[2]} END)")
        | st.tuples(INTEGERS, INTEGERS).map(lambda p: f"(CASE {p[0]} WHEN {p[1]} THEN 1 END)")
        | st.tuples(TEXTS).map(lambda p: f"length({p[0]})")
        | st.tuples(INTEGERS, INTEGERS).map(lambda p: f"greatest({p[0]}, {p[1]})")
    )
)
DECIMALS = st.deferred(
    lambda: (
        st.sampled_from(["m", "n", "1.50", "0.001", "(-2.5)", "NULL::numeric"])
        | st.tuples(DECIMALS, st.sampled_from(["+", "-", "*", "/"]), DECIMALS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(DECIMALS, INTEGERS).map(lambda p: f"({p[0]} * {p[1]})")
        | st.tuples(DECIMALS).map(lambda p: f"round({p[0]}, 1)")
        | st.tuples(DECIMALS).map(lambda p: f"(- {p[0]})")
        | st.tuples(DECIMALS).map(lambda p: f"{p[0]}::numeric(8,2)")
    )
)
TEXTS = st.deferred(
    lambda: (
        st.sampled_from(["t", "u", "'a''b'", "''", "NULL::text", "'Ä '"])
        | st.tuples(TEXTS, TEXTS).map(lambda p: f"({p[0]} || {p[1]})")
        | st.tuples(TEXTS).map(lambda p: f"upper({p[0]})")
        | st.tuples(INTEGERS).map(lambda p: f"({p[0]})::text")
        | st.tuples(TEXTS, TEXTS).map(lambda p: f"nullif({p[0]}, {p[1]})")
    )
)
SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"])
CONDITIONS = st.deferred(
    lambda: (
        st.sampled_from(["b", "true", "false", "NULL::boolean"])
        | st.tuples(INTEGERS, SIGNS, INTEGERS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(DECIMALS, SIGNS, DECIMALS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(TEXTS, SIGNS, TEXTS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(CONDITIONS, st.sampled_from(["AND", "OR"]), CONDITIONS).map(lambda p: f"({' '.join(p)})")
        | st.tuples(CONDITIONS).map(lambda p: f"(NOT {p[0]})")
        | st.tuples(INTEGERS).map(lambda p: f"({p[0]} IS NULL)")
        | st.tuples(INTEGERS, INTEGERS, INTEGERS).map(lambda p: f"({p[0]} BETWEEN {p[1]} AND {p[2]})")
        | st.tuples(INTEGERS, INTEGERS).map(lambda p: f"({p[0]} IN ({p[1]}, 2))")
    )
)
SMALL = st.none() | st.integers(-5, 5) | st.sampled_from([2**31 - 1, -(2**31)])
VALUES = st.fixed_dictionaries(
    {
        "i": SMALL,
        "j": SMALL,
        "k": SMALL | st.sampled_from([2**63 - 1, -(2**63)]),
        "m": st.none() | st.integers(-(10**8) + 1, 10**8 - 1),
        "n": st.none() | st.sampled_from(["0", "1.5", "-2.500", "123456789012345678901.1"]),
        "t": st.none() | st.sampled_from(["", "a", "b", "ä", "A b"]),
        "u": st.none() | st.sampled_from(["", "a", "12", "\U0001f600"]),
        "b": st.sampled_from([None, 0, 1]),
    }
)


@settings(max_examples=250, deadline=None)
@given(st.one_of(INTEGERS, DECIMALS, TEXTS, CONDITIONS), VALUES)
def test_python_and_sqlite_agree(both: Both, text: str, values: dict[str, Any]) -> None:
    try:
        sqlite, ranged, python = both(text, values)
    except SqlError:
        return  # the checker refuses it
    assert ranged == sqlite
    if isinstance(sqlite, str) and len(sqlite) == 5 and sqlite[:2] in ("22", "42"):
        return  # which of several wrong parts is met first is left open
    if isinstance(python, str) and len(python) == 5 and python[:2] == "22":
        pytest.fail(f"Python raises {python}, SQLite gives {sqlite!r}")
    assert python == sqlite


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("i + 1", {"i": 2**31 - 1}, "22003"),
        ("k * 2", {"k": 2**62}, "22003"),
        ("i / 0", {"i": 1}, "22012"),
        ("i % 3", {"i": -7}, -1),
        ("i / 2", {"i": -7}, -3),
        ("n = 1.50", {"n": "1.5"}, 1),
        ("b AND i = 1", {"b": 0, "i": None}, 0),
        ("b OR i = 1", {"b": 0, "i": None}, None),
    ],
)
def test_a_value_or_an_error_is_the_same_in_both(
    both: Both, text: str, values: dict[str, Any], expected: object
) -> None:
    assert both(text, values) == (expected, expected, expected)


@pytest.mark.parametrize("text", ["(SELECT 1)", "EXISTS (SELECT 1)", "1 IN (SELECT 2)"])
def test_a_subquery_is_left_to_sqlite(text: str) -> None:
    assert translate(bound(text), {}, Names()) is None


@given(st.text(alphabet="abc(),':\"1 +<=CASEWHN", max_size=40))
def test_any_text_is_translated_or_left_alone(text: str) -> None:
    found = translate(text, {}, Names())
    assert found is None or found.source
