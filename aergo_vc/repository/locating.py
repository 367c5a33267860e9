"""Which transactions a text means: one by its id, or those of a block."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import BranchName, ObjectId, TransactionId
from aergo_vc.ledger.history import BlockCommit, blocks_back, ids_in
from aergo_vc.ledger.layout import LedgerTree, read_ledger, read_transactions_bytes
from aergo_vc.ledger.machine import Submission
from aergo_vc.ledger.payloads import read_payloads
from aergo_vc.repository.errors import UnknownRevisionError
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.tips import readable_block
from aergo_vc.repository.workspace import Workspace

Heads = Mapping[str, ObjectId]
"""Commits by the names of the branches that they are the heads of."""

_REMOTES = "refs/remotes/"
_ID = re.compile(r"[0-9a-f]{4,64}")
_PLACED = re.compile(r"(.+)@(-?\d+)")


@dataclass(frozen=True)
class Located:
    """A block, and the transactions in it that are meant; `transaction` is None where the whole block is."""

    place: BlockCommit
    ledger: LedgerTree
    transaction: TransactionId | None

    @property
    def branch(self) -> BranchName:
        """The branch that the block is of."""
        return self.ledger.header.branch

    def submissions(self, workspace: Workspace) -> tuple[Submission, ...]:
        """The transactions with what they bring along, in their order."""
        transactions = self.ledger.transactions
        payloads = read_payloads(workspace.writer, workspace.nodes, self.ledger.payload, transactions)
        pairs = zip(transactions, payloads, strict=True)
        return tuple(pair for pair in pairs if self.transaction in (None, pair[0].id))


def is_id(text: str) -> bool:
    """Whether `text` can be the first digits of an id, as far as they are needed."""
    return _ID.fullmatch(text) is not None


def known_heads(workspace: Workspace) -> Heads:
    """The branches of this repository, and those of its remotes as they were fetched last."""
    remotes = workspace.refs.list(_REMOTES)
    pairs = [(name.removeprefix(_REMOTES), commit) for name, commit in remotes.items()]
    return dict([*pairs, *workspace.local_branches().items()])


def locate(workspace: Workspace, text: str) -> Located:
    """What `text` means in this repository: a block as `revisions.resolve` finds it, or a transaction of any branch.

    Raises UnknownRevisionError.
    """
    try:
        tip = resolve(workspace, text)
    except UnknownRevisionError:
        found = find_transaction(workspace, known_heads(workspace), text)
        if found is None:
            raise
        return found
    return Located(BlockCommit(tip.commit, tip.ledger.id), tip.ledger, None)


def locate_among(workspace: Workspace, heads: Heads, text: str) -> Located:
    """What `text` means on branches that are not this repository's own: a branch, ``branch@height``, an id.

    Raises UnknownRevisionError.
    """
    name, height = text, None
    placed = _PLACED.fullmatch(text)
    if placed is not None:
        name, height = placed[1], int(placed[2])
    if name in heads:
        return _placed(workspace, heads[name], height, text)
    found = find_block(workspace, heads, text) or find_transaction(workspace, heads, text)
    if found is None:
        raise UnknownRevisionError(f"{text!r} names no branch, block or transaction there", revision=text)
    return found


def find_transaction(workspace: Workspace, heads: Heads, text: str) -> Located | None:
    """The one transaction on some branches whose id begins with `text`; raises UnknownRevisionError where two do."""
    found: dict[str, Located] = {}
    for place in _blocks(workspace, heads) if is_id(text) else ():
        for name in _ids(workspace, place):
            if name.startswith(text) and name not in found:
                ledger = readable_block(workspace, place)
                if ledger is not None and _holds(ledger, name):
                    found[name] = Located(place, ledger, name)
    return _only(found, text, "transactions")


def _ids(workspace: Workspace, place: BlockCommit) -> Sequence[TransactionId]:
    """The ids of a block's transactions; what is no block has none, or any."""
    with suppress(InvalidError):
        return tuple(ids_in(read_transactions_bytes(workspace.writer, place.ledger)))
    return ()


def _holds(ledger: LedgerTree, name: TransactionId) -> bool:
    with suppress(InvalidError):
        return any(transaction.id == name for transaction in ledger.transactions)
    return False


def find_block(workspace: Workspace, heads: Heads, text: str) -> Located | None:
    """The one block on some branches whose id, or whose commit's, begins with `text`; raises as above."""
    found: dict[str, Located] = {}
    for place in _blocks(workspace, heads) if is_id(text) else ():
        ledger = readable_block(workspace, place)
        if ledger is not None and (ledger.block.startswith(text) or place.commit.startswith(text)):
            found[ledger.block] = Located(place, ledger, None)
    return _only(found, text, "blocks")


def _placed(workspace: Workspace, head: ObjectId, height: int | None, text: str) -> Located:
    newest: int | None = None
    for place in blocks_back(workspace.writer, head):
        ledger = read_ledger(workspace.writer, place.ledger)
        newest = ledger.header.height if newest is None else newest
        if height is None or ledger.header.height == (height if height >= 0 else newest + height):
            return Located(place, ledger, None)
    raise UnknownRevisionError(f"{text!r} names no block there", revision=text)


def _blocks(workspace: Workspace, heads: Heads) -> Iterator[BlockCommit]:
    """The blocks of all lines, each once."""
    seen: set[ObjectId] = set()
    for head in heads.values():
        for place in blocks_back(workspace.writer, head):
            if place.commit in seen:
                break
            seen.add(place.commit)
            yield place


def _only(found: Mapping[str, Located], text: str, what: str) -> Located | None:
    if len(found) > 1:
        raise UnknownRevisionError(f"{text!r} is ambiguous: {len(found)} {what} begin so", revision=text)
    return next(iter(found.values()), None)
