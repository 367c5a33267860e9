"""JSON values: what a text may say, and jsonb's one spelling of it.

Numbers stay exact: they are numeric's texts and never floats.  jsonb sorts an object's keys by their length in UTF-8,
then by their bytes, and keeps the last of equal keys; so PostgreSQL prints it.
"""

import json
import re
from typing import Any

NESTING = 100
"""How deep arrays and objects may nest."""

DIGITS = 1_000
"""Digits that a number may have before its point, and behind it."""

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_TOO_MANY = 5


class Number(str):
    """A JSON number as its decimal text."""

    __slots__ = ()


class BadJson(ValueError):
    """A text is not JSON, or goes beyond the limits above."""


def _number(text: str) -> Number:
    """A number without exponent, as numeric spells it."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadJson("a number is malformed")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    if len(exponent) > _TOO_MANY or len(whole) > DIGITS or len(fraction) > DIGITS:
        raise BadJson("a number is too long")
    shift = int(exponent)
    if shift > 0:
        whole, fraction = whole + fraction[:shift].ljust(shift, "0"), fraction[shift:]
    elif shift < 0:
        whole = whole.rjust(1 - shift, "0")
        whole, fraction = whole[:shift], whole[shift:] + fraction
    whole = whole.lstrip("0") or "0"
    if len(whole) > DIGITS or len(fraction) > DIGITS:
        raise BadJson("a number is too long")
    is_zero = not (whole + fraction).strip("0")
    return Number(("" if is_zero else sign) + whole + (f".{fraction}" if fraction else ""))


def _constant(name: str) -> Any:  # noqa: ANN401 - it gives nothing
    raise BadJson(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_constant)


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value: dictionaries, lists, texts, `Number`, booleans, None.  Raises BadJson."""
    depth = greatest = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        depth += (bracket in "[{") - (bracket in "]}")
        greatest = max(greatest, depth)
    if greatest > NESTING:
        raise BadJson(f"it nests deeper than {NESTING} levels")
    stripped = text.strip(" \t\n\r")
    try:
        value, end = _decoder.raw_decode(stripped)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise BadJson("it is no JSON") from problem
    if end != len(stripped):
        raise BadJson("something stands behind the value")
    _check_texts(value)
    return value


def _check_texts(value: Any) -> None:  # noqa: ANN401
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise BadJson("a text holds U+0000 or half a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key)
            _check_texts(item)


def jsonb_text(value: Any) -> str:  # noqa: ANN401
    """A value of `parse_json` as jsonb prints it."""
    if isinstance(value, Number):
        return str.__str__(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(jsonb_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{jsonb_text(key)}: {jsonb_text(value[key])}' for key in sorted_keys(value))}}}"
    return {None: "null", True: "true", False: "false"}[value]


def sorted_keys(value: dict[str, Any]) -> list[str]:
    """An object's keys in jsonb's order."""
    return sorted(value, key=lambda key: (len(key.encode()), key.encode()))


def json_kind(value: Any) -> str:  # noqa: ANN401
    """What jsonb_typeof says of a value of `parse_json`."""
    if value is None:
        return "null"
    names: dict[type, str] = {Number: "number", str: "string", bool: "boolean", list: "array", dict: "object"}
    return names[type(value)]


def is_json(text: str) -> bool:
    """Whether `text` is a JSON value within the limits, however spelled."""
    try:
        parse_json(text)
    except BadJson:
        return False
    return True


def is_jsonb(text: str) -> bool:
    """Whether `text` is jsonb's own spelling of a value."""
    try:
        return jsonb_text(parse_json(text)) == text
    except BadJson:
        return False
