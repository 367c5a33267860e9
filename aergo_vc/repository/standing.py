"""Where a branch stands: cheap to tell, since it is asked for all the time."""

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, EntityName
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.git_tree import decode_tree
from aergo_vc.ledger.history import ledger_at
from aergo_vc.repository.errors import NoLedgerHereError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.results import Status
from aergo_vc.repository.workspace import Workspace


def status(workspace: Workspace, identity: Identity) -> Status:
    """Where the current branch stands; raises NoLedgerHereError."""
    return standing_of(workspace, identity, workspace.current_branch())


def standing_of(workspace: Workspace, identity: Identity, branch: BranchName) -> Status:
    """Where a branch stands; raises NoLedgerHereError."""
    head = workspace.head_of(branch)
    if head is None:
        raise NoLedgerHereError(f"branch {branch} has no commit, and no ledger", branch=branch)
    ledger = ledger_at(workspace.light, head)
    header, genesis = ledger.header, ledger.genesis
    now_slot = max(0, workspace.now() - genesis.created) // genesis.slot
    return Status(
        branch=branch,
        chain=header.chain,
        block=ledger.block,
        height=header.height,
        time=header.time,
        entity=_entity(identity),
        producer=header.producer,
        behind_slots=max(0, now_slot - header.slot),
        pending=_pending(workspace, branch),
    )


def _entity(identity: Identity) -> EntityName | None:
    try:
        return identity.entity
    except AergoError:
        return None


def _pending(workspace: Workspace, branch: BranchName) -> int:
    """How many transactions the pool holds; those that landed while nobody looked are still counted."""
    commit = workspace.refs.read(f"refs/aergo/pool/{branch}")
    if commit is None:
        return 0
    tree = read_links(workspace.light.read_commit(commit)).tree
    for entry in decode_tree(workspace.light.read_tree(tree), len(tree) // 2):
        if entry.name == "transactions.jsonl":
            return workspace.light.read_blob(entry.id).count(b"\n")
    return 0
