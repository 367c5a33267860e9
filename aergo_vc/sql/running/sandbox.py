"""A closed SQLite: limits, an authorizer with allowlists, no extensions, our functions only.

The SQL that SQLite sees is written by us; this is the second fence, should the first one have a gap.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import apsw.ext

from aergo_vc.sql.errors import FuseError
from aergo_vc.sql.running.enumerations import ENUM_FUNCTIONS
from aergo_vc.sql.running.runtime import AGGREGATES, BUILT_IN_FUNCTIONS, WINDOW_AGGREGATES, scalar_functions, series
from aergo_vc.sql.running.sequences import SEQUENCE_FUNCTIONS
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.arrays import PARALLEL_ARRAYS, array_rows
from aergo_vc.sql.types.intervals import moment_series

CACHE_TABLE = "cache_facts"
"""The engine's own table; no script reaches it."""

UNDO_TABLE = CACHE_TABLE + "_undo"
"""Another one: the rows that were changed ahead of the mark, as they are at the mark."""

VALUE_BYTES = 65_536
"""A text, or a row, within the engine."""

FUSE_STEPS = 200_000_000
"""Virtual machine instructions after which this machine gives a statement up."""

PREPARED_STATEMENTS = 1_000
"""Statements that stay prepared.  What comes back goes into the place behind what came back last, so that whatever does
not run again within as many statements is lost, however few there are."""

FUSE_INTERVAL = 1_000_000

HEAP_BYTES = 1 << 30
"""What SQLite may take of this machine's memory, in the whole process; says nothing about a statement's validity."""

_LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 1_000,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 100,
    apsw.SQLITE_LIMIT_COLUMN: 600,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 600,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 50,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 4 << 20,
}

_SWITCHES = {
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,
    apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA: 0,
    apsw.SQLITE_DBCONFIG_DQS_DDL: 0,
    apsw.SQLITE_DBCONFIG_DQS_DML: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_VIEW: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_FKEY: 1,
    apsw.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE: 1,
    apsw.SQLITE_DBCONFIG_ENABLE_QPSG: 1,
}


ENGINE_FUNCTIONS = (
    frozenset({"counted", "call_routine", "call_rows", "array_argument", "array_result"})
    | ENUM_FUNCTIONS
    | SEQUENCE_FUNCTIONS
)
"""Functions that hang on the engine that they are given to."""


class Guard:
    """Decides what a statement may do while it is prepared.

    While `trusted` is set the engine's own definitions pass; otherwise reading, writing and the listed functions only,
    on tables named ``contract.table``.
    """

    def __init__(self) -> None:
        self.trusted = False
        self._functions = frozenset(scalar_functions()) | BUILT_IN_FUNCTIONS | set(WINDOW_AGGREGATES) | set(AGGREGATES)
        self._functions |= ENGINE_FUNCTIONS

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _inner: str | None
    ) -> int:
        if self.trusted:
            return apsw.SQLITE_OK
        return apsw.SQLITE_OK if self._allows(action, first, second, database) else apsw.SQLITE_DENY

    def _allows(self, action: int, first: str | None, second: str | None, database: str | None) -> bool:
        if action in (apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE):
            return True
        if action == apsw.SQLITE_FUNCTION:
            return second is not None and second.lower() in self._functions
        if action == apsw.SQLITE_READ and first == "" and second == "":
            return True  # count(*) of a subquery
        if action in (apsw.SQLITE_READ, apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE):
            return database in ("main", None) and first is not None and self._is_open(first)
        return False

    @staticmethod
    def _is_open(table: str) -> bool:
        return (
            "." in table
            or table in _TABLE_FUNCTIONS
            or not table.startswith(("sqlite_", CACHE_TABLE, "pragma_", "json", "dbstat"))
        )


_TABLE_FUNCTIONS = ("json_each", "array_rows", "whole_series", "moment_series", "routine_rows")
"""What stands in FROM with arguments: SQLite's own for arrays that we made, and a series that is counted."""


_PRAGMAS = (
    "journal_mode=MEMORY",
    "synchronous=OFF",
    "temp_store=MEMORY",
    "cache_size=-65536",
    "recursive_triggers=OFF",
    "cell_size_check=ON",
)


