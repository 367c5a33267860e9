"""What policies make of rows that both sides changed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import TableName
from aergo_vc.merging.policies import Case, Settled, Unsettled, settle_row
from aergo_vc.model.blocks import Policy
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.sql.types.numbers import unscaled_text

TABLE = Table(
    TableName("public.stock"),
    (
        Column("id", ColumnType(Kind.TEXT), not_null=True),
        Column("count", ColumnType(Kind.SMALLINT)),
        Column("worth", ColumnType(Kind.NUMERIC, precision=6, scale=2)),
        Column("note", ColumnType(Kind.TEXT)),
    ),
    ("id",),
)
ALL = frozenset(column.name for column in TABLE.columns)
BASE: Row = ("a", 10, "5.00", "old")
WITHOUT_DIRECTION = (Policy.CELLS, Policy.UNION, Policy.SUM, Policy.FAIL)

rows = st.none() | st.tuples(
    st.just("a"),
    st.none() | st.sampled_from([-32768, -5, 0, 1, 7, 32767]) | st.integers(-9, 9),
    st.none() | st.integers(-999_999, 999_999).map(lambda value: unscaled_text(value, 2)),
    st.none() | st.sampled_from(["old", "new", "other"]),
)
columns = st.sets(st.sampled_from(["count", "worth", "note"])).map(frozenset)


def _settled(policy: Policy, base: Row | None, ours: Row | None, theirs: Row | None, **more: bool) -> Settled:
    return settle_row(policy, Case(TABLE, base, ours, theirs, ALL, **more))


def _is_unsettled(found: Settled) -> bool:
    return isinstance(found, Unsettled)


@given(st.sampled_from([policy for policy in Policy if policy is not Policy.SUM]), rows, rows, st.booleans())
def test_what_both_sides_made_alike_stays_so(policy: Policy, base: Row | None, row: Row | None, newer: bool) -> None:
    assert _settled(policy, base, row, row, is_newer=newer) == row


@given(st.sampled_from((Policy.CELLS, Policy.SUM)), rows, rows)
def test_what_one_side_alone_changed_is_taken_from_it(policy: Policy, base: Row | None, row: Row | None) -> None:
    assert _settled(policy, base, base, row) == row
    assert _settled(policy, base, row, base) == row


@given(st.sampled_from(WITHOUT_DIRECTION), rows, rows, rows)
def test_i09_no_policy_but_ours_and_theirs_hangs_on_the_direction(
    policy: Policy, base: Row | None, one: Row | None, other: Row | None
) -> None:
    forth, back = _settled(policy, base, one, other), _settled(policy, base, other, one)
    assert _is_unsettled(forth) == _is_unsettled(back)
    assert _is_unsettled(forth) or forth == back


@given(rows, rows, rows, st.booleans())
def test_i09_ours_and_theirs_are_each_others_mirror_and_newest_hangs_on_the_times_alone(
    base: Row | None, one: Row | None, other: Row | None, newer: bool
) -> None:  # fmt: skip
    assert _settled(Policy.OURS, base, one, other) == _settled(Policy.THEIRS, base, other, one) == one
    assert _settled(Policy.NEWEST, base, one, other, is_newer=newer) == (other if newer else one)
    assert _settled(Policy.NEWEST, base, other, one, is_newer=not newer) == (other if newer else one)


@given(st.sampled_from((Policy.OURS, Policy.THEIRS, Policy.CELLS, Policy.UNION)), rows, rows, rows)
def test_settling_what_was_settled_changes_nothing(
    policy: Policy, base: Row | None, ours: Row | None, theirs: Row | None
) -> None:
    found = _settled(policy, base, ours, theirs)
    if not isinstance(found, Unsettled):
        assert _settled(policy, found, found, found) == found
        assert _settled(policy, base, found, found) == found


@given(st.sampled_from(Policy), rows, rows, rows, columns)
def test_columns_in_which_the_sides_do_not_meet_are_the_transactions(
    policy: Policy, base: Row | None, ours: Row | None, theirs: Row | None, meeting: frozenset[str]
) -> None:
    if ours is None or theirs is None:
        return
    found = settle_row(policy, Case(TABLE, base, ours, theirs, meeting))
    if found is None or isinstance(found, Unsettled):
        assert isinstance(found, Unsettled)
        return
    for place, column in enumerate(TABLE.columns):
        if column.name not in meeting:
            assert found[place] == theirs[place]


def test_the_sum_adds_up_what_both_sides_added_and_leaves_other_cells_to_the_side_that_changed_them() -> None:
    ours: Row = ("a", 13, "4.50", "old")
    theirs: Row = ("a", 6, "7.25", "new")
    assert _settled(Policy.SUM, BASE, ours, theirs) == ("a", 9, "6.75", "new")


def test_what_both_sides_added_alike_is_added_twice() -> None:
    assert _settled(Policy.SUM, BASE, ("a", 11, "5.00", "x"), ("a", 11, "5.00", "x")) == ("a", 12, "5.00", "x")
    assert _settled(Policy.SUM, BASE, None, None) is None


def test_a_counter_that_both_sides_began_counts_from_nothing() -> None:
    assert _settled(Policy.SUM, None, ("a", 2, "1.00", "x"), ("a", 3, "1.50", "x")) == ("a", 5, "2.50", "x")


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (("a", 32_767, "5.00", "old"), ("a", 11, "5.00", "old"), "32768 is out of range for smallint"),
        (("a", 10, "9999.00", "old"), ("a", 10, "6.00", "old"), "out of range for numeric(6,2)"),
        (("a", 11, "5.00", "here"), ("a", 12, "5.00", "there"), "both sides changed note of stock (a)"),
        (("a", None, "5.00", "old"), ("a", 12, "5.00", "old"), "NULL in the target, 12 in the source"),
        (None, ("a", 12, "5.00", "old"), "deleted on one side and changed on the other"),
    ],
)
def test_a_sum_that_cannot_be_had_is_refused_with_the_reason(ours: Row | None, theirs: Row | None, words: str) -> None:
    found = _settled(Policy.SUM, BASE, ours, theirs)
    assert isinstance(found, Unsettled)
    assert words in found.reason


def test_decimals_without_a_scale_add_up_exactly_whichever_side_has_more_digits() -> None:
    column = replace(TABLE.columns[2], type=ColumnType(Kind.NUMERIC))
    table = replace(TABLE, columns=(*TABLE.columns[:2], column, TABLE.columns[3]))
    case = Case(table, ("a", 1, "0.1", None), ("a", 1, "0.30", None), ("a", 1, "-1", None), ALL)
    assert settle_row(Policy.SUM, case) == ("a", 1, "-0.80", None)


def test_floating_numbers_do_not_add_up_because_their_sums_hang_on_the_order() -> None:
    column = replace(TABLE.columns[1], type=ColumnType(Kind.DOUBLE))
    table = replace(TABLE, columns=(TABLE.columns[0], column, *TABLE.columns[2:]))
    case = Case(table, ("a", 0.5, None, None), ("a", 1.5, None, None), ("a", 2.5, None, None), ALL)
    assert isinstance(settle_row(Policy.SUM, case), Unsettled)


def test_a_deleted_row_that_the_other_side_changed_stays_in_the_union_and_is_a_conflict_of_cells() -> None:
    changed: Row = ("a", 11, "5.00", "old")
    for ours, theirs in ((None, changed), (changed, None)):
        assert _settled(Policy.UNION, BASE, ours, theirs) == changed
        assert _is_unsettled(_settled(Policy.CELLS, BASE, ours, theirs))
        assert _is_unsettled(_settled(Policy.FAIL, BASE, ours, theirs))
    assert _settled(Policy.UNION, BASE, BASE, None) == BASE


def test_cells_of_both_sides_come_together() -> None:
    ours: Row = ("a", 11, "5.00", "old")
    theirs: Row = ("a", 10, "5.00", "new")
    for policy in (Policy.CELLS, Policy.UNION, Policy.SUM):
        assert _settled(policy, BASE, ours, theirs) == ("a", 11, "5.00", "new")
    assert _is_unsettled(_settled(Policy.FAIL, BASE, ours, theirs))


def test_one_side_among_equals_in_time_is_the_targets() -> None:
    assert _settled(Policy.NEWEST, BASE, ("a", 1, "5.00", "old"), ("a", 2, "5.00", "old")) == ("a", 1, "5.00", "old")
