"""What routines do when they run: PL/pgSQL's statements, rows, arrays, errors, calls."""

# ruff: noqa: E501 - bodies of routines are read as they are

import pytest
from sql_world import context

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2));
INSERT INTO item VALUES (1, 'a', 1.5), (2, 'b', 2.5), (3, 'c', NULL);
CREATE TYPE pair AS (a int, b text);
"""


def an_engine(*scripts: str) -> Engine:
    engine = Engine()
    for script in (SCHEMA, *scripts):
        engine.run(script, context())
    return engine


def with_function(head: str, body: str) -> Engine:
    return an_engine(f"CREATE FUNCTION {head} LANGUAGE plpgsql AS $$ {body} $$")


def rows(engine: Engine, sql: str) -> tuple[Row, ...]:
    return engine.run(sql, context()).results[-1].rows


def value(engine: Engine, sql: str) -> object:
    [[found]] = rows(engine, sql)
    return found


def code_of(engine: Engine, sql: str) -> str:
    with pytest.raises(SqlError) as caught:
        engine.run(sql, context())
    return caught.value.sqlstate


# Each row: the head behind CREATE FUNCTION, the body, a query, and the value that it gives or the error's code.
VALUES: list[tuple[str, str, str, object]] = [
    # Loops
    ("f(n int) RETURNS int", "DECLARE s int := 0; BEGIN FOR i IN 1..n LOOP CONTINUE WHEN i % 2 = 0; s := s + i;"
     " EXIT WHEN s > 20; END LOOP; RETURN s; END", "SELECT f(100)", 25),
    ("f(n int) RETURNS int", "DECLARE s int := 0; BEGIN FOR i IN 1..n LOOP s := s + 1; END LOOP;"
     " RETURN s; END", "SELECT f(NULL)", "! 22004"),
    ("f() RETURNS text", "DECLARE s text := ''; BEGIN FOR i IN REVERSE 9..1 BY 4 LOOP s := s || i; END LOOP;"
     " RETURN s; END", "SELECT f()", "951"),
    ("f() RETURNS int", "BEGIN FOR i IN 1..3 BY 0 LOOP END LOOP; RETURN 1; END", "SELECT f()", "! 22023"),
    ("f() RETURNS text", "DECLARE s text := ''; BEGIN <<o>> FOR i IN 1..5 LOOP FOR j IN 1..5 LOOP"
     " CONTINUE o WHEN j = 3; EXIT o WHEN i = 3; s := s || i || j || ' '; END LOOP; END LOOP; RETURN s; END",
     "SELECT f()", "11 12 21 22 "),
    ("f() RETURNS text", "DECLARE s text := ''; BEGIN <<o>> BEGIN s := 'a'; LOOP EXIT o; END LOOP; s := s || 'b'; END;"
     " RETURN s || 'c'; END", "SELECT f()", "ac"),
    ("f(n int) RETURNS int", "BEGIN WHILE n > 3 LOOP n := n / 2; END LOOP; RETURN n; END", "SELECT f(100)", 3),
    ("f() RETURNS text", "DECLARE s text := ''; r record; BEGIN FOR r IN SELECT * FROM item ORDER BY id DESC LOOP"
     " s := s || r.name || coalesce(r.price, 0) || ' '; END LOOP; RETURN s; END", "SELECT f()", "c0 b2.50 a1.50 "),
    ("f() RETURNS int", "DECLARE a int; b text; BEGIN FOR a, b IN SELECT id, name FROM item LOOP NULL; END LOOP;"
     " RETURN a; END", "SELECT f()", 3),
    ("f() RETURNS text", "DECLARE c CURSOR (k int) FOR SELECT id FROM item WHERE id >= k; s text := '';"
     " BEGIN FOR r IN c(2) LOOP s := s || r.id; END LOOP; RETURN s; END", "SELECT f()", "23"),
    ("f() RETURNS boolean", "DECLARE r record; BEGIN FOR r IN SELECT 1 AS x WHERE false LOOP END LOOP; RETURN FOUND; END",
     "SELECT f()", False),
    # Branches
    ("f(k int) RETURNS text", "BEGIN CASE k WHEN 1, 2 THEN RETURN 'low'; WHEN 3 THEN RETURN 'three'; END CASE; END",
     "SELECT f(2) || f(3)", "lowthree"),
    ("f(k int) RETURNS text", "BEGIN CASE k WHEN 1 THEN RETURN 'low'; END CASE; END", "SELECT f(4)", "! 20000"),
    ("f(k int) RETURNS text", "BEGIN CASE WHEN k > 1 THEN RETURN 'x'; ELSE NULL; END CASE; RETURN 'y'; END",
     "SELECT f(NULL)", "y"),
    ("f(k int) RETURNS text", "BEGIN IF k > 1 THEN RETURN 'a'; ELSIF k = 1 THEN RETURN 'b'; ELSE RETURN 'c'; END IF; END",
     "SELECT f(2) || f(1) || f(NULL)", "abc"),
    ("f() RETURNS int", "BEGIN NULL; END", "SELECT f()", "! 2F005"),
    # Types of parameters and results have no modifiers
    ("f(a numeric(4,1), b varchar(2), c char(3), d numeric(4,1)[]) RETURNS text", "BEGIN RETURN a::text || '|' || b || '|'"
     " || c || '|' || d::text || '|' || length(c); END", "SELECT f(12345.678, 'abcdef', 'abcdefg', '{1.234,99999}')",
     "12345.678|abcdef|abcdefg|{1.234,99999}|7"),
    ("f(x numeric) RETURNS numeric(4,1)", "BEGIN RETURN x; END", "SELECT f(1.239)", "1.239"),
    ("f(OUT x numeric(4,1), OUT y char(5), OUT z varchar(2))", "BEGIN x := 1.239; y := 'ab'; z := 'abc'; END",
     "SELECT x || y || z || length(y) FROM f()", "1.239ababc2"),
    ("f() RETURNS TABLE (x numeric(4,1), y varchar(2))", "BEGIN RETURN QUERY SELECT 1.239, 'abc'::varchar; END",
     "SELECT x || y FROM f()", "1.239abc"),
    ("f(x char) RETURNS char", "BEGIN RETURN x; END", "SELECT '<' || f('ab ') || '>' || (f('ab ') = f('ab'))", "<ab>true"),
    ("f(x numeric[]) RETURNS numeric(3,1)[]", "BEGIN RETURN x; END", "SELECT f('{1.239,5}')::text", "{1.239,5}"),
    ("f(a item.price%TYPE) RETURNS text", "BEGIN RETURN a; END", "SELECT f(1.239)", "1.239"),
    ("f() RETURNS text", "DECLARE a item.price%TYPE := 1.239; BEGIN RETURN a; END", "SELECT f()", "1.24"),
    # Variables
    ("f() RETURNS int", "DECLARE a CONSTANT int := 1; BEGIN a := 2; RETURN a; END", "", "! 22005"),
    ("f() RETURNS int", "DECLARE a int NOT NULL := 1; BEGIN a := NULL; RETURN a; END", "SELECT f()", "! 22004"),
    ("f() RETURNS int", "DECLARE a int; BEGIN DECLARE a int := 5; BEGIN a := a + 1; END; RETURN a; END", "SELECT f()", None),
    ("f() RETURNS int", "<<b>> DECLARE a int := 1; BEGIN DECLARE a int := 5; BEGIN RETURN b.a * 10 + a; END; END",
     "SELECT f()", 15),
    ("f(a int) RETURNS int", "DECLARE b ALIAS FOR a; c ALIAS FOR $1; BEGIN b := b + 1; RETURN c * 2; END", "SELECT f(1)", 4),
    ("f() RETURNS numeric", "DECLARE a numeric(5,2) := 1.005; BEGIN RETURN a; END", "SELECT f()", "1.01"),
    ("f() RETURNS int", "DECLARE a smallint; BEGIN a := 40000; RETURN a; END", "SELECT f()", "! 22003"),
    ("f() RETURNS int", "DECLARE a int; BEGIN a := '12'::text; RETURN a; END", "SELECT f()", 12),
    ("f() RETURNS int", "DECLARE a int; BEGIN a := 'x'; RETURN a; END", "", "! 22P02"),
    ("f() RETURNS text", "DECLARE x item.name%TYPE := 'n'; y x%TYPE := 'm'; BEGIN RETURN x || y; END", "SELECT f()", "nm"),
    ("f(id int) RETURNS int", "BEGIN RETURN (SELECT id FROM item LIMIT 1); END", "", "! 42702"),
    ("f(id int) RETURNS int", "BEGIN RETURN (SELECT item.id FROM item WHERE item.id = f.id); END", "SELECT f(2)", 2),
    ("f() RETURNS int", "BEGIN x := 1; RETURN 1; END", "", "! 42601"),
    # Rows
    ("f(k int) RETURNS text", "DECLARE x item%ROWTYPE; BEGIN SELECT * INTO x FROM item WHERE id = k;"
     " x.name := x.name || 'z'; RETURN x.name || x.price; END", "SELECT f(2)", "bz2.50"),
    ("f() RETURNS int", "DECLARE r record; BEGIN RETURN r.a; END", "", "! 55000"),
    ("f(k int) RETURNS int", "DECLARE r record; BEGIN IF k = 1 THEN SELECT 1 AS a INTO r; END IF; RETURN r.a; END",
     "SELECT f(0)", "! 55000"),
    ("f() RETURNS int", "DECLARE r record; BEGIN SELECT 1 AS a INTO r; RETURN r.b; END", "", "! 42703"),
    ("f() RETURNS int", "DECLARE p pair; q pair; BEGIN p.a := 4; q := p; p.a := 5; RETURN q.a * 10 + p.a; END", "SELECT f()", 45),
    # Arrays
    ("f(a int[]) RETURNS int[]", "DECLARE b int[] := a; BEGIN b[1] := 7; b[5] := 9; b := array_append(b, a[1]); RETURN b; END",
     "SELECT f(ARRAY[1,2,3])", "{7,2,3,NULL,9,1}"),
    ("f(a int[]) RETURNS int[]", "BEGIN a[1] := 0; RETURN a; END", "SELECT f('{5,6}')", "{0,6}"),
    ("f(a text[]) RETURNS text", "DECLARE x text; s text := ''; BEGIN FOREACH x IN ARRAY a LOOP s := s || x; END LOOP; RETURN s; END",
     "SELECT f(ARRAY['p', 'q'])", "pq"),
    ("f(a numeric(8,2)[]) RETURNS numeric", "DECLARE s numeric(8,2) := 0; BEGIN FOR i IN 1..array_length(a, 1) LOOP"
     " s := s + a[i]; END LOOP; RETURN s; END", "SELECT f(ARRAY[1.5, 2.25])", "3.75"),
    ("f(a int[]) RETURNS bigint", "BEGIN RETURN (SELECT sum(price) FROM item WHERE id = ANY(a)); END", "SELECT f(ARRAY[1,2])", 4),
    ("f() RETURNS int", "DECLARE a int[]; BEGIN a[0] := 1; RETURN 1; END", "SELECT f()", "! 2202E"),
    ("f() RETURNS int", "DECLARE a int[]; BEGIN a[99999999] := 1; RETURN 1; END", "SELECT f()", "! 54000"),
    # SQL
    ("f(k int) RETURNS text", "DECLARE x text; BEGIN SELECT name INTO STRICT x FROM item WHERE id = k; RETURN x; END",
     "SELECT f(9)", "! P0002"),
    ("f() RETURNS text", "DECLARE x text; BEGIN SELECT name INTO STRICT x FROM item; RETURN x; END", "SELECT f()", "! P0003"),
    ("f() RETURNS text", "DECLARE x text; BEGIN SELECT name INTO x FROM item ORDER BY id DESC; RETURN x; END", "SELECT f()", "c"),
    ("f() RETURNS text", "DECLARE x text := 'old'; BEGIN SELECT name INTO x FROM item WHERE false; RETURN coalesce(x, 'none'); END",
     "SELECT f()", "none"),
    ("f() RETURNS int", "DECLARE n int; BEGIN UPDATE item SET price = 1; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END",
     "SELECT f()", 3),
    ("f() RETURNS text", "DECLARE x text; BEGIN UPDATE item SET name = name || 'x' WHERE id = 2 RETURNING name INTO x; RETURN x; END",
     "SELECT f()", "bx"),
    ("f() RETURNS text", "DECLARE x text; BEGIN UPDATE item SET price = 1 RETURNING name INTO x; RETURN x; END", "SELECT f()",
     "! P0003"),
    ("f() RETURNS bigint", "BEGIN INSERT INTO item SELECT id + 10, name, price FROM item; RETURN (SELECT count(*) FROM item); END",
     "SELECT f()", 6),
    ("f() RETURNS int", "BEGIN SELECT 1; RETURN 1; END", "", "! 42601"),
    ("f() RETURNS int", "BEGIN CREATE TABLE x (a int); RETURN 1; END", "", "! 0A000"),
    ("f() RETURNS boolean", "BEGIN PERFORM 1 FROM item WHERE id = 77; RETURN FOUND; END", "SELECT f()", False),
    ("f() RETURNS int", "BEGIN PERFORM 1 / 0; RETURN 1; END", "SELECT f()", "! 22012"),
    # Errors
    ("f() RETURNS text", "BEGIN RAISE EXCEPTION 'a % b', 1 USING ERRCODE = 'unique_violation', DETAIL = 'd';"
     " EXCEPTION WHEN unique_violation THEN RETURN SQLERRM || SQLSTATE; END", "SELECT f()", "a 1 b23505"),
    ("f() RETURNS text", "DECLARE a text; b text; BEGIN RAISE division_by_zero USING HINT = 'h'; EXCEPTION WHEN OTHERS THEN"
     " GET STACKED DIAGNOSTICS a = RETURNED_SQLSTATE, b = PG_EXCEPTION_HINT; RETURN a || b; END", "SELECT f()", "22012h"),
    ("f() RETURNS text", "BEGIN BEGIN RAISE SQLSTATE 'AB123'; EXCEPTION WHEN SQLSTATE 'AB124' THEN RETURN 'no'; END;"
     " EXCEPTION WHEN SQLSTATE 'AB123' THEN RETURN 'yes'; END", "SELECT f()", "yes"),
    ("f() RETURNS text", "BEGIN PERFORM 1 / 0; EXCEPTION WHEN data_exception THEN RETURN 'class'; END", "SELECT f()", "class"),
    ("f() RETURNS text", "BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN RAISE; END; EXCEPTION WHEN division_by_zero THEN"
     " RETURN 'again'; END", "SELECT f()", "again"),
    ("f() RETURNS int", "BEGIN ASSERT 1 = 2, 'no'; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 2; END", "SELECT f()", "! P0004"),
    ("f() RETURNS int", "BEGIN LOOP NULL; END LOOP; EXCEPTION WHEN OTHERS THEN RETURN 2; END", "SELECT f()", "! 54000"),
    ("f(n int) RETURNS int", "BEGIN RETURN f(n + 1); EXCEPTION WHEN OTHERS THEN RETURN 2; END", "SELECT f(1)", "! 54001"),
    ("f() RETURNS bigint", "BEGIN BEGIN DELETE FROM item; PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN NULL; END;"
     " RETURN (SELECT count(*) FROM item); END", "SELECT f()", 3),
    ("f() RETURNS int", "BEGIN BEGIN RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 2; END; END", "SELECT f()", 1),
    ("f() RETURNS int", "BEGIN FOR i IN 1..9 LOOP BEGIN EXIT WHEN i = 4; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;"
     " DELETE FROM item; RETURN 1; END", "SELECT f()", 1),
    # Calls
    ("f(n int) RETURNS bigint", "BEGIN IF n <= 1 THEN RETURN 1; END IF; RETURN n * f(n - 1); END", "SELECT f(20)", 2432902008176640000),
    ("f(n int DEFAULT 5, m int DEFAULT 2) RETURNS int", "BEGIN RETURN n * 10 + m; END", "SELECT f(m => 7)", 57),
    ("f(n int, m int DEFAULT 2) RETURNS int STRICT", "BEGIN RETURN n * 10 + m; END", "SELECT f(1, NULL)", None),
    ("f(n int) RETURNS int", "BEGIN RETURN n; END", "SELECT f(1.5)", "! 42883"),
    ("f(n int) RETURNS int", "BEGIN RETURN n; END", "SELECT f(1, 2)", "! 42883"),
    ("f(n int) RETURNS int", "BEGIN DELETE FROM item; RETURN n; END", "SELECT f(1) + 1", "! 0A000"),
    ("f(n int) RETURNS bigint", "BEGIN RETURN (SELECT count(*) FROM item) + n; END",
     "SELECT sum(f(id)) FROM item WHERE f(id) > 4", "11"),
    ("f(n int) RETURNS bigint", "BEGIN RETURN (SELECT count(*) FROM item) + n; END", "UPDATE item SET price = f(1)", "! 0A000"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "query", "expected"), VALUES)
def test_a_function_gives(head: str, body: str, query: str, expected: object) -> None:
    if not query:
        assert f"! {code_of(an_engine(), f'CREATE FUNCTION {head} LANGUAGE plpgsql AS $$ {body} $$')}" == expected
        return
    engine = with_function(head, body)
    if isinstance(expected, str) and expected.startswith("! "):
        assert f"! {code_of(engine, query)}" == expected
    else:
        assert value(engine, query) == expected


ROWS: list[tuple[str, str, str, tuple[Row, ...]]] = [
    ("f(k int) RETURNS TABLE (i int, n text)", "BEGIN RETURN QUERY SELECT id, name FROM item WHERE id <= k; i := 99;"
     " n := 'end'; RETURN NEXT; END", "SELECT * FROM f(2)", ((1, "a"), (2, "b"), (99, "end"))),
    ("f() RETURNS SETOF int", "BEGIN RETURN NEXT 5; RETURN QUERY SELECT id FROM item; RETURN; END",
     "SELECT * FROM f() AS x WHERE x > 1", ((5,), (2,), (3,))),
    ("f(k int) RETURNS SETOF item", "BEGIN RETURN QUERY SELECT * FROM item WHERE id > k; END", "SELECT name FROM f(1)",
     (("b",), ("c",))),
    ("f(k int) RETURNS SETOF int", "BEGIN FOR i IN 1..k LOOP RETURN NEXT i * 10; END LOOP; END",
     "SELECT id, x FROM item, f(id) AS x WHERE id < 3", ((1, 10), (2, 10), (2, 20))),
    ("f(k int, OUT a int, OUT b text)", "BEGIN a := k + 1; SELECT name INTO b FROM item WHERE id = k; END", "SELECT * FROM f(2)",
     ((3, "b"),)),
    ("f(k int) RETURNS pair", "DECLARE p pair; BEGIN p.a := k; p.b := 'x'; RETURN p; END", "SELECT b, a FROM f(2)", (("x", 2),)),
    ("f(INOUT a int)", "BEGIN a := a + 1; END", "SELECT f(4)", ((5,),)),
    ("f() RETURNS void", "BEGIN DELETE FROM item WHERE id > 1; END", "SELECT f(); SELECT id FROM item", ((1,),)),
    ("f() RETURNS SETOF text", "BEGIN RETURN QUERY UPDATE item SET price = 0 RETURNING name; END", "SELECT * FROM f()",
     (("a",), ("b",), ("c",))),
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "query", "expected"), ROWS)
def test_a_function_gives_rows(head: str, body: str, query: str, expected: tuple[Row, ...]) -> None:
    assert rows(with_function(head, body), query) == expected


def test_a_function_in_sql_gives_what_its_last_statement_gives() -> None:
    engine = an_engine(
        "CREATE FUNCTION total(least numeric) RETURNS numeric LANGUAGE sql AS"
        " 'SELECT sum(price) FROM item WHERE price >= least';"
        "CREATE FUNCTION names(int) RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM item WHERE id >= $1 ORDER BY name DESC';"
        "CREATE FUNCTION raise_price(id int) RETURNS numeric LANGUAGE sql AS"
        " 'UPDATE item SET price = price + 1 WHERE item.id = raise_price.id; SELECT price FROM item i WHERE i.id = $1'"
    )
    assert value(engine, "SELECT total(2)") == "2.50"
    assert rows(engine, "SELECT * FROM names(2)") == (("c",), ("b",))
    assert value(engine, "SELECT raise_price(1)") == "2.50"


def test_a_procedure_gives_its_output_parameters() -> None:
    engine = an_engine(
        "CREATE PROCEDURE p(a int, OUT b int, INOUT c text) LANGUAGE plpgsql AS $$ BEGIN b := a * 2; c := c || a; END $$;"
        "CREATE FUNCTION q() RETURNS text LANGUAGE plpgsql AS $$ DECLARE x int; y text := 'y';"
        " BEGIN CALL p(4, x, y); RETURN y || x; END $$"
    )
    assert rows(engine, "CALL p(3, NULL, 'z')") == ((6, "z3"),)
    assert value(engine, "SELECT q()") == "y48"


def test_notices_stay_local_and_events_are_handed_out_in_order() -> None:
    engine = an_engine(
        "CREATE PROCEDURE p(a int) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'n % %%', a; EMIT first (a, a::text || 'x' AS b);"
        " BEGIN EMIT lost (a); PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', NULL::int; END;"
        " EMIT second (1.50::numeric(4,2) AS c, true AS d, ARRAY[1.5,2]::numeric(4,2)[] AS e); END $$"
    )
    outcome = engine.run("CALL p(1)", context())
    assert [(one.level, one.message) for one in outcome.notices] == [("notice", "n 1 %"), ("warning", "<NULL>")]
    assert [(one.name, dict(one.data)) for one in outcome.events] == [
        ("public.first", {"a": 1, "b": "1x"}),
        ("public.second", {"c": "1.50", "d": True, "e": ("1.50", "2.00")}),
    ]


def test_an_error_names_its_place_in_the_script_and_in_the_routine() -> None:
    engine = an_engine("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM 1 / 0;\nEND $$")
    with pytest.raises(SqlError) as caught:
        engine.run("SELECT 1;\n SELECT f()", context())
    assert (caught.value.line, caught.value.column) == (2, 2)
    assert caught.value.calls == [("public.f", 3, 3)]


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN nix;\nEND $$", (3, 10)),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE item SET price = prise; END $$", (1, 86)),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  UPDATE item\n  SET price = a;\nEND $$",
            (4, 15),
        ),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nSELECT nix $$", (2, 8)),
    ],
)
def test_an_error_of_the_compiler_names_its_place_in_the_script(script: str, place: tuple[int, int]) -> None:
    with pytest.raises(SqlError) as caught:
        an_engine(script)
    assert (caught.value.line, caught.value.column) == place


def test_routines_of_one_script_may_name_each_other_and_later_tables() -> None:
    engine = an_engine(
        "CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN g(n) + 1; END $$;"
        "CREATE FUNCTION g(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(a) FROM later) + n; END $$;"
        "CREATE TABLE later (a int PRIMARY KEY); INSERT INTO later VALUES (10)"
    )
    assert value(engine, "SELECT f(1)") == 12


def test_a_replaced_function_changes_what_its_callers_give() -> None:
    engine = an_engine(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f() * 10; END $$"
    )
    assert value(engine, "SELECT g()") == 10
    engine.run("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", context())
    assert value(engine, "SELECT g()") == 20
    assert code_of(engine, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 3'") == "42723"
    engine.run("DROP FUNCTION f", context())
    assert code_of(engine, "SELECT g()") == "42883"


def test_a_contract_that_waits_for_another_cannot_be_entered_again() -> None:
    engine = an_engine(
        "CREATE TABLE one.t (a int PRIMARY KEY); CREATE TABLE two.t (a int PRIMARY KEY);"
        "CREATE FUNCTION one.f(n int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN two.g(n); END $$;"
        "CREATE FUNCTION one.h(n int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN k(n); END $$;"
        "CREATE FUNCTION one.k(n int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(aergo_caller(), 'none'); END $$;"
        "CREATE FUNCTION two.g(n int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF n = 0 THEN RETURN aergo_caller(); END IF;"
        " RETURN one.k(n); END $$"
    )
    assert value(engine, "SELECT one.f(0)") == "one"
    assert value(engine, "SELECT one.h(0)") == "none"
    assert code_of(engine, "SELECT one.f(1)") == "55P03"


def test_a_signed_call_takes_and_gives_canonical_values() -> None:
    engine = an_engine(
        "CREATE FUNCTION f(a int, b numeric(8,2), c text[], d boolean DEFAULT true, OUT e text, OUT g numeric(8,2)[])"
        " LANGUAGE plpgsql AS $$ BEGIN e := a || c[2] || d; g := ARRAY[b, b * 2]; END $$"
    )
    outcome = engine.call(RoutineName("public.f"), (7, "1.50", ("x", "y")), context())
    assert outcome.result is not None
    assert outcome.result.columns == ("e", "g")
    assert outcome.result.rows == (("7ytrue", ("1.50", "3.00")),)


@pytest.mark.parametrize("argument", ["01.50", "-0.00", "1.", ".5", "+1", 1.5, True, 1, ("1.50",), "x"])
def test_a_signed_call_refuses_other_spellings(argument: object) -> None:
    engine = an_engine("CREATE FUNCTION f(b numeric(8,2)) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(SqlError):
        engine.call(RoutineName("public.f"), (argument,), context())  # type: ignore[arg-type]


def test_a_failed_call_leaves_nothing() -> None:
    engine = an_engine(
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM item; EMIT gone (); PERFORM 1 / 0; END $$"
    )
    with engine.block(), engine.transaction() as opened:
        with pytest.raises(SqlError):
            engine.call(RoutineName("public.p"), (), context())
        assert rows(engine, "SELECT count(*) FROM item") == ((3,),)
    assert opened.changes == {}
    assert opened.events == ()


def test_changes_of_a_routine_are_net_and_survive_an_inner_failure() -> None:
    engine = an_engine(
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN UPDATE item SET price = 5 WHERE id = 1;"
        " BEGIN UPDATE item SET price = 6; INSERT INTO item VALUES (1, 'x', 1); EXCEPTION WHEN unique_violation THEN NULL; END;"
        " BEGIN UPDATE item SET price = 7 WHERE id = 2; EXCEPTION WHEN OTHERS THEN NULL; END; END $$"
    )
    outcome = engine.run("CALL p()", context())
    [(_, changes)] = outcome.changes.items()
    assert {key: change.after for key, change in changes.items()} == {(1,): (1, "a", "5.00"), (2,): (2, "b", "7.00")}


def test_rows_without_a_key_get_theirs_from_the_transaction_in_routines_too() -> None:
    engine = an_engine(
        "CREATE TABLE log (what text);"
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('a'), ('b'); INSERT INTO log VALUES ('c'); END $$"
    )
    outcome = engine.run("CALL p(); INSERT INTO log VALUES ('d')", context(3))
    [(_, changes)] = outcome.changes.items()
    assert sorted(key[0][-8:] for key in changes) == ["00000000", "00000001", "00000002", "00000003"]  # type: ignore[index]


def test_the_time_and_the_user_are_the_transactions() -> None:
    engine = with_function(
        "f() RETURNS text",
        "BEGIN RETURN current_user || ' ' || session_user || ' ' || CURRENT_TIMESTAMP || ' ' || aergo_height(); END",
    )
    assert value(engine, "SELECT f()") == "alice alice 2023-11-14 22:13:20.123+00 5"


def test_a_procedure_in_the_manner_of_tpc_c_runs_as_it_is() -> None:
    engine = an_engine(
        """
