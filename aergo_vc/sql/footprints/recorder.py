"""Records what transactions read and write, from the statements that SQLite runs and the rows that it reports."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from typing import Any

import apsw

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.footprints import Columns, Footprint, Lookup, Reads
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import Row
from aergo_vc.sql.footprints.accesses import Access, Insertion, Points
from aergo_vc.sql.footprints.tables import Child, Parent, TableFacts
from aergo_vc.sql.footprints.texts import Prepared, prepared
from aergo_vc.sql.naming import Names, Naming, defined, plain
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.layouts import Kept
from aergo_vc.sql.running.row_changes import InsertedRows
from aergo_vc.sql.running.sandbox import Guard

KNOWN_STATEMENTS = 4_096
"""Texts that stay analysed."""

_Written = dict[TableName, dict[Key, Columns]]
_Entries = dict[Lookup, dict[Key, Columns]]
_Frame = dict[TableName | Lookup, dict[Key, Columns]]
"""What was written, by table and key, and the entries for it, by lookup and values."""

_NO_STATEMENT = Access()
_NO_TABLES: frozenset[TableName] = frozenset()
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
        self._naming: Naming | None = None
        self.begin()

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed."""
        if self.is_on:
            self._defined |= defined(self._steadily(self._catalog), self._steadily(catalog))
        self._catalog = catalog
        self._facts, self._known, self._shapes, self._routines, self._naming = {}, {}, {}, {}, None

    def begin(self) -> None:
        """Forget what was recorded: a transaction begins."""
        self._begun = self._catalog
        self._defined: set[str] = set()
        self._deploys = False
        self._scripts: list[str] = []
        self._called: set[str] = set()
        self._frames: list[_Frame] = [{}]
        self._at_stake: list[tuple[int, TableName, Columns]] = []
        self._rows: _Written = {}
        self._taken: set[TableName] = set()
        self._looked_up: _Entries = {}
        self._moved: dict[tuple[Lookup, Key], set[Key]] = {}
        self._scanned: dict[TableName, Columns] = {}
        self._doing = _NO_STATEMENT
        self._loads = False
        self._expected: dict[TableName, int] = {}
        self._inserted: dict[TableName, int] = {}
        self._unsure: dict[TableName, Columns] = {}
        self.defines = self._situated = False

    def failed(self) -> Footprint:
        """What the transaction has done until it failed; nothing of it remains."""
        self._lose(1)
        return self.footprint({})

    def footprint(self, changes: Changes) -> Footprint:
        """What the transaction has done so far; `changes` is the net result."""
        self._defined |= defined(self._begun, self._catalog)
        for name, columns in self._unsure.items():
            if self._inserted.get(name, 0) < self._expected[name]:
                self._scan(name, columns)
        reads = {name: Reads(rows.copy(), self._scanned.get(name)) for name, rows in self._rows.items()}
        for name, columns in self._scanned.items():
            if name not in reads:
                reads[name] = Reads({}, columns)
        writes: _Written = {}
        entries: _Entries = {}
        for frame in self._frames:
            for place, rows in frame.items():
                _add(entries if isinstance(place, Lookup) else writes, place, rows)
        return Footprint(
            reads, writes, changes, self.defines, self._situated,
            {lookup: found.copy() for lookup, found in self._looked_up.items()} if self._looked_up else {},
            entries,
            frozenset(self._taken) if self._taken else _NO_TABLES,
            self._used(),
            frozenset(self._defined) if self.defines else None,
        )  # fmt: skip

    def _steadily(self, catalog: Catalog) -> Catalog:
        """A catalog without what a deployment takes away and makes anew as a matter of course."""
        return replace(catalog, views={}, routines={}) if self._deploys else catalog

    def _used(self) -> Names:
        """What scripts and routines could use, and what was defined."""
        if self._begun is not self._catalog:
            naming = Naming((self._begun, self._catalog))
        else:
            naming = self._naming = self._naming or Naming((self._catalog,))
        found = [naming.used_by_routine(RoutineName(name)) for name in self._called]
        found += [naming.used_by((script,)) for script in self._scripts]
        return found[0] if len(found) == 1 and not self._defined else frozenset(self._defined).union(*found)

    # Savepoints

    def push(self) -> None:
        """What follows may be rolled back."""
        self._frames.append({})

    def drop(self) -> None:
        """It was."""
        if self._at_stake:
            self._lose(len(self._frames))
        self._frames.pop()

    def fold(self) -> None:
        """It was not."""
        inner = self._frames.pop()
        outer = self._frames[-1]
        if outer:
            for place, rows in inner.items():
                _add(outer, place, rows)
        else:
            self._frames[-1] = inner
        if self._at_stake:
            self._at_stake = [one for one in self._at_stake if one[0] <= len(self._frames)]

    def _lose(self, depth: int) -> None:
        """One of the statements failed that began in a frame of this depth or deeper."""
        for at, name, columns in self._at_stake:
            if at >= depth:
                self._scan(name, columns)
        self._at_stake = [one for one in self._at_stake if one[0] < depth]

    # Statements

    def write_anew(self, names: Iterable[TableName]) -> None:
        """A definition wrote these tables anew or dropped them; also the table of a sequence that begins again."""
        self._defined.update(map(plain, names))

    def run(self, script: str, *, deploys: bool = False) -> None:
        """A script begins, which may be a deployment."""
        self._scripts.append(script)
        self._deploys = self._deploys or deploys

    def call(self, name: str) -> None:
        """A routine is called."""
        self._called.add(name)
        if not self._situated:
            found = self._routines.get(name)
            if found is None:
                found = self._routines[name] = self._asks_routine(RoutineName(name))
            self._situated = found

    def trace(self, _cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:  # noqa: ANN401 - a tuple, a mapping or None
        """A statement begins."""
        if self._loads or self._guard.trusted:
            return True
        access = self._known.get(sql) or self.analysed(sql)
        if access.target is not None:
            self._doing = access
        if access.only is not None:
            self._read_points(access.only, bindings)
        else:
            self._look(access, bindings)
        return True

    def access(self, sql: str) -> Access | None:
        """What a statement that begins now does; None for one of the engine's own."""
        return None if self._loads or self._guard.trusted else self._known.get(sql) or self.analysed(sql)

    def _look(self, access: Access, bindings: Any) -> None:  # noqa: ANN401 - as of `trace`
        if access.takes is not None and not self._has_asked(access.takes):
            self._taken.add(access.takes)
        for points in access.points:
            self._read_points(points, bindings)
        for scan in access.scans:
            self._scan(scan.table, scan.columns)
        if access.at_stake and access.target is not None:
            self._at_stake.append((len(self._frames), access.target, access.at_stake))
        if access.insertion is not None:
            self._read_insertion(access.insertion, bindings)
        self._situated = self._situated or access.situated
        for name in access.calls:
            self.call(name)

    def analysed(self, sql: str) -> Access:
        """What a statement with this text does, which need not be recorded."""
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
        found = self._shapes[statement.text] = analyse(statement, self.facts_of)
        return found

    def facts_of(self, name: str) -> TableFacts | None:
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
        facts = self.facts_of(points.table)
        assert facts is not None  # noqa: S101 - the statement was analysed with it
        identity = facts.key if points.by is None else facts.lookups[points.by]
        for values in product(*[[value(bindings) for value in alternatives] for alternatives in points.keys]):
            if None in values:
                continue
            key = identity.point(values)
            if key is None:
                self._scan(points.table, points.columns)
            elif points.by is None:
                self._read(points.table, key, points.columns)
            else:
                self._look_up(points.by, key, points.columns)

    def _read_insertion(self, insertion: Insertion, bindings: Any) -> None:  # noqa: ANN401 - as of `trace`
        name = insertion.table
        self._expected[name] = self._expected.get(name, 0) + insertion.count
        if insertion.unsure is not None:
            self._unsure[name] = self._unsure.get(name, _NOTHING) | insertion.unsure
        for points in insertion.points:
            self._read_points(points, bindings)

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

    def _look_up(self, lookup: Lookup, values: Key, columns: Columns) -> None:
        """Rows with some values were asked for."""
        found = self._looked_up.setdefault(lookup, {})
        found[values] = found.get(values, _NOTHING) | columns
        for key in self._moved.get((lookup, values), ()):
            self._read(lookup.table, key, columns)

    # Rows

    def wrote(self, name: str, old: Kept | None, new: Kept | None) -> None:
        """A row is about to change."""
        simple = self._doing.simple
        if simple is not None and old is not None and new is not None and simple.name == name:
            self._write(simple.name, simple.key_of(old), self._doing.assigned)
            return
        facts = self._facts.get(name) or self.facts_of(name)
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
        if facts.lookups:
            self._check_uniques(facts, new, facts.columns)
            self._enter(facts, new, facts.columns)
        if facts.parents:
            self._look_up_parents(facts, new, facts.columns)

    def _delete(self, facts: TableFacts, old: Kept) -> None:
        key = facts.key_of(old)
        if facts.lookups:
            self._note_found(facts, key, old)
            self._enter(facts, old, facts.columns)
        self._write(facts.name, key, facts.columns)
        for child in facts.children:
            self._look_up_children(child, old)

    def _update(self, facts: TableFacts, old: Kept, new: Kept) -> None:
        name, key = facts.name, facts.key_of(old)
        columns = self._set(facts, old, new)
        if self._loads:
            self._read(name, key, facts.keys)
        if facts.lookups:
            self._note_found(facts, key, old)
        if not columns.isdisjoint(facts.keys):
            after = facts.key_of(new)
            if after != key:
                self._read(name, key, facts.columns)  # they go on in the new row
                self._read(name, after, facts.keys)
                self._write(name, key, facts.columns)
                self._write(name, after, facts.columns)
                columns = facts.columns
        if facts.lookups:
            self._move(facts, key, old, new, columns)
        self._write(name, key, columns)
        if facts.parents:
            self._look_up_parents(facts, new, columns)
        for child in facts.children:
            if child.is_left(old, new):
                self._look_up_children(child, old)

    def _set(self, facts: TableFacts, old: Kept, new: Kept) -> Columns:
        """The columns that the statement at hand sets in a row."""
        if facts.only_key is not None:
            return facts.columns - facts.keys
        doing = self._doing
        columns = doing.assigned if doing.target == facts.name else _NOTHING
        if columns and doing.insertion is not None and doing.insertion.or_updated:
            self._inserted[facts.name] = self._inserted.get(facts.name, 0) + 1
        if not columns or facts.parents:  # an action of a foreign key may be at work
            columns |= facts.changed(old, new)
        return columns

    def _check_uniques(self, facts: TableFacts, new: Kept, columns: Columns) -> None:
        """A row was found to be the only one with its values."""
        for lookup, identity in facts.unique_lookups.items():
            if not identity.columns.isdisjoint(columns):
                values = identity.found_in(new)
                if values is not None:
                    self._look_up(lookup, values, identity.columns)

    def _enter(self, facts: TableFacts, row: Kept, columns: Columns) -> None:
        """Columns of a row were written: note it under what the row is found by."""
        entered = self._frames[-1]
        for lookup, identity in facts.lookups.items():
            values = identity.found_in(row)
            if values is not None:
                rows = entered.setdefault(lookup, {})
                known = rows.get(values)
                rows[values] = columns if known is None else known | columns

    def _move(self, facts: TableFacts, key: Key, old: Kept, new: Kept, columns: Columns) -> None:
        """The same for a row that is updated, and may be found by other values from now on."""
        self._enter(facts, old, columns)
        if facts.searchable.isdisjoint(columns):
            return
        self._check_uniques(facts, new, columns)
        self._enter(facts, new, columns)
        for lookup, identity in facts.lookups.items():
            values = identity.found_in(new)
            if values is not None and not identity.columns.isdisjoint(columns):
                self._moved.setdefault((lookup, values), set()).add(key)

    def _note_found(self, facts: TableFacts, key: Key, row: Kept) -> None:
        """A row is written: what was looked at in the rows with its values was looked at in this one."""
        for lookup, identity in facts.lookups.items():
            looked_up = self._looked_up.get(lookup)
            values = None if looked_up is None else identity.found_in(row)
            columns = None if values is None or looked_up is None else looked_up.get(values)
            if columns is not None and not self._has_written(facts.name, key, identity.columns):
                self._read(facts.name, key, columns)

    def _has_asked(self, name: TableName) -> bool:
        """Whether a row of a table was read or written."""
        return name in self._rows or name in self._scanned or any(name in frame for frame in self._frames)

    def _has_written(self, name: TableName, key: Key, columns: Columns) -> bool:
        """Whether the transaction has given a row its values in some of these columns."""
        return any(not columns.isdisjoint(frame.get(name, {}).get(key, _NOTHING)) for frame in self._frames)

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
            if not parent.columns.isdisjoint(written) and parent.refers(row):
                self._follow(parent, row)

    def _look_up_children(self, child: Child, row: Kept) -> None:
        if child.may_refer(row):
            self._follow(child, row)

    def _follow(self, side: Parent | Child, row: Kept) -> None:
        """Rows were asked for at the other end of a foreign key of a row."""
        facts = self.facts_of(side.table)
        if facts is not None:
            if side.named == facts.keys and facts.is_exact:
                key = facts.point(side.values(row, facts.key_names))
                if key is not None:
                    self._read(side.table, key, side.searched)
                    return
            lookup = facts.lookup(side.named)
            if lookup is not None:
                values = facts.lookups[lookup].point(side.values(row, lookup.columns))
                if values is not None:
                    self._look_up(lookup, values, side.searched)
                    return
        self._scan(side.table, side.searched)

    # Loads

    @contextmanager
    def load(self, name: TableName, gone: Iterable[Key]) -> Iterator[None]:
        """Rows of these keys are deleted, others are written, by statements that are not looked at."""
        facts = self.facts_of(name)
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
        self._doing = Access(target=name, assigned=facts.columns - facts.keys)
        self._loads = True
        try:
            yield
        except AergoError:
            self._scan(name, facts.at_stake(facts.columns))
            raise
        finally:
            self._loads = False

    def loaded(self, name: TableName, rows: InsertedRows, encode: Callable[[Row], Kept]) -> None:
        """Rows were inserted without being reported one by one."""
        facts = self.facts_of(name)
        if facts is None:
            return
        if facts.lookups or name in self._rows or any(name in frame for frame in self._frames):
            for key in rows.rows:
                self._read(name, key, facts.keys)
                self._write(name, key, facts.columns)
        else:
            self._rows[name] = dict.fromkeys(rows.rows, facts.keys)
            self._frames[-1][name] = dict.fromkeys(rows.rows, facts.columns)
        if facts.parents or facts.lookups:
            for kept in map(encode, rows.added):
                self._check_uniques(facts, kept, facts.columns)
                self._enter(facts, kept, facts.columns)
                self._look_up_parents(facts, kept, facts.columns)


def _add(total: dict[Any, dict[Key, Columns]], place: TableName | Lookup, rows: dict[Key, Columns]) -> None:
    """Add what was written later to what was written before."""
    known = total.get(place)
    if known is None:
        total[place] = dict(rows)
        return
    for key, columns in rows.items():
        known[key] = known[key] | columns if key in known else columns
