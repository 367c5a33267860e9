"""What statements give back."""

from dataclasses import dataclass

from aergo_vc.model.types import ColumnType, Row


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a statement's result; `scale` tells how the engine hands its values out."""

    name: str
    type: ColumnType
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What one statement gave: PostgreSQL's command tag without counts, the number of rows, and rows if it has any.

    `columns` is None for a statement that hands out no rows.
    """

    tag: str
    count: int
    columns: tuple[ResultColumn, ...] | None = None
    rows: tuple[Row, ...] = ()
