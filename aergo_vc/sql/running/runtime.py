"""What AERGOSQL's functions do: plain Python over kept values, given to SQLite under closed names.

A function returns NULL where any argument is NULL, unless it says otherwise.  Each is deterministic.
"""

import functools
import operator
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from aergo_vc.model.types import INTEGER_BITS, Kind
from aergo_vc.sql.errors import (
    BAD_ESCAPE,
    CARDINALITY,
    INVALID_PARAMETER,
    LIMIT_EXCEEDED,
    NEGATIVE_SUBSTRING,
    SqlError,
)
from aergo_vc.sql.running.spelling import cast_name
from aergo_vc.sql.types import moments, numbers, values
from aergo_vc.sql.types.arrays import Collect, array_functions
from aergo_vc.sql.types.intervals import interval_functions
from aergo_vc.sql.types.json_values import CollectJson, json_functions
from aergo_vc.sql.types.row_values import row_functions
from aergo_vc.sql.types.text_formats import format_functions
from aergo_vc.sql.types.values import TEXT_BYTES, limited_text

Function = Callable[..., Any]


_VARIABLE_ARGUMENTS = 0x04
"""The flag of a function's code that says that it takes any number."""


def _strict(function: Function) -> Function:
    """NULL in, NULL out.  For one or two arguments, which is most calls, they need no tuple on their way."""
    code = getattr(function, "__code__", None)
    fixed = code is not None and not code.co_flags & _VARIABLE_ARGUMENTS and not getattr(function, "__defaults__", None)
    count = code.co_argcount if fixed and code is not None else 0

    def call_1(value: Any) -> Any:  # noqa: ANN401
        return None if value is None else function(value)

    def call_2(left: Any, right: Any) -> Any:  # noqa: ANN401
        return None if left is None or right is None else function(left, right)

    def call(*arguments: Any) -> Any:  # noqa: ANN401
        return None if None in arguments else function(*arguments)

    chosen: Function = call_1 if count == 1 else call_2 if count == 2 else call  # noqa: PLR2004
    return functools.wraps(function)(chosen)


def integer_functions() -> Iterator[tuple[str, Function]]:
    """Arithmetic of each width; a result out of range is error 22003."""
    for kind, bits in INTEGER_BITS.items():
        top = numbers.MAXIMUM[kind]

        def checked_1(function: Callable[[int], int], kind: Kind = kind, top: int = top) -> Function:
            def call(value: int | None) -> int | None:
                if value is None:
                    return None
                value = function(value)
                return value if -top <= value <= top else numbers.fit_integer(value, kind)

            return call

        def checked_2(function: Callable[[int, int], int], kind: Kind = kind, top: int = top) -> Function:
            def call(left: int | None, right: int | None) -> int | None:
                if left is None or right is None:
                    return None
                value = function(left, right)
                return value if -top <= value <= top else numbers.fit_integer(value, kind)

            return call

        yield f"add{bits}", checked_2(operator.add)
        yield f"subtract{bits}", checked_2(operator.sub)
        yield f"multiply{bits}", checked_2(operator.mul)
        yield f"divide{bits}", checked_2(numbers.divide_integers)
        yield f"remainder{bits}", checked_2(numbers.remainder_integers)
        yield f"negate{bits}", checked_1(operator.neg)
        yield f"absolute{bits}", checked_1(abs)


def decimal_functions() -> Iterator[tuple[str, Function]]:
    """Arithmetic on decimal text and scaled integers."""
    for name in (
        "add",
        "subtract",
        "multiply",
        "divide",
        "remainder",
        "negate",
        "absolute",
        "sign",
        "ceiling",
        "floor",
    ):
        yield f"decimal_{name}", _strict(getattr(numbers, name))
    yield "decimal_rounded", _strict(numbers.rounded)
    yield "decimal_truncated", _strict(numbers.truncated)
    yield "decimal_of", _strict(numbers.unscaled_text)
    yield "fit_decimal", _strict(numbers.fit_decimal)
    yield "scaled", _strict(numbers.scaled)
    yield "trimmed", _strict(numbers.trimmed)
    yield "within", _strict(_within)
    yield "aggregate_text", _strict(_aggregate_text)
    yield "decimal_greatest", lambda *numbers: _decimal_extreme(numbers, 1)
    yield "decimal_least", lambda *numbers: _decimal_extreme(numbers, -1)
    yield "value_greatest", lambda *parts: max((part for part in parts if part is not None), default=None)
    yield "value_least", lambda *parts: min((part for part in parts if part is not None), default=None)