CREATE TABLE stock (s_i_id int PRIMARY KEY, s_quantity int, s_ytd decimal(8,2));
CREATE TABLE line (o_id int, n int, i_id int, amount decimal(8,2), at timestamptz, PRIMARY KEY (o_id, n));
INSERT INTO stock VALUES (1, 20, 0), (2, 12, 0);
CREATE FUNCTION new_order(o int, items int[], qty int[])
RETURNS TABLE (name text, amount decimal, place bigint) LANGUAGE plpgsql AS $$
DECLARE
  it item%ROWTYPE; st stock%ROWTYPE; q stock.s_quantity%TYPE; total decimal(12,2) := 0; names text[] := '{}';
BEGIN
  FOR i IN 1..array_length(items, 1) LOOP
    SELECT * INTO it FROM item WHERE id = items[i];
    IF NOT FOUND THEN RAISE EXCEPTION 'item % not found', items[i]; END IF;
    SELECT * INTO STRICT st FROM stock WHERE s_i_id = items[i] FOR UPDATE;
    q := CASE WHEN st.s_quantity - qty[i] >= 10 THEN st.s_quantity - qty[i] ELSE st.s_quantity - qty[i] + 91 END;
    UPDATE stock SET s_quantity = q, s_ytd = s_ytd + qty[i] WHERE s_i_id = items[i];
    INSERT INTO line VALUES (o, i, items[i], it.price * qty[i], CURRENT_TIMESTAMP);
    names[i] := it.name;
  END LOOP;
  RETURN QUERY SELECT t.name, l.amount, rank() OVER (ORDER BY l.amount DESC)
    FROM line l JOIN item t ON t.id = l.i_id WHERE l.o_id = o;
END $$;"""
    )
    assert rows(engine, "SELECT * FROM new_order(7, ARRAY[1, 2], '{3,4}')") == (("a", "4.50", 2), ("b", "10.00", 1))
    assert rows(engine, "SELECT * FROM stock") == ((1, 17, "3.00"), (2, 99, "4.00"))
    assert code_of(engine, "SELECT * FROM new_order(8, ARRAY[9], '{1}')") == "P0001"
