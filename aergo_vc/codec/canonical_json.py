"""Canonical JSON: the one spelling in which git-aergo stores JSON.

No white space; object keys in code-point order, each once; in strings the escapes ``\\"``, ``\\\\``, ``\\b``, ``\\f``,
``\\n``, ``\\r``, ``\\t``, other control characters below U+0020 as ``\\u00xx`` in lower case, all else as UTF-8;
integers of 64 bits; other numbers as ``man 5 aergo-json`` says, never -0.0.  Reading means: parse, spell again,
compare the bytes.  So whatever a lenient parser might accept twice (threats F01 to F06) is refused here.
"""

import re
from math import copysign
from typing import Any

import msgspec

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.limits import JSON_DEPTH

JsonValue = Any
"""None, bool, int, float, str, or a list or a dict of these."""

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()

INTEGER_DIGITS = 640
"""Digits in a row that a number may have: the most that Python reads whatever its environment says."""

_LONG_INTEGER = re.compile(rb"(?<![0-9])[0-9]{%d}" % (INTEGER_DIGITS + 1))
_SAMPLE = 64
_SAMPLED_DIGITS = re.compile(rb"[0-9]{%d}" % (INTEGER_DIGITS // _SAMPLE))
_ODD_NUMBER = re.compile(rb"-0\.0|[0-9]{19}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class NotCanonicalJson(FormatError):
    """Stored bytes are not canonical JSON."""

    code = "E_JSON"


class JsonSyntaxError(InputError):
    """A user's bytes are not JSON (RFC 8259)."""

    code = "E_JSON_SYNTAX"


def encode(value: JsonValue) -> bytes:
    """Spell `value`, which holds nothing but JSON values, on one line without a line feed."""
    return _encoder.encode(value)


def decode(data: bytes) -> JsonValue:
    """Read what `encode` wrote; raises NotCanonicalJson for any other bytes."""
    value = _parse(data, NotCanonicalJson)
    if _encoder.encode(value) != data:
        raise NotCanonicalJson("the JSON text is not in canonical spelling")
    _refuse_odd_numbers(data, value)
    return value


def parse(data: bytes) -> JsonValue:
    """Read a user's JSON as RFC 8259 defines it; of a repeated key the last counts.

    Left open by the RFC and decided here: integers of up to INTEGER_DIGITS digits are read exactly, longer ones and
    numbers beyond the range of binary64 are refused, UTF-8 is the only encoding, a byte-order mark and lone surrogates
    are refused, and nesting is limited to JSON_DEPTH.  Raises JsonSyntaxError.
    """
    return _parse(data, JsonSyntaxError)


def encode_keys_on_lines(value: dict[str, JsonValue]) -> bytes:
    """Spell an object with one top-level key a line, so that line-based tools show and merge it key by key."""
    members = (_encoder.encode(key) + b":" + _encoder.encode(value[key]) for key in sorted(value))
    return b"{\n" + b",\n".join(members) + b"\n}\n"


def decode_keys_on_lines(data: bytes) -> dict[str, JsonValue]:
    """Read what `encode_keys_on_lines` wrote; raises NotCanonicalJson for any other bytes."""
    value = _parse(data, NotCanonicalJson)
    if not isinstance(value, dict) or encode_keys_on_lines(value) != data:
        raise NotCanonicalJson("the JSON text is not in canonical spelling, one key a line")
    _refuse_odd_numbers(data, value)
    return value


def _parse(data: bytes, error: type[NotCanonicalJson] | type[JsonSyntaxError]) -> JsonValue:
    if _deeper_than_allowed(data):
        raise error(f"the JSON text nests deeper than {JSON_DEPTH} levels")
    # A number that long shows in every 64th byte; looking at these alone is what usually suffices.
    if (
        _SAMPLED_DIGITS.search(data[::_SAMPLE])
        and _LONG_INTEGER.search(data)
        and _LONG_INTEGER.search(_STRING.sub(b'""', data))
    ):
        raise error(f"the JSON text holds a number of more than {INTEGER_DIGITS} digits")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise error(f"not JSON: {problem}") from problem


def _refuse_odd_numbers(data: bytes, value: JsonValue) -> None:
    """Refuse -0.0, which equals another value, and integers that other readers round; looks only where some may be."""
    if _ODD_NUMBER.search(data) and _holds_odd_number(value):
        raise NotCanonicalJson("the JSON text holds -0.0 or an integer of more than 64 bits")


def _holds_odd_number(value: JsonValue) -> bool:
    if isinstance(value, list | dict):
        return any(map(_holds_odd_number, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float):
        return value == 0 and copysign(1, value) < 0
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 63


def _deeper_than_allowed(data: bytes) -> bool:
    """Whether brackets nest too deep; looked at closely only where there are enough of them."""
    if data.count(b"[") + data.count(b"{") <= JSON_DEPTH:
        return False
    depth = deepest = 0
    for bracket in re.findall(rb"[][{}]", _STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > JSON_DEPTH
