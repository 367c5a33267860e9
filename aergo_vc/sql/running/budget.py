"""What one script may cost, counted by us and alike on every machine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aergo_vc.sql.errors import LIMIT_EXCEEDED, BudgetError, SqlError


@dataclass(frozen=True, slots=True)
class Budget:
    """Greatest number of statements run, of rows changed or handed out, of bytes in those rows' texts, and of steps.

    A step is a statement of PL/pgSQL or a turn of a loop; a statement of SQL in a routine is ten.
    """

    statements: int = 20_000
    rows: int = 1_000_000
    bytes: int = 256 << 20
    steps: int = 10_000_000


Cells = tuple[Any, ...]

_FEW, _NARROW = 8, 20
"""Rows, and columns, of results too small to be weighed."""

_BATCH = 2_000
"""Cells that are read before they are weighed."""

_HEAVY = frozenset({str, bytes, list})


def _weight(cell: Any) -> int:  # noqa: ANN401 - a value as variables hold it
    return 8 * len(cell) if cell.__class__ is list else len(cell)


DEFAULT_BUDGET = Budget()
"""What a script may cost unless its caller says otherwise."""


class Meter:
    """Counts against a budget; raises SqlError 54000 beyond it."""

    __slots__ = ("_budget", "bytes", "most_bytes", "most_rows", "rows", "statements", "steps_left")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.statements = self.rows = self.bytes = 0
        self.steps_left = budget.steps
        self.most_rows, self.most_bytes = budget.rows, budget.bytes

    def add_statement(self) -> None:
        self.statements += 1
        if self.statements > self._budget.statements:
            raise BudgetError(LIMIT_EXCEEDED, f"more than {self._budget.statements} statements")

    def out_of_steps(self) -> SqlError:
        """The error for a routine that has used up its steps."""
        return BudgetError(LIMIT_EXCEEDED, f"more than {self._budget.steps} steps of routines")

    def add_rows(self, count: int) -> None:
        self.rows += count
        if self.rows > self.most_rows:
            raise self.out_of_rows()

    def out_of_rows(self) -> SqlError:
        """The error for more rows than may be changed or handed out."""
        return BudgetError(LIMIT_EXCEEDED, f"more than {self.most_rows} rows")

    def fetch(self, cursor: Iterator[Cells]) -> list[Cells]:
        """The rows of a cursor, counted as they come, so that no more are held than the budget allows.

        Texts are weighed unless the rows are few and narrow.
        """
        rows = list(islice(cursor, _FEW))
        self.add_rows(len(rows))
        if not rows or (len(rows) < _FEW and len(rows[0]) <= _NARROW):
            return rows
        self.weigh(rows)
        size = max(1, _BATCH // len(rows[0]))
        while batch := list(islice(cursor, size)):
            self.add_rows(len(batch))
            self.weigh(batch)
            rows += batch
        return rows

    def weigh(self, rows: Iterable[Cells]) -> None:
        """Add the characters of texts, and eight bytes for each element of an array."""
        self.add_bytes(sum([_weight(cell) for row in rows for cell in row if cell.__class__ in _HEAVY]))

    def add_bytes(self, count: int) -> None:
        self.bytes += count
        if self.bytes > self.most_bytes:
            raise self.out_of_bytes()

    def out_of_bytes(self) -> SqlError:
        """The error for more bytes than rows, events and messages may have."""
        return BudgetError(LIMIT_EXCEEDED, f"more than {self.most_bytes} bytes")
