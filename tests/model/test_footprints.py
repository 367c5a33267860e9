"""Questions about footprints, against their definition cell by cell."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import RowChange
from aergo_vc.model.footprints import (
    Cell,
    Footprint,
    Lookup,
    Reads,
    Touched,
    apart_from_numbers,
    blind_writes,
    conflicts,
    names,
    reads_what,
    renumbered,
    writes_both,
)

COLUMNS = st.frozensets(st.sampled_from("kab"))
ROWS = st.dictionaries(st.tuples(st.integers(1, 3)), COLUMNS, max_size=2)
S, T = TableName("public.s"), TableName("public.t")
NAMES = st.sampled_from([S, T])
READS = st.builds(Reads, ROWS, st.none() | COLUMNS)
LOOKUPS = st.dictionaries(NAMES.map(lambda name: Lookup(name, ("a",))), ROWS, max_size=2)
DEFINED = st.none() | st.frozensets(st.sampled_from("stv"), max_size=2)
PLAIN = st.builds(
    Footprint,
    st.dictionaries(NAMES, READS, max_size=2),
    st.dictionaries(NAMES, ROWS, max_size=2),
    lookups=LOOKUPS,
    entries=LOOKUPS,
    uses=DEFINED,
)


def _defining(one: Footprint, names: frozenset[str] | None) -> Footprint:
    uses = None if one.uses is None else one.uses | (names or frozenset())
    return replace(one, defines=True, defined=names, uses=uses)


FOOTPRINTS = PLAIN | PLAIN | st.builds(_defining, PLAIN, DEFINED)


def _written(footprint: Footprint) -> set[Cell]:
    return {
        Cell(table, key, column)
        for table, rows in footprint.writes.items()
        for key, columns in rows.items()
        for column in columns
    }


def _entered(footprint: Footprint) -> set[Cell]:
    return {
        Cell(lookup.table, values, column, lookup.columns)
        for lookup, rows in footprint.entries.items()
        for values, columns in rows.items()
        for column in columns
    }


def _reads(footprint: Footprint, cell: Cell) -> bool:
    if cell.table is None or cell.key is None:
        return False
    if cell.by:
        return cell.column in footprint.lookups.get(Lookup(cell.table, cell.by), {}).get(cell.key, ())
    if cell.table not in footprint.reads:
        return False
    reads = footprint.reads[cell.table]
    return cell.column in (reads.scanned or ()) or cell.column in reads.rows.get(cell.key, ())


def _touched_definitions(writer: Footprint, reader: Footprint) -> set[str] | None:
    """The names of what one defines and the other relies on, or of the tables that a definition relies on."""
    if not writer.defines and not reader.defines:
        return set()
    if reader.uses is None or any(one.defines and one.defined is None for one in (writer, reader)):
        return None
    tables = {*reader.reads, *reader.writes, *(lookup.table for lookup in reader.lookups)}
    used = {*reader.uses, *(table.removeprefix("public.") for table in tables)}
    rows = {table.removeprefix("public.") for table in writer.writes} if reader.defines else set()
    return {*(writer.defined or ()), *rows} & used


@given(FOOTPRINTS)
def test_blind_writes_are_those_of_cells_that_were_not_read(footprint: Footprint) -> None:
    blind = _written(Footprint(writes=blind_writes(footprint)))
    assert blind == {cell for cell in _written(footprint) if not _reads(footprint, cell)}


@given(FOOTPRINTS, FOOTPRINTS)
def test_what_a_reader_read_of_a_writer_is_its_first_cell_that_was_written(
    writer: Footprint, reader: Footprint
) -> None:
    found = reads_what(writer, reader)
    both = sorted(cell for cell in _written(writer) if _reads(reader, cell))
    both += sorted(cell for cell in _entered(writer) if _reads(reader, cell))
    touched = _touched_definitions(writer, reader)
    if touched is None or touched:
        assert found == Cell(None, None, None, defined=min(touched or {""}))
    else:
        assert found == (both[0] if both else None)


@given(FOOTPRINTS, FOOTPRINTS)
def test_two_conflict_if_one_touches_what_the_other_wrote(one: Footprint, other: Footprint) -> None:
    both = sorted(_written(one) & _written(other))
    assert writes_both(one, other) == (both[0] if both else None)
    expected = bool(both) or reads_what(one, other) is not None or reads_what(other, one) is not None
    assert conflicts(one, other) == conflicts(other, one) == expected


@given(st.lists(FOOTPRINTS, max_size=4), FOOTPRINTS)
def test_an_index_of_several_answers_as_each_of_them(several: list[Footprint], one: Footprint) -> None:
    touched = Touched()
    for other in several:
        touched.add(other)
    assert touched.is_read_by(one) == any(reads_what(other, one) is not None for other in several)


def _inserting(number: int) -> Footprint:
    """A row of t with a number that the transaction took, an order for customer 7."""
    key, row = (number,), (number, 7, "x")
    counter = {("sequence",): frozenset(("last_value",))}
    customer = Lookup(T, ("customer",))
    return Footprint(
        {S: Reads(counter), T: Reads({key: frozenset(("k",)), (99,): frozenset("a")})},
        {S: counter, T: {key: frozenset("kab"), (5,): frozenset("a")}},
        {T: {key: RowChange(None, row), (5,): RowChange(row, (5, 7, "y"))}},
        entries={customer: {(7,): frozenset("kab")}, Lookup(T, ("number",)): {(number,): frozenset("kab")}},
        taken=frozenset([S]),
    )


def test_what_hangs_on_no_number_is_all_but_the_sequence_and_the_new_rows() -> None:
    found = apart_from_numbers(_inserting(3))
    assert found.reads == {T: Reads({(99,): frozenset("a")})}
    assert found.writes == {T: {(5,): frozenset("a")}}
    plain = Footprint({T: Reads({(3,): frozenset("k")})}, {T: {(3,): frozenset("kab")}})
    assert apart_from_numbers(plain) is plain


def test_rows_with_other_numbers_are_those_that_were_inserted_and_are_not_written_now() -> None:
    found = renumbered(_inserting(3), _inserting(4))
    assert found.writes == {T: {(3,): frozenset("kab")}}
    assert found.entries == {Lookup(T, ("number",)): {(3,): frozenset("kab")}}
    assert renumbered(_inserting(3), _inserting(3)) == Footprint()
    assert set(names(found)) == {(T, (3,)), (Lookup(T, ("number",)), (3,))}
