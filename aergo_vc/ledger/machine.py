"""The ledger machine: a state, and transactions that change it.

The state exists twice: as tables of the SQL engine, where transactions run, and as trees, which are hashed and stored.
Row changes lead from one to the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from aergo_vc.base.ids import BranchName, ChainId, TableName
from aergo_vc.codec.schema_text import contracts, parse_schema, schema_text
from aergo_vc.ledger.errors import ChangedColumnsError
from aergo_vc.ledger.payloads import LoadTrees, TransactionPayload, checked_node, keys_only
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.transactions import Load, Receipt, RowCounts, Transaction
from aergo_vc.sql.engine import Engine, ExecutionContext, StatementResult
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.nodes import Node, NodeStore, Objects
from aergo_vc.state.snapshot import Root, Snapshot, SnapshotStore
from aergo_vc.state.table_tree import TableTree

Submission = tuple[Transaction, TransactionPayload]
"""A transaction with the trees of its loads."""


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What transactions can learn of the block that they stand in."""

    branch: BranchName
    chain: ChainId
    height: int
    time: int


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """What one transaction did: what its statements returned, and its receipt."""

    results: tuple[StatementResult, ...]
    receipt: Receipt


@dataclass(slots=True)
class _Work:
    """A block's changes so far: net row changes over the trees that the block began with, or that replaced them."""

    roots: dict[TableName, Node]
    changes: dict[TableName, dict[Key, RowChange]] = field(default_factory=dict)
    rewritten: set[TableName] = field(default_factory=set)
    catalog_changed: bool = False


class Machine:
    """Executes transactions on one state at a time.  Not thread-safe."""

    def __init__(self, engine: Engine, objects: Objects, nodes: NodeStore) -> None:
        self.engine = engine
        self.nodes = nodes
        self._objects = objects
        self._snapshots = SnapshotStore(objects, nodes)
        self._snapshot = Snapshot()
        self._roots: dict[TableName, Node] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The state that the machine is at."""
        return self._snapshot

    @property
    def catalog(self) -> Catalog:
        """What is defined at this state."""
        return self.engine.catalog

    def adopt(self, snapshot: Snapshot) -> None:
        """Take it that the engine's tables hold `snapshot` already."""
        self._roots = self._read_roots(snapshot, catalog_of(snapshot))
        self._snapshot = snapshot

    def move_to(self, snapshot: Snapshot) -> None:
        """Bring the engine's tables to `snapshot`, at the cost of what differs if the schemas are the same."""
        catalog = catalog_of(snapshot)
        roots = self._read_roots(snapshot, catalog)
        if snapshot.schemas == self._snapshot.schemas:
            for name in catalog.tables:
                self._move_table(catalog.tables[name], self._roots.get(name), roots.get(name))
        else:
            self.engine.restore(catalog)
            for name, root in roots.items():
                self.engine.insert_rows(name, self.tree(catalog.tables[name]).rows(root))
        self._snapshot, self._roots = snapshot, roots

    def tree(self, table: Table) -> TableTree:
        """The trees of a table."""
        return TableTree(self.nodes, table)

    def root(self, table: TableName) -> Node | None:
        """The root of a table's tree at this state; None while it has no rows."""
        return self._roots.get(table)

    @contextmanager
    def block(self, context: BlockContext) -> Iterator["BlockExecution"]:
        """Execute the transactions of one block; leaving without `finish`, or by an exception, undoes them."""
        execution = BlockExecution(self, context, _Work(dict(self._roots)))
        with self.engine.block() as engine_block:
            yield execution
            if execution.finished is None:
                engine_block.rollback()
        if execution.finished is not None:
            self._snapshot, self._roots = execution.finished

    def write_state(self, snapshot: Snapshot) -> Root:
        """Add the trees of `snapshot` above its tables."""
        return self._snapshots.write(snapshot)

    def _read_roots(self, snapshot: Snapshot, catalog: Catalog) -> dict[TableName, Node]:
        return {
            name: self.nodes.read_root(root.id, root.digest, self.tree(catalog.tables[name]).first_code)
            for name, root in snapshot.tables.items()
        }

    def _move_table(self, table: Table, before: Node | None, after: Node | None) -> None:
        changes = changed_rows(self.tree(table), before, after)
        self.engine.delete_keys(table.name, [key for key, change in changes.items() if change.before is not None])
        self.engine.insert_rows(table.name, [change.after for change in changes.values() if change.after is not None])


