"""``genesis.json``: the parameters of a chain.  Its SHA-256 is the chain id.  ``man 5 aergo-genesis``."""

import hashlib

from aergo_vc.base.ids import ChainId
from aergo_vc.base.limits import LAST_MOMENT, LONGEST_SLOT
from aergo_vc.base.names import entity_name
from aergo_vc.codec.canonical_json import decode_keys_on_lines, encode_keys_on_lines
from aergo_vc.codec.record import Record
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.model.blocks import Genesis

_VERSION = 1
_KEYS = ("created", "directory_slot", "founder", "founder_key", "name", "nonce", "slot", "version")


def encode_genesis(genesis: Genesis) -> bytes:
    """The bytes of ``genesis.json``."""
    return encode_keys_on_lines(
        {
            "created": genesis.created,
            "directory_slot": genesis.directory_slot,
            "founder": genesis.founder,
            "founder_key": encode_key_text(genesis.founder_key),
            "name": genesis.name,
            "nonce": genesis.nonce,
            "slot": genesis.slot,
            "version": _VERSION,
        }
    )


def decode_genesis(data: bytes) -> Genesis:
    """Read ``genesis.json``; raises FormatError."""
    record = Record(decode_keys_on_lines(data), _KEYS, "genesis.json")
    record.version(_VERSION)
    return Genesis(
        created=record.natural("created", greatest=LAST_MOMENT),
        directory_slot=record.natural("directory_slot", 1, LONGEST_SLOT),
        founder=record.name("founder", entity_name),
        founder_key=record.public_key("founder_key"),
        name=record.text("name"),
        nonce=record.text("nonce"),
        slot=record.natural("slot", 1, LONGEST_SLOT),
    )


def chain_id(genesis_bytes: bytes) -> ChainId:
    """The chain that ``genesis.json`` founds."""
    return ChainId(hashlib.sha256(genesis_bytes).hexdigest())
