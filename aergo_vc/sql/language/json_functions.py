"""jsonb in expressions."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import DATATYPE_MISMATCH, INVALID_PARAMETER, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.language.aggregates import aggregate, aggregate_parts
from aergo_vc.sql.language.binder import Binder, handles, named
from aergo_vc.sql.language.expressions import Expression, cast, condition, convert, stored
from aergo_vc.sql.language.grammar import JsonOperator
from aergo_vc.sql.language.operators import convert_text, order_term
from aergo_vc.sql.language.source import error_at, require_only, unsupported
from aergo_vc.sql.language.sources import ROW_FUNCTIONS, bytewise
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.arrays import type_code
from aergo_vc.sql.types.values import BOOLEAN, INTEGER, JSONB, TEXT, TEXTS

_PAIRS = 48
_TEXTS = ColumnType(Kind.TEXT, is_array=True)
_RESULTS = {"->": ("", JSONB), "->>": ("_text", TEXT), "#>": ("", JSONB), "#>>": ("_text", TEXT)}


def _jsonb(binder: Binder, node: exp.Expression, what: str) -> Expression:
    """An operand or argument, bound, that must be jsonb."""
    return jsonb_operand(node, binder.bind(node), what)


def jsonb_operand(node: exp.Expression, found: Expression, what: str) -> Expression:
    """What is bound already and must be jsonb; raises SqlError 0A000 for json, 42883 for other types."""
    if found.kind is Kind.JSON and found.type is not None:
        raise unsupported(node, f"{what} of json, other than of jsonb,")
    if found.type is not None and found.kind is not Kind.JSONB:
        raise SqlError(UNDEFINED_FUNCTION, f"{what} does not exist for type {found.type_name}")
    return convert(found, JSONB)


@handles(JsonOperator)
def _operator(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "sign")
    sign = str(node.args["sign"])
    left, right = _jsonb(binder, node.this, f"operator {sign}"), binder.bind(node.args["expression"])
    if sign == "?":
        return Expression(f"jsonb_has({left.sql}, {convert_text(right).sql})", BOOLEAN)
    ending, result = _RESULTS[sign]
    if sign[0] == "#":
        return Expression(f"jsonb_walk{ending}({left.sql}, {convert(right, _TEXTS).sql})", result)
    if right.kind in (Kind.INTEGER, Kind.SMALLINT) and right.type is not None:
        return Expression(f"jsonb_item{ending}({left.sql}, {right.sql})", result)
    return Expression(f"jsonb_member{ending}({left.sql}, {convert_text(right).sql})", result)


_OF_KEYS: dict[type[exp.Expression], tuple[str, str, ColumnType]] = {
    exp.JSONBContainsAnyTopKeys: ("?|", "jsonb_has_any", BOOLEAN),
    exp.JSONBContainsAllTopKeys: ("?&", "jsonb_has_all", BOOLEAN),
    exp.JSONBDeleteAtPath: ("#-", "jsonb_without_path", JSONB),
}


@handles(*_OF_KEYS)
def _of_keys(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    sign, name, result = _OF_KEYS[type(node)]
    left = _jsonb(binder, node.this, f"operator {sign}")
    right = _texts(binder, node.args["expression"], f"operator {sign}")
    return Expression(f"{name}({left.sql}, {right.sql})", result)


def _texts(binder: Binder, node: exp.Expression, what: str) -> Expression:
    """An operand or argument that must be text[]."""
    found = binder.bind(node)
    if found.type is not None and not (found.type.is_array and found.type.kind in TEXTS):
        raise SqlError(UNDEFINED_FUNCTION, f"{what} does not exist for type {found.type_name}")
    return convert(found, _TEXTS)


@named("jsonb_set", 3, 4)
def _set(binder: Binder, node: exp.Expression) -> Expression:
    value, path, new, *create = node.expressions
    parts = [_jsonb(binder, value, "jsonb_set"), _texts(binder, path, "jsonb_set"), _jsonb(binder, new, "jsonb_set")]
    flag = condition(binder.bind(create[0]), "jsonb_set") if create else "1"
    return Expression(f"jsonb_set({', '.join(part.sql for part in parts)}, {flag})", JSONB)


def made(value: Expression) -> str:
    """SQL of a value as to_jsonb makes it."""
    if value.type is None:
        value = cast(value, TEXT)
    column_type = value.type or TEXT
    if column_type.is_array:
        return f"jsonb_make_array({value.sql}, {quote_text(type_code(column_type.element))})"
    if column_type.kind is Kind.JSONB:
        return value.sql
    return f"jsonb_make({stored(value, column_type)}, {quote_text(type_code(column_type))})"


@named("to_jsonb", 1, 1)
def _to_jsonb(binder: Binder, node: exp.Expression) -> Expression:
    value = binder.bind(node.expressions[0])
    if value.type is None:
        raise error_at(node, DATATYPE_MISMATCH, "could not determine polymorphic type because input has type unknown")
    return Expression(made(value), JSONB, not_null=value.not_null)


@named("jsonb_build_array", 0, _PAIRS * 2)
def _build_array(binder: Binder, node: exp.Expression) -> Expression:
    parts = [made(binder.bind(part)) for part in node.expressions]
    return Expression(f"jsonb_array({', '.join(parts)})", JSONB, not_null=True)


@named("jsonb_build_object", 0, _PAIRS * 2)
def _build_object(binder: Binder, node: exp.Expression) -> Expression:
    if len(node.expressions) % 2:
        raise error_at(node, INVALID_PARAMETER, "argument list must have even number of elements")
    parts = []
    for place, part in enumerate(node.expressions):
        value = binder.bind(part)
        parts.append(made(value) if place % 2 else cast(value, TEXT).sql)
    return Expression(f"jsonb_object({', '.join(parts)})", JSONB, not_null=True)


@named("jsonb_array_length", 1, 1)
def _length(binder: Binder, node: exp.Expression) -> Expression:
    return Expression(f"jsonb_length({_jsonb(binder, node.expressions[0], 'jsonb_array_length').sql})", INTEGER)


@named("jsonb_typeof", 1, 1)
def _kind(binder: Binder, node: exp.Expression) -> Expression:
    return Expression(f"jsonb_kind({_jsonb(binder, node.expressions[0], 'jsonb_typeof').sql})", TEXT)


@aggregate("jsonb_agg")
def _agg(binder: Binder, node: exp.Expression, test: str) -> Expression:
    operand, distinct, order = aggregate_parts(binder, node)
    value = made(operand)
    terms = ", ".join([*order, bytewise(replace(operand, sql=value, scale=None))])
    return Expression(f"jsonb_collect({distinct}{value} ORDER BY {terms}){test}", JSONB)


@aggregate("jsonb_object_agg", 2)
def _object_agg(binder: Binder, node: exp.Expression, test: str) -> Expression:
    """Its last order is that of keys and values: which of the values of a key is the last hangs on no plan."""
    key, value = node.expressions
    order: list[exp.Expression] = []
    if isinstance(value, exp.Order):
        value, order = value.this, value.expressions
    cells = [cast(binder.bind(key), TEXT).sql, made(binder.bind(value))]
    terms = [*(order_term(binder.bind(part.this), part) for part in order), *cells]
    return Expression(f"jsonb_collect_members({', '.join(cells)} ORDER BY {', '.join(terms)}){test}", JSONB)


def _register_rows() -> None:
    def enter(name: str, call: str, *columns: tuple[str, ColumnType]) -> None:
        def rows(binder: Binder, node: exp.Expression) -> tuple[str, Sequence[tuple[str, ColumnType]]]:
            if len(node.expressions) != 1:
                raise error_at(node, UNDEFINED_FUNCTION, f"function {name} takes one argument")
            return call.format(_jsonb(binder, node.expressions[0], name).sql, quote_text(name)), columns

        ROW_FUNCTIONS[name] = rows

    enter("jsonb_array_elements", "jsonb_items({0})", ("value", JSONB))
    enter("jsonb_array_elements_text", "jsonb_item_texts({0})", ("value", TEXT))
    enter("jsonb_object_keys", "jsonb_keys({0}, {1})", ("jsonb_object_keys", TEXT))
    enter("jsonb_each", "jsonb_keys({0}, {1}), jsonb_values({0}, {1})", ("key", TEXT), ("value", JSONB))
    enter("jsonb_each_text", "jsonb_keys({0}, {1}), jsonb_value_texts({0}, {1})", ("key", TEXT), ("value", TEXT))


_register_rows()
