"""The functions that compiled routines call: those of the language, under SQLite's names, and a few of the compiler's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aergo_vc.model.types import Kind
from aergo_vc.sql import numbers
from aergo_vc.sql.runtime import scalar_functions

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ListFunction:
    """An array function as it works on lists; `gives_list` says that its result is an array too."""

    function: Function
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

LIST_FUNCTIONS: Mapping[str, ListFunction] = {}
"""Array functions for variables, whose arrays are lists."""
