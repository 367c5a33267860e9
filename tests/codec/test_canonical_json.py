"""Canonical JSON has one spelling of each value; users' JSON is what RFC 8259 says."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.codec.canonical_json import (
    JsonSyntaxError,
    JsonValue,
    NotCanonicalJson,
    decode,
    decode_keys_on_lines,
    encode,
    encode_keys_on_lines,
    parse,
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
    | st.text(st.characters(codec="utf-8"))
)
values = st.recursive(_scalars, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=12)

REFUSED_THOUGH_OPEN = {
    "i_number_double_huge_neg_exp.json": False,
    "i_number_huge_exp.json": True,
    "i_number_neg_int_huge_exp.json": True,
    "i_number_pos_double_huge_exp.json": True,
    "i_number_real_neg_overflow.json": True,
    "i_number_real_pos_overflow.json": True,
    "i_number_real_underflow.json": False,
    "i_number_too_big_neg_int.json": False,
    "i_number_too_big_pos_int.json": False,
    "i_number_very_big_negative_int.json": False,
    "i_object_key_lone_2nd_surrogate.json": True,
    "i_string_1st_surrogate_but_2nd_missing.json": True,
    "i_string_1st_valid_surrogate_2nd_invalid.json": True,
    "i_string_UTF-16LE_with_BOM.json": True,
    "i_string_UTF-8_invalid_sequence.json": True,
    "i_string_UTF8_surrogate_U+D800.json": True,
    "i_string_incomplete_surrogate_and_escape_valid.json": True,
    "i_string_incomplete_surrogate_pair.json": True,
    "i_string_incomplete_surrogates_escape_valid.json": True,
    "i_string_invalid_lonely_surrogate.json": True,
    "i_string_invalid_surrogate.json": True,
    "i_string_invalid_utf-8.json": True,
    "i_string_inverted_surrogates_U+1D11E.json": True,
    "i_string_iso_latin_1.json": True,
    "i_string_lone_second_surrogate.json": True,
    "i_string_lone_utf8_continuation_byte.json": True,
    "i_string_not_in_unicode_range.json": True,
    "i_string_overlong_sequence_2_bytes.json": True,
    "i_string_overlong_sequence_6_bytes.json": True,
    "i_string_overlong_sequence_6_bytes_null.json": True,
    "i_string_truncated-utf-8.json": True,
    "i_string_utf16BE_no_BOM.json": True,
    "i_string_utf16LE_no_BOM.json": True,
    "i_structure_500_nested_arrays.json": True,
    "i_structure_UTF-8_BOM_empty_object.json": True,
}
"""What the RFC leaves open, as JSONTestSuite lists it, and whether we refuse it."""


def is_refused(data: bytes) -> bool:
    try:
        parse(data)
    except JsonSyntaxError:
        return True
    return False


@given(values)
def test_values_are_read_back_as_they_were_written(value: JsonValue) -> None:
    assert decode(encode(value)) == value
    assert json.loads(encode(value)) == value
    members = {"b": value, "a": [value], "\U0001f600": 1, "\uffff": 2}
    assert decode_keys_on_lines(encode_keys_on_lines(members)) == members


@given(values, st.data())
def test_a_changed_byte_gives_another_value_or_none(value: JsonValue, data: st.DataObject) -> None:
    text = encode(value)
    place = data.draw(st.integers(0, len(text) - 1))
    edited = text[:place] + data.draw(st.binary(max_size=2)) + text[place + 1 :]
    try:
        read = decode(edited)
    except NotCanonicalJson:
        return
    assert encode(read) == edited
    assert (edited == text) == (encode(read) == text)


@given(values)
def test_the_spelling_of_other_writers_is_read_as_a_users_only(value: JsonValue) -> None:
    spaced = json.dumps([value], indent=1).encode()
    assert parse(spaced) == [value]
    with pytest.raises(NotCanonicalJson):
        decode(spaced)


@pytest.mark.parametrize("folder", ["test_parsing"])
def test_jsontestsuite_is_judged_as_the_rfc_says_and_open_cases_as_listed(
    shared: Callable[[str], Path], folder: str
) -> None:
    files = sorted((shared("vectors/jsontestsuite") / folder).glob("*.json"))
    by_kind = {kind: list(group) for kind, group in itertools.groupby(files, lambda file: file.name[0])}
    assert [file.name for file in by_kind["y"] if is_refused(file.read_bytes())] == []
    assert [file.name for file in by_kind["n"] if not is_refused(file.read_bytes())] == []
    assert {file.name: is_refused(file.read_bytes()) for file in by_kind["i"]} == REFUSED_THOUGH_OPEN
    assert [len(by_kind[kind]) for kind in "yni"] == [95, 188, 35]


def test_what_jsontestsuite_transforms_is_read_in_one_way_or_refused(shared: Callable[[str], Path]) -> None:
    for file in sorted((shared("vectors/jsontestsuite") / "test_transform").glob("*.json")):
        data = file.read_bytes()
        if not is_refused(data):
            assert parse(encode(parse(data))) == parse(data)
