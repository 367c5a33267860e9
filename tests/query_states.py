"""States for the tests of queries: objects in memory, tables of chosen columns and rows."""

from collections.abc import Mapping, Sequence

from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.codec.digests import Kind as ObjectKind
from aergo_vc.codec.digests import ObjectFormat, git_object_id
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.query.state import QueryTable
from aergo_vc.state.nodes import Node, NodeStore
from aergo_vc.state.snapshot import Root
from aergo_vc.state.table_tree import TableTree


class MemoryObjects:
    """An object database in memory, which counts the blobs that are read and can forget."""

    def __init__(self) -> None:
        self.objects: dict[ObjectId, bytes] = {}
        self.reads = 0

    def read_blob(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
        assert len(self.objects[object_id]) <= limit
        self.reads += 1
        return self.objects[object_id]

    def read_tree(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
        assert len(self.objects[object_id]) <= limit
        return self.objects[object_id]

    def add(self, kind: ObjectKind, data: bytes) -> ObjectId:
        object_id = git_object_id(kind, data, ObjectFormat.SHA1)
        self.objects[object_id] = data
        return object_id


class MemoryTwins(dict[Digest, bytes]):
    """Twins in memory."""

    def put(self, digest: Digest, tree: bytes) -> None:
        self[digest] = tree


class States:
    """Makes tables of states in one object database."""

    def __init__(self) -> None:
        self.objects = MemoryObjects()
        self.twins = MemoryTwins()

    def store(self) -> NodeStore:
        """A store that remembers nothing yet."""
        return NodeStore(self.objects, self.twins, 20)

    def table(self, table: Table, rows: Sequence[Row]) -> QueryTable:
        """A table with rows, to be read by a store that has not seen them."""
        return self.at(table, TableTree(self.store(), table).build(rows))

    def at(self, table: Table, node: Node | None) -> QueryTable:
        """A table under a node."""
        root = None if node is None else Root(node.id, node.digest)
        return QueryTable(TableTree(self.store(), table), root)


def make_table(name: str, columns: Mapping[str, ColumnType | Kind], key: Sequence[str]) -> Table:
    """A table with nullable columns, save those of its key."""
    made = [
        Column(column, kind if isinstance(kind, ColumnType) else ColumnType(kind), not_null=column in key)
        for column, kind in columns.items()
    ]
    return Table(TableName(name), tuple(made), tuple(key))
