"""Write objects so that nothing is lost: all of a session go into one pack (design D10).

Until `publish` nothing stands in the repository.  `publish` keeps the pack from ``git repack`` with a ``.keep`` file,
which `PublishedPack.release` removes once a reference leads to the objects.
"""

import os
import secrets
import tempfile
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from aergo_vc.base.errors import RepositoryError
from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.digests import Kind, git_object_id
from aergo_vc.codec.git_pack import PackedEntry, PackStream, crc32, decode_object, encode_index, encode_object
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.durable import make_directories, replace_file, sync_directory, sync_together, write_file
from aergo_vc.objects.locks import AERGO_FOLDER, NO_HARD_LINKS
from aergo_vc.objects.store import ObjectStore, require_size

KEEP_MARK = b"git aergo: until a reference leads here\n"
"""What the ``.keep`` files of this program hold; others, such as empty ones, may be a user's and are never removed."""

_SPOOL_BYTES = 64 << 20
_BUFFER_BYTES = 1 << 18
_RECENT = 512
_RECENT_BYTES = 2_048
_DRAFT = "aergo_draft"


class ObjectWriteError(RepositoryError):
    """Objects cannot be written into the repository."""

    code = "E_OBJECT_WRITE"


@dataclass(frozen=True, slots=True)
class PublishedPack:
    """A pack that now belongs to the repository; `path` is None where nothing had to be written.

    `keep` is None there too, and where somebody else keeps the same pack.
    """

    keep: Path | None
    path: Path | None = None

    def release(self) -> None:
        """Let ``git repack`` and ``git gc`` touch the pack again: a reference leads to its objects, or none will."""
        if self.keep is not None:
            self.keep.unlink(missing_ok=True)


class ObjectWriter(ObjectStore):
    """Adds objects to a store.  Reads see both what was added and what the store has."""

    def __init__(self, store: ObjectStore) -> None:
        self.object_format = store.object_format
        self._store = store

    @abstractmethod
    def add(self, kind: Kind, data: bytes) -> ObjectId:
        """Add an object unless this session already did; returns its id.

        Whether the store has it is not asked: leave out only what the parent block reaches, since anything else may be
        pruned at any moment.
        """

    @abstractmethod
    def publish(self) -> PublishedPack:
        """Make the added objects part of the repository, durably.  Raises `ObjectWriteError`."""


