"""Finality: which blocks can never be replaced any more (design D6).

A block is irreversible once more than two thirds of the roster have built on it.  Each block says how many blocks
below it its producer confirms by it: those only that it has not confirmed on another fork before, which is what its
watermark is for.  Without that, two conflicting blocks could both become final (EOSIO/eos issue 2718).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aergo_vc.base.ids import EntityName


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What finality asks of a block: its height, its producer, how many blocks below it that one confirms."""

    height: int
    producer: EntityName
    confirmed: int


def needed(roster_size: int) -> int:
    """How many distinct producers make a block irreversible: more than two thirds of the roster."""
    return roster_size * 2 // 3 + 1


def irreversible_height(chain: Sequence[Confirmation], roster_size: int) -> int | None:
    """The greatest irreversible height of a line of blocks in ascending order; None if there is none.

    A producer counts once for a height, whether by the block at it or by confirming it from above.
    """
    supporters: dict[int, set[EntityName]] = {block.height: set() for block in chain}
    for block in chain:
        for height in range(block.height - block.confirmed, block.height + 1):
            if height in supporters:
                supporters[height].add(block.producer)
    enough = [height for height, names in supporters.items() if len(names) >= needed(roster_size)]
    return max(enough, default=None)


def confirmed_by(height: int, last_produced: int | None) -> int:
    """The `confirmed` field of a block at `height`, given the height of the last block that its producer signed.

    Everything between the two is confirmed; after a fork, when the last one signed lies as high or higher, nothing.
    """
    if last_produced is None:
        return height
    return max(0, height - last_produced - 1)
