"""Read references, and move them by compare-and-swap so that a crash leaves the old value or the new one.

`FileRefs` reads and writes git's own files (gitrepository-layout: loose files, ``packed-refs``, symbolic references)
under git's own locks: measured, a durable swap takes 0.9 ms where ``git update-ref`` with ``core.fsync=all`` takes
5 ms.  `PlumbingRefs` leaves everything to git: for reftable.  Neither runs the reference-transaction hook.
"""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.errors import RepositoryError
from aergo_vc.base.ids import ObjectId, is_object_id
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.codec.git_commit import Identity
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.durable import make_directories, sync_directory
from aergo_vc.objects.errors import LockedError, ReferenceDamagedError, ReferenceNameError
from aergo_vc.objects.git import Git
from aergo_vc.objects.locks import Deadline, exclusive_file

_SYMBOLIC_DEPTH = 5  # as in git's refs.c
_NAME = re.compile(r"(?:HEAD|refs/[^\0-\x20\x7f~^:?*\[\\]+)")
_BAD_NAME = re.compile(r"//|/\.|\.\.|@\{|\.lock(?:/|$)|[./]$")
_PER_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")
_SYMBOLIC = b"ref: "
_LONGEST_FILE = 65_536
"""Bytes of a loose reference: far more than any name has."""


@dataclass(frozen=True, slots=True)
class Swap:
    """How a compare-and-swap ended: whether it was `done`, and what the reference holds now (None: it is absent)."""

    done: bool
    current: ObjectId | None


class Refs(ABC):
    """The references of one repository, as its worktree sees them."""

    @abstractmethod
    def read(self, name: str) -> ObjectId | None:
        """What `name` leads to, through symbolic references; None if it is absent or not yet born.

        Raises `ReferenceDamagedError`.
        """

    @abstractmethod
    def symbolic_target(self, name: str) -> str | None:
        """The reference that `name` stands for, one step on; None if it is not symbolic (a detached HEAD)."""

    @abstractmethod
    def list(self, prefix: str = "refs/") -> Mapping[str, ObjectId]:
        """All references whose names begin with `prefix` and lead to an object, ordered by name."""

    @abstractmethod
    def compare_and_swap(
        self, name: str, old: ObjectId | None, new: ObjectId, *, message: str, who: Identity, timeout: float = 5.0
    ) -> Swap:
        """Move `name`, which must not be symbolic, from `old` (None: absent) to `new`, durably.

        The reflog gets a line with `message` and `who`, where git would write one.  Nothing happens, and the answer
        says so, if the reference holds something else.

        Raises:
            LockedError: another program holds the reference's lock for longer than `timeout` seconds.
            ReferenceNameError: git would not allow the name, or not beside the others.

        """


def is_reference_name(name: str) -> bool:
    """Whether git would accept `name` for a reference (git-check-ref-format)."""
    return _NAME.fullmatch(name) is not None and _BAD_NAME.search(name) is None


def require_reference_name(name: str) -> None:
    """Raise `ReferenceNameError` unless git would accept `name` (git-check-ref-format)."""
    if not is_reference_name(name):
        raise ReferenceNameError(f"{name!r} is no name for a reference", name=name)


