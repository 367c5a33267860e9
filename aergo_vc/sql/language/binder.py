"""The checker: each node of a statement's tree is looked up in a closed list, bound and typed, or refused."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.errors import GROUPING, TOO_COMPLEX, UNSUPPORTED, SqlError
from aergo_vc.sql.language.expressions import Expression
from aergo_vc.sql.language.scope import Scope, Variables
from aergo_vc.sql.language.source import error_at, place_of, spoken
from aergo_vc.sql.running.needs import Needs, Reading, object_of

Handler = Callable[["Binder", exp.Expression], Expression]
HANDLERS: dict[type[exp.Expression], Handler] = {}
"""What the language has: every kind of node that an expression may consist of."""


def handles(*nodes: type[exp.Expression]) -> Callable[[Handler], Handler]:
    """Enter a handler for kinds of nodes into the list."""

    def enter(handler: Handler) -> Handler:
        for node in nodes:
            HANDLERS[node] = handler
        return handler

    return enter


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A function that is known by its name: how many arguments it takes, and what binds a call."""

    least: int
    most: int
    bind: Handler


NAMED: dict[str, NamedFunction] = {}
"""The functions for which the grammar has no node of its own."""


def named(name: str, least: int, most: int) -> Callable[[Handler], Handler]:
    """Enter the binder of a function's calls; its node holds the arguments as `expressions`."""

    def enter(handler: Handler) -> Handler:
        NAMED[name] = NamedFunction(least, most, handler)
        return handler

    return enter


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a query's result."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Query:
    """A bound query.  Its columns are called c0, c1, … in `sql`; `columns` hold how others refer to the values.

    `single` says that it has one row at most.  `sources` is what a mention of a common table expression
    costs (Counter).  `limited` says that its SQL ends in LIMIT.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    single: bool = False
    sources: int = 1
    limited: bool = False


class QueryBinder(Protocol):
    """Binds a query inside an expression or in FROM."""

    def __call__(self, binder: "Binder", tree: exp.Expression, *, total: bool = False) -> Query: ...


SOURCES = 200
"""Tables and subqueries that one statement may read, views and common table expressions counted at each mention."""


@dataclass(slots=True)
class Counter:
    """Numbers for names that SQLite sees."""

    value: int = 0
    sources: int = 0

    def take(self) -> int:
        self.value += 1
        return self.value

    def spend(self, sources: int) -> None:
        """Count sources that SQLite will scan, common table expressions as often as they are named."""
        self.sources += sources
        if self.sources > SOURCES:
            raise SqlError(TOO_COMPLEX, f"the statement reads more than {SOURCES} sources, views and WITH spelled out")


@dataclass(slots=True)
class Grouping:
    """How aggregates stand in the query at hand.

    `groups` is the SQL of the GROUP BY expressions, None until the query is known to be grouped.  `allowed` says why
    aggregates are refused, or is None; `used` tells afterwards whether there were any.
    """

    groups: frozenset[str] | None = None
    refused: str | None = None
    used: bool = False
    inside: bool = False
    windows_refused: str | None = None


@dataclass(slots=True)
class Surroundings:
    """What a statement may name beside what it reads from, and what it named.

    Unqualified routines live in `contract`, then in `public`.  `called` collects the routines that expressions call;
    `calls_refused` says where they must not, or is None.  `needs` collects the privileges that it all takes; `holder`
    is the contract whose owner must have those for what is read, None outside of views.
    """

    contract: str = DEFAULT_CONTRACT
    variables: Variables | None = None
    called: set[RoutineName] = field(default_factory=set)
    calls_refused: str | None = None
    note_effect: Callable[[], None] = lambda: None
    """Is told of what shows when it runs: a number of a sequence is taken."""
    needs: Needs = field(default_factory=Needs)
    holder: str | None = None


@dataclass(slots=True)
class Binder:
    """Binds expressions in one scope."""

    catalog: Catalog
    queries: QueryBinder
    scope: Scope = field(default_factory=Scope)
    counter: Counter = field(default_factory=Counter)
    common: Mapping[str, Query] = field(default_factory=dict)
    grouping: Grouping = field(default_factory=lambda: Grouping(refused="this place"))
    ties: tuple[str, ...] = ()
    windows: Mapping[str, exp.Expression] = field(default_factory=dict)
    depth: int = 0
    around: Surroundings = field(default_factory=Surroundings)

    def bind(self, node: exp.Expression) -> Expression:
        """The typed expression; raises SqlError with the place of what is wrong."""
        handler = HANDLERS.get(type(node))
        if handler is None:
            raise error_at(node, UNSUPPORTED, f"{_described(node)} is not supported")
        groups = self.grouping.groups
        if groups is not None and not self.grouping.inside and self._is_group(node, groups):
            with self.settings(groups=None):
                return handler(self, node)
        with placed(node):
            return handler(self, node)

    def _is_group(self, node: exp.Expression, groups: frozenset[str]) -> bool:
        """Whether a whole expression is one of those that the query groups by."""
        if isinstance(node, (exp.Literal, exp.Column)) or not groups:
            return False
        with self.settings(groups=None):
            try:
                return HANDLERS[type(node)](self, node).sql in groups
            except SqlError:
                return False

    @contextmanager
    def settings(self, **changes: object) -> Iterator[None]:
        """Bind with other grouping rules for a while."""
        before = {name: getattr(self.grouping, name) for name in changes}
        for name, value in changes.items():
            setattr(self.grouping, name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(self.grouping, name, value)

    def column(self, node: exp.Column) -> Expression:
        """A column reference, refused where the query is grouped and the column has no single value."""
        found = self.scope.resolve(node, self.around.variables)
        self.check_grouped(found, str(node.name), node)
        return found

    def check_grouped(self, found: Expression, name: str, node: exp.Expression) -> None:
        """Raise SqlError 42803 if the query is grouped and `found` is no single value in a group."""
        groups = self.grouping.groups
        if groups is None or self.grouping.inside or found.sql in groups or not self._is_local(found):
            return
        if self._depends_on_key(found, groups):
            return
        raise error_at(
            node, GROUPING, f'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function'
        )

    def _is_local(self, found: Expression) -> bool:
        return any(found is expression for source in self.scope.sources for _, expression in source.columns) or any(
            found is expression for expression in self.scope.merged.values()
        )

    def _depends_on_key(self, found: Expression, groups: frozenset[str]) -> bool:
        """Whether the column belongs to a table whose whole primary key the query groups by."""
        for source in self.scope.sources:
            if source.is_table and any(found is expression for _, expression in source.columns):
                return bool(source.keys) and groups.issuperset(source.keys)
        return False

    def reading(self, name: TableName, columns: tuple[str, ...]) -> Reading:
        """What notes which columns of a relation in FROM are read; that it is read is noted."""
        found = Reading(self.around.needs, object_of(self.catalog, name), columns, self.around.holder)
        self.around.needs.add(found.thing, "select", holder=found.holder)
        return found

    def inner(self, scope: Scope) -> "Binder":
        """A binder for a query inside this one."""
        return Binder(
            self.catalog,
            self.queries,
            scope,
            self.counter,
            self.common,
            Grouping(),
            (),
            {},
            self.depth + 1,
            self.around,
        )


@contextmanager
def placed(node: exp.Expression) -> Iterator[None]:
    """Give errors that know no place the place of `node`."""
    try:
        yield
    except SqlError as error:
        if error.line is None:
            place = place_of(node)
            if place is not None:
                error.line, error.column = place
                error.facts |= {"line": error.line, "column": error.column}
        raise


def _described(node: exp.Expression) -> str:
    if isinstance(node, exp.Anonymous):
        return f"function {node.this}"
    return spoken(node)
