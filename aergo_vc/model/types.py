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
real                   the same, rounded to 32 bits
interval               ``str``: PostgreSQL's output style, as in ``1 year 2 mons -3 days 04:05:06.7``
json                   ``str``: as given, checked
jsonb                  ``str``: as PostgreSQL spells it out: keys sorted by length, then bytes; the last of equal keys
enum                   ``str``: the label
=====================  =============================================================================================

NULL is ``None`` in all.  Arrays, composites and records live in routines only; tables do not hold them.
"""

from dataclasses import dataclass, replace
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
    REAL = "real"
    INTERVAL = "interval"
    JSON = "json"
    JSONB = "jsonb"
    ENUM = "enum"
    COMPOSITE = "composite"
    RECORD = "record"
    ARRAY = "array"
    """What an expression of any array type is said to be; no `ColumnType` has it."""


STORED_KINDS = tuple(Kind)[: tuple(Kind).index(Kind.COMPOSITE)]
"""The kinds that a column of a table may have."""

FLOATS = frozenset((Kind.DOUBLE, Kind.REAL))
"""The kinds whose values are floats."""

INTEGER_BITS = {Kind.SMALLINT: 16, Kind.INTEGER: 32, Kind.BIGINT: 64}
"""Width of each integer kind, sign included."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A kind with its modifiers.

    `length` counts characters of varchar and char; `precision` and `scale` are numeric's.  None means unlimited.
    `name` is that of an enum or a composite, ``contract.type``.  With `is_array` the rest describes the elements.
    """

    kind: Kind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    name: str | None = None
    is_array: bool = False

    def __str__(self) -> str:
        """PostgreSQL's spelling, as in ``numeric(12,2)``."""
        return self._spelling + ("[]" if self.is_array else "")

    @property
    def element(self) -> "ColumnType":
        """The type of an array's elements."""
        return replace(self, is_array=False)

    @property
    def _spelling(self) -> str:
        if self.name is not None:
            return self.name
        if self.length is not None:
            return f"{self.kind.value}({self.length})"
        if self.precision is not None:
            return f"{self.kind.value}({self.precision},{self.scale or 0})"
        return self.kind.value
