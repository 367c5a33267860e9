"""Whether the last block of a branch is one to build on: the rules that need no execution, and so no SQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from aergo_vc.base.errors import FormatError, InvalidError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_commit import decode_commit, signed_payload
from aergo_vc.keys.signatures import verify_commit_signature
from aergo_vc.ledger.errors import InvalidBlockError
from aergo_vc.ledger.history import BlockCommit, CommitReader, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.rules import (
    check_commit,
    check_files,
    check_key,
    check_merged,
    check_producer,
    check_sequence,
)
from aergo_vc.model.directory import Authority

AuthorityOf = Callable[[LedgerTree, LedgerTree | None], Authority]
"""What the directory says for a block, given the block and the one before it; raises InvalidError if it is unknown."""


def check_tip(objects: CommitReader, head: ObjectId, authority_of: AuthorityOf) -> None:
    """Raise InvalidBlockError unless the last block up to `head` keeps all rules but those that need execution.

    Asked before another is put on it, since any program may have moved the branch.
    """
    place, *before = islice(blocks_back(objects, head), 2)
    ledger = read_ledger(objects, place.ledger)
    previous = read_ledger(objects, before[0].ledger) if before else None
    with blaming(place, ledger):
        commit = decode_commit(objects.read_commit(place.commit))
        check_files(ledger)
        check_sequence(ledger, previous)
        check_commit(commit, ledger)
        source = next(blocks_back(objects, commit.parents[1]), None) if ledger.header.merged else None
        check_merged(ledger, None if source is None else read_ledger(objects, source.ledger))
        authority = authority_of(ledger, previous)
        check_producer(ledger.header, ledger.law, authority)
        key = verify_commit_signature(commit.signature or "", signed_payload(commit))
        check_key(authority, ledger.header.producer, key)


@contextmanager
def blaming(place: BlockCommit, ledger: LedgerTree) -> Iterator[None]:
    """Turn what a rule raises into an error that names the block."""
    try:
        yield
    except InvalidError as error:
        raise InvalidBlockError(place.commit, _height(ledger), error) from error


def _height(ledger: LedgerTree) -> int | None:
    try:
        return ledger.header.height
    except FormatError:
        return None
