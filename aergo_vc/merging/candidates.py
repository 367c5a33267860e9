"""What a merge has to consider: the blocks that the target lacks, and the transactions in them, oldest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from aergo_vc.base.ids import BlockId, ObjectId, TransactionId
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import MergeError
from aergo_vc.ledger.history import BlockCommit, CommitObjects, ids_in
from aergo_vc.ledger.layout import LedgerTree, read_header, read_ledger, read_transactions_bytes
from aergo_vc.ledger.machine import Submission
from aergo_vc.ledger.merges import MergeRequest
from aergo_vc.ledger.payloads import read_payloads
from aergo_vc.ledger.settled import receipts_of
from aergo_vc.model.transactions import Receipt, SettledAs
from aergo_vc.state.nodes import NodeStore


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A block of the source that the target lacks, with its transactions.

    `base` is the place of the last block up to this one that took in something of the target: what the target was then
    is known to the transactions of the blocks from there on.  -1 stands for the block that all of them follow.
    """

    place: BlockCommit
    ledger: LedgerTree
    submissions: tuple[Submission, ...]
    base: int


class SettledThere(NamedTuple):
    """What a law on the source's line made of a transaction: the policy or the routine, and what that was."""

    by: str
    was: SettledAs


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transaction that a merge considers: with its line, the `SourceBlock.base` and the time of its block.

    `settled` tells by what it was settled there, and as what: with the block whose merge did that.
    """

    submission: Submission
    line: bytes
    base: int
    time: int
    settled: SettledThere | None = None

    @property
    def id(self) -> TransactionId:
        return self.submission[0].id


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a merge considers: the source's blocks after `stop`, the newest of its line that the target descends from.

    Candidates come in the order of the blocks, and of the transactions in them.
    """

    stop: LedgerTree
    blocks: tuple[SourceBlock, ...]
    candidates: tuple[Candidate, ...]


def gather(objects: CommitObjects, nodes: NodeStore, graph: BlockGraph, request: MergeRequest) -> Gathered:
    """What there is to merge; raises MergeError where the target has it all, or the histories share nothing."""
    stop, places = source_places(objects, graph, request)
    blocks: list[SourceBlock] = []
    for place, base in zip(places, bases_of(graph, request, places), strict=True):
        ledger = read_ledger(objects, place.ledger)
        payloads = read_payloads(objects, nodes, ledger.payload, ledger.transactions)
        submissions = tuple(zip(ledger.transactions, payloads, strict=True))
        blocks.append(SourceBlock(place, ledger, submissions, base))
    there = ids_there(objects, graph, request, stop)
    return Gathered(read_ledger(objects, stop.ledger), tuple(blocks), tuple(_candidates(blocks, there)))


def source_places(
    objects: CommitObjects, graph: BlockGraph, request: MergeRequest
) -> tuple[BlockCommit, list[BlockCommit]]:
    """The newest block of the source's line that the target descends from, and those behind it; raises as `gather`."""
    stop = graph.newest_shared(request.target, request.source)
    if stop is None:
        raise MergeError("the two histories have no block in common")
    if stop.commit == request.source.commit:
        raise MergeError(f"block {read_ledger(objects, stop.ledger).block} is merged already")
    return stop, list(_until(graph.line(request.source), stop.commit))[::-1]


def bases_of(graph: BlockGraph, request: MergeRequest, places: Sequence[BlockCommit]) -> Iterator[int]:
    """The `SourceBlock.base` of each of the source's blocks."""
    base = -1
    for number, place in enumerate(places):
        merged = graph.links(place).merged
        if merged is not None and graph.newest_shared(request.target, merged) == merged:
            base = number
        yield base


def ids_there(
    objects: CommitObjects, graph: BlockGraph, request: MergeRequest, stop: BlockCommit
) -> set[TransactionId]:
    """The transactions on the target's line since it parted from that of `stop`."""
    return set(_ids_since(objects, graph, request.target, _fork(objects, graph, request.target, stop)))


def carried(ledger: LedgerTree) -> Sequence[Receipt]:
    """The receipts of what is in a block that merges others, as they go on from there: they name where it was settled.

    What a law had executed as it was signed is executed further on too, as if nobody had been asked.
    """
    return [_naming(one, ledger.block) for one in receipts_of(ledger)] if ledger.header.merged else ()


def settled_there(receipt: Receipt) -> SettledThere | None:
    """What a law made of the transaction of a receipt; None where it was executed as it is."""
    by, was = receipt.settled, receipt.settled_as
    return None if by is None or was is None else SettledThere(by, was)


def _naming(receipt: Receipt, block: BlockId) -> Receipt:
    was = receipt.settled_as
    if was is None:
        return receipt if receipt.settled is None else replace(receipt, settled=None)
    return receipt if was.block is not None else replace(receipt, settled_as=replace(was, block=block))


def _candidates(blocks: list[SourceBlock], there: set[TransactionId]) -> Iterator[Candidate]:
    """The transactions of blocks that are not `there`."""
    for block in blocks:
        lines = block.ledger.transactions_bytes.split(b"\n")
        settled = {one.transaction: settled_there(one) for one in carried(block.ledger)}
        for submission, line in zip(block.submissions, lines, strict=False):
            name = submission[0].id
            if name not in there:
                there.add(name)
                yield Candidate(submission, line + b"\n", block.base, block.ledger.header.time, settled.get(name))


def _until(line: Iterator[BlockCommit], stop: ObjectId) -> Iterator[BlockCommit]:
    for place in line:
        if place.commit == stop:
            return
        yield place


def _fork(objects: CommitObjects, graph: BlockGraph, target: BlockCommit, stop: BlockCommit) -> ObjectId | None:
    """The commit of the newest block that the lines of both hold; on one line, heights count down by one."""
    ours, theirs = graph.line(target), graph.line(stop)
    left, right = next(ours, None), next(theirs, None)
    while left is not None and right is not None and left.commit != right.commit:
        heights = read_header(objects, left.ledger).height, read_header(objects, right.ledger).height
        if heights[0] >= heights[1]:
            left = next(ours, None)
        if heights[1] >= heights[0]:
            right = next(theirs, None)
    return None if left is None or right is None else left.commit


def _ids_since(
    objects: CommitObjects, graph: BlockGraph, target: BlockCommit, fork: ObjectId | None
) -> Iterator[TransactionId]:
    for place in graph.line(target):
        if place.commit == fork:
            return
        yield from ids_in(read_transactions_bytes(objects, place.ledger))
