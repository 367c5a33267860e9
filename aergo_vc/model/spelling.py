"""How values of each type are spelled in users' files: one spelling a value, the one that an export writes.

A text that is not a value's own spelling (``02``, ``+1``, ``TRUE``, ``2024-1-5``, ``-0``) is no value of the type at
all, so that what was read is written again to the byte.  Two types allow more, and only where a user declared them:
numeric(p,s) takes a value of a smaller scale and fills it up with zeros, as PostgreSQL does; double precision takes any
JSON number and writes the shortest text that reads back as the same value.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable
from functools import partial

from aergo_vc.model.floats import single
from aergo_vc.model.interval_text import interval_of
from aergo_vc.model.json_text import is_json, is_jsonb
from aergo_vc.model.patterns import PATTERNS
from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind, Value

_INTEGER_CHARACTERS = 20
_NUMERIC = r"(?:-(?!0(?:\.0*)?$))?+(?:0|[1-9][0-9]{0,999}+)(?:\.[0-9]{1,1000}+)?+"
_FLOAT = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,1000})?(?:[eE][+-]?[0-9]{1,4})?"
_SPELLINGS = {
    Kind.NUMERIC: _NUMERIC,
    **PATTERNS,
    Kind.DOUBLE: _FLOAT,
    Kind.REAL: _FLOAT,
}
_LINES = {kind: re.compile(rf"(?:(?:{pattern})\n)*+", re.MULTILINE) for kind, pattern in _SPELLINGS.items()}
_SHORT_INTEGER_LINES = re.compile(r"(?:(?:0|-?[1-9][0-9]{0,8}+)\n)*+")
_SHORT_INTEGER_BITS = 30
"""Bits that hold every integer of the short lines, besides the sign."""
_INTEGER_LINES = re.compile(r"(?:(?:0|-?[1-9][0-9]*+)\n)*+")
_BOOLEANS = {"true": True, "false": False}


def are_values(texts: Collection[str], column_type: ColumnType) -> bool:
    """Whether all of `texts`, best given without repetition, are values of `column_type`."""
    kind = column_type.kind
    if kind in INTEGER_BITS:
        return _are_integers(texts, INTEGER_BITS[kind])
    if kind in _OWN_TEXTS:
        return _are_texts(texts, column_type)
    if kind in _TESTS:
        return all(map(_TESTS[kind], texts))
    if not _are_spelled(texts, kind):
        return False
    if kind in FLOATS:
        return all(math.isfinite(_READERS[kind](text)) for text in texts)
    return column_type.precision is None or _have_digits(texts, column_type.precision, column_type.scale or 0)


def is_own_text(column_type: ColumnType) -> bool:
    """Whether the values of the type are just the texts that spell them."""
    kind = column_type.kind
    return not (kind in INTEGER_BITS or kind is Kind.BOOLEAN or kind in FLOATS or column_type.precision is not None)


def value_reader(column_type: ColumnType) -> Callable[[str], Value]:
    """What makes a value of a text that is known to spell one."""
    kind = column_type.kind
    if kind in INTEGER_BITS:
        return int
    if kind is Kind.BOOLEAN:
        return _BOOLEANS.__getitem__
    if kind in FLOATS:
        return _READERS[kind]
    if column_type.precision is not None and column_type.scale:
        return partial(_filled, scale=column_type.scale)
    return str


def text_of(value: Value) -> str | None:
    """The text that an export writes for a value of any type; None for NULL."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else repr(value).removesuffix(".0")


def texts_of(values: Iterable[Value]) -> list[str | None]:
    """The texts that an export writes for a column's values."""
    return list(map(text_of, values))


def rule_of(column_type: ColumnType) -> str:
    """What a text must be to be a value of the type, for a message."""
    kind = column_type.kind
    if kind in INTEGER_BITS:
        bound = 1 << INTEGER_BITS[kind] - 1
        return f"an integer from -{bound} to {bound - 1}, without plus sign or leading zeros"
    if column_type.precision is not None:
        whole, scale = column_type.precision - (column_type.scale or 0), column_type.scale or 0
        return f"a decimal of at most {whole} digits before and {scale} behind the point, without leading zeros"
    if column_type.length is not None:
        return f"at most {column_type.length} characters" + (", the last no blank" if kind is Kind.CHAR else "")
    return _RULES[kind]


