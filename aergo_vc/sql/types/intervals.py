"""Intervals and what they do to dates and times, as PostgreSQL reckons: months first, then days, then the clock."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from aergo_vc.model.interval_text import MICROSECONDS, Interval, interval_of, interval_text
from aergo_vc.sql.errors import (
    BAD_DATETIME,
    DATETIME_OVERFLOW,
    DIVISION_BY_ZERO,
    INTERVAL_OVERFLOW,
    INVALID_PARAMETER,
    SqlError,
)
from aergo_vc.sql.types.moment_pictures import shown
from aergo_vc.sql.types.moments import SECONDS, YEARS, parts_of_a_second, timestamp_text

_SECOND = 1_000_000
_MONTHS = 12
_UNITS: dict[str, Interval] = {
    "microsecond": Interval(0, 0, 1), "us": Interval(0, 0, 1), "usec": Interval(0, 0, 1),
    "millisecond": Interval(0, 0, 1000), "ms": Interval(0, 0, 1000), "msec": Interval(0, 0, 1000),
    "second": Interval(0, 0, _SECOND), "sec": Interval(0, 0, _SECOND), "s": Interval(0, 0, _SECOND),
    "minute": Interval(0, 0, 60 * _SECOND), "min": Interval(0, 0, 60 * _SECOND), "m": Interval(0, 0, 60 * _SECOND),
    "hour": Interval(0, 0, 3600 * _SECOND), "hr": Interval(0, 0, 3600 * _SECOND), "h": Interval(0, 0, 3600 * _SECOND),
    "day": Interval(0, 1, 0), "d": Interval(0, 1, 0), "week": Interval(0, 7, 0), "w": Interval(0, 7, 0),
    "month": Interval(1, 0, 0), "mon": Interval(1, 0, 0), "year": Interval(12, 0, 0), "yr": Interval(12, 0, 0),
    "y": Interval(12, 0, 0), "decade": Interval(120, 0, 0), "dec": Interval(120, 0, 0),
    "century": Interval(1200, 0, 0), "c": Interval(1200, 0, 0), "centurie": Interval(1200, 0, 0),
    "millennium": Interval(12000, 0, 0), "mil": Interval(12000, 0, 0), "millennia": Interval(12000, 0, 0),
}  # fmt: skip
_PART = re.compile(
    r"\s*(?:([+-]?)\s*)(?:([0-9]{1,9}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{0,9}))?)?(?![0-9:.])"
    r"|([0-9]{1,6})-([0-9]{1,2})(?=\s|$)"
    r"|([0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(?:\s*([a-zA-Z]+)|(?=\s|$)))"
)
_CLOCK = re.compile(r"\s*[+-]?\s*(?:[0-9]+:|[0-9.]+\s*h(?:r|our)?s?(?![a-z]))", re.IGNORECASE)
_ISO = re.compile(
    r"(-?)P(?:(-?[0-9.]+)Y)?(?:(-?[0-9.]+)M)?(?:(-?[0-9.]+)W)?(?:(-?[0-9.]+)D)?"
    r"(?:T(?:(-?[0-9.]+)H)?(?:(-?[0-9.]+)M)?(?:(-?[0-9.]+)S)?)?"
)
_ISO_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def _refuse(text: str) -> SqlError:
    return SqlError(BAD_DATETIME, f'invalid input syntax for type interval: "{text[:100]}"')


def in_range(interval: Interval) -> Interval:
    """The interval, or SqlError 22015."""
    if not interval.is_in_range:
        raise SqlError(INTERVAL_OVERFLOW, "interval out of range")
    return interval


def _sum(*parts: Interval) -> Interval:
    return Interval(sum(p.months for p in parts), sum(p.days for p in parts), sum(p.microseconds for p in parts))


def _times(interval: Interval, factor: Fraction) -> Interval:
    """A part of a month becomes days, a part of a day becomes time; microseconds are rounded to the even one."""
    months = interval.months * factor
    whole_months = int(months)
    more_days = (months - whole_months) * 30
    days = interval.days * factor
    whole_days = int(days)
    rest = (days - whole_days) + (more_days - int(more_days))
    whole_days += int(more_days) + int(rest)
    clock = interval.microseconds * factor + (rest - int(rest)) * MICROSECONDS
    return Interval(whole_months, whole_days, round(clock))


def _quantity(text: str, whole: str) -> Fraction:
    try:
        return Fraction(text)
    except ValueError:
        raise _refuse(whole) from None


def interval_from_text(text: str) -> str:
    """What PostgreSQL reads: units and numbers, a clock, ``ago``, ISO 8601; raises SqlError 22007."""
    stripped = text.strip(" \t\n\r\f\v")
    if len(stripped) > 200:  # noqa: PLR2004 - no interval is as long
        raise _refuse(text)
    parts = _iso_parts(stripped, text) if stripped[:1] == "P" or stripped[:2] == "-P" else _worded_parts(stripped, text)
    return interval_text(in_range(_sum(*parts)))


def _iso_parts(stripped: str, text: str) -> list[Interval]:
    match = _ISO.fullmatch(stripped)
    if match is None or stripped[-1] in "PT":
        raise _refuse(text)
    sign = -1 if match[1] else 1
    found = zip(match.groups()[1:], _ISO_UNITS, strict=True)
    return [_times(_UNITS[unit], sign * _quantity(number, text)) for number, unit in found if number is not None]


def _worded_parts(stripped: str, text: str) -> list[Interval]:
    ago = re.fullmatch(r"(.*\S)\s+ago", stripped, re.IGNORECASE)
    if ago is not None:
        stripped = ago[1]
    stripped = stripped.removeprefix("@")
    parts: list[Interval] = []
    seen: set[str] = set()
    position = 0
    while position < len(stripped):
        match = _PART.match(stripped, position)
        if match is None or match.end() == position:
            raise _refuse(text)
        position = match.end()
        unit, part = _read_part(match, text, stripped[position:])
        if unit in seen:
            raise _refuse(text)
        seen.add(unit)
        parts.append(part)
    if not parts:
        raise _refuse(text)
    return [_times(part, Fraction(-1)) for part in parts] if ago is not None else parts


def _read_part(match: re.Match[str], text: str, rest: str) -> tuple[str, Interval]:
    sign, hours, minutes, seconds, fraction, years, months, number, word = match.groups()
    if years is not None:  # as the SQL standard writes them: "1-2"
        if int(months) >= _MONTHS:
            raise SqlError(INTERVAL_OVERFLOW, f'interval field value out of range: "{text[:100]}"')
        whole = int(years) * _MONTHS + int(months)
        return "month", Interval(-whole if sign == "-" else whole, 0, 0)
    if number is None:
        if int(minutes) > 59 or int(seconds or 0) > 59:  # noqa: PLR2004
            raise SqlError(INTERVAL_OVERFLOW, f'interval field value out of range: "{text[:100]}"')
        clock = (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * _SECOND
        clock += round(Fraction(f"0.{fraction or 0}") * _SECOND)
        return "clock", Interval(0, 0, -clock if sign == "-" else clock)
    number = sign + number
    name = (word or "").lower()
    if not name:
        if rest.strip():  # "1 04:05:06": a number in front of a clock, or of hours, is days
            if _CLOCK.match(rest) is None:
                raise _refuse(text)
            return "day", _times(_UNITS["day"], _quantity(number, text))
        name = "second"
    unit = name if name in _UNITS else name.removesuffix("s")
    if unit not in _UNITS:
        raise _refuse(text)
    return unit, _times(_UNITS[unit], _quantity(number, text))


def _of(text: str) -> Interval:
    found = interval_of(text)
    if found is None:
        raise _refuse(text)
    return found


def _text(interval: Interval) -> str:
    return interval_text(in_range(interval))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("+00"))


def _overflow() -> SqlError:
    return SqlError(DATETIME_OVERFLOW, "timestamp out of range")


def moment_plus(text: str, interval: str, sign: int) -> str:
    """A timestamp, with or without its zone, moved by an interval; a day that the month lacks becomes its last."""
    months, days, microseconds = _of(interval)
    moment = _moment(text)
    year, month = divmod(moment.year * 12 + moment.month - 1 + sign * months, 12)
    try:
        moved = moment.replace(year=year, month=month + 1, day=min(moment.day, _month_days(year, month + 1)))
        moved += timedelta(days=sign * days)
        moved += timedelta(microseconds=sign * microseconds)
    except (ValueError, OverflowError):
        raise _overflow() from None
    return timestamp_text(moved) + ("+00" if text.endswith("+00") else "")


def interval_of_time(text: str) -> str:
    """A time of day as the length since midnight."""
    return interval_text(Interval(0, 0, _clock_of(datetime.fromisoformat(f"2000-01-01 {text}"))))


def time_of_interval(text: str) -> str:
    """The clock of an interval as a time of day, days dropped."""
    return _time_plus("00:00:00", text, 1)


def _time_plus(text: str, interval: str, sign: int) -> str:
    start = datetime.fromisoformat(f"2000-01-01 {text}")
    moved = start + timedelta(microseconds=sign * (_of(interval).microseconds % MICROSECONDS))
    return timestamp_text(moved)[11:]


def _difference(later: str, earlier: str) -> str:
    apart = (_moment(later) - _moment(earlier)) // timedelta(microseconds=1)
    sign = -1 if apart < 0 else 1
    days, rest = divmod(abs(apart), MICROSECONDS)
    return _text(Interval(0, sign * days, sign * rest))


def _time_difference(later: str, earlier: str) -> str:
    first, second = (datetime.fromisoformat(f"2000-01-01 {text}") for text in (later, earlier))
    return _text(Interval(0, 0, (first - second) // timedelta(microseconds=1)))


def _divided(interval: str, divisor: str) -> str:
    if not Fraction(divisor):
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    return _text(_times(_of(interval), 1 / Fraction(divisor)))


def _month_days(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else None
    return 31 if following is None else (following - date(year, month, 1)).days


def _age(later: str, earlier: str) -> str:
    """The difference in years, months and days as a calendar shows it."""
    first, second = _moment(later), _moment(earlier)
    sign = 1
    start = second
    if first < second:
        first, second, sign = second, first, -1
        start = second
    months = (first.year - second.year) * 12 + first.month - second.month
    days = first.day - second.day
    clock = _clock_of(first) - _clock_of(second)
    if clock < 0:
        clock, days = clock + MICROSECONDS, days - 1
    while days < 0:
        days += _month_days(start.year, start.month)
        months -= 1
    return _text(Interval(sign * months, sign * days, sign * clock))


def _clock_of(moment: datetime) -> int:
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return seconds * _SECOND + moment.microsecond


_STARTS = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}
_BLANK = "0001-01-01 00:00:00"


def truncated_moment(field: str, text: str) -> str:
    """date_trunc of a timestamp."""
    zone = "+00" if text.endswith("+00") else ""
    if field in _STARTS:
        end = _STARTS[field]
        return text[:end] + _BLANK[end:] + zone
    moment = _moment(text)
    if field == "week":
        try:
            return (moment.date() - timedelta(days=moment.weekday())).isoformat() + " 00:00:00" + zone
        except OverflowError:
            raise _overflow() from None
    if field == "quarter":
        return f"{moment.year:04}-{(moment.month - 1) // 3 * 3 + 1:02}-01 00:00:00{zone}"
    kept = moment.microsecond // 1000 * 1000 if field == "milliseconds" else moment.microsecond
    return timestamp_text(moment.replace(microsecond=kept)) + zone


TRUNCATIONS = frozenset((*_STARTS, "week", "quarter", "milliseconds", "microseconds"))


def interval_field(field: str, text: str) -> str | None:
    """EXTRACT from an interval as decimal text; None where there is no such field."""
    months, days, clock = _of(text)
    sign = -1 if clock < 0 else 1
    seconds, fraction = divmod(abs(clock), _SECOND)
    if field == "second":
        return f"{'-' if clock < 0 and (seconds % 60 or fraction) else ''}{seconds % 60}.{fraction:06}"
    if field in SECONDS:
        return parts_of_a_second(field, sign * (abs(clock) % (60 * _SECOND)))
    years = int(months / 12)
    if field == "epoch":
        total = (years * 1461 * 6 + (months - 12 * years) * 30 * 24 + days * 24) * 3600 * _SECOND + clock
        whole, part = divmod(abs(total), _SECOND)
        return f"{'-' if total < 0 else ''}{whole}.{part:06}"
    fields = {
        "year": years,
        **{name: int(years / length) for name, length in YEARS.items()},
        "quarter": int((months - 12 * years) / 3) + 1,
        "month": months - 12 * years,
        "day": days,
        "hour": sign * (seconds // 3600),
        "minute": sign * (seconds // 60 % 60),
    }
    return str(fields[field]) if field in fields else None


def _made(*parts: Any) -> str:  # noqa: ANN401
    years, months, weeks, days, hours, minutes, seconds = parts
    clock = (hours * 3600 + minutes * 60) * _SECOND + round(Fraction(str(seconds)) * _SECOND)
    return _text(Interval(years * 12 + months, weeks * 7 + days, clock))


def _made_date(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except (ValueError, OverflowError):
        message = f"date field value out of range: {year}-{month:02}-{day:02}"
        raise SqlError(DATETIME_OVERFLOW, message) from None


def _made_timestamp(*parts: Any) -> str:  # noqa: ANN401
    year, month, day, hour, minute, seconds = parts
    clock = Fraction(seconds)
    is_clock = hour >= 0 and 0 <= minute < 60 and 0 <= clock <= 60  # noqa: PLR2004
    if not is_clock or (hour * 60 + minute) * 60 + clock > 86_400:  # noqa: PLR2004
        raise SqlError(DATETIME_OVERFLOW, f"time field value out of range: {hour}:{minute:02}:{seconds}")
    length = interval_text(Interval(0, 0, (hour * 3600 + minute * 60) * _SECOND + round(clock * _SECOND)))
    return moment_plus(f"{_made_date(year, month, day)} 00:00:00", length, 1)


def moment_series(start: str | None, stop: str | None, step: str | None) -> Iterator[str]:
    """generate_series over timestamps of one kind; nothing where an argument is NULL."""
    if start is None or stop is None or step is None:
        return
    total = _of(step).total
    if total == 0:
        raise SqlError(INVALID_PARAMETER, "step size cannot equal zero")
    value = start
    while value <= stop if total > 0 else value >= stop:
        yield value
        try:
            value = moment_plus(value, step, 1)
        except SqlError:  # past the years that there are, and so past the end
            return


def _of_total(total: int) -> str:
    """The interval whose parts are as large as they may be: what stands for all that are equal to it."""
    sign = -1 if total < 0 else 1
    days, clock = divmod(abs(total), MICROSECONDS)
    months, days = divmod(days, 30)
    return _text(Interval(sign * months, sign * days, sign * clock))


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:  # noqa: ANN401
        return None if None in arguments else function(*arguments)

    return call


def interval_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions under the names that SQL of ours calls them by; numbers come as decimal text."""
    yield "interval_add", _strict(lambda a, b: _text(_sum(_of(a), _of(b))))
    yield "interval_subtract", _strict(lambda a, b: _text(_sum(_of(a), _times(_of(b), Fraction(-1)))))
    yield "interval_multiply", _strict(lambda a, factor: _text(_times(_of(a), Fraction(factor))))
    yield "interval_divide", _strict(_divided)
    yield "interval_key", _strict(lambda a: _of(a).total)
    yield "interval_of_key", _strict(_of_total)
    yield "interval_field", _strict(interval_field)
    yield "interval_make", _strict(_made)
    yield "moment_plus", _strict(moment_plus)
    yield "time_plus", _strict(_time_plus)
    yield "moment_minus", _strict(_difference)
    yield "time_minus", _strict(_time_difference)
    yield "moment_age", _strict(_age)
    yield "moment_truncated", _strict(truncated_moment)
    yield "moment_shown", _strict(shown)
    yield "date_make", _strict(_made_date)
    yield "interval_days_justified", _strict(_justified_days)
    yield "interval_hours_justified", _strict(_justified_hours)
    yield "interval_justified", _strict(_justified)
    yield "timestamp_make", _strict(_made_timestamp)


