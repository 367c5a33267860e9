"""Shapes: scripts that differ in whole numbers alone are parsed and compiled once.

Most transactions repeat a few scripts with other keys and amounts.  The numbers of such a script become parameters of
its plans.  Which scripts have a shape depends on their text alone, never on what ran before: so a script runs in the
same way everywhere.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.source import parse_script

# No quotes, no comments, no other numbers than whole ones: then patterns can tell where the numbers are.
_PLAIN = re.compile(r"[A-Za-z0-9_\s.,;()=<>+*%-]*+", re.ASCII)
_OTHER = re.compile(r"--|\.\d|\d\.|(?<![A-Za-z0-9_])\d{10}", re.ASCII)
_NUMBER = re.compile(r"\b\d{1,9}\b", re.ASCII)
_CHARACTERS = 4_000
_FIRST_MARK = 900_000_000
_MOST_NUMBERS = 400

_WRITING = (exp.Insert, exp.Update, exp.Delete)
_PLACES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In,
    exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Neg, exp.Tuple,
)  # fmt: skip
"""Below these a number is a value and nothing else: not the ordinal of a column, the length of a type."""


class Number(exp.Expression):
    """A whole number of up to nine digits that is bound when the script runs; `this` is its place in the script."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A script with marks for its numbers, and the numbers."""

    text: str
    numbers: Mapping[str, int]


def shape_of(script: str) -> Shape | None:
    """The shape of a script; None if it is no plain one."""
    if len(script) > _CHARACTERS or _PLAIN.fullmatch(script) is None or _OTHER.search(script) is not None:
        return None
    values = _NUMBER.findall(script)
    if len(values) > _MOST_NUMBERS:
        return None
    marks = iter(range(_FIRST_MARK, _FIRST_MARK + len(values)))
    text = _NUMBER.sub(lambda _: str(next(marks)), script)
    return Shape(text, {parameter(place): int(value) for place, value in enumerate(values)})


def parameter(place: int) -> str:
    """The name of the parameter for the number at a place."""
    return f"n{place}"


@functools.lru_cache(maxsize=512)
def parse_shape(text: str) -> tuple[exp.Expression, ...] | None:
    """The statements of a shape, with `Number` for its marks; None if it does more than write rows.

    Nor may a number stand where it is more than a value.
    """
    try:
        trees = [statement.sql.copy() for statement in parse_script(text)]
    except SqlError:
        return None
    if not all(isinstance(tree, _WRITING) for tree in trees):
        return None
    marks = [mark for tree in trees for mark in _marks(tree)]
    if sorted(str(mark.this) for mark in marks) != _NUMBER.findall(text):
        return None
    if not all(isinstance(mark.parent, _PLACES) for mark in marks):
        return None
    for mark in marks:
        mark.replace(Number(this=int(str(mark.this)) - _FIRST_MARK))
    return tuple(trees)


def _marks(tree: exp.Expression) -> Iterator[exp.Literal]:
    return (node for node in tree.find_all(exp.Literal) if not node.is_string)
