"""Verify a branch from nothing but the repository."""

from collections.abc import Callable, Sequence
from contextlib import closing

from aergo_vc.base.ids import BranchName, Digest
from aergo_vc.directory.authorities import Authorities
from aergo_vc.directory.constitution import keep_constitution
from aergo_vc.keys.parallel import SignatureChecker
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import BranchMismatchError
from aergo_vc.ledger.finality import newest_irreversible
from aergo_vc.ledger.history import BlockCommit, blocks_back
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import Machine
from aergo_vc.ledger.verifying import ComparingObjects, Verifier
from aergo_vc.merging.replaying import SerialMerger
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Consensus
from aergo_vc.repository.errors import NoDirectoryError, NoLedgerHereError, UnknownRevisionError
from aergo_vc.repository.results import Verified
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.engine import Engine
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.twins import MemoryTwins

Progress = Callable[[int, int], None]
"""Told how many blocks are done, and how many there are."""


def verify(
    workspace: Workspace, branch: BranchName, *, trusted: str | None, workers: int, progress: Progress
) -> Verified:
    """Verify the directory, then a branch; from a trusted block on if one is named.

    Raises InvalidBlockError for the first block that is not valid, BranchMismatchError for a reference that does not
    lead to a block of its own branch, NoDirectoryError, NoLedgerHereError, ShallowError.
    """
    objects = ComparingObjects(workspace.store)
    nodes = NodeStore(objects, MemoryTwins(), workspace.paths.object_format.id_bytes)
    directory = workspace.directory_head()
    if directory is None:
        raise NoDirectoryError(f"the repository has no branch {DIRECTORY_BRANCH}", branch=DIRECTORY_BRANCH)
    authorities = Authorities(objects, nodes, directory)
    with SignatureChecker(workers) as checker:
        run = _Run(workspace, objects, nodes, authorities, checker)
        found = run.verify(DIRECTORY_BRANCH, None, progress)
        return found if branch == DIRECTORY_BRANCH else run.verify(branch, trusted, progress)


class _Run:
    def __init__(
        self,
        workspace: Workspace,
        objects: ComparingObjects,
        nodes: NodeStore,
        authorities: Authorities,
        checker: SignatureChecker,
    ) -> None:
        self._workspace = workspace
        self._objects = objects
        self._nodes = nodes
        self._authorities = authorities
        self._checker = checker

    def verify(self, branch: BranchName, trusted: str | None, progress: Progress) -> Verified:
        head = self._workspace.directory_head() if branch == DIRECTORY_BRANCH else self._workspace.head_of(branch)
        places = [] if head is None else list(blocks_back(self._objects, head))[::-1]
        if not places:
            raise NoLedgerHereError(f"branch {branch} has no ledger", branch=branch)
        with closing(Engine(None)) as engine:
            machine = Machine(engine, self._objects, self._nodes, keep_constitution)
            return self._walk(branch, places, machine, trusted, progress)

    def _walk(
        self, branch: BranchName, places: Sequence[BlockCommit], machine: Machine, trusted: str | None,
        progress: Progress,
    ) -> Verified:  # fmt: skip
        merger = SerialMerger(self._objects, self._nodes, self._authorities)
        now = self._workspace.now()
        verifier = Verifier(self._objects, machine, self._authorities, self._checker.check, merger, now=now)
        start, previous = self._begin(places, trusted, machine, verifier)
        blocks = transactions = merged = 0
        before, last = None, previous
        for found in verifier.verify(places[start:], previous):
            if found.is_merged:
                merged += 1
                continue
            blocks += 1
            transactions += len(found.ledger.transactions)
            before, last = last, found.ledger
            progress(blocks, len(places) - start)
        if last is not None and last.header.branch != branch:
            raise BranchMismatchError(f"{branch} leads to block {last.block} of branch {last.header.branch}")
        final = None if last is None else self._irreversible(places[-1], last, before)
        return Verified(branch, blocks, transactions, None if last is None else last.block, final, merged)

    def _irreversible(self, place: BlockCommit, last: LedgerTree, before: LedgerTree | None) -> int | None:
        if last.law.consensus is Consensus.SOLE:
            return None
        producers = self._authorities(last, before).roster.producers
        final = newest_irreversible(self._objects, place.commit, last, len(producers))
        return None if final is None else final.height

    def _begin(
        self, places: Sequence[BlockCommit], trusted: str | None, machine: Machine, verifier: Verifier
    ) -> tuple[int, LedgerTree | None]:
        """Where to begin, and the block before it, at whose state the machine is put."""
        if trusted is None:
            return 0, None
        tip = resolve(self._workspace, trusted)
        position = next((at for at, place in enumerate(places) if place.commit == tip.commit), None)
        if position is None:
            raise UnknownRevisionError(f"block {tip.ledger.block} is not in this branch's history", revision=trusted)
        verifier.start_behind(places[position])
        verifier.seen |= BlockGraph(self._objects).ancestors(places[position])
        state = tip.ledger.state
        machine.move_to(machine.read_state(state, tip.ledger.header.state if state is not None else Digest("")))
        return position + 1, tip.ledger
