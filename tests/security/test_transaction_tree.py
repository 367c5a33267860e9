"""Transactions run in another order than their block's, or left as they are in a merge, against execution in order."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from bank_world import ACCOUNTS, BankWorld
from defining_world import Scene, random_scene
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import TableName
from aergo_vc.codec.catalog_texts import functions_of, schemas_of
from aergo_vc.ledger.machine import BlockExecution, Submission
from aergo_vc.merging.dependencies import Dependencies, dependencies, version_dependencies
from aergo_vc.merging.reordering import in_any_order
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Receipt
from aergo_vc.model.types import Row
from aergo_vc.sql.naming import KINDS, plain
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


def _scene(source: random.Random, most: int, *, defining: bool) -> Scene:
    """Transactions on a state where the machine is left: the bank's first one, or one where something was defined."""
    world, accounts = _world(), range(source.randrange(1, ACCOUNTS))
    if defining:
        return random_scene(world, source, 2 * most, accounts)
    world.machine.move_to(world.start)
    offered = world.random_transactions(source, source.randrange(2, most), accounts)
    return Scene(world.start, world.catalog, offered)


def _in_any_order(scene: Scene, included: Sequence[Submission], footprints: Sequence[Footprint]) -> Sequence[Footprint]:
    return in_any_order([one.payload for one, _ in included], footprints, [scene.catalog, _world().machine.catalog])


def _require_serial_result(seed: int, *, defining: bool = False) -> None:
    world, source = _world(), random.Random(seed)
    scene = _scene(source, 14, defining=defining)
    state, included, footprints, receipts = world.recorded(scene.offered)
    order = _random_order(source, dependencies(_in_any_order(scene, included, footprints)))
    world.machine.move_to(scene.start)
    other, others = world.run([included[place] for place in order])
    assert other.root == state.root
    assert others == [receipts[place] for place in order]


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_g17_any_order_that_keeps_the_dependencies_gives_the_same_root_and_receipts(seed: int) -> None:
    _require_serial_result(seed)


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_g17_it_does_so_where_transactions_define_what_others_use(seed: int) -> None:
    _require_serial_result(seed, defining=True)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_g17_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_serial_result(seed)
    _require_serial_result(seed, defining=True)


# Versions


