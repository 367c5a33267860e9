"""Cherry-pick: transactions of other branches, as their signers signed them, into this branch's next block."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from aergo_vc.base.ids import ObjectId, TransactionId
from aergo_vc.ledger.history import blocks_back
from aergo_vc.ledger.layout import read_ledger
from aergo_vc.ledger.machine import Submission
from aergo_vc.merging.deciding import lost_update
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen, unseen_since
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Transaction
from aergo_vc.objects.borrowing import borrowed_branches
from aergo_vc.repository.errors import ForeignChainError, NotPickableError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.locating import Heads, Located, locate, locate_among
from aergo_vc.repository.results import Picked
from aergo_vc.repository.submitting import desk
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.workspace import Workspace

_SHORT = 12


def pick(
    workspace: Workspace,
    identity: Identity,
    texts: Sequence[str],
    *,
    source: str | None,
    commit: bool,
    message: str | None,
) -> Picked:
    """Put the transactions that `texts` mean on the current branch, all or none of them.

    `source` is another repository of the same chain to look in.  Raises UnknownRevisionError, ForeignChainError,
    NotPickableError, GitFailedError.
    """
    branch = workspace.current_branch()
    tip = tip_of(workspace, branch)
    if branch == DIRECTORY_BRANCH:
        raise NotPickableError(f"{DIRECTORY_BRANCH} takes in no transactions of other branches")
    with _branches_of(workspace, source) as heads:
        found = [locate(workspace, text) if heads is None else locate_among(workspace, heads, text) for text in texts]
        for one in found:
            if one.ledger.chain != tip.ledger.chain:
                raise ForeignChainError(f"block {one.ledger.block} is of another chain, {one.ledger.chain}")
            if one.branch == DIRECTORY_BRANCH:
                raise NotPickableError(f"block {one.ledger.block} is of {DIRECTORY_BRANCH}, which other branches obey")
        submissions = _each_once(workspace, found)
        with desk(workspace, identity, branch, seals=commit) as opened:
            unseen = _Unseen(workspace, tip, found)
            text = message or _describe(found, submissions)
            picked = opened.adopt(submissions, commit=commit, message=text, watch=unseen.watch)
            return replace(picked, warnings=tuple(unseen.warnings) if picked.transactions else ())


class _Unseen:
    """Looks out for transactions that overwrite here what was not so where they were made, without reading it.

    Merging would leave them out (design D8); whoever picks one is told.
    """

    def __init__(self, workspace: Workspace, tip: Tip, found: Sequence[Located]) -> None:
        self._workspace = workspace
        self._tip = tip
        self._blocks = {transaction.id: one for one in found for transaction in one.ledger.transactions}
        self._known: dict[ObjectId, Unseen] = {}
        self.warnings: list[tuple[TransactionId, str]] = []

    def watch(self, transaction: Transaction, footprint: Footprint) -> None:
        """Note a warning if there is reason for one."""
        block = self._blocks[transaction.id]
        commit = block.place.commit
        if commit not in self._known:
            self._known[commit] = self._unseen_by(block)
        refusal = lost_update(footprint, self._known[commit])
        if refusal is not None:
            self.warnings.append((transaction.id, refusal.message))

    def _unseen_by(self, block: Located) -> Unseen:
        """The cells in which this branch differs from the state before a block."""
        before = next(islice(blocks_back(self._workspace.writer, block.place.commit), 1, None), None)
        if before is None:
            return {}
        ledgers = read_ledger(self._workspace.writer, before.ledger), self._tip.ledger
        return unseen_since(*(StateAt(self._workspace.writer, self._workspace.nodes, ledger) for ledger in ledgers))


@contextmanager
def _branches_of(workspace: Workspace, source: str | None) -> Iterator[Heads | None]:
    """The branches of another repository, fetched for as long as they are needed; None for this one's own."""
    if source is None:
        yield None
        return
    variables = workspace.surroundings.variables
    with borrowed_branches(workspace.paths, variables, workspace.refs, source) as heads:
        yield heads


def _each_once(workspace: Workspace, found: Sequence[Located]) -> tuple[Submission, ...]:
    picked: dict[TransactionId, Submission] = {}
    for one in found:
        for submission in one.submissions(workspace):
            picked.setdefault(submission[0].id, submission)
    return tuple(picked.values())


def _describe(found: Sequence[Located], submissions: Sequence[Submission]) -> str:
    branches = ", ".join(dict.fromkeys(one.branch for one in found))
    if len(submissions) == 1:
        return f"Pick {submissions[0][0].id[:_SHORT]} of {branches}"
    return f"Pick {len(submissions)} transactions of {branches}"
