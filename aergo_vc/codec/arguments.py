"""Values that go into routines and come out of them, as JSON: as in a row of a table, and arrays as arrays."""

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.canonical_json import JsonValue
from aergo_vc.model.transactions import Argument


def json_of(argument: Argument) -> JsonValue:
    """A value as JSON."""
    return [json_of(element) for element in argument] if isinstance(argument, tuple) else argument


def argument_of(value: JsonValue) -> Argument:
    """The value that JSON stands for; raises FormatError for an object."""
    if isinstance(value, list):
        return tuple(map(argument_of, value))
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise FormatError("a routine's value must not be an object")
