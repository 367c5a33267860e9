"""nextval and its kin in expressions.

They stand where no plan of the engine's decides how often, and in what order, they run: in VALUES, in defaults, in the
select list of a query without FROM.
"""

import re

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT
from aergo_vc.sql.binder import Binder, named
from aergo_vc.sql.errors import UNDEFINED_TABLE, WRONG_OBJECT
from aergo_vc.sql.expressions import Expression, assign, condition, quote_text
from aergo_vc.sql.scope import Scope, spoken_name
from aergo_vc.sql.source import error_at, unsupported
from aergo_vc.sql.values import BIGINT

_NAME = re.compile(r'\s*("(?:[^"]|"")+"|[^".\s]+)(?:\.("(?:[^"]|"")+"|[^".\s]+))?\s*')


def sequence_named(text: str) -> TableName | None:
    """The sequence that the text of a call's argument names; None if it is no name."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    parts = [part[1:-1].replace('""', '"') if part[0] == '"' else part.lower() for part in match.groups() if part]
    return TableName(".".join(parts if len(parts) > 1 else [DEFAULT_CONTRACT, *parts]))


def _sequence(binder: Binder, node: exp.Expression) -> str:
    argument = node.expressions[0]
    if isinstance(argument, exp.Cast) and isinstance(argument.args["to"], exp.ObjectIdentifier):
        argument = argument.this
    if not isinstance(argument, exp.Literal) or not argument.is_string:
        raise unsupported(node, f"{str(node.this).lower()} of anything but a sequence's name between quotes")
    name = sequence_named(str(argument.this))
    if name is None or name not in binder.catalog.sequences:
        if name is not None and name in binder.catalog.tables:
            raise error_at(argument, WRONG_OBJECT, f'"{spoken_name(name)}" is not a sequence')
        raise error_at(argument, UNDEFINED_TABLE, f'relation "{str(argument.this)[:100]}" does not exist')
    return quote_text(str(name))


def _require_order(binder: Binder, node: exp.Expression) -> None:
    scope: Scope | None = binder.scope
    while scope is not None:
        if scope.sources:
            raise unsupported(node, f"{str(node.this).lower()} beside FROM, where the order of rows is not fixed,")
        scope = scope.parent
    if binder.depth:
        raise unsupported(node, f"{str(node.this).lower()} in a subquery")


@named("nextval", 1, 1)
def _next(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    return Expression(f"sequence_next({_sequence(binder, node)})", BIGINT, not_null=True)


@named("currval", 1, 1)
def _current(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    return Expression(f"sequence_current({_sequence(binder, node)})", BIGINT, not_null=True)


@named("lastval", 0, 0)
def _last(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    return Expression("sequence_last()", BIGINT, not_null=True)


@named("setval", 2, 3)
def _set(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    cells = [_sequence(binder, node), assign(binder.bind(node.expressions[1]), BIGINT, "setval")]
    cells += [condition(binder.bind(part), "setval") for part in node.expressions[2:]]
    return Expression(f"sequence_set({', '.join(cells)})", BIGINT)
