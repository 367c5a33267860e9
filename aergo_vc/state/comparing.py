"""Differences between two trees of a table, at the cost of what differs.

Equal nodes have equal ids.  Both trees are opened level by level, and of each level only the nodes that the other side
lacks; of the chunks that remain, only the lines that the other side lacks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import ne

from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.types import Row
from aergo_vc.state.nodes import Node
from aergo_vc.state.table_tree import Line, TableTree


def changed_chunks(tree: TableTree, before: Node | None, after: Node | None) -> tuple[list[Node], list[Node]]:
    """The chunks that only one of two trees holds, in key order: of the one before, of the one after."""
    sides = [_top(before), _top(after)]
    heights = [_height(tree, before), _height(tree, after)]
    while True:
        sides = _without_equal(sides[0], sides[1])
        deeper = max(heights)
        if deeper == 0:
            return sides[0], sides[1]
        for side in (0, 1):
            if heights[side] == deeper:
                sides[side] = [child for node in sides[side] for child in tree.nodes_below(node, deeper)]
                heights[side] -= 1


def changed_rows(tree: TableTree, before: Node | None, after: Node | None) -> dict[Key, RowChange]:
    """What turns the rows of one tree into those of another, in key order."""
    return rows_changed_in(tree, *changed_chunks(tree, before, after))


def rows_changed_in(tree: TableTree, old_chunks: Sequence[Node], new_chunks: Sequence[Node]) -> dict[Key, RowChange]:
    """What turns the rows of some chunks into those of others, in key order."""
    old_lines, new_lines = _differing_lines(tree, old_chunks, new_chunks)
    old_rows = _rows_by_key(tree, old_lines - new_lines)
    new_rows = _rows_by_key(tree, new_lines - old_lines)
    codes = sorted((tree.code_of_key(key), key) for key in old_rows.keys() | new_rows.keys())
    return {key: RowChange(old_rows.get(key), new_rows.get(key)) for _, key in codes}


def rows_to_write(tree: TableTree, before: Node | None, after: Node | None) -> tuple[list[Key], list[Row]]:
    """What turns the rows of one tree into those of another: keys whose rows go, then rows to write, in no order."""
    old_lines, new_lines = _differing_lines(tree, *changed_chunks(tree, before, after))
    written = _rows_by_key(tree, new_lines - old_lines)
    gone = [key for key in _rows_by_key(tree, old_lines - new_lines) if key not in written]
    return gone, list(written.values())


def replacement(tree: TableTree, root: Node | None, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """What turns the rows of a tree into `rows`, which come in any order: those to write, and those whose keys go.

    The rows are laid over the tree chunk by chunk, so that what is equal is compared as bytes and never parsed.
    Raises DuplicateKeyError.
    """
    codes, lines = tree.sorted_lines(rows)
    old_lines: set[Line] = set()
    new_lines: set[Line] = set()
    start = 0
    chunks = list(tree.chunks(root))
    for chunk, following in zip(chunks, [*chunks[1:], None], strict=True):
        end = len(codes) if following is None else bisect_left(codes, following.first, start)
        data = tree.store.read_chunk(chunk)
        if b"\n".join(lines[start:end]) + b"\n" != data:
            old, new = _unequal(data.split(b"\n")[:-1], lines[start:end])
            old_lines.update(old)
            new_lines.update(new)
        start = end
    new_lines.update(lines[start:])
    written = _rows_by_key(tree, new_lines - old_lines)
    gone = _rows_by_key(tree, old_lines - new_lines)
    return list(written.values()), [row for key, row in gone.items() if key not in written]


def _top(root: Node | None) -> list[Node]:
    return [] if root is None else [root]


def _height(tree: TableTree, root: Node | None) -> int:
    return 0 if root is None else tree.directory(root).level


def _without_equal(left: list[Node], right: list[Node]) -> list[list[Node]]:
    shared = {node.id for node in left} & {node.id for node in right}
    return [[node for node in side if node.id not in shared] for side in (left, right)]


def _differing_lines(tree: TableTree, old: Sequence[Node], new: Sequence[Node]) -> tuple[set[Line], set[Line]]:
    """The lines of the old and of the new chunks, less most of those that stand in both."""
    old_lines: set[Line] = set()
    new_lines: set[Line] = set()
    partners = {chunk.first: chunk for chunk in new}
    for chunk in old:
        partner = partners.pop(chunk.first, None)
        before = tree.store.read_chunk(chunk).split(b"\n")
        after = [] if partner is None else tree.store.read_chunk(partner).split(b"\n")
        gone, come = _unequal(before, after)
        old_lines.update(gone)
        new_lines.update(come)
    for partner in partners.values():
        new_lines.update(tree.store.read_chunk(partner).split(b"\n"))
    old_lines.discard(b"")
    new_lines.discard(b"")
    return old_lines, new_lines


def _unequal(old: Sequence[Line], new: Sequence[Line]) -> tuple[Iterable[Line], Iterable[Line]]:
    """The lines of two chunks, less those that are equal: at the same place, if the chunks are as long."""
    if len(old) != len(new):
        return set(old).difference(new), set(new).difference(old)
    unequal = list(map(ne, old, new))
    return compress(old, unequal), compress(new, unequal)


def _rows_by_key(tree: TableTree, lines: Iterable[Line]) -> dict[Key, Row]:
    rows = tree.reader.decode_lines(b"".join([line + b"\n" for line in lines]))
    return {tree.key_of(row): row for row in rows}
