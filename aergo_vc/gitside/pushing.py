"""The hook pre-push: a ledger branch that is pushed ends in a block of its own, signed and spelled as a block is.

A branch of ordinary work holds the ledger of the one that it came from, and may be pushed under any name that is not a
ledger's.  A quick look at the last block; `git aergo verify` checks everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from aergo_vc.base.errors import AergoError, InvalidError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_commit import decode_commit, signed_payload
from aergo_vc.gitside.registered import names_in_directory
from aergo_vc.keys.signatures import verify_commit_signature
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import ShallowError
from aergo_vc.ledger.history import BlockCommit, blocks_back
from aergo_vc.ledger.layout import read_header, read_ledger
from aergo_vc.ledger.rules import check_commit, check_files
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.refs import Refs, open_refs
from aergo_vc.objects.store import ObjectStore

_HEADS, _REMOTES = "refs/heads/", "refs/remotes/"
_FIELDS = 4
_BLOCKS_LOOKED_AT = 1_000
"""How far back a branch that ends in another's block is searched for one of its own."""


@dataclass(frozen=True, slots=True)
class _Pushed:
    """A branch that a push updates, from `old` (None: it is new there) to `new`."""

    branch: str
    old: ObjectId | None
    new: ObjectId


@dataclass(frozen=True, slots=True)
class _Here:
    """The repository that is pushed from."""

    store: ObjectStore
    refs: Refs
    variables: Mapping[str, str]


def check(_arguments: Sequence[str], stdin: bytes, variables: Mapping[str, str]) -> list[str]:
    """Complaints about the references that git lists on `stdin` (githooks(5)); empty if they may be pushed."""
    pushed = list(_pushed_branches(stdin))
    if not pushed:
        return []
    paths = find_repository(Path.cwd(), variables)
    with open_store(paths, Preference.QUICK_START, variables) as store:
        here = _Here(store, open_refs(paths, variables), variables)
        return [complaint for one in pushed for complaint in _complaints(here, one)]


def _pushed_branches(stdin: bytes) -> Iterator[_Pushed]:
    """The branches that a push updates; deletions are left out."""
    for line in stdin.decode("utf-8", "surrogateescape").splitlines():
        words = line.split(" ")
        if len(words) == _FIELDS and words[2].startswith(_HEADS) and words[1].strip("0"):
            old = ObjectId(words[3]) if words[3].strip("0") else None
            yield _Pushed(words[2].removeprefix(_HEADS), old, ObjectId(words[1]))


def _complaints(here: _Here, pushed: _Pushed) -> Iterator[str]:
    try:
        wrong = _wrong(here, pushed)
    except InvalidError as error:
        wrong = f"its last block is not valid: {error.message}"
    except AergoError as error:
        wrong = f"its last block cannot be read: {error.message}"
    if wrong is not None:
        yield f"branch {pushed.branch} is not pushed: {wrong}"


def _wrong(here: _Here, pushed: _Pushed) -> str | None:
    """What is wrong with the last block of a branch; None also for a branch without a ledger."""
    place = next(blocks_back(here.store, pushed.new), None)
    if place is None:
        return None
    owner = read_header(here.store, place.ledger).branch
    if owner == pushed.branch:
        _check(here.store, place)
        return None
    if pushed.old is not None and not here.store.contains(pushed.old):
        return f"its last block belongs to branch {owner}, and what the remote has there is not known here: fetch first"
    if _is_ledgers(here, pushed):
        _check(here.store, place)
        return f"its last block belongs to branch {owner}"
    made = BlockGraph(here.store).last(pushed.new)
    if made is not None:
        _check(here.store, made)
    return None


def _check(store: ObjectStore, place: BlockCommit) -> None:
    """Raise InvalidError unless a commit holds a block, signed and spelled as one is."""
    ledger = read_ledger(store, place.ledger)
    check_files(ledger)
    commit = decode_commit(store.read_commit(place.commit))
    check_commit(commit, ledger)
    verify_commit_signature(commit.signature or "", signed_payload(commit))


def _is_ledgers(here: _Here, pushed: _Pushed) -> bool:
    """Whether a branch of this name has blocks of its own: in its history, here, at a remote, or by the directory."""
    name = pushed.branch
    fetched = (head for ref, head in here.refs.list(_REMOTES).items() if ref.split("/", 3)[3:] == [name])
    for head in (pushed.old, here.refs.read(_HEADS + name), *fetched):
        if head is not None and here.store.contains(head) and _ends_in(here.store, head, name):
            return True
    with suppress(ShallowError):
        for place in islice(blocks_back(here.store, pushed.new), _BLOCKS_LOOKED_AT):
            if read_header(here.store, place.ledger).branch == name:
                return True
    return name in names_in_directory(here.variables)


def _ends_in(store: ObjectStore, head: ObjectId, name: str) -> bool:
    place = next(blocks_back(store, head), None)
    return place is not None and read_header(store, place.ledger).branch == name
