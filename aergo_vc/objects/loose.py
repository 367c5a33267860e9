"""Read loose objects: one deflated file each, ``<kind> <size>``, NUL, content (gitrepository-layout).

Read here rather than by a library, because libgit2 1.9 loops for ever on a file that was cut off, and because this way
nothing beyond the stated size is ever inflated.
"""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.errors import ObjectDamagedError
from aergo_vc.objects.store import require_id, require_size

_HEAD = re.compile(rb"(blob|commit|tag|tree) (0|[1-9][0-9]*)\0")
_HEAD_BYTES = 64


def object_folders(paths: GitPaths) -> tuple[Path, ...]:
    """The object directories that a repository reads from: its own, a quarantine's and those in ``info/alternates``."""
    found: list[Path] = []
    waiting = [paths.objects_dir, *paths.alternates]
    while waiting:
        folder = waiting.pop(0)
        if folder in found:
            continue
        found.append(folder)
        try:
            lines = (folder / "info" / "alternates").read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            continue
        waiting += [(folder / line).resolve() for line in lines if line and not line.startswith("#")]
    return tuple(found)


def read_loose(
    folders: Sequence[str], object_id: ObjectId, limit: int, object_format: ObjectFormat
) -> tuple[Kind, bytes] | None:
    """A loose object, hashed again; None if none of `folders` has it.  Raises as `ObjectStore.read`."""
    for folder in folders:
        try:
            with open(f"{folder}/{object_id[:2]}/{object_id[2:]}", "rb") as file:  # noqa: PTH123  (hot: a Path costs as much as the rest)
                return _inflate(object_id, file.read(), limit, object_format)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, zlib.error) as error:
            raise ObjectDamagedError(f"object {object_id} cannot be read: {error}", id=object_id) from error
    return None


def _inflate(object_id: ObjectId, stored: bytes, limit: int, object_format: ObjectFormat) -> tuple[Kind, bytes]:
    inflater = zlib.decompressobj()
    begin = inflater.decompress(stored, _HEAD_BYTES)
    head = _HEAD.match(begin)
    if head is None:
        raise ObjectDamagedError(f"object {object_id} is damaged: it has no kind and size", id=object_id)
    size = int(head[2])
    require_size(object_id, size, limit)
    content = begin[head.end() :]
    # One byte more than is stated, so that an object that is longer than it says shows itself.
    content += inflater.decompress(inflater.unconsumed_tail, size + 1 - len(content)) if len(content) <= size else b""
    if len(content) != size:
        raise ObjectDamagedError(f"object {object_id} is damaged: it is not as long as it says", id=object_id)
    kind = Kind(head[1].decode())
    require_id(object_id, kind, content, object_format)
    return kind, content
