"""Merge blocks that wait for git to make their commit: which commits they were made for.

Kept in the git directory, one small file by the id of ``ledger/``; the objects themselves are held by the index.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.objects.locks import AERGO_FOLDER

_MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class PreparedFor:
    """The two parents that the commit of a prepared merge block must have."""

    target: ObjectId
    source: ObjectId


def note_prepared(paths: GitPaths, ledger: ObjectId, parents: PreparedFor) -> None:
    """Remember that the block in the tree `ledger` was made for `parents`.  To be used under the ledger's lock."""
    folder = _folder(paths)
    make_directories(folder)
    kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for path in kept[: max(0, len(kept) - _MOST_KEPT + 1)]:
        path.unlink(missing_ok=True)
    replace_file(folder / f"{ledger}.json", json.dumps(asdict(parents)).encode())


def prepared_for(paths: GitPaths, ledger: ObjectId) -> PreparedFor | None:
    """What the block in the tree `ledger` was made for; None if nobody prepared it here."""
    with suppress(OSError, ValueError, TypeError):
        return PreparedFor(**json.loads((_folder(paths) / f"{ledger}.json").read_bytes()))
    return None


def _folder(paths: GitPaths) -> Path:
    return paths.common_dir / AERGO_FOLDER / "prepared"
