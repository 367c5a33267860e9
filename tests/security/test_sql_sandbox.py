"""Attacks on the executor: rows G01 to G20, F04, F08 and B18 of the threat list."""

import random
import time
from itertools import permutations

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import TableName
from aergo_vc.model.transactions import LoadMode
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.rules import GOLDEN_EXPRESSIONS, engine_matches_rules, golden_results
from aergo_vc.sql.running.budget import Budget
from aergo_vc.sql.running.runtime import AGGREGATES, BUILT_IN_FUNCTIONS, WINDOW_AGGREGATES, matches, scalar_functions
from aergo_vc.sql.running.sandbox import ENGINE_FUNCTIONS

T = TableName("public.t")

OURS_TOO = ("concat", "concat_ws", "ifnull", "mod")
"""SQLite's names that mean functions of AERGOSQL's own, of as many arguments as the test gives."""


def an_engine() -> Engine:
    engine = Engine()
    engine.run("CREATE TABLE t (id int PRIMARY KEY, x int, n numeric); INSERT INTO t VALUES (1, 5, 1.50)", context())
    return engine


def refusal(engine: Engine, script: str) -> str:
    before = list(engine.rows(T))
    with pytest.raises(SqlError) as caught:
        engine.run(script, context())
    assert list(engine.rows(T)) == before
    return caught.value.sqlstate


def denied(engine: Engine, sql: str) -> bool:
    """Whether SQLite itself refuses `sql`, had it got past the checker."""
    try:
        engine._db.execute(sql).fetchall()
    except (apsw.AuthError, apsw.SQLError):
        return True
    return False


@pytest.mark.parametrize(
    "sql", ["ATTACH ':memory:' AS other", "DETACH main", "VACUUM", "VACUUM INTO 'x'", "BEGIN", "COMMIT", "SAVEPOINT x"]
)
def test_g01_no_database_is_attached_or_written_elsewhere(sql: str) -> None:
    engine = an_engine()
    refusal(engine, sql)
    assert denied(engine, sql)
    assert engine._db.limit(apsw.SQLITE_LIMIT_ATTACHED) == 0


def test_g02_every_function_that_is_not_listed_is_denied() -> None:
    engine = an_engine()
    listed = BUILT_IN_FUNCTIONS | ENGINE_FUNCTIONS | set(scalar_functions()) | {*WINDOW_AGGREGATES, *AGGREGATES}
    names = {row[0] for row in engine._trusted("PRAGMA function_list")}
    assert len(names - listed) > 50
    for name in sorted(names - listed):
        assert denied(engine, f'SELECT "{name}"()'), name
        assert denied(engine, f'SELECT "{name}"(1)'), name
        if name not in OURS_TOO:
            refusal(engine, f'SELECT "{name}"(x, 1, 2, 3, 4, 5, 6) FROM t')


@pytest.mark.parametrize(
    "sql",
    [
        "PRAGMA writable_schema = 1", "PRAGMA table_info(t)", "CREATE TEMP TABLE x (a)", "CREATE TABLE x (a)",
        'CREATE TRIGGER x AFTER INSERT ON "public.t" BEGIN SELECT 1; END', "CREATE VIRTUAL TABLE x USING fts5(a)",
        'DROP TABLE "public.t"', 'ALTER TABLE "public.t" ADD b', "REINDEX", "ANALYZE",
        "SELECT * FROM json_tree('[1]')", "SELECT * FROM dbstat", "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_table_list", "DELETE FROM sqlite_schema",
        "SELECT * FROM cache_facts", "DELETE FROM cache_facts", "EXPLAIN SELECT load_extension('x')",
    ],
)  # fmt: skip
def test_g03_sqlite_refuses_what_the_checker_would_never_write(sql: str) -> None:
    engine = an_engine()
    assert denied(engine, sql)
    refusal(engine, sql)


@pytest.mark.parametrize(
    "call",
    ["random()", "randomblob(4)", "gen_random_uuid()", "clock_timestamp()", "statement_timestamp()", "timeofday()",
     "sqlite_version()", "version()", "changes()", "last_insert_rowid()", "datetime('now')", "date('now')",
     "pg_sleep(1)", "txid_current()", "setseed(1)", "current_setting('x')", "current_time"],
)  # fmt: skip
def test_g04_nothing_tells_the_machine_s_time_chance_or_version(call: str) -> None:
    assert refusal(an_engine(), f"SELECT {call}") in ("0A000", "42883", "42703")


def test_g03_what_unnest_becomes_is_no_function_of_scripts() -> None:
    refusal(an_engine(), "SELECT * FROM json_each('[1]')")
    refusal(an_engine(), "SELECT * FROM whole_series(1, 2, 1)")
    refusal(an_engine(), "SELECT * FROM array_rows('[1]')")


