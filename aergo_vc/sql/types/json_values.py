"""jsonb: kept as its own spelling; numbers are exact."""

import functools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from aergo_vc.model.json_text import Number, json_kind, jsonb_text, parse_json, sorted_keys
from aergo_vc.model.types import FLOATS, INTEGER_BITS, Kind
from aergo_vc.sql.errors import INVALID_PARAMETER, SqlError
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.arrays import array_of, array_text, canonical_elements, type_of_code
from aergo_vc.sql.types.json_paths import with_set, without_path
from aergo_vc.sql.types.values import limited_text


@functools.lru_cache(maxsize=64)
def _value(text: str) -> Any:  # noqa: ANN401
    """The parsed value, which nobody may change."""
    return parse_json(text)


def _text(value: Any) -> str:  # noqa: ANN401
    return limited_text(jsonb_text(value))


_MISSING = object()


def _member(value: Any, key: str) -> Any:  # noqa: ANN401
    return value.get(key, _MISSING) if isinstance(value, dict) else _MISSING


def _item(value: Any, place: int) -> Any:  # noqa: ANN401
    if not isinstance(value, list) or not -len(value) <= place < len(value):
        return _MISSING
    return value[place]


def _spelled(value: Any) -> str | None:  # noqa: ANN401
    """As ``->>`` gives a value: texts bare, null as NULL."""
    if value is None or value is _MISSING:
        return None
    return str.__str__(value) if isinstance(value, str) else _text(value)


def _walked(value: Any, path: str) -> Any:  # noqa: ANN401
    for step in array_of(path):
        if step is None:
            return _MISSING
        if isinstance(value, list):
            digits = step.strip().removeprefix("-").removeprefix("+")
            value = _item(value, int(step)) if digits.isascii() and digits.isdigit() and len(digits) < 10 else _MISSING  # noqa: PLR2004
        else:
            value = _member(value, step)
        if value is _MISSING:
            return _MISSING
    return value


def _found(value: Any) -> str | None:  # noqa: ANN401
    return None if value is _MISSING else _text(value)


def _contains(left: Any, right: Any) -> bool:  # noqa: ANN401
    """``@>``: an object's members, an array's items in any order; an array contains a bare value at the top."""
    if isinstance(left, dict):
        return isinstance(right, dict) and all(key in left and _contains(left[key], right[key]) for key in right)
    if isinstance(left, list):
        return isinstance(right, list) and all(any(_contains(one, other) for one in left) for other in right)
    return _equal(left, right)


def _top_contains(left: Any, right: Any) -> bool:  # noqa: ANN401
    if isinstance(left, list) and not isinstance(right, (list, dict)):
        return any(_equal(one, right) for one in left)
    return _contains(left, right)


def _equal(left: Any, right: Any) -> bool:  # noqa: ANN401
    if isinstance(left, Number) and isinstance(right, Number):
        return Decimal(left) == Decimal(right)
    return type(left) is type(right) and left == right


def _has(value: Any, key: str) -> bool:  # noqa: ANN401
    if isinstance(value, str) and not isinstance(value, Number):
        return value == key
    return isinstance(value, (dict, list)) and any(
        isinstance(one, str) and not isinstance(one, Number) and one == key for one in value
    )


def _trimmed(value: Any) -> Any:  # noqa: ANN401
    """The value with the zeros behind points gone: equal values are spelled alike."""
    if isinstance(value, Number):
        return Number(numbers.trimmed(value))
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    if isinstance(value, dict):
        return {key: _trimmed(item) for key, item in value.items()}
    return value


