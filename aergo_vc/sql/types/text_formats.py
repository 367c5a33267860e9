"""format, quoting, and what else makes texts of texts: plain Python over kept values.

Source: the PostgreSQL 15 manual, sections 9.4 and 9.4.1.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aergo_vc.sql.errors import INVALID_PARAMETER, INVALID_TEXT, LIMIT_EXCEEDED, OUT_OF_RANGE, SqlError
from aergo_vc.sql.types.values import TEXT_BYTES, limited_text

_NULL_NAME = "22004"
_WIDEST = 2**31 - 1
_LAST_CHARACTER = 0x10FFFF
_DIGITS = 10
_BASE64_LINE = 76

# What PostgreSQL 15 keeps for itself, wholly or as names of functions or columns: such names stand between quotes.
_KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading
    least left like limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric
    offset on only or order out outer overlaps overlay placing position precision primary real references returning
    right row select session_user setof similar smallint some substring symmetric table tablesample then time timestamp
    to trailing treat trim true union unique user using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905 - a list of words
)
_SAFE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_SPECIFIER = re.compile(r"(?:(?P<place>\d+)\$)?(?P<left>-*)(?:\*(?:(?P<star>\d+)(?P<dollar>\$?))?|(?P<width>\d+))?")


def quoted_identifier(name: str) -> str:
    """A name as SQL spells it: between quotes where it needs them."""
    if _SAFE_NAME.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quoted_literal(text: str) -> str:
    """A text as SQL spells it."""
    doubled = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{doubled}'" if "\\" in text else f"'{doubled}'"


@dataclass(frozen=True, slots=True)
class _Part:
    """A specifier: which argument, how wide, of which kind.

    `place` is None for the next argument; `width` a number, or `width_place` that of the argument that has it, 0 for
    the next.
    """

    letter: str
    place: int | None
    is_left: bool
    width: int
    width_place: int | None


def formatted(text: str | None, *arguments: str | None) -> str | None:
    """PostgreSQL's format(); the arguments are texts already.  Raises SqlError 22023, 22004, 22003, 22P02."""
    if text is None:
        return None
    parts: list[str] = []
    taken = position = 0
    while (start := text.find("%", position)) >= 0:
        parts.append(text[position:start])
        if text.startswith("%", start + 1):
            parts.append("%")
            position = start + 2
            continue
        part, position = _specifier(text, start + 1)
        width = part.width
        if part.width_place is not None:
            taken = part.width_place or taken + 1
            width = _width_of(_argument(arguments, taken))
        taken = taken + 1 if part.place is None else part.place
        parts.append(_padded(_shown(part.letter, _argument(arguments, taken)), width, is_left=part.is_left))
    parts.append(text[position:])
    return limited_text("".join(parts))


def _specifier(text: str, position: int) -> tuple[_Part, int]:
    """What follows a percent sign, and where the text goes on."""
    match = _SPECIFIER.match(text, position)
    assert match is not None  # noqa: S101 - every part may be missing
    place, star, width = (None if match[name] is None else _number(match[name]) for name in ("place", "star", "width"))
    if place == 0 or star == 0:
        raise SqlError(INVALID_PARAMETER, "format specifies argument 0, but arguments are numbered from 1")
    end = match.end()
    if end >= len(text):
        raise SqlError(INVALID_PARAMETER, "unterminated format() type specifier")
    if match["star"] is not None and not match["dollar"]:
        raise SqlError(INVALID_PARAMETER, 'width argument position must be ended by "$"')
    letter = text[end]
    if letter not in "sIL":
        raise SqlError(INVALID_PARAMETER, f'unrecognized format() type specifier "{letter}"')
    is_starred = "*" in match[0]
    return _Part(letter, place, bool(match["left"]), width or 0, (star or 0) if is_starred else None), end + 1


def _number(digits: str) -> int:
    value = int(digits[: _DIGITS + 1])
    if value > _WIDEST:
        raise SqlError(OUT_OF_RANGE, "number is out of range")
    return value


