"""Merges that graft most transactions, against the same merges executed one transaction after the other."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
from bank_world import ACCOUNTS, BankWorld
from edits import EDITS, Edits, edited
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from settling_world import Changed, state_of
from settling_world import State as Rows

from aergo_vc.base.errors import AergoError, FormatError
from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import decode_recorded_block
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.ledger.machine import BlockExecution, State, Submission, TransactionOutcome
from aergo_vc.ledger.settled import before_and_after, instead_of, repeat, settled_row, settled_rows
from aergo_vc.merging.candidates import SettledThere, settled_there
from aergo_vc.merging.carrying import Carrier, is_in_the_way, put
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.deciding import LOST_UPDATE, LeftOut
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.grafting.definitions import concerned_names, running, tables_named
from aergo_vc.merging.grafting.dividing import Place, Recorded
from aergo_vc.merging.grafting.files import with_settled
from aergo_vc.merging.grafting.grafter import Grafter, ReplayOne
from aergo_vc.merging.marks import log_footprints
from aergo_vc.merging.settling import Ending, Inconsistency, Settler, refusal_for, settled_by
from aergo_vc.merging.source_rows import SourceRows
from aergo_vc.model.blocks import Policy
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.footprints import Columns, Footprint, Lookup, apart_from_numbers, blind_writes, joined
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Receipt, Refusal, SettledAs, SettledRow
from aergo_vc.model.types import Row
from aergo_vc.sql.footprints.tables import TableFacts
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Snapshot

LONG = 10_000
NOTHING = Footprint()
Told = Receipt | Refusal | Conflict
SETTLING = BlockId("5" * 64)


@cache
def _world() -> BankWorld:
    return BankWorld.open()


@dataclass
class Block:
    """A block of the source: what stands in it, what that did, and what was kept of it."""

    submissions: list[Submission]
    footprints: list[Footprint]
    receipts: list[Receipt]
    kept: RecordedBlock

    @property
    def lines(self) -> bytes:
        lines = b"".join(encode_transaction(one) + b"\n" for one, _ in self.submissions)
        return with_settled(lines, encode_receipts(self.receipts))


@dataclass
class Case:
    """Two histories from one state on; `blocks` are the source's, `target` is where the other led.

    `catalogs` are those of all states, if there is more than one.
    """

    blocks: list[Block]
    left_out: list[set[int]]
    base: dict[TableName, Node]
    end: dict[TableName, Node]
    target: Snapshot
    unseen: Footprint
    rule: str
    before: Rows
    now: Rows
    catalogs: list[Catalog] = field(default_factory=list)

    @property
    def transactions(self) -> Iterator[tuple[Submission, Footprint]]:
        """Those of the source, with what they did there."""
        for block in self.blocks:
            yield from zip(block.submissions, block.footprints, strict=True)


class Histories:
    """Two histories in the making; with `defining` the transactions define things as well."""

    def __init__(self, seed: int, *, defining: bool = False) -> None:
        self.source = random.Random(seed)
        self.defining = defining
        self.world = _world()
        self.catalogs: list[Catalog] = []

    def case(self) -> Case:
        source, world = self.source, self.world
        ours = range(source.randrange(1, ACCOUNTS))
        theirs = range(source.choice([0, ours.stop, source.randrange(ACCOUNTS)]), ACCOUNTS + 1)
        world.machine.move_to(world.start)
        base, before = world.machine.roots, state_of(world.machine)
        early = self._included(ours, source.choice([0, 0, 3]))
        fork = world.machine.snapshot
        world.machine.move_to(world.start)
        blocks = [self._block(self._offered(theirs, source.randrange(1, 9)))]
        if early:
            blocks.append(self._taken_in(early) if source.random() < 0.5 else self._block(early))
        for _ in range(source.randrange(3)):
            made = self._taken_in if source.random() < 0.4 else self._block
            blocks.append(made(self._offered(theirs, source.randrange(1, 9))))
        end = world.machine.roots
        world.machine.move_to(fork)
        picked = [submission for block in blocks for submission in block.submissions if source.random() < 0.08]
        late = self._included(ours, source.randrange(6), picked)
        there = {one.id for one, _ in [*early, *late]}
        left_out = [{place for place, (one, _) in enumerate(block.submissions) if one.id in there} for block in blocks]
        rules = ["replay", "lost update"]
        rule = source.choice(rules if self.defining else [*rules, *Policy, "public.settle", "public.settle"])
        catalogs = [world.machine.catalog, *self.catalogs] if self.defining else []
        machine = world.machine
        return Case(
            blocks, left_out, base, end, machine.snapshot, _difference(base), rule, before, state_of(machine), catalogs
        )

    def _offered(self, accounts: Sequence[int], count: int) -> list[Submission]:
        world, source = self.world, self.source
        found = world.random_transactions(source, count, accounts)
        for place in range(len(found)):
            if self.defining and source.random() < 0.3:
                found[place] = world.random_definition(source)
        return found

    def _included(self, accounts: Sequence[int], count: int, more: Sequence[Submission] = ()) -> list[Submission]:
        """A block of the target's."""
        return self.world.recorded([*self._offered(accounts, count), *more], 2)[1]

    def _block(self, offered: Sequence[Submission]) -> Block:
        """A block of the source's, of those that succeed."""
        catalog = self.world.machine.catalog
        _, included, footprints, receipts = self.world.recorded(offered, 2)
        self.catalogs += [catalog, self.world.machine.catalog]
        return Block(included, footprints, receipts, _kept(catalog, included, footprints))

    def _taken_in(self, transactions: Sequence[Submission]) -> Block:
        """A block of the source's for which a law settled rows of the accounts."""
        machine = self.world.machine
        snapshot, catalog = machine.snapshot, machine.catalog
        included: list[Submission] = []
        receipts: list[Receipt] = []
        with machine.block(self.world.context(2)) as execution:
            for submission in transactions:
                with suppress(AergoError):
                    receipts.append(self._settled(execution, submission))
                    included.append(submission)
            after = execution.finish()
        self.catalogs += [catalog, machine.catalog]
        machine.move_to(snapshot)
        with machine.block(self.world.context(2)) as execution:
            both = zip(included, receipts, strict=True)
            footprints = [repeat(execution, submission, receipt).footprint for submission, receipt in both]
            assert execution.finish().root == after.root
        return Block(included, footprints, receipts, _kept(catalog, included, footprints))

    def _settled(self, execution: BlockExecution, submission: Submission) -> Receipt:
        """Settle a row, or some, of an account that a transaction touched, or any; raises where it fails."""
        source, by = self.source, "sum"
        table = execution.catalog.tables[TableName("public.account")]
        if source.random() < 0.2:
            script = f"UPDATE account SET note = 'instead' WHERE id = {source.randrange(ACCOUNTS)}"
            outcome = execution.record(*instead_of(submission, script)).outcome
            return replace(outcome.receipt, settled=by, settled_as=SettledAs(script=script, block=SETTLING))
        rows: list[SettledRow] = []

        def note(here: Footprint) -> None:
            rows.clear()
            for key in source.sample([*here.changes.get(table.name, {}), (source.randrange(ACCOUNTS),)], 1):
                change = before_and_after(execution, here, table.name, key)
                columns = None if here is NOTHING else source.choice([None, ["balance"], ["note", "owner"]])
                if columns is None:
                    row = source.choice([None, (*key, "settled", source.randrange(99), None)])
                else:
                    row = change.after and (*key, "settled", source.randrange(99), "law")
                rows.append(settled_row(table, key, columns, change, row))

        def amend(here: Footprint) -> Mapping[TableName, Mapping[Key, Row | None]]:
            note(here)
            return settled_rows(execution, here, rows)

        try:
            recorded = execution.amend(*submission, amend)
            fails = False
        except AergoError as error:
            if rows or not is_in_the_way(error):
                raise
            note(NOTHING)
            fails = True
            recorded = put(execution, submission, rows)
        assert recorded is not None
        was = SettledAs(tuple(rows), fails, block=SETTLING)
        return replace(recorded.outcome.receipt, settled=by, settled_as=was)


