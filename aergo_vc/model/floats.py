"""Binary floating-point numbers of 32 bits."""

import math
import struct

_SINGLE = struct.Struct("<f")


def single(value: float) -> float:
    """The number of 32 bits that is nearest to `value`; infinity where there is none."""
    try:
        (found,) = _SINGLE.unpack(_SINGLE.pack(value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return float(found)
