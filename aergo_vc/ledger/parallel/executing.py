"""Execute transactions that touch no common rows at once, in forked processes, and check signatures meanwhile.

Each process executes its group, in the block's order, on its own copy of the state, and sends back what each
transaction gave and which rows it changed.  Whoever is done checks signatures, a batch at a time, until none are left;
so this process puts everything together and builds the state's trees while others still check.  Whatever goes wrong,
nothing of it remains, and the caller does everything one after the other: this is a faster way to the same results, and
never another way to find out what is wrong.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine, Submission
from aergo_vc.ledger.parallel.groups import divided
from aergo_vc.ledger.parallel.plain_values import (
    Attempt,
    UnknownErrorError,
    attempt_of,
    changes_of,
    plain_attempt,
    plain_changes,
)
from aergo_vc.ledger.parallel.processes import Forked, Outbox, Tickets, can_fork
from aergo_vc.model.blocks import DIRECTORY_BRANCH

LEAST = 1_000
"""Fewer transactions are not worth a fork."""

_TOGETHER = 128
"""Signatures that one process checks before it asks whether others have left some: a few milliseconds."""

_HANG_TOGETHER = 0.95
"""The part of the transactions above which the rest is not worth another group."""

_SIGNATURE, _ALONE = 0.9, 0.35
"""What a call's signature, and what is left to one process alone (partition, trees, files), take beside executing it.

On one machine, with one library: how signatures are handed out makes up for what is otherwise elsewhere.
"""

_MOST_PROCESSES = int((1 + _SIGNATURE + _ALONE) / _ALONE)
"""More would wait for the one that does things alone."""

Holds = Callable[[int, int], bool]
"""Whether all signatures hold from one of the transactions to before another."""

_Result = TypeVar("_Result")


class GivenUpError(Exception):
    """What the transactions gave is of no use, or not to be believed."""


@dataclass(frozen=True, slots=True)
class _Division:
    """Transactions in order; the first of them, as many as there are `groups`, can be executed by group."""

    submissions: Sequence[Submission]
    groups: Sequence[int]

    def group(self, number: int) -> Iterator[Submission]:
        """The transactions of a group."""
        return (one for one, group in zip(self.submissions, self.groups, strict=False) if group == number)

    @property
    def rest(self) -> Sequence[Submission]:
        """Those that come after all groups."""
        return self.submissions[len(self.groups) :]


def execute_at_once(
    machine: Machine,
    context: BlockContext,
    submissions: Sequence[Submission],
    holds: Holds,
    complete: Callable[[BlockExecution, Sequence[Attempt]], _Result],
    *,
    workers: int,
) -> _Result | None:
    """Execute a block's transactions and check their signatures, in as many processes as there are `workers`, or fewer.

    `complete` gets what each transaction gave, and finishes the block; what it returns comes back, unless a signature
    does not hold.  None: it was not worth it, or something went wrong, and nothing was done.
    """
    count = min(workers, _MOST_PROCESSES, 2 * len(submissions) // LEAST)
    if count < 2 or not _is_worth_it(context, submissions) or not can_fork():  # noqa: PLR2004
        return None
    try:
        division = _Division(submissions, _groups(machine, submissions, count))
        if len(division.groups) < LEAST:
            return None
        with machine.engine.unspilled(), machine.block(context) as execution:
            with _started(execution, division, holds, count) as (forked, tickets):
                done = complete(execution, _attempts(execution, division, forked))
                _require_all_checked(_checked(tickets, len(submissions), holds), forked, len(submissions))
            return done
    except (AergoError, GivenUpError, UnknownErrorError, OSError, EOFError, MemoryError):
        return None


def _is_worth_it(context: BlockContext, submissions: Sequence[Submission]) -> bool:
    """Whether a block has many transactions, each a call: what others do may not fit into memory (`unspilled`)."""
    are_many = len(submissions) >= LEAST and context.branch != DIRECTORY_BRANCH
    return are_many and all(transaction.payload.call is not None for transaction, _ in submissions)


def _groups(machine: Machine, submissions: Sequence[Submission], count: int) -> list[int]:
    """The groups of the first transactions, up to the first that may touch any rows.

    All are in the first group if nearly all of a beginning are: so the rest will be too.
    """
    touched: list[Sequence[Hashable]] = []
    for transaction, _ in submissions:
        if len(touched) == LEAST and divided(touched, _shares(count)).count(0) > _HANG_TOGETHER * LEAST:
            return [0] * len(submissions)
        call = transaction.payload.call
        rows = None if call is None else machine.engine.rows_touched(call.routine, call.arguments, transaction.id)
        if rows is None:
            break
        touched.append(rows)
    return divided(touched, _shares(count))


def _shares(count: int) -> list[float]:
    """The parts of the calls that each process executes, so that all are busy as long."""
    mine = min(max((1 + _SIGNATURE + _ALONE) / count - _ALONE, 0), 1)
    return [mine] + [(1 - mine) / (count - 1)] * (count - 1)


@contextmanager
def _started(
    execution: BlockExecution, division: _Division, holds: Holds, count: int
) -> Iterator[tuple[Sequence[Forked], Tickets]]:
    """A process for each group but the first, and what signatures are left to check."""
    signed = len(division.submissions)
    with ExitStack() as stack:
        tickets = stack.enter_context(closing(Tickets(-(-signed // _TOGETHER))))

        def work(group: int, outbox: Outbox) -> None:
            apart = execution.apart()
            attempts = [_attempt(apart, one) for one in division.group(group)]
            outbox.send((list(map(plain_attempt, attempts)), plain_changes(apart.changes)))
            outbox.send(_checked(tickets, signed, holds, outbox.push))

        yield [stack.enter_context(closing(Forked(partial(work, group)))) for group in range(1, count)], tickets


def _attempts(execution: BlockExecution, division: _Division, forked: Sequence[Forked]) -> list[Attempt]:
    """What each transaction gave, in the block's order; the state is then as all of them leave it."""
    by_group: list[Iterator[Attempt]] = [iter([_attempt(execution, one) for one in division.group(0)])]
    for one in forked:
        attempts, changes = one.receive()
        execution.take_over(changes_of(changes))
        by_group.append(map(attempt_of, attempts))
    found = [next(by_group[group]) for group in division.groups]
    return found + [_attempt(execution, one) for one in division.rest]


def _attempt(execution: BlockExecution, submission: Submission) -> Attempt:
    try:
        outcome = execution.execute(*submission)
    except RepositoryError:
        raise
    except AergoError as error:
        return error
    return outcome, encode_receipts([outcome.receipt])


def _checked(
    tickets: Iterable[int], signed: int, holds: Holds, between: Callable[[], None] = lambda: None
) -> int | None:
    """How many signatures this process has checked; None where one does not hold."""
    count = 0
    for ticket in tickets:
        start, stop = ticket * _TOGETHER, min(signed, (ticket + 1) * _TOGETHER)
        if not holds(start, stop):
            return None
        count += stop - start
        between()
    return count


def _require_all_checked(mine: int | None, forked: Sequence[Forked], signed: int) -> None:
    counts = [mine, *[one.receive() for one in forked]]
    if None in counts or sum(count for count in counts if count is not None) != signed:
        raise GivenUpError
