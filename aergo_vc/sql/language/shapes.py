"""Shapes: statements that differ in whole numbers alone are parsed and compiled once.

Most transactions repeat a few statements with other keys and amounts.  The numbers of such a statement become
parameters of its plan.  Which statements have a shape depends on their text alone, never on what ran before: so a
script runs in the same way everywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aergo_vc.base.limits import SCRIPT_CHARACTERS, STATEMENTS

# No quotes, no comments, no other numbers than whole ones: then patterns can tell where the numbers are, and every
# semicolon ends a statement.  A number that stands in a shape as 0 keeps what these patterns look at.
_PLAIN = re.compile(r"[A-Za-z0-9_\s.,()=<>+*%-]*+", re.ASCII)
_OTHER = re.compile(r"--|\.\d|\d\.|(?<![A-Za-z0-9_])\d{10}", re.ASCII)
NUMBER = re.compile(r"\b(\d{1,9})\b", re.ASCII)
_CHARACTERS = 4_000
MOST_NUMBERS = 400


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
    parts = NUMBER.split(statement)
    return Shape("0".join(parts[::2]), dict(zip(_PARAMETERS, map(int, parts[1::2]), strict=False)))


def parameter(place: int) -> str:
    """The name of the parameter for the number at a place."""
    return f"n{place}"


_BLANKS = " \t\r\n"
_PARAMETERS = tuple(map(parameter, range(MOST_NUMBERS)))


def is_plain(text: str) -> bool:
    """Whether a statement of this shape is short and consists of nothing but words, signs and whole numbers."""
    return len(text) <= _CHARACTERS and _PLAIN.fullmatch(text) is not None and _OTHER.search(text) is None
