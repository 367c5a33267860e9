"""Which rows a call of a routine can touch, as far as the routine's text and the arguments tell before it runs.

The compiler's Python (`compiled.py`) is in a narrow form, too: a statement's text, ``S0`` and so on, is handed to what
runs it with a tuple of bindings behind; a parameter that is never assigned keeps the argument.  What is not in that
form, and every name of the session's that is not listed here, may be anything.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from aergo_vc.base.ids import RoutineName, TableName, TransactionId
from aergo_vc.model.types import Value
from aergo_vc.sql.footprints.accesses import Access, Points
from aergo_vc.sql.footprints.tables import TableFacts
from aergo_vc.sql.outcomes import ROW_PREFIX_DIGITS
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.running.recursion import deep_stack

MOST_ROWS = 64
"""A call that touches more is not worth looking at."""

_CONSTANT = -1
_OWN: tuple[tuple[int, Value], ...] = ((-2, None),)
"""Stands for the keys of the rows that a transaction adds to a table without a primary key."""

RowName = tuple[TableName, tuple[Value, ...]]
"""A row by its table and its key, canonical."""


class Part(NamedTuple):
    """One value of a key, as kept: the argument at `place`, or the `constant` where that is below 0."""

    place: int
    constant: Value


@dataclass(frozen=True, slots=True)
class TouchedRow:
    """A row by its whole key, whose values are pairs such as `Part`.

    The one pair `_OWN` stands for all rows that the transaction adds to a table without a primary key.
    """

    table: TableName
    key: tuple[tuple[int, Value], ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """The rows that a call of a routine can read or write, and no others; None: they may be any."""

    rows: tuple[TouchedRow, ...] | None


ANYTHING = Touched(None)

AccessOf = Callable[[str], Access]
"""What a SQL text of the engine's does to the state's tables."""

FactsOf = Callable[[str], TableFacts | None]

_RUNNERS = frozenset({"change_rows", "execute", "first_row", "query", "strict_row", "value"})
"""The session's methods that take a SQL text."""

# What else compiled routines ask of the session; nothing of this touches rows.
_HARMLESS = frozenset({
    "add_row", "add_rows", "asks", "branch", "caller", "canonical_array", "canonical_boolean", "caught", "chain",
    "changed", "changes", "check_range", "check_references", "code_of", "detail", "emit", "exhausted", "failures",
    "height", "left", "notice", "null_assigned", "only_row", "prefix", "printed", "printed_boolean", "raised",
    "release", "require", "savepoint", "signer", "take", "time", "transaction", "user", "weighed", "wrong_record",
})  # fmt: skip
_BEGINNING = ast.unparse(ast.parse("execute, changed = run.execute, run.changed"))
_TAKES_NUMBERS = ("nextval(", "currval(", "lastval(", "setval(")


class Toucher:
    """Finds the rows that calls of one catalog's routines can touch."""

    def __init__(self, compiled: Callable[[RoutineName], Compiled], access_of: AccessOf, facts_of: FactsOf) -> None:
        self._compiled, self._access_of, self._facts_of = compiled, access_of, facts_of
        self._waiting: set[RoutineName] = set()

    @deep_stack()
    def touched(self, name: RoutineName) -> Touched:
        """What a call of a routine can touch; raises SqlError for one that is not there or cannot be compiled."""
        if name in self._waiting:
            return ANYTHING  # it calls itself
        self._waiting.add(name)
        try:
            return self._of(self._compiled(name))
        except RecursionError:
            return ANYTHING
        finally:
            self._waiting.remove(name)

    def _of(self, compiled: Compiled) -> Touched:
        text = _Text(compiled)
        if not text.is_plain:
            return ANYTHING
        rows: dict[TouchedRow, None] = {}
        for sql, bindings in text.statements:
            found = self._by_statement(sql, bindings)
            if found is None:
                return ANYTHING
            rows |= dict.fromkeys(found)
        for name, arguments in text.calls:
            inner = self.touched(name).rows
            put_in = None if inner is None else [_put_in(row, arguments) for row in inner]
            if put_in is None or None in put_in:
                return ANYTHING
            rows |= dict.fromkeys(row for row in put_in if row is not None)
        return Touched(tuple(rows)) if len(rows) <= MOST_ROWS else ANYTHING

    def _by_statement(self, sql: str, bindings: Sequence[Part | None]) -> list[TouchedRow] | None:
        if any(name in sql for name in _TAKES_NUMBERS):
            return None
        access = self._access_of(sql)
        if access.scans or access.calls or access.at_stake or not self._is_simple(access):
            return None
        points, found = list(access.points), []
        if access.insertion is not None:
            points += access.insertion.points
            if access.insertion.unsure is not None:
                found.append(TouchedRow(access.insertion.table, _OWN))
        for point in points:
            rows = self._rows_of(point, bindings)
            if rows is None:
                return None
            found += rows
        return found

    def _is_simple(self, access: Access) -> bool:
        """Whether a statement changes no rows, or such that it looks at no others for it.

        No foreign key and nothing unique is in its way, keys stay, and the keys of new rows are known.
        """
        insertion = access.insertion
        if access.target is None:
            return insertion is None
        facts = self._facts_of(access.target)
        if facts is None or not access.assigned.isdisjoint(facts.hung_on):
            return False
        if insertion is not None:
            is_told = insertion.count > 0 and (insertion.unsure is None or facts.has_hidden_key)
            return is_told and not facts.parents and not facts.uniques
        return bool(access.assigned) or facts.is_simple

    def _rows_of(self, points: Points, bindings: Sequence[Part | None]) -> list[TouchedRow] | None:
        facts = self._facts_of(points.table)
        if facts is None or facts.only_key is not None or points.by is not None:
            return None
        found = []
        for values in product(*[[value(bindings) for value in alternatives] for alternatives in points.keys]):
            key = _pairs(
                [value if value is None or isinstance(value, Part) else Part(_CONSTANT, value) for value in values]
            )
            if key is None:
                return None
            found.append(TouchedRow(points.table, key))
        return found


