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


class Support:
    """Who stands by the blocks of one line, walked from the newest down."""

    def __init__(self, roster_size: int) -> None:
        self._needed = needed(roster_size)
        self._reaches: dict[EntityName, int] = {}

    def makes_final(self, block: Confirmation) -> bool:
        """Whether the next block down is irreversible by its own producer and those of the blocks above it.

        A producer counts once for a height, whether by the block at it or by confirming it from above.
        """
        reach = block.height - block.confirmed + 1
        self._reaches[block.producer] = min(reach, self._reaches.get(block.producer, reach))
        return sum(lowest <= block.height for lowest in self._reaches.values()) >= self._needed


def irreversible_height(chain: Sequence[Confirmation], roster_size: int) -> int | None:
    """The greatest irreversible height of a line of blocks in ascending order; None if there is none."""
    support = Support(roster_size)
    return next((block.height for block in reversed(chain) if support.makes_final(block)), None)


def confirmed_by(height: int, highest_signed: int | None) -> int:
    """The `confirmed` field of a block at `height`, given the greatest height that its producer signed a block at.

    Everything above that is confirmed; nothing if it lies as high or higher, which it does after a fork.
    """
    if highest_signed is None:
        return height + 1
    return max(0, height - highest_signed)
