"""Which transactions of a block can be executed beside each other: those that touch no common rows."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence


def divided(touched: Sequence[Iterable[Hashable]], shares: Sequence[float]) -> list[int]:
    """For each transaction, by the rows that it can touch, the number of its group.

    There are as many groups as there are `shares`.  Transactions of different groups have no row in common.  As far as
    the rows allow, the groups have those parts of the transactions; what is too much for any goes into the first one.
    """
    families: dict[int, list[int]] = defaultdict(list)
    for number, first in enumerate(_families(touched)):
        families[first].append(number)
    groups = [0] * len(touched)
    rooms = [share * len(touched) for share in shares]
    for family in sorted(families.values(), key=len, reverse=True):
        group = rooms.index(max(rooms))
        if rooms[group] < len(family):
            group = 0
        rooms[group] -= len(family)
        for number in family:
            groups[number] = group
    return groups


def _families(touched: Sequence[Iterable[Hashable]]) -> list[int]:
    """For each transaction one that it hangs together with, by way of others too: the same for all that do."""
    towards = list(range(len(touched)))

    def find(number: int) -> int:
        while towards[number] != number:
            towards[number] = number = towards[towards[number]]
        return number

    known: dict[Hashable, int] = {}
    for number, rows in enumerate(touched):
        for row in rows:
            one, other = find(known.setdefault(row, number)), find(number)
            if one != other:
                towards[other] = one
    return [find(number) for number in range(len(touched))]
