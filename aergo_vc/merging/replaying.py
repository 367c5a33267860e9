"""The replay of a merge, one transaction after the other: the reference that everything faster must agree with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aergo_vc.base.errors import AergoError, InvalidError, RepositoryError
from aergo_vc.base.ids import TransactionId
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
from aergo_vc.merging.deciding import LeftOut, inconsistency
from aergo_vc.merging.recording import footprints_of
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen, unseen_in_both, unseen_since
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Receipt, Refusal
from aergo_vc.sql.errors import SqlError
from aergo_vc.state.nodes import NodeStore


class SerialMerger:
    """Runs merges; a `ledger.merges.PrepareReplay`."""

    def __init__(self, objects: CommitObjects, nodes: NodeStore, authority_of: AuthorityOf) -> None:
        self._objects = objects
        self._nodes = nodes
        self._authority_of = authority_of

    def __call__(self, machine: Machine, request: MergeRequest) -> Replay:
        gathered = gather(self._objects, self._nodes, BlockGraph(self._objects), request)
        footprints = footprints_of(machine, self._objects, self._nodes, self._authority_of, gathered)
        evidence = Evidence(gathered, self._unseen(request, gathered), footprints)

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            return replay_all(execution, request, evidence)

        return replay

    def _unseen(self, request: MergeRequest, gathered: Gathered) -> Mapping[int, Unseen]:
        """The cells that the source has not seen, by the place of the block from which on it has not."""
        now = StateAt(self._objects, self._nodes, request.target_ledger)
        since_stop = unseen_since(StateAt(self._objects, self._nodes, gathered.stop), now)
        found: dict[int, Unseen] = {-1: since_stop}
        for base in {block.base for block in gathered.blocks} - {-1}:
            known = StateAt(self._objects, self._nodes, gathered.blocks[base].ledger)
            found[base] = unseen_in_both(since_stop, unseen_since(known, now))
        return found


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a merge before anything of it is executed on the target.

    `unseen` are the cells that the source has not seen, by the place of the block from which on it has not (see
    `SourceBlock.base`); `footprints` are those of the candidates where they were made.
    """

    gathered: Gathered
    unseen: Mapping[int, Unseen]
    footprints: Mapping[TransactionId, Footprint]


def replay_all(execution: BlockExecution, request: MergeRequest, evidence: Evidence) -> list[Replayed]:
    """Execute the candidates in their order, and leave out those that are inconsistent, with the reasons.

    Raises FullBlockError where they are more than a block takes.
    """
    room = Room(request.context.branch)
    replayer = Replayer(execution, request)
    done: list[Replayed] = []
    for candidate in evidence.gathered.candidates:
        room.require(candidate.submission[0], candidate.line)
        unseen = evidence.unseen[evidence.gathered.blocks[candidate.block].base]
        one, _ = replayer.replay(candidate, evidence.footprints[candidate.id], unseen)
        room.take(one.line, encode_receipts([one.receipt]))
        done.append(one)
    return done


class Replayer:
    """Replays the candidates of one merge in their order."""

    def __init__(self, execution: BlockExecution, request: MergeRequest) -> None:
        self._execution = execution
        self._request = request
        self._rule = request.target_ledger.law.merge
        self._left = LeftOut()

    def replay(self, candidate: Candidate, footprint: Footprint, unseen: Unseen) -> tuple[Replayed, Footprint]:
        """Execute a candidate unless it is inconsistent; with what it read and wrote, as far as it was executed.

        `footprint` is what it read and wrote where it was made, `unseen` the cells that it had not seen then.
        """
        refusal = inadmissible(self._request, candidate) or self._left.dependence(footprint)
        refusal = refusal or inconsistency(self._rule, footprint, unseen)
        if refusal is None:
            one, now = self._execute(candidate, unseen)
        else:
            one, now = left_out(candidate, refusal), Footprint()
        if one.outcome is None:
            self._left.add(candidate.id, footprint)
        return one, now

    def _execute(self, candidate: Candidate, unseen: Unseen) -> tuple[Replayed, Footprint]:
        found: list[Refusal | None] = []

        def accept(_outcome: TransactionOutcome, replayed: Footprint) -> bool:
            found.append(inconsistency(self._rule, replayed, unseen))
            return found[0] is None

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


def refusal_for(error: AergoError) -> Refusal:
    """What a receipt says of a transaction that failed."""
    return Refusal(error.sqlstate if isinstance(error, SqlError) else error.code, error.message)
