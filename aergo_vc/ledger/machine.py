"""The ledger machine: a state, and transactions that change it.

The state exists twice: as tables of the SQL engine, where transactions run, and as trees, which are hashed and stored.
Row changes lead from one to the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, ChainId, Digest, EntityName, ObjectId, TableName, TransactionId
from aergo_vc.base.limits import DIRECTORY_OUTPUT_BYTES, OUTPUT_BYTES
from aergo_vc.codec.catalog_texts import functions_of, schemas_of
from aergo_vc.codec.receipts import output_size
from aergo_vc.ledger.catalogs import catalog_of
from aergo_vc.ledger.errors import ChangedColumnsError, OutputSizeError
from aergo_vc.ledger.payloads import LoadTrees, TransactionPayload, checked_node, keys_only
from aergo_vc.ledger.records import Records
from aergo_vc.ledger.row_counts import row_counts
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.model.changes import Changes, Key, RowChange, TableChanges
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.transactions import (
    Call,
    CallResult,
    Event,
    Load,
    LoadMode,
    Payload,
    Receipt,
    Transaction,
)
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import EngineError
from aergo_vc.sql.outcomes import ExecutionContext, Notice, OpenTransaction, RolesOf, no_roles
from aergo_vc.sql.running.row_changes import InsertedRows
from aergo_vc.state.comparing import rows_to_write
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.nodes import Node, NodeStore, Objects
from aergo_vc.state.snapshot import Root, Snapshot, SnapshotStore, StateLayoutError
from aergo_vc.state.table_tree import TableTree

_ROWS_AHEAD = 10_000
"""Changed rows of one trial that are kept: more are changed again about as fast as noted."""

Submission = tuple[Transaction, TransactionPayload]
"""A transaction with the trees of its loads."""


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What transactions can learn of the block that they stand in."""

    branch: BranchName
    chain: ChainId
    height: int
    time: int
    roles_of: RolesOf = field(default=no_roles, compare=False)


class TransactionOutcome(NamedTuple):
    """What one transaction did: what its statements returned, its receipt, and what it said to this machine alone."""

    results: tuple[StatementResult, ...]
    receipt: Receipt
    notices: tuple[Notice, ...] = ()


class Recorded(NamedTuple):
    """What one transaction did, read and wrote, and whether it stayed."""

    outcome: TransactionOutcome
    footprint: Footprint
    is_kept: bool


Accept = Callable[[TransactionOutcome, Footprint], bool]
"""Decides whether a transaction that has been executed stays."""


Rows = Mapping[TableName, Mapping[Key, Row | None]]
"""Rows as they are to be, by table and key; None: not there."""

Amend = Callable[[Footprint], Rows | None]
"""Tells which rows are to be others than a transaction left them; None: the transaction is not to stay."""


@dataclass(frozen=True, slots=True)
class State:
    """A state as trees: what it holds, and what its own tree is called."""

    snapshot: Snapshot
    root: Root


@dataclass(slots=True)
class _Work:
    """A block's changes so far: net row changes over the trees that the block began with, or that replaced them."""

    roots: dict[TableName, Node]
    changes: dict[TableName, dict[Key, RowChange]] = field(default_factory=dict)
    rewritten: set[TableName] = field(default_factory=set)
    catalog_changed: bool = False


Guard = Callable[[BranchName, Engine], None]
"""Asked at the end of each transaction of a branch whether the tables may stay as it leaves them; raises if not."""


