"""Rows compared field by field: ``(a, b) < (c, d)`` and ``(a, b) IN ((1, 2), (3, 4))``."""

from sqlglot import exp

from aergo_vc.sql.errors import SYNTAX
from aergo_vc.sql.language.binder import Binder
from aergo_vc.sql.language.comparisons import compare
from aergo_vc.sql.language.expressions import Expression
from aergo_vc.sql.language.rows import is_constructor
from aergo_vc.sql.language.source import error_at, unsupported
from aergo_vc.sql.types.values import BOOLEAN

Fields = list[Expression]


def compare_rows(binder: Binder, node: exp.Expression, symbol: str) -> Expression:
    """A comparison of two rows: the first fields that are not equal decide."""
    left, right = _fields(binder, node, node.this), _fields(binder, node, node.args["expression"])
    _require_as_many(node, left, right)
    if symbol in ("=", "<>"):
        found = _equal(left, right)
        return Expression(found if symbol == "=" else f"(NOT {found})", BOOLEAN)
    found = compare(left[-1], right[-1], symbol).sql
    for first, second in reversed(list(zip(left[:-1], right[:-1], strict=True))):
        before, same = compare(first, second, symbol[0]).sql, compare(first, second, "=").sql
        found = f"({before} OR ({same} AND {found}))"
    return Expression(found, BOOLEAN)


def row_in_list(binder: Binder, node: exp.Expression) -> Expression:
    """``row IN (row, …)``."""
    operand = _fields(binder, node, node.this)
    rows = [_fields(binder, node, item) for item in node.expressions]
    for row in rows:
        _require_as_many(node, operand, row)
    return Expression("(" + " OR ".join(_equal(operand, row) for row in rows) + ")", BOOLEAN)


def _fields(binder: Binder, node: exp.Expression, row: exp.Expression) -> Fields:
    if not is_constructor(row):
        raise unsupported(node, "a comparison of rows other than (…) with (…)")
    return [binder.bind(part) for part in row.expressions]


def _require_as_many(node: exp.Expression, left: Fields, right: Fields) -> None:
    if len(left) != len(right):
        raise error_at(node, SYNTAX, "unequal number of entries in row expressions")


def _equal(left: Fields, right: Fields) -> str:
    pairs = [compare(first, second, "=").sql for first, second in zip(left, right, strict=True)]
    return "(" + " AND ".join(pairs) + ")"
