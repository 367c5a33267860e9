"""Where sequences are cut: rows into chunks, nodes into directories.

A cut falls before an item if the group up to there weighs enough and the hash of the item's key code says so, or if the
group weighs too much already.  What lies before a cut has no say in what comes behind it.  So the groups depend on
the items alone, not on the order in which they came (history independence); a change moves the cuts near it only;
and keys chosen to be never, or always, cut at still give groups between the two weights (threat F13).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

MOST_LEVELS = 8
"""Levels of directories that a tree may have: more than any number of rows needs (96 to the power of 8)."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """The constants that cuts depend on; those of the format are the defaults.

    `heaviest_group` is at most 10,000 times `item_weight`: a directory's nodes are numbered with four digits.
    """

    item_weight: int = 256
    """Least weight of an item: rows below this many bytes count alike, so that cuts depend on their keys alone."""

    lightest_group: int = 96 * 256
    """No cut before a group weighs this."""

    heaviest_group: int = 192 * 256
    """Always a cut once a group weighs this."""

    most_in_root: int = 192
    """A table's root directory holds at most this many nodes; a level is put in between where there are more."""

    cut_below: int = 5
    """A hash byte below this cuts: one item in 51, so that six groups in seven end by their hash."""

    def weight_of(self, line: bytes) -> int:
        """The weight of a row, given its line without line feed."""
        return max(self.item_weight, len(line) + 1)

    def weights_of(self, lines: Sequence[bytes]) -> list[int] | None:
        """The weights of rows; None if all have the least."""
        if max(map(len, lines), default=0) < self.item_weight:
            return None
        return list(map(self.weight_of, lines))

    def hash_cuts(self, code: str, level: int) -> bool:
        """Whether the hash of a key code allows a cut at `level`: 0 for rows, 1 for chunks, 2 for directories, …."""
        return hashlib.sha256(code.encode()).digest()[level] < self.cut_below

    def cuts_before(self, code: str, weight: int, level: int) -> bool:
        """Whether a group that weighs `weight` so far ends before the item with this key code."""
        return weight >= self.lightest_group and (weight >= self.heaviest_group or self.hash_cuts(code, level))

    def positions(self, codes: Sequence[str], weights: Sequence[int] | None, level: int) -> list[int]:
        """Where groups begin in a whole sequence, the first position included; None stands for least weights."""
        if weights is None:
            return self._cut_light(codes, level)
        positions = [0] if codes else []
        weight = 0
        for position, code in enumerate(codes):
            if self.cuts_before(code, weight, level):
                positions.append(position)
                weight = 0
            weight += weights[position]
        return positions

    def _cut_light(self, codes: Sequence[str], level: int) -> list[int]:
        """The same for items of least weight: looks at those items only at which a cut may fall."""
        fewest, most = -(-self.lightest_group // self.item_weight), -(-self.heaviest_group // self.item_weight)
        positions = []
        start = 0
        while start < len(codes):
            positions.append(start)
            end = start + most
            for position in range(start + fewest, min(end, len(codes))):
                if self.hash_cuts(codes[position], level):
                    end = position
                    break
            start = end
        return positions


CUTTING = Cutting()
"""How ledgers are cut: part of the format."""
