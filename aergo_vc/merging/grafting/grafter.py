"""Carries out a merge in which most transactions are grafted: their rows first, then the others one by one."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

from aergo_vc.base.ids import TableName
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.grafting.dividing import Division, IsSame, Place, Recorded, divide, rows_left
from aergo_vc.merging.grafting.watching import Watch
from aergo_vc.merging.marks import Marker
from aergo_vc.merging.source_rows import Made
from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.footprints import Footprint
from aergo_vc.state.grafting import Grafting, graft

_ATTEMPTS = 4
"""Divisions that are tried before everything is replayed."""

Result = TypeVar("Result")

ReplayOne = Callable[[Place, Footprint], tuple[Result, Footprint, bool]]
"""Executes a transaction, which did what a footprint says when it was first executed.

Gives the result, what it read and wrote now, even if it failed, and whether it stays.
"""


@dataclass(frozen=True, slots=True)
class Grafted(Generic[Result]):
    """What came of a merge: how it was divided at last, and the results of those that were replayed."""

    division: Division
    results: Mapping[Place, Result]


class Grafter(Generic[Result]):
    """One merge of a recorded source into the state that a machine stands at.

    `unseen` is what the target changed.  Tables that are `apart` are touched only by transactions that are executed
    again; all others are the same, as they are defined, throughout the source and in the target.
    """

    def __init__(
        self,
        machine: Machine,
        source: Recorded,
        unseen: Footprint,
        is_same: IsSame,
        apart: AbstractSet[TableName] = frozenset(),
    ) -> None:
        self._machine = machine
        self._source = source
        self._unseen = unseen
        self._is_same = is_same
        self._tables = {name: table for name, table in machine.catalog.stored.items() if name not in apart}
        self._marker = Marker(self._tables)

    def run(self, execution: BlockExecution, begin: Callable[[], ReplayOne[Result]]) -> Grafted[Result]:
        """Carry the merge out in a block at its beginning; `begin` is asked for each attempt to do so."""
        forced: set[Place] = set()
        for _ in range(_ATTEMPTS):
            division = self._divided(forced)
            try:
                met, results = self._attempt(execution, division, begin())
            except MergeAbortedError:
                if not division.grafted:
                    raise
                break  # what refuses the merge may have seen rows of grafted transactions that are behind it
            if not met:
                return Grafted(division, results)
            execution.begin_again()
            forced |= met
        execution.begin_again()
        blocks = self._source.blocks
        division = self._divided({(at, place) for at, block in enumerate(blocks) for place in range(block.count)})
        return Grafted(division, self._attempt(execution, division, begin())[1])

    def _divided(self, forced: Collection[Place]) -> Division:
        return divide(self._source, self._unseen, self._marker, is_same=self._is_same, forced=forced)

    def _attempt(
        self, execution: BlockExecution, division: Division, replay_one: ReplayOne[Result]
    ) -> tuple[set[Place], dict[Place, Result]]:
        """Graft and replay; returns the grafted transactions that should have been replayed, and the results."""
        if division.grafted:
            self._graft(execution, division)
        watch = Watch(self._source.blocks, division, self._marker)
        results: dict[Place, Result] = {}
        for number, places in enumerate(division.replayed):
            for at in places:
                before = self._source.blocks[number].footprint(at)
                results[number, at], now, stays = replay_one((number, at), before)
                if not division.grafted:
                    continue
                # Behind a definition that is left out, everything is: nothing of it can be grafted.
                is_barred = before.defines and not stays
                met = watch.behind((number, at)) if is_barred else watch.met((number, at), before, now)
                if met:
                    return set(met), results
        return set(), results

    def _graft(self, execution: BlockExecution, division: Division) -> None:
        source, machine = self._source, self._machine
        left = rows_left(source.not_grafted(division.replayed), division.written, self._marker)
        for name in sorted(self._tables):
            base, end = source.base.get(name), source.end.get(name)
            instead = self._instead(name, left.get(name, {}))
            if base != end or any(instead.values()):
                work = Grafting(base, machine.root(name), end, instead)
                execution.graft(name, graft(machine.tree(self._tables[name]), work))

    def _instead(self, table: TableName, left: Mapping[Key, Made | None]) -> dict[Key, RowChange | None]:
        """What is to happen to rows of which the source's last word is not taken."""
        if not left:
            return {}
        made = {key: one for key, one in left.items() if one is not None}
        layout = self._machine.tree(self._tables[table])
        present = {layout.code_of(row): row for row in self._machine.engine.rows(table, made)}
        found: dict[Key, RowChange | None] = dict.fromkeys(left)
        for key, one in made.items():
            change = RowChange(present.get(layout.code_of_key(key)), one.row)
            if change.before != change.after:
                found[key] = change
        return found