def kept_to_json(value: Any, code: str) -> Any:  # noqa: ANN401
    """A kept value that is not NULL, of the type behind `code`, as to_jsonb makes JSON of it."""
    [canonical] = canonical_elements([value], code)
    kind = type_of_code(code).kind
    if kind is Kind.BOOLEAN:
        return canonical
    if kind in FLOATS:
        return parse_json(format(Decimal(repr(canonical)), "f").removesuffix(".0"))
    if kind in INTEGER_BITS or kind is Kind.NUMERIC:
        return Number(str(canonical))
    if kind in (Kind.JSON, Kind.JSONB):
        return parse_json(str(canonical))
    text = str(canonical)
    if kind in (Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        text = text.replace(" ", "T", 1)
        return text + ":00" if kind is Kind.TIMESTAMPTZ else text
    return text


def _made(value: Any, code: str) -> str:  # noqa: ANN401
    return _text(kept_to_json(value, code))


def _made_array(text: str, code: str) -> str:
    return _text([None if one is None else kept_to_json(one, code) for one in array_of(text)])


def _object(*parts: str | None) -> str:
    found: dict[str, Any] = {}
    for place in range(0, len(parts), 2):
        key, value = parts[place], parts[place + 1]
        if key is None:
            raise SqlError(INVALID_PARAMETER, f"argument {place + 1}: key must not be null")
        found[key] = None if value is None else _value(value)
    return _text(found)


def _length(text: str) -> int:
    value = _value(text)
    if not isinstance(value, list):
        what = "a non-array" if isinstance(value, dict) else "a scalar"
        raise SqlError(INVALID_PARAMETER, f"cannot get array length of {what}")
    return len(value)


def _items(text: str) -> list[Any]:
    value = _value(text)
    if not isinstance(value, list):
        what = "an object" if isinstance(value, dict) else "a scalar"
        raise SqlError(INVALID_PARAMETER, f"cannot extract elements from {what}")
    return value


def _members(text: str, caller: str) -> dict[str, Any]:
    value = _value(text)
    if not isinstance(value, dict):
        what = "an array" if isinstance(value, list) else "a scalar"
        raise SqlError(INVALID_PARAMETER, f"cannot call {caller} on {what}")
    return value


def _keys(text: str, caller: str) -> str:
    return array_text(sorted_keys(_members(text, caller)))


def _member_values(text: str, caller: str, show: Callable[[Any], str | None]) -> str:
    members = _members(text, caller)
    return array_text([show(members[key]) for key in sorted_keys(members)])


def _has_each(text: str, keys: str) -> Iterator[bool]:
    value = _value(text)
    return (_has(value, key) for key in array_of(keys) if key is not None)


def _set(text: str, path: str, new: str, create: int) -> str:
    return _text(with_set(_value(text), array_of(path), _value(new), create=bool(create)))


def _kind_name(text: str) -> str:
    return json_kind(_value(text))


def _joined(left: str, right: str) -> str:
    first, second = _value(left), _value(right)
    if isinstance(first, dict) and isinstance(second, dict):
        return _text({**first, **second})
    if not isinstance(first, list) and not isinstance(second, list) and dict in (type(first), type(second)):
        raise SqlError(INVALID_PARAMETER, "invalid concatenation of jsonb objects")
    return _text((first if isinstance(first, list) else [first]) + (second if isinstance(second, list) else [second]))


def _without(text: str, *keys: str) -> str:
    value = _value(text)
    if isinstance(value, dict):
        return _text({name: item for name, item in value.items() if name not in keys})
    if isinstance(value, list):
        return _text([one for one in value if isinstance(one, Number) or one not in keys])
    raise SqlError(INVALID_PARAMETER, "cannot delete from scalar")


def _without_item(text: str, place: int) -> str:
    value = _value(text)
    if not isinstance(value, list):
        what = "object using integer index" if isinstance(value, dict) else "scalar"
        raise SqlError(INVALID_PARAMETER, f"cannot delete from {what}")
    at = place + len(value) if place < 0 else place
    return _text([one for index, one in enumerate(value) if index != at])


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:  # noqa: ANN401
        return None if None in arguments else function(*arguments)

    return call


def json_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions under the names that SQL of ours calls them by."""
    yield "jsonb_member", _strict(lambda text, key: _found(_member(_value(text), key)))
    yield "jsonb_item", _strict(lambda text, place: _found(_item(_value(text), place)))
    yield "jsonb_walk", _strict(lambda text, path: _found(_walked(_value(text), path)))
    yield "jsonb_member_text", _strict(lambda text, key: _spelled(_member(_value(text), key)))
    yield "jsonb_item_text", _strict(lambda text, place: _spelled(_item(_value(text), place)))
    yield "jsonb_walk_text", _strict(lambda text, path: _spelled(_walked(_value(text), path)))
    yield "jsonb_contains", _strict(lambda left, right: int(_top_contains(_value(left), _value(right))))
    yield "jsonb_has", _strict(lambda text, key: int(_has(_value(text), key)))
    yield "jsonb_has_any", _strict(lambda text, keys: int(any(_has_each(text, keys))))
    yield "jsonb_has_all", _strict(lambda text, keys: int(all(_has_each(text, keys))))
    yield "jsonb_set", _strict(_set)
    yield "jsonb_without_path", _strict(lambda text, path: _text(without_path(_value(text), array_of(path))))
    yield "jsonb_key", _strict(lambda text: _text(_trimmed(_value(text))))
    yield "jsonb_make", _strict(_made)
    yield "jsonb_make_array", _strict(_made_array)
    yield "jsonb_object", _object
    yield "jsonb_array", lambda *parts: _text([None if part is None else _value(part) for part in parts])
    yield "jsonb_length", _strict(_length)
    yield "jsonb_items", _strict(lambda text: array_text([_text(one) for one in _items(text)]))
    yield "jsonb_item_texts", _strict(lambda text: array_text([_spelled(one) for one in _items(text)]))
    yield "jsonb_keys", _strict(_keys)
    yield "jsonb_values", _strict(lambda text, caller: _member_values(text, caller, _text))
    yield "jsonb_value_texts", _strict(lambda text, caller: _member_values(text, caller, _spelled))
    yield "jsonb_kind", _strict(_kind_name)
    yield "jsonb_join", _strict(_joined)
    yield "jsonb_without", _strict(_without)
    yield "jsonb_without_item", _strict(_without_item)
    yield (
        "jsonb_without_keys",
        _strict(lambda text, keys: _without(text, *[key for key in array_of(keys) if key is not None])),
    )


class CollectJson:
    """jsonb_agg: the values in the order in which they come; NULL if there are none."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, value: str | None) -> None:
        self.parts.append("null" if value is None else value)

    def final(self) -> str | None:
        return limited_text(f"[{', '.join(self.parts)}]") if self.parts else None


class CollectMembers:
    """jsonb_object_agg: of the values of one key the last; NULL if there are none."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}

    def step(self, key: str | None, value: str | None) -> None:
        if key is None:
            raise SqlError(INVALID_PARAMETER, "field name must not be null")
        self.members[key] = None if value is None else _value(value)

    def final(self) -> str | None:
        return _text(self.members) if self.members else None
