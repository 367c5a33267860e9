"""From the directory's blocks to what they say: entities, keys, roles, the roster.

The paper's circle (consensus needs the directory, the directory needs consensus) is cut here: a directory block is
judged by what the block before it says, the first one by the chain's genesis.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from aergo_vc.base.errors import InputError, InvalidError
from aergo_vc.base.ids import BlockId, Digest, EntityName, ObjectId, TableName
from aergo_vc.base.names import entity_name
from aergo_vc.codec.sshsig import decode_key_text
from aergo_vc.keys.ed25519 import checked_public_key
from aergo_vc.ledger.catalogs import catalog_of
from aergo_vc.ledger.history import BlockCommit, CommitObjects, blocks_back, ledger_at
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Genesis
from aergo_vc.model.directory import Authority, Entity, Role, Roster
from aergo_vc.model.types import Value
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.snapshot import Snapshot, SnapshotStore
from aergo_vc.state.table_tree import TableTree


class UnknownDirectoryBlockError(InvalidError):
    """A block names a directory block that the directory does not have at that height."""

    code = "E_DIRECTORY"


class UnreadableDirectoryError(InvalidError):
    """The directory's tables say nothing that blocks could be judged by."""

    code = "E_DIRECTORY_ROWS"


RowsOf = Callable[[str], Iterator[dict[str, Value]]]
"""From a table of the directory's contract to its rows, by column names."""


class Authorities:
    """What the directory says at each of its blocks; read when first asked for, then remembered.

    `head` is the commit at the head of the directory branch.
    """

    def __init__(self, objects: CommitObjects, nodes: NodeStore, head: ObjectId) -> None:
        self.head = head
        self._objects = objects
        self._nodes = nodes
        self._blocks = self._walk(head)
        self._known: dict[BlockId, LedgerTree] = {}
        self._said: dict[tuple[BlockId, int], Authority] = {}

    def __call__(self, block: LedgerTree, previous: LedgerTree | None) -> Authority:
        """What counts for a block: of the directory itself, what the one before it says; of others, what it names.

        Raises UnknownDirectoryBlockError.
        """
        if block.header.branch == DIRECTORY_BRANCH:
            return self._for_directory(block, previous)
        header = block.header
        if header.directory is None:
            raise UnknownDirectoryBlockError(f"block {block.block} names no directory block")
        named = self.block(header.directory)
        if named.header.height != header.directory_height or named.chain != block.chain:
            raise UnknownDirectoryBlockError(f"block {block.block} misplaces directory block {named.block}")
        return self.at(named, block.genesis.slot)

    def block(self, wanted: BlockId) -> LedgerTree:
        """The directory's block with this id; raises UnknownDirectoryBlockError."""
        while wanted not in self._known:
            found = next(self._blocks, None)
            if found is None:
                raise UnknownDirectoryBlockError(f"the directory has no block {wanted}", block=wanted)
            ledger = read_ledger(self._objects, found.ledger)
            self._known[ledger.block] = ledger
        return self._known[wanted]

    @cached_property
    def newest(self) -> LedgerTree:
        """The block at the head of the directory."""
        return ledger_at(self._objects, self.head)

    def at(self, block: LedgerTree, slot: int) -> Authority:
        """What the directory says after `block`, for branches whose slots are `slot` milliseconds long."""
        found = self._said.get((block.block, slot))
        if found is None:
            found = self._said[block.block, slot] = read_authority(self._objects, self._nodes, block, slot)
        return found

    def _for_directory(self, block: LedgerTree, previous: LedgerTree | None) -> Authority:
        if previous is None:
            if block.header.directory is not None or block.header.directory_height != 0:
                raise UnknownDirectoryBlockError(f"directory block {block.block} is the first, and names another")
            return genesis_authority(block.genesis, block.genesis.directory_slot)
        if block.header.directory != previous.block or block.header.directory_height != previous.header.height:
            raise UnknownDirectoryBlockError(f"directory block {block.block} must name the one before it")
        return self.at(previous, block.genesis.directory_slot)

    def _walk(self, head: ObjectId) -> Iterator[BlockCommit]:
        return blocks_back(self._objects, head)


