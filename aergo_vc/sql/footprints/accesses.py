"""What one SQL text of the engine's reads and writes, as far as the text tells: the bindings then name the rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aergo_vc.base.ids import TableName
from aergo_vc.model.footprints import Columns

Value = Callable[[Any], Any]
"""Takes a value, as kept, from a statement's bindings."""

Alternatives = tuple[Value, ...]
"""Values of which a column has one; a single one as a rule."""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of a table that are asked for by their whole key: one row for each choice of alternatives, in key order."""

    table: TableName
    keys: tuple[Alternatives, ...]
    columns: Columns
    plain_type: type | None = None
    """The type of the only key column's values, if those are canonical as they are kept."""
    single: Value | None = field(init=False, compare=False)
    """The only value of the only column, where there are no more."""

    def __post_init__(self) -> None:
        is_single = len(self.keys) == 1 and len(self.keys[0]) == 1
        object.__setattr__(self, "single", self.keys[0][0] if is_single else None)


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows of a table that are searched by these columns, or show them when they are found."""

    table: TableName
    columns: Columns


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows that a statement inserts: `rows` have their keys, None where the text does not tell those of all.

    `columns` are looked at in rows that exist already: their key, and what ON CONFLICT takes from them.
    """

    table: TableName
    count: int
    rows: tuple[Points, ...] | None
    columns: Columns


@dataclass(frozen=True, slots=True)
class Access:
    """What one statement reads and writes.

    `target` is the table that it changes unless that is a sequence's, `assigned` the columns that it sets in rows that
    exist.  `calls` are the routines called in expressions.
    """

    points: tuple[Points, ...] = ()
    scans: tuple[Scan, ...] = ()
    insertion: Insertion | None = None
    target: TableName | None = None
    assigned: Columns = frozenset()
    situated: bool = False
    calls: tuple[str, ...] = ()
    only: Points | None = field(init=False, compare=False)
    """What is read, where that is all there is to say."""

    def __post_init__(self) -> None:
        is_only = len(self.points) == 1 and not (self.scans or self.insertion or self.situated or self.calls)
        object.__setattr__(self, "only", self.points[0] if is_only else None)