class Machine:
    """Executes transactions on one state at a time.  Not thread-safe."""

    def __init__(self, engine: Engine, objects: Objects, nodes: NodeStore, guard: Guard) -> None:
        self.guard = guard
        self.engine = engine
        self.nodes = nodes
        self._objects = objects
        self._snapshots = SnapshotStore(objects, nodes)
        self._snapshot = Snapshot()
        self._roots: dict[TableName, Node] = {}

    @property
    def objects(self) -> Objects:
        """The object database that the trees go into."""
        return self._objects

    @property
    def snapshot(self) -> Snapshot:
        """The state that the machine is at."""
        return self._snapshot

    @property
    def catalog(self) -> Catalog:
        """What is defined at this state."""
        return self.engine.catalog

    @property
    def digests(self) -> Mapping[TableName, Digest]:
        """The digest of the rows of every table that has some."""
        return {name: root.digest for name, root in self._snapshot.tables.items()}

    def adopt(self, snapshot: Snapshot) -> None:
        """Take it that the engine's tables hold `snapshot` already, but for what was kept ahead of it."""
        catalog = catalog_of(snapshot)
        self._roots = self._read_roots(snapshot, catalog)
        self._snapshot = snapshot
        for name in self.engine.owed & catalog.tables.keys():
            self.engine.owe(name, partial(self.tree(catalog.tables[name]).rows, self._roots.get(name)))

    def forget(self) -> None:
        """Begin again with no contract at all."""
        self.engine.restore(Catalog())
        self.engine.mark = ""
        self._snapshot, self._roots = Snapshot(), {}

    def move_to(self, snapshot: Snapshot) -> None:
        """Bring the engine's tables to `snapshot`, at the cost of what differs if the tables are defined the same."""
        self.engine.fall_back()
        catalog = catalog_of(snapshot)
        roots = self._read_roots(snapshot, catalog)
        before = self._snapshot
        if snapshot.schemas == before.schemas or _has_same_tables(catalog, self.catalog):
            for name in catalog.stored:
                self.change_rows(catalog.stored[name], self._roots.get(name), roots.get(name))
            if snapshot.functions != before.functions or snapshot.schemas != before.schemas:
                self.engine.adopt(catalog)
        else:
            self.engine.restore(catalog)
            for name, root in roots.items():
                self.engine.insert_rows(name, self.tree(catalog.stored[name]).rows(root))
        self._snapshot, self._roots = snapshot, roots

    @contextmanager
    def elsewhere(self, objects: Objects, nodes: NodeStore) -> Iterator["Machine"]:
        """A machine over the same tables, to be moved about and left; then they are brought back to this state.

        It reads and writes trees through `objects` and `nodes`.  Raises EngineError where the way back fails.
        """
        other = Machine(self.engine, objects, nodes, self.guard)
        other.adopt(self._snapshot)
        mark = self.engine.mark
        try:
            yield other
        finally:
            try:
                other.move_to(self._snapshot)
            except AergoError as error:
                raise EngineError(f"the tables cannot be brought back to their state: {error.message}") from error
            self.engine.mark = mark or ""

    def tree(self, table: Table) -> TableTree:
        """The trees of a table."""
        return TableTree(self.nodes, table)

    def root(self, table: TableName) -> Node | None:
        """The root of a table's tree at this state; None while it has no rows."""
        return self._roots.get(table)

    @property
    def roots(self) -> dict[TableName, Node]:
        """The roots of all tables that have rows."""
        return dict(self._roots)

    def stands_on(self, roots: Mapping[TableName, Node]) -> bool:
        """Whether `roots` are those of this state's tables."""
        return roots == self._roots

    @contextmanager
    def block(self, context: BlockContext) -> Iterator["BlockExecution"]:
        """Execute the transactions of one block; leaving without `finish`, or by an exception, undoes them."""
        self.engine.fall_back()
        execution = BlockExecution(self, context, _Work(self.roots))
        with self.engine.block() as engine_block:
            yield execution
            if execution.finished is None:
                engine_block.rollback()
        if execution.finished is not None:
            self._snapshot, self._roots = execution.finished

    @contextmanager
    def trial(self, context: BlockContext) -> Iterator["BlockExecution"]:
        """Execute transactions to see what they do, behind those that an earlier trial kept: `engine.ahead` names them.

        Leaving without `keep_ahead`, or by an exception, undoes them.  `peek` sees nothing of what was kept, and
        there is no `finish`.
        """
        execution = BlockExecution(self, context, _Work(self.roots))
        with self.engine.block() as engine_block:
            yield execution
            if not execution.is_kept:
                engine_block.rollback()

    def read_state(self, object_id: ObjectId | None, digest: Digest) -> Snapshot:
        """The snapshot under ``ledger/state``; None stands for the folder's absence."""
        return Snapshot() if object_id is None else self._snapshots.read(object_id, digest)

    def write_state(self, snapshot: Snapshot) -> State:
        """Add the trees of `snapshot` above its tables."""
        return State(snapshot, self._snapshots.write(snapshot))

    def _read_roots(self, snapshot: Snapshot, catalog: Catalog) -> dict[TableName, Node]:
        for name in snapshot.tables.keys() - catalog.stored.keys():
            raise StateLayoutError(f"ledger/state has rows of {name}, which no schema defines", table=name)
        return {
            name: self.nodes.read_root(root.id, root.digest, self.tree(catalog.stored[name]).first_code)
            for name, root in snapshot.tables.items()
        }

    def change_rows(self, table: Table, before: Node | None, after: Node | None) -> None:
        """Bring the engine's rows of a table from one tree to another."""
        gone, written = rows_to_write(self.tree(table), before, after)
        self.engine.delete_keys(table.name, gone)
        self.engine.insert_rows(table.name, written)


