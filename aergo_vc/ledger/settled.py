"""What a law settled, where the transaction is executed again: in its block, or on another branch."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import TableName
from aergo_vc.ledger.errors import ReceiptsError
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import BlockExecution, Recorded, Rows, Submission
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.footprints import Columns, Footprint, Reads, joined
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Receipt, SettledRow
from aergo_vc.model.types import Row

_EMPTY: Columns = frozenset()
_NOTHING = Footprint()


def receipts_of(ledger: LedgerTree) -> list[Receipt]:
    """The receipts of a block's transactions, without those that a merge left out.  Raises ReceiptsError."""
    found = [receipt for receipt in ledger.receipts if receipt.refusal is None]
    if [receipt.transaction for receipt in found] != [transaction.id for transaction in ledger.transactions]:
        raise ReceiptsError("the receipts are not those of the block's transactions")
    return found


def repeat(execution: BlockExecution, submission: Submission, receipt: Receipt) -> Recorded:
    """Do what stands in a valid block, at the state at which it stands there, and record it.

    That is to execute the transaction, unless a law settled it: then to make of it what its receipt says.  Raises
    ReceiptsError where that cannot be.
    """
    settled = receipt.settled_as
    if settled is None:
        return execution.record(*submission)
    if settled.script is not None:
        return execution.record(*instead_of(submission, settled.script))
    if settled.fails:
        return _put(execution, submission, settled.rows)
    alone: list[Footprint] = []

    def amend(here: Footprint) -> Rows:
        alone.append(here)
        return settled_rows(execution, here, settled.rows)

    recorded = execution.amend(*submission, amend)
    assert recorded is not None  # noqa: S101 - there are rows
    return recorded._replace(footprint=_with_law(recorded.footprint, alone[0], settled.rows))


def _put(execution: BlockExecution, submission: Submission, rows: Sequence[SettledRow]) -> Recorded:
    """Have a transaction fail, for what it reads until then, and do what was done in its place."""
    with execution.records.watched() as touched:
        try:
            execution.amend(*submission, lambda _here: None)
        except RepositoryError:
            raise
        except AergoError:
            pass
        recorded = execution.put(submission[0], settled_rows(execution, _NOTHING, rows))
    footprint = replace(joined(touched), changes=recorded.footprint.changes)
    return recorded._replace(footprint=_with_law(footprint, _NOTHING, rows))


def instead_of(submission: Submission, script: str) -> Submission:
    """A transaction that does something else, with the rights of the same signer."""
    transaction = submission[0]
    payload = replace(transaction.payload, sql=script, loads=(), contract=None, call=None)
    return replace(transaction, payload=payload, signed=b""), ()


def settled_rows(execution: BlockExecution, here: Footprint, rows: Iterable[SettledRow]) -> Rows:
    """Rows as they were settled, behind a transaction that did `here` what a footprint says.  Raises ReceiptsError."""
    tables = execution.catalog.tables
    found: dict[TableName, dict[Key, Row | None]] = {}
    for one in rows:
        if not fits(one, tables.get(one.table)):
            raise ReceiptsError(f"a receipt settles rows of {one.table}, which has other columns")
        left = before_and_after(execution, here, one.table, one.key).after
        found.setdefault(one.table, {})[one.key] = with_values(one, tables[one.table], left, one.row)
    return found


def before_and_after(execution: BlockExecution, here: Footprint, table: TableName, key: Key) -> RowChange:
    """A row as the last transaction so far found and left it, which did `here` what a footprint says."""
    done = here.changes.get(table, {}).get(key)
    if done is not None:
        return done
    row = execution.row(table, key)
    return RowChange(row, row)


def fits(one: SettledRow, table: Table | None) -> bool:
    """Whether the table has the columns in which a row was settled: just these, where the row came or went."""
    if table is None:
        return False
    names = tuple(column.name for column in table.columns)
    return one.columns == names or (None not in (one.ours, one.theirs, one.row) and set(one.columns) <= set(names))


def as_found(one: SettledRow, table: Table, change: RowChange) -> SettledRow:
    """The same row as a transaction finds and leaves it now."""
    return replace(one, ours=_cut(table, change.before, one.columns), theirs=_cut(table, change.after, one.columns))


def settled_row(
    table: Table, key: Key, columns: Iterable[str] | None, change: RowChange, row: Row | None
) -> SettledRow:
    """What the law made of a row that a transaction changed: in some columns, or for None as a whole."""
    names = tuple(column.name for column in table.columns)
    if columns is not None and None not in (change.before, change.after, row):
        wanted = set(columns)
        names = tuple(name for name in names if name in wanted)
    cut = (_cut(table, one, names) for one in (change.before, change.after, row))
    return SettledRow(table.name, key, names, *cut)


def with_values(one: SettledRow, table: Table, row: Row | None, values: Row | None) -> Row | None:
    """`row` with these values in the settled columns, of a table that `fits`; None stands for no row.

    Where there is no row, some of the columns alone make none.
    """
    if values is None or row is None:
        return values if one.columns == tuple(column.name for column in table.columns) else None
    settled = dict(zip(one.columns, values, strict=True))
    return tuple(settled.get(column.name, value) for column, value in zip(table.columns, row, strict=True))


def _with_law(footprint: Footprint, alone: Footprint, rows: Iterable[SettledRow]) -> Footprint:
    """What a transaction read and wrote with the law that settled rows of it; `alone` is what it did by itself.

    The law looked at the settled cells, and wrote them and no others: rows are put as they are to be as a whole.
    """
    reads, writes = dict(footprint.reads), {name: dict(found) for name, found in footprint.writes.items()}
    for one in rows:
        columns = frozenset(one.columns)
        found = reads.get(one.table, Reads({}))
        reads[one.table] = found._replace(rows={**found.rows, one.key: found.rows.get(one.key, _EMPTY) | columns})
        written = alone.writes.get(one.table, {}).get(one.key, _EMPTY)
        writes.setdefault(one.table, {})[one.key] = written | columns
    return replace(footprint, reads=reads, writes=writes)


def _cut(table: Table, row: Row | None, columns: Iterable[str]) -> Row | None:
    if row is None:
        return None
    places = {column.name: place for place, column in enumerate(table.columns)}
    return tuple(row[places[name]] for name in columns)
