"""Sequences as the options of a definition make them."""

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Sequence
from aergo_vc.model.types import INTEGER_BITS, Kind
from aergo_vc.sql.errors import INVALID_PARAMETER, SqlError
from aergo_vc.sql.procedures.own_statements import SequenceOptions

_KINDS = {
    "smallint": Kind.SMALLINT, "int2": Kind.SMALLINT, "integer": Kind.INTEGER, "int": Kind.INTEGER,
    "int4": Kind.INTEGER, "bigint": Kind.BIGINT, "int8": Kind.BIGINT,
}  # fmt: skip


def made_sequence(name: TableName, options: SequenceOptions, kind: Kind = Kind.BIGINT) -> Sequence:
    """A sequence of these options; raises SqlError 22023 where they contradict each other."""
    if options.type is not None:
        found = None if options.type.name is None else _KINDS.get(options.type.name.text.lower())
        if found is None:
            raise SqlError(INVALID_PARAMETER, "sequence type must be smallint, integer, or bigint")
        kind = found
    top = (1 << INTEGER_BITS[kind] - 1) - 1
    increment = 1 if options.increment is None else options.increment
    if increment == 0:
        raise SqlError(INVALID_PARAMETER, "INCREMENT must not be zero")
    minimum = options.minimum if options.minimum is not None else 1 if increment > 0 else -top - 1
    maximum = options.maximum if options.maximum is not None else top if increment > 0 else -1
    start = options.start if options.start is not None else minimum if increment > 0 else maximum
    return checked_sequence(Sequence(name, start, increment, minimum, maximum), top)


def checked_sequence(sequence: Sequence, top: int = (1 << 63) - 1) -> Sequence:
    """The sequence, if it makes sense; raises SqlError 22023."""
    for word, value in (("MINVALUE", sequence.minimum), ("MAXVALUE", sequence.maximum)):
        if not -top - 1 <= value <= top:
            raise SqlError(INVALID_PARAMETER, f"{word} ({value}) is out of range for sequence data type")
    if sequence.minimum >= sequence.maximum:
        message = f"MINVALUE ({sequence.minimum}) must be less than MAXVALUE ({sequence.maximum})"
        raise SqlError(INVALID_PARAMETER, message)
    if sequence.start < sequence.minimum:
        message = f"START value ({sequence.start}) cannot be less than MINVALUE ({sequence.minimum})"
        raise SqlError(INVALID_PARAMETER, message)
    if sequence.start > sequence.maximum:
        message = f"START value ({sequence.start}) cannot be greater than MAXVALUE ({sequence.maximum})"
        raise SqlError(INVALID_PARAMETER, message)
    return sequence


def uses(default: str, name: TableName) -> bool:
    """Whether a default takes numbers from a sequence."""
    return f"('{name}')" in default
