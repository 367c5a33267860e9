"""Blocks with where they stand: what verbs work on."""

from dataclasses import dataclass

from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.ledger.history import ledger_at
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.repository.errors import NoLedgerHereError
from aergo_vc.repository.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Tip:
    """The head of a ledger branch: the commit, and the block that it shows."""

    branch: BranchName
    commit: ObjectId
    ledger: LedgerTree


def tip_of(workspace: Workspace, branch: BranchName) -> Tip:
    """The head of a branch; raises NoLedgerHereError."""
    head = workspace.head_of(branch)
    if head is None:
        raise NoLedgerHereError(f"branch {branch} has no commit, and no ledger", branch=branch)
    return Tip(branch, head, ledger_at(workspace.writer, head))
