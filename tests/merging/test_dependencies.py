"""The Deterministic Transaction Tree against its definition, pair by pair."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TableName
from aergo_vc.merging.dependencies import Dependencies, dependencies, version_dependencies
from aergo_vc.model.changes import RowChange
from aergo_vc.model.footprints import Footprint, Lookup, Reads

_TABLES = (TableName("t.a"), TableName("t.b"))
_LOOKUPS = (Lookup(_TABLES[0], ("x",)), Lookup(_TABLES[0], ("x", "y")))
_COLUMNS = ("k", "x", "y")


_NAMES = st.frozensets(st.sampled_from(("a", "b", "v", "w")), max_size=2)
"""Those of the tables, and of two more definitions."""


def _columns(least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(_COLUMNS), min_size=least)


@st.composite
def footprints(draw: st.DrawFn) -> Footprint:
    """What a small transaction on two tables of three rows may have done, or defined."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return Footprint(defines=True)
    done = draw(_rows_touched())
    uses = draw(st.just(frozenset[str]()) | _NAMES)
    if kind <= 4:
        named = draw(_NAMES)
        return replace(done, defines=True, defined=named, uses=uses | named)
    return replace(done, uses=None if kind == 5 else uses)


@st.composite
def _rows_touched(draw: st.DrawFn) -> Footprint:
    keys = st.integers(0, 2).map(lambda number: (number,))
    reads, writes, changes = {}, {}, {}
    for table in draw(st.sets(st.sampled_from(_TABLES), max_size=2)):
        rows = draw(st.dictionaries(keys, _columns(), max_size=2))
        scanned = draw(st.none() | st.none() | _columns())
        if rows or scanned is not None:
            reads[table] = Reads(rows, scanned)
    for table in draw(st.sets(st.sampled_from(_TABLES), max_size=2)):
        written = draw(st.dictionaries(keys, _columns(1), max_size=2))
        gone = [key for key in written if draw(st.booleans())]
        writes[table] = {key: frozenset(_COLUMNS) if key in gone else columns for key, columns in written.items()}
        changes[table] = {key: RowChange((*key, 1, 1), None) for key in gone}
    return Footprint(reads, writes, changes, lookups=draw(_found()), entries=draw(_found()))


def _found() -> st.SearchStrategy[dict[Lookup, dict[tuple[int], frozenset[str]]]]:
    values = st.integers(0, 1).map(lambda number: (number,))
    return st.dictionaries(
        st.sampled_from(_LOOKUPS), st.dictionaries(values, _columns(1), min_size=1, max_size=2), max_size=1
    )


def _finds_what(reader: Footprint, writer: Footprint) -> bool:
    return any(
        columns & writer.entries.get(lookup, {}).get(values, frozenset())
        for lookup, rows in reader.lookups.items()
        for values, columns in rows.items()
    )


def _reads_what(reader: Footprint, writer: Footprint, *, searches_only: bool = False) -> bool:
    for table, written in writer.writes.items():
        reads = reader.reads.get(table)
        if reads is None:
            continue
        for key, columns in written.items():
            is_new = key in writer.changes[table]
            if reads.scanned is not None and (is_new or columns & reads.scanned):
                return True
            if not searches_only and key in reads.rows and (is_new or columns & reads.rows[key]):
                return True
    return _finds_what(reader, writer)


def _write_the_same_row(one: Footprint, other: Footprint) -> bool:
    return any(rows.keys() & other.writes.get(table, {}).keys() for table, rows in one.writes.items())


def _plain(tables: Iterable[TableName]) -> set[str]:
    return {table.removeprefix("t.") for table in tables}


def _relies_on(one: Footprint, other: Footprint) -> bool:
    """Whether one may use what the other defines, or defines something by rows that the other wrote."""
    if not one.defines and not other.defines:
        return False
    if one.uses is None or (other.defines and other.defined is None):
        return True
    used = one.uses | _plain([*one.reads, *one.writes, *(lookup.table for lookup in one.lookups)])
    return bool(used & (other.defined or frozenset())) or (one.defines and bool(used & _plain(other.writes)))


def _definitions_conflict(one: Footprint, other: Footprint) -> bool:
    is_unknown = any(each.defines and each.defined is None for each in (one, other))
    return is_unknown or _relies_on(one, other) or _relies_on(other, one)


def _conflict(earlier: Footprint, later: Footprint) -> bool:
    return (
        _definitions_conflict(earlier, later)
        or _write_the_same_row(earlier, later)
        or _reads_what(earlier, later)
        or _reads_what(later, earlier)
    )


