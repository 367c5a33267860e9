"""Consistent Merging: what the logic of the target's law makes of an inconsistent transaction.

The order of asking: the function for transactions, then for every row in conflict the table's function or the policy.
What has no answer is a conflict, which a person resolves before the block is sealed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import RoutineName, TableName, TransactionId
from aergo_vc.ledger.machine import BlockExecution, Machine, Recorded, Rows, Submission, TransactionOutcome
from aergo_vc.ledger.settled import before_and_after, settled_row, settled_rows, with_values
from aergo_vc.merging.carrying import NOBODY, PERMISSION, SETTLED, Carrier, is_in_the_way, owner_of, put, question
from aergo_vc.merging.conflicts import RESOLVED, Conflict, RowConflict
from aergo_vc.merging.deciding import LOST_UPDATE, READ_CHANGED
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.logic import Logic, logic_of
from aergo_vc.merging.policies import Case, Settled, Unsettled, key_text, settle_row
from aergo_vc.merging.source_rows import SourceRows
from aergo_vc.model.blocks import Policy
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.footprints import Columns, Footprint, apart_from_numbers, blind_writes, sorted_key
from aergo_vc.model.schema import Catalog, Table, spoken_name
from aergo_vc.model.transactions import Argument, Refusal, SettledAs, SettledRow
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.running.budget import Budget

REFUSED, FAILED = "E_SETTLE_REFUSED", "E_SETTLE_FAILED"

BUDGET = Budget(statements=1_000, rows=10_000, bytes=1 << 20, steps=100_000)
"""What one call of a function that settles may cost; part of the rule set."""

_NO_COLUMNS: Columns = frozenset()
_NOTHING = Footprint()


class TargetChanges(Protocol):
    """How the target differs from what a transaction's signer could see of it."""

    def columns(self, table: TableName, key: Key) -> Columns:
        """The columns of a row that differ; all of them where one side lacks the row."""

    def before(self, table: TableName, key: Key) -> Row | None:
        """A row that differs, as it was."""

    def reads_changed(self, footprint: Footprint, but_for: Collection[tuple[TableName, Key]] = ()) -> Refusal | None:
        """A refusal where a transaction read what differs, in other rows than these."""


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A transaction that the target's rule does not take as it is.

    `made` is its footprint where it was made; `cell` names the first column in which it is inconsistent, as in
    ``bank.account.balance``, and is empty where there is none.  `time` is that of its block; `is_strict` says that it
    must not have read what the target changed.  `settled` is what a law made of it on the source's line.
    """

    submission: Submission
    reason: Refusal
    cell: str
    made: Footprint
    target: TargetChanges
    time: int
    is_strict: bool = False
    settled: SettledAs | None = None

    @property
    def transaction(self) -> TransactionId:
        return self.submission[0].id

    @property
    def is_unentitled(self) -> bool:
        """Whether it was settled by somebody who may not: then it is only what was signed."""
        return self.reason.code == PERMISSION

    @property
    def is_failure(self) -> bool:
        return self.reason.code not in (LOST_UPDATE, READ_CHANGED, SETTLED)


LastWritten = Callable[[TableName, Key], int]
"""The time of the target's last block that changed a row."""

Ending = TransactionOutcome | Refusal | Conflict
"""What becomes of an inconsistent transaction."""


class _Refused(Exception):
    """A function or a policy wants a transaction left out."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message)


class _Open(Exception):
    """Nothing settles a transaction."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(slots=True)
