"""Schedules and finality against plain models, with many producers and none of the parts below."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.ids import Digest, EntityName
from aergo_vc.consensus.finality import Confirmation, confirmed_by, irreversible_height, needed
from aergo_vc.consensus.schedule import next_slot_of, producer_of, round_order, slot_at, slot_begins
from aergo_vc.model.directory import Roster

SEEDS = st.integers(0, 2**64).map(lambda number: Digest(f"{number:064x}"))
ROSTERS = st.builds(
    Roster,
    producers=st.sets(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), min_size=1, max_size=25).map(
        lambda names: tuple(map(EntityName, sorted(names)))
    ),
    seed=SEEDS,
    epoch=st.integers(0, 2**41),
    slot=st.integers(1, 86_400_000),
)


@given(ROSTERS, st.integers(0, 10**6))
def test_every_producer_has_one_slot_of_each_round(roster: Roster, number: int) -> None:
    size = len(roster.producers)
    turns = [producer_of(roster, number * size + place) for place in range(size)]
    assert sorted(turns) == sorted(roster.producers)
    assert tuple(turns) == round_order(roster, number)


@given(ROSTERS, st.integers(0, 10**6), st.randoms())
def test_c09_the_order_depends_on_the_seed_and_the_round_alone(roster: Roster, slot: int, rng: object) -> None:
    shuffled = tuple(sorted(roster.producers, key=lambda _: rng.random()))  # type: ignore[attr-defined]
    other = replace(roster, producers=shuffled, epoch=roster.epoch + 1, slot=roster.slot + 1)
    assert producer_of(roster, slot) == producer_of(other, slot)


def test_c09_places_in_a_round_are_fair_over_many_rounds() -> None:
    roster = Roster(tuple(map(EntityName, "abcde")), Digest("0" * 64), 0, 1)
    firsts = Counter(round_order(roster, number)[0] for number in range(5_000))
    assert set(firsts) == set(roster.producers)
    assert max(firsts.values()) - min(firsts.values()) < 200


def test_another_seed_gives_another_order() -> None:
    roster = Roster(tuple(map(EntityName, "abcdefgh")), Digest("0" * 64), 0, 1)
    orders = {round_order(replace(roster, seed=Digest(f"{seed:064x}")), 0) for seed in range(50)}
    assert len(orders) > 45


@given(ROSTERS, st.integers(0, 2**42))
def test_a_slot_holds_the_times_from_its_beginning_to_the_next(roster: Roster, time: int) -> None:
    slot = slot_at(roster, time)
    assert slot_begins(roster, slot) <= time < slot_begins(roster, slot + 1)
    assert (slot < 0) == (time < roster.epoch)


@given(ROSTERS, st.integers(0, 10**6), st.data())
def test_the_next_slot_of_a_producer_is_the_first_that_is_its(roster: Roster, slot: int, data: st.DataObject) -> None:
    producer = data.draw(st.sampled_from(roster.producers))
    expected = next(at for at in range(slot, slot + 2 * len(roster.producers)) if producer_of(roster, at) == producer)
    assert next_slot_of(roster, producer, slot) == expected
    assert next_slot_of(roster, EntityName("nobody-else"), slot) is None


def test_more_than_two_thirds_are_needed() -> None:
    for size in range(1, 200):
        assert 3 * needed(size) > 2 * size
        assert 3 * (needed(size) - 1) <= 2 * size


def test_a_single_producer_makes_every_block_final() -> None:
    alone = EntityName("alice")
    chain = []
    for height in range(5):
        chain.append(Confirmation(height, alone, confirmed_by(height, height - 1 if height else None)))
        assert irreversible_height(chain, 1) == height


def test_a_claim_to_confirm_more_than_there_is_costs_nothing_and_gains_nothing() -> None:
    chain = [Confirmation(height, EntityName("mallory"), 2**62) for height in range(3, 6)]
    assert irreversible_height(chain, 4) is None
    assert irreversible_height(chain, 1) == 5
    assert irreversible_height([], 1) is None


def test_a_block_confirms_nothing_at_a_height_that_its_producer_signed_before() -> None:
    assert confirmed_by(7, None) == 8
    assert confirmed_by(7, 6) == 1
    assert confirmed_by(7, 3) == 4
    assert confirmed_by(7, 7) == confirmed_by(7, 12) == 0


Block = tuple[int, str, int, "Block | None"]


def _line(tip: "Block | None") -> list[Confirmation]:
    found = []
    while tip is not None:
        height, producer, confirmed, tip = tip
        found.append(Confirmation(height, EntityName(producer), confirmed))
    return found[::-1]


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[int, int, list[tuple[int, int, int]]]:
    size = draw(st.integers(4, 10))
    faulty = draw(st.integers(0, (size - 1) // 3))
    turns = st.tuples(st.integers(0, size - 1), st.integers(0, 3), st.integers(0, 3))
    return size, faulty, draw(st.lists(turns, min_size=10, max_size=60))


@settings(max_examples=150)
@given(_worlds())
def test_c05_no_two_conflicting_blocks_become_final_while_under_a_third_is_faulty(
    world: tuple[int, int, list[tuple[int, int, int]]],
) -> None:
    """Four forks grow as they like.  Faulty producers claim everything everywhere; honest ones build on any fork, even
    shorter ones, as after a reset, and keep their watermark."""
    size, faulty, turns = world
    tips: list[Block | None] = [None] * 4
    highest: dict[int, int] = {}
    final: dict[int, Block] = {}
    for who, fork, source in turns:
        base = tips[source]
        height = 0 if base is None else base[0] + 1
        confirmed = height + 1 if who < faulty else confirmed_by(height, highest.get(who))
        highest[who] = max(height, highest.get(who, 0))
        tips[fork] = (height, str(who), confirmed, base)
        line = irreversible_height(_line(tips[fork]), size)
        block = tips[fork]
        while line is not None and block is not None:
            if block[0] <= line:
                assert final.setdefault(block[0], block) is block
            block = block[3]


def test_c06_with_one_of_three_producers_gone_finality_stands_still() -> None:
    last: dict[str, int] = {}
    chain = []
    for height in range(20):
        who = "ab"[height % 2]
        chain.append(Confirmation(height, EntityName(who), confirmed_by(height, last.get(who))))
        last[who] = height
    assert irreversible_height(chain, 3) is None
    assert irreversible_height(chain, 2) == 18
