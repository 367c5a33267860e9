"""Where sequences are cut: rows into chunks, nodes into directories.

A cut falls before an item if the group up to there weighs enough and the hash of the item's key code says so, or if the
group weighs too much already.  What lies before a cut has no say in what comes behind it.  So the groups depend on
the items alone, not on the order in which they came (history independence); a change moves the cuts near it only;
and keys chosen to be never, or always, cut at still give groups between the two weights (threat F13).
"""

import hashlib
from collections.abc import Sequence

ITEM_WEIGHT = 256
"""Least weight of an item: rows below this many bytes count alike, so that cuts depend on their keys alone."""

LIGHTEST_GROUP = 96 * ITEM_WEIGHT
"""No cut before a group weighs this."""

HEAVIEST_GROUP = 192 * ITEM_WEIGHT
"""Always a cut once a group weighs this."""

MOST_IN_ROOT = 192
"""A table's root directory holds at most this many nodes; a level is put in between where there are more."""

_CUT_BELOW = 5
"""A hash byte below this cuts: one item in 51, so that six groups in seven end by their hash."""


def weight_of(line: bytes) -> int:
    """The weight of a row, given its line without line feed."""
    return max(ITEM_WEIGHT, len(line) + 1)


def hash_cuts(code: str, level: int) -> bool:
    """Whether the hash of a key code allows a cut at `level`: 0 cuts rows into chunks, 1 chunks into directories, …."""
    return hashlib.sha256(code.encode()).digest()[level] < _CUT_BELOW


def cuts_before(code: str, weight: int, level: int) -> bool:
    """Whether a group that weighs `weight` so far ends before the item with this key code."""
    return weight >= LIGHTEST_GROUP and (weight >= HEAVIEST_GROUP or hash_cuts(code, level))


def cut_positions(codes: Sequence[str], weights: Sequence[int] | None, level: int) -> list[int]:
    """Where groups begin in a whole sequence, the first position included; None stands for least weights throughout."""
    if weights is None:
        return _cut_light(codes, level)
    positions = [0] if codes else []
    weight = 0
    for position, code in enumerate(codes):
        if cuts_before(code, weight, level):
            positions.append(position)
            weight = 0
        weight += weights[position]
    return positions


def _cut_light(codes: Sequence[str], level: int) -> list[int]:
    """The same for items of least weight: looks at those items only at which a cut may fall."""
    fewest, most = LIGHTEST_GROUP // ITEM_WEIGHT, HEAVIEST_GROUP // ITEM_WEIGHT
    positions = []
    start = 0
    while start < len(codes):
        positions.append(start)
        end = start + most
        for position in range(start + fewest, min(end, len(codes))):
            if hash_cuts(codes[position], level):
                end = position
                break
        start = end
    return positions
