"""What changes a part of a jsonb value that a path leads to: jsonb_set and ``#-``.

Source: the PostgreSQL 15 manual, section 9.16.1.
"""

import re
from typing import Any

from aergo_vc.sql.errors import INVALID_PARAMETER, INVALID_TEXT, SqlError

_STEP = re.compile(r"\s*[+-]?[0-9]{1,9}")
_NULL_STEP = "22004"
_GONE = object()

Path = list[str | None]


def with_set(value: Any, path: Path, new: Any, *, create: bool) -> Any:  # noqa: ANN401
    """The value with `new` where `path` leads; what is not there is added, if `create`, at the last step only."""
    _require_parts(value, "set")
    return _changed(value, path, 0, new, create) if path and (value or create) else value


def without_path(value: Any, path: Path) -> Any:  # noqa: ANN401
    """The value without what `path` leads to."""
    _require_parts(value, "delete")
    return _changed(value, path, 0, _GONE, False) if path and value else value  # noqa: FBT003


def _require_parts(value: Any, what: str) -> None:  # noqa: ANN401
    if not isinstance(value, (list, dict)):
        raise SqlError(INVALID_PARAMETER, f"cannot {what} path in scalar")


def _changed(value: Any, path: Path, place: int, new: Any, create: bool) -> Any:  # noqa: ANN401, FBT001
    step = path[place]
    if step is None:
        raise SqlError(_NULL_STEP, f"path element at position {place + 1} is null")
    is_last = place == len(path) - 1
    if isinstance(value, dict):
        if step in value:
            changed = new if is_last else _changed(value[step], path, place + 1, new, create)
            if changed is _GONE:
                return {name: one for name, one in value.items() if name != step}
            return {**value, step: changed}
        return {**value, step: new} if is_last and create else value
    if isinstance(value, list):
        at = _index(step, place, len(value))
        if 0 <= at < len(value):
            changed = new if is_last else _changed(value[at], path, place + 1, new, create)
            return value[:at] + ([] if changed is _GONE else [changed]) + value[at + 1 :]
        if is_last and create:
            return [new, *value] if at < 0 else [*value, new]
    return value


def _index(step: str, place: int, length: int) -> int:
    """The place in an array that a step means; -1 in front of it, `length` behind it."""
    if _STEP.fullmatch(step) is None:
        raise SqlError(INVALID_TEXT, f'path element at position {place + 1} is not an integer: "{step[:100]}"')
    at = int(step)
    return max(at + length, -1) if at < 0 else min(at, length)