class MemoryWriter(ObjectWriter):
    """For dry runs and verification: computes ids and keeps bytes; publishes nothing."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store)
        self._added: dict[ObjectId, tuple[Kind, bytes]] = {}

    def add(self, kind: Kind, data: bytes) -> ObjectId:
        name = git_object_id(kind, data, self.object_format)
        self._added.setdefault(name, (kind, data))
        return name

    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        found = self._added.get(object_id)
        if found is None:
            return self._store.read(object_id, limit)
        require_size(object_id, len(found[1]), limit)
        return found

    def contains(self, object_id: ObjectId) -> bool:
        return object_id in self._added or self._store.contains(object_id)

    def publish(self) -> PublishedPack:
        return PublishedPack(None)


class _Spooled(NamedTuple):
    position: int
    stored_bytes: int
    crc: int
    size: int


class PackWriter(ObjectWriter):
    """Collects deflated objects in memory, past 64 MiB in an anonymous file, and publishes them as one pack.

    The small objects that were added last can be read without looking for them in the store, which would have to
    find the new pack first.
    """

    def __init__(self, store: ObjectStore, paths: GitPaths) -> None:
        super().__init__(store)
        self._paths = paths
        self._folder = paths.objects_dir / "pack"
        self._spool = self._empty_spool()
        self._spooled = 0
        """Bytes that the spool holds; `_unspooled` comes behind them."""
        self._unspooled: list[bytes] = []
        self._added: dict[ObjectId, _Spooled] = {}
        self._end = 0
        self._recent: OrderedDict[ObjectId, tuple[Kind, bytes]] = OrderedDict()

    def add(self, kind: Kind, data: bytes) -> ObjectId:
        name = git_object_id(kind, data, self.object_format)
        if name not in self._added:
            stored = encode_object(kind, data)
            self._added[name] = _Spooled(self._end, len(stored), crc32(stored), len(data))
            self._end += len(stored)
            self._unspooled.append(stored)
            if self._end > self._spooled + _BUFFER_BYTES:
                self._spool_all()
            if len(data) <= _RECENT_BYTES:
                self._recent[name] = kind, data
                if len(self._recent) > _RECENT:
                    self._recent.popitem(last=False)
        return name

    def read(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> tuple[Kind, bytes]:
        recent = self._recent.get(object_id)
        if recent is not None:
            require_size(object_id, len(recent[1]), limit)
            return recent
        place = self._added.get(object_id)
        if place is None:
            return self._store.read(object_id, limit)
        require_size(object_id, place.size, limit)
        self._spool_all()
        self._spool.seek(place.position)
        return decode_object(self._spool.read(place.stored_bytes))

    def contains(self, object_id: ObjectId) -> bool:
        return object_id in self._added or self._store.contains(object_id)

    def publish(self) -> PublishedPack:
        if not self._added:
            return PublishedPack(None)
        try:
            published = place_pack(self._paths, self._write_pack)
        except OSError as error:
            raise ObjectWriteError(f"{self._folder} cannot be written: {error.strerror}") from error
        if self._spooled:
            self._spool.close()
            self._spool = self._empty_spool()
        self._unspooled.clear()
        self._added.clear()
        self._spooled = self._end = 0
        return published

    def close(self) -> None:
        self._spool.close()

    def _empty_spool(self) -> IO[bytes]:
        return cast("IO[bytes]", tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=str(self._folder)))

    def _spool_all(self) -> None:
        if self._unspooled:
            self._spool.seek(self._spooled)
            self._spool.write(b"".join(self._unspooled))
            self._unspooled.clear()
            self._spooled = self._end

    def _stored(self) -> Iterator[bytes]:
        """All objects as they stand in a pack, in pieces."""
        if self._spooled:
            self._spool.seek(0)
            yield from iter(lambda: self._spool.read(_BUFFER_BYTES), b"")
        yield b"".join(self._unspooled)

    def _write_pack(self, output: IO[bytes]) -> tuple[bytes, bytes]:
        """Write the pack; returns its checksum and its index."""
        stream = PackStream(output, len(self._added), self.object_format)
        begin = stream.append(self._stored(), len(self._added))
        checksum = stream.finish()
        entries = [
            PackedEntry(bytes.fromhex(name), crc, begin + position)
            for name, (position, _, crc, _) in self._added.items()
        ]
        return checksum, encode_index(entries, checksum, self.object_format)


def place_pack(paths: GitPaths, write_pack: Callable[[IO[bytes]], tuple[bytes, bytes]]) -> PublishedPack:
    """Put a pack and its index among the others under their lasting names, the index last: it makes the pack count.

    `write_pack` writes the pack and returns its checksum and its index.  Raises OSError; `release_leftovers` then
    clears away what stands already.
    """
    folder = paths.objects_dir / "pack"
    # git prune takes away what begins with tmp_, even from under a session; lasting endings would make git read it.
    unique = f"{os.getpid()}_{secrets.token_hex(4)}"
    pack, index = [folder / f"{_DRAFT}_{part}_{unique}" for part in ("pack", "idx")]
    try:
        with _read_only_file(pack) as pack_file, _read_only_file(index) as index_file:
            checksum, index_bytes = write_pack(pack_file)
            index_file.write(index_bytes)
            pack_file.flush()
            index_file.flush()
            sync_together(pack_file.fileno(), index_file.fileno())
        name = f"{folder}/pack-{checksum.hex()}"
        lasting = Path(f"{name}.pack")
        keep = _keep(paths.common_dir.joinpath(AERGO_FOLDER, "keep"), Path(f"{name}.keep"))
        pack.replace(lasting)
        index.replace(f"{name}.idx")
        sync_directory(folder)
    except BaseException:
        for leftover in (pack, index):
            leftover.unlink(missing_ok=True)
        raise
    return PublishedPack(keep, lasting)


def _read_only_file(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o444)
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, flags, 0o444)
    return os.fdopen(descriptor, "wb", _BUFFER_BYTES)


def _keep(mark: Path, path: Path) -> Path | None:
    """Have a whole and durable ``.keep`` file at once; None where somebody else already keeps the same pack.

    It is another name of `mark`, so that no block has to wait for it to reach the disk.
    """
    try:
        try:
            os.link(mark, path)
        except FileNotFoundError:
            make_directories(mark.parent)
            replace_file(mark, KEEP_MARK)
            mark.chmod(0o444)  # what is written to one name would stand under all
            os.link(mark, path)
    except FileExistsError:
        return path if path.read_bytes() == KEEP_MARK else None
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        draft = path.with_name(f"{_DRAFT}_keep_{secrets.token_hex(4)}")
        write_file(draft, KEEP_MARK)
        draft.replace(path)
    return path


def release_leftovers(paths: GitPaths) -> int:
    """Remove what crashed sessions of this program left: drafts, ``.keep`` files and packs without index beside them.

    Returns how many there were.

    Only to be called under the ledger's lock, when no session is between `publish` and `release`.
    """
    removed = 0
    folder = paths.objects_dir / "pack"
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        names = [entry.name for entry in found if entry.name.endswith(".keep") or entry.name.startswith(_DRAFT)]
        for path in [folder / name for name in names]:
            removed += _release_leftover(path)
    return removed


def _release_leftover(path: Path) -> bool:
    if path.name.startswith(_DRAFT):
        path.unlink(missing_ok=True)
        return True
    if path.stat().st_size != len(KEEP_MARK) or path.read_bytes() != KEEP_MARK:
        return False
    if not path.with_suffix(".idx").exists():
        path.with_suffix(".pack").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    return True
