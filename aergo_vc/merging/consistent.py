"""Consistent Merging within a replay: what a settler is told, and what becomes of its answers and of people's."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import MergeError
from aergo_vc.ledger.history import BlockCommit, CommitObjects
from aergo_vc.ledger.layout import read_ledger
from aergo_vc.ledger.machine import BlockExecution, Machine, TransactionOutcome
from aergo_vc.ledger.merges import MergeRequest, Replayed
from aergo_vc.merging.candidates import Candidate
from aergo_vc.merging.carrying import SETTLED
from aergo_vc.merging.conflicts import RESOLVED, Conflict, resolved_by
from aergo_vc.merging.deciding import LOST_UPDATE, READ_CHANGED, looked_up, read_changed
from aergo_vc.merging.evidence import View
from aergo_vc.merging.settling import Inconsistency, LastWritten, Settler
from aergo_vc.merging.source_rows import SourceRows
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen, UnseenTable
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.footprints import Columns, Footprint, apart_from_numbers, blind_writes, sorted_key
from aergo_vc.model.transactions import Receipt, Refusal, Transaction
from aergo_vc.model.types import Row
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import NodeStore

_NO_COLUMNS: Columns = frozenset()


def refuse_conflict(conflict: Conflict) -> None:
    """What becomes of a conflict in a block that is made already."""
    raise MergeError(
        f"transaction {conflict.transaction} is in conflict, and no transaction of the block resolves it",
        transaction=conflict.transaction,
    )


def _resolved(request: MergeRequest, candidates: Collection[TransactionId]) -> Mapping[TransactionId, TransactionId]:
    """The resolutions of a merge by the transactions that they stand for: those signed for the target alone."""
    found: dict[TransactionId, TransactionId] = {}
    for transaction in _resolutions(request):
        if transaction.payload.branch == request.context.branch and transaction.id not in candidates:
            found.update(dict.fromkeys(resolved_by(transaction.payload), transaction.id))
    return found


def _resolutions(request: MergeRequest) -> Sequence[Transaction]:
    if request.claimed is not None:
        return request.claimed.transactions
    return [transaction for transaction, _ in request.resolutions]


def settler_for(
    machine: Machine,
    request: MergeRequest,
    last_written: LastWritten,
    source_rows: SourceRows,
    candidates: Collection[TransactionId],
) -> Settler | None:
    """What settles inconsistencies by the target's law; None where they are left out."""
    settle_by = request.target_ledger.law.settle
    if settle_by is None:
        return None
    return Settler(settle_by, machine, last_written, source_rows, _resolved(request, candidates))


@dataclass
class Settlement:
    """Settles what a replay finds inconsistent.

    A conflict that nobody resolved goes to `on_conflict`, and its transaction is left out.
    """

    settler: Settler
    request: MergeRequest
    on_conflict: Callable[[Conflict], None]
    _cells: dict[int, "UnseenCells"] = field(default_factory=dict)

    def settle(
        self, execution: BlockExecution, candidate: Candidate, made: Footprint, view: View, reason: Refusal
    ) -> Replayed:
        """What becomes of a candidate that is inconsistent for a reason; `made` is what it did where it was made."""
        made, target = apart_from_numbers(made), self._cells_of(candidate.base, view)
        strict = self.request.target_ledger.law.merge is MergeRule.SERIALIZABLE
        settled = None if candidate.settled is None else candidate.settled.was
        cell = target.first_cell(reason.code, made)
        if reason.code == SETTLED and settled is not None and settled.rows:
            cell = f"{settled.rows[0].table}.{min(settled.rows[0].columns)}"
        case = Inconsistency(candidate.submission, reason, cell, made, target, candidate.time, strict, settled)
        found = self.settler.settle(execution, case)
        if isinstance(found, TransactionOutcome):
            return Replayed(candidate.submission, candidate.line, found.receipt, found)
        if isinstance(found, Conflict):
            self.on_conflict(found)
            found = found.reason
        return Replayed(candidate.submission, b"", Receipt(candidate.id, refusal=found), None)

    def require_uses(self, replayed: Sequence[Replayed]) -> None:
        """Raise MergeError unless each transaction that a claimed block adds resolves a conflict."""
        if self.request.claimed is None:
            return
        included = {one.receipt.transaction for one in replayed if one.outcome is not None}
        resolved = {
            one.receipt.transaction
            for one in replayed
            if one.receipt.refusal is not None and one.receipt.refusal.code == RESOLVED
        }
        for transaction in self.request.claimed.transactions:
            if transaction.id not in included and resolved.isdisjoint(resolved_by(transaction.payload)):
                raise MergeError(
                    f"transaction {transaction.id} is neither merged nor resolves a conflict",
                    transaction=transaction.id,
                )

    def _cells_of(self, base: int, view: View) -> "UnseenCells":
        cells = self._cells.get(base)
        if cells is None:
            cells = self._cells[base] = UnseenCells(view.unseen, view.then, view.now)
        return cells


