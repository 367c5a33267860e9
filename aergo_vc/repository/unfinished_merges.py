"""Merges that are in index and files, and not sealed yet, as ``git merge --no-commit`` leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.ids import ObjectId, is_object_id
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.git_tree import read_entries
from aergo_vc.ledger.layout import ledger_entry, with_ledger
from aergo_vc.objects.durable import replace_file
from aergo_vc.objects.ordinary_merge import Stage, enter_conflicts
from aergo_vc.objects.worktree import Worktree
from aergo_vc.repository.errors import MergeInProgressError, NoMergeError
from aergo_vc.repository.workspace import Workspace

_MARKED = "ledger/block.json"
_NONE = "no merge is in progress in this worktree"


@dataclass(frozen=True, slots=True)
class Ledgers:
    """``ledger/`` in the merge base, here, and in what is merged."""

    base: ObjectId | None
    ours: ObjectId
    theirs: ObjectId


def merge_head(workspace: Workspace) -> ObjectId | None:
    """The commit that is being merged in this worktree; None where no merge is in progress."""
    try:
        text = _path(workspace, "MERGE_HEAD").read_text("ascii").split()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    if len(text) != 1 or not is_object_id(text[0]):
        raise MergeInProgressError("several commits are being merged in this worktree")
    return ObjectId(text[0])


def require_no_merge(workspace: Workspace) -> None:
    """Raise MergeInProgressError where one is, for what would put a block between it and its target."""
    if merge_head(workspace) is not None:
        raise MergeInProgressError("a merge is unfinished in this worktree")


def require_merge_head(workspace: Workspace) -> ObjectId:
    """The same; raises NoMergeError where no merge is in progress."""
    found = merge_head(workspace)
    if found is None:
        raise NoMergeError(_NONE)
    return found


def merge_message(workspace: Workspace) -> str | None:
    """The message that was kept for the merge, without git's comments."""
    try:
        text = _path(workspace, "MERGE_MSG").read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip() or None


def leave_merge(
    workspace: Workspace,
    target: ObjectId,
    source: ObjectId,
    result: ObjectId,
    message: str,
    *,
    conflict: Ledgers | None = None,
    stages: Sequence[Stage] = (),
) -> None:
    """Publish what was written, and bring the tree `result` into index and worktree, for a merge of two commits.

    With `conflict` that is marked too (`mark_conflict`), and with `stages` other files in conflict are.  To be used
    under the ledger's lock.  Raises WorktreeError for what the user changed there; then nothing is touched.
    """
    worktree = Worktree(workspace.paths, workspace.surroundings.variables)
    pack = workspace.writer.publish()
    try:
        worktree.sync_to(target, result)
    finally:
        pack.release()
    if stages:
        enter_conflicts(workspace.user_git, stages)
    if conflict is not None:
        # Before git knows of a merge, which it would commit with the target's ledger.
        mark_conflict(workspace, conflict)
    replace_file(_path(workspace, "MERGE_MODE"), b"no-ff")
    replace_file(_path(workspace, "MERGE_MSG"), message.encode() + b"\n")
    replace_file(_path(workspace, "MERGE_HEAD"), source.encode() + b"\n")


def mark_conflict(workspace: Workspace, ledgers: Ledgers) -> None:
    """Let git take ``ledger/block.json`` for a file in conflict, so that it commits nothing before the merge is sealed.

    The index must hold the ledger of this side.
    """
    name = _MARKED.rpartition("/")[2]
    digits = len(ledgers.ours)
    lines = [f"0 {'0' * digits}\t{_MARKED}\n"]
    for stage, ledger in enumerate((ledgers.base, ledgers.ours, ledgers.theirs), 1):
        entries = () if ledger is None else read_entries(workspace.store.read_tree(ledger), digits // 2)
        lines += [f"{entry.mode:o} {entry.id} {stage}\t{_MARKED}\n" for entry in entries if entry.name == name]
    workspace.user_git.run("update-index", "--index-info", stdin="".join(lines).encode())


def unmark_conflict(workspace: Workspace) -> None:
    """Take back what `mark_conflict` did, if it did."""
    git = workspace.user_git
    if git.run("ls-files", "--unmerged", "--", _MARKED).output:
        git.run("reset", "--quiet", "--", _MARKED)


def merged_files_in_index(workspace: Workspace, target: ObjectId) -> ObjectId:
    """The tree with the files that the index holds, after ``ledger/`` there and in the worktree is `target`'s again.

    Raises MergeInProgressError while the index holds conflicts.
    """
    unmark_conflict(workspace)
    for path in _unmerged(workspace):
        raise MergeInProgressError(f"{path} is in conflict still", path=path)
    ledger = ledger_entry(workspace.store, read_links(workspace.writer.read_commit(target)).tree)
    held = _index_tree(workspace)
    if ledger is not None:
        _replace_ledger(workspace, held, ledger)
    return held


def enter_ledger(workspace: Workspace, ledger: ObjectId) -> None:
    """Put what was written, the tree `ledger`, into index and worktree in the place of a conflict there.

    While other files are in conflict that waits, and the conflict stays.  Raises WorktreeError.
    """
    if set(_unmerged(workspace)) - {_MARKED}:
        return
    unmark_conflict(workspace)
    _replace_ledger(workspace, _index_tree(workspace), ledger)


def _unmerged(workspace: Workspace) -> list[str]:
    """The paths in conflict, once for each of their stages."""
    lines = workspace.user_git.run("ls-files", "-z", "--unmerged").output.decode("utf-8", "replace").split("\0")
    return [line.partition("\t")[2] for line in lines if line]


def _index_tree(workspace: Workspace) -> ObjectId:
    return ObjectId(workspace.user_git.run("write-tree", "--missing-ok").output.decode().strip())


def _replace_ledger(workspace: Workspace, held: ObjectId, ledger: ObjectId) -> None:
    """Have another ``ledger/`` in index and worktree, which are at the tree `held`."""
    if ledger == ledger_entry(workspace.store, held):
        return
    begun = with_ledger(workspace.writer, held, ledger)
    pack = workspace.writer.publish()
    try:
        Worktree(workspace.paths, workspace.surroundings.variables).sync_to(held, begun)
    finally:
        pack.release()


def forget_merge(workspace: Workspace) -> None:
    """Have no merge in progress any more; index and files stay."""
    workspace.user_git.run("merge", "--quit")


def abort_merge(workspace: Workspace) -> None:
    """Take index and files back to before the merge, as git does, whatever it merges; raises NoMergeError."""
    if not _path(workspace, "MERGE_HEAD").exists():
        raise NoMergeError(_NONE)
    # A file that was merely touched counts as changed until its entry is refreshed.
    workspace.user_git.run("update-index", "-q", "--refresh", expected=(0, 1, 128))
    workspace.user_git.run("merge", "--abort")


def _path(workspace: Workspace, name: str) -> Path:
    return workspace.paths.git_dir / name
