"""Make what was written survive a power cut."""

import errno
import os
from pathlib import Path


def sync_directory(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_together(*descriptors: int) -> None:
    """Make the content of open files durable, sooner than one by one."""
    for descriptor in descriptors:
        # Linux begins to write what it is told is not needed (mm/fadvise.c): the first sync then takes all of it along.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    for descriptor in descriptors:
        os.fsync(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a file durable that another program wrote."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(folder: Path) -> None:
    """Create `folder` and what is missing above it, durably."""
    if folder.is_dir():
        return
    make_directories(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_directory(folder.parent)


def write_file(path: Path, data: bytes) -> None:
    """Create `path`, which must not exist, and make its content durable; its name is durable after `sync_directory`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def append_to_file(path: Path, data: bytes) -> None:
    """Put `data` at the end of `path`, which exists, durably; after a crash or an error part of it may stand there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fdatasync(descriptor)  # takes the file's new length along
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, durably: after a crash it holds the old bytes or the new ones.

    Only one process at a time may write it: the draft beside it always has the same name, so that crashes leave one.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    write_file(draft, data)
    draft.replace(path)
    sync_directory(path.parent)
