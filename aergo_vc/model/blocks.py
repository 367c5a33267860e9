"""Blocks, the parameters of a chain, the law of a branch."""

from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.base.ids import BlockId, BranchName, ChainId, Digest, EntityName, PublicKey

DIRECTORY_BRANCH = BranchName("aergo/directory")
"""The branch that holds the Distributed Directory, in every repository."""

RULES = "aergosql-1"
"""The rule set that this version executes (design D4)."""


@dataclass(frozen=True, slots=True)
class Genesis:
    """The parameters of a chain, fixed for ever.  `created` and the slot lengths are milliseconds."""

    created: int
    directory_slot: int
    founder: EntityName
    founder_key: PublicKey
    name: str
    nonce: str
    slot: int


class Consensus(StrEnum):
    """Who may append to a branch: the elected roster in turns, or its creator alone."""

    DPOS = "dpos"
    SOLE = "sole"


class MergeRule(StrEnum):
    """When a replayed transaction counts as inconsistent (design D8)."""

    REPLAY = "replay"
    LOST_UPDATE = "lost-update"
    SERIALIZABLE = "serializable"


class Policy(StrEnum):
    """What settles an inconsistency without a contract (Consistent Merging).

    OURS keeps what the target wrote, THEIRS what the source wrote.  CELLS takes from each side the cells that it alone
    changed, and UNION also every row that one side has; SUM adds up what both sides added to a number; NEWEST takes the
    side that wrote later by block time.  FAIL leaves every inconsistency to a person.
    """

    OURS = "ours"
    THEIRS = "theirs"
    CELLS = "cells"
    UNION = "union"
    SUM = "sum"
    NEWEST = "newest"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Law:
    """The law of a branch: ``branch.json``.

    `root` is the block that it sprang from, None for the first branch and the directory.  `producer` is the only
    one who may append when `consensus` is SOLE, and None otherwise.
    """

    name: BranchName
    root: BlockId | None
    consensus: Consensus
    producer: EntityName | None
    merge: MergeRule
    settle: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a block: ``block.json``.

    `directory` names the directory block under which the block was made and `directory_height` its height; None and
    0 in the directory's own first block, the previous block in its others.  `time` is milliseconds since 1970 and
    lies in `slot`.  `confirmed` counts the heights, from this block's own downwards, for which its producer stands by
    this history (EOSIO/eos #2718); 0 if it signed another block at this height or above.
    `law`, `receipts`, `state` and `transactions` are what those files and that tree are called in git's SHA-256
    object format.
    """

    branch: BranchName
    chain: ChainId
    confirmed: int
    directory: BlockId | None
    directory_height: int
    height: int
    law: Digest
    merged: tuple[BlockId, ...]
    previous: BlockId | None
    producer: EntityName
    receipts: Digest
    rules: str
    slot: int
    state: Digest
    time: int
    transactions: Digest
