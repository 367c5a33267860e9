"""Transactions run in another order than their block's, or left as they are in a merge, against execution in order."""

import random
from functools import cache

import pytest
from bank_world import ACCOUNTS, BankWorld
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.merging.dependencies import Dependencies, dependencies

LONG = 10_000


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


def test_g18_an_insertion_into_a_range_that_was_searched_waits_for_the_search() -> None:
    world = _world()
    world.machine.move_to(world.start)
    searching = world.script("UPDATE account SET note = 'seen' WHERE balance > 1000")
    inserting = world.script("INSERT INTO account VALUES (500, 'new', 5000, NULL)")
    _, _, footprints, _ = world.recorded([searching, inserting])
    assert dependencies(footprints).before == ((), (0,))
    _, _, footprints, _ = world.recorded([world.script("DELETE FROM account WHERE id = 500"), searching])
    assert dependencies(footprints).before == ((), (0,))
