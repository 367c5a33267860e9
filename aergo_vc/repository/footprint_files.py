"""Footprints of blocks in private files, so that a merge need not execute the source's blocks again.

A file is called after the commit of its block, which was made in this clone or found valid in it: that is believed, as
a merge of such blocks neither verifies them again nor executes all of them.  So a file counts only if it and its folder
are this user's own and nobody else may write them, and if it was written into this very folder: one that was copied
with a repository is ignored, as is one that is damaged.  All files can go at any time.
"""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.footprints import decode_recorded_block
from aergo_vc.model.recorded_blocks import RecordedBlock

FOOTPRINTS = "footprints"
"""The folder for them in this program's own."""

_FOLDER_BYTES = 512 << 20
"""Beyond so many bytes the older half of the files goes."""

_FILE_BYTES = 256 << 20
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_SEAL_BYTES = 64


class FootprintFiles:
    """The files of one clone; neither reading nor writing raises anything for what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, commit: ObjectId) -> RecordedBlock | None:
        """What is kept of the block of a commit."""
        try:
            data = self._read(commit)
            return None if data is None else decode_recorded_block(data)
        except (OSError, FormatError):
            return None

    def keep(self, commit: ObjectId, data: bytes) -> None:
        """Keep what `codec.footprints` made of a block that is valid."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(data))
            draft = self._folder / f"{commit}.{os.getpid()}"
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(self._seal(commit, data) + data)
            draft.replace(self._folder / commit)

    def _read(self, commit: ObjectId) -> bytes | None:
        descriptor = os.open(self._folder / commit, os.O_RDONLY | _CAREFULLY)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or not _is_own(found) or found.st_size > _FILE_BYTES:
                return None
            seal, data = file.read(_SEAL_BYTES), file.read(_FILE_BYTES)
        return data if seal == self._seal(commit, data) else None

    def _seal(self, commit: ObjectId, data: bytes) -> bytes:
        """What a file begins with: it hangs on the folder, the name and the rest of the file."""
        found = self._folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or not _is_own(found):
            raise PermissionError(f"{self._folder} is not private")
        place = f"{found.st_dev} {found.st_ino} {commit}\n".encode()
        # The rest is a digest of what follows it, and that; its reader checks it.
        return hashlib.sha256(place + data[:_SEAL_BYTES]).hexdigest().encode()

    def _make_room(self, size: int) -> None:
        files = [(file.stat(follow_symlinks=False), file.path) for file in os.scandir(self._folder)]
        if sum(facts.st_size for facts, _ in files) + size <= _FOLDER_BYTES:
            return
        files.sort(key=lambda file: file[0].st_mtime_ns)
        for _, path in files[: len(files) // 2 + 1]:
            Path(path).unlink(missing_ok=True)


def _is_own(found: os.stat_result) -> bool:
    """Whether a file is this user's and nobody else's to write; Windows has no such bits, only owners."""
    mine = getattr(os, "geteuid", None)
    return mine is None or (found.st_uid == mine() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