class Settler:
    """Settles the inconsistencies of one merge, in the order in which they arise.

    `source_rows` tells what the source made of rows; `resolved` names, for transactions that people resolved, the
    resolutions.
    """

    settle_by: str
    machine: Machine
    last_written: LastWritten
    source_rows: SourceRows
    resolved: Mapping[TransactionId, TransactionId] = field(default_factory=dict)
    _logic: tuple[Catalog, Logic] | None = None

    def settle(self, execution: BlockExecution, case: Inconsistency) -> Ending:
        """What becomes of a transaction; one that stays has been executed, and its receipt names what settled it.

        Raises MergeAbortedError where a function will have the whole merge refused.
        """
        found: Ending
        try:
            found = self._settle(execution, case)
        except _Refused as refused:
            return refused.refusal
        except _Open as unsettled:
            found = Conflict(case.transaction, unsettled.reason)
        if isinstance(found, Conflict) and found.transaction in self.resolved:
            return Refusal(RESOLVED, f"resolved by transaction {self.resolved[found.transaction]}")
        return found

    def _settle(self, execution: BlockExecution, case: Inconsistency) -> Ending:
        catalog = self.machine.catalog
        if self._logic is None or self._logic[0] is not catalog:
            self._logic = (catalog, logic_of(catalog, self.settle_by))
        logic = self._logic[1]
        if logic.transaction is not None:
            told = (case.transaction, case.submission[0].payload.signer, case.reason.code, case.cell)
            (answer,) = self.ask(execution, logic.transaction, told, case.transaction)
            if answer is not None:
                return self._obey(execution, logic.transaction, str(answer), case)
        if case.is_failure:
            return Conflict(case.transaction, case.reason)
        return self._settle_rows(execution, logic, case)

    def _obey(self, execution: BlockExecution, routine: RoutineName, answer: str, case: Inconsistency) -> Ending:
        """What the function for transactions said."""
        transaction, _ = case.submission
        if answer == "skip":
            return _added(case.reason, f"{routine} leaves it out")
        if answer == "abort":
            raise MergeAbortedError(
                f"{routine} refuses the merge for transaction {transaction.id}: {case.reason.message}",
                routine=routine, transaction=transaction.id,
            )  # fmt: skip
        script = answer[4:] if answer.startswith("sql:") else None
        if script is None and answer != "apply":
            raise _Refused(FAILED, f"{routine} answers {answer[:60]!r}: apply, skip, abort or sql: is expected")
        was = SettledAs(script=script) if script is not None else None if case.is_unentitled else case.settled
        try:
            if was is None:
                return settled_by(execution.record(*case.submission).outcome, routine)
            found = Carrier(execution, case.submission, was, always=True).carry()
        except RepositoryError:
            raise
        except AergoError as error:
            return refusal_for(error)
        return found if isinstance(found, Refusal) else self._as_its_own(found, routine, found.receipt.settled_as)

    def _as_its_own(self, outcome: TransactionOutcome, by: str, was: SettledAs | None) -> TransactionOutcome:
        """The outcome of a transaction of which the target's law made something."""
        if was is not None:
            was = replace(was, owner=owner_of(self.machine.catalog, by), block=None)
        return settled_by(outcome._replace(receipt=replace(outcome.receipt, settled_as=was)), by)

    # Rows

    def _settle_rows(self, execution: BlockExecution, logic: Logic, case: Inconsistency) -> Ending:
        """Execute a transaction, and make of each row in conflict what the policy or the table's function says."""
        attempt = _Attempt(self, execution, logic, case)
        attempt.require_reads(case.made)
        try:
            recorded = execution.amend(*case.submission, attempt.amend)
        except RepositoryError:
            raise
        except AergoError as error:
            if attempt.changes is not None:
                return attempt.conflict(refusal_for(error))
            recorded = self._graft(execution, attempt, error)
        if recorded is None:
            return attempt.conflict(case.reason)
        by = attempt.by or self.settle_by
        return self._as_its_own(recorded.outcome, by, attempt.settled)

    def _graft(self, execution: BlockExecution, attempt: "_Attempt", failure: AergoError) -> Recorded | None:
        """Put the rows that a transaction made where it was made, for one that fails because of rows in conflict.

        Only where these are in its way, and nothing else that it read or wrote differs here: what it would do is known.
        """
        if not is_in_the_way(failure) or not attempt.graft():
            raise _Open(refusal_for(failure))
        if attempt.reasons:
            return None
        try:
            return put(execution, attempt.case.submission, attempt.settled.rows)
        except SqlError as error:
            raise _Open(refusal_for(error)) from error

    def source_row(self, case: Inconsistency, table: TableName, key: Key) -> Row | None:
        """A row as a transaction found it that did not write it where it was made."""
        made = self.source_rows.before(case.transaction, table, key)
        return case.target.before(table, key) if made is None else made.row

    def ask(
        self, execution: BlockExecution, routine: RoutineName, arguments: Sequence[Argument | Row],
        transaction: TransactionId,
    ) -> Row:  # fmt: skip
        """The answer of a function, called with its owner's rights under the new block's context."""
        owner = self.machine.catalog.owners.get(routine.partition(".")[0], NOBODY)
        try:
            result = execution.records.ask(routine, arguments, execution.context_of(transaction, owner), BUDGET)
        except SqlError as error:
            raise _Refused(FAILED, f"{routine} fails: {error.sqlstate}: {error.message}") from error
        rows: tuple[tuple[Argument, ...], ...] = () if result is None else result.rows
        return tuple(value for value in rows[0] if not isinstance(value, tuple)) if rows else (None,)


