"""What one SQL text of the engine's reads and writes, as far as the text tells: the bindings then name the rows."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aergo_vc.base.ids import TableName
from aergo_vc.model.footprints import Columns, Lookup
from aergo_vc.sql.footprints.tables import TableFacts
from aergo_vc.sql.footprints.texts import LiteralAt, Literals

Value = Callable[[Any], Any]
"""Takes a value, as kept, from a statement's bindings."""

Alternatives = tuple[Value, ...]
"""Values of which a column has one; a single one as a rule."""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of a table that are asked for by their whole key, or by all values of a lookup.

    `keys` are these in their order; each choice of alternatives is a row.
    """

    table: TableName
    keys: tuple[Alternatives, ...]
    columns: Columns
    plain_type: type | None = None
    """The type of the only key column's values, if those are canonical as they are kept."""
    by: Lookup | None = None
    single: Value | None = field(init=False, compare=False)
    """The only value of the only column, where there are no more."""

    def __post_init__(self) -> None:
        is_single = len(self.keys) == 1 and len(self.keys[0]) == 1
        object.__setattr__(self, "single", self.keys[0][0] if is_single else None)

    def bound(self, literals: Literals) -> "Points | None":
        """With the literals of a text in their places; None where they make no sense."""
        if not any(isinstance(value, LiteralAt) for alternatives in self.keys for value in alternatives):
            return self
        keys = []
        for alternatives in self.keys:
            values = [value.bound(literals) if isinstance(value, LiteralAt) else value for value in alternatives]
            known = tuple(value for value in values if value is not None)
            if len(known) < len(values):
                return None
            keys.append(known)
        return Points(self.table, tuple(keys), self.columns, self.plain_type, self.by)


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows of a table that are searched by these columns, or show them when they are found."""

    table: TableName
    columns: Columns


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows that a statement inserts: `count` of them, and `points`, the rows that may stand in their way.

    Where the text does not tell all of those, `unsure` are the columns by which the others are searched, unless each
    row is inserted: that is seen then.  With `or_updated` it may as well be updated.
    """

    table: TableName
    count: int
    points: tuple[Points, ...] = ()
    unsure: Columns | None = None
    or_updated: bool = False

    def bound(self, literals: Literals) -> "Insertion":
        """With the literals of a text in their places."""
        points = [one.bound(literals) for one in self.points]
        known = tuple(one for one in points if one is not None)
        if len(known) == len(points):
            return replace(self, points=known)
        unsure = (self.unsure or frozenset()).union(*[one.columns for one in self.points])
        return replace(self, points=known, unsure=unsure, or_updated=False)


@dataclass(frozen=True, slots=True)
class Access:
    """What one statement reads and writes.

    `target` is the table that it changes unless that is a sequence's, `assigned` the columns that it sets in rows that
    exist; that table again is `simple` where updating a row by these columns is all that happens to it.  `calls` are
    the routines called in expressions.  `at_stake` are columns by which the target is searched if it fails.  `takes` is
    the sequence of which it takes a number.
    """

    points: tuple[Points, ...] = ()
    scans: tuple[Scan, ...] = ()
    insertion: Insertion | None = None
    target: TableName | None = None
    assigned: Columns = frozenset()
    simple: TableFacts | None = None
    situated: bool = False
    calls: tuple[str, ...] = ()
    at_stake: Columns = frozenset()
    takes: TableName | None = None
    only: Points | None = field(init=False, compare=False)
    """What is read, where that is all there is to say."""

    def __post_init__(self) -> None:
        is_only = len(self.points) == 1 and not (
            self.scans or self.insertion or self.situated or self.calls or self.at_stake or self.takes
        )
        object.__setattr__(self, "only", self.points[0] if is_only else None)

    def bound(self, literals: Literals) -> "Access":
        """With the literals of a text in their places."""
        if not literals:
            return self
        pairs = [(one, one.bound(literals)) for one in self.points]
        points = tuple(bound for _, bound in pairs if bound is not None)
        scans = self.scans + tuple(Scan(one.table, one.columns) for one, bound in pairs if bound is None)
        insertion = None if self.insertion is None else self.insertion.bound(literals)
        return replace(self, points=points, scans=scans, insertion=insertion)
