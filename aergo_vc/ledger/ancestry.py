"""How blocks descend from one another: along the block before each, and along the block that a merge took in.

A commit of two parents that leaves ``ledger/`` as its first parent has it is an ordinary one: it takes no block in,
whatever its second parent holds.  One that has another parent's as it is, is none either: so a branch of ordinary work
keeps up with a ledger.  (A block that merges names its second parent's in its header, so it differs from both.)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_commit import read_links
from aergo_vc.ledger.errors import ShallowError
from aergo_vc.ledger.history import BlockCommit, CommitReader
from aergo_vc.ledger.layout import ledger_entry
from aergo_vc.objects.errors import ObjectMissingError

_COMMITTED = re.compile(rb"\ncommitter [^\n]* (\d{1,16}) [+-]\d{4}\n")


class _Commit(NamedTuple):
    parents: tuple[ObjectId, ...]
    ledger: ObjectId | None
    seconds: int


class BlockLinks(NamedTuple):
    """The blocks that one block builds on: the one before it, and the one that it merged."""

    previous: BlockCommit | None
    merged: BlockCommit | None


class BlockGraph:
    """The blocks of a repository and how they descend from one another; what was read is remembered."""

    def __init__(self, objects: CommitReader) -> None:
        self._objects = objects
        self._commits: dict[ObjectId, _Commit] = {}
        self._last: dict[ObjectId, BlockCommit | None] = {}

    def last(self, commit: ObjectId) -> BlockCommit | None:
        """The last block up to a commit: where the ``ledger/`` that it holds was made; None if it holds none.

        It lies along first parents, and along others where ``ledger/`` is theirs.  Raises ShallowError where history is
        cut off.
        """
        passed: list[ObjectId] = []
        found: BlockCommit | None = None
        at = commit
        while at not in self._last:
            passed.append(at)
            here = self._read(at)
            if here.ledger is None:
                break
            holders = (parent for parent in here.parents if self._read(parent, at).ledger == here.ledger)
            parent = next(holders, None)
            if parent is None:
                found = BlockCommit(at, here.ledger)
                break
            at = parent
        else:
            found = self._last[at]
        self._last.update(dict.fromkeys(passed, found))
        return found

    def links(self, block: BlockCommit) -> BlockLinks:
        """The blocks that a block builds on."""
        parents = self._read(block.commit).parents
        for parent in parents[:2]:
            self._read(parent, block.commit)
        previous, merged = (self.last(parents[place]) if place < len(parents) else None for place in (0, 1))
        return BlockLinks(previous, merged)

    def line(self, block: BlockCommit | None) -> Iterator[BlockCommit]:
        """A block and those before it, newest first."""
        while block is not None:
            yield block
            block = self.links(block).previous

    def ancestors(self, block: BlockCommit | None) -> set[ObjectId]:
        """The commits of a block and of all that it descends from."""
        found: set[ObjectId] = set()
        waiting = [block]
        while waiting:
            here = waiting.pop()
            if here is not None and here.commit not in found:
                found.add(here.commit)
                waiting += self.links(here)
        return found

    def newest_shared(self, target: BlockCommit, source: BlockCommit) -> BlockCommit | None:
        """The newest block of the line of `source` that `target` is or descends from; None if there is none.

        Both histories are read no further back than it takes; dates tell where to look first, and nothing else.
        """
        search = _Search(self)
        search.reach(target, _OF_TARGET)
        search.reach(source, _OF_SOURCE)
        search.places[source.commit] = 0
        return search.run()

    def seconds(self, block: BlockCommit) -> int:
        """When a block's commit says that it was made."""
        return self._read(block.commit).seconds

    def _read(self, commit: ObjectId, child: ObjectId | None = None) -> _Commit:
        known = self._commits.get(commit)
        if known is None:
            try:
                data = self._objects.read_commit(commit)
            except ObjectMissingError as error:
                if child is None:
                    raise
                raise ShallowError(
                    f"history ends at commit {child}: its parent {commit} is missing", commit=child
                ) from error
            links = read_links(data)
            date = _COMMITTED.search(data)
            entry = ledger_entry(self._objects, links.tree)
            known = self._commits[commit] = _Commit(links.parents, entry, int(date[1]) if date else 0)
        return known


_OF_TARGET, _OF_SOURCE, _SETTLED = 1, 2, 4


@dataclass(slots=True)
class _Search:
    """Paints blocks by what they were reached from, newest first, until all that is left lies below a shared one.

    What lies below a shared block of the source's line cannot lead to a newer one of that line.
    """

    graph: BlockGraph
    paint: dict[ObjectId, int] = field(default_factory=dict)
    queue: list[tuple[int, ObjectId, BlockCommit]] = field(default_factory=list)
    unsettled: int = 0
    places: dict[ObjectId, int] = field(default_factory=dict)
    """How many blocks of the source's line lie above those that were reached of it."""
    found: BlockCommit | None = None
    _queued: dict[ObjectId, int] = field(default_factory=dict)

    def reach(self, block: BlockCommit | None, paint: int) -> None:
        if block is None:
            return
        before = self.paint.get(block.commit, 0)
        after = before | paint
        if after == before:
            return
        self.paint[block.commit] = after
        if block.commit in self._queued:
            self.unsettled -= not self._queued[block.commit] & _SETTLED
        else:
            heappush(self.queue, (-self.graph.seconds(block), block.commit, block))
        self._queued[block.commit] = after
        self.unsettled += not after & _SETTLED

    def run(self) -> BlockCommit | None:
        while self.unsettled:
            _, commit, block = heappop(self.queue)
            paint = self._queued.pop(commit)
            self.unsettled -= not paint & _SETTLED
            if paint & _OF_TARGET and paint & _OF_SOURCE and not paint & _SETTLED:
                if self.found is None or self.places[commit] < self.places[self.found.commit]:
                    self.found = block
                paint |= _SETTLED
                self.paint[commit] = paint
            links = self.graph.links(block)
            if links.previous is not None and paint & _OF_SOURCE:
                self.places[links.previous.commit] = self.places[commit] + 1
            self.reach(links.previous, paint)
            self.reach(links.merged, paint & ~_OF_SOURCE)
        return self.found
