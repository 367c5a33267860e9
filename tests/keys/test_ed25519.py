"""Strict Ed25519 against vectors, against plain arithmetic, and one library against the other."""

import json
from functools import cache
from pathlib import Path

import edwards
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.keys import ed25519
from aergo_vc.keys.ed25519 import (
    Equation,
    PublicKeyError,
    checked_public_key,
    is_strict,
    openssl_equation,
    sodium_equation,
    verify,
    verify_many,
)

VECTORS = next((p / "shared/vectors" for p in Path(__file__).parents if (p / "shared/vectors").is_dir()), None)
Case = tuple[bytes, bytes, bytes]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = checked_public_key(KEY.public_key().public_bytes_raw())


@pytest.fixture(params=["openssl", "sodium"])
def equation(request: pytest.FixtureRequest) -> Equation:
    found = openssl_equation() if request.param == "openssl" else sodium_equation()
    if found is None:
        pytest.skip("PyNaCl is not installed")
    return found


def wycheproof() -> list[tuple[Case, bool]]:
    if VECTORS is None:
        pytest.skip("shared/vectors is absent")
    groups = json.loads((VECTORS / "wycheproof/ed25519_test.json").read_text())["testGroups"]
    return [
        (
            (bytes.fromhex(group["publicKey"]["pk"]), bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])),
            test["result"] == "valid",
        )
        for group in groups
        for test in group["tests"]
    ]


def test_every_wycheproof_verdict_is_met(equation: Equation) -> None:
    cases = wycheproof()
    assert len(cases) > 100
    for (key, signature, message), valid in cases:
        assert (is_strict(key, signature) and equation(key, signature, message)) is valid


def test_every_wycheproof_key_may_be_held() -> None:
    assert all(checked_public_key(key) == key for (key, _, _), _ in wycheproof())


def crafted() -> list[Case]:
    """Keys and signatures with torsion of every order in either, with the equation made to hold where it can."""
    cases = []
    secret, nonce = 0x6165726F, 0x676974
    key_point, nonce_point = edwards.multiply(secret, edwards.BASE), edwards.multiply(nonce, edwards.BASE)
    for torsion in edwards.small_order_points():
        mixed_key = edwards.encode(edwards.add(key_point, torsion))
        mixed_r = edwards.encode(edwards.add(nonce_point, torsion))
        small = edwards.encode(torsion)
        plain_key, plain_r = edwards.encode(key_point), edwards.encode(nonce_point)
        for number in range(8):
            message = b"message %d" % number
            cases += [
                (key, edwards.forge(a, b, message, key=key, r=r), message)
                for key, a in ((plain_key, secret), (mixed_key, secret), (small, 0))
                for r, b in ((plain_r, nonce), (mixed_r, nonce), (small, 0))
            ]
    return cases


def holds_by_definition(key: bytes, signature: bytes, message: bytes) -> bool:
    """SB = R + hA without the cofactor, in plain arithmetic, for canonical encodings."""
    (key_point,) = (p for p in edwards.points_at(int.from_bytes(key, "little") % 2**255) if edwards.encode(p) == key)
    s = int.from_bytes(signature[32:], "little")
    h = edwards.challenge(signature[:32], key, message)
    negative = (-key_point[0] % edwards.P, key_point[1])
    r = edwards.add(edwards.multiply(s, edwards.BASE), edwards.multiply(h, negative))
    return edwards.encode(r) == signature[:32]


@cache
def judged() -> list[tuple[Case, bool]]:
    small = set(edwards.small_order_encodings())
    return [
        (case, case[0] not in small and case[1][:32] not in small and holds_by_definition(*case))
        for case in crafted()[::5]
    ]


def test_torsion_is_judged_by_the_cofactorless_equation_and_small_orders_are_refused(equation: Equation) -> None:
    for (key, signature, message), expected in judged():
        assert (is_strict(key, signature) and equation(key, signature, message)) is expected
    assert {expected for _, expected in judged()} == {True, False}


def test_both_libraries_agree_on_every_crafted_case() -> None:
    sodium = sodium_equation()
    if sodium is None:
        pytest.skip("PyNaCl is not installed")
    for case in crafted():
        if is_strict(case[0], case[1]):
            assert sodium(*case) is openssl_equation()(*case)


@settings(max_examples=200)
@given(message=st.binary(max_size=80), position=st.integers(0, 95), change=st.integers(0, 255))
def test_both_libraries_agree_when_a_byte_of_key_or_signature_changes(
    message: bytes, position: int, change: int
) -> None:
    sodium = sodium_equation()
    if sodium is None:
        pytest.skip("PyNaCl is not installed")
    both = bytearray(PUBLIC + KEY.sign(message))
    both[position] ^= change
    key, signature = bytes(both[:32]), bytes(both[32:])
    if is_strict(key, signature):
        assert sodium(key, signature, message) is openssl_equation()(key, signature, message)
    assert verify(ed25519.PublicKey(key), signature, message) is (change == 0)


def test_a_library_that_multiplies_by_the_cofactor_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ed25519, "sodium_equation", lambda: lambda *_: True)
    assert ed25519.equation.__wrapped__() is openssl_equation()


def test_the_cofactor_case_tells_the_two_equations_apart(equation: Equation) -> None:
    key, signature, message = ed25519._COFACTOR_CASE
    r = next(
        p
        for p in edwards.points_at(int.from_bytes(signature[:32], "little") % 2**255)
        if edwards.encode(p) == signature[:32]
    )
    order_two = edwards.small_order_points()[4]
    assert edwards.multiply(2, order_two) == edwards.NEUTRAL
    repaired = edwards.add(r, order_two)
    h = edwards.challenge(signature[:32], key, message)
    a = next(p for p in edwards.points_at(int.from_bytes(key, "little") % 2**255) if edwards.encode(p) == key)
    left = edwards.multiply(int.from_bytes(signature[32:], "little"), edwards.BASE)
    assert left == edwards.add(repaired, edwards.multiply(h, a))
    assert is_strict(key, signature)
    assert not equation(key, signature, message)


def test_verify_many_gives_the_verdicts_in_order() -> None:
    items = [(PUBLIC, KEY.sign(b"%d" % n), b"%d" % (n if n % 3 else n + 1)) for n in range(30)]
    assert verify_many(items) == [bool(n % 3) for n in range(30)]
    assert verify_many([]) == []


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_accepted_exactly_if_it_encodes_a_point_of_large_order_canonically(raw: bytes) -> None:
    y = int.from_bytes(raw, "little") % 2**255
    points = {edwards.encode(point) for point in edwards.points_at(y)}
    expected = raw in points - set(edwards.small_order_encodings())
    try:
        accepted = checked_public_key(raw) == raw
    except PublicKeyError:
        accepted = False
    assert accepted is expected


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_or_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PublicKeyError):
        checked_public_key(bytes(length))
    assert not verify(PUBLIC, KEY.sign(b"")[:length] if length < 64 else bytes(65), b"")
    assert not verify(ed25519.PublicKey((PUBLIC * 2)[:length]), KEY.sign(b""), b"")
