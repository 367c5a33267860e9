"""The hook pre-push: a ledger branch that is pushed ends in a block of its own, signed and spelled as a block is.

A quick look at the last block.  `git aergo verify` checks everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aergo_vc.base.errors import AergoError, InvalidError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_commit import decode_commit, signed_payload
from aergo_vc.keys.signatures import verify_commit_signature
from aergo_vc.ledger.history import blocks_back
from aergo_vc.ledger.layout import read_ledger
from aergo_vc.ledger.rules import check_commit, check_files
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.store import ObjectStore

_HEADS = "refs/heads/"
_FIELDS = 4


def check(_arguments: Sequence[str], stdin: bytes, variables: Mapping[str, str]) -> list[str]:
    """Complaints about the references that git lists on `stdin` (githooks(5)); empty if they may be pushed."""
    pushed = list(_pushed_branches(stdin))
    if not pushed:
        return []
    paths = find_repository(Path.cwd(), variables)
    with open_store(paths, Preference.QUICK_START, variables) as store:
        return [complaint for branch, commit in pushed for complaint in _complaints(store, branch, commit)]


def _pushed_branches(stdin: bytes) -> Iterator[tuple[str, ObjectId]]:
    """The branches that a push updates, and with which commits; deletions are left out."""
    for line in stdin.decode("utf-8", "surrogateescape").splitlines():
        words = line.split(" ")
        if len(words) == _FIELDS and words[2].startswith(_HEADS) and words[1].strip("0"):
            yield words[2].removeprefix(_HEADS), ObjectId(words[1])


def _complaints(store: ObjectStore, branch: str, head: ObjectId) -> Iterator[str]:
    try:
        wrong = _wrong(store, branch, head)
    except InvalidError as error:
        wrong = f"its last block is not valid: {error.message}"
    except AergoError as error:
        wrong = f"its last block cannot be read: {error.message}"
    if wrong is not None:
        yield f"branch {branch} is not pushed: {wrong}"


def _wrong(store: ObjectStore, branch: str, head: ObjectId) -> str | None:
    """What is wrong with the last block of a branch; None also for a branch without a ledger."""
    place = next(blocks_back(store, head), None)
    if place is None:
        return None
    ledger = read_ledger(store, place.ledger)
    check_files(ledger)
    commit = decode_commit(store.read_commit(place.commit))
    check_commit(commit, ledger)
    verify_commit_signature(commit.signature or "", signed_payload(commit))
    if ledger.header.branch != branch:
        return f"its last block belongs to branch {ledger.header.branch}"
    return None
