"""Which transactions are inconsistent, as a table of what they did and what the target changed."""

from collections.abc import Mapping

import pytest

from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.merging.deciding import LeftOut, inconsistency
from aergo_vc.merging.unseen import Unseen, UnseenRow, UnseenTable, unseen_in_both
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.footprints import Footprint, Reads
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row

NAME = TableName("shop.price")
ALL = frozenset({"item", "cents", "note"})
TABLE = Table(
    NAME,
    (
        Column("item", ColumnType(Kind.TEXT), not_null=True),
        Column("cents", ColumnType(Kind.BIGINT)),
        Column("note", ColumnType(Kind.TEXT)),
    ),
    ("item",),
)
FIRST = TransactionId("1" * 64)

REPLAY, LOST, SERIAL = MergeRule.REPLAY, MergeRule.LOST_UPDATE, MergeRule.SERIALIZABLE


def unseen(**rows: tuple[set[str], Row | None]) -> Unseen:
    found = {(key,): UnseenRow(frozenset(columns), now) for key, (columns, now) in rows.items()}
    return {NAME: UnseenTable(TABLE, found, columns=frozenset().union(*(row.columns for row in found.values())))}


def footprint(
    writes: Mapping[str, set[str]] | None = None,
    reads: Mapping[str, set[str]] | None = None,
    scanned: set[str] | None = None,
) -> Footprint:
    rows = {(key,): frozenset(columns) for key, columns in (reads or {}).items()}
    written = {(key,): frozenset(columns) for key, columns in (writes or {}).items()}
    read = Reads(rows, None if scanned is None else frozenset(scanned))
    return Footprint({NAME: read}, {NAME: written} if written else {})


BREAD = unseen(bread=({"cents"}, ("bread", 7, None)))
GONE = unseen(bread=(set(ALL), None))
SET = footprint({"bread": {"cents"}}, {"bread": {"item"}})
ADD = footprint({"bread": {"cents"}}, {"bread": {"item", "cents"}})
NOTE = footprint({"bread": {"note"}}, {"bread": {"item"}})
SUM = footprint({"salt": {"cents"}}, {"salt": {"item"}}, scanned={"item", "cents"})
COUNT = footprint({"salt": {"cents"}}, {"salt": {"item"}}, scanned={"item"})


@pytest.mark.parametrize(
    ("rule", "done", "changed", "code"),
    [
        (LOST, SET, BREAD, "E_LOST_UPDATE"),
        (REPLAY, SET, BREAD, None),
        (SERIAL, SET, BREAD, "E_LOST_UPDATE"),
        (LOST, ADD, BREAD, None),
        (SERIAL, ADD, BREAD, "E_READ_CHANGED"),
        (SERIAL, NOTE, BREAD, None),
        (LOST, NOTE, GONE, "E_LOST_UPDATE"),
        (LOST, SUM, BREAD, None),
        (SERIAL, SUM, BREAD, "E_READ_CHANGED"),
        (SERIAL, COUNT, BREAD, None),
        (SERIAL, COUNT, GONE, "E_READ_CHANGED"),
        (SERIAL, SET, {}, None),
    ],
)
def test_a_rule_says_what_is_inconsistent(rule: MergeRule, done: Footprint, changed: Unseen, code: str | None) -> None:
    found = inconsistency(rule, done, changed)
    assert (None if found is None else found.code) == code


def test_reasons_name_the_first_cell_and_what_the_target_has() -> None:
    many = unseen(bread=({"cents", "note"}, ("bread", 7, "x" * 99)), apple=({"cents"}, ("apple", 3, None)))
    both = footprint({"bread": {"cents"}, "apple": {"cents"}}, {"bread": {"item"}, "apple": {"item"}})
    found = inconsistency(LOST, both, many)
    assert found is not None
    assert found.message == 'it writes cents of shop.price "apple" unseen, where the target has 3'
    found = inconsistency(LOST, NOTE, many)
    assert found is not None
    assert found.message.endswith('where the target has "' + "x" * 58 + "…")
    found = inconsistency(LOST, NOTE, GONE)
    assert found is not None
    assert found.message == 'it writes note of shop.price "bread" unseen, a row that the target deleted'


def test_of_a_table_whose_key_changed_nothing_is_known() -> None:
    table = {NAME: UnseenTable(TABLE, {}, every=True)}
    for rule, done in ((LOST, SET), (SERIAL, ADD), (SERIAL, COUNT)):
        found = inconsistency(rule, done, table)
        assert found is not None
        assert "key" in found.message


def test_what_was_known_once_is_not_unseen() -> None:
    since_stop = unseen(bread=({"cents", "note"}, ("bread", 7, "x")), salt=({"cents"}, ("salt", 1, None)))
    since_then = unseen(bread=({"note"}, ("bread", 7, "x")))
    both = unseen_in_both(since_stop, since_then)
    assert both[NAME].rows == since_then[NAME].rows
    assert inconsistency(LOST, SET, both) is None
    assert unseen_in_both(since_stop, unseen(tea=({"note"}, None))) == {}


def test_who_read_what_a_transaction_wrote_that_is_left_out_depends_on_it() -> None:
    left = LeftOut()
    assert left.dependence(ADD) is None
    left.add(FIRST, SET)
    found = left.dependence(ADD)
    assert found is not None
    assert (found.code, found.after) == ("E_DEPENDS", FIRST)
    assert found.message == 'it read shop.price "bread", which a transaction that is left out wrote'
    assert left.dependence(SET) is None
    assert left.dependence(SUM) is not None
    assert left.dependence(COUNT) is None
    assert left.dependence(Footprint(defines=True)) is not None


def test_on_a_definition_that_is_left_out_everything_depends() -> None:
    left = LeftOut()
    left.add(FIRST, Footprint(defines=True))
    found = left.dependence(SET)
    assert found is not None
    assert found.message == "it relies on what a transaction that is left out defines or wrote"
