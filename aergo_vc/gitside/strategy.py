"""The merge strategy ``git-merge-aergo``, which git starts for merge, pull, cherry-pick and rebase.

Exit statuses as git wants them: 0 with the result in the index, 1 with conflicts there, 2 with nothing touched.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import ObjectId
from aergo_vc.gitside.calls import Call, read_call
from aergo_vc.gitside.delegating import is_rebasing, merge_as_git
from aergo_vc.gitside.sides import (
    Course,
    Keep,
    NoPart,
    NotMergeableError,
    course_of_merge,
    course_of_pick,
    current_branch,
)
from aergo_vc.gitside.telling import explain, tell
from aergo_vc.objects.discovery import GitPaths, find_repository
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.refs import Refs, open_refs
from aergo_vc.objects.store import ObjectStore

FAILED = 2


def main() -> int:
    """Run the strategy with the process's arguments, in its directory; returns the exit status."""
    try:
        return run(sys.argv[1:], os.environ)
    except AergoError as error:
        explain(error)
    except KeyboardInterrupt:
        pass
    except Exception as error:  # noqa: BLE001  (git must hear 2: it would take 1 for conflicts in the index)
        tell(f"error: git-merge-aergo has a fault: {type(error).__name__}: {error}")
    return FAILED


def run(words: Sequence[str], variables: Mapping[str, str]) -> int:
    """Merge what git asks for and return the exit status; raises AergoError where nothing could be done.

    Only what the merge at hand needs is loaded: for most there is no ledger.
    """
    call = read_call(words, variables)
    paths = find_repository(Path.cwd(), variables)
    refs = open_refs(paths, variables)
    rebasing = is_rebasing(paths)
    with open_store(paths, Preference.QUICK_START, variables) as objects:
        head = _head(call, refs)
        course = _course(call, head, paths, objects, variables, rebasing=rebasing)
        if isinstance(course, NoPart):
            return merge_as_git(call, paths, objects, variables)
        if isinstance(course, Keep):
            quiet = rebasing and call.name is None
            combining = importlib.import_module("aergo_vc.gitside.combining")
            ground = combining.Ground(paths, objects, variables)
            return int(combining.combine(call, head, course.ledger, ground, quiet=quiet))
    blocks = importlib.import_module("aergo_vc.gitside.merge_blocks")
    return int(blocks.merge_blocks(call, course.branch, course.target, variables))


def _head(call: Call, refs: Refs) -> ObjectId:
    """The commit, or in some picks the tree, that is merged into."""
    found = refs.read("HEAD") if call.ours == "HEAD" else ObjectId(call.ours)
    if found is None:
        raise NotMergeableError("the branch has no commit yet")
    return found


def _course(
    call: Call,
    head: ObjectId,
    paths: GitPaths,
    objects: ObjectStore,
    variables: Mapping[str, str],
    *,
    rebasing: bool,
) -> Course:
    if call.name is None:
        return course_of_pick(objects, call, rebasing=rebasing)
    return course_of_merge(objects, call, head, current_branch(paths, variables))
