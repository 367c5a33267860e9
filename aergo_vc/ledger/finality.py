"""Which block of a history can never be replaced any more, read from its commits."""

from dataclasses import dataclass
from itertools import islice

from aergo_vc.base.ids import BlockId, ObjectId
from aergo_vc.codec.header import block_id, decode_header
from aergo_vc.consensus.finality import Confirmation, Support
from aergo_vc.ledger.history import CommitReader, blocks_back
from aergo_vc.ledger.layout import read_header_bytes

_SEARCHED_BLOCKS = 256
"""How deep finality is looked for.  Where it lies deeper, a later block will find more."""


@dataclass(frozen=True, slots=True)
class Irreversible:
    """A block that is final."""

    height: int
    block: BlockId


def newest_irreversible(
    objects: CommitReader, head: ObjectId, roster_size: int, above: int = -1
) -> Irreversible | None:
    """The highest final block in the history of `head` that is higher than `above`, sought in its last 256 blocks."""
    support = Support(roster_size)
    for place in islice(blocks_back(objects, head), _SEARCHED_BLOCKS):
        data = read_header_bytes(objects, place.ledger)
        header = decode_header(data)
        if header.height <= above:
            break
        if support.makes_final(Confirmation(header.height, header.producer, header.confirmed)):
            return Irreversible(header.height, block_id(data))
    return None


def holds(objects: CommitReader, head: ObjectId, final: Irreversible) -> bool:
    """Whether the history of `head` holds a final block; it is read no further down than to that height."""
    for place in blocks_back(objects, head):
        data = read_header_bytes(objects, place.ledger)
        height = decode_header(data).height
        if height <= final.height:
            return height == final.height and block_id(data) == final.block
    return False