class _Attempt:
    """The rows in conflict of one transaction, while it is executed and amended."""

    def __init__(self, settler: Settler, execution: BlockExecution, logic: Logic, case: Inconsistency) -> None:
        self._settler, self._execution, self._logic = settler, execution, logic
        self.case = case
        self.by: str | None = None
        self.reasons: list[str] = []
        self.changes: Changes | None = None
        self._rows: list[RowConflict] = []
        self._settled: list[SettledRow] = []
        self._fails = False

    def require_reads(self, footprint: Footprint) -> None:
        """Go on with a transaction that read what the target changed only where the policy has an answer to that."""
        policy = self._logic.policy
        if not self.case.is_strict or policy in (Policy.THEIRS, Policy.NEWEST):
            return
        read = self.case.target.reads_changed(footprint)
        if read is None:
            return
        if policy is Policy.OURS:
            raise _Refused(read.code, f"{read.message}; the branch's policy is {policy}")
        raise _Open(read)

    def amend(self, here: Footprint) -> Rows | None:
        """What the rows in conflict are to be after the transaction was executed; None where one has no answer."""
        self.require_reads(here)
        self.changes = {name: dict(rows) for name, rows in here.changes.items()}
        self._rows = list(self._in_conflict(here))
        for row in self._rows:
            change = before_and_after(self._execution, here, row.table.name, row.key)
            self._settle(row, change, None if self._logic.policy is None else row.columns)
        return None if self.reasons else settled_rows(self._execution, here, self.settled.rows)

    def graft(self) -> bool:
        """Settle the rows of a transaction that cannot be executed; False where what it would do cannot be told."""
        case, made = self.case, self.case.made
        self._fails = True
        self._rows = list(self._in_conflict(_NOTHING))
        places = {(row.table.name, row.key) for row in self._rows}
        if (
            made.defines
            or made.situated
            or made.taken
            or not places
            or case.target.reads_changed(made, places) is not None
        ):
            return False
        tables = self._settler.machine.catalog.tables
        self._settled.clear()
        if not made.changes.keys() <= tables.keys():
            return False
        for name, changes in made.changes.items():
            for key, change in changes.items():
                if (name, key) in places:
                    continue
                if self._execution.row(name, key) != change.before:
                    return False
                self._settled.append(settled_row(tables[name], key, None, change, change.after))
        self.changes = made.changes
        for row in self._rows:
            self._settle(row, RowChange(row.ours, row.theirs), None)
        return True

    @property
    def settled(self) -> SettledAs:
        """What was made of the transaction."""
        rows = sorted(self._settled, key=lambda one: (one.table, sorted_key(one.key)))
        return SettledAs(tuple(rows), fails=self._fails)

    def conflict(self, reason: Refusal) -> Conflict:
        """The transaction as a conflict for a person."""
        told = _added(reason, self.reasons[0]) if self.reasons else reason
        return Conflict(self.case.transaction, told, tuple(self._rows), self.changes)

    def _in_conflict(self, here: Footprint) -> list[RowConflict]:
        """The rows that the transaction wrote blindly, where it was made or here, and that the target changed.

        With those that a law settled on the source's line, where the question is another one here.
        """
        answered = {(one.table, one.key): one for one in (self.case.settled or SettledAs()).rows}
        cells: dict[tuple[TableName, Key], Columns] = {}
        for footprint in (self.case.made, here):
            for table, rows in blind_writes(apart_from_numbers(footprint)).items():
                for key, columns in rows.items():
                    both = columns & self.case.target.columns(table, key)
                    if (table, key) in answered:
                        both -= frozenset(answered[table, key].columns)
                    if both:
                        cells[table, key] = cells.get((table, key), _NO_COLUMNS) | both
        for (table, key), one in answered.items():
            if not self._is_answered(one, here):
                cells[table, key] = cells.get((table, key), _NO_COLUMNS) | frozenset(one.columns)
        ordered = sorted(cells.items(), key=lambda item: (item[0][0], sorted_key(item[0][1])))
        found = [self._row_in_conflict(here, *place, columns, answered.get(place)) for place, columns in ordered]
        return [row for row in found if row is not None]

    def _is_answered(self, one: SettledRow, here: Footprint) -> bool:
        """Whether a row that was settled on the source's line becomes here what it became there."""
        found = question(self._execution, here, one)
        if found is None:
            raise _Open(self.case.reason)
        if found.ours != one.ours or (found.theirs != one.theirs and not self._fails):
            return False
        if not self._fails:
            self._settled.append(one)
        return True

    def _row_in_conflict(
        self, here: Footprint, name: TableName, key: Key, columns: Columns, answer: SettledRow | None
    ) -> RowConflict | None:
        case, table = self.case, self._settler.machine.catalog.tables.get(name)
        if table is None:
            raise _Open(case.reason)
        made = case.made.changes.get(name, {}).get(key)
        ours, left = before_and_after(self._execution, here, name, key)
        if answer is not None:
            left = left or (None if made is None else made.after)
            base, theirs = (with_values(answer, table, left, values) for values in (answer.ours, answer.row))
        elif key in here.writes.get(name, {}):
            theirs = left
            if made is not None:
                base = made.before
            elif key in case.made.writes.get(name, {}):
                base = theirs  # it wrote what stood there
            else:
                base = self._settler.source_row(case, name, key)
        elif made is not None:
            base, theirs = made
        else:
            return None
        if any(row is not None and len(row) != len(table.columns) for row in (base, ours, theirs)):
            raise _Open(case.reason)  # the table has other columns here than there
        return RowConflict(table, key, base, ours, theirs, columns)

    def _settle(self, row: RowConflict, change: RowChange, columns: Columns | None) -> None:
        """Note what a row is to be that the transaction changed so here, of which these columns are settled."""
        found = self._answer(row)
        if isinstance(found, Unsettled):
            self.reasons.append(found.reason)
        else:
            self._settled.append(settled_row(row.table, row.key, columns, change, found))

    def _answer(self, row: RowConflict) -> Settled:
        name, policy = row.table.name, self._logic.policy
        if policy is not None:
            self.by = policy
            is_newer = policy is Policy.NEWEST and self.case.time > self._settler.last_written(name, row.key)
            return settle_row(policy, Case(row.table, row.base, row.ours, row.theirs, row.columns, is_newer))
        routine = self._logic.rows.get(name)
        if routine is None:
            return Unsettled(f"nothing settles rows of {spoken_name(name)}")
        self.by = self.by or routine
        return self._ask(routine, row)

    def _ask(self, routine: RoutineName, row: RowConflict) -> Row | None:
        table = row.table
        rows = [None if one is None else _visible(table, one) for one in (row.base, row.ours, row.theirs)]
        answer = self._settler.ask(self._execution, routine, rows, self.case.transaction)
        where = f"{spoken_name(table.name)} {key_text(row.key)}"
        if all(value is None for value in answer):
            if row.ours is None or row.theirs is None:
                return None
            raise _Refused(REFUSED, f"{routine} refuses {where}")
        found: Row = (*row.key, *answer) if table.has_hidden_key else answer
        if tuple(found[place] for place in table.key_positions) != row.key:
            raise _Refused(FAILED, f"{routine} gives {where} another key")
        return found


def refusal_for(error: AergoError) -> Refusal:
    """What a receipt says of a transaction that failed."""
    return Refusal(error.sqlstate if isinstance(error, SqlError) else error.code, error.message)


def _added(refusal: Refusal, more: str) -> Refusal:
    return refusal._replace(message=f"{refusal.message}; {more}")


def _visible(table: Table, row: Row) -> Row:
    return row[1:] if table.has_hidden_key else row


def settled_by(outcome: TransactionOutcome, by: str) -> TransactionOutcome:
    """The outcome of a transaction that a policy or a routine settled, here or on the source's line."""
    return outcome._replace(receipt=replace(outcome.receipt, settled=by))
