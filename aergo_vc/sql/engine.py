"""The executor: runs scripts and calls on the state of one branch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import apsw

from aergo_vc.base.ids import RoutineName, TableName, TransactionId
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Argument, CallResult, Event, LoadMode
from aergo_vc.model.types import Row
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.compiled.plan_store import PlanStore, Steps
from aergo_vc.sql.compiled.steps import PlacedStep
from aergo_vc.sql.errors import READ_ONLY, SqlError
from aergo_vc.sql.footprints.recorder import Recorder, Recording
from aergo_vc.sql.outcomes import CallOutcome, ExecutionContext, OpenTransaction, ScriptOutcome, ordinals_for
from aergo_vc.sql.privileges.permits import Permits
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.hosting import RoutineHost
from aergo_vc.sql.procedures.touched import RowName
from aergo_vc.sql.running import cached_catalog, loading, rebuilding
from aergo_vc.sql.running.ahead import RowSource
from aergo_vc.sql.running.budget import DEFAULT_BUDGET, Budget, Meter
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.loading import is_free_of_rules
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.recursion import deep_stack
from aergo_vc.sql.running.row_changes import InsertedRows
from aergo_vc.sql.running.runner import Runner
from aergo_vc.sql.running.sandbox import FUSE_STEPS
from aergo_vc.sql.running.translated_errors import translated
from aergo_vc.sql.state_database import StateDatabase

Accept = Callable[[tuple[Event, ...], CallResult | None], None]
"""Raises if what a call gave is not to stay."""


def _accept_all(_events: tuple[Event, ...], _result: CallResult | None) -> None:
    """Whatever a call gave may stay."""


class Engine(StateDatabase):
    """One branch's state in SQLite; `path` None keeps it in memory, `compiled` what is compiled."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        fuse_steps: int = FUSE_STEPS,
        compiled: CompiledCache | None = None,
        is_apart: bool = False,
    ) -> None:
        super().__init__(path, fuse_steps, compiled or CompiledCache(), is_apart=is_apart)
        self.permits = Permits()
        self._routines = RoutineHost(
            self._db, self._capture, self._trusted, self.permits, self.compiled, references=self._references
        )
        self._fuse.progress = self._routines.progress
        self._recorder = Recorder(self._guard, self._routines.is_situated)
        self._recording = Recording(self._db, self._capture, self._recorder)
        self._plans = PlanStore(self._routines.plan, self.compiled, lambda: self.catalog)
        self._read_catalog()

    def apart(self) -> "Engine":
        """The engine for a process that was forked off this one in a block that had not begun to write (`unspilled`).

        Its block is open and must never end: what it writes is that process's own.  A database in memory is that
        already; a file is opened anew, since SQLite's connections do not outlive a fork.
        """
        if self._path is None:
            return self
        other = Engine(self._path, compiled=self.compiled, is_apart=True)
        other._trusted("PRAGMA cache_spill=OFF")
        other.block()
        return other

    def cover(self, coverage: Coverage) -> None:
        """Count in `coverage` which statements of routines run from now on."""
        self._routines.cover(coverage)

    def _set_catalog(self, catalog: Catalog) -> None:
        super()._set_catalog(catalog)
        self._plans.set_catalog(catalog)
        self.permits.set_catalog(catalog)
        self._routines.set_catalog(catalog)
        self._recorder.set_catalog(catalog)

    # Footprints

    def record(self) -> Recording:
        """Record what one transaction reads and writes that begins and ends inside; does not nest.

        The transaction must still be open when `Recorder.footprint` is asked for it: what is rolled back is no write.
        """
        return self._recording

    def rows_touched(
        self, routine: RoutineName, arguments: Sequence[Argument], transaction: TransactionId
    ) -> list[RowName] | None:
        """The rows that a call can touch, told before it runs; None: they may be any.

        Whatever the call does, it hangs on no other rows of the state, and changes no others.
        """
        return self._routines.rows_touched(routine, arguments, transaction, self._recorder)

    # Scripts

    def run(
        self,
        script: str,
        context: ExecutionContext,
        budget: Budget | None = None,
        *,
        contract: str | None = None,
    ) -> ScriptOutcome:
        """Run a script whole; on SqlError nothing of it remains.

        Foreign keys that wait are checked at the end of `transaction` inside of one, else at the end of the script;
        all others when a statement ends.  With a `contract` the script is deployed as that contract (`deploying`):
        unqualified names live there.
        """
        shaped = self._plans.shaped(script) if contract is None else None
        steps = self._plans.steps(script, contract, context) if shaped is None else None
        meter = self._meter = Meter(budget or DEFAULT_BUDGET)
        nested = bool(self._transactions)
        with self._part() as opened:
            runner = self._routines.begin(context, meter, ordinals_for(self._transactions, context, opened))
            if self._recorder.is_on:
                self._recorder.run(script, deploys=contract is not None)
            try:
                if steps is not None:
                    results = self._run_steps(runner, steps, opened, contract)
                else:
                    self._settle()
                    results = tuple(
                        [self._run_shaped(runner, script, place, *found) for place, found in enumerate(shaped or ())]
                    )
                self._routines.check_made()
                if steps is not None:
                    self._plans.note(steps)
                self._routines.hand_over(opened)
            finally:
                self._routines.end()
            if not nested:
                self.check_constraints()
            if opened.catalog_changed:
                cached_catalog.store(self._trusted, self.catalog)
            opened.changes = self._capture.changes()
            meter.add_bytes(self._capture.bytes_of(opened.changes))
        return ScriptOutcome(
            results, opened.changes, opened.catalog_changed, opened.rewritten,
            opened.events, opened.notices,
        )  # fmt: skip

    def call(
        self,
        routine: RoutineName,
        arguments: Sequence[Argument],
        context: ExecutionContext,
        budget: Budget | None = None,
        *,
        accept: Accept = _accept_all,
    ) -> CallOutcome:
        """Call a routine with canonical values for its parameters in order; on SqlError nothing of it remains.

        Arrays are tuples.  Parameters without an argument take their defaults.  Foreign keys are checked as by `run`.
        `accept` is asked while what the call did can still be undone, by raising.
        """
        meter = self._meter = Meter(budget or DEFAULT_BUDGET)
        nested = bool(self._transactions)
        with self._part() as opened:
            runner = self._routines.begin(context, meter, ordinals_for(self._transactions, context, opened))
            self._settle()
            self._fuse.reset()
            if self._recorder.is_on:
                self._recorder.call(routine)
            try:
                result = self._routines.run_signed(runner, routine, arguments)
                self._routines.hand_over(opened)
            finally:
                self._routines.end()
            opened.changes = self._capture.changes()
            meter.add_bytes(self._capture.bytes_of(opened.changes))
            accept(opened.events, result)
            if not nested:
                self.check_constraints()
        return CallOutcome(result, opened.events, opened.notices, opened.changes)

    def ask(
        self,
        routine: RoutineName,
        arguments: Sequence[Argument | Row],
        context: ExecutionContext,
        budget: Budget | None = None,
    ) -> CallResult | None:
        """Call a function for its answer alone; a tuple of canonical values is a row for a parameter of a row type.

        Raises SqlError, 25006 where the function changes rows or emits something; nothing of that remains.
        """
        meter = self._meter = Meter(budget or DEFAULT_BUDGET)
        with self.transaction() as opened:
            runner = self._routines.begin(context, meter, ordinals_for(self._transactions, context, opened))
            self._settle()
            self._fuse.reset()
            try:
                result = self._routines.run_asked(runner, routine, arguments)
                self._routines.hand_over(opened)
            finally:
                self._routines.end()
            opened.changes = self._capture.changes()
            opened.rollback()
        if opened.changes or opened.events:
            raise SqlError(READ_ONLY, f"{routine} is asked for an answer, and does more than to give one")
        return result

    @deep_stack()
    def _run_steps(
        self, runner: Runner, steps: Steps, opened: OpenTransaction, contract: str | None
    ) -> tuple[StatementResult, ...]:
        if contract is not None:
            self.permits.deploy(contract)
        done = [(placed, self._run_step(runner, steps, placed, opened, contract)) for placed in steps]
        return tuple([result for placed, result in done if placed.number])

    def _run_step(
        self, runner: Runner, steps: Steps, placed: PlacedStep, opened: OpenTransaction, contract: str | None
    ) -> StatementResult:
        if not placed.number:  # what a deployment does around its statements, its owner may do
            self._recorder.defines = True
            return self._define(steps.make(placed).definition or Definition("DEPLOY", self.catalog), opened)
        self._meter.add_statement()
        self._fuse.reset()
        try:
            step = steps.make(placed)
            self._routines.note(step)
            if step.definition is not None:
                self._recorder.defines = True
                self.permits.define(step.definition, step.granted, contract)
                return self._define(step.definition, opened)
            if step.plan is None:
                return StatementResult("DEPLOY", 0)
            self.permits.require(step.plan.requirements, contract)
            self._settle()
            if isinstance(step.plan, CallPlan):
                if self._recorder.is_on:
                    self._recorder.call(step.plan.routine)
                return self._routines.run(runner, step.plan)
            return runner.run(step.plan, self.catalog)
        except SqlError as error:
            error.place(placed.number, placed.line, placed.column)
            raise

    def _run_shaped(
        self, runner: Runner, script: str, place: int, plan: Plan, numbers: Mapping[str, int]
    ) -> StatementResult:
        self._meter.add_statement()
        self._fuse.reset()
        try:
            self.permits.require(plan.requirements)
            return runner.run(plan, self.catalog, numbers)
        except SqlError as error:
            from aergo_vc.sql.language.source import parse_script  # noqa: PLC0415 - it loads sqlglot

            statement = parse_script(script)[place]
            error.place(statement.number, statement.line, statement.column)
            raise

    def _define(self, definition: Definition, opened: OpenTransaction) -> StatementResult:
        if definition.catalog == self.catalog and not definition.restarted:
            return StatementResult(definition.tag, 0)
        if not definition.only_creates:
            self._settle()
        opened.catalog_changed = True
        old = self.catalog
        with self._unchecked():
            try:
                touched = rebuilding.carry_out(self._trusted, self._create_table_sql, old, definition)
            except apsw.Error as error:
                raise translated(error, definition.catalog, next(iter(definition.rebuilt), None)) from error
        for name in touched:
            self._capture.forget(name)
        opened.rewritten |= touched
        self._recorder.write_anew(touched)
        self._set_catalog(definition.catalog)
        for name in definition.checked:
            self._references.check_table(name)
        return StatementResult(definition.tag, 0)

    def load(
        self,
        table: TableName,
        columns: Sequence[str],
        mode: LoadMode,
        rows: Iterable[Row],
        gone: Iterable[Key] = (),
        _context: ExecutionContext | None = None,
        *,
        checked: bool = False,
    ) -> Changes:
        """Delete the keys `gone`, then write `rows`, with every constraint checked; on SqlError nothing remains.

        `columns` are the table's own, hidden key included, in its order; values are canonical.  `checked` says that
        rows and keys were read from table trees, which checked all that trees check: types, spelling, NULLs, sizes.
        """
        self._settle()
        nested = bool(self._transactions)
        self._fuse.reset()
        keys = tuple(gone)
        with self._stretch(final=False) as opened, self._recorder.load(table, keys):
            loading.load(
                self._db, self.catalog, self._capture, table,
                columns=columns, mode=mode, rows=rows, gone=keys, checked=checked,
            )  # fmt: skip
            if not nested:
                self.check_constraints()
            opened.changes = self._capture.changes()
        return opened.changes

    def load_later(self, table: TableName, rows: RowSource, count: int, longest: int) -> bool:
        """Load `count` rows of a tree into an empty table without writing them yet; False where `load` is needed.

        `longest` is the length in bytes of the longest row.
        """
        layout = self._capture.layout(table)
        if not is_free_of_rules(self.catalog, layout.table, longest):
            return False
        with self._part() as opened:
            self.owe(table, rows)
            self._capture.add_inserted(table, InsertedRows(layout, count, rows))
            opened.changes = self._capture.changes()
        return True


__all__ = ["Engine", "ExecutionContext", "OpenTransaction", "ScriptOutcome", "StatementResult"]