class _Versions:
    """The versions of rows that the transactions of a block leave behind, in whatever order they are executed.

    Definitions have one version, but those that a transaction does not name may come later than it or earlier.
    """

    def __init__(self, world: BankWorld, scene: Scene) -> None:
        self.world = world
        self.start, self.catalog = self._rows(world.machine.catalog.stored), scene.catalog
        self.included: list[Submission] = []
        self.footprints: list[Footprint] = []
        self.receipts: list[Receipt] = []
        self.after: list[Rows] = []
        self.catalogs: list[tuple[Catalog, Catalog]] = []
        with world.machine.block(world.context(1)) as execution:
            for submission in scene.offered:
                before = execution.catalog
                try:
                    done = execution.record(*submission)
                except AergoError:
                    continue
                self.included.append(submission)
                self.footprints.append(done.footprint)
                self.receipts.append(done.outcome.receipt)
                self.after.append(self.left_by(done.footprint))
                self.catalogs.append((before, execution.catalog))
            execution.finish()

    def _rows(self, names: Iterable[TableName]) -> Rows:
        machine = self.world.machine
        return {
            name: {machine.tree(machine.catalog.stored[name]).key_of(row): row for row in machine.engine.rows(name)}
            for name in names
        }

    def left_by(self, footprint: Footprint) -> Rows:
        """The rows that a transaction wrote, as they are now, and all of the tables that it defined."""
        machine = self.world.machine
        defined = [name for name in machine.catalog.stored if plain(name) in (footprint.defined or ())]
        written = {
            name: {
                machine.tree(machine.catalog.stored[name]).key_of(row): row for row in machine.engine.rows(name, keys)
            }
            for name, keys in footprint.writes.items()
            if name in machine.catalog.stored
        }
        return written | self._rows(defined)

    def cells(self, place: int, rows: Rows) -> dict[tuple[TableName, Key, str], object]:
        """The cells that a transaction wrote, given its rows; None for a row that is gone."""
        found: dict[tuple[TableName, Key, str], object] = {}
        for name, columns, key, written in self._written(place):
            row = rows[name].get(key)
            found |= {(name, key, one): None if row is None else row[columns.index(one)] for one in written}
        return found

    def _written(self, place: int) -> Iterator[tuple[TableName, list[str], Key, frozenset[str]]]:
        """What a transaction wrote in tables that it did not define: each table's columns, a key, those written."""
        footprint = self.footprints[place]
        for name, rows in footprint.writes.items():
            if plain(name) not in (footprint.defined or ()):
                columns = [column.name for column in self.catalogs[place][1].stored[name].columns]
                yield from ((name, columns, key, written) for key, written in rows.items())

    def definitions(self, place: int, catalog: Catalog) -> dict[tuple[str, str], object]:
        """Of what a transaction defined, what there is in a catalog."""
        defined = self.footprints[place].defined or ()
        return {
            (kind, name): one for kind in KINDS for name, one in catalog.members(kind).items() if plain(name) in defined
        } | {("", str(grant)): grant for grant in catalog.grants if plain(grant.object) in defined}

    def before(self, place: int, executed: set[int]) -> Snapshot:
        """The state that a transaction is to see: what those in front of it have written so far."""
        rows = {name: dict(found) for name, found in self.start.items()}
        catalog = self.catalog
        for other in sorted(executed):
            if other < place:
                catalog = _laid_over(catalog, *self.catalogs[other])
                self._lay_over(rows, other)
        machine, tables = self.world.machine, {}
        for name, table in catalog.stored.items():
            root = machine.tree(table).build(list(rows.get(name, {}).values()))
            if root is not None:
                tables[name] = Root(root.id, root.digest)
        return Snapshot(schemas_of(catalog), tables, functions_of(catalog))

    def _lay_over(self, rows: Rows, place: int) -> None:
        defined = self.footprints[place].defined or ()
        for name in list(rows):
            if plain(name) in defined:
                del rows[name]
        rows |= {name: dict(found) for name, found in self.after[place].items() if plain(name) in defined}
        for name, columns, key, written in self._written(place):
            row, old = self.after[place][name].get(key), rows[name].get(key)
            if row is None:
                rows[name].pop(key, None)
            elif old is None:
                rows[name][key] = row
            else:
                pairs = zip(columns, row, old, strict=True)
                rows[name][key] = tuple(new if column in written else value for column, new, value in pairs)


def _laid_over(catalog: Catalog, before: Catalog, after: Catalog) -> Catalog:
    """A catalog with what differs between two others."""
    found: dict[str, Any] = {}
    for kind in (*KINDS, "owners"):
        old, new = before.members(kind), after.members(kind)
        gone = {name for name in old if name not in new}
        changed = {name: one for name, one in new.items() if old.get(name) != one}
        found[kind] = {name: one for name, one in catalog.members(kind).items() if name not in gone} | changed
    grants = (catalog.grants - (before.grants - after.grants)) | (after.grants - before.grants)
    return replace(catalog, **found, grants=grants)


def _require_versions_result(seed: int, *, defining: bool = False) -> None:
    """Numbers of changed rows aside, which tell of the version before too."""
    world, source = _world(), random.Random(seed)
    versions = _Versions(world, _scene(source, 9, defining=defining))
    payloads = [one.payload for one, _ in versions.included]
    footprints = in_any_order(payloads, versions.footprints, [versions.catalog, world.machine.catalog])
    executed: set[int] = set()
    for place in _random_order(source, version_dependencies(footprints)):
        world.machine.move_to(versions.before(place, executed))
        with world.machine.block(world.context(1)) as execution:
            _require_same(versions, execution, place)
        executed.add(place)


