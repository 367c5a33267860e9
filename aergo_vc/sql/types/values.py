"""Values of each type: how text is read, how types are cast, how values are kept in SQLite.

In SQLite integers, booleans (0, 1) and numeric(p,s) up to 18 digits (times 10**s) are INTEGER, double precision is
REAL, all else is TEXT in the spelling of model/types.py.  Text therefore compares by code point.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from aergo_vc.model.floats import single
from aergo_vc.model.json_text import BadJson, Number, is_json, json_kind, jsonb_text, parse_json
from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind, Value
from aergo_vc.sql.errors import (
    INVALID_PARAMETER,
    INVALID_TEXT,
    LIMIT_EXCEEDED,
    NOT_IN_REPERTOIRE,
    OUT_OF_RANGE,
    TOO_LONG,
    SqlError,
)
from aergo_vc.sql.types import moments, numbers
from aergo_vc.sql.types.intervals import interval_from_text, interval_of_time, time_of_interval

SCALED_PRECISION = 18
"""Greatest precision of a numeric column that is kept as a scaled integer."""

TEXTS = frozenset({Kind.TEXT, Kind.VARCHAR, Kind.CHAR})
MOMENTS = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
INTEGERS = frozenset(INTEGER_BITS)
ROWS = (Kind.COMPOSITE, Kind.RECORD)

TEXT = ColumnType(Kind.TEXT)
BOOLEAN = ColumnType(Kind.BOOLEAN)
INTEGER = ColumnType(Kind.INTEGER)
BIGINT = ColumnType(Kind.BIGINT)
NUMERIC = ColumnType(Kind.NUMERIC)
DOUBLE = ColumnType(Kind.DOUBLE)
REAL = ColumnType(Kind.REAL)
DATE = ColumnType(Kind.DATE)
TIME = ColumnType(Kind.TIME)
TIMESTAMP = ColumnType(Kind.TIMESTAMP)
TIMESTAMPTZ = ColumnType(Kind.TIMESTAMPTZ)
INTERVAL = ColumnType(Kind.INTERVAL)
JSONB = ColumnType(Kind.JSONB)

_BLANKS = " \t\n\r\f\v"
_TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})
_UUID = re.compile(r"\{?([0-9a-f]{4}(?:-?[0-9a-f]{4}){7})\}?")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_BYTEA = re.compile(r"\\x[0-9a-fA-F]*")


def _invalid(kind: str, text: str) -> SqlError:
    return SqlError(INVALID_TEXT, f'invalid input syntax for type {kind}: "{text[:100]}"')


def boolean_from_text(text: str) -> bool:
    """One of the words that PostgreSQL takes for true or false."""
    word = text.strip(_BLANKS).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _invalid("boolean", text)


def uuid_from_text(text: str) -> str:
    """A UUID with or without hyphens and braces, in its canonical spelling."""
    match = _UUID.fullmatch(text.lower())
    if match is None:
        raise _invalid("uuid", text)
    digits = match[1].replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def bytea_from_text(text: str) -> str:
    """The hexadecimal form alone is read."""
    if _BYTEA.fullmatch(text) is None:
        raise _invalid("bytea", text)
    if len(text) % 2:
        raise SqlError(INVALID_PARAMETER, "invalid hexadecimal data: odd number of digits")
    return text.lower()


def finite(value: float) -> float:
    """`value` with one zero, or error 22003 where IEEE 754 would give NaN or infinity."""
    if math.isfinite(value):
        return value + 0.0
    raise SqlError(OUT_OF_RANGE, "value out of range: overflow or not a number")


def double_from_text(text: str) -> float:
    """The nearest binary64 value; NaN, infinity and overflow are refused."""
    stripped = text.strip(_BLANKS)
    if len(stripped) > 2_000 or _DOUBLE.fullmatch(stripped) is None:  # noqa: PLR2004
        raise _invalid("double precision", text)
    value = float(stripped)
    if math.isinf(value):
        raise SqlError(OUT_OF_RANGE, f'"{stripped[:100]}" is out of range for type double precision')
    return finite(value)


def to_real(value: float) -> float:
    """A finite value rounded to 32 bits; error 22003 where it is too large, or too small for any but zero."""
    found = single(value)
    if math.isinf(found) or (found == 0 and value != 0):
        raise SqlError(OUT_OF_RANGE, f"value out of range: {'overflow' if found else 'underflow'}")
    return found + 0.0


def real_from_text(text: str) -> float:
    """The nearest value of 32 bits."""
    try:
        return to_real(double_from_text(text))
    except SqlError as error:
        if error.sqlstate == OUT_OF_RANGE:
            raise SqlError(OUT_OF_RANGE, f'"{text.strip()[:100]}" is out of range for type real') from None
        raise _invalid("real", text) from None


def json_from_text(text: str) -> str:
    """A json value: the text itself, checked."""
    if not is_json(text):
        raise SqlError(INVALID_TEXT, "invalid input syntax for type json")
    return text


def jsonb_from_text(text: str) -> str:
    """A jsonb value in its own spelling."""
    try:
        found = jsonb_text(parse_json(text))
    except BadJson:
        raise SqlError(INVALID_TEXT, "invalid input syntax for type json") from None
    return limited_text(found)


TEXT_BYTES = 65_536
"""No text within the engine may take more bytes (threat G09)."""


def limited_text(text: str) -> str:
    """`text`, or SqlError 54000 if it is too long."""
    if len(text) * 4 > TEXT_BYTES and len(text.encode()) > TEXT_BYTES:
        raise SqlError(LIMIT_EXCEEDED, f"a text of {len(text)} characters is too long")
    return text


def storable_text(text: str) -> str:
    """`text` if it may be stored: no NUL, no lone surrogates."""
    if "\0" in text:
        raise SqlError(NOT_IN_REPERTOIRE, "invalid text: it holds a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SqlError(NOT_IN_REPERTOIRE, "invalid text: it holds a lone surrogate") from None
    return text


def fit_length(text: str, length: int, kind: Kind) -> str:
    """`text` for a column of limited length: blanks beyond it are dropped, anything else is error 22001."""
    if kind is Kind.CHAR:
        text = text.rstrip(" ")
    if len(text) <= length:
        return text
    if text[length:].strip(" "):
        name = "character varying" if kind is Kind.VARCHAR else "character"
        raise SqlError(TOO_LONG, f"value too long for type {name}({length})")
    return text[:length].rstrip(" ") if kind is Kind.CHAR else text[:length]


_READERS: dict[Kind, Callable[[str], Any]] = {
    **{kind: lambda text, kind=kind: numbers.integer_from_text(text, kind) for kind in INTEGER_BITS},  # type: ignore[misc]
    Kind.NUMERIC: numbers.decimal_from_text,
    Kind.BOOLEAN: boolean_from_text,
    Kind.TEXT: storable_text,
    Kind.VARCHAR: storable_text,
    Kind.CHAR: lambda text: storable_text(text).rstrip(" "),
    Kind.DATE: moments.date_from_text,
    Kind.TIME: moments.time_from_text,
    Kind.TIMESTAMP: moments.timestamp_from_text,
    Kind.TIMESTAMPTZ: moments.timestamptz_from_text,
    Kind.UUID: uuid_from_text,
    Kind.BYTEA: bytea_from_text,
    Kind.DOUBLE: double_from_text,
    Kind.REAL: real_from_text,
    Kind.INTERVAL: interval_from_text,
    Kind.JSON: json_from_text,
    Kind.JSONB: jsonb_from_text,
    Kind.ENUM: storable_text,
}


def value_from_text(text: str, column_type: ColumnType) -> Value:
    """What PostgreSQL's input function reads, with the type's modifiers applied as by an assignment."""
    value: Value = _READERS[column_type.kind](text)
    return apply_modifiers(value, column_type)


def apply_modifiers(value: Value, column_type: ColumnType) -> Value:
    """Length and precision, as by an assignment."""
    if value is None:
        return None
    if column_type.length is not None and isinstance(value, str):
        return fit_length(value, column_type.length, column_type.kind)
    if column_type.precision is not None and isinstance(value, str):
        return numbers.fit_decimal(value, column_type.precision, column_type.scale or 0)
    return value


def is_scaled(column_type: ColumnType) -> bool:
    """Whether values of the type are kept as scaled integers."""
    return (
        column_type.kind is Kind.NUMERIC
        and column_type.precision is not None
        and column_type.precision <= SCALED_PRECISION
    )


def encoder(column_type: ColumnType) -> Callable[[Any], Value] | None:
    """A function from canonical values, None aside, to kept ones; None if they are the same.  Not for arrays."""
    if column_type.kind is Kind.BOOLEAN:
        return int
    if not is_scaled(column_type):
        return None
    scale = column_type.scale or 0
    return lambda value: numbers.scaled_exact(value, scale)


def decoder(column_type: ColumnType, scale: int | None) -> Callable[[Any], Value] | None:
    """A function from kept values, None aside, to canonical ones; None if they are the same.  Not for arrays."""
    if column_type.kind is Kind.BOOLEAN:
        return bool
    if scale is None:
        return None
    return lambda value: numbers.unscaled_text(value, scale)


def storage_scale(column_type: ColumnType) -> int | None:
    """The power of ten by which kept values are multiplied; None for types that are not scaled."""
    return (column_type.scale or 0) if is_scaled(column_type) else None


Cast = Callable[[Any], Any]


def _text_casts() -> dict[tuple[Kind, Kind], Cast]:
    casts: dict[tuple[Kind, Kind], Cast] = {}
    for kind, reader in _READERS.items():
        if kind not in TEXTS and kind is not Kind.ENUM:
            casts[Kind.TEXT, kind] = reader
        if kind in INTEGERS:
            casts[kind, Kind.TEXT] = str
    for kind in (Kind.NUMERIC, *MOMENTS, Kind.UUID, Kind.BYTEA, Kind.INTERVAL, Kind.JSON, Kind.JSONB, Kind.ENUM):
        casts[kind, Kind.TEXT] = str
    casts[Kind.BOOLEAN, Kind.TEXT] = lambda value: "true" if value else "false"
    casts[Kind.TEXT, Kind.BOOLEAN] = lambda text: int(boolean_from_text(text))
    return casts


def _number_casts() -> dict[tuple[Kind, Kind], Cast]:
    casts: dict[tuple[Kind, Kind], Cast] = {
        (Kind.INTEGER, Kind.BOOLEAN): lambda value: int(value != 0),
        (Kind.BOOLEAN, Kind.INTEGER): int,
        (Kind.NUMERIC, Kind.DOUBLE): double_from_text,
        (Kind.NUMERIC, Kind.REAL): real_from_text,
        (Kind.DOUBLE, Kind.REAL): to_real,
        (Kind.REAL, Kind.DOUBLE): float,
    }
    for kind in INTEGER_BITS:
        for wider in INTEGER_BITS:
            casts[kind, wider] = lambda value, wider=wider: numbers.fit_integer(value, wider)  # type: ignore[misc]
        casts[kind, Kind.NUMERIC] = str
        casts[kind, Kind.DOUBLE] = float
        casts[kind, Kind.REAL] = lambda value: to_real(float(value))
        casts[Kind.REAL, kind] = lambda value, kind=kind: numbers.fit_integer(round(value), kind)  # type: ignore[misc]
        casts[Kind.NUMERIC, kind] = lambda value, kind=kind: numbers.integer_from_decimal(value, kind)  # type: ignore[misc]
        casts[Kind.DOUBLE, kind] = lambda value, kind=kind: numbers.fit_integer(round(value), kind)  # type: ignore[misc]
    return casts


def _moment_casts() -> dict[tuple[Kind, Kind], Cast]:
    return {
        (Kind.DATE, Kind.TIMESTAMP): lambda value: value + " 00:00:00",
        (Kind.DATE, Kind.TIMESTAMPTZ): lambda value: value + " 00:00:00+00",
        (Kind.TIMESTAMP, Kind.DATE): lambda value: value[:10],
        (Kind.TIMESTAMP, Kind.TIME): lambda value: value[11:],
        (Kind.TIMESTAMP, Kind.TIMESTAMPTZ): lambda value: value + "+00",
        (Kind.TIMESTAMPTZ, Kind.DATE): lambda value: value[:10],
        (Kind.TIMESTAMPTZ, Kind.TIME): lambda value: value[11:-3],
        (Kind.TIMESTAMPTZ, Kind.TIMESTAMP): lambda value: value[:-3],
    }


def _interval_casts() -> dict[tuple[Kind, Kind], Cast]:
    return {
        (Kind.TIME, Kind.INTERVAL): interval_of_time,
        (Kind.INTERVAL, Kind.TIME): time_of_interval,
        (Kind.JSON, Kind.JSONB): jsonb_from_text,
        (Kind.JSONB, Kind.JSON): str,
        (Kind.JSONB, Kind.BOOLEAN): lambda text: int(_of_jsonb(text, bool, "boolean")),
        (Kind.JSONB, Kind.NUMERIC): lambda text: numbers.decimal_from_text(_of_jsonb(text, Number, "numeric")),
        **{(Kind.JSONB, kind): _integer_of_jsonb(kind) for kind in INTEGER_BITS},
    }


def _integer_of_jsonb(kind: Kind) -> Cast:
    return lambda text: numbers.integer_from_decimal(
        numbers.decimal_from_text(_of_jsonb(text, Number, kind.value)), kind
    )


def _of_jsonb(text: str, wanted: type, name: str) -> Any:  # noqa: ANN401
    value = parse_json(text)
    if type(value) is not wanted:
        raise SqlError(INVALID_PARAMETER, f"cannot cast jsonb {json_kind(value)} to type {name}")
    return value


CASTS: dict[tuple[Kind, Kind], Cast] = {
    **_text_casts(), **_number_casts(), **_moment_casts(), **_interval_casts()
}  # fmt: skip
"""Casts between unlike kinds, on kept values, numeric as text.  Double precision to numeric or to text is left out: its
result hangs on how floats are formatted."""

_WIDENINGS = (
    (Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.REAL, Kind.DOUBLE),
    (Kind.TIME, Kind.INTERVAL),
    (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ),
)


def is_implicit(source: Kind, target: Kind) -> bool:
    """Whether PostgreSQL converts `source` to `target` in any expression."""
    if source is target or (source in TEXTS and target in TEXTS):
        return True
    return any(
        source in chain and target in chain and chain.index(source) < chain.index(target) for chain in _WIDENINGS
    )


def is_assignable(source: Kind, target: Kind) -> bool:
    """Whether PostgreSQL converts `source` to `target` when a value is stored in a column."""
    if is_implicit(source, target) or target in TEXTS:
        return True
    numeric = INTEGERS | {Kind.NUMERIC, *FLOATS}
    if source in numeric and target in numeric:
        return True
    if {source, target} in ({Kind.JSON, Kind.JSONB}, {Kind.TIME, Kind.INTERVAL}):
        return True
    return source in MOMENTS and target in MOMENTS and (source, target) in CASTS
