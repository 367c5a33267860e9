"""Exact numbers: integers of fixed width, and decimals with PostgreSQL's scales.

A decimal is canonical text (model/types.py).  Rounding is half away from zero.  Scales follow PostgreSQL's numeric:
sums keep the greater, products add up, quotients have at least 16 significant digits (its ``select_div_scale``).
"""

import math
import re
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DivisionByZero, Overflow

from aergo_vc.model.types import INTEGER_BITS, Kind
from aergo_vc.sql.errors import DIVISION_BY_ZERO, INVALID_TEXT, OUT_OF_RANGE, SqlError

DIGITS = 1000
"""Digits that a decimal may have before its point, and behind it."""

_CONTEXT = Context(prec=4 * DIGITS, rounding=ROUND_HALF_UP, Emin=-(10**6), Emax=10**6, traps=[Overflow, DivisionByZero])
_DECIMAL_TEXT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_INTEGER_TEXT = re.compile(r"([+-]?)0*([0-9]+)")

MAXIMUM = {kind: (1 << bits - 1) - 1 for kind, bits in INTEGER_BITS.items()}
"""The greatest value of each integer kind; the least is one further from zero."""

_SHORT = 100
"""Characters up to which reckoning with integers is faster than with decimals."""


def fit_integer(value: int, kind: Kind) -> int:
    """`value` if it is in the kind's range, else error 22003."""
    if -MAXIMUM[kind] - 1 <= value <= MAXIMUM[kind]:
        return value
    raise SqlError(OUT_OF_RANGE, f"{kind.value} out of range")


def integer_from_text(text: str, kind: Kind) -> int:
    """What PostgreSQL's input function of the kind reads; the length is looked at before the digits are."""
    match = _INTEGER_TEXT.fullmatch(text.strip(" \t\n\r\f\v"))
    if match is None:
        raise SqlError(INVALID_TEXT, f'invalid input syntax for type {kind.value}: "{text[:100]}"')
    if len(match[2]) <= 19:  # noqa: PLR2004 - digits of 2**63
        value = int(match[1] + match[2])
        if -MAXIMUM[kind] - 1 <= value <= MAXIMUM[kind]:
            return value
    raise SqlError(OUT_OF_RANGE, f'value "{text[:100]}" is out of range for type {kind.value}')


def divide_integers(left: int, right: int) -> int:
    """Quotient truncated towards zero."""
    if right == 0:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def remainder_integers(left: int, right: int) -> int:
    """Remainder with the sign of the dividend."""
    if right == 0:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def scale_of(text: str) -> int:
    """Digits behind the point."""
    point = text.find(".")
    return 0 if point < 0 else len(text) - point - 1


def decimal_text(value: Decimal) -> str:
    """Canonical text of a finite decimal that has its scale as exponent."""
    if value.adjusted() >= DIGITS and value:
        raise SqlError(OUT_OF_RANGE, "value overflows numeric format")
    text = format(value, "f")
    if scale_of(text) > DIGITS:
        text = format(_quantize(value, DIGITS), "f")
    return text[1:] if text[0] == "-" and not value else text


