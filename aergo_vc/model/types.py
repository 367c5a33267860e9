"""Column types and the Python values that stand for their values everywhere above the SQL engine.

=====================  =============================================================================================
kind                   value
=====================  =============================================================================================
smallint … bigint      ``int`` in the range of 16, 32, 64 bits
numeric                ``str``: ``-?digits[.digits]``, no needless leading zero, never ``-0``; the scale is kept
boolean                ``bool``
text, varchar, char    ``str`` without NUL, valid UTF-8
date                   ``str`` ``YYYY-MM-DD``
time                   ``str`` ``HH:MM:SS[.ffffff]``, no trailing zero in the fraction
timestamp              ``str`` ``YYYY-MM-DD HH:MM:SS[.ffffff]``
timestamptz            the same in UTC, with ``+00`` behind it
uuid                   ``str``, lower case with hyphens
bytea                  ``str``: ``\\x`` and lower-case hexadecimal
double precision       ``float``, finite, never -0.0
=====================  =============================================================================================

NULL is ``None`` in all.
"""

from dataclasses import dataclass
from enum import StrEnum

Value = None | bool | int | float | str
"""A column's value in a row."""

Row = tuple[Value, ...]
"""A row's values in the order of its table's columns."""


class Kind(StrEnum):
    """The kinds of column types, under PostgreSQL's names."""

    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    TEXT = "text"
    VARCHAR = "varchar"
    CHAR = "char"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    UUID = "uuid"
    BYTEA = "bytea"
    DOUBLE = "double precision"


INTEGER_BITS = {Kind.SMALLINT: 16, Kind.INTEGER: 32, Kind.BIGINT: 64}
"""Width of each integer kind, sign included."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A kind with its modifiers.

    `length` counts characters of varchar and char; `precision` and `scale` are numeric's.  None means unlimited.
    """

    kind: Kind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        """PostgreSQL's spelling, as in ``numeric(12,2)``."""
        if self.length is not None:
            return f"{self.kind.value}({self.length})"
        if self.precision is not None:
            return f"{self.kind.value}({self.precision},{self.scale or 0})"
        return self.kind.value
