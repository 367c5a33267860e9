"""What a block that merges another asks of whoever can run merges: this room builds and verifies such blocks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aergo_vc.base.ids import TransactionId
from aergo_vc.ledger.history import BlockCommit
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine, Submission, TransactionOutcome
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Receipt


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """What is to be merged: the block `source` and all behind it into the branch whose last block is `target`.

    `context` is that of the block that the merge makes, `authority` what the directory says under it.  `claimed` is the
    block that somebody made of it, where one is verified; it tells which resolutions people signed, and nothing else.
    `resolutions` are those where the block is still to be made: transactions for its end.  `footprints` are those of
    transactions of the source, by id, that were recorded where they were made: of all, of some, or of none.
    """

    target: BlockCommit
    target_ledger: LedgerTree
    source: BlockCommit
    context: BlockContext
    authority: Authority
    claimed: LedgerTree | None = None
    resolutions: tuple[Submission, ...] = ()
    footprints: Mapping[TransactionId, Footprint] = field(default_factory=dict)


class Replayed(NamedTuple):
    """One transaction that a merge considered.

    `line` is its line in ``transactions.jsonl``, empty for one that is left out, as `outcome` is None then.
    """

    submission: Submission
    line: bytes
    receipt: Receipt
    outcome: TransactionOutcome | None


Replay = Callable[[BlockExecution], Sequence[Replayed]]
"""Executes a merge in a block at the state of its target, and leaves it to the caller to finish the block."""

PrepareReplay = Callable[[Machine, MergeRequest], Replay]
"""Looks at what is to be merged; the machine stands at the state of the target, before and afterwards.

Raises MergeError where there is nothing to merge.
"""
