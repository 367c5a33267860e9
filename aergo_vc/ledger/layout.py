"""``ledger/``: the tree of a block, and how it stands in a commit among a user's own files.

``man 5 aergo-ledger`` specifies it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from aergo_vc.base.ids import BlockId, ChainId, Digest, ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat, blob_digest, git_object_id
from aergo_vc.codec.genesis import chain_id, decode_genesis
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, read_entries, write_entries
from aergo_vc.codec.header import block_id, decode_header
from aergo_vc.codec.law import decode_law
from aergo_vc.codec.receipts import decode_receipts
from aergo_vc.codec.transactions import decode_transactions
from aergo_vc.ledger.errors import LayoutError
from aergo_vc.model.blocks import Genesis, Header, Law
from aergo_vc.model.transactions import Receipt, Transaction
from aergo_vc.state.nodes import ObjectReader, Objects

LEDGER = "ledger"
"""The folder of a repository that holds the ledger."""

ATTRIBUTES = b"* -text -filter -ident -eol -working-tree-encoding -merge\n"
"""``ledger/.gitattributes``: keeps git's filters, line-end rules and textual merge away from blocks."""

_ATTRIBUTES, _GENESIS, _LAW, _HEADER = ".gitattributes", "genesis.json", "branch.json", "block.json"
_PAYLOAD, _RECEIPTS, _STATE, _TRANSACTIONS = "payload", "receipts.jsonl", "state", "transactions.jsonl"
_FILES = (_ATTRIBUTES, _GENESIS, _LAW, _HEADER, _RECEIPTS, _TRANSACTIONS)
_FOLDERS = (_PAYLOAD, _STATE)
_decode_genesis, _decode_law = lru_cache(4)(decode_genesis), lru_cache(16)(decode_law)  # all blocks share them
_EMPTY_TREES = frozenset(git_object_id(Kind.TREE, b"", object_format) for object_format in ObjectFormat)


@dataclass(frozen=True)
class LedgerTree:
    """What ``ledger/`` holds at one block, as bytes and as values.

    `payload` is the tree of what the transactions bring along, None if nothing; `state` is None while no contract
    exists.  Values are parsed when asked for and raise FormatError.
    """

    id: ObjectId
    genesis_bytes: bytes
    law_bytes: bytes
    header_bytes: bytes
    transactions_bytes: bytes
    receipts_bytes: bytes
    state: ObjectId | None
    payload: ObjectId | None

    @cached_property
    def genesis(self) -> Genesis:
        return _decode_genesis(self.genesis_bytes)

    @cached_property
    def chain(self) -> ChainId:
        return chain_id(self.genesis_bytes)

    @cached_property
    def law(self) -> Law:
        return _decode_law(self.law_bytes)

    @cached_property
    def law_digest(self) -> Digest:
        return blob_digest(self.law_bytes)

    @cached_property
    def header(self) -> Header:
        return decode_header(self.header_bytes)

    @cached_property
    def block(self) -> BlockId:
        return block_id(self.header_bytes)

    @cached_property
    def transactions(self) -> tuple[Transaction, ...]:
        return decode_transactions(self.transactions_bytes) if self.transactions_bytes else ()

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        return decode_receipts(self.receipts_bytes) if self.receipts_bytes else ()

    @property
    def outcomes(self) -> tuple[tuple[Transaction, Receipt], ...]:
        """The transactions with their receipts: what a merge left out is not among them."""
        receipts = (receipt for receipt in self.receipts if receipt.refusal is None)
        return tuple(zip(self.transactions, receipts, strict=True))


@dataclass(frozen=True, slots=True)
class LedgerFiles:
    """The same before it is written."""

    genesis_bytes: bytes
    law_bytes: bytes
    header_bytes: bytes
    transactions_bytes: bytes
    receipts_bytes: bytes
    state: ObjectId
    payload: ObjectId | None


def ledger_entry(objects: ObjectReader, root_tree: ObjectId) -> ObjectId | None:
    """The id of ``ledger/`` in a commit's tree; None if the commit has none."""
    for entry in _entries(objects, root_tree):
        if entry.name == LEDGER:
            return entry.id if entry.mode == DIRECTORY_MODE else None
    return None


