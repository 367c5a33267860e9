"""Ed25519's group in plain integers, slow and obvious, to build points and signatures that no library would make."""

import hashlib
from functools import cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P
    return x, y


def multiply(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def points_at(y: int) -> list[Point]:
    """The points with this y: none, one or two."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return []
    return sorted({(x, y % P), (-x % P, y % P)})


def encode(point: Point) -> bytes:
    return encode_parts(point[1], point[0] & 1)


def encode_parts(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


BASE = points_at(4 * pow(5, -1, P) % P)[0]
if BASE[0] & 1:
    BASE = points_at(4 * pow(5, -1, P) % P)[1]


@cache
def small_order_points() -> tuple[Point, ...]:
    """The eight points whose order divides 8."""
    for y in range(2, 100):
        for point in points_at(y):
            torsion = multiply(L, point)
            if multiply(4, torsion) != NEUTRAL:
                return tuple(multiply(k, torsion) for k in range(8))
    raise AssertionError


@cache
def small_order_encodings() -> tuple[bytes, ...]:
    """Every 32 bytes that some decoder takes for a point of small order, canonical or not: 14 in all."""
    found = set()
    for point in small_order_points():
        signs = (0, 1) if point[0] == 0 else (point[0] & 1,)
        found |= {encode_parts(y, sign) for y in (point[1], point[1] + P) if y < 2**255 for sign in signs}
    return tuple(sorted(found))


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def forge(secret: int, nonce: int, message: bytes, *, key: bytes, r: bytes) -> bytes:
    """The signature with S = nonce + h secret, for a key and an R encoded as the caller likes."""
    s = (nonce + challenge(r, key, message) * secret) % L
    return r + s.to_bytes(32, "little")
