"""Runs a merge at the cost of what the target changed: most transactions are grafted, byte for byte as they stand."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise, repeat
from typing import Protocol

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import EntityName, ObjectId, PublicKey, TableName
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import RECEIPT_BYTES, FullBlockError
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.ledger.merges import MergeRequest, Replay, Replayed
from aergo_vc.ledger.rules import check_files, check_writer
from aergo_vc.ledger.tip_checking import AuthorityOf
from aergo_vc.merging.candidates import bases_of, carried, ids_there, settled_there, source_places
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.consistent import Settlement, TimesWritten, refuse_conflict, settler_for
from aergo_vc.merging.evidence import View, views_of
from aergo_vc.merging.grafting.definitions import concerned_names, running, tables_named
from aergo_vc.merging.grafting.dividing import IsSame, Place, Recorded
from aergo_vc.merging.grafting.files import GraftedReplays, SourceFiles
from aergo_vc.merging.grafting.grafter import Grafter, ReplayOne
from aergo_vc.merging.replaying import Replayer
from aergo_vc.merging.source_rows import MadeTransactions, SourceRows
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Columns, Footprint, Lookup
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

        That is so where the owner of a contract has other roles now, and where the block might not take it all.
        """
        graph = BlockGraph(self._objects)
        stop, places = source_places(self._objects, graph, request)
        recorded = [self._kept.find(place.commit) for place in places]
        blocks = [block for block in recorded if block is not None]
        if len(blocks) < len(places):
            return None
        ledgers = [read_ledger(self._objects, place.ledger) for place in places]
        bases = list(bases_of(graph, request, places))
        there = ids_there(self._objects, graph, request, stop)
        files = SourceFiles(self._objects, self._nodes, ledgers, bases, there)
        line = [read_ledger(self._objects, stop.ledger), *ledgers]
        is_same = self._signers(machine, request, line)
        if not all(map(_is_recorded, range(len(blocks)), repeat(files), blocks)) or not files.fit or is_same is None:
            return None
        known = {-1: line[0]} | {base: ledgers[base] for base in set(bases) - {-1}}
        views = views_of(self._objects, self._nodes, known, request.target_ledger)
        states = [StateAt(self._objects, self._nodes, ledger) for ledger in line]
        names = _concerned(states, views[-1].now, blocks, files)
        apart = tables_named((state.catalog for state in [*states, views[-1].now]), names) if names else frozenset()
        lookups = {lookup for block in blocks for lookup in block.lookups if lookup.table not in apart}
        unseen = _as_one(views[-1].unseen, lookups)
        if unseen is None:
            return None
        roots = _roots(states[0]), _roots(states[-1])
        source = Recorded(blocks, files.left_out, *roots, _running(blocks, files, names))
        grafter: Grafter[Replayed] = Grafter(machine, source, unseen, is_same, apart)
        last_written = TimesWritten(self._objects, self._nodes, graph, request.target)
        made = SourceRows(lambda: _made(files, blocks))
        candidates = files.candidate_ids if request.resolutions else ()
        settler = settler_for(machine, request, last_written, made, candidates)

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            conflicts: list[Conflict] = []

            def begin() -> ReplayOne[Replayed]:
                conflicts.clear()
                settlement = None if settler is None else Settlement(settler, request, conflicts.append)
                return _replaying(Replayer(execution, request, settlement), files, views)

            done = grafter.run(execution, begin)
            for conflict in conflicts:
                self._on_conflict(conflict)
            replayed = GraftedReplays(files, done.results)
            if len(replayed.receipts_bytes) > BLOCK_FILE_BYTES - RECEIPT_BYTES:
                raise FullBlockError("a block has no room for what was settled")
            return replayed

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


def _is_recorded(number: int, files: SourceFiles, block: RecordedBlock) -> bool:
    """Whether what is kept is that of a block whose files are those that it names."""
    ledger = files.ledgers[number]
    try:
        check_files(ledger)
    except InvalidError:
        return False
    return ledger.block == block.block and len(files.receipts(number)) == block.count


def _concerned(
    states: Sequence[StateAt], now: StateAt, blocks: Sequence[RecordedBlock], files: SourceFiles
) -> frozenset[str]:
    """The names of what either side defined, and of what has to do with it; `states` are those around the blocks."""
    different: list[StateAt] = []
    for state in (*states, now):
        if not any(_are_same_definitions(state, one) for one in different):
            different.append(state)
    if len(different) == 1 and not any(block.defines for block in blocks):
        return frozenset()
    texts = list(map(files.texts, range(len(blocks))))
    return concerned_names([one.catalog for one in different], blocks, texts)


def _are_same_definitions(one: StateAt, other: StateAt) -> bool:
    return (one.snapshot.schemas, one.snapshot.functions) == (other.snapshot.schemas, other.snapshot.functions)


def _running(
    blocks: Sequence[RecordedBlock], files: SourceFiles, names: AbstractSet[str]
) -> Mapping[int, AbstractSet[int]]:
    """The transactions that are executed again for what they define or name, or for who settled them."""
    return {
        number: running(block, files.texts(number), names) | _of_routines(ledger)
        for number, (block, ledger) in enumerate(zip(blocks, files.ledgers, strict=True))
    }


def _of_routines(ledger: LedgerTree) -> frozenset[int]:
    """The places of transactions that a routine settled, whose owner may not count in the target."""
    settled = enumerate(map(settled_there, carried(ledger)))
    return frozenset(place for place, one in settled if one is not None and "." in one.by)


def _as_one(unseen: Unseen, lookups: Collection[Lookup]) -> Footprint | None:
    """What has changed, as one transaction would have written it; None where a lookup cannot tell what it finds."""
    entries: dict[Lookup, Mapping[Key, Columns]] = {}
    for lookup in lookups:
        table = unseen.get(lookup.table)
        found = {} if table is None else table.entries(lookup.columns)
        if found is None:
            return None
        entries[lookup] = found
    writes = {name: {key: row.columns for key, row in table.rows.items()} for name, table in unseen.items()}
    changes = {
        name: {key: RowChange(row.was[0] if row.was else None, row.now) for key, row in table.rows.items()}
        for name, table in unseen.items()
    }
    return Footprint(writes=writes, changes=changes, entries=entries)


def _roots(state: StateAt) -> dict[TableName, Node]:
    roots = {name: state.root(name) for name in state.snapshot.tables}
    return {name: root for name, root in roots.items() if root is not None}


def _made(files: SourceFiles, blocks: Sequence[RecordedBlock]) -> MadeTransactions:
    for number, block in enumerate(blocks):
        for at, transaction in enumerate(files.ids(number)):
            yield files.bases[number], transaction, block.footprint(at)


def _replaying(replayer: Replayer, files: SourceFiles, views: Mapping[int, View]) -> ReplayOne[Replayed]:
    def replay_one(place: Place, footprint: Footprint) -> tuple[Replayed, Footprint, bool]:
        candidate = files.candidate(place)
        one, now = replayer.replay(candidate, footprint, views[candidate.base])
        return one, now, one.outcome is not None

    return replay_one
