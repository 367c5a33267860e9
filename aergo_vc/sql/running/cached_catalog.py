"""The catalog as an engine's database keeps it: the canonical texts of its contracts, cut into pieces."""

from collections.abc import Callable

from aergo_vc.codec.catalog_texts import functions_of, parse_catalog, schemas_of
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.running.sandbox import CACHE_TABLE

Trusted = Callable[..., list[tuple[object, ...]]]
"""Runs SQL of the engine's own."""

_PIECE = 10_000
"""Characters of a text in one row: SQLite's texts are limited (sandbox.py)."""

_OURS = "name LIKE 'schema %' OR name LIKE 'functions %'"


def read(trusted: Trusted) -> Catalog:
    """The catalog that was stored last."""
    texts: dict[str, dict[str, str]] = {"schema": {}, "functions": {}}
    for name, piece in trusted(f"SELECT name, value FROM {CACHE_TABLE} WHERE {_OURS} ORDER BY name"):
        kind, contract, _ = str(name).split(" ")
        texts[kind][contract] = texts[kind].get(contract, "") + str(piece)
    return parse_catalog(texts["schema"], texts["functions"])


def store(trusted: Trusted, catalog: Catalog) -> None:
    """Put a catalog in the place of the one before."""
    trusted(f"DELETE FROM {CACHE_TABLE} WHERE {_OURS}")
    texts = {"schema": schemas_of(catalog), "functions": functions_of(catalog)}
    for kind, of_contracts in texts.items():
        for contract, text in of_contracts.items():
            for number, start in enumerate(range(0, len(text) or 1, _PIECE)):
                row = (f"{kind} {contract} {number:06d}", text[start : start + _PIECE])
                trusted(f"INSERT INTO {CACHE_TABLE} VALUES (?, ?)", row)
