"""Queries give the rows of the state, in the ledger's spelling, whatever way the rows came into DuckDB."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_states import States, make_table

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import HIDDEN_KEY, Column, Table, View
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.query.errors import QueryError
from aergo_vc.query.session import BATCH_ROWS, QuerySession
from aergo_vc.query.state import QueryState

COLUMNS = {
    "id": Kind.BIGINT,
    "small": Kind.SMALLINT,
    "price": ColumnType(Kind.NUMERIC, precision=30, scale=4),
    "open": Kind.NUMERIC,
    "flag": Kind.BOOLEAN,
    "name": Kind.TEXT,
    "day": Kind.DATE,
    "at": Kind.TIME,
    "made": Kind.TIMESTAMP,
    "sent": Kind.TIMESTAMPTZ,
    "uuid": Kind.UUID,
    "data": Kind.BYTEA,
    "ratio": Kind.DOUBLE,
}
TABLE = make_table("public.things", COLUMNS, ["id"])


def _time(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def _with_four_places(value: int) -> str:
    whole, fraction = divmod(abs(value), 10_000)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:04d}"


TIMES = st.integers(0, 86_399_999_999).map(_time)
DATES = st.dates().map(str)
SCALED = st.integers(-(10**30) + 1, 10**30 - 1).map(_with_four_places)
OPEN = st.tuples(st.integers(-(10**20), 10**20), st.integers(0, 17)).map(
    lambda pair: f"{Decimal(pair[0]).scaleb(-pair[1]):f}"
)
VALUES = (
    st.integers(-(1 << 15), (1 << 15) - 1),
    SCALED,
    OPEN,
    st.booleans(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    DATES,
    TIMES,
    st.tuples(DATES, TIMES).map(" ".join),
    st.tuples(DATES, TIMES).map(lambda pair: f"{' '.join(pair)}+00"),
    st.uuids().map(str),
    st.binary(max_size=12).map(lambda data: f"\\x{data.hex()}"),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
)
ROWS = st.lists(
    st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), *(st.none() | values for values in VALUES)),
    unique_by=lambda row: row[0],
    max_size=200,
)


def comparable(row: Row) -> Row:
    """A row with its unconstrained numeric as a number, since the table gives all of them one scale."""
    return (*row[:3], None if row[3] is None else Decimal(str(row[3])), *row[4:])


@settings(max_examples=12)
@given(rows=ROWS)
def test_rows_through_duckdb_are_those_of_the_tree(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> None:
    state = QueryState({TABLE.name: States().table(TABLE, rows)})
    with QuerySession(state, tmp_path_factory.mktemp("query")) as session:
        got = list(session.query("FROM things ORDER BY id").rows())
    assert list(map(comparable, got)) == list(map(comparable, sorted(rows, key=lambda row: row[0])))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuerySession]:
    """A session over a table of numbers, one without a key, one of another contract, and views."""
    states = States()
    numbers = make_table("public.numbers", {"n": Kind.INTEGER, "text": Kind.TEXT}, ["n"])
    text = ColumnType(Kind.TEXT)
    keyless = Table(
        TableName("public.keyless"), (Column(HIDDEN_KEY, text, not_null=True), Column("a", text)), (HIDDEN_KEY,)
    )
    other = make_table("bank.accounts", {"id": Kind.TEXT, "balance": Kind.NUMERIC}, ["id"])
    huge = make_table("public.huge", {"id": Kind.INTEGER, "v": Kind.NUMERIC}, ["id"])
    tables = [
        states.table(numbers, [(n, f"text {n * 7919 % 10_007}") for n in range(3 * BATCH_ROWS + 5)]),
        states.table(keyless, [("aa.0", "x"), ("aa.1", "y")]),
        states.table(other, [("ann", "10.5"), ("bob", "2.25"), ("cyd", None)]),
        states.table(huge, [(1, "9" * 39), (2, "0.1")]),
        states.table(make_table("public.empty", {"id": Kind.INTEGER, "v": Kind.NUMERIC}, ["id"]), []),
    ]
    views = [
        View(TableName("public.a_total"), ("total",), "SELECT count(*) FROM public.b_odd"),
        View(TableName("public.b_odd"), (), "SELECT n FROM public.numbers WHERE n % 2 = 1; -- odd"),
        View(TableName("public.broken"), (), "SELECT n FROM nowhere"),
        View(TableName("public.two"), (), "SELECT 1; SELECT 2"),
    ]
    state = QueryState({table.table.name: table for table in tables}, {view.name: view for view in views})
    with QuerySession(state, tmp_path_factory.mktemp("query")) as made:
        yield made


def rows(session: QuerySession, sql: str, *parameters: object) -> list[Row]:
    """All rows of a query."""
    return list(session.query(sql, parameters).rows())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM numbers", [(6149,)]),
        ("SELECT sum(balance) FROM bank.accounts", [("12.75",)]),
        ("FROM public.keyless", [("x",), ("y",)]),
        ("SELECT total FROM a_total", [(3074,)]),
        ("SELECT typeof(v) FROM huge LIMIT 1", [("VARCHAR",)]),
        ("SELECT v FROM huge ORDER BY id", [("9" * 39,), ("0.1",)]),
        ("SELECT count(v) FROM empty", [(0,)]),
        ("SELECT 170141183460469231731687303715884105727", [(2**127 - 1,)]),
        ("SELECT 1 AS a, 2 AS a;", [(1, 2)]),
        ("SELECT 1; -- a; b", [(1,)]),
        ("SELECT ';' -- ;", [(";",)]),
        ("WITH a AS (SELECT 1 AS x) FROM a", [(1,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("SELECT TIMESTAMPTZ '2024-01-01 12:00:00+02'", [("2024-01-01 10:00:00+00",)]),
        ("SELECT [1, 2], {'a': 'b'}", [("[1,2]", '{"a":"b"}')]),
        ("SELECT column_name FROM (DESCRIBE numbers)", [("n",), ("text",)]),
    ],
)
def test_a_query_gives(session: QuerySession, sql: str, expected: list[Row]) -> None:
    assert rows(session, sql) == expected


def test_statements_that_describe_are_queries_too(session: QuerySession) -> None:
    assert [row[0] for row in rows(session, "DESCRIBE keyless")] == ["a"]
    assert [row[0] for row in rows(session, "SUMMARIZE bank.accounts")] == ["id", "balance"]
    assert rows(session, "EXPLAIN SELECT n FROM numbers")[0][0] == "physical_plan"
    assert ("numbers",) in rows(session, "SHOW TABLES")


def test_the_order_asked_for_is_kept_over_many_batches(session: QuerySession) -> None:
    got = rows(session, "SELECT text, n FROM numbers ORDER BY text, n DESC")
    assert len(got) == 3 * BATCH_ROWS + 5
    assert got == sorted(got, key=lambda row: (row[0], -row[1]))  # type: ignore[operator]


def test_a_result_of_whole_batches_ends(session: QuerySession) -> None:
    batches = list(session.query("FROM range($1)", (2 * BATCH_ROWS,)).batches())
    assert [len(batch) for batch in batches] == [BATCH_ROWS, BATCH_ROWS]


def test_long_rows_come_in_smaller_batches(session: QuerySession) -> None:
    batches = [len(batch) for batch in session.query("SELECT repeat('x', 200000) FROM range(1000)").batches()]
    assert sum(batches) == 1_000
    assert max(batches) <= 128


def test_parameters_are_values_and_never_text(session: QuerySession) -> None:
    hostile = "'; DROP VIEW numbers; --"
    assert rows(session, "SELECT ?, ? + 1, ? IS NULL", hostile, 41, None) == [(hostile, 42, True)]


def test_views_that_duckdb_cannot_show_are_told(session: QuerySession) -> None:
    omitted = session.open()
    assert omitted.keys() == {"public.broken", "public.two"}
    assert "nowhere" in omitted[TableName("public.broken")]
    assert all("\n" not in reason for reason in omitted.values())


def test_a_wrong_query_is_told_on_one_line_and_the_next_one_runs(session: QuerySession) -> None:
    for wrong in ("SELECT \x1b[31m nothing", "SELEC 1", "", "SELECT 1; SELECT 2", "SELECT 'x'::INT", "PRAGMA version"):
        with pytest.raises(QueryError) as caught:
            rows(session, wrong)
        assert caught.value.message.isprintable()
    with pytest.raises(QueryError, match=r'^Parser Error: syntax error at or near "SELEC" \(line 2\)$'):
        rows(session, "\nSELEC 1")
    assert rows(session, "SELECT 1") == [(1,)]


def test_what_duckdb_advises_is_told_only_where_it_names_something_of_the_ledger(session: QuerySession) -> None:
    advised = {}
    for wrong in ("SELECT * FROM number", "SELECT * FROM pg_clas", "SELECT uper('x')", "SELECT 'x'::tex"):
        with pytest.raises(QueryError) as caught:
            rows(session, wrong)
        advised[wrong] = caught.value.message.partition("!")[2]
    assert advised == {
        "SELECT * FROM number": ' Did you mean "numbers"?',
        "SELECT * FROM pg_clas": "",
        "SELECT uper('x')": "",
        "SELECT 'x'::tex": "",
    }


def test_a_result_ends_with_the_next_query(session: QuerySession) -> None:
    first = session.query("FROM numbers")
    batches = first.batches()
    next(batches)
    assert rows(session, "SELECT 1") == [(1,)]
    with pytest.raises(QueryError, match="next query"):
        next(batches)


class Squares:
    """A computed relation."""

    name = TableName("ledger.squares")
    columns = (Column("n", ColumnType(Kind.INTEGER)), Column("square", ColumnType(Kind.NUMERIC)))

    def rows(self) -> Iterator[Row]:
        return ((n, str(n * n)) for n in range(5))


def test_computed_relations_stand_beside_the_tables(tmp_path: Path) -> None:
    numbers = States().table(make_table("public.numbers", {"n": Kind.INTEGER}, ["n"]), [(2,), (3,)])
    with QuerySession(QueryState({numbers.table.name: numbers}, sources=[Squares()]), tmp_path / "q") as session:
        assert rows(session, "SELECT square FROM numbers JOIN ledger.squares USING (n) ORDER BY n") == [("4",), ("9",)]


def test_nothing_that_duckdb_prints_comes_between_the_rows(session: QuerySession) -> None:
    # Its progress bar goes to the standard output once a query has taken two seconds.
    batches = session.query("SELECT r, r % 7 FROM range(1000000) t(r)").batches()
    count = len(next(batches))
    time.sleep(2.2)
    assert count + sum(map(len, batches)) == 1_000_000
