"""Three-way merge of table trees: what a source changed since a base goes over to a target that left it as it was.

Chunks are taken by id wherever the target has what the base had; rows are looked at only in chunks that both changed,
or in which some rows are to be left out, and in chunks beside those.

As the same rows give the same tree, the result is the one that `apply_changes` gives.  A cut depends on the keys and
the weights of the two groups beside it alone: it stands if both were taken from one tree, or have the keys and the
weights that they have in one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from operator import ne
from typing import NamedTuple

from aergo_vc.base.errors import RepositoryError
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.state.comparing import changed_chunks, changed_rows, rows_changed_in
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.nodes import Node
from aergo_vc.state.table_tree import Line, TableTree

_FEW_CHUNKS = 32
"""Up to so many changed chunks, their rows are changed one by one, at the cost of what changes alone."""


class OverlappingChangesError(RepositoryError):
    """A row is to be grafted that the target changed too: whoever planned the graft was wrong."""

    code = "E_OVERLAP"


class Grafting(NamedTuple):
    """What is to come about in a table: the trees, and the rows for which the source's change is not to be taken.

    For the keys of `instead`, that change of the target is made; or none, where it is None.
    """

    base: Node | None
    target: Node | None
    source: Node | None
    instead: Mapping[Key, RowChange | None]


def graft(tree: TableTree, work: Grafting) -> Node | None:
    """The root of the target after what the source changed since the base.

    Raises OverlappingChangesError or StaleStateError where the target changed one of those rows too.
    """
    base, target, source, instead = work
    if not instead and base == target:
        return source
    old, new = changed_chunks(tree, base, source)
    own = {key: change for key, change in instead.items() if change is not None}
    if base is None or target is None or source is None or len(old) + len(new) <= _FEW_CHUNKS:
        return apply_changes(tree, target, _row_changes(tree, work) | own)
    chunks, rest = _Splicer(tree, work).splice()
    return apply_changes(tree, tree.finish(chunks, 0), rest | own)


def _row_changes(tree: TableTree, work: Grafting) -> dict[Key, RowChange]:
    left_out = {tree.code_of_key(key) for key in work.instead}
    changes = changed_rows(tree, work.base, work.source)
    if left_out:
        changes = {key: change for key, change in changes.items() if tree.code_of_key(key) not in left_out}
    return changes


@dataclass(slots=True)
class _Stretch:
    """The chunks of the three trees between two codes before which all three are cut.

    `chunks` are those that it shall have.  `is_as_source` and `is_as_target` tell whether their rows have the keys and
    the weights that the source's, or the target's, have.
    """

    base: Sequence[Node]
    target: Sequence[Node]
    source: Sequence[Node]
    end: str | None
    chunks: Sequence[Node] = ()
    is_as_source: bool = False
    is_as_target: bool = False

    @property
    def first(self) -> str:
        """A code that no row's in the stretch lies before."""
        return min(part[0].first for part in (self.base, self.target, self.source) if part)