def test_g04_local_time_is_the_block_s_in_utc() -> None:
    outcome = an_engine().run("SELECT localtimestamp = current_timestamp AT TIME ZONE 'UTC'", context())
    assert outcome.results[0].rows == ((True,),)


def test_g05_the_engine_computes_as_the_rule_set_says() -> None:
    assert engine_matches_rules()
    assert len(golden_results()) == len(GOLDEN_EXPRESSIONS) >= 40


@pytest.mark.parametrize(
    ("expression", "sqlstate"),
    [
        ("9223372036854775807 + 1", "22003"),
        ("x / 0", "22012"),
        ("1e308::double precision * 10", "22003"),
        ("1::double precision / 0", "22012"),
        ("'NaN'::double precision", "22P02"),
        ("'Infinity'::double precision", "22P02"),
        ("'NaN'::numeric", "22P02"),
        ("sum(1.5::double precision)", "0A000"),
        ("avg(1.5::double precision)", "0A000"),
        ("sqrt(x)", "0A000"),
        ("sum(1.5::real)", "0A000"),
        ("1e38::real * 10::real", "22003"),
        ("0.1::real || ''", "42846"),
        ("0.1::double precision || ''", "42846"),
        ("round(0.5::double precision)", "0A000"),
    ],
)
def test_g06_floats_do_not_come_in_by_the_back_door(expression: str, sqlstate: str) -> None:
    assert refusal(an_engine(), f"SELECT {expression} FROM t") == sqlstate


def test_g06_exact_expressions_never_become_floats() -> None:
    expressions = "x / 2, avg(x), sum(x), 1.0 / 3, avg(n), x * 1.5, n / 7, abs(n), x % 3, round(n)"
    row = an_engine().run(f"SELECT {expressions} FROM t GROUP BY id, x, n", context()).results[0].rows[0]
    assert not any(isinstance(value, float) for value in row)


QUERIES = [
    "SELECT * FROM s",
    "SELECT a FROM s LIMIT 3",
    "SELECT a FROM s ORDER BY b LIMIT 4 OFFSET 1",
    "SELECT DISTINCT b FROM s LIMIT 2",
    "SELECT b, count(*), max(n) FROM s GROUP BY b LIMIT 2",
    "SELECT max(n), min(n), sum(n) FROM s",
    "SELECT DISTINCT n FROM s",
    "SELECT n FROM s UNION SELECT n + 0.0 FROM s",
    "SELECT string_agg(w, ',' ORDER BY b) FROM s",
    "SELECT x.a, y.a FROM s x JOIN s y ON x.b = y.b ORDER BY x.b LIMIT 5",
    "SELECT row_number() OVER (ORDER BY b), lag(a) OVER (PARTITION BY b) FROM s",
    "SELECT first_value(a) OVER (ORDER BY b), sum(a) OVER (ORDER BY b ROWS 1 PRECEDING) FROM s",
    "INSERT INTO h SELECT w, b FROM s RETURNING w",
    "INSERT INTO h SELECT w, b FROM s ORDER BY b",
    "INSERT INTO k SELECT b, a FROM s ON CONFLICT (b) DO NOTHING",
    "UPDATE s SET b = b + 1 WHERE b < 3 RETURNING a",
    "DELETE FROM s WHERE b = 1 RETURNING *",
    "UPDATE s SET w = w || 'x' FROM k WHERE s.b = k.b",
]


def differential_engine(*, reverse: bool, index: bool, order: int) -> Engine:
    engine = Engine()
    engine.run(
        "CREATE TABLE s (a int PRIMARY KEY, b int, n numeric, w text); CREATE TABLE h (w text, b int);"
        "CREATE TABLE k (b int PRIMARY KEY, a int); INSERT INTO k VALUES (7, 7)",
        context(),
    )
    rows = [(a, a % 3, f"{a % 2}.{'0' * (a % 4 + 1)}", f"w{a % 5}") for a in range(12)]
    random.Random(order).shuffle(rows)
    engine.load(TableName("public.s"), ("a", "b", "n", "w"), LoadMode.APPEND, rows)
    if index:
        engine.run("CREATE INDEX s_b ON s (b); CREATE INDEX s_n ON s (n, w)", context())
    if reverse:
        engine._trusted("PRAGMA reverse_unordered_selects = ON")
    return engine


