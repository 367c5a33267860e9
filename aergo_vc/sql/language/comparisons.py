"""How two values are brought to one type and compared."""

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import UNDEFINED_FUNCTION, UNSUPPORTED, SqlError
from aergo_vc.sql.language.expressions import (
    KEYS,
    Expression,
    align,
    comparable,
    convert,
    key_sql,
    unify,
)
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.arrays import type_code
from aergo_vc.sql.types.values import BOOLEAN, INTEGERS, TEXT, TEXTS, is_implicit


def plain_type(column_type: ColumnType) -> ColumnType:
    """The type that an untyped literal takes beside an operand of `column_type`."""
    if column_type.kind is Kind.VARCHAR and not column_type.is_array:
        return TEXT
    return ColumnType(column_type.kind, name=column_type.name, is_array=column_type.is_array)


def no_operator(left: Expression, symbol: str, right: Expression) -> SqlError:
    """The error for operands of types that an operator does not take."""
    return SqlError(UNDEFINED_FUNCTION, f"operator does not exist: {left.type_name} {symbol} {right.type_name}")


def compare(left: Expression, right: Expression, symbol: str) -> Expression:
    """A comparison; both sides are brought to one type first."""
    left, right = comparands(left, right, symbol)
    if left.kind is Kind.ARRAY:
        return _compare_arrays(left, right, symbol)
    if left.kind in KEYS:
        return _compare_keys(left, right, symbol)
    sql = f"({comparable(left)} {symbol} {right.sql})"
    return Expression(sql, BOOLEAN, not_null=left.not_null and right.not_null)


def _compare_keys(left: Expression, right: Expression, symbol: str) -> Expression:
    """A comparison of kinds whose values compare by something other than their texts."""
    not_null = left.not_null and right.not_null
    if left.kind is Kind.JSON or (left.kind is Kind.JSONB and symbol in ("<", "<=", ">", ">=")):
        raise no_operator(left, symbol, right)
    if left.kind is Kind.ENUM and symbol not in ("<", "<=", ">", ">="):
        return Expression(f"({left.sql} {symbol} {right.sql})", BOOLEAN, not_null=not_null)
    return Expression(f"({key_sql(left)} {symbol} {key_sql(right)})", BOOLEAN, not_null=not_null)


def _compare_arrays(left: Expression, right: Expression, symbol: str) -> Expression:
    assert left.type is not None  # noqa: S101 - arrays have one
    require_comparable(left.type.element, symbol)
    code = quote_text(type_code(left.type.element))
    not_null = left.not_null and right.not_null
    if symbol in ("<", "<=", ">", ">="):
        return Expression(f"(array_compare({left.sql}, {right.sql}, {code}) {symbol} 0)", BOOLEAN, not_null=not_null)
    first, second = f"array_key({left.sql}, {code})", f"array_key({right.sql}, {code})"
    return Expression(f"({first} {symbol} {second})", BOOLEAN, not_null=not_null)


def require_comparable(element: ColumnType, symbol: str) -> None:
    """Raise SqlError 0A000 unless kept elements compare as their values do."""
    if element.kind in KEYS and (element.kind is not Kind.ENUM or symbol in ("<", "<=", ">", ">=")):
        raise SqlError(UNSUPPORTED, f"{symbol} over elements of type {element} is not supported")


def comparands(left: Expression, right: Expression, symbol: str) -> tuple[Expression, Expression]:
    """Both sides of a comparison, of one type and form; raises SqlError 42883 where there is none."""
    if left.type is None and right.type is None:
        left, right = convert(left, TEXT), convert(right, TEXT)
    elif left.type is None or right.type is None:
        known = left.type or right.type or TEXT
        left, right = convert(left, plain_type(known)), convert(right, plain_type(known))
    kinds = {left.kind, right.kind}
    if kinds == {Kind.ARRAY}:
        _, unified = unify([left, right], "comparison")
        return unified[0], unified[1]
    if _are_alike(left, right):
        return left, right
    if kinds <= INTEGERS | {Kind.NUMERIC}:
        first, second = align([left, right])
        return first, second
    if is_implicit(left.kind, right.kind) and left.kind is not right.kind:
        return convert(left, ColumnType(right.kind)), right
    if is_implicit(right.kind, left.kind) and left.kind is not right.kind:
        return left, convert(right, ColumnType(left.kind))
    raise no_operator(left, symbol, right)


def _are_alike(left: Expression, right: Expression) -> bool:
    """Whether kept values of both compare as they are."""
    if left.kind is right.kind:
        return left.kind is not Kind.NUMERIC and (left.kind is not Kind.ENUM or left.type == right.type)
    kinds = {left.kind, right.kind}
    return kinds <= TEXTS or kinds <= INTEGERS
