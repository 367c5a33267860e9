"""Blocks with where they stand: what verbs work on."""

from dataclasses import dataclass

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.ledger.history import BlockCommit, ledger_at
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.rules import is_block_of
from aergo_vc.repository.errors import BorrowedBranchError, NoLedgerHereError
from aergo_vc.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Tip:
    """The head of a ledger branch: the commit, and the block that it shows."""

    branch: BranchName
    commit: ObjectId
    ledger: LedgerTree


def readable_block(workspace: Workspace, place: BlockCommit) -> LedgerTree | None:
    """The block of a commit; None for one that changed ``ledger/`` and has no header there that can be read."""
    try:
        ledger = read_ledger(workspace.writer, place.ledger)
        _ = ledger.header
    except InvalidError:
        return None
    return ledger


def tip_of(workspace: Workspace, branch: BranchName) -> Tip:
    """The head of a branch; raises NoLedgerHereError, and BorrowedBranchError where it is a block of another branch.

    Git alone makes a branch without a block of its own: what is sealed there would be another block of the first.
    """
    head = workspace.head_of(branch)
    if head is None:
        raise NoLedgerHereError(f"branch {branch} has no commit, and no ledger", branch=branch)
    known = workspace.tips.get(branch)
    if known is not None and known.commit == head:
        return known
    ledger = ledger_at(workspace.writer, head)
    if not is_block_of(ledger, branch):
        raise BorrowedBranchError(
            f"branch {branch} leads to a block of {ledger.header.branch}, and has none of its own",
            branch=branch,
            other=ledger.header.branch,
        )
    return Tip(branch, head, ledger)
