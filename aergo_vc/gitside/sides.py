"""What a merge means for ``ledger/``: nothing, one side's as it is, or a new block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_commit import read_links
from aergo_vc.gitside.calls import Call
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.history import blocks_back
from aergo_vc.ledger.layout import ledger_entry, read_header
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.refs import open_refs
from aergo_vc.objects.store import ObjectStore

_HEADS = "refs/heads/"
_SHORT = 12


class NotMergeableError(InputError):
    """The two sides cannot become one in this way.  The fact `hint` says what to do instead."""

    code = "E_NOT_MERGEABLE"


@dataclass(frozen=True, slots=True)
class NoPart:
    """No ledger takes part: the merge is git's own."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The result has this ``ledger/``, or none; git merges the rest."""

    ledger: ObjectId | None


@dataclass(frozen=True, slots=True)
class NewBlock:
    """The source's blocks become one new block on `branch`; its head is the commit `target`."""

    branch: BranchName
    target: ObjectId


Course = NoPart | Keep | NewBlock


def ledger_of(objects: ObjectStore, name: ObjectId) -> ObjectId | None:
    """The id of ``ledger/`` in a commit or a tree."""
    kind, data = objects.read(name)
    return ledger_entry(objects, read_links(data).tree if kind is Kind.COMMIT else name)


def current_branch(paths: GitPaths, variables: Mapping[str, str]) -> BranchName | None:
    """The branch that HEAD is on; None if it is detached."""
    target = open_refs(paths, variables).symbolic_target("HEAD") or ""
    return BranchName(target.removeprefix(_HEADS)) if target.startswith(_HEADS) else None


def is_ordinary(
    objects: ObjectStore, parents: Sequence[ObjectId], ledger: ObjectId | None, branch: BranchName | None
) -> bool:
    """Whether a commit on `branch` with these parents and this ``ledger/`` makes no block.

    It leaves its first parent's as it is; or the branch has no block of its own, and the ledger is another parent's:
    so a branch of ordinary work keeps up with the one that it came from.
    """
    before = ledger_of(objects, parents[0]) if parents else None
    if ledger == before:
        return True
    if ledger is None or ledger not in [ledger_of(objects, parent) for parent in parents[1:]]:
        return False
    return before is None or read_header(objects, before).branch != branch


def course_of_merge(objects: ObjectStore, call: Call, target: ObjectId, branch: BranchName | None) -> Course:
    """What a merge of a commit into HEAD, the commit `target`, means; `branch` is HEAD's, None if it is detached.

    Raises NotMergeableError.
    """
    ours, theirs = ledger_of(objects, target), ledger_of(objects, call.theirs)
    if {ours, theirs, *(ledger_of(objects, base) for base in call.bases)} == {ours}:
        return NoPart()
    if theirs is None or theirs == ours or _holds(objects, target, theirs):
        return Keep(ours)
    if ours is None:
        return Keep(theirs)
    if _took_in(objects, target, call.theirs):
        return Keep(ours)
    last = BlockGraph(objects).last(call.theirs)
    is_ahead = last is not None and _holds(objects, last.commit, ours)
    own = read_header(objects, ours)
    if branch is None or own.branch != branch:
        if is_ahead:
            return Keep(theirs)
        raise NotMergeableError(
            f"{branch or 'HEAD'} has no block of its own to merge blocks into",
            hint=f"merge them on branch {own.branch}, then merge that branch here",
        )
    header = read_header(objects, theirs)
    if is_ahead and header.branch == branch:
        took_over = last is not None and next(blocks_back(objects, call.theirs)).commit != last.commit
        blocks = f" {last.commit[:_SHORT]}" if last is not None and took_over else ""
        then = "; then merge again" if took_over else ""
        raise NotMergeableError(
            f"the source goes on from the last block of {branch} here: there is nothing to merge blocks with",
            hint="take the blocks in as they are: "
            f"git merge --ff-only{blocks}{then}; rebase ordinary commits of yours first",
        )
    return NewBlock(branch, target)


def course_of_pick(objects: ObjectStore, call: Call, *, rebasing: bool) -> Course:
    """What picking a commit onto HEAD means; raises NotMergeableError for a block's commit."""
    base = ledger_of(objects, call.bases[0]) if call.bases else None
    picked, ours = ledger_of(objects, call.theirs), ledger_of(objects, ObjectId(call.ours))
    if picked == base:
        return NoPart() if ours == picked else Keep(ours)
    short = call.theirs[:_SHORT]
    if rebasing:
        raise NotMergeableError(
            f"commit {short} is a block: it is signed where it stands and cannot be rebased",
            hint="take it back with git rebase --abort; bring the other side in with git merge",
        )
    raise NotMergeableError(
        f"commit {short} is a block: it is signed where it stands and cannot be picked as a commit",
        hint=f"pick its transactions: git aergo cherry-pick {short}",
    )


def leaves_blocks_out(objects: ObjectStore, parents: Sequence[ObjectId], branch: BranchName | None) -> bool:
    """Whether an ordinary commit on a ledger's branch, with these parents, would pass over blocks of the others.

    git would count them as merged from then on, though none of their transactions is.
    """
    if branch is None or len(parents) < 2:  # noqa: PLR2004
        return False
    ours = ledger_of(objects, parents[0])
    if ours is None or read_header(objects, ours).branch != branch:
        return False
    for parent in parents[1:]:
        theirs = ledger_of(objects, parent)
        if theirs is None or theirs == ours or _holds(objects, parents[0], theirs):
            continue
        if not _took_in(objects, parents[0], parent):
            return True
    return False


def _took_in(objects: ObjectStore, target: ObjectId, source: ObjectId) -> bool:
    """Whether the last block of `source` is one that the last block of `target` descends from."""
    graph = BlockGraph(objects)
    ours, theirs = graph.last(target), graph.last(source)
    return ours is not None and theirs is not None and graph.newest_shared(ours, theirs) == theirs


def _holds(objects: ObjectStore, head: ObjectId, ledger: ObjectId) -> bool:
    """Whether the history of `head` has the block whose tree is `ledger`, along first parents."""
    wanted = read_header(objects, ledger)
    for place in blocks_back(objects, head):
        if place.ledger == ledger:
            return True
        if read_header(objects, place.ledger).height <= wanted.height:
            return False
    return False
