"""Footprints: what a transaction read and wrote, as far as it matters for what other transactions did or will do."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.schema import split_name

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


class Lookup(NamedTuple):
    """A way to rows of a table other than by their key: by their values in some columns, in the table's order.

    These are unique or refer to other rows.  Rows with a NULL in one of them are not found that way.
    """

    table: TableName
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one transaction did to a state.

    `writes` are the rows that it wrote, even with what stood there already, by table and key, with the columns that it
    assigned; all columns where it inserted or deleted the row.  `changes` is the net result.  What constraints looked
    at counts as read: rows that foreign keys name, values that must be unique.

    `lookups` are further reads: the rows with some values, found or not, that do not exist yet too, with the columns
    that were looked at, those of the lookup always among them.  `entries` repeats `writes` by the values under which
    the rows were to be found before or after they were written.

    `taken` are sequences of which it took numbers and that it did not ask for anything else; these are read and
    written too.

    A transaction that `defines` something is taken for one that touches everything, except where what it `defined` is
    told: these names, if only for a while, and all rows of the tables that it `uses`.  `uses` are the names of all that
    a transaction may have relied on, tables, views, types, sequences, routines and indexes, without their contracts,
    what it defined among them; None of one of both: anything.

    One that is `situated` asked for the time, the height or the branch of its block, and may do something else in
    another.
    """

    reads: Mapping[TableName, Reads] = field(default_factory=dict)
    writes: Mapping[TableName, Mapping[Key, Columns]] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    defines: bool = False
    situated: bool = False
    lookups: Mapping[Lookup, Mapping[Key, Columns]] = field(default_factory=dict)
    entries: Mapping[Lookup, Mapping[Key, Columns]] = field(default_factory=dict)
    taken: frozenset[TableName] = frozenset()
    uses: frozenset[str] | None = None
    defined: frozenset[str] | None = None


class Cell(NamedTuple):
    """A column of a row, which `by` names by its values in these columns, and no columns by its key.

    None for table, key and column where definitions are what two transactions have in common; `defined` is then the
    name of one, or empty.
    """

    table: TableName | None
    key: Key | None
    column: str | None
    by: tuple[str, ...] = ()
    defined: str = ""


def joined(footprints: Sequence[Footprint]) -> Footprint:
    """What several executions read and wrote together, whatever came of it: without the net changes."""
    if len(footprints) == 1:
        return footprints[0]
    reads: dict[TableName, Reads] = {}
    writes: dict[TableName, dict[Key, Columns]] = {}
    lookups: dict[Lookup, dict[Key, Columns]] = {}
    entries: dict[Lookup, dict[Key, Columns]] = {}
    for footprint in footprints:
        for table, found in footprint.reads.items():
            rows, scanned = reads.get(table, _NO_READS)
            total = dict(rows)
            _add(total, found.rows)
            both = found.scanned if scanned is None else scanned | (found.scanned or _NO_COLUMNS)
            reads[table] = Reads(total, both)
        for table, written in footprint.writes.items():
            _add(writes.setdefault(table, {}), written)
        for lookup, looked_up in footprint.lookups.items():
            _add(lookups.setdefault(lookup, {}), looked_up)
        for lookup, entered in footprint.entries.items():
            _add(entries.setdefault(lookup, {}), entered)
    defines = any(one.defines for one in footprints)
    situated = any(one.situated for one in footprints)
    return Footprint(reads, writes, defines=defines, situated=situated, lookups=lookups, entries=entries)


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


def apart_from_numbers(footprint: Footprint) -> Footprint:
    """What a transaction read and wrote that any other numbers of its sequences would not change.

    That leaves out the sequences, and the rows that it inserted: whether something is in their way shows when they get
    other numbers.
    """
    if not footprint.taken:
        return footprint
    inserted = {table: set(_inserted(rows)) for table, rows in footprint.changes.items()}
    reads = {
        table: reads._replace(rows=_without(reads.rows, inserted.get(table, ())))
        for table, reads in footprint.reads.items()
        if table not in footprint.taken
    }
    writes = {
        table: _without(rows, inserted.get(table, ()))
        for table, rows in footprint.writes.items()
        if table not in footprint.taken
    }
    return replace(footprint, reads=reads, writes=writes)


def renumbered(made: Footprint, now: Footprint) -> Footprint:
    """The rows that a transaction inserted when it was made, and does not write now, as what it wrote."""
    writes = {
        table: {key: made.writes[table][key] for key in _inserted(rows) if key not in now.writes.get(table, ())}
        for table, rows in made.changes.items()
        if table not in made.taken
    }
    entries = {lookup: _without(found, now.entries.get(lookup, ())) for lookup, found in made.entries.items()}
    return Footprint(
        writes={table: rows for table, rows in writes.items() if rows},
        entries={lookup: found for lookup, found in entries.items() if found},
    )


def names(footprint: Footprint) -> Iterator[tuple[TableName | Lookup, Key]]:
    """The rows that a transaction wrote, or asked for by their keys or by a lookup."""
    for table, reads in footprint.reads.items():
        yield from ((table, key) for key in reads.rows)
    for table, rows in footprint.writes.items():
        yield from ((table, key) for key in rows)
    for found in (footprint.lookups, footprint.entries):
        for lookup, looked_up in found.items():
            yield from ((lookup, values) for values in looked_up)


