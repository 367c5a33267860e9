"""Transactions run in another order than their block's, or left as they are in a merge, against execution in order."""

import random
from functools import cache

import pytest
from bank_world import ACCOUNTS, BankWorld
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import TableName
from aergo_vc.ledger.machine import BlockExecution, Submission
from aergo_vc.merging.dependencies import Dependencies, dependencies, version_dependencies
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Receipt
from aergo_vc.model.types import Row
from aergo_vc.state.snapshot import Root, Snapshot

LONG = 10_000
Rows = dict[TableName, dict[Key, Row]]


@cache
def _world() -> BankWorld:
    return BankWorld.open()


def _random_order(source: random.Random, tree: Dependencies) -> list[int]:
    """An order that keeps a tree's dependencies, and otherwise as far from the first one as chance will have it."""
    waits = [set(tree.direct(place)) for place in range(tree.count)]
    done: list[int] = []
    left = set(range(tree.count))
    while left:
        free = sorted(place for place in left if waits[place].issubset(done))
        chosen = source.choice([free[-1], source.choice(free)])
        done.append(chosen)
        left.discard(chosen)
    return done


def _require_serial_result(seed: int) -> None:
    world, source = _world(), random.Random(seed)
    world.machine.move_to(world.start)
    offered = world.random_transactions(source, source.randrange(2, 14), range(source.randrange(1, ACCOUNTS)))
    state, included, footprints, receipts = world.recorded(offered)
    order = _random_order(source, dependencies(footprints))
    world.machine.move_to(world.start)
    other, others = world.run([included[place] for place in order])
    assert other.root == state.root
    assert others == [receipts[place] for place in order]


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_g17_any_order_that_keeps_the_dependencies_gives_the_same_root_and_receipts(seed: int) -> None:
    _require_serial_result(seed)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_g17_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_serial_result(seed)


# Versions


class _Versions:
    """The versions of rows that the transactions of a block leave behind, in whatever order they are executed."""

    def __init__(self, world: BankWorld, offered: list[Submission]) -> None:
        self.world = world
        self.start = self._all_rows()
        self.included: list[Submission] = []
        self.footprints: list[Footprint] = []
        self.receipts: list[Receipt] = []
        self.after: list[Rows] = []
        with world.machine.block(world.context(1)) as execution:
            for submission in offered:
                try:
                    done = execution.record(*submission)
                except AergoError:
                    continue
                self.included.append(submission)
                self.footprints.append(done.footprint)
                self.receipts.append(done.outcome.receipt)
                self.after.append(self.written_rows(done.footprint))

    def _all_rows(self) -> Rows:
        machine = self.world.machine
        return {
            name: {machine.tree(table).key_of(row): row for row in machine.engine.rows(name)}
            for name, table in machine.catalog.stored.items()
        }

    def written_rows(self, footprint: Footprint) -> Rows:
        """The rows that a transaction wrote, as they are now."""
        machine = self.world.machine
        return {
            name: {
                machine.tree(machine.catalog.stored[name]).key_of(row): row for row in machine.engine.rows(name, keys)
            }
            for name, keys in footprint.writes.items()
        }

    def cells(self, place: int, rows: Rows) -> dict[tuple[TableName, Key, str], object]:
        """The cells that a transaction wrote, given its rows; None for a row that is gone."""
        found: dict[tuple[TableName, Key, str], object] = {}
        for name, written in self.footprints[place].writes.items():
            names = [column.name for column in self.world.machine.catalog.stored[name].columns]
            for key, columns in written.items():
                row = rows[name].get(key)
                found |= {(name, key, column): None if row is None else row[names.index(column)] for column in columns}
        return found

    def before(self, place: int, executed: set[int]) -> Snapshot:
        """The state that a transaction is to see: what those in front of it have written so far."""
        rows = {name: dict(found) for name, found in self.start.items()}
        for other in sorted(executed):
            if other < place:
                self._lay_over(rows, other)
        machine, tables = self.world.machine, {}
        for name, found in rows.items():
            root = machine.tree(machine.catalog.stored[name]).build(list(found.values()))
            if root is not None:
                tables[name] = Root(root.id, root.digest)
        return Snapshot(self.world.start.schemas, tables, self.world.start.functions)

    def _lay_over(self, rows: Rows, place: int) -> None:
        for name, written in self.footprints[place].writes.items():
            names = [column.name for column in self.world.machine.catalog.stored[name].columns]
            for key, columns in written.items():
                row, old = self.after[place][name].get(key), rows[name].get(key)
                if row is None:
                    rows[name].pop(key, None)
                elif old is None:
                    rows[name][key] = row
                else:
                    pairs = zip(names, row, old, strict=True)
                    rows[name][key] = tuple(new if column in columns else value for column, new, value in pairs)


def _require_versions_result(seed: int) -> None:
    """Numbers of changed rows aside, which tell of the version before too."""
    world, source = _world(), random.Random(seed)
    world.machine.move_to(world.start)
    offered = world.random_transactions(source, source.randrange(2, 9), range(source.randrange(1, ACCOUNTS)))
    versions = _Versions(world, offered)
    executed: set[int] = set()
    for place in _random_order(source, version_dependencies(versions.footprints)):
        world.machine.move_to(versions.before(place, executed))
        with world.machine.block(world.context(1)) as execution:
            receipt, cells = _run_one(versions, execution, place)
        assert (receipt.events, receipt.result) == (versions.receipts[place].events, versions.receipts[place].result)
        assert cells == versions.cells(place, versions.after[place])
        executed.add(place)


def _run_one(
    versions: _Versions, execution: BlockExecution, place: int
) -> tuple[Receipt, dict[tuple[TableName, Key, str], object]]:
    done = execution.record(*versions.included[place])
    assert done.footprint.writes == versions.footprints[place].writes
    return done.outcome.receipt, versions.cells(place, versions.written_rows(done.footprint))


@given(st.integers(0, 2**64))
@settings(max_examples=40)
def test_g17_with_versions_every_transaction_writes_what_it_wrote_in_order(seed: int) -> None:
    _require_versions_result(seed)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_g17_with_versions_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_versions_result(seed)


def test_g18_an_insertion_into_a_range_that_was_searched_waits_for_the_search() -> None:
    world = _world()
    world.machine.move_to(world.start)
    searching = world.script("UPDATE account SET note = 'seen' WHERE balance > 1000")
    inserting = world.script("INSERT INTO account VALUES (500, 'new', 5000, NULL)")
    _, _, footprints, _ = world.recorded([searching, inserting])
    assert dependencies(footprints).before == ((), (0,))
    _, _, footprints, _ = world.recorded([world.script("DELETE FROM account WHERE id = 500"), searching])
    assert dependencies(footprints).before == ((), (0,))
