"""Merge small packs into bigger ones, so that reading does not slow down with the number of blocks.

Only packs as this program writes them are merged: nothing but a pack and an index, no deltas inside, not kept, in no
multi-pack-index.  What ``git gc`` or ``git fetch`` made is left alone, and git stays free to repack the result.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import IO, Final

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.git_pack import PackedEntry, PackIndex, PackStream, decode_index, encode_index, require_whole
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.pack_writer import PublishedPack, place_pack

MOST_PACKS: Final = 64
"""So many small packs may stand side by side: more than ``gc.autoPackLimit`` (50), so that git's own clean-up, which
finds deltas too, comes first where a command line calls it."""

_SMALL_BYTES: Final = 64 << 20
_MERGED_BYTES: Final = 256 << 20
_OURS: Final = frozenset(["pack", "idx"])
_GROWTH: Final = 2


@dataclass(frozen=True, slots=True)
class _Pack:
    path: Path
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A pack that can be merged, and the ids that are taken from it."""

    path: Path
    ids: frozenset[bytes]


@dataclass(slots=True)
class Consolidator:
    """Merges the small packs of one repository; remembers those that proved to be somebody else's."""

    paths: GitPaths
    most: int = MOST_PACKS
    _foreign: set[str] = field(default_factory=set)

    def consolidate(self) -> bool:
        """Merge packs if more than `most` small ones stand side by side; tells whether any were.

        To be called under the ledger's lock.  Sizes then grow geometrically, so that an object is copied as often as
        the logarithm of the history's length; packs beyond 64 MiB stay as they are.  The merged pack is durable
        before the first of its sources goes.  Raises OSError; nothing is lost then, and the next call begins anew.
        """
        folder = self.paths.objects_dir / "pack"
        stems = self._candidates(folder)
        if len(stems) <= self.most:
            return False
        after = _last_indexed(folder)
        found = [pack for pack in _described(folder, stems) if pack.size < _SMALL_BYTES and pack.changed > after]
        if len(found) <= self.most:
            return False
        chosen = to_merge(found)
        while len(sources := self._sources(chosen)) > 1:
            try:
                merged = place_pack(self.paths, lambda output: self._write(output, sources))
            except FormatError:  # a source is damaged, and now among the foreign
                continue
            _drop([source.path for source in sources], merged)
            return True
        return False

    def _candidates(self, folder: Path) -> list[str]:
        """Packs that have nothing beside them but an index."""
        endings: dict[str, set[str]] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, _, ending = entry.name.partition(".")
                endings.setdefault(stem, set()).add(ending)
        return [stem for stem, present in endings.items() if present == _OURS and stem not in self._foreign]

    def _sources(self, packs: Iterable[_Pack]) -> list[_Source]:
        """What can be merged of `packs`, each object once."""
        sources: list[_Source] = []
        seen: set[bytes] = set()
        for pack in packs:
            if pack.path.stem in self._foreign:
                continue
            try:
                _, index = self._read(pack.path)
            except FileNotFoundError:  # git repack was faster
                continue
            except FormatError:
                self._foreign.add(pack.path.stem)
                continue
            ids = frozenset(index.ids) - seen
            seen |= ids
            sources.append(_Source(pack.path, ids))
        return sources

    def _read(self, path: Path) -> tuple[bytes, PackIndex]:
        index = decode_index(path.with_suffix(".idx").read_bytes(), self.paths.object_format)
        pack = path.read_bytes()
        require_whole(pack, index)
        return pack, index

    def _write(self, output: IO[bytes], sources: Sequence[_Source]) -> tuple[bytes, bytes]:
        """Write the merged pack; returns its checksum and its index."""
        object_format = self.paths.object_format
        stream = PackStream(output, sum(len(source.ids) for source in sources), object_format)
        entries: list[PackedEntry] = []
        for source in sources:  # read again, so that no more than one pack is in memory
            try:
                entries += stream.copy(*self._read(source.path), source.ids)
            except FormatError:
                self._foreign.add(source.path.stem)
                raise
        checksum = stream.finish()
        return checksum, encode_index(entries, checksum, object_format)


def to_merge(packs: Sequence[_Pack]) -> list[_Pack]:
    """Those of `packs` without which each is at least twice as big as all smaller ones together; oldest first.

    No more than 256 MiB at once.
    """
    by_size = sorted(packs, key=lambda pack: (pack.size, pack.path.name))
    sums = list(accumulate(pack.size for pack in by_size))
    count = 0
    for place in range(1, len(by_size)):
        if by_size[place].size < _GROWTH * sums[place - 1] and sums[place] <= _MERGED_BYTES:
            count = place + 1
    return sorted(by_size[:count], key=lambda pack: (pack.changed, pack.path.name))


def _described(folder: Path, stems: Iterable[str]) -> Iterable[_Pack]:
    for stem in stems:
        path = folder / f"{stem}.pack"
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        yield _Pack(path, facts.st_size, facts.st_mtime_ns)


def _last_indexed(folder: Path) -> int:
    """When git last wrote a multi-pack-index: packs that are older may be in it, and it would miss them."""
    indexes = [folder / "multi-pack-index", *(folder / "multi-pack-index.d").glob("*")]
    return max((path.stat().st_mtime_ns for path in indexes if path.exists()), default=-1)


def _drop(packs: Iterable[Path], merged: PublishedPack) -> None:
    """Remove packs whose objects are in `merged` too.

    The mark that kept `merged` goes from pack to pack, so that `release_leftovers` can tell a pack whose removal was
    cut short: one without an index would stay for ever.  The index goes first, as git has it, since it is what makes
    readers look for the pack.
    """
    mark = merged.keep
    for pack in packs:
        keep = pack.with_suffix(".keep")
        if pack == merged.path or keep.exists():
            continue
        if mark is not None:
            mark = mark.replace(keep)
        pack.with_suffix(".idx").unlink(missing_ok=True)
        pack.unlink(missing_ok=True)
    if mark is not None:
        mark.unlink(missing_ok=True)
