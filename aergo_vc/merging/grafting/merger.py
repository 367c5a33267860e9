"""Runs a merge at the cost of what the target changed: most transactions are grafted, byte for byte as they stand."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import EntityName, ObjectId, PublicKey, TableName
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.ledger.merges import MergeRequest, Replay, Replayed
from aergo_vc.ledger.rules import check_files, check_writer
from aergo_vc.ledger.verifying import AuthorityOf
from aergo_vc.merging.candidates import ids_there, source_places
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.consistent import Settlement, TimesWritten, refuse_conflict, settler_for
from aergo_vc.merging.evidence import View, views_of
from aergo_vc.merging.grafting.dividing import IsSame, Place, UnseenCells
from aergo_vc.merging.grafting.files import GraftedReplays, SourceFiles
from aergo_vc.merging.grafting.grafter import Grafter, Recorded, ReplayOne
from aergo_vc.merging.replaying import Replayer
from aergo_vc.merging.source_rows import MadeTransactions, SourceRows
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.state.nodes import Node, NodeStore


class KeptFootprints(Protocol):
    """The footprints of blocks that were made in this clone, or found valid in it."""

    def find(self, commit: ObjectId) -> RecordedBlock | None:
        """What is kept of the block of a commit."""


class GraftingMerger:
    """Runs merges of blocks whose footprints are kept; `on_conflict` is told of conflicts that nobody resolved."""

    def __init__(
        self,
        objects: CommitObjects,
        nodes: NodeStore,
        authority_of: AuthorityOf,
        kept: KeptFootprints,
        on_conflict: Callable[[Conflict], None] = refuse_conflict,
    ) -> None:
        self._objects = objects
        self._nodes = nodes
        self._authority_of = authority_of
        self._kept = kept
        self._on_conflict = on_conflict

    def prepare(self, machine: Machine, request: MergeRequest) -> Replay | None:
        """As a `ledger.merges.PrepareReplay`; None where the source is not recorded, or grafting is not for it.

        That is so where either side defined something, where the source merged something, and where the block might not
        take it all.
        """
        graph = BlockGraph(self._objects)
        stop, places = source_places(self._objects, graph, request)
        recorded = [self._kept.find(place.commit) for place in places]
        blocks = [block for block in recorded if block is not None and not block.defines]
        if len(blocks) < len(places):
            return None
        before = read_ledger(self._objects, stop.ledger)
        ledgers = [read_ledger(self._objects, place.ledger) for place in places]
        ids = ids_there(self._objects, graph, request, stop)
        files = SourceFiles(self._objects, self._nodes, ledgers, ids)
        views = views_of(self._objects, self._nodes, {-1: before}, request.target_ledger)
        base, now, end = views[-1].then, views[-1].now, StateAt(self._objects, self._nodes, ledgers[-1])
        is_same = self._signers(machine, request, [before, *ledgers])
        if (
            not all(map(_is_recorded, ledgers, blocks))
            or not files.fit
            or not _are_same_definitions(base, now, end)
            or is_same is None
        ):
            return None
        source = Recorded(blocks, files.left_out, _roots(base), _roots(end))
        grafter: Grafter[Replayed] = Grafter(machine, source, _cells(views[-1].unseen), is_same)
        last_written = TimesWritten(self._objects, self._nodes, graph, request.target)
        made = SourceRows(lambda: _made(files, blocks))
        candidates = files.candidate_ids if request.resolutions else ()
        settler = settler_for(machine, request, last_written, made, candidates)

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            conflicts: list[Conflict] = []

            def begin() -> ReplayOne[Replayed]:
                conflicts.clear()
                settlement = None if settler is None else Settlement(settler, request, conflicts.append)
                return _replaying(Replayer(execution, request, settlement), files, views[-1])

            done = grafter.run(execution, begin)
            for conflict in conflicts:
                self._on_conflict(conflict)
            return GraftedReplays(files, done.results)

        return replay

    def _signers(self, machine: Machine, request: MergeRequest, ledgers: Sequence[LedgerTree]) -> IsSame | None:
        """Tells who may do what they could; None if the owner of a contract, in whose name it may act, may not."""
        now = request.authority
        then: dict[int, Authority] = {}
        for previous, ledger in pairwise(ledgers):
            if ledger.header.directory_height not in then:
                then[ledger.header.directory_height] = self._authority_of(ledger, previous)

        def has_same_roles(entity: EntityName) -> bool:
            return all(one.roles_of(entity) == now.roles_of(entity) for one in then.values())

        def is_same(entity: EntityName, key: PublicKey) -> bool:
            try:
                check_writer(entity, key, request.context.branch, now)
            except InvalidError:
                return False
            return has_same_roles(entity)

        return is_same if all(map(has_same_roles, machine.catalog.owners.values())) else None


def _is_recorded(ledger: LedgerTree, block: RecordedBlock) -> bool:
    """Whether what is kept is that of a block, which merged nothing and whose files are those that it names."""
    try:
        check_files(ledger)
    except InvalidError:
        return False
    return (
        ledger.block == block.block and not ledger.header.merged and ledger.receipts_bytes.count(b"\n") == block.count
    )


def _are_same_definitions(*states: StateAt) -> bool:
    first = states[0].snapshot
    return all((one.snapshot.schemas, one.snapshot.functions) == (first.schemas, first.functions) for one in states[1:])


def _roots(state: StateAt) -> dict[TableName, Node]:
    roots = {name: state.root(name) for name in state.snapshot.tables}
    return {name: root for name, root in roots.items() if root is not None}


def _cells(unseen: Unseen) -> UnseenCells:
    return {name: {key: row.columns for key, row in table.rows.items()} for name, table in unseen.items()}


def _made(files: SourceFiles, blocks: Sequence[RecordedBlock]) -> MadeTransactions:
    for number, block in enumerate(blocks):
        for at, transaction in enumerate(files.ids(number)):
            yield -1, transaction, block.footprint(at)


def _replaying(replayer: Replayer, files: SourceFiles, view: View) -> ReplayOne[Replayed]:
    def replay_one(place: Place, footprint: Footprint) -> tuple[Replayed, Footprint]:
        return replayer.replay(files.candidate(place), footprint, view)

    return replay_one
