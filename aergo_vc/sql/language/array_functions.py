"""Arrays in expressions: constructors, subscripts, functions, array_agg."""

from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import DATATYPE_MISMATCH, INDETERMINATE_TYPE, SYNTAX, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.language.aggregates import aggregate, aggregate_parts
from aergo_vc.sql.language.binder import Binder, handles, named
from aergo_vc.sql.language.comparisons import require_comparable
from aergo_vc.sql.language.expressions import (
    Expression,
    assign,
    column_expression,
    common_type,
    convert,
    stored,
)
from aergo_vc.sql.language.operators import convert_text, element_sql, join_arrays, unify_element
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.source import error_at, require_only, unsupported
from aergo_vc.sql.language.sources import bytewise, total_rows
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.arrays import type_code
from aergo_vc.sql.types.values import INTEGER, TEXT

_MANY = 100
_TEXTS = ColumnType(Kind.TEXT, is_array=True)


@handles(exp.Array)
def _constructor(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "expressions", "bracket_notation")
    items = node.expressions
    if any(isinstance(item, exp.Array) for item in items):
        raise unsupported(node, "an array of more than one dimension")
    return _made(node, [binder.bind(item) for item in items], None)


def _made(node: exp.Expression, values: list[Expression], wanted: ColumnType | None) -> Expression:
    if not values and wanted is None:
        raise error_at(node, INDETERMINATE_TYPE, "cannot determine type of empty array")
    element = wanted or common_type(values, "ARRAY")
    if element.is_array:
        raise unsupported(node, "an array of more than one dimension")
    parts = [values[at : at + _MANY] for at in range(0, len(values), _MANY)]
    texts = [f"array_make({', '.join(element_sql(value, element) for value in part)})" for part in parts]
    sql = texts[0] if texts else "array_make()"
    for text in texts[1:]:
        sql = f"array_join({sql}, {text})"
    return Expression(sql, replace(element, is_array=True), not_null=True)


@named("array", 1, 1)
def _array_of_query(binder: Binder, node: exp.Expression) -> Expression:
    """ARRAY(SELECT …), which the grammar takes for a call."""
    tree = node.expressions[0]
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)):
        raise error_at(node, SYNTAX, "ARRAY takes a query or elements in square brackets")
    query = binder.queries(binder.inner(Scope(parent=binder.scope)), tree, total=True)
    if len(query.columns) != 1:
        raise error_at(tree, SYNTAX, "subquery must return only one column")
    found = replace(query.columns[0].expression, sql="c0")
    element = found.type or TEXT
    if element.is_array:
        raise unsupported(tree, "an array of more than one dimension")
    rows = f"SELECT array_collect({stored(convert(found, element), element)}) FROM ({total_rows(query)})"
    return Expression(f"coalesce(({rows}), '[]')", replace(element, is_array=True), not_null=True)


def _array(binder: Binder, node: exp.Expression) -> tuple[Expression, ColumnType]:
    """An argument that must be an array, and its elements' type."""
    array = binder.bind(node)
    if array.type is None or not array.type.is_array:
        raise SqlError(UNDEFINED_FUNCTION, f"an array is expected, not {array.type_name}")
    return array, array.type.element


def _code(element: ColumnType) -> str:
    return quote_text(type_code(element))


def equality_code(array: Expression) -> str:
    """The code of the elements' type, where equal elements are equal as they are kept."""
    element = (array.type or TEXT).element
    require_comparable(element, "=")
    return _code(element)


