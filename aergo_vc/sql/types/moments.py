"""Dates and times: PostgreSQL's ISO spellings read into the canonical ones; years 0001 to 9999, time zone UTC."""

import functools
import re
from datetime import date, datetime, timedelta, timezone

from aergo_vc.sql.errors import BAD_DATETIME, DATETIME_OVERFLOW, SqlError

_BLANKS = " \t\n\r\f\v"
_DATE = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
_TIME = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_ZONE = r"(?:\s*(Z|z|UTC|[+-][0-9]{1,2}(?::?[0-9]{2})?))?"
_DATE_TEXT = re.compile(_DATE)
_TIME_TEXT = re.compile(_TIME)
_TIMESTAMP_TEXT = re.compile(rf"{_DATE}(?:[ T]\s?{_TIME})?{_ZONE}")


def _refuse(kind: str, text: str) -> SqlError:
    return SqlError(BAD_DATETIME, f'invalid input syntax for type {kind}: "{text[:100]}"')


def _overflow(text: str) -> SqlError:
    return SqlError(DATETIME_OVERFLOW, f'date/time field value out of range: "{text[:100]}"')


def date_from_text(text: str) -> str:
    """A date as PostgreSQL reads it, a time behind it ignored; raises SqlError 22007 or 22008."""
    match = _DATE_TEXT.fullmatch(text.strip(_BLANKS))
    if match is None:
        return timestamp_from_text(text, "date")[:10]
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        raise _overflow(text) from None


def _clock(hour: str, minute: str, second: str | None, fraction: str | None) -> str:
    tail = (fraction or "").rstrip("0")
    return f"{int(hour):02}:{minute}:{second or '00'}" + (f".{tail}" if tail else "")


def time_from_text(text: str) -> str:
    """A time of day; raises SqlError 22007 or 22008."""
    match = _TIME_TEXT.fullmatch(text.strip(_BLANKS))
    if match is None:
        raise _refuse("time", text)
    if int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:  # noqa: PLR2004
        raise _overflow(text)
    return _clock(match[1], match[2], match[3], match[4])


def _moment(match: re.Match[str], text: str) -> datetime:
    year, month, day, hour, minute, second, fraction = match.groups()[:7]
    try:
        parts = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        return datetime(*parts, int((fraction or "0").ljust(6, "0")))  # noqa: DTZ001 - a moment without a zone
    except ValueError:
        raise _overflow(text) from None


def timestamp_text(moment: datetime) -> str:
    """Canonical text of a moment, its zone left aside."""
    text = moment.replace(tzinfo=None).isoformat(" ")
    return text.rstrip("0") if "." in text else text


def timestamp_from_text(text: str, kind: str = "timestamp") -> str:
    """A zone in the text is read and ignored, as PostgreSQL does."""
    match = _TIMESTAMP_TEXT.fullmatch(text.strip(_BLANKS))
    if match is None:
        raise _refuse(kind, text)
    return timestamp_text(_moment(match, text))


def timestamptz_from_text(text: str) -> str:
    """Without a zone the text is taken as UTC."""
    match = _TIMESTAMP_TEXT.fullmatch(text.strip(_BLANKS))
    if match is None:
        raise _refuse("timestamptz", text)
    moment = _moment(match, text)
    zone = match[8]
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        hours, minutes = int(digits[:2]), int(digits[2:] or 0)
        if hours > 15 or minutes > 59:  # noqa: PLR2004
            raise _overflow(text)
        offset = timedelta(hours=hours, minutes=minutes)
        try:
            moment = moment - offset if zone[0] == "+" else moment + offset
        except OverflowError:
            raise _overflow(text) from None
    return timestamp_text(moment) + "+00"


@functools.lru_cache(maxsize=16)
def timestamptz_from_milliseconds(milliseconds: int) -> str:
    """A block's time as timestamptz."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    return timestamp_text(epoch + timedelta(milliseconds=milliseconds)) + "+00"


def days_between(later: str, earlier: str) -> int:
    """Days from `earlier` to `later`."""
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def date_plus_days(day: str, days: int) -> str:
    """A date moved by days; raises SqlError 22008 outside the years 1 to 9999."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        raise SqlError(DATETIME_OVERFLOW, "date out of range") from None


YEARS = {"decade": 10, "century": 100, "millennium": 1000}
"""Fields that count so many years.  The first century ended with the year 100, the decade 0 with the year 9."""

SECONDS = ("milliseconds", "microseconds")
"""Fields that tell the seconds, whole ones too, in smaller units."""

UNITS = frozenset(
    (*YEARS, *SECONDS, "year", "quarter", "month", "week", "day", "hour", "minute", "second", "epoch", "dow", "doy",
     "isodow", "isoyear", "julian", "timezone", "timezone_hour", "timezone_minute")
)  # fmt: skip
"""The fields that PostgreSQL knows."""


def parts_of_a_second(field: str, microseconds: int) -> str:
    """One of SECONDS as decimal text."""
    if field == "microseconds":
        return str(microseconds)
    whole, part = divmod(abs(microseconds), 1_000)
    return f"{'-' if microseconds < 0 else ''}{whole}.{part:03}"


_FIELDS = {"year": (0, 4), "month": (5, 7), "day": (8, 10)}
_CLOCK_FIELDS = {"hour": (0, 2), "minute": (3, 5), "second": (6, None), **dict.fromkeys(SECONDS, (6, None))}


def _epoch(kind: str, value: str) -> str:
    """Seconds since 1970, or since midnight; of a date a whole number."""
    if kind == "date":
        return str((date.fromisoformat(value) - date(1970, 1, 1)).days * 86_400)
    text = f"1970-01-01 {value}" if kind == "time" else value.removesuffix("+00")
    apart = datetime.fromisoformat(text) - datetime(1970, 1, 1)  # noqa: DTZ001 - both without a zone
    microseconds = apart // timedelta(microseconds=1)
    whole, part = divmod(abs(microseconds), 1_000_000)
    return f"{'-' if microseconds < 0 else ''}{whole}.{part:06}"


def field_of(kind: str, field: str, value: str) -> str | None:
    """EXTRACT as decimal text, seconds with six decimals; None where the kind has no such field."""
    clock = value.removesuffix("+00") if kind == "time" else value.removesuffix("+00")[11:]
    if field in _FIELDS and kind != "time":
        start, stop = _FIELDS[field]
        return str(int(value[start:stop]))
    if field in _CLOCK_FIELDS and kind != "date":
        begin, end = _CLOCK_FIELDS[field]
        part = clock[begin:end]
        if field not in ("second", *SECONDS):
            return str(int(part))
        whole, _, fraction = part.partition(".")
        digits = fraction.ljust(6, "0")
        return f"{int(whole)}.{digits}" if field == "second" else parts_of_a_second(field, int(whole + digits))
    if field == "epoch":
        return _epoch(kind, value)
    return None if kind == "time" else _field_of_day(field, date.fromisoformat(value[:10]))


def _field_of_day(field: str, day: date) -> str | None:
    if field in YEARS:
        return str(day.year // 10 if field == "decade" else -(-day.year // YEARS[field]))
    weekly = {"dow": day.isoweekday() % 7, "isodow": day.isoweekday(), "doy": day.timetuple().tm_yday,
              "week": day.isocalendar().week, "isoyear": day.isocalendar().year,
              "quarter": (day.month + 2) // 3}  # fmt: skip
    return str(weekly[field]) if field in weekly else None
