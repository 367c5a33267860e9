"""Table trees: all rows of one table, as chunks in a Merkle search tree.

The same rows give the same tree, whatever operations led to them.  A table without rows has no tree.
"""

from collections.abc import Iterator, Sequence
from operator import lt

from aergo_vc.base.errors import InputError, InvalidError
from aergo_vc.base.limits import KEY_CODE_CHARACTERS
from aergo_vc.codec.key_code import key_code, key_codes
from aergo_vc.codec.row_chunk import RowReader, check_row_size, encode_row, encode_rows
from aergo_vc.model.changes import Key
from aergo_vc.model.schema import Table
from aergo_vc.model.types import Row
from aergo_vc.state.cutting import ITEM_WEIGHT, MOST_IN_ROOT, cut_positions, weight_of
from aergo_vc.state.nodes import Directory, Node, NodeStore

Line = bytes
"""A row's canonical JSON, without its line feed."""


class DuplicateKeyError(InputError):
    """Two rows of a table have the same primary key."""

    code = "E_DUPLICATE_KEY"


class OversizedKeyError(InputError):
    """A row's primary key is longer than keys may be."""

    code = "E_KEY_SIZE"


class NotATableTreeError(InvalidError):
    """A tree is not the one that its rows give."""

    code = "E_TABLE_TREE"


class TableTree:
    """Reads and builds the trees of one table."""

    def __init__(self, store: NodeStore, table: Table) -> None:
        self.store = store
        self.table = table
        self.reader = RowReader.of(table)
        self._positions = table.key_positions
        self._kinds = table.key_kinds

    def key_of(self, row: Row) -> Key:
        """The key of a row."""
        return tuple([row[position] for position in self._positions])

    def code_of(self, row: Row) -> str:
        """The key code of a row."""
        return self.code_of_key(self.key_of(row))

    def code_of_key(self, key: Key) -> str:
        """The code of a key; raises OversizedKeyError."""
        code = key_code(self._kinds, key)
        if len(code) > KEY_CODE_CHARACTERS:
            raise OversizedKeyError(f"a key of table {self.table.name} is too long", table=self.table.name)
        return code

    def codes_of(self, rows: Sequence[Row]) -> list[str]:
        """The key codes of many rows, in their order."""
        codes = key_codes(self._kinds, list(zip(*([row[at] for row in rows] for at in self._positions), strict=True)))
        if max(map(len, codes), default=0) > KEY_CODE_CHARACTERS:
            raise OversizedKeyError(f"a key of table {self.table.name} is too long", table=self.table.name)
        return codes

    def first_code(self, chunk: bytes) -> str:
        """The key code of a chunk's first row."""
        return self.code_of(self.reader.decode(chunk[: chunk.index(b"\n") + 1])[0])

    def directory(self, node: Node) -> Directory:
        """The directory that `node` names."""
        return self.store.read_directory(node, self.first_code)

    def chunks(self, root: Node | None) -> Iterator[Node]:
        """The chunks of a tree in key order."""
        if root is None:
            return
        directory = self.directory(root)
        for node in directory.nodes:
            if directory.level == 1:
                yield node
            else:
                yield from self.chunks(node)

    def rows(self, root: Node | None) -> Iterator[Row]:
        """The rows of a tree in key order; raises BadChunk."""
        for chunk in self.chunks(root):
            yield from self.reader.decode(self.store.read_chunk(chunk))

    def build(self, rows: Sequence[Row]) -> Node | None:
        """Write the tree of `rows`, which may come in any order and whose values are canonical.

        Raises DuplicateKeyError, OversizedKeyError, or BadChunk for a row that is too long.
        """
        codes = self.codes_of(rows)
        lines = encode_rows(rows).split(b"\n")
        lines.pop()
        if not all(map(lt, codes, codes[1:])):
            order = sorted(range(len(codes)), key=codes.__getitem__)
            codes = [codes[position] for position in order]
            lines = [lines[position] for position in order]
            self._refuse_duplicates(codes, lines)
        return self.build_lines(codes, lines)

    def build_lines(self, codes: Sequence[str], lines: Sequence[Line]) -> Node | None:
        """Write the tree of rows given as lines, in the order of their distinct codes."""
        longest = max(map(len, lines), default=0)
        if longest >= ITEM_WEIGHT:
            check_row_size(max(lines, key=len))
        weights = list(map(weight_of, lines)) if longest >= ITEM_WEIGHT else None
        write = self.store.write_chunk
        chunks = [
            write(codes[start], b"\n".join(lines[start:end]) + b"\n")
            for start, end in spans(cut_positions(codes, weights, 0), len(lines))
        ]
        return self.finish(chunks, 0)

    def finish(self, nodes: Sequence[Node], level: int) -> Node | None:
        """Put the root on top of all nodes of `level` (0: chunks), with the levels in between that it takes."""
        while len(nodes) > MOST_IN_ROOT:
            starts = cut_positions([node.first for node in nodes], None, level + 1)
            groups = [nodes[start:end] for start, end in spans(starts, len(nodes))]
            nodes = [self.store.write_directory(Directory(level + 1, tuple(group))) for group in groups]
            level += 1
        return self.store.write_directory(Directory(level + 1, tuple(nodes))) if nodes else None

    def check(self, root: Node) -> None:
        """Raise unless `root` is, to the byte, the tree of the rows that it holds (threat F12)."""
        if self.build(list(self.rows(root))) != root:
            raise NotATableTreeError(f"a tree of table {self.table.name} is not cut as its rows demand")

    def _refuse_duplicates(self, codes: Sequence[str], lines: Sequence[Line]) -> None:
        for position in range(1, len(codes)):
            if codes[position] == codes[position - 1]:
                key = self.key_of(self.reader.decode_line(lines[position]))
                raise DuplicateKeyError(
                    f"table {self.table.name} has two rows with the key {encode_row(key).decode()}",
                    table=self.table.name,
                )


def spans(starts: Sequence[int], length: int) -> Iterator[tuple[int, int]]:
    """Beginning and end of each group, given where the groups of a sequence of `length` begin."""
    return zip(starts, [*starts[1:], length][: len(starts)], strict=True)
