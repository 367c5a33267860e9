"""Let a worktree follow its branch, so that neither a crash nor another program finds the two apart for good.

git moves a branch and an index one after the other, and a crash in between leaves a worktree that shows the changes
backwards.  Here the index is locked before the first file changes and until the branch has moved: a ``git commit`` at
the same time sees both or neither.  A note, durable before anything changes, lets the next writer finish what a crash
interrupted.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, git_object_id
from aergo_vc.objects.changed import changes_in, plain_refusal
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.objects.errors import NoWorktreeError, WorktreeError
from aergo_vc.objects.git import Git
from aergo_vc.objects.locks import AERGO_FOLDER, Deadline, exclusive_file
from aergo_vc.objects.refs import open_refs
from aergo_vc.objects.untracked import require_none_in_the_way

_LEDGER = "ledger/"
_REFUSED = re.compile(r"merge\.|would lose untracked files")
"""What git says when it refuses before it has touched anything (unpack-trees.c); other words tell of a failing disk."""


class _UntouchedError(WorktreeError):
    """git refused to begin."""


@dataclass(frozen=True, slots=True)
class _Step:
    reference: str
    old: ObjectId | None
    new: ObjectId


class Follower:
    """The index and the files of one worktree, while its branch moves.  To be used under the ledger's lock.

    `environment` is for git's children, under the user's settings, because they say how files look.  `timeout` bounds
    the wait, in seconds, for an index that another program has locked.  The worktree must not be that of a bare
    repository.
    """

    def __init__(self, paths: GitPaths, environment: Mapping[str, str] | None = None, *, timeout: float = 5.0) -> None:
        if paths.work_tree is None:
            raise NoWorktreeError(f"{paths.git_dir} is a bare repository: it has no worktree")
        self._paths = paths
        self._top = Path(os.path.realpath(paths.work_tree))
        self._refs = open_refs(paths, environment)
        self._timeout = timeout
        self._index = paths.git_dir / "index"
        self._note = paths.git_dir / AERGO_FOLDER / "following.json"
        self._draft = self._note.with_name("index.next")
        self._git = Git(paths, environment, user_config=True)
        self._empty_tree = git_object_id(Kind.TREE, b"", paths.object_format)

    def _is_on(self, reference: str) -> bool:
        """Whether this worktree's HEAD stands for `reference`, born or not."""
        return self._refs.symbolic_target("HEAD") == reference

    def require_room(self, reference: str, old: ObjectId, files: ObjectId | None, *, ledger: str) -> None:
        """Raise WorktreeError if `follow`, to a commit that has `files` beside the top folder `ledger`, would have to.

        `files` is a tree, None where they are those of `old`.  Whatever the user changed in the folder counts, though a
        block may leave it as it is.
        """
        if not self._is_on(reference):
            return
        if files is not None:
            require_none_in_the_way(self._git, self._top, old, files, beside=ledger)
        # A git that is killed while it writes the index itself would leave its lock behind.
        self._copy_index()
        try:
            if files is not None:
                self._read_tree(old, files, "--dry-run")
            changed = changes_in(self._git, ledger, old, self._draft)
        finally:
            self._draft.unlink(missing_ok=True)
        if changed:
            raise WorktreeError(f"changes of {', '.join(changed)} would be overwritten", paths=", ".join(changed))

    @contextmanager
    def follow(
        self, reference: str, old: ObjectId | None, new: ObjectId, *, is_new_path: bool = True
    ) -> Iterator[None]:
        """Bring files and index from commit `old` (None: the branch is not born) to `new`; the body moves the branch.

        Nothing but the body happens where the worktree is on another branch.  What the user changed or staged in files
        that are the same in both commits is kept.  If the body raises, the files are brought back.  `is_new_path`
        False tells that `new` has no path outside hidden folders that `old` has not.

        Raises:
            LockedError: another program keeps the index locked.
            WorktreeError: a file that must change has changes of the user's, or is untracked; nothing was touched.

        """
        if not self._is_on(reference):
            yield
            return
        with self._locked_index():
            if is_new_path:
                require_none_in_the_way(self._git, self._top, old or self._empty_tree, new)
            self._take_note(_Step(reference, old, new))
            self._copy_index()
            try:
                self._read_tree(old, new)
            except _UntouchedError:
                self._forget()
                raise
            try:
                yield
            except BaseException:
                if self._refs.read(reference) == new:
                    self._draft.replace(self._index)
                else:
                    self._read_tree(new, old)
                self._forget()
                raise
            self._draft.replace(self._index)
            self._forget()

    def recover(self) -> None:
        """Finish, or take back, what a crash interrupted; costs one look for a file where there was none."""
        step = self._read_note()
        if step is None:
            return
        with self._locked_index():
            current = self._refs.read(step.reference)
            if self._is_on(step.reference) and current in (step.old, step.new):
                with suppress(WorktreeError):  # the user has been at work since: it is for them to go on
                    self._repair(step, finish=current == step.new)
            self._forget()

    @contextmanager
    def _locked_index(self) -> Iterator[None]:
        lock = self._index.with_name("index.lock")
        with exclusive_file(lock, self._paths.common_dir, b"", Deadline(self._timeout), durable=False):
            yield

    def _take_note(self, step: _Step) -> None:
        make_directories(self._note.parent)
        replace_file(self._note, json.dumps(asdict(step)).encode())

    def _forget(self) -> None:
        self._draft.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _read_note(self) -> _Step | None:
        try:
            return _Step(**json.loads(self._note.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            self._note.unlink(missing_ok=True)
            return None

    def _copy_index(self) -> None:
        """Have the index under another name: git replaces the file that it is told to change, and so spares ours."""
        make_directories(self._draft.parent)
        for leftover in (self._draft, self._draft.with_name(self._draft.name + ".lock")):
            leftover.unlink(missing_ok=True)
        try:
            os.link(self._index, self._draft)
        except FileNotFoundError:
            return
        except OSError:
            shutil.copyfile(self._index, self._draft)

    def _repair(self, step: _Step, *, finish: bool) -> None:
        """Make the ledger's files what the index says, whichever of them had changed; then go on if there is need."""
        self._copy_index()
        old, new = step.old or self._empty_tree, step.new
        changed = self._run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new, "--", _LEDGER)
        known = set(self._run("ls-files", "-z", "--", _LEDGER).split(b"\0"))
        names = [name for name in changed.split(b"\0") if name]
        for name in names:
            if name not in known:
                self._remove(os.fsdecode(name))
        kept = b"".join(name + b"\0" for name in names if name in known)
        self._run("checkout-index", "-f", "-u", "-q", "-z", "--stdin", stdin=kept)
        if finish:
            self._read_tree(step.old, new)
        if self._draft.exists():
            self._draft.replace(self._index)

    def _remove(self, name: str) -> None:
        path = self._top / name
        if Path(os.path.realpath(path.parent)) != path.parent:
            return
        path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in Path(name).parents[:-1]:
                (self._top / folder).rmdir()  # as git takes away the folders that it empties; others refuse

    def _read_tree(self, old: ObjectId | None, new: ObjectId | None, *options: str) -> None:
        """A two-way merge (git-read-tree): what equals `old` becomes `new`, everything else stays or stops it.

        It is made in the draft of the next index.
        """
        arguments = ("read-tree", "-m", "-u", *options, old or self._empty_tree, new or self._empty_tree)
        variables = {"GIT_INDEX_FILE": str(self._draft)}
        done = self._git.run(*arguments, expected=(0, 1, 128), variables=variables)
        if done.status:
            # A file that was merely touched counts as changed until its entry is refreshed.
            self._git.run("update-index", "-q", "--refresh", expected=(0, 1, 128), variables=variables)
            done = self._git.run(*arguments, expected=(0, 1, 128), variables=variables)
        if done.status:
            kind = _UntouchedError if _REFUSED.search(done.errors) else WorktreeError
            raise kind(plain_refusal(done.errors, new), commit=new)

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return self._git.run(*arguments, stdin=stdin, variables={"GIT_INDEX_FILE": str(self._draft)}).output
