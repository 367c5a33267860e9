"""Marks of rows and columns, and the recording of a block's footprints with them."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import FootprintLog
from aergo_vc.codec.key_code import key_code, key_codes
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.recorded_blocks import Mark, Shape
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Transaction

_MANY = 8
"""Keys from which on it is faster to code them column by column."""


class Marker:
    """The marks of the rows and columns of a catalog's tables."""

    def __init__(self, catalog: Catalog) -> None:
        self._kinds = {name: table.key_kinds for name, table in catalog.stored.items()}
        self._columns: dict[tuple[TableName, frozenset[str]], frozenset[Mark]] = {}

    def row(self, table: TableName, key: Key) -> Mark:
        """The mark of the row of a table that has a key, whatever the key's spelling."""
        name = f"{table}\n{key_code(self._kinds[table], key)}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())

    def rows(self, table: TableName, keys: Collection[Key]) -> list[Mark]:
        """The marks of rows of one table, in their order."""
        if len(keys) < _MANY:
            return [self.row(table, key) for key in keys]
        start = f"{table}\n"
        codes = key_codes(self._kinds[table], list(zip(*keys, strict=True)))
        return [int.from_bytes(blake2b((start + code).encode(), digest_size=8).digest()) for code in codes]

    def columns(self, table: TableName, columns: frozenset[str]) -> frozenset[Mark]:
        """The marks of columns of a table."""
        found = self._columns.get((table, columns))
        if found is None:
            found = frozenset(
                int.from_bytes(blake2b(f"{table}\n{column}\n".encode(), digest_size=8).digest()) for column in columns
            )
            self._columns[table, columns] = found
        return found

    def knows(self, footprint: Footprint) -> bool:
        """Whether all tables that a footprint names are the catalog's."""
        return footprint.reads.keys() <= self._kinds.keys() and footprint.writes.keys() <= self._kinds.keys()

    def shape(self, footprint: Footprint) -> Shape:
        """The columns that a transaction wrote and by which it searched."""
        written: frozenset[Mark] = frozenset()
        searched: frozenset[Mark] = frozenset()
        for table, rows in footprint.writes.items():
            for columns in set(rows.values()):
                written |= self.columns(table, columns)
        for table, reads in footprint.reads.items():
            if reads.scanned is not None:
                searched |= self.columns(table, reads.scanned)
        return Shape(written, searched, footprint.situated or footprint.defines)

    def written(self, footprint: Footprint) -> list[Mark]:
        """The marks of the rows that a transaction wrote."""
        return [mark for table, rows in footprint.writes.items() for mark in self.rows(table, rows)]

    def only_read(self, footprint: Footprint) -> list[Mark]:
        """The marks of the rows that a transaction asked for by their keys, and did not write."""
        found = []
        for table, reads in footprint.reads.items():
            written = footprint.writes.get(table, {})
            found += self.rows(table, [key for key in reads.rows if key not in written])
        return found


def log_footprints(
    block: BlockId, catalog: Catalog, transactions: Sequence[Transaction], footprints: Iterable[Footprint]
) -> bytes:
    """The footprints of a block, as a file; `catalog` is what is defined when the block begins."""
    log, marker = FootprintLog(block), Marker(catalog)
    for transaction, footprint in zip(transactions, footprints, strict=True):
        signer = (transaction.payload.signer, transaction.payload.key)
        if marker.knows(footprint):
            marks = marker.shape(footprint), signer, marker.written(footprint), marker.only_read(footprint)
            log.add(footprint, *marks)
        else:  # a table that the block itself made: nothing of it is grafted
            log.add(footprint, Shape(frozenset(), frozenset(), must_run=True), signer, (), ())
    return log.encode()
