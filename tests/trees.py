"""What the tests of codecs and table trees share: objects in memory, tables, Hypothesis strategies of keys and rows."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.codec.digests import Kind as ObjectKind
from aergo_vc.codec.digests import ObjectFormat, git_object_id
from aergo_vc.model.interval_text import Interval, interval_text
from aergo_vc.model.json_text import jsonb_text, parse_json
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.state.checking import check_tree
from aergo_vc.state.cutting import CUTTING, Cutting
from aergo_vc.state.nodes import Node, NodeStore
from aergo_vc.state.table_tree import TableTree

SMALL = Cutting(item_weight=16, lightest_group=3 * 16, heaviest_group=6 * 16, most_in_root=6)
"""Cuts so often that some hundred rows make a tree of three or four levels."""


class Objects:
    """An object database in memory that counts what is added."""

    def __init__(self, object_format: ObjectFormat = ObjectFormat.SHA1) -> None:
        self.format = object_format
        self.objects: dict[ObjectId, tuple[ObjectKind, bytes]] = {}
        self.added: list[ObjectId] = []

    def add(self, kind: ObjectKind, data: bytes) -> ObjectId:
        object_id = git_object_id(kind, data, self.format)
        self.objects[object_id] = kind, data
        self.added.append(object_id)
        return object_id

    def read_blob(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
        return self.read(ObjectKind.BLOB, object_id, limit)

    def read_tree(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
        return self.read(ObjectKind.TREE, object_id, limit)

    def read(self, kind: ObjectKind, object_id: ObjectId, limit: int) -> bytes:
        found, data = self.objects[object_id]
        if found is not kind:
            raise WrongKind
        if len(data) > limit:
            raise TooLong
        return data


class WrongKind(Exception):
    """The fake's answer to reading an object as what it is not."""


class TooLong(Exception):
    """The fake's answer to reading an object that is longer than asked for."""


class Twins(dict[Digest, bytes]):
    """Twins in memory."""

    def put(self, digest: Digest, tree: bytes) -> None:
        self[digest] = tree


def table(*types: ColumnType | Kind, key: int = 1) -> Table:
    """A table with columns ``c0``, ``c1``, … of `types`, the first `key` of which make up its primary key."""
    columns = tuple(
        Column(f"c{place}", made if isinstance(made, ColumnType) else ColumnType(made), not_null=place < key)
        for place, made in enumerate(types)
    )
    return Table(TableName("public.t"), columns, tuple(column.name for column in columns[:key]))


NUMBERED = table(Kind.BIGINT, Kind.TEXT)
"""A table with an integer for a key and a text besides."""


def tree_of(
    made: Table = NUMBERED,
    cutting: Cutting = CUTTING,
    object_format: ObjectFormat = ObjectFormat.SHA1,
    objects: Objects | None = None,
) -> TableTree:
    """A tree in memory."""
    objects = objects or Objects(object_format)
    return TableTree(NodeStore(objects, Twins(), objects.format.id_bytes), made, cutting)


def reread(tree: TableTree, root: Node, *, with_twins: bool = True) -> TableTree:
    """The same tree behind a store that remembers nothing."""
    del root
    objects, twins = tree.store._objects, tree.store._twins
    return TableTree(
        NodeStore(objects, twins if with_twins else Twins(), tree.store._id_bytes), tree.table, tree.cutting
    )


def checked(tree: TableTree, root: Node | None) -> Node | None:
    """`root`, after a strict reading by a store that remembers nothing."""
    if root is not None:
        check_tree(reread(tree, root), root)
    return root


def numbered(numbers: Iterable[int], text: str = "v") -> list[Row]:
    """Rows of `NUMBERED`."""
    return [(number, f"{text}{number}") for number in numbers]


def directories(tree: TableTree, root: Node) -> Iterator[Node]:
    """All directories of a tree, the root first."""
    yield root
    directory = tree.directory(root)
    if directory.level > 1:
        for node in directory.nodes:
            yield from directories(tree, node)


def _decimal(number: int, scale: int) -> str:
    digits = f"{abs(number):0{scale + 1}d}"
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return "-" + text if number < 0 else text


def _moment(moment: dt.datetime | dt.time, zone: str) -> str:
    text = moment.isoformat(*((" ",) if isinstance(moment, dt.datetime) else ()), timespec="microseconds")
    return text.rstrip("0").rstrip(".") + zone if "." in text else text + zone


_TEXT_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_TEXT = st.text(_TEXT_LETTERS, max_size=70) | st.text("aAzZ`_{0:~\x7f é😀", max_size=5)

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(_TEXT_LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_TEXT_LETTERS, max_size=3), inner, max_size=3),
    max_leaves=5,
)

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.SMALLINT: st.integers(-(2**15), 2**15 - 1),
    Kind.INTEGER: st.integers(-(2**31), 2**31 - 1),
    Kind.BIGINT: st.integers(-(2**63), 2**63 - 1) | st.integers(-1000, 1000),
    Kind.NUMERIC: st.builds(
        _decimal, st.integers(-(10**40), 10**40) | st.integers(-200, 200), st.integers(0, 45) | st.integers(0, 3)
    ),
    Kind.BOOLEAN: st.booleans(),
    Kind.TEXT: _TEXT,
    Kind.VARCHAR: _TEXT,
    Kind.CHAR: _TEXT,
    Kind.DATE: st.dates().map(str),
    Kind.TIME: st.times().map(lambda time: _moment(time, "")),
    Kind.TIMESTAMP: st.datetimes().map(lambda moment: _moment(moment, "")),
    Kind.TIMESTAMPTZ: st.datetimes().map(lambda moment: _moment(moment, "+00")),
    Kind.UUID: st.uuids().map(str),
    Kind.BYTEA: st.binary(max_size=40).map(lambda data: "\\x" + data.hex()),
    Kind.REAL: st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    Kind.INTERVAL: st.builds(
        Interval, st.integers(-(10**6), 10**6), st.integers(-(10**7), 10**7), st.integers(-(10**17), 10**17)
    ).map(interval_text),
    Kind.JSON: _json.map(json.dumps),
    Kind.JSONB: _json.map(lambda value: jsonb_text(parse_json(json.dumps(value)))),
    Kind.ENUM: st.sampled_from(["sad", "ok", "happy", "A b"]),
    Kind.DOUBLE: st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
}
"""Canonical values of every kind."""
