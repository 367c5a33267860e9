"""The nodes of a table tree and the store that reads and writes them.

Every node has two names: the id under which this repository keeps it, and the digest that it has in git's SHA-256
object format.  In a SHA-256 repository they are equal.  In a SHA-1 repository a directory is written once, and hashed
twice: its *twin*, the tree object in SHA-256 format, is remembered beside the repository.  Twins are looked up by their
digest and checked against it, so a lost or damaged twin costs time and never correctness.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import Digest, ObjectId
from aergo_vc.codec.digests import Kind, blob_digest, tree_digest
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, decode_tree, encode_ordered, encode_tree
from aergo_vc.codec.node_name import is_cut, node_names

_CACHED_BYTES = 64 << 20
_CACHED_DIRECTORIES = 4_096


class Objects(Protocol):
    """What the state needs of an object database; objects added must be readable at once."""

    def read_blob(self, object_id: ObjectId) -> bytes: ...

    def read_tree(self, object_id: ObjectId) -> bytes: ...

    def add(self, kind: Kind, data: bytes) -> ObjectId: ...


class Twins(Protocol):
    """Remembers directories in SHA-256 format by their digests; may forget at any time."""

    def get(self, digest: Digest) -> bytes | None: ...

    def put(self, digest: Digest, tree: bytes) -> None: ...


class MisnamedNodeError(InvalidError):
    """A directory of the state lists a node under another name than its first row's key gives."""

    code = "E_NODE_NAME"


class Node(NamedTuple):
    """A chunk or a directory of chunks or directories; `first` is the key code of the first row in it."""

    first: str
    id: ObjectId
    digest: Digest


@dataclass(frozen=True, slots=True)
class Directory:
    """The nodes of one directory in key order.  `level` is 1 where they are chunks, 2 one above, …."""

    level: int
    nodes: tuple[Node, ...]


FirstCode = Callable[[bytes], str]
"""From a chunk to the key code of its first row."""


