"""A state as queries see it: tables with the roots of their trees, views, and relations that are computed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.codec.row_chunk import encode_rows
from aergo_vc.model.schema import Column, Table, View
from aergo_vc.model.types import Row
from aergo_vc.query.column_types import LoadColumn, load_column
from aergo_vc.state.comparing import changed_chunks
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Root
from aergo_vc.state.table_tree import TableTree

SEGMENT_BYTES = 64 << 20
"""Rows on their way into DuckDB lie in a file of about this size at most."""


@dataclass(frozen=True, slots=True)
class QueryTable:
    """A table of a state: how to read its tree, and its root, None meaning no rows."""

    tree: TableTree
    root: Root | None

    @property
    def table(self) -> Table:
        return self.tree.table

    @property
    def load_columns(self) -> tuple[LoadColumn, ...]:
        """How every column is loaded, a hidden key included."""
        return tuple(load_column(column.type) for column in self.table.columns)

    @property
    def node(self) -> Node | None:
        """The root's node."""
        return self._node(self.root)

    def chunks_since(self, before: Root | None) -> tuple[list[Node], list[Node]]:
        """The chunks that went and that came since the table had another root; raises as reading the trees does."""
        return changed_chunks(self.tree, self._node(before), self.node)

    def _node(self, root: Root | None) -> Node | None:
        return None if root is None else self.tree.store.read_root(root.id, root.digest, self.tree.first_code)


class QuerySource(Protocol):
    """A relation that is computed rather than stored, such as a history or a difference.

    It is shown beside the tables under `name`.  `rows` gives its rows once a session, in any order, each value in the
    canonical form of its column's type.
    """

    @property
    def name(self) -> TableName: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    def rows(self) -> Iterator[Row]: ...


@dataclass(frozen=True, slots=True)
class QueryState:
    """What queries can name.

    `line` names what moves from state to state and is asked for mostly at its newest, as a branch does; None stands
    for a state that is looked at once.
    """

    tables: Mapping[TableName, QueryTable]
    views: Mapping[TableName, View] = field(default_factory=dict)
    sources: Sequence[QuerySource] = ()
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of rows for the loader, and the digests of the chunks that they are from."""

    path: Path
    digests: list[str]


def write_chunk_segments(table: QueryTable, chunks: Sequence[Node], path: Path) -> Iterator[Segment]:
    """Put the rows of chunks into `path`, a segment at a time; each is gone once the next is asked for."""
    read = table.tree.store.read_chunk
    place = 0
    while place < len(chunks):
        digests: list[str] = []
        size = 0
        with path.open("wb") as file:
            while place < len(chunks) and size < SEGMENT_BYTES:
                size += file.write(_with_place(read(chunks[place]), len(digests)))
                digests.append(chunks[place].digest)
                place += 1
        yield Segment(path, digests)
    path.unlink(missing_ok=True)


def write_source_segments(source: QuerySource, path: Path) -> Iterator[Segment]:
    """Put a computed relation's rows into `path`, a segment at a time."""
    rows = source.rows()
    row = next(rows, None)
    number = 0
    while row is not None:
        size = 0
        with path.open("wb") as file:
            while row is not None and size < SEGMENT_BYTES:
                size += file.write(_with_place(encode_rows([row]), 0))
                row = next(rows, None)
        yield Segment(path, [f"segment {number}"])
        number += 1
    path.unlink(missing_ok=True)


def root_text(root: Root | None) -> tuple[str, str] | None:
    """A root as plain text, id and digest."""
    return None if root is None else (root.id, root.digest)


def root_from_text(text: tuple[str, str] | None) -> Root | None:
    """What `root_text` made text of."""
    return None if text is None else Root(ObjectId(text[0]), Digest(text[1]))


def _with_place(chunk: bytes, place: int) -> bytes:
    """A chunk's lines, each array with the chunk's place in front.  A line feed never stands within a line."""
    beginning = b"[%d," % place
    return beginning + chunk[1:].replace(b"\n[", b"\n" + beginning)


READING_ERRORS = (AergoError, KeyError)
"""What reading an old tree may raise where git has since removed its objects."""