_RULES = {
    Kind.NUMERIC: "a decimal such as 1.50, without exponent or leading zeros and not -0",
    Kind.BOOLEAN: "true or false",
    Kind.TEXT: "text",
    Kind.VARCHAR: "text",
    Kind.CHAR: "text without blanks at its end",
    Kind.DATE: "a date YYYY-MM-DD",
    Kind.TIME: "a time HH:MM:SS[.ffffff], its fraction without zeros at the end",
    Kind.TIMESTAMP: "a timestamp YYYY-MM-DD HH:MM:SS[.ffffff], its fraction without zeros at the end",
    Kind.TIMESTAMPTZ: "a timestamp YYYY-MM-DD HH:MM:SS[.ffffff]+00, its fraction without zeros at the end",
    Kind.UUID: "a UUID in lower case with hyphens",
    Kind.BYTEA: "\\x and pairs of lower-case hexadecimal digits",
    Kind.DOUBLE: "a finite number",
    Kind.REAL: "a finite number within the range of 32 bits",
    Kind.INTERVAL: "an interval such as 1 year 2 mons 3 days 04:05:06",
    Kind.JSON: "a JSON value",
    Kind.JSONB: "a JSON value as jsonb spells it: keys by length, a blank behind colons and commas",
    Kind.ENUM: "one of the labels",
}

_READERS: dict[Kind, Callable[[str], float]] = {
    Kind.DOUBLE: lambda text: float(text) + 0.0,
    Kind.REAL: lambda text: single(float(text)) + 0.0,
}

CHECKS: dict[Kind, Callable[[str], bool]] = {
    Kind.INTERVAL: lambda text: interval_of(text) is not None,
    Kind.JSON: is_json,
    Kind.JSONB: is_jsonb,
}
"""For kinds whose spellings no pattern describes: whether a text is one."""

_TESTS = {Kind.BOOLEAN: _BOOLEANS.__contains__, **CHECKS}
_OWN_TEXTS = (Kind.TEXT, Kind.VARCHAR, Kind.CHAR, Kind.ENUM)


def _are_spelled(texts: Collection[str], kind: Kind) -> bool:
    return _match_lines(texts, _LINES[kind])


def _match_lines(texts: Collection[str], pattern: re.Pattern[str]) -> bool:
    """Whether `pattern` matches `texts`, each ended by a line feed; a text that holds one itself matches nothing."""
    joined = "\n".join(texts)
    if joined.count("\n") > max(len(texts) - 1, 0):
        return False
    return not texts or pattern.fullmatch(joined + "\n") is not None


def _are_integers(texts: Collection[str], bits: int) -> bool:
    """Lengths are looked at before digits are: no integer is made of a text that cannot fit."""
    if bits > _SHORT_INTEGER_BITS and _match_lines(texts, _SHORT_INTEGER_LINES):
        return True
    longest = max(map(len, texts), default=0)
    if longest > _INTEGER_CHARACTERS or not _match_lines(texts, _INTEGER_LINES):
        return False
    bound = 1 << bits - 1
    if longest < len(str(bound)):
        return True
    values = list(map(int, texts))
    return -bound <= min(values) and max(values) < bound


def _are_texts(texts: Collection[str], column_type: ColumnType) -> bool:
    if column_type.length is not None and max(map(len, texts), default=0) > column_type.length:
        return False
    return column_type.kind is not Kind.CHAR or not any(text.endswith(" ") for text in texts)


def _have_digits(texts: Iterable[str], precision: int, scale: int) -> bool:
    for text in texts:
        whole, _, fraction = text.removeprefix("-").partition(".")
        if len(fraction) > scale or (whole != "0" and len(whole) > precision - scale):
            return False
    return True


def _filled(text: str, scale: int) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(scale, '0')}"