def _kept(catalog: Catalog, submissions: Sequence[Submission], footprints: Sequence[Footprint]) -> RecordedBlock:
    log = log_footprints(BlockId("1" * 64), catalog, [one for one, _ in submissions], footprints)
    return decode_recorded_block(log)


def _difference(base: dict[TableName, Node]) -> Footprint:
    """What has changed since some tables were as their trees say, as one transaction would have done it."""
    writes: dict[TableName, dict[Key, Columns]] = {}
    changes: dict[TableName, Mapping[Key, RowChange]] = {}
    entries: dict[Lookup, dict[Key, Columns]] = {}
    machine = _world().machine
    for name, table in machine.catalog.stored.items():
        if table != _world().catalog.stored.get(name):
            continue
        columns = [column.name for column in table.columns]
        changes[name] = changed_rows(machine.tree(table), base.get(name), machine.root(name))
        for key, (old, new) in changes[name].items():
            differing = frozenset(
                column for place, column in enumerate(columns) if not (old and new) or old[place] != new[place]
            )
            writes.setdefault(name, {})[key] = differing
            for lookup in TableFacts(machine.catalog, table).lookups:
                places = [columns.index(column) for column in lookup.columns]
                rows = [tuple(row[place] for place in places) for row in (old, new) if row is not None]
                entries.setdefault(lookup, {}).update({row: differing for row in rows if None not in row})
    return Footprint(writes=writes, changes=changes, entries=entries)