def _require_same(versions: _Versions, execution: BlockExecution, place: int) -> None:
    """Execute a transaction, which must do what it did in the block."""
    done = execution.record(*versions.included[place])
    was, footprint, receipt = versions.footprints[place], done.footprint, versions.receipts[place]
    assert (footprint.writes, footprint.defined) == (was.writes, was.defined)
    outcome = done.outcome.receipt
    assert (outcome.events, outcome.result) == (receipt.events, receipt.result)
    left, after = versions.left_by(footprint), versions.after[place]
    assert versions.cells(place, left) == versions.cells(place, after)
    if footprint.defines:
        defined = versions.definitions(place, execution.catalog)
        assert defined == versions.definitions(place, versions.catalogs[place][1])
        assert all(left[name] == rows for name, rows in after.items() if plain(name) in (was.defined or ()))


@given(st.integers(0, 2**64))
@settings(max_examples=40)
def test_g17_with_versions_every_transaction_writes_what_it_wrote_in_order(seed: int) -> None:
    _require_versions_result(seed)


@given(st.integers(0, 2**64))
@settings(max_examples=40)
def test_g17_with_versions_it_does_so_where_transactions_define_what_others_use(seed: int) -> None:
    _require_versions_result(seed, defining=True)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=LONG)
def test_g17_with_versions_it_does_so_in_ten_thousand_cases(seed: int) -> None:
    _require_versions_result(seed)
    _require_versions_result(seed, defining=True)


def test_g18_an_insertion_into_a_range_that_was_searched_waits_for_the_search() -> None:
    world = _world()
    world.machine.move_to(world.start)
    searching = world.script("UPDATE account SET note = 'seen' WHERE balance > 1000")
    inserting = world.script("INSERT INTO account VALUES (500, 'new', 5000, NULL)")
    _, _, footprints, _ = world.recorded([searching, inserting])
    assert dependencies(footprints).before == ((), (0,))
    _, _, footprints, _ = world.recorded([world.script("DELETE FROM account WHERE id = 500"), searching])
    assert dependencies(footprints).before == ((), (0,))


def _trees(*scripts: str) -> tuple[Dependencies, Dependencies]:
    """The tree of a block of scripts on the bank as it is at its start, and the one with versions."""
    world = _world()
    world.machine.move_to(world.start)
    scene = Scene(world.start, world.catalog, [world.script(script) for script in scripts])
    _, included, footprints, _ = world.recorded(scene.offered)
    assert len(included) == len(scripts)
    found = _in_any_order(scene, included, footprints)
    return dependencies(found), version_dependencies(found)


def test_a_foreign_key_that_is_added_waits_for_the_rows_that_it_looks_at() -> None:
    for tree in _trees(
        "CREATE TABLE loose (id int PRIMARY KEY)",
        "INSERT INTO loose VALUES (400)",
        "INSERT INTO account VALUES (400, 'new', 5, NULL)",
        "ALTER TABLE loose ADD FOREIGN KEY (id) REFERENCES account",
        "DELETE FROM account WHERE id = 3",
        "UPDATE tag SET uses = 1",
    ):
        assert tree.before == ((), (0,), (), (1, 2), (3,), ())


def test_what_defines_holds_up_only_what_may_name_it() -> None:
    for tree in _trees(
        "UPDATE account SET note = 'seen' WHERE id = 1",
        "CREATE VIEW rich AS SELECT id FROM account WHERE balance > 100",
        "CREATE TABLE more (id int PRIMARY KEY)",
        "INSERT INTO summary SELECT 1, count(*) FROM rich",
        "CREATE OR REPLACE FUNCTION bonus() RETURNS int LANGUAGE sql AS $$ SELECT 3 $$",
        "INSERT INTO more VALUES (1)",
        "ALTER TABLE more ADD COLUMN size int",
        "DROP VIEW rich",
    ):
        assert tree.before == ((), (0,), (), (1,), (), (2,), (5,), (3,))
