"""How blocks descend from one another, against a plain model, whatever the dates of their commits say."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.codec.git_commit import Commit, Identity, encode_commit
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, write_entries
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import ShallowError
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter


@dataclass(frozen=True)
class Node:
    """A commit of the model: whether it changes ``ledger/``, and the places of its parents."""

    is_block: bool
    first: int
    second: int | None
    seconds: int


NODES = st.lists(
    st.builds(
        Node,
        st.sampled_from([True, True, False]),
        st.integers(1, 4),
        st.none() | st.integers(1, 6),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=14,
)


class History:
    """Real commits for the nodes of a model; each node's parents lie some places before it."""

    def __init__(self, nodes: list[Node]) -> None:
        self.objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
        self.nodes = [Node(is_block=True, first=0, second=None, seconds=3), *nodes]
        self.commits: list[ObjectId] = []
        self.ledgers: list[int] = []
        for place, node in enumerate(self.nodes):
            parents = self.parents(place)
            self.ledgers.append(place if node.is_block else self.ledgers[parents[0]])
            blob = self.objects.add(Kind.BLOB, b"%d" % self.ledgers[place])
            ledger = self.objects.add(Kind.TREE, write_entries([TreeEntry("block.json", FILE_MODE, blob)]))
            tree = self.objects.add(Kind.TREE, write_entries([TreeEntry("ledger", DIRECTORY_MODE, ledger)]))
            who = Identity("a", "a@b", node.seconds)
            named = tuple(self.commits[parent] for parent in parents)
            self.commits.append(self.objects.add(Kind.COMMIT, encode_commit(Commit(tree, named, who, who, f"{place}"))))

    def parents(self, place: int) -> list[int]:
        node = self.nodes[place]
        if place == 0:
            return []
        found = [max(0, place - node.first)]
        return found if node.second is None else [*found, max(0, place - node.second)]

    def block(self, place: int) -> int:
        """The last block up to a commit."""
        while not self.nodes[place].is_block:
            place = self.parents(place)[0]
        return place

    def links(self, block: int) -> list[int]:
        return [self.block(parent) for parent in self.parents(block)]

    def ancestors(self, block: int) -> set[int]:
        found = {block}
        for below in self.links(block):
            found |= self.ancestors(below)
        return found

    def line(self, block: int) -> list[int]:
        links = self.links(block)
        return [block, *(self.line(links[0]) if links else [])]


@given(NODES, st.integers(0, 14), st.integers(0, 14))
def test_the_newest_shared_block_is_that_of_the_model(nodes: list[Node], target: int, source: int) -> None:
    history = History(nodes)
    ours, theirs = (history.block(place % len(history.commits)) for place in (target, source))
    graph = BlockGraph(history.objects)
    mine, other = graph.last(history.commits[ours]), graph.last(history.commits[theirs])
    assert mine is not None
    assert other is not None
    expected = next(block for block in history.line(theirs) if block in history.ancestors(ours))
    found = graph.newest_shared(mine, other)
    assert found is not None
    assert found.commit == history.commits[expected]
    assert graph.ancestors(mine) == {history.commits[place] for place in history.ancestors(ours)}
    assert [place.commit for place in graph.line(other)] == [history.commits[place] for place in history.line(theirs)]


def test_a_commit_that_leaves_the_ledger_alone_takes_no_block_in() -> None:
    history = History([Node(True, 1, None, 1), Node(False, 2, 1, 1)])
    graph = BlockGraph(history.objects)
    block = graph.last(history.commits[2])
    assert block is not None
    assert block.commit == history.commits[0]
    side = graph.last(history.commits[1])
    assert side is not None
    shared = graph.newest_shared(block, side)
    assert shared is not None
    assert shared.commit == history.commits[0]


def test_history_that_is_cut_off_is_told() -> None:
    history = History([Node(True, 1, None, 1)])
    cut = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
    for name in history.objects._added:
        if name != history.commits[0]:
            cut.add(*history.objects.read(name))
    with pytest.raises(ShallowError):
        BlockGraph(cut).last(history.commits[1])