class FileRefs(Refs):
    """References in git's own files."""

    def __init__(self, paths: GitPaths) -> None:
        self._paths = paths
        self._zero = "0" * (2 * paths.object_format.id_bytes)
        self._packed: dict[str, ObjectId] = {}
        self._packed_stamp: tuple[int, int, int] | None = None

    def read(self, name: str) -> ObjectId | None:
        for _ in range(_SYMBOLIC_DEPTH):
            found = self._loose(name)
            if not isinstance(found, _Symbolic):
                return found or self._packed_refs().get(name)
            name = found.target
        raise ReferenceDamagedError(f"{name} is a symbolic reference that leads nowhere", name=name)

    def symbolic_target(self, name: str) -> str | None:
        found = self._loose(name)
        return found.target if isinstance(found, _Symbolic) else None

    def list(self, prefix: str = "refs/") -> Mapping[str, ObjectId]:
        names = {name for name in self._packed_refs() if name.startswith(prefix)}
        folders = {self._paths.common_dir, self._paths.git_dir}
        names |= {name for folder in folders for name in _loose_names(folder, prefix)}
        values = {name: self.read(name) for name in sorted(names)}
        return {name: value for name, value in values.items() if value is not None}

    def compare_and_swap(
        self, name: str, old: ObjectId | None, new: ObjectId, *, message: str, who: Identity, timeout: float = 5.0
    ) -> Swap:
        require_reference_name(name)
        line = f"{old or self._zero} {new} {_log_tail(message, who)}".encode()
        deadline = Deadline(timeout)
        try:
            return self._swap_with_room(name, old, new, line, deadline)
        except OSError as error:
            raise RepositoryError(f"{name} cannot be written: {error.strerror}", name=name) from error

    def _swap_with_room(
        self, name: str, old: ObjectId | None, new: ObjectId, log_line: bytes, deadline: Deadline
    ) -> Swap:
        while True:
            if not self._path(name).is_file():
                self._make_room(name)
            try:
                return self._swap(name, old, new, log_line, deadline)
            except FileNotFoundError:
                # git pack-refs removes folders that it empties, at any moment until the lock file stands.
                deadline.wait("the folder of a reference", self._path(name))

    def _swap(self, name: str, old: ObjectId | None, new: ObjectId, log_line: bytes, deadline: Deadline) -> Swap:
        path = self._path(name)
        lock = path.with_name(path.name + ".lock")
        with exclusive_file(lock, self._paths.common_dir, f"{new}\n".encode(), deadline) as commit:
            found = self._loose(name)
            if isinstance(found, _Symbolic):
                raise ReferenceNameError(f"{name} is symbolic: move {found.target}", name=name)
            current = found or self._packed_refs().get(name)
            if current != old:
                return Swap(done=False, current=current)
            if current is None:
                self._require_no_clash(name)
            self._log(name, log_line)
            commit(path)
            sync_directory(path.parent)
        return Swap(done=True, current=new)

    def _base(self, name: str) -> Path:
        own = not name.startswith("refs/") or name.startswith(_PER_WORKTREE)
        return self._paths.git_dir if own else self._paths.common_dir

    def _path(self, name: str) -> Path:
        return self._base(name) / name

    def _loose(self, name: str) -> "ObjectId | _Symbolic | None":
        try:
            text = _read(f"{self._base(name)}/{name}")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        if text.startswith(_SYMBOLIC):
            return _Symbolic(text[len(_SYMBOLIC) :].strip().decode("utf-8", "replace"))
        return _object_id(text, self._paths.object_format, name)

    def _packed_refs(self) -> Mapping[str, ObjectId]:
        path = self._paths.common_dir / "packed-refs"
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
                if stamp != self._packed_stamp:
                    self._packed = _parse_packed(file.read(), self._paths.object_format)
                    self._packed_stamp = stamp
        except FileNotFoundError:
            return {}
        return self._packed

    def _make_room(self, name: str) -> None:
        """Have a folder for the file, and no empty folders in its place, as git clears them away too."""
        path, base = self._path(name), self._base(name)
        for above in path.relative_to(base).parents:
            if (base / above).is_file():
                raise ReferenceNameError(f"{name} cannot stand beside the reference {above}", name=name)
        make_directories(path.parent)
        if path.is_dir():
            _remove_empty(path)
            if path.is_dir():
                raise ReferenceNameError(f"{name} cannot stand beside references below it", name=name)

    def _require_no_clash(self, name: str) -> None:
        above = {"/".join(name.split("/")[:count]) for count in range(1, name.count("/") + 1)}
        for other in self._packed_refs():
            if other in above or other.startswith(name + "/"):
                raise ReferenceNameError(f"{name} cannot stand beside the reference {other}", name=name)

    def _log(self, name: str, line: bytes) -> None:
        """Append to the reflogs of the reference, and of HEAD where that stands for it."""
        names = [name]
        if self.symbolic_target("HEAD") == name:
            names.append("HEAD")
        for each in names:
            path = self._base(each).joinpath("logs", each)
            if path.exists() or self._has_log(each):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as file:
                    file.write(line)

    def _has_log(self, name: str) -> bool:
        """Whether git would begin a reflog: ``core.logAllRefUpdates`` as the repository has it."""
        setting = (self._paths.log_all_updates or str(not self._paths.is_bare)).lower()
        if setting == "always":
            return True
        logged = name == "HEAD" or name.startswith(("refs/heads/", "refs/remotes/", "refs/notes/"))
        return logged and setting in ("true", "yes", "on", "1")


@dataclass(frozen=True, slots=True)
class _Symbolic:
    target: str


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _LONGEST_FILE)
    finally:
        os.close(descriptor)


