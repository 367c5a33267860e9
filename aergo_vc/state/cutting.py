"""Where sequences are cut: rows into chunks, nodes into directories.

A group ends before the first item at which the group weighs enough and the hash of the item's key code says so.  If
none comes before the group weighs too much, it ends before that item, of those at which it weighs enough, whose hash is
the least: so the hashes have a say even where keys were chosen to be never cut at, and a change moves the cuts near it
only (threat F13).  The groups depend on the items alone, not on the order in which they came (history independence).

A cut by a low hash depends on nothing behind it.  A cut by the least hash depends on the items behind it, though never
beyond the group that it begins.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

MOST_LEVELS = 8
"""Levels of directories that a tree may have: more than any number of rows needs (96 to the power of 8)."""

_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cutting:
    """The constants that cuts depend on; those of the format are the defaults.

    `heaviest_group` is at most twice `lightest_group`, so that a cut depends on the two groups beside it and no others,
    and at most 10,000 times `item_weight`, because a directory's nodes are numbered with four digits.
    """

    item_weight: int = 256
    """Least weight of an item: rows below this many bytes count alike, so that cuts depend on their keys alone."""

    lightest_group: int = 96 * 256
    """No cut before a group weighs this."""

    heaviest_group: int = 192 * 256
    """A group of more than one item weighs less, unless its last item makes up the difference."""

    most_in_root: int = 192
    """A table's root directory holds at most this many nodes; a level is put in between where there are more."""

    cut_below: int = 5
    """A hash whose first byte is below this cuts: one item in 51, so that six groups in seven end by a low hash."""

    def weight_of(self, line: bytes) -> int:
        """The weight of a row, given its line without line feed."""
        return max(self.item_weight, len(line) + 1)

    def weights_of(self, lines: Sequence[bytes]) -> list[int] | None:
        """The weights of rows; None if all have the least."""
        if max(map(len, lines), default=0) < self.item_weight:
            return None
        return list(map(self.weight_of, lines))

    def hash_cuts(self, code: str, level: int) -> bool:
        """Whether the hash of a key code is low at `level`: 0 for rows, 1 for chunks, 2 for directories, …."""
        return _hash(code, level)[0] < self.cut_below

    def positions(self, codes: Sequence[str], weights: Sequence[int] | None, level: int) -> list[int]:
        """Where groups begin in a whole sequence, the first position included; None stands for least weights."""
        positions = []
        start: int | None = 0 if codes else None
        while start is not None:
            positions.append(start)
            start = self.group_end(codes, weights, start, level)
        return positions

    def group_end(self, codes: Sequence[str], weights: Sequence[int] | None, start: int, level: int) -> int | None:
        """Where the group that begins at `start` ends and another begins; None if the items do not make up a group."""
        if weights is None:
            return self._light_group_end(codes, start, level)
        weight = 0
        ends: list[tuple[bytes, int]] = []
        for position in range(start, len(codes)):
            if weight >= self.lightest_group:
                found = _hash(codes[position], level)
                if found[0] < self.cut_below or weight >= self.heaviest_group:
                    return position
                ends.append((found, position))
            weight += weights[position]
            if weight >= self.heaviest_group and ends:
                return min(ends)[1]
        return None

    def _light_group_end(self, codes: Sequence[str], start: int, level: int) -> int | None:
        """The same for items of least weight: looks at those items only at which a cut may fall."""
        fewest, most = -(-self.lightest_group // self.item_weight), -(-self.heaviest_group // self.item_weight)
        ends: list[tuple[bytes, int]] = []
        for position in range(start + fewest, min(start + most, len(codes))):
            found = _hash(codes[position], level)
            if found[0] < self.cut_below:
                return position
            ends.append((found, position))
        return min(ends)[1] if start + most <= len(codes) else None


def _hash(code: str, level: int) -> bytes:
    return hashlib.sha256(code.encode()).digest()[level : level + _HASH_BYTES]


CUTTING = Cutting()
"""How ledgers are cut: part of the format."""
