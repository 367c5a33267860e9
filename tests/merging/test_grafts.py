"""Merges that graft most transactions, against the same merges executed one transaction after the other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from bank_world import ACCOUNTS, BankWorld
from edits import EDITS, Edits, edited
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aergo_vc.base.errors import AergoError, FormatError
from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import decode_recorded_block
from aergo_vc.ledger.machine import BlockExecution, State, Submission, TransactionOutcome
from aergo_vc.merging.deciding import LeftOut
from aergo_vc.merging.grafting import Place, UnseenEntries
from aergo_vc.merging.grafts import Grafter, Recorded, ReplayOne
from aergo_vc.merging.marks import log_footprints
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns, Footprint, Lookup, apart_from_numbers, blind_writes
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.transactions import Receipt
from aergo_vc.sql.footprints.tables import TableFacts
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Snapshot

Cells = dict[TableName, dict[Key, Columns]]
LONG = 10_000


@cache
def _world() -> BankWorld:
    return BankWorld.open()


@dataclass
class Case:
    """Two histories from one state on; `blocks` are the source's, `target` is where the other led."""

    blocks: list[tuple[list[Submission], list[Footprint], list[Receipt], RecordedBlock]]
    left_out: list[set[int]]
    base: dict[TableName, Node]
    end: dict[TableName, Node]
    target: Snapshot
    unseen: Cells
    entries: UnseenEntries
    rule: str


def _case(seed: int) -> Case:
    world, source = _world(), random.Random(seed)
    ours = range(source.randrange(1, ACCOUNTS))
    theirs = range(source.choice([0, ours.stop, source.randrange(ACCOUNTS)]), ACCOUNTS + 1)
    world.machine.move_to(world.start)
    base = world.machine.roots
    blocks = []
    for height in range(2, 2 + source.randrange(1, 4)):
        catalog = world.machine.catalog
        offered = world.random_transactions(source, source.randrange(1, 9), theirs)
        _, included, footprints, receipts = world.recorded(offered, height)
        log = log_footprints(BlockId(f"{height:064x}"), catalog, [one for one, _ in included], footprints)
        blocks.append((included, footprints, receipts, decode_recorded_block(log)))
    end = world.machine.roots
    world.machine.move_to(world.start)
    picked = [submission for block in blocks for submission in block[0] if source.random() < 0.08]
    offered = world.random_transactions(source, source.randrange(0, 6), ours) + picked
    _, included, _, _ = world.recorded(offered, 2)
    there = {one.id for one, _ in included}
    left_out = [{place for place, (one, _) in enumerate(block[0]) if one.id in there} for block in blocks]
    target = world.machine.snapshot
    rule = source.choice(["replay", "lost update"])
    return Case(blocks, left_out, base, end, target, *_unseen(base), rule)


def _unseen(base: dict[TableName, Node]) -> tuple[Cells, UnseenEntries]:
    """The cells in which the state that the machine is at differs from an earlier one, and what finds their rows."""
    found: Cells = {}
    entries: dict[Lookup, list[Key]] = {}
    machine = _world().machine
    for name, table in machine.catalog.stored.items():
        columns = [column.name for column in table.columns]
        for key, (old, new) in changed_rows(machine.tree(table), base.get(name), machine.root(name)).items():
            differing = frozenset(
                column for place, column in enumerate(columns) if not (old and new) or old[place] != new[place]
            )
            found.setdefault(name, {})[key] = differing
            for lookup in TableFacts(machine.catalog, table).lookups:
                places = [columns.index(column) for column in lookup.columns]
                rows = [tuple(row[place] for place in places) for row in (old, new) if row is not None]
                entries.setdefault(lookup, []).extend(values for values in rows if None not in values)
    return found, entries


class Replayer:
    """Replays transactions by the rules of a merge, one after the other."""

    def __init__(self, case: Case, execution: BlockExecution) -> None:
        self._case, self._execution = case, execution
        self._left = LeftOut()

    def __call__(self, place: Place, before: Footprint) -> tuple[Receipt | str, Footprint]:
        submission = self._case.blocks[place[0]][0][place[1]]
        name = submission[0].id
        result, now = self._result(submission, before)
        if isinstance(result, Receipt):
            self._left.renumber(name, before, now)
        else:
            self._left.add(name, before)
        return result, now

    def _result(self, submission: Submission, before: Footprint) -> tuple[Receipt | str, Footprint]:
        refusal = self._left.dependence(before)
        if refusal is not None:
            return f"depends on {refusal.after}", Footprint()
        if self._loses(before):
            return "loses", Footprint()

        def accept(_outcome: TransactionOutcome, footprint: Footprint) -> bool:
            return not self._loses(footprint) and self._left.misnaming(before, footprint) is None

        try:
            done = self._execution.record(*submission, accept)
        except AergoError as error:
            return error.message, self._execution.attempted
        if not done.is_kept:
            return "loses now", done.footprint
        return done.outcome.receipt, done.footprint

    def _loses(self, footprint: Footprint) -> bool:
        if self._case.rule == "replay":
            return False
        unseen = self._case.unseen
        return any(
            columns & unseen.get(table, {}).get(key, frozenset())
            for table, rows in blind_writes(apart_from_numbers(footprint)).items()
            for key, columns in rows.items()
        )


Results = list[Receipt | str]


def _serially(case: Case) -> tuple[State, Results]:
    world = _world()
    world.machine.move_to(case.target)
    with world.machine.block(world.context(9)) as execution:
        replay = Replayer(case, execution)
        results = [
            replay((number, place), footprint)[0]
            for number, (_, footprints, _, _) in enumerate(case.blocks)
            for place, footprint in enumerate(footprints)
            if place not in case.left_out[number]
        ]
        return execution.finish(), results


