"""Attacks by routines: rows G03 to G22 of the threat list, in PL/pgSQL."""

import subprocess
import sys
import time
import tracemalloc

import pytest
from sql_world import context

from aergo_vc.base.ids import TableName
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import FuseError, SqlError
from aergo_vc.sql.running.budget import Budget

SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, x int, u int UNIQUE, w text); CREATE SEQUENCE q;"
ROWS = "INSERT INTO t SELECT g, g % 3, g, 'w' || g FROM generate_series(1, 8) g;"


def an_engine(*scripts: str, fuse_steps: int = 200_000_000) -> Engine:
    engine = Engine(fuse_steps=fuse_steps)
    for number, script in enumerate((SCHEMA, ROWS, *scripts), 1):
        engine.run(script, context(number))
    return engine


def procedure(body: str, declare: str = "") -> str:
    return f"CREATE PROCEDURE p() LANGUAGE plpgsql AS $$\nDECLARE k int := 1; {declare}\nBEGIN\n  {body}\nEND $$"


def refused(script: str, *before: str, budget: Budget | None = None) -> SqlError:
    engine = an_engine(*before)
    rows = list(engine.rows(TableName("public.t")))
    with pytest.raises(SqlError) as caught:
        engine.run(script, context(9), budget)
    assert list(engine.rows(TableName("public.t"))) == rows
    return caught.value


def called(body: str, declare: str = "", budget: Budget | None = None) -> SqlError:
    return refused("CALL p()", procedure(body, declare), budget=budget)


@pytest.mark.parametrize(
    ("body", "way_out"),
    [
        ("PERFORM random();", "take it as an argument"),
        ("PERFORM gen_random_uuid();", "take it as an argument"),
        ("PERFORM clock_timestamp();", "CURRENT_TIMESTAMP"),
        ("PERFORM sqrt(4);", "numeric"),
        ("EXECUTE 'DROP TABLE t';", "write the statement itself"),
        ("FOR k IN EXECUTE 'SELECT 1' LOOP END LOOP;", "write the query itself"),
        ("COMMIT;", "a call is one transaction"),
        ("ROLLBACK;", "raise an exception"),
        ("PERFORM array_agg(w) FROM t;", "without ORDER BY"),
        ("PERFORM string_agg(w, ',') FROM t;", "without ORDER BY"),
    ],
)
def test_g04_g06_g07_g13_what_could_differ_is_refused_with_its_place_and_a_way_out(body: str, way_out: str) -> None:
    error = refused(procedure(body))
    assert (error.sqlstate, error.line) == ("0A000", 4)
    assert error.column is not None
    assert error.column >= 3
    assert way_out in error.message


@pytest.mark.parametrize(
    "body",
    [
        "CREATE TABLE y (a int);",
        "DROP TABLE t;",
        "SAVEPOINT x;",
        "SET x = 1;",
        "LOCK TABLE t;",
        "ALTER TABLE t ADD b int;",
    ],
)
def test_g03_a_routine_defines_nothing(body: str) -> None:
    assert refused(procedure(body)).sqlstate in ("0A000", "42601")


@pytest.mark.parametrize("body", ["EMIT e (n); RETURN n;", "RETURN nextval('q');", "RETURN g(n);"])
@pytest.mark.parametrize(
    "query", ["SELECT sum(f(id)) FROM t", "SELECT id FROM t WHERE f(id) > 3", "UPDATE t SET x = f(id)"]
)
def test_g07_what_shows_when_it_runs_is_never_called_row_by_row(body: str, query: str) -> None:
    function = "CREATE FUNCTION {}(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN {} END $$;"
    before = function.format("g", "EMIT e (n); RETURN n;") + function.format("f", body)
    error = refused(query, before)
    assert (error.sqlstate, "statement of its own" in error.message) == ("0A000", True)


@pytest.mark.parametrize("index", ["", "CREATE INDEX tx ON t (x)", "CREATE INDEX tw ON t (w, x)"])
@pytest.mark.parametrize("reverse", [False, True])
def test_g07_unique_columns_change_in_the_order_of_the_key(index: str, reverse: bool) -> None:
    engine = an_engine(index)
    if reverse:
        engine._trusted("PRAGMA reverse_unordered_selects = ON")
    engine.run("UPDATE t SET u = u - 1 WHERE x >= 0 OR w > ''", context(8))
    with pytest.raises(SqlError) as caught:
        engine.run("UPDATE t SET u = u + 1 WHERE x >= 0 OR w > ''", context(9))
    assert caught.value.sqlstate == "23505"


@pytest.mark.parametrize(
    "body",
    [
        "LOOP NULL; END LOOP;",
        "WHILE k > 0 LOOP k := k + 1; k := k - 1; END LOOP;",
        "LOOP UPDATE t SET x = 1 WHERE id = 1; END LOOP;",
        "LOOP BEGIN INSERT INTO t VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;",
        "LOOP BEGIN LOOP NULL; END LOOP; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;",
        "LOOP EMIT e (k); END LOOP;",
        "LOOP RAISE NOTICE 'x'; END LOOP;",
        "FOR k IN 1..2000000000 LOOP NULL; END LOOP;",
    ],
)
def test_g08_every_loop_ends_at_the_budget_whatever_is_caught(body: str) -> None:
    assert called(body, budget=Budget(steps=20_000)).sqlstate == "54000"


