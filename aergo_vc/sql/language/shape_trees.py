"""The trees of shapes (shapes.py)."""

import functools
from collections.abc import Iterator

from sqlglot import exp

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.shapes import MOST_NUMBERS, NUMBER, is_plain
from aergo_vc.sql.language.source import parse_script

_FIRST_MARK = 900_000_000

_WRITING = (exp.Insert, exp.Update, exp.Delete)
_PLACES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In,
    exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Neg, exp.Tuple,
)  # fmt: skip
"""Below these a number is a value and nothing else: not the ordinal of a column, the length of a type."""


class Number(exp.Expression):
    """A whole number of up to nine digits that is bound when its statement runs; `this` is its place there."""


@functools.lru_cache(maxsize=512)
def parse_shape(text: str) -> exp.Expression | None:
    """The statement of a shape, with `Number` for its numbers.

    None if it is not plain or does more than write rows.  Nor may a number stand where it is more than a value.
    """
    count = len(NUMBER.findall(text))
    if not is_plain(text) or count > MOST_NUMBERS:
        return None
    wanted = list(map(str, range(_FIRST_MARK, _FIRST_MARK + count)))
    following = iter(wanted)
    try:
        statements = parse_script(NUMBER.sub(lambda _: next(following), text))
    except SqlError:
        return None
    if len(statements) != 1 or not isinstance(statements[0].tree, _WRITING):
        return None
    tree = statements[0].sql.copy()
    marks = list(_marks(tree))
    if sorted(str(mark.this) for mark in marks) != wanted:
        return None
    if not all(isinstance(mark.parent, _PLACES) for mark in marks):
        return None
    for mark in marks:
        mark.replace(Number(this=int(str(mark.this)) - _FIRST_MARK))
    return tree


def _marks(tree: exp.Expression) -> Iterator[exp.Literal]:
    return (node for node in tree.find_all(exp.Literal) if not node.is_string)
