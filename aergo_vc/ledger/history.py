"""History: from a commit back through its blocks, along first parents.

A commit whose ``ledger/`` is that of its first parent is an ordinary one; every other that has one is a block.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from aergo_vc.base.ids import BlockId, ObjectId, TransactionId
from aergo_vc.base.limits import TRANSACTION_LIFETIME_BLOCKS
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.transactions import signed_part, transaction_id
from aergo_vc.ledger.errors import NoLedgerError, ShallowError
from aergo_vc.ledger.layout import LedgerTree, ledger_entry, read_ledger, read_transactions_bytes
from aergo_vc.ledger.rules import is_foreign
from aergo_vc.model.transactions import Transaction
from aergo_vc.objects.errors import ObjectMissingError
from aergo_vc.state.nodes import ObjectReader, Objects


class CommitReader(ObjectReader, Protocol):
    """An object database that is read, commits too."""

    def read_commit(self, object_id: ObjectId, limit: int = ...) -> bytes: ...


class CommitObjects(CommitReader, Objects, Protocol):
    """An object database that has commits too, and takes objects in."""


@dataclass(frozen=True, slots=True)
class BlockCommit:
    """Where a block stands: its commit, and the id of its ``ledger/``."""

    commit: ObjectId
    ledger: ObjectId


@dataclass(frozen=True, slots=True)
class Past:
    """What lies behind a block: the heights of recent blocks, and transactions that stand in the history."""

    heights: Mapping[BlockId, int]
    transactions: frozenset[TransactionId]


def past_of(objects: CommitReader, head: ObjectId, newest: LedgerTree, waiting: Iterable[Transaction]) -> Past:
    """What must be known to tell which of `waiting` may follow the block at `head`, whose ledger is `newest`.

    The blocks go back to the oldest that a transaction of the branch names as recent, or as far as such live; for
    transactions of other branches the whole history is searched.
    """
    foreign: list[Transaction] = []
    missing: set[BlockId] = set()
    for transaction in waiting:
        if is_foreign(transaction.payload, newest.header):
            foreign.append(transaction)
        else:
            missing.add(transaction.payload.recent)
    heights: dict[BlockId, int] = {}
    found: set[TransactionId] = set()
    for place in islice(blocks_back(objects, head) if missing else (), TRANSACTION_LIFETIME_BLOCKS):
        ledger = newest if place.ledger == newest.id else read_ledger(objects, place.ledger)
        heights[ledger.block] = ledger.header.height
        found.update(transaction.id for transaction in ledger.transactions)
        missing.discard(ledger.block)
        if not missing:
            break
    return Past(heights, frozenset(found | standing(objects, head, foreign)))


def standing(objects: CommitReader, head: ObjectId, sought: Iterable[Transaction]) -> set[TransactionId]:
    """Which of the transactions stand in a block up to `head`, however far back; the blocks must be valid."""
    missing = {transaction.id: transaction.payload.nonce.encode() for transaction in sought}
    found: set[TransactionId] = set()
    for place in blocks_back(objects, head) if missing else ():
        data = read_transactions_bytes(objects, place.ledger)
        # A nonce is found several times faster than ids are computed; another's may contain it by chance or by malice.
        if any(nonce in data for nonce in missing.values()):
            for name in missing.keys() & set(ids_in(data)):
                found.add(name)
                del missing[name]
            if not missing:
                break
    return found


def all_transactions(objects: CommitReader, head: ObjectId) -> set[bytes]:
    """The ids, as 32 bytes, of all transactions in the blocks up to `head`, which must be valid."""
    places = blocks_back(objects, head)
    return {bytes.fromhex(name) for place in places for name in ids_in(read_transactions_bytes(objects, place.ledger))}


def ids_in(transactions_bytes: bytes) -> Iterator[TransactionId]:
    """The ids of the transactions of a valid block."""
    return (transaction_id(signed_part(line)) for line in transactions_bytes.split(b"\n")[:-1])


def ledger_at(objects: CommitReader, commit: ObjectId) -> LedgerTree:
    """The ledger in a commit; raises NoLedgerError if the commit has none."""
    tree = read_links(objects.read_commit(commit)).tree
    entry = ledger_entry(objects, tree)
    if entry is None:
        raise NoLedgerError(f"commit {commit} has no ledger/", commit=commit)
    return read_ledger(objects, entry)


def has_ledger(objects: CommitReader, commit: ObjectId) -> bool:
    """Whether a commit holds a ledger."""
    return ledger_entry(objects, read_links(objects.read_commit(commit)).tree) is not None


def blocks_back(objects: CommitReader, head: ObjectId) -> Iterator[BlockCommit]:
    """The blocks from `head` back to the chain's first, newest first; raises ShallowError where history is cut off."""
    commit: ObjectId | None = head
    links = read_links(objects.read_commit(head))
    ledger = ledger_entry(objects, links.tree)
    while commit is not None and ledger is not None:
        parent = links.parents[0] if links.parents else None
        parent_ledger = None
        if parent is not None:
            try:
                parent_links = read_links(objects.read_commit(parent))
            except ObjectMissingError as error:
                raise ShallowError(
                    f"history ends at commit {commit}: its parent {parent} is missing", commit=commit
                ) from error
            parent_ledger = ledger if parent_links.tree == links.tree else ledger_entry(objects, parent_links.tree)
            links = parent_links
        if parent_ledger != ledger:
            yield BlockCommit(commit, ledger)
        commit, ledger = parent, parent_ledger
