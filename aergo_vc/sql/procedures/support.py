"""The functions that compiled routines call: those of the language, under SQLite's names, and the compiler's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aergo_vc.model.types import Kind
from aergo_vc.sql.errors import LIMIT_EXCEEDED, UNSUPPORTED, SqlError
from aergo_vc.sql.running.runtime import scalar_functions
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.arrays import array_of, array_text

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ListFunction:
    """An array function as it works on lists.

    `arrays` are the places of those arguments that are arrays; `gives_list` says that the result is one too.
    """

    function: Function
    arrays: tuple[int, ...] = (0,)
    gives_list: bool = False


def _is_in(value: Any, items: Sequence[Any]) -> bool | None:  # noqa: ANN401
    if value is None:
        return None
    return True if value in items else (None if None in items else False)


def _ascii(method: Callable[[str], str]) -> Function:
    """SQLite changes the case of ASCII letters alone."""

    def change(text: str | None) -> str | None:
        if text is None or text.isascii():
            return None if text is None else method(text)
        return "".join(method(letter) if letter.isascii() else letter for letter in text)

    return change


def _substr(text: str | None, start: int, length: int) -> str | None:
    return None if text is None else text[start - 1 : start - 1 + length]


def _own_functions() -> dict[str, Function]:
    return {
        "compare_decimals": numbers.compare,
        "is_in": _is_in,
        "fit16": lambda value: numbers.fit_integer(value, Kind.SMALLINT),
        "fit32": lambda value: numbers.fit_integer(value, Kind.INTEGER),
        "fit64": lambda value: numbers.fit_integer(value, Kind.BIGINT),
        "abs": lambda value: None if value is None else abs(value),
        "length": lambda text: None if text is None else len(text),
        "lower": _ascii(str.lower),
        "upper": _ascii(str.upper),
        "rtrim": lambda text, marks: None if text is None else text.rstrip(marks),
        "substr": _substr,
    }


PLAIN_FUNCTIONS: Mapping[str, Function] = {**scalar_functions(), **_own_functions()}
"""By the names that SQL text calls them by."""

ARRAY_ELEMENTS = 65_536
"""Elements that an array in a variable may have."""


def _checked(elements: list[Any]) -> list[Any]:
    if len(elements) > ARRAY_ELEMENTS:
        raise SqlError(LIMIT_EXCEEDED, f"an array may have {ARRAY_ELEMENTS} elements")
    return elements


def _element(elements: list[Any] | None, position: int | None) -> Any:  # noqa: ANN401
    if elements is None or position is None or not 0 < position <= len(elements):
        return None
    return elements[position - 1]


def _length(elements: list[Any] | None, dimension: int | None) -> int | None:
    return len(elements) if elements and dimension == 1 else None


def _lower(elements: list[Any] | None, dimension: int | None) -> int | None:
    return 1 if elements and dimension == 1 else None


def _slice(elements: list[Any] | None, low: int | None, high: int | None) -> list[Any] | None:
    if elements is None or low is None or high is None:
        return None
    return elements[max(low, 1) - 1 : max(high, 0)]


def _joined(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    if left is None or right is None:
        return right if left is None else left
    return _checked(left + right)


def _filled(value: Any, sizes: list[Any] | None) -> list[Any] | None:  # noqa: ANN401
    if sizes is None:
        return None
    if len(sizes) != 1:
        raise SqlError(UNSUPPORTED, "an array of more than one dimension is not supported")
    if sizes[0] is None:
        raise SqlError("22004", "dimension values cannot be null")
    if not 0 <= sizes[0] <= ARRAY_ELEMENTS:
        raise SqlError(LIMIT_EXCEEDED, f"an array of {sizes[0]} elements is not allowed")
    return [value] * int(sizes[0])


def element_set(elements: list[Any] | None, position: int | None, value: Any) -> list[Any]:  # noqa: ANN401
    """The list, changed in place, with one element assigned; a list that is too short is filled up with NULL."""
    if elements is None:
        elements = []
    if position is None:
        raise SqlError("22004", "array subscript in assignment must not be null")
    if position < 1:
        raise SqlError("2202E", "array subscripts that begin below 1 are not supported")
    if position > len(elements):
        if position > ARRAY_ELEMENTS:
            raise SqlError(LIMIT_EXCEEDED, f"an array may have {ARRAY_ELEMENTS} elements")
        elements.extend([None] * (position - len(elements)))
    elements[position - 1] = value
    return elements


def list_of(value: str | list[Any] | None) -> list[Any] | None:
    """An array as variables hold it."""
    return array_of(value) if isinstance(value, str) else value


def row_of(value: str | tuple[Any, ...] | None, width: int, arrays: Sequence[int]) -> tuple[Any, ...]:
    """A row as variables hold it; `arrays` are the places of the fields that are arrays."""
    if value is None:
        return (None,) * width
    if isinstance(value, str):
        return tuple([list_of(one) if place in arrays else one for place, one in enumerate(array_of(value))])
    return value


def text_of(value: list[Any] | None) -> str | None:
    """An array as SQLite holds it."""
    return None if value is None else array_text(value)


LIST_FUNCTIONS: Mapping[str, ListFunction] = {
    "array_make": ListFunction(lambda *elements: list(elements), (), gives_list=True),
    "array_element": ListFunction(_element),
    "array_size": ListFunction(lambda elements: None if elements is None else len(elements)),
    "array_length": ListFunction(_length),
    "array_lower": ListFunction(_lower),
    "array_append": ListFunction(lambda elements, value: _checked([*(elements or ()), value]), gives_list=True),
    "array_prepend": ListFunction(lambda value, elements: _checked([value, *(elements or ())]), (1,), gives_list=True),
    "array_join": ListFunction(_joined, (0, 1), gives_list=True),
    "array_slice": ListFunction(_slice, gives_list=True),
    "array_fill": ListFunction(_filled, (1,), gives_list=True),
}
"""Array functions for variables, whose arrays are lists."""


def function_named(name: str) -> Function:
    """A function by the name that compiled routines know it by."""
    if name.startswith("list_") and name[5:] in LIST_FUNCTIONS:
        return LIST_FUNCTIONS[name[5:]].function
    return _COMPILERS[name] if name in _COMPILERS else PLAIN_FUNCTIONS[name]


_COMPILERS: Mapping[str, Function] = {
    "element_set": element_set,
    "list_of": list_of,
    "text_of": text_of,
    "row_of": row_of,
    "copied": lambda elements: None if elements is None else [*elements],
}


ALWAYS_GIVE = frozenset(
    {"array_element", "array_length", "array_lower", "array_size", "coalesce", "text_left", "text_right"}
    | {"cast_integer_text", "cast_integer_numeric", "decimal_of"}
)
"""Functions that fail for no arguments of the right types."""