def reads_what(writer: Footprint, reader: Footprint) -> Cell | None:
    """A cell that `reader` read and `writer` wrote, the first one by table and key; None if there is none.

    Definitions come first.
    """
    common = _common_definitions(writer, reader)
    if common is None or common:
        return Cell(None, None, None, defined=min(common or {""}))
    for table in sorted(writer.writes.keys() & reader.reads.keys()):
        written, reads = writer.writes[table], reader.reads[table]
        for key in sorted(written, key=sorted_key):
            columns = written[key]
            read = reads.rows.get(key, _NO_COLUMNS)
            both = columns & (read if reads.scanned is None else read | reads.scanned)
            if both:
                return Cell(table, key, min(both))
    for lookup in sorted(writer.entries.keys() & reader.lookups.keys()):
        found = _first_common(writer.entries[lookup], reader.lookups[lookup])
        if found is not None:
            return Cell(lookup.table, *found, lookup.columns)
    return None


def _common_definitions(writer: Footprint, reader: Footprint) -> frozenset[str] | None:
    """The names because of which one that defines something, or relies on it, touches another; None for all."""
    if not (writer.defines or reader.defines):
        return frozenset()
    used = relied_on(reader)
    if used is None or (writer.defines and writer.defined is None):
        return None
    changed = writer.defined or frozenset()
    if reader.defines:
        changed |= plain_names(writer.writes)
    return changed & used


def relied_on(footprint: Footprint) -> frozenset[str] | None:
    """The names of all that a transaction may have relied on; None for anything."""
    if footprint.uses is None or (footprint.defines and footprint.defined is None):
        return None
    tables = {*footprint.reads, *footprint.writes, *(lookup.table for lookup in footprint.lookups)}
    return footprint.uses | plain_names(tables)


def plain_names(tables: Iterable[TableName]) -> frozenset[str]:
    """The names of tables without their contracts."""
    return frozenset([split_name(table)[1] for table in tables])


def writes_both(one: Footprint, other: Footprint) -> Cell | None:
    """A cell that both wrote, the first one by table and key; None if there is none."""
    for table in sorted(one.writes.keys() & other.writes.keys()):
        found = _first_common(one.writes[table], other.writes[table])
        if found is not None:
            return Cell(table, *found)
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
    """What several transactions wrote, for questions about one more at the cost of that one alone."""

    def __init__(self) -> None:
        self._written: dict[TableName, dict[Key, Columns]] = {}
        self._written_columns: dict[TableName, Columns] = {}
        self._entries: dict[Lookup, dict[Key, Columns]] = {}
        self.count = 0
        self._defines = self._defines_anything = False
        self._defined: set[str] = set()

    def add(self, footprint: Footprint) -> None:
        """One more transaction."""
        self.count += 1
        self._defines = self._defines or footprint.defines
        self._defines_anything = self._defines_anything or (footprint.defines and footprint.defined is None)
        self._defined |= footprint.defined or set()
        for table, rows in footprint.writes.items():
            _add(self._written.setdefault(table, {}), rows)
            columns = self._written_columns.get(table, _NO_COLUMNS)
            self._written_columns[table] = columns.union(*rows.values())
        for lookup, entries in footprint.entries.items():
            _add(self._entries.setdefault(lookup, {}), entries)

    def is_read_by(self, footprint: Footprint) -> bool:
        """Whether a transaction reads what any of these wrote."""
        if self._touches_definitions(footprint):
            return True
        for table, reads in footprint.reads.items():
            written = self._written.get(table)
            if written is None:
                continue
            if reads.scanned is not None and not reads.scanned.isdisjoint(self._written_columns[table]):
                return True
            if _meet(reads.rows, written):
                return True
        return any(
            lookup in self._entries and _meet(rows, self._entries[lookup]) for lookup, rows in footprint.lookups.items()
        )

    def _touches_definitions(self, footprint: Footprint) -> bool:
        if not (self._defines or (footprint.defines and self.count)):
            return False
        used = relied_on(footprint)
        if used is None or self._defines_anything:
            return True
        written = plain_names(self._written) if footprint.defines else frozenset()
        return not (used.isdisjoint(self._defined) and used.isdisjoint(written))


_NO_COLUMNS: Columns = frozenset()
_NO_READS = Reads({})


def _inserted(rows: Mapping[Key, RowChange]) -> list[Key]:
    return [key for key, change in rows.items() if change.before is None]


def _without(rows: Mapping[Key, Columns], keys: Collection[Key]) -> dict[Key, Columns]:
    return {key: columns for key, columns in rows.items() if key not in keys}


def _add(total: dict[Key, Columns], rows: Mapping[Key, Columns]) -> None:
    for key, columns in rows.items():
        known = total.get(key)
        if known is None:
            total[key] = columns
        elif known is not columns:
            total[key] = known | columns


def _first_common(rows: Mapping[Key, Columns], others: Mapping[Key, Columns]) -> tuple[Key, str] | None:
    """The first cell by key that both have."""
    for key in sorted(rows.keys() & others.keys(), key=sorted_key):
        if both := rows[key] & others[key]:
            return key, min(both)
    return None


def _meet(rows: Mapping[Key, Columns], others: Mapping[Key, Columns]) -> bool:
    """Whether both have a cell in common."""
    for key, columns in rows.items():
        other = others.get(key)
        if other is not None and not columns.isdisjoint(other):
            return True
    return False
