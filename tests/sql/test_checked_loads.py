"""Loads of rows that were read from trees: the checks that are left out there are made by the reading already."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import TableName
from aergo_vc.codec.row_chunk import BadChunk, RowReader
from aergo_vc.model.transactions import LoadMode
from aergo_vc.model.types import Row, Value
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError

TABLE = TableName("public.v")
COLUMNS = ("k", "s", "i", "b", "n", "m", "f", "t", "w", "c", "d", "o", "p", "z", "u", "x", "g")
SCHEMA = (
    "CREATE TABLE v (k bigint PRIMARY KEY, s smallint, i integer, b bigint, n numeric, m numeric(4,2), f boolean,"
    " t text, w varchar(3), c char(3), d date, o time, p timestamp, z timestamptz, u uuid, x bytea, g double precision)"
)
VALUES: list[Value] = [
    None, True, False, 0, -1, 32768, -32769, 1 << 31, 1 << 63, -(1 << 63), 0.0, -0.0, 1.5, 1e300,
    "", " ", "a", "a ", "abc", "abcd", "äöü", "äöü ", "a\0", "\\u0000", "\x7f", "\U0001f600", "a\n",
    "0", "-0", "00", "1", "1.", "1.5", "1.50", "-1.50", "-0.00", "0.00", "99.99", "100.00", "1.500", "1.50\n", "٣.٥٠",
    "9" * 1_000, "9" * 1_001, "0." + "1" * 1_000, "0." + "1" * 1_001,
    "2024-02-29", "2023-02-29", "0000-01-01", "2024-02-29\n", "12:00:00", "12:00:00.10", "24:00:00", "12:00:00.1",
    "2024-02-29 12:00:00", "2024-02-29 12:00:00+00", "2024-02-29 12:00:00+01",
    "123e4567-e89b-12d3-a456-426614174000", "123E4567-e89b-12d3-a456-426614174000", "\\x", "\\x0g", "\\xab", "\\xa",
]  # fmt: skip


def an_engine(script: str) -> Engine:
    engine = Engine()
    engine.run(script, context())
    return engine


def _outcome(engine: Engine, row: Row, *, checked: bool) -> tuple[str, list[Row]]:
    code = ""
    try:
        engine.load(TABLE, COLUMNS, LoadMode.UPSERT, [row], checked=checked)
    except SqlError as error:
        code = error.sqlstate
    found = list(engine.rows(TABLE))
    engine.delete_keys(TABLE, [row[:1]] if found else [])
    return code, found


@pytest.mark.parametrize("place", range(len(COLUMNS)), ids=COLUMNS)
def test_a_row_that_a_tree_can_hold_is_loaded_alike_with_and_without_the_checks(place: int) -> None:
    engine = an_engine(SCHEMA)
    reader = RowReader.of(engine.catalog.tables[TABLE])
    passed = 0
    for value in VALUES:
        row = tuple(value if at == place else (1 if at == 0 else None) for at in range(len(COLUMNS)))
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with suppress(BadChunk):
            (read,) = reader.decode(line)
            passed += 1
            assert _outcome(engine, read, checked=True) == _outcome(engine, read, checked=False)
    assert passed


@pytest.mark.parametrize(
    ("column", "value", "sqlstate"),
    [("c", "a ", "22P02"), ("n", "9" * 1_001, "22P02"), ("n", "0." + "1" * 1_001, "22P02")],
)
def test_a_checked_load_checks_what_the_reading_of_trees_leaves_open(column: str, value: str, sqlstate: str) -> None:
    engine = an_engine(SCHEMA)
    rows = [
        tuple({"k": key, column: value if key == 2 else None}.get(name) for name in COLUMNS)
        for key in (1, 2, 3)
    ]  # fmt: skip
    with pytest.raises(SqlError) as caught:
        engine.load(TABLE, COLUMNS, LoadMode.APPEND, rows, checked=True)
    assert caught.value.sqlstate == sqlstate
    assert list(engine.rows(TABLE)) == []


def test_the_keys_that_a_checked_load_deletes_are_checked_alike() -> None:
    engine = an_engine("CREATE TABLE h (c char(3) PRIMARY KEY)")
    with pytest.raises(SqlError):
        engine.load(TableName("public.h"), ("c",), LoadMode.UPSERT, [], [("a ",)], checked=True)


@given(st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(["1.00", "2.50", None]), st.booleans()), min_size=1))
def test_checked_loads_keep_values_as_unchecked_ones_do(rows: list[Row]) -> None:
    found = []
    for checked in (False, True):
        engine = an_engine("CREATE TABLE e (k int PRIMARY KEY, m numeric(6,2), f boolean)")
        engine.load(TableName("public.e"), ("k", "m", "f"), LoadMode.UPSERT, rows, checked=checked)
        found.append(sorted(engine.rows(TableName("public.e"))))
    assert found[0] == found[1]
