"""What an engine keeps of routines: their library, the session that they run on, and those that a script has made."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import apsw

from aergo_vc.base.ids import RoutineName, TableName, TransactionId
from aergo_vc.base.limits import TABLE_COLUMNS
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.routines import CompositeType, Parameter
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Argument, CallResult
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.compiled.steps import Step
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SqlError
from aergo_vc.sql.footprints.recorder import Recorder
from aergo_vc.sql.outcomes import ExecutionContext, OpenTransaction, RowOrdinals
from aergo_vc.sql.privileges.permits import Permits
from aergo_vc.sql.procedures.arguments import Reader, kept_arguments, reader_of
from aergo_vc.sql.procedures.call_plans import CallPlan, run_call, run_signed_call
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.library import Library
from aergo_vc.sql.procedures.session import Session
from aergo_vc.sql.procedures.touched import RowFinder, RowName, Touched, Toucher
from aergo_vc.sql.running.budget import Meter
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.references import References
from aergo_vc.sql.running.runner import Runner
from aergo_vc.sql.running.sandbox import table_function

if TYPE_CHECKING:
    from aergo_vc.sql.language.source import Statement


class RoutineHost:
    """The routines of one engine."""

    def __init__(
        self, db: apsw.Connection, capture: Capture, trusted: Callable[[str], object], permits: Permits,
        compiled: CompiledCache, *, references: References,
    ) -> None:  # fmt: skip
        self._compiled = compiled
        self._permits = permits
        self._db, self._capture, self._references = db, capture, references
        self._library = Library(compiled)
        self._session = Session(db, capture, references, trusted, self._library.load)
        self._catalog = Catalog()
        self._made: dict[RoutineName, Step] = {}
        self._signed: dict[tuple[RoutineName, int], CallPlan] = {}
        self._touched: dict[RoutineName, RowFinder] = {}
        db.create_scalar_function("call_routine", self._session.call_nested, -1)
        db.create_scalar_function("call_rows", self._session.call_rows, -1)
        columns = ("place", *[f"c{place}" for place in range(TABLE_COLUMNS)])
        table_function(db, "routine_rows", columns, self._session.rows_of)
        for name in ("array_argument", "array_result"):
            db.create_scalar_function(name, _same, 1, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed."""
        self._catalog = catalog
        self._library.set_catalog(catalog)
        self._session.set_catalog(catalog, self._permits.rights)
        self._signed, self._touched = {}, {}

    def cover(self, coverage: Coverage) -> None:
        """Count the statements of routines from now on."""
        self._library.coverage = coverage
        self._session.hits = coverage.hits
        self.set_catalog(self._catalog)

    def progress(self) -> int:
        """Changes with each step that a routine takes."""
        return self._session.left

    # A script or a call

    def begin(self, context: ExecutionContext, meter: Meter, ordinals: RowOrdinals) -> Runner:
        """It begins; returns what runs its plain statements."""
        self._permits.begin(context)
        runner = Runner(self._db, self._capture, context, meter, ordinals, references=self._references)
        self._session.begin(context, meter, ordinals, runner)
        return runner

    def end(self) -> None:
        """It has ended, well or not."""
        self._session.end()
        self._made.clear()

    def hand_over(self, opened: OpenTransaction) -> None:
        """Its events and notices are those of the transaction."""
        opened.events, opened.notices = tuple(self._session.events), tuple(self._session.notices)

    def is_situated(self, name: RoutineName) -> bool:
        """Whether a call may ask for the time, the height or the branch of its block."""
        return self._library.is_situated(name)

    def rows_touched(
        self, name: RoutineName, arguments: Sequence[Argument], transaction: TransactionId, recorder: Recorder
    ) -> list[RowName] | None:
        """The rows that a signed call can touch; None: they may be any."""
        try:
            finder = self._touched.get(name)
            if finder is None:
                finder = self._touched[name] = RowFinder(self._find_touched(name, recorder), recorder.facts_of)
            entry = self._session.entry(name)
            if finder.is_any or len(arguments) < len(entry.inputs):
                return None
            values = kept_arguments(name, entry.inputs, entry.readers, arguments)
        except SqlError:
            return []  # the call fails before it touches anything
        return finder.rows(transaction, values)

    def _find_touched(self, name: RoutineName, recorder: Recorder) -> Touched:
        parts = ("touched", name, self._compiled.state(self._catalog))
        found = self._compiled.find(*parts)
        if not isinstance(found, Touched):
            found = Toucher(self._library.compiled, recorder.analysed, recorder.facts_of).touched(name)
            self._compiled.keep(found, *parts)
        return found

    # Definitions

    def note(self, step: Step) -> None:
        """A script makes a routine, which is looked at when all is there that it may name."""
        if step.made is not None:
            self._made[step.made.name] = step

    def check_made(self) -> None:
        """Compile the routines that a script has made; raises SqlError with the place in the script."""
        for name, step in self._made.items():
            if name not in self._catalog.routines or step.made is None:
                continue
            try:
                self._library.check(name)
            except SqlError as error:
                _shift(error, step.made.line, step.made.column)
                error.place(step.number, step.line, step.column)
                raise

    # Calls

    def plan(self, statement: "Statement", contract: str) -> Plan | CallPlan:
        """The plan of a statement that reads, writes or calls."""
        from aergo_vc.sql.procedures.calling import plan_statement  # noqa: PLC0415 - it loads sqlglot

        plan, called, table = plan_statement(self._catalog, contract, statement)
        self._library.check_expression(called, table)
        return plan

    def run(self, runner: Runner, plan: CallPlan) -> StatementResult:
        """Carry out a statement that is a call; raises SqlError without a place."""
        arguments = () if plan.arguments_sql is None else runner.row(plan.arguments_sql, self._catalog)
        return run_call(self._session, plan, arguments)

    def run_signed(self, runner: Runner, name: RoutineName, arguments: Sequence[Argument]) -> CallResult | None:
        """Carry out a signed call; raises SqlError without a place in a script."""
        key = (name, len(arguments))
        plan = self._signed.get(key)
        if plan is None:
            plan = self._signed[key] = self._plan_signed(name, len(arguments))
        self._permits.require(plan.requirements)
        entry = self._session.entry(name)
        values = kept_arguments(name, entry.inputs, entry.readers, arguments)
        if plan.arguments_sql is not None:
            values += runner.row(plan.arguments_sql, self._catalog)
        return run_signed_call(self._session, plan, entry, values)

    def run_asked(self, runner: Runner, name: RoutineName, arguments: Sequence[Argument | Row]) -> CallResult | None:
        """As `run_signed`, for a call that no transaction makes: it may also hand over rows."""
        plan = self._plan_signed(name, len(arguments))
        self._permits.require(plan.requirements)
        entry = self._session.entry(name)
        readers = [self._row_reader(one) for one in entry.inputs]
        values = kept_arguments(name, entry.inputs, readers, arguments)
        if plan.arguments_sql is not None:
            values += runner.row(plan.arguments_sql, self._catalog)
        return run_signed_call(self._session, plan, entry, values)

    def _row_reader(self, parameter: Parameter) -> Reader:
        """What makes a tuple of canonical values a row as variables keep it; for other types as in signed calls."""
        if parameter.type.kind is not Kind.COMPOSITE:
            return reader_of(parameter)
        readers = [reader_of(replace(parameter, type=one)) for one in self._field_types(parameter.type.name or "")]

        def read(row: Argument) -> tuple[Any, ...]:
            if not isinstance(row, tuple) or len(row) != len(readers):
                raise SqlError(DATATYPE_MISMATCH, f"a row of {len(readers)} fields is expected for {parameter.type}")
            return tuple([None if one is None else take(one) for one, take in zip(row, readers, strict=True)])

        return read

    def _field_types(self, name: str) -> list[ColumnType]:
        """The types of the fields of a composite type, or of a table's rows."""
        found = self._catalog.types.get(name)
        if isinstance(found, CompositeType):
            return [one for _, one in found.fields]
        return [column.type for column in self._catalog.tables[TableName(name)].visible_columns]

    def _plan_signed(self, name: RoutineName, count: int) -> CallPlan:
        parts = ("call", name, str(count), self._compiled.state(self._catalog))
        kept = self._compiled.find(*parts)
        if isinstance(kept, CallPlan):
            return kept
        from aergo_vc.sql.procedures.calling import plan_signed_call  # noqa: PLC0415 - it loads sqlglot

        plan = plan_signed_call(self._catalog, name, count)
        self._compiled.keep(plan, *parts)
        return plan


def _shift(error: SqlError, line: int, column: int) -> None:
    """Let an error whose place counts within a routine's text name the place in the file, where the text begins."""
    if error.line is None or error.calls:
        return
    if error.line == 1:
        error.column = (error.column or 1) + column - 1
    error.line += line - 1
    error.facts |= {"line": error.line, "column": error.column}


def _same(*values: Any) -> Any:  # noqa: ANN401 - what marks arrays for the compiler is nothing in SQL
    return values[0]