class _Splicer:
    """One splicing of three trees, stretch by stretch."""

    def __init__(self, tree: TableTree, work: Grafting) -> None:
        self._tree = tree
        self._work = work
        self._left_out = sorted(tree.code_of_key(key) for key in work.instead)
        self._left_out_set = frozenset(self._left_out)
        self._rest: dict[Key, RowChange] = {}

    def splice(self) -> tuple[list[Node], dict[Key, RowChange]]:
        """Chunks of a whole tree, and the changes that are still to be made to it row by row."""
        stretches = list(self._stretches())
        for stretch in stretches:
            self._choose(stretch)
        for place in range(1, len(stretches)):
            self._join(stretches, place)
        return [chunk for stretch in stretches for chunk in stretch.chunks], self._rest

    def _stretches(self) -> Iterator[_Stretch]:
        work = self._work
        sides = [list(self._tree.chunks(root)) for root in (work.base, work.target, work.source)]
        places = [{chunk.first: place for place, chunk in enumerate(side)} for side in sides]
        codes = [code for code in places[0] if code in places[1] and code in places[2]]
        bounds = [[0, 0, 0], *([side[code] for side in places] for code in codes), list(map(len, sides))]
        for (starts, ends), end in zip(pairwise(bounds), [*codes, None], strict=True):
            base, target, source = [side[a:b] for side, a, b in zip(sides, starts, ends, strict=True)]
            if base or target or source:
                yield _Stretch(base, target, source, end)

    def _choose(self, stretch: _Stretch) -> None:
        """Decide what a stretch shall have, whatever stands beside it."""
        if stretch.base == stretch.source:
            stretch.chunks, stretch.is_as_target = stretch.target, True
            stretch.is_as_source = stretch.base == stretch.target
        elif stretch.base == stretch.target and not self._has_left_out(stretch):
            stretch.chunks, stretch.is_as_source = stretch.source, True
        else:
            merged = self._merged(stretch)
            if merged is None:
                self._put_off(stretch)
            else:
                stretch.chunks, stretch.is_as_target = [merged], True

    def _join(self, stretches: Sequence[_Stretch], place: int) -> None:
        """See to it that the cut before a stretch stands; those before it do already."""
        left, right = stretches[place - 1], stretches[place]
        if (left.is_as_source and right.is_as_source) or (left.is_as_target and right.is_as_target):
            return
        for stretch in (left, right):
            stretch.is_as_target = stretch.is_as_target or self._keeps_keys(stretch)
        if not right.is_as_target:
            self._put_off(right)
        while not stretches[place - 1].is_as_target:
            self._put_off(stretches[place - 1])
            place -= 1
            if place == 0 or stretches[place - 1].is_as_target:
                return
            stretches[place - 1].is_as_target = self._keeps_keys(stretches[place - 1])

    def _put_off(self, stretch: _Stretch) -> None:
        """Leave the target's chunks, and change them row by row in the end."""
        stretch.chunks, stretch.is_as_target, stretch.is_as_source = stretch.target, True, False
        changes = rows_changed_in(self._tree, stretch.base, stretch.source)
        if self._left_out:
            code_of = self._tree.code_of_key
            changes = {key: change for key, change in changes.items() if code_of(key) not in self._left_out_set}
        self._rest |= changes

    def _has_left_out(self, stretch: _Stretch) -> bool:
        """Whether a row that is left out lies in a stretch."""
        place = bisect_left(self._left_out, stretch.first)
        return place < len(self._left_out) and (stretch.end is None or self._left_out[place] < stretch.end)

    def _merged(self, stretch: _Stretch) -> Node | None:
        """The one chunk of a stretch, if all that happened in it is that rows took the place of rows."""
        if not len(stretch.base) == len(stretch.target) == len(stretch.source) == 1:
            return None
        lines = [self._lines(part[0]) for part in (stretch.base, stretch.target, stretch.source)]
        codes = self._codes_of_changed(lines)
        if codes is None:
            return None
        base, target, source = lines
        result = list(target)
        for place, code in codes:
            if code in self._left_out_set:
                continue
            if target[place] != base[place]:
                raise OverlappingChangesError(f"the row with key code {code} was changed on both sides", key_code=code)
            result[place] = source[place]
        return self._tree.store.write_chunk(stretch.target[0].first, b"\n".join(result) + b"\n")

    def _keeps_keys(self, stretch: _Stretch) -> bool:
        """Whether the source's rows in a stretch have the keys and the weights of the base's, which the target has."""
        if len(stretch.base) != 1 or len(stretch.source) != 1:
            return False
        base, source = self._lines(stretch.base[0]), self._lines(stretch.source[0])
        return self._codes_of_changed([base, base, source]) is not None

    def _codes_of_changed(self, lines: Sequence[Sequence[Line]]) -> list[tuple[int, str]] | None:
        """Place and key code of each row that the source changed; None if not all rows have keys and weights as before.

        `lines` are those of the base, the target and the source; the target may have other rows elsewhere.
        """
        if not len(lines[0]) == len(lines[1]) == len(lines[2]):
            return None
        if any(self._tree.cutting.weights_of(side) is not None for side in lines):
            return None
        changed = list(map(ne, lines[0], lines[2]))
        found = []
        for side in lines:
            rows = self._tree.reader.decode_known_lines(b"\n".join(compress(side, changed)))
            found.append(self._tree.codes_of_stored(rows) if rows else [])
        if not found[0] == found[1] == found[2]:
            return None
        return list(zip(compress(range(len(changed)), changed), found[0], strict=True))

    def _lines(self, chunk: Node) -> list[Line]:
        lines = self._tree.store.read_chunk(chunk).split(b"\n")
        lines.pop()
        return lines
