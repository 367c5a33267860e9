"""Footprints: what a transaction read and wrote, as far as it matters for what other transactions did or will do."""

from collections.abc import Mapping, Sequence
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

    The columns of the key are always among them, as what says that the row is there: only an insertion or a deletion
    writes those.
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


class Cell(NamedTuple):
    """A column of a row; None for all three where definitions are what two transactions have in common."""

    table: TableName | None
    key: Key | None
    column: str | None


def joined(footprints: Sequence[Footprint]) -> Footprint:
    """What several executions read and wrote together, whatever came of it: without the net changes."""
    if len(footprints) == 1:
        return footprints[0]
    reads: dict[TableName, Reads] = {}
    writes: dict[TableName, dict[Key, Columns]] = {}
    for footprint in footprints:
        for table, found in footprint.reads.items():
            rows, scanned = reads.get(table, _NO_READS)
            total = dict(rows)
            _add(total, found.rows)
            both = found.scanned if scanned is None else scanned | (found.scanned or _NO_COLUMNS)
            reads[table] = Reads(total, both)
        for table, written in footprint.writes.items():
            _add(writes.setdefault(table, {}), written)
    defines = any(one.defines for one in footprints)
    return Footprint(reads, writes, defines=defines, situated=any(one.situated for one in footprints))


def blind_writes(footprint: Footprint) -> dict[TableName, dict[Key, Columns]]:
    """The cells that a transaction wrote without having looked at them, by table and key."""
    found: dict[TableName, dict[Key, Columns]] = {}
    for table, rows in footprint.writes.items():
        reads = footprint.reads.get(table, _NO_READS)
        seen = reads.scanned or _NO_COLUMNS
        blind = {key: columns - seen - reads.rows.get(key, _NO_COLUMNS) for key, columns in rows.items()}
        blind = {key: columns for key, columns in blind.items() if columns}
        if blind:
            found[table] = blind
    return found


def reads_what(writer: Footprint, reader: Footprint) -> Cell | None:
    """A cell that `reader` read and `writer` wrote, the first one by table and key; None if there is none.

    What either defines is read and written by all.
    """
    if writer.defines or reader.defines:
        return Cell(None, None, None)
    for table in sorted(writer.writes.keys() & reader.reads.keys()):
        written, reads = writer.writes[table], reader.reads[table]
        for key in sorted(written, key=sorted_key):
            columns = written[key]
            read = reads.rows.get(key, _NO_COLUMNS)
            both = columns & (read if reads.scanned is None else read | reads.scanned)
            if both:
                return Cell(table, key, min(both))
    return None


def writes_both(one: Footprint, other: Footprint) -> Cell | None:
    """A cell that both wrote, the first one by table and key; None if there is none."""
    for table in sorted(one.writes.keys() & other.writes.keys()):
        mine, theirs = one.writes[table], other.writes[table]
        for key in sorted(mine.keys() & theirs.keys(), key=sorted_key):
            if both := mine[key] & theirs[key]:
                return Cell(table, key, min(both))
    return None


def conflicts(one: Footprint, other: Footprint) -> bool:
    """Whether it may matter in which order two transactions run."""
    return (
        reads_what(one, other) is not None or reads_what(other, one) is not None or writes_both(one, other) is not None
    )


def sorted_key(key: Key) -> tuple[tuple[str, object], ...]:
    """A total order of keys of one table, for messages that are the same everywhere: not the order of rows."""
    return tuple((type(value).__name__, value) for value in key)


class Touched:
    """What several transactions wrote and read, for questions about one more at the cost of that one alone."""

    def __init__(self) -> None:
        self._written: dict[TableName, dict[Key, Columns]] = {}
        self._written_columns: dict[TableName, Columns] = {}
        self._read: dict[TableName, dict[Key, Columns]] = {}
        self._scanned: dict[TableName, Columns] = {}
        self.count = 0
        self.defines = False

    def add(self, footprint: Footprint) -> None:
        """One more transaction."""
        self.count += 1
        self.defines = self.defines or footprint.defines
        for table, reads in footprint.reads.items():
            _add(self._read.setdefault(table, {}), reads.rows)
            if reads.scanned is not None:
                self._scanned[table] = self._scanned.get(table, _NO_COLUMNS) | reads.scanned
        for table, rows in footprint.writes.items():
            self.add_writes(table, rows)

    def add_writes(self, table: TableName, rows: Mapping[Key, Columns]) -> None:
        """Rows of which these columns were written, whoever did it."""
        _add(self._written.setdefault(table, {}), rows)
        columns = self._written_columns.get(table, _NO_COLUMNS)
        self._written_columns[table] = columns.union(*rows.values())

    def is_read_by(self, footprint: Footprint) -> bool:
        """Whether a transaction reads what any of these wrote."""
        if self.defines or (footprint.defines and self.count):
            return True
        for table, reads in footprint.reads.items():
            written = self._written.get(table)
            if written is None:
                continue
            if reads.scanned is not None and not reads.scanned.isdisjoint(self._written_columns[table]):
                return True
            if _meet(reads.rows, written):
                return True
        return False

    def is_touched_by(self, footprint: Footprint) -> bool:
        """Whether it may matter if a transaction runs before or after these: `conflicts` with any of them."""
        if self.is_read_by(footprint):
            return True
        for table, rows in footprint.writes.items():
            written, read = self._written.get(table), self._read.get(table)
            if (written is not None and _meet(rows, written)) or (read is not None and _meet(rows, read)):
                return True
            scanned = self._scanned.get(table)
            if scanned is not None and any(not scanned.isdisjoint(columns) for columns in rows.values()):
                return True
        return False


_NO_COLUMNS: Columns = frozenset()
_NO_READS = Reads({})


def _add(total: dict[Key, Columns], rows: Mapping[Key, Columns]) -> None:
    for key, columns in rows.items():
        known = total.get(key)
        if known is None:
            total[key] = columns
        elif known is not columns:
            total[key] = known | columns


def _meet(rows: Mapping[Key, Columns], others: Mapping[Key, Columns]) -> bool:
    """Whether both have a cell in common."""
    for key, columns in rows.items():
        other = others.get(key)
        if other is not None and not columns.isdisjoint(other):
            return True
    return False