def _waits_with_versions(sequence: Sequence[Footprint], place: int) -> set[int]:
    """Those before a transaction that it waits for, where each row that it asks for is as the last of them left it."""
    one = sequence[place]
    found = set()
    last: dict[tuple[TableName, tuple[object, ...], str], int] = {}
    for earlier, other in enumerate(sequence[:place]):
        searches = _reads_what(other, one, searches_only=True) or _reads_what(one, other, searches_only=True)
        if _definitions_conflict(one, other) or searches:
            found.add(earlier)
        for table, rows in other.writes.items():
            for key, columns in rows.items():
                is_new = key in other.changes[table]
                last.update(dict.fromkeys([(table, key, column) for column in columns], earlier))
                if is_new:
                    last[table, key, ""] = earlier
    read = [
        (table, key, column)
        for table, reads in one.reads.items()
        for key, columns in reads.rows.items()
        for column in ("", *columns)
    ]
    return found | {last[cell] for cell in read if cell in last}


def _closure(before: Sequence[set[int]]) -> list[set[int]]:
    """What each waits for, indirectly too."""
    found: list[set[int]] = []
    for places in before:
        found.append(places.union(*(found[place] for place in places)))
    return found


def _direct(tree: Dependencies) -> list[set[int]]:
    return [set(tree.direct(place)) for place in range(tree.count)]


@given(st.lists(footprints(), max_size=14))
def test_transactions_wait_for_exactly_those_earlier_ones_that_they_conflict_with(sequence: list[Footprint]) -> None:
    naive = [{m for m in range(n) if _conflict(sequence[m], sequence[n])} for n in range(len(sequence))]
    assert _closure(_direct(dependencies(sequence))) == _closure(naive)


@given(st.lists(footprints(), max_size=14))
def test_with_versions_they_wait_only_for_what_they_read_and_for_searches(sequence: list[Footprint]) -> None:
    naive = [_waits_with_versions(sequence, place) for place in range(len(sequence))]
    tree = version_dependencies(sequence)
    assert _closure(_direct(tree)) == _closure(naive)
    assert tree.depth <= dependencies(sequence).depth


@given(st.lists(footprints(), max_size=14))
def test_levels_and_the_critical_path_are_those_of_the_definition(sequence: list[Footprint]) -> None:
    tree = dependencies(sequence)
    levels: list[int] = []
    for place in range(tree.count):
        levels.append(1 + max([levels[other] for other in tree.direct(place)], default=-1))
    path = tree.critical_path
    assert list(tree.levels) == levels
    assert len(path) == tree.depth == max(levels, default=-1) + 1
    assert all(earlier in tree.direct(later) for earlier, later in pairwise(path))
    assert tree.width == max([levels.count(level) for level in levels], default=0)
    assert sorted(place for level in tree.by_level() for place in level) == list(range(tree.count))


def _searching(*columns: str) -> Footprint:
    return Footprint({_TABLES[0]: Reads({}, frozenset(columns))})


def _inserting(number: int) -> Footprint:
    key = (number,)
    change = RowChange(None, (number, 1, 1))
    return Footprint(
        {_TABLES[0]: Reads({key: frozenset()})}, {_TABLES[0]: {key: frozenset(_COLUMNS)}}, {_TABLES[0]: {key: change}}
    )


def test_g18_a_search_waits_for_insertions_before_it_and_insertions_for_searches_before_them() -> None:
    tree = dependencies([_inserting(1), _searching("x"), _inserting(2), _searching()])
    assert tree.before == ((), (0,), (1,), (2,))


def test_many_searches_after_many_writes_take_few_edges() -> None:
    count = 300
    sequence = [_inserting(n) for n in range(count)] + [_searching("x")] * count
    sequence += [_inserting(n) for n in range(count, 2 * count)]
    tree = dependencies(sequence)
    assert sum(map(len, tree.before)) + sum(map(len, tree.joins)) <= 4 * len(sequence)
    assert tree.direct(count) == tuple(range(count))
    assert (tree.depth, tree.width) == (3, count)


def test_additions_to_one_row_wait_for_one_another_and_blind_writes_with_versions_do_not() -> None:
    key = (1,)
    adding = Footprint({_TABLES[0]: Reads({key: frozenset({"k", "x"})})}, {_TABLES[0]: {key: frozenset({"x"})}})
    setting = Footprint({_TABLES[0]: Reads({key: frozenset({"k"})})}, {_TABLES[0]: {key: frozenset({"x"})}})
    assert dependencies([adding] * 3).before == ((), (0,), (1,))
    assert version_dependencies([adding] * 3).before == ((), (0,), (1,))
    assert dependencies([setting] * 3).depth == 3
    assert version_dependencies([setting] * 3).depth == 1