def _grafted(case: Case) -> tuple[State, Results, int]:
    world = _world()
    world.machine.move_to(case.target)
    recorded = Recorded([block[3] for block in case.blocks], case.left_out, case.base, case.end)
    grafter: Grafter[Receipt | str] = Grafter(
        world.machine, recorded, case.unseen, case.entries, lambda _entity, _key: True
    )
    with world.machine.block(world.context(9)) as execution:

        def begin() -> ReplayOne[Receipt | str]:
            return Replayer(case, execution)

        done = grafter.run(execution, begin)
        state = execution.finish()
    results = [
        done.results.get((number, place), receipt)
        for number, (_, _, receipts, _) in enumerate(case.blocks)
        for place, receipt in enumerate(receipts)
        if place not in case.left_out[number]
    ]
    return state, results, done.division.grafted


def _require_serial_result(seed: int) -> int:
    case = _case(seed)
    state, expected = _serially(case)
    other, results, grafted = _grafted(case)
    assert results == expected
    assert other.root == state.root
    machine = _world().machine
    for name, table in machine.catalog.stored.items():
        assert sorted(machine.engine.rows(name)) == sorted(machine.tree(table).rows(machine.root(name)))
    return grafted


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_a_merge_that_grafts_gives_what_the_serial_one_gives(seed: int) -> None:
    _require_serial_result(seed)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_serial_result(seed)


def _merged(theirs: Sequence[Submission], ours: Sequence[Submission]) -> tuple[list[tuple[object, ...]], int]:
    """The accounts after a merge, which is the serial one, and how many of the source's transactions were grafted."""
    world = _world()
    world.machine.move_to(world.start)
    base = world.machine.roots
    catalog = world.machine.catalog
    _, included, footprints, receipts = world.recorded(theirs, 2)
    log = log_footprints(BlockId("1" * 64), catalog, [one for one, _ in included], footprints)
    end = world.machine.roots
    world.machine.move_to(world.start)
    world.run(ours, 2)
    blocks = [(included, footprints, receipts, decode_recorded_block(log))]
    case = Case(blocks, [set()], base, end, world.machine.snapshot, *_unseen(base), "replay")
    state, expected = _serially(case)
    other, results, grafted = _grafted(case)
    assert results == expected
    assert other.root == state.root
    return sorted(world.machine.engine.rows(TableName("public.account"))), grafted


def test_what_a_replayed_transaction_reads_is_not_yet_what_a_later_one_made_of_it() -> None:
    world = _world()
    adding = "(SELECT balance FROM account WHERE id = 4) + (SELECT balance FROM account WHERE id = 6)"
    reading = world.script(f"UPDATE account SET balance = {adding} WHERE id = 9")
    theirs = [reading, world.script("UPDATE account SET balance = 1 WHERE id = 6")]
    ours = [world.script("UPDATE account SET balance = 1000 WHERE id = 4")]
    accounts, grafted = _merged(theirs, ours)
    assert (accounts[9][2], accounts[6][2]) == (1060, 1)
    assert grafted == 0


def test_a_replayed_transaction_that_goes_another_way_takes_those_along_that_it_meets_there() -> None:
    world = _world()
    theirs = [
        world.call("public.transfer", 1, 3, 5),
        world.script("UPDATE account SET note = 'mine' WHERE id = 2"),
        world.script("UPDATE account SET note = 'far' WHERE id = 7"),
    ]
    accounts, grafted = _merged(theirs, [world.script("UPDATE account SET balance = balance + 500 WHERE id = 1")])
    assert [accounts[place][3] for place in (2, 7)] == ["mine", "far"]
    assert grafted == 1


def test_a_row_that_a_grafted_transaction_wrote_before_a_replayed_one_is_what_it_was_in_between() -> None:
    world = _world()
    theirs = [
        world.script("UPDATE account SET balance = 70 WHERE id = 5"),
        world.call("public.transfer", 5, 1, 20),
        world.script("UPDATE account SET note = 'far' WHERE id = 7"),
    ]
    accounts, grafted = _merged(theirs, [world.script("UPDATE account SET balance = balance + 500 WHERE id = 1")])
    assert (accounts[5][2], accounts[1][2]) == (50, 530)
    assert grafted == 2


def test_kept_footprints_are_read_as_they_were_written() -> None:
    for seed in range(20):
        for _, footprints, _, recorded in _case(seed).blocks:
            assert [recorded.footprint(place) for place in range(recorded.count)] == footprints
            assert len(recorded.rows) == (recorded.ends[-1] if recorded.ends else 0)


@given(EDITS)
def test_kept_footprints_that_were_damaged_are_refused(edits: Edits) -> None:
    world = _world()
    world.machine.move_to(world.start)
    catalog = world.machine.catalog
    _, included, footprints, _ = world.recorded([world.call("public.transfer", 1, 3, 5)])
    log = log_footprints(BlockId("1" * 64), catalog, [one for one, _ in included], footprints)
    changed = edited(log, edits)
    assume(changed != log)
    with pytest.raises(FormatError):
        decode_recorded_block(changed)


def _grafted_share(seeds: Sequence[int]) -> float:
    grafted = [_require_serial_result(seed) for seed in seeds]
    return sum(1 for number in grafted if number) / len(grafted)


def test_most_of_the_random_merges_do_graft() -> None:
    assert _grafted_share(range(30)) > 0.5
