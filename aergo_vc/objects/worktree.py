"""The index and the worktree, touched through git's own plumbing only (design D1).

The state's chunks stay out of the worktree by two sparse-checkout patterns, without a cone (which would hide new
folders of the user's) and without a sparse index (which the libraries cannot read).
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, git_object_id
from aergo_vc.objects.changed import plain_refusal
from aergo_vc.objects.discovery import GitPaths, read_settings
from aergo_vc.objects.errors import GitFailedError, WorktreeError
from aergo_vc.objects.git import Git, GitOutput
from aergo_vc.objects.locks import Deadline
from aergo_vc.objects.settings import write_settings
from aergo_vc.objects.untracked import require_none_in_the_way

HIDE_STATE = "!/ledger/state/"
"""The sparse-checkout pattern that keeps the chunks out of the worktree."""

_SHOW_ALL = "/*"
_SPARSE = ("core.sparseCheckout", "core.sparseCheckoutCone")
_BEFORE = {name: f"aergo.{name.removeprefix('core.')}Before" for name in _SPARSE}
"""Where the settings are kept that stood before the state was hidden; empty for one that was not set."""


class Worktree:
    """One worktree of a repository.

    `environment` is for git's children; the user's settings count here, because they say how files look (line
    endings, filters).  `timeout` bounds the wait, in seconds, for an index that another program has locked.

    Raises `WorktreeError` for a bare repository.
    """

    def __init__(self, paths: GitPaths, environment: Mapping[str, str] | None = None, *, timeout: float = 5.0) -> None:
        if paths.work_tree is None:
            raise WorktreeError(f"{paths.git_dir} is a bare repository: it has no worktree")
        self._paths = paths
        self._top = paths.work_tree
        self._git = Git(paths, environment, user_config=True)
        self._timeout = timeout
        self._empty_tree = git_object_id(Kind.TREE, b"", paths.object_format)

    def sync_to(self, old: ObjectId | None, new: ObjectId) -> None:
        """Bring index and files from commit `old` (None: the branch was not born) to `new`, as a checkout would.

        What the user changed or staged in files that are the same in both commits is kept.

        Raises:
            LockedError: another program keeps the index locked.
            WorktreeError: a file that must change has changes of the user's, or is untracked; nothing was touched.

        """
        self._require_no_untracked(old, new)
        self._read_tree(old, new)

    def hide_state(self, commit: ObjectId | None) -> bool:
        """Take the state's files out of the worktree, which shows `commit`; returns whether they are hidden now.

        Sparse patterns of the user's stay in force.  A cone of theirs is left as it is: it decides for itself.
        """
        settings = self._settings()
        is_sparse = settings.get("core.sparsecheckout", "false") == "true"
        patterns = self._patterns() if is_sparse else [_SHOW_ALL]
        if patterns != [_SHOW_ALL] and settings.get("core.sparsecheckoutcone", "true") == "true":
            return False
        if HIDE_STATE not in patterns:
            if not is_sparse:
                self._keep_what_was()
            self._apply([*patterns, HIDE_STATE], commit)
        return True

    def show_state(self, commit: ObjectId | None) -> None:
        """Let the state's files appear in the worktree, which shows `commit`; what was before `hide_state` is again."""
        patterns = self._patterns()
        if HIDE_STATE not in patterns:
            return
        left = [pattern for pattern in patterns if pattern != HIDE_STATE]
        self._apply(left, commit)
        if left == [_SHOW_ALL]:
            self._restore_what_was()

    def _keep_what_was(self) -> None:
        own = read_settings(self._settings_file())
        self._set({kept: own.get(name.lower(), "") for name, kept in _BEFORE.items()})
        with suppress(FileNotFoundError):
            self._patterns_file.replace(self._kept_patterns_file)

    def _restore_what_was(self) -> None:
        """Leave a sparse checkout of the user's own, which does not hide anything, as it is."""
        own = read_settings(self._settings_file())
        if not any(kept.lower() in own for kept in _BEFORE.values()):
            return
        restored = {name: own.get(kept.lower()) or None for name, kept in _BEFORE.items()}
        self._set(restored | dict.fromkeys(_BEFORE.values()))
        self._patterns_file.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            self._kept_patterns_file.replace(self._patterns_file)

    def _apply(self, patterns: list[str], commit: ObjectId | None) -> None:
        self._patterns_file.parent.mkdir(exist_ok=True)
        self._patterns_file.write_text("".join(f"{pattern}\n" for pattern in patterns), "utf-8")
        self._set({"core.sparseCheckoutCone": "false", "core.sparseCheckout": "true"})
        if commit is not None:
            self._read_tree(commit, commit)

    @property
    def _patterns_file(self) -> Path:
        return self._paths.git_dir / "info" / "sparse-checkout"

    @property
    def _kept_patterns_file(self) -> Path:
        return self._patterns_file.with_name("sparse-checkout.before-aergo")

    def _patterns(self) -> list[str]:
        try:
            text = self._patterns_file.read_text("utf-8")
        except FileNotFoundError:
            return [_SHOW_ALL]
        return text.splitlines()

    def _settings(self) -> Mapping[str, str]:
        own = read_settings(self._paths.git_dir / "config.worktree")
        return read_settings(self._paths.common_dir / "config") | own

    def _settings_file(self) -> Path:
        own = self._settings().get("extensions.worktreeconfig", "false") == "true"
        return self._paths.git_dir / "config.worktree" if own else self._paths.common_dir / "config"

    def _set(self, values: Mapping[str, str | None]) -> None:
        write_settings(self._git, self._paths.common_dir, self._settings_file(), values, timeout=self._timeout)

    def _require_no_untracked(self, old: ObjectId | None, new: ObjectId) -> None:
        require_none_in_the_way(self._git, self._top, old or self._empty_tree, new)

    def _read_tree(self, old: ObjectId | None, new: ObjectId) -> None:
        """A two-way merge (git-read-tree): what equals `old` becomes `new`, everything else stays or stops it."""
        arguments = ("read-tree", "-m", "-u", old or self._empty_tree, new)
        done = self._unlocked(*arguments)
        if done.status:
            # A file that was merely touched counts as changed until its entry is refreshed.
            self._unlocked("update-index", "-q", "--refresh")
            done = self._unlocked(*arguments)
        if done.status:
            raise WorktreeError(plain_refusal(done.errors, new), commit=new)

    def _unlocked(self, *arguments: str) -> GitOutput:
        deadline = Deadline(self._timeout)
        while True:
            done = self._git.run(*arguments, expected=(0, 1, 128))
            lock = self._paths.git_dir / "index.lock"
            if done.status == 0 or "index.lock" not in done.errors:
                return done
            if not lock.exists() and "File exists" not in done.errors:
                raise GitFailedError(f"git {arguments[0]} failed: {done.errors}", status=done.status)
            deadline.wait("the index", lock)
