"""The Deterministic Transaction Tree: which transaction of a sequence depends on which earlier ones.

One depends on an earlier one if what either reads the other writes, or if both write one row: two transactions of
which neither depends on the other, even indirectly, may change places.  Searches count as reads of every row of a
table, those that do not exist yet too, by the columns that they searched or looked at; so no phantom is missed (threat
G18).  A lookup is a search among the rows that have its values.

Definitions are read and written by their names: one that defines or drops something writes its name, and whatever may
use it reads that.  A definition also searches the rows of all tables that it names.

The work is near to linear in the size of the footprints.  Where many searches of a table follow many writes to it, or
the other way round, each of these depends on each of those: a *join* stands between them instead of an edge for each
pair.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint, Lookup, plain_names, relied_on

_EXISTENCE = ""
"""Stands among the columns of a row for whether there is such a row."""

_STEPS = 64
"""Edges that are followed at most to see whether another one says nothing new."""

_Columns = frozenset[str]


class _Named(NamedTuple):
    """What is called by a name, in whatever contract; or all rows of the tables that are."""

    name: str
    is_rows: bool


_Searched = TableName | tuple[Lookup, Key] | _Named
"""What is searched: a table, the rows that a lookup finds by some values, or definitions."""

_ANYTHING = ""
"""Stands among names for whatever is defined."""

_NOTHING: AbstractSet[str] = frozenset()


@dataclass(frozen=True)
class Dependencies:
    """The dependencies of a sequence of transactions, which are called by their places in it.

    `before` has for each the transactions, or joins, that it waits for directly; most of what follows from others is
    left out.  A number from `count` on is that of a join: it is done as soon as all transactions in
    ``joins[number - count]`` are.
    """

    before: tuple[tuple[int, ...], ...]
    joins: tuple[tuple[int, ...], ...] = ()

    @property
    def count(self) -> int:
        """How many transactions there are."""
        return len(self.before)

    def direct(self, place: int) -> tuple[int, ...]:
        """The transactions that one waits for directly, in order; joins are resolved."""
        found: set[int] = set()
        for number in self.before[place]:
            found.update((number,) if number < self.count else self.joins[number - self.count])
        return tuple(sorted(found))

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """The level of each: 0 if it waits for none, else one more than the highest of those that it waits for."""
        return tuple(level for level, _ in self._heights)

    @property
    def depth(self) -> int:
        """How many levels there are: the steps that it takes if any number can run at a time."""
        return max(self.levels, default=-1) + 1

    @property
    def width(self) -> int:
        """How many transactions the fullest level has."""
        sizes = [0] * self.depth
        for level in self.levels:
            sizes[level] += 1
        return max(sizes, default=0)

    def by_level(self) -> list[list[int]]:
        """The transactions of each level, in order."""
        found: list[list[int]] = [[] for _ in range(self.depth)]
        for place, level in enumerate(self.levels):
            found[level].append(place)
        return found

    @property
    def critical_path(self) -> tuple[int, ...]:
        """A longest chain of transactions that wait for one another, in order."""
        if not self.before:
            return ()
        place: int | None = self.levels.index(self.depth - 1)
        path = []
        while place is not None:
            path.append(place)
            place = self._heights[place][1]
        return tuple(reversed(path))

    @cached_property
    def _heights(self) -> list[tuple[int, int | None]]:
        """The level of each, and the transaction that puts it there."""
        heights: list[tuple[int, int | None]] = []
        highest: dict[int, int] = {}
        for numbers in self.before:
            level, cause = -1, None
            for number in numbers:
                place = number
                if number >= self.count:
                    if number not in highest:
                        members = self.joins[number - self.count]
                        highest[number] = max(members, key=lambda member: heights[member][0])
                    place = highest[number]
                if heights[place][0] > level:
                    level, cause = heights[place][0], place
            heights.append((level + 1, cause))
        return heights


def dependencies(footprints: Iterable[Footprint]) -> Dependencies:
    """The dependencies of transactions, given their footprints in the order in which they were executed.

    Executed in any order that keeps them, on one state after another, they do what they did.
    """
    return _found(list(footprints), versions=False)


def version_dependencies(footprints: Iterable[Footprint]) -> Dependencies:
    """Those that remain if every version of a row is kept, as in multi-version concurrency control.

    A transaction then reads of each row what the last one before it in the sequence wrote, however many others have
    been executed already, and the last writer in the sequence has the last word on each cell.  It waits for nobody
    whose writing it does not read.  Tables that are searched keep their whole order.
    """
    return _found(list(footprints), versions=True)


def written_columns(footprint: Footprint, table: TableName, key: Key) -> frozenset[str]:
    """The columns that were written of a row, with `_EXISTENCE` where there is a row more or less."""
    columns = footprint.writes[table][key]
    change = footprint.changes.get(table, {}).get(key)
    if change is not None and (change.before is None or change.after is None):
        return columns | {_EXISTENCE}
    return columns


def _found(footprints: Sequence[Footprint], *, versions: bool) -> Dependencies:
    searched = _searched(footprints) | _searched_by_definitions(footprints)
    finder = _Finder(len(footprints), searched, versions=versions)
    for place, footprint in enumerate(footprints):
        finder.add(place, footprint)
    return _without_needless_joins(finder.before, finder.joins)


def _without_needless_joins(before: Sequence[tuple[int, ...]], joins: Sequence[Sequence[int]]) -> Dependencies:
    """Put edges in the place of joins that only one transaction waits for."""
    count = len(before)
    uses = Counter(number for numbers in before for number in numbers if number >= count)
    kept = {number: count + place for place, number in enumerate(sorted(n for n in uses if uses[n] > 1))}

    def expanded(numbers: tuple[int, ...]) -> tuple[int, ...]:
        found: set[int] = set()
        for number in numbers:
            if number < count:
                found.add(number)
            elif number in kept:
                found.add(kept[number])
            else:
                found.update(joins[number - count])
        return tuple(sorted(found))

    changed = tuple(expanded(numbers) if numbers and numbers[-1] >= count else numbers for numbers in before)
    return Dependencies(changed, tuple(tuple(joins[number - count]) for number in kept))


def _searched(footprints: Iterable[Footprint]) -> dict[_Searched, set[str]]:
    """The columns by which tables, or rows with some values, are searched at all: nothing is noted of others."""
    found: dict[_Searched, set[str]] = {}
    for footprint in footprints:
        for table, reads in footprint.reads.items():
            if reads.scanned is not None:
                found.setdefault(table, {_EXISTENCE}).update(reads.scanned)
        for lookup, sought in footprint.lookups.items():
            for values, columns in sought.items():
                found.setdefault((lookup, values), set()).update(columns)
    return found


def _searched_by_definitions(footprints: Iterable[Footprint]) -> dict[_Searched, set[str]]:
    """Names of what is defined, and tables whose rows definitions hang on."""
    found: dict[_Searched, set[str]] = {}
    for footprint in footprints:
        if footprint.defines and footprint.defined is not None:
            names = (_Named(name, is_rows=False) for name in (_ANYTHING, *footprint.defined))
            tables = (_Named(name, is_rows=True) for name in relied_on(footprint) or ())
            found.update((name, {_EXISTENCE}) for name in (*names, *tables))
    return found


@dataclass(slots=True)
class _Group:
    """Transactions that others wait for together, and the join, or the one of them, that stands for all of them."""

    members: list[int] = field(default_factory=list)
    join: int | None = None

    def add(self, place: int) -> None:
        if not self.members or self.members[-1] != place:
            self.members.append(place)


@dataclass(slots=True)
class _Phases:
    """Searches by one column and writes to it, in turns: all of one turn depend on all of the turn before."""

    writers: _Group = field(default_factory=_Group)
    searchers: _Group = field(default_factory=_Group)
    is_searching: bool = False


@dataclass(slots=True)
class _Row:
    """What happened to a row: who wrote it last, and each of its cells; who has read each cell since."""

    writer: int | None = None
    writers: dict[str, int] = field(default_factory=dict)
    readers: dict[str, list[int]] = field(default_factory=dict)


class _Finder:
    """One walk through a sequence."""

    def __init__(self, count: int, searched: dict[_Searched, set[str]], *, versions: bool) -> None:
        self.before: list[tuple[int, ...]] = []
        self.joins: list[list[int]] = []
        self._count = count
        self._searched = searched
        self._defined = frozenset(what.name for what in searched if isinstance(what, _Named) and not what.is_rows)
        self._versions = versions
        self._rows: dict[TableName, dict[Key, _Row]] = {}
        self._phases: dict[tuple[_Searched, str], _Phases] = {}
        self._barrier: int | None = None
        self._is_awaited = bytearray(count)

    def add(self, place: int, footprint: Footprint) -> None:
        """Note the next transaction."""
        relied = relied_on(footprint) if footprint.defines or self._defined else None
        if footprint.defines and relied is None:
            self._add_barrier(place)
            return
        awaited: set[int] = set()
        self._add_reads(place, footprint, awaited)
        if self._defined:
            self._add_names(place, footprint, relied, awaited)
        self._add_writes(place, footprint, awaited)
        awaited.discard(place)
        if not awaited and self._barrier is not None:
            awaited.add(self._barrier)
        self._settle(awaited)

    def _add_reads(self, place: int, footprint: Footprint, awaited: set[int]) -> None:
        for table, reads in footprint.reads.items():
            rows = self._rows.setdefault(table, {})
            for key, columns in reads.rows.items():
                self._read(rows.setdefault(key, _Row()), columns, place, awaited)
            if reads.scanned is not None:
                self._search(table, (_EXISTENCE, *reads.scanned), place, awaited)
        for lookup, sought in footprint.lookups.items():
            for values, columns in sought.items():
                self._search((lookup, values), columns, place, awaited)

    def _add_names(self, place: int, footprint: Footprint, relied: AbstractSet[str] | None, awaited: set[int]) -> None:
        """The names that a transaction may rely on, None for any, and those that it defines."""
        names = {_ANYTHING} if relied is None else relied & self._defined
        searched = [_Named(name, is_rows=False) for name in sorted(names)]
        if footprint.defines:
            searched += [_Named(name, is_rows=True) for name in sorted(relied or ())]
        for name in searched:
            self._search(name, (_EXISTENCE,), place, awaited)
        written = [_Named(name, is_rows=True) for name in sorted(plain_names(footprint.writes))]
        if footprint.defines:
            written += [_Named(name, is_rows=False) for name in sorted({_ANYTHING, *(footprint.defined or ())})]
        for name in written:
            self._write_searched(name, {_EXISTENCE}, place, awaited)

    def _add_writes(self, place: int, footprint: Footprint, awaited: set[int]) -> None:
        for table, written in footprint.writes.items():
            self._write_table(table, written, footprint, place, awaited)
        for lookup, entries in footprint.entries.items():
            for values, columns in entries.items():
                self._write_searched((lookup, values), columns, place, awaited)

    def _add_barrier(self, place: int) -> None:
        """A transaction that everything before it comes before, and everything behind it behind."""
        first = self._barrier or 0
        self._settle({other for other in range(first, place) if not self._is_awaited[other]})
        self._barrier = place
        self._rows, self._phases = {}, {}

    def _read(self, row: _Row, columns: _Columns, place: int, awaited: set[int]) -> None:
        for column in (_EXISTENCE, *columns):
            writer = row.writers.get(column)
            if writer is not None:
                awaited.add(writer)
            if not self._versions:
                row.readers.setdefault(column, []).append(place)

    def _search(self, what: _Searched, columns: Iterable[str], place: int, awaited: set[int]) -> None:
        for column in columns:
            phases = self._phases.setdefault((what, column), _Phases())
            if not phases.is_searching:
                phases.is_searching, phases.searchers = True, _Group()
            phases.searchers.add(place)
            self._await(phases.writers, place, awaited)

    def _write_table(
        self, table: TableName, written: Iterable[Key], footprint: Footprint, place: int, awaited: set[int]
    ) -> None:
        rows = self._rows.setdefault(table, {})
        searched = table in self._searched
        all_columns: set[str] = set()
        for key in written:
            columns = written_columns(footprint, table, key)
            self._write(rows.setdefault(key, _Row()), columns, place, awaited)
            if searched:
                all_columns |= columns
        self._write_searched(table, all_columns, place, awaited)

    def _write(self, row: _Row, columns: _Columns, place: int, awaited: set[int]) -> None:
        if not self._versions:
            # How large a row gets depends on all its cells, so that writers of one row keep their order.
            if row.writer is not None:
                awaited.add(row.writer)
            for column in columns:
                awaited.update(row.readers.pop(column, ()))
        row.writer = place
        for column in columns:
            row.writers[column] = place

    def _write_searched(self, what: _Searched, columns: AbstractSet[str], place: int, awaited: set[int]) -> None:
        for column in columns & self._searched.get(what, _NOTHING):
            phases = self._phases.setdefault((what, column), _Phases())
            if phases.is_searching:
                phases.is_searching, phases.writers = False, _Group()
            phases.writers.add(place)
            self._await(phases.searchers, place, awaited)

    def _await(self, group: _Group, place: int, awaited: set[int]) -> None:
        """Wait for a whole group, to which nobody comes any more."""
        members = group.members
        if len(members) <= 1 or members[-1] == place:
            awaited.update(members)
            return
        if group.join is None:
            implied = {below for member in members for below in self.before[member]}
            last = [member for member in members if member not in implied]
            group.join = last[0] if len(last) == 1 else self._count + len(self.joins)
            if len(last) > 1:
                self.joins.append(last)
        awaited.add(group.join)

    def _settle(self, awaited: set[int]) -> None:
        """Note what the next transaction waits for."""
        for number in awaited:
            for member in self._members(number):
                self._is_awaited[member] = 1
        self.before.append(self._reduced(awaited))

    def _members(self, number: int) -> Sequence[int]:
        return (number,) if number < self._count else self.joins[number - self._count]

    def _reduced(self, awaited: set[int]) -> tuple[int, ...]:
        """`awaited` in order, without transactions that others of it wait for, as far as a short walk shows."""
        if len(awaited) > 1:
            oldest = min(awaited)
            waiting = [below for number in sorted(awaited, reverse=True) for below in self._below(number)]
            seen: set[int] = set()
            while waiting and len(seen) < _STEPS:
                number = waiting.pop()
                if number < oldest or number in seen:
                    continue
                seen.add(number)
                waiting.extend(self._below(number))
            awaited = awaited - seen
        return tuple(sorted(awaited))

    def _below(self, number: int) -> Sequence[int]:
        """What a transaction, or a join, waits for."""
        return self.before[number] if number < self._count else self.joins[number - self._count][:_STEPS]
