"""The functions that the language has; no other runs."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import INVALID_PARAMETER, UNDEFINED_FUNCTION, UNSUPPORTED, SqlError
from aergo_vc.sql.language.aggregates import require_order
from aergo_vc.sql.language.binder import NAMED, Binder, handles, named
from aergo_vc.sql.language.comparisons import compare
from aergo_vc.sql.language.expressions import (
    KEYS,
    Expression,
    assign,
    cast,
    convert,
    key_sql,
    numeric_text,
    of_key,
    unify,
)
from aergo_vc.sql.language.grammar import is_left_out
from aergo_vc.sql.language.operators import convert_text, joined_values
from aergo_vc.sql.language.routine_calls import bind_fact, bind_routine, called_routine
from aergo_vc.sql.language.rows import is_constructor
from aergo_vc.sql.language.source import error_at, name_of, require_only, spoken, unsupported
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.intervals import interval_field
from aergo_vc.sql.types.moments import UNITS, field_of
from aergo_vc.sql.types.values import BOOLEAN, DOUBLE, INTEGER, INTEGERS, NUMERIC, TEXT


def _text_call(name: str, node: exp.Expression, binder: Binder, parts: Sequence[str], result: ColumnType) -> Expression:
    """A call whose arguments are the node's `parts`: texts, or integers where the name begins with a hash."""
    arguments: list[str] = []
    not_null = True
    for part in parts:
        child = node.args.get(part.removeprefix("#"))
        if child is None:
            continue
        bound = binder.bind(child)
        not_null = not_null and bound.not_null
        arguments.append(assign(bound, INTEGER, name) if part[0] == "#" else convert_text(bound).sql)
    return Expression(f"{name}({', '.join(arguments)})", result, not_null=not_null)


_TEXT_FUNCTIONS: dict[type[exp.Expression], tuple[str, tuple[str, ...], ColumnType]] = {
    exp.Lower: ("lower", ("this",), TEXT),
    exp.Upper: ("upper", ("this",), TEXT),
    exp.Left: ("text_left", ("this", "#expression"), TEXT),
    exp.Right: ("text_right", ("this", "#expression"), TEXT),
    exp.Replace: ("text_replace", ("this", "expression", "replacement"), TEXT),
    exp.Substring: ("text_substring", ("this", "#start", "#length"), TEXT),
    exp.Overlay: ("text_overlay", ("this", "expression", "#from_", "#for_"), TEXT),
    exp.StrPosition: ("text_position", ("this", "substr"), INTEGER),
    exp.Reverse: ("text_reverse", ("this",), TEXT),
    exp.Repeat: ("text_repeat", ("this", "#times"), TEXT),
    exp.SplitPart: ("text_split_part", ("this", "delimiter", "#part_index"), TEXT),
    exp.Ascii: ("text_ascii", ("this",), INTEGER),
    exp.StartsWith: ("text_starts_with", ("this", "expression"), BOOLEAN),
}


@handles(*_TEXT_FUNCTIONS)
def _text_function(binder: Binder, node: exp.Expression) -> Expression:
    name, parts, result = _TEXT_FUNCTIONS[type(node)]
    require_only(node, *(part.removeprefix("#") for part in parts))
    return _text_call(name, node, binder, parts, result)