@pytest.mark.parametrize("script", QUERIES)
def test_g07_neither_scan_order_nor_indexes_nor_insertion_order_show(script: str) -> None:
    outcomes = []
    for reverse, index, order in [(False, False, 1), (True, False, 2), (False, True, 3), (True, True, 4)]:
        engine = differential_engine(reverse=reverse, index=index, order=order)
        outcome = engine.run(script, context(3))
        outcomes.append((outcome.results, {name: dict(changes) for name, changes in outcome.changes.items()}))
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_g07_the_order_in_which_indexes_were_made_does_not_decide_the_plan() -> None:
    plans = set()
    definitions = [f"CREATE INDEX i{name} ON s ({name})" for name in ("b", "w", "n")]
    for order in permutations(definitions):
        engine = differential_engine(reverse=False, index=False, order=1)
        for definition in order:
            engine.run(definition, context())
        sql = 'EXPLAIN QUERY PLAN SELECT * FROM "public.s" WHERE b = 1 AND w = 2 AND n = 3'
        plans.add(str([row[3] for row in engine._trusted(sql)]))
    assert len(plans) == 1


def test_g08_endless_recursion_ends_at_the_budget() -> None:
    engine = an_engine()
    script = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT count(*) FROM r"
    with pytest.raises(SqlError) as caught:
        engine.run(script, context(), Budget(rows=10_000))
    assert caught.value.sqlstate == "54000"


@pytest.mark.parametrize(
    "expression",
    [
        "repeat('x', 2000000000)",
        "lpad('x', 2000000000, 'y')",
        "replace(repeat('x', 60000), 'x', 'yyyyyyyy')",
        "repeat('x', 60000) || repeat('x', 60000)",
        "concat(repeat('x', 60000), repeat('x', 60000))",
        "string_agg(repeat('x', 60000), '' ORDER BY 1) FROM (VALUES (1), (2)) AS v (n)",
    ],
)
def test_g09_g10_no_text_grows_beyond_the_limit(expression: str) -> None:
    assert refusal(an_engine(), f"SELECT {expression}") == "54000"


def test_g09_like_takes_no_time_on_evil_patterns() -> None:
    text, began = "a" * 60_000, time.process_time()
    assert not matches(text, "%a" * 499 + "%b", "\\")
    assert not matches(text, "%" + "a" * 900 + "b%", "\\")
    assert matches(text, "%_%" * 300 + "a", "\\")
    assert time.process_time() - began < 2
    with pytest.raises(SqlError):
        matches(text, "%" * 2_000, "\\")


LETTERS = st.text("ab%_\\", max_size=8)


