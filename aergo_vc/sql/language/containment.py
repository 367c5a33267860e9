"""``@>``, ``<@`` and ``&&``: of jsonb and of arrays."""

from sqlglot import exp

from aergo_vc.sql.language.array_functions import equality_code
from aergo_vc.sql.language.binder import Binder, handles
from aergo_vc.sql.language.comparisons import no_operator
from aergo_vc.sql.language.expressions import Expression, convert
from aergo_vc.sql.language.json_functions import jsonb_operand
from aergo_vc.sql.language.source import require_only
from aergo_vc.sql.types.values import BOOLEAN, TEXT, TEXTS

_SIGNS: dict[type[exp.Expression], str] = {
    exp.ArrayContainsAll: "@>", exp.ArrayContainedBy: "<@", exp.ArrayOverlaps: "&&",
}  # fmt: skip


@handles(*_SIGNS)
def _containment(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    sign = _SIGNS[type(node)]
    left, right = binder.bind(node.this), binder.bind(node.args["expression"])
    name = "overlaps" if sign == "&&" else "contains"
    if any(side.type is not None and side.type.is_array for side in (left, right)):
        left, right = _arrays(left, sign, right)
        arguments, family = [left.sql, right.sql, equality_code(left)], "array"
    elif sign == "&&":
        raise no_operator(left, sign, right)
    else:
        arguments, family = [jsonb_operand(node, side, f"operator {sign}").sql for side in (left, right)], "jsonb"
    if sign == "<@":
        arguments[:2] = reversed(arguments[:2])
    return Expression(f"{family}_{name}({', '.join(arguments)})", BOOLEAN, not_null=left.not_null and right.not_null)


def _arrays(left: Expression, sign: str, right: Expression) -> tuple[Expression, Expression]:
    """Both sides as arrays of one type, which PostgreSQL asks for."""
    known = left.type or right.type or TEXT
    left, right = (convert(side, known) if side.type is None else side for side in (left, right))
    assert left.type is not None and right.type is not None  # noqa: S101, PT018 - they have one now
    kinds = {left.type.kind, right.type.kind}
    alike = kinds <= TEXTS or (len(kinds) == 1 and left.type.name == right.type.name)
    if not (left.type.is_array and right.type.is_array and alike):
        raise no_operator(left, sign, right)
    return left, convert(right, left.type)
