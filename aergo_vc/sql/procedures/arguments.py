"""Arguments of signed calls: canonical values, taken in the form that variables keep."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from aergo_vc.model.routines import Parameter
from aergo_vc.model.transactions import Argument
from aergo_vc.model.types import ColumnType, Kind, Value
from aergo_vc.sql.errors import DATATYPE_MISMATCH, INVALID_TEXT, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.types.numbers import MAXIMUM, fit_integer
from aergo_vc.sql.types.values import INTEGERS, NUMERIC, ROWS, encoder, finite, value_from_text

Reader = Callable[[Argument], Any]


def kept_arguments(
    name: str, parameters: Sequence[Parameter], readers: Sequence[Reader], arguments: Sequence[Argument]
) -> list[Any]:
    """The arguments as variables of the parameters keep them; raises SqlError 42883, 22P02, 22003, 42804.

    `readers` are the parameters' own (`reader_of`).
    """
    if len(arguments) > len(parameters):
        raise SqlError(UNDEFINED_FUNCTION, f"{name} takes {len(parameters)} arguments, not {len(arguments)}")
    try:
        return [
            None if argument is None else read(argument) for argument, read in zip(arguments, readers, strict=False)
        ]
    except SqlError as error:
        place = next(at for at, one in enumerate(arguments) if one is not None and _fails(parameters[at].type, one))
        error.facts["parameter"] = parameters[place].name or str(place + 1)
        raise


def _fails(column_type: ColumnType, argument: Argument) -> bool:
    try:
        _reader(column_type)(argument)
    except SqlError:
        return True
    return False


_SHORT_NUMERIC = re.compile(r"(-?)(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")


def reader_of(parameter: Parameter) -> Reader:
    """What makes a value as a variable keeps it of a canonical one that is not NULL."""
    return _reader(parameter.type)


@functools.lru_cache(maxsize=256)
def _reader(column_type: ColumnType) -> Reader:
    if column_type.kind in ROWS:
        return _refusal(column_type.element if column_type.is_array else column_type)
    if column_type.is_array:
        element = _reader(column_type.element)

        def read_array(value: Argument) -> list[Any]:
            if not isinstance(value, (tuple, list)):
                raise SqlError(DATATYPE_MISMATCH, f"an array is expected for type {column_type}")
            return [None if one is None else element(one) for one in value]

        return read_array
    if column_type.kind in INTEGERS:
        return _integer_reader(column_type)
    if column_type == NUMERIC:
        return _read_numeric
    return lambda value: _checked(value, column_type)


def _refusal(column_type: ColumnType) -> Reader:
    def refuse(_value: Argument) -> Any:  # noqa: ANN401
        raise SqlError(DATATYPE_MISMATCH, f"a value of type {column_type} cannot be given to a call")

    return refuse


def _integer_reader(column_type: ColumnType) -> Reader:
    top = MAXIMUM[column_type.kind]

    def read(value: Argument) -> Any:  # noqa: ANN401
        if value.__class__ is int and -top <= value <= top:
            return value
        return _checked(value, column_type)

    return read


def _read_numeric(value: Argument) -> Any:  # noqa: ANN401
    """A numeric is kept as it is spelled; most have few digits."""
    if isinstance(value, str) and (match := _SHORT_NUMERIC.fullmatch(value)) and (not match[1] or value.strip("-0.")):
        return value
    return _checked(value, NUMERIC)


def _checked(value: Argument, column_type: ColumnType) -> Any:  # noqa: ANN401
    """A value whose spelling is compared with the one and only."""
    canonical = _canonical(value, column_type)
    if canonical is None or type(canonical) is not type(value) or canonical != value:
        raise SqlError(INVALID_TEXT, f'value "{str(value)[:100]}" is not a canonical {column_type}')
    encode = encoder(column_type)
    return canonical if encode is None else encode(canonical)


def _canonical(value: Argument, column_type: ColumnType) -> Value:
    if isinstance(value, str):
        return None if column_type.kind in _UNSPELLED else value_from_text(value, column_type)
    if isinstance(value, bool):
        return value if column_type.kind is Kind.BOOLEAN else None
    if isinstance(value, int):
        return fit_integer(value, column_type.kind) if column_type.kind in INTEGERS else None
    if isinstance(value, float):
        return finite(value) if column_type.kind in (Kind.DOUBLE, Kind.REAL) else None
    return None


_UNSPELLED = INTEGERS | {Kind.BOOLEAN, Kind.DOUBLE, Kind.REAL}
"""Kinds whose canonical values are no texts."""
