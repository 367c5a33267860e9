"""Decimals by way of integers, beside Python's own."""

from decimal import ROUND_HALF_UP, Context, Decimal

from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.sql.types import numbers

_EXACT = Context(prec=500)
_DECIMALS = st.builds(numbers.unscaled_text, st.integers(-(10**70), 10**70), st.integers(0, 40))


def _text(value: Decimal) -> str:
    text = format(value, "f")
    return text.removeprefix("-") if not value else text


@given(_DECIMALS, _DECIMALS)
def test_a_product_is_exact(left: str, right: str) -> None:
    assert numbers.multiply(left, right) == _text(_EXACT.multiply(Decimal(left), Decimal(right)))


@given(_DECIMALS, st.integers(0, 45))
def test_a_decimal_is_rounded_half_away_from_zero(value: str, places: int) -> None:
    expected = Decimal(value).quantize(Decimal((0, (1,), -places)), rounding=ROUND_HALF_UP, context=_EXACT)
    assert numbers.rounded(value, places) == _text(expected)


@given(st.integers(-(10**20), 10**20), st.integers(0, 9))
def test_a_scaled_integer_is_spelled_with_its_point(value: int, scale: int) -> None:
    assert numbers.unscaled_text(value, scale) == _text(Decimal(value).scaleb(-scale, _EXACT))
