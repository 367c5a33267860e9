"""Arrays: one dimension, numbered from 1; in SQLite canonical JSON text of elements as columns keep them.

A type's `code` is how SQL that we write tells our functions the type of the elements.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from aergo_vc.model.types import ColumnType, Kind, Value
from aergo_vc.sql.errors import INVALID_TEXT, LIMIT_EXCEEDED, UNSUPPORTED, SqlError
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.values import (
    CASTS,
    INTEGERS,
    TEXTS,
    apply_modifiers,
    decoder,
    encoder,
    storage_scale,
    value_from_text,
)

Array = list[Any]
"""The elements as columns of their type keep them."""

ARRAY_BYTES = 65_536
"""No array within the engine may take more bytes as JSON text."""

_SUBSCRIPTS = "the only subscripts are those that begin at 1"


def array_text(elements: Sequence[Any]) -> str:
    """The JSON text of an array; raises SqlError 54000 where it would be too long."""
    text = json.dumps(elements, separators=(",", ":"), ensure_ascii=False)
    if len(text) * 4 > ARRAY_BYTES and len(text.encode()) > ARRAY_BYTES:
        raise SqlError(LIMIT_EXCEEDED, f"an array of {len(elements)} elements is too long")
    return text


def array_of(text: str) -> Array:
    """The elements of an array's JSON text."""
    found: Array = json.loads(text)
    return found


@functools.lru_cache(maxsize=1024)
def type_code(column_type: ColumnType) -> str:
    """An element's type as a text."""
    return json.dumps(
        [column_type.kind, column_type.length, column_type.precision, column_type.scale, column_type.name]
    )


@functools.lru_cache(maxsize=1024)
def type_of_code(code: str) -> ColumnType:
    """The type that `type_code` spelled."""
    kind, length, precision, scale, name = json.loads(code)
    return ColumnType(Kind(kind), length, precision, scale, name)


@functools.lru_cache(maxsize=1024)
def _element_decoder(code: str) -> Callable[[Any], Value] | None:
    element = type_of_code(code)
    return decoder(element, storage_scale(element))


@functools.lru_cache(maxsize=1024)
def _element_encoder(code: str) -> Callable[[Any], Value] | None:
    return encoder(type_of_code(code))


def canonical_elements(elements: Array, code: str) -> list[Value]:
    """Kept elements as canonical values."""
    decode = _element_decoder(code)
    return elements if decode is None else [None if one is None else decode(one) for one in elements]


def kept_elements(elements: Sequence[Value], code: str) -> Array:
    """Canonical values as kept elements."""
    encode = _element_encoder(code)
    return list(elements) if encode is None else [None if one is None else encode(one) for one in elements]


@functools.lru_cache(maxsize=1024)
def _caster(source_code: str, target_code: str) -> Callable[[Any], Any]:
    """What casts a kept value that is not NULL from one type to another, as assignment to a column does."""
    source, target = type_of_code(source_code), type_of_code(target_code)
    first = Kind.TEXT if source.kind in TEXTS else source.kind
    second = Kind.TEXT if target.kind in TEXTS else target.kind
    change = None if first is second else CASTS[first, second]
    decode = _element_decoder(source_code) if source.kind is Kind.NUMERIC else None
    encode = encoder(target) if target.kind is Kind.NUMERIC else None

    def cast(value: Any) -> Any:  # noqa: ANN401
        if decode is not None:
            value = decode(value)
        if change is not None:
            value = change(value)
        value = apply_modifiers(value, target)
        return value if encode is None else encode(value)

    return cast


def result_decoder(column_type: ColumnType, scale: int | None) -> Callable[[Any], Value] | None:
    """A function from kept values of a result, None aside, to canonical ones: arrays as PostgreSQL prints them."""
    if not column_type.is_array:
        return decoder(column_type, scale)
    element = column_type.element
    return lambda text: text_of_elements(array_of(text), element)


