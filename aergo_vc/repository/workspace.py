"""A repository as the verbs see it: where it lies, its objects and references, the clock, who signs."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aergo_vc.base.clock import Clock, SystemClock
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.base.names import branch_name, is_branch_name
from aergo_vc.codec.git_commit import Identity
from aergo_vc.ledger.layout import LEDGER
from aergo_vc.ledger.rules import ref_of
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.objects.consolidating import Consolidator
from aergo_vc.objects.discovery import GitPaths, find_repository
from aergo_vc.objects.following import Follower
from aergo_vc.objects.git import Git
from aergo_vc.objects.late_store import LateStore
from aergo_vc.objects.locks import AERGO_FOLDER, ledger_lock
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.pack_writer import PackWriter, release_leftovers
from aergo_vc.objects.refs import Refs, open_refs
from aergo_vc.objects.settings import write_settings
from aergo_vc.objects.store import ObjectStore
from aergo_vc.repository.errors import DetachedHeadError, MovedBranchError, storage_errors
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.twins import FileTwins

if TYPE_CHECKING:
    from aergo_vc.directory.authorities import Authorities
    from aergo_vc.repository.tips import Tip
    from aergo_vc.repository.watermark import Watermark

_LOCK_SECONDS = 30.0
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the library is told of the world around it, which it does not ask itself.

    `variables` are environment variables for git's children and the agent; `entropy` gives random bytes.  `workers` are
    the processes in which large blocks may be made, this one among them.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    entropy: Callable[[int], bytes] = os.urandom
    home: Path | None = None
    workers: int = 1


class Closable(Protocol):
    """Something open that may be given up."""

    def close(self) -> None: ...


class Workspace:
    """One repository, opened; closes what it opened.

    `resting` is a place for what one verb leaves open for the next.  `tips` and `authorities` are what was last read,
    each good for one head; `sound_tips` holds the head that was last made or checked here, and the directory's head
    that it was judged by.
    """

    def __init__(self, paths: GitPaths, surroundings: Surroundings) -> None:
        self.paths = paths
        self.surroundings = surroundings
        self.resting: Closable | None = None
        self.tips: dict[BranchName, Tip] = {}
        self.sound_tips: dict[BranchName, tuple[ObjectId, ObjectId]] = {}
        self.authorities: Authorities | None = None
        self.watermark: Watermark | None = None

    @classmethod
    def open(cls, start: Path, surroundings: Surroundings) -> "Workspace":
        """The repository that `start` lies in; raises NotARepositoryError or UnsupportedRepositoryError."""
        return cls(find_repository(start, surroundings.variables), surroundings)

    @cached_property
    def store(self) -> ObjectStore:
        """The repository's objects."""
        return LateStore(self.light, lambda: open_store(self.paths, environment=self.surroundings.variables))

    @cached_property
    def light(self) -> ObjectStore:
        """The repository's objects for a command that reads a few and must start fast."""
        return open_store(self.paths, Preference.QUICK_START, self.surroundings.variables)

    @cached_property
    def writer(self) -> PackWriter:
        """Where new objects go until they are published."""
        return PackWriter(self.store, self.paths)

    @cached_property
    def _consolidator(self) -> Consolidator:
        return Consolidator(self.paths)

    @cached_property
    def twins(self) -> FileTwins:
        """The directories in SHA-256 format that were seen before."""
        return FileTwins(self.folder / "cache" / "twins.sqlite")

    @cached_property
    def nodes(self) -> NodeStore:
        """The nodes of table trees."""
        return NodeStore(self.writer, self.twins, self.paths.object_format.id_bytes)

    @cached_property
    def refs(self) -> Refs:
        """The repository's references."""
        return open_refs(self.paths, self.surroundings.variables)

    @cached_property
    def git(self) -> Git:
        """The git program, under the repository's settings alone."""
        return Git(self.paths, self.surroundings.variables)

    @cached_property
    def user_git(self) -> Git:
        """The git program under the user's own settings: for what touches the worktree."""
        return Git(self.paths, self.surroundings.variables, user_config=True)

    @property
    def folder(self) -> Path:
        """This program's own folder in the common git directory."""
        return self.paths.common_dir / AERGO_FOLDER

    def set(self, settings: Mapping[str, str | None]) -> None:
        """Write settings into the repository's configuration, by full name, all or none; None takes one away."""
        common_dir = self.paths.common_dir
        write_settings(self.git, common_dir, common_dir / "config", settings)

    def now(self) -> int:
        """The time in milliseconds since 1970."""
        return self.surroundings.clock.now()

    def current_branch(self) -> BranchName:
        """The branch that HEAD is on, born or not; raises DetachedHeadError."""
        target = self.refs.symbolic_target("HEAD")
        if target is None or not target.startswith(_HEADS):
            raise DetachedHeadError("HEAD is detached: a block needs a branch to go on")
        return branch_name(target.removeprefix(_HEADS))

    def head_of(self, branch: BranchName) -> ObjectId | None:
        """The commit at the head of a branch; None if there is no such branch."""
        return self.refs.read(ref_of(branch))

    def directory_head(self) -> ObjectId | None:
        """The commit at the head of the directory.

        It is that of the local branch, else that of the remotes' branches, as a plain clone has them; None if there is
        none, or if remotes differ.
        """
        local = self.head_of(DIRECTORY_BRANCH)
        if local is not None:
            return local
        fetched = {
            head for ref, head in self.refs.list("refs/remotes/").items() if ref.endswith(f"/{DIRECTORY_BRANCH}")
        }
        return fetched.pop() if len(fetched) == 1 else None

    def local_branches(self) -> Mapping[BranchName, ObjectId]:
        """The branches of this repository whose names a ledger's may have."""
        heads = self.refs.list(_HEADS)
        named = {name.removeprefix(_HEADS): commit for name, commit in heads.items()}
        return {BranchName(name): commit for name, commit in named.items() if is_branch_name(name)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the ledger's lock, which keeps other writers and ``git gc`` away, once what a crash left is cleared.

        Raises StorageError where the disk does not serve, inside too.
        """
        with storage_errors(), ledger_lock(self.paths.common_dir, _LOCK_SECONDS):
            release_leftovers(self.paths)
            if self._follower is not None:
                self._follower.recover()
            yield

    @cached_property
    def _follower(self) -> Follower | None:
        return None if self.paths.work_tree is None else Follower(self.paths, self.surroundings.variables)

    def require_room(self, branch: BranchName, old: ObjectId, files: ObjectId | None) -> None:
        """Raise WorktreeError if `move_branch`, to a block with these files beside ``ledger/``, would have to.

        None stands for the files of `old`.
        """
        if self._follower is not None:
            self._follower.require_room(ref_of(branch), old, files, ledger=LEDGER)

    def move_branch(
        self, branch: BranchName, old: ObjectId | None, new: ObjectId, message: str, *, brings_files: bool = True
    ) -> None:
        """Move a branch as `move` does, and what its worktree shows with it; raises WorktreeError beforehand.

        A new branch, and one that no worktree is on, is not checked out.  `brings_files` False tells that files
        outside ``ledger/`` are the same in `new`.
        """
        ref = ref_of(branch)
        if self._follower is None:
            self.move(ref, old, new, message)
            return
        with self._published(), self._follower.follow(ref, old, new, is_new_path=brings_files):
            self._swap(ref, old, new, message)

    def move(self, ref: str, old: ObjectId | None, new: ObjectId, message: str) -> None:
        """Publish what was written and move a reference to it; raises MovedBranchError if it is not at `old`."""
        with self._published():
            self._swap(ref, old, new, message)

    @contextmanager
    def _published(self) -> Iterator[None]:
        pack = self.writer.publish()
        try:
            yield
        finally:
            pack.release()
        with suppress(OSError):  # what was published stands, and the next time tries again
            self._consolidator.consolidate()

    def _swap(self, ref: str, old: ObjectId | None, new: ObjectId, message: str) -> None:
        who = Identity("git-aergo", "git-aergo@localhost", self.now() // 1000)
        swap = self.refs.compare_and_swap(ref, old, new, message=message, who=who)
        if not swap.done:
            raise MovedBranchError(f"{ref} is at {swap.current}, not at {old}: somebody moved it", ref=ref)

    def close(self) -> None:
        """Give up files; the workspace must not be used afterwards."""
        if self.resting is not None:
            self.resting.close()
            self.resting = None
        for name in ("twins", "writer", "store", "light"):
            if name in self.__dict__:
                self.__dict__[name].close()
