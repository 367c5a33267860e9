"""Arithmetic: of numbers, of dates, times and intervals."""

from sqlglot import exp

from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.language.binder import Binder, handles
from aergo_vc.sql.language.comparisons import comparands, no_operator, plain_type
from aergo_vc.sql.language.expressions import SAFE_BOUND, Expression, align, as_scaled, convert, numeric_text
from aergo_vc.sql.language.source import require_only
from aergo_vc.sql.types.values import (
    DATE,
    DOUBLE,
    INTEGER,
    INTEGERS,
    INTERVAL,
    JSONB,
    NUMERIC,
    REAL,
    TEXT,
    TEXTS,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
)

_NUMBERS = INTEGERS | {Kind.NUMERIC, *FLOATS}
_TIMED = frozenset((Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.INTERVAL))


def operands_of(binder: Binder, node: exp.Expression, symbol: str) -> tuple[Expression, Expression]:
    """Both sides, an untyped literal taking the other's type."""
    left, right = binder.bind(node.this), binder.bind(node.args["expression"])
    if left.type is None and right.type is None and symbol in "+-*/%":
        raise SqlError(UNDEFINED_FUNCTION, f"operator is not unique: unknown {symbol} unknown")
    if left.type is None and right.type is not None:
        left = convert(left, _type_beside(right.type, symbol))
    elif right.type is None and left.type is not None:
        right = convert(right, _type_beside(left.type, symbol))
    return left, right


def _type_beside(column_type: ColumnType, symbol: str) -> ColumnType:
    """The type that an untyped literal takes beside an operand of another."""
    if symbol == "+" and column_type in (TIMESTAMP, TIMESTAMPTZ, TIME):
        return INTERVAL
    if symbol == "-" and column_type == JSONB:
        return TEXT
    return plain_type(column_type)


_ARITHMETIC: dict[type[exp.Expression], tuple[str, str]] = {
    exp.Add: ("+", "add"),
    exp.Sub: ("-", "subtract"),
    exp.Mul: ("*", "multiply"),
    exp.Div: ("/", "divide"),
    exp.Mod: ("%", "remainder"),
}