# Texts as PostgreSQL writes arrays


def elements_from_text(text: str, element: ColumnType) -> Array:
    """Read ``{1,NULL,"a b"}``; raises SqlError 22P02, or what the elements' type raises."""
    code = type_code(element)
    values = [None if part is None else value_from_text(part, element) for part in _parts(text)]
    return kept_elements(values, code)


def _malformed(text: str) -> SqlError:
    return SqlError(INVALID_TEXT, f'malformed array literal: "{text[:100]}"')


def _parts(text: str) -> Iterator[str | None]:
    """The elements' texts; None for NULL."""
    stripped = text.strip(" \t\n\r\f\v")
    if stripped[:1] == "[":
        raise SqlError(UNSUPPORTED, f"an array with bounds is not supported: {_SUBSCRIPTS}")
    if len(stripped) < 2 or stripped[0] != "{" or stripped[-1] != "}":  # noqa: PLR2004 - the braces
        raise _malformed(text)
    inner = stripped[1:-1]
    if not inner.strip():
        return
    position = 0
    while True:
        read = _quoted if _QUOTE.match(inner, position) else _bare
        part, position = read(inner, position, text)
        yield part
        if position == len(inner):
            return
        if inner[position] != ",":
            raise _malformed(text)
        position += 1


_QUOTE = re.compile(r'\s*"')


def _quoted(inner: str, position: int, text: str) -> tuple[str | None, int]:
    position = inner.index('"', position) + 1
    letters: list[str] = []
    while position < len(inner):
        letter = inner[position]
        if letter == '"':
            position += 1
            while position < len(inner) and inner[position].isspace():
                position += 1
            return "".join(letters), position
        if letter == "\\":
            position += 1
            letter = inner[position : position + 1]
        letters.append(letter)
        position += 1
    raise _malformed(text)


def _bare(inner: str, position: int, text: str) -> tuple[str | None, int]:
    letters: list[str] = []
    escaped = False
    while position < len(inner) and inner[position] != ",":
        letter = inner[position]
        if letter == "{" and not letters:
            raise SqlError(UNSUPPORTED, "an array of more than one dimension is not supported")
        if letter in '{}"':
            raise _malformed(text)
        if letter == "\\":
            position, escaped = position + 1, True
            letter = inner[position : position + 1]
        letters.append(letter)
        position += 1
    word = "".join(letters).strip()
    if not word:
        raise _malformed(text)
    return (None if word.upper() == "NULL" and not escaped else word), position


def text_of_elements(elements: Array, element: ColumnType) -> str:
    """The array as PostgreSQL prints it."""
    return "{" + ",".join(_spelled(value) for value in canonical_elements(elements, type_code(element))) + "}"


def printed(value: Value) -> str:
    """A canonical value as PostgreSQL's output functions print it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _spelled(value: Value) -> str:
    if value is None:
        return "NULL"
    text = printed(value)
    if text and text.upper() != "NULL" and not any(letter in '{},"\\' or letter.isspace() for letter in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# What the functions of arrays do


def _plain_key(value: Any) -> Any:  # noqa: ANN401
    return value


def sort_value(element: ColumnType) -> Callable[[Any], Any]:
    """What makes kept elements of a type comparable in Python."""
    if element.kind is Kind.NUMERIC and storage_scale(element) is None:
        return functools.cmp_to_key(numbers.compare)
    return _plain_key


def _trimmed(elements: Array, code: str) -> Array:
    element = type_of_code(code)
    if element.kind is Kind.NUMERIC and storage_scale(element) is None:
        return [None if one is None else numbers.trimmed(one) for one in elements]
    return elements


def _key(text: str, code: str) -> str:
    """The text that equal arrays have in common."""
    return array_text(_trimmed(array_of(text), code))


def _compare(left: str, right: str, code: str) -> int:
    """As PostgreSQL orders arrays: element by element, NULL last, the shorter first."""
    value = sort_value(type_of_code(code))
    first, second = array_of(left), array_of(right)
    for one, other in zip(first, second, strict=False):
        if one is None or other is None:
            if (one is None) != (other is None):
                return 1 if one is None else -1
            continue
        a, b = value(one), value(other)
        if a != b:
            return 1 if a > b else -1
    return (len(first) > len(second)) - (len(first) < len(second))


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _quantified(value: Any, text: str | None, sign: str, code: str, what: str) -> int | None:  # noqa: ANN401
    """``value sign ANY|ALL (array)`` with SQL's three values."""
    if text is None:
        return None
    elements = array_of(text)
    is_any = what == "any"
    if value is None:
        return None if elements else int(not is_any)
    key, test = sort_value(type_of_code(code)), _TESTS[sign]
    wanted = key(value)
    found = [None if one is None else test(wanted, key(one)) for one in elements]
    if is_any in found:
        return int(is_any)
    return None if None in found else int(not is_any)


