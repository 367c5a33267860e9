"""The nodes of a table tree and the store that reads and writes them.

Every node has two names: the id under which this repository keeps it, and the digest that it has in git's SHA-256
object format.  In a SHA-256 repository they are equal.  In a SHA-1 repository a directory is written once, and hashed
twice: its *twin*, the tree object in SHA-256 format, is remembered beside the repository.  Twins are looked up by their
digest and checked against it, so a lost or damaged twin costs time and never correctness.

What is read is checked against its digest, since two contents may be made to share a SHA-1 id (threat B11).  What is
remembered is remembered under both names: that an id was seen with one digest says nothing of another.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import Digest, ObjectId
from aergo_vc.base.limits import CHUNK_BYTES
from aergo_vc.codec.digests import Kind, blob_digest, tree_digest
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, decode_tree, encode_ordered, encode_tree
from aergo_vc.codec.node_name import is_cut, node_names
from aergo_vc.state.cutting import MOST_LEVELS

MOST_DEPTH = MOST_LEVELS + 3
"""Trees above one another in a state: those of a table, its contract, the state, ``ledger``."""

_CACHED_BYTES = 64 << 20
_CACHED_DIRECTORIES = 4_096


class ObjectReader(Protocol):
    """What reading a ledger needs of an object database.

    Reading raises a subclass of `InvalidError` for an object of another kind or of more bytes than `limit`.
    """

    def read_blob(self, object_id: ObjectId, limit: int = ...) -> bytes: ...

    def read_tree(self, object_id: ObjectId, limit: int = ...) -> bytes: ...


class Objects(ObjectReader, Protocol):
    """An object database that takes objects in; what was added must be readable at once."""

    def add(self, kind: Kind, data: bytes) -> ObjectId: ...


class Twins(Protocol):
    """Remembers directories in SHA-256 format by their digests; may forget at any time."""

    def get(self, digest: Digest) -> bytes | None: ...

    def put(self, digest: Digest, tree: bytes) -> None: ...


class MisnamedNodeError(InvalidError):
    """A directory of the state lists a node under another name than its first row's key gives."""

    code = "E_NODE_NAME"


class SubstitutedObjectError(InvalidError):
    """An object has the id that a tree gives, and not the digest that the signed root gives."""

    code = "E_DIGEST"