class NodeStore:
    """Reads and writes nodes, remembering what it has lately seen."""

    def __init__(self, objects: Objects, twins: Twins, id_bytes: int) -> None:
        self._objects = objects
        self._twins = twins
        self._id_bytes = id_bytes
        self._chunks: OrderedDict[ObjectId, bytes] = OrderedDict()
        self._chunk_bytes = 0
        self._directories: OrderedDict[ObjectId, Directory] = OrderedDict()

    def write_chunk(self, first: str, data: bytes) -> Node:
        """Add a chunk whose first row has the key code `first`."""
        object_id = self._objects.add(Kind.BLOB, data)
        self._remember_chunk(object_id, data)
        return Node(first, object_id, self._digest_of_blob(object_id, data))

    def read_chunk(self, node: Node) -> bytes:
        """The lines of a chunk."""
        data = self._chunks.get(node.id)
        if data is None:
            data = self._objects.read_blob(node.id)
            self._remember_chunk(node.id, data)
        return data

    def write_directory(self, directory: Directory) -> Node:
        """Add a directory."""
        names = node_names([node.first for node in directory.nodes])
        mode = FILE_MODE if directory.level == 1 else DIRECTORY_MODE
        return self._write(directory, names, mode)

    def read_directory(self, node: Node, first_code: FirstCode) -> Directory:
        """The directory that `node` names; `first_code` is asked only where a name was cut."""
        directory = self._directories.get(node.id)
        if directory is None:
            directory = self._read(node, first_code)
            self._remember_directory(node.id, directory)
        return directory

    def read_root(self, object_id: ObjectId, digest: Digest, first_code: FirstCode) -> Node:
        """The node of a table's root directory, which does not say its first key itself."""
        directory = self.read_directory(Node("", object_id, digest), first_code)
        return Node(directory.nodes[0].first, object_id, digest)

    def digests(self, object_id: ObjectId, digest: Digest | None) -> tuple[tuple[TreeEntry, ...], list[Digest]]:
        """The entries of a tree and the digest of each; without `digest` they are computed from the objects below."""
        entries = decode_tree(self._objects.read_tree(object_id), self._id_bytes)
        if self._id_bytes == hashlib.sha256().digest_size:
            return entries, [Digest(entry.id) for entry in entries]
        twin = self._twins.get(digest) if digest is not None else None
        if twin is not None and tree_digest(twin) == digest:
            return entries, _digests_in(twin, entries)
        return entries, [self.digest_of(entry) for entry in entries]

    def digest_of(self, entry: TreeEntry) -> Digest:
        """The digest of a blob or a tree, computed from its bytes and those of all objects below."""
        if entry.mode == FILE_MODE:
            return self._digest_of_blob(entry.id, self._objects.read_blob(entry.id))
        entries, digests = self.digests(entry.id, None)
        return self.put_twin(entry.id, entries, digests)

    def put_twin(self, object_id: ObjectId, entries: Sequence[TreeEntry], digests: Sequence[Digest]) -> Digest:
        """Remember a tree in SHA-256 format; returns its digest."""
        if self._id_bytes == hashlib.sha256().digest_size:
            return Digest(object_id)
        return self._remember_twin(
            encode_tree(
                [
                    TreeEntry(entry.name, entry.mode, ObjectId(digest))
                    for entry, digest in zip(entries, digests, strict=True)
                ]
            )
        )

    def _remember_twin(self, twin: bytes) -> Digest:
        digest = tree_digest(twin)
        self._twins.put(digest, twin)
        return digest

    def _write(self, directory: Directory, names: list[str], mode: int) -> Node:
        firsts, ids, digests = zip(*directory.nodes, strict=True)
        object_id = self._objects.add(Kind.TREE, encode_ordered(mode, names, ids))
        self._remember_directory(object_id, directory)
        if self._id_bytes == hashlib.sha256().digest_size:
            return Node(firsts[0], object_id, Digest(object_id))
        return Node(firsts[0], object_id, self._remember_twin(encode_ordered(mode, names, digests)))

    def _read(self, node: Node, first_code: FirstCode) -> Directory:
        entries, digests = self.digests(node.id, node.digest)
        level = 1
        if entries and entries[0].mode == DIRECTORY_MODE:
            below = self.read_directory(Node("", entries[0].id, digests[0]), first_code)
            level = below.level + 1
        nodes = tuple(
            Node(self._first(entry, digest, first_code), entry.id, digest)
            for entry, digest in zip(entries, digests, strict=True)
        )
        if node_names([below.first for below in nodes]) != [entry.name for entry in entries]:
            raise MisnamedNodeError(f"directory {node.id} names its nodes otherwise than their first rows do")
        return Directory(level, nodes)

    def _first(self, entry: TreeEntry, digest: Digest, first_code: FirstCode) -> str:
        if not is_cut(entry.name):
            return entry.name
        if entry.mode == FILE_MODE:
            return first_code(self.read_chunk(Node(entry.name, entry.id, digest)))
        return self.read_directory(Node(entry.name, entry.id, digest), first_code).nodes[0].first

    def _digest_of_blob(self, object_id: ObjectId, data: bytes) -> Digest:
        if self._id_bytes == hashlib.sha256().digest_size:
            return Digest(object_id)
        return blob_digest(data)

    def _remember_chunk(self, object_id: ObjectId, data: bytes) -> None:
        if object_id in self._chunks:
            return
        self._chunks[object_id] = data
        self._chunk_bytes += len(data)
        while self._chunk_bytes > _CACHED_BYTES:
            self._chunk_bytes -= len(self._chunks.popitem(last=False)[1])

    def _remember_directory(self, object_id: ObjectId, directory: Directory) -> None:
        self._directories[object_id] = directory
        if len(self._directories) > _CACHED_DIRECTORIES:
            self._directories.popitem(last=False)


def _digests_in(twin: bytes, entries: Sequence[TreeEntry]) -> list[Digest]:
    """The digests that a twin lists, if it lists the same names as the tree itself."""
    listed = decode_tree(twin, hashlib.sha256().digest_size)
    if [(entry.name, entry.mode) for entry in listed] != [(entry.name, entry.mode) for entry in entries]:
        raise MisnamedNodeError("a tree and its SHA-256 form list different names")
    return [Digest(entry.id) for entry in listed]
