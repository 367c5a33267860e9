"""The footprints of a block as a clone keeps them for itself, so that a merge need not execute the block again.

The first line is the SHA-256 of the rest, which is MessagePack.  Tables and sets of columns stand in lists of their own
and are called by their places there; numbers that belong to transactions lie side by side in arrays of machine words in
little-endian order; what makes up one footprint is read only when it is asked for.
"""

import hashlib
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import BlockId, EntityName, PublicKey, TableName
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.footprints import Columns, Footprint, Lookup, Reads
from aergo_vc.model.recorded_blocks import Mark, RecordedBlock, Shape

_WORD, _LONG = "I", "Q"
_TYPES = {_WORD: 4, _LONG: 8}
_EMPTY: Columns = frozenset()


_FORM = 3
"""The number of this form; files of another one are not read."""


class _Stored(msgspec.Struct, array_like=True):
    form: int
    block: str
    defines: bool
    shapes: list[tuple[list[int], list[int], bool]]
    signers: list[tuple[str, bytes]]
    shape_of: bytes
    signer_of: bytes
    entered_ends: bytes
    written_ends: bytes
    ends: bytes
    rows: bytes
    tables: list[str]
    columns: list[list[str]]
    lookups: list[tuple[str, list[str]]]
    footprint_ends: bytes
    footprints: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


class Marks(NamedTuple):
    """The marks of a transaction: of its entries, of the rows that it wrote, of those that it only read and lookups."""

    entered: Sequence[Mark]
    written: Sequence[Mark]
    read: Sequence[Mark]


class FootprintLog:
    """Takes the footprints of a block's transactions in order."""

    def __init__(self, block: BlockId) -> None:
        self._block = block
        self._defines = False
        self._shapes: dict[Shape, int] = {}
        self._signers: dict[tuple[EntityName, PublicKey], int] = {}
        self._shape_of, self._signer_of = array(_WORD), array(_WORD)
        self._entered_ends, self._written_ends, self._ends = array(_WORD), array(_WORD), array(_WORD)
        self._rows = array(_LONG)
        self._tables: dict[TableName, int] = {}
        self._columns: dict[Columns, int] = {}
        self._lookups: dict[Lookup, int] = {}
        self._footprint_ends = array(_LONG)
        self._footprints = bytearray()

    def add(self, footprint: Footprint, shape: Shape, signer: tuple[EntityName, PublicKey], marks: Marks) -> None:
        """The next transaction."""
        self._defines = self._defines or footprint.defines
        self._shape_of.append(self._shapes.setdefault(shape, len(self._shapes)))
        self._signer_of.append(self._signers.setdefault(signer, len(self._signers)))
        self._rows.extend(marks.entered)
        self._entered_ends.append(len(self._rows))
        self._rows.extend(marks.written)
        self._written_ends.append(len(self._rows))
        self._rows.extend(marks.read)
        self._ends.append(len(self._rows))
        self._footprints += _encoder.encode(self._value(footprint))
        self._footprint_ends.append(len(self._footprints))

    def encode(self) -> bytes:
        """All of it, as a file."""
        body = _encoder.encode(
            _Stored(
                form=_FORM,
                block=self._block,
                defines=self._defines,
                shapes=[(sorted(shape.written), sorted(shape.searched), shape.must_run) for shape in self._shapes],
                signers=[(entity, bytes(key)) for entity, key in self._signers],
                shape_of=_bytes(self._shape_of),
                signer_of=_bytes(self._signer_of),
                entered_ends=_bytes(self._entered_ends),
                written_ends=_bytes(self._written_ends),
                ends=_bytes(self._ends),
                rows=_bytes(self._rows),
                tables=[str(table) for table in self._tables],
                columns=[sorted(columns) for columns in self._columns],
                lookups=[(lookup.table, list(lookup.columns)) for lookup in self._lookups],
                footprint_ends=_bytes(self._footprint_ends),
                footprints=bytes(self._footprints),
            )
        )
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    def _value(self, footprint: Footprint) -> tuple[Any, ...]:
        reads = [
            (self._table(table), self._cells(found.rows), None if found.scanned is None else self._set(found.scanned))
            for table, found in footprint.reads.items()
        ]
        writes = [(self._table(table), self._cells(rows)) for table, rows in footprint.writes.items()]
        changes = [
            (self._table(table), [(key, change.before, change.after) for key, change in rows.items()])
            for table, rows in footprint.changes.items()
        ]
        lookups, entries = (
            [(self._lookup(lookup), self._cells(rows)) for lookup, rows in found.items()]
            for found in (footprint.lookups, footprint.entries)
        )
        taken = [self._table(table) for table in sorted(footprint.taken)]
        names = [None if one is None else self._set(one) for one in (footprint.uses, footprint.defined)]
        return reads, writes, changes, footprint.defines, footprint.situated, lookups, entries, taken, names

    def _lookup(self, lookup: Lookup) -> int:
        return self._lookups.setdefault(lookup, len(self._lookups))

    def _table(self, table: TableName) -> int:
        return self._tables.setdefault(table, len(self._tables))

    def _set(self, columns: Columns) -> int:
        return self._columns.setdefault(columns, len(self._columns))

    def _cells(self, rows: Mapping[Key, Columns]) -> list[tuple[Key, int]]:
        return [(key, self._set(columns)) for key, columns in rows.items()]


