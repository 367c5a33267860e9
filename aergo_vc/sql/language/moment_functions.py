"""Dates, times and intervals in expressions."""

from sqlglot import exp

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import INVALID_PARAMETER, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.language.binder import Binder, handles, named
from aergo_vc.sql.language.expressions import Expression, assign, convert, numeric_text
from aergo_vc.sql.language.source import error_at, require_only, unsupported
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.intervals import TRUNCATIONS
from aergo_vc.sql.types.moment_pictures import picture_of
from aergo_vc.sql.types.values import DATE, INTEGER, INTERVAL, NUMERIC, TEXT, TIMESTAMP, TIMESTAMPTZ

_TIMES = (Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


def _constant(binder: Binder, node: exp.Expression, what: str) -> str:
    found = binder.bind(node)
    if not found.is_constant or not isinstance(found.value, str):
        raise unsupported(node, f"{what} that is not a constant text")
    return found.value


def _timestamp(value: Expression, what: str) -> Expression:
    """A date as the timestamp at its begin; a timestamp as it is."""
    if value.type is None:
        return convert(value, TIMESTAMPTZ)
    if value.kind is Kind.DATE:
        return convert(value, TIMESTAMP)
    if value.kind not in _TIMES:
        raise SqlError(UNDEFINED_FUNCTION, f"function {what}({value.type_name}) does not exist")
    return value


@named("date_trunc", 2, 2)
def _truncate(binder: Binder, node: exp.Expression) -> Expression:
    field = _constant(binder, node.expressions[0], "a unit").lower()
    value = binder.bind(node.expressions[1])
    if value.kind is Kind.DATE:
        value = convert(value, TIMESTAMPTZ)
    value = _timestamp(value, "date_trunc")
    unit = field if field in TRUNCATIONS else field.removesuffix("s")
    if unit not in TRUNCATIONS:
        raise error_at(node, INVALID_PARAMETER, f'unit "{field}" not recognized for type {value.type_name}')
    return Expression(f"moment_truncated({quote_text(unit)}, {value.sql})", value.type, not_null=value.not_null)


@named("age", 1, 2)
def _age(binder: Binder, node: exp.Expression) -> Expression:
    sides = [_timestamp(binder.bind(part), "age") for part in node.expressions]
    texts = [side.sql for side in sides]
    if len(texts) == 1:
        texts.insert(0, "(substr(:time, 1, 10) || ' 00:00:00')")
    return Expression(f"moment_age({', '.join(texts)})", INTERVAL)


@named("make_date", 3, 3)
def _make_date(binder: Binder, node: exp.Expression) -> Expression:
    parts = [assign(binder.bind(part), INTEGER, "make_date") for part in node.expressions]
    return Expression(f"date_make({', '.join(parts)})", DATE)


@named("make_timestamp", 6, 6)
def _make_timestamp(binder: Binder, node: exp.Expression) -> Expression:
    *parts, seconds = (binder.bind(part) for part in node.expressions)
    cells = [assign(part, INTEGER, "make_timestamp") for part in parts]
    return Expression(f"timestamp_make({', '.join(cells)}, {numeric_text(convert(seconds, NUMERIC)).sql})", TIMESTAMP)


@named("transaction_timestamp", 0, 0)
def _transaction_time(_: Binder, _node: exp.Expression) -> Expression:
    return Expression(":time", TIMESTAMPTZ, not_null=True)


_PARTS = ("years", "months", "weeks", "days", "hours", "mins", "secs")


@named("make_interval", 0, 7)
def _make_interval(binder: Binder, node: exp.Expression) -> Expression:
    given: dict[str, exp.Expression] = {}
    for place, part in enumerate(node.expressions):
        name = str(part.this.name).lower() if isinstance(part, exp.Kwarg) else _PARTS[place]
        if name not in _PARTS or name in given:
            raise error_at(node, UNDEFINED_FUNCTION, "function make_interval does not exist with these arguments")
        given[name] = part.args["expression"] if isinstance(part, exp.Kwarg) else part
    cells = []
    for name in _PARTS:
        if name not in given:
            cells.append("'0'" if name == "secs" else "0")
        elif name == "secs":
            cells.append(numeric_text(convert(binder.bind(given[name]), NUMERIC)).sql)
        else:
            cells.append(assign(binder.bind(given[name]), INTEGER, name))
    return Expression(f"interval_make({', '.join(cells)})", INTERVAL)


def _register_justifications() -> None:
    def enter(name: str, function: str) -> None:
        @named(name, 1, 1)
        def justify(binder: Binder, node: exp.Expression) -> Expression:
            value = convert(binder.bind(node.expressions[0]), INTERVAL)
            return Expression(f"{function}({value.sql})", INTERVAL, not_null=value.not_null)

    enter("justify_days", "interval_days_justified")
    enter("justify_hours", "interval_hours_justified")
    enter("justify_interval", "interval_justified")


_register_justifications()


@named("to_char", 2, 2)
def _to_char(binder: Binder, node: exp.Expression) -> Expression:
    value = _timestamp(binder.bind(node.expressions[0]), "to_char")
    pattern = _constant(binder, node.expressions[1], "a pattern")
    if picture_of(pattern) is None:
        raise unsupported(node, "a pattern of other parts than the numbers of a date and a clock, AM and names")
    return Expression(f"moment_shown({value.sql}, {quote_text(pattern)})", TEXT, not_null=value.not_null)


@handles(exp.AtTimeZone)
def _at_zone(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "zone")
    if _constant(binder, node.args["zone"], "a time zone").upper() != "UTC":
        raise unsupported(node, "a time zone other than UTC")
    value = binder.bind(node.this)
    if value.kind is Kind.DATE or value.type is None:
        value = convert(value, TIMESTAMPTZ)
    if value.kind is Kind.TIMESTAMPTZ:
        return Expression(f"cast_timestamptz_timestamp({value.sql})", TIMESTAMP, not_null=value.not_null)
    if value.kind is Kind.TIMESTAMP:
        return convert(value, TIMESTAMPTZ)
    raise SqlError(UNDEFINED_FUNCTION, f"function timezone(unknown, {value.type_name}) does not exist")


@handles(exp.Localtimestamp)
def _local_now(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression("cast_timestamptz_timestamp(:time)", ColumnType(Kind.TIMESTAMP), not_null=True)
