"""to_char of timestamps: parts of patterns, with English names whatever the locale.

Source: the PostgreSQL 15 manual, table 9.26.
"""

import re
from datetime import datetime

_PLACES = {
    "YYYY": (0, 4), "YY": (2, 4), "MM": (5, 7), "DD": (8, 10), "HH24": (11, 13), "MI": (14, 16), "SS": (17, 19),
}  # fmt: skip
_MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NAMES = {"MONTH": (_MONTHS, 9), "MON": (_MONTHS, 3), "DAY": (_DAYS, 9), "DY": (_DAYS, 3)}
"""Which names, and how wide: shorter ones are filled up with blanks, longer ones cut."""

_NUMBERS = r"YYYY|YY|MM|DD(?!D)|HH24|HH12|HH|MI|SS(?!SS)|MS|US|AM|PM"
_WORDS = r"MONTH|Month|month|MON|Mon|mon|DAY|Day|day|DY|Dy|dy"
_PICTURE = re.compile(rf'{_WORDS}|{_NUMBERS}|{_NUMBERS.lower()}|"[^"]*"|[^A-Za-z"]')


def picture_of(pattern: str) -> list[str] | None:
    """The parts of a to_char pattern; None where it has any but those known here."""
    parts = _PICTURE.findall(pattern)
    return parts if "".join(parts) == pattern else None


def shown(text: str, pattern: str) -> str:
    """A timestamp, with or without its zone, as a pattern shows it that `picture_of` takes apart."""
    moment = text.removesuffix("+00")
    return "".join(_shown(moment, part) for part in picture_of(pattern) or ())


def _shown(moment: str, part: str) -> str:
    word = part.upper()
    if word in _PLACES:
        start, end = _PLACES[word]
        return moment[start:end]
    if word in _NAMES:
        return _name(moment, part)
    if word in ("MS", "US"):
        return moment.partition(".")[2].ljust(6, "0")[: 3 if word == "MS" else 6]
    if word in ("AM", "PM"):
        half = "AM" if moment[11:13] < "12" else "PM"
        return half if part.isupper() else half.lower()
    if word in ("HH12", "HH"):
        return f"{(int(moment[11:13]) + 11) % 12 + 1:02}"
    return part.strip('"')


def _name(moment: str, part: str) -> str:
    names, width = _NAMES[part.upper()]
    day = datetime.fromisoformat(moment)
    name = names[day.month - 1 if names is _MONTHS else day.weekday()][:width].ljust(width)
    return name.upper() if part.isupper() else name.lower() if part.islower() else name
