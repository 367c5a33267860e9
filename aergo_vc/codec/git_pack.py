"""Packs: objects -> a pack of version 2 and its index of version 2 (gitformat-pack).

Objects are stored whole, each deflated on its own: deltas are left to ``git gc``, which sees more history.  Objects of
packs that others made are read by the object stores, never here.
"""

import hashlib
import re
import struct
from collections.abc import Container, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from isal import isal_zlib

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.digests import Kind, ObjectFormat

_LEVEL = 1
_TYPE_NUMBERS = {Kind.COMMIT: 1, Kind.TREE: 2, Kind.BLOB: 3, Kind.TAG: 4}
_KINDS = {number: kind for kind, number in _TYPE_NUMBERS.items()}
_LARGE_OFFSET = 1 << 31
_INDEX_HEAD = b"\377tOc" + struct.pack(">L", 2)
_FANOUT_BYTES = 1024
_PACK_HEAD_BYTES = 12
_TYPE_BITS = 0x70
_WHOLE = frozenset(number << 4 for number in _KINDS)
_OBJECT_HEAD = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]")


class PackedEntry(NamedTuple):
    """Where an object stands in a pack: raw id, CRC-32 of its stored bytes, offset of their first."""

    id: bytes
    crc: int
    offset: int


class PackIndex(NamedTuple):
    """What an index says: raw ids in ascending order, the CRC-32 and the offset of each, the checksum of its pack."""

    ids: Sequence[bytes]
    crcs: Sequence[int]
    offsets: Sequence[int]
    checksum: bytes


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

    def append(self, pieces: Iterable[bytes], count: int) -> int:
        """Append `count` objects that `encode_object` spelled, cut anywhere; returns the offset of the first."""
        offset = self._offset
        for piece in pieces:
            self._write(piece)
        self._count -= count
        return offset

    def copy(self, pack: bytes, index: PackIndex, wanted: Container[bytes]) -> list[PackedEntry]:
        """Append those objects of a pack whose raw ids are `wanted`; returns where they now stand.

        The pack must have passed `require_whole`.  Raises `FormatError` where a checksum of the index is not met.
        """
        ordered = sorted(zip(index.offsets, index.ids, index.crcs, strict=True))
        ends = [offset for offset, _, _ in ordered[1:]] + [len(pack) - len(index.checksum)]
        view = memoryview(pack)
        entries: list[PackedEntry] = []
        begin = last = 0  # of a run of wanted objects, which is written at once
        for (offset, name, crc), end in zip(ordered, ends, strict=True):
            if crc32(view[offset:end]) != crc:
                raise FormatError("a packed object does not have the checksum of its index", offset=offset)
            if name not in wanted:
                continue
            if offset != last:
                self._write(view[begin:last])
                begin = offset
            entries.append(PackedEntry(name, crc, self._offset + offset - begin))
            last = end
        self._write(view[begin:last])
        self._count -= len(entries)
        return entries

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


def decode_index(index: bytes, object_format: ObjectFormat) -> PackIndex:
    """What an index says.  Raises `FormatError`.

    Offsets beyond 31 bits are refused: packs of that size are left alone.
    """
    width = object_format.id_bytes
    ids = len(_INDEX_HEAD) + _FANOUT_BYTES
    if not index.startswith(_INDEX_HEAD) or len(index) < ids + 2 * width:
        raise FormatError("an index of a pack is not one of version 2")
    if hashlib.new(object_format.value, index[:-width], usedforsecurity=False).digest() != index[-width:]:
        raise FormatError("an index of a pack does not have the checksum that it states")
    (count,) = struct.unpack_from(">L", index, ids - 4)
    crcs = ids + count * width
    if len(index) != crcs + 8 * count + 2 * width:
        raise FormatError("an index of a pack does not have the length that its entries need", entries=count)
    return PackIndex(
        ids=[index[at : at + width] for at in range(ids, crcs, width)],
        crcs=struct.unpack_from(f">{count}L", index, crcs),
        offsets=struct.unpack_from(f">{count}L", index, crcs + 4 * count),
        checksum=index[-2 * width : -width],
    )


def require_whole(pack: bytes, index: PackIndex) -> None:
    """Raise `FormatError` unless `pack` is what `index` is of, and holds no deltas, whose bytes mean nothing elsewhere.

    Checksums are left to `PackStream.copy`.
    """
    end = len(pack) - len(index.checksum)
    if pack[:_PACK_HEAD_BYTES] != _pack_head(len(index.ids)) or pack[end:] != index.checksum:
        raise FormatError("a pack is not the one that its index is of")
    if max(index.offsets, default=0) >= end:
        raise FormatError("an index of a pack leads beyond the pack's end")
    if not {pack[offset] & _TYPE_BITS for offset in index.offsets} <= _WHOLE:
        raise FormatError("a pack holds deltas")


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
