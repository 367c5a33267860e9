"""Window functions and their frames."""

from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import WINDOWING
from aergo_vc.sql.language.aggregates import aggregate_call, filter_condition, is_aggregate
from aergo_vc.sql.language.binder import Binder, handles
from aergo_vc.sql.language.expressions import (
    Expression,
    assign,
    comparable,
    unify,
)
from aergo_vc.sql.language.operators import joined_values, order_term
from aergo_vc.sql.language.source import error_at, name_of, require_only, unsupported
from aergo_vc.sql.types.values import INTEGER

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
    if isinstance(function, exp.Ntile):
        return _ntile(binder, function)
    if isinstance(function, tuple(_NEIGHBOURS)):
        return _neighbour(binder, function)
    if not is_aggregate(function) or isinstance(function, (exp.GroupConcat, exp.Anonymous)):
        if isinstance(function, exp.Anonymous):
            binder.bind(function)
        raise unsupported(function, "this window function")
    if isinstance(function.this, exp.Distinct):
        raise unsupported(function, "DISTINCT in a window function")
    test = "" if where is None else f" FILTER (WHERE {filter_condition(binder, where)})"
    return aggregate_call(binder, function, test + "\0")


def _ntile(binder: Binder, function: exp.Expression) -> Expression:
    require_only(function, "this")
    count = binder.bind(function.this)
    if not count.not_null:
        raise unsupported(function, "ntile of what may be NULL")
    return Expression(f"ntile(positive({assign(count, INTEGER, 'ntile')}))\0", INTEGER, not_null=True)


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
