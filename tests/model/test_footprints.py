"""Questions about footprints, against their definition cell by cell."""

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TableName
from aergo_vc.model.footprints import (
    Cell,
    Footprint,
    Lookup,
    Reads,
    Touched,
    blind_writes,
    conflicts,
    reads_what,
    writes_both,
)

COLUMNS = st.frozensets(st.sampled_from("kab"))
ROWS = st.dictionaries(st.tuples(st.integers(1, 3)), COLUMNS, max_size=2)
NAMES = st.sampled_from([TableName("public.s"), TableName("public.t")])
READS = st.builds(Reads, ROWS, st.none() | COLUMNS)
LOOKUPS = st.dictionaries(NAMES.map(lambda name: Lookup(name, ("a",))), ROWS, max_size=2)
FOOTPRINTS = st.builds(
    Footprint,
    st.dictionaries(NAMES, READS, max_size=2),
    st.dictionaries(NAMES, ROWS, max_size=2),
    st.just({}),
    st.sampled_from([False] * 9 + [True]),
    st.just(False),
    LOOKUPS,
    LOOKUPS,
)


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
    if writer.defines or reader.defines:
        assert found == Cell(None, None, None)
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
