"""The state of a block as far as a merge looks at it: what is defined, and the trees of the tables."""

from functools import cached_property

from aergo_vc.base.ids import TableName
from aergo_vc.ledger.catalogs import catalog_of
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.model.schema import Catalog
from aergo_vc.state.nodes import Node, NodeStore, Objects
from aergo_vc.state.snapshot import Snapshot, SnapshotStore
from aergo_vc.state.table_tree import TableTree


class StateAt:
    """The state after one block."""

    def __init__(self, objects: Objects, nodes: NodeStore, ledger: LedgerTree) -> None:
        self._nodes = nodes
        snapshots = SnapshotStore(objects, nodes)
        self.snapshot = Snapshot() if ledger.state is None else snapshots.read(ledger.state, ledger.header.state)

    @cached_property
    def catalog(self) -> Catalog:
        return catalog_of(self.snapshot)

    def tree(self, name: TableName) -> TableTree:
        """The trees of a table that is defined here."""
        return TableTree(self._nodes, self.catalog.stored[name])

    def root(self, name: TableName) -> Node | None:
        """The root of a table's tree; None where it has no rows."""
        root = self.snapshot.tables.get(name)
        if root is None:
            return None
        return self._nodes.read_root(root.id, root.digest, self.tree(name).first_code)
