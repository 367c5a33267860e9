"""The functions that the language has; no other runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.binder import NAMED, Binder, handles, named
from aergo_vc.sql.comparisons import compare
from aergo_vc.sql.errors import INVALID_PARAMETER, UNDEFINED_FUNCTION, UNSUPPORTED, WINDOWING, SqlError
from aergo_vc.sql.expressions import (
    KEYS,
    Expression,
    as_scaled,
    assign,
    cast,
    comparable,
    convert,
    key_sql,
    numeric_text,
    of_key,
    quote_text,
    unify,
    unique_spelling,
)
from aergo_vc.sql.grammar import is_left_out
from aergo_vc.sql.intervals import interval_field
from aergo_vc.sql.moments import field_of
from aergo_vc.sql.numbers import MAXIMUM
from aergo_vc.sql.operators import convert_text, joined_values, order_term
from aergo_vc.sql.routine_calls import bind_fact, bind_routine, called_routine
from aergo_vc.sql.rows import is_constructor
from aergo_vc.sql.source import error_at, name_of, require_only, unsupported
from aergo_vc.sql.values import BOOLEAN, DOUBLE, INTEGER, INTEGERS, NUMERIC, TEXT, TEXTS


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


_BLOCK_TIME = "every machine must give the same; CURRENT_TIMESTAMP is the block's time"
_EXACT = "libraries differ in it; compute with numeric"
_GIVEN = "every machine must give the same; take it as an argument"

_WAYS_OUT = {
    "random": _GIVEN, "gen_random_uuid": _GIVEN, "setseed": _GIVEN, "version": _GIVEN,
    "clock_timestamp": _BLOCK_TIME, "statement_timestamp": _BLOCK_TIME, "transaction_timestamp": _BLOCK_TIME,
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
        _require_order(node, what.lower(), Expression("", target))
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
        raise unsupported(node, f"{type(node).__name__} of {operand.type_name}")
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
        raise error_at(node, INVALID_PARAMETER, f"unit {field} is not supported for type {operand.type_name}")
    sql = f"extract({quote_text(kind.value)}, {quote_text(field)}, {operand.sql})"
    return Expression(sql, NUMERIC, not_null=operand.not_null)


# Aggregates

_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr, exp.GroupConcat)

NamedAggregate = Callable[[Binder, exp.Expression, str], Expression]
NAMED_AGGREGATES: dict[str, NamedAggregate] = {}
"""Aggregates for which the grammar has no node of its own; each is told what stands behind the call's bracket."""


def aggregate(name: str) -> Callable[[NamedAggregate], NamedAggregate]:
    """Enter an aggregate of one argument."""

    def enter(handler: NamedAggregate) -> NamedAggregate:
        NAMED_AGGREGATES[name] = handler
        named(name, 1, 1)(lambda binder, node: _aggregate(binder, node, None))
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
        test = "" if where is None else f" FILTER (WHERE {_condition(binder, where)})"
        return _aggregate_call(binder, node, test)


def _condition(binder: Binder, node: exp.Expression) -> str:
    bound = binder.bind(node)
    if bound.kind is not Kind.BOOLEAN:
        raise error_at(node, "42804", "argument of FILTER must be type boolean")
    return bound.sql


def _aggregate_call(binder: Binder, node: exp.Expression, test: str) -> Expression:
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
        _require_order(node, name, operand)
        return Expression(of_key(f"{name}({key_sql(operand)}){test}", operand.type), operand.type)
    return replace(operand, sql=f"{name}({operand.sql}){test}", not_null=False, is_constant=False, value=None)


def _require_order(node: exp.Expression, name: str, operand: Expression) -> None:
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
    return _aggregate_call(binder, exp.LogicalAnd(this=node.expressions[0]), test)


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


# Windows

_RANKS: dict[type[exp.Expression], str] = {exp.RowNumber: "row_number", exp.Rank: "rank", exp.DenseRank: "dense_rank"}
_NEIGHBOURS: dict[type[exp.Expression], str] = {
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
}
_TIE_FREE = (exp.Rank, exp.DenseRank)


