"""The replay of a merge, one transaction after the other: the reference that everything faster must agree with."""

from collections.abc import Callable, Mapping, Sequence

from aergo_vc.base.errors import AergoError, InvalidError, RepositoryError
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import Room
from aergo_vc.ledger.errors import ChainMismatchError
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.machine import BlockExecution, Machine, TransactionOutcome
from aergo_vc.ledger.merges import MergeRequest, Replay, Replayed
from aergo_vc.ledger.rules import check_signer
from aergo_vc.ledger.verifying import AuthorityOf
from aergo_vc.merging.candidates import Candidate, Gathered, gather
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.consistent import LastWritten, Settlement, refuse_conflict, resolutions_for
from aergo_vc.merging.deciding import LeftOut, inconsistency
from aergo_vc.merging.definitions import UnseenDefinitions, lost_definition, under_new_names
from aergo_vc.merging.evidence import Evidence
from aergo_vc.merging.recording import Keep, footprints_of
from aergo_vc.merging.settling import Settler, refusal_for
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen, unseen_in_both, unseen_since
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Receipt, Refusal
from aergo_vc.state.nodes import NodeStore


class SerialMerger:
    """Runs merges; a `ledger.merges.PrepareReplay`.

    `keep` is handed the footprints of the source's blocks that the request brings none of.
    """

    def __init__(
        self,
        objects: CommitObjects,
        nodes: NodeStore,
        authority_of: AuthorityOf,
        on_conflict: Callable[[Conflict], None] = refuse_conflict,
        *,
        keep: Keep | None = None,
    ) -> None:
        self._objects = objects
        self._nodes = nodes
        self._authority_of = authority_of
        self._on_conflict = on_conflict
        self._keep = keep

    def __call__(self, machine: Machine, request: MergeRequest) -> Replay:
        graph = BlockGraph(self._objects)
        gathered = gather(self._objects, self._nodes, graph, request)
        footprints = footprints_of(
            machine, self._objects, self._nodes, self._authority_of, gathered, known=request.footprints, keep=self._keep
        )
        states = self._states(gathered)
        now = StateAt(self._objects, self._nodes, request.target_ledger)
        evidence = Evidence(gathered, _unseen(states, now), footprints, _definitions(states, now))

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            settlement = self._settlement(machine, request, evidence, (states, now), graph)
            return replay_all(execution, request, evidence, settlement)

        return replay

    def _settlement(
        self,
        machine: Machine,
        request: MergeRequest,
        evidence: Evidence,
        states: tuple[Mapping[int, StateAt], StateAt],
        graph: BlockGraph,
    ) -> Settlement | None:
        """What settles inconsistencies by the target's law; None where they are left out."""
        settle_by = request.target_ledger.law.settle
        if settle_by is None:
            return None
        last_written = LastWritten(self._objects, self._nodes, graph, request.target)
        settler = Settler(settle_by, machine, last_written, resolutions_for(request, evidence.gathered))
        return Settlement(settler, request, evidence, *states, self._on_conflict)

    def _states(self, gathered: Gathered) -> Mapping[int, StateAt]:
        """The states that the source knew of the target, by the place of the block from which on it did."""
        ledgers = {-1: gathered.stop} | {
            block.base: gathered.blocks[block.base].ledger for block in gathered.blocks if block.base >= 0
        }
        return {base: StateAt(self._objects, self._nodes, ledger) for base, ledger in ledgers.items()}


def _unseen(states: Mapping[int, StateAt], now: StateAt) -> Mapping[int, Unseen]:
    """The cells that the source has not seen, by the places of `states`."""
    since_stop = unseen_since(states[-1], now)
    return {
        base: since_stop if base < 0 else unseen_in_both(since_stop, unseen_since(state, now))
        for base, state in states.items()
    }


def _definitions(states: Mapping[int, StateAt], now: StateAt) -> Mapping[int, UnseenDefinitions]:
    """What the source has not seen of the target's definitions, likewise."""
    first = states[-1].catalog
    return {base: UnseenDefinitions(now.catalog, (first, state.catalog)) for base, state in states.items()}


def replay_all(
    execution: BlockExecution, request: MergeRequest, evidence: Evidence, settlement: Settlement | None = None
) -> list[Replayed]:
    """Execute the candidates in their order, and leave out those that are inconsistent, with the reasons.

    With a `settlement` it is asked about the inconsistent ones that depend on nothing that is left out.
    Raises FullBlockError where they are more than a block takes.
    """
    room = Room(request.context.branch)
    replayer = Replayer(execution, request, settlement)
    done: list[Replayed] = []
    for candidate in evidence.gathered.candidates:
        room.require(candidate.submission[0], candidate.line)
        base = evidence.gathered.blocks[candidate.block].base
        footprint, unseen = evidence.footprints[candidate.id], evidence.unseen[base]
        one, _ = replayer.replay(candidate, footprint, unseen, evidence.definitions[base])
        room.take(one.line, encode_receipts([one.receipt]))
        done.append(one)
    if settlement is not None:
        settlement.require_uses(done)
    return done