def _element(text: str, position: int) -> Any:  # noqa: ANN401
    elements = array_of(text)
    return elements[position - 1] if 0 < position <= len(elements) else None


def _slice(text: str, low: int, high: int) -> str:
    return array_text(array_of(text)[max(low, 1) - 1 : max(high, 0)])


def _length(text: str, dimension: int) -> int | None:
    count = len(array_of(text))
    return count if dimension == 1 and count else None


def _lower(text: str, dimension: int) -> int | None:
    return 1 if dimension == 1 and array_of(text) else None


def _append(text: str | None, value: Any) -> str:  # noqa: ANN401
    return array_text([*(array_of(text) if text is not None else ()), value])


def _prepend(value: Any, text: str | None) -> str:  # noqa: ANN401
    return array_text([value, *(array_of(text) if text is not None else ())])


def _concatenate(left: str | None, right: str | None) -> str | None:
    if left is None or right is None:
        return right if left is None else left
    return array_text(array_of(left) + array_of(right))


def _fill(value: Any, sizes: str | None) -> str | None:  # noqa: ANN401
    if sizes is None:
        return None
    found = array_of(sizes)
    if len(found) != 1:
        raise SqlError(UNSUPPORTED, "an array of more than one dimension is not supported")
    if found[0] is None:
        raise SqlError("22004", "dimension values cannot be null")
    if not 0 <= found[0] <= ARRAY_BYTES:
        raise SqlError(LIMIT_EXCEEDED, f"an array of {found[0]} elements is not allowed")
    return array_text([value] * found[0])


def _position(text: str | None, value: Any, code: str, start: int | None = 1) -> int | None:  # noqa: ANN401
    if text is None:
        return None
    if start is None:
        raise SqlError("22004", "initial position must not be null")
    places = _places(array_of(text), value, code)
    return next((place for place in places if place >= start), None)


def _places(elements: Array, value: Any, code: str) -> list[int]:  # noqa: ANN401
    [wanted] = _trimmed([value], code)
    return [place for place, one in enumerate(_trimmed(elements, code), 1) if one == wanted]


def _positions(text: str | None, value: Any, code: str) -> str | None:  # noqa: ANN401
    return None if text is None else array_text(_places(array_of(text), value, code))


def _members(text: str, code: str) -> set[Any]:
    """The elements but for NULL, which is like nothing."""
    return {one for one in _trimmed(array_of(text), code) if one is not None}


def _contains(left: str, right: str, code: str) -> int:
    return int(None not in array_of(right) and _members(left, code) >= _members(right, code))


def _overlaps(left: str, right: str, code: str) -> int:
    return int(not _members(left, code).isdisjoint(_members(right, code)))


def _remove(text: str | None, value: Any, code: str) -> str | None:  # noqa: ANN401
    if text is None:
        return None
    elements = array_of(text)
    gone = set(_places(elements, value, code))
    return array_text([one for place, one in enumerate(elements, 1) if place not in gone])


