"""``block.json``: the header of a block.  Its SHA-256 is the block's id.  ``man 5 aergo-block``."""

import hashlib
from functools import lru_cache

from aergo_vc.base.ids import BlockId, ChainId, Digest
from aergo_vc.base.limits import LAST_MOMENT
from aergo_vc.base.names import branch_name, entity_name
from aergo_vc.codec.canonical_json import decode_keys_on_lines, encode_keys_on_lines
from aergo_vc.codec.record import Record
from aergo_vc.model.blocks import Header

_VERSION = 1
_KEYS = (
    "branch",
    "chain",
    "confirmed",
    "directory",
    "directory_height",
    "height",
    "law",
    "merged",
    "previous",
    "producer",
    "receipts",
    "rules",
    "slot",
    "state",
    "time",
    "transactions",
    "version",
)


def encode_header(header: Header) -> bytes:
    """The bytes of ``block.json``."""
    value = {key: getattr(header, key) for key in _KEYS if key != "version"}
    return encode_keys_on_lines({**value, "merged": list(header.merged), "version": _VERSION})


@lru_cache(maxsize=64)  # each new block looks at the same few before it
def decode_header(data: bytes) -> Header:
    """Read ``block.json``; raises FormatError."""
    record = Record(decode_keys_on_lines(data), _KEYS, "block.json")
    record.version(_VERSION)
    directory, previous = record.optional_id("directory"), record.optional_id("previous")
    return Header(
        branch=record.name("branch", branch_name),
        chain=ChainId(record.id("chain")),
        confirmed=record.natural("confirmed"),
        directory=None if directory is None else BlockId(directory),
        directory_height=record.natural("directory_height"),
        height=record.natural("height"),
        law=Digest(record.id("law")),
        merged=tuple(map(BlockId, record.ids("merged"))),
        previous=None if previous is None else BlockId(previous),
        producer=record.name("producer", entity_name),
        receipts=Digest(record.id("receipts")),
        rules=record.text("rules"),
        slot=record.natural("slot"),
        state=Digest(record.id("state")),
        time=record.natural("time", greatest=LAST_MOMENT),
        transactions=Digest(record.id("transactions")),
    )


def block_id(header_bytes: bytes) -> BlockId:
    """The id of the block whose ``block.json`` has these bytes."""
    return BlockId(hashlib.sha256(header_bytes).hexdigest())
