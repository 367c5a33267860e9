"""What the user has changed or staged, which a merge or a block might lose."""

import os
import re
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.errors import WorktreeError
from aergo_vc.objects.git import Git

_CHANGED = re.compile(r"Entry '(.*?)' (?:not uptodate|would be overwritten by merge)")


def require_nothing_staged(git: Git, head: ObjectId) -> None:
    """Raise WorktreeError, which names the paths, if the index is not that of `head`; as `staged_changes`."""
    staged = staged_changes(git, head)
    if staged:
        names = ", ".join(staged)
        raise WorktreeError(f"changes of {names} are staged, and a merge begins with none", paths=names)


def staged_changes(git: Git, head: ObjectId) -> tuple[str, ...]:
    """The paths at which the index differs from `head`, a commit or a tree; unmerged ones are among them."""
    words = ("diff-index", "--cached", "--name-only", "--no-ext-diff", "-z", head, "--")
    listed = git.run(*words).output.decode("utf-8", "replace").split("\0")
    return tuple(dict.fromkeys(name for name in listed if name))


def changes_in(git: Git, folder: str, commit: ObjectId, index: Path) -> tuple[str, ...]:
    """The files of `commit` in a folder that differ in `index` or worktree; one that is gone may come again.

    `index` is a copy, which is brought up to date where files were touched.
    """
    variables = {"GIT_INDEX_FILE": str(index)}
    where = (commit, "--", f":(top,literal){folder}")
    words = ("diff-index", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--diff-filter=d", *where)
    listed = git.run(*words, variables=variables).output
    if listed:
        # A file that was merely touched counts as changed until its entry is refreshed.
        git.run("update-index", "-q", "--refresh", expected=(0, 1, 128), variables=variables)
        listed = git.run(*words, variables=variables).output
    return tuple(dict.fromkeys(os.fsdecode(name) for name in listed.split(b"\0") if name))


def plain_refusal(errors: str, commit: ObjectId | None) -> str:
    """What git says where it cannot bring a worktree to a commit by ``read-tree -m``, in plain words if we know it."""
    found = _CHANGED.search(errors)
    if found is not None:
        return f"changes of {found[1]} would be overwritten"
    if "resolve your current index" in errors:
        return "the index holds files in conflict"
    return f"the worktree cannot follow to {commit}: {errors}"