def decode_recorded_block(data: bytes) -> RecordedBlock:
    """Read what `FootprintLog.encode` gave; raises FormatError for anything else."""
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise FormatError("kept footprints are damaged")
    try:
        stored = _decoder.decode(body)
        if stored.form != _FORM:
            raise FormatError("kept footprints are in the form of another version")
        return _recorded(stored)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise FormatError("kept footprints are not in the form of this version") from problem


def _recorded(stored: _Stored) -> RecordedBlock:
    tables = [TableName(name) for name in stored.tables]
    sets = [frozenset(names) for names in stored.columns]
    lookups = [Lookup(TableName(table), tuple(columns)) for table, columns in stored.lookups]
    ends = _array(_LONG, stored.footprint_ends)
    footprints = memoryview(stored.footprints)

    def footprint(place: int) -> Footprint:
        start = ends[place - 1] if place else 0
        return _footprint(msgspec.msgpack.decode(footprints[start : ends[place]]), tables, sets, lookups)

    return RecordedBlock(
        block=BlockId(stored.block),
        defines=stored.defines,
        shapes=tuple(Shape(frozenset(one[0]), frozenset(one[1]), one[2]) for one in stored.shapes),
        signers=tuple((EntityName(entity), PublicKey(key)) for entity, key in stored.signers),
        shape_of=_array(_WORD, stored.shape_of),
        signer_of=_array(_WORD, stored.signer_of),
        entered_ends=_array(_WORD, stored.entered_ends),
        written_ends=_array(_WORD, stored.written_ends),
        ends=_array(_WORD, stored.ends),
        rows=_array(_LONG, stored.rows),
        lookups=tuple(lookups),
        footprint=footprint,
    )


def _footprint(
    value: Any,  # noqa: ANN401 - decoded
    tables: Sequence[TableName],
    sets: Sequence[Columns],
    lookups: Sequence[Lookup],
) -> Footprint:
    reads, writes, changes, defines, situated, looked_up, entries, taken, names = value

    def cells(rows: Any) -> dict[Key, Columns]:  # noqa: ANN401 - as above
        return {tuple(key): sets[columns] for key, columns in rows}

    return Footprint(
        reads={
            tables[table]: Reads(cells(rows), None if scanned is None else sets[scanned])
            for table, rows, scanned in reads
        },
        writes={tables[table]: cells(rows) for table, rows in writes},
        changes=_changes(changes, tables),
        defines=defines,
        situated=situated,
        lookups={lookups[lookup]: cells(rows) for lookup, rows in looked_up},
        entries={lookups[lookup]: cells(rows) for lookup, rows in entries},
        taken=frozenset(tables[table] for table in taken),
        uses=None if names[0] is None else sets[names[0]],
        defined=None if names[1] is None else sets[names[1]],
    )


def _changes(value: Any, tables: Sequence[TableName]) -> Changes:  # noqa: ANN401 - decoded
    return {
        tables[table]: {
            tuple(key): RowChange(None if before is None else tuple(before), None if after is None else tuple(after))
            for key, before, after in rows
        }
        for table, rows in value
    }


def _bytes(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _array(kind: str, data: bytes) -> list[int]:
    numbers = array(kind)
    if numbers.itemsize != _TYPES[kind]:
        raise FormatError("this machine's words have another length")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
