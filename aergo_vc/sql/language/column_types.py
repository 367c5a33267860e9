"""Types as statements spell them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from aergo_vc.model.routines import CompositeType, EnumType
from aergo_vc.model.schema import DEFAULT_CONTRACT
from aergo_vc.model.types import STORED_KINDS, ColumnType, Kind
from aergo_vc.sql.errors import INVALID_PARAMETER, UNDEFINED_OBJECT
from aergo_vc.sql.language.source import error_at, name_of, unsupported

_KINDS = {
    exp.DType.SMALLINT: Kind.SMALLINT,
    exp.DType.INT: Kind.INTEGER,
    exp.DType.BIGINT: Kind.BIGINT,
    exp.DType.DECIMAL: Kind.NUMERIC,
    exp.DType.BOOLEAN: Kind.BOOLEAN,
    exp.DType.TEXT: Kind.TEXT,
    exp.DType.VARCHAR: Kind.VARCHAR,
    exp.DType.CHAR: Kind.CHAR,
    exp.DType.BPCHAR: Kind.CHAR,
    exp.DType.DATE: Kind.DATE,
    exp.DType.TIME: Kind.TIME,
    exp.DType.TIMESTAMP: Kind.TIMESTAMP,
    exp.DType.TIMESTAMPTZ: Kind.TIMESTAMPTZ,
    exp.DType.UUID: Kind.UUID,
    exp.DType.VARBINARY: Kind.BYTEA,
    exp.DType.DOUBLE: Kind.DOUBLE,
    exp.DType.FLOAT: Kind.REAL,
    exp.DType.INTERVAL: Kind.INTERVAL,
    exp.DType.JSON: Kind.JSON,
    exp.DType.JSONB: Kind.JSONB,
}

GREATEST_LENGTH = 60_000
GREATEST_PRECISION = 1_000


Types = Mapping[str, EnumType | CompositeType]


def column_type_of(node: exp.Expression, types: Types = MappingProxyType({})) -> ColumnType:
    """The type that a DataType node spells; raises SqlError 0A000 for types that the language leaves out.

    `types` are those that contracts define.
    """
    if not isinstance(node, exp.DataType):
        raise unsupported(node, "this type")
    if node.this is exp.DType.ARRAY and len(node.expressions) == 1:
        element = column_type_of(node.expressions[0], types)
        if element.is_array:
            raise unsupported(node, "an array of more than one dimension")
        return replace(element, is_array=True)
    kind = _KINDS.get(node.this) if isinstance(node.this, exp.DType) else None
    if kind is None:
        name = node.this.value.lower() if isinstance(node.this, exp.DType) else str(node.this)
        if name == "user-defined":
            return _defined(node, types)
        raise unsupported(node, f"type {name}")
    modifiers = [_modifier(part) for part in node.expressions]
    if kind is Kind.NUMERIC:
        return _numeric(node, modifiers)
    if kind in (Kind.VARCHAR, Kind.CHAR):
        return _text(node, kind, modifiers)
    if modifiers and not (kind in (Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ) and modifiers == [6]):
        raise unsupported(node, f"a modifier of type {kind.value}")
    return ColumnType(kind)


def _defined(node: exp.Expression, types: Types) -> ColumnType:
    """A type that a contract defines; unqualified names are those of `public`."""
    kind = node.args.get("kind")
    parts = list(kind.flatten()) if isinstance(kind, exp.Dot) else [kind]
    path = [name_of(part) for part in parts if isinstance(part, exp.Identifier)]
    name = ".".join(path if len(path) > 1 else [DEFAULT_CONTRACT, *path])
    found = types.get(name)
    if found is None:
        raise error_at(node, UNDEFINED_OBJECT, f'type "{".".join(path)}" does not exist')
    return ColumnType(Kind.ENUM if isinstance(found, EnumType) else Kind.COMPOSITE, name=name)


def stored_type_of(node: exp.Expression, types: Types) -> ColumnType:
    """The type of a table's column; raises SqlError 0A000 for types of which routines alone have values."""
    found = column_type_of(node, types)
    if found.is_array or found.kind not in STORED_KINDS:
        raise unsupported(node, f"a column of type {found}")
    return found


def _modifier(part: exp.Expression) -> int:
    value = part.this
    if not isinstance(value, exp.Literal) or not str(value.this).isdigit() or len(str(value.this)) > 9:  # noqa: PLR2004
        raise error_at(part, INVALID_PARAMETER, "a type modifier must be a whole number")
    return int(str(value.this))


def _numeric(node: exp.Expression, modifiers: list[int]) -> ColumnType:
    if not modifiers:
        return ColumnType(Kind.NUMERIC)
    precision, scale = modifiers[0], modifiers[1] if len(modifiers) > 1 else 0
    if not 1 <= precision <= GREATEST_PRECISION:
        raise error_at(
            node, INVALID_PARAMETER, f"NUMERIC precision {precision} must be between 1 and {GREATEST_PRECISION}"
        )
    if scale > precision:
        raise error_at(node, INVALID_PARAMETER, f"NUMERIC scale {scale} must be between 0 and precision {precision}")
    return ColumnType(Kind.NUMERIC, precision=precision, scale=scale)


def _text(node: exp.Expression, kind: Kind, modifiers: list[int]) -> ColumnType:
    if not modifiers:
        is_single = kind is Kind.CHAR and isinstance(node, exp.DataType) and node.this is exp.DType.CHAR
        return ColumnType(kind, length=1 if is_single else None)
    if not 1 <= modifiers[0] <= GREATEST_LENGTH:
        raise error_at(node, INVALID_PARAMETER, f"length for type {kind.value} must be between 1 and {GREATEST_LENGTH}")
    return ColumnType(kind, length=modifiers[0])
