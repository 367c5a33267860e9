"""Which transactions have to do with what either side of a merge defined: these are executed again.

To reach a table, a routine or a type, a transaction must name it, or name what names it, and so on: there is no SQL
that is put together while it runs.  So it is enough to look for names, whatever they stand for where they are found.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from itertools import accumulate

from aergo_vc.base.ids import TableName
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.schema import Catalog, Table

_WORD = re.compile(r"[a-z0-9_]+")
_KELVIN = "\N{KELVIN SIGN}".encode()
"""The one character beyond ASCII that a letter of ASCII is in lower case."""

Objects = dict[str, set[object]]
"""What a catalog says of each name: definitions, owners, privileges; a contract's name stands for itself."""


def concerned_names(
    catalogs: Sequence[Catalog], blocks: Sequence[RecordedBlock], files: Sequence[bytes]
) -> frozenset[str]:
    """The names, without their contracts', of what differs between `catalogs` or is named by what defines in `blocks`.

    With them go what names one of them, tables that foreign keys bind to them, and all of a contract that has another
    owner or privileges of its own.  `files` have the transactions of the blocks, a line each.
    """
    every = [_objects(catalog) for catalog in catalogs]
    known = {name for objects in every for name in objects}
    differing = {name for name in known if any(one.get(name) != every[0].get(name) for one in every)}
    named = {_bare(name) for name in known if name in differing or _contract(name) in differing}
    bare = {_bare(name) for name in known if "." in name}
    for block, lines in zip(blocks, files, strict=True):
        for place in _definers(block):
            line = lines.split(b"\n")[place]
            found = {match.group().decode().lower() for match in _pattern(bare).finditer(line)} if bare else set()
            named |= bare if _KELVIN in line else found
    return _closure(named, every)


def running(block: RecordedBlock, lines: bytes, names: AbstractSet[str]) -> frozenset[int]:
    """The transactions of a block that are to be executed again: what defines, and those that name one of some names.

    Also all behind a definition in the same block: nobody knows what was defined there only for a while.
    """
    first = next(_definers(block), block.count)
    behind = frozenset(range(first, block.count))
    if not names:
        return behind
    starts = [0, *accumulate(len(line) for line in lines.splitlines(keepends=True))]
    return behind | {bisect_right(starts, found.start()) - 1 for found in _pattern(names).finditer(lines)}


def _definers(block: RecordedBlock) -> Iterator[int]:
    """The places of those transactions that define something."""
    if block.defines:
        yield from (place for place in range(block.count) if block.footprint(place).defines)


def tables_named(catalogs: Iterable[Catalog], names: AbstractSet[str]) -> frozenset[TableName]:
    """The tables of the state that are called by one of some names."""
    return frozenset(table for catalog in catalogs for table in catalog.stored if _bare(table) in names)


def _pattern(names: AbstractSet[str]) -> re.Pattern[bytes]:
    """Finds names as words in JSON, where an escape may stand before a word as a letter that is none."""
    words = b"|".join(re.escape(name.encode()) for name in sorted(names))
    before = rb"(?:(?<![a-z0-9_])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
    return re.compile(before + rb"(?:" + words + rb")(?![a-z0-9_])|" + _KELVIN, re.IGNORECASE)


def _objects(catalog: Catalog) -> Objects:
    found: Objects = {}

    def add(name: str, value: object) -> None:
        found.setdefault(name, set()).add(value)

    for members in (catalog.tables, catalog.views, catalog.types, catalog.sequences, catalog.routines):
        for name, value in members.items():
            add(name, value)
    for index in catalog.indexes.values():
        add(index.table, index)
        add(index.name, index)
    for sequence in catalog.sequences.values():
        if sequence.owner is not None:
            add(sequence.owner[0], sequence)
    for grant in catalog.grants:
        add(grant.object.rpartition(" ")[2], grant)
    for contract, owner in catalog.owners.items():
        add(contract, owner)
    return found


def _closure(named: set[str], every: Sequence[Objects]) -> frozenset[str]:
    """The names with all that name them, and with tables that foreign keys bind to them."""
    bonds = {
        bond
        for objects in every
        for name, values in objects.items()
        for value in values
        for bond in _bonds(name, value)
    }
    while more := {bond for bond in bonds if bond[0] not in named and not named.isdisjoint(bond[1])}:
        named |= {name for name, _ in more}
    return frozenset(named)


def _bonds(name: str, value: object) -> Iterator[tuple[str, frozenset[str]]]:
    """Names, and those with which they go."""
    yield _bare(name), frozenset(_words(value))
    if isinstance(value, Table):
        for key in value.foreign_keys:
            yield _bare(key.target), frozenset([_bare(name)])


def _words(value: object) -> Iterator[str]:
    """All words in the texts of a definition."""
    if isinstance(value, str):
        yield from _WORD.findall(value.lower())
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from _words(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _words(getattr(value, field.name))


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _contract(name: str) -> str:
    return name.partition(".")[0]
