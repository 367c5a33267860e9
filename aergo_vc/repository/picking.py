"""Cherry-pick: transactions of other branches, as their signers signed them, into this branch's next block."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aergo_vc.base.ids import TransactionId
from aergo_vc.ledger.machine import Submission
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.objects.borrowing import borrowed_branches
from aergo_vc.repository.errors import ForeignChainError, NotPickableError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.locating import Heads, Located, locate, locate_among
from aergo_vc.repository.results import Picked
from aergo_vc.repository.submitting import desk
from aergo_vc.repository.tips import tip_of
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
    chain = tip_of(workspace, branch).ledger.chain
    if branch == DIRECTORY_BRANCH:
        raise NotPickableError(f"{DIRECTORY_BRANCH} takes in no transactions of other branches")
    with _branches_of(workspace, source) as heads:
        found = [locate(workspace, text) if heads is None else locate_among(workspace, heads, text) for text in texts]
        for one in found:
            if one.ledger.chain != chain:
                raise ForeignChainError(f"block {one.ledger.block} is of another chain, {one.ledger.chain}")
            if one.branch == DIRECTORY_BRANCH:
                raise NotPickableError(f"block {one.ledger.block} is of {DIRECTORY_BRANCH}, which other branches obey")
        submissions = _each_once(workspace, found)
        with desk(workspace, identity, branch) as opened:
            return opened.adopt(submissions, commit=commit, message=message or _describe(found, submissions))


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
