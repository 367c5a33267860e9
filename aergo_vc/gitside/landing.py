"""Bring the result of a merge into index and worktree, or leave both as they were."""

import re
from collections.abc import Mapping, Sequence

from aergo_vc.base.errors import RepositoryError
from aergo_vc.base.ids import ObjectId
from aergo_vc.ledger.layout import LEDGER
from aergo_vc.objects.changed import staged_changes
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.ordinary_merge import MergedFiles, Stage
from aergo_vc.objects.untracked import untracked_in_the_way

_OVERWRITTEN = re.compile(r"Entry '(.*)' not uptodate\. Cannot merge")
_UNTRACKED = re.compile(r"Untracked working tree file '(.*)' would be overwritten by merge")


class InTheWayError(RepositoryError):
    """Changes of the user's stand where the merge would write; nothing was touched."""

    code = "E_IN_THE_WAY"


class Landing:
    """Index and worktree of one repository, which are at the commit or tree `head`."""

    def __init__(self, paths: GitPaths, variables: Mapping[str, str], head: ObjectId) -> None:
        self._git = Git(paths, variables, user_config=True, lazy_fetch=paths.is_partial)
        self._paths = paths
        self._head = head

    def require_nothing_staged(self) -> None:
        """Raise InTheWayError, in git's words, if the index is not that of HEAD: git commits all that it holds."""
        staged = staged_changes(self._git, self._head)
        if staged:
            listed = "".join(f"\n  {name}" for name in staged)
            raise InTheWayError(f"Your local changes to the following files would be overwritten by merge:{listed}")

    def graft(self, files: ObjectId, ledger: ObjectId | None) -> ObjectId:
        """The tree that has `ledger` beside the files of another."""
        if ledger is None:
            return files
        listed = self._git.run("ls-tree", "-z", files).output
        entry = f"040000 tree {ledger}\t{LEDGER}\0".encode()
        return ObjectId(self._git.run("mktree", "-z", stdin=listed + entry).output.decode().strip())

    def land(self, result: ObjectId, merged: MergedFiles) -> None:
        """Make index and worktree those of the tree `result`, and enter what is in conflict.

        Raises InTheWayError.
        """
        if self._paths.work_tree is not None:
            lost = untracked_in_the_way(self._git, self._paths.work_tree, self._head, result)
            if lost:
                raise InTheWayError(_untracked(lost))
        words = ("read-tree", "-m", "-u", self._head, result)
        done = self._git.run(*words, expected=(0, 1, 128))
        if done.status:
            # A file that was merely touched counts as changed until its entry is refreshed.
            self._git.run("update-index", "-q", "--refresh", expected=(0, 1))
            done = self._git.run(*words, expected=(0, 1, 128))
        if done.status:
            raise InTheWayError(_porcelain(done.errors))
        if merged.stages:
            self._enter(merged.stages)
        # For `git diff AUTO_MERGE`, as git's own strategy leaves it.
        if self._paths.is_reftable:
            self._git.run("update-ref", "--no-deref", "AUTO_MERGE", result, expected=(0, 128))
        else:
            (self._paths.git_dir / "AUTO_MERGE").write_text(f"{result}\n", "ascii")

    def _enter(self, stages: Sequence[Stage]) -> None:
        paths = dict.fromkeys(stage.path for stage in stages)
        listed = b"".join(path + b"\0" for path in paths)
        # A sparse checkout hides files; those with conflicts must be seen all the same.
        self._git.run("update-index", "-z", "--no-skip-worktree", "--stdin", stdin=listed, expected=(0, 128))
        missing = self._git.run("ls-files", "-z", "--deleted", "--", *_literal(paths)).output
        self._git.run("checkout-index", "-z", "--stdin", "-u", stdin=missing, expected=(0, 128))
        gone = b"".join(b"0 %s\t%s\0" % (b"0" * len(self._head), path) for path in paths)
        entries = b"".join(b"%o %s %d\t%s\0" % (s.mode, s.id.encode(), s.stage, s.path) for s in stages)
        self._git.run("update-index", "-z", "--index-info", stdin=gone + entries)


def _literal(paths: Mapping[bytes, None]) -> list[str]:
    return [":(top,literal)" + path.decode("utf-8", "surrogateescape") for path in paths]


def _porcelain(errors: str) -> str:
    """What `git merge` would say where `git read-tree` refuses."""
    overwritten, untracked = _OVERWRITTEN.search(errors), _UNTRACKED.search(errors)
    if overwritten is not None:
        return (
            f"Your local changes to the following files would be overwritten by merge:\n\t{overwritten[1]}\n"
            "Please commit your changes or stash them before you merge.\nAborting"
        )
    if untracked is not None:
        return _untracked([untracked[1]])
    return errors


def _untracked(paths: Sequence[str]) -> str:
    listed = "".join(f"\t{path}\n" for path in paths)
    return (
        f"The following untracked working tree files would be overwritten by merge:\n{listed}"
        "Please move or remove them before you merge.\nAborting"
    )
