"""The clock, as an argument.

Only the command line and git's entrances read the machine's clock; everything below is handed one.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in milliseconds since 1970-01-01 UTC, leap seconds not counted."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000
