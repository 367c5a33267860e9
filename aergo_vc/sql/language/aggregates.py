"""Aggregate functions and FILTER."""

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import FLOATS, ColumnType, Kind
from aergo_vc.sql.errors import UNDEFINED_FUNCTION
from aergo_vc.sql.language.binder import Binder, handles, named
from aergo_vc.sql.language.expressions import (
    KEYS,
    Expression,
    as_scaled,
    comparable,
    convert,
    key_sql,
    of_key,
    unique_spelling,
)
from aergo_vc.sql.language.operators import convert_text, order_term
from aergo_vc.sql.language.source import error_at, require_only, unsupported
from aergo_vc.sql.types.numbers import MAXIMUM
from aergo_vc.sql.types.values import BOOLEAN, INTEGERS, NUMERIC, TEXT

_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr, exp.GroupConcat)

NamedAggregate = Callable[[Binder, exp.Expression, str], Expression]
NAMED_AGGREGATES: dict[str, NamedAggregate] = {}
"""Aggregates for which the grammar has no node of its own; each is told what stands behind the call's bracket."""


def aggregate(name: str, arguments: int = 1) -> Callable[[NamedAggregate], NamedAggregate]:
    """Enter an aggregate of so many arguments."""

    def enter(handler: NamedAggregate) -> NamedAggregate:
        NAMED_AGGREGATES[name] = handler
        named(name, arguments, arguments)(lambda binder, node: _aggregate(binder, node, None))
        return handler

    return enter


def is_aggregate(node: exp.Expression) -> bool:
    """Whether `node` is a call of an aggregate function."""
    return isinstance(node, _AGGREGATES) or (
        isinstance(node, exp.Anonymous) and str(node.this).lower() in NAMED_AGGREGATES
    )


@handles(*_AGGREGATES)
def _plain_aggregate(binder: Binder, node: exp.Expression) -> Expression:
    return _aggregate(binder, node, None)


