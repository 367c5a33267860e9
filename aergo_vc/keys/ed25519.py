"""Strict Ed25519 (RFC 8032, section 5.1.7): one verdict for every input, whichever library does the arithmetic.

The rule, over RFC 8032's own checks:

- S is below the group order L;
- A and R are canonical: y is below p, and a point with x = 0 has no sign bit;
- neither A nor R is of small order (the strictest column of "Taming the many EdDSAs", 2020), so that no key or
  signature fits every message;
- the equation holds without the cofactor: SB - hA, encoded, equals R byte by byte.

A point with a small-order component that is not itself of small order is allowed: the equation decides, and it
decides alike everywhere.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import PublicKey

SignedMessage = tuple[PublicKey, bytes, bytes]
"""What there is to verify: public key, raw 64-byte signature, the message that was signed."""

Equation = Callable[[bytes, bytes, bytes], bool]
"""Decides the equation for key, signature and message, all other checks done."""

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Y_BITS = (1 << 255) - 1
_ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER_Y = frozenset((0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y))
_POINT_BYTES = 32
_SIGNATURE_BYTES = 64
_KEYS_KEPT = 4096

# Holds with the cofactor only: R = 7B plus the point of order 2, key and S as if R were 7B.  A build of libsodium
# that accepts it would split the verdicts.
_COFACTOR_CASE = (
    bytes.fromhex("f39a49760e96eacc153225d176ac100b057f4f15d7ad04845fb8d2820da2c365"),
    bytes.fromhex(
        "359dbf604a3b3bedc20d5408b9d4770fbe52c922979b3178d02ab8d41c9c3a4e"
        "c8d1541975b38cbd3411c1cd6c87182197968e625048ff3021d2656538b1b20a"
    ),
    b"cofactor",
)


class PublicKeyError(InvalidError):
    """Bytes are not a public key that a ledger may hold: wrong length, not canonical, not a point, small order."""

    code = "E_KEY_INVALID"


@lru_cache(maxsize=_KEYS_KEPT)
def checked_public_key(raw: bytes) -> PublicKey:
    """`raw` as a public key.  Raises PublicKeyError unless it is a canonical point that is not of small order."""
    if len(raw) != _POINT_BYTES:
        raise PublicKeyError(f"public key has {len(raw)} bytes, expected {_POINT_BYTES}", length=len(raw))
    y = int.from_bytes(raw, "little") & _Y_BITS
    if y >= _P:
        raise PublicKeyError("public key is not canonical: its y is not below 2^255-19", key=raw.hex())
    if y in _SMALL_ORDER_Y:
        raise PublicKeyError("public key is of small order", key=raw.hex())
    # x^2 = (y^2 - 1) / (d y^2 + 1) has a root exactly if numerator times denominator is a square.
    if pow((y * y - 1) * (_D * y * y + 1), (_P - 1) // 2, _P) != 1:
        raise PublicKeyError("public key is not a point of the curve", key=raw.hex())
    return PublicKey(bytes(raw))


def verify(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (raw, 64 bytes) is `public_key`'s for `message` under the strict rule."""
    return is_strict(public_key, signature) and equation()(public_key, signature, message)


def verify_many(items: Sequence[SignedMessage]) -> list[bool]:
    """The verdict of `verify` for each item, in order; in this process."""
    holds = equation()
    return [is_strict(key, signature) and holds(key, signature, message) for key, signature, message in items]


def is_strict(public_key: bytes, signature: bytes) -> bool:
    """Whether key and signature pass every check but the equation."""
    if len(public_key) != _POINT_BYTES or len(signature) != _SIGNATURE_BYTES:
        return False
    if int.from_bytes(signature[_POINT_BYTES:], "little") >= _L:
        return False
    return _is_strict_key(public_key) and _is_strict_point(signature[:_POINT_BYTES])


def _is_strict_point(point: bytes) -> bool:
    # Both points with x = 0 are of small order, so a stray sign bit needs no check of its own; that the point is
    # on the curve follows from the equation.
    y = int.from_bytes(point, "little") & _Y_BITS
    return y < _P and y not in _SMALL_ORDER_Y


@lru_cache(maxsize=_KEYS_KEPT)
def _is_strict_key(public_key: bytes) -> bool:
    return _is_strict_point(public_key)


@cache
def equation() -> Equation:
    """The fastest library at hand: libsodium where PyNaCl is installed and decides as this module states."""
    fast = sodium_equation()
    if fast is None or fast(*_COFACTOR_CASE):
        return openssl_equation()
    return fast


@cache
def openssl_equation() -> Equation:
    """The equation as `cryptography` decides it."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - slow to import

    load = lru_cache(maxsize=_KEYS_KEPT)(Ed25519PublicKey.from_public_bytes)

    def holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            load(public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    return holds


@cache
def sodium_equation() -> Equation | None:
    """The equation as PyNaCl decides it; None where it is not installed."""
    try:
        from nacl.bindings import crypto_sign_open  # noqa: PLC0415 - slow to import
        from nacl.exceptions import BadSignatureError  # noqa: PLC0415 - slow to import
    except ImportError:
        return None

    def holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            crypto_sign_open(signature + message, public_key)
        except BadSignatureError:
            return False
        return True

    return holds
