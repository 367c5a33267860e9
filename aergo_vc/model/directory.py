"""Entities, their keys and roles, and the roster that produces blocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.base.ids import Digest, EntityName, PublicKey


class Role(StrEnum):
    """What an entity may do: change the directory, transact on the branches, read only."""

    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity with the keys that are valid for it."""

    name: EntityName
    roles: frozenset[Role]
    keys: frozenset[PublicKey]


@dataclass(frozen=True, slots=True)
class Roster:
    """Who produces: the producers by name, with their valid keys.

    `seed` is the state root of the directory block that the roster was read from; the order of a round is drawn
    from it and the round's number alone.  `epoch` is the time of slot 0 and `slot` a slot's length, in milliseconds.
    """

    producers: tuple[EntityName, ...]
    seed: Digest
    epoch: int
    slot: int


@dataclass(frozen=True, slots=True)
class Authority:
    """What the directory says at one of its blocks: who is who, and who produces."""

    entities: Mapping[EntityName, Entity]
    roster: Roster

    def roles_of(self, entity: EntityName) -> frozenset[str]:
        """The roles of an entity; none for one that the directory does not know."""
        known = self.entities.get(entity)
        return frozenset() if known is None else frozenset(map(str, known.roles))
