"""Resolutions: the scripts that people sign, and what they do."""

from contextlib import closing
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.merging.conflicts import (
    Conflict,
    RowConflict,
    Side,
    UnresolvableError,
    resolution,
    resolved_by,
    script_of,
    script_of_cells,
)
from aergo_vc.model.changes import RowChange
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Payload, Refusal
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine

T = TableName("public.t")
ONE, TWO = TransactionId("1" * 64), TransactionId("2" * 64)
REASON = Refusal("E_LOST_UPDATE", "")
SCHEMA = (
    'CREATE TABLE t (id int PRIMARY KEY, "Worth" numeric(8,2), note text, seen timestamptz, data bytea, ok boolean,'
    " rate double precision, plan jsonb);"
    "CREATE TABLE loose (line text)"
)
BASE: Row = (1, "1.00", "a", None, None, True, 0.5, None)
OURS: Row = (1, "2.00", "a", None, "\\x00ff", True, 0.5, None)
THEIRS: Row = (1, "3.00", "it's", "2024-01-01 00:00:00+00", None, None, 1e300, '{"a": 1}')


def _engine(*rows: Row) -> Engine:
    engine = Engine()
    engine.run(SCHEMA, context())
    engine.insert_rows(T, rows)
    return engine


@cache
def _table() -> Table:
    with closing(_engine()) as engine:
        return engine.catalog.tables[T]


def _conflict(ours: Row | None = OURS, theirs: Row | None = THEIRS, *more: tuple[int, RowChange]) -> Conflict:
    row = RowConflict(_table(), (1,), BASE, ours, theirs, frozenset({"Worth"}))
    return Conflict(ONE, REASON, (row,), {T: {(1,): RowChange(ours, theirs), **{(key,): one for key, one in more}}})


def _payload(script: str) -> Payload:
    return Payload("main", "c", b"k", (), "n", "r", "alice", script)  # type: ignore[arg-type]


def _done(script: str, *rows: Row) -> list[Row]:
    with closing(_engine(*rows)) as engine:
        engine.run(script, context())
        return list(engine.rows(T))


@given(
    st.sampled_from(Side),
    st.tuples(
        st.just(1), st.none() | st.just("9.99"), st.none() | st.text(st.characters(min_codepoint=32, codec="ascii"))
    ),
    st.tuples(st.just(1), st.just("-0.50"), st.none() | st.sampled_from(["'; DROP TABLE t; --", "\\", "ü\n"])),
)
def test_a_side_taken_gives_its_cell_and_else_what_the_transaction_does(
    side: Side, first: tuple[int, str | None, str | None], second: tuple[int, str | None, str | None]
) -> None:
    ours, theirs = (*first, *OURS[3:]), (*second, *THEIRS[3:])
    (found,) = _done(script_of(_conflict(ours, theirs), side, {T: _table()}), ours)
    assert found == ((1, ours[1], *theirs[2:]) if side is Side.OURS else theirs)


def test_other_rows_of_the_transaction_come_along_and_deletions_come_first() -> None:
    gone: Row = (5, None, "gone", None, None, None, None, None)
    new: Row = (4, None, "new", None, None, None, None, None)
    script = script_of(
        _conflict(OURS, THEIRS, (4, RowChange(None, new)), (5, RowChange(gone, None))), Side.OURS, {T: _table()}
    )
    assert script.startswith("DELETE")
    assert _done(script, OURS, gone) == [(1, "2.00", *THEIRS[2:]), new]


@pytest.mark.parametrize(("ours", "theirs"), [(None, THEIRS), (OURS, None)])
def test_a_row_that_one_side_has_not_is_taken_whole(ours: Row | None, theirs: Row | None) -> None:
    before = [] if ours is None else [ours]
    for side, row in ((Side.OURS, ours), (Side.THEIRS, theirs)):
        script = script_of(_conflict(ours, theirs), side, {T: _table()})
        assert _done(script, *before) == ([] if row is None else [row])


def test_a_cell_that_is_told_stands_among_the_transactions_own() -> None:
    script = script_of_cells(_conflict(), T, (1,), {"Worth": "2.50"}, {T: _table()})
    assert _done(script, OURS) == [(1, "2.50", *THEIRS[2:])]
    script = script_of_cells(_conflict(OURS, None), T, (1,), {"note": None}, {T: _table()})
    assert _done(script, OURS) == [(1, "2.00", None, *OURS[3:])]


def test_what_cannot_be_told_as_rows_is_refused() -> None:
    tables = {T: _table()}
    failing = Conflict(ONE, Refusal("23505", "duplicate key"))
    with pytest.raises(UnresolvableError, match="fails on this branch"):
        script_of(failing, Side.THEIRS, tables)
    with pytest.raises(UnresolvableError, match="the row is not in conflict"):
        script_of_cells(_conflict(), T, (2,), {"note": "x"}, tables)
    two = RowConflict(_table(), (2,), None, None, None, frozenset())
    with pytest.raises(UnresolvableError, match="not the only row in conflict"):
        script_of_cells(Conflict(ONE, REASON, (*_conflict().rows, two), {}), T, (1,), {"note": "x"}, tables)
    loose = _engine().catalog.tables[TableName("public.loose")]
    row = RowConflict(loose, ("k",), None, None, ("k", "line"), frozenset({"line"}))
    with pytest.raises(UnresolvableError, match="for want of a primary key"):
        script_of(Conflict(ONE, REASON, (row,), {}), Side.THEIRS, {loose.name: loose})


def test_a_resolution_names_what_it_stands_for_in_front_and_nowhere_else() -> None:
    script = resolution((ONE, TWO), "UPDATE t SET note = 'x'")
    assert resolved_by(_payload(script)) == (ONE, TWO)
    assert resolved_by(_payload("SELECT 1;\n" + script)) == ()
    assert resolved_by(_payload(f"-- resolves {ONE[:63]}\n")) == ()
    assert resolved_by(_payload(resolution((), "SELECT 1"))) == ()
    with pytest.raises(UnresolvableError):
        resolution((ONE,), f"-- resolves {TWO}\n")
    _engine().run(resolution((ONE,), ""), context())