class DirectoryShapeError(InvalidError):
    """A directory of the state is empty, mixes files with directories, or lies too deep."""

    code = "E_DIRECTORY_SHAPE"


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
        self._chunks: OrderedDict[tuple[ObjectId, Digest], bytes] = OrderedDict()
        self._chunk_bytes = 0
        self._directories: OrderedDict[tuple[ObjectId, Digest], Directory] = OrderedDict()
        self.sound: set[tuple[ObjectId, Digest, Hashable]] = set()
        """Trees that are known to be what their rows give, by their names and the form of their table."""

    def write_chunk(self, first: str, data: bytes) -> Node:
        """Add a chunk whose first row has the key code `first`."""
        object_id = self._objects.add(Kind.BLOB, data)
        node = Node(first, object_id, self._digest_of_blob(object_id, data))
        self._remember_chunk(node, data)
        return node

    def read_chunk(self, node: Node) -> bytes:
        """The lines of a chunk; raises SubstitutedObjectError."""
        data = self._chunks.get((node.id, node.digest))
        if data is None:
            data = self._objects.read_blob(node.id, CHUNK_BYTES)
            _require_digest(node.id, blob_digest(data), node.digest)
            self._remember_chunk(node, data)
        return data

    def write_directory(self, directory: Directory) -> Node:
        """Add a directory."""
        names = node_names([node.first for node in directory.nodes])
        mode = FILE_MODE if directory.level == 1 else DIRECTORY_MODE
        return self._write(directory, names, mode)

    def read_directory(self, node: Node, first_code: FirstCode) -> Directory:
        """The directory that `node` names; `first_code` is asked only where a name was cut.

        Raises DirectoryShapeError, MisnamedNodeError, SubstitutedObjectError.
        """
        directory = self._directories.get((node.id, node.digest))
        if directory is None:
            directory = self._read(node, first_code)
            self._remember_directory(node, directory)
        return directory

    def read_root(self, object_id: ObjectId, digest: Digest, first_code: FirstCode) -> Node:
        """The node of a table's root directory, which does not say its first key itself; raises as read_directory."""
        directory = self.read_directory(Node("", object_id, digest), first_code)
        return Node(directory.nodes[0].first, object_id, digest)

    def digests(self, object_id: ObjectId, digest: Digest | None) -> tuple[tuple[TreeEntry, ...], list[Digest]]:
        """The entries of a tree and the digest of each; without `digest` they are computed from the objects below.

        Raises SubstitutedObjectError if the tree turns out to have another digest.
        """
        entries = decode_tree(self._objects.read_tree(object_id), self._id_bytes)
        if self._id_bytes == hashlib.sha256().digest_size:
            if digest is not None:
                _require_digest(object_id, Digest(object_id), digest)
            return entries, [Digest(entry.id) for entry in entries]
        twin = self._twins.get(digest) if digest is not None else None
        if twin is not None and tree_digest(twin) == digest:
            return entries, _digests_in(twin, entries)
        digests = [self._compute_digest(entry, MOST_DEPTH) for entry in entries]
        if digest is not None:
            _require_digest(object_id, self.put_twin(object_id, entries, digests), digest)
        return entries, digests

    def digest_of(self, entry: TreeEntry) -> Digest:
        """The digest of a blob or a tree, computed from its bytes and those of all objects below."""
        return self._compute_digest(entry, MOST_DEPTH + 1)

    def _compute_digest(self, entry: TreeEntry, depth: int) -> Digest:
        if depth == 0:
            raise DirectoryShapeError(f"tree {entry.id} lies deeper than states are", id=entry.id)
        if self._id_bytes == hashlib.sha256().digest_size:
            return Digest(entry.id)
        if entry.mode == FILE_MODE:
            return blob_digest(self._objects.read_blob(entry.id))
        entries = decode_tree(self._objects.read_tree(entry.id), self._id_bytes)
        return self.put_twin(entry.id, entries, [self._compute_digest(below, depth - 1) for below in entries])

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
        digest = Digest(object_id)
        if self._id_bytes != hashlib.sha256().digest_size:
            digest = self._remember_twin(encode_ordered(mode, names, digests))
        node = Node(firsts[0], object_id, digest)
        self._remember_directory(node, directory)
        return node

    def _read(self, node: Node, first_code: FirstCode) -> Directory:
        entries, digests = self.digests(node.id, node.digest)
        if len({entry.mode for entry in entries}) != 1:
            raise DirectoryShapeError(f"directory {node.id} is empty, or mixes files with directories", id=node.id)
        level = 1 + self._leftmost_chunk(entries[0], digests[0])[0]
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
        return first_code(self.read_chunk(self._leftmost_chunk(entry, digest)[1]))

    def _leftmost_chunk(self, entry: TreeEntry, digest: Digest) -> tuple[int, Node]:
        """The first chunk below an entry, and how many directories lie in between, its own included."""
        node = Node(entry.name, entry.id, digest)
        levels = 0
        while entry.mode == DIRECTORY_MODE:
            levels += 1
            if levels == MOST_LEVELS:
                raise DirectoryShapeError(f"directory {node.id} lies more than {MOST_LEVELS} levels deep", id=node.id)
            entries, digests = self.digests(node.id, node.digest)
            if not entries:
                raise DirectoryShapeError(f"directory {node.id} is empty", id=node.id)
            entry = entries[0]
            node = Node(entry.name, entry.id, digests[0])
        return levels, node

    def _digest_of_blob(self, object_id: ObjectId, data: bytes) -> Digest:
        if self._id_bytes == hashlib.sha256().digest_size:
            return Digest(object_id)
        return blob_digest(data)

    def _remember_chunk(self, node: Node, data: bytes) -> None:
        names = (node.id, node.digest)
        if names in self._chunks:
            return
        self._chunks[names] = data
        self._chunk_bytes += len(data)
        while self._chunk_bytes > _CACHED_BYTES:
            self._chunk_bytes -= len(self._chunks.popitem(last=False)[1])

    def _remember_directory(self, node: Node, directory: Directory) -> None:
        self._directories[node.id, node.digest] = directory
        if len(self._directories) > _CACHED_DIRECTORIES:
            self._directories.popitem(last=False)


def _require_digest(object_id: ObjectId, found: Digest, expected: Digest) -> None:
    if found != expected:
        raise SubstitutedObjectError(
            f"object {object_id} has the digest {found}, where {expected} is expected", id=object_id, expected=expected
        )


def _digests_in(twin: bytes, entries: Sequence[TreeEntry]) -> list[Digest]:
    """The digests that a twin lists, if it lists the same names as the tree itself."""
    listed = decode_tree(twin, hashlib.sha256().digest_size)
    if [(entry.name, entry.mode) for entry in listed] != [(entry.name, entry.mode) for entry in entries]:
        raise MisnamedNodeError("a tree and its SHA-256 form list different names")
    return [Digest(entry.id) for entry in listed]
