"""One writer at a time, and no ``git gc`` meanwhile.

The ledger's lock is a ``flock`` on ``aergo/lock`` in the common git directory: the kernel gives it up when its holder
dies.  An exclusive holder also holds ``gc.pid`` as ``git gc`` itself does (builtin/gc.c, `lock_repo_for_gc`): process
id and host name in the file, created under ``gc.pid.lock``; git disregards the file once that process is gone, or
after twelve hours.
"""

import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aergo_vc.objects.errors import LockedError

_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
_GC_LOCK_SECONDS = 12 * 3600
AERGO_FOLDER = "aergo"
"""The folder in the common git directory that holds this program's own files."""


class Deadline:
    """Waits in growing pauses until `timeout` seconds have passed."""

    def __init__(self, timeout: float) -> None:
        self._end = time.monotonic() + timeout
        self._pause = _PAUSE

    def wait(self, what: str, path: Path) -> None:
        """Pause once; raise `LockedError`, naming the lock `what` at `path`, if the time is up."""
        if time.monotonic() >= self._end:
            raise LockedError(f"{what} is held by another program: {path}", path=str(path))
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


@contextmanager
def ledger_lock(common_dir: Path, timeout: float, *, shared: bool = False) -> Iterator[None]:
    """Hold the ledger's lock; `shared` among readers that only keep writers away.

    Not reentrant: a second exclusive holder in the same process waits for the first.  Raises `LockedError` after
    `timeout` seconds.
    """
    deadline = Deadline(timeout)
    path = common_dir / AERGO_FOLDER / "lock"
    path.parent.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline, path)
        if shared:
            yield
        else:
            with _no_gc(common_dir, deadline):
                yield
    finally:
        os.close(descriptor)


def _flock(descriptor: int, mode: int, deadline: Deadline, path: Path) -> None:
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            deadline.wait("the lock of the ledger", path)
        else:
            return


@contextmanager
def _no_gc(common_dir: Path, deadline: Deadline) -> Iterator[None]:
    path = common_dir / "gc.pid"
    mine = f"{os.getpid()} {socket.gethostname()}".encode()
    while not _take_gc_pid(path, mine, deadline):
        deadline.wait("the lock of git gc", path)
    try:
        yield
    finally:
        if _read(path) == mine:
            path.unlink(missing_ok=True)


def _take_gc_pid(path: Path, mine: bytes, deadline: Deadline) -> bool:
    lock = path.with_name("gc.pid.lock")
    with exclusive_file(lock, mine, deadline, "the lock of git gc") as commit:
        if _gc_runs(path):
            return False
        commit(path)
    return True


def _gc_runs(path: Path) -> bool:
    """Whether git would believe that the process named in ``gc.pid`` still collects garbage."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    words = _read(path).split()
    if age > _GC_LOCK_SECONDS or len(words) != len(("pid", "host")) or not words[0].isdigit():
        return False
    return words[1] != socket.gethostname().encode() or _lives(int(words[0]))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


class _Commit:
    """Gives the lock file its lasting name; without that, it is removed in the end."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock
        self.done = False

    def __call__(self, path: Path) -> None:
        self._lock.replace(path)
        self.done = True


@contextmanager
def exclusive_file(lock: Path, content: bytes, deadline: Deadline, what: str) -> Iterator[_Commit]:
    """Create `lock` with `content`, durably and in one step, waiting while somebody else has it.

    The file is prepared under another name, which stays locked by ``flock``, and linked to `lock`.  So whoever meets it
    later can tell a lock of this program whose holder died (`break_own_lock`) from anybody else's, which is never
    touched.  Calling the value moves the lock over its target: that is the commit; otherwise the lock is removed.
    """
    draft = _draft_folder(lock) / f"draft-{os.getpid()}-{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, content)
        os.fsync(descriptor)
        while not _link(draft, lock):
            if not break_own_lock(lock):
                deadline.wait("a lock", lock) if not what else deadline.wait(what, lock)
        commit = _Commit(lock)
        try:
            yield commit
        finally:
            if not commit.done:
                lock.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)
        os.close(descriptor)


def _draft_folder(lock: Path) -> Path:
    """``aergo/`` of the common git directory that `lock` lies in."""
    for folder in lock.parents:
        if (folder / "objects").is_dir() and (folder / "refs").is_dir():
            drafts = folder / AERGO_FOLDER
            drafts.mkdir(exist_ok=True)
            return drafts
    raise LockedError(f"{lock} is not in a git directory", path=str(lock))


def _link(draft: Path, lock: Path) -> bool:
    try:
        os.link(draft, lock)
    except FileExistsError:
        return False
    return True


def break_own_lock(lock: Path) -> bool:
    """Remove `lock` if this program made it and its holder is dead; returns whether it is out of the way."""
    try:
        found = lock.lstat()
    except FileNotFoundError:
        return True
    for draft in _draft_folder(lock).glob("draft-*"):
        if _is_abandoned(draft, found):
            lock.unlink(missing_ok=True)
            draft.unlink(missing_ok=True)
            return True
    return False


def _is_abandoned(draft: Path, found: os.stat_result) -> bool:
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), found)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
