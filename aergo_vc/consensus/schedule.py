"""The schedule of Delegated Proof of Stake: who may produce in which slot (design D6).

A slot is a lease: within it its producer may append any number of blocks.  Slots come in rounds, in which every
producer of the roster has one.  The order of a round is drawn from the roster's seed and the round's number alone, so
that no producer can grind for a better place (threat C09).
"""

import hashlib

from aergo_vc.base.ids import EntityName
from aergo_vc.model.directory import Roster


def slot_at(roster: Roster, time: int) -> int:
    """The slot that `time`, in milliseconds since 1970, lies in; negative before the chain's beginning."""
    return (time - roster.epoch) // roster.slot


def slot_begins(roster: Roster, slot: int) -> int:
    """When a slot begins, in milliseconds since 1970."""
    return roster.epoch + slot * roster.slot


def round_order(roster: Roster, number: int) -> tuple[EntityName, ...]:
    """The producers of one round in the order of their slots."""

    def draw(producer: EntityName) -> bytes:
        return hashlib.sha256(f"{roster.seed} {number} {producer}".encode()).digest()

    return tuple(sorted(roster.producers, key=draw))


def producer_of(roster: Roster, slot: int) -> EntityName:
    """Who may produce in `slot`; the roster must not be empty."""
    number, place = divmod(slot, len(roster.producers))
    return round_order(roster, number)[place]


def next_slot_of(roster: Roster, producer: EntityName, slot: int) -> int | None:
    """The first slot from `slot` on that `producer` may produce in; None for one who is not in the roster."""
    if producer not in roster.producers:
        return None
    number, place = divmod(slot, len(roster.producers))
    turn = round_order(roster, number).index(producer)
    if turn < place:
        number += 1
        turn = round_order(roster, number).index(producer)
    return number * len(roster.producers) + turn
