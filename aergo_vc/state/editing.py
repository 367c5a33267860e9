"""Changes to a table tree at the cost of what changes.

Each level is a sequence of groups: rows in chunks, chunks in directories, and so on.  Changed rows touch a few chunks;
the changed chunks are edits of the level above, made in the same way; at the top stands a new root.  Groups are cut
anew from the first edit in them until a cut falls where one fell before: from there on nothing differs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aergo_vc.base.errors import RepositoryError
from aergo_vc.codec.row_chunk import check_row_size, encode_row
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.state.cutting import Cutting
from aergo_vc.state.nodes import Directory, Node
from aergo_vc.state.table_tree import Line, TableTree


class StaleStateError(RepositoryError):
    """A change says of a row what the tree does not hold: whatever it was computed from is out of date or damaged."""

    code = "E_STALE_STATE"


_FEW = 16
"""Edits of one group up to which it is faster to search for the place of each."""

Item = Any
"""What a group consists of: lines of rows at level 0, nodes above."""


class Edit(NamedTuple):
    """An item before and after under one key code: None before inserts, None after deletes."""

    code: str
    before: Item
    after: Item


class Level(Protocol):
    """How the groups of one level are read and written."""

    number: int
    cutting: Cutting

    def items(self, group: Node) -> list[Item]: ...

    def codes(self, items: Sequence[Item]) -> list[str]: ...

    def code(self, item: Item) -> str: ...

    def weights(self, items: Sequence[Item]) -> Sequence[int] | None: ...

    def write(self, items: Sequence[Item], first: str) -> Node: ...


def apply_changes(tree: TableTree, root: Node | None, changes: Mapping[Key, RowChange]) -> Node | None:
    """The root after `changes`; raises StaleStateError if a row is not as a change says that it was."""
    edits = _edits(tree, changes)
    for edit in edits:
        if edit.after is not None:
            check_row_size(edit.after)
    if root is None:
        return tree.build_lines([edit.code for edit in edits], [_inserted(edit) for edit in edits])
    if not _moves_cuts(_Rows(tree), edits):
        return _rewritten(tree, root, tree.directory(root).level, edits)
    return _Editor(tree, root).apply(edits)


def _edits(tree: TableTree, changes: Mapping[Key, RowChange]) -> list[Edit]:
    """The changes by key code, in order.  Keys that are equal and spelled differently (1.0, 1.00) are one edit."""
    edits: dict[str, Edit] = {}
    for key, change in changes.items():
        edit = Edit(tree.code_of_key(key), _line(change.before), _line(change.after))
        other = edits.get(edit.code)
        if other is not None:
            if (edit.before and other.before) or (edit.after and other.after):
                raise StaleStateError(f"two changes of the row with key code {edit.code}", key_code=edit.code)
            edit = Edit(edit.code, edit.before or other.before, edit.after or other.after)
        edits[edit.code] = edit
    return sorted(edits.values(), key=_code_of)


def _inserted(edit: Edit) -> Line:
    if edit.before is not None or edit.after is None:
        raise StaleStateError(f"the row with key code {edit.code} does not exist", key_code=edit.code)
    line: Line = edit.after
    return line


def _line(row: tuple[Any, ...] | None) -> Line | None:
    return None if row is None else encode_row(row)


def _code_of(edit: Edit) -> str:
    return edit.code


class _Rows:
    """Level 0: lines in chunks."""

    number = 0

    def __init__(self, tree: TableTree) -> None:
        self._tree = tree
        self.cutting = tree.cutting

    def items(self, group: Node) -> list[Line]:
        lines = self._tree.store.read_chunk(group).split(b"\n")
        lines.pop()
        return lines

    def codes(self, items: Sequence[Line]) -> list[str]:
        rows = self._tree.reader.decode_known_lines(b"\n".join(items))
        return self._tree.codes_of_stored(rows) if rows else []

    def code(self, item: Line) -> str:
        return self._tree.codes_of_stored([self._tree.reader.decode_known_line(item)])[0]

    def weights(self, items: Sequence[Line]) -> Sequence[int] | None:
        return self.cutting.weights_of(items)

    def write(self, items: Sequence[Line], first: str) -> Node:
        return self._tree.store.write_chunk(first, b"\n".join(items) + b"\n")


class _Nodes:
    """Level 1 and above: nodes in directories."""

    def __init__(self, tree: TableTree, number: int) -> None:
        self._tree = tree
        self.number = number
        self.cutting = tree.cutting

    def items(self, group: Node) -> list[Node]:
        return list(self._tree.nodes_below(group, self.number))

    def codes(self, items: Sequence[Node]) -> list[str]:
        return [item.first for item in items]

    def code(self, item: Node) -> str:
        return item.first

    def weights(self, _items: Sequence[Node]) -> Sequence[int] | None:
        return None

    def write(self, items: Sequence[Node], first: str) -> Node:
        del first  # the items know
        return self._tree.store.write_directory(Directory(self.number, tuple(items)))


def _rewritten(tree: TableTree, node: Node, level: int, edits: Sequence[Edit]) -> Node:
    """A node after edits that leave every cut of every level where it is: only what lies on the way is written anew."""
    if level == 0:
        return tree.store.write_chunk(node.first, _with_lines_replaced(tree.store.read_chunk(node), edits))
    nodes = list(tree.nodes_below(node, level))
    firsts = [below.first for below in nodes]
    position = 0
    while position < len(edits):
        following = bisect_right(firsts, edits[position].code, 1)
        end = position + 1
        while end < len(edits) and (following == len(firsts) or edits[end].code < firsts[following]):
            end += 1
        nodes[following - 1] = _rewritten(tree, nodes[following - 1], level - 1, edits[position:end])
        position = end
    return tree.store.write_directory(Directory(level, tuple(nodes)))


def _with_lines_replaced(data: bytes, edits: Sequence[Edit]) -> bytes:
    """A chunk after edits that put a line in the place of another, in order."""
    parts: list[bytes] = []
    position = 0
    for edit in edits:
        _, before, after = edit
        start = 0
        if position or not data.startswith(before + b"\n"):
            start = data.find(b"\n%b\n" % before, position) + 1
            if not start:
                raise _stale(edit)
        parts += data[position:start], after
        position = start + len(before)
    parts.append(data[position:])
    return b"".join(parts)


class _Editor:
    """One application of edits to the tree under one root."""

    def __init__(self, tree: TableTree, root: Node) -> None:
        self._tree = tree
        self._root = root
        self._height = tree.directory(root).level

    def apply(self, edits: Sequence[Edit]) -> Node | None:
        for number in range(self._height):
            edits = self._edit_level(_Rows(self._tree) if number == 0 else _Nodes(self._tree, number), edits)
        top = _Nodes(self._tree, self._height)
        nodes, level = self._flatten(_replaced(top, top.items(self._root), edits), self._height - 1)
        return self._tree.finish(nodes, level)

    def _edit_level(self, level: Level, edits: Sequence[Edit]) -> list[Edit]:
        """Edit the groups of one level; returns what that means for the level above."""
        regroupings: dict[str, list[Node | None]] = {}
        position = 0
        while position < len(edits):
            position = self._edit_run(level, edits, position, regroupings)
        changed = [Edit(code, before, after) for code, (before, after) in regroupings.items() if before != after]
        changed.sort(key=_code_of)
        return changed

    def _edit_run(
        self, level: Level, edits: Sequence[Edit], position: int, regroupings: dict[str, list[Node | None]]
    ) -> int:
        """Edit neighbouring groups from the one of `edits[position]` on until an old cut stands; tells where to go on.

        Notes groups in `regroupings` by the codes that they begin with: the old one, the new one.
        """
        groups = self._edited_groups(level, edits, position)
        group, own = next(groups)
        following = next(groups, None)
        if not own and following is not None and not _moves_cuts(level, following[1]):
            (group, own), following = following, next(groups, None)
        pending: list[Item] = []
        while True:
            position += len(own)
            regroupings.setdefault(group.first, [None, None])[0] = group
            patched = None if pending else _patched(level, group, own)
            stays = following is None or not _moves_cuts(level, following[1])
            if stays and patched is not None:
                regroupings[group.first][1] = level.write(patched, group.first)
                return position
            pending.extend(_replaced(level, level.items(group), own) if patched is None else patched)
            if stays and _closes(level, pending, following, regroupings):
                return position
            if following is None:
                return position
            (group, own), following = following, next(groups, None)

    def _edited_groups(
        self, level: Level, edits: Sequence[Edit], position: int
    ) -> Iterator[tuple[Node, Sequence[Edit]]]:
        """The groups of a level, each with the edits that fall in it, from the one before that of `edits[position]`."""
        groups = self._groups_from(level.number, self._height, edits[position].code)
        group = next(groups)
        for following in groups:
            end = position
            while end < len(edits) and edits[end].code < following.first:
                end += 1
            yield group, edits[position:end]
            group, position = following, end
        yield group, edits[position:]

    def _groups_from(self, number: int, height: int, code: str) -> Iterator[Node]:
        """The groups of a level in order, from the one before that which a code falls in, if there is one before."""
        if number == height:
            yield self._root
            return
        parents = self._groups_from(number + 1, height, code)
        nodes = self._tree.nodes_below(next(parents), number + 1)
        for parent in parents:
            below = self._tree.nodes_below(parent, number + 1)
            if parent.first <= code:
                nodes = nodes[-1:] + below
                continue
            yield from _from_before(nodes, code)
            yield from below
            break
        else:
            yield from _from_before(nodes, code)
        for parent in parents:
            yield from self._tree.nodes_below(parent, number + 1)

    def _flatten(self, nodes: Sequence[Node], level: int) -> tuple[Sequence[Node], int]:
        """Take out levels that so few nodes do not need any more."""
        cutting = self._tree.cutting
        fewest = cutting.lightest_group // cutting.item_weight
        while level > 0 and len(nodes) <= cutting.most_in_root // fewest + 1:
            below = [child for node in nodes for child in self._tree.nodes_below(node, level)]
            if len(below) > cutting.most_in_root:
                break
            nodes, level = below, level - 1
        return nodes, level


def _from_before(nodes: Sequence[Node], code: str) -> Sequence[Node]:
    """The nodes from the one before that which a code falls in."""
    return nodes[max(0, bisect_right(nodes, code, key=lambda node: node.first) - 2) :]


def _moves_cuts(level: Level, edits: Sequence[Edit]) -> bool:
    """Whether edits in a group may move the cuts at its ends: those that change a key or a weight may."""
    before = [edit.before for edit in edits]
    after = [edit.after for edit in edits]
    return None in before or None in after or level.weights(before) != level.weights(after)


def _patched(level: Level, group: Node, edits: Sequence[Edit]) -> list[Item] | None:
    """The items after edits that move no cut, because they change no key and no weight; None if some do."""
    if _moves_cuts(level, edits):
        return None
    items = level.items(group)
    for edit in edits:
        items[_index(items, edit)] = edit.after
    return items


def _replaced(level: Level, items: list[Item], edits: Sequence[Edit]) -> list[Item]:
    """The items after any edits, in order."""
    if len(edits) > _FEW:
        return _merged(level, items, edits)
    for edit in edits:
        if edit.before is None:
            place = bisect_left(items, edit.code, key=level.code)
            if place < len(items) and level.code(items[place]) == edit.code:
                raise StaleStateError(f"the item with key code {edit.code} exists already", key_code=edit.code)
            items.insert(place, edit.after)
        elif edit.after is None:
            del items[_index(items, edit)]
        else:
            items[_index(items, edit)] = edit.after
    return items


def _merged(level: Level, items: Sequence[Item], edits: Sequence[Edit]) -> list[Item]:
    """The same for many edits: each item's code is looked at once."""
    found = dict(zip(level.codes(items), items, strict=True))
    for edit in edits:
        if found.get(edit.code) != edit.before:
            raise _stale(edit)
        if edit.after is None:
            del found[edit.code]
        else:
            found[edit.code] = edit.after
    return [found[code] for code in sorted(found)]