def read_ledger(objects: ObjectReader, ledger: ObjectId) -> LedgerTree:
    """Read ``ledger/``; raises LayoutError unless it has exactly the files of a block."""
    entries = {entry.name: entry for entry in _entries(objects, ledger)}
    for name, entry in entries.items():
        expected = FILE_MODE if name in _FILES else DIRECTORY_MODE if name in _FOLDERS else None
        if entry.mode != expected:
            raise LayoutError(f"ledger/{name} with mode {entry.mode:o} is no part of a block", name=name)
        if entry.id in _EMPTY_TREES:
            raise LayoutError(f"ledger/{name} is empty, and then must not be there", name=name)
    missing = [name for name in _FILES if name not in entries]
    if missing:
        raise LayoutError(f"ledger/{missing[0]} is missing", name=missing[0])
    files = {name: objects.read_blob(entries[name].id) for name in _FILES}
    if files[_ATTRIBUTES] != ATTRIBUTES:
        raise LayoutError("ledger/.gitattributes is not what it must be", name=_ATTRIBUTES)
    return LedgerTree(
        id=ledger,
        genesis_bytes=files[_GENESIS],
        law_bytes=files[_LAW],
        header_bytes=files[_HEADER],
        transactions_bytes=files[_TRANSACTIONS],
        receipts_bytes=files[_RECEIPTS],
        state=_folder(entries, _STATE),
        payload=_folder(entries, _PAYLOAD),
    )


def read_header(objects: ObjectReader, ledger: ObjectId) -> Header:
    """The header alone of a block that was found valid before; raises LayoutError if there is none."""
    return decode_header(read_header_bytes(objects, ledger))


def read_header_bytes(objects: ObjectReader, ledger: ObjectId) -> bytes:
    """The same as it is stored."""
    for entry in _entries(objects, ledger):
        if entry.name == _HEADER:
            return objects.read_blob(entry.id)
    raise LayoutError(f"ledger/{_HEADER} is missing", name=_HEADER)


def read_transactions_bytes(objects: ObjectReader, ledger: ObjectId) -> bytes:
    """``transactions.jsonl`` alone of a block that was found valid before; raises LayoutError if there is none."""
    for entry in _entries(objects, ledger):
        if entry.name == _TRANSACTIONS:
            return objects.read_blob(entry.id)
    raise LayoutError(f"ledger/{_TRANSACTIONS} is missing", name=_TRANSACTIONS)


def write_ledger(objects: Objects, files: LedgerFiles) -> LedgerTree:
    """Add ``ledger/`` and return it as it would be read.

    A state without contracts has no folder, as git keeps none that is empty.
    """
    contents = {
        _ATTRIBUTES: ATTRIBUTES,
        _GENESIS: files.genesis_bytes,
        _LAW: files.law_bytes,
        _HEADER: files.header_bytes,
        _RECEIPTS: files.receipts_bytes,
        _TRANSACTIONS: files.transactions_bytes,
    }
    entries = [TreeEntry(name, FILE_MODE, objects.add(Kind.BLOB, data)) for name, data in contents.items()]
    state = files.state if objects.read_tree(files.state) else None
    if state is not None:
        entries.append(TreeEntry(_STATE, DIRECTORY_MODE, state))
    if files.payload is not None:
        entries.append(TreeEntry(_PAYLOAD, DIRECTORY_MODE, files.payload))
    return LedgerTree(
        id=objects.add(Kind.TREE, write_entries(entries)),
        genesis_bytes=files.genesis_bytes,
        law_bytes=files.law_bytes,
        header_bytes=files.header_bytes,
        transactions_bytes=files.transactions_bytes,
        receipts_bytes=files.receipts_bytes,
        state=state,
        payload=files.payload,
    )


def with_ledger(objects: Objects, root_tree: ObjectId | None, ledger: ObjectId) -> ObjectId:
    """The commit tree that has `ledger` in place of what `root_tree` has, and all other files of it."""
    others = [] if root_tree is None else [entry for entry in _entries(objects, root_tree) if entry.name != LEDGER]
    return objects.add(Kind.TREE, write_entries([*others, TreeEntry(LEDGER, DIRECTORY_MODE, ledger)]))


def other_entries(objects: ObjectReader, root_tree: ObjectId | None) -> tuple[TreeEntry, ...]:
    """The entries of a commit's tree beside ``ledger/``."""
    return () if root_tree is None else tuple(e for e in _entries(objects, root_tree) if e.name != LEDGER)


def _entries(objects: ObjectReader, tree: ObjectId) -> tuple[TreeEntry, ...]:
    return read_entries(objects.read_tree(tree), len(tree) // 2)


def _folder(entries: Mapping[str, TreeEntry], name: str) -> ObjectId | None:
    return entries[name].id if name in entries else None
