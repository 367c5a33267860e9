"""What single transactions did to the rows of a branch, found out by executing their blocks again."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.directory.authorities import Authorities
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.payloads import read_payloads
from aergo_vc.ledger.settled import receipts_of, repeat
from aergo_vc.ledger.verifying import context_of
from aergo_vc.model.changes import Changes, Key, TableChanges
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Transaction
from aergo_vc.repository.reading import StateReader
from aergo_vc.repository.state_cache import StateCache
from aergo_vc.repository.workspace import Workspace
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import Node, NodeStore
from aergo_vc.state.table_tree import TableTree

Cell = tuple[TableName, Key]
"""A row, by its table and its key."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a transaction, or several of a block together, did.

    `altered` are the tables that came, went or got other columns: what became of their rows is not told.  `defines`
    tells whether anything was defined or deployed.
    """

    transactions: tuple[Transaction, ...]
    height: int
    changes: Changes
    altered: frozenset[TableName]
    defines: bool

    def cells(self) -> Iterator[Cell]:
        """The rows that were changed."""
        return ((table, key) for table, rows in self.changes.items() for key in rows)


class _State(NamedTuple):
    """The tables of a state, the roots of those that have rows, and the texts that define them."""

    tables: Mapping[TableName, Table]
    roots: Mapping[TableName, Node]
    texts: tuple[Mapping[str, str], Mapping[str, str]]


class Effects:
    """Finds out effects on one branch; moves the machine of `cache`, which is to be used for nothing else meanwhile."""

    def __init__(self, workspace: Workspace, cache: StateCache, authorities: Authorities) -> None:
        self._workspace = workspace
        self._cache = cache
        self._authorities = authorities
        self._last: tuple[BlockId, list[Effect]] | None = None

    def of_block(
        self, block: LedgerTree, previous: LedgerTree | None, only: Collection[TableName] | None = None
    ) -> Effect:
        """What all transactions of a block did together, to some tables or to all, from the two states alone."""
        before = _read(self._workspace, previous, only)
        return _effect(self._workspace.nodes, block.transactions, block, before, _read(self._workspace, block, only))

    def of_each(self, block: LedgerTree, previous: LedgerTree | None) -> list[Effect]:
        """What each transaction of a block did, in their order."""
        if self._last is None or self._last[0] != block.block:
            alone = len(block.transactions) == 1
            each = [self.of_block(block, previous)] if alone else self._executed(block, previous)
            self._last = block.block, each
        return self._last[1]

    def _executed(self, block: LedgerTree, previous: LedgerTree | None) -> list[Effect]:
        self._cache.move_to(previous)
        machine = self._cache.machine
        payloads = read_payloads(machine.objects, machine.nodes, block.payload, block.transactions)
        found = []
        with machine.block(context_of(block.header, self._authorities(block, previous))) as execution:
            for transaction, payload, receipt in zip(block.transactions, payloads, receipts_of(block), strict=True):
                before = machine.catalog
                changes = repeat(execution, (transaction, payload), receipt).footprint.changes
                after = machine.catalog
                rows = {name: changes[name] for name in changes if name in after.tables and changes[name]}
                altered = frozenset(_altered(before.tables, after.tables))
                found.append(Effect((transaction,), block.header.height, rows, altered, before != after))
        return found


def _read(workspace: Workspace, block: LedgerTree | None, only: Collection[TableName] | None) -> _State:
    if block is None:
        return _State({}, {}, ({}, {}))
    reader = StateReader(workspace, block)
    tables = {name: table for name, table in reader.catalog.tables.items() if only is None or name in only}
    found = {name: reader.root(name) for name in tables}
    roots = {name: root for name, root in found.items() if root is not None}
    return _State(tables, roots, (reader.snapshot.schemas, reader.snapshot.functions))


def _altered(before: Mapping[TableName, Table], after: Mapping[TableName, Table]) -> Iterator[TableName]:
    """The tables that came, went, or got other columns or another key."""
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old is None or new is None or (old.columns, old.primary_key) != (new.columns, new.primary_key):
            yield name


def _effect(
    nodes: NodeStore, transactions: tuple[Transaction, ...], block: LedgerTree, before: _State, after: _State
) -> Effect:
    altered = frozenset(_altered(before.tables, after.tables))
    changes: dict[TableName, TableChanges] = {}
    for name in sorted(after.tables.keys() - altered):
        roots = before.roots.get(name), after.roots.get(name)
        if roots[0] != roots[1] and (rows := changed_rows(TableTree(nodes, after.tables[name]), *roots)):
            changes[name] = rows
    return Effect(transactions, block.header.height, changes, altered, before.texts != after.texts)
