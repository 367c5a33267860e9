"""One writer at a time, and no ``git gc`` meanwhile.

The ledger's lock is a ``flock`` on ``aergo/lock`` in the common git directory: the kernel gives it up when its holder
dies.  An exclusive holder also holds ``gc.pid`` as ``git gc`` itself does (builtin/gc.c, `lock_repo_for_gc`): process
id and host name in the file, created under ``gc.pid.lock``; git disregards the file once that process is gone, or
after twelve hours.
"""

import errno
import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aergo_vc.objects.errors import LockedError

_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
_GC_LOCK_SECONDS = 12 * 3600
NO_HARD_LINKS = frozenset([errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EXDEV])
"""What the system says where a file cannot have a second name."""

_DRAFT = "draft-"
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
    path = common_dir.joinpath(AERGO_FOLDER, "lock")
    descriptor = _create_in_room(path, os.O_RDWR)
    try:
        _flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline, path)
        if shared:
            yield
        else:
            clear_abandoned(common_dir)
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
    with exclusive_file(lock, path.parent, mine, deadline, durable=False) as commit:
        if _gc_runs(path, lock):
            return False
        commit(path)
    return True


def _gc_runs(path: Path, fresh: Path) -> bool:
    """Whether git would believe that the process named in ``gc.pid`` still collects garbage.

    Its age is told by `fresh`, a file that was just written: the file system's clock, whosever that is.
    """
    try:
        age = fresh.stat().st_mtime - path.stat().st_mtime
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
def exclusive_file(
    lock: Path, common_dir: Path, content: bytes, deadline: Deadline, *, durable: bool = True
) -> Iterator[_Commit]:
    """Create `lock` with `content` in one step, as git's lock files are, waiting while somebody else has it.

    The file is prepared under another name, which stays locked by ``flock``, and linked to `lock`.  So whoever meets it
    later can tell a lock of this program whose holder died (`break_abandoned`) from anybody else's, which is never
    touched.  Calling the value moves the lock over its target: that is the commit; otherwise the lock is removed.
    Raises `LockedError`.
    """
    draft = common_dir.joinpath(AERGO_FOLDER, f"{_DRAFT}{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = _create_in_room(draft, os.O_WRONLY | os.O_EXCL)
    stands = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.write(descriptor, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(draft))
        if durable:
            os.fsync(descriptor)
        while not _link(draft, lock, content):
            if not break_abandoned(lock, common_dir):
                deadline.wait("a lock", lock)
        stands = True
        commit = _Commit(lock)
        try:
            yield commit
        finally:
            if not commit.done:
                lock.unlink(missing_ok=True)
            stands = False
    finally:
        if not stands:  # a lock that could not be removed can still be told by its draft
            draft.unlink(missing_ok=True)
        os.close(descriptor)


def _create_in_room(path: Path, flags: int) -> int:
    """Open a file of this program's folder, which is made where it is missing."""
    try:
        return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _drafts(common_dir: Path) -> list[Path]:
    with suppress(FileNotFoundError), os.scandir(common_dir / AERGO_FOLDER) as found:
        return [Path(entry.path) for entry in found if entry.name.startswith(_DRAFT)]
    return []


def _link(draft: Path, lock: Path, content: bytes) -> bool:
    try:
        os.link(draft, lock)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        return _create(lock, content)
    return True


def _create(lock: Path, content: bytes) -> bool:
    """For file systems without hard links: a crash then leaves a lock that only the user can remove."""
    try:
        with lock.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    return True


def break_abandoned(lock: Path, common_dir: Path) -> bool:
    """Remove `lock` if this program made it and its holder is dead; returns whether `lock` is out of the way."""
    if not os.path.lexists(lock):
        return True
    return any(_break_draft(draft, [lock]) for draft in _drafts(common_dir))


def clear_abandoned(common_dir: Path) -> None:
    """Remove what holders that died left behind: drafts, and the locks in the git directory that are linked to them."""
    for draft in _drafts(common_dir):
        places = (*common_dir.glob("*.lock"), *common_dir.glob("worktrees/*/*.lock"))
        _break_draft(draft, [*places, *(common_dir / "refs").rglob("*.lock")])


def _break_draft(draft: Path, locks: Iterable[Path]) -> bool:
    """Remove `draft` if its holder is dead, and those of `locks` that are links to it; tells whether there was one.

    The draft's ``flock`` is held meanwhile: no second process can be about to remove the same lock, so none removes
    by mistake the lock of somebody who came later.
    """
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = [lock for lock in locks if lock.exists() and os.path.samestat(lock.lstat(), os.fstat(descriptor))]
        for lock in same:
            lock.unlink()
        draft.unlink(missing_ok=True)
        return bool(same)
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(descriptor)
