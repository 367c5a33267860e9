"""Section H of the threat list: what foreign SQL and foreign cache files might do."""

import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from query_states import States, make_table

import aergo_vc
from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import View
from aergo_vc.model.types import Kind, Row
from aergo_vc.query.errors import QueryError, QueryTimeout, QueryTooLarge
from aergo_vc.query.session import QueryLimits, QuerySession
from aergo_vc.query.state import QueryState, QueryTable

TABLE = make_table("public.t", {"id": Kind.INTEGER, "v": Kind.TEXT}, ["id"])
ROWS: list[Row] = [(n, f"value {n}") for n in range(1_000)]
SMALL = QueryLimits(seconds=2.0, memory_bytes=512 << 20, spill_bytes=16 << 20, threads=2)

FILE_VERBS = [
    "COPY t TO '{out}'",
    "COPY (SELECT 1) TO '{out}' (FORMAT parquet)",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{out}' AS other",
    "ATTACH '{secret}' AS other (TYPE sqlite)",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json_auto('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM read_duckdb('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM glob('{folder}/*')",
    "FROM '{secret}'",
    'FROM "{secret}"',
    "SELECT * FROM query('FROM read_text(''{secret}'')')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{secret}'')'))",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SELECT 1 WHERE EXISTS (WITH a AS (FROM read_text('{secret}')) FROM a)",
    "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "INSTALL httpfs",
    "LOAD '{secret}'",
    "CALL enable_logging(storage = 'file', storage_path = '{out}')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '{out}')",
    "PRAGMA enable_profiling = 'json'",
    "EXPLAIN ANALYZE COPY t TO '{out}'",
    "EXPLAIN COPY t TO '{out}'",
    "EXPLAIN /* x */ ANALYZE COPY t TO '{out}'",
    "CREATE SECRET s (TYPE s3)",
    "CREATE TABLE x AS FROM read_text('{secret}')",
    "WITH a AS (INSERT INTO x VALUES (1) RETURNING 1) FROM a",
    "WITH a AS (DELETE FROM public.t RETURNING 1) FROM a",
    "SELECT 1) TO '{out}'; COPY (SELECT 1",
    "SELECT 1; COPY t TO '{out}'",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM checkpoint()",
    'DETACH "(rows)"',
    "VACUUM",
]


def table(rows: list[Row] = ROWS) -> QueryTable:
    """The table of the tests."""
    return States().table(TABLE, rows)


def all_rows(session: QuerySession, sql: str) -> list[Row]:
    """All rows of a query."""
    return list(session.query(sql).rows())


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuerySession]:
    """A session with small limits."""
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "secret").write_text("the secret\n")
    with QuerySession(QueryState({TABLE.name: table()}), folder / "query", SMALL) as made:
        made.open()
        yield made


