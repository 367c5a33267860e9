"""The executor: one SQLite database that holds the state of one branch and runs scripts on it.

The database is a cache that can be rebuilt; nothing in it is believed by others.  An engine belongs to one thread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
from sqlglot import exp

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.base.limits import TABLE_COLUMNS
from aergo_vc.codec.catalog_texts import functions_of, parse_catalog, schemas_of
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.routines import Routine
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog, Table
from aergo_vc.model.transactions import Argument, Event, LoadMode
from aergo_vc.model.types import Row
from aergo_vc.sql import loading, rebuilding
from aergo_vc.sql.alterations import DEFINING, define
from aergo_vc.sql.binder import Surroundings
from aergo_vc.sql.budget import Budget, Meter
from aergo_vc.sql.capture import Capture, check_sizes
from aergo_vc.sql.definitions import Definition
from aergo_vc.sql.deploying import Deployment, Tree
from aergo_vc.sql.errors import FOREIGN_KEY_VIOLATION, UNSUPPORTED, SqlError
from aergo_vc.sql.expressions import quote_name
from aergo_vc.sql.facts import Facts
from aergo_vc.sql.outcomes import CallOutcome, ExecutionContext, Notice, OpenTransaction, RowOrdinals, ScriptOutcome
from aergo_vc.sql.plans import Plan
from aergo_vc.sql.procedures.arguments import kept_arguments
from aergo_vc.sql.procedures.body import shift
from aergo_vc.sql.procedures.calling import (
    CallPlan,
    plan_call,
    plan_signed_call,
    run_call,
    run_signed_call,
)
from aergo_vc.sql.procedures.defining import define_own
from aergo_vc.sql.procedures.library import Library
from aergo_vc.sql.procedures.own_statements import CallRoutine, CreateRoutine, OwnStatement
from aergo_vc.sql.procedures.session import Session
from aergo_vc.sql.qualifying import qualified
from aergo_vc.sql.runner import Runner
from aergo_vc.sql.sandbox import CACHE_TABLE, FUSE_STEPS, Fuse, Guard, open_connection, table_function
from aergo_vc.sql.sequence_definitions import define_object
from aergo_vc.sql.shapes import Shape, parse_shape, shape_of
from aergo_vc.sql.source import Statement, parse_script
from aergo_vc.sql.statements import compile_statement
from aergo_vc.sql.storage import create_table_sql, index_sql, indexes_of, insert_sql, key_test
from aergo_vc.sql.stretches import Stretch
from aergo_vc.sql.translated_errors import DISK_ERRORS, disk_error, disk_errors, foreign_key_error, translated

COMPILED_STATEMENTS = 4_096
"""Statements whose plans an engine keeps."""


_PIECE = 10_000
"""Characters of a schema in one row of the cache's own table: SQLite's texts are limited (sandbox.py)."""


class Engine:
    """One branch's state in SQLite; `path` None keeps it in memory."""

    def __init__(self, path: Path | None = None, *, fuse_steps: int = FUSE_STEPS) -> None:
        self._guard, self._fuse = Guard(), Fuse(fuse_steps)
        self._meter = Meter(Budget())
        with disk_errors():
            self._db = open_connection(path, self._guard, self._fuse, lambda: self._meter.add_rows(1))
        self._facts = Facts(self._db)
        self._capture = Capture()
        self._db.preupdate_hook(self._capture.hook)
        self._plans: dict[tuple[str, int, str], Plan | CallPlan] = {}
        self._library = Library()
        self._session = Session(self._db, self._capture, self._trusted, self._library.load)
        self._unchecked_routines: dict[RoutineName, Statement] = {}
        self._register_calls()
        self._shapes: dict[str, Sequence[Plan] | None] = {}
        self._transactions: list[OpenTransaction] = []
        self._depth = 0
        self.catalog = Catalog()
        self._read_catalog()

    def close(self) -> None:
        self._db.close()

    # The cache's own facts

    def _trusted(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL of the engine's own, which no script takes part in."""
        self._guard.trusted = True
        try:
            return self._db.execute(sql, bindings).fetchall()
        except DISK_ERRORS as error:
            raise disk_error(error) from error
        finally:
            self._guard.trusted = False

    def _read_catalog(self) -> None:
        self._trusted(f"CREATE TABLE IF NOT EXISTS {CACHE_TABLE} (name TEXT PRIMARY KEY, value TEXT)")
        texts: dict[str, dict[str, str]] = {"schema": {}, "functions": {}}
        for name, piece in self._trusted(f"SELECT name, value FROM {CACHE_TABLE} WHERE name <> 'mark' ORDER BY name"):
            kind, contract, _ = name.split(" ")
            texts[kind][contract] = texts[kind].get(contract, "") + piece
        self._set_catalog(parse_catalog(texts["schema"], texts["functions"]))

    def _set_catalog(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._plans, self._shapes = {}, {}
        self._capture.lay_out(catalog)
        self._facts.lay_out(catalog)
        self._library.set_catalog(catalog)
        self._session.set_catalog(catalog)

    def _store_catalog(self) -> None:
        self._trusted(f"DELETE FROM {CACHE_TABLE} WHERE name <> 'mark'")
        texts = {"schema": schemas_of(self.catalog), "functions": functions_of(self.catalog)}
        for kind, of_contracts in texts.items():
            for contract, text in of_contracts.items():
                for number, start in enumerate(range(0, len(text) or 1, _PIECE)):
                    row = (f"{kind} {contract} {number:06d}", text[start : start + _PIECE])
                    self._trusted(f"INSERT INTO {CACHE_TABLE} VALUES (?, ?)", row)

    @property
    def mark(self) -> str | None:
        """A text that the owner set, such as the block whose state this is; it is rolled back with the rows."""
        found = self._trusted(f"SELECT value FROM {CACHE_TABLE} WHERE name = 'mark'")
        return found[0][0] if found else None

    @mark.setter
    def mark(self, value: str) -> None:
        self._trusted(f"INSERT OR REPLACE INTO {CACHE_TABLE} VALUES ('mark', ?)", (value,))

    # Blocks and transactions

    def block(self) -> Stretch:
        """A stretch that is kept whole or not at all; an exception, or `rollback`, rolls it back.  Does not nest."""
        return self._stretch(final=True)

    def transaction(self) -> Stretch:
        """As `block`, for the parts of one transaction; foreign keys are checked at its end (SqlError 23503)."""
        return self._stretch(final=False, checked=True)

    def _stretch(self, *, final: bool, checked: bool = False) -> Stretch:
        name, catalog = f"s{self._depth}", self.catalog
        self._begin(name, final=final)
        opened = OpenTransaction()
        if not final:
            if not self._transactions:
                self._facts.sequences.forget()
            self._transactions.append(opened)
            self._capture.push()

        def leave(error: BaseException | None) -> None:
            if error is None and checked and not opened.discarded:
                try:
                    self.check_constraints()
                except SqlError:
                    self._undo(name, catalog, final=final)
                    raise
            if error is None and not opened.discarded:
                self._keep(name, opened, final=final)
                return
            if error is None and not final and not opened.changes:
                opened.changes = self._capture.changes()
            self._undo(name, catalog, final=final)

        return Stretch(opened, leave)

    def _begin(self, name: str, *, final: bool) -> None:
        if final and self._depth:
            raise RuntimeError("a block cannot begin inside another stretch")
        self._trusted("BEGIN" if final else f"SAVEPOINT {name}")
        self._depth += 1

    def _undo(self, name: str, catalog: Catalog, *, final: bool) -> None:
        self._depth -= 1
        if self._db.in_transaction:
            self._trusted("ROLLBACK" if final else f"ROLLBACK TO {name}; RELEASE {name}")
        if not final:
            self._capture.drop()
            self._transactions.pop()
        if self.catalog is not catalog:
            self._set_catalog(catalog)

    def _keep(self, name: str, opened: OpenTransaction, *, final: bool) -> None:
        self._depth -= 1
        self._trusted("COMMIT" if final else f"RELEASE {name}")
        if final:
            return
        self._transactions.pop()
        first = self._transactions and not self._capture.is_changed_around()
        frame = self._capture.fold()
        if not opened.changes:
            opened.changes = self._capture.changes(frame)
        if self._transactions:
            outer = self._transactions[-1]
            outer.events += opened.events
            outer.notices += opened.notices
            # What the first part did is what all did, unless another follows.
            outer.changes = opened.changes if first and not outer.rewritten | opened.rewritten else {}
            outer.rewritten |= opened.rewritten
            outer.catalog_changed = outer.catalog_changed or opened.catalog_changed

    def check_constraints(self) -> None:
        """Raise SqlError 23503 if rows refer to rows that are not there; `transaction` asks at its end by itself."""
        if self._db.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
            raise self._foreign_key_error(None)

    def _foreign_key_error(self, table: TableName | None) -> SqlError:
        argument = f"({quote_name(table)})" if table else ""
        found = self._trusted(f"PRAGMA foreign_key_check{argument}")
        return foreign_key_error(self.catalog, found) or SqlError(FOREIGN_KEY_VIOLATION, "a foreign key is violated")

    # Trusted rows

    def restore(self, catalog: Catalog) -> None:
        """Throw everything away and make empty tables of `catalog`."""
        with self._unchecked():
            for name in list(self.catalog.stored):
                self._trusted(f"DROP TABLE IF EXISTS {quote_name(name)}")
            self._set_catalog(catalog)
            for name in sorted(catalog.stored):
                self._create_table(catalog.stored[name])
        self._store_catalog()

    def adopt_routines(self, routines: Mapping[RoutineName, Routine]) -> None:
        """Take these routines for those that there are; tables and rows stay."""
        self._set_catalog(replace(self.catalog, routines=routines))
        self._store_catalog()

    def _create_table(self, table: Table) -> None:
        self._trusted(create_table_sql(self.catalog, table))
        for index in indexes_of(self.catalog, table.name):
            self._trusted(index_sql(index))

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        """Without foreign keys and without a record of changes."""
        self._db.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0)
        self._capture.enabled = False
        try:
            yield
        finally:
            self._capture.enabled = True
            self._db.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)

    def insert_rows(self, table: TableName, rows: Iterable[Row]) -> None:
        """Fill in rows that were verified before, in canonical values; a row whose key exists is replaced."""
        layout = self._capture.layout(table)
        kept = rows if layout.is_plain else map(layout.encode, rows)
        sql = insert_sql(layout.table).replace("INSERT", "INSERT OR REPLACE", 1)
        with self._unchecked():
            self._many(sql, kept)

    def delete_keys(self, table: TableName, keys: Iterable[Key]) -> None:
        """Take out the rows of these keys, without effects on other tables."""
        layout = self._capture.layout(table)
        sql = f"DELETE FROM {quote_name(table)} WHERE {key_test(layout.table)}"
        with self._unchecked():
            self._many(sql, map(layout.encode_key, keys))

    def _many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._implicit_transaction():
            self._guard.trusted = True
            try:
                with disk_errors():
                    self._db.executemany(sql, rows)
            finally:
                self._guard.trusted = False

    @contextmanager
    def _implicit_transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._trusted("BEGIN")
        try:
            yield
        except BaseException:
            self._trusted("ROLLBACK")
            raise
        self._trusted("COMMIT")

    def rows(self, table: TableName, keys: Iterable[Key] | None = None) -> Iterator[Row]:
        """The rows of a table in the order of its key, or those of `keys` that exist, in the order of `keys`."""
        layout = self._capture.layout(table)
        columns = ", ".join(quote_name(column.name) for column in layout.table.columns)
        if keys is None:
            order = ", ".join(map(quote_name, layout.table.primary_key))
            found: Iterable[Any] = self._db.execute(f"SELECT {columns} FROM {quote_name(table)} ORDER BY {order}")
        else:
            sql = f"SELECT {columns} FROM {quote_name(table)} WHERE {key_test(layout.table)}"
            found = (row for key in keys for row in self._db.execute(sql, layout.encode_key(key)))
        return iter(found) if layout.is_plain else map(layout.decode, found)

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

        Inside `transaction` foreign keys are checked at the end of that; else at the end of the script.  With a
        `contract` the script is deployed as that contract (`deploying`): unqualified names live there.
        """
        deployment = None if contract is None else Deployment(contract, context, self._definition)
        shape = shape_of(script) if deployment is None else None
        plans = None if shape is None else self._plans_of(shape)
        statements = parse_script(script) if plans is None else ()
        meter = self._meter = Meter(budget or Budget())
        nested = bool(self._transactions)
        with self._stretch(final=False) as opened:
            runner = self._begin_session(context, meter)
            try:
                if shape is not None and plans is not None:
                    runner.bind(shape.numbers)
                    results = tuple([self._run_shaped(runner, script, place, plan) for place, plan in enumerate(plans)])
                else:
                    results = self._run_statements(runner, script, statements, opened, deployment)
                self._check_routines()
            finally:
                self._session.end()
                self._unchecked_routines.clear()
            if not nested:
                self.check_constraints()
            if opened.catalog_changed:
                self._store_catalog()
            opened.changes = self._capture.changes()
            self._check_sizes(opened.changes, meter)
            events, notices = self._take_messages(opened)
        return ScriptOutcome(
            results, opened.changes, opened.catalog_changed, frozenset(opened.rewritten), events, notices
        )

    def _begin_session(self, context: ExecutionContext, meter: Meter) -> Runner:
        ordinals = self._ordinals_for(context)
        runner = Runner(self._db, self._capture, context, meter, ordinals)
        self._session.begin(context, meter, ordinals, runner)
        return runner

    def call(
        self,
        routine: RoutineName,
        arguments: Sequence[Argument],
        context: ExecutionContext,
        budget: Budget | None = None,
    ) -> CallOutcome:
        """Call a routine with canonical values for its parameters in order; on SqlError nothing of it remains.

        Arrays are tuples.  Parameters without an argument take their defaults.  Foreign keys are checked as by `run`.
        """
        meter = self._meter = Meter(budget or Budget())
        nested = bool(self._transactions)
        with self._stretch(final=False) as opened:
            runner = self._begin_session(context, meter)
            self._fuse.reset()
            try:
                plan, values = self._signed_call(runner, routine, arguments)
                result = run_signed_call(self._session, plan, values)
            finally:
                self._session.end()
            if not nested:
                self.check_constraints()
            opened.changes = self._capture.changes()
            self._check_sizes(opened.changes, meter)
            events, notices = self._take_messages(opened)
        return CallOutcome(result, events, notices, opened.changes)

    def _signed_call(
        self, runner: Runner, name: RoutineName, arguments: Sequence[Argument]
    ) -> tuple[CallPlan, Sequence[Any]]:
        key = (f"{name}/{len(arguments)}", 0, "")
        plan = self._plans.get(key)
        if not isinstance(plan, CallPlan):
            plan = self._plans[key] = plan_signed_call(self.catalog, name, len(arguments))
        values = kept_arguments(name, self._session.entry(name).inputs, arguments)
        if plan.arguments_sql is not None:
            values = [*values, *runner.row(plan.arguments_sql, self.catalog)]
        return plan, values

    def _register_calls(self) -> None:
        """The functions by which SQL calls routines."""
        self._db.create_scalar_function("call_routine", self._session.call_nested, -1)
        self._db.create_scalar_function("call_rows", self._session.call_rows, -1)
        table_function(
            self._db, "routine_rows", ("place", *[f"c{n}" for n in range(TABLE_COLUMNS)]), self._session.rows_of
        )
        self._db.create_scalar_function("array_argument", _same, 1, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)
        self._db.create_scalar_function("array_result", _same, 1, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)
        self._fuse.progress = lambda: self._session.left

    def _take_messages(self, opened: OpenTransaction) -> tuple[tuple[Event, ...], tuple[Notice, ...]]:
        """The events and notices of a script or call that ends."""
        opened.events, opened.notices = self._session.events, self._session.notices
        return tuple(opened.events), tuple(opened.notices)

    def _check_routines(self) -> None:
        """Compile the routines that a script has made, now that all is there that they may name."""
        for name, statement in list(self._unchecked_routines.items()):
            if name not in self.catalog.routines or not isinstance(statement.tree, CreateRoutine):
                continue
            try:
                self._library.check(name)
            except SqlError as error:
                shift(error, statement.tree.body)
                error.place(statement.number, statement.line, statement.column)
                raise

    def _ordinals_for(self, context: ExecutionContext) -> RowOrdinals:
        """Row ordinals go on through the parts of one transaction."""
        outer = self._transactions[-2] if len(self._transactions) > 1 else None
        if outer is None:
            return RowOrdinals(context)
        if outer.ordinals is None or outer.ordinals.prefix != context.transaction[:32] + "-":
            outer.ordinals = RowOrdinals(context)
        return outer.ordinals

    def _check_sizes(self, changes: Changes, meter: Meter) -> None:
        for name, table_changes in changes.items():
            rows = (change.after for change in table_changes.values() if change.after is not None)
            meter.add_bytes(check_sizes(self.catalog.stored[name], rows))

    def _run_statements(
        self,
        runner: Runner,
        script: str,
        statements: Sequence[Statement],
        opened: OpenTransaction,
        deployment: Deployment | None,
    ) -> tuple[StatementResult, ...]:
        if deployment is not None:
            self._define(deployment.begin(self.catalog), opened)
        results = tuple(
            [self._run_statement(runner, script, statement, opened, deployment) for statement in statements]
        )
        if deployment is not None:
            self._define(deployment.finish(self.catalog), opened)
        return results

    def _run_statement(
        self,
        runner: Runner,
        script: str,
        statement: Statement,
        opened: OpenTransaction,
        deployment: Deployment | None,
    ) -> StatementResult:
        self._meter.add_statement()
        self._fuse.reset()
        try:
            tree: Tree | None = statement.tree
            contract = DEFAULT_CONTRACT
            if deployment is not None:
                tree, contract = deployment.admit(self.catalog, statement), deployment.contract
            if tree is None:
                return StatementResult("DEPLOY", 0)
            if isinstance(tree, CreateRoutine):
                self._unchecked_routines[RoutineName(f"{tree.name.contract or contract}.{tree.name.name}")] = statement
            if isinstance(tree, (*DEFINING, OwnStatement)) and not isinstance(tree, CallRoutine):
                return self._define(self._definition(self.catalog, tree, contract), opened)
            plan = self._plans.get((script, statement.number, contract))
            if plan is None:
                plan = self._compile(script, statement, contract)
            if isinstance(plan, CallPlan):
                return self._run_call(runner, plan)
            return runner.run(plan, self.catalog)
        except SqlError as error:
            error.place(statement.number, statement.line, statement.column)
            raise

    def _run_call(self, runner: Runner, plan: CallPlan) -> StatementResult:
        arguments = () if plan.arguments_sql is None else runner.row(plan.arguments_sql, self.catalog)
        return run_call(self._session, plan, arguments)

    def _definition(self, catalog: Catalog, tree: Tree, contract: str) -> Definition:
        """What a defining statement leads to in the name of a contract."""
        if isinstance(tree, OwnStatement):
            own = define_own(catalog, tree, contract) or define_object(catalog, tree, contract)
            if own is None:
                raise SqlError(UNSUPPORTED, f"{tree.tag} is not supported here", tree.line, tree.column)
            return own
        return define(catalog, qualified(tree, catalog, contract))

    def _plans_of(self, shape: Shape) -> Sequence[Plan] | None:
        """The plans of a shape's statements; None if the script has to be compiled as it is."""
        if shape.text in self._shapes:
            return self._shapes[shape.text]
        plans: list[Plan] | None = None
        trees = parse_shape(shape.text)
        if trees is not None:
            with suppress(SqlError):  # which the script itself will raise, at its own place
                plans = [compile_statement(self.catalog, tree) for tree in trees]
        if len(self._shapes) >= COMPILED_STATEMENTS:
            self._shapes.clear()
        self._shapes[shape.text] = plans
        return plans

    def _run_shaped(self, runner: Runner, script: str, place: int, plan: Plan) -> StatementResult:
        self._meter.add_statement()
        self._fuse.reset()
        try:
            return runner.run(plan, self.catalog)
        except SqlError as error:
            statement = parse_script(script)[place]
            error.place(statement.number, statement.line, statement.column)
            raise

    def _compile(self, script: str, statement: Statement, contract: str) -> Plan | CallPlan:
        tree = statement.tree
        if isinstance(tree, exp.Expression):
            tree = qualified(tree, self.catalog, contract)
        plan: Plan | CallPlan | None = None
        if isinstance(tree, (CallRoutine, exp.Expression)):
            plan = plan_call(self.catalog, contract, tree)
        if isinstance(plan, CallPlan):
            self._library.check_expression(plan.nested, None)
        else:
            around = Surroundings(contract)
            plan = compile_statement(self.catalog, qualified(statement.sql, self.catalog, contract), around)
            self._library.check_expression(around.called, plan.table)
        if len(self._plans) >= COMPILED_STATEMENTS:
            self._plans.clear()
        self._plans[script, statement.number, contract] = plan
        return plan

    def _define(self, definition: Definition, opened: OpenTransaction) -> StatementResult:
        if definition.catalog == self.catalog and not definition.restarted:
            return StatementResult(definition.tag, 0)
        opened.catalog_changed = True
        old = self.catalog
        with self._unchecked():
            try:
                touched = rebuilding.carry_out(self._trusted, old, definition)
            except apsw.Error as error:
                raise translated(error, definition.catalog, next(iter(definition.rebuilt), None)) from error
        for name in touched:
            self._capture.forget(name)
        opened.rewritten |= touched
        self._set_catalog(definition.catalog)
        for name in definition.checked:
            if found := self._trusted(f"PRAGMA foreign_key_check({quote_name(name)})"):
                raise foreign_key_error(self.catalog, found) or SqlError(
                    FOREIGN_KEY_VIOLATION, "a foreign key is violated"
                )
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
        nested = bool(self._transactions)
        self._fuse.reset()
        with self._stretch(final=False) as opened:
            loading.load(
                self._db, self.catalog, self._capture, table,
                columns=columns, mode=mode, rows=rows, gone=gone, checked=checked,
            )  # fmt: skip
            if not nested:
                self.check_constraints()
            opened.changes = self._capture.changes()
        return opened.changes

    def fill(self, table: TableName, rows: Iterable[Row], _context: ExecutionContext | None = None) -> None:
        """Write rows into an empty table, with every constraint checked as in `load`."""
        columns = tuple(column.name for column in self.catalog.tables[table].columns)
        self.load(table, columns, LoadMode.APPEND, rows)


def _same(*values: Any) -> Any:  # noqa: ANN401 - what marks arrays for the compiler is nothing in SQL
    return values[0]


__all__ = ["Engine", "ExecutionContext", "OpenTransaction", "ScriptOutcome", "StatementResult"]
