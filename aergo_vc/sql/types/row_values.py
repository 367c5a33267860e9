"""Rows as values: in SQLite JSON text of their fields, as arrays are; and their text as PostgreSQL writes it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from aergo_vc.sql.types.arrays import array_text

_QUOTED = re.compile(r'[\s(),"\\]')


def row_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions under the names that SQL of ours calls them by."""
    yield "row_make", lambda *fields: array_text(fields)
    yield "row_print", row_print


def row_print(*texts: str | None) -> str:
    """The text of a row from those of its fields: NULL is nothing, quotation marks stand where they must."""
    return f"({','.join(['' if text is None else _quoted(text) for text in texts])})"


def _quoted(text: str) -> str:
    if text and not _QUOTED.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