def _justified_days(text: str) -> str:
    months, days, clock = _of(text)
    more = int(days / 30)
    return _text(_same_sign(Interval(months + more, days - 30 * more, clock), 30))


def _justified(text: str) -> str:
    months, days, clock = _of(text)
    sign = -1 if clock < 0 else 1
    days, clock = days + sign * (abs(clock) // MICROSECONDS), sign * (abs(clock) % MICROSECONDS)
    months, days = months + int(days / 30), days - 30 * int(days / 30)
    if months > 0 and (days, clock) < (0, 0):
        months, days = months - 1, days + 30
    elif months < 0 and (days, clock) > (0, 0):
        months, days = months + 1, days - 30
    if days > 0 > clock:
        days, clock = days - 1, clock + MICROSECONDS
    elif days < 0 < clock:
        days, clock = days + 1, clock - MICROSECONDS
    return _text(Interval(months, days, clock))


def _justified_hours(text: str) -> str:
    months, days, clock = _of(text)
    more = (-1 if clock < 0 else 1) * (abs(clock) // MICROSECONDS)
    days, clock = days + more, clock - more * MICROSECONDS
    if days > 0 > clock:
        days, clock = days - 1, clock + MICROSECONDS
    elif days < 0 < clock:
        days, clock = days + 1, clock - MICROSECONDS
    return _text(Interval(months, days, clock))


def _same_sign(interval: Interval, month: int) -> Interval:
    months, days, clock = interval
    if months > 0 > days:
        return Interval(months - 1, days + month, clock)
    if months < 0 < days:
        return Interval(months + 1, days - month, clock)
    return interval
