"""Payloads: the rows that a block's transactions bring along, as table trees under ``ledger/payload``.

``payload/<transaction id>/<four digits>-rows`` and ``…-gone`` are the trees of the load with that place in the
transaction.  The signer signed their digests.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from aergo_vc.base.ids import Digest, ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_tree import DIRECTORY_MODE, TreeEntry, decode_tree, encode_tree
from aergo_vc.ledger.errors import PayloadError
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Load, Transaction
from aergo_vc.state.checking import check_tree
from aergo_vc.state.nodes import Node, NodeStore, Objects
from aergo_vc.state.snapshot import Root
from aergo_vc.state.table_tree import TableTree


@dataclass(frozen=True, slots=True)
class LoadTrees:
    """The trees of one load, in this repository."""

    rows: Root | None
    gone: Root | None


TransactionPayload = tuple[LoadTrees, ...]
"""The trees of a transaction's loads, in their order."""


def write_payloads(objects: Objects, payloads: Sequence[tuple[Transaction, TransactionPayload]]) -> ObjectId | None:
    """Add the tree ``payload`` of the transactions that bring rows along; None if none does."""
    folders = [
        TreeEntry(transaction.id, DIRECTORY_MODE, objects.add(Kind.TREE, encode_tree(_load_entries(trees))))
        for transaction, trees in payloads
        if trees
    ]
    return objects.add(Kind.TREE, encode_tree(folders)) if folders else None


def read_payloads(
    objects: Objects, nodes: NodeStore, payload: ObjectId | None, transactions: Sequence[Transaction]
) -> list[TransactionPayload]:
    """The trees of each transaction's loads; raises PayloadError unless they are what was signed, and nothing else."""
    folders = {} if payload is None else _named(objects, payload)
    found = [
        _read_loads(objects, nodes, folders.pop(transaction.id, None), transaction) for transaction in transactions
    ]
    if folders:
        raise PayloadError(f"ledger/payload holds {next(iter(folders))}, which no transaction brings")
    return found


def keys_only(table: Table) -> Table:
    """The table that the keys of `table` make up: how the keys of vanishing rows are spelled."""
    columns = tuple(table.columns[position] for position in table.key_positions)
    return Table(table.name, columns, table.primary_key)


def are_small(nodes: NodeStore, loads: Iterable[LoadTrees], most: int) -> bool:
    """Whether all loads together have at most so many chunks."""
    roots = [root for load in loads for root in (load.rows, load.gone) if root is not None]
    chunks = chain.from_iterable(_chunks(nodes, root.id, root.digest) for root in roots)
    return sum(1 for _ in islice(chunks, most + 1)) <= most


def _chunks(nodes: NodeStore, object_id: ObjectId, digest: Digest) -> Iterator[ObjectId]:
    """The chunks of a tree, whatever table it is of."""
    for entry, below in zip(*nodes.digests(object_id, digest), strict=True):
        if entry.mode == DIRECTORY_MODE:
            yield from _chunks(nodes, entry.id, below)
        else:
            yield entry.id


def checked_node(tree: TableTree, root: Root) -> Node:
    """The root node of a payload's tree; raises unless the tree is canonical."""
    node = tree.store.read_root(root.id, root.digest, tree.first_code)
    if not tree.is_sound(node):
        check_tree(tree, node)
        tree.note_sound(node)
    return node


def _load_entries(trees: TransactionPayload) -> Iterator[TreeEntry]:
    for place, load in enumerate(trees):
        for kind, root in (("gone", load.gone), ("rows", load.rows)):
            if root is not None:
                yield TreeEntry(f"{place:04d}-{kind}", DIRECTORY_MODE, root.id)


def _read_loads(
    objects: Objects, nodes: NodeStore, folder: TreeEntry | None, transaction: Transaction
) -> TransactionPayload:
    loads = transaction.payload.loads
    entries = {} if folder is None else _named(objects, folder.id)
    trees = tuple(_read_load(nodes, entries, place, load) for place, load in enumerate(loads))
    if entries or (folder is not None and not loads):
        raise PayloadError(f"ledger/payload/{transaction.id} holds what its transaction does not bring")
    return trees


def _read_load(nodes: NodeStore, entries: dict[str, TreeEntry], place: int, load: Load) -> LoadTrees:
    return LoadTrees(
        rows=_read_root(nodes, entries, f"{place:04d}-rows", load.rows),
        gone=_read_root(nodes, entries, f"{place:04d}-gone", load.gone),
    )


def _read_root(nodes: NodeStore, entries: dict[str, TreeEntry], name: str, digest: Digest | None) -> Root | None:
    entry = entries.pop(name, None)
    if entry is None and digest is None:
        return None
    if entry is None or digest is None or nodes.digest_of(entry) != digest:
        raise PayloadError(f"the rows {name} are not those that their transaction names", name=name)
    return Root(entry.id, digest)


def _named(objects: Objects, tree: ObjectId) -> dict[str, TreeEntry]:
    return {entry.name: entry for entry in decode_tree(objects.read_tree(tree), len(tree) // 2)}
