"""Shapes: statements that differ in whole numbers alone are parsed and compiled once.

Most transactions repeat a few statements with other keys and amounts.  The numbers of such a statement become
parameters of its plan.  Which statements have a shape depends on their text alone, never on what ran before: so a
script runs in the same way everywhere.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.source import SCRIPT_CHARACTERS, STATEMENTS, parse_script

# No quotes, no comments, no other numbers than whole ones: then patterns can tell where the numbers are, and every
# semicolon ends a statement.  A number that stands in a shape as 0 keeps what these patterns look at.
_PLAIN = re.compile(r"[A-Za-z0-9_\s.,()=<>+*%-]*+", re.ASCII)
_OTHER = re.compile(r"--|\.\d|\d\.|(?<![A-Za-z0-9_])\d{10}", re.ASCII)
_NUMBER = re.compile(r"\b(\d{1,9})\b", re.ASCII)
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
    """A whole number of up to nine digits that is bound when its statement runs; `this` is its place there."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement with 0 for each of its numbers, and the numbers by the names of their parameters."""

    text: str
    numbers: Mapping[str, int]


def shapes_of(script: str) -> list[Shape] | None:
    """The shapes of a script's statements; None if the script is too long to have any.

    Whether the text of each is one that `parse_shape` takes is still to be asked: if not all are, none of them counts.
    """
    if len(script) > SCRIPT_CHARACTERS:
        return None
    statements = [text for piece in script.split(";") if (text := piece.strip(_BLANKS))]
    return None if len(statements) > STATEMENTS else list(map(_shape, statements))


def _shape(statement: str) -> Shape:
    parts = _NUMBER.split(statement)
    return Shape("0".join(parts[::2]), dict(zip(_PARAMETERS, map(int, parts[1::2]), strict=False)))


def parameter(place: int) -> str:
    """The name of the parameter for the number at a place."""
    return f"n{place}"


_BLANKS = " \t\r\n"
_PARAMETERS = tuple(map(parameter, range(_MOST_NUMBERS)))


def is_plain(text: str) -> bool:
    """Whether a statement of this shape is short and consists of nothing but words, signs and whole numbers."""
    return len(text) <= _CHARACTERS and _PLAIN.fullmatch(text) is not None and _OTHER.search(text) is None


@functools.lru_cache(maxsize=512)
def parse_shape(text: str) -> exp.Expression | None:
    """The statement of a shape, with `Number` for its numbers.

    None if it is not plain or does more than write rows.  Nor may a number stand where it is more than a value.
    """
    count = len(_NUMBER.findall(text))
    if not is_plain(text) or count > _MOST_NUMBERS:
        return None
    wanted = list(map(str, range(_FIRST_MARK, _FIRST_MARK + count)))
    following = iter(wanted)
    try:
        statements = parse_script(_NUMBER.sub(lambda _: next(following), text))
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
