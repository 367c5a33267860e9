"""What a state's contracts define: from their schema texts to a catalog, and back."""

from functools import lru_cache

from aergo_vc.codec.schema_text import contracts, parse_schema, schema_text
from aergo_vc.model.schema import Catalog
from aergo_vc.state.snapshot import Snapshot


def catalog_of(snapshot: Snapshot) -> Catalog:
    """What a snapshot's schemas define; raises FormatError."""
    parsed = [_parsed(contract, text) for contract, text in snapshot.schemas.items()]
    return Catalog(
        tables={name: table for catalog in parsed for name, table in catalog.tables.items()},
        indexes={name: index for catalog in parsed for name, index in catalog.indexes.items()},
        views={name: view for catalog in parsed for name, view in catalog.views.items()},
    )


@lru_cache(maxsize=16)
def _parsed(contract: str, text: str) -> Catalog:
    """A contract's schema, which most blocks leave as it is."""
    return parse_schema(contract, text)


def schemas_of(catalog: Catalog) -> dict[str, str]:
    """The schema text of every contract of a catalog."""
    return {contract: schema_text(catalog, contract) for contract in contracts(catalog)}
