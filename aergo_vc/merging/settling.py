"""Consistent Merging: what the logic of the target's law makes of an inconsistent transaction.

The order of asking: the function for transactions, then for every row in conflict the table's function or the policy.
What has no answer is a conflict, which a person resolves before the block is sealed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import EntityName, RoutineName, TableName, TransactionId
from aergo_vc.ledger.machine import BlockExecution, Machine, Rows, Submission, TransactionOutcome
from aergo_vc.merging.conflicts import RESOLVED, Conflict, RowConflict
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.logic import Logic, logic_of
from aergo_vc.merging.policies import Case, Settled, Unsettled, key_text, settle_row
from aergo_vc.model.blocks import Policy
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.footprints import Columns, Footprint, blind_writes, sorted_key
from aergo_vc.model.schema import Catalog, Table, spoken_name
from aergo_vc.model.transactions import Argument, Refusal
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.running.budget import Budget

LOST_UPDATE, READ_CHANGED = "E_LOST_UPDATE", "E_READ_CHANGED"
REFUSED, FAILED = "E_SETTLE_REFUSED", "E_SETTLE_FAILED"

BUDGET = Budget(statements=1_000, rows=10_000, bytes=1 << 20, steps=100_000)
"""What one call of a function that settles may cost; part of the rule set."""

_NO_COLUMNS: Columns = frozenset()


class TargetChanges(Protocol):
    """How the target differs from what a transaction's signer could see of it."""

    def columns(self, table: TableName, key: Key) -> Columns:
        """The columns of a row that differ; all of them where one side lacks the row."""

    def before(self, table: TableName, key: Key) -> Row | None:
        """A row that differs, as it was."""


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A transaction that the target's rule does not take as it is.

    `made` is its footprint where it was made; `cell` names the first column in which it is inconsistent, as in
    ``bank.account.balance``, and is empty for a transaction that fails.  `time` is that of its block.
    """

    submission: Submission
    reason: Refusal
    cell: str
    made: Footprint
    target: TargetChanges
    time: int

    @property
    def is_failure(self) -> bool:
        return self.reason.code not in (LOST_UPDATE, READ_CHANGED)


LastWritten = Callable[[TableName, Key], int]
"""The time of the target's last block that changed a row."""


