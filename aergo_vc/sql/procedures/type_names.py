"""Types as declarations name them: of their own name, or as those of columns, variables and rows."""

import re
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.routines import CompositeType, EnumType
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import UNDEFINED_OBJECT, UNDEFINED_TABLE, UNSUPPORTED, SqlError
from aergo_vc.sql.language.column_types import column_type_of
from aergo_vc.sql.language.qualifying import qualified
from aergo_vc.sql.language.rows import Shape
from aergo_vc.sql.language.source import name_of, parse_script
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.syntax import Fragment, Reference, TypeReference

RECORD = ColumnType(Kind.RECORD)


def type_of(body: Body, reference: TypeReference) -> tuple[ColumnType, Shape | None]:
    """A variable's type, and the fields if it is a row's."""
    if reference.reference is Reference.COLUMN_OR_VARIABLE and reference.name is not None:
        path = name_path(reference.name)
        found = body.variables.variable(path)
        if found is not None and not found[1]:
            return _dimensioned(found[0].type, reference), found[0].shape
    column_type = resolve_type(body.catalog, body.contract, reference)
    if column_type.kind is Kind.COMPOSITE and not column_type.is_array:
        return column_type, body.row_fields(column_type.name or "")
    return column_type, None


def resolve_type(catalog: Catalog, contract: str, reference: TypeReference) -> ColumnType:
    """The type that a reference names; raises SqlError 42704, 42P01, 42703, 0A000 with its place."""
    if reference.reference is Reference.RECORD or reference.name is None:
        return RECORD
    with located(reference.name, 0):
        if reference.reference is Reference.ROW:
            return _row_type(catalog, contract, reference.name)
        if reference.reference is Reference.COLUMN_OR_VARIABLE:
            return _dimensioned(_column_type(catalog, contract, reference.name), reference)
        return _dimensioned(_named_type(catalog, contract, reference.name), reference)


def _dimensioned(column_type: ColumnType, reference: TypeReference) -> ColumnType:
    if reference.dimensions == 0:
        return column_type
    if column_type.is_array or column_type.kind in (Kind.COMPOSITE, Kind.RECORD):
        raise SqlError(UNSUPPORTED, f"an array of {column_type} is not supported")
    return replace(column_type, is_array=True)


def name_path(fragment: Fragment) -> tuple[str, ...]:
    """A name with its qualifiers, folded."""
    tree = parse_script(f"SELECT {fragment.text}")[0].sql.expressions[0]
    if not isinstance(tree, exp.Column):
        raise SqlError(UNDEFINED_OBJECT, f'"{fragment.text}" is no name')
    return tuple(name_of(part) for part in tree.parts if isinstance(part, exp.Identifier))


def _table_name(catalog: Catalog, contract: str, path: tuple[str, ...]) -> TableName | None:
    homes = (contract, DEFAULT_CONTRACT) if len(path) == 1 else (path[0],)
    for home in homes:
        name = TableName(f"{home}.{path[-1]}")
        if name in catalog.tables or name in catalog.views:
            return name
    return None


def _row_type(catalog: Catalog, contract: str, fragment: Fragment) -> ColumnType:
    path = name_path(fragment)
    found = _table_name(catalog, contract, path)
    if found is None:
        raise SqlError(UNDEFINED_TABLE, f'relation "{fragment.text}" does not exist')
    if found not in catalog.tables:
        raise SqlError(UNSUPPORTED, f'%ROWTYPE of the view "{fragment.text}" is not supported')
    return ColumnType(Kind.COMPOSITE, name=str(found))


def _column_type(catalog: Catalog, contract: str, fragment: Fragment) -> ColumnType:
    path = name_path(fragment)
    table = _table_name(catalog, contract, path[:-1]) if len(path) > 1 else None
    if table is None or table not in catalog.tables:
        raise SqlError(UNDEFINED_TABLE, f'relation "{".".join(path[:-1]) or path[-1]}" does not exist')
    for column in catalog.tables[table].visible_columns:
        if column.name == path[-1]:
            return column.type
    raise SqlError("42703", f'column "{path[-1]}" of relation "{".".join(path[:-1])}" does not exist')


_PLAIN_NAME = re.compile(r'(?:[a-z_]\w*|"[^"]+")(?:\s*\.\s*(?:[a-z_]\w*|"[^"]+"))?', re.ASCII | re.IGNORECASE)


def _named_type(catalog: Catalog, contract: str, fragment: Fragment) -> ColumnType:
    if _PLAIN_NAME.fullmatch(fragment.text):
        path = tuple(
            part.strip().strip('"') if '"' in part else part.strip().lower() for part in fragment.text.split(".")
        )
        homes = (contract, DEFAULT_CONTRACT) if len(path) == 1 else (path[0],)
        for home in homes:
            found = catalog.types.get(f"{home}.{path[-1]}")
            if isinstance(found, CompositeType):
                return ColumnType(Kind.COMPOSITE, name=found.name if "." in found.name else f"{home}.{found.name}")
            if isinstance(found, EnumType):
                return ColumnType(Kind.ENUM, name=found.name if "." in found.name else f"{home}.{found.name}")
        table = _table_name(catalog, contract, path)
        if table in catalog.tables:
            return ColumnType(Kind.COMPOSITE, name=str(table))
    tree = qualified(parse_script(f"SELECT NULL::{fragment.text}")[0].sql, catalog, contract)
    return column_type_of(tree.expressions[0].args["to"], catalog.types)