class Replayer:
    """Replays the candidates of one merge in their order."""

    def __init__(self, execution: BlockExecution, request: MergeRequest, settlement: Settlement | None = None) -> None:
        self._execution = execution
        self._settlement = settlement
        self._request = request
        self._rule = request.target_ledger.law.merge
        self._left = LeftOut(is_strict=self._rule is MergeRule.SERIALIZABLE)
        self._redefined: list[tuple[Catalog, Catalog]] = []

    def replay(
        self,
        candidate: Candidate,
        footprint: Footprint,
        unseen: Unseen,
        definitions: UnseenDefinitions | None = None,
    ) -> tuple[Replayed, Footprint]:
        """Execute a candidate unless it is inconsistent; with what it read and wrote, as far as it was executed.

        `footprint` is what it read and wrote where it was made, `unseen` and `definitions` what it had not seen then;
        None: neither side defined anything.
        """
        for before, after in self._redefined:
            unseen = under_new_names(unseen, before, after)
        before = self._execution.catalog
        refusal = inadmissible(self._request, candidate) or self._left.dependence(footprint)
        if refusal is None:
            one, now = self._try(candidate, footprint, unseen, definitions)
        else:
            one, now = left_out(candidate, refusal), Footprint()
        if one.outcome is None:
            self._left.add(candidate.id, footprint)
        else:
            self._left.renumber(candidate.id, footprint, now)
        if one.outcome is not None and self._execution.catalog is not before:
            self._redefined.append((before, self._execution.catalog))
        return one, now

    def _try(
        self, candidate: Candidate, footprint: Footprint, unseen: Unseen, definitions: UnseenDefinitions | None
    ) -> tuple[Replayed, Footprint]:
        """Execute a candidate unless it is inconsistent where it was made, and settle what is inconsistent."""
        refusal = inconsistency(self._rule, footprint, unseen)
        if refusal is not None or self._settlement is not None:
            misnaming = self._left.misnaming(footprint)
            if misnaming is not None:
                return left_out(candidate, misnaming), Footprint()
        if refusal is None:
            one, now = self._execute(candidate, footprint, unseen, definitions)
        else:
            one, now = left_out(candidate, refusal), Footprint()
        if one.receipt.refusal is not None and self._settlement is not None:
            self._execution.attempted = Footprint()
            settled = self._settlement.settle(self._execution, candidate, one.receipt.refusal)
            return settled, now if settled.outcome is None else self._execution.attempted
        return one, now

    def _execute(
        self, candidate: Candidate, made: Footprint, unseen: Unseen, definitions: UnseenDefinitions | None
    ) -> tuple[Replayed, Footprint]:
        found: list[Refusal | None] = []
        before = self._execution.catalog

        def accept(_outcome: TransactionOutcome, replayed: Footprint) -> bool:
            refusal = inconsistency(self._rule, replayed, unseen) or self._left.misnaming(made, replayed)
            if refusal is None and definitions is not None and replayed.defines and self._rule is not MergeRule.REPLAY:
                refusal = lost_definition(before, self._execution.catalog, unseen, definitions)
            found.append(refusal)
            return refusal is None

        try:
            outcome, now, _ = self._execution.record(*candidate.submission, accept)
        except RepositoryError:
            raise
        except AergoError as error:
            return left_out(candidate, refusal_for(error)), self._execution.attempted
        if found[0] is not None:
            return left_out(candidate, found[0]), now
        return Replayed(candidate.submission, candidate.line, outcome.receipt, outcome), now


def inadmissible(request: MergeRequest, candidate: Candidate) -> Refusal | None:
    """Why a transaction may not stand in the block whatever it does; its signature was checked with its own block's."""
    payload = candidate.submission[0].payload
    try:
        if payload.chain != request.context.chain:
            raise ChainMismatchError("a transaction was signed for another chain")
        check_signer(payload, request.context.branch, request.authority)
    except InvalidError as error:
        return refusal_for(error)
    return None


def left_out(candidate: Candidate, refusal: Refusal) -> Replayed:
    """A candidate that a merge leaves out."""
    receipt = Receipt(candidate.id, refusal=refusal)
    return Replayed(candidate.submission, b"", receipt, None)