class Replayer:
    """Replays transactions by the rules of a merge, one after the other."""

    def __init__(self, case: Case, execution: BlockExecution) -> None:
        self._case, self._execution = case, execution
        self._left = LeftOut()
        machine = _world().machine
        order = {name: [column.name for column in table.columns] for name, table in machine.catalog.tables.items()}
        columns = {name: frozenset(names) for name, names in order.items()}
        self._changed = Changed(case.before, case.now, columns, order)
        made = SourceRows(lambda: ((-1, one[0].id, footprint) for one, footprint in case.transactions))
        self._settler = Settler(case.rule, machine, lambda _table, key: 90 + len(str(key)), made)

    def __call__(self, place: Place, before: Footprint) -> tuple[Told, Footprint, bool]:
        block = self._case.blocks[place[0]]
        submission = block.submissions[place[1]]
        with self._execution.records.watched() as touched:
            end = self._ending(submission, before, 90 + place[1], settled_there(block.receipts[place[1]]))
        if isinstance(end, TransactionOutcome):
            self._left.renumber(submission[0].id, before, touched[-1])
            return end.receipt, joined(touched), True
        self._left.add(submission[0].id, before)
        return _told(end), joined(touched), False

    def _ending(self, submission: Submission, before: Footprint, time: int, settled: SettledThere | None) -> Ending:
        refusal = self._left.dependence(before)
        settles = self._case.rule not in ("replay", "lost update")
        if refusal is None and settles:
            refusal = self._left.misnaming(before)
        if refusal is not None:
            return refusal
        found = self._executed(submission, before, settled)
        if isinstance(found, TransactionOutcome) or not settles:
            return found
        was = None if settled is None else settled.was
        case = Inconsistency(submission, found, "", apart_from_numbers(before), self._changed, time, settled=was)
        return self._settler.settle(self._execution, case)

    def _executed(
        self, submission: Submission, before: Footprint, settled: SettledThere | None
    ) -> TransactionOutcome | Refusal:
        if self._loses(before):
            return Refusal(LOST_UPDATE, "where it was made")

        def check(footprint: Footprint) -> Refusal | None:
            return Refusal(LOST_UPDATE, "here") if self._loses(footprint) else self._left.misnaming(before, footprint)

        try:
            if settled is not None:
                carrier = Carrier(self._execution, submission, settled.was, always=self._case.rule == "replay")
                found = carrier.carry(check)
                return found if isinstance(found, Refusal) else settled_by(found, settled.by)
            done = self._execution.record(*submission, lambda _outcome, footprint: check(footprint) is None)
        except AergoError as error:
            return refusal_for(error)
        return done.outcome if done.is_kept else Refusal(LOST_UPDATE, "here")

    def _loses(self, footprint: Footprint) -> bool:
        if self._case.rule == "replay":
            return False
        unseen = self._case.unseen.writes
        return any(
            columns & unseen.get(table, {}).get(key, frozenset())
            for table, rows in blind_writes(apart_from_numbers(footprint)).items()
            for key, columns in rows.items()
        )