def _within(value: int, limit: int) -> int:
    if -limit <= value <= limit:
        return value
    raise SqlError("22003", "numeric field overflow")


def _aggregate_text(value: str | int, scale: int, what: str) -> str:
    """A sum of scaled integers as decimal text; for a mean, the sum and the count come joined by a slash."""
    if what == "sum":
        return numbers.unscaled_text(int(value), scale)
    total, count = str(value).split("/")
    return numbers.mean(numbers.unscaled_text(int(total), scale), int(count))


def _decimal_extreme(parts: tuple[str | None, ...], sign: int) -> str | None:
    best: str | None = None
    for part in parts:
        if part is not None and (best is None or sign * numbers.compare(part, best) > 0):
            best = part
    return best


def double_functions() -> Iterator[tuple[str, Function]]:
    """The four operations of IEEE 754; NaN and infinity are error 22003."""

    def divide(left: float, right: float) -> float:
        if right == 0:
            raise SqlError("22012", "division by zero")
        return values.finite(left / right)

    yield "double_add", _strict(lambda left, right: values.finite(left + right))
    yield "double_subtract", _strict(lambda left, right: values.finite(left - right))
    yield "double_multiply", _strict(lambda left, right: values.finite(left * right))
    yield "double_divide", _strict(divide)
    yield "double_of", _strict(values.double_from_text)


def real_functions() -> Iterator[tuple[str, Function]]:
    """The four operations in 32 bits: computed in 64 and rounded, which gives the same."""
    for name, function in double_functions():
        if name != "double_of":
            yield (
                name.replace("double", "real"),
                _strict(lambda left, right, function=function: values.to_real(function(left, right))),
            )


def text_functions() -> Iterator[tuple[str, Function]]:
    """Functions of texts; positions and lengths count code points."""
    yield "concatenate", _strict(lambda left, right: limited_text(left + right))
    yield "text_concat", lambda *parts: limited_text("".join(part for part in parts if part is not None))
    yield "text_concat_ws", _concat_ws
    yield "text_left", _strict(lambda text, count: text[:count] if count >= 0 else text[: max(0, len(text) + count)])
    yield "text_right", _strict(_right)
    yield "text_replace", _strict(_replace)
    yield "text_substring", _strict(_substring)
    yield "text_position", _strict(lambda text, part: text.find(part) + 1)
    yield "text_reverse", _strict(lambda text: text[::-1])
    yield "text_repeat", _strict(_repeat)
    yield "text_split_part", _strict(_split_part)
    yield "text_ascii", _strict(lambda text: ord(text[0]) if text else 0)
    yield "text_starts_with", _strict(lambda text, start: int(text.startswith(start)))
    yield "text_octets", _strict(lambda text: len(text.encode()))
    yield "text_pad_left", _strict(lambda text, length, fill=" ": _padding(text, length, fill) + text[: max(0, length)])
    yield (
        "text_pad_right",
        _strict(lambda text, length, fill=" ": text[: max(0, length)] + _padding(text, length, fill)),
    )
    yield "text_trim", _strict(lambda text, marks=" ": text.strip(marks) if marks else text)
    yield "text_trim_left", _strict(lambda text, marks=" ": text.lstrip(marks) if marks else text)
    yield "text_trim_right", _strict(lambda text, marks=" ": text.rstrip(marks) if marks else text)
    yield "cut_text", _strict(lambda text, length: text[:length])
    yield "fit_text", _fit_text
    yield "matches", _strict(lambda text, pattern, escape: int(matches(text, pattern, escape)))


def _concat_ws(separator: str | None, *parts: str | None) -> str | None:
    return None if separator is None else limited_text(separator.join(part for part in parts if part is not None))


def _right(text: str, count: int) -> str:
    if count >= 0:
        return text[max(0, len(text) - count) :]
    return text[-count:]


