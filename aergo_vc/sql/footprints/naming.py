"""What a script or a routine could use of a catalog, told from the words in its text, and what definitions change."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.schema import Catalog, split_name

_WORD = re.compile(r"\w+")
_KINDS = ("tables", "views", "types", "sequences", "routines")

Names = frozenset[str]
"""Names of tables, views, types, sequences and routines, without their contracts."""


class Naming:
    """What texts name in some catalogs, which stay as they are.

    Every use of something begins with its name in a text: in the script, or in the definition of what that uses.  No
    statement can be put together when it runs.  Names are words of small letters, however they are spelled there.
    """

    def __init__(self, *catalogs: Catalog) -> None:
        self._definitions: dict[str, list[object]] = {}
        self._used: dict[str, Names] = {}
        for catalog in catalogs:
            for kind in _KINDS:
                for name, definition in _members(catalog, kind).items():
                    self._definitions.setdefault(_plain(name), []).append(definition)

    def used_by(self, text: str) -> Names:
        """What a script could use."""
        return self._closure(self._named_in([text]))

    def used_by_routine(self, routine: RoutineName) -> Names:
        """What a routine could use, itself included."""
        name = _plain(routine)
        if name not in self._used:
            self._used[name] = self._closure({name})
        return self._used[name]

    def _closure(self, named: set[str]) -> Names:
        found: set[str] = set()
        while named:
            found |= named
            texts = [text for name in named for one in self._definitions.get(name, ()) for text in _texts(one)]
            named = self._named_in(texts) - found
        return frozenset(found)

    def _named_in(self, texts: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for text in texts:
            found.update(word for word in _WORD.findall(text.casefold()) if word in self._definitions)
        return found


def defined(before: Catalog, after: Catalog) -> Names:
    """What is defined otherwise, or may be used by others, in one of two catalogs than in the other."""
    if before is after:
        return frozenset()
    found = {_plain(name) for kind in _KINDS for name in _differing(_members(before, kind), _members(after, kind))}
    for name in _differing(before.indexes, after.indexes):
        found |= {_plain(catalog.indexes[name].table) for catalog in (before, after) if name in catalog.indexes}
    contracts = set(_differing(before.owners, after.owners))
    for grant in before.grants ^ after.grants:
        kind, _, name = grant.object.partition(" ")
        if kind == "contract":
            contracts.add(name)
        else:
            found.add(_plain(name))
    for catalog in (before, after):
        for kind in _KINDS:
            found |= {_plain(name) for name in _members(catalog, kind) if name.partition(".")[0] in contracts}
    return frozenset(found)


def _members(catalog: Catalog, kind: str) -> Mapping[str, object]:
    members: Mapping[str, object] = getattr(catalog, kind)
    return members


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    if before is not after:
        yield from (name for name in {**before, **after} if before.get(name) != after.get(name))


def _plain(name: str) -> str:
    return split_name(TableName(name))[1]


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