def test_g08_calls_nest_as_deep_as_the_rules_say() -> None:
    function = "CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f(n + 1); END $$"
    assert refused("SELECT f(1)", function).sqlstate == "54001"


@pytest.mark.parametrize(
    "body",
    [
        "FOR i IN 1..40 LOOP s := s || s || 'x'; END LOOP;",
        "FOR i IN 1..40 LOOP a := a || a; END LOOP;",
        "FOR i IN 1..100 LOOP a[i] := repeat('x', 60000); END LOOP;",
        "a[1000000000] := 'x';",
        "a := array_fill('x'::text, ARRAY[2000000000]);",
        "PERFORM repeat('x', 60000) FROM generate_series(1, 100);",
        "FOR s IN SELECT repeat('x', 60000) FROM generate_series(1, 100) LOOP END LOOP;",
        "LOOP EMIT e (repeat('x', 60000) AS k); END LOOP;",
        "LOOP RAISE NOTICE '%', repeat('x', 60000); END LOOP;",
    ],
)
def test_g09_g10_what_routines_hold_is_weighed(body: str) -> None:
    error = called(body, "s text := ''; a text[] := '{x}';", Budget(bytes=1_000_000))
    assert error.sqlstate == "54000"


def test_g10_rows_of_a_result_are_weighed_as_they_come() -> None:
    function = (
        "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE plpgsql AS $$"
        " BEGIN LOOP RETURN NEXT repeat('x', 60000); END LOOP; END $$"
    )
    assert refused("SELECT count(*) FROM f()", function, budget=Budget(bytes=1_000_000)).sqlstate == "54000"
    engine = an_engine()
    with pytest.raises(SqlError) as caught:
        engine.run("SELECT w || repeat('x', 60000) FROM t, generate_series(1, 9)", context(7), Budget(bytes=1_000_000))
    assert caught.value.sqlstate == "54000"
    engine.run("DROP TABLE t", context(8))  # nothing holds it


@pytest.mark.parametrize("into", ["INTO v", "INTO STRICT v"])
def test_g10_a_query_for_one_row_reads_no_more_whatever_its_limit(into: str) -> None:
    body = f"BEGIN SELECT repeat('x', 50000) || g {into} FROM generate_series(1, 9000) g LIMIT 8000;"
    engine = an_engine(procedure(body + " EXCEPTION WHEN too_many_rows THEN NULL; END;", "v text;"))
    tracemalloc.start()
    try:
        engine.run("CALL p()", context(7))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    engine.run("DROP TABLE t", context(8))  # nothing holds it


