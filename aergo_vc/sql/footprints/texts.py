"""SQL texts of the engine's without their literals: many texts differ in nothing else."""

import re
from collections.abc import Callable
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple

from aergo_vc.sql.running.runtime import scalar_functions

_PARTS = re.compile(
    r"""(?P<call>\bcall_(?:routine|rows)\('(?P<routine>(?:[^']|'')*)')|(?P<text>'(?:[^']|'')*')|"""
    r""""(?P<quoted>(?:[^"]|"")*)"|\?(?P<position>\d*)|:(?P<parameter>[A-Za-z_]\w*)|"""
    r"""\b(?P<function>[a-z]\w*)\(|(?<![\w.])(?P<number>\d{1,18})(?![\w.])"""
)
_OURS = frozenset(scalar_functions())
_POSITION, _LITERAL = re.compile(r"position_(\d+)"), re.compile(r"literal_(\d+)")


Literals = tuple[int | str, ...]
"""The values of a text's literals, as kept."""


class Prepared(NamedTuple):
    """A text that sqlglot reads.

    Every whole number and every string in it has become a parameter, whose values are the `literals`; parameters that
    had numbers have names, and functions of the engine's such that mean nothing to sqlglot.  `quoted` stands in double
    quotes, `parameters` are the names of those that had some, `calls` the routines called.
    """

    text: str
    literals: Literals
    quoted: frozenset[str]
    parameters: frozenset[str]
    calls: tuple[str, ...]


def prepared(sql: str) -> Prepared:
    """A text, ready to be analysed."""
    numbers = count(1)
    literals: list[int | str] = []
    quoted: set[str] = set()
    parameters: set[str] = set()
    calls: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        kind = found.lastgroup
        if kind in {"text", "number"}:
            whole = found[0]
            literals.append(int(whole) if kind == "number" else whole[1:-1].replace("''", "'"))
            return f":literal_{len(literals) - 1}"
        if kind == "quoted":
            quoted.add(found["quoted"].replace('""', '"'))
        elif kind == "position":
            return f":position_{found['position'] or next(numbers)}"
        elif kind == "parameter":
            parameters.add(found["parameter"])
        elif kind == "function" and found["function"] in _OURS:
            return f"our_{found[0]}"
        elif kind == "call":
            calls.append(found["routine"].replace("''", "'"))
        return found[0]

    text = _PARTS.sub(replaced, sql)
    return Prepared(text, tuple(literals), frozenset(quoted), frozenset(parameters), tuple(calls))


class LiteralAt:
    """The value of a literal, of which only the place is known; negated if its sign stands in front."""

    def __init__(self, place: int, *, is_negative: bool = False) -> None:
        self.place, self.is_negative = place, is_negative

    def __call__(self, _bindings: Any) -> Any:  # noqa: ANN401 - as bindings are
        raise AssertionError("the literals of a text are put in before it runs")

    def bound(self, literals: Literals) -> Callable[[Any], Any] | None:
        """The value among the literals of a text; None where the sign makes no sense."""
        value = literals[self.place]
        if self.is_negative:
            if isinstance(value, str):
                return None
            value = -value
        return lambda _bindings: value


def parameter_value(name: str) -> Callable[[Any], Any]:
    """What takes the value of a parameter in a prepared text."""
    literal = _LITERAL.fullmatch(name)
    if literal is not None:
        return LiteralAt(int(literal[1]))
    position = _POSITION.fullmatch(name)
    return itemgetter(name if position is None else int(position[1]) - 1)
