"""Ids as types: each names one kind of thing and is never mixed with another.

All are lower-case hexadecimal or plain ASCII text.  The parsers refuse every other spelling, so that two ids are
equal exactly if their texts are.
"""

import re
from typing import NewType

ObjectId = NewType("ObjectId", str)
"""Names an object of the git repository: 40 hexadecimal digits (SHA-1 format) or 64 (SHA-256 format)."""

Digest = NewType("Digest", str)
"""The id that an object has in git's SHA-256 object format: 64 hexadecimal digits, the same in every repository."""

BlockId = NewType("BlockId", str)
"""Names a block: SHA-256 of the bytes of its ``block.json``, whatever signature or commit carries it."""

TransactionId = NewType("TransactionId", str)
"""Names a transaction: SHA-256 of the canonical bytes of its signed payload, whatever its signature."""

ChainId = NewType("ChainId", str)
"""Names a chain: SHA-256 of the bytes of its ``genesis.json``."""

BranchName = NewType("BranchName", str)
"""Names a ledger branch, without ``refs/heads/``."""

EntityName = NewType("EntityName", str)
"""Names an entity of the directory: a person, a service, a machine."""

TableName = NewType("TableName", str)
"""Names a table as ``contract.table``."""

RoutineName = NewType("RoutineName", str)
"""Names a function or a procedure as ``contract.routine``."""

PublicKey = NewType("PublicKey", bytes)
"""A raw Ed25519 public key, 32 bytes, checked to be canonical and not of small order."""

_HEXADECIMAL_64 = re.compile(r"[0-9a-f]{64}")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def is_hexadecimal_64(text: str) -> bool:
    """Whether `text` is 64 lower-case hexadecimal digits, as block, transaction and chain ids and digests are."""
    return _HEXADECIMAL_64.fullmatch(text) is not None


def is_object_id(text: str) -> bool:
    """Whether `text` is an object id of either object format."""
    return _OBJECT_ID.fullmatch(text) is not None