def test_g10_memory_of_the_engine_ends_where_this_machine_says() -> None:
    program = (
        "import apsw\nfrom sql_world import context\nfrom aergo_vc.sql.engine import Engine\n"
        "from aergo_vc.sql.errors import FuseError\n"
        "engine = Engine()\napsw.hard_heap_limit(32 << 20)\n"
        "query = \"SELECT repeat('x', 60000) || g FROM generate_series(1, 5000) g ORDER BY 1 DESC\"\n"
        "try: engine.run(query, context())\n"
        "except FuseError: print('fuse')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == "fuse\n", done.stderr


def test_g11_a_longer_fuse_changes_nothing_and_no_handler_hides_a_blown_one() -> None:
    body = "BEGIN PERFORM count(*) FROM t a, t b, t c, t d, t e, t f, t g, t h; EXCEPTION WHEN OTHERS THEN NULL; END;"
    engine = an_engine(procedure(body), fuse_steps=1_000_000)
    with pytest.raises(FuseError):
        engine.run("CALL p()", context(9))
    outcomes = [
        an_engine(procedure("UPDATE t SET x = (SELECT count(*) FROM t a, t b);"), fuse_steps=steps).run(
            "CALL p()", context(9)
        )
        for steps in (1_000_000, 2_000_000, 4_000_000)
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_g12_a_bank_cannot_be_entered_again_while_it_pays() -> None:
    engine = Engine()
    bank = (
        "CREATE TABLE account (id int PRIMARY KEY, amount int NOT NULL); INSERT INTO account VALUES (1, 10);"
        "CREATE PROCEDURE withdraw() LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT amount FROM account WHERE id = 1) >= 10 THEN CALL thief.pay();"
        " UPDATE account SET amount = amount - 10 WHERE id = 1; END IF; END $$"
    )
    thief = "CREATE TABLE loot (n int PRIMARY KEY); CREATE PROCEDURE pay() LANGUAGE plpgsql AS $$ BEGIN {} END $$"
    engine.run(thief.format("NULL;"), context(1), contract="thief")
    engine.run(bank, context(2), contract="bank")
    engine.run(
        thief.format("INSERT INTO loot SELECT count(*) FROM loot; CALL bank.withdraw();"), context(3), contract="thief"
    )
    with pytest.raises(SqlError) as caught:
        engine.run("CALL bank.withdraw()", context(4))
    assert caught.value.sqlstate == "55P03"
    assert list(engine.rows(TableName("bank.account"))) == [(1, 10)]
    assert list(engine.rows(TableName("thief.loot"))) == []


EVIL = [
    "x'); import os; (",
    'a"b',
    "run",
    "found",
    "out",
    "execute",
    "S0",
    "__import__",
    "v1",
    "{x}",
    "a\\",
    "é",
    "None",
]


@pytest.mark.parametrize("name", EVIL)
def test_g22_names_and_texts_of_contracts_are_never_taken_for_python(name: str) -> None:
    quoted, text = '"' + name.replace('"', '""') + '"', "'" + name.replace("'", "''") + "'"
    said = text[1:-1].replace("%", "%%")
    engine = an_engine(
        f"CREATE FUNCTION f({quoted} text) RETURNS text LANGUAGE plpgsql AS $$ <<{quoted}>> DECLARE y text := {text};"
        f" BEGIN EMIT e ({quoted} AS {quoted}); RAISE NOTICE '% {said}', y;"
        f" RETURN y || {quoted}; END $$"
    )
    outcome = engine.run(f"SELECT f({text})", context(9))
    assert outcome.results[0].rows == ((name + name,),)
    assert [dict(event.data) for event in outcome.events] == [{name: name}]
    assert [notice.message for notice in outcome.notices] == [f"{name} {name}"]


NESTS = {
    "loops": lambda n: "FOR i IN 1..1 LOOP " * n + "NULL;" + " END LOOP;" * n,
    "blocks": lambda n: "BEGIN " * n + "NULL;" + " EXCEPTION WHEN OTHERS THEN NULL; END;" * n,
    "handlers": lambda n: "BEGIN NULL; EXCEPTION WHEN OTHERS THEN " * n + "NULL;" + " END;" * n,
    "branches": lambda n: "IF k = 1 THEN " * n + "NULL;" + " END IF;" * n,
    "brackets": lambda n: "k := " + "(" * n + "k" + ")" * n + ";",
    "sums": lambda n: "k := " + "1 + " * n + "k;",
    "signs": lambda n: "k := " + "- " * n + "k;",
    "negations": lambda n: "IF " + "NOT " * n + "k = 1 THEN NULL; END IF;",
    "cases": lambda n: "k := " + "CASE WHEN k = 1 THEN " * n + "k" + " END" * n + ";",
    "calls": lambda n: "k := " + "coalesce(" * n + "k" + ", 1)" * n + ";",
}


@pytest.mark.parametrize("what", NESTS)
def test_g20_what_nests_runs_or_is_refused_by_our_own_count(what: str) -> None:
    for depth in (5, 30, 90, 2_000):
        began, engine = time.process_time(), an_engine()
        try:
            engine.run(procedure(NESTS[what](depth)), context(8))
            engine.run("CALL p()", context(9))
        except SqlError as error:
            assert depth > 5
            assert error.sqlstate in ("54000", "54001", "22003")
            assert "too deep for" not in error.message
        assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text", ["$" * 100_000, "/*" * 50_000, "'" * 100_001, "a." * 50_000, "<<" * 50_000, " \n" * 50_000]
)
def test_g19_no_text_takes_the_readers_of_routines_long(text: str) -> None:
    began = time.process_time()
    for script in (text, procedure(text), f"CREATE FUNCTION f({text}"):
        engine = an_engine()
        try:
            engine.run(script, context(9))
        except SqlError as error:
            assert error.sqlstate
        assert time.process_time() - began < 10


def test_g15_a_call_runs_the_code_of_its_own_block() -> None:
    engine = Engine()
    contract = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN {}; END $$"
    given = []
    for number in (1, 2, 3):
        engine.run(contract.format(number), context(number), contract="c")
        given.append(engine.run("SELECT c.f()", context(number)).results[0].rows)
    assert given == [((1,),), ((2,),), ((3,),)]


@pytest.mark.parametrize("change", ["UPDATE long SET body = repeat('x', 50000)", "DELETE FROM old"])
def test_g10_rows_that_change_are_weighed_as_they_come(change: str) -> None:
    engine = an_engine()
    engine.run(
        "CREATE TABLE long (id int PRIMARY KEY, body text); CREATE TABLE old (id int PRIMARY KEY, body text)",
        context(7),
    )
    engine.run("INSERT INTO long SELECT g, '' FROM generate_series(1, 1000) g", context(8))
    for number in range(100):
        filling = f"INSERT INTO old SELECT {number} * 10 + g, repeat('ü', 25000) FROM generate_series(1, 10) g"
        engine.run(filling, context(9))
    tracemalloc.start()
    try:
        with pytest.raises(SqlError) as caught:
            engine.run(change, context(10), Budget(bytes=4_000_000))
        assert caught.value.sqlstate == "54000"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert engine.run("SELECT count(*), max(length(body)) FROM long", context(11)).results[0].rows == ((1_000, 0),)
    assert engine.run("SELECT count(*) FROM old", context(12)).results[0].rows == ((1_000,),)
