"""Branches and tags of blocks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.base.names import is_branch_name
from aergo_vc.codec.law import encode_law
from aergo_vc.ledger.building import Place, Plan, execute_all
from aergo_vc.ledger.errors import NoLedgerError
from aergo_vc.ledger.history import BlockCommit, has_ledger, ledger_at
from aergo_vc.ledger.machine import BlockContext
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Consensus, Law
from aergo_vc.objects.worktree import Worktree
from aergo_vc.repository.entrances import follow_branch
from aergo_vc.repository.errors import NameTakenError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.laws import merge_law, require_logic
from aergo_vc.repository.reading import summary
from aergo_vc.repository.results import BlockSummary, NoBlock, Status
from aergo_vc.repository.revisions import peeled, resolve, tip_at
from aergo_vc.repository.sealing import Producer
from aergo_vc.repository.standing import standing_of
from aergo_vc.repository.state_cache import state_cache
from aergo_vc.repository.workspace import Workspace

_TAGS = "refs/tags/"


def make_branch(
    workspace: Workspace, identity: Identity, name: BranchName, block: str | None, merge: Sequence[str] = ()
) -> Status:
    """Begin a branch at a block with a first block of its own, which states its law.

    The branch is private: its maker is its sole producer (design D7).  `merge` says how others are merged into it
    (`merge_law`); a routine must be there at the block.  Raises NameTakenError, LawError.
    """
    rule, settle = merge_law(merge)
    if name == DIRECTORY_BRANCH or workspace.head_of(name) is not None:
        raise NameTakenError(f"there is a branch {name} already", branch=name)
    for other in workspace.local_branches():
        if other.lower() == name.lower():
            raise NameTakenError(f"{name} differs from branch {other} in capital letters alone", branch=name)
    root = resolve(workspace, block)
    with workspace.locked(), state_cache(workspace, name) as cache:
        producer = Producer(workspace, identity)
        directory = producer.directory_tip(None)
        law = Law(name, root.ledger.block, Consensus.SOLE, identity.entity, rule, settle)
        genesis = root.ledger.genesis
        lease = producer.lease(
            root.ledger.chain, law, root.ledger, producer.authorities().at(directory, genesis.slot), directory
        )
        cache.move_to(root.ledger)
        require_logic(cache.machine.catalog, settle)
        header = root.ledger.header
        context = BlockContext(name, header.chain, header.height + 1, lease.time)
        executed = execute_all(cache.machine, context, [])
        place = Place(root.commit, root.ledger, root.ledger.genesis_bytes, encode_law(law))
        producer.begin(Plan(place, lease, identity.author, f"Begin branch {name}"), executed, name)
        follow_branch(workspace, name)
    return standing_of(workspace, identity, name)


def branches(workspace: Workspace) -> Mapping[BranchName, BlockSummary | NoBlock]:
    """The branches that hold a ledger, with their last blocks, or what is there instead, by name."""
    return {
        name: _summary(workspace, commit)
        for name, commit in sorted(workspace.local_branches().items())
        if has_ledger(workspace.writer, commit)
    }


def laws(workspace: Workspace) -> Mapping[BranchName, Law]:
    """The laws that the branches' last blocks state, by the branches' names."""
    found = {}
    for name, commit in sorted(workspace.local_branches().items()):
        with suppress(InvalidError, NoLedgerError):
            found[name] = ledger_at(workspace.writer, commit).law
    return found


def make_tag(workspace: Workspace, name: str, block: str | None) -> BlockSummary:
    """Tag the commit of a block; raises NameTakenError, for a tag never moves (threat K06)."""
    tip = resolve(workspace, block)
    ref = _TAGS + name
    if workspace.refs.read(ref) is not None:
        raise NameTakenError(f"there is a tag {name} already, and tags do not move", tag=name)
    with workspace.locked():
        workspace.move(ref, None, tip.commit, f"aergo: tag {name}")
    return summary(workspace, BlockCommit(tip.commit, tip.ledger.id), tip.ledger)


def tags(workspace: Workspace) -> Mapping[str, BlockSummary | NoBlock]:
    """The tags that lead to blocks, or to what is there instead of one, by name."""
    found = {}
    for ref in workspace.refs.list(_TAGS):
        commit = peeled(workspace, ref)
        if commit is not None and has_ledger(workspace.writer, commit):
            found[ref.removeprefix(_TAGS)] = _summary(workspace, commit)
    return found


def checkout(workspace: Workspace, name: str) -> BranchName | None:
    """Put the worktree on a branch or, detached, on what else `name` means, through git itself."""
    Worktree(workspace.paths, workspace.surroundings.variables)
    branch = BranchName(name)
    if is_branch_name(name) and workspace.head_of(branch) is not None:
        workspace.user_git.run("checkout", "--quiet", name, "--")
        return branch
    tip = resolve(workspace, name)
    workspace.user_git.run("checkout", "--quiet", "--detach", tip.commit, "--")
    return None


def _summary(workspace: Workspace, commit: ObjectId) -> BlockSummary | NoBlock:
    try:
        tip = tip_at(workspace, commit)
    except InvalidError as reason:
        return NoBlock(commit, reason)
    return summary(workspace, BlockCommit(tip.commit, tip.ledger.id), tip.ledger)
