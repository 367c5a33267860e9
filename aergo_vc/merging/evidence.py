"""What is known of a merge before anything of it is executed on the target."""

from collections.abc import Mapping
from dataclasses import dataclass

from aergo_vc.base.ids import TransactionId
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.merging.candidates import Gathered
from aergo_vc.merging.definitions import UnseenDefinitions
from aergo_vc.merging.states import StateAt
from aergo_vc.merging.unseen import Unseen, unseen_in_both, unseen_since
from aergo_vc.model.footprints import Footprint
from aergo_vc.state.nodes import NodeStore, Objects


@dataclass(frozen=True, slots=True)
class View:
    """What makers of transactions knew of the target: how it was `then`, and what they could not see of it `now`."""

    then: StateAt
    now: StateAt
    unseen: Unseen
    definitions: UnseenDefinitions


@dataclass(frozen=True, slots=True)
class Evidence:
    """The candidates, what they did where they were made, and what their makers knew of the target.

    `views` are by the place of the block from which on that was known (see `Candidate.base`); `footprints` are those of
    the source's transactions where they were made.
    """

    gathered: Gathered
    views: Mapping[int, View]
    footprints: Mapping[TransactionId, Footprint]


def views_of(
    objects: Objects, nodes: NodeStore, blocks: Mapping[int, LedgerTree], target: LedgerTree
) -> Mapping[int, View]:
    """What could be seen of a target from some blocks on: from `blocks[-1]`, which it descends from, and others."""
    now = StateAt(objects, nodes, target)
    states = {base: StateAt(objects, nodes, ledger) for base, ledger in blocks.items()}
    since_stop = unseen_since(states[-1], now)
    return {
        base: View(
            then,
            now,
            since_stop if base < 0 else unseen_in_both(since_stop, unseen_since(then, now)),
            UnseenDefinitions(now.catalog, (states[-1].catalog, then.catalog)),
        )
        for base, then in states.items()
    }