@given(st.text("ab%_", max_size=10), LETTERS)
def test_g09_like_agrees_with_its_definition(text: str, pattern: str) -> None:
    def fits(text: str, pattern: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "%":
            return any(fits(text[start:], pattern[1:]) for start in range(len(text) + 1))
        letter = pattern[1:2] if pattern[0] == "\\" else pattern[0]
        rest = pattern[2:] if pattern[0] == "\\" else pattern[1:]
        same = bool(text) and (text[0] == letter or pattern[0] == "_")
        return same and fits(text[1:], rest)

    try:
        found = matches(text, pattern, "\\")
    except SqlError:
        assert (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1
    else:
        assert found == fits(text, pattern)


def test_g11_the_fuse_never_decides_a_transaction() -> None:
    script = "UPDATE t SET x = (SELECT count(*) FROM t a, t b); SELECT * FROM t"
    outcomes = []
    for steps in (1_000_000, 2_000_000, 4_000_000):
        engine = Engine(fuse_steps=steps)
        engine.run("CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 1), (2, 2)", context())
        outcomes.append(engine.run(script, context()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@pytest.mark.parametrize(
    "name", ["x'; DROP TABLE t; --", 'x"; DROP TABLE t; --', "a, b", "c0", "t0", "rowid", "x`y]", "ö", "?1", ":time"]
)
def test_g13_names_and_texts_are_never_taken_for_sql(name: str) -> None:
    engine = an_engine()
    quoted, text = '"' + name.replace('"', '""') + '"', "'" + name.replace("'", "''") + "'"
    engine.run(
        f"CREATE TABLE evil (id int PRIMARY KEY, {quoted} text DEFAULT {text} UNIQUE CHECK ({quoted} <> ''))", context()
    )
    engine.run("INSERT INTO evil (id) VALUES (1)", context())
    query = f"SELECT e.{quoted} AS {quoted} FROM evil AS e WHERE {quoted} = {text} GROUP BY id ORDER BY {quoted}"
    result = engine.run(query, context()).results[0]
    assert (result.rows, result.columns is not None and result.columns[0].name) == (((name,),), name)
    engine.run(f"UPDATE evil SET {quoted} = {quoted} || 'x' WHERE e.id = 1".replace("e.id", "id"), context())
    assert list(engine.rows(TableName("public.evil"))) == [(1, name + "x")]
    assert refusal(engine, f"INSERT INTO evil VALUES (2, {text} || 'x')") == "23505"
    assert len(list(engine.rows(T))) == 1


@pytest.mark.parametrize("sql", ["EXECUTE 'DROP TABLE t'", "PREPARE p AS SELECT 1", "DO $$ BEGIN EXECUTE 'x'; END $$"])
def test_g13_no_text_is_executed(sql: str) -> None:
    assert refusal(an_engine(), sql) in ("0A000", "42601")


@pytest.mark.parametrize(
    "name",
    ["sqlite_schema", "sqlite_master", "sqlite_temp_schema", "cache_facts", "pg_class", "information_schema.tables",
     "main.cache_facts", '"interim.table"', "temp.x", "aergo_x.y"],
)  # fmt: skip
def test_g14_no_name_reaches_the_engine_s_own_tables(name: str) -> None:
    engine = an_engine()
    for script in (
        f"SELECT * FROM {name}",
        f"DELETE FROM {name}",
        f"INSERT INTO {name} VALUES (1)",
        f"DROP TABLE {name}",
    ):
        assert refusal(engine, script) in ("42P01", "42704")
    with pytest.raises(SqlError):
        engine.run(f"CREATE TABLE {name} (a int); CREATE TABLE {name} (a int)", context())


@pytest.mark.parametrize(
    "script",
    [
        "SELECT " + " + ".join(["1"] * 20_000),
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "-" * 0 + "NOT " * 5_000 + "true",
        " UNION ALL ".join(["SELECT 1"] * 500),
        "SELECT " + "CASE WHEN true THEN " * 2_000 + "1" + " END" * 2_000,
        "SELECT * FROM " + "(SELECT * FROM " * 200 + "t" + ") AS x" * 200,
        "SELECT " + "x::int" + "::int" * 5_000 + " FROM t",
        "SELECT * FROM " + ", ".join(f"t AS a{number}" for number in range(100)),
        "SELECT " + " AND ".join(["true"] * 5_000),
        "SELECT 1 IN (" + ", ".join(["1"] * 100_000) + ")",
        "SELECT '" + "x" * 2_000_000 + "'",
        "WITH "
        + ", ".join(f"c{n} AS (SELECT * FROM {'t' if n == 0 else f'c{n - 1} AS a, c{n - 1} AS b'})" for n in range(30))
        + " SELECT count(*) FROM c29",
    ],
    ids=range(12),
)
def test_g20_parser_bombs_are_refused_in_good_time(script: str) -> None:
    engine, began = an_engine(), time.process_time()
    with pytest.raises(SqlError) as caught:
        engine.run(script, context())
    assert caught.value.sqlstate in ("54000", "54001")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "sqlstate"),
    [
        ("9007199254740993", None), ("9223372036854775807", None), ("-9223372036854775808", None),
        ("9223372036854775808", "22003"), ("9" * 5_000, "22003"), ("-" + "9" * 5_000, "22003"),
    ],
)  # fmt: skip
def test_f04_integers_are_exact_to_64_bits_and_no_further(text: str, sqlstate: str | None) -> None:
    engine = an_engine()
    for script in (f"SELECT '{text}'::bigint", f"SELECT ({text})::bigint"):
        if sqlstate is None:
            assert engine.run(script, context()).results[0].rows == ((int(text),),)
        else:
            assert refusal(engine, script) == sqlstate


def test_f08_nul_is_refused_everywhere() -> None:
    engine = an_engine()
    assert refusal(engine, "SELECT 'a\0b'") == "42601"
    engine.run("CREATE TABLE w (a text PRIMARY KEY)", context())
    with pytest.raises(SqlError):
        engine.load(TableName("public.w"), ("a",), LoadMode.APPEND, [("a\0b",)])


def test_b18_rows_keys_and_columns_have_sizes_that_are_refused_one_beyond() -> None:
    engine = an_engine()
    columns = ", ".join(f"c{number} int" for number in range(500))
    engine.run(f"CREATE TABLE wide ({columns})", context())
    assert refusal(engine, f"CREATE TABLE wider ({columns}, c500 int)") == "54011"
    engine.run("CREATE TABLE w (id int PRIMARY KEY, a text)", context())
    most = 60_000 - len('[1,""]')
    engine.run(f"INSERT INTO w VALUES (1, repeat('x', {most}))", context())
    assert refusal(engine, f"INSERT INTO w VALUES (2, repeat('x', {most + 1}))") == "54000"
    engine.run("CREATE TABLE keyed (a text PRIMARY KEY)", context())
    engine.run("INSERT INTO keyed VALUES (repeat('x', 1998))", context())
    assert refusal(engine, "INSERT INTO keyed VALUES (repeat('x', 1999))") == "54000"
