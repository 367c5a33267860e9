"""Key codes: primary keys as text that sorts as the keys do and is fit for file names.

A key code consists of ``[a-z0-9_.-]``.  Codes compare, character by character, as the keys compare column by column;
no code is the beginning of another.  It follows that git, which sorts a directory's name as if a slash stood behind it,
lists chunks in the order of their keys.  ``man 5 aergo-state`` specifies the codes.

=================  =================================================================================================
kind               code of a value
=================  =================================================================================================
integers           a letter for the number of digits (``h`` for 1 … ``z`` for 19), then the digits; below zero ``0``,
                   the letters in reverse, and each digit's complement to 9
text kinds, enum   ``_``, each UTF-8 byte by the table below, ``-``
boolean            ``f`` or ``t``
date and times     the digits alone; a fraction of a second as six digits
uuid               the 32 digits
bytea              ``_``, the hexadecimal digits, ``-``
numeric            ``5`` for zero; else ``7``, the exponent as an integer's code, the significant digits, ``-``; below
                   zero ``3``, the negated exponent, the digits' complements, ``z``
floats             16 hexadecimal digits of the bits, all inverted below zero, else the sign bit set
=================  =================================================================================================

Bytes of text: ``0``-``9`` and ``a``-``y`` stand for themselves; below ``0``: ``.`` and two hexadecimal digits; ``:`` to
``@``: ``_0`` to ``_6``; ``A`` to ``Y``: ``_a`` to ``_y``; ``Z`` and the five bytes behind it and the grave accent:
``_z0`` to ``_z6``; ``z``: ``z0``; above: ``z`` and two hexadecimal digits.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aergo_vc.model.types import Kind, Row

_DIGIT_LETTERS = "hijklmnopqrstuvwxyz"
_LETTER_OF = " " + _DIGIT_LETTERS
_COMPLEMENT = str.maketrans("0123456789", "9876543210")
_PUNCTUATION = str.maketrans("", "", "-: .+")


def _text_table() -> dict[int, str]:
    table = {byte: f".{byte:02x}" for byte in range(0x30)}
    table |= {byte: f"_{byte - 0x3A}" for byte in range(0x3A, 0x41)}
    table |= {byte: f"_{chr(byte + 0x20)}" for byte in range(0x41, 0x5A)}
    table |= {byte: f"_z{byte - 0x5A}" for byte in range(0x5A, 0x61)}
    table |= {0x7A: "z0"}
    table |= {byte: f"z{byte:02x}" for byte in range(0x7B, 0x100)}
    return table


_TEXT = _text_table()


def integer_code(value: int) -> str:
    """The code of an integer of at most 19 digits."""
    digits = str(value)
    if value >= 0:
        return _DIGIT_LETTERS[len(digits) - 1] + digits
    return "0" + _DIGIT_LETTERS[20 - len(digits)] + digits[1:].translate(_COMPLEMENT)


def text_code(value: str) -> str:
    """The code of a text: in the order of UTF-8 bytes, which is that of code points."""
    if value.isascii():
        return "_" + value.translate(_TEXT) + "-"
    return "_" + value.encode().decode("latin-1").translate(_TEXT) + "-"


def _boolean_code(value: bool) -> str:  # noqa: FBT001 - a value, not a switch
    return "t" if value else "f"


def _date_code(value: str) -> str:
    return value.translate(_PUNCTUATION)


def _moment_code(value: str) -> str:
    """Time, timestamp, timestamptz: the zone is always UTC and is left out."""
    moment, _, fraction = value.removesuffix("+00").partition(".")
    return moment.translate(_PUNCTUATION) + fraction.ljust(6, "0")


def _bytea_code(value: str) -> str:
    return "_" + value[2:] + "-"


def _numeric_code(value: str) -> str:
    whole, _, fraction = value.removeprefix("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = len(digits) - len(fraction)
    digits = digits.rstrip("0")
    if not digits:
        return "5"
    if value.startswith("-"):
        return "3" + integer_code(-exponent) + digits.translate(_COMPLEMENT) + "z"
    return "7" + integer_code(exponent) + digits + "-"


def _double_code(value: float) -> str:
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return f"{bits ^ 0xFFFFFFFFFFFFFFFF if bits >> 63 else bits | 1 << 63:016x}"


_CODES: dict[Kind, Callable[[Any], str]] = {
    Kind.SMALLINT: integer_code,
    Kind.INTEGER: integer_code,
    Kind.BIGINT: integer_code,
    Kind.NUMERIC: _numeric_code,
    Kind.BOOLEAN: _boolean_code,
    Kind.TEXT: text_code,
    Kind.VARCHAR: text_code,
    Kind.CHAR: text_code,
    Kind.DATE: _date_code,
    Kind.TIME: _moment_code,
    Kind.TIMESTAMP: _moment_code,
    Kind.TIMESTAMPTZ: _moment_code,
    Kind.UUID: _date_code,
    Kind.BYTEA: _bytea_code,
    Kind.DOUBLE: _double_code,
    Kind.REAL: _double_code,
    Kind.INTERVAL: text_code,
    Kind.JSON: text_code,
    Kind.JSONB: text_code,
    Kind.ENUM: text_code,
}


def _integer_codes(values: list[int]) -> list[str]:
    if min(values, default=0) < 0:
        return list(map(integer_code, values))
    return [_LETTER_OF[len(digits)] + digits for digits in map(str, values)]


def column_codes(kind: Kind, values: Iterable[Any]) -> list[str]:
    """The codes of many values of one kind, in their order."""
    if kind in (Kind.BIGINT, Kind.INTEGER, Kind.SMALLINT):
        return _integer_codes(list(values))
    return list(map(_CODES[kind], values))


def key_code(kinds: Sequence[Kind], key: Row) -> str:
    """The code of one key, whose values are of `kinds`."""
    return "".join([_CODES[kind](value) for kind, value in zip(kinds, key, strict=True)])


def key_codes(kinds: Sequence[Kind], columns: Sequence[Iterable[Any]]) -> list[str]:
    """The codes of many keys, in their order, given the values of each column of the key."""
    codes = list(map(column_codes, kinds, columns))
    return codes[0] if len(codes) == 1 else list(map("".join, zip(*codes, strict=True)))
