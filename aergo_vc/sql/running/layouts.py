"""How rows of a table are kept in SQLite, what tells them apart, and what the state can hold of them."""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aergo_vc.base.limits import KEY_CODE_CHARACTERS, ROW_BYTES
from aergo_vc.codec.key_code import key_code
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.model.changes import Key
from aergo_vc.model.schema import Table
from aergo_vc.model.types import FLOATS, Kind, Row
from aergo_vc.sql.errors import LIMIT_EXCEEDED, SqlError
from aergo_vc.sql.running.table_access import has_rowid_key
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.values import INTEGERS, decoder, encoder, storage_scale

Kept = tuple[Any, ...]
"""A row or a key as SQLite keeps it."""

_NO_TEXTS = INTEGERS | FLOATS | {Kind.BOOLEAN}
_LONG = frozenset({Kind.TEXT, Kind.VARCHAR, Kind.CHAR, Kind.BYTEA, Kind.JSON, Kind.JSONB, Kind.NUMERIC})
_INTEGER_DIGITS = 20


class Layout:
    """How rows of one table are kept and what identifies them."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.positions, self.kinds = table.key_positions, table.key_kinds
        self._decoders = _by_position([decoder(c.type, storage_scale(c.type)) for c in table.columns])
        self._encoders = _by_position([encoder(c.type) for c in table.columns])
        self._key_encoders = _by_position([encoder(table.columns[p].type) for p in self.positions])
        self.texts = tuple(place for place, c in enumerate(table.columns) if c.type.kind not in _NO_TEXTS)
        self.least_bytes = 26 * len(table.columns)
        self.key_room = (KEY_CODE_CHARACTERS - 60 * len(self.positions)) // 9
        self.has_short_keys = INTEGERS.issuperset(self.kinds) and _INTEGER_DIGITS * len(self.kinds) <= self.key_room
        self._decimal_keys = tuple(
            place
            for place, position in enumerate(self.positions)
            if table.columns[position].type.kind is Kind.NUMERIC and storage_scale(table.columns[position].type) is None
        )
        self.only_key = self.positions[0] if len(self.positions) == 1 and not self._decimal_keys else None
        """The place of the column that tells rows apart by itself."""
        self.is_read_plain = not self._decoders and not self._decimal_keys and FLOATS.isdisjoint(self.kinds)
        """Whether rows are canonical as they are kept, and keys what tells rows apart."""
        self.has_small_rows = self.has_short_keys and not self.texts and self.least_bytes <= ROW_BYTES
        """Whether the state can hold any row."""
        self.long = tuple(
            place
            for place, column in enumerate(table.columns)
            if column.type.kind in _LONG and storage_scale(column.type) is None
        )
        """The places of values that may be long, and are kept as texts."""
        self.identity: Callable[[Kept], Any] = (
            self._decimal_identity if self._decimal_keys else operator.itemgetter(*self.positions)
        )
        """What equal keys have in common, from a row: its key, and 1.0 and 1.00 are one key."""
        self.is_told_by_rowid = has_rowid_key(table) and not self.long
        """Whether SQLite's number of a row is its key, and nothing else needs to be known of one that is written."""

    def _decimal_identity(self, row: Kept) -> Kept:
        return self.least_key(tuple([row[position] for position in self.positions]))

    def least_key(self, key: Kept) -> Kept:
        """The shortest spelling of a key: the same for all that are equal."""
        if not self._decimal_keys:
            return key
        return tuple([numbers.trimmed(v) if place in self._decimal_keys else v for place, v in enumerate(key)])

    def decode(self, row: Kept) -> Row:
        return _apply(self._decoders, row)

    def encode(self, row: Row) -> Kept:
        return _apply(self._encoders, row)

    def encode_key(self, key: Key) -> Kept:
        return _apply(self._key_encoders, key)

    @property
    def has_decimal_keys(self) -> bool:
        """Whether equal keys may be spelled in several ways."""
        return bool(self._decimal_keys)

    @property
    def is_plain(self) -> bool:
        """Whether rows are kept as they are."""
        return not self._encoders

    def keys_of(self, rows: Sequence[Row]) -> list[Key]:
        """The keys of many rows."""
        if len(self.positions) == 1:
            place = self.positions[0]
            return [(row[place],) for row in rows]
        return list(map(operator.itemgetter(*self.positions), rows))

    def key_of(self, row: Row) -> Key:
        return tuple([row[position] for position in self.positions])


_Functions = tuple[tuple[int, Callable[[Any], Any]], ...]


def _by_position(functions: list[Callable[[Any], Any] | None]) -> _Functions:
    return tuple((place, function) for place, function in enumerate(functions) if function is not None)


def _apply(functions: _Functions, row: Kept) -> Row:
    if not functions:
        return row
    cells = list(row)
    for place, function in functions:
        if cells[place] is not None:
            cells[place] = function(cells[place])
    return tuple(cells)


def check_sizes(layout: Layout, rows: Iterable[Row]) -> int:
    """Raise SqlError 54000 for a row or a key that the state cannot hold; returns the rows' bytes."""
    total = 0
    for row in rows:
        size = layout.least_bytes
        for place in layout.texts:
            cell = row[place]
            if cell is not None:
                size += 6 * len(cell) - 22  # type: ignore[arg-type]  # it is a text
        if size > ROW_BYTES:
            size = len(encode_row(row))
            if size > ROW_BYTES:
                name = layout.table.name
                raise SqlError(LIMIT_EXCEEDED, f"a row of {name} takes {size} bytes; {ROW_BYTES} are allowed")
        total += size
        if not layout.has_short_keys:
            _check_key(layout, row)
    return total


def _check_key(layout: Layout, row: Row) -> None:
    characters = 0
    for position in layout.positions:
        characters += len(str(row[position]))
    if characters > layout.key_room and len(key_code(layout.kinds, layout.key_of(row))) > KEY_CODE_CHARACTERS:
        raise SqlError(LIMIT_EXCEEDED, f"a key of {layout.table.name} is too long")