@handles(exp.Bracket)
def _subscript(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expressions")
    if isinstance(node.this, exp.Array):
        raise error_at(node, SYNTAX, 'syntax error at or near "["')
    array = binder.bind(node.this)
    if array.type is None or not array.type.is_array:
        message = f"cannot subscript type {array.type_name} because it does not support subscripting"
        raise error_at(node, DATATYPE_MISMATCH, message)
    if len(node.expressions) != 1:
        raise unsupported(node, "a subscript of several parts")
    part = node.expressions[0]
    if isinstance(part, exp.Slice):
        low = assign(binder.bind(part.this), INTEGER, "subscript") if part.this is not None else "1"
        end = part.args.get("expression")
        high = assign(binder.bind(end), INTEGER, "subscript") if end is not None else "2147483647"
        return Expression(f"array_slice({array.sql}, {low}, {high})", array.type)
    position = assign(binder.bind(part), INTEGER, "subscript")
    return column_expression(f"array_element({array.sql}, {position})", array.type.element, not_null=False)


def _register_sizes() -> None:
    def enter(name: str, function: str, arguments: int) -> None:
        @named(name, arguments, arguments)
        def size(binder: Binder, node: exp.Expression) -> Expression:
            array, _ = _array(binder, node.expressions[0])
            more = [assign(binder.bind(part), INTEGER, name) for part in node.expressions[1:]]
            return Expression(f"{function}({', '.join([array.sql, *more])})", INTEGER)

    enter("cardinality", "array_size", 1)
    enter("array_length", "array_length", 2)
    enter("array_upper", "array_length", 2)
    enter("array_lower", "array_lower", 2)


_register_sizes()


@named("array_ndims", 1, 1)
def _dimensions(binder: Binder, node: exp.Expression) -> Expression:
    array, _ = _array(binder, node.expressions[0])
    return Expression(f"array_lower({array.sql}, 1)", INTEGER)


@named("array_append", 2, 2)
def _append(binder: Binder, node: exp.Expression) -> Expression:
    element, array = unify_element(binder.bind(node.expressions[1]), binder.bind(node.expressions[0]))
    return Expression(f"array_append({array.sql}, {element})", array.type, not_null=True)


@named("array_prepend", 2, 2)
def _prepend(binder: Binder, node: exp.Expression) -> Expression:
    element, array = unify_element(binder.bind(node.expressions[0]), binder.bind(node.expressions[1]))
    return Expression(f"array_prepend({element}, {array.sql})", array.type, not_null=True)


@named("array_cat", 2, 2)
def _join(binder: Binder, node: exp.Expression) -> Expression:
    left, right = (binder.bind(part) for part in node.expressions)
    if Kind.ARRAY not in (left.kind, right.kind):
        raise SqlError(UNDEFINED_FUNCTION, f"function array_cat({left.type_name}, {right.type_name}) does not exist")
    return join_arrays(left, right)


@named("array_fill", 2, 2)
def _fill(binder: Binder, node: exp.Expression) -> Expression:
    value, sizes = (binder.bind(part) for part in node.expressions)
    if value.type is None:
        raise error_at(node, DATATYPE_MISMATCH, "could not determine polymorphic type because input has type unknown")
    counts = convert(sizes, replace(INTEGER, is_array=True))
    sql = f"array_fill({element_sql(value, value.type)}, {counts.sql})"
    return Expression(sql, replace(value.type, is_array=True))


@named("array_position", 2, 3)
def _position(binder: Binder, node: exp.Expression) -> Expression:
    element, array = unify_element(binder.bind(node.expressions[1]), binder.bind(node.expressions[0]))
    start = [assign(binder.bind(part), INTEGER, "start") for part in node.expressions[2:]]
    code = equality_code(array)
    return Expression(f"array_position({', '.join([array.sql, element, code, *start])})", INTEGER)


@named("array_positions", 2, 2)
def _positions(binder: Binder, node: exp.Expression) -> Expression:
    element, array = unify_element(binder.bind(node.expressions[1]), binder.bind(node.expressions[0]))
    sql = f"array_positions({array.sql}, {element}, {equality_code(array)})"
    return Expression(sql, replace(INTEGER, is_array=True), not_null=array.not_null)


@named("array_remove", 2, 2)
def _remove(binder: Binder, node: exp.Expression) -> Expression:
    element, array = unify_element(binder.bind(node.expressions[1]), binder.bind(node.expressions[0]))
    code = equality_code(array)
    return Expression(f"array_remove({array.sql}, {element}, {code})", array.type, not_null=array.not_null)


@named("array_replace", 3, 3)
def _replace(binder: Binder, node: exp.Expression) -> Expression:
    old, by = binder.bind(node.expressions[1]), binder.bind(node.expressions[2])
    _, array = unify_element(old, binder.bind(node.expressions[0]))
    changed, array = unify_element(by, array)
    wanted, array = unify_element(old, array)
    code = equality_code(array)
    return Expression(f"array_replace({array.sql}, {wanted}, {changed}, {code})", array.type, not_null=array.not_null)


@named("string_to_array", 2, 3)
def _from_string(binder: Binder, node: exp.Expression) -> Expression:
    parts = [convert_text(binder.bind(part)).sql for part in node.expressions]
    return Expression(f"array_from_string({', '.join(parts)})", _TEXTS)


@named("array_to_string", 2, 3)
def _to_string(binder: Binder, node: exp.Expression) -> Expression:
    array, element = _array(binder, node.expressions[0])
    parts = [convert_text(binder.bind(part)).sql for part in node.expressions[1:]]
    return Expression(f"array_to_string({', '.join([array.sql, _code(element), *parts])})", TEXT)


@aggregate("array_agg")
def _array_agg(binder: Binder, node: exp.Expression, test: str) -> Expression:
    operand, distinct, order = aggregate_parts(binder, node)
    element = operand.type or TEXT
    if element.is_array:
        raise unsupported(node, "an array of more than one dimension")
    value = stored(operand, element)
    terms = ", ".join([*order, bytewise(replace(operand, sql=value, scale=None))])
    return Expression(f"array_collect({distinct}{value} ORDER BY {terms}){test}", replace(element, is_array=True))
