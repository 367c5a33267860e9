"""Revert: a new transaction that undoes exactly the row changes of one, or of all in a block."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.ledger.history import BlockCommit, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.ledger.payloads import LoadTrees, keys_only
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.model.changes import RowChange
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Load, LoadMode, RowCounts
from aergo_vc.model.types import Row
from aergo_vc.repository.effects import Cell, Effect, Effects
from aergo_vc.repository.errors import NotRevertibleError, UnknownRevisionError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.locating import find_transaction
from aergo_vc.repository.results import Reverted, RevertedTransaction
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.sealing import Producer
from aergo_vc.repository.state_cache import state_cache
from aergo_vc.repository.submitting import Desk, Draft
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.unfinished_merges import require_no_merge
from aergo_vc.repository.workspace import Workspace
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Root

_SHORT = 12


def revert(
    workspace: Workspace, identity: Identity, text: str, *, force: bool, commit: bool, message: str | None
) -> Reverted:
    """Undo the transaction, or the block, of the current branch that `text` means; see `Reverted`.

    With `force` the later transactions that depend on it are undone too.  Raises UnknownRevisionError,
    NotRevertibleError.
    """
    branch = workspace.current_branch()
    if branch == DIRECTORY_BRANCH:
        raise NotRevertibleError(f"{DIRECTORY_BRANCH} takes no rows that come along: change it back with git aergo sql")
    with workspace.locked():
        if commit:
            require_no_merge(workspace)
        tip = tip_of(workspace, branch)
        target = _target(workspace, tip, text)
        with state_cache(workspace, branch) as cache:
            effects = Effects(workspace, cache, Producer(workspace, identity).authorities())
            undoing = _plan(workspace, effects, tip, target)
            cache.move_to(tip.ledger)
            found = [_named(effect) for effect in undoing.effects]
            if len(found) > 1 and not force:
                return Reverted(found[0], tuple(found[1:]))
            desk = Desk(workspace, identity, tip, cache)
            return _undo(desk, undoing, found, commit=commit, message=message)


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be undone: a transaction, or for None all of them, of the block at a commit."""

    place: BlockCommit
    transaction: TransactionId | None


@dataclass(frozen=True, slots=True)
class _Undoing:
    """What is to be undone, oldest first, and for each row of theirs what it was before them and is now."""

    effects: tuple[Effect, ...]
    rows: Mapping[Cell, RowChange]
    tip: LedgerTree

    def changes(self) -> Iterator[tuple[TableName, list[RowChange]]]:
        """The rows that differ, by table; before and after are as they were done, not as they are undone."""
        for name in sorted({table for table, _ in self.rows}):
            rows = [change for (table, _), change in self.rows.items() if table == name]
            if rows := [change for change in rows if change.before != change.after]:
                yield name, rows

    def counts(self) -> dict[TableName, RowCounts]:
        """How many rows undoing will insert, update and delete."""
        counts = {}
        for name, rows in self.changes():
            inserted = sum(change.after is None for change in rows)
            deleted = sum(change.before is None for change in rows)
            counts[name] = RowCounts(inserted, len(rows) - inserted - deleted, deleted)
        return counts


def _target(workspace: Workspace, tip: Tip, text: str) -> _Target:
    try:
        found = resolve(workspace, text)
    except UnknownRevisionError:
        located = find_transaction(workspace, {tip.branch: tip.commit}, text)
        if located is None:
            message = f"{text!r} names no block and no transaction of branch {tip.branch}"
            raise UnknownRevisionError(message, revision=text) from None
        return _Target(located.place, located.transaction)
    return _Target(BlockCommit(found.commit, found.ledger.id), None)


def _plan(workspace: Workspace, effects: Effects, tip: Tip, target: _Target) -> _Undoing:
    """What goes with the target: whatever changed its rows since, and what changed theirs in turn."""
    line = _line(workspace, tip, target)
    first = _first(effects, line, target)
    _require_rows_only(first)
    undone = [first]
    rows = {(table, key): change for table, changes in first.changes.items() for key, change in changes.items()}
    for effect in _later(effects, line, target, rows):
        if effect.altered & {table for table, _ in rows}:
            names = ", ".join(sorted(effect.altered & {table for table, _ in rows}))
            raise NotRevertibleError(f"{_label(effect)} altered or dropped {names} since")
        if rows.keys().isdisjoint(effect.cells()):
            continue
        _require_rows_only(effect)
        undone.append(effect)
        for table, changes in effect.changes.items():
            for key, change in changes.items():
                earlier = rows.get((table, key))
                rows[table, key] = change if earlier is None else RowChange(earlier.before, change.after)
    return _Undoing(tuple(undone), rows, tip.ledger)


def _line(workspace: Workspace, tip: Tip, target: _Target) -> list[tuple[LedgerTree, LedgerTree | None]]:
    """The blocks from the target's to the last, each with the one before it."""
    ledgers: list[LedgerTree | None] = []
    found = False
    for place in blocks_back(workspace.writer, tip.commit):
        ledgers.append(read_ledger(workspace.writer, place.ledger))
        if found:
            break
        found = place.commit == target.place.commit
    else:
        ledgers.append(None)
    if not found:
        raise NotRevertibleError(f"commit {target.place.commit} is no block in the history of branch {tip.branch}")
    return [(block, previous) for previous, block in pairwise(reversed(ledgers)) if block is not None]