def genesis_authority(genesis: Genesis, slot: int) -> Authority:
    """What counts before the directory has a block: the founder alone, who may do everything."""
    founder = Entity(genesis.founder, frozenset((Role.ADMIN, Role.WRITER)), frozenset((genesis.founder_key,)))
    roster = Roster((genesis.founder,), Digest(genesis.nonce), genesis.created, slot)
    return Authority({founder.name: founder}, roster)


def read_authority(objects: CommitObjects, nodes: NodeStore, block: LedgerTree, slot: int) -> Authority:
    """What the directory says after one of its blocks; raises InvalidError for rows that make no sense."""
    snapshot = (
        Snapshot() if block.state is None else SnapshotStore(objects, nodes).read(block.state, block.header.state)
    )
    tables = _Tables(nodes, snapshot)
    try:
        return authority_of_rows(tables.rows, block.header.state, block.genesis.created, slot)
    except InvalidError as error:
        raise UnreadableDirectoryError(f"directory block {block.block}: {error.message}") from error


def registered_branches(objects: CommitObjects, nodes: NodeStore, block: LedgerTree) -> frozenset[str]:
    """The names of the branches that the directory knows after one of its blocks; raises InvalidError."""
    if block.state is None:
        return frozenset()
    tables = _Tables(nodes, SnapshotStore(objects, nodes).read(block.state, block.header.state))
    return frozenset(str(row["name"]) for row in tables.rows("branch"))


def authority_of_rows(rows: RowsOf, seed: Digest, epoch: int, slot: int) -> Authority:
    """What the rows of the directory's tables say; raises InvalidError where they make no sense."""
    try:
        return _authority_of_rows(rows, seed, epoch, slot)
    except (KeyError, ValueError, InputError) as error:
        raise UnreadableDirectoryError(f"a table of the directory does not hold what it must: {error}") from error


def _authority_of_rows(rows: RowsOf, seed: Digest, epoch: int, slot: int) -> Authority:
    keys: dict[str, set[str]] = {}
    for row in rows("key"):
        checked_public_key(decode_key_text(str(row["public_key"])))
        if not row["revoked"]:
            keys.setdefault(str(row["entity"]), set()).add(str(row["public_key"]))
    roles: dict[str, set[Role]] = {}
    for row in rows("role"):
        roles.setdefault(str(row["entity"]), set()).add(Role(str(row["role"])))
    entities = {entity_name(str(row["name"])): _entity(str(row["name"]), keys, roles) for row in rows("entity")}
    producers = tuple(entity_name(str(row["entity"])) for row in rows("producer"))
    if not producers:
        raise UnreadableDirectoryError("the directory leaves nobody to produce blocks")
    return Authority(entities, Roster(producers, seed, epoch, slot))


def _entity(name: str, keys: Mapping[str, set[str]], roles: Mapping[str, set[Role]]) -> Entity:
    valid = frozenset(checked_public_key(decode_key_text(text)) for text in keys.get(name, ()))
    return Entity(EntityName(name), frozenset(roles.get(name, ())), valid)


class _Tables:
    """The tables of the system contract at one snapshot."""

    def __init__(self, nodes: NodeStore, snapshot: Snapshot) -> None:
        self._nodes = nodes
        self._snapshot = snapshot
        self._catalog = catalog_of(snapshot)

    def rows(self, name: str) -> Iterator[dict[str, Value]]:
        """The rows of ``directory.<name>`` by column names; none if the table is not there."""
        full = TableName(f"directory.{name}")
        table, root = self._catalog.tables.get(full), self._snapshot.tables.get(full)
        if table is None or root is None:
            return
        tree = TableTree(self._nodes, table)
        names = [column.name for column in table.columns]
        for row in tree.rows(self._nodes.read_root(root.id, root.digest, tree.first_code)):
            yield dict(zip(names, row, strict=True))
