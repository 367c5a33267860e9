"""Merges that graft most transactions, against the same merges executed one transaction after the other."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
from bank_world import ACCOUNTS, BankWorld
from hypothesis import given, settings
from hypothesis import strategies as st
from settling_world import Changed, state_of
from settling_world import State as Rows

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import decode_recorded_block
from aergo_vc.ledger.machine import BlockExecution, State, Submission, TransactionOutcome
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.deciding import LOST_UPDATE
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.grafting.dividing import Place
from aergo_vc.merging.grafting.grafter import Grafter, Recorded, ReplayOne
from aergo_vc.merging.marks import log_footprints
from aergo_vc.merging.settling import Ending, Inconsistency, Settler, refusal_for
from aergo_vc.merging.source_rows import SourceRows
from aergo_vc.model.blocks import Policy
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns, Footprint, Touched, blind_writes, joined
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.transactions import Receipt, Refusal
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
    rule: str
    before: Rows = field(default_factory=dict)
    now: Rows = field(default_factory=dict)

    @property
    def transactions(self) -> Iterator[tuple[Submission, Footprint]]:
        """Those of the source, with what they did there."""
        for submissions, footprints, _, _ in self.blocks:
            yield from zip(submissions, footprints, strict=True)


def _case(seed: int) -> Case:
    world, source = _world(), random.Random(seed)
    ours = range(source.randrange(1, ACCOUNTS))
    theirs = range(source.choice([0, ours.stop, source.randrange(ACCOUNTS)]), ACCOUNTS + 1)
    world.machine.move_to(world.start)
    base, before = world.machine.roots, state_of(world.machine)
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
    rule = source.choice(["replay", "lost update", *Policy, "public.settle", "public.settle"])
    return Case(blocks, left_out, base, end, target, _unseen(base), rule, before, state_of(world.machine))


def _unseen(base: dict[TableName, Node]) -> Cells:
    """The cells in which the state that the machine is at differs from an earlier one."""
    found: Cells = {}
    machine = _world().machine
    for name, table in machine.catalog.stored.items():
        columns = [column.name for column in table.columns]
        for key, (old, new) in changed_rows(machine.tree(table), base.get(name), machine.root(name)).items():
            differing = frozenset(
                column for place, column in enumerate(columns) if not (old and new) or old[place] != new[place]
            )
            found.setdefault(name, {})[key] = differing
    return found


class Replayer:
    """Replays transactions by the rules of a merge, one after the other."""

    def __init__(self, case: Case, execution: BlockExecution) -> None:
        self._case, self._execution = case, execution
        self._refused = Touched()
        machine = _world().machine
        order = {name: [column.name for column in table.columns] for name, table in machine.catalog.tables.items()}
        columns = {name: frozenset(names) for name, names in order.items()}
        self._changed = Changed(case.before, case.now, columns, order)
        made = SourceRows(lambda: ((-1, one[0].id, footprint) for one, footprint in case.transactions))
        self._settler = Settler(case.rule, machine, lambda _table, key: 90 + len(str(key)), made)

    def __call__(self, place: Place, before: Footprint) -> tuple[Receipt | str, Footprint]:
        submission = self._case.blocks[place[0]][0][place[1]]
        with self._execution.records.watched() as touched:
            end = self._ending(submission, before, 90 + place[1])
        if not isinstance(end, TransactionOutcome):
            self._refused.add(before)
        return end.receipt if isinstance(end, TransactionOutcome) else _told(end), joined(touched)

    def _ending(self, submission: Submission, before: Footprint, time: int) -> Ending:
        if self._refused.is_read_by(before):
            return Refusal("depends", "")
        found = self._executed(submission, before)
        if isinstance(found, TransactionOutcome) or self._case.rule in ("replay", "lost update"):
            return found
        case = Inconsistency(submission, found, "", before, self._changed, time)
        return self._settler.settle(self._execution, case)

    def _executed(self, submission: Submission, before: Footprint) -> TransactionOutcome | Refusal:
        if self._loses(before):
            return Refusal(LOST_UPDATE, "where it was made")
        try:
            done = self._execution.record(*submission, self._accept)
        except AergoError as error:
            return refusal_for(error)
        return done.outcome if done.is_kept else Refusal(LOST_UPDATE, "here")

    def _accept(self, _outcome: TransactionOutcome, footprint: Footprint) -> bool:
        return not self._loses(footprint)

    def _loses(self, footprint: Footprint) -> bool:
        if self._case.rule == "replay":
            return False
        unseen = self._case.unseen
        return any(
            columns & unseen.get(table, {}).get(key, frozenset())
            for table, rows in blind_writes(footprint).items()
            for key, columns in rows.items()
        )


def _told(end: Refusal | Conflict) -> str:
    if isinstance(end, Conflict) and end.changes is not None:
        end = replace(end, changes={table: dict(rows) for table, rows in end.changes.items()})
    return repr(end)


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
    grafter: Grafter[Receipt | str] = Grafter(world.machine, recorded, case.unseen, lambda _entity, _key: True)
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
    try:
        state, expected = _serially(case)
    except MergeAbortedError as aborted:
        with pytest.raises(MergeAbortedError, match=re.escape(aborted.message)):
            _grafted(case)
        return 0
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


def _merged(
    theirs: Sequence[Submission], ours: Sequence[Submission], rule: str = "replay"
) -> tuple[list[tuple[object, ...]], int]:
    """The accounts after a merge, which is the serial one, and how many of the source's transactions were grafted."""
    world = _world()
    world.machine.move_to(world.start)
    base, before = world.machine.roots, state_of(world.machine)
    catalog = world.machine.catalog
    _, included, footprints, receipts = world.recorded(theirs, 2)
    log = log_footprints(BlockId("1" * 64), catalog, [one for one, _ in included], footprints)
    end = world.machine.roots
    world.machine.move_to(world.start)
    world.run(ours, 2)
    blocks = [(included, footprints, receipts, decode_recorded_block(log))]
    now = state_of(world.machine)
    case = Case(blocks, [set()], base, end, world.machine.snapshot, _unseen(base), rule, before, now)
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


