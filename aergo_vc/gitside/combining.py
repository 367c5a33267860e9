"""Merge the ordinary files beside a given ``ledger/``, and bring the whole into index and worktree."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.gitside.calls import Call
from aergo_vc.gitside.landing import Landing
from aergo_vc.ledger.layout import LEDGER
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.ordinary_merge import Labels, OrdinaryMerge, Stage
from aergo_vc.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a merge takes place: a repository, its objects, the environment for git's children."""

    paths: GitPaths
    objects: ObjectStore
    variables: Mapping[str, str]


def combine(call: Call, head: ObjectId, ledger: ObjectId | None, ground: Ground, *, quiet: bool = False) -> int:
    """Merge into `head`, a commit or a tree, with `ledger` in the result; returns 0, or 1 where files are in conflict.

    With `quiet` only conflicts are told.  Raises InTheWayError, GitFailedError; then nothing was touched.
    """
    paths, objects, variables = ground.paths, ground.objects, ground.variables
    landing = Landing(paths, variables, head)
    landing.require_nothing_staged()
    git = Git(paths, variables, user_config=True)
    files = OrdinaryMerge(objects, paths, variables, folder=LEDGER)
    bases = [base for base in call.bases if objects.contains(base)]
    merged = files.merge(bases, head, call.theirs, _labels(call, git, objects), call.options)
    landing.land(landing.graft(merged.tree, ledger), merged)
    if merged.stages or not quiet:
        sys.stdout.buffer.write(os.fsencode(merged.messages))
        sys.stdout.buffer.flush()
    if merged.stages and call.name is None:
        _note_conflicts(paths.git_dir / "MERGE_MSG", merged.stages, git)
    return 1 if merged.stages else 0


def _note_conflicts(message: Path, stages: Sequence[Stage], git: Git) -> None:
    """Name the paths in conflict at the end of a picked commit's message, as git's own strategy has git do."""
    mark = git.run("config", "core.commentChar", expected=(0, 1)).output.decode("utf-8", "replace").strip()
    mark = "#" if mark in ("", "auto") else mark
    paths = dict.fromkeys(os.fsdecode(stage.path) for stage in stages)
    hint = f"\n{mark} Conflicts:\n" + "".join(f"{mark}\t{path}\n" for path in paths)
    with message.open("ab") as file:
        file.write(os.fsencode(hint))


def _labels(call: Call, git: Git, objects: ObjectStore) -> Labels:
    """What git itself would call the sides: a merge after what the user typed, a pick after its commit's subject."""
    if call.name is not None or objects.read(call.theirs)[0] is not Kind.COMMIT:
        return Labels("HEAD", call.name or call.theirs)
    picked = git.run("log", "-1", "--no-show-signature", "--format=%h (%s)", call.theirs).output
    theirs = os.fsdecode(picked).rstrip("\n")
    return Labels("HEAD", theirs, f"parent of {theirs}")
