"""Functions of exact numbers alone, and the operators over the bits of whole ones."""

from sqlglot import exp

from aergo_vc.model.types import INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import AMBIGUOUS_FUNCTION, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.language.arithmetic import operands_of
from aergo_vc.sql.language.binder import Binder, handles, named
from aergo_vc.sql.language.comparisons import no_operator
from aergo_vc.sql.language.expressions import Expression, convert, numeric_text, unify
from aergo_vc.sql.language.source import error_at, require_only
from aergo_vc.sql.types.values import INTEGERS, NUMERIC

_EXACT = INTEGERS | {Kind.NUMERIC}
_WIDTHS = {bits: ColumnType(kind) for kind, bits in INTEGER_BITS.items()}


def _wrong(node: exp.Expression, *values: Expression) -> SqlError:
    types = ", ".join(value.type_name for value in values)
    return error_at(node, UNDEFINED_FUNCTION, f"function {str(node.this).lower()}({types}) does not exist")


@named("div", 2, 2)
def _div(binder: Binder, node: exp.Expression) -> Expression:
    left, right = (binder.bind(part) for part in node.expressions)
    if not all(side.type is None or side.kind in _EXACT for side in (left, right)):
        raise _wrong(node, left, right)
    first, second = (numeric_text(convert(side, NUMERIC)) for side in (left, right))
    return Expression(f"decimal_quotient({first.sql}, {second.sql})", NUMERIC)


def _divisors(binder: Binder, node: exp.Expression) -> Expression:
    left, right = (binder.bind(part) for part in node.expressions)
    known = [side.kind for side in (left, right) if side.type is not None]
    name = str(node.this).lower()
    if not {*known} - {Kind.SMALLINT}:
        raise error_at(node, AMBIGUOUS_FUNCTION, f"function {name}({left.type_name}, {right.type_name}) is not unique")
    if not _EXACT.issuperset(known):
        raise _wrong(node, left, right)
    not_null = left.not_null and right.not_null
    target, (left, right) = unify([left, right], name)
    if target.kind is Kind.NUMERIC:
        sql = f"decimal_{name}({numeric_text(left).sql}, {numeric_text(right).sql})"
        return Expression(sql, NUMERIC, not_null=not_null)
    sql = f"{name}{INTEGER_BITS[target.kind]}({left.sql}, {right.sql})"
    return Expression(sql, target, not_null=not_null)


named("gcd", 2, 2)(_divisors)
named("lcm", 2, 2)(_divisors)


_BITWISE: dict[type[exp.Expression], tuple[str, str]] = {
    exp.BitwiseAnd: ("&", "bits_and"), exp.BitwiseOr: ("|", "bits_or"), exp.BitwiseXor: ("#", "bits_xor"),
}  # fmt: skip
_SHIFTS: dict[type[exp.Expression], tuple[str, str]] = {
    exp.BitwiseLeftShift: ("<<", "shift_left"), exp.BitwiseRightShift: (">>", "shift_right"),
}  # fmt: skip


@handles(*_BITWISE)
def _bitwise(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    symbol, name = _BITWISE[type(node)]
    left, right = operands_of(binder, node, symbol)
    if not {left.kind, right.kind} <= INTEGERS:
        raise no_operator(left, symbol, right)
    result = _WIDTHS[max(INTEGER_BITS[left.kind], INTEGER_BITS[right.kind])]
    return Expression(f"{name}({left.sql}, {right.sql})", result, not_null=left.not_null and right.not_null)


@handles(*_SHIFTS)
def _shift(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    symbol, name = _SHIFTS[type(node)]
    left, right = operands_of(binder, node, symbol)
    if left.kind not in INTEGERS or right.kind not in (Kind.SMALLINT, Kind.INTEGER):
        raise no_operator(left, symbol, right)
    sql = f"{name}{INTEGER_BITS[left.kind]}({left.sql}, {right.sql})"
    return Expression(sql, ColumnType(left.kind), not_null=left.not_null and right.not_null)


@handles(exp.BitwiseNot)
def _inverted(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    operand = binder.bind(node.this)
    if operand.kind not in INTEGERS:
        raise error_at(node, UNDEFINED_FUNCTION, f"operator does not exist: ~ {operand.type_name}")
    return Expression(f"bits_not({operand.sql})", operand.type, not_null=operand.not_null)
