"""What receipts tell of changed rows: how many."""

from functools import lru_cache

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, TableChanges
from aergo_vc.model.transactions import RowCounts
from aergo_vc.sql.running.row_changes import InsertedRows


def row_counts(changes: Changes) -> dict[TableName, RowCounts]:
    """How many rows of each table changed how, but for tables without any."""
    return {name: _count(rows) for name, rows in changes.items() if rows}


_kept_counts = lru_cache(1_024)(RowCounts)  # most transactions change few rows


def _count(rows: TableChanges) -> RowCounts:
    if type(rows) is InsertedRows:  # faster than isinstance, which asks the abstract class
        return _kept_counts(len(rows), 0, 0)
    inserted = deleted = 0
    for change in rows.values():
        if change.before is None:
            inserted += 1
        elif change.after is None:
            deleted += 1
    return _kept_counts(inserted, len(rows) - inserted - deleted, deleted)