class BlockExecution:
    """The execution of one block on a machine, between its first transaction and `finish`."""

    def __init__(self, machine: Machine, context: BlockContext, work: _Work) -> None:
        self._machine = machine
        self._context = context
        self._work = work
        self.finished: tuple[Snapshot, dict[TableName, Node]] | None = None

    def execute(self, transaction: Transaction, payload: TransactionPayload) -> TransactionOutcome:
        """Execute one transaction, all or nothing.

        Raises SqlError and its like for a transaction that fails, and InvalidError for a payload that is not canonical.
        """
        payload_of = transaction.payload
        context = ExecutionContext(
            time=self._context.time,
            height=self._context.height,
            transaction=transaction.id,
            chain=self._context.chain,
            branch=self._context.branch,
            signer=payload_of.signer,
        )
        mine = _Work(self._work.roots)
        results: tuple[StatementResult, ...] = ()
        loaded: dict[TableName, tuple[Node, int]] = {}
        with self._machine.engine.transaction():
            if payload_of.sql:
                outcome = self._machine.engine.run(payload_of.sql, context)
                results = outcome.results
                mine.catalog_changed = outcome.catalog_changed
                mine.rewritten |= outcome.rewritten
                _merge(mine.changes, outcome.changes)
            for load, trees in zip(payload_of.loads, payload, strict=True):
                self._load(load, trees, context, mine, loaded)
            self._machine.engine.check_constraints()
        self._absorb(mine, loaded)
        return TransactionOutcome(results, Receipt(transaction.id, _counts(mine, loaded)))

    def finish(self) -> Snapshot:
        """Turn the block's row changes into trees; returns the state after the block."""
        machine, work = self._machine, self._work
        catalog = machine.catalog
        for name in work.rewritten:
            if name in catalog.tables:
                self._set_root(name, machine.tree(catalog.tables[name]).build(list(machine.engine.rows(name))))
        for name, changes in work.changes.items():
            if name in catalog.tables and name not in work.rewritten:
                tree = machine.tree(catalog.tables[name])
                self._set_root(name, apply_changes(tree, work.roots.get(name), changes))
        roots = {name: node for name, node in work.roots.items() if name in catalog.tables}
        snapshot = Snapshot(
            machine.snapshot.schemas if not work.catalog_changed else schemas_of(catalog),
            {name: Root(node.id, node.digest) for name, node in roots.items()},
        )
        self.finished = (snapshot, roots)
        return snapshot

    def _set_root(self, name: TableName, root: Node | None) -> None:
        if root is None:
            self._work.roots.pop(name, None)
        else:
            self._work.roots[name] = root

    def _load(
        self,
        load: Load,
        trees: LoadTrees,
        context: ExecutionContext,
        mine: _Work,
        loaded: dict[TableName, tuple[Node, int]],
    ) -> None:
        table = self._machine.catalog.tables.get(load.table)
        if table is None or tuple(column.name for column in table.columns) != load.columns:
            raise ChangedColumnsError(f"table {load.table} does not have the columns that the load was made for")
        tree = self._machine.tree(table)
        node = None if trees.rows is None else checked_node(tree, trees.rows)
        rows = list(tree.rows(node))
        if node is not None and trees.gone is None and self._is_untouched_and_empty(load.table, mine, loaded):
            self._machine.engine.fill(load.table, rows, context)
            loaded[load.table] = (node, len(rows))
            return
        gone_tree = self._machine.tree(keys_only(table))
        gone = () if trees.gone is None else gone_tree.rows(checked_node(gone_tree, trees.gone))
        changes = self._machine.engine.load(load.table, load.columns, load.mode, rows, gone, context)
        _merge(mine.changes, changes)

    def _is_untouched_and_empty(
        self, name: TableName, mine: _Work, loaded: Mapping[TableName, tuple[Node, int]]
    ) -> bool:
        """Whether rows put into a table now are all that its tree has to hold: then the payload's tree is its tree."""
        return not (
            name in self._work.roots
            or name in loaded
            or self._work.changes.get(name)
            or mine.changes.get(name)
            or name in self._work.rewritten
        )

    def _absorb(self, mine: _Work, loaded: Mapping[TableName, tuple[Node, int]]) -> None:
        work = self._work
        for name in mine.rewritten:
            work.changes.pop(name, None)
        work.rewritten |= mine.rewritten
        work.catalog_changed |= mine.catalog_changed
        for name, (node, _) in loaded.items():
            if name not in work.rewritten:
                work.roots[name] = node
        _merge(work.changes, mine.changes)


def catalog_of(snapshot: Snapshot) -> Catalog:
    """What a snapshot's schemas define; raises FormatError."""
    parsed = [parse_schema(contract, text) for contract, text in snapshot.schemas.items()]
    return Catalog(
        tables={name: table for catalog in parsed for name, table in catalog.tables.items()},
        indexes={name: index for catalog in parsed for name, index in catalog.indexes.items()},
        views={name: view for catalog in parsed for name, view in catalog.views.items()},
    )


def schemas_of(catalog: Catalog) -> dict[str, str]:
    """The schema text of every contract of a catalog."""
    return {contract: schema_text(catalog, contract) for contract in contracts(catalog)}


def _merge(total: dict[TableName, dict[Key, RowChange]], changes: Changes) -> None:
    """Add later changes to earlier ones, keeping net changes only."""
    for name, rows in changes.items():
        mine = total.setdefault(name, {})
        for key, change in rows.items():
            earlier = mine.pop(key, None)
            net = change if earlier is None else replace(earlier, after=change.after)
            if net.before != net.after:
                mine[key] = net


def _counts(mine: _Work, loaded: Mapping[TableName, tuple[Node, int]]) -> dict[TableName, RowCounts]:
    counts = {name: _count(rows) for name, rows in mine.changes.items() if rows and name not in mine.rewritten}
    for name, (_, rows) in loaded.items():
        counts[name] = RowCounts(inserted=rows, updated=0, deleted=0)
    return counts


def _count(rows: Mapping[Key, RowChange]) -> RowCounts:
    inserted = sum(change.before is None for change in rows.values())
    deleted = sum(change.after is None for change in rows.values())
    return RowCounts(inserted=inserted, updated=len(rows) - inserted - deleted, deleted=deleted)
