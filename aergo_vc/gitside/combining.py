"""Merge the ordinary files beside a given ``ledger/``, and bring the whole into index and worktree."""

import os
import sys
from collections.abc import Mapping

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.gitside.calls import Call
from aergo_vc.gitside.landing import Landing
from aergo_vc.ledger.layout import LEDGER
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.ordinary_merge import Labels, OrdinaryMerge
from aergo_vc.objects.store import ObjectStore


def combine(
    call: Call,
    head: ObjectId,
    ledger: ObjectId | None,
    paths: GitPaths,
    objects: ObjectStore,
    variables: Mapping[str, str],
    *,
    quiet: bool = False,
) -> int:
    """Merge into `head`, a commit or a tree, with `ledger` in the result; returns 0, or 1 where files are in conflict.

    With `quiet` only conflicts are told.  Raises InTheWayError, GitFailedError; then nothing was touched.
    """
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
    return 1 if merged.stages else 0


def _labels(call: Call, git: Git, objects: ObjectStore) -> Labels:
    """What git itself would call the sides: a merge after what the user typed, a pick after its commit's subject."""
    if call.name is not None or objects.read(call.theirs)[0] is not Kind.COMMIT:
        return Labels("HEAD", call.name or call.theirs)
    picked = git.run("log", "-1", "--no-show-signature", "--format=%h (%s)", call.theirs).output
    theirs = os.fsdecode(picked).rstrip("\n")
    return Labels("HEAD", theirs, f"parent of {theirs}")
