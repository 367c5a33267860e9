"""Tells whether a transaction that was executed again met one that was grafted."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import NamedTuple

from aergo_vc.merging.grafting.dividing import Division, Place
from aergo_vc.merging.marks import Marker
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.recorded_blocks import Mark, RecordedBlock


class Watch:
    """Tells which grafted transactions a replayed one has met after all: executed again, it may touch other rows.

    A grafted transaction that stands behind it must neither have written what it reads or writes now, nor have read
    what it writes now; those in front of it did what they did before it either way.
    """

    def __init__(self, blocks: Sequence[RecordedBlock], division: Division, marker: Marker) -> None:
        self._blocks, self._marker = blocks, marker
        self._replayed = [frozenset(places) for places in division.replayed]

    def met(self, place: Place, before: Footprint, now: Footprint) -> list[Place]:
        """The grafted transactions behind `place` that its new footprint meets and the one before did not."""
        marker = self._marker
        written, old_written = set(marker.written(now)), set(marker.written(before))
        read, old_read = set(marker.only_read(now)), set(marker.only_read(before))
        shape, old = marker.shape(now), marker.shape(before)
        news = _News(
            (written - old_written).union(marker.entered(now)).difference(marker.entered(before)),
            (written | read) - old_written - old_read,
            shape.written - old.written,
            shape.searched - old.searched,
        )
        if not any(news) or not self._may_meet(place, news):
            return []
        return [at for at in self._grafted(place) if self._meets(at, news)]

    def behind(self, place: Place) -> list[Place]:
        """The grafted transactions behind `place`."""
        return list(self._grafted(place))

    def _may_meet(self, place: Place, news: "_News") -> bool:
        last = self._last
        return (
            any(last.touched.get(mark, _NOWHERE) > place for mark in news.written)
            or any(last.written.get(mark, _NOWHERE) > place for mark in news.touched)
            or any(last.searched.get(mark, _NOWHERE) > place for mark in news.columns)
            or any(last.columns.get(mark, _NOWHERE) > place for mark in news.searched)
        )

    @cached_property
    def _last(self) -> "_Last":
        """The last grafted transaction that did something to each row or column."""
        last = _Last({}, {}, {}, {})
        for number, block in enumerate(self._blocks):
            shapes: dict[int, Place] = {}
            for at in self._grafted((number, -1), number + 1):
                written, touched = _rows_of(block, at[1])
                last.written.update(dict.fromkeys(written, at))
                last.touched.update(dict.fromkeys(touched, at))
                shapes[block.shape_of[at[1]]] = at
            for shape, at in sorted(shapes.items(), key=lambda item: item[1]):
                last.columns.update(dict.fromkeys(block.shapes[shape].written, at))
                last.searched.update(dict.fromkeys(block.shapes[shape].searched, at))
        return last

    def _grafted(self, place: Place, end: int | None = None) -> Iterator[Place]:
        """The grafted transactions behind `place`, in order."""
        for number in range(place[0], len(self._blocks) if end is None else end):
            first = place[1] + 1 if number == place[0] else 0
            for at in range(first, self._blocks[number].count):
                if at not in self._replayed[number]:
                    yield number, at

    def _meets(self, at: Place, news: "_News") -> bool:
        block = self._blocks[at[0]]
        written, touched = _rows_of(block, at[1])
        shape = block.shapes[block.shape_of[at[1]]]
        return not (
            news.written.isdisjoint(touched)
            and news.touched.isdisjoint(written)
            and shape.searched.isdisjoint(news.columns)
            and shape.written.isdisjoint(news.searched)
        )


class _News(NamedTuple):
    """What a transaction did that it had not done before: rows and columns."""

    written: AbstractSet[Mark]
    touched: AbstractSet[Mark]
    columns: AbstractSet[Mark]
    searched: AbstractSet[Mark]


class _Last(NamedTuple):
    """Who was the last to do something to a row, or a column, by its mark."""

    written: dict[Mark, Place]
    touched: dict[Mark, Place]
    columns: dict[Mark, Place]
    searched: dict[Mark, Place]


_NOWHERE: Place = (-1, -1)


def _rows_of(block: RecordedBlock, place: int) -> tuple[Sequence[Mark], Sequence[Mark]]:
    """The marks of what a transaction wrote, its entries too, and of all rows and lookups that it touched."""
    start = block.ends[place - 1] if place else 0
    return block.rows[start : block.written_ends[place]], block.rows[block.entered_ends[place] : block.ends[place]]
