"""Arguments of a signed call: what a caller gave, as the values of the routine's parameters."""

from collections.abc import Mapping, Sequence

from aergo_vc.model.routines import EnumType, Parameter, Routine
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Argument
from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import (
    DATATYPE_MISMATCH,
    INVALID_TEXT,
    SYNTAX,
    UNDEFINED_FUNCTION,
    UNDEFINED_PARAMETER,
    UNSUPPORTED,
    SqlError,
)
from aergo_vc.sql.types.arrays import canonical_elements, elements_from_text, type_code
from aergo_vc.sql.types.values import value_from_text


def argument_values(
    catalog: Catalog, routine: Routine, positional: Sequence[Argument], named: Mapping[str, Argument]
) -> tuple[Argument, ...]:
    """The values of the parameters, in order, as far as the last one given.

    A text is read as PostgreSQL reads it for the parameter's type; a number, a truth value or an array must be one of
    the type's own.  Raises SqlError 42883, 42P02, 22P02 and their like.
    """
    inputs = routine.inputs
    if len(positional) > len(inputs):
        raise SqlError(UNDEFINED_FUNCTION, f"{routine.name} takes {len(inputs)} arguments, not {len(positional)}")
    given = dict(enumerate(positional))
    for name, value in named.items():
        place = next((at for at, one in enumerate(inputs) if one.name == name), None)
        if place is None:
            raise SqlError(UNDEFINED_PARAMETER, f'{routine.name} has no parameter "{name}"')
        if place in given:
            raise SqlError(SYNTAX, f'argument "{name}" of {routine.name} is given twice')
        given[place] = value
    count = max(given, default=-1) + 1
    for place, parameter in enumerate(inputs):
        _require(routine, parameter, given=place in given, inside=place < count)
    return tuple(argument_value(catalog, inputs[place], given[place]) for place in range(count))


def argument_value(catalog: Catalog, parameter: Parameter, given: Argument) -> Argument:
    """The value of one parameter; raises SqlError."""
    if given is None:
        return None
    wanted = parameter.type
    if wanted.kind in (Kind.COMPOSITE, Kind.RECORD):
        raise SqlError(UNSUPPORTED, f'argument "{parameter.name}" of type {wanted} in a call is not supported')
    if not wanted.is_array:
        return _scalar(catalog, wanted, given)
    element = wanted.element
    if isinstance(given, str):
        return tuple(canonical_elements(elements_from_text(given, element), type_code(element)))
    if not isinstance(given, tuple):
        raise _mismatch(given, wanted)
    return tuple(None if one is None else _scalar(catalog, element, one) for one in given)


def _require(routine: Routine, parameter: Parameter, *, given: bool, inside: bool) -> None:
    """Defaults stand for arguments at the end alone, since a call lists what it gives in order."""
    if not given and parameter.default is None:
        raise SqlError(UNDEFINED_FUNCTION, f'{routine.name} needs an argument for "{parameter.name}"')
    if not given and inside:
        message = f'argument "{parameter.name}" of {routine.name} must be given where a later one is'
        raise SqlError(UNSUPPORTED, message)


def _scalar(catalog: Catalog, wanted: ColumnType, given: Argument) -> Argument:
    if wanted.kind is Kind.ENUM and isinstance(given, str):
        return _label(catalog, wanted, given)
    if isinstance(given, str):
        return value_from_text(given, wanted)
    if isinstance(given, bool):
        if wanted.kind is Kind.BOOLEAN:
            return given
    elif isinstance(given, int) and wanted.kind in (*INTEGER_BITS, Kind.NUMERIC, *FLOATS):
        return value_from_text(str(given), wanted)
    elif isinstance(given, float) and wanted.kind in FLOATS:
        return value_from_text(repr(given), wanted)
    raise _mismatch(given, wanted)


def _label(catalog: Catalog, wanted: ColumnType, given: str) -> str:
    defined = catalog.types.get(wanted.name or "")
    if isinstance(defined, EnumType) and given in defined.labels:
        return given
    raise SqlError(INVALID_TEXT, f'invalid input value for enum {wanted.name}: "{given[:100]}"')


def _mismatch(given: Argument, wanted: ColumnType) -> SqlError:
    return SqlError(DATATYPE_MISMATCH, f"{type(given).__name__} is no value of type {wanted}")