@handles(exp.Filter)
def _filtered_aggregate(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    where = node.args["expression"]
    if not is_aggregate(node.this) or not isinstance(where, exp.Where):
        raise unsupported(node, "FILTER here")
    return _aggregate(binder, node.this, where.this)


def _aggregate(binder: Binder, node: exp.Expression, where: exp.Expression | None) -> Expression:
    grouping = binder.grouping
    if grouping.refused is not None:
        raise error_at(node, "42803", f"aggregate functions are not allowed in {grouping.refused}")
    if grouping.inside:
        raise error_at(node, "42803", "aggregate function calls cannot be nested")
    grouping.used = True
    with binder.settings(inside=True):
        test = "" if where is None else f" FILTER (WHERE {filter_condition(binder, where)})"
        return aggregate_call(binder, node, test)


def filter_condition(binder: Binder, node: exp.Expression) -> str:
    """The condition of FILTER in SQLite's SQL."""
    bound = binder.bind(node)
    if bound.kind is not Kind.BOOLEAN:
        raise error_at(node, "42804", "argument of FILTER must be type boolean")
    return bound.sql


def aggregate_call(binder: Binder, node: exp.Expression, test: str) -> Expression:
    """A call of an aggregate; `test` is what stands behind its bracket."""
    if isinstance(node, exp.GroupConcat):
        return _string_agg(binder, node, test)
    if isinstance(node, exp.Anonymous):
        return NAMED_AGGREGATES[str(node.this).lower()](binder, node, test)
    require_only(node, "this", "big_int")
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return Expression(f"count(*){test}", ColumnType(Kind.BIGINT), not_null=True)
    argument = node.this
    distinct = ""
    if isinstance(argument, exp.Distinct):
        require_only(argument, "expressions")
        if len(argument.expressions) != 1:
            raise unsupported(node, "DISTINCT over several columns")
        argument, distinct = argument.expressions[0], "DISTINCT "
    operand = binder.bind(argument)
    if operand.type is None:
        operand = convert(operand, BOOLEAN if isinstance(node, (exp.LogicalAnd, exp.LogicalOr)) else TEXT)
    if distinct and operand.kind is Kind.NUMERIC and operand.scale is None:
        operand = replace(operand, sql=f"trimmed({operand.sql})")
    return _aggregate_of(node, operand, distinct, test)


def _aggregate_of(node: exp.Expression, operand: Expression, distinct: str, test: str) -> Expression:
    sql = operand.sql
    if isinstance(node, exp.Count):
        return Expression(f"count({distinct}{sql}){test}", ColumnType(Kind.BIGINT), not_null=True)
    if isinstance(node, (exp.LogicalAnd, exp.LogicalOr)):
        if operand.kind is not Kind.BOOLEAN:
            raise error_at(node, UNDEFINED_FUNCTION, f"a boolean is expected, not {operand.type_name}")
        return Expression(f"{'min' if isinstance(node, exp.LogicalAnd) else 'max'}({sql}){test}", BOOLEAN)
    if isinstance(node, (exp.Min, exp.Max)):
        return _extreme(node, operand, test)
    what = "sum" if isinstance(node, exp.Sum) else "avg"
    if operand.kind not in INTEGERS | {Kind.NUMERIC}:
        if operand.kind in FLOATS:
            raise unsupported(node, f"{what} of {operand.type_name}, whose result hangs on the order of rows,")
        raise error_at(node, UNDEFINED_FUNCTION, f"function {what}({operand.type_name}) does not exist")
    if what == "sum" and operand.kind in (Kind.SMALLINT, Kind.INTEGER):
        return Expression(f"sum({distinct}{sql}){test}", ColumnType(Kind.BIGINT))
    scaled = as_scaled(operand)
    if operand.kind is Kind.BIGINT:
        scale = 0
    elif scaled is not None and scaled.scale is not None:
        sql, scale = scaled.sql, scaled.scale
    else:
        return Expression(f"{what}_decimal({distinct}{sql}){test}", NUMERIC)
    # SQLite's own sum stays within 64 bits if each number is within 32, as that of integers does.
    is_small = what == "sum" and scaled is not None and scaled.bound <= MAXIMUM[Kind.INTEGER]
    aggregate = f"{'sum' if is_small and operand.kind is Kind.NUMERIC else what + '_scaled'}({distinct}{sql}){test}"
    return Expression(f"aggregate_text({aggregate}, {scale}, '{what}')", NUMERIC)


def _extreme(node: exp.Expression, operand: Expression, test: str) -> Expression:
    name = "min" if isinstance(node, exp.Min) else "max"
    if operand.kind is Kind.BOOLEAN:
        raise error_at(node, UNDEFINED_FUNCTION, f"function {name}(boolean) does not exist")
    if operand.kind is Kind.NUMERIC and operand.scale is None:
        return unique_spelling(replace(operand, sql=f"{name}({comparable(operand)}){test}", not_null=False))
    if operand.kind in KEYS and operand.type is not None:
        require_order(node, name, operand)
        return Expression(of_key(f"{name}({key_sql(operand)}){test}", operand.type), operand.type)
    return replace(operand, sql=f"{name}({operand.sql}){test}", not_null=False, is_constant=False, value=None)


def require_order(node: exp.Expression, name: str, operand: Expression) -> None:
    """Refuse what has no order, as an operand of the function `name`."""
    if operand.kind in (Kind.JSON, Kind.JSONB):
        raise error_at(node, UNDEFINED_FUNCTION, f"function {name}({operand.type_name}) does not exist")


def _string_agg(binder: Binder, node: exp.Expression, test: str) -> Expression:
    require_only(node, "this", "separator")
    if not isinstance(node.this, exp.Order):
        raise unsupported(node, "string_agg without ORDER BY")
    operand = convert_text(binder.bind(node.this.this))
    separator = convert_text(binder.bind(node.args["separator"])) if node.args.get("separator") else None
    if separator is None or not separator.is_constant:
        raise unsupported(node, "string_agg without a constant separator")
    terms = [order_term(binder.bind(part.this), part) for part in node.this.expressions]
    sql = f"group_concat({operand.sql}, {separator.sql} ORDER BY {', '.join([*terms, operand.sql])}){test}"
    return Expression(sql, TEXT)


@aggregate("every")
def _every(binder: Binder, node: exp.Expression, test: str) -> Expression:
    return aggregate_call(binder, exp.LogicalAnd(this=node.expressions[0]), test)


def aggregate_parts(binder: Binder, node: exp.Expression) -> tuple[Expression, str, list[str]]:
    """The argument of an aggregate that hangs on the order of rows, DISTINCT or nothing, and the terms of its order."""
    argument = node.expressions[0]
    order: list[exp.Expression] = []
    if isinstance(argument, exp.Order):
        argument, order = argument.this, argument.expressions
    distinct = ""
    if isinstance(argument, exp.Distinct) and len(argument.expressions) == 1:
        argument, distinct = argument.expressions[0], "DISTINCT "
    if (order and distinct) or not (order or distinct):
        what = "with both DISTINCT and" if order else "without"
        raise unsupported(node, f"{str(node.this).lower()} {what} ORDER BY")
    operand = binder.bind(argument)
    if operand.type is None:
        operand = convert(operand, TEXT)
    return operand, distinct, [order_term(binder.bind(part.this), part) for part in order]