def _first(effects: Effects, line: Sequence[tuple[LedgerTree, LedgerTree | None]], target: _Target) -> Effect:
    block, previous = line[0]
    if target.transaction is None:
        return effects.of_block(block, previous)
    return next(one for one in effects.of_each(block, previous) if one.transactions[0].id == target.transaction)


def _later(
    effects: Effects,
    line: Sequence[tuple[LedgerTree, LedgerTree | None]],
    target: _Target,
    rows: Mapping[Cell, RowChange],
) -> Iterator[Effect]:
    """What came after the target and may have changed `rows`, which grow meanwhile.

    A later block that leaves them as it found them is passed over, whatever happened to them inside.
    """
    for position, (block, previous) in enumerate(line):
        if position == 0:
            each = [] if target.transaction is None else effects.of_each(block, previous)
            ids = [one.transactions[0].id for one in each]
            yield from each[ids.index(target.transaction) + 1 :] if target.transaction in ids else []
            continue
        together = effects.of_block(block, previous, {table for table, _ in rows})
        if together.altered or not rows.keys().isdisjoint(together.cells()):
            yield from effects.of_each(block, previous)


def _require_rows_only(effect: Effect) -> None:
    if effect.defines:
        raise NotRevertibleError(f"{_label(effect)} defines something: deploy the former version instead")


def _label(effect: Effect) -> str:
    return f"transaction {effect.transactions[0].id}" if effect.transactions else f"block {effect.height}"


def _named(effect: Effect) -> RevertedTransaction:
    signers = tuple(dict.fromkeys(transaction.payload.signer for transaction in effect.transactions))
    ids = tuple(transaction.id for transaction in effect.transactions)
    return RevertedTransaction(ids, effect.height, signers)


def _undo(
    desk: Desk, undoing: _Undoing, found: Sequence[RevertedTransaction], *, commit: bool, message: str | None
) -> Reverted:
    """Try the inverse, then sign it: constraints may forbid it, or carry it further than it goes."""

    def make(execution: BlockExecution, machine: Machine) -> Draft | None:
        _require_free(undoing, execution, machine)
        return _draft(undoing, machine)

    try:
        tried = desk.submit(make, dry_run=True)
    except (RepositoryError, NotRevertibleError):
        raise
    except AergoError as reason:
        return Reverted(found[0], tuple(found[1:]), failed=reason)
    counts = undoing.counts()
    if not counts:
        return Reverted(found[0], tuple(found[1:]), tried)
    if tried.rows != counts:
        differing = {name for name in tried.rows.keys() | counts if tried.rows.get(name) != counts.get(name)}
        names = ", ".join(sorted(differing))
        raise NotRevertibleError(f"undoing it would change other rows too, in {names}: a foreign key carries it on")
    return Reverted(found[0], tuple(found[1:]), desk.submit(make, commit=commit, message=_message(found, message)))


def _require_free(undoing: _Undoing, execution: BlockExecution, machine: Machine) -> None:
    """Raise NotRevertibleError where a pending transaction changes a row that is to be undone."""
    _, pending = execution.peek()
    for name in {table for table, _ in undoing.rows}:
        table = machine.catalog.tables.get(name)
        before, after = machine.root(name), pending.get(name)
        if before == after:
            continue
        changed = {} if table is None else changed_rows(machine.tree(table), before, after)
        if table is None or any((name, key) in undoing.rows for key in changed):
            raise NotRevertibleError(f"a pending transaction changes the same rows of {name}: commit or discard it")


def _draft(undoing: _Undoing, machine: Machine) -> Draft | None:
    loads: list[Load] = []
    trees: list[LoadTrees] = []
    tables = machine.catalog.tables
    for name, rows in sorted(undoing.changes(), key=lambda item: (-_depth(tables, item[0]), item[0])):
        table = tables[name]
        tree = machine.tree(table)
        back: list[Row] = [change.before for change in rows if change.before is not None]
        gone = [tree.key_of(change.after) for change in rows if change.before is None and change.after is not None]
        roots = _root(tree.build(back)), _root(machine.tree(keys_only(table)).build(gone))
        digests = [None if root is None else root.digest for root in roots]
        names = tuple(column.name for column in table.columns)
        loads.append(Load(name, names, LoadMode.UPSERT, *digests))
        trees.append(LoadTrees(*roots))
    if not loads:
        return None
    ids = [transaction.id for effect in undoing.effects for transaction in effect.transactions]
    return Draft("".join(f"-- reverts {name}\n" for name in ids), tuple(loads), tuple(trees))


def _depth(tables: Mapping[TableName, Table], name: TableName, above: frozenset[TableName] = frozenset()) -> int:
    """How far foreign keys lead from a table: rows of the deepest go first."""
    targets = {key.target for key in tables[name].foreign_keys} - above - {name}
    return max((1 + _depth(tables, target, above | {name}) for target in targets if target in tables), default=0)


def _root(node: Node | None) -> Root | None:
    return None if node is None else Root(node.id, node.digest)


def _message(found: Sequence[RevertedTransaction], message: str | None) -> str:
    ids = [name for one in reversed(found) for name in one.transactions]
    first = found[0].transactions[0][:_SHORT]
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    lines = "\n".join(f"Reverts transaction {name}" for name in ids)
    return f"{message or f'Revert {first}{more}'}\n\n{lines}"
