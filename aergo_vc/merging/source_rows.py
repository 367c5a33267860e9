"""Rows as the transactions of a merge's source found them where they were made."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.types import Row

MadeTransactions = Iterable[tuple[int, TransactionId, Footprint]]
"""Transactions of a source in their order, with what they did, and from which block on their makers knew the target.

That is a `SourceBlock.base`.
"""


class Made(NamedTuple):
    """What transactions made of a row: None, no row."""

    row: Row | None


class SourceRows:
    """What the source's transactions made of rows, one after the other; `made` is asked once, if at all."""

    def __init__(self, made: Callable[[], MadeTransactions]) -> None:
        self._made = made

    def before(self, transaction: TransactionId, table: TableName, key: Key) -> Made | None:
        """What those before a transaction made of a row, since the source last took in changes of the target.

        What it made of the row before that, it has taken in as the target's.  None: nothing.
        """
        places, versions = self._history
        first, place = places[transaction]
        found = versions.get((table, key), [])
        at = bisect_left(found, place, key=lambda version: version[0]) - 1
        return found[at][1] if at >= 0 and found[at][0] >= first else None

    @cached_property
    def _history(
        self,
    ) -> tuple[dict[TransactionId, tuple[int, int]], dict[tuple[TableName, Key], list[tuple[int, Made]]]]:
        """For each transaction the place of the first with the same base, and its own; the versions of each row."""
        places: dict[TransactionId, tuple[int, int]] = {}
        versions: dict[tuple[TableName, Key], list[tuple[int, Made]]] = {}
        firsts: dict[int, int] = {}
        for place, (base, transaction, footprint) in enumerate(self._made()):
            places[transaction] = (firsts.setdefault(base, place), place)
            for table, rows in footprint.changes.items():
                for key, change in rows.items():
                    versions.setdefault((table, key), []).append((place, Made(change.after)))
        return places, versions