def _object_id(text: bytes, object_format: ObjectFormat, name: str) -> ObjectId:
    digits = text[: 2 * object_format.id_bytes].decode("ascii", "replace")
    rest = text[2 * object_format.id_bytes :]
    if not is_object_id(digits) or rest.strip():
        raise ReferenceDamagedError(f"the file of {name} holds no object id", name=name)
    return ObjectId(digits)


def _parse_packed(data: bytes, object_format: ObjectFormat) -> dict[str, ObjectId]:
    refs: dict[str, ObjectId] = {}
    if data and not data.endswith(b"\n"):
        raise ReferenceDamagedError("packed-refs is cut off")
    for line in data.splitlines():
        if line.startswith((b"#", b"^")):
            continue
        digits, space, name = line.partition(b" ")
        if not space or len(digits) != 2 * object_format.id_bytes:
            raise ReferenceDamagedError("packed-refs holds a line that is no reference")
        refs[name.decode("utf-8", "surrogateescape")] = _object_id(digits, object_format, "packed-refs")
    return refs


def _loose_names(folder: Path, prefix: str) -> list[str]:
    top = folder / "refs"
    names = []
    for here, _, files in os.walk(top):
        stem = Path(here).relative_to(folder).as_posix()
        names += [f"{stem}/{file}" for file in files if not file.endswith(".lock")]
    return [name for name in names if name.startswith(prefix)]


def _remove_empty(folder: Path) -> None:
    for here, _, files in os.walk(folder, topdown=False):
        if files:
            return
        try:
            Path(here).rmdir()
        except OSError:
            return


def _log_tail(message: str, who: Identity) -> str:
    return f"{who.name} <{who.email}> {who.seconds} +0000\t{' '.join(message.split())}\n"


class PlumbingRefs(Refs):
    """References through git's plumbing, whatever their storage."""

    def __init__(self, paths: GitPaths, environment: Mapping[str, str] | None = None) -> None:
        self._git = Git(paths, environment)

    def read(self, name: str) -> ObjectId | None:
        found = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, expected=(0, 1))
        text = found.output.decode().strip()
        return ObjectId(text) if found.status == 0 and is_object_id(text) else None

    def symbolic_target(self, name: str) -> str | None:
        found = self._git.run("symbolic-ref", "--quiet", name, expected=(0, 1))
        return found.output.decode("utf-8", "surrogateescape").rstrip("\n") if found.status == 0 else None

    def list(self, prefix: str = "refs/") -> Mapping[str, ObjectId]:
        lines = self._git.run("for-each-ref", "--format=%(objectname) %(refname)").output
        pairs = (line.split(" ", 1) for line in lines.decode("utf-8", "surrogateescape").splitlines())
        return {name: ObjectId(value) for value, name in pairs if name.startswith(prefix)}

    def compare_and_swap(
        self, name: str, old: ObjectId | None, new: ObjectId, *, message: str, who: Identity, timeout: float = 5.0
    ) -> Swap:
        require_reference_name(name)
        if self.symbolic_target(name) is not None:
            raise ReferenceNameError(f"{name} is symbolic", name=name)
        command = f"update {name}\0{new}\0{old or '0' * len(new)}\0".encode()
        milliseconds = int(timeout * 1000)
        variables = {
            "GIT_COMMITTER_NAME": who.name,
            "GIT_COMMITTER_EMAIL": who.email,
            "GIT_COMMITTER_DATE": f"{who.seconds} +0000",
        }
        reason = ["-m", " ".join(message.split())] if message.strip() else []
        done = self._git.run(
            "update-ref",
            "--stdin",
            "-z",
            *reason,
            stdin=command,
            expected=(0, 128),
            variables=variables,
            settings=("core.fsync=all", f"core.filesRefLockTimeout={milliseconds}"),
        )
        current = self.read(name)
        if done.status and "File exists" in done.errors:
            raise LockedError(f"{name} is held by another program: {done.errors}", name=name)
        if done.status and current == old:
            raise RepositoryError(f"{name} cannot be moved: {done.errors}", name=name)
        return Swap(done=done.status == 0, current=current)


def open_refs(paths: GitPaths, environment: Mapping[str, str] | None = None) -> Refs:
    """The references of a repository; `environment` is for git's children, where they are needed."""
    return PlumbingRefs(paths, environment) if paths.is_reftable else FileRefs(paths)