def _replace(text: str | None, value: Any, by: Any, code: str) -> str | None:  # noqa: ANN401
    if text is None:
        return None
    elements = array_of(text)
    changed = set(_places(elements, value, code))
    return array_text([by if place in changed else one for place, one in enumerate(elements, 1)])


def _from_string(text: str | None, delimiter: str | None, null: str | None = None) -> str | None:
    if text is None:
        return None
    if not text:
        parts = []
    elif delimiter is None:
        parts = list(text)
    else:
        parts = text.split(delimiter) if delimiter else [text]
    return array_text([None if null is not None and part == null else part for part in parts])


def _to_string(text: str | None, code: str, delimiter: str | None, null: str | None = None) -> str | None:
    if text is None or delimiter is None:
        return None
    values = canonical_elements(array_of(text), code)
    parts = [null if value is None else printed(value) for value in values]
    joined = delimiter.join(part for part in parts if part is not None)
    if len(joined.encode()) > ARRAY_BYTES:
        raise SqlError(LIMIT_EXCEEDED, "the result of array_to_string is too long")
    return joined


def _cast(text: str, source: str, target: str) -> str:
    cast = _caster(source, target)
    return array_text([None if one is None else cast(one) for one in array_of(text)])


PARALLEL_ARRAYS = 8
"""How many arrays one unnest may take."""


def array_rows(*texts: str | None) -> Iterator[tuple[Any, ...]]:
    """Several arrays in parallel: a row's ordinal from 0 and its elements, the short arrays filled up with NULL."""
    arrays = [[] if text is None else array_of(text) for text in texts]
    for place, row in enumerate(zip_longest(*arrays)):
        yield place, *row


def _spelled_elements(text: str) -> str:
    """Floats as texts, since the engine's reading of decimal numbers is not to be trusted."""
    return array_text([None if one is None else repr(one) for one in array_of(text)])


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:  # noqa: ANN401
        return None if None in arguments else function(*arguments)

    return call


def array_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions under the names that SQL of ours calls them by."""
    yield "array_make", lambda *elements: array_text(elements)
    yield "array_element", _strict(_element)
    yield "array_slice", _strict(_slice)
    yield "array_size", _strict(lambda text: len(array_of(text)))
    yield "array_length", _strict(_length)
    yield "array_lower", _strict(_lower)
    yield "array_append", _append
    yield "array_prepend", _prepend
    yield "array_join", _concatenate
    yield "array_fill", _fill
    yield "array_position", _position
    yield "array_positions", _positions
    yield "array_contains", _strict(_contains)
    yield "array_overlaps", _strict(_overlaps)
    yield "array_remove", _remove
    yield "array_replace", _replace
    yield "array_from_string", _from_string
    yield "array_to_string", _to_string
    yield "array_key", _strict(_key)
    yield "array_compare", _strict(_compare)
    yield "array_quantified", _quantified
    yield "array_cast", _strict(_cast)
    yield "array_read", _strict(lambda text, code: array_text(elements_from_text(text, type_of_code(code))))
    yield "array_print", _strict(lambda text, code: text_of_elements(array_of(text), type_of_code(code)))
    yield "array_spelled", _strict(_spelled_elements)


class Collect:
    """array_agg: the values in the order in which they come; NULL if there are none."""

    def __init__(self) -> None:
        self.elements: Array = []

    def step(self, value: Any) -> None:  # noqa: ANN401
        self.elements.append(value)

    def final(self) -> str | None:
        return array_text(self.elements) if self.elements else None


def is_plain(element: ColumnType) -> bool:
    """Whether SQLite's own comparison of kept elements is that of their type."""
    return element.kind in INTEGERS or element.kind in TEXTS or element.kind in (
        Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.UUID, Kind.BYTEA
    ) or storage_scale(element) is not None  # fmt: skip
