"""State snapshots: everything that a branch's contracts hold at a block, as the tree ``ledger/state``.

``<contract>/schema.sql`` defines the contract's tables, ``<contract>/functions.sql`` its routines if it has any,
``<contract>/<table>/`` holds the rows of a table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.base.names import is_device_name
from aergo_vc.codec.digests import Kind, blob_digest
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, encode_tree
from aergo_vc.model.schema import split_name
from aergo_vc.state.nodes import NodeStore, Objects, SubstitutedObjectError

SCHEMA_FILE, FUNCTIONS_FILE = "schema.sql", "functions.sql"

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class StateLayoutError(InvalidError):
    """The tree ``ledger/state`` holds something else than contracts, schemas and tables."""

    code = "E_STATE_LAYOUT"


@dataclass(frozen=True, slots=True)
class Root:
    """What a tree is called: by its id in this repository, and by its digest."""

    id: ObjectId
    digest: Digest


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The schema text of every contract, the root of every table that has rows, the text of every contract's routines.

    A contract without routines has no text of them.
    """

    schemas: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[TableName, Root] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)


class SnapshotStore:
    """Reads and writes snapshots."""

    def __init__(self, objects: Objects, nodes: NodeStore) -> None:
        self._objects = objects
        self._nodes = nodes

    def write(self, snapshot: Snapshot) -> Root:
        """Add the trees above the tables.  A snapshot without any contract is the empty tree.

        Raises StateLayoutError for a name that is no contract's or table's, and for a table of no contract.
        """
        for table in snapshot.tables:
            contract, name = split_name(table)
            _require_name(name)
            if contract not in snapshot.schemas:
                raise StateLayoutError(f"table {table} belongs to no contract of the state")
        for contract in snapshot.schemas:
            _require_name(contract)
        for contract in snapshot.functions.keys() - snapshot.schemas.keys():
            raise StateLayoutError(f"the routines of {contract} belong to no contract of the state")
        contracts = [
            (TreeEntry(contract, DIRECTORY_MODE, root.id), root.digest)
            for contract, root in (
                (contract, self._write_contract(snapshot, contract)) for contract in snapshot.schemas
            )
        ]
        return self._write_tree(contracts)

    def read(self, object_id: ObjectId, digest: Digest | None) -> Snapshot:
        """The snapshot under a tree; raises StateLayoutError.

        With the digest that a block's header gives, what is known about the trees below is looked up rather than
        computed anew.
        """
        texts: dict[str, dict[str, str]] = {SCHEMA_FILE: {}, FUNCTIONS_FILE: {}}
        tables: dict[TableName, Root] = {}
        for entry, entry_digest in self._entries(object_id, digest):
            if entry.mode != DIRECTORY_MODE:
                raise StateLayoutError(f"ledger/state holds {entry.name}, which is no contract")
            _require_name(entry.name)
            self._read_contract(entry, entry_digest, texts, tables)
        return Snapshot(texts[SCHEMA_FILE], tables, texts[FUNCTIONS_FILE])

    def _read_contract(
        self, contract: TreeEntry, digest: Digest, texts: dict[str, dict[str, str]], tables: dict[TableName, Root]
    ) -> None:
        for entry, entry_digest in self._entries(contract.id, digest):
            if entry.mode == DIRECTORY_MODE:
                _require_name(entry.name)
                tables[TableName(f"{contract.name}.{entry.name}")] = Root(entry.id, entry_digest)
            elif entry.name in texts:
                texts[entry.name][contract.name] = self._read_text(entry, entry_digest)
            else:
                raise StateLayoutError(f"ledger/state/{contract.name} holds the unknown file {entry.name}")
        if contract.name not in texts[SCHEMA_FILE]:
            raise StateLayoutError(f"ledger/state/{contract.name} lacks {SCHEMA_FILE}")

    def _read_text(self, entry: TreeEntry, digest: Digest) -> str:
        data = self._objects.read_blob(entry.id)
        if blob_digest(data) != digest:
            raise SubstitutedObjectError(f"object {entry.id} has another digest than {digest}", id=entry.id)
        try:
            return data.decode("utf-8", "strict")
        except UnicodeDecodeError as problem:
            raise StateLayoutError(f"{entry.name} {entry.id} is not UTF-8: {problem}") from problem

    def _entries(self, object_id: ObjectId, digest: Digest | None) -> Iterator[tuple[TreeEntry, Digest]]:
        entries, digests = self._nodes.digests(object_id, digest)
        return zip(entries, digests, strict=True)

    def _write_contract(self, snapshot: Snapshot, contract: str) -> Root:
        texts = {SCHEMA_FILE: snapshot.schemas, FUNCTIONS_FILE: snapshot.functions}
        members = [self._text(name, found[contract]) for name, found in texts.items() if contract in found]
        prefix = contract + "."
        for table, root in snapshot.tables.items():
            if table.startswith(prefix):
                members.append((TreeEntry(table.removeprefix(prefix), DIRECTORY_MODE, root.id), root.digest))
        return self._write_tree(members)

    def _text(self, name: str, text: str) -> tuple[TreeEntry, Digest]:
        data = text.encode()
        return TreeEntry(name, FILE_MODE, self._objects.add(Kind.BLOB, data)), blob_digest(data)

    def _write_tree(self, members: list[tuple[TreeEntry, Digest]]) -> Root:
        members.sort(key=lambda member: _git_order(member[0]))
        entries = [entry for entry, _ in members]
        object_id = self._objects.add(Kind.TREE, encode_tree(entries))
        return Root(object_id, self._nodes.put_twin(object_id, entries, [digest for _, digest in members]))


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name) or is_device_name(name):
        raise StateLayoutError(f"{name!r} cannot be the name of a contract or a table")


def _git_order(entry: TreeEntry) -> str:
    return entry.name + "/" if entry.mode == DIRECTORY_MODE else entry.name
