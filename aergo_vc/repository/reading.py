"""Read blocks and states: log, show, diff, schema, rows."""

from collections.abc import Iterator, Mapping
from itertools import islice

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.codec.git_commit import decode_commit, read_links
from aergo_vc.ledger.catalogs import catalog_of
from aergo_vc.ledger.history import BlockCommit, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.transactions import Transaction
from aergo_vc.model.types import Row
from aergo_vc.repository.errors import UnknownRevisionError, UnknownTableError
from aergo_vc.repository.locating import find_transaction, known_heads
from aergo_vc.repository.results import (
    BlockDetails,
    BlockSummary,
    MergedTransaction,
    RoutinesDifference,
    TableDifference,
    TransactionDetails,
)
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Root, Snapshot, SnapshotStore
from aergo_vc.state.table_tree import TableTree


class StateReader:
    """The state at one block."""

    def __init__(self, workspace: Workspace, ledger: LedgerTree) -> None:
        self._workspace = workspace
        self.ledger = ledger
        store = SnapshotStore(workspace.writer, workspace.nodes)
        self.snapshot = Snapshot() if ledger.state is None else store.read(ledger.state, ledger.header.state)
        self.catalog: Catalog = catalog_of(self.snapshot)

    def table(self, name: TableName) -> Table:
        """A table's definition; raises UnknownTableError."""
        found = self.catalog.stored.get(name)
        if found is None:
            raise UnknownTableError(f"there is no table {name} at block {self.ledger.block}", table=name)
        return found

    def tree(self, name: TableName) -> TableTree:
        """A table's tree."""
        return TableTree(self._workspace.nodes, self.table(name))

    def root(self, name: TableName) -> Node | None:
        """The root of a table's tree; None where it has no rows."""
        root = self.snapshot.tables.get(name)
        if root is None:
            return None
        return self._workspace.nodes.read_root(root.id, root.digest, self.tree(name).first_code)

    def rows(self, name: TableName) -> Iterator[Row]:
        """The rows of a table in key order, hidden key included."""
        return self.tree(name).rows(self.root(name))


def summaries(workspace: Workspace, revision: str | None, limit: int | None) -> Iterator[BlockSummary]:
    """The blocks from a revision back, newest first."""
    start = resolve(workspace, revision)
    for place in islice(blocks_back(workspace.writer, start.commit), limit):
        yield summary(workspace, place, read_ledger(workspace.writer, place.ledger))


def summary(workspace: Workspace, place: BlockCommit, ledger: LedgerTree) -> BlockSummary:
    """A block as a log shows it."""
    message = decode_commit(workspace.writer.read_commit(place.commit)).message
    rows = sum(
        counts.inserted + counts.updated + counts.deleted
        for receipt in ledger.receipts
        for counts in receipt.rows.values()
    )
    subject = message.partition("\n")[0]
    return BlockSummary(ledger.block, place.commit, ledger.header, len(ledger.transactions), rows, subject)


def details(workspace: Workspace, what: str | None) -> BlockDetails | TransactionDetails:
    """The block, or the transaction, that `what` means; raises UnknownRevisionError."""
    try:
        tip = resolve(workspace, what)
    except UnknownRevisionError:
        found = _find_transaction(workspace, what or "")
        if found is None:
            raise
        return found
    place = BlockCommit(tip.commit, tip.ledger.id)
    ledger = tip.ledger
    receipts = tuple(receipt for _, receipt in ledger.outcomes)
    return BlockDetails(summary(workspace, place, ledger), ledger.transactions, receipts, _refused(workspace, tip))


def _refused(workspace: Workspace, tip: Tip) -> tuple[MergedTransaction, ...]:
    """What a block that merges another left out: these transactions stand in blocks of the merged line."""
    receipts = {receipt.transaction: receipt for receipt in tip.ledger.receipts if receipt.refusal is not None}
    found: dict[TransactionId, Transaction] = {}
    parents = read_links(workspace.writer.read_commit(tip.commit)).parents
    for place in blocks_back(workspace.writer, parents[1]) if receipts else ():
        if len(found) == len(receipts):
            break
        transactions = read_ledger(workspace.writer, place.ledger).transactions
        found |= {transaction.id: transaction for transaction in transactions if transaction.id in receipts}
    return tuple(MergedTransaction(found[name], receipt) for name, receipt in receipts.items())


def differences(workspace: Workspace, before: str, after: str, only: TableName | None) -> Iterator[TableDifference]:
    """What turns the state at one block into that at another, table by table in the order of names."""
    old = StateReader(workspace, resolve(workspace, before).ledger)
    new = StateReader(workspace, resolve(workspace, after).ledger)
    if only is not None and only not in old.catalog.stored and only not in new.catalog.stored:
        new.table(only)
    for name in sorted(old.catalog.stored.keys() | new.catalog.stored.keys()):
        if only is None or name == only:
            difference = _difference(old, new, name)
            if difference is not None:
                yield difference


def schemas(workspace: Workspace, at: str | None) -> Mapping[str, str]:
    """The definitions of every contract at a block."""
    return StateReader(workspace, resolve(workspace, at).ledger).snapshot.schemas


def routines(workspace: Workspace, at: str | None) -> Mapping[str, str]:
    """The functions and procedures of every contract that has some at a block."""
    return StateReader(workspace, resolve(workspace, at).ledger).snapshot.functions


def routine_differences(workspace: Workspace, before: str, after: str) -> Iterator[RoutinesDifference]:
    """The contracts whose functions and procedures differ between two blocks, in the order of names."""
    old, new = routines(workspace, before), routines(workspace, after)
    for contract in sorted(old.keys() | new.keys()):
        texts = old.get(contract, ""), new.get(contract, "")
        if texts[0] != texts[1]:
            yield RoutinesDifference(contract, *texts)


def _difference(old: StateReader, new: StateReader, name: TableName) -> TableDifference | None:
    before, after = old.catalog.stored.get(name), new.catalog.stored.get(name)
    roots = old.snapshot.tables.get(name), new.snapshot.tables.get(name)
    if before == after and _digest(roots[0]) == _digest(roots[1]):
        return None
    if before is not None and after is not None and before.columns != after.columns:
        return TableDifference(name, before, after, {})
    either = new if after is not None else old
    tree = either.tree(name)
    old_root = None if before is None else old.root(name)
    new_root = None if after is None else new.root(name)
    return TableDifference(name, before, after, changed_rows(tree, old_root, new_root))


def _digest(root: Root | None) -> str | None:
    return None if root is None else root.digest


def _find_transaction(workspace: Workspace, text: str) -> TransactionDetails | None:
    """The transaction whose id begins with `text`, looked for on all branches, the current one first."""
    head = workspace.refs.read("HEAD")
    heads = {} if head is None else {"HEAD": head}
    located = find_transaction(workspace, {**heads, **known_heads(workspace)}, text)
    if located is None:
        return None
    block = summary(workspace, located.place, located.ledger)
    return next(
        TransactionDetails(transaction, receipt, block)
        for transaction, receipt in located.ledger.outcomes
        if transaction.id == located.transaction
    )
