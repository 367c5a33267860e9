"""What the user has staged, which a merge that is left in the index could not tell from its own."""

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.errors import WorktreeError
from aergo_vc.objects.git import Git


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
