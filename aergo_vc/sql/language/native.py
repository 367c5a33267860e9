"""SQL made faster without another meaning: what our functions check, SQLite checks itself where it is in range.

``add32(a, b)`` becomes ``CASE WHEN (a + b) BETWEEN … THEN (a + b) ELSE add32(a, b) END``.  Integers that leave 64 bits
become floats in SQLite, which are out of every range, so that our function decides.  Operands are evaluated more than
once; they are short, and none that has effects is among them.
"""

import re
from collections.abc import Iterator

from aergo_vc.model.types import INTEGER_BITS
from aergo_vc.sql.types.numbers import MAXIMUM

LONGEST = 120
"""Characters of operands that may be said more than once."""

_SIGNS = {"add": "+", "subtract": "-", "multiply": "*"}
_RANGES = {
    f"{name}{bits}": (sign, MAXIMUM[kind]) for name, sign in _SIGNS.items() for kind, bits in INTEGER_BITS.items()
}
_CALL = re.compile(rf"\b({'|'.join(_RANGES)}|within)\(")
_ONCE = re.compile("call_r|sequence_|SELECT")
"""What has effects or takes long."""

_OF_COLUMN = re.compile(r'\A(add|subtract|multiply)64\((\w+\."(?:[^"]|"")*"), (:\w+|\d+)\)\Z')
"""A column and a value beside it: without the column all would be computed before the statement begins."""

_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]|[^'\"(),]+")


def native(sql: str) -> str:
    """SQL with the same results."""
    if _CALL.search(sql) is None:
        return sql
    pieces = iter([*_PIECE.findall(sql), ")"])
    return ",".join(_arguments(pieces))


def left_to_column(sql: str) -> str:
    """A value for a bigint column; one that leaves 64 bits is refused by the column, which takes no floats."""
    return _OF_COLUMN.sub(lambda match: f"({match[2]} {_SIGNS[match[1]]} {match[3]})", sql)


def _arguments(pieces: Iterator[str]) -> list[str]:
    """The parts up to the bracket that closes, rewritten."""
    parts: list[str] = []
    part = ""
    for piece in pieces:
        if piece == ")":
            return [*parts, part]
        if piece == ",":
            parts.append(part)
            part = ""
        elif piece == "(":
            name = re.search(r"(\w+)$", part)
            arguments = _arguments(pieces)
            word = name[1] if name is not None else ""
            if word in _RANGES or word == "within":
                part = part[: -len(word)] + _checked(word, arguments)
            else:
                part += f"({','.join(arguments)})"
        else:
            part += piece
    return [*parts, part]


def _checked(name: str, arguments: list[str]) -> str:
    call = f"{name}({','.join(arguments)})"
    if len(arguments) != 2 or len(call) > LONGEST or _ONCE.search(call) is not None:  # noqa: PLR2004
        return call
    if name == "within":
        value, top = arguments[0], arguments[1].strip()
    else:
        sign, maximum = _RANGES[name]
        value, top = f"({arguments[0]} {sign}{arguments[1]})", str(maximum)
    return f"(CASE WHEN {value} BETWEEN -{top} AND {top} THEN {value} ELSE {call} END)"
