"""What transactions of a block have to do with each other's definitions, in whatever order they are executed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aergo_vc.codec.schema_text import contracts
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.model.transactions import Payload
from aergo_vc.sql.naming import Names, Naming, texts_of, words

_NUMBERED = re.compile(r".*_seq[0-9]+")
"""The name of a sequence that may have its number because another name was taken."""

_NOTHING: Names = frozenset()

_QUALIFYING = re.compile(r'([a-z0-9_]+)"?\s*\.')

_TRUNCATE, _SCHEMA = "truncate", "schema"
"""What asks for tables that it does not name: for those that refer to one that it names, or for all of a contract."""


def in_any_order(
    payloads: Sequence[Payload], footprints: Sequence[Footprint], catalogs: Sequence[Catalog]
) -> Sequence[Footprint]:
    """The footprints of a block's transactions, with all that these may use or define in any order of theirs.

    Recorded is what a transaction could use of what was there at its turn.  In front of others, or behind them, it may
    find what they define: so it uses that too where it, or what it uses, names it.  What is defined at its turn is the
    same in any order, since all that defines it keeps its place.  `catalogs` are those before and after the block.
    """
    pairs = list(zip(payloads, footprints, strict=True))
    definers = [(payload, footprint.defined or _NOTHING) for payload, footprint in pairs if footprint.defines]
    if not definers:
        return footprints
    texts = _texts_by_name(definers)
    naming, ever = Naming(catalogs, texts), texts.keys()
    places = _contracts([payload for payload, _ in definers], catalogs)

    def used(payload: Payload, recorded: Names) -> Names:
        named = naming.named_in(texts_of(payload)) | naming.named_by(recorded)
        return recorded | (named & ever)

    return [
        footprint if footprint.uses is None else _wider(payload, footprint, used(payload, footprint.uses), places)
        for payload, footprint in pairs
    ]


def _texts_by_name(definers: Iterable[tuple[Payload, Names]]) -> dict[str, list[str]]:
    """All that is defined in a block, with the texts of what defines it."""
    found: dict[str, list[str]] = {_TRUNCATE: []}
    for payload, names in definers:
        for name in names:
            found.setdefault(name, []).extend(texts_of(payload))
    return found


def _contracts(definers: Iterable[Payload], catalogs: Iterable[Catalog]) -> frozenset[str]:
    """The contracts that are ever there, and a few words that only look like one."""
    return frozenset().union(*map(contracts, catalogs), *map(_made_in, definers))


def _wider(payload: Payload, footprint: Footprint, uses: Names, places: Names) -> Footprint:
    """A footprint with what its transaction uses in any order, as far as anybody knows."""
    defined = footprint.defined
    if _TRUNCATE in uses:
        return replace(footprint, uses=None)
    if not footprint.defines or defined is None:
        return replace(footprint, uses=uses)
    if any(map(_NUMBERED.fullmatch, defined)):
        return replace(footprint, defined=None)
    said = words(payload.sql)
    asked = _deployed_by(payload) | (said & places if _SCHEMA in said else _NOTHING)
    changed = _made_in(payload) | asked
    return replace(footprint, uses=uses.union(map(_as_whole, asked)), defined=defined.union(map(_as_whole, changed)))


def _made_in(payload: Payload) -> frozenset[str]:
    """The contracts in which a definition may make or drop something."""
    return _deployed_by(payload).union((DEFAULT_CONTRACT,), _QUALIFYING.findall(payload.sql.lower()))


def _deployed_by(payload: Payload) -> frozenset[str]:
    return _NOTHING if payload.contract is None else frozenset((payload.contract,))


def _as_whole(contract: str) -> str:
    """What stands among names for all that is in a contract, and what is granted there."""
    return f"{contract}."