@handles(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
def _arithmetic(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "typed", "safe")
    symbol, name = _ARITHMETIC[type(node)]
    left, right = operands_of(binder, node, symbol)
    return arithmetic(left, right, symbol, name)


def arithmetic(left: Expression, right: Expression, symbol: str, name: str) -> Expression:
    """An arithmetic operation under PostgreSQL's typing."""
    kinds = {left.kind, right.kind}
    if kinds & _TIMED:
        return _date_arithmetic(left, right, symbol)
    if left.kind is Kind.JSONB and symbol == "-" and left.type is not None:
        return _without(left, right)
    if not kinds <= _NUMBERS:
        raise no_operator(left, symbol, right)
    if kinds & FLOATS:
        if symbol == "%":
            raise no_operator(left, symbol, right)
        if kinds == {Kind.REAL}:
            return Expression(f"real_{name}({left.sql}, {right.sql})", REAL)
        left, right = convert(left, DOUBLE), convert(right, DOUBLE)
        return Expression(f"double_{name}({left.sql}, {right.sql})", DOUBLE)
    if Kind.NUMERIC in kinds:
        return _decimal_arithmetic(left, right, name)
    bits = max(INTEGER_BITS[left.kind], INTEGER_BITS[right.kind])
    kind = next(kind for kind in INTEGER_BITS if INTEGER_BITS[kind] == bits)
    not_null = left.not_null and right.not_null
    return Expression(f"{name}{bits}({left.sql}, {right.sql})", ColumnType(kind), not_null=not_null)


def _without(left: Expression, right: Expression) -> Expression:
    """jsonb without a key, an item or several keys."""
    if right.kind in (Kind.INTEGER, Kind.SMALLINT):
        name = "jsonb_without_item"
    elif right.type is not None and right.type.kind in TEXTS:
        name = "jsonb_without_keys" if right.type.is_array else "jsonb_without"
    else:
        raise no_operator(left, "-", right)
    return Expression(f"{name}({left.sql}, {right.sql})", JSONB, not_null=left.not_null and right.not_null)


def _decimal_arithmetic(left: Expression, right: Expression, name: str) -> Expression:
    not_null = left.not_null and right.not_null
    if name in ("add", "subtract"):
        aligned = align([left, right])
        bound = aligned[0].bound + aligned[1].bound
        if aligned[0].scale is not None and bound < SAFE_BOUND:
            sql = f"({aligned[0].sql} {'+' if name == 'add' else '-'} {aligned[1].sql})"
            return Expression(sql, NUMERIC, aligned[0].scale, bound, not_null=not_null)
    if name == "multiply":
        product = _scaled_product(left, right)
        if product is not None:
            return product
    left, right = numeric_text(left), numeric_text(right)
    return Expression(f"decimal_{name}({left.sql}, {right.sql})", NUMERIC, not_null=not_null)


def _scaled_product(left: Expression, right: Expression) -> Expression | None:
    first, second = as_scaled(left), as_scaled(right)
    if first is None or second is None or first.scale is None or second.scale is None:
        return None
    bound = first.bound * second.bound
    if bound >= SAFE_BOUND:
        return None
    not_null = left.not_null and right.not_null
    return Expression(f"({first.sql} * {second.sql})", NUMERIC, first.scale + second.scale, bound, not_null=not_null)


def _date_arithmetic(left: Expression, right: Expression, symbol: str) -> Expression:
    kinds = (left.kind, right.kind)
    if kinds == (Kind.DATE, Kind.DATE) and symbol == "-":
        return Expression(f"days_between({left.sql}, {right.sql})", INTEGER)
    if symbol in "+-" and kinds in ((Kind.DATE, Kind.INTEGER), (Kind.DATE, Kind.SMALLINT)):
        sign = "" if symbol == "+" else "-"
        return Expression(f"date_plus_days({left.sql}, {sign}({right.sql}))", DATE)
    if kinds in ((Kind.INTEGER, Kind.DATE), (Kind.SMALLINT, Kind.DATE)) and symbol == "+":
        return Expression(f"date_plus_days({right.sql}, {left.sql})", DATE)
    return _moment_arithmetic(left, right, symbol)


_DIFFERENCES = {Kind.TIME: "time_minus", Kind.TIMESTAMP: "moment_minus", Kind.TIMESTAMPTZ: "moment_minus"}


def _moment_arithmetic(left: Expression, right: Expression, symbol: str) -> Expression:
    """Sums, differences and multiples of moments and intervals."""
    if right.kind is Kind.INTERVAL and symbol == "*":
        left, right = right, left
    if symbol == "+" and left.kind is Kind.INTERVAL and right.kind is not Kind.INTERVAL:
        left, right = right, left
    if Kind.DATE in (left.kind, right.kind) and {left.kind, right.kind} & {Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        left, right = comparands(left, right, symbol)
    found = None
    if left.kind is Kind.INTERVAL:
        found = _of_interval(left, right, symbol)
    elif symbol == "-" and left.kind is right.kind and left.kind in _DIFFERENCES:
        found = Expression(f"{_DIFFERENCES[left.kind]}({left.sql}, {right.sql})", INTERVAL)
    elif right.kind is Kind.INTERVAL and symbol in "+-":
        found = _moved(left, right, "-1" if symbol == "-" else "1")
    if found is None:
        raise no_operator(left, symbol, right)
    return found


def _of_interval(left: Expression, right: Expression, symbol: str) -> Expression | None:
    if right.kind is Kind.INTERVAL and symbol in "+-":
        return Expression(f"interval_{'add' if symbol == '+' else 'subtract'}({left.sql}, {right.sql})", INTERVAL)
    if right.kind in INTEGERS | {Kind.NUMERIC} and symbol in "*/":
        word = "multiply" if symbol == "*" else "divide"
        return Expression(f"interval_{word}({left.sql}, {numeric_text(right).sql})", INTERVAL)
    return None


def _moved(left: Expression, interval: Expression, sign: str) -> Expression | None:
    if left.kind is Kind.TIME:
        return Expression(f"time_plus({left.sql}, {interval.sql}, {sign})", TIME)
    moment = convert(left, TIMESTAMP) if left.kind is Kind.DATE else left
    if moment.kind not in (Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        return None
    return Expression(f"moment_plus({moment.sql}, {interval.sql}, {sign})", moment.type)
