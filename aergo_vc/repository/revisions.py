"""What people call blocks: ids, short ids, heights, branches, tags, times.

=====================  =============================================================================================
text                   the block
=====================  =============================================================================================
``HEAD``               the last one of the current branch
``main``               the last one of a branch
``main@12``            the one at a height of a branch; ``@12`` of the current branch, ``@-1`` one below its last
``v1``                 the one in whose commit a tag is
64 or fewer digits     the block with that id, or the commit with it; at least 4 digits
``2026-11-22``         the last one of the current branch at that moment, UTC; also ``2026-11-22T10:00`` and with
                       ``main@`` before it
=====================  =============================================================================================
"""

import re
from datetime import UTC, datetime

from aergo_vc.base.ids import BranchName, ObjectId, is_object_id
from aergo_vc.base.names import is_branch_name
from aergo_vc.ledger.history import BlockCommit, blocks_back, has_ledger
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.rules import ref_of
from aergo_vc.objects.refs import is_reference_name
from aergo_vc.repository.errors import NoLedgerHereError, UnknownRevisionError
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace

_SHORTEST_ID = 4
_HEXADECIMAL = re.compile(rf"[0-9a-f]{{{_SHORTEST_ID},64}}")
_HEIGHT = re.compile(r"-?\d+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")


def resolve(workspace: Workspace, text: str | None) -> Tip:
    """The block that `text` means, HEAD's for None; raises UnknownRevisionError, NoLedgerHereError."""
    if text is None or text == "HEAD":
        return tip_at(workspace, _current(workspace))
    branch, _, place = text.partition("@")
    if _ or _MOMENT.fullmatch(text):
        return _placed(workspace, branch if _ else "", place if _ else text, text)
    if not is_reference_name(f"refs/tags/{text}"):
        raise UnknownRevisionError(f"{text!r} names no block, branch, tag, height or time", revision=text)
    for ref in (ref_of(BranchName(text)), f"refs/tags/{text}", f"refs/remotes/{text}"):
        commit = peeled(workspace, ref)
        if commit is not None:
            return tip_at(workspace, commit)
    if _HEXADECIMAL.fullmatch(text):
        return _by_id(workspace, text)
    raise UnknownRevisionError(f"{text!r} names no block, branch, tag, height or time", revision=text)


def tip_at(workspace: Workspace, commit: ObjectId) -> Tip:
    """The block that a commit shows: its own, or the one before it; raises NoLedgerHereError."""
    place = next(blocks_back(workspace.writer, commit), None)
    if place is None:
        raise NoLedgerHereError(f"commit {commit} has no ledger", commit=commit)
    return _tip(workspace, place)


def _tip(workspace: Workspace, place: BlockCommit) -> Tip:
    ledger = read_ledger(workspace.writer, place.ledger)
    return Tip(ledger.header.branch, place.commit, ledger)


def _current(workspace: Workspace) -> ObjectId:
    commit = workspace.refs.read("HEAD")
    if commit is None:
        raise NoLedgerHereError("the current branch has no commit, and no ledger")
    return commit


def peeled(workspace: Workspace, ref: str) -> ObjectId | None:
    """The commit that a reference leads to, through a tag object too."""
    found = workspace.refs.read(ref)
    for _ in range(5):
        if found is None:
            return None
        kind, data = workspace.store.read(found)
        if kind == "commit":
            return found
        if kind != "tag":
            return None
        target = data.split(b"\n", 1)[0].removeprefix(b"object ").decode("ascii", "replace")
        found = ObjectId(target) if is_object_id(target) else None
    return None


def _placed(workspace: Workspace, branch: str, place: str, text: str) -> Tip:
    if not branch:
        commit: ObjectId | None = _current(workspace)
    else:
        commit = workspace.head_of(BranchName(branch)) if is_branch_name(branch) else None
    if commit is None:
        raise UnknownRevisionError(f"{text!r}: there is no branch {branch}", revision=text)
    if _HEIGHT.fullmatch(place):
        return _at_height(workspace, commit, int(place), text)
    if _MOMENT.fullmatch(place):
        return _at_time(workspace, commit, _milliseconds(place, text), text)
    raise UnknownRevisionError(f"{text!r}: {place!r} is no height and no time", revision=text)


def _at_height(workspace: Workspace, commit: ObjectId, height: int, text: str) -> Tip:
    newest = tip_at(workspace, commit)
    wanted = height if height >= 0 else newest.ledger.header.height + height
    for place in blocks_back(workspace.writer, commit):
        tip = _tip(workspace, place)
        if tip.ledger.header.height == wanted:
            return tip
    raise UnknownRevisionError(
        f"{text!r}: branch {newest.branch} has the heights 0 to {newest.ledger.header.height}", revision=text
    )


def _at_time(workspace: Workspace, commit: ObjectId, time: int, text: str) -> Tip:
    for place in blocks_back(workspace.writer, commit):
        tip = _tip(workspace, place)
        if tip.ledger.header.time <= time:
            return tip
    raise UnknownRevisionError(f"{text!r} lies before the first block", revision=text)


def _milliseconds(place: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(place)
    except ValueError as error:
        raise UnknownRevisionError(f"{text!r} is no moment of the calendar", revision=text) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _by_id(workspace: Workspace, text: str) -> Tip:
    """The block, or the block's commit, whose id begins with `text`: looked for in all branches."""
    found: dict[str, Tip] = {}
    seen: set[ObjectId] = set()
    for commit in workspace.local_branches().values():
        if not has_ledger(workspace.writer, commit):
            continue
        for place in blocks_back(workspace.writer, commit):
            if place.commit in seen:
                break
            seen.add(place.commit)
            ledger: LedgerTree = read_ledger(workspace.writer, place.ledger)
            if ledger.block.startswith(text) or place.commit.startswith(text):
                found[ledger.block] = Tip(ledger.header.branch, place.commit, ledger)
    if len(found) > 1:
        raise UnknownRevisionError(f"{text!r} is ambiguous: {len(found)} blocks begin so", revision=text)
    if not found:
        raise UnknownRevisionError(f"no block and no commit of one begins with {text!r}", revision=text)
    return next(iter(found.values()))
