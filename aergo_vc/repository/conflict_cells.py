"""Conflicts as a table: a row for each cell that both sides changed."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.merging.conflicts import RowConflict
from aergo_vc.model.schema import Column
from aergo_vc.model.types import ColumnType, Kind, Row, Value
from aergo_vc.repository.conflicts import OpenConflict, OpenMerge

_TEXT, _BOOLEAN = ColumnType(Kind.TEXT), ColumnType(Kind.BOOLEAN)


class Cell(NamedTuple):
    """A cell in conflict; its values are None for NULL, and where a side has no such row."""

    column: str
    base: Value
    ours: Value
    theirs: Value


def cells_of(row: RowConflict) -> Iterator[Cell]:
    """The cells of a row that are in conflict, in the order of the columns; hidden keys are none."""
    for place, column in enumerate(row.table.columns):
        if column in row.table.visible_columns and column.name in row.columns:
            yield Cell(
                column.name, *[None if side is None else side[place] for side in (row.base, row.ours, row.theirs)]
            )


class ConflictCells:
    """The open conflicts of a merge, as a relation that queries can name."""

    name = TableName("aergo.conflicts")
    columns: Sequence[Column] = tuple(
        Column(name, _BOOLEAN if name.startswith("in_") else _TEXT)
        for name in (
            "transaction", "signer", "code", "reason", "table_name", "key", "column_name", "base", "ours", "theirs",
            "in_base", "in_ours", "in_theirs",
        )
    )  # fmt: skip

    def __init__(self, merge: OpenMerge) -> None:
        self._merge = merge

    def rows(self) -> Iterator[Row]:
        """A row for each cell, and one for a transaction that fails."""
        for one in self._merge.conflicts:
            yield from _rows(one)


def _rows(one: OpenConflict) -> Iterator[Row]:
    transaction, reason = one.transaction, one.conflict.reason
    front = (transaction.id, transaction.payload.signer, reason.code, reason.message)
    if not one.conflict.rows:
        yield (*front, *[None] * 9)
    for row in one.conflict.rows:
        there = tuple(side is not None for side in (row.base, row.ours, row.theirs))
        for cell in cells_of(row):
            values = tuple(map(_text, cell[1:]))
            yield (*front, row.table.name, encode_row(row.key).decode(), cell.column, *values, *there)


def _text(value: Value) -> str | None:
    """A value as the text that its canonical JSON is; a text as it stands."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