def _told(end: Refusal | Conflict) -> Refusal | Conflict:
    """The same, such that equal ones are."""
    if isinstance(end, Conflict) and end.changes is not None:
        return replace(end, changes={table: dict(rows) for table, rows in end.changes.items()})
    return end


Results = list[Told]


def _serially(case: Case) -> tuple[State, Results]:
    world = _world()
    world.machine.move_to(case.target)
    with world.machine.block(world.context(9)) as execution:
        replay = Replayer(case, execution)
        results = [
            replay((number, place), footprint)[0]
            for number, block in enumerate(case.blocks)
            for place, footprint in enumerate(block.footprints)
            if place not in case.left_out[number]
        ]
        return execution.finish(), results


def _grafted(case: Case) -> tuple[State, Results, int]:
    world = _world()
    world.machine.move_to(case.target)
    kept = [block.kept for block in case.blocks]
    names = frozenset[str]()
    if case.catalogs:
        names = concerned_names(case.catalogs, kept, [block.lines for block in case.blocks])
    must = {number: running(block.kept, block.lines, names) for number, block in enumerate(case.blocks)}
    source = Recorded(kept, case.left_out, case.base, case.end, must)
    apart = tables_named(case.catalogs, names)
    grafter: Grafter[Told] = Grafter(world.machine, source, case.unseen, lambda _entity, _key: True, apart)
    with world.machine.block(world.context(9)) as execution:

        def begin() -> ReplayOne[Told]:
            return Replayer(case, execution)

        done = grafter.run(execution, begin)
        state = execution.finish()
    results = [
        done.results.get((number, place), receipt)
        for number, block in enumerate(case.blocks)
        for place, receipt in enumerate(block.receipts)
        if place not in case.left_out[number]
    ]
    return state, results, done.division.grafted


def _require_serial_result(seed: int, *, defining: bool = False) -> int:
    case = Histories(seed, defining=defining).case()
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
        trees = machine.tree(table).rows(machine.root(name))
        assert sorted(machine.engine.rows(name), key=repr) == sorted(trees, key=repr)
    return grafted


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_a_merge_that_grafts_gives_what_the_serial_one_gives(seed: int) -> None:
    _require_serial_result(seed)


@given(st.integers(0, 2**64))
@settings(max_examples=25)
def test_it_does_so_where_either_side_defines_something(seed: int) -> None:
    _require_serial_result(seed, defining=True)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_serial_result(seed)
    _require_serial_result(seed, defining=True)


def _merged(
    theirs: Sequence[Submission], ours: Sequence[Submission], rule: str = "replay"
) -> tuple[list[tuple[object, ...]], int]:
    """The accounts after a merge, which is the serial one, and how many of the source's transactions were grafted."""
    world = _world()
    world.machine.move_to(world.start)
    base, before = world.machine.roots, state_of(world.machine)
    _, included, footprints, receipts = world.recorded(theirs, 2)
    end = world.machine.roots
    world.machine.move_to(world.start)
    world.run(ours, 2)
    blocks = [Block(included, footprints, receipts, _kept(world.catalog, included, footprints))]
    now = state_of(world.machine)
    case = Case(blocks, [set()], base, end, world.machine.snapshot, _difference(base), rule, before, now)
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
        for block in Histories(seed).case().blocks:
            recorded = block.kept
            assert [recorded.footprint(place) for place in range(recorded.count)] == block.footprints
            assert len(recorded.rows) == (recorded.ends[-1] if recorded.ends else 0)


@given(EDITS)
def test_kept_footprints_that_were_damaged_are_refused(edits: Edits) -> None:
    world = _world()
    world.machine.move_to(world.start)
    _, included, footprints, _ = world.recorded([world.call("public.transfer", 1, 3, 5)])
    log = log_footprints(BlockId("1" * 64), world.catalog, [one for one, _ in included], footprints)
    changed = edited(log, edits)
    assume(changed != log)
    with pytest.raises(FormatError):
        decode_recorded_block(changed)


def _grafted_share(seeds: Sequence[int], *, defining: bool) -> float:
    grafted = [_require_serial_result(seed, defining=defining) for seed in seeds]
    return sum(1 for number in grafted if number) / len(grafted)


def test_most_of_the_random_merges_do_graft() -> None:
    assert _grafted_share(range(30), defining=False) > 0.5
    assert _grafted_share(range(30), defining=True) > 0.3
