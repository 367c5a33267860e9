"""What the transactions of a block read and wrote, in a form in which many are looked through in little time.

Rows and columns are called by *marks*: numbers below 2^64 that are hashes of their names.  Two that share a mark are
taken for one, which makes transactions depend on one another that do not, and never hides that they do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aergo_vc.base.ids import BlockId, EntityName, PublicKey
from aergo_vc.model.footprints import Footprint, Lookup

Mark = int
"""A hash of the name of a row, of a column, or of the rows that a lookup finds by some values."""


class Shape(NamedTuple):
    """What many transactions have in common: the marks of the columns that they wrote and by which they searched.

    Those that `must_run` asked for what is another in another block, or defined something, or touched a table of which
    nothing was known when the block began.
    """

    written: frozenset[Mark]
    searched: frozenset[Mark]
    must_run: bool


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """The footprints of a block's transactions, in their order.

    `shape_of` and `signer_of` tell each one's place in `shapes` and in `signers`, who are entities with a key each.
    `rows` has the marks of what each touched, one after the other: first of its entries, then of the rows that it
    wrote, then of those that it only read and of its lookups.  They end before ``entered_ends[place]``,
    ``written_ends[place]`` and ``ends[place]``.  `lookups` are all that occur.  A block that `defines` something is no
    more than that.  `footprint` gives the whole footprint of one.
    """

    block: BlockId
    defines: bool
    shapes: tuple[Shape, ...]
    signers: tuple[tuple[EntityName, PublicKey], ...]
    shape_of: Sequence[int]
    signer_of: Sequence[int]
    entered_ends: Sequence[int]
    written_ends: Sequence[int]
    ends: Sequence[int]
    rows: Sequence[Mark]
    lookups: tuple[Lookup, ...]
    footprint: Callable[[int], Footprint]

    @property
    def count(self) -> int:
        """How many transactions the block has."""
        return len(self.ends)
