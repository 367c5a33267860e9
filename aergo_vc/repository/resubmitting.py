"""Resubmit: what a merge left out, signed anew by whoever stands for it now."""

from collections.abc import Iterator, Sequence

from aergo_vc.base.ids import ObjectId, TransactionId
from aergo_vc.codec.git_commit import read_links
from aergo_vc.ledger.history import BlockCommit, blocks_back, ids_in
from aergo_vc.ledger.layout import LedgerTree, read_ledger, read_transactions_bytes
from aergo_vc.ledger.machine import Submission
from aergo_vc.repository.errors import UnknownRevisionError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.locating import Located, is_id
from aergo_vc.repository.results import Picked
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.submitting import Draft, desk
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.workspace import Workspace


def resubmit(
    workspace: Workspace, identity: Identity, texts: Sequence[str], *, commit: bool, message: str | None
) -> Picked:
    """Sign what refused transactions do, in new transactions of this clone's entity, all of them or none.

    Each text means a transaction that a merge of the current branch left out, or a merge with all that it left out.
    Raises UnknownRevisionError.
    """
    branch = workspace.current_branch()
    tip = tip_of(workspace, branch)
    left_out = {found[0].id: found for text in texts for found in _meant(workspace, tip.commit, text)}
    with desk(workspace, identity, branch, seals=commit) as opened:
        signed = [opened.sign(_draft(submission)) for submission in left_out.values()]
        return opened.adopt(signed, commit=commit, message=message)


def _draft(left_out: Submission) -> Draft:
    transaction, trees = left_out
    payload = transaction.payload
    return Draft(payload.sql, payload.loads, trees, contract=payload.contract, call=payload.call)


def _meant(workspace: Workspace, head: ObjectId, text: str) -> list[Submission]:
    """The transactions that `text` means, as their own blocks have them."""
    found: dict[TransactionId, BlockCommit] = {}
    for place, ledger in _merges(workspace, head):
        for receipt in ledger.receipts:
            if receipt.refusal is not None and is_id(text) and receipt.transaction.startswith(text):
                found[receipt.transaction] = place
    if len(found) > 1:
        raise UnknownRevisionError(f"{text!r} is ambiguous: {len(found)} transactions begin so", revision=text)
    return [_submission(workspace, place, name) for name, place in found.items()] or _whole(workspace, head, text)


def _whole(workspace: Workspace, head: ObjectId, text: str) -> list[Submission]:
    """All that the merge which `text` means left out."""
    try:
        wanted = resolve(workspace, text).commit
    except UnknownRevisionError as error:
        message = f"{text!r} names no transaction that a merge of this branch left out, and no merge"
        raise UnknownRevisionError(message, revision=text) from error
    for place, ledger in _merges(workspace, head):
        if place.commit == wanted:
            names = [receipt.transaction for receipt in ledger.receipts if receipt.refusal is not None]
            return [_submission(workspace, place, name) for name in names]
    raise UnknownRevisionError(f"{text!r} means no merge of this branch", revision=text)


def _merges(workspace: Workspace, head: ObjectId) -> Iterator[tuple[BlockCommit, LedgerTree]]:
    for place in blocks_back(workspace.writer, head):
        ledger = read_ledger(workspace.writer, place.ledger)
        if ledger.header.merged:
            yield place, ledger


def _submission(workspace: Workspace, merge: BlockCommit, name: TransactionId) -> Submission:
    """A transaction from its own block, on the line that was merged."""
    source = read_links(workspace.writer.read_commit(merge.commit)).parents[1]
    for place in blocks_back(workspace.writer, source):
        if name in ids_in(read_transactions_bytes(workspace.writer, place.ledger)):
            located = Located(place, read_ledger(workspace.writer, place.ledger), name)
            return located.submissions(workspace)[0]
    raise UnknownRevisionError(f"no block of the merged line holds transaction {name}", revision=name)
