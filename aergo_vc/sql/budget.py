"""What one script may cost, counted by us and alike on every machine."""

from dataclasses import dataclass

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

    def add_bytes(self, count: int) -> None:
        self.bytes += count
        if self.bytes > self.most_bytes:
            raise BudgetError(LIMIT_EXCEEDED, f"more than {self.most_bytes} bytes")
