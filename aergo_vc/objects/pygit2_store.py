"""Objects through libgit2: the fast store, for repositories of the SHA-1 format."""

import os
from contextlib import suppress

import pygit2
from pygit2.enums import ObjectType

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.errors import ObjectDamagedError, UnsupportedRepositoryError
from aergo_vc.objects.loose import object_folders, read_loose
from aergo_vc.objects.store import ObjectStore, missing, require_size

_KINDS = {
    int(ObjectType.COMMIT): Kind.COMMIT,
    int(ObjectType.TREE): Kind.TREE,
    int(ObjectType.BLOB): Kind.BLOB,
    int(ObjectType.TAG): Kind.TAG,
}

_READS_BETWEEN_LOOKS = 512


class Pygit2Store(ObjectStore):
    """The object directory alone is opened, not the repository: no config is read, no extension stands in the way.

    libgit2 hashes what it reads, and looks for new packs on a miss.  Those that are gone it keeps open, and searches:
    so after some reads all is opened anew if packs came or went.  Loose objects never reach it (see `loose`).
    A pack whose index was damaged on disk can send libgit2 1.9 round for ever: suspect a repository with ``git fsck``.
    """

    object_format = ObjectFormat.SHA1

    def __init__(self, paths: GitPaths) -> None:
        if paths.object_format is not ObjectFormat.SHA1:
            raise UnsupportedRepositoryError("libgit2 serves repositories of the SHA-1 format only")
        self._folders = [str(folder) for folder in object_folders(paths)]
        self._paths = paths
        self._reads = 0
        self._open()

    def _open(self) -> None:
        self._changed = self._last_change()
        self._database = pygit2.Odb(str(self._paths.objects_dir))
        for alternate in self._paths.alternates:
            self._database.add_disk_alternate(str(alternate))

    def _last_change(self) -> tuple[int, ...]:
        """When packs last came or went, in each directory."""
        found: list[int] = []
        for folder in self._folders:
            with suppress(OSError):
                found.append(os.stat(f"{folder}/pack").st_mtime_ns)  # noqa: PTH116  (as in `read_loose`)
        return tuple(found)

    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        self._reads += 1
        if self._reads % _READS_BETWEEN_LOOKS == 0 and self._last_change() != self._changed:
            self._open()
        loose = read_loose(self._folders, object_id, limit, self.object_format)
        if loose is not None:
            return loose
        try:
            name = pygit2.Oid(hex=object_id)
            kind, size = self._database.read_header(name)
            require_size(object_id, size, limit)
            kind, data = self._database.read(name)
        except KeyError:
            raise missing(object_id) from None
        except (pygit2.GitError, ValueError, OSError) as error:
            raise ObjectDamagedError(f"object {object_id} cannot be read: {error}", id=object_id) from error
        return _KINDS[int(kind)], data

    def contains(self, object_id: ObjectId) -> bool:
        return self._database.exists(pygit2.Oid(hex=object_id))