class BlockExecution:
    """The execution of one block on a machine, between its first transaction and `finish`."""

    def __init__(self, machine: Machine, context: BlockContext, work: _Work) -> None:
        self._machine = machine
        self._context = context
        self._work = work
        self.finished: tuple[Snapshot, dict[TableName, Node]] | None = None
        self.is_kept = False
        self.records = Records(machine.engine)

    @property
    def catalog(self) -> Catalog:
        """What is defined now, in the middle of a transaction too."""
        return self._machine.catalog

    def execute(self, transaction: Transaction, payload: TransactionPayload) -> TransactionOutcome:
        """Execute one transaction, all or nothing.

        Raises SqlError and its like for a transaction that fails, and InvalidError for a payload that is not canonical.
        """
        call = transaction.payload.call
        if call is not None:
            return self._call(transaction, call)
        filled: dict[TableName, Node] = {}
        with self._machine.engine.transaction() as done:
            ran = self._run(transaction, payload, filled)
        self._absorb(done, filled)
        return _outcome(transaction, done, ran)

    def _call(self, transaction: Transaction, call: Call) -> TransactionOutcome:
        """A transaction that is nothing but a call: what the engine keeps whole or not at all by itself."""
        context = self.context_of(transaction.id, transaction.payload.signer)
        called = self._machine.engine.call(call.routine, call.arguments, context, accept=self._accept)
        self._add(called.changes)
        receipt = Receipt(transaction.id, row_counts(called.changes), called.events, called.result)
        return TransactionOutcome((), receipt, called.notices)

    def apart(self) -> "BlockExecution":
        """This execution, which has not begun, in a process that was forked off: never to be finished there."""
        machine = self._machine
        other = Machine(machine.engine.apart(), machine.objects, machine.nodes, machine.guard)
        return BlockExecution(other, self._context, _Work({}))

    @property
    def changes(self) -> Changes:
        """The net row changes of the block so far, where no transaction loaded or defined anything."""
        return self._work.changes

    def take_over(self, changes: Changes) -> None:
        """Do what other transactions did elsewhere, to rows that no transaction has touched here."""
        for name, rows in changes.items():
            gone = [key for key, change in rows.items() if change.after is None]
            self._machine.engine.delete_keys(name, gone)
            self._machine.engine.insert_rows(
                name, [change.after for change in rows.values() if change.after is not None]
            )
        self._add(changes)

    def record(
        self, transaction: Transaction, payload: TransactionPayload, accept: Accept = lambda _outcome, _footprint: True
    ) -> Recorded:
        """Execute one transaction as `execute` does, and record what it reads and writes.

        A transaction that succeeds, with all constraints checked, stays only if `accept` then says so; else nothing of
        it remains.
        """
        filled: dict[TableName, Node] = {}
        engine = self._machine.engine
        with self.records.recording() as recorder, engine.transaction() as done:
            ran = self._run(transaction, payload, filled)
            engine.check_constraints()
            footprint = recorder.footprint(engine.changes_of(done))
            self.records.note(footprint)
            outcome = _outcome(transaction, done, ran)
            is_kept = accept(outcome, footprint)
            if not is_kept:
                done.rollback()
        if is_kept:
            self._absorb(done, filled)
        return Recorded(outcome, footprint, is_kept)

    def amend(self, transaction: Transaction, payload: TransactionPayload, amend: Amend) -> Recorded | None:
        """Execute one transaction and then make the rows that `amend` names what it says, all or nothing.

        `amend` is handed what the transaction read and wrote, before foreign keys were looked at; all are when all is
        done, those too that a statement would else be refused for.  None from it: nothing remains.  Raises as
        `execute` does, and SqlError where a row breaks a constraint.
        """
        filled: dict[TableName, Node] = {}
        engine = self._machine.engine
        with self.records.recording() as recorder:
            with engine.transaction(waits=True) as done:
                ran = self._run(transaction, payload, filled)
                rows = amend(recorder.footprint(engine.changes_of(done)))
                if rows is not None:
                    self._put(rows)
                self.records.note(recorder.footprint({}))
                if rows is None:
                    done.rollback()
            footprint = recorder.footprint(done.changes)
        if rows is None:
            return None
        self._absorb(done, filled)
        return Recorded(_outcome(transaction, done, ran), footprint, is_kept=True)

    def put(self, transaction: Transaction, rows: Rows) -> Recorded:
        """Make rows what they are to be instead of executing a transaction, all or nothing; raises SqlError."""
        with self.records.recording() as recorder:
            with self._machine.engine.transaction() as done:
                self._put(rows)
                self.records.note(recorder.footprint({}))
            footprint = recorder.footprint(done.changes)
        self._absorb(done, {})
        return Recorded(_outcome(transaction, done, _Ran()), footprint, is_kept=True)

    def require_right(
        self, transaction: TransactionId, entity: EntityName, table: TableName, privilege: str, columns: Iterable[str]
    ) -> None:
        """Raise SqlError 42501 unless an entity may INSERT, UPDATE or DELETE rows of a table in some columns."""
        self._machine.engine.permits.settle(self.context_of(transaction, entity), table, privilege, columns)

    def row(self, table: TableName, key: Key) -> Row | None:
        """A row as it is now."""
        return next(self._machine.engine.rows(table, [key]), None)

    def _put(self, rows: Rows) -> None:
        engine = self._machine.engine
        for name, by_key in rows.items():
            columns = [column.name for column in self._machine.catalog.tables[name].columns]
            gone = [key for key, row in by_key.items() if row is None]
            engine.load(name, columns, LoadMode.UPSERT, [row for row in by_key.values() if row is not None], gone)
        self._machine.guard(self._context.branch, engine)

    def _run(self, transaction: Transaction, payload: TransactionPayload, filled: dict[TableName, Node]) -> "_Ran":
        context = self.context_of(transaction.id, transaction.payload.signer)
        engine = self._machine.engine
        ran = _run(engine, transaction.payload, context)
        for load, trees in zip(transaction.payload.loads, payload, strict=True):
            self._load(load, trees, filled, context)
        self._accept(ran.events, ran.result)
        return ran

    def graft(self, table: TableName, root: Node | None) -> None:
        """Put rows in place of a table's that transactions left behind which are not executed again.

        Before the first transaction that is.
        """
        machine, work = self._machine, self._work
        machine.change_rows(machine.catalog.stored[table], work.roots.get(table), root)
        self._set_root(table, root)

    def begin_again(self) -> None:
        """Undo all that was done in the block so far."""
        self._machine.engine.begin_again()
        self._work = _Work(self._machine.roots)

    def check(self, script: str, contract: str) -> None:
        """Deploy a contract as its owner would, for the errors that it raises; nothing of it remains."""
        owner = self._machine.catalog.owners.get(contract, EntityName("nobody"))
        context = self.context_of(TransactionId("0" * 64), owner)
        with self._machine.engine.transaction() as opened:
            self._machine.engine.run(script, context, contract=contract)
            opened.rollback()

    def context_of(self, transaction: TransactionId, signer: EntityName) -> ExecutionContext:
        """What a transaction of `signer` may know of where it runs."""
        return ExecutionContext(
            time=self._context.time,
            height=self._context.height,
            transaction=transaction,
            chain=self._context.chain,
            branch=self._context.branch,
            signer=signer,
            roles_of=self._context.roles_of,
        )

    def _accept(self, events: tuple[Event, ...], result: CallResult | None) -> None:
        """Raise unless the tables may stay as a transaction leaves them, and its receipt has room (building.Room)."""
        self._machine.guard(self._context.branch, self._machine.engine)
        if not events and result is None:
            return
        limit = DIRECTORY_OUTPUT_BYTES if self._context.branch == DIRECTORY_BRANCH else OUTPUT_BYTES
        size = output_size(events, result)
        if size > limit:
            message = f"the events and the result of the transaction have {size} bytes; {limit} are allowed"
            raise OutputSizeError(message, bytes=size)

    def outlook(self) -> State:
        """The state after the transactions so far, as trees that are written; the block goes on, and may be undone."""
        return self._machine.write_state(self.peek()[0])

    def finish(self) -> State:
        """Turn the block's row changes into trees and keep them; returns the state after the block."""
        snapshot, roots = self.peek()
        self.finished = (snapshot, roots)
        state = self._machine.write_state(snapshot)
        self._machine.engine.mark = f"{state.root.digest} {state.root.id}"
        return state

    def keep_ahead(self, name: str) -> None:
        """Keep what the transactions of a trial did in the engine's tables, under `name`, until the next block.

        Not after they defined something, loaded an empty table or changed much: then it is as if this was not called.
        """
        work = self._work
        rows = sum(map(len, work.changes.values()))
        if (
            not work.rewritten
            and not work.catalog_changed
            and self._machine.stands_on(work.roots)
            and rows <= _ROWS_AHEAD
        ):
            self.is_kept = self._machine.engine.keep_ahead(name, work.changes)

    def peek(self) -> tuple[Snapshot, dict[TableName, Node]]:
        """The state so far, with the root of every table that has rows."""
        machine, work = self._machine, self._work
        catalog = machine.catalog
        for name in work.rewritten:
            if name in catalog.stored:
                self._set_root(name, machine.tree(catalog.stored[name]).build(list(machine.engine.rows(name))))
        for name, changes in work.changes.items():
            if name in catalog.stored and name not in work.rewritten:
                tree = machine.tree(catalog.stored[name])
                self._set_root(name, apply_changes(tree, work.roots.get(name), changes))
        work.changes.clear()
        work.rewritten.clear()
        roots = {name: node for name, node in work.roots.items() if name in catalog.stored}
        schemas, functions = machine.snapshot.schemas, machine.snapshot.functions
        if work.catalog_changed:
            schemas, functions = schemas_of(catalog), functions_of(catalog)
        tables = {name: Root(node.id, node.digest) for name, node in roots.items()}
        return Snapshot(schemas, tables, functions), roots

    def _set_root(self, name: TableName, root: Node | None) -> None:
        if root is None:
            self._work.roots.pop(name, None)
        else:
            self._work.roots[name] = root

    def _load(self, load: Load, trees: LoadTrees, filled: dict[TableName, Node], context: ExecutionContext) -> None:
        """Execute one load; notes in `filled` the tree of rows that came into an empty table."""
        engine = self._machine.engine
        table = self._machine.catalog.tables.get(load.table)
        if table is None or tuple(column.name for column in table.columns) != load.columns:
            raise ChangedColumnsError(f"table {load.table} does not have the columns that the load was made for")
        mode = None if trees.rows is None else load.mode
        engine.permits.load(context, load.table, mode, deletes=trees.gone is not None)
        tree = self._machine.tree(table)
        node = None if trees.rows is None else checked_node(tree, trees.rows)
        mode = load.mode
        if node is not None and trees.gone is None and engine.is_empty(load.table):
            filled[load.table] = node
            if engine.load_later(load.table, partial(tree.known_rows, node), *tree.extent(node)):
                return
            mode = LoadMode.APPEND  # nothing is there to be replaced, and insertions alone are recorded faster
        rows = tree.known_rows(node)
        gone_tree = self._machine.tree(keys_only(table))
        gone = () if trees.gone is None else gone_tree.known_rows(checked_node(gone_tree, trees.gone))
        engine.load(load.table, load.columns, mode, rows, gone, checked=True)

    def _absorb(self, done: OpenTransaction, filled: Mapping[TableName, Node]) -> None:
        """Add what a transaction did to what the block did before it.

        Where all that happened to a table is that rows came into it while it was empty, their tree becomes its tree.
        """
        work = self._work
        for name in done.rewritten:
            work.changes.pop(name, None)
        work.rewritten |= done.rewritten
        work.catalog_changed |= done.catalog_changed
        rest = dict(done.changes)
        for name, node in filled.items():
            untouched = not work.changes.get(name) and name not in work.roots and name not in work.rewritten
            if untouched and type(rest.get(name)) is InsertedRows:
                del rest[name]
                work.roots[name] = node
        self._add(rest)

    def _add(self, changes: Changes) -> None:
        """Add a transaction's changes to those before, keeping net changes only."""
        for name, rows in changes.items():
            _merge(self._work.changes.setdefault(name, {}), self._machine.engine.spelled_alike(name, rows))


