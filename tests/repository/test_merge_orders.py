"""Two branches merged one after the other, in either order: the same state, where nothing is in the way."""

import random
import shutil
from collections.abc import Callable, Sequence

import pytest
from forgery import Forger, Ledger, copied, found
from hypothesis import event, given, settings
from hypothesis import strategies as st
from random_work import LAWS, START, random_script, work
from world import World

from aergo_vc.repository.results import Merged

OF_ONE_KEY = (
    "UPDATE kv SET v = {n} WHERE k = {k}",
    "UPDATE kv SET v = v + {n} WHERE k = {k}",
    "UPDATE kv SET w = 'w{k}' WHERE k = {k}",
    "UPDATE kv SET v = (SELECT v FROM kv WHERE k = {o}) WHERE k = {k}",
    "INSERT INTO kv VALUES ({k}, {n}, NULL)",
    "INSERT INTO kv VALUES ({k}, {n}, 'w{k}') ON CONFLICT (k) DO UPDATE SET v = kv.v + excluded.v",
    "DELETE FROM kv WHERE k = {k}",
    "INSERT INTO child VALUES ({k}, {o})",
    "DELETE FROM child WHERE c = {k}",
    "CALL move({k}, {o})",
    "CREATE TABLE extra{k} (id int PRIMARY KEY, n int); INSERT INTO extra{k} VALUES (1, {n})",
    "INSERT INTO extra{k} VALUES ({n}, {n})",
    "ALTER TABLE extra{k} ADD COLUMN more int",
)
"""What changes rows with given keys and no others."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    root = tmp_path_factory.mktemp("template") / "world"
    root.mkdir()
    return found(World.create(root), scripts=(START, "INSERT INTO kv VALUES (4, 40, NULL), (5, 50, NULL)"))


def both_orders(
    ledger: Ledger, law: Sequence[str], scripts: Callable[[str], list[str]]
) -> tuple[list[Merged], list[Merged]]:
    """What both orders of merging two branches, with blocks of `scripts` for each, did to branches under a law.

    Where nothing was left out the states are one.
    """
    with ledger.open() as repository:
        for name in ("one", "two"):
            repository.branch(name)
        for name in ("forth", "back"):
            repository.branch(name, merge=law)
    for name in ("one", "two", "one", "two"):
        ledger.on(name)
        with ledger.open() as repository:
            work(repository, scripts(name))
    orders = []
    for target, sources in (("forth", ("one", "two")), ("back", ("two", "one"))):
        ledger.on(target)
        with ledger.open() as repository:
            orders.append([repository.merge(source) for source in sources])
        ledger.verifies(target)
    if not any(done.refused for order in orders for done in order):
        states = [Forger(ledger, target).blocks()[-1][1].header.state for target in ("forth", "back")]
        assert states[0] == states[1]
    return orders[0], orders[1]


def play(
    template: Ledger, paths: pytest.TempPathFactory, histories: int, check: Callable[[Ledger, random.Random], None]
) -> None:
    """Check copies of a ledger with randomness of many seeds."""

    @given(st.integers(0, 2**64))
    @settings(max_examples=histories, deadline=None)
    def run(seed: int) -> None:
        root = paths.mktemp("history")
        check(copied(template, root / "world"), random.Random(seed))
        shutil.rmtree(root)

    run()


def test_branches_that_touch_different_rows_are_merged_whole_in_either_order(
    template: Ledger, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    def check(ledger: Ledger, source: random.Random) -> None:
        keys = {"one": (1, 2), "two": (4, 5)}
        # Foreign keys and UNIQUE look at other rows.
        law = source.choice([law for law in LAWS if "serializable" not in law])
        orders = both_orders(
            ledger, law, lambda name: [random_script(source, keys[name], OF_ONE_KEY) for _ in range(4)]
        )
        assert [one.receipt.refusal for order in orders for done in order for one in done.refused] == []

    play(template, tmp_path_factory, 200 if request.config.getoption("--long") else 2, check)


def test_branches_of_which_nothing_is_left_out_make_one_state_in_either_order_under_the_strictest_rule(
    template: Ledger, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    def check(ledger: Ledger, source: random.Random) -> None:
        keys = range(1, source.choice([6, 12]))
        orders = both_orders(
            ledger, ("serializable",), lambda _: [random_script(source, keys) for _ in range(source.randrange(1, 3))]
        )
        event(f"left out: {sum(len(done.refused) for order in orders for done in order)}")

    play(template, tmp_path_factory, 200 if request.config.getoption("--long") else 2, check)
