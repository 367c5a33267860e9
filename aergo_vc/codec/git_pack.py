"""Packs: objects -> a pack of version 2 and its index of version 2 (gitformat-pack).

Objects are stored whole, each deflated on its own: deltas are left to ``git gc``, which sees more history.  Objects of
packs that others made are read by the object stores, never here.
"""

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple, Protocol

from isal import isal_zlib

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.digests import Kind, ObjectFormat

_LEVEL = 1
_TYPE_NUMBERS = {Kind.COMMIT: 1, Kind.TREE: 2, Kind.BLOB: 3, Kind.TAG: 4}
_KINDS = {number: kind for kind, number in _TYPE_NUMBERS.items()}
_LARGE_OFFSET = 1 << 31
_INDEX_HEAD = b"\377tOc" + struct.pack(">L", 2)
_PACK_HEAD_BYTES = 12
_OBJECT_HEAD = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]")


class PackedEntry(NamedTuple):
    """Where an object stands in a pack: raw id, CRC-32 of its stored bytes, offset of their first."""

    id: bytes
    crc: int
    offset: int


_OFFSET = attrgetter("offset")


class _Output(Protocol):
    def write(self, data: bytes | memoryview, /) -> object: ...


def encode_object(kind: Kind, data: bytes) -> bytes:
    """An object as it stands in a pack: type and size, then the deflated content."""
    size = len(data)
    first = _TYPE_NUMBERS[kind] << 4 | size & 15
    size >>= 4
    head = bytearray()
    while size:
        head.append(first | 0x80)
        first = size & 0x7F
        size >>= 7
    head.append(first)
    return bytes(head) + isal_zlib.compress(data, _LEVEL)


def decode_object(stored: bytes) -> tuple[Kind, bytes]:
    """What `encode_object` stored.  Raises `FormatError` for anything else, deltas included."""
    match = _OBJECT_HEAD.match(stored)
    kind = _KINDS.get(stored[0] >> 4 & 7) if match else None
    if match is None or kind is None:
        raise FormatError("a packed object does not begin with a type and a size")
    head = match[0]
    size = head[0] & 15
    for place, byte in enumerate(head[1:]):
        size |= (byte & 0x7F) << (4 + 7 * place)
    try:
        data = isal_zlib.decompress(stored[len(head) :])
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
        raise FormatError("a packed object cannot be inflated") from error
    if len(data) != size:
        raise FormatError("a packed object is not of the size that it states", size=size, found=len(data))
    return kind, data


class PackStream:
    """Writes one pack to `output`, front to back, keeping only the index entries in memory.

    Exactly `count` objects must be appended before `finish`.  The ids are the caller's word: git checks them
    whenever it indexes or verifies the pack.
    """

    def __init__(self, output: _Output, count: int, object_format: ObjectFormat) -> None:
        self._output = output
        self._hash = hashlib.new(object_format.value, usedforsecurity=False)
        self._offset = 0
        self._count = count
        self._write(_pack_head(count))

    def append(self, stored: bytes | memoryview) -> int:
        """Append an object that `encode_object` spelled; returns its offset."""
        offset = self._offset
        self._write(stored)
        self._count -= 1
        return offset

    def finish(self) -> bytes:
        """Write the trailer and return it: the checksum of the pack, which its index repeats."""
        if self._count:
            raise ValueError(f"{self._count} objects fewer were packed than the pack's head says")
        trailer = self._hash.digest()
        self._output.write(trailer)
        return trailer

    def _write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self._output.write(data)
        self._offset += len(data)


def encode_index(entries: Iterable[PackedEntry], checksum: bytes, object_format: ObjectFormat) -> bytes:
    """The index of the pack whose trailer is `checksum`; `entries` in any order."""
    ordered = sorted(entries)
    body = b"".join(
        [
            _INDEX_HEAD,
            _fanout(ordered),
            b"".join([entry.id for entry in ordered]),
            struct.pack(f">{len(ordered)}L", *[entry.crc for entry in ordered]),
            _offsets([entry.offset for entry in ordered]),
            checksum,
        ]
    )
    return body + hashlib.new(object_format.value, body, usedforsecurity=False).digest()


def decode_index(index: bytes, object_format: ObjectFormat) -> tuple[list[PackedEntry], bytes]:
    """The entries of an index by id, and the checksum of its pack.  Raises `FormatError`.

    Offsets beyond 31 bits are refused: packs of that size are left alone.
    """
    width = object_format.id_bytes
    if not index.startswith(_INDEX_HEAD) or len(index) < len(_INDEX_HEAD) + 1024 + 2 * width:
        raise FormatError("an index of a pack is not one of version 2")
    if hashlib.new(object_format.value, index[:-width], usedforsecurity=False).digest() != index[-width:]:
        raise FormatError("an index of a pack does not have the checksum that it states")
    (count,) = struct.unpack_from(">L", index, len(_INDEX_HEAD) + 1020)
    ids = len(_INDEX_HEAD) + 1024
    crcs = ids + count * width
    if len(index) != crcs + 8 * count + 2 * width:
        raise FormatError("an index of a pack does not have the length that its entries need", entries=count)
    crc_values = struct.unpack_from(f">{count}L", index, crcs)
    offsets = struct.unpack_from(f">{count}L", index, crcs + 4 * count)
    names = [index[at : at + width] for at in range(ids, crcs, width)]
    return list(map(PackedEntry, names, crc_values, offsets)), index[-2 * width : -width]


def whole_objects(pack: bytes, entries: Sequence[PackedEntry], checksum: bytes) -> list[tuple[PackedEntry, memoryview]]:
    """What stands in a pack, in its order: each object as `encode_object` spells it.

    `entries` and `checksum` are those of its index.  Raises `FormatError` where they do not fit, and for a pack that
    holds deltas, whose bytes mean nothing elsewhere.
    """
    end = len(pack) - len(checksum)
    if pack[:_PACK_HEAD_BYTES] != _pack_head(len(entries)) or pack[end:] != checksum:
        raise FormatError("a pack is not the one that its index is of")
    ordered = sorted(entries, key=_OFFSET)
    view = memoryview(pack)
    found: list[tuple[PackedEntry, memoryview]] = []
    ends = [entry.offset for entry in ordered[1:]] + [end]
    for entry, next_offset in zip(ordered, ends, strict=True):
        stored = view[entry.offset : next_offset]
        if not stored or stored[0] >> 4 & 7 not in _KINDS:
            raise FormatError("a pack holds deltas", offset=entry.offset)
        if crc32(stored) != entry.crc:
            raise FormatError("a packed object does not have the checksum of its index", offset=entry.offset)
        found.append((entry, stored))
    return found


def _pack_head(count: int) -> bytes:
    return b"PACK" + struct.pack(">LL", 2, count)


def _fanout(ordered: Sequence[PackedEntry]) -> bytes:
    counts = [0] * 256
    for entry in ordered:
        counts[entry.id[0]] += 1
    return struct.pack(">256L", *accumulate(counts))


def _offsets(offsets: Sequence[int]) -> bytes:
    """Offsets of 31 bits in place; larger ones in a second table of 64 bits, in the first their number there."""
    large = [offset for offset in offsets if offset >= _LARGE_OFFSET]
    numbers = iter(range(len(large)))
    small = [offset if offset < _LARGE_OFFSET else _LARGE_OFFSET | next(numbers) for offset in offsets]
    return struct.pack(f">{len(small)}L", *small) + struct.pack(f">{len(large)}Q", *large)


crc32 = isal_zlib.crc32
"""The CRC-32 that an index keeps of each object's stored bytes."""
