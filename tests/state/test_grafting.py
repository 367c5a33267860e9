"""Grafting against the changes of single rows: the same tree comes about, and most chunks are not even read."""

import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import SMALL, Objects, Twins, checked, tree_of

from aergo_vc.base.errors import RepositoryError
from aergo_vc.model.changes import RowChange
from aergo_vc.state import grafting
from aergo_vc.state.cutting import CUTTING, Cutting
from aergo_vc.state.grafting import Grafting, graft
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.table_tree import TableTree

Rows = dict[int, str]
Instead = dict[tuple[int], RowChange | None]


@pytest.fixture(autouse=True)
def _chunks_at_any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafting, "_FEW_CHUNKS", 0)


def _row(rows: Rows, key: int) -> tuple[int, str] | None:
    return (key, rows[key]) if key in rows else None


def _worked_over(source: random.Random, rows: Rows, keys: range, actions: str) -> Rows:
    """Some of the rows with `keys` written, deleted or inserted."""
    after = dict(rows)
    for key in keys:
        action = source.choice(actions)
        if action == "w" and key in rows:
            after[key] = source.choice(["short", "new", "n" * source.randrange(40)])
        elif action == "d":
            after.pop(key, None)
        elif action == "i" and key not in rows:
            after[key] = "inserted"
        elif action == "L":
            after[key] = "long" * source.randrange(200)
    return after


def _case(seed: int, count: int, actions: str) -> tuple[Rows, Rows, Rows, Instead]:
    """Base, target and source, whose changes never meet, and rows for which something else is to happen."""
    source = random.Random(seed)
    base = dict.fromkeys(range(0, count, source.choice([1, 2])), "base")
    target, theirs = dict(base), dict(base)
    instead: Instead = {}
    at = 0
    while at < count:
        keys = range(at, at + source.choice([1, 5, 40, 200]))
        at = keys.stop
        side = source.choice("ssstt.")
        if side == "s":
            theirs = _worked_over(source, theirs, keys, actions + "..")
        elif side == "t":
            target = _worked_over(source, target, keys, actions + "....")
    for key in source.sample(range(count), source.choice([0, 0, min(3, count)])):
        change = RowChange(_row(target, key), source.choice([None, (key, "instead")]))
        instead[key,] = source.choice([None, change if change.before != change.after else None])
    return base, target, theirs, instead


def _expected(base: Rows, target: Rows, theirs: Rows, instead: Instead) -> Rows:
    rows = dict(target)
    for key in base.keys() | theirs.keys():
        if (key,) not in instead and base.get(key) != theirs.get(key):
            rows.pop(key, None)
            rows |= {key: theirs[key]} if key in theirs else {}
    for (key,), change in instead.items():
        if change is not None:
            rows.pop(key, None)
            rows |= {key: str(change.after[1])} if change.after else {}
    return rows


def _grafted_as_expected(seed: int, count: int, actions: str, cutting: Cutting) -> None:
    base, target, theirs, instead = _case(seed, count, actions)
    tree = tree_of(cutting=cutting)
    roots = [tree.build(list(rows.items())) for rows in (base, target, theirs)]
    found = graft(tree, Grafting(*roots, instead))
    expected = tree_of(cutting=cutting).build(list(_expected(base, target, theirs, instead).items()))
    assert found == expected
    checked(tree, found)


@given(st.integers(0, 2**32), st.integers(1, 600), st.sampled_from(["w", "wd", "wi", "wdi", "wdiL"]))
def test_grafting_gives_the_tree_of_the_merged_rows(seed: int, count: int, actions: str) -> None:
    _grafted_as_expected(seed, count, actions, SMALL)


@given(st.integers(0, 2**32), st.integers(1, 3_000), st.sampled_from(["w", "wdi", "wdiL"]))
@example(3, 3_000, "w")
def test_it_does_so_under_the_real_cutting(seed: int, count: int, actions: str) -> None:
    _grafted_as_expected(seed, count, actions, CUTTING)


class _CountingStore(NodeStore):
    """Counts the chunks that are read."""

    reads = 0

    def read_chunk(self, node: object) -> bytes:
        self.reads += 1
        return super().read_chunk(node)  # type: ignore[arg-type]


def _counting_tree() -> tuple[TableTree, _CountingStore]:
    store = _CountingStore(Objects(), Twins(), 20)
    return TableTree(store, tree_of().table), store


@pytest.mark.parametrize("change", [lambda text: text + "+", lambda text: text * 3])
def test_chunks_that_the_target_left_alone_are_taken_unread(change: Callable[[str], str]) -> None:
    tree, store = _counting_tree()
    base = {key: f"row {key}" for key in range(20_000)}
    theirs = {key: change(text) if key % 2 else text for key, text in base.items()}
    mine = base | {5_000: "mine"}
    roots = [tree.build(list(rows.items())) for rows in (base, mine, theirs)]
    store.reads = 0
    found = graft(tree, Grafting(*roots, {}))
    assert store.reads <= 10
    assert found == tree.build(list((theirs | {5_000: "mine"}).items()))


def test_a_row_that_both_sides_changed_is_never_taken_from_either() -> None:
    tree = tree_of()
    base = dict.fromkeys(range(1000), "base")
    theirs = dict.fromkeys(base, "theirs")
    for mine in (base | {500: "mine"}, {key: text for key, text in base.items() if key != 500}):
        roots = [tree.build(list(rows.items())) for rows in (base, mine, theirs)]
        with pytest.raises(RepositoryError):
            graft(tree, Grafting(*roots, {}))
