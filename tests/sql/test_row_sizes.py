"""How changed rows are weighed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.running.layouts import Layout, check_sizes

_KINDS = (Kind.INTEGER, Kind.TEXT, Kind.DOUBLE, Kind.BOOLEAN, Kind.NUMERIC, Kind.JSONB)
_TABLE = Table(
    TableName("public.t"),
    tuple(Column(f"c{place}", ColumnType(kind)) for place, kind in enumerate(_KINDS)),
    ("c0",),
)
_TEXTS = st.none() | st.text(max_size=20)
_ROWS = st.tuples(st.integers(-9, 9), _TEXTS, st.none() | st.floats(-1, 1), st.none() | st.booleans(), _TEXTS, _TEXTS)


@given(st.lists(_ROWS, max_size=5))
def test_a_row_weighs_26_bytes_a_column_and_more_for_texts(rows: list[tuple[int | float | str | None, ...]]) -> None:
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    expected = 26 * len(_KINDS) * len(rows) + sum(6 * len(text) - 22 for text in texts)
    assert check_sizes(Layout(_TABLE), rows) == expected


def test_a_row_that_the_state_cannot_hold_is_refused() -> None:
    row = (1, "x" * 61_000, None, None, None, None)
    with pytest.raises(SqlError) as caught:
        check_sizes(Layout(_TABLE), [row])
    assert caught.value.sqlstate == "54000"


def test_a_key_that_is_too_long_is_refused() -> None:
    table = Table(_TABLE.name, _TABLE.columns, ("c1",))
    assert check_sizes(Layout(table), [(1, "x" * 100, None, None, None, None)]) > 0
    with pytest.raises(SqlError) as caught:
        check_sizes(Layout(table), [(1, "\x00é" * 1_000, None, None, None, None)])
    assert caught.value.sqlstate == "54000"
