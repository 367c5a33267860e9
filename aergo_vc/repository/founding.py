"""Found a ledger: the directory's first block and the first block of a branch."""

from collections.abc import Sequence
from contextlib import closing

from aergo_vc.base.ids import BlockId, BranchName, ObjectId
from aergo_vc.codec.genesis import chain_id, encode_genesis
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.law import encode_law
from aergo_vc.directory.authorities import genesis_authority
from aergo_vc.directory.constitution import keep_constitution
from aergo_vc.directory.founding import founding_script
from aergo_vc.ledger.building import Executed, Place, Plan, execute_all
from aergo_vc.ledger.history import ledger_at
from aergo_vc.ledger.layout import LEDGER, ledger_entry
from aergo_vc.ledger.machine import BlockContext, Machine, Submission
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Consensus, Genesis, Law, MergeRule
from aergo_vc.model.transactions import Payload
from aergo_vc.repository.errors import ObstacleError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.laws import LawError, merge_law
from aergo_vc.repository.results import Founded
from aergo_vc.repository.sealing import Producer
from aergo_vc.repository.submitting import signed
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.engine import Engine

SLOT_MILLISECONDS = 5_000
DIRECTORY_SLOT_MILLISECONDS = 60_000


def found(workspace: Workspace, identity: Identity, name: str, merge: Sequence[str] = ()) -> Founded:
    """Make the directory and the first block of the current branch, or find them made.

    `merge` says how others are merged into the branch (`merge_law`); a routine may be deployed later.
    Raises DetachedHeadError, ObstacleError, LawError.
    """
    rule, settle = merge_law(merge)
    with workspace.locked():
        branch = workspace.current_branch()
        head = workspace.head_of(branch)
        existing = _existing(workspace, head)
        if existing is not None:
            ledger = ledger_at(workspace.writer, existing)
            if merge and (ledger.law.merge, ledger.law.settle) != (rule, settle):
                raise LawError(f"the law of branch {branch} was set when it was founded", branch=branch)
            return Founded(branch, ledger.chain, ledger.block, identity.entity, created=False)
        _require_room(workspace, branch, head)
        genesis_bytes, genesis = _directory(workspace, identity, name, branch)
        block = _first_block(workspace, identity, head, genesis, Law(branch, None, Consensus.DPOS, None, rule, settle))
    return Founded(branch, chain_id(genesis_bytes), block, identity.entity, created=True)


def _existing(workspace: Workspace, head: ObjectId | None) -> ObjectId | None:
    if head is None:
        return None
    has = ledger_entry(workspace.writer, read_links(workspace.writer.read_commit(head)).tree) is not None
    return head if has else None


def _require_room(workspace: Workspace, branch: BranchName, head: ObjectId | None) -> None:
    tree = workspace.paths.work_tree
    if tree is not None and (tree / LEDGER).exists():
        raise ObstacleError(f"{LEDGER} exists in the worktree and is no ledger", path=str(tree / LEDGER))
    directory = workspace.head_of(DIRECTORY_BRANCH)
    if directory is None:
        return
    others = [
        name
        for name, commit in workspace.local_branches().items()
        if name != DIRECTORY_BRANCH and commit != head and _existing(workspace, commit) is not None
    ]
    if others:
        raise ObstacleError(
            f"the repository has a ledger on branch {others[0]}: {branch} would be a second beginning", branch=others[0]
        )


def _directory(workspace: Workspace, identity: Identity, name: str, branch: BranchName) -> tuple[bytes, Genesis]:
    """The genesis of the directory, which is made unless an earlier try made it."""
    head = workspace.head_of(DIRECTORY_BRANCH)
    if head is not None:
        ledger = ledger_at(workspace.writer, head)
        return ledger.genesis_bytes, ledger.genesis
    genesis = Genesis(
        created=workspace.now(),
        directory_slot=DIRECTORY_SLOT_MILLISECONDS,
        founder=identity.entity,
        founder_key=identity.signer.public_key,
        name=name,
        nonce=workspace.surroundings.entropy(16).hex(),
        slot=SLOT_MILLISECONDS,
    )
    genesis_bytes = encode_genesis(genesis)
    _make_directory(workspace, identity, genesis, genesis_bytes, branch)
    return genesis_bytes, genesis


def _make_directory(
    workspace: Workspace, identity: Identity, genesis: Genesis, genesis_bytes: bytes, branch: BranchName
) -> None:
    chain = chain_id(genesis_bytes)
    payload = Payload(
        branch=DIRECTORY_BRANCH,
        chain=chain,
        key=identity.signer.public_key,
        loads=(),
        nonce=workspace.surroundings.entropy(16).hex(),
        recent=BlockId(chain),
        signer=identity.entity,
        sql=founding_script(genesis, branch),
    )
    law = Law(DIRECTORY_BRANCH, None, Consensus.DPOS, None, MergeRule.LOST_UPDATE)
    producer = Producer(workspace, identity)
    lease = producer.lease(chain, law, None, genesis_authority(genesis, genesis.directory_slot), None)
    context = BlockContext(DIRECTORY_BRANCH, chain, 0, lease.time)
    executed = _executed_first(workspace, context, [(signed(identity.signer, payload), ())])
    if executed.excluded:
        raise executed.excluded[0].reason
    place = Place(None, None, genesis_bytes, encode_law(law))
    plan = Plan(place, lease, identity.author, f"Found the directory of {genesis.name}")
    producer.land(plan, executed, DIRECTORY_BRANCH)


def _first_block(
    workspace: Workspace, identity: Identity, head: ObjectId | None, genesis: Genesis, law: Law
) -> BlockId:
    producer = Producer(workspace, identity)
    directory = producer.directory_tip(None)
    lease = producer.lease(directory.chain, law, None, producer.authorities().at(directory, genesis.slot), directory)
    executed = _executed_first(workspace, BlockContext(law.name, directory.chain, 0, lease.time), [])
    place = Place(head, None, directory.genesis_bytes, encode_law(law))
    return producer.land(Plan(place, lease, identity.author, "Begin the ledger"), executed, law.name).block.id


def _executed_first(workspace: Workspace, context: BlockContext, submissions: Sequence[Submission]) -> Executed:
    """The transactions of a first block, on nothing."""
    with closing(Engine(None)) as engine:
        machine = Machine(engine, workspace.writer, workspace.nodes, keep_constitution)
        return execute_all(machine, context, submissions)
