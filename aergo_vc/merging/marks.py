"""Marks of rows and columns, and the recording of a block's footprints with them."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from aergo_vc.base.ids import BlockId, TableName
from aergo_vc.codec.footprints import FootprintLog, Marks
from aergo_vc.codec.key_code import key_code
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint, Lookup
from aergo_vc.model.recorded_blocks import Mark, Shape
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Transaction
from aergo_vc.model.types import Kind

_NO_COLUMNS: frozenset[str] = frozenset()


class Marker:
    """The marks of the rows and columns of a catalog's tables."""

    def __init__(self, catalog: Catalog) -> None:
        self._kinds = {name: table.key_kinds for name, table in catalog.stored.items()}
        self._tables = catalog.stored
        self._lookups: dict[Lookup, tuple[Kind, ...]] = {}
        self._columns: dict[tuple[TableName, frozenset[str]], frozenset[Mark]] = {}

    def row(self, table: TableName, key: Key) -> Mark:
        """The mark of the row of a table that has a key, whatever the key's spelling."""
        name = f"{table}\n{key_code(self._kinds[table], key)}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())

    def found(self, lookup: Lookup, values: Key) -> Mark:
        """The mark of the rows that a lookup finds by some values."""
        kinds = self._lookups.get(lookup)
        if kinds is None:
            by_name = {column.name: column.type.kind for column in self._tables[lookup.table].columns}
            kinds = self._lookups[lookup] = tuple(by_name[name] for name in lookup.columns)
        name = "\n".join((lookup.table, *lookup.columns, key_code(kinds, values)))
        return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"lookup").digest())

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
        tables = footprint.reads.keys() | footprint.writes.keys()
        return tables <= self._kinds.keys() and all(
            lookup.table in self._tables
            and {column.name for column in self._tables[lookup.table].columns} >= set(lookup.columns)
            for lookup in (*footprint.lookups, *footprint.entries)
        )

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
        return [self.row(table, key) for table, rows in footprint.writes.items() for key in rows]

    def only_read(self, footprint: Footprint) -> list[Mark]:
        """The marks of the rows that a transaction asked for by their keys, and did not write, and of its lookups."""
        found = []
        for table, reads in footprint.reads.items():
            written = footprint.writes.get(table, {})
            found += [self.row(table, key) for key in reads.rows if key not in written]
        found += [self.found(lookup, values) for lookup, rows in footprint.lookups.items() for values in rows]
        return found

    def entered(self, footprint: Footprint) -> list[Mark]:
        """The marks of its entries."""
        return [self.found(lookup, values) for lookup, rows in footprint.entries.items() for values in rows]


def log_footprints(
    block: BlockId, catalog: Catalog, transactions: Sequence[Transaction], footprints: Iterable[Footprint]
) -> bytes:
    """The footprints of a block, as a file; `catalog` is what is defined when the block begins."""
    log, marker = FootprintLog(block), Marker(catalog)
    for transaction, footprint in zip(transactions, footprints, strict=True):
        signer = (transaction.payload.signer, transaction.payload.key)
        if marker.knows(footprint):
            marks = Marks(marker.entered(footprint), marker.written(footprint), marker.only_read(footprint))
            log.add(footprint, marker.shape(footprint), signer, marks)
        else:  # a table that the block itself made: nothing of it is grafted
            log.add(footprint, Shape(frozenset(), frozenset(), must_run=True), signer, Marks((), (), ()))
    return log.encode()
