"""Which transactions have to do with what either side of a merge defined: these are executed again."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from aergo_vc.base.ids import TableName
from aergo_vc.codec.receipts import decode_receipts
from aergo_vc.codec.transactions import decode_transaction
from aergo_vc.model.recorded_blocks import RecordedBlock
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.naming import Names, Naming, defined, lines_naming, plain, texts_of


def concerned_names(catalogs: Sequence[Catalog], blocks: Sequence[RecordedBlock], files: Sequence[bytes]) -> Names:
    """The names of what differs between `catalogs` or is named by what defines in `blocks`, and of all that uses it.

    With them go tables that foreign keys bind to them.  `files` have the transactions of the blocks, a line each, with
    what they were settled as (`files.with_settled`).
    """
    naming = Naming(catalogs)
    named = set().union(*[defined(catalogs[0], other) for other in catalogs[1:]])
    for block, lines in zip(blocks, files, strict=True):
        line = lines.split(b"\n") if block.defines else []
        for place in _definers(block):
            transaction, _, settled = line[place].partition(b"\t")
            named |= naming.named_in(texts_of(decode_transaction(transaction).payload))
            if settled:
                settlements = [receipt.settled_as for receipt in decode_receipts(settled + b"\n")]
                named |= naming.named_in(one.script for one in settlements if one is not None and one.script)
    return naming.using(named)


def running(block: RecordedBlock, lines: bytes, names: AbstractSet[str]) -> frozenset[int]:
    """The transactions of a block that are to be executed again: what defines, and those that name one of some names.

    Also all behind a definition in the same block: nobody knows what was defined there only for a while.
    """
    first = next(_definers(block), block.count)
    behind = frozenset(range(first, block.count))
    return behind | lines_naming(lines, names) if names else behind


def _definers(block: RecordedBlock) -> Iterator[int]:
    """The places of those transactions that define something."""
    if block.defines:
        candidates = (place for place, shape in enumerate(block.shape_of) if block.shapes[shape].must_run)
        yield from (place for place in candidates if block.footprint(place).defines)


def tables_named(catalogs: Iterable[Catalog], names: AbstractSet[str]) -> frozenset[TableName]:
    """The tables of the state that are called by one of some names."""
    return frozenset(table for catalog in catalogs for table in catalog.stored if plain(table) in names)
