"""Merge blocks from plain `git merge`: the block is prepared here, git makes the commit, the gates complete it."""

from collections.abc import Mapping
from pathlib import Path

from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.gitside.calls import Call
from aergo_vc.gitside.combining import Ground, combine
from aergo_vc.gitside.landing import Landing
from aergo_vc.gitside.sides import NotMergeableError
from aergo_vc.gitside.telling import tell
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.merging import Unchanged, prepare_merge
from aergo_vc.repository.prepared import PreparedFor, note_prepared
from aergo_vc.repository.resolutions import forget_resolutions
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.unfinished_merges import mark_conflict
from aergo_vc.repository.workspace import Surroundings, Workspace

IN_CONFLICT = 1


def merge_blocks(call: Call, branch: BranchName, target: ObjectId, variables: Mapping[str, str]) -> int:
    """Prepare the block that takes the source's into `branch`, and put it with the merged files into the index.

    Returns 0, or 1 where ordinary files or transactions are in conflict.  Raises AergoError; then nothing was touched.
    """
    home = variables.get("HOME")
    surroundings = Surroundings(variables=variables, home=None if home is None else Path(home))
    workspace = Workspace.open(Path.cwd(), surroundings)
    try:
        with workspace.locked():
            return _merge(call, branch, target, workspace)
    finally:
        workspace.close()


def _merge(call: Call, branch: BranchName, target: ObjectId, workspace: Workspace) -> int:
    ground = Ground(workspace.paths, workspace.light, workspace.surroundings.variables)
    # Before the work: what stands in the way now would do so afterwards.
    Landing(ground.paths, ground.variables, target).require_nothing_staged()
    tip = tip_of(workspace, branch)
    if tip.commit != target:
        raise NotMergeableError(f"branch {branch} has moved: it is at {tip.commit[:12]}", hint="begin again")
    prepared = prepare_merge(workspace, Identity(workspace), tip, call.theirs)
    if isinstance(prepared, Unchanged):
        return combine(call, target, tip.ledger.id, ground)
    forget_resolutions(workspace, call.theirs)
    if prepared.conflicts:
        # A block with open conflicts is none: until they are resolved the ledger stays what it is.
        combine(call, target, tip.ledger.id, ground)
        mark_conflict(workspace, prepared.sides)
        many = len(prepared.conflicts)
        tell(f"{many} transaction{'' if many == 1 else 's'} in conflict: git aergo conflicts, git aergo resolve")
        return IN_CONFLICT
    # Noted first: what the index may be left with by a crash is then known for what it is.
    note_prepared(ground.paths, prepared.ledger.id, PreparedFor(target, call.theirs))
    pack = workspace.writer.publish()
    try:
        status = combine(call, target, prepared.ledger.id, ground)
    finally:
        pack.release()  # the index leads to the objects now
    workspace.twins.flush()
    _summarize(len(prepared.included), len(prepared.refused))
    return status


def _summarize(included: int, refused: int) -> None:
    what = f"{included} transaction{'' if included == 1 else 's'} merged"
    left = f", {refused} left out: git aergo conflicts" if refused else ""
    tell(what + left)