def _index(items: Sequence[Item], edit: Edit) -> int:
    try:
        return items.index(edit.before)
    except ValueError:
        raise _stale(edit) from None


def _stale(edit: Edit) -> StaleStateError:
    return StaleStateError(f"the item with key code {edit.code} is not as it was", key_code=edit.code)


def _closes(
    level: Level,
    pending: list[Item],
    following: tuple[Node, Sequence[Edit]] | None,
    regroupings: dict[str, list[Node | None]],
) -> bool:
    """Write the groups that `pending` makes up; keeps the last one pending unless a cut falls behind it."""
    codes = level.codes(pending)
    weights = level.weights(pending)
    start = 0
    while (end := level.cutting.group_end(codes, weights, start, level.number)) is not None:
        _note(level, pending[start:end], codes[start], regroupings)
        start = end
    closed = following is None or not pending or _cut_before(level, pending[start:], codes[start:], *following)
    if closed and pending:
        _note(level, pending[start:], codes[start], regroupings)
        start = len(pending)
    del pending[:start]
    return closed


def _cut_before(
    level: Level, items: Sequence[Item], codes: Sequence[str], following: Node, edits: Sequence[Edit]
) -> bool:
    """Whether items that hold no cut among them are a group by themselves in front of a group with edits of its own."""
    behind = level.items(following)
    if edits:
        behind = _replaced(level, behind, edits)
    codes = [*codes, *level.codes(behind)]
    return level.cutting.group_end(codes, level.weights([*items, *behind]), 0, level.number) == len(items)


def _note(level: Level, items: Sequence[Item], first: str, regroupings: dict[str, list[Node | None]]) -> None:
    names = regroupings.setdefault(first, [None, None])
    before = names[0]
    # A group that was looked at for its neighbour's sake is often as it was.
    names[1] = before if before is not None and level.items(before) == items else level.write(items, first)
