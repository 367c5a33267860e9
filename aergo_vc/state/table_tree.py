"""Table trees: all rows of one table, as chunks in a Merkle search tree.

The same rows give the same tree, whatever operations led to them.  A table without rows has no tree.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import lt

from aergo_vc.base.errors import AergoError, InputError, InvalidError
from aergo_vc.base.limits import KEY_CODE_CHARACTERS
from aergo_vc.codec.key_code import key_code, key_codes
from aergo_vc.codec.row_chunk import RowReader, check_doubles, check_row_size, check_texts, encode_row, encode_rows
from aergo_vc.model.changes import Key
from aergo_vc.model.schema import Table
from aergo_vc.model.types import Kind, Row
from aergo_vc.state.cutting import CUTTING, Cutting
from aergo_vc.state.nodes import Directory, Node, NodeStore

_SOUND_TREES = 1_024

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

    def __init__(self, store: NodeStore, table: Table, cutting: Cutting = CUTTING) -> None:
        self.store = store
        self.table = table
        self.cutting = cutting
        self._positions = table.key_positions
        self._kinds = table.key_kinds
        self._has_doubles = any(column.type.kind is Kind.DOUBLE for column in table.columns)
        self._form = (table.columns, table.primary_key, cutting)

    @cached_property
    def reader(self) -> RowReader:
        """Reads the rows of chunks; replacing rows needs none."""
        return RowReader.of(self.table)

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
        """The key codes of many rows, in their order; raises OversizedKeyError."""
        return self._codes_of(rows, OversizedKeyError)

    def codes_of_stored(self, rows: Sequence[Row]) -> list[str]:
        """The key codes of rows that were read from a tree; raises NotATableTreeError."""
        return self._codes_of(rows, NotATableTreeError)

    def _codes_of(self, rows: Sequence[Row], error: type[AergoError]) -> list[str]:
        codes = key_codes(self._kinds, [[row[at] for row in rows] for at in self._positions])
        if max(map(len, codes), default=0) > KEY_CODE_CHARACTERS:
            raise error(f"a key of table {self.table.name} is too long", table=self.table.name)
        return codes

    def first_code(self, chunk: bytes) -> str:
        """The key code of a chunk's first row; raises BadChunk, NotATableTreeError."""
        return self.codes_of_stored(self.reader.decode(chunk[: chunk.find(b"\n") + 1]))[0]

    def directory(self, node: Node) -> Directory:
        """The directory that `node` names."""
        return self.store.read_directory(node, self.first_code)

    def nodes_below(self, node: Node, level: int) -> tuple[Node, ...]:
        """The nodes of a directory that must be of `level`; raises NotATableTreeError."""
        directory = self.directory(node)
        if directory.level != level:
            raise NotATableTreeError(f"directory {node.id} is of level {directory.level}, not {level}", id=node.id)
        return directory.nodes

    def chunks(self, root: Node | None) -> Iterator[Node]:
        """The chunks of a tree in key order."""
        if root is not None:
            yield from self._chunks(root, self.directory(root).level)

    def _chunks(self, node: Node, level: int) -> Iterator[Node]:
        if level == 0:
            yield node
            return
        for below in self.nodes_below(node, level):
            yield from self._chunks(below, level - 1)

    def rows(self, root: Node | None) -> Iterator[Row]:
        """The rows of a tree in key order; raises BadChunk."""
        for chunk in self.chunks(root):
            yield from self.reader.decode(self.store.read_chunk(chunk))

    def known_rows(self, root: Node | None) -> list[Row]:
        """The rows of a tree that is sound (`is_sound`), in key order: their spelling is not checked again."""
        rows: list[Row] = []
        for chunk in self.chunks(root):
            rows += self.reader.decode_known_lines(self.store.read_chunk(chunk))
        return rows

    def extent(self, root: Node) -> tuple[int, int]:
        """How many rows a sound tree has, and how many bytes its longest line."""
        count = longest = 0
        for chunk in self.chunks(root):
            lines = self.store.read_chunk(chunk).split(b"\n")
            count += len(lines) - 1
            longest = max(longest, *map(len, lines))
        return count, longest

    def build(self, rows: Sequence[Row]) -> Node | None:
        """Write the tree of `rows`, which may come in any order and whose values are canonical.

        Raises DuplicateKeyError, OversizedKeyError, or BadChunk for a row that is too long, or holds a NUL or -0.0.
        """
        root = self.build_lines(*self.sorted_lines(rows))
        if root is not None:
            self.note_sound(root)
        return root

    def is_sound(self, root: Node) -> bool:
        """Whether this process built the tree from rows of such a table, or checked it, not long ago."""
        return (root.id, root.digest, self._form) in self.store.sound

    def note_sound(self, root: Node) -> None:
        """Remember that a tree is the one that its rows give: it was built from them, or `check_tree` passed it."""
        if len(self.store.sound) >= _SOUND_TREES:
            self.store.sound.clear()
        self.store.sound.add((root.id, root.digest, self._form))

    def sorted_lines(self, rows: Sequence[Row]) -> tuple[list[str], list[Line]]:
        """The key codes of `rows` in ascending order, and their lines; raises as `build` does."""
        codes = self.codes_of(rows)
        encoded = encode_rows(rows)
        check_texts(encoded)
        if self._has_doubles:
            check_doubles(encoded, rows)
        lines = encoded.split(b"\n")
        lines.pop()
        if not all(map(lt, codes, codes[1:])):
            order = sorted(range(len(codes)), key=codes.__getitem__)
            codes = [codes[position] for position in order]
            lines = [lines[position] for position in order]
            self._refuse_duplicates(codes, lines)
        return codes, lines

    def build_lines(self, codes: Sequence[str], lines: Sequence[Line]) -> Node | None:
        """Write the tree of rows given as lines, in the order of their distinct codes."""
        weights = self.cutting.weights_of(lines)
        if weights is not None:
            check_row_size(max(lines, key=len))
        write = self.store.write_chunk
        chunks = [
            write(codes[start], b"\n".join(lines[start:end]) + b"\n")
            for start, end in spans(self.cutting.positions(codes, weights, 0), len(lines))
        ]
        return self.finish(chunks, 0)

    def finish(self, nodes: Sequence[Node], level: int) -> Node | None:
        """Put the root on top of all nodes of `level` (0: chunks), with the levels in between that it takes."""
        while len(nodes) > self.cutting.most_in_root:
            starts = self.cutting.positions([node.first for node in nodes], None, level + 1)
            groups = [nodes[start:end] for start, end in spans(starts, len(nodes))]
            nodes = [self.store.write_directory(Directory(level + 1, tuple(group))) for group in groups]
            level += 1
        return self.store.write_directory(Directory(level + 1, tuple(nodes))) if nodes else None

    def _refuse_duplicates(self, codes: Sequence[str], lines: Sequence[Line]) -> None:
        for position in range(1, len(codes)):
            if codes[position] == codes[position - 1]:
                key = self.key_of(self.reader.decode_known_line(lines[position]))
                raise DuplicateKeyError(
                    f"table {self.table.name} has two rows with the key {encode_row(key).decode()}",
                    table=self.table.name,
                )


def spans(starts: Sequence[int], length: int) -> Iterator[tuple[int, int]]:
    """Beginning and end of each group, given where the groups of a sequence of `length` begin."""
    return zip(starts, [*starts[1:], length][: len(starts)], strict=True)
