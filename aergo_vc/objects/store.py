"""What an object store is."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.digests import Kind, ObjectFormat, git_object_id
from aergo_vc.objects.errors import ObjectDamagedError, ObjectKindError, ObjectMissingError, ObjectSizeError


class ObjectStore(ABC):
    """Reads objects by id.  What it returns hashes to the id that was asked for."""

    object_format: ObjectFormat

    @abstractmethod
    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        """Kind and content of an object.

        Raises:
            ObjectMissingError: it is not there.
            ObjectSizeError: its content is longer than `limit` bytes.
            ObjectDamagedError: it cannot be read back as what its id says.

        """

    @abstractmethod
    def contains(self, object_id: ObjectId) -> bool:
        """Whether the object is there; says nothing of what it refers to."""

    def close(self) -> None:  # noqa: B027  (most stores hold nothing)
        """Give up files and processes; the store must not be used afterwards."""

    def read_blob(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        """Content of a blob.  Raises as `read`, and `ObjectKindError` if it is none."""
        return self._read_as(Kind.BLOB, object_id, limit)

    def read_tree(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        """Content of a tree.  Raises as `read`, and `ObjectKindError` if it is none."""
        return self._read_as(Kind.TREE, object_id, limit)

    def read_commit(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        """Content of a commit.  Raises as `read`, and `ObjectKindError` if it is none."""
        return self._read_as(Kind.COMMIT, object_id, limit)

    def _read_as(self, kind: Kind, object_id: ObjectId, limit: int) -> bytes:
        found, data = self.read(object_id, limit)
        if found is not kind:
            raise ObjectKindError(f"object {object_id} is a {found}, where a {kind} is expected", id=object_id)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def require_size(object_id: ObjectId, size: int, limit: int) -> None:
    """Raise `ObjectSizeError` if an object of `size` bytes is beyond `limit`."""
    if size > limit:
        raise ObjectSizeError(f"object {object_id} has {size} bytes, more than the {limit} allowed", id=object_id)


def require_id(object_id: ObjectId, kind: Kind, data: bytes, object_format: ObjectFormat) -> None:
    """Raise `ObjectDamagedError` unless the content is what `object_id` names."""
    if git_object_id(kind, data, object_format) != object_id:
        raise ObjectDamagedError(f"object {object_id} is damaged: its content has another id", id=object_id)


def missing(object_id: ObjectId) -> ObjectMissingError:
    """The error for an object that is not there."""
    return ObjectMissingError(f"object {object_id} is not in the repository", id=object_id)
