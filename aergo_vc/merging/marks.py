"""Marks of rows and columns, and the recording of a block's footprints with them."""

import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import FootprintLog, Marks
from aergo_vc.codec.key_code import key_code, key_codes
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint, Lookup
from aergo_vc.model.recorded_blocks import Mark, Shape
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.transactions import Transaction
from aergo_vc.model.types import Kind

_MANY = 8
"""Keys from which on it is faster to code them column by column."""


class Marker:
    """The marks of the rows and columns of some tables."""

    def __init__(self, tables: Mapping[TableName, Table]) -> None:
        self.tables = tables
        self._kinds = {name: table.key_kinds for name, table in tables.items()}
        self._lookups: dict[Lookup, tuple[Kind, ...] | None] = {}
        self._columns: dict[tuple[TableName, frozenset[str]], frozenset[Mark]] = {}

    def row(self, table: TableName, key: Key) -> Mark:
        """The mark of the row of a table that has a key, whatever the key's spelling."""
        name = f"{table}\n{key_code(self._kinds[table], key)}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())

    def rows(self, table: TableName, keys: Collection[Key]) -> list[Mark]:
        """The marks of rows of one table, in their order; none where it is not one of these tables."""
        if table not in self._kinds:
            return []
        if len(keys) < _MANY:
            return [self.row(table, key) for key in keys]
        start = f"{table}\n"
        codes = key_codes(self._kinds[table], list(zip(*keys, strict=True)))
        return [int.from_bytes(blake2b((start + code).encode(), digest_size=8).digest()) for code in codes]

    def found(self, lookup: Lookup, every: Iterable[Key]) -> list[Mark]:
        """The marks of the rows that a lookup finds by the values of each; none where it is none of these tables'."""
        if lookup not in self._lookups:
            self._lookups[lookup] = self._kinds_of(lookup)
        kinds = self._lookups[lookup]
        if kinds is None:
            return []
        start = "\n".join((lookup.table, *lookup.columns, ""))
        names = (start + key_code(kinds, values) for values in every)
        return [int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"lookup").digest()) for name in names]

    def _kinds_of(self, lookup: Lookup) -> tuple[Kind, ...] | None:
        table = self.tables.get(lookup.table)
        kinds = {} if table is None else {column.name: column.type.kind for column in table.columns}
        return tuple(kinds[name] for name in lookup.columns) if kinds.keys() >= set(lookup.columns) else None

    def columns(self, table: TableName, columns: frozenset[str]) -> frozenset[Mark]:
        """The marks of columns of a table."""
        found = self._columns.get((table, columns))
        if found is None:
            found = frozenset(
                int.from_bytes(blake2b(f"{table}\n{column}\n".encode(), digest_size=8).digest()) for column in columns
            )
            self._columns[table, columns] = found
        return found

    def shape(self, footprint: Footprint) -> Shape:
        """The columns that a transaction wrote and by which it searched, in other tables too: then it must run."""
        written: frozenset[Mark] = frozenset()
        searched: frozenset[Mark] = frozenset()
        for table, rows in footprint.writes.items():
            for columns in set(rows.values()):
                written |= self.columns(table, columns)
        for table, reads in footprint.reads.items():
            if reads.scanned is not None:
                searched |= self.columns(table, reads.scanned)
        return Shape(written, searched, footprint.situated or footprint.defines or not self._knows(footprint))

    def written(self, footprint: Footprint) -> list[Mark]:
        """The marks of the rows that a transaction wrote."""
        return [mark for table, rows in footprint.writes.items() for mark in self.rows(table, rows)]

    def only_read(self, footprint: Footprint) -> list[Mark]:
        """Likewise of the rows that a transaction asked for by their keys, and did not write, and of its lookups."""
        found = []
        for table, reads in footprint.reads.items():
            written = footprint.writes.get(table, {})
            found += self.rows(table, [key for key in reads.rows if key not in written])
        return found + [mark for lookup, rows in footprint.lookups.items() for mark in self.found(lookup, rows)]

    def entered(self, footprint: Footprint) -> list[Mark]:
        """The marks of its entries."""
        return [mark for lookup, rows in footprint.entries.items() for mark in self.found(lookup, rows)]

    def _knows(self, footprint: Footprint) -> bool:
        tables = self.tables.keys()
        return (
            footprint.reads.keys() <= tables
            and footprint.writes.keys() <= tables
            and all(self._kinds_of(lookup) is not None for lookup in (*footprint.lookups, *footprint.entries))
        )


def log_footprints(
    block: BlockId, catalog: Catalog, transactions: Sequence[Transaction], footprints: Iterable[Footprint]
) -> bytes:
    """The footprints of a block, as a file; `catalog` is what is defined when the block begins.

    From the first transaction on that defines something, tables may have got other keys: their rows have no marks.
    """
    log, marker = FootprintLog(block), Marker(catalog.stored)
    is_defined = False
    for transaction, footprint in zip(transactions, footprints, strict=True):
        is_defined = is_defined or footprint.defines
        if is_defined:
            marker = Marker({name: catalog.stored[name] for name in marker.tables if _fits(marker, name, footprint)})
        signer = (transaction.payload.signer, transaction.payload.key)
        marks = Marks(marker.entered(footprint), marker.written(footprint), marker.only_read(footprint))
        log.add(footprint, marker.shape(footprint), signer, marks)
    return log.encode()


def _fits(marker: Marker, name: TableName, footprint: Footprint) -> bool:
    """Whether all by which a footprint names rows of a table can be coded as if the table were as it was."""
    reads = footprint.reads.get(name)
    try:
        marker.rows(name, [*footprint.writes.get(name, ()), *(() if reads is None else reads.rows)])
        for lookup, rows in (*footprint.lookups.items(), *footprint.entries.items()):
            if lookup.table == name:
                marker.found(lookup, rows)
    except (TypeError, ValueError, AttributeError, IndexError, struct.error):
        return False
    return True