@handles(exp.Window)
def _window(binder: Binder, node: exp.Expression) -> Expression:
    if binder.grouping.windows_refused is not None:
        raise error_at(node, WINDOWING, f"window functions are not allowed in {binder.grouping.windows_refused}")
    require_only(node, "this", "partition_by", "order", "spec", "over", "alias")
    definition = _definition(binder, node)
    function = node.this
    where: exp.Expression | None = None
    if isinstance(function, exp.Filter):
        function, where = function.this, function.args["expression"].this
    order = definition.args.get("order")
    with binder.settings(windows_refused="window definitions"):
        partition = [comparable(binder.bind(part)) for part in definition.args.get("partition_by") or ()]
        terms = _window_order(binder, order)
        call = _window_call(binder, function, where)
    spec = definition.args.get("spec")
    frame = "" if spec is None else _frame(spec)
    if not (isinstance(function, _TIE_FREE) or (is_aggregate(function) and not frame.startswith("ROWS"))):
        terms += [tie for tie in binder.ties if tie not in terms]
    pieces = []
    if partition:
        pieces.append(f"PARTITION BY {', '.join(partition)}")
    if terms:
        pieces.append(f"ORDER BY {', '.join(terms)}")
    if frame:
        pieces.append(frame)
    return replace(call, sql=call.sql.replace("\0", f" OVER ({' '.join(pieces)})"))


def _definition(binder: Binder, node: exp.Expression) -> exp.Expression:
    alias = node.args.get("alias")
    if alias is None:
        return node
    found = binder.windows.get(name_of(alias))
    if found is None:
        raise error_at(node, "42704", f'window "{name_of(alias)}" does not exist')
    if found.args.get("alias") is not None:
        raise unsupported(found, "a window made from another one")
    parts = {part: node.args.get(part) for part in ("partition_by", "order", "spec")}
    if not any(parts.values()):
        return found
    if parts["partition_by"]:
        raise error_at(node, WINDOWING, f'cannot override PARTITION BY clause of window "{name_of(alias)}"')
    if parts["order"] and found.args.get("order"):
        raise error_at(node, WINDOWING, f'cannot override ORDER BY clause of window "{name_of(alias)}"')
    if found.args.get("spec"):
        raise error_at(node, WINDOWING, f'cannot copy window "{name_of(alias)}" because it has a frame clause')
    return exp.Window(**{part: value or found.args.get(part) for part, value in parts.items()})


def _window_order(binder: Binder, order: exp.Expression | None) -> list[str]:
    return [order_term(binder.bind(part.this), part) for part in order.expressions] if order is not None else []


def _window_call(binder: Binder, function: exp.Expression, where: exp.Expression | None) -> Expression:
    """The function with a NUL where OVER (…) is to stand."""
    if isinstance(function, tuple(_RANKS)):
        require_only(function)
        return Expression(f"{_RANKS[type(function)]}()\0", ColumnType(Kind.BIGINT), not_null=True)
    if isinstance(function, tuple(_NEIGHBOURS)):
        return _neighbour(binder, function)
    if not is_aggregate(function) or isinstance(function, (exp.GroupConcat, exp.Anonymous)):
        if isinstance(function, exp.Anonymous):
            binder.bind(function)
        raise unsupported(function, "this window function")
    if isinstance(function.this, exp.Distinct):
        raise unsupported(function, "DISTINCT in a window function")
    test = "" if where is None else f" FILTER (WHERE {_condition(binder, where)})"
    return _aggregate_call(binder, function, test + "\0")


def _neighbour(binder: Binder, function: exp.Expression) -> Expression:
    require_only(function, "this", "offset", "default")
    values = [binder.bind(function.this)]
    if function.args.get("default") is not None:
        values.append(binder.bind(function.args["default"]))
    target, unified = unify(values, "window function")
    arguments = [unified[0].sql]
    if function.args.get("offset") is not None:
        arguments.append(assign(binder.bind(function.args["offset"]), INTEGER, "offset"))
    elif len(unified) > 1:
        arguments.append("1")
    arguments += [value.sql for value in unified[1:]]
    sql = f"{_NEIGHBOURS[type(function)]}({', '.join(arguments)})\0"
    return replace(joined_values(sql, target, unified), not_null=False)


_FRAME_DIGITS = 10


def _frame(spec: exp.Expression) -> str:
    require_only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args.get("kind")).upper()
    if kind not in ("ROWS", "RANGE", "GROUPS"):
        raise unsupported(spec, "this window frame")
    edges = []
    for edge in ("start", "end"):
        value, side = spec.args.get(edge), str(spec.args.get(f"{edge}_side") or "").upper()
        digits = str(value.this) if isinstance(value, exp.Literal) and kind == "ROWS" else ""
        if digits.isdigit() and len(digits) < _FRAME_DIGITS:
            edges.append(f"{digits} {side}")
        elif value in ("UNBOUNDED", "CURRENT ROW"):
            edges.append(f"{value} {side}".strip())
        elif value is None and edge == "end":
            edges.append("CURRENT ROW")
        else:
            raise unsupported(spec, "this window frame")
    return f"{kind} BETWEEN {edges[0]} AND {edges[1]}"


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

__all__ = ["TEXTS", "is_aggregate", "output_name"]
