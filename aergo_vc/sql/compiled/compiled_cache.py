"""What was compiled, in files, so that the next process need not load the parser.

Every file is derived and can go at any time.  Its name is a digest of all that its contents hang on: the text that was
compiled, the catalog, and this program.  Since the Python in it is run, a file counts only if it and its folder are
this user's own and nobody else may write them, and if it was written into this very folder: one that was copied with a
repository is ignored, as is one that is damaged.
"""

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from aergo_vc.codec.catalog_texts import functions_of, schemas_of
from aergo_vc.model.blocks import RULES
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.compiled.kept_values import from_json, to_json

_VERSION = 1
_FILES = 2_000
"""About as many files may be there before the older half of them goes."""
_WAITING = 400
"""Values that wait for `save`."""
_FOLDER_BYTES = 64 << 20
"""Likewise of bytes."""
_FILE_BYTES = 1 << 20
"""A longer value is not kept."""
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class CompiledCache:
    """Values by the digests of what they were made from; `folder` None keeps nothing.

    Neither reading nor writing raises anything for what is wrong with the files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._waiting: dict[str, str] = {}
        self._place: str | None = None
        self._last: tuple[Catalog, str] | None = None
        self._room = 0

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def find(self, *parts: str) -> object:
        """The value that was kept under `parts`; None if there is none."""
        if self._folder is None:
            return None
        key = _key(parts)
        try:
            text = self._waiting.get(key) or self._read(key)
            return None if text is None else from_json(json.loads(text))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def keep(self, value: object, *parts: str) -> None:
        """Keep a value from the next `save` on, if it is one that can be kept."""
        if self._folder is None or len(self._waiting) >= _WAITING:
            return
        with contextlib.suppress(TypeError, RecursionError):  # no transaction may fail for that
            text = json.dumps(to_json(value), separators=(",", ":"))
            if len(text) < _FILE_BYTES:
                self._waiting[_key(parts)] = text

    def state(self, catalog: Catalog) -> str:
        """A digest of all that is defined; nothing where nothing is kept."""
        if self._folder is None:
            return ""
        if self._last is None or self._last[0] is not catalog:
            texts = (schemas_of(catalog), functions_of(catalog))
            self._last = catalog, hashlib.sha256(json.dumps(texts).encode()).hexdigest()
        return self._last[1]

    def texts(self, *values: object) -> tuple[str, ...]:
        """Values as parts to find and keep others by; nothing where nothing is kept."""
        return () if self._folder is None else tuple([json.dumps(to_json(value)) for value in values])

    def save(self) -> None:
        """Write what waits into files; what cannot be written is lost."""
        if self._folder is None or not self._waiting:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room()
            for key, text in self._waiting.items():
                self._write(key, text)
        self._waiting = {}

    def _write(self, key: str, text: str) -> None:
        draft = self._path(key).with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(self._seal(key, text) + text.encode())
        draft.replace(self._path(key))

    def _read(self, key: str) -> str | None:
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | _CAREFULLY)
        except OSError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            if not _is_own(os.fstat(descriptor), stat.S_ISREG):
                return None
            data = file.read(2 * _FILE_BYTES)
        seal, _, body = data.partition(b"\n")
        text = body.decode()
        return text if seal + b"\n" == self._seal(key, text) else None

    def _seal(self, key: str, text: str) -> bytes:
        """The first line of a file; raises OSError unless its folder is one that counts."""
        if self._place is None:
            self._place = _place(self._folder or Path())
        return hashlib.sha256(f"{self._place}\n{key}\n{text}".encode()).hexdigest().encode() + b"\n"

    def _path(self, key: str) -> Path:
        return (self._folder or Path()) / key

    def _make_room(self) -> None:
        """Remove the older half if there is too much; asked now and then."""
        self._room -= len(self._waiting)
        if self._room >= 0:
            return
        self._room = _FILES // 8
        found = [(file.stat(follow_symlinks=False), file.path) for file in os.scandir(self._folder)]
        if len(found) < _FILES and sum(facts.st_size for facts, _ in found) < _FOLDER_BYTES:
            return
        found.sort(key=lambda file: file[0].st_mtime_ns)
        for _, path in found[: len(found) // 2]:
            Path(path).unlink(missing_ok=True)


def _key(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps([_program(), *parts]).encode()).hexdigest()


def _place(folder: Path) -> str:
    """What tells this folder from a copy of it; raises PermissionError if others may write there."""
    found = folder.lstat()
    if not _is_own(found, stat.S_ISDIR):
        raise PermissionError(f"{folder} is not private")
    return f"{found.st_dev} {found.st_ino}"


def _is_own(found: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether a file is of a kind, this user's and nobody else's to write; Windows has no such bits, only owners."""
    mine = getattr(os, "geteuid", None)
    if not is_kind(found.st_mode):
        return False
    return mine is None or (found.st_uid == mine() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


@functools.cache
def _program() -> str:
    """A digest of what compiles: versions, and the size and time of each module that has a part in it."""
    facts = [str(_VERSION), RULES, sys.version, *_modules(), _grammar()]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _modules() -> Iterator[str]:
    package = Path(__file__).parents[2]
    if not package.is_dir():  # from an archive: what is kept is of no use to the next process
        yield os.urandom(16).hex()
    start = len(str(package))
    folders = [str(package / room) for room in ("sql", "model", "codec")]
    for folder in folders:  # to which it adds what it finds
        with contextlib.suppress(OSError):
            for file in sorted(os.scandir(folder), key=lambda one: one.name):
                if file.name.endswith(".py"):
                    found = file.stat()
                    yield f"{file.path[start:]} {found.st_size} {found.st_mtime_ns}"
                elif file.name != "__pycache__" and file.is_dir():
                    folders.append(file.path)


def _grammar() -> str:
    """The version of sqlglot, which is not to be loaded for it."""
    found = importlib.util.find_spec("sqlglot")
    if found is None or found.origin is None:
        return ""
    with contextlib.suppress(OSError):
        return Path(found.origin).with_name("_version.py").read_text("utf-8")
    return found.origin
