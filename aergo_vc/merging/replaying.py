"""The replay of a merge, one transaction after the other: the reference that everything faster must agree with."""

from collections.abc import Sequence

from aergo_vc.base.errors import AergoError, InvalidError, RepositoryError
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import Room
from aergo_vc.ledger.errors import ChainMismatchError
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.ledger.merges import MergeRequest, Replay, Replayed
from aergo_vc.ledger.rules import check_signer
from aergo_vc.merging.candidates import Candidate, Gathered, gather
from aergo_vc.model.transactions import Receipt, Refusal
from aergo_vc.sql.errors import SqlError
from aergo_vc.state.nodes import NodeStore


class SerialMerger:
    """Runs merges; a `ledger.merges.PrepareReplay`."""

    def __init__(self, objects: CommitObjects, nodes: NodeStore) -> None:
        self._objects = objects
        self._nodes = nodes

    def __call__(self, _machine: Machine, request: MergeRequest) -> Replay:
        gathered = gather(self._objects, self._nodes, BlockGraph(self._objects), request)

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            return replay_all(execution, request, gathered)

        return replay


def replay_all(execution: BlockExecution, request: MergeRequest, gathered: Gathered) -> list[Replayed]:
    """Execute the candidates in their order, and leave out those that are inconsistent, with the reasons.

    Raises FullBlockError where they are more than a block takes.
    """
    room = Room(request.context.branch)
    done: list[Replayed] = []
    for candidate in gathered.candidates:
        room.require(candidate.submission[0], candidate.line)
        one = _replay(execution, request, candidate)
        room.take(one.line, encode_receipts([one.receipt]))
        done.append(one)
    return done


def _replay(execution: BlockExecution, request: MergeRequest, candidate: Candidate) -> Replayed:
    transaction, payload = candidate.submission
    try:
        if transaction.payload.chain != request.context.chain:
            raise ChainMismatchError("a transaction was signed for another chain")
        check_signer(transaction.payload, request.context.branch, request.authority)
        outcome = execution.execute(transaction, payload)
    except RepositoryError:
        raise
    except AergoError as error:
        return left_out(candidate, refusal_for(error))
    return Replayed(candidate.submission, candidate.line, outcome.receipt, outcome)


def left_out(candidate: Candidate, refusal: Refusal) -> Replayed:
    """A candidate that a merge leaves out."""
    receipt = Receipt(candidate.id, refusal=refusal)
    return Replayed(candidate.submission, b"", receipt, None)


def refusal_for(error: InvalidError | AergoError) -> Refusal:
    """What a receipt says of a transaction that failed."""
    return Refusal(error.sqlstate if isinstance(error, SqlError) else error.code, error.message)
