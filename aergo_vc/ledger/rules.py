"""The rules for headers and transactions that hold whatever the state: pure checks of values against values."""

from collections.abc import Mapping

from aergo_vc.base.ids import BlockId, BranchName, EntityName, PublicKey
from aergo_vc.base.limits import DIRECTORY_BLOCK_BYTES, TRANSACTION_LIFETIME_BLOCKS
from aergo_vc.codec.digests import blob_digest
from aergo_vc.codec.git_commit import UTC, Commit
from aergo_vc.consensus.schedule import producer_of, slot_at
from aergo_vc.ledger.errors import (
    BranchMismatchError,
    ChainMismatchError,
    CommitError,
    ExpiredTransactionError,
    HeaderError,
    LimitError,
    MergeError,
    PermissionDeniedError,
    SequenceError,
    SlotError,
    UnknownKeyError,
)
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.model.blocks import DIRECTORY_BRANCH, RULES, Consensus, Header, Law
from aergo_vc.model.directory import Authority, Role
from aergo_vc.model.transactions import Payload

_ADMINS, _WRITERS = frozenset({Role.ADMIN}), frozenset({Role.ADMIN, Role.WRITER})

PARENTS_OF_MERGE = 2

TRAILER = "Aergo-Block"
"""The trailer of a block's commit message: branch, height and id of the block, so that the signature covers them."""


def check_files(block: LedgerTree) -> None:
    """Raise unless a header names the files beside it."""
    header = block.header
    if header.chain != block.chain:
        raise ChainMismatchError(f"block {block.block} names another chain than its genesis.json gives")
    if header.law != block.law_digest:
        raise HeaderError(f"block {block.block} names another branch.json than it has")
    if header.transactions != blob_digest(block.transactions_bytes):
        raise HeaderError(f"block {block.block} names other transactions than it has")
    if header.receipts != blob_digest(block.receipts_bytes):
        raise HeaderError(f"block {block.block} names other receipts than it has")
    if header.branch == DIRECTORY_BRANCH:
        check_directory_size(len(block.transactions_bytes) + len(block.receipts_bytes))
        if block.payload is not None:
            raise LimitError(f"block {block.block} of the directory brings rows along")
    if header.rules != RULES:
        raise HeaderError(f"block {block.block} was made under the rules {header.rules}; this program knows {RULES}")


def check_directory_size(size: int) -> None:
    """Raise unless a directory block's transactions and receipts may have `size` bytes together."""
    if size > DIRECTORY_BLOCK_BYTES:
        raise LimitError(f"a directory block has {size} bytes; {DIRECTORY_BLOCK_BYTES} are allowed", bytes=size)


def check_sequence(block: LedgerTree, previous: LedgerTree | None) -> None:
    """Raise unless a block follows `previous`, the one before it in its commit's history."""
    header = block.header
    if header.confirmed > header.height + 1:
        raise SequenceError(f"block {block.block} at height {header.height} confirms {header.confirmed} blocks")
    if previous is None:
        _check_first(block)
        return
    before = previous.header
    if header.previous != previous.block or header.height != before.height + 1:
        raise SequenceError(f"block {block.block} at height {header.height} does not follow block {previous.block}")
    if header.chain != before.chain:
        raise ChainMismatchError(f"block {block.block} changes the chain")
    if header.time < before.time or header.directory_height < before.directory_height:
        raise SequenceError(f"block {block.block} lies before the one that it follows, in time or in the directory")
    _check_law_name(header, block.law)
    if header.branch == before.branch:
        if header.law != before.law:
            raise BranchMismatchError(f"block {block.block} changes the law of its branch")
    elif block.law.root != previous.block or DIRECTORY_BRANCH in (header.branch, before.branch):
        raise BranchMismatchError(f"block {block.block} continues branch {before.branch} as {header.branch}")


def _check_first(block: LedgerTree) -> None:
    header = block.header
    if header.height != 0 or header.previous is not None or block.law.root is not None:
        raise SequenceError(f"block {block.block} has no block before it, but is not a chain's first")
    if block.law.consensus is not Consensus.DPOS:
        raise BranchMismatchError(f"block {block.block} makes itself the sole producer of a chain's first branch")
    _check_law_name(header, block.law)


def check_producer(header: Header, law: Law, authority: Authority) -> None:
    """Raise unless the header's producer may produce in its slot."""
    roster = authority.roster
    if header.slot != slot_at(roster, header.time) or header.slot < 0:
        raise SlotError(f"time {header.time} does not lie in slot {header.slot}")
    expected = law.producer if law.consensus is Consensus.SOLE else producer_of(roster, header.slot)
    if header.producer != expected:
        raise SlotError(f"slot {header.slot} of branch {header.branch} belongs to {expected}, not to {header.producer}")


def check_key(authority: Authority, entity: EntityName, key: PublicKey) -> None:
    """Raise UnknownKeyError unless `key` is one of the entity's."""
    known = authority.entities.get(entity)
    if known is None or key not in known.keys:
        raise UnknownKeyError(f"the key {key.hex()} is not one of {entity}'s in the directory", entity=entity)


