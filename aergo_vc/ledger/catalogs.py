"""What a state's contracts define: from the texts of its snapshot to a catalog."""

from aergo_vc.codec.catalog_texts import parse_catalog
from aergo_vc.model.schema import Catalog
from aergo_vc.state.snapshot import Snapshot


def catalog_of(snapshot: Snapshot) -> Catalog:
    """What a snapshot's contracts define; raises FormatError."""
    return parse_catalog(snapshot.schemas, snapshot.functions)
