"""Objects through dulwich: repositories of the SHA-256 format, and a store in memory."""

import zlib
from collections.abc import Sequence
from typing import Self

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, FileFormatException
from dulwich.object_format import get_object_format
from dulwich.object_store import BaseObjectStore, DiskObjectStore, MemoryObjectStore
from dulwich.objects import ObjectID, ShaFile

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.digests import Kind, ObjectFormat, git_object_id
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.errors import ObjectDamagedError
from aergo_vc.objects.loose import object_folders, read_loose
from aergo_vc.objects.store import ObjectStore, missing, require_id, require_size

_KINDS = {1: Kind.COMMIT, 2: Kind.TREE, 3: Kind.BLOB, 4: Kind.TAG}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}
_DAMAGE = (ApplyDeltaError, AssertionError, ChecksumMismatch, FileFormatException, OSError, ValueError, zlib.error)


class DulwichStore(ObjectStore):
    """Whatever dulwich hands out is hashed again here, because dulwich trusts what it reads.

    It cannot tell the size of a packed object without inflating: `limit` then bounds what is returned, and dulwich's
    own limit of 512 MiB what is inflated.
    """

    def __init__(self, store: BaseObjectStore, object_format: ObjectFormat, folders: Sequence[str] = ()) -> None:
        self.object_format = object_format
        self._store = store
        self._folders = folders

    @classmethod
    def open(cls, paths: GitPaths) -> Self:
        """The store of a repository on disk."""
        name = paths.object_format
        alternates = [str(path) for path in paths.alternates] or None
        disk = DiskObjectStore(str(paths.objects_dir), object_format=get_object_format(name), alternates=alternates)
        return cls(disk, name, [str(folder) for folder in object_folders(paths)])

    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        loose = read_loose(self._folders, object_id, limit, self.object_format)
        if loose is not None:
            return loose
        try:
            number, data = self._store.get_raw(ObjectID(object_id.encode()))
        except KeyError:
            raise missing(object_id) from None
        except _DAMAGE as error:
            raise ObjectDamagedError(f"object {object_id} cannot be read: {error}", id=object_id) from error
        require_size(object_id, len(data), limit)
        require_id(object_id, _KINDS[number], data, self.object_format)
        return _KINDS[number], data

    def contains(self, object_id: ObjectId) -> bool:
        return ObjectID(object_id.encode()) in self._store

    def close(self) -> None:
        self._store.close()


class MemoryStore(DulwichStore):
    """A store that lives and dies with the process."""

    def __init__(self, object_format: ObjectFormat = ObjectFormat.SHA1) -> None:
        super().__init__(MemoryObjectStore(object_format=get_object_format(object_format)), object_format)

    def add(self, kind: Kind, data: bytes) -> ObjectId:
        """Keep an object; returns its id."""
        name = git_object_id(kind, data, self.object_format)
        stored = ShaFile.from_raw_string(_NUMBERS[kind], data, sha=ObjectID(name.encode()))
        self._store.add_object(stored)
        return name