@pytest.mark.parametrize("verb", FILE_VERBS)
def test_h01_no_verb_reaches_files_or_the_network(session: QuerySession, verb: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret\n")
    sql = verb.format(secret=tmp_path / "secret", out=tmp_path / "out", folder=tmp_path)
    with pytest.raises(QueryError) as caught:
        all_rows(session, sql)
    assert not isinstance(caught.value, (QueryTimeout, QueryTooLarge))
    assert "the secret" not in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert all_rows(session, "SELECT count(*) FROM t") == [(1_000,)]


_WITHOUT_THE_FIRST_WALL = """
import sys; sys.path[:] = sys.argv[1].split(":")
import aergo_vc.query.worker as worker
from aergo_vc.query.messages import Failed, Fetch, Lock, OpenFile, Prepare, Rows
worker.check_query = lambda connection, sql: True
served = worker.Worker()
served.answer(Lock([], [], 4 << 30))
for sql in sys.stdin.read().split("\\0"):
    served.answer(Prepare(sql, []))
    answer = served.answer(Fetch(10))
    print("ran" if isinstance(answer, Rows) and answer.rows else "refused", sql.replace("\\n", " "))
"""


def test_h01_without_the_check_of_statements_the_settings_alone_keep_files_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret\n")
    harmless = {"EXPLAIN COPY", "EXPLAIN /* x */ ANALYZE", "SELECT 1;", "SELECT 1)"}
    verbs = [verb for verb in FILE_VERBS if not verb.startswith(tuple(harmless)) and "INSERT" not in verb]
    queries = [verb.format(secret=tmp_path / "secret", out=tmp_path / "out", folder=tmp_path) for verb in verbs]
    paths = ":".join([str(Path(aergo_vc.__file__).parents[1]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-I", "-c", _WITHOUT_THE_FIRST_WALL, paths],
        input="\0".join([*queries, "SELECT 1 AS control"]),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={},
    )
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran")]
    assert ran[-1] == "ran SELECT 1 AS control"
    assert not [line for line in ran[:-1] if "secret" in line or "http" in line or "s3:" in line or "glob" in line]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_h01_a_view_of_the_catalog_reaches_no_file_either(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret\n")
    texts = {
        "public.a": f"SELECT * FROM read_text('{tmp_path}/secret')",
        "public.b": f"SELECT * FROM '{tmp_path}/secret'",
        "public.c": f"SELECT 1) ; COPY (SELECT 1) TO '{tmp_path}/out",
        "public.d": f"SELECT 1; COPY (SELECT 1) TO '{tmp_path}/out'",
    }
    views = {TableName(name): View(TableName(name), (), text) for name, text in texts.items()}
    with QuerySession(QueryState({TABLE.name: table()}, views), tmp_path / "query") as session:
        assert session.open().keys() == texts.keys()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["self", "request", "rows", "served", "duckdb", "_connection", "os", "sys"])
def test_h02_no_python_variable_is_a_table(session: QuerySession, name: str) -> None:
    with pytest.raises(QueryError, match="does not exist"):
        all_rows(session, f"SELECT * FROM {name}")


@pytest.mark.parametrize(
    "sql",
    [
        "SET memory_limit = '100GB'",
        "SET GLOBAL threads = 64",
        "RESET memory_limit",
        "PRAGMA memory_limit = '100GB'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET temp_directory = '/tmp'",
        "SET TimeZone = 'Asia/Seoul'",
        "CALL enable_profiling()",
        "SELECT * FROM disable_optimizer()",
        "SELECT set_config('memory_limit', '100GB')",
        "USE memory",
        "SET VARIABLE a = 1",
    ],
)
def test_h03_no_setting_is_changed_back(session: QuerySession, sql: str) -> None:
    asked = "SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('TimeZone'), "
    asked += "current_setting('enable_external_access'), current_setting('lock_configuration'), current_schema()"
    before = all_rows(session, asked)
    with pytest.raises(QueryError):
        all_rows(session, sql)
    assert all_rows(session, asked) == before
    assert before[0][3:5] == (False, True)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('x', 4000000000))",
        "SELECT count(*) FROM (SELECT DISTINCT repeat('x', 100000) || r::VARCHAR AS a FROM range(100000) t(r))",
        "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)",
        "SELECT list(r) FROM range(1000000000) t(r)",
        "SELECT count(*) FROM (SELECT a.r, b.r AS s FROM range(1000000) a(r), range(100) b(r) ORDER BY hash(a.r, s))",
    ],
)
def test_h04_a_query_that_wants_too_much_memory_is_ended(session: QuerySession, sql: str) -> None:
    start = time.monotonic()
    with pytest.raises((QueryTooLarge, QueryTimeout)):
        all_rows(session, sql)
    assert time.monotonic() - start < SMALL.seconds + 3
    assert all_rows(session, "SELECT count(*) FROM t") == [(1_000,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000) a(r), range(1000000) b(s) WHERE r * s % 7 = 3",
        "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT max(n) FROM a",
        "SELECT regexp_matches(repeat('a', 3000000) || r::VARCHAR, '(a{0,500}b){0,2}c') FROM range(1000) t(r)",
    ],
)
def test_h04_a_query_that_takes_too_long_is_ended(session: QuerySession, sql: str) -> None:
    start = time.monotonic()
    with pytest.raises((QueryTimeout, QueryTooLarge)):
        all_rows(session, sql)
    assert time.monotonic() - start < SMALL.seconds + 3
    assert all_rows(session, "SELECT count(*) FROM t") == [(1_000,)]


