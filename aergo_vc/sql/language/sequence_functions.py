"""nextval and its kin in expressions.

They stand where no plan of the engine's decides how often, and in what order, they run: in VALUES, in defaults, in the
select list of a query without FROM.
"""

from sqlglot import exp

from aergo_vc.model.schema import spoken_name
from aergo_vc.sql.errors import UNDEFINED_TABLE, WRONG_OBJECT
from aergo_vc.sql.language.binder import Binder, named
from aergo_vc.sql.language.expressions import Expression, assign, condition
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.sequence_names import name_argument, sequence_named
from aergo_vc.sql.language.source import error_at, unsupported
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.values import BIGINT


def _sequence(binder: Binder, node: exp.Expression, privilege: str) -> str:
    """The name of the sequence that a call names first, as SQL; the call takes a privilege on it."""
    argument = name_argument(node)
    if argument is None:
        raise unsupported(node, f"{str(node.this).lower()} of anything but a sequence's name between quotes")
    name = sequence_named(str(argument.this))
    if name is None or name not in binder.catalog.sequences:
        if name is not None and name in binder.catalog.tables:
            raise error_at(argument, WRONG_OBJECT, f'"{spoken_name(name)}" is not a sequence')
        raise error_at(argument, UNDEFINED_TABLE, f'relation "{str(argument.this)[:100]}" does not exist')
    binder.around.needs.add(f"sequence {name}", privilege)
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
    binder.around.note_effect()
    return Expression(f"sequence_next({_sequence(binder, node, 'usage')})", BIGINT, not_null=True)


@named("currval", 1, 1)
def _current(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    return Expression(f"sequence_current({_sequence(binder, node, 'select')})", BIGINT, not_null=True)


@named("lastval", 0, 0)
def _last(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    return Expression("sequence_last()", BIGINT, not_null=True)


@named("setval", 2, 3)
def _set(binder: Binder, node: exp.Expression) -> Expression:
    _require_order(binder, node)
    binder.around.note_effect()
    cells = [_sequence(binder, node, "update"), assign(binder.bind(node.expressions[1]), BIGINT, "setval")]
    cells += [condition(binder.bind(part), "setval") for part in node.expressions[2:]]
    return Expression(f"sequence_set({', '.join(cells)})", BIGINT)
