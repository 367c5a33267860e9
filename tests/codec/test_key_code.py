"""Key codes sort as keys do, are fit for file names, and are the beginning of no other."""

import itertools
import re
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import VALUES

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, decode_tree, encode_tree
from aergo_vc.codec.key_code import column_codes, key_code, key_codes
from aergo_vc.codec.node_name import is_cut, node_names
from aergo_vc.model.types import STORED_KINDS, Kind, Value

_TEXTS = {Kind.TEXT, Kind.VARCHAR, Kind.CHAR}
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]*")

keys_of_one_kind = st.sampled_from(list(STORED_KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(VALUES[kind], min_size=2, max_size=8))
)
keys_of_several_columns = st.lists(st.sampled_from(list(STORED_KINDS)), min_size=2, max_size=4).flatmap(
    lambda kinds: st.tuples(
        st.just(kinds), st.lists(st.tuples(*(VALUES[kind] for kind in kinds)), min_size=2, max_size=8)
    )
)


def order(kind: Kind, value: Any) -> Any:  # noqa: ANN401 - whatever compares
    """What a value of a kind sorts by, said without codes."""
    if kind is Kind.NUMERIC:
        return Decimal(value)
    if kind in _TEXTS:
        return [ord(character) for character in value]
    if kind is Kind.BYTEA:
        return bytes.fromhex(value[2:])
    if kind in (Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        moment, _, fraction = value.removesuffix("+00").partition(".")
        return moment, fraction.ljust(6, "0")
    return value


@given(keys_of_one_kind)
@example((Kind.NUMERIC, ["1.0", "1.00", "1", "-1.5", "-1.51", "0", "0.00", "1" + "0" * 60, "0." + "0" * 60 + "1"]))
@example((Kind.DOUBLE, [0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1.0, -1.0]))
@example(
    (
        Kind.TEXT,
        ["", "\x01", "/", "0", "9", ":", "@", "A", "Z", "[", "_", "`", "a", "z", "{", "\x7f", "é", "\uffff", "😀"],
    )
)
@example((Kind.BIGINT, [-(2**63), -10, -9, -1, 0, 9, 10, 2**63 - 1]))
def test_codes_sort_as_the_values_of_their_kind(case: tuple[Kind, list[Any]]) -> None:
    kind, values = case
    by_code = sorted(values, key=lambda value: key_code([kind], (value,)))
    assert [order(kind, value) for value in by_code] == sorted(order(kind, value) for value in values)


@given(keys_of_one_kind)
@example((Kind.NUMERIC, ["1.0", "1.00", "-0.10", "-0.1"]))
def test_codes_are_equal_exactly_where_values_are(case: tuple[Kind, list[Any]]) -> None:
    kind, values = case
    codes = {value: key_code([kind], (value,)) for value in values}
    for left in values:
        for right in values:
            assert (codes[left] == codes[right]) == (order(kind, left) == order(kind, right))


@given(keys_of_several_columns)
def test_codes_of_several_columns_sort_column_by_column(case: tuple[list[Kind], list[tuple[Any, ...]]]) -> None:
    kinds, keys = case
    wanted = sorted([order(kind, value) for kind, value in zip(kinds, key, strict=True)] for key in keys)
    by_code = sorted(keys, key=lambda key: key_code(kinds, key))
    assert [[order(kind, value) for kind, value in zip(kinds, key, strict=True)] for key in by_code] == wanted


@given(keys_of_several_columns)
def test_no_code_is_the_beginning_of_another_and_all_are_plain(case: tuple[list[Kind], list[tuple[Any, ...]]]) -> None:
    kinds, keys = case
    codes = sorted({key_code(kinds, key) for key in keys})
    assert all(_PLAIN.fullmatch(code) for code in codes)
    assert not any(after.startswith(before) for before, after in itertools.pairwise(codes))


@given(keys_of_several_columns)
def test_codes_in_bulk_are_those_made_singly(case: tuple[list[Kind], list[tuple[Any, ...]]]) -> None:
    kinds, keys = case
    assert key_codes(kinds, list(zip(*keys, strict=True))) == [key_code(kinds, key) for key in keys]
    assert key_codes(kinds[:1], [[key[0] for key in keys]]) == column_codes(kinds[0], [key[0] for key in keys])


def test_codes_of_doubles_are_the_order_of_their_bits() -> None:
    values = [struct.unpack(">d", struct.pack(">Q", bits << 48))[0] for bits in range(0, 1 << 16, 97)]
    finite = sorted(value for value in values if abs(value) != float("inf") and value == value and value != 0)  # noqa: PLR0124
    assert sorted(column_codes(Kind.DOUBLE, finite)) == column_codes(Kind.DOUBLE, finite)
    assert len(finite) > 600


# Beginnings that are cut alike, so that names need their place behind them.
_long_codes = st.lists(
    st.tuples(st.sampled_from(["a" * 40, "a" * 53, "b" * 60, "c"]), st.text("a0", max_size=20)), max_size=30
).map(lambda pairs: sorted({key_code([Kind.TEXT], (head + tail,)) for head, tail in pairs}))


@given(_long_codes)
def test_names_sort_as_codes_in_gits_order_of_files_and_of_directories(codes: list[str]) -> None:
    names = node_names(codes)
    for mode in (FILE_MODE, DIRECTORY_MODE):
        data = encode_tree([TreeEntry(name, mode, ObjectId("ab" * 20)) for name in reversed(names)])
        assert [entry.name for entry in decode_tree(data, 20)] == names


@given(_long_codes)
def test_names_are_short_and_uncut_ones_are_the_codes(codes: list[str]) -> None:
    names = node_names(codes)
    assert len(set(names)) == len(codes)
    for code, name in zip(codes, names, strict=True):
        assert len(name) <= 64
        assert _PLAIN.fullmatch(name)
        assert name == code if not is_cut(name) else code.startswith(name[:55])


@pytest.mark.parametrize("kind", list(STORED_KINDS))
def test_no_code_is_a_name_that_windows_keeps_for_devices(kind: Kind) -> None:
    begins = {Kind.BOOLEAN: "tf"}.get(kind, "_0123456789hijklmnopqrstuvwxyzabcdef")

    @given(VALUES[kind])
    def check(value: Value) -> None:
        code = key_code([kind], (value,))
        assert code[0] in begins
        assert not re.fullmatch(r"aux|con|nul|prn|(?:com|lpt)[0-9]", code.partition(".")[0])

    check()