def check_commit(commit: Commit, block: LedgerTree) -> None:
    """Raise unless the commit repeats what the header says.

    The commit of a block that merges another may carry any time: git makes it, after the header.
    """
    header = block.header
    if len(header.merged) > 1 or len(commit.parents) > PARENTS_OF_MERGE:
        raise CommitError(f"block {block.block} merges more than one other")
    if bool(header.merged) != (len(commit.parents) == PARENTS_OF_MERGE):
        raise CommitError(f"block {block.block} has two parents without merging another, or merges one without")
    if header.merged and header.branch == DIRECTORY_BRANCH:
        raise CommitError(f"block {block.block} of the directory merges another")
    seconds = header.time // 1000
    if not header.merged and (commit.author.seconds, commit.committer.seconds) != (seconds, seconds):
        raise CommitError(f"the commit of block {block.block} carries another time than its header")
    if not header.merged and (commit.author.zone, commit.committer.zone) != (UTC, UTC):
        raise CommitError(f"the commit of block {block.block} carries dates in another zone than UTC")
    if not commit.message.endswith("\n\n" + trailer(header, block.block)):
        raise CommitError(f"the commit of block {block.block} lacks the trailer that names it")


def check_merged(block: LedgerTree, source: LedgerTree | None) -> None:
    """Raise unless a block names `source`, the last block up to its commit's second parent, as the one that it merges.

    A block without a second parent names none.
    """
    header = block.header
    if header.merged != (() if source is None else (source.block,)):
        raise MergeError(f"block {block.block} names another block as merged than its commit's second parent holds")
    if source is not None and source.chain != header.chain:
        raise ChainMismatchError(f"block {block.block} merges a block of another chain")
    if source is not None and source.header.branch == DIRECTORY_BRANCH:
        raise BranchMismatchError(f"block {block.block} merges a block of the directory")


def trailer(header: Header, block: BlockId) -> str:
    """The last line of a block's commit message."""
    return f"{TRAILER}: {header.branch} {header.height} {block}\n"


def check_payload(payload: Payload, header: Header, authority: Authority, recent: Mapping[BlockId, int]) -> None:
    """Raise unless a transaction may stand in the block with this header.

    `recent` tells the heights of the blocks before it, as far back as transactions live.  A transaction of another
    branch of the chain names a block that need not lie in this history: that it stands there once is for the caller to
    find out, from the whole of it.
    """
    if payload.chain != header.chain:
        raise ChainMismatchError("a transaction was signed for another chain")
    foreign = is_foreign(payload, header)
    if foreign and DIRECTORY_BRANCH in (payload.branch, header.branch):
        raise BranchMismatchError(f"a transaction was signed for branch {payload.branch}, not for {header.branch}")
    if header.branch == DIRECTORY_BRANCH and payload.loads:
        raise LimitError("a transaction of the directory brings rows along")
    if header.branch == DIRECTORY_BRANCH and (payload.contract is not None or payload.call is not None):
        raise LimitError("a transaction of the directory deploys a contract or calls a routine")
    if not foreign:
        check_recent(payload, header.height, recent)
    check_signer(payload, header.branch, authority)


def check_signer(payload: Payload, branch: BranchName, authority: Authority) -> None:
    """Raise unless a transaction's key is its signer's, who may write to a branch."""
    check_writer(payload.signer, payload.key, branch, authority)


def check_writer(entity: EntityName, key: PublicKey, branch: BranchName, authority: Authority) -> None:
    """Raise unless a key is an entity's who may write to a branch."""
    check_key(authority, entity, key)
    roles = authority.entities[entity].roles
    if roles.isdisjoint(_ADMINS if branch == DIRECTORY_BRANCH else _WRITERS):
        raise PermissionDeniedError(f"{entity} may not write to branch {branch}", entity=entity)


def is_foreign(payload: Payload, header: Header) -> bool:
    """Whether a transaction was signed for another branch than that of the block, or of the block before it."""
    return payload.branch != header.branch


def check_recent(payload: Payload, height: int, recent: Mapping[BlockId, int]) -> None:
    """Raise ExpiredTransactionError unless the payload names a block within reach of `height`.

    The chain id stands for the block before the first.
    """
    found = -1 if str(payload.recent) == payload.chain else recent.get(payload.recent)
    if found is None or height - found > TRANSACTION_LIFETIME_BLOCKS:
        raise ExpiredTransactionError(f"a transaction names {payload.recent}, which is no recent block of its branch")


def _check_law_name(header: Header, law: Law) -> None:
    if law.name != header.branch:
        raise BranchMismatchError(f"branch.json is the law of {law.name}, not of {header.branch}")


def ref_of(branch: BranchName) -> str:
    """The reference that a branch is."""
    return f"refs/heads/{branch}"


def is_block_of(block: LedgerTree, branch: BranchName) -> bool:
    """Whether a block belongs to a branch (threat D07: a reference set to another branch's block)."""
    return block.header.branch == branch
