"""Which waiting transactions may stand in a branch's next block, by every rule that needs no execution.

What waits may have been signed long ago, by one who has lost a role since, or have come from elsewhere: a block with
one transaction that must not be in it is invalid as a whole.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import TransactionId
from aergo_vc.codec.transactions import signed_bytes
from aergo_vc.keys.ed25519 import SignedMessage, checked_public_key, verify_many
from aergo_vc.keys.parallel import SignatureChecker
from aergo_vc.keys.signatures import TRANSACTION_NAMESPACE, SignatureError, payload_message
from aergo_vc.ledger.errors import RepeatedTransactionError
from aergo_vc.ledger.history import Past
from aergo_vc.ledger.machine import Submission
from aergo_vc.ledger.rules import check_payload
from aergo_vc.model.blocks import Header
from aergo_vc.model.directory import Authority
from aergo_vc.model.transactions import Exclusion, Transaction

_MANY_SIGNATURES = 1_000
_WORKERS = 2


def admit(
    submissions: Sequence[Submission], tip: Header, authority: Authority, past: Past, refused: list[Exclusion]
) -> Generator[Submission, None, None]:
    """The transactions that may go into the block after `tip`; `refused` gets the others, each with the broken rule.

    They come one by one, while the signatures of those behind are checked.  `past` must be that of the transactions.
    """
    with SignatureChecker(_WORKERS if len(submissions) > _MANY_SIGNATURES else 0) as checker:
        verdicts = checker.check(_signed(transaction) for transaction, _ in submissions)
        yield from _admitted(submissions, tip, authority, past, refused, verdicts=verdicts)


def admit_unchecked(
    submissions: Sequence[Submission], tip: Header, authority: Authority, past: Past, refused: list[Exclusion]
) -> list[Submission]:
    """As `admit`, if all signatures hold, which is still to be found out (`signatures_hold`)."""
    return list(_admitted(submissions, tip, authority, past, refused, verdicts=[True] * len(submissions)))


def signatures_hold(submissions: Sequence[Submission], start: int, stop: int) -> bool:
    """Whether all signatures hold from one submission to before another; checked in this process."""
    return all(verify_many([_signed(transaction) for transaction, _ in submissions[start:stop]]))


def _admitted(
    submissions: Sequence[Submission],
    tip: Header,
    authority: Authority,
    past: Past,
    refused: list[Exclusion],
    *,
    verdicts: Iterable[bool],
) -> Iterator[Submission]:
    following = replace(tip, height=tip.height + 1)
    seen = set(past.transactions)
    for (transaction, payload), holds in zip(submissions, verdicts, strict=True):
        try:
            _check(transaction, following, authority, past, seen, holds=holds)
        except InvalidError as reason:
            refused.append(Exclusion(transaction, reason))
        else:
            seen.add(transaction.id)
            yield transaction, payload


def _check(
    transaction: Transaction, block: Header, authority: Authority, past: Past, seen: set[TransactionId], *, holds: bool
) -> None:
    check_payload(transaction.payload, block, authority, past.heights)
    if transaction.id in seen:
        raise RepeatedTransactionError(f"transaction {transaction.id} stands in the history already")
    if not holds:
        raise SignatureError(f"the signature of transaction {transaction.id} does not verify")


def _signed(transaction: Transaction) -> SignedMessage:
    key = checked_public_key(transaction.payload.key)
    return key, transaction.signature, payload_message(TRANSACTION_NAMESPACE, signed_bytes(transaction))