@handles(exp.Length)
def _length(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    return _text_call("length", node, binder, ("this",), INTEGER)


@handles(exp.Pad)
def _pad(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "fill_pattern", "is_left")
    name = "text_pad_left" if node.args.get("is_left") else "text_pad_right"
    return _text_call(name, node, binder, ("this", "#expression", "fill_pattern"), TEXT)


@handles(exp.Trim)
def _trim(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "position")
    side = str(node.args.get("position") or "BOTH").upper()
    name = {"BOTH": "text_trim", "LEADING": "text_trim_left", "TRAILING": "text_trim_right"}[side]
    return _text_call(name, node, binder, ("this", "expression"), TEXT)


@handles(exp.Concat, exp.ConcatWs)
def _concat(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "expressions", "safe", "coalesce")
    arguments = [printed(binder.bind(part)) for part in node.expressions]
    name = "text_concat" if type(node) is exp.Concat else "text_concat_ws"
    sql = f"{name}({', '.join(argument.sql for argument in arguments)})"
    return Expression(sql, TEXT, not_null=type(node) is exp.Concat)


def printed(expression: Expression) -> Expression:
    """As concat prints a value: like a cast, but booleans as one letter."""
    if expression.kind is Kind.BOOLEAN and expression.type is not None:
        return Expression(f"(CASE {expression.sql} WHEN 1 THEN 't' WHEN 0 THEN 'f' END)", TEXT)
    return cast(expression, TEXT)


@named("octet_length", 1, 1)
def _octet_length(binder: Binder, node: exp.Expression) -> Expression:
    argument = convert_text(binder.bind(node.expressions[0]))
    return Expression(f"text_octets({argument.sql})", INTEGER, not_null=argument.not_null)


@named("translate", 3, 3)
def _translate(binder: Binder, node: exp.Expression) -> Expression:
    parts = [convert_text(binder.bind(part)) for part in node.expressions]
    sql = f"text_translate({', '.join(part.sql for part in parts)})"
    return Expression(sql, TEXT, not_null=all(part.not_null for part in parts))


_BLOCK_TIME = "every machine must give the same; CURRENT_TIMESTAMP is the block's time"
_EXACT = "libraries differ in it; compute with numeric"
_GIVEN = "every machine must give the same; take it as an argument"

_WAYS_OUT = {
    "random": _GIVEN, "gen_random_uuid": _GIVEN, "setseed": _GIVEN, "version": _GIVEN,
    "clock_timestamp": _BLOCK_TIME, "statement_timestamp": _BLOCK_TIME,
    "sqrt": _EXACT, "power": _EXACT, "exp": _EXACT, "ln": _EXACT, "log": _EXACT, "sin": _EXACT, "cos": _EXACT,
}  # fmt: skip
"""What to write instead of functions that machines disagree on."""


@handles(exp.Anonymous)
def _named(binder: Binder, node: exp.Expression) -> Expression:
    function = NAMED.get(str(node.this).lower())
    if function is None:
        assert isinstance(node, exp.Anonymous)  # noqa: S101 - the list says so
        fact = bind_fact(binder, node)
        if fact is not None:
            return fact
        found = called_routine(binder.catalog, binder.around.contract, node)
        if found is not None:
            return bind_routine(binder, node, *found)
    if is_constructor(node):
        raise unsupported(node, "a row in this place")
    if function is None and is_left_out(str(node.this)):
        name = str(node.this).lower()
        where = " outside of FROM" if name in ("unnest", "generate_series") else ""
        way = f": {_WAYS_OUT[name]}" if name in _WAYS_OUT else ""
        raise error_at(node, UNSUPPORTED, f"function {name}{where} is not supported{way}")
    if function is None or not function.least <= len(node.expressions) <= function.most:
        raise error_at(node, UNDEFINED_FUNCTION, f"function {_signature(binder, node)} does not exist")
    return function.bind(binder, node)


def _signature(binder: Binder, node: exp.Expression) -> str:
    """A call as PostgreSQL names it in messages: with the types of the arguments, where they have any."""
    name = str(node.this).lower()
    try:
        types = [binder.bind(part).type_name for part in node.expressions]
    except SqlError:
        return name
    return f"{name}({', '.join(types)})"


@handles(exp.Coalesce)
def _coalesce(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expressions")
    target, values = unify([binder.bind(part) for part in (node.this, *node.expressions)], "COALESCE")
    if len(values) == 1:
        return values[0]
    sql = f"coalesce({', '.join(value.sql for value in values)})"
    return replace(joined_values(sql, target, values), not_null=any(value.not_null for value in values))


@handles(exp.Nullif)
def _nullif(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    left, right = binder.bind(node.this), binder.bind(node.args["expression"])
    if left.type is None:
        left = convert(left, right.type or TEXT)
    test = compare(left, right, "=")
    sql = f"(CASE WHEN {test.sql} THEN NULL ELSE {left.sql} END)"
    return replace(left, sql=sql, not_null=False, is_constant=False, value=None)


@handles(exp.Greatest, exp.Least)
def _greatest(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expressions", "ignore_nulls")
    what = "GREATEST" if isinstance(node, exp.Greatest) else "LEAST"
    target, values = unify([binder.bind(part) for part in (node.this, *node.expressions)], what)
    if target.kind in KEYS and not target.is_array:
        require_order(node, what.lower(), Expression("", target))
        sql = f"value_{what.lower()}({', '.join(map(key_sql, values))})"
        return Expression(of_key(sql, target), target, not_null=any(value.not_null for value in values))
    if target.is_array:
        raise unsupported(node, f"{what} of arrays")
    text = target.kind is Kind.NUMERIC and values[0].scale is None
    name = f"{'decimal' if text else 'value'}_{what.lower()}"
    sql = f"{name}({', '.join(value.sql for value in values)})"
    return replace(joined_values(sql, target, values), not_null=any(value.not_null for value in values))


@handles(exp.Abs)
def _abs(binder: Binder, node: exp.Expression) -> Expression:
    operand = _number(binder, node)
    if operand.kind in INTEGERS:
        sql = f"absolute{INTEGER_BITS[operand.kind]}({operand.sql})"
        return Expression(sql, operand.type, not_null=operand.not_null)
    if operand.kind in FLOATS:
        return Expression(f"abs({operand.sql})", operand.type, not_null=operand.not_null)
    if operand.scale is not None:
        return Expression(f"abs({operand.sql})", NUMERIC, operand.scale, operand.bound, not_null=operand.not_null)
    return Expression(f"decimal_absolute({operand.sql})", NUMERIC, not_null=operand.not_null)


def _number(binder: Binder, node: exp.Expression, untyped: ColumnType = DOUBLE) -> Expression:
    operand = binder.bind(node.this)
    if operand.type is None:
        operand = convert(operand, untyped)
    if operand.kind not in INTEGERS | {Kind.NUMERIC, *FLOATS}:
        raise SqlError(UNDEFINED_FUNCTION, f"a number is expected, not {operand.type_name}")
    return operand


_ROUNDINGS: dict[type[exp.Expression], str] = {exp.Ceil: "ceiling", exp.Floor: "floor", exp.Sign: "sign"}


@handles(exp.Ceil, exp.Floor, exp.Sign)
def _whole(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    operand = _exact(binder, node)
    if operand.kind in FLOATS:
        return operand
    return Expression(f"decimal_{_ROUNDINGS[type(node)]}({operand.sql})", NUMERIC, not_null=operand.not_null)


def _exact(binder: Binder, node: exp.Expression, untyped: ColumnType = DOUBLE) -> Expression:
    """What is to be rounded, as numeric text; NULL may be of a type that is otherwise not rounded."""
    operand = _number(binder, node, untyped)
    if operand.kind in FLOATS:
        if operand.is_constant and operand.value is None:
            return operand
        raise unsupported(node, f"{spoken(node)} of {operand.type_name}")
    return numeric_text(operand)


@handles(exp.Round, exp.Trunc)
def _round(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "decimals")
    decimals = node.args.get("decimals")
    operand = _exact(binder, node, DOUBLE if decimals is None else NUMERIC)
    if operand.kind in FLOATS:
        return operand
    places = assign(binder.bind(decimals), INTEGER, "round") if decimals is not None else "0"
    name = "rounded" if isinstance(node, exp.Round) else "truncated"
    return Expression(f"decimal_{name}({operand.sql}, {places})", NUMERIC, not_null=operand.not_null)


_SAMPLES = {Kind.DATE: "2000-01-01", Kind.TIME: "00:00:00", Kind.TIMESTAMP: "2000-01-01 00:00:00",
            Kind.TIMESTAMPTZ: "2000-01-01 00:00:00+00"}  # fmt: skip


@handles(exp.Extract)
def _extract(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    return _field(binder, node, str(node.this.name).lower(), node.args["expression"])


@named("date_part", 2, 2)
def _date_part(_: Binder, node: exp.Expression) -> Expression:
    raise unsupported(node, "date_part, which gives double precision; extract gives numeric")


def _field(binder: Binder, node: exp.Expression, field: str, of: exp.Expression) -> Expression:
    operand = binder.bind(of)
    kind = operand.kind
    if kind is Kind.INTERVAL and interval_field(field, "00:00:00") is not None:
        return Expression(f"interval_field({quote_text(field)}, {operand.sql})", NUMERIC, not_null=operand.not_null)
    if operand.type is None or kind not in _SAMPLES or field_of(kind.value, field, _SAMPLES[kind]) is None:
        code = UNSUPPORTED if field in UNITS else INVALID_PARAMETER
        raise error_at(node, code, f"unit {field} is not supported for type {operand.type_name}")
    sql = f"extract({quote_text(kind.value)}, {quote_text(field)}, {operand.sql})"
    return Expression(sql, NUMERIC, not_null=operand.not_null)


def output_name(node: exp.Expression) -> str:  # noqa: PLR0911 - a list of cases
    """The name that PostgreSQL gives an output column without an alias."""
    if isinstance(node, exp.Column):
        return name_of(node.this)
    if isinstance(node, exp.Paren):
        return output_name(node.this)
    if isinstance(node, exp.Cast):
        inner = output_name(node.this)
        return inner if inner != "?column?" else str(node.args["to"].this.value).lower()
    if isinstance(node, (exp.Window, exp.Filter)):
        return output_name(node.this)
    if isinstance(node, exp.Case):
        return "case"
    if isinstance(node, exp.Dot):
        return output_name(node.expression)
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
        first = node.this.expressions[0]
        return name_of(first.args["alias"]) if isinstance(first, exp.Alias) else output_name(first)
    if isinstance(node, exp.Func) and not isinstance(node, (exp.And, exp.Or)):
        return _SPOKEN_FUNCTIONS.get(type(node), type(node).sql_name().lower())
    return "?column?"


_SPOKEN_FUNCTIONS: dict[type[exp.Expression], str] = {
    exp.LogicalAnd: "bool_and", exp.LogicalOr: "bool_or", exp.GroupConcat: "string_agg", exp.StrPosition: "position",
    exp.Trim: "btrim", exp.Pad: "lpad", exp.CurrentTimestamp: "current_timestamp",
}  # fmt: skip
