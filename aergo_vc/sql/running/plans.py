"""Statements ready to run."""

from dataclasses import dataclass, field

from aergo_vc.base.ids import TableName
from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.sql.running.needs import NOTHING, Requirements


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement ready to run.

    `rows_sql` yields the rows of an INSERT … SELECT, which `sql` then takes one by one as bound values.  `guard` is a
    query that must have no rows (a row of UPDATE … FROM that several rows would change).  `hidden_rows` counts the row
    ordinals that `sql` spends; `hidden` says that the table has a hidden key.  With `once` no row may be written twice.
    `requirements` are the privileges that it takes.
    """

    tag: str
    sql: str
    table: TableName | None = None
    columns: tuple[ResultColumn, ...] | None = None
    rows_sql: str | None = None
    guard: str | None = None
    hidden: bool = False
    hidden_rows: int = 0
    once: bool = False
    requirements: Requirements = field(default=NOTHING, compare=False)