def _quantize(value: Decimal, scale: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    if value and value.adjusted() >= DIGITS:
        raise SqlError(OUT_OF_RANGE, "value overflows numeric format")
    return value.quantize(Decimal((0, (1,), -scale)), rounding=rounding, context=_CONTEXT)


def decimal_from_text(text: str) -> str:
    """What PostgreSQL's numeric_in reads, in canonical spelling; NaN and infinity are refused."""
    stripped = text.strip(" \t\n\r\f\v")
    if _DECIMAL_TEXT.fullmatch(stripped) is None:
        raise SqlError(INVALID_TEXT, f'invalid input syntax for type numeric: "{text[:100]}"')
    if len(stripped) > 2 * DIGITS + 10:
        raise SqlError(OUT_OF_RANGE, "value overflows numeric format")
    value = Decimal(stripped)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        value = _quantize(value, 0)
    return decimal_text(value)


def add(left: str, right: str) -> str:
    """Sum, at the greater of both scales."""
    return decimal_text(_CONTEXT.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    """Difference, at the greater of both scales."""
    return decimal_text(_CONTEXT.subtract(Decimal(left), Decimal(right)))


def multiply(left: str, right: str) -> str:
    """Product, at the sum of both scales."""
    if len(left) + len(right) < _SHORT:
        product = int(left.replace(".", "")) * int(right.replace(".", ""))
        return unscaled_text(product, scale_of(left) + scale_of(right))
    return decimal_text(_CONTEXT.multiply(Decimal(left), Decimal(right)))


def _leading(value: Decimal) -> tuple[int, int]:
    """Weight and value of the first non-zero digit to base 10,000, as PostgreSQL stores numbers."""
    if not value:
        return 0, 0
    weight = value.adjusted() // 4
    digits = value.as_tuple().digits
    places = value.adjusted() - 4 * weight + 1
    first = digits[:places] + (0,) * (places - len(digits))
    return weight, int("".join(map(str, first)))


def _quotient_scale(left: Decimal, right: Decimal, least: int) -> int:
    left_weight, left_first = _leading(left)
    right_weight, right_first = _leading(right)
    weight = left_weight - right_weight - (left_first <= right_first)
    return min(max(16 - 4 * weight, least), DIGITS)


def divide(left: str, right: str) -> str:
    """Quotient at the scale that PostgreSQL selects; raises SqlError 22012."""
    dividend, divisor = Decimal(left), Decimal(right)
    if not divisor:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    scale = _quotient_scale(dividend, divisor, max(scale_of(left), scale_of(right)))
    return _divide_to_scale(dividend, divisor, scale)


def _divide_to_scale(dividend: Decimal, divisor: Decimal, scale: int) -> str:
    """The quotient of two exact numbers, rounded once."""
    numerator, denominator = dividend.as_integer_ratio()
    numerator_2, denominator_2 = divisor.as_integer_ratio()
    top = abs(numerator * denominator_2) * 10**scale
    bottom = abs(denominator * numerator_2)
    quotient, rest = divmod(top, bottom)
    quotient += 2 * rest >= bottom
    negative = (dividend < 0) != (divisor < 0)
    return unscaled_text(-quotient if negative else quotient, scale)


def quotient(left: str, right: str) -> str:
    """The whole part of a quotient, cut towards zero; raises SqlError 22012."""
    scale = max(scale_of(left), scale_of(right))
    whole = divide_integers(scaled_exact(left, scale), scaled_exact(right, scale))
    return decimal_text(Decimal(whole))


def greatest_divisor(left: str, right: str) -> str:
    """Greatest common divisor, at the greater of both scales."""
    scale = max(scale_of(left), scale_of(right))
    return unscaled_text(math.gcd(scaled_exact(left, scale), scaled_exact(right, scale)), scale)


def least_multiple(left: str, right: str) -> str:
    """Least common multiple, at the greater of both scales."""
    scale = max(scale_of(left), scale_of(right))
    multiple = math.lcm(scaled_exact(left, scale), scaled_exact(right, scale))
    return decimal_text(Decimal(unscaled_text(multiple, scale)))


def shifted_left(value: int, places: int, bits: int) -> int:
    """The two's complement of `bits` shifted; `places` count modulo its width, as on the processors of PostgreSQL."""
    half = 1 << bits - 1
    return ((value << _places(places, bits)) + half) % (2 * half) - half


def shifted_right(value: int, places: int, bits: int) -> int:
    """The same to the right, the sign kept."""
    return value >> _places(places, bits)


def _places(places: int, bits: int) -> int:
    return places % max(bits, INTEGER_BITS[Kind.INTEGER])


def remainder(left: str, right: str) -> str:
    """Remainder with the sign of the dividend, at the greater of both scales; raises SqlError 22012."""
    divisor = Decimal(right)
    if not divisor:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    value = _CONTEXT.remainder(Decimal(left), divisor)
    return decimal_text(_quantize(value, max(scale_of(left), scale_of(right))))


def mean(total: str, count: int) -> str:
    """`total` over `count`, as a quotient."""
    return divide(total, str(count))


def negate(value: str) -> str:
    """The value with its sign turned; there is no -0."""
    if value.startswith("-"):
        return value[1:]
    return value if not Decimal(value) else "-" + value


def absolute(value: str) -> str:
    """The value without its sign."""
    return value.removeprefix("-")


def sign(value: str) -> str:
    """-1, 0 or 1."""
    return "-1" if value.startswith("-") else "1" if Decimal(value) else "0"


def rounded(value: str, places: int) -> str:
    """The value rounded to `places` behind the point, or in front of it where negative."""
    cut = scale_of(value) - places
    if len(value) < _SHORT and cut > 0 and places >= 0:
        whole, rest = divmod(abs(int(value.replace(".", ""))), 10**cut)
        nearest = whole + (2 * rest >= 10**cut)
        return unscaled_text(-nearest if value[0] == "-" else nearest, places)
    return _to_places(value, places, ROUND_HALF_UP)


def truncated(value: str, places: int) -> str:
    """The value cut to `places` behind the point, or in front of it where negative."""
    return _to_places(value, places, ROUND_DOWN)


def _to_places(value: str, places: int, rounding: str) -> str:
    kept = _quantize(Decimal(value), max(-DIGITS, min(places, DIGITS)), rounding)
    return decimal_text(kept if places >= 0 else _quantize(kept, 0))


def ceiling(value: str) -> str:
    """The least whole number that is not smaller."""
    return decimal_text(_quantize(Decimal(value), 0, ROUND_CEILING))


def floor(value: str) -> str:
    """The greatest whole number that is not greater."""
    return decimal_text(_quantize(Decimal(value), 0, ROUND_FLOOR))


def trimmed(value: str) -> str:
    """`value` without trailing zeros behind the point: one spelling for equal numbers."""
    return value.rstrip("0").rstrip(".") if "." in value else value


def compare(left: str, right: str) -> int:
    """Negative, zero or positive, as `left` is less than, equal to or greater than `right`."""
    if left == right:
        return 0
    first, second = Decimal(left), Decimal(right)
    return (first > second) - (first < second)


def fit_decimal(value: str, precision: int, scale: int) -> str:
    """`value` rounded to numeric(precision,scale), or error 22003."""
    number = Decimal(value)
    kept = _quantize(number, scale) if number.adjusted() <= DIGITS else number
    if kept and kept.adjusted() >= precision - scale:
        raise SqlError(OUT_OF_RANGE, f"numeric field overflow: {value[:60]} does not fit numeric({precision},{scale})")
    return decimal_text(kept)


def scaled(value: str, precision: int, scale: int) -> int:
    """The integer ``value * 10**scale`` after rounding to numeric(precision,scale), or error 22003."""
    return scaled_exact(fit_decimal(value, precision, scale), scale)


def scaled_exact(value: str, scale: int) -> int:
    """The integer ``value * 10**scale`` of a canonical decimal with at most that scale."""
    factor: int = 10 ** (scale - scale_of(value))
    return int(value.replace(".", "")) * factor


def unscaled_text(value: int, scale: int) -> str:
    """Canonical text of ``value / 10**scale``."""
    if scale == 0:
        return str(value)
    digits = str(value)
    if len(digits) > scale and digits[0] != "-":
        return f"{digits[:-scale]}.{digits[-scale:]}"
    digits = digits.removeprefix("-").rjust(scale + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def integer_from_decimal(value: str, kind: Kind) -> int:
    """The nearest integer, or error 22003."""
    return fit_integer(int(_quantize(Decimal(value), 0)), kind)