def _argument(arguments: Sequence[str | None], place: int) -> str | None:
    if place > len(arguments):
        raise SqlError(INVALID_PARAMETER, "too few arguments for format()")
    return arguments[place - 1]


def _width_of(text: str | None) -> int:
    if text is None:
        return 0
    if re.fullmatch(r"\s*[+-]?[0-9]{1,40}\s*", text) is None:
        raise SqlError(INVALID_TEXT, "invalid input syntax for type integer")
    width = int(text)
    if not -_WIDEST <= width <= _WIDEST:
        raise SqlError(OUT_OF_RANGE, "number is out of range")
    return width


def _shown(letter: str, value: str | None) -> str:
    if value is None:
        if letter == "I":
            raise SqlError(_NULL_NAME, "null values cannot be formatted as an SQL identifier")
        return "NULL" if letter == "L" else ""
    return value if letter == "s" else quoted_identifier(value) if letter == "I" else quoted_literal(value)


def _padded(text: str, width: int, *, is_left: bool) -> str:
    if abs(width) > TEXT_BYTES:
        raise SqlError(LIMIT_EXCEEDED, f"requested width {width} is too long")
    return text.ljust(abs(width)) if is_left or width < 0 else text.rjust(width)


def character(code: int) -> str:
    """chr()"""
    if code == 0:
        raise SqlError(LIMIT_EXCEEDED, "null character not permitted")
    if code < 0:
        raise SqlError(INVALID_PARAMETER, "character number must be positive")
    if code > _LAST_CHARACTER:
        raise SqlError(LIMIT_EXCEEDED, f"requested character too large for encoding: {code}")
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        raise SqlError(LIMIT_EXCEEDED, f"requested character not valid for encoding: {code}")
    return chr(code)


_WORD = re.compile(r"[A-Za-z0-9]+")


def capitalized(text: str) -> str:
    """initcap() of the letters A to Z, as under the collation "C"."""
    return _WORD.sub(lambda match: match[0][0].upper() + match[0][1:].lower(), text)


def encoded(value: str, form: str) -> str:
    """encode() of a bytea, as hex or base64."""
    data = bytes.fromhex(value[2:])
    if form.lower() == "hex":
        return value[2:]
    if form.lower() != "base64":
        raise SqlError(INVALID_PARAMETER, f'unrecognized encoding: "{form}"')
    text = base64.b64encode(data).decode()
    lines = [text[start : start + _BASE64_LINE] for start in range(0, len(text), _BASE64_LINE)]
    return limited_text("\n".join(lines))


def decoded(text: str, form: str) -> str:
    """decode() of hex; blanks between the bytes are skipped, as PostgreSQL does."""
    if form.lower() != "hex":
        raise SqlError(INVALID_PARAMETER, f'unrecognized encoding: "{form}"')
    digits = "".join(re.split(r"[ \n\t\r]", text))
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits) is None:
        raise SqlError(INVALID_PARAMETER, "invalid hexadecimal data")
    return "\\x" + digits.lower()


def format_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions by the names that SQLite knows them under."""

    def strict(function: Callable[..., str]) -> Callable[..., str | None]:
        return lambda *arguments: None if None in arguments else function(*arguments)

    yield "text_format", formatted
    yield "text_character", strict(character)
    yield "text_initcap", strict(capitalized)
    yield "text_quoted_identifier", strict(quoted_identifier)
    yield "text_quoted_literal", strict(quoted_literal)
    yield "text_md5", strict(lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())
    yield "bytes_md5", strict(lambda value: hashlib.md5(bytes.fromhex(value[2:]), usedforsecurity=False).hexdigest())
    yield "bytes_sha256", strict(lambda value: "\\x" + hashlib.sha256(bytes.fromhex(value[2:])).hexdigest())
    yield "bytes_encode", strict(encoded)
    yield "bytes_decode", strict(decoded)
