"""Footprints: what a transaction read and wrote, as far as it matters for what other transactions did or will do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, Key

Columns = frozenset[str]
"""Names of a table's columns."""


class Reads(NamedTuple):
    """What was read of one table, as it was before the transaction: its own writes are not reads.

    `rows` are those that were asked for by their whole key, found or not, with the columns that were looked at.
    `scanned` are the columns by which rows were searched, or that were looked at in rows found so: any row may have
    been one of them, one that does not exist yet too.  None: nothing was searched.
    """

    rows: Mapping[Key, Columns]
    scanned: Columns | None = None


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one transaction did to a state.

    `writes` are the rows that it wrote, even with what stood there already, by table and key, with the columns that it
    assigned; all columns where it inserted or deleted the row.  `changes` is the net result.  What constraints looked
    at counts as read: rows that foreign keys name, columns that must be unique.

    A transaction that `defines` something touches everything.  One that is `situated` asked for the time, the height
    or the branch of its block, and may do something else in another.
    """

    reads: Mapping[TableName, Reads] = field(default_factory=dict)
    writes: Mapping[TableName, Mapping[Key, Columns]] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    defines: bool = False
    situated: bool = False
