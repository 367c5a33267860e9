"""Finality: which blocks can never be replaced any more (design D6).

A block is irreversible once more than two thirds of the roster have built on it.  Each block says for how
many heights, its own and those below, its producer confirms this history by it: those only for which it has confirmed
no other, which is what its watermark is for.  So an honest producer counts once for each height in all histories
together, and two conflicting blocks that are both final have a dishonest third in common.  EOSIO, where a block always
counts for its own height, had conflicting final blocks (EOSIO/eos issue 2718).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aergo_vc.base.ids import EntityName


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What finality asks of a block: its height, its producer, for how many heights from there down that one stands."""

    height: int
    producer: EntityName
    confirmed: int


def needed(roster_size: int) -> int:
    """How many distinct producers make a block irreversible: more than two thirds of the roster."""
    return roster_size * 2 // 3 + 1


def irreversible_height(chain: Sequence[Confirmation], roster_size: int) -> int | None:
    """The greatest irreversible height of a line of blocks in ascending order; None if there is none.

    A producer counts once for a height, whether by the block at it or by confirming it from above.  What a block claims
    to confirm below the first of `chain` counts for nothing.
    """
    lowest = min((block.height for block in chain), default=0)
    supporters: dict[int, set[EntityName]] = {block.height: set() for block in chain}
    for block in chain:
        for height in range(max(lowest, block.height - block.confirmed + 1), block.height + 1):
            if height in supporters:
                supporters[height].add(block.producer)
    enough = [height for height, names in supporters.items() if len(names) >= needed(roster_size)]
    return max(enough, default=None)


def confirmed_by(height: int, highest_signed: int | None) -> int:
    """The `confirmed` field of a block at `height`, given the greatest height that its producer signed a block at.

    Everything above that is confirmed; nothing if it lies as high or higher, which it does after a fork.
    """
    if highest_signed is None:
        return height + 1
    return max(0, height - highest_signed)
