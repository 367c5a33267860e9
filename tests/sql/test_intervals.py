"""Intervals and JSON: what their spellings hold."""

import json

from hypothesis import given
from hypothesis import strategies as st
from trees import VALUES

from aergo_vc.model.interval_text import Interval, interval_of, interval_text
from aergo_vc.model.json_text import is_jsonb, jsonb_text, parse_json
from aergo_vc.model.types import Kind
from aergo_vc.sql.types.intervals import interval_from_text, moment_plus
from aergo_vc.sql.types.values import jsonb_from_text

INTERVALS = st.builds(
    Interval, st.integers(-(10**6), 10**6), st.integers(-(10**7), 10**7), st.integers(-(10**17), 10**17)
)


@given(INTERVALS)
def test_an_interval_is_read_as_it_was_spelled(interval: Interval) -> None:
    text = interval_text(interval)
    assert interval_of(text) == interval
    assert interval_from_text(text) == text


@given(st.text("0123456789 :-+.PTYMDHSdaysmonhursecg", max_size=20))
def test_only_its_own_spelling_is_an_interval(text: str) -> None:
    found = interval_of(text)
    assert found is None or interval_text(found) == text


@given(VALUES[Kind.TIMESTAMP], st.integers(-30, 30), st.integers(-(10**6), 10**6))
def test_days_and_clock_that_are_added_are_taken_away_again(moment: str, days: int, microseconds: int) -> None:
    interval = interval_text(Interval(0, days, microseconds))
    if "0001-03" < moment < "9999-10":
        assert moment_plus(moment_plus(moment, interval, 1), interval, -1) == moment


@given(VALUES[Kind.JSON])
def test_jsonb_is_one_spelling_of_the_same_value(text: str) -> None:
    spelled = jsonb_from_text(text)
    assert is_jsonb(spelled)
    assert jsonb_from_text(spelled) == spelled
    assert json.loads(spelled) == json.loads(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5))
def test_numbers_of_jsonb_are_exact(number: object) -> None:
    assert jsonb_text(parse_json(f"[{number:f}]")) in (f"[{number:f}]", f"[{number:f}]".replace("-0.00000", "0.00000"))
