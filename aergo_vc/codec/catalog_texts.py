"""All that a branch's contracts define, as the texts of their files: ``schema.sql`` and ``functions.sql`` of each."""

from collections.abc import Mapping
from functools import lru_cache

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import RoutineName
from aergo_vc.codec.functions_text import functions_text, parse_functions
from aergo_vc.codec.schema_text import contracts, parse_schema, schema_text
from aergo_vc.codec.type_text import enums_in
from aergo_vc.model.routines import Routine
from aergo_vc.model.schema import Catalog


def parse_catalog(schemas: Mapping[str, str], functions: Mapping[str, str]) -> Catalog:
    """What the texts of each contract define; raises FormatError."""
    enums = frozenset(name for text in schemas.values() for name in enums_in(text))
    parsed = [_schema(contract, text, enums) for contract, text in schemas.items()]
    routines = [_functions(contract, text, enums) for contract, text in functions.items()]
    return Catalog(
        tables={name: table for catalog in parsed for name, table in catalog.tables.items()},
        indexes={name: index for catalog in parsed for name, index in catalog.indexes.items()},
        views={name: view for catalog in parsed for name, view in catalog.views.items()},
        types={name: defined for catalog in parsed for name, defined in catalog.types.items()},
        sequences={name: sequence for catalog in parsed for name, sequence in catalog.sequences.items()},
        routines={name: routine for found in routines for name, routine in found.items()},
        grants=frozenset().union(*(catalog.grants for catalog in parsed)),
        owners={contract: owner for catalog in parsed for contract, owner in catalog.owners.items()},
    )


def schemas_of(catalog: Catalog) -> dict[str, str]:
    """The text of ``schema.sql`` of every contract; empty for one that has routines alone."""
    return {contract: schema_text(catalog, contract) for contract in contracts(catalog)}


def functions_of(catalog: Catalog) -> dict[str, str]:
    """The text of ``functions.sql`` of every contract that has routines."""
    names = sorted({name.partition(".")[0] for name in catalog.routines})
    return {contract: functions_text(catalog.routines, contract) for contract in names}


# Most blocks leave most contracts as they are.
@lru_cache(maxsize=64)
def _schema(contract: str, text: str, enums: frozenset[str]) -> Catalog:
    return parse_schema(contract, text, enums)


@lru_cache(maxsize=64)
def _functions(contract: str, text: str, enums: frozenset[str]) -> Mapping[RoutineName, Routine]:
    if not text:
        raise FormatError("functions: a contract without routines has no functions.sql", contract=contract)
    return parse_functions(contract, text, enums)
