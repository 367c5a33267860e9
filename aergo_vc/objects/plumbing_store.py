"""Objects through a ``git cat-file`` child: for commands that must start fast, and for partial clones."""

from collections.abc import Mapping

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.digests import Kind
from aergo_vc.objects.cat_file import CatFile
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.errors import ObjectDamagedError
from aergo_vc.objects.git import Git
from aergo_vc.objects.store import ObjectStore, missing, require_id, require_size


class PlumbingStore(ObjectStore):
    """Starts the child at the first question, and again after it has died of a damaged object."""

    def __init__(self, paths: GitPaths, environment: Mapping[str, str] | None = None) -> None:
        self.object_format = paths.object_format
        self._git = Git(paths, environment, user_config=paths.is_partial, lazy_fetch=paths.is_partial)
        self._child: CatFile | None = None

    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        # One question, since each has both processes wait for the other.
        answer = self._ask("contents", object_id)
        if answer is None:
            raise missing(object_id)
        kind, size = answer
        child = self._running()
        if size > limit:
            child.is_in_step = False  # nobody reads what git is about to write: it is stopped
            self.close()
        require_size(object_id, size, limit)
        data = child.content(object_id, size)
        if data is None or not child.is_in_step:
            self.close()
        if data is None:
            raise ObjectDamagedError(f"object {object_id} cannot be read by git", id=object_id)
        require_id(object_id, kind, data, self.object_format)
        return kind, data

    def contains(self, object_id: ObjectId) -> bool:
        return self._ask("info", object_id) is not None

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _ask(self, question: str, object_id: ObjectId) -> tuple[Kind, int] | None:
        """Kind and size as git states them; None if the object is missing."""
        words = self._running().ask(question, object_id)
        if words[1:] == ["missing"]:
            return None
        if len(words) != len(("id", "kind", "size")):
            self.close()
            self._git.require_version()
            raise ObjectDamagedError(f"object {object_id} cannot be read by git", id=object_id)
        return Kind(words[1]), int(words[2])

    def _running(self) -> CatFile:
        if self._child is None:
            self._child = CatFile(self._git.start("cat-file", "--batch-command"))
        return self._child
