"""Which block of a history can never be replaced any more, read from its commits."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from aergo_vc.base.ids import BlockId, ObjectId
from aergo_vc.codec.header import block_id, decode_header
from aergo_vc.consensus.finality import Confirmation, Support
from aergo_vc.ledger.history import CommitReader, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_header_bytes

_SEARCHED_BLOCKS = 256
"""How deep finality is looked for.  Where it lies deeper, a later block will find more."""


@dataclass(frozen=True, slots=True)
class Irreversible:
    """A block that is final."""

    height: int
    block: BlockId


def newest_irreversible(
    objects: CommitReader, head: ObjectId, newest: LedgerTree, roster_size: int, above: int = -1
) -> Irreversible | None:
    """The highest final block in the history of `head` that is higher than `above`, sought in its last 256 blocks.

    `newest` is the ledger at `head`.
    """
    support = Support(roster_size)
    for data in islice(_headers_back(objects, head, newest), _SEARCHED_BLOCKS):
        header = decode_header(data)
        if header.height <= above:
            break
        if support.makes_final(Confirmation(header.height, header.producer, header.confirmed)):
            return Irreversible(header.height, block_id(data))
    return None


def holds(objects: CommitReader, head: ObjectId, newest: LedgerTree, final: Irreversible) -> bool:
    """Whether the history of `head` holds a final block; it is read no further down than to that height."""
    for data in _headers_back(objects, head, newest):
        height = decode_header(data).height
        if height <= final.height:
            return height == final.height and block_id(data) == final.block
    return False


def _headers_back(objects: CommitReader, head: ObjectId, newest: LedgerTree) -> Iterator[bytes]:
    """The headers of the blocks up to `head`, newest first."""
    yield newest.header_bytes
    for place in islice(blocks_back(objects, head), 1, None):
        yield read_header_bytes(objects, place.ledger)
