"""Intervals: months, days and microseconds, and the one text that spells them, PostgreSQL's default style."""

import re
from typing import NamedTuple

MICROSECONDS = 86_400_000_000
"""Of a day."""

GREATEST_MONTHS = 100_000 * 12
GREATEST_DAYS = GREATEST_MONTHS * 30
GREATEST_MICROSECONDS = 2 * 10**18
"""Bounds of the three parts: intervals are compared as 64 bits of microseconds, a month being 30 days."""


class Interval(NamedTuple):
    """A length of time in three parts that do not turn into each other."""

    months: int
    days: int
    microseconds: int

    @property
    def total(self) -> int:
        """What intervals are compared by: microseconds, a month counted as 30 days and a day as 24 hours."""
        return (self.months * 30 + self.days) * MICROSECONDS + self.microseconds

    @property
    def is_in_range(self) -> bool:
        return (
            abs(self.months) <= GREATEST_MONTHS
            and abs(self.days) <= GREATEST_DAYS
            and abs(self.microseconds) <= GREATEST_MICROSECONDS
        )


def interval_text(interval: Interval) -> str:
    """As in ``1 year 2 mons -3 days +04:05:06.7``: a plus sign stands behind a part below zero."""
    years, months = divmod(abs(interval.months), 12)
    sign = -1 if interval.months < 0 else 1
    parts: list[str] = []
    below = False
    for value, word in ((sign * years, "year"), (sign * months, "mon"), (interval.days, "day")):
        if value:
            plus = "+" if below and value > 0 else ""
            parts.append(f"{plus}{value} {word}{'' if value == 1 else 's'}")
            below = value < 0
    if interval.microseconds or not parts:
        parts.append(_clock(interval.microseconds, below=below))
    return " ".join(parts)


def _clock(microseconds: int, *, below: bool) -> str:
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    sign = "-" if microseconds < 0 else "+" if below else ""
    tail = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{tail}"


_SIGNED = r"[+-]?[0-9]{1,18}"
_TEXT = re.compile(
    rf"(?:({_SIGNED}) years?)?(?: ?({_SIGNED}) mons?)?(?: ?({_SIGNED}) days?)?"
    r"(?: ?([+-]?)([0-9]{2,18}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?)?"
)


def interval_of(text: str) -> Interval | None:
    """The interval that `text` spells canonically; None for any other text."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    years, months, days, sign, hours, minutes, seconds, fraction = match.groups(default="0")
    clock = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))
    found = Interval(int(years) * 12 + int(months), int(days), -clock if sign == "-" else clock)
    return found if found.is_in_range and interval_text(found) == text else None