def _replace(text: str, part: str, by: str) -> str:
    if not part:
        return text
    if len(text) + text.count(part) * (len(by) - len(part)) > TEXT_BYTES:
        raise SqlError(LIMIT_EXCEEDED, "the result of replace is too long")
    return limited_text(text.replace(part, by))


def _substring(text: str, start: int, length: int | None = None) -> str:
    if length is None:
        return text[max(0, start - 1) :]
    if length < 0:
        raise SqlError(NEGATIVE_SUBSTRING, "negative substring length not allowed")
    return text[max(0, start - 1) : max(0, start - 1 + length)]


def _repeat(text: str, times: int) -> str:
    if len(text) * max(0, times) > TEXT_BYTES:
        raise SqlError(LIMIT_EXCEEDED, "the result of repeat is too long")
    return limited_text(text * max(0, times))


def _split_part(text: str, delimiter: str, part: int) -> str:
    if part == 0:
        raise SqlError(INVALID_PARAMETER, "field position must not be zero")
    parts = text.split(delimiter) if delimiter else [text]
    index = part - 1 if part > 0 else len(parts) + part
    return parts[index] if 0 <= index < len(parts) else ""


def _padding(text: str, length: int, fill: str) -> str:
    if length > TEXT_BYTES:
        raise SqlError(LIMIT_EXCEEDED, f"requested length {length} is too long")
    missing = length - len(text)
    if missing <= 0 or not fill:
        return ""
    return limited_text((fill * (missing // len(fill) + 1))[:missing])


def _fit_text(text: str | None, length: int | None, is_char: int) -> str | None:
    if text is None:
        return None
    if is_char:
        text = text.rstrip(" ")
    return text if length is None else values.fit_length(text, length, Kind.CHAR if is_char else Kind.VARCHAR)


PATTERN_CHARACTERS = 1_000


@functools.lru_cache(maxsize=256)
def _segments(pattern: str, escape: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """The pattern between its percent signs: each a list of characters ("" for any one) and whether it has an "any"."""
    if len(pattern) > PATTERN_CHARACTERS:
        raise SqlError(LIMIT_EXCEEDED, f"a LIKE pattern may have {PATTERN_CHARACTERS} characters")
    segments: list[list[str]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if escape and letter == escape:
            following = next(letters, None)
            if following is None:
                raise SqlError(BAD_ESCAPE, "LIKE pattern must not end with escape character")
            segments[-1].append(following)
        elif letter == "%":
            segments.append([])
        else:
            segments[-1].append("" if letter == "_" else letter)
    return tuple((tuple(segment), "" in segment) for segment in segments)


def matches(text: str, pattern: str, escape: str) -> bool:
    """LIKE, in time bounded by the product of both lengths: each segment is taken where it first fits."""
    segments = _segments(pattern, escape)
    first, last = segments[0], segments[-1]
    if len(segments) == 1:
        return len(text) == len(first[0]) and _fits_at(text, 0, first)
    end = len(text) - len(last[0])
    if end < len(first[0]) or not _fits_at(text, 0, first) or not _fits_at(text, end, last):
        return False
    position = len(first[0])
    for segment in segments[1:-1]:
        found = _find(text, segment, position, end)
        if found < 0:
            return False
        position = found + len(segment[0])
    return position <= end


def _fits_at(text: str, position: int, segment: tuple[tuple[str, ...], bool]) -> bool:
    letters, has_any = segment
    if not has_any:
        return text.startswith("".join(letters), position)
    if position + len(letters) > len(text):
        return False
    return all(letter in ("", text[position + offset]) for offset, letter in enumerate(letters))


def _find(text: str, segment: tuple[tuple[str, ...], bool], start: int, end: int) -> int:
    letters, has_any = segment
    if not has_any:
        return text.find("".join(letters), start, end)
    return next((at for at in range(start, end - len(letters) + 1) if _fits_at(text, at, segment)), -1)


def moment_functions() -> Iterator[tuple[str, Function]]:
    """Functions of dates and times."""
    yield "days_between", _strict(moments.days_between)
    yield "date_plus_days", _strict(moments.date_plus_days)
    yield "extract", _strict(moments.field_of)


def cast_functions() -> Iterator[tuple[str, Function]]:
    """One function for each pair of kinds that can be cast."""
    for (source, target), function in values.CASTS.items():
        yield cast_name(source, target), _strict(function)


def _row_limit(value: int | None, what: str) -> int:
    if value is None:
        return -1 if what == "LIMIT" else 0
    if value < 0:
        state = "2201W" if what == "LIMIT" else "2201X"
        raise SqlError(state, f"{what} must not be negative")
    return value


def scalar_functions() -> dict[str, Function]:
    """All scalar functions by name."""
    groups = (
        integer_functions, decimal_functions, double_functions, text_functions, moment_functions, cast_functions,
        array_functions, interval_functions, json_functions, real_functions, format_functions, row_functions,
    )  # fmt: skip
    found = {name: function for group in groups for name, function in group()}
    found["row_limit"] = _row_limit
    return found


def series(start: int | None, stop: int | None, step: int | None) -> Iterator[int]:
    """generate_series over whole numbers; nothing where an argument is NULL."""
    if start is None or stop is None or step is None:
        return
    if step == 0:
        raise SqlError(INVALID_PARAMETER, "step size cannot equal zero")
    value = start
    while value <= stop if step > 0 else value >= stop:
        yield value
        value += step


class SumScaled:
    """sum over scaled integers, as decimal digits: the sum may leave 64 bits."""

    def __init__(self) -> None:
        self.total = 0
        self.count = 0

    def step(self, value: int | None) -> None:
        if value is not None:
            self.total += value
            self.count += 1

    def inverse(self, value: int | None) -> None:
        if value is not None:
            self.total -= value
            self.count -= 1

    def value(self) -> str | None:
        return str(self.total) if self.count else None

    final = value


class AvgScaled(SumScaled):
    """Sum and count for a mean over scaled integers."""

    def value(self) -> str | None:
        return f"{self.total}/{self.count}" if self.count else None

    final = value


class SumDecimal:
    """sum over decimal text; the scale is the greatest that was added."""

    def __init__(self) -> None:
        self.total = 0
        self.scales: dict[int, int] = {}

    def _add(self, value: str | None, sign: int) -> None:
        if value is None:
            return
        scale = numbers.scale_of(value)
        self.total += sign * numbers.scaled_exact(value, scale) * 10 ** (numbers.DIGITS - scale)
        self.scales[scale] = self.scales.get(scale, 0) + sign
        if not self.scales[scale]:
            del self.scales[scale]

    def step(self, value: str | None) -> None:
        self._add(value, 1)

    def inverse(self, value: str | None) -> None:
        self._add(value, -1)

    def _sum(self) -> str:
        scale = max(self.scales)
        total = self.total // 10 ** (numbers.DIGITS - scale)
        return numbers.decimal_text(Decimal(numbers.unscaled_text(total, scale)))

    def value(self) -> str | None:
        return self._sum() if self.scales else None

    final = value


class AvgDecimal(SumDecimal):
    """Mean over decimal text."""

    def value(self) -> str | None:
        return numbers.mean(self._sum(), sum(self.scales.values())) if self.scales else None

    final = value


class Single:
    """The one value of a scalar subquery; a second row is error 21000."""

    def __init__(self) -> None:
        self.rows = 0
        self.kept: Any = None

    def step(self, value: Any) -> None:  # noqa: ANN401
        self.rows += 1
        if self.rows > 1:
            raise SqlError(CARDINALITY, "more than one row returned by a subquery used as an expression")
        self.kept = value

    def final(self) -> Any:  # noqa: ANN401
        return self.kept


WINDOW_AGGREGATES: dict[str, Callable[[], Any]] = {
    "sum_scaled": SumScaled,
    "avg_scaled": AvgScaled,
    "sum_decimal": SumDecimal,
    "avg_decimal": AvgDecimal,
}

AGGREGATES: dict[str, Callable[[], Any]] = {"single": Single, "array_collect": Collect, "jsonb_collect": CollectJson}

BUILT_IN_FUNCTIONS = frozenset(
    {"count", "sum", "min", "max", "abs", "length", "lower", "upper", "coalesce", "ifnull", "group_concat", "rtrim",
     "substr", "row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value"}
)  # fmt: skip
"""SQLite's own functions that emitted SQL calls: those whose results no version of SQLite has changed."""
