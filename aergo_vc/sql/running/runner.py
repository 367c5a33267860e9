"""Runs the statements of one script on an engine's connection."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import apsw

from aergo_vc.model.outcomes import ResultColumn, StatementResult
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import CARDINALITY, SqlError
from aergo_vc.sql.outcomes import ExecutionContext, RowOrdinals
from aergo_vc.sql.running.budget import Meter
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.references import References
from aergo_vc.sql.running.translated_errors import translated
from aergo_vc.sql.types.arrays import result_decoder
from aergo_vc.sql.types.moments import timestamptz_from_milliseconds

_NO_NUMBERS: Mapping[str, int] = {}


class Runner:
    """Executes plans under one context and meter."""

    def __init__(
        self, db: apsw.Connection, capture: Capture, context: ExecutionContext, meter: Meter, ordinals: RowOrdinals,
        *, references: References,
    ) -> None:  # fmt: skip
        self._db, self._capture, self._meter, self._ordinals = db, capture, meter, ordinals
        self._references = references
        self._context = context

    @cached_property
    def _facts(self) -> dict[str, Any]:
        context = self._context
        return {
            "time": timestamptz_from_milliseconds(context.time),
            "signer": context.signer,
            "user": context.signer,
            "height": context.height,
            "transaction": context.transaction,
            "chain": context.chain,
            "branch": context.branch,
            "caller": None,
            "row": self._ordinals.prefix,
            "base": 0,
        }

    def run(self, plan: Plan, catalog: Catalog, numbers: Mapping[str, int] = _NO_NUMBERS) -> StatementResult:
        """Execute one plan, with the numbers of a statement that runs as a shape; raises SqlError without a place."""
        if numbers:
            self._facts.update(numbers)
        try:
            return self._run(plan)
        except apsw.Error as error:
            raise translated(error, catalog, plan.table) from error

    def row(self, sql: str, catalog: Catalog) -> tuple[Any, ...]:
        """The one row of a query that has one, as kept; raises SqlError without a place."""
        try:
            found: tuple[Any, ...] = self._db.execute(sql, self._facts).fetchall()[0]
        except apsw.Error as error:
            raise translated(error, catalog, None) from error
        return found

    def _run(self, plan: Plan) -> StatementResult:
        rows, count = self.execute(plan, {})
        if plan.columns is None:
            return StatementResult(plan.tag, count)
        decoded = decode_rows(plan.columns, rows)
        if plan.tag != "SELECT":
            decoded.sort(key=sort_key)
        return StatementResult(plan.tag, len(decoded), plan.columns, tuple(decoded))

    def execute(self, plan: Plan, more: Mapping[str, Any]) -> tuple[list[Any], int]:
        """Run a plan with `more` facts; returns the rows as kept, and how many were changed where it hands out none."""
        facts = {**self._facts, **more} if more else self._facts
        if plan.guard is not None and self._db.execute(plan.guard, facts).fetchone() is not None:
            raise SqlError(CARDINALITY, "UPDATE … FROM finds more than one row for a row that it changes")
        capture = self._capture
        before = capture.operations
        capture.watch_repeats(plan.once)
        if plan.rows_sql is not None:
            rows = self._insert_query(plan, facts)
        else:
            facts["base"] = self._ordinals.next
            self._ordinals.next += plan.hidden_rows
            cursor = self._db.execute(plan.sql, facts)
            rows = cursor.fetchall() if plan.columns is None else self._fetch(cursor)
        if capture.saw_repeat():
            raise SqlError(CARDINALITY, "ON CONFLICT DO UPDATE command cannot affect row a second time")
        changed = capture.operations - before
        self._meter.add_rows(changed)
        if plan.table is not None:
            self._references.check()
        return rows, self._direct_changes(plan, changed)

    def _direct_changes(self, plan: Plan, changed: int) -> int:
        return self._db.changes() if plan.rows_sql is None else min(changed, self._capture.operations)

    def _insert_query(self, plan: Plan, facts: Mapping[str, Any]) -> list[Any]:
        """INSERT … SELECT: all rows are read, in a total order, before the first is written."""
        found = self._fetch(self._db.execute(plan.rows_sql or "", facts))
        if plan.hidden:
            found = [(self._ordinals.take(), *row) for row in found]
        return self._fetch(self._db.executemany(plan.sql, found))

    def _fetch(self, cursor: apsw.Cursor) -> list[Any]:
        try:
            return self._meter.fetch(cursor)
        except BaseException:
            cursor.close(True)  # what is left would hold the tables  # noqa: FBT003
            raise


def decode_rows(columns: Sequence[ResultColumn], rows: Iterable[tuple[Any, ...]]) -> list[Row]:
    """Kept values as canonical ones."""
    decoders = [
        (place, decode)
        for place, column in enumerate(columns)
        if (decode := result_decoder(column.type, column.scale)) is not None
    ]
    if not decoders:
        return list(rows)
    decoded = []
    for row in rows:
        cells = list(row)
        for place, decode in decoders:
            if cells[place] is not None:
                cells[place] = decode(cells[place])
        decoded.append(tuple(cells))
    return decoded


def sort_key(row: Row) -> tuple[tuple[bool, Any], ...]:
    """An order for rows of one statement that does not hang on how the engine came by them: NULL last."""
    return tuple((value is None, 0 if value is None else value) for value in row)
