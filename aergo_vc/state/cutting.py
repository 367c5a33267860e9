"""Where sequences are cut: rows into chunks, nodes into directories.

A group ends before that item, of all at which it weighs enough and not yet too much, whose key code has the least
hash.  So the groups depend on the items alone, not on the order in which they came (history independence).  A change
moves the cuts near it only: groups that begin at neighbouring items mostly agree on the least hash.  To prevent that,
the hashes of all keys must rise or fall in the order of the keys, which takes about n tries for each of n keys (threat
F13).

A cut depends on the items of the group before it and on those of the group that it begins, and on no others.
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
    """No cut after a group weighs this, if there was an item to cut before; the next item otherwise."""

    most_in_root: int = 192
    """A table's root directory holds at most this many nodes; a level is put in between where there are more."""

    def weight_of(self, line: bytes) -> int:
        """The weight of a row, given its line without line feed."""
        return max(self.item_weight, len(line) + 1)

    def weights_of(self, lines: Sequence[bytes]) -> list[int] | None:
        """The weights of rows; None if all have the least."""
        if max(map(len, lines), default=0) < self.item_weight:
            return None
        return list(map(self.weight_of, lines))

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
            first = start + -(-self.lightest_group // self.item_weight)
            end = start + -(-self.heaviest_group // self.item_weight)
            return _least(codes, first, end, level) if end <= len(codes) else None
        weight = 0
        candidate = None
        for position in range(start, len(codes)):
            if candidate is None and weight >= self.lightest_group:
                if weight >= self.heaviest_group:
                    return position
                candidate = position
            weight += weights[position]
            if weight >= self.heaviest_group and candidate is not None:
                return _least(codes, candidate, position + 1, level)
        return None


def _least(codes: Sequence[str], start: int, end: int, level: int) -> int:
    """The first position from `start` to `end` at which the hash is the least."""
    hashes = hashes_of(codes[start:end], level)
    return start + hashes.index(min(hashes))


def hashes_of(codes: Sequence[str], level: int) -> list[bytes]:
    """What decides before which key code a group ends: 8 bytes of the SHA-256 of each, from byte `level` on.

    `level` is 0 for rows that make up chunks, 1 for chunks that make up directories, 2 above, ….
    """
    sha256, end = hashlib.sha256, level + _HASH_BYTES
    return [made.digest()[level:end] for made in map(sha256, map(str.encode, codes))]


CUTTING = Cutting()
"""How ledgers are cut: part of the format."""