class RowFinder:
    """Names the rows that calls of one routine touch, by their arguments."""

    def __init__(self, touched: Touched, facts_of: FactsOf) -> None:
        self.is_any = touched.rows is None
        self._rows = [(row, facts_of(row.table)) for row in touched.rows or ()]
        self._ready = [(row.table, *_plain_argument(row, facts)) for row, facts in self._rows]

    def rows(self, transaction: TransactionId, arguments: Sequence[Any]) -> list[RowName] | None:
        """The rows that a call with these arguments, as kept, can touch; None: they may be any."""
        if self.is_any:
            return None
        found: list[RowName] = []
        for number, (table, place, kind) in enumerate(self._ready):
            if kind is not None and type(arguments[place]) is kind:
                found.append((table, (arguments[place],)))
                continue
            key = self._key(number, transaction, arguments)
            if key is None:
                return None
            found.append((table, key))
        return found

    def _key(self, number: int, transaction: TransactionId, arguments: Sequence[Any]) -> tuple[Value, ...] | None:
        row, facts = self._rows[number]
        if row.key == _OWN:
            return (transaction[:ROW_PREFIX_DIGITS],)
        values = [constant if place == _CONSTANT else arguments[place] for place, constant in row.key]
        return None if facts is None else facts.point(values)


def _plain_argument(row: TouchedRow, facts: TableFacts | None) -> tuple[int, type | None]:
    """The argument that is the whole key, and the type in which it is canonical as it is kept; None where it is not."""
    place = row.key[0][0]
    is_plain = len(row.key) == 1 and place >= 0 and facts is not None
    return place, facts.plain_type if facts is not None and is_plain else None


def _put_in(row: TouchedRow, arguments: Sequence[Part | None]) -> TouchedRow | None:
    """A row that a routine called in another one touches, by the other one's arguments."""
    key = _pairs([Part(place, constant) if place < 0 else arguments[place] for place, constant in row.key])
    return None if key is None else TouchedRow(row.table, key)


def _pairs(parts: Sequence[Part | None]) -> tuple[tuple[int, Value], ...] | None:
    """A key for `TouchedRow`; None where a value may be anything."""
    known = [(part.place, part.constant) for part in parts if part is not None]
    return tuple(known) if len(known) == len(parts) else None


class _Text(ast.NodeVisitor):
    """What a compiled routine's text hands over: SQL texts with bindings, calls with arguments.

    Of bindings and arguments a None may be anything.  `is_plain` says that nothing else can touch rows.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.statements: list[tuple[str, list[Part | None]]] = []
        self.calls: list[tuple[RoutineName, list[Part | None]]] = []
        self._texts = {f"S{number}": text for number, text in enumerate(compiled.texts)}
        self._expected: set[int] = set()
        tree = ast.parse(compiled.source)
        (function,) = tree.body
        assert isinstance(function, ast.FunctionDef)  # noqa: S101 - the compiler writes one
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        assigned = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        parameters = [one.arg for one in function.args.args][1:]
        self._places = {name: place for place, name in enumerate(parameters) if name not in assigned}
        has_inner = sum(isinstance(node, ast.arguments) for node in ast.walk(tree)) > 1
        self.is_plain = not compiled.plans and not compiled.nested and not has_inner and "run" not in assigned
        self.visit(tree)

    def visit_Assign(self, node: ast.Assign) -> None:
        """A statement; the one with which each routine begins says nothing."""
        if not isinstance(node.targets[0], ast.Tuple) or ast.unparse(node) != _BEGINNING:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """A call; names are expected in those of known forms only."""
        name = node.func.id if isinstance(node.func, ast.Name) else _of_session(node.func)
        first, rest = (node.args[0], node.args[1:]) if node.args else (None, [])
        if name in _RUNNERS and isinstance(first, ast.Name) and first.id in self._texts:
            if rest and isinstance(rest[0], ast.Tuple):
                self._expected |= {id(node.func), id(first)}
                self.statements.append((self._texts[first.id], list(map(self._part, rest[0].elts))))
        elif name == "call" and isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._expected.add(id(node.func))
            self.calls.append((RoutineName(first.value), list(map(self._part, rest))))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """A name that stands by itself."""
        if node.id in {"run", "execute", *self._texts} and id(node) not in self._expected:
            self.is_plain = False

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A name of the session's, or of another value's."""
        name = _of_session(node)
        if name is None:
            self.generic_visit(node)
        elif name not in _HARMLESS and id(node) not in self._expected:
            self.is_plain = False

    def _part(self, node: ast.expr) -> Part | None:
        if isinstance(node, ast.Name) and node.id in self._places:
            return Part(self._places[node.id], None)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, str)):
            return Part(_CONSTANT, node.value)
        return None


def _of_session(node: ast.expr) -> str | None:
    """The name of what is taken from the session, if anything is."""
    is_its = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "run"
    return node.attr if isinstance(node, ast.Attribute) and is_its else None
