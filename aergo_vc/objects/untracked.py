"""Untracked files that a change of the worktree would overwrite.

git refuses to lose them, but in a sparse checkout it warns and overwrites (tried on 2.39): so they are looked for
before anything changes.
"""

import os
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.errors import UntrackedError
from aergo_vc.objects.git import Git


def require_none_in_the_way(git: Git, top: Path, old: ObjectId, new: ObjectId, *, beside: str | None = None) -> None:
    """Raise UntrackedError, which names them, if there are untracked files in the way; as `untracked_in_the_way`."""
    found = untracked_in_the_way(git, top, old, new, beside=beside)
    if found:
        is_one = len(found) == 1
        names = ", ".join(found)
        message = f"the untracked file{'' if is_one else 's'} {names} would be overwritten"
        raise UntrackedError(message, paths=names)


def untracked_in_the_way(
    git: Git, top: Path, old: ObjectId, new: ObjectId, *, beside: str | None = None
) -> tuple[str, ...]:
    """The untracked files, ignored ones left out as git does, where files of `new` go that `old` does not have.

    `old` and `new` are commits or trees; paths count from `top`, the worktree's folder.  What lies in the top folder
    `beside` is left out.
    """
    where = () if beside is None else (".", f":(top,exclude,literal){beside}")
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", old, new, "--", *where)
    added = git.run(*words).output
    names = [os.fsdecode(name) for name in added.split(b"\0") if name]
    there = dict.fromkeys(found for name in names if (found := _obstacle(top, name)) is not None)
    if not there:
        return ()
    paths = [f":(top,literal){name}" for name in there]
    words = ("ls-files", "--others", "--exclude-standard", "-z", "--", *paths)
    return tuple(os.fsdecode(name) for name in git.run(*words).output.split(b"\0") if name)


def _obstacle(top: Path, name: str) -> str | None:
    """What stands at a path, or as a file where a folder on the way there would be."""
    parts = name.split("/")
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        full = top / path
        if full.is_symlink() or (full.exists() and (depth == len(parts) or not full.is_dir())):
            return path
        if not full.exists():
            return None
    return None
