"""Which transactions of a merge need not be executed again, because all that they touched is as it was for them.

The others are replayed: those that ask for their block, whose signer has other roles now, that touch what the target
changed, or what a transaction before them touched that is not grafted; nothing that one of these wrote is read, and
nothing that it read or wrote is written, by a transaction that is grafted.  So the grafted ones can be taken over
first, and the others executed in their order afterwards, with the result of executing all of them in order.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from aergo_vc.base.ids import EntityName, PublicKey, TableName
from aergo_vc.merging.marks import Marker
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns, Footprint, Lookup
from aergo_vc.model.recorded_blocks import Mark, RecordedBlock
from aergo_vc.model.types import Row

UnseenCells = Mapping[TableName, Mapping[Key, Columns]]
"""The cells that the target changed; all of a row that it inserted or deleted."""

UnseenEntries = Mapping[Lookup, Collection[Key]]
"""The values by which lookups find rows that the target changed, or would have found them before."""

IsSame = Callable[[EntityName, PublicKey], bool]
"""Whether a signer with a key may do in the new block what they could in the old one, and no more."""

Place = tuple[int, int]
"""A transaction of a merge: the place of its block, and its own in the block."""


@dataclass(frozen=True, slots=True)
class Division:
    """The transactions of some blocks, divided: `replayed` has the places of those to be executed again, by block.

    `written` are the marks of the rows that the grafted ones wrote; `grafted` is how many these are.
    """

    replayed: tuple[tuple[int, ...], ...]
    written: frozenset[Mark]
    grafted: int


@dataclass(slots=True)
class _Taint:
    """What transactions that are not grafted, and the target, touched."""

    written: set[Mark] = field(default_factory=set)
    read: set[Mark] = field(default_factory=set)
    written_columns: set[Mark] = field(default_factory=set)
    searched: set[Mark] = field(default_factory=set)


def divide(
    blocks: Sequence[RecordedBlock],
    left_out: Sequence[Collection[int]],
    unseen: UnseenCells,
    marker: Marker,
    *,
    entries: UnseenEntries,
    is_same: IsSame,
    forced: Collection[Place] = (),
) -> Division:
    """Divide the transactions of `blocks`, none of which defines anything.

    `entries` are those of the cells that are `unseen`, for all lookups of the blocks.

    Those `left_out`, by block, are in the target already: what they touched is nothing that the others can rely on.
    Those `forced` are replayed in any case.
    """
    taint = _Taint()
    for table, rows in unseen.items():
        taint.written.update([marker.row(table, key) for key in rows])
        for columns in set(rows.values()):
            taint.written_columns |= marker.columns(table, columns)
    for lookup, found in entries.items():
        taint.written.update([marker.found(lookup, values) for values in found])
    written: set[Mark] = set()
    replayed = []
    grafted = 0
    for number, (block, absent) in enumerate(zip(blocks, left_out, strict=True)):
        must = {place for at, place in forced if at == number}
        places = _divide_block(block, must.union(absent), taint, written, is_same)
        grafted += block.count - len(places)
        replayed.append(tuple(place for place in places if place not in absent))
    return Division(tuple(replayed), frozenset(written), grafted)


def _divide_block(
    block: RecordedBlock, must: Collection[int], taint: _Taint, written: set[Mark], is_same: IsSame
) -> list[int]:
    """The places of a block's transactions that are not grafted; adds to `taint`, and to what others `written`."""
    found = []
    strangers = {place for place, signer in enumerate(block.signers) if not is_same(*signer)}
    bad_shapes = _bad_shapes(block, taint)
    is_untouched, read, rows = taint.written.isdisjoint, taint.read, block.rows
    start = 0
    places = zip(
        range(block.count), block.shape_of, block.signer_of, block.entered_ends, block.written_ends, block.ends,
        strict=True,
    )  # fmt: skip
    for place, shape, signer, first, middle, end in places:
        mine = rows[start:middle]
        if (
            is_untouched(mine if middle == end and start == first else rows[first:end])
            and (not read or read.isdisjoint(mine))
            and shape not in bad_shapes
            and signer not in strangers
            and place not in must
        ):
            written.update(mine)
        else:
            found.append(place)
            taint.written.update(mine)
            taint.read.update(rows[middle:end])
            columns, searched, _ = block.shapes[shape]
            if not (columns <= taint.written_columns and searched <= taint.searched):
                taint.written_columns |= columns
                taint.searched |= searched
                bad_shapes = _bad_shapes(block, taint)
        start = end
    return found


def _bad_shapes(block: RecordedBlock, taint: _Taint) -> frozenset[int]:
    """The shapes of transactions that must run, or that search what was written, or write what was searched."""
    return frozenset(
        place
        for place, shape in enumerate(block.shapes)
        if shape.must_run
        or not shape.searched.isdisjoint(taint.written_columns)
        or not shape.written.isdisjoint(taint.searched)
    )


class Made(NamedTuple):
    """What the grafted transactions made of a row before another one wrote it: None, no row."""

    row: Row | None


def rows_left(
    footprints: Iterable[Footprint], written: AbstractSet[Mark], marker: Marker
) -> dict[TableName, dict[Key, Made | None]]:
    """The rows for which the source's last word is not that of a grafted transaction: what these left behind there.

    `footprints` are those of all transactions that are not grafted, in order; `written` are the marks of the rows that
    the grafted ones wrote.  None stands for a row that no grafted one wrote.
    """
    found: dict[TableName, dict[Key, Made | None]] = {}
    seen: set[Mark] = set()
    for footprint in footprints:
        for table, rows in footprint.changes.items():
            for key, change in rows.items():
                mark = marker.row(table, key)
                if mark not in seen:
                    seen.add(mark)
                    found.setdefault(table, {})[key] = Made(change.before) if mark in written else None
    return found


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
