"""What transactions name of what is defined, and what definitions change.

Every use of something begins with its name in a text: in what the transaction says, or in the definition of what that
uses.  No statement is put together while it runs.  So names are enough, without their contracts, whatever they stand
for where they are found: a word that only looks like a name makes a transaction use more, never less.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cached_property

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.schema import Catalog, Table, split_name
from aergo_vc.model.transactions import Payload

_WORD = re.compile(r"[a-z0-9_]+")
_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")
"""A character of a text in JSON that is none of a name."""

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789_\n"
_SPACED = bytes(byte if byte in _KEPT else ord(" ") for byte in bytes(range(256)).lower())
"""What to put for each byte of a text, to leave words in small letters and the ends of lines."""

KINDS = ("tables", "views", "types", "sequences", "routines", "indexes")
_KELVIN = "\N{KELVIN SIGN}".encode()
"""The one character beyond ASCII that a letter of ASCII is in lower case."""

Names = frozenset[str]
"""Names of tables, views, types, sequences, routines and indexes, without their contracts."""

_NO_TEXTS: Mapping[str, Sequence[str]] = {}


class Naming:
    """What texts name in some catalogs, which stay as they are.

    `texts` has more names, with the texts in which they may be defined.
    """

    def __init__(self, catalogs: Iterable[Catalog], texts: Mapping[str, Sequence[str]] = _NO_TEXTS) -> None:
        self._definitions: dict[str, list[object]] = {name: [tuple(found)] for name, found in texts.items()}
        self._named: dict[str, Names] = {}
        self._named_by: dict[Names, Names] = {}
        self._used: dict[Names, Names] = {}
        for catalog in catalogs:
            for kind in KINDS:
                for name, definition in catalog.members(kind).items():
                    self._definitions.setdefault(plain(name), []).append(definition)

    def named_in(self, texts: Iterable[str]) -> Names:
        """The names that occur in texts: words in small letters, however they are spelled there."""
        known = self._definitions.keys()
        return frozenset().union(*[known & words(text) for text in texts])

    def used_by(self, texts: Iterable[str]) -> Names:
        """What a transaction with these texts could use."""
        return self._closure(self.named_in(texts))

    def used_by_routine(self, routine: RoutineName) -> Names:
        """What a routine could use, itself included."""
        return self._closure(frozenset([plain(routine)]))

    def named_by(self, names: Names) -> Names:
        """The names in the definitions of some."""
        if names not in self._named_by:
            self._named_by[names] = frozenset().union(*map(self._in_definition, names))
        return self._named_by[names]

    def using(self, names: Iterable[str]) -> Names:
        """Some names, with all that could use one of them, and the tables that one of these refers to."""
        found, ahead = set[str](), set(names)
        while ahead:
            found |= ahead
            ahead = set[str]().union(*[self._users.get(name, ()) for name in ahead]) - found
        return frozenset(found)

    @cached_property
    def _users(self) -> Mapping[str, set[str]]:
        """By name, what names it; foreign keys count in both directions."""
        found: dict[str, set[str]] = {}
        for user, definitions in self._definitions.items():
            for name in self._in_definition(user):
                found.setdefault(name, set()).add(user)
            for table in definitions:
                if isinstance(table, Table):
                    found.setdefault(user, set()).update(plain(key.target) for key in table.foreign_keys)
        return found

    def _closure(self, named: Names) -> Names:
        if named not in self._used:
            found, ahead = set[str](), set(named)
            while ahead:
                found |= ahead
                ahead = set[str]().union(*map(self._in_definition, ahead)) - found
            self._used[named] = frozenset(found)
        return self._used[named]

    def _in_definition(self, name: str) -> Names:
        """The names in all definitions of one."""
        if name not in self._named:
            self._named[name] = self.named_in(_texts(self._definitions.get(name, ())))
        return self._named[name]


def defined(before: Catalog, after: Catalog) -> Names:
    """What is defined otherwise, or may be used by others, in one of two catalogs than in the other."""
    if before is after:
        return frozenset()
    found = {plain(name) for kind in KINDS for name in _differing(before.members(kind), after.members(kind))}
    for name in _differing(before.indexes, after.indexes):
        found |= {plain(catalog.indexes[name].table) for catalog in (before, after) if name in catalog.indexes}
    contracts = set(_differing(before.owners, after.owners))
    for grant in before.grants ^ after.grants:
        kind, _, name = grant.object.partition(" ")
        if kind == "contract":
            contracts.add(name)
        else:
            found.add(plain(name))
    if contracts:
        members = (name for catalog in (before, after) for kind in KINDS for name in catalog.members(kind))
        found.update(plain(name) for name in members if contract_of(name) in contracts)
    return frozenset(found)


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    if before is not after:
        yield from (name for name in {**before, **after} if before.get(name) != after.get(name))


def texts_of(payload: Payload) -> Iterator[str]:
    """The texts in which a transaction names what it uses: its script, what it deploys, calls and loads."""
    yield payload.sql
    if payload.contract is not None:
        yield payload.contract
    if payload.call is not None:
        yield payload.call.routine
    yield from (load.table for load in payload.loads)


def words(text: str) -> set[str]:
    """The words of a text that may be names."""
    return set(_WORD.findall(text.lower()))


def lines_naming(lines: bytes, names: AbstractSet[str]) -> set[int]:
    """The places of the transactions that say one of some names, of many: `lines` has one each, in canonical JSON."""
    sought = {name.encode() for name in names}
    text = _ESCAPE.sub(b" ", lines).replace(_KELVIN, b"k").translate(_SPACED)
    return {place for place, line in enumerate(text.split(b"\n")) if not sought.isdisjoint(line.split())}


def plain(name: str) -> str:
    """The name of something without its contract's."""
    return split_name(TableName(name))[1]


def contract_of(name: str) -> str:
    """The contract of something that is named in full."""
    return split_name(TableName(name))[0]


def _texts(value: object) -> Iterator[str]:
    """All texts in a definition."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))
    elif isinstance(value, (tuple, list, AbstractSet)):
        for part in value:
            yield from _texts(part)
