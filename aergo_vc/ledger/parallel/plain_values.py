"""What forked processes tell of transactions, as the plain values that `marshal` takes, and back.

A value that is not as plain as all of the kind have been makes `marshal` fail, and so the process that would send it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from aergo_vc.base.errors import AergoError
from aergo_vc.ledger.machine import TransactionOutcome
from aergo_vc.model.changes import Changes, RowChange
from aergo_vc.model.transactions import CallResult, Event, Receipt, RowCounts
from aergo_vc.sql.outcomes import Notice

Attempt = tuple[TransactionOutcome, bytes] | AergoError
"""What a transaction did, and the line of its receipt; or why it failed."""

_counts = lru_cache(1_024)(RowCounts)


class UnknownErrorError(Exception):
    """An error of a class that this process has not loaded."""


def plain_attempt(attempt: Attempt) -> tuple[Any, ...]:
    """What a call gave."""
    if isinstance(attempt, AergoError):
        return _name(type(attempt)), attempt.args, vars(attempt)
    (_, receipt, notices), line = attempt
    rows = [(name, one.inserted, one.updated, one.deleted) for name, one in receipt.rows.items()]
    events = [(event.name, dict(event.data)) for event in receipt.events]
    result = None if receipt.result is None else (receipt.result.columns, receipt.result.rows)
    told = [(notice.level, notice.message) for notice in notices]
    return receipt.transaction, rows, events, result, told, line


def attempt_of(plain: tuple[Any, ...]) -> Attempt:
    """The same again; raises UnknownErrorError."""
    if len(plain) == 3:  # noqa: PLR2004
        return _error(*plain)
    transaction, rows, events, result, told, line = plain
    receipt = Receipt(
        transaction,
        {name: _counts(inserted, updated, deleted) for name, inserted, updated, deleted in rows},
        tuple([Event(name, data) for name, data in events]),
        None if result is None else CallResult(*result),
    )
    return TransactionOutcome((), receipt, tuple([Notice(*one) for one in told])), line


def plain_changes(changes: Changes) -> dict[str, list[tuple[Any, ...]]]:
    """Net row changes."""
    return {name: [(key, *change) for key, change in rows.items()] for name, rows in changes.items()}


def changes_of(plain: dict[Any, list[tuple[Any, ...]]]) -> Changes:
    """The same again."""
    return {name: {key: RowChange(before, after) for key, before, after in rows} for name, rows in plain.items()}


def _error(name: tuple[str, str], arguments: tuple[Any, ...], facts: dict[str, Any]) -> AergoError:
    """An error with all its facts, without asking its class what it takes to be made."""
    kind = next((kind for kind in _kinds(AergoError) if _name(kind) == name), None)
    if kind is None:
        raise UnknownErrorError(name)
    error = kind.__new__(kind, *arguments)
    vars(error).update(facts)
    return error


def _kinds(kind: type[AergoError]) -> Iterator[type[AergoError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)


def _name(kind: type[AergoError]) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__
