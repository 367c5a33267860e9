"""The strict reading of table trees: nothing passes but the one tree that the rows give (threats F12, F13, B11).

Reads a tree once, in order, and holds one chunk and one directory of each level at a time.
"""

from collections.abc import Sequence

from aergo_vc.state.cutting import Cutting
from aergo_vc.state.nodes import Directory, Node
from aergo_vc.state.table_tree import NotATableTreeError, TableTree


def check_tree(tree: TableTree, root: Node) -> int:
    """Raise an InvalidError unless `root` is, to the byte, the tree of the rows that it holds; returns their number."""
    return _Checker(tree).check(root)


class _Cuts:
    """The cuts of one level, looked at as its groups pass by in order, each when its successor is known."""

    def __init__(self, cutting: Cutting, level: int) -> None:
        self._cutting = cutting
        self._level = level
        self._codes: Sequence[str] = ()
        self._weights: Sequence[int] | None = None

    def stand(self, codes: Sequence[str], weights: Sequence[int] | None) -> bool:
        """Whether the group before ends where it must, given the next group's items; none are given at the end."""
        before, self._codes = self._codes, codes
        before_weights, self._weights = self._weights, weights
        if not before:
            return True
        both = None
        if before_weights is not None or weights is not None:
            both = [*self._or_least(before_weights, len(before)), *self._or_least(weights, len(codes))]
        end = self._cutting.group_end([*before, *codes], both, 0, self._level)
        return end == (len(before) if codes else None)

    def _or_least(self, weights: Sequence[int] | None, count: int) -> Sequence[int]:
        return [self._cutting.item_weight] * count if weights is None else weights


class _Checker:
    """One reading of one tree."""

    def __init__(self, tree: TableTree) -> None:
        self._tree = tree
        self._rows = 0
        self._last_code = ""
        self._cuts: list[_Cuts] = []

    def check(self, root: Node) -> int:
        directory = self._tree.directory(root)
        self._cuts = [_Cuts(self._tree.cutting, level) for level in range(directory.level)]
        self._check_height(root, directory)
        for node in directory.nodes:
            self._check_node(node, directory.level - 1)
        for cuts in self._cuts:
            self._require_cut(root, well=cuts.stand((), None))
        return self._rows

    def _check_height(self, root: Node, directory: Directory) -> None:
        """A root holds no more than it may, and what it holds would not do with a level less."""
        most = self._tree.cutting.most_in_root
        below = 0
        if directory.level > 1:
            for node in directory.nodes:
                below += len(self._tree.nodes_below(node, directory.level - 1))
                if below > most:
                    break
        if len(directory.nodes) > most or (directory.level > 1 and below <= most):
            raise NotATableTreeError(f"tree {root.id} has another number of levels than its rows demand", id=root.id)

    def _check_node(self, node: Node, level: int) -> None:
        if level == 0:
            self._check_chunk(node)
            return
        nodes = self._tree.nodes_below(node, level)
        self._require_first(node, nodes[0].first)
        self._require_cut(node, well=self._cuts[level].stand([below.first for below in nodes], None))
        for below in nodes:
            self._check_node(below, level - 1)

    def _check_chunk(self, node: Node) -> None:
        data = self._tree.store.read_chunk(node)
        codes = self._tree.codes_of_stored(self._tree.reader.decode(data))
        weights = self._tree.cutting.weights_of(data[:-1].split(b"\n"))
        self._require_first(node, codes[0])
        self._require_cut(node, well=self._cuts[0].stand(codes, weights))
        for before, code in zip([self._last_code, *codes], codes, strict=False):
            if before >= code:
                raise NotATableTreeError(f"the rows of chunk {node.id} are not in the order of their keys", id=node.id)
        self._last_code = codes[-1]
        self._rows += len(codes)

    def _require_first(self, node: Node, first: str) -> None:
        if node.first != first:
            raise NotATableTreeError(f"node {node.id} is named after another row than its first", id=node.id)

    def _require_cut(self, node: Node, *, well: bool) -> None:
        if not well:
            raise NotATableTreeError(f"the rows up to node {node.id} are not cut as they demand", id=node.id)
