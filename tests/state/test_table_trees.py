"""Table trees against a plain dictionary of rows: the same rows give the same tree, at the cost of what changes."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import NUMBERED, SMALL, VALUES, Objects, checked, directories, numbered, reread, table, tree_of
from world import Place, World

from aergo_vc.codec.digests import Kind as ObjectKind
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.codec.row_chunk import BadChunk
from aergo_vc.model.changes import RowChange
from aergo_vc.model.types import STORED_KINDS, Kind
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.cutting import CUTTING, Cutting
from aergo_vc.state.editing import StaleStateError, apply_changes
from aergo_vc.state.nodes import Node
from aergo_vc.state.table_tree import DuplicateKeyError, OversizedKeyError, TableTree

Rows = dict[int, str]
"""The model: texts by the numbers that are their keys."""


def changes_between(before: Rows, after: Rows) -> dict[Any, RowChange]:
    """The row changes that lead from one model to another."""
    return {
        (key,): RowChange(
            (key, before[key]) if key in before else None,
            (key, after[key]) if key in after else None,
        )
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def built(tree: TableTree, rows: Rows) -> Node | None:
    return tree.build([(key, text) for key, text in rows.items()])


# Long texts outweigh the least weight of the small cutting, so that weights move cuts too.
texts = st.sampled_from(["", "x", "long" * 5, "longer" * 20])
spans_of_keys = st.tuples(st.integers(0, 400), st.integers(1, 120), st.sampled_from([1, 1, 2, 3]))


@st.composite
def edits(draw: st.DrawFn) -> Callable[[Rows], Rows]:
    """A function from a model to the next: one that sets, or deletes, keys side by side or here and there."""
    start, length, step = draw(spans_of_keys)
    keys = range(start, start + length * step, step)
    text = draw(texts)
    if draw(st.booleans()):
        return lambda rows: {key: value for key, value in rows.items() if key not in keys}
    return lambda rows: rows | dict.fromkeys(keys, text)


@given(st.lists(edits(), max_size=8), st.sampled_from(list(ObjectFormat)))
def test_any_history_of_edits_gives_the_tree_of_the_final_rows(
    history: list[Callable[[Rows], Rows]], object_format: ObjectFormat
) -> None:
    tree = tree_of(cutting=SMALL, object_format=object_format)
    rows: Rows = {}
    root = None
    for edit in history:
        after = edit(rows)
        root = apply_changes(tree, root, changes_between(rows, after))
        rows = after
        assert root == built(tree_of(cutting=SMALL, object_format=object_format), rows)
        checked(tree, root)


@given(st.integers(0, 2**32), st.integers(0, 2_000), st.integers(0, 60), st.sampled_from([1, 30, 900]))
@example(1, 1_500, 60, 30)
def test_random_edits_under_the_real_cutting_give_the_tree_of_the_final_rows(
    seed: int, count: int, edited: int, longest: int
) -> None:
    source = random.Random(seed)
    before = {key: "v" * source.randrange(longest) for key in source.sample(range(4_000), count)}
    after = dict(before)
    for key in source.sample(range(4_000), edited):
        if after.pop(key, None) is None or source.random() < 0.5:
            after[key] = "w" * source.randrange(longest)
    tree = tree_of()
    assert apply_changes(tree, built(tree, before), changes_between(before, after)) == built(tree_of(), after)


@given(st.lists(edits(), max_size=4), st.lists(edits(), max_size=4))
def test_a_comparison_is_the_difference_of_the_rows(
    history: list[Callable[[Rows], Rows]], other: list[Callable[[Rows], Rows]]
) -> None:
    tree = tree_of(cutting=SMALL)
    before: Rows = dict.fromkeys(range(0, 300, 2), "b")
    for edit in history:
        before = edit(before)
    after = before
    for edit in other:
        after = edit(after)
    found = changed_rows(tree, built(tree, before), built(tree, after))
    assert found == changes_between(before, after)
    assert list(found) == sorted(found)


@given(st.permutations(range(150)), st.sampled_from([SMALL, CUTTING]))
def test_the_order_in_which_rows_come_does_not_matter(order: list[int], cutting: Cutting) -> None:
    tree = tree_of(cutting=cutting)
    assert tree.build(numbered(order)) == tree.build(numbered(range(150)))


def test_small_cuts_make_deep_trees() -> None:
    tree = tree_of(cutting=SMALL)
    assert [tree.directory(tree.build(numbered(range(count)))).level for count in (20, 40, 180, 800)] == [1, 2, 3, 4]


@given(st.lists(st.sampled_from(list(STORED_KINDS)), min_size=1, max_size=4), st.data())
def test_rows_of_every_kind_are_read_back_in_the_order_of_their_keys(kinds: list[Kind], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), max_size=25))
    tree = tree_of(table(*kinds, key=len(kinds)), SMALL)
    distinct = {tree.code_of(row): row for row in rows}
    root = tree.build(list(distinct.values()))
    assert list(tree.rows(root)) == [distinct[code] for code in sorted(distinct)]
    checked(tree, root)


@pytest.mark.parametrize("count", [1, 100, 10_000, 60_000])
def test_k_changed_rows_write_no_more_objects_than_their_paths(count: int) -> None:
    objects = Objects()
    tree = tree_of(objects=objects)
    rows = dict.fromkeys(range(0, 2 * count, 2), "v")
    root = tree.build([(key, text) for key, text in rows.items()])
    height = tree.directory(root).level
    source = random.Random(count)
    for changed in (1, 10, 50):
        objects.added.clear()
        keys = source.sample(range(2 * count), min(changed, count))
        after = {key: text for key, text in rows.items() if key not in keys[::3]} | dict.fromkeys(keys[1::3], "w")
        apply_changes(tree, root, changes_between(rows, after))
        # An update writes its path.  An insertion or deletion may move cuts: measured 1.4 groups a level on average.
        assert len(objects.added) <= 1 + 3 * len(keys) * height + 8


@pytest.mark.parametrize("count", [40, 1_000])
def test_the_digest_of_a_tree_is_its_id_in_a_sha256_repository_of_git(world: World, count: int) -> None:
    place = world.repository(object_format="sha256")
    tree = tree_of(table(Kind.TEXT, Kind.BIGINT), SMALL)
    root = tree.build([(f"{'long ' * (number % 30)}{number}", number) for number in range(count)])
    assert _written_by_git(place, tree, root) == root.digest
    twin = tree_of(tree.table, SMALL, ObjectFormat.SHA256)
    assert twin.build(list(tree.rows(root)))[1:] == (root.digest, root.digest)


def _written_by_git(place: Place, tree: TableTree, root: Node) -> str:
    """Store the rows of a tree of SHA-1 format through git itself; returns the id that git gives."""
    for directory in directories(tree, root):
        for entry, node in zip(tree.store.digests(directory.id, None)[0], tree.directory(directory).nodes, strict=True):
            if tree.store._objects.objects[node.id][0] is ObjectKind.BLOB:
                assert place.write(f"rows/{entry.name}.{node.id}", tree.store.read_chunk(node))
    files = sorted((place.path / "rows").iterdir())
    names = "".join(f"{file}\n" for file in files)
    written = place.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names).out.split()
    blobs = {file.name.rpartition(".")[2]: made for file, made in zip(files, written, strict=True)}

    def write(object_id: str) -> str:
        lines = []
        for entry in tree.store.digests(object_id, None)[0]:
            made = blobs[entry.id] if entry.id in blobs else write(entry.id)
            lines.append(f"{'100644 blob' if entry.id in blobs else '040000 tree'} {made}\t{entry.name}\n")
        return place.git("mktree", stdin="".join(reversed(lines))).line

    return write(root.id)


def test_a_tree_is_read_without_its_twins_and_makes_them_anew() -> None:
    tree = tree_of(cutting=SMALL)
    root = tree.build(numbered(range(300)))
    bare = reread(tree, root, with_twins=False)
    assert list(bare.rows(root)) == numbered(range(300))
    assert bare.store._twins == tree.store._twins


def test_a_change_of_a_row_that_is_not_there_is_refused() -> None:
    tree = tree_of(cutting=SMALL)
    root = tree.build(numbered(range(50)))
    stale = [
        (None, {(1,): RowChange((1, "v1"), None)}),
        (None, {(1,): RowChange((1, "v1"), (1, "w"))}),
        (root, {(7,): RowChange(None, (7, "again"))}),
        (root, {(7,): RowChange((7, "other"), (7, "w"))}),
        (root, {(7,): RowChange((7, "other"), None)}),
        (root, {(99,): RowChange((99, "v99"), None)}),
    ]
    for start, changes in stale:
        with pytest.raises(StaleStateError):
            apply_changes(tree, start, changes)


def test_a_key_spelled_anew_is_one_change_of_one_row() -> None:
    tree = tree_of(table(Kind.NUMERIC, Kind.TEXT), SMALL)
    before, after = ("1.0", "a"), ("1.00", "a")
    rows = [(f"{number}.5", "x") for number in range(40)]
    root = tree.build([*rows, before])
    wanted = tree.build([*rows, after])
    assert apply_changes(tree, root, changed_rows(tree, root, wanted)) == wanted
    backwards = {("1.00",): RowChange(None, after), ("1.0",): RowChange(before, None)}
    assert apply_changes(tree, root, backwards) == wanted
    with pytest.raises(StaleStateError):
        apply_changes(tree, root, {("1.0",): RowChange(before, None), ("1.00",): RowChange(after, None)})
    with pytest.raises(DuplicateKeyError, match=r"1\.0"):
        tree.build([before, after])


def test_a_comparison_may_be_longer_than_a_chunk() -> None:
    tree = tree_of(NUMBERED)
    rows = [(number, "x" * 2_000) for number in range(700)]
    assert len(changed_rows(tree, None, tree.build(rows))) == 700


def test_keys_and_rows_may_be_as_long_as_their_limits_and_no_longer() -> None:
    tree = tree_of(table(Kind.TEXT, Kind.TEXT))
    for key_size, row_size in ((1_998, 60_000), (1, 60_000)):
        row = ("a" * key_size, "b" * (row_size - key_size - len('["",""]')))
        root = tree.build([row])
        assert checked(tree, root) == apply_changes(tree, None, {row[:1]: RowChange(None, row)})
        longer = (row[0], row[1] + "b")
        with pytest.raises(BadChunk, match="60001"):
            tree.build([longer])
        with pytest.raises(BadChunk, match="60001"):
            apply_changes(tree, root, {row[:1]: RowChange(row, longer)})
        with pytest.raises(BadChunk, match="60001"):
            apply_changes(tree, None, {row[:1]: RowChange(None, longer)})
    with pytest.raises(OversizedKeyError):
        tree.build([("a" * 1_999, "b")])
    with pytest.raises(OversizedKeyError):
        apply_changes(tree, None, {("a" * 1_999,): RowChange(None, ("a" * 1_999, "b"))})


def test_long_keys_are_read_at_the_left_edge_only() -> None:
    objects = Objects()
    tree = tree_of(table(Kind.TEXT, Kind.BIGINT), SMALL, objects=objects)
    root = tree.build([("k" * 80 + f"{number:05d}", number) for number in range(1_500)])
    fresh = reread(tree, root)
    read: list[str] = []
    objects.read = lambda kind, object_id, limit: (read.append(kind), Objects.read(objects, kind, object_id, limit))[1]  # type: ignore[method-assign]
    assert fresh.directory(root).level > 3
    assert 0 < read.count(ObjectKind.BLOB) <= SMALL.most_in_root


KINDS_AND_ROWS = st.lists(st.sampled_from(list(STORED_KINDS)), min_size=1, max_size=4).flatmap(
    lambda kinds: st.tuples(st.just(kinds), st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), max_size=20))
)


@given(KINDS_AND_ROWS)
def test_the_known_rows_of_a_tree_are_those_that_strict_reading_finds(case: tuple[list[Kind], list[Any]]) -> None:
    kinds, rows = case
    tree = tree_of(table(*kinds))
    distinct = list({tree.code_of(row): row for row in rows}.values())
    root = tree.build(distinct)
    assert tree.known_rows(root) == list(tree.rows(root))


def test_no_tree_is_built_of_rows_that_strict_reading_refuses() -> None:
    with pytest.raises(BadChunk, match="NUL"):
        tree_of(table(Kind.BIGINT, Kind.TEXT)).build([(1, "a"), (2, "a\0")])
    with pytest.raises(BadChunk, match=r"-0\.0"):
        tree_of(table(Kind.BIGINT, Kind.DOUBLE, Kind.TEXT)).build([(1, 0.5, "a"), (2, -0.0, "a")])
    texts = tree_of(table(Kind.BIGINT, Kind.TEXT))
    root = texts.build([(1, "\\u0000"), (2, ",-0.0,")])
    assert texts.known_rows(root) == [(1, "\\u0000"), (2, ",-0.0,")]
