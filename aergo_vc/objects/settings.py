"""Write a repository's settings so that a crash leaves the old file or the new one, and no lock that stays."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aergo_vc.objects.durable import sync_directory, sync_file
from aergo_vc.objects.git import Git
from aergo_vc.objects.locks import Deadline, exclusive_file

_NOT_SET = 5  # git-config(1)


def write_settings(
    git: Git, common_dir: Path, file: Path, values: Mapping[str, str | None], *, timeout: float = 5.0
) -> None:
    """Set `values` by full name in the configuration `file`, all or none, under git's own lock for it; None unsets.

    git edits a copy: killed while it holds its lock, it would leave one that nobody may break.  Raises LockedError
    after `timeout` seconds, GitFailedError for a name or a file that git refuses.
    """
    file = Path(os.path.realpath(file))
    copy = file.with_name(f"{file.name}.aergo")
    with exclusive_file(file.with_name(f"{file.name}.lock"), common_dir, b"", Deadline(timeout), durable=False):
        copy.with_name(f"{copy.name}.lock").unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy(file, copy)
        for name, value in values.items():
            if value is None:
                git.run("config", "--file", str(copy), "--unset-all", name, expected=(0, _NOT_SET))
            else:
                git.run("config", "--file", str(copy), name, value)
        sync_file(copy)
        copy.replace(file)
        sync_directory(file.parent)