def test_h04_views_that_blow_up_keep_nobody_from_the_tables(tmp_path: Path) -> None:
    texts = {"public.v00": "SELECT id FROM public.t"}
    for number in range(1, 40):
        below = f"public.v{number - 1:02d}"
        texts[f"public.v{number:02d}"] = f"SELECT a.id FROM {below} a JOIN {below} b USING (id)"
    views = {TableName(name): View(TableName(name), (), text) for name, text in texts.items()}
    with QuerySession(QueryState({TABLE.name: table()}, views), tmp_path / "query", SMALL) as session:
        assert all_rows(session, "SELECT count(*) FROM t") == [(1_000,)]
        assert "public.v39" in session.open()


@pytest.mark.parametrize(
    "sql",
    ["(" * 5_000 + "SELECT 1" + ")" * 5_000, "SELECT " + "1+" * 100_000 + "1", "SELECT " + "(" * 3_000, "[" * 900_000],
    ids=["parentheses", "sum", "unclosed", "brackets"],
)
def test_h04_a_deep_query_is_answered_or_refused_and_harms_nothing(session: QuerySession, sql: str) -> None:
    try:
        assert len(all_rows(session, sql)) == 1
    except QueryError as problem:
        assert len(problem.message) <= 2_000  # noqa: PT017 - both outcomes are checked
    assert all_rows(session, "SELECT 1") == [(1,)]


def test_h05_nothing_below_knows_of_queries() -> None:
    package = Path(aergo_vc.__file__).parent
    above = {"query", "repository", "cli"}
    lower = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in above]
    assert len(lower) > 30
    for path in lower:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(("aergo_vc.query", "duckdb"))], path


def cached(folder: Path) -> Path:
    """The file that a session over the table leaves."""
    assert shown(folder) == ROWS
    (path,) = folder.glob("*.duckdb")
    return path


def shown(folder: Path) -> list[Row]:
    """What a session over the table shows."""
    with QuerySession(QueryState({TABLE.name: table()}, line="main"), folder) as session:
        return all_rows(session, "FROM t ORDER BY id")


def falsify(path: Path) -> None:
    """Change a row in a file, as somebody would who wants to mislead."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE t0 SET c1 = 'falsified'")


@pytest.mark.parametrize("way", ["edited", "edited, dates kept", "copied over", "garbled", "cut", "emptied", "log"])
def test_h06_a_file_that_was_touched_is_never_opened(tmp_path: Path, way: str) -> None:
    path = cached(tmp_path / "query")
    status = path.stat()
    if way.startswith("edited"):
        falsify(path)
    elif way == "copied over":
        copy = tmp_path / "copy.duckdb"
        shutil.copy2(path, copy)
        falsify(copy)
        shutil.copy2(copy, path)
    elif way == "log":
        path.with_name(path.name + ".wal").write_bytes(b"planted")
    else:
        content = path.read_bytes()
        middle = len(content) // 2
        garbled = content[:middle] + bytes(byte ^ 0xFF for byte in content[middle:])
        path.write_bytes({"garbled": garbled, "cut": content[:middle], "emptied": b""}[way])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert shown(tmp_path / "query") == ROWS


def test_h06_a_cache_that_came_with_a_copied_repository_is_not_trusted(tmp_path: Path) -> None:
    path = cached(tmp_path / "theirs")
    stamp = path.with_suffix(".json").read_bytes()
    falsify(path)
    shutil.copytree(tmp_path / "theirs", tmp_path / "query", copy_function=shutil.copy2)
    (tmp_path / "query" / path.with_suffix(".json").name).write_bytes(stamp)
    (tmp_path / "query").chmod(0o700)
    assert shown(tmp_path / "query") == ROWS


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_h06_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path, link: object) -> None:
    path = cached(tmp_path / "query")
    target = tmp_path / "target.duckdb"
    path.rename(target)
    falsify(target)
    before = target.read_bytes()
    assert callable(link)
    link(target, path)
    assert shown(tmp_path / "query") == ROWS
    assert target.read_bytes() == before


def test_h06_a_stamp_of_another_state_does_not_serve(tmp_path: Path) -> None:
    path = cached(tmp_path / "query")
    stamp = path.with_suffix(".json")
    other = path.with_name("0" * 64 + ".duckdb")
    path.rename(other)
    stamp.rename(other.with_suffix(".json"))
    assert shown(tmp_path / "query") == ROWS
    assert not other.exists()
