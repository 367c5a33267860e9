"""Which transactions of a merge need not be executed again, because all that they touched is as it was for them.

The others are replayed: those that ask for their block, whose signer has other roles now, that touch what the target
changed, or what a transaction before them touched that is not grafted; nothing that one of these wrote is read, and
nothing that it read or wrote is written, by a transaction that is grafted.  So the grafted ones can be taken over
first, and the others executed in their order afterwards, with the result of executing all of them in order.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from aergo_vc.base.ids import EntityName, PublicKey, TableName
from aergo_vc.merging.marks import Marker
from aergo_vc.merging.source_rows import Made
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.recorded_blocks import Mark, RecordedBlock
from aergo_vc.state.nodes import Node

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

    def add_writes(self, marker: Marker, footprint: Footprint) -> None:
        """What somebody wrote who is no transaction of the source."""
        self.written.update(marker.written(footprint), marker.entered(footprint))
        self.written_columns |= marker.shape(footprint).written


@dataclass(frozen=True, slots=True)
class Recorded:
    """The source of a merge, recorded: its blocks, and the tables at both ends of them.

    By block, `left_out` has the transactions that are in the target already, `running` those that are to be executed
    again in any case.
    """

    blocks: Sequence[RecordedBlock]
    left_out: Sequence[AbstractSet[int]]
    base: Mapping[TableName, Node]
    end: Mapping[TableName, Node]
    running: Mapping[int, AbstractSet[int]] = field(default_factory=dict)

    def not_grafted(self, replayed: Sequence[Sequence[int]]) -> Iterator[Footprint]:
        """What was done that is not grafted, in order, where these are replayed, by block."""
        for number, (block, places) in enumerate(zip(self.blocks, replayed, strict=True)):
            yield from (block.footprint(place) for place in sorted({*places, *self.left_out[number]}))


def divide(
    source: Recorded, unseen: Footprint, marker: Marker, *, is_same: IsSame, forced: Collection[Place] = ()
) -> Division:
    """Divide the transactions of a source; those `forced` are replayed in any case.

    `unseen` is what the target changed, as if one transaction had written it.  What those touched that are in the
    target already is nothing that the others can rely on.
    """
    taint = _Taint()
    taint.add_writes(marker, unseen)
    written: set[Mark] = set()
    replayed = []
    grafted = 0
    for number, (block, absent) in enumerate(zip(source.blocks, source.left_out, strict=True)):
        must = {place for at, place in forced if at == number} | source.running.get(number, frozenset())
        found = _divide_block(block, must | absent, taint, written, is_same)
        grafted += block.count - len(found)
        replayed.append(tuple(place for place in found if place not in absent))
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


def rows_left(
    footprints: Iterable[Footprint], written: AbstractSet[Mark], marker: Marker
) -> dict[TableName, dict[Key, Made | None]]:
    """The rows for which the source's last word is not that of a grafted transaction: what these left behind there.

    `footprints` are those of all transactions that are not grafted, in order; `written` are the marks of the rows that
    the grafted ones wrote.  None stands for a row that no grafted one wrote.  Only the marker's tables count.
    """
    found: dict[TableName, dict[Key, Made | None]] = {}
    seen: set[Mark] = set()
    for footprint in footprints:
        for table in footprint.changes.keys() & marker.tables.keys():
            for key, change in footprint.changes[table].items():
                mark = marker.row(table, key)
                if mark not in seen:
                    seen.add(mark)
                    found.setdefault(table, {})[key] = Made(change.before) if mark in written else None
    return found