def test_what_settles_a_transaction_sees_no_row_of_a_grafted_one_behind_it() -> None:
    world = _world()
    inconsistent = world.script("UPDATE account SET balance = 15 WHERE id = 1")
    ours = [world.script("UPDATE account SET balance = 12 WHERE id = 1")]
    for behind in (57, 42):  # would have it settled otherwise, or refuse the whole merge
        theirs = [inconsistent, world.script(f"UPDATE account SET balance = {behind} WHERE id = 3")]
        accounts, grafted = _merged([*theirs, world.script("DELETE FROM account WHERE id = 7")], ours, "public.settle")
        assert (accounts[1][2], accounts[3][2], accounts[5][3]) == (17, behind, None)
        assert grafted == (1 if behind == 57 else 0)


def test_what_settling_writes_is_written_before_what_a_transaction_behind_it_writes() -> None:
    world = _world()
    theirs = [
        world.script("UPDATE account SET balance = 15 WHERE id = 1"),
        world.script("UPDATE account SET note = 'mine' WHERE id = 5"),
        world.script("UPDATE account SET note = 'far' WHERE id = 7"),
    ]
    ours = [world.script("UPDATE account SET balance = 12 WHERE id = 1; UPDATE account SET balance = 57 WHERE id = 3")]
    accounts, grafted = _merged(theirs, ours, "public.settle")
    assert [accounts[place][3] for place in (5, 7)] == ["mine", "far"]
    assert grafted == 1


def test_a_settled_transaction_that_goes_another_way_takes_those_along_that_it_meets_there() -> None:
    world = _world()
    theirs = [
        world.script("UPDATE account SET balance = 15 WHERE id = 1; CALL transfer(4, 6, 1)"),
        world.script("UPDATE account SET note = 'mine' WHERE id = 5"),
    ]
    ours = [world.script("UPDATE account SET balance = 12 WHERE id = 1; UPDATE account SET balance = 900 WHERE id = 4")]
    accounts, grafted = _merged(theirs, ours, "sum")
    assert (accounts[1][2], accounts[5][3]) == (17, "mine")
    assert grafted == 0


def test_kept_footprints_are_read_as_they_were_written() -> None:
    for seed in range(20):
        for _, footprints, _, recorded in _case(seed).blocks:
            assert [recorded.footprint(place) for place in range(recorded.count)] == footprints
            assert len(recorded.rows) == (recorded.ends[-1] if recorded.ends else 0)


def _grafted_share(seeds: Sequence[int]) -> float:
    grafted = [_require_serial_result(seed) for seed in seeds]
    return sum(1 for number in grafted if number) / len(grafted)


def test_most_of_the_random_merges_do_graft() -> None:
    assert _grafted_share(range(30)) > 0.5
