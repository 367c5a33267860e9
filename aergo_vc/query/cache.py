"""Derived files of rows beside the repository, one for each state that is kept.

A file ``<key>.duckdb`` holds the tables of one state; ``<key>.json`` beside it, the *stamp*, says of which, and how the
file system described the file when it was closed: inode, size, times of modification and of change.  A file that does
not look exactly so, has a write-ahead log, or belongs to somebody else is thrown away unopened (threat H06).  That
keeps out files that came with a copied or unpacked repository, since nobody can choose an inode and a time of change;
files that somebody edited, planted or cut short; and what a crash left.  It does not keep out a program that runs as
the user and imitates this one.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from aergo_vc.query.errors import QueryCacheError
from aergo_vc.query.state import QueryState, root_text

CACHE_FORMAT = 1
"""Version of the tables in a file and of its stamp."""

KEPT_FILES = 4
KEPT_BYTES = 4 << 30
_LOCK_PAUSE_SECONDS = 0.02
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class LoadedTable(msgspec.Struct, frozen=True):
    """A table in a file: its number, how its columns are loaded, its root; `churn` chunks of `chunks` were replaced."""

    number: int
    columns: tuple[str, ...]
    root: tuple[str, str] | None
    chunks: int
    churn: int


class Stamp(msgspec.Struct, frozen=True):
    """What is said of a file."""

    format: int
    duckdb: str
    key: str
    line: str | None
    file: tuple[int, int, int, int]
    tables: dict[str, LoadedTable]


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file whose stamp holds."""

    path: Path
    stamp: Stamp
    used: float


def state_key(state: QueryState, duckdb_version: str) -> str:
    """Names the file for a state: whatever decides its content goes in."""
    tables = sorted(
        (name, [column.sql_type for column in table.load_columns], root_text(table.root))
        for name, table in state.tables.items()
    )
    return hashlib.sha256(msgspec.json.encode([CACHE_FORMAT, duckdb_version, tables])).hexdigest()


class QueryCache:
    """The folder of files; to be used under `folder_lock`."""

    def __init__(self, folder: Path, duckdb_version: str) -> None:
        self.folder = folder
        self._version = duckdb_version

    def path(self, key: str) -> Path:
        """Where the file of a state lies."""
        return self.folder / f"{key}.duckdb"

    def files(self) -> list[CachedFile]:
        """The files whose stamps hold, those used last first; all others are removed."""
        found = []
        for path in self.folder.glob("*.duckdb"):
            stamp = self._read_stamp(path)
            if stamp is None:
                self.remove(path)
            else:
                found.append(CachedFile(path, stamp, _stamp_path(path).stat().st_mtime))
        return sorted(found, key=lambda file: -file.used)

    def remove(self, path: Path) -> None:
        """Remove a file and what belongs to it; whoever reads it goes on reading."""
        for belonging in (_stamp_path(path), path.with_name(path.name + ".wal"), path):
            belonging.unlink(missing_ok=True)

    def unstamp(self, path: Path) -> None:
        """Doubt a file from now on, because it is about to change."""
        _stamp_path(path).unlink(missing_ok=True)

    def write_stamp(self, path: Path, key: str, line: str | None, tables: Mapping[str, LoadedTable]) -> None:
        """Vouch for a file that is closed."""
        path.chmod(0o600)
        stamp = Stamp(CACHE_FORMAT, self._version, key, line, _identity(path), dict(tables))
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(stamp))
        unfinished.replace(_stamp_path(path))

    def mark_used(self, file: CachedFile) -> None:
        """Note that a file serves again."""
        os.utime(_stamp_path(file.path))

    def evict(self, keep: Path) -> None:
        """Remove the files unused for longest, beyond what may be kept; never `keep`."""
        room = KEPT_BYTES - keep.stat().st_size
        others = [file for file in self.files() if file.path != keep]
        for place, file in enumerate(others):
            room -= file.stamp.file[1]
            if place >= KEPT_FILES - 1 or room < 0:
                self.remove(file.path)

    def _read_stamp(self, path: Path) -> Stamp | None:
        try:
            stamp = msgspec.json.decode(_stamp_path(path).read_bytes(), type=Stamp)
            identity = _identity(path)
        except (OSError, msgspec.DecodeError, QueryCacheError):
            return None
        holds = (
            stamp.format == CACHE_FORMAT
            and stamp.duckdb == self._version
            and self.path(stamp.key) == path
            and stamp.file == identity
            and not path.with_name(path.name + ".wal").exists()
        )
        return stamp if holds else None


def open_folder(folder: Path) -> None:
    """Create the folder if it is missing; raises QueryCacheError if somebody else could write in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as problem:
        raise QueryCacheError(f"{folder} cannot be used for query files: {problem.strerror}") from problem
    if not stat.S_ISDIR(status.st_mode):
        raise QueryCacheError(f"{folder} is no directory")
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
        raise QueryCacheError(f"{folder} could be written by others; it must belong to the user alone")


@contextmanager
def folder_lock(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the folder against other processes; raises QueryCacheError if another holds it so long."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        end = time.monotonic() + seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= end:
                raise QueryCacheError(f"another process has been using {folder} for {seconds:g} seconds")
            time.sleep(_LOCK_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


class Scratch:
    """A folder for one session's passing files, removed with it, or by a later session if it crashed.

    To be made under `folder_lock`.
    """

    def __init__(self, parent: Path) -> None:
        for left in parent.glob("scratch-*"):
            _remove_if_left(left)
        self.path = Path(tempfile.mkdtemp(prefix="scratch-", dir=parent))
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _try_lock(self._descriptor)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _remove_if_left(scratch: Path) -> None:
    try:
        descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if _try_lock(descriptor):
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stamp_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _identity(path: Path) -> tuple[int, int, int, int]:
    """How the file system describes a file; raises QueryCacheError unless it is the user's own plain file."""
    status = path.lstat()
    own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1
    if not own or status.st_mode & _OTHERS_WRITE:
        raise QueryCacheError(f"{path} is not a plain file of the user's alone")
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