class UnseenCells:
    """How the target differs from a state that the source knew of it; a `TargetChanges`."""

    def __init__(self, unseen: Unseen, before: StateAt, now: StateAt) -> None:
        self._unseen, self._before, self._now = unseen, before, now
        self._changes: dict[TableName, Mapping[Key, RowChange]] = {}

    def columns(self, table: TableName, key: Key) -> Columns:
        found = self._unseen.get(table)
        if found is None:
            return _NO_COLUMNS
        if found.every:
            return frozenset(column.name for column in found.table.columns)
        row = found.rows.get(key)
        return _NO_COLUMNS if row is None else row.columns

    def before(self, table: TableName, key: Key) -> Row | None:
        change = self._changes_of(table).get(key)
        return None if change is None else change.before

    def reads_changed(self, footprint: Footprint, but_for: Collection[tuple[TableName, Key]] = ()) -> Refusal | None:
        if not but_for:
            return read_changed(footprint, self._unseen)
        keys = set(but_for)
        rest = {
            name: _without(table, {key for one, key in keys if one == name}) for name, table in self._unseen.items()
        }
        return read_changed(footprint, rest)

    def first_cell(self, code: str, footprint: Footprint) -> str:
        """The first column in which a transaction is inconsistent, behind its table's name; empty where it fails."""
        cells: list[tuple[TableName, Key, str]] = []
        if code == LOST_UPDATE:
            written = blind_writes(footprint)
            cells = [
                (name, key, min(both)) for name, rows in written.items() for key, both in self._meeting(name, rows)
            ]
        elif code == READ_CHANGED:
            for name, reads in footprint.reads.items():
                scanned = reads.scanned or _NO_COLUMNS
                rows = dict(reads.rows)
                if scanned and name in self._unseen:
                    rows |= {key: scanned | rows.get(key, _NO_COLUMNS) for key in self._unseen[name].rows}
                cells += [(name, key, min(both)) for key, both in self._meeting(name, rows)]
            for lookup, sought in footprint.lookups.items():
                if lookup.table in self._unseen:
                    met = looked_up(self._unseen[lookup.table], lookup, sought)
                    cells += [(lookup.table, values, min(both)) for values, both in met.items()]
        found = min(cells, key=lambda cell: (cell[0], sorted_key(cell[1]), cell[2]), default=None)
        return "" if found is None else f"{found[0]}.{found[2]}"

    def _meeting(self, table: TableName, rows: Mapping[Key, Columns]) -> Iterator[tuple[Key, Columns]]:
        for key, columns in rows.items():
            if both := columns & self.columns(table, key):
                yield key, both

    def _changes_of(self, table: TableName) -> Mapping[Key, RowChange]:
        known = self._changes.get(table)
        if known is None:
            known = self._changes[table] = _changes(self._before, self._now, table)
        return known


def _without(table: UnseenTable, keys: set[Key]) -> UnseenTable:
    rows = {key: row for key, row in table.rows.items() if key not in keys}
    return replace(table, rows=rows, columns=frozenset().union(*[row.columns for row in rows.values()]))


def _changes(before: StateAt, now: StateAt, table: TableName) -> Mapping[Key, RowChange]:
    """The rows that differ between two states; none where the table has other columns in one of them."""
    old, new = before.catalog.stored.get(table), now.catalog.stored.get(table)
    if old is None or new is None or (old.columns, old.primary_key) != (new.columns, new.primary_key):
        return {}
    return changed_rows(now.tree(table), before.root(table), now.root(table))


class TimesWritten:
    """When the target last changed a row, by the times of its own line's blocks."""

    def __init__(self, objects: CommitObjects, nodes: NodeStore, graph: BlockGraph, target: BlockCommit) -> None:
        self._objects, self._nodes, self._graph, self._target = objects, nodes, graph, target
        self._blocks: list[tuple[int, StateAt]] = []
        self._changed: dict[tuple[int, TableName], Collection[Key]] = {}

    def __call__(self, table: TableName, key: Key) -> int:
        for place, (time, _) in enumerate(self._line()):
            if key in self._keys(place, table):
                return time
        return 0

    def _line(self) -> Iterator[tuple[int, StateAt]]:
        """The times of the blocks, newest first, and the states after them."""
        yield from self._blocks
        for number, place in enumerate(self._graph.line(self._target)):
            if number >= len(self._blocks):
                ledger = read_ledger(self._objects, place.ledger)
                self._blocks.append((ledger.header.time, StateAt(self._objects, self._nodes, ledger)))
                yield self._blocks[-1]

    def _keys(self, place: int, table: TableName) -> Collection[Key]:
        """The rows that the block at a place changed; it is not the first one of a chain."""
        known = self._changed.get((place, table))
        if known is None:
            before = next((state for number, (_, state) in enumerate(self._line()) if number == place + 1), None)
            now = self._blocks[place][1]
            known = () if before is None else _changes(before, now, table).keys()
            self._changed[place, table] = known
        return known