class _Ran(NamedTuple):
    """What the script or the call of a transaction did beside changing rows."""

    results: tuple[StatementResult, ...] = ()
    events: tuple[Event, ...] = ()
    result: CallResult | None = None
    notices: tuple[Notice, ...] = ()


def _outcome(transaction: Transaction, done: OpenTransaction, ran: _Ran) -> TransactionOutcome:
    counts = row_counts({name: rows for name, rows in done.changes.items() if name not in done.rewritten})
    return TransactionOutcome(ran.results, Receipt(transaction.id, counts, ran.events, ran.result), ran.notices)


def _run(engine: Engine, payload: Payload, context: ExecutionContext) -> _Ran:
    if payload.call is not None:
        called = engine.call(payload.call.routine, payload.call.arguments, context)
        return _Ran((), called.events, called.result, called.notices)
    if not payload.sql and payload.contract is None:
        return _Ran()
    done = engine.run(payload.sql, context, contract=payload.contract)
    return _Ran(done.results, done.events, notices=done.notices)


def _has_same_tables(catalog: Catalog, other: Catalog) -> bool:
    """Whether two catalogs differ at most in routines, owners and grants."""
    return replace(catalog, routines=other.routines, owners=other.owners, grants=other.grants) == other


def _merge(total: dict[Key, RowChange], changes: TableChanges) -> None:
    """Add later changes of a table to earlier ones."""
    for key, change in changes.items():
        earlier = total.get(key)
        if earlier is None:
            total[key] = change
        elif earlier.before == change.after:
            del total[key]
        else:
            total[key] = RowChange(earlier.before, change.after)
