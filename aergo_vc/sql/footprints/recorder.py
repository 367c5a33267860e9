"""Records what transactions read and write, from the statements that SQLite runs and the rows that it reports."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any

import apsw

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.footprints import Columns, Footprint, Reads
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import Row
from aergo_vc.sql.footprints.accesses import Access, Insertion, Points
from aergo_vc.sql.footprints.tables import TableFacts
from aergo_vc.sql.footprints.texts import Prepared, prepared
from aergo_vc.sql.running.capture import Capture, InsertedRows, Kept
from aergo_vc.sql.running.sandbox import Guard

KNOWN_STATEMENTS = 4_096
"""Texts that stay analysed."""

_Written = dict[TableName, dict[Key, Columns]]

_NOTHING: Columns = frozenset()


class Recording:
    """Records one transaction that begins and ends inside; used for one after the other, and not nested."""

    __slots__ = ("_capture", "_db", "_recorder", "_trace")

    def __init__(self, db: apsw.Connection, capture: Capture, recorder: "Recorder") -> None:
        self._db, self._capture, self._recorder = db, capture, recorder
        self._trace = recorder.trace

    def __enter__(self) -> "Recorder":
        recorder = self._recorder
        recorder.begin()
        recorder.is_on = True
        self._capture.attend(recorder)
        self._db.preupdate_hook(self._capture.listener)
        self._db.exec_trace = self._trace
        return recorder

    def __exit__(self, *_: object) -> None:
        self._recorder.is_on = False
        self._db.exec_trace = None
        self._capture.attend(None)
        self._db.preupdate_hook(self._capture.listener)


class Recorder:
    """What the transaction at hand has read and written so far; one an engine.

    Its reads stay when a block of a routine is rolled back, its writes go: `push`, `drop` and `fold` follow savepoints.
    """

    def __init__(self, guard: Guard, is_situated: Callable[[RoutineName], bool]) -> None:
        self.is_on = False
        self._guard, self._asks_routine = guard, is_situated
        self._catalog = Catalog()
        self._facts: dict[str, TableFacts | None] = {}
        self._known: dict[str, Access] = {}
        self._shapes: dict[str, Access] = {}
        self._routines: dict[str, bool] = {}
        self.begin()

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed."""
        self._catalog = catalog
        self._facts, self._known, self._shapes, self._routines = {}, {}, {}, {}

    def begin(self) -> None:
        """Forget what was recorded: a transaction begins."""
        self._frames: list[_Written] = [{}]
        self._rows: _Written = {}
        self._scanned: dict[TableName, Columns] = {}
        self._target: str | None = None
        self._assigned: Columns = _NOTHING
        self._simple: TableFacts | None = None
        self._loads = False
        self._expected: dict[TableName, int] = {}
        self._inserted: dict[TableName, int] = {}
        self._unsure: dict[TableName, Columns] = {}
        self.defines = self._situated = False

    def footprint(self, changes: Changes) -> Footprint:
        """What the transaction has done so far; `changes` is the net result."""
        for name, columns in self._unsure.items():
            if self._inserted.get(name, 0) < self._expected[name]:
                self._scan(name, columns)
        reads = {name: Reads(rows.copy(), self._scanned.get(name)) for name, rows in self._rows.items()}
        for name, columns in self._scanned.items():
            if name not in reads:
                reads[name] = Reads({}, columns)
        writes: _Written = {}
        for frame in self._frames:
            if frame:
                _fold(frame, writes)
        return Footprint(reads, writes, changes, self.defines, self._situated)

    # Savepoints

    def push(self) -> None:
        """What follows may be rolled back."""
        self._frames.append({})

    def drop(self) -> None:
        """It was."""
        self._frames.pop()

    def fold(self) -> None:
        """It was not."""
        inner = self._frames.pop()
        outer = self._frames[-1]
        if outer:
            _fold(inner, outer)
        else:
            self._frames[-1] = inner

    # Statements

    def call(self, name: str) -> None:
        """A routine is called."""
        if not self._situated:
            found = self._routines.get(name)
            if found is None:
                found = self._routines[name] = self._asks_routine(RoutineName(name))
            self._situated = found

    def trace(self, _cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:  # noqa: ANN401 - a tuple, a mapping or None
        """A statement begins."""
        if self._loads or self._guard.trusted:
            return True
        access = self._known.get(sql) or self._analysed(sql)
        if access.target is not None:
            self._target, self._assigned, self._simple = access.target, access.assigned, access.simple
        if access.only is not None:
            self._read_points(access.only, bindings)
        else:
            self._look(access, bindings)
        return True

    def access(self, sql: str) -> Access | None:
        """What a statement that begins now does; None for one of the engine's own."""
        return None if self._loads or self._guard.trusted else self._known.get(sql) or self._analysed(sql)

    def _look(self, access: Access, bindings: Any) -> None:  # noqa: ANN401 - as of `trace`
        for points in access.points:
            self._read_points(points, bindings)
        for scan in access.scans:
            self._scan(scan.table, scan.columns)
        if access.insertion is not None:
            self._read_insertion(access.insertion, bindings)
        self._situated = self._situated or access.situated
        for name in access.calls:
            self.call(name)

    def _analysed(self, sql: str) -> Access:
        if len(self._known) >= KNOWN_STATEMENTS:
            self._known.clear()
        statement = prepared(sql)
        shape = self._shapes.get(statement.text)
        if shape is None:
            shape = self._shape(statement)
        found = self._known[sql] = shape.bound(statement.literals)
        return found

    def _shape(self, statement: Prepared) -> Access:
        from aergo_vc.sql.footprints.analysing import analyse  # noqa: PLC0415 - it loads sqlglot

        if len(self._shapes) >= KNOWN_STATEMENTS:
            self._shapes.clear()
        found = self._shapes[statement.text] = analyse(statement, self._facts_of)
        return found

    def _facts_of(self, name: str) -> TableFacts | None:
        """What is known of a table; None for one that is not the state's."""
        if name in self._facts:
            return self._facts[name]
        table = self._catalog.stored.get(TableName(name))
        facts = self._facts[name] = None if table is None else TableFacts(self._catalog, table)
        return facts

    def _read_points(self, points: Points, bindings: Any) -> None:  # noqa: ANN401 - as of `trace`
        if points.single is not None:
            value = points.single(bindings)
            kind = type(value)
            if kind is points.plain_type:
                self._read(points.table, (value,), points.columns)
                return
        facts = self._facts_of(points.table)
        assert facts is not None  # noqa: S101 - the statement was analysed with it
        for values in product(*[[value(bindings) for value in alternatives] for alternatives in points.keys]):
            if None in values:
                continue
            key = facts.point(values)
            if key is None:
                self._scan(points.table, points.columns)
            else:
                self._read(points.table, key, points.columns)

    def _read_insertion(self, insertion: Insertion, bindings: Any) -> None:  # noqa: ANN401 - as of `trace`
        name = insertion.table
        self._expected[name] = self._expected.get(name, 0) + insertion.count
        if insertion.rows is None:
            self._unsure[name] = self._unsure.get(name, _NOTHING) | insertion.columns
            return
        for row in insertion.rows:
            self._read_points(row, bindings)

    def _scan(self, name: TableName, columns: Columns) -> None:
        self._scanned[name] = self._scanned.get(name, _NOTHING) | columns

    def _read(self, name: TableName, key: Key, columns: Columns) -> None:
        """A row was asked for; what the transaction has written there itself is no read."""
        for frame in self._frames:
            rows = frame.get(name)
            if rows is not None:
                own = rows.get(key)
                if own is not None:
                    columns -= own
                    if not columns:
                        return
        rows = self._rows.get(name)
        if rows is None:
            self._rows[name] = {key: columns}
            return
        known = rows.get(key)
        if known is None:
            rows[key] = columns
        elif known is not columns:
            rows[key] = known | columns

    # Rows

    def wrote(self, name: str, old: Kept | None, new: Kept | None) -> None:
        """A row is about to change."""
        simple = self._simple
        if simple is not None and old is not None and new is not None and simple.name == name:
            self._write(simple.name, simple.key_of(old), self._assigned)
            return
        facts = self._facts.get(name) or self._facts_of(name)
        if facts is None:
            return
        if old is None:
            self._insert(facts, new or ())
        elif new is None:
            self._delete(facts, old)
        else:
            self._update(facts, old, new)

    def _insert(self, facts: TableFacts, new: Kept) -> None:
        name, key = facts.name, facts.key_of(new)
        self._inserted[name] = self._inserted.get(name, 0) + 1
        self._read(name, key, facts.keys)
        self._write(name, key, facts.columns)
        if facts.parents:
            self._look_up_parents(facts, new, facts.columns)

    def _delete(self, facts: TableFacts, old: Kept) -> None:
        self._write(facts.name, facts.key_of(old), facts.columns)
        for child in facts.children:
            self._scan(child.table, child.searched)

    def _update(self, facts: TableFacts, old: Kept, new: Kept) -> None:
        name, key = facts.name, facts.key_of(old)
        columns = self._assigned if self._target == name else _NOTHING
        if facts.only_key is not None:
            columns = facts.columns - facts.keys
        elif not columns or facts.parents:  # an action of a foreign key may be at work
            columns |= facts.changed(old, new)
        if self._loads:
            self._read(name, key, facts.keys)
        if not columns.isdisjoint(facts.keys):
            after = facts.key_of(new)
            if after != key:
                self._read(name, key, facts.columns)  # they go on in the new row
                self._read(name, after, facts.keys)
                self._write(name, key, facts.columns)
                self._write(name, after, facts.columns)
                columns = facts.columns
        self._write(name, key, columns)
        if facts.parents:
            self._look_up_parents(facts, new, columns)
        for child in facts.children:
            if any(old[place] != new[place] for place in child.positions):
                self._scan(child.table, child.searched)

    def _write(self, name: TableName, key: Key, columns: Columns) -> None:
        frame = self._frames[-1]
        rows = frame.get(name)
        if rows is None:
            frame[name] = {key: columns}
            return
        known = rows.get(key)
        if known is None:
            rows[key] = columns
        elif known is not columns:
            rows[key] = known | columns

    def _look_up_parents(self, facts: TableFacts, row: Kept, written: Columns) -> None:
        for parent in facts.parents:
            if parent.columns.isdisjoint(written) or not parent.refers(row):
                continue
            other = self._facts_of(parent.table)
            key = other.point(parent.key(row)) if other is not None and other.is_exact and parent.is_by_key else None
            if other is None or key is None:
                self._scan(parent.table, parent.searched)
            else:
                self._read(parent.table, key, other.keys)

    # Loads

    @contextmanager
    def load(self, name: TableName, gone: Iterable[Key]) -> Iterator[None]:
        """Rows of these keys are deleted, others are written, by statements that are not looked at."""
        facts = self._facts_of(name)
        if not self.is_on or facts is None:
            yield
            return
        for key in gone:
            if facts.is_exact:
                self._read(name, tuple(key), facts.keys)
            else:
                self._scan(name, facts.keys)
        for unique in facts.searched_by_uniques(facts.columns):
            self._scan(name, unique)
        self._target, self._assigned, self._simple = name, facts.columns - facts.keys, None
        self._loads = True
        try:
            yield
        finally:
            self._loads = False

    def loaded(self, name: TableName, rows: InsertedRows, encode: Callable[[Row], Kept]) -> None:
        """Rows were inserted without being reported one by one."""
        facts = self._facts_of(name)
        if facts is None:
            return
        if name not in self._rows and not any(name in frame for frame in self._frames):
            self._rows[name] = dict.fromkeys(rows.rows, facts.keys)
            self._frames[-1][name] = dict.fromkeys(rows.rows, facts.columns)
        else:
            for key in rows.rows:
                self._read(name, key, facts.keys)
                self._write(name, key, facts.columns)
        if facts.parents:
            for row in rows.added:
                self._look_up_parents(facts, encode(row), facts.columns)


def _fold(inner: Mapping[TableName, Mapping[Key, Columns]], outer: _Written) -> None:
    """Add what was written later to what was written before."""
    for name, rows in inner.items():
        known = outer.get(name)
        if known is None:
            outer[name] = dict(rows)
            continue
        for key, columns in rows.items():
            known[key] = known[key] | columns if key in known else columns
