"""What content is called: object ids of git's SHA-1 and SHA-256 formats.

An object's id is the hash of ``<kind> <size in decimal>``, a NUL byte and the content.  A ledger's own integrity rests
on the SHA-256 form alone (design D1), whatever format the repository has.
"""

import hashlib
from enum import StrEnum

from aergo_vc.base.ids import Digest, ObjectId


class ObjectFormat(StrEnum):
    """The object format of a repository, spelled as in ``extensions.objectFormat``."""

    SHA1 = "sha1"
    SHA256 = "sha256"

    @property
    def id_bytes(self) -> int:
        """Length of a raw id: 20 or 32."""
        return 20 if self is ObjectFormat.SHA1 else 32


class Kind(StrEnum):
    """The kinds of object, spelled as git spells them."""

    BLOB = "blob"
    COMMIT = "commit"
    TAG = "tag"
    TREE = "tree"


_PREFIXES = {kind: kind.value.encode() + b" %d\0" for kind in Kind}
_HASHES = {
    ObjectFormat.SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False),
    ObjectFormat.SHA256: hashlib.sha256,
}


def git_object_id(kind: Kind, data: bytes, object_format: ObjectFormat) -> ObjectId:
    """The id of an object of `kind` with content `data` in a repository of `object_format`."""
    return ObjectId(_HASHES[object_format](_PREFIXES[kind] % len(data) + data).hexdigest())


def blob_digest(data: bytes) -> Digest:
    """The id that a blob has in the SHA-256 format."""
    return Digest(hashlib.sha256(b"blob %d\0" % len(data) + data).hexdigest())


def tree_digest(data: bytes) -> Digest:
    """The id that a tree has in the SHA-256 format; `data` must hold 32-byte ids."""
    return Digest(hashlib.sha256(b"tree %d\0" % len(data) + data).hexdigest())