def open_connection(
    path: Path | None, guard: Guard, fuse: "Fuse", count_step: Callable[[], None], *, is_apart: bool = False
) -> apsw.Connection:
    """A connection that obeys `guard`, stops at `fuse` and calls `count_step` for each row of a recursive query.

    `is_apart` is for a process that only reads the file, while another one holds it locked and writes nothing.
    """
    place = ":memory:" if path is None else str(path)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    if is_apart:
        place, flags = f"file:{quote(place)}?nolock=1", apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(place, flags, statementcachesize=PREPARED_STATEMENTS)
    apsw.hard_heap_limit(HEAP_BYTES)
    for pragma in _PRAGMAS:  # one by one: what follows a statement that gives a row waits until the row is fetched
        connection.execute(f"PRAGMA {pragma}").fetchall()
    for limit, value in _LIMITS.items():
        connection.limit(limit, value)
    for switch, setting in _SWITCHES.items():
        connection.config(switch, setting)
    _register(connection, count_step)
    connection.set_progress_handler(fuse, FUSE_INTERVAL)
    connection.authorizer = guard
    return connection


class Fuse:
    """Stops a statement that runs away on this machine; says nothing about its validity.  `steps` are instructions of
    SQLite's machine; `reset` begins a statement."""

    def __init__(self, steps: int = FUSE_STEPS) -> None:
        self._calls_allowed = steps // FUSE_INTERVAL
        self._calls = 0
        self.progress: Callable[[], int] = lambda: 0
        """Tells how far a routine has come: while that changes no single statement runs away."""
        self._before = 0

    def reset(self) -> None:
        self._calls = 0

    def __call__(self) -> bool:
        self._calls += 1
        if self.progress() != self._before:
            self._before, self._calls = self.progress(), 1
        if self._calls > self._calls_allowed:
            raise FuseError("a statement ran too long on this machine")
        return False


def _register(connection: apsw.Connection, count_step: Callable[[], None]) -> None:
    flags = apsw.SQLITE_INNOCUOUS
    for name, function in scalar_functions().items():
        connection.create_scalar_function(name, function, deterministic=True, flags=flags)

    def counted(*values: Any) -> Any:  # noqa: ANN401
        count_step()
        return values[0]

    connection.create_scalar_function("counted", counted, 1, flags=flags)
    for name, factory in WINDOW_AGGREGATES.items():
        connection.create_window_function(name, factory, 1, flags=flags)
    for name, factory in AGGREGATES.items():
        connection.create_aggregate_function(name, factory, -1, flags=flags)
    connection.create_collation("numeric", numbers.compare)

    def counted_rows(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[tuple[int, Any]]]:
        def numbered(start: Any, stop: Any, step: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
            for place, value in enumerate(generate(start, stop, step)):
                count_step()
                yield place, value

        return numbered

    table_function(connection, "whole_series", ("key", "value"), counted_rows(series))
    table_function(connection, "moment_series", ("key", "value"), counted_rows(moment_series))

    def rows(  # noqa: PLR0917 - as SQL passes them
        a: str | None, b: str | None = None, c: str | None = None, d: str | None = None,
        e: str | None = None, f: str | None = None, g: str | None = None, h: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        return array_rows(a, b, c, d, e, f, g, h)

    table_function(connection, "array_rows", ("key", *(f"c{place}" for place in range(PARALLEL_ARRAYS))), rows)


def table_function(
    connection: apsw.Connection, name: str, columns: tuple[str, ...], generate: Callable[..., Iterator[tuple[Any, ...]]]
) -> None:
    """Let a generator of rows stand in FROM under a name; rows may be shorter than `columns` where nobody reads on."""

    def rows(**arguments: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        return generate(**arguments)

    rows.columns = columns  # type: ignore[attr-defined]
    rows.column_access = apsw.ext.VTColumnAccess.By_Index  # type: ignore[attr-defined]
    rows.__signature__ = inspect.signature(generate)  # type: ignore[attr-defined]
    module: Any = rows
    apsw.ext.make_virtual_module(connection, name, module, eponymous_only=True)


@functools.cache
def engine_version() -> str:
    """SQLite's version."""
    return apsw.sqlite_lib_version()
