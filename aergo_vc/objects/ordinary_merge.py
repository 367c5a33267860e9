"""Merge all files of two commits but one folder's, exactly as git merges them, without touching index or worktree.

git's own merge machinery runs, on throw-away commits that lack the folder: so it never takes a deleted chunk and a
similar new one for a rename (threat I02).  Throw-away commits have ids of their own, which git writes into conflict
markers, names of files and messages; there they are replaced by the names that the user would have read.
"""

import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, git_object_id
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.git_tree import read_entries, write_entries
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.scratch_merge import merge_beside
from aergo_vc.objects.store import ObjectStore

_MOST_BASES = 16
"""Merge bases of merge bases are looked for up to this many; git itself goes on for ever."""

_COMMITTER = re.compile(rb"^committer .*> ([0-9]+) [+-][0-9]{4}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Labels:
    """What conflict markers call the two sides, and what they call the base; None: git's own short id of it."""

    ours: str
    theirs: str
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One entry of an index with conflicts: 1 is the base's, 2 ours, 3 theirs."""

    mode: int
    id: ObjectId
    stage: int
    path: bytes


@dataclass(frozen=True, slots=True)
class MergedFiles:
    """All files but the folder's.

    `tree` holds what the worktree should, conflict markers included; `stages` are the entries of the index for paths
    with conflicts, in git's order; `messages` is what `git merge` prints of it.
    """

    tree: ObjectId
    stages: tuple[Stage, ...]
    messages: str


class OrdinaryMerge:
    """Merges in one repository.  `objects` reads it; throw-away objects are left for ``git gc`` to collect."""

    def __init__(
        self, objects: ObjectStore, paths: GitPaths, environment: Mapping[str, str] | None = None, *, folder: str
    ) -> None:
        self._objects = objects
        self._paths = paths
        self._folder = folder
        self._environment = environment
        self._git = Git(paths, environment, user_config=True, lazy_fetch=paths.is_partial)

    def merge(
        self,
        bases: Sequence[ObjectId],
        ours: ObjectId,
        theirs: ObjectId,
        labels: Labels,
        options: Sequence[str] = (),
    ) -> MergedFiles:
        """Merge two commits, or trees, over their bases; without one the histories count as unrelated.

        `options` are those of ``git merge -X``.  Raises GitFailedError where git cannot merge at all.
        """
        stripped = self._strip_all(bases, ours, theirs)
        merged = self._merge_bare(stripped[ours], stripped[theirs], options)
        wording = _Wording(stripped[ours], stripped[theirs], labels)
        if not merged.stages:
            return replace(merged, messages=wording.text(merged.messages))
        if len(bases) == 1:
            wording = wording.with_base(self._short(stripped[bases[0]]), self._short(bases[0]))
        return self._worded(merged, wording)

    def _merge_bare(self, ours: ObjectId, theirs: ObjectId, options: Sequence[str]) -> MergedFiles:
        if options:
            tree, unmerged, said = merge_beside(self._paths, self._environment, ours, theirs, options)
            # There our side is called HEAD, as everywhere in git where something is merged.
            return MergedFiles(tree, tuple(_stages(iter(unmerged.split(b"\0")))), said)
        words = ["merge-tree", "--write-tree", "-z", "--messages", "--allow-unrelated-histories"]
        return _parse(self._git.run(*words, ours, theirs, expected=(0, 1)).output)

    def merge_bases(self, one: ObjectId, other: ObjectId) -> tuple[ObjectId, ...]:
        """The best common ancestors of two commits, in git's order."""
        done = self._git.run("merge-base", "--all", one, other, expected=(0, 1))
        return tuple(ObjectId(line) for line in done.output.decode().split())

    def is_ancestor(self, one: ObjectId, other: ObjectId) -> bool:
        """Whether commit `one` is `other` or reachable from it."""
        return self._git.run("merge-base", "--is-ancestor", one, other, expected=(0, 1)).status == 0

    def _strip_all(self, bases: Sequence[ObjectId], ours: ObjectId, theirs: ObjectId) -> Mapping[ObjectId, ObjectId]:
        """The throw-away commits by the commits that they stand for, one descending from another as those do."""
        made: dict[ObjectId, ObjectId] = {}
        for commit, parents in self._ancestry(bases).items():
            made[commit] = self._stripped(commit, [made[parent] for parent in parents])
        for number, commit in enumerate((ours, theirs)):
            if commit not in made:
                made[commit] = self._stripped(commit, [made[base] for base in bases], number)
        return made

    def _ancestry(self, bases: Sequence[ObjectId]) -> Mapping[ObjectId, Sequence[ObjectId]]:
        """The merge bases, theirs and so on, each with those that lie right below it, the lowest first.

        Where there are several, git merges them first, and for that it looks for their own merge bases.
        """
        known = list(dict.fromkeys(bases))
        if len(known) < 2:  # noqa: PLR2004
            return dict.fromkeys(known, ())
        for at, one in enumerate(known):  # grows as it goes
            for other in known[:at]:
                known += [found for found in self.merge_bases(one, other) if found not in known]
            if len(known) > _MOST_BASES:
                break
        below = {one: [other for other in known if other != one and self.is_ancestor(other, one)] for one in known}
        lowest_first = sorted(known, key=lambda commit: len(below[commit]))
        covered = {one: {deeper for other in below[one] for deeper in below[other]} for one in known}
        return {one: [other for other in below[one] if other not in covered[one]] for one in lowest_first}

    def _stripped(self, name: ObjectId, parents: Sequence[ObjectId], number: int = 0) -> ObjectId:
        kind, data = self._objects.read(name)
        seconds = b"0"
        if kind is Kind.COMMIT:
            found = _COMMITTER.search(data)
            seconds = seconds if found is None else found[1]  # git takes several bases by their dates
            name = read_links(data).tree
        tree = self._without_folder(name)
        lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
        # Both sides may have the same files: their names must differ all the same.
        lines += [role + b" aergo <%d> %s +0000" % (number, seconds) for role in (b"author", b"committer")]
        return self._write(Kind.COMMIT, b"\n".join(lines) + b"\n\n")

    def _without_folder(self, tree: ObjectId) -> ObjectId:
        entries = read_entries(self._objects.read_tree(tree), len(tree) // 2)
        left = [entry for entry in entries if entry.name != self._folder]
        return tree if len(left) == len(entries) else self._write(Kind.TREE, write_entries(left))

    def _write(self, kind: Kind, data: bytes) -> ObjectId:
        """Add a loose object, not durably."""
        name = git_object_id(kind, data, self._paths.object_format)
        folder = self._paths.objects_dir / name[:2]
        path = folder / name[2:]
        if not path.exists():
            folder.mkdir(exist_ok=True)
            descriptor, draft = tempfile.mkstemp(prefix="tmp_obj_", dir=folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data, 1))
            Path(draft).chmod(0o444)
            Path(draft).replace(path)
        return name

    def _worded(self, merged: MergedFiles, wording: "_Wording") -> MergedFiles:
        """The same with the user's names in place of throw-away ids."""
        with tempfile.TemporaryDirectory(prefix="aergo-merge-") as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            self._git.run("read-tree", merged.tree, variables=index)
            entries = dict(_listed(self._git.run("ls-files", "-s", "-z", variables=index).output))
            conflicted = dict.fromkeys(stage.path for stage in merged.stages)
            renamed = wording.renames(entries, conflicted)
            changed = b"".join(
                self._reworded(path, entries[path], wording, renamed) for path in conflicted if path in entries
            )
            self._git.run("update-index", "-z", "--add", "--index-info", stdin=changed, variables=index)
            tree = ObjectId(self._git.run("write-tree", variables=index).output.decode().strip())
        moved = [replace(stage, path=renamed.get(stage.path, stage.path)) for stage in merged.stages]
        messages = merged.messages
        for old, new in renamed.items():
            messages = messages.replace(os.fsdecode(old), os.fsdecode(new))
        moved.sort(key=lambda stage: (stage.path, stage.stage))
        return MergedFiles(tree, tuple(moved), wording.text(messages))

    def _reworded(
        self, path: bytes, entry: tuple[int, ObjectId], wording: "_Wording", renamed: Mapping[bytes, bytes]
    ) -> bytes:
        """What to tell ``git update-index --index-info`` of one path."""
        mode, name = entry
        line = b"%o %s\t%s\0" % (mode, self._worded_blob(name, wording).encode(), renamed.get(path, path))
        return (b"0 %s\t%s\0" % (b"0" * len(name), path) if path in renamed else b"") + line

    def _worded_blob(self, name: ObjectId, wording: "_Wording") -> ObjectId:
        kind, data = self._objects.read(name) if self._objects.contains(name) else (None, b"")
        if kind is not Kind.BLOB:
            return name
        changed = wording.content(data)
        return name if changed == data else self._write(Kind.BLOB, changed)

    def _short(self, commit: ObjectId) -> str:
        return self._git.run("rev-parse", "--short", commit).output.decode().strip()


@dataclass(frozen=True, slots=True)
class _Wording:
    """Which throw-away ids stand where, and what the user calls them."""

    ours: ObjectId
    theirs: ObjectId
    labels: Labels
    base: tuple[str, str] | None = None

    def with_base(self, throw_away: str, real: str) -> "_Wording":
        """The same where markers also show the base."""
        return _Wording(self.ours, self.theirs, self.labels, (throw_away, self.labels.base or real))

    def text(self, text: str) -> str:
        return text.replace(self.ours, self.labels.ours).replace(self.theirs, self.labels.theirs)

    def content(self, data: bytes) -> bytes:
        for throw_away, label in ((self.ours, self.labels.ours), (self.theirs, self.labels.theirs)):
            data = data.replace(throw_away.encode(), os.fsencode(label))
        if self.base is not None:
            short, label = self.base
            pattern = rb"^(\|+) %s(?=:|\r?$)" % short.encode()
            data = re.sub(pattern, lambda found: found[1] + b" " + os.fsencode(label), data, flags=re.MULTILINE)
        return data

    def renames(self, taken: Mapping[bytes, object], conflicted: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """New paths for those that git made unique with a side's name (merge-ort.c, `unique_path`)."""
        new: dict[bytes, bytes] = {}
        for path in sorted(conflicted):
            for throw_away, label in ((self.ours, self.labels.ours), (self.theirs, self.labels.theirs)):
                begin, found, _ = path.partition(b"~" + throw_away.encode())
                if found:
                    wanted = begin + b"~" + os.fsencode(label.replace("/", "_"))
                    new[path] = next(free for free in _numbered(wanted) if free not in taken)
        return new


def _numbered(path: bytes) -> Iterator[bytes]:
    yield path
    for number in count():
        yield b"%s_%d" % (path, number)


def _listed(output: bytes) -> Iterator[tuple[bytes, tuple[int, ObjectId]]]:
    """The paths of an index without conflicts, each with mode and id."""
    for line in output.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, name, _ = facts.split(b" ")
        yield path, (int(mode, 8), ObjectId(name.decode()))


def _parse(output: bytes) -> MergedFiles:
    """What ``git merge-tree --write-tree -z --messages`` says (git-merge-tree(1), "Output")."""
    fields = iter(output.split(b"\0"))
    tree = ObjectId(next(fields).decode())
    return MergedFiles(tree, tuple(_stages(fields)), "".join(_messages(fields)))


def _stages(fields: Iterator[bytes]) -> Iterator[Stage]:
    """The entries of an index with conflicts, up to an empty field."""
    for field in fields:
        if not field:
            return
        facts, _, path = field.partition(b"\t")
        mode, name, stage = facts.split(b" ")
        yield Stage(int(mode, 8), ObjectId(name.decode()), int(stage), path)


def _messages(fields: Iterator[bytes]) -> Iterator[str]:
    for number in fields:
        if not number:
            return
        for _ in range(int(number) + 1):  # the paths, and the kind of message
            next(fields)
        yield os.fsdecode(next(fields))


def enter_conflicts(git: Git, stages: Sequence[Stage]) -> None:
    """Let the index, which holds the merged tree, say what is in conflict; the files are there with their marks."""
    paths = dict.fromkeys(stage.path for stage in stages)
    listed = b"".join(path + b"\0" for path in paths)
    # A sparse checkout hides files; those with conflicts must be seen all the same.
    git.run("update-index", "-z", "--no-skip-worktree", "--stdin", stdin=listed, expected=(0, 128))
    literal = [":(top,literal)" + path.decode("utf-8", "surrogateescape") for path in paths]
    missing = git.run("ls-files", "-z", "--deleted", "--", *literal).output
    git.run("checkout-index", "-z", "--stdin", "-u", stdin=missing, expected=(0, 128))
    gone = b"".join(b"0 %s\t%s\0" % (b"0" * len(stages[0].id), path) for path in paths)
    entries = b"".join(b"%o %s %d\t%s\0" % (s.mode, s.id.encode(), s.stage, s.path) for s in stages)
    git.run("update-index", "-z", "--index-info", stdin=gone + entries)