class _Refused(Exception):
    """A function wants a transaction left out."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message)


@dataclass(slots=True)
class Settler:
    """Settles the inconsistencies of one merge, in the order in which they arise.

    `resolved` names, for transactions that people resolved, the resolutions.
    """

    settle_by: str
    machine: Machine
    last_written: LastWritten
    resolved: Mapping[TransactionId, TransactionId] = field(default_factory=dict)
    _source: dict[TableName, dict[Key, Row | None]] = field(default_factory=dict)
    _logic: tuple[Catalog, Logic] | None = None

    def note(self, made: Footprint) -> None:
        """The source made this transaction next, whatever becomes of it here."""
        for table, rows in made.changes.items():
            self._source.setdefault(table, {}).update({key: change.after for key, change in rows.items()})

    def forget(self) -> None:
        """The source took in changes of the target: what it made before is in what its transactions find from now on."""
        self._source.clear()

    def settle(self, execution: BlockExecution, case: Inconsistency) -> TransactionOutcome | Refusal | Conflict:
        """What becomes of a transaction; one that stays has been executed, and its receipt names what settled it.

        Raises MergeAbortedError where a function will have the whole merge refused.
        """
        try:
            found = self._settle(execution, case)
        except _Refused as refused:
            return refused.refusal
        if isinstance(found, Conflict) and found.transaction in self.resolved:
            return Refusal(RESOLVED, f"resolved by transaction {self.resolved[found.transaction]}")
        return found

    def _settle(self, execution: BlockExecution, case: Inconsistency) -> TransactionOutcome | Refusal | Conflict:
        logic = self._logic_now()
        if logic.transaction is not None:
            answer = self._ask_transaction(execution, logic.transaction, case)
            if answer is not None:
                return self._obey(execution, logic.transaction, answer, case)
        if case.is_failure:
            return Conflict(case.submission[0].id, case.reason)
        if case.reason.code == READ_CHANGED and (said := self._of_reads(logic.policy, case)) is not None:
            return said
        return self._settle_rows(execution, logic, case)

    def _logic_now(self) -> Logic:
        catalog = self.machine.catalog
        if self._logic is None or self._logic[0] is not catalog:
            self._logic = (catalog, logic_of(catalog, self.settle_by))
        return self._logic[1]

    # The function for transactions

    def _ask_transaction(self, execution: BlockExecution, routine: RoutineName, case: Inconsistency) -> str | None:
        transaction = case.submission[0]
        told = (transaction.id, transaction.payload.signer, case.reason.code, case.cell)
        answer = self._ask(execution, routine, told, transaction.id)[0]
        return None if answer is None else str(answer)

    def _obey(
        self, execution: BlockExecution, routine: RoutineName, answer: str, case: Inconsistency
    ) -> TransactionOutcome | Refusal:
        transaction, trees = case.submission
        if answer == "skip":
            return replace_message(case.reason, f"{case.reason.message}; {routine} leaves it out")
        if answer == "abort":
            raise MergeAbortedError(
                f"{routine} refuses the merge for transaction {transaction.id}: {case.reason.message}",
                routine=routine, transaction=transaction.id,
            )  # fmt: skip
        if answer.startswith("sql:"):
            payload = replace(transaction.payload, sql=answer[4:], loads=(), contract=None, call=None)
            transaction, trees = replace(transaction, payload=payload, signed=b""), ()
        elif answer != "apply":
            raise _Refused(FAILED, f"{routine} answers {answer[:60]!r}: apply, skip, abort or sql: is expected")
        try:
            return _settled(execution.execute(transaction, trees), routine)
        except RepositoryError:
            raise
        except AergoError as error:
            return _refusal(error)

    # Rows

    def _of_reads(self, policy: Policy | None, case: Inconsistency) -> Refusal | Conflict | None:
        """What becomes of a transaction that read what the target changed; None where rows are to be settled."""
        transaction = case.submission[0].id
        if policy is Policy.OURS:
            return replace_message(case.reason, f"{case.reason.message}; the branch's policy is {policy}")
        if policy in (Policy.THEIRS, Policy.NEWEST):
            return None
        return Conflict(transaction, case.reason)

    def _settle_rows(
        self, execution: BlockExecution, logic: Logic, case: Inconsistency
    ) -> TransactionOutcome | Conflict:
        """Execute a transaction, and make of each row in conflict what the policy or the table's function says."""
        met: list[RowConflict] = []
        would: list[Changes] = []
        reasons: list[str] = []
        used: list[str] = []

        def amend(here: Footprint) -> Rows | None:
            rows: dict[TableName, dict[Key, Row | None]] = {}
            met.extend(self._rows_in_conflict(case, here))
            would.append({name: dict(changes) for name, changes in here.changes.items()})
            for row in met:
                found = self._settle_row(execution, logic, case, row, used)
                if isinstance(found, Unsettled):
                    reasons.append(found.reason)
                else:
                    rows.setdefault(row.table.name, {})[row.key] = found
            return None if reasons else rows

        transaction = case.submission[0].id
        try:
            outcome = execution.amend(*case.submission, amend)
        except RepositoryError:
            raise
        except AergoError as error:
            return Conflict(transaction, _refusal(error))
        if outcome is None:
            reason = replace_message(case.reason, f"{case.reason.message}; {reasons[0]}")
            return Conflict(transaction, reason, tuple(met), would[0])
        return _settled(outcome, used[0] if used else self.settle_by)

    def _rows_in_conflict(self, case: Inconsistency, here: Footprint) -> list[RowConflict]:
        """The rows that the transaction wrote blindly, where it was made or here, and that the target changed."""
        cells: dict[tuple[TableName, Key], Columns] = {}
        for footprint in (case.made, here):
            for table, rows in blind_writes(footprint).items():
                for key, columns in rows.items():
                    both = columns & case.target.columns(table, key)
                    if both:
                        cells[table, key] = cells.get((table, key), _NO_COLUMNS) | both
        ordered = sorted(cells.items(), key=lambda item: (item[0][0], sorted_key(item[0][1])))
        found = (self._row_in_conflict(case, here, table, key, columns) for (table, key), columns in ordered)
        return [row for row in found if row is not None]

    def _row_in_conflict(
        self, case: Inconsistency, here: Footprint, table: TableName, key: Key, columns: Columns
    ) -> RowConflict | None:
        made, done = case.made.changes.get(table, {}).get(key), here.changes.get(table, {}).get(key)
        now = None if done is not None else next(self.machine.engine.rows(table, [key]), None)
        ours = now if done is None else done.before
        if key in here.writes.get(table, {}):
            theirs = now if done is None else done.after
            if made is not None:
                base = made.before
            elif key in case.made.writes.get(table, {}):
                base = theirs  # it wrote what stood there
            else:
                base = self._source_row(case, table, key)
        elif made is not None:
            base, theirs = made
        else:
            return None
        return RowConflict(self.machine.catalog.tables[table], key, base, ours, theirs, columns)

    def _source_row(self, case: Inconsistency, table: TableName, key: Key) -> Row | None:
        made = self._source.get(table, {})
        return made[key] if key in made else case.target.before(table, key)

    def _settle_row(
        self, execution: BlockExecution, logic: Logic, case: Inconsistency, row: RowConflict, used: list[str]
    ) -> Settled:
        name = row.table.name
        if logic.policy is not None:
            used.append(logic.policy)
            is_newer = logic.policy is Policy.NEWEST and case.time > self.last_written(name, row.key)
            return settle_row(logic.policy, Case(row.table, row.base, row.ours, row.theirs, row.columns, is_newer))
        routine = logic.rows.get(name)
        if routine is None:
            return Unsettled(f"nothing settles rows of {spoken_name(name)}")
        used.append(routine)
        return self._ask_row(execution, routine, case, row)

    def _ask_row(
        self, execution: BlockExecution, routine: RoutineName, case: Inconsistency, row: RowConflict
    ) -> Row | None:
        table = row.table
        rows = [None if one is None else _visible(table, one) for one in (row.base, row.ours, row.theirs)]
        answer = self._ask(execution, routine, rows, case.submission[0].id)
        where = f"{spoken_name(table.name)} {key_text(row.key)}"
        if all(value is None for value in answer):
            if row.ours is None or row.theirs is None:
                return None
            raise _Refused(REFUSED, f"{routine} refuses {where}")
        found: Row = (*row.key, *answer) if table.has_hidden_key else answer
        if tuple(found[place] for place in table.key_positions) != row.key:
            raise _Refused(FAILED, f"{routine} gives {where} another key")
        return found

    def _ask(
        self, execution: BlockExecution, routine: RoutineName, arguments: "list[Row | None] | tuple[str, ...]",
        transaction: TransactionId,
    ) -> Row:  # fmt: skip
        """The answer of a function, called with its owner's rights under the new block's context."""
        owner = self.machine.catalog.owners.get(routine.partition(".")[0], EntityName("nobody"))
        try:
            result = self.machine.engine.ask(routine, arguments, execution.context_of(transaction, owner), BUDGET)
        except SqlError as error:
            raise _Refused(FAILED, f"{routine} fails: {error.sqlstate}: {error.message}") from error
        rows: tuple[tuple[Argument, ...], ...] = () if result is None else result.rows
        return tuple(value for value in rows[0] if not isinstance(value, tuple)) if rows else (None,)


def replace_message(refusal: Refusal, message: str) -> Refusal:
    """A refusal in other words."""
    return refusal._replace(message=message)


def _visible(table: Table, row: Row) -> Row:
    return row[1:] if table.has_hidden_key else row


def _settled(outcome: TransactionOutcome, by: str) -> TransactionOutcome:
    return outcome._replace(receipt=replace(outcome.receipt, settled=by))


def _refusal(error: AergoError) -> Refusal:
    return Refusal(error.sqlstate if isinstance(error, SqlError) else error.code, error.message)
