"""What verbs return: frozen values that say what happened or what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aergo_vc.base.errors import AergoError, InvalidError
from aergo_vc.base.ids import BlockId, BranchName, ChainId, EntityName, ObjectId, TableName, TransactionId
from aergo_vc.merging.conflicts import RESOLVED, Conflict
from aergo_vc.model.blocks import Header
from aergo_vc.model.changes import TableChanges
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import CallResult, Event, Exclusion, Receipt, RowCounts, Transaction
from aergo_vc.sql.outcomes import Notice


@dataclass(frozen=True, slots=True)
class Founded:
    """A ledger on a branch; `created` is False where it was there already."""

    branch: BranchName
    chain: ChainId
    block: BlockId
    entity: EntityName
    created: bool


@dataclass(frozen=True, slots=True)
class Committed:
    """A new block on a branch."""

    branch: BranchName
    block: BlockId
    height: int
    commit: ObjectId
    transactions: tuple[TransactionId, ...]
    rows: Mapping[TableName, RowCounts]
    excluded: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A transaction that was accepted: pending, or in the block `committed`.

    `transaction` is None where there was nothing to do, as when an import finds the table as its file says, and after
    a dry run.  `result` is what a called routine returned; `notices` what it said to this machine alone.
    """

    transaction: TransactionId | None
    results: "tuple[StatementResult, ...]"
    rows: Mapping[TableName, RowCounts]
    committed: Committed | None
    events: tuple[Event, ...] = ()
    result: CallResult | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Picked:
    """Signed transactions that were taken over: pending, or in the block `committed`.

    `standing` are those that the branch, or its pool, holds already.  Where one cannot go in, `failed` says why, and
    nothing was made.  `warnings` say what is overwritten that was not so where a transaction was made.
    """

    transactions: tuple[TransactionId, ...]
    standing: tuple[TransactionId, ...]
    rows: Mapping[TableName, RowCounts]
    committed: Committed | None = None
    failed: Exclusion | None = None
    warnings: tuple[tuple[TransactionId, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RevertedTransaction:
    """A transaction that is undone, or in the way of undoing another; for a whole block, all of its transactions."""

    transactions: tuple[TransactionId, ...]
    height: int
    signers: tuple[EntityName, ...]


@dataclass(frozen=True, slots=True)
class Reverted:
    """What was undone, or why not.

    `dependents` are the later transactions that changed the same rows, oldest first: undone too, or in the way.
    `submitted` is the transaction that undoes them, None where nothing was made; `failed` is the rule of the state that
    forbids it.
    """

    target: RevertedTransaction
    dependents: tuple[RevertedTransaction, ...]
    submitted: Submitted | None = None
    failed: AergoError | None = None


@dataclass(frozen=True, slots=True)
class MergedTransaction:
    """A transaction that a merge considered; its receipt says what it did, or why it was left out."""

    transaction: Transaction
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge of the last block `merged` of branch `source` into `branch`, or what it would be (`commit` is None then).

    `block` is None where there was nothing of a ledger to merge.  The transactions in `conflicts` are among those left
    out until somebody resolves them; there is no commit before that.  `files` are the paths beside ``ledger/``
    that both sides changed in ways that git cannot bring together.
    """

    branch: BranchName
    source: BranchName | None
    merged: BlockId | None
    block: BlockId | None
    height: int | None
    commit: ObjectId | None
    transactions: tuple[MergedTransaction, ...]
    rows: Mapping[TableName, RowCounts]
    conflicts: tuple[Conflict, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[MergedTransaction, ...]:
        """The transactions that were left out."""
        return tuple(one for one in self.transactions if one.receipt.refusal is not None)

    @property
    def unresolved(self) -> tuple[MergedTransaction, ...]:
        """Those of them for which no resolution stands in the block."""
        return tuple(
            one for one in self.transactions if one.receipt.refusal is not None and one.receipt.refusal.code != RESOLVED
        )


@dataclass(frozen=True, slots=True)
class PendingTransaction:
    """A transaction that waits, and what it would do now; `problem` says why it would be left out."""

    transaction: Transaction
    rows: Mapping[TableName, RowCounts]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """Where a branch stands.  `behind_slots` counts the slots since its last block."""

    branch: BranchName
    chain: ChainId
    block: BlockId
    height: int
    time: int
    entity: EntityName | None
    producer: EntityName | None
    behind_slots: int
    pending: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was wrong with the head of a branch, if anything, and what was put in its place.

    `mishap` is one of repairing's, `told` says it in a sentence; `commits` led away from the last sound one, newest
    first.  `remotes` have them already.  `merged` is the block that stands there now, None where nothing was done.
    """

    branch: BranchName
    mishap: str | None
    told: str | None
    commits: tuple[ObjectId, ...]
    remotes: tuple[str, ...]
    merged: Merged | None = None


@dataclass(frozen=True, slots=True)
class BlockSummary:
    """A block in a log.  `subject` is the first line of its commit's message: foreign text."""

    block: BlockId
    commit: ObjectId
    header: Header
    transactions: int
    rows: int
    subject: str


@dataclass(frozen=True, slots=True)
class NoBlock:
    """What a branch or a tag leads to that changed ``ledger/`` and is no block; `reason` is what cannot be read."""

    commit: ObjectId
    reason: InvalidError


@dataclass(frozen=True, slots=True)
class BlockDetails:
    """A block with its transactions and their receipts, in order.

    `refused` are those that a merge left out, with receipts that say why.
    """

    summary: BlockSummary
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[MergedTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionDetails:
    """A transaction, its receipt and the block that it stands in."""

    transaction: Transaction
    receipt: Receipt
    block: BlockSummary


@dataclass(frozen=True, slots=True)
class TableDifference:
    """What differs in one table between two blocks; `before` and `after` are None where it does not exist.

    Where the columns differ, `changes` is empty and `counts` says how many rows each side has.
    """

    name: TableName
    before: Table | None
    after: Table | None
    changes: TableChanges


@dataclass(frozen=True, slots=True)
class RoutinesDifference:
    """The functions and procedures of a contract at two blocks, as SQL text, empty where there are none."""

    contract: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ScriptProblem:
    """Why a script cannot be run: PostgreSQL's code, and where in its text, counted from 1."""

    sqlstate: str
    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found valid, from the first block, or a trusted one, to the last.

    `irreversible` is the height up to which no block can be replaced any more, None where there is none among the last
    256 blocks or the branch is private.  `merged` counts the blocks of other lines that were verified because blocks of
    this one merge them; `blocks` and `transactions` are those of the branch's own line.
    """

    branch: BranchName
    blocks: int
    transactions: int
    head: BlockId | None
    irreversible: int | None
    merged: int = 0


def total_counts(all_counts: Iterable[Mapping[TableName, RowCounts]]) -> Mapping[TableName, RowCounts]:
    """The row counts of several transactions, added up."""
    total: dict[TableName, RowCounts] = {}
    for counts in all_counts:
        for table, count in counts.items():
            known = total.get(table, RowCounts(0, 0, 0))
            total[table] = RowCounts(
                known.inserted + count.inserted, known.updated + count.updated, known.deleted + count.deleted
            )
    return total
