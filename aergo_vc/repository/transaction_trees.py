"""The Deterministic Transaction Tree of a block, from what its transactions read and wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from aergo_vc.base.ids import Digest
from aergo_vc.directory.authorities import Authorities
from aergo_vc.directory.constitution import keep_constitution
from aergo_vc.ledger.history import BlockCommit, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.machine import Machine
from aergo_vc.ledger.payloads import read_payloads
from aergo_vc.ledger.settled import receipts_of, repeat
from aergo_vc.ledger.verifying import context_of
from aergo_vc.merging.dependencies import Dependencies, dependencies, version_dependencies
from aergo_vc.merging.reordering import in_any_order
from aergo_vc.merging.states import StateAt
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Transaction
from aergo_vc.repository.errors import NoDirectoryError
from aergo_vc.repository.footprint_files import FOOTPRINTS, FootprintFiles
from aergo_vc.repository.reading import summary
from aergo_vc.repository.results import BlockSummary
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.engine import Engine


@dataclass(frozen=True, slots=True)
class TransactionTree:
    """Which transactions of a block wait for which; `tree` calls them by their places among `transactions`.

    `plain_depth` is the depth without the optimization, if there was one.
    """

    block: BlockSummary
    transactions: tuple[Transaction, ...]
    tree: Dependencies
    plain_depth: int | None


def transaction_tree(workspace: Workspace, revision: str | None, *, optimize: bool) -> TransactionTree:
    """The tree of the block that `revision` means; raises UnknownRevisionError.

    The block is executed once more, in memory, unless this clone has kept what its transactions read and wrote.
    """
    tip = resolve(workspace, revision)
    place, *before = islice(blocks_back(workspace.writer, tip.commit), 2)
    previous = read_ledger(workspace.writer, before[0].ledger) if before else None
    recorded = _kept(workspace, place, tip.ledger)
    if recorded is None:
        recorded = _executed(workspace, tip.ledger, previous)
    footprints = _in_any_order(workspace, recorded, previous, tip.ledger)
    plain = dependencies(footprints)
    return TransactionTree(
        block=summary(workspace, place, tip.ledger),
        transactions=tip.ledger.transactions,
        tree=version_dependencies(footprints) if optimize else plain,
        plain_depth=plain.depth if optimize else None,
    )


def _kept(workspace: Workspace, place: BlockCommit, ledger: LedgerTree) -> list[Footprint] | None:
    found = FootprintFiles(workspace.folder / FOOTPRINTS).find(place.commit)
    if found is None or found.block != ledger.block or found.count != len(ledger.transactions):
        return None
    return [found.footprint(number) for number in range(found.count)]


def _in_any_order(
    workspace: Workspace, footprints: Sequence[Footprint], previous: LedgerTree | None, ledger: LedgerTree
) -> Sequence[Footprint]:
    if not any(footprint.defines for footprint in footprints):
        return footprints
    around = [ledger] if previous is None else [previous, ledger]
    catalogs = [StateAt(workspace.writer, workspace.nodes, one).catalog for one in around]
    return in_any_order([transaction.payload for transaction in ledger.transactions], footprints, catalogs)


def _executed(workspace: Workspace, ledger: LedgerTree, previous: LedgerTree | None) -> list[Footprint]:
    """The footprints of a block's transactions, found by executing it on the state before it."""
    compiled = CompiledCache(workspace.folder / "compiled")
    engine = Engine(None, compiled=compiled)
    try:
        machine = Machine(engine, workspace.writer, workspace.nodes, keep_constitution)
        if previous is not None:
            state = previous.header.state if previous.state is not None else Digest("")
            machine.move_to(machine.read_state(previous.state, state))
        return _footprints(workspace, machine, ledger, _authority(workspace, ledger, previous))
    finally:
        engine.close()


def _authority(workspace: Workspace, ledger: LedgerTree, previous: LedgerTree | None) -> Authority:
    head = workspace.directory_head()
    if head is None:
        raise NoDirectoryError("the repository has no directory, under which the block was made")
    return Authorities(workspace.writer, workspace.nodes, head)(ledger, previous)


def _footprints(workspace: Workspace, machine: Machine, ledger: LedgerTree, authority: Authority) -> list[Footprint]:
    payloads = read_payloads(workspace.writer, workspace.nodes, ledger.payload, ledger.transactions)
    with machine.block(context_of(ledger.header, authority)) as execution:
        return [
            repeat(execution, (transaction, payload), receipt).footprint
            for transaction, payload, receipt in zip(ledger.transactions, payloads, receipts_of(ledger), strict=True)
        ]
