"""Parts of statements that Python computes before SQLite runs them."""

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import BranchName, ChainId, EntityName, RoutineName, TransactionId
from aergo_vc.sql.engine import Engine, ExecutionContext
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.procedures.hoisting import hoist
from aergo_vc.sql.procedures.support import function_named
from aergo_vc.sql.procedures.translation import Code, Names
from aergo_vc.sql.running.runtime import scalar_functions

PARAMETERS = {
    ":v1": Code("v1", simple=True),
    ":v2": Code("v2", simple=True),
    ":a": Code("a", is_list=True, simple=True),
}
CONTEXT = ExecutionContext(
    time=1_770_000_000_000,
    height=5,
    transaction=TransactionId("ab" * 32),
    chain=ChainId("cd" * 32),
    branch=BranchName("main"),
    signer=EntityName("alice"),
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT t."x" FROM "t" WHERE (t."x" = array_element(:a, :v1))',
         'SELECT t."x" FROM "t" WHERE (t."x" = :hoisted1)'),
        ("SELECT array_element(:a, 1), array_element(:a, 1)", "SELECT :hoisted1, :hoisted1"),
        ('UPDATE "t" SET "x" = (t."x" + (:v1 * :v2))', 'UPDATE "t" SET "x" = (t."x" + :hoisted1)'),
        ('SELECT 1 WHERE (t."x" IN (:v1))', 'SELECT 1 WHERE (t."x" IN (:v1))'),
        ("SELECT 'array_element(:a, 1)', \"coalesce(:v1, 1)\"", "SELECT 'array_element(:a, 1)', \"coalesce(:v1, 1)\""),
        ("SELECT call_routine('f', :v1)", "SELECT call_routine('f', :v1)"),
        ("SELECT (CASE WHEN (:v1 = 1) THEN 2 ELSE 3 END)", "SELECT :hoisted1"),
    ],
)  # fmt: skip
def test_parts_without_columns_become_parameters(sql: str, expected: str) -> None:
    assert hoist(sql, PARAMETERS, Names())[0] == expected


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE "t" SET "x" = add32(:v1, :v2)',
        'UPDATE "t" SET "x" = within(:v1, 99)',
        'SELECT t."x" FROM "t" WHERE (t."x" = divide32(1, :v1))',
        'INSERT INTO "t" VALUES (add32(:v1, 1)), (add32(:v2, 1))',
        'INSERT INTO "t" SELECT add32(:v1, 1) FROM "u"',
    ],
)
def test_what_may_fail_stays_where_sqlite_may_not_come_to_it(sql: str) -> None:
    assert hoist(sql, PARAMETERS, Names()) == (sql, {})


def test_what_is_inserted_is_computed_even_if_it_may_fail() -> None:
    sql, codes = hoist(
        'INSERT INTO "t" AS t0 VALUES (add32(:v1, 1), :v2, (SELECT 1)) RETURNING "x"', PARAMETERS, Names()
    )
    assert sql == 'INSERT INTO "t" AS t0 VALUES (:hoisted1, :v2, (SELECT 1)) RETURNING "x"'
    assert list(codes) == [":hoisted1"]


_LEAVES = st.sampled_from([":v1", ":v2", "7", "NULL", "-1"])
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} * {})".format, inner, inner),
        st.builds("coalesce({}, {})".format, inner, inner),
        st.builds("(CASE WHEN ({} < {}) THEN {} ELSE {} END)".format, inner, inner, inner, inner),
        st.builds("({} = {})".format, inner, inner),
    ),
    max_leaves=8,
)


@given(_EXPRESSIONS, _EXPRESSIONS, *[st.one_of(st.none(), st.integers(-9, 9))] * 2)
def test_a_statement_means_the_same_with_its_parts_hoisted(
    first: str, second: str, v1: int | None, v2: int | None
) -> None:
    db = apsw.Connection(":memory:")
    for name, function in scalar_functions().items():
        db.create_scalar_function(name, function, deterministic=True)
    sql = f"SELECT x, {first}, {second} FROM (SELECT 3 AS x) WHERE (coalesce({first}, 1) OR (x = {second}))"
    names = Names()
    hoisted, codes = hoist(sql, PARAMETERS, names)
    known = {f"f_{name}": function_named(name) for name in names.functions} | {"v1": v1, "v2": v2}
    bound = {name[1:]: eval(code.source, dict(known)) for name, code in codes.items()}  # noqa: S307 - made here
    assert (
        db.execute(hoisted, bound | {"v1": v1, "v2": v2}).fetchall() == db.execute(sql, {"v1": v1, "v2": v2}).fetchall()
    )


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    engine.run(
        """
        CREATE TABLE note (id integer PRIMARY KEY, size smallint);
        CREATE PROCEDURE add(ids integer[], sizes integer[]) LANGUAGE plpgsql AS $$
        BEGIN
            FOR place IN 1 .. array_length(ids, 1) LOOP
                INSERT INTO note VALUES (ids[place], sizes[place]);
            END LOOP;
        END $$;
        CREATE PROCEDURE resize(number integer, divisor integer) LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE note SET size = 10 / divisor WHERE id = number;
        END $$
        """,
        CONTEXT,
    )
    return engine


def test_arrays_give_their_elements_to_statements(engine: Engine) -> None:
    engine.call(RoutineName("public.add"), ((1, 2, 3), (10, None)), CONTEXT)
    assert list(engine.rows("public.note")) == [(1, 10), (2, None), (3, None)]  # type: ignore[arg-type]


def test_an_element_that_does_not_fit_its_column_is_an_error(engine: Engine) -> None:
    with pytest.raises(SqlError) as caught:
        engine.call(RoutineName("public.add"), ((1,), (40_000,)), CONTEXT)
    assert caught.value.sqlstate == "22003"


def test_a_division_fails_only_where_there_is_a_row_to_change(engine: Engine) -> None:
    engine.call(RoutineName("public.resize"), (1, 0), CONTEXT)
    engine.call(RoutineName("public.add"), ((1,), (1,)), CONTEXT)
    with pytest.raises(SqlError) as caught:
        engine.call(RoutineName("public.resize"), (1, 0), CONTEXT)
    assert caught.value.sqlstate == "22012"
