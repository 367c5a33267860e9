"""Loads into empty tables are written when something asks for the tables, and nobody can tell the difference."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import TableName
from aergo_vc.model.transactions import LoadMode
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import EngineError, SqlError

TABLE = TableName("public.t")
COLUMNS = ("k", "v")
SCHEMA = "CREATE TABLE t (k int PRIMARY KEY, v text)"
SOME: list[Row] = [(number, f"row {number}") for number in range(1_234)]
SHORT = 100


def an_engine(path: Path | None = None, schema: str = SCHEMA) -> Engine:
    engine = Engine(path)
    engine.run(schema, context())
    return engine


def load_later(engine: Engine, rows: list[Row]) -> bool:
    return engine.load_later(TABLE, lambda: rows, len(rows), SHORT)


ASK: dict[str, Callable[[Engine], object]] = {
    "a query": lambda engine: engine.run("SELECT count(*) FROM t", context()).results,
    "an update": lambda engine: engine.run("UPDATE t SET v = 'new' WHERE k = 3", context()).changes,
    "a definition": lambda engine: engine.run("ALTER TABLE t ADD COLUMN w int", context()),
    "an index": lambda engine: engine.run("CREATE INDEX i ON t (v)", context()),
    "a removal": lambda engine: engine.run("DROP TABLE t; CREATE TABLE t (k int PRIMARY KEY, v text)", context()),
    "a new name": lambda engine: engine.run("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t", context()).changes,
    "all rows": lambda engine: list(engine.rows(TABLE)),
    "some rows": lambda engine: list(engine.rows(TABLE, [(3,), (-1,)])),
    "rows to insert": lambda engine: engine.insert_rows(TABLE, [(3, "other"), (-1, "first")]),
    "keys to delete": lambda engine: engine.delete_keys(TABLE, [(3,), (-1,)]),
    "a load": lambda engine: engine.load(TABLE, COLUMNS, LoadMode.UPSERT, [(3, "other")], [(4,)]),
    "emptiness": lambda engine: engine.is_empty(TABLE),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
def test_whatever_asks_for_a_table_finds_the_rows_that_wait(ask: Callable[[Engine], object]) -> None:
    at_once, later = an_engine(), an_engine()
    changes = at_once.load(TABLE, COLUMNS, LoadMode.APPEND, SOME)
    with later.transaction() as done:
        assert load_later(later, SOME)
    assert list(later.owed) == [TABLE]
    assert {name: dict(rows) for name, rows in done.changes.items()} == {
        name: dict(rows) for name, rows in changes.items()
    }
    assert ask(later) == ask(at_once)
    assert list(later.rows(TABLE)) == list(at_once.rows(TABLE))
    assert not later.owed


def test_rows_go_on_waiting_while_other_tables_are_made() -> None:
    engine = an_engine()
    load_later(engine, SOME)
    engine.run("CREATE TABLE u (k int PRIMARY KEY REFERENCES t); CREATE VIEW w AS SELECT k FROM t", context())
    assert engine.owed
    engine.run("INSERT INTO u VALUES (7)", context())
    assert not engine.owed
    with pytest.raises(SqlError, match="foreign key"):
        engine.run("INSERT INTO u VALUES (-7)", context())


def test_a_key_that_waits_is_taken() -> None:
    engine = an_engine()
    load_later(engine, SOME)
    with pytest.raises(SqlError, match="duplicate key"):
        engine.load(TABLE, COLUMNS, LoadMode.APPEND, [(7, "again")])
    assert list(engine.rows(TABLE)) == SOME


class _Undone(Exception):
    pass


STEPS = st.sampled_from(["load", "ask", "write", "clear"])
STRETCHES = st.lists(st.tuples(st.lists(STEPS, max_size=3), st.booleans()), max_size=4)


def _do(engine: Engine, step: str, *, wait: bool) -> None:
    if step == "ask":
        engine.run("SELECT count(*) FROM t", context())
    elif step == "clear":
        engine.run("DELETE FROM t", context())
    elif step == "write":
        engine.run("INSERT INTO t VALUES (-1, 'x') ON CONFLICT (k) DO UPDATE SET v = t.v || 'x'", context())
    elif engine.is_empty(TABLE):
        rows = SOME[:3]
        assert load_later(engine, rows) if wait else engine.load(TABLE, COLUMNS, LoadMode.APPEND, rows)


def _block(engine: Engine, stretches: list[tuple[list[str], bool]], *, kept: bool, wait: bool) -> list[object]:
    found: list[object] = []
    with engine.block() as block:
        for steps, stays in stretches:
            with engine.transaction() as done:
                for step in steps:
                    _do(engine, step, wait=wait)
                if not stays:
                    done.rollback()
            found.append({name: dict(rows) for name, rows in done.changes.items()})
        if not kept:
            block.rollback()
    return found


@given(st.lists(st.tuples(STRETCHES, st.booleans()), max_size=4))
def test_what_is_rolled_back_takes_the_waiting_with_it(blocks: list[tuple[list[tuple[list[str], bool]], bool]]) -> None:
    at_once, later = an_engine(), an_engine()
    for stretches, kept in blocks:
        found = _block(later, stretches, kept=kept, wait=True)
        assert found == _block(at_once, stretches, kept=kept, wait=False)
    assert list(later.rows(TABLE)) == list(at_once.rows(TABLE))


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE t (k int PRIMARY KEY, v text UNIQUE)",
        "CREATE TABLE t (k int PRIMARY KEY, v text CHECK (v <> ''))",
        "CREATE TABLE t (k int PRIMARY KEY, v char(3))",
        "CREATE TABLE t (k int PRIMARY KEY, v text); CREATE UNIQUE INDEX i ON t (v)",
        "CREATE TABLE u (v text PRIMARY KEY); CREATE TABLE t (k int PRIMARY KEY, v text REFERENCES u)",
        "CREATE TABLE t (k int PRIMARY KEY, v text); CREATE TABLE u (k int PRIMARY KEY REFERENCES t)",
    ],
)
def test_where_rows_could_break_a_rule_none_wait(schema: str) -> None:
    engine = an_engine(schema=schema)
    assert not load_later(engine, SOME)
    assert not engine.owed


def test_a_numeric_may_wait_unless_it_could_have_too_many_digits() -> None:
    engine = an_engine(schema="CREATE TABLE t (k int PRIMARY KEY, v numeric)")
    assert not engine.load_later(TABLE, lambda: [(1, "1" * 1_001)], 1, 1_010)
    assert engine.load_later(TABLE, lambda: [(1, "1.50")], 1, 10)
    assert list(engine.rows(TABLE)) == [(1, "1.50")]


def test_a_database_that_is_opened_again_says_which_rows_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    engine = an_engine(path)
    load_later(engine, SOME)
    engine.close()
    lost = Engine(path)
    assert list(lost.owed) == [TABLE]
    with pytest.raises(EngineError):
        list(lost.rows(TABLE))
    lost.owe(TABLE, lambda: SOME)
    assert list(lost.rows(TABLE)) == SOME
    lost.close()
    assert not Engine(path).owed


def test_rows_that_cannot_be_read_are_not_the_fault_of_the_transaction_that_asks() -> None:
    def read() -> list[Row]:
        raise InvalidError("the chunk is damaged")

    engine = an_engine()
    assert engine.load_later(TABLE, read, 1, SHORT)
    with pytest.raises(EngineError, match="damaged"):
        engine.run("SELECT 1", context())
    assert list(engine.owed) == [TABLE]


def test_what_is_restored_forgets_what_waited() -> None:
    engine = an_engine()
    load_later(engine, SOME)
    engine.restore(engine.catalog)
    assert engine.is_empty(TABLE)
    assert not engine.owed
