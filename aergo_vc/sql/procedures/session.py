"""What compiled routines run on: SQL, calls of each other, errors, events, notices, budgets.

There is one session an engine; `begin` and `end` enclose what one transaction's script or call does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import CodeType, MethodType
from typing import Any, NoReturn

import apsw

from aergo_vc.base.ids import EntityName, RoutineName, TableName
from aergo_vc.model.routines import Parameter, Routine
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Argument, Event
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import TOO_COMPLEX, BudgetError, SqlError
from aergo_vc.sql.outcomes import ExecutionContext, Notice, RowOrdinals
from aergo_vc.sql.privileges.rights import Rights
from aergo_vc.sql.procedures.arguments import Reader
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.conditions import CONDITIONS
from aergo_vc.sql.running.budget import Meter
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.needs import Requirements
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.references import References
from aergo_vc.sql.running.runner import Runner, sort_key
from aergo_vc.sql.running.translated_errors import translated
from aergo_vc.sql.types.arrays import array_of, array_text, canonical_elements, type_code
from aergo_vc.sql.types.moments import timestamptz_from_milliseconds

Bindings = Sequence[Any] | Mapping[str, Any]
Rows = list[tuple[Any, ...]]
Mark = tuple[str, int]
"""A savepoint: its name, and how many events there were."""

_NONE = frozenset[str]()
_new = tuple.__new__
"""Makes an Event without a call of Python's."""

DEPTH = 32
"""How deep calls may nest."""

REENTERED = "55P03"
"""The code for a contract that is entered again while it waits for another one."""


@dataclass(slots=True)
class Entry:
    """A routine ready to be called; `is_plain` says that it is neither strict nor has its owner's rights.

    `function` takes a session first, until a session makes it a method of its own, which is called faster.

    `readers` take its arguments from outside; `requirements` are those of all its statements.
    """

    routine: Routine
    contract: str
    function: Callable[..., Any]
    compiled: Compiled
    owner: EntityName | None
    arrays: tuple[int, ...]
    is_plain: bool
    inputs: tuple[Parameter, ...]
    readers: tuple[Reader, ...]
    requirements: Requirements
    cleared: str | None = None
    """A user who was found to have them all."""


class Session:
    """The ``run`` of compiled routines; the methods without an underscore are what they call."""

    __slots__ = (
        "_by_code",
        "_capture",
        "_context",
        "_contract",
        "_cursors",
        "_db",
        "_depth",
        "_entries",
        "_load",
        "_meter",
        "_nested",
        "_ordinals",
        "_points",
        "_rights",
        "_row_sets",
        "_runner",
        "_trusted",
        "_waiting",
        "asks",
        "caller",
        "catalog",
        "changed",
        "changes",
        "check_references",
        "events",
        "execute",
        "hits",
        "left",
        "notices",
        "signer",
        "user",
    )  # fmt: skip
    failures = (SqlError, apsw.Error)

    def __init__(
        self,
        db: apsw.Connection,
        capture: Capture,
        references: References,
        trusted: Callable[[str], object],
        load: Callable[[RoutineName], Entry],
    ) -> None:
        self._db, self._capture, self._trusted, self._load = db, capture, trusted, load
        self.check_references, self.changed = references.check, capture.statement
        self.changes = db.changes
        self._cursors: list[apsw.Cursor] = []
        self._enter_level(0)
        self.catalog = Catalog()
        self._rights = Rights(self.catalog)
        self.asks = False
        self._entries: dict[str, Entry] = {}
        self._by_code: dict[CodeType, Entry] = {}
        self._points = 0
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.left = 0
        self.hits: list[int] = []

    def set_catalog(self, catalog: Catalog, rights: Rights) -> None:
        """Routines may have changed, and who may do what."""
        self.catalog, self._rights = catalog, rights
        self._entries, self._by_code = {}, {}

    def begin(self, context: ExecutionContext, meter: Meter, ordinals: RowOrdinals, runner: Runner) -> None:
        """A script or a call begins."""
        self._context = context
        self.signer = self.user = context.signer
        self.caller: str | None = None
        self._ordinals, self._meter, self._runner = ordinals, meter, runner
        self.left = meter.steps_left
        self._depth = 0
        if self._nested:
            self._enter_level(0)
        self._capture.allow(meter.most_rows, meter.most_bytes)
        self._contract, self._waiting = "", _NONE
        self.events, self.notices = [], []
        self._row_sets: list[Rows] = []
        if self._rights.hang_on_roles:
            for entry in self._entries.values():
                entry.cleared = None

    @property
    def time(self) -> str:
        """The block's time."""
        return timestamptz_from_milliseconds(self._context.time)

    @property
    def height(self) -> int:
        """The block's height."""
        return self._context.height

    @property
    def transaction(self) -> str:
        """The transaction's id."""
        return self._context.transaction

    @property
    def chain(self) -> str:
        """The chain's id."""
        return self._context.chain

    @property
    def branch(self) -> str:
        """The branch's name."""
        return self._context.branch

    @property
    def prefix(self) -> str:
        """What the hidden keys of this transaction's rows begin with."""
        return self._ordinals.prefix

    def end(self) -> None:
        """It has ended, well or not."""
        self._meter.steps_left = self.left
        self._capture.allow_all()
        while self._points:
            self._capture.drop()
            self._points -= 1

    # Calls

    def entry(self, name: str) -> Entry:
        """The routine of a name, compiled."""
        found = self._entries.get(name)
        if found is None:
            found = self._entries[name] = self._load(RoutineName(name))
            self._by_code[found.function.__code__] = found
            found.function = MethodType(found.function, self)
        return found

    def call(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 - values of any type
        """What a routine gives: a value, a tuple for a row, a list of tuples for a set, None for nothing."""
        entry = self._entries.get(name) or self.entry(name)
        depth, asks = self._depth, self.asks
        if depth >= DEPTH:
            raise BudgetError(TOO_COMPLEX, f"stack depth limit exceeded: calls nest deeper than {DEPTH} levels")
        if not entry.is_plain or entry.contract != self._contract:
            return self._call_changed(entry, arguments)
        self._depth = depth + 1
        self.asks = entry.cleared != self.user and self._must_ask(entry)
        try:
            return entry.function(*arguments)
        except (SqlError, apsw.Error) as error:
            raise self._placed(error, entry) from error
        finally:
            self._depth, self.asks = depth, asks

    def call_first(self, entry: Entry, arguments: Sequence[Any]) -> Any:  # noqa: ANN401
        """The call that a transaction is: nobody waits for it, and its contract is where all begins."""
        self._contract = entry.contract
        return self.call(entry.routine.name, *arguments)

    def _call_changed(self, entry: Entry, arguments: Sequence[Any]) -> Any:  # noqa: ANN401
        """A call of a strict routine, of one with its owner's rights, or of one in another contract."""
        routine = entry.routine
        if routine.is_strict and any(argument is None for argument in arguments):
            return [] if routine.is_set else None
        before = (self._depth, self._contract, self._waiting, self.caller, self.user, self.asks)
        self._depth += 1
        if entry.contract != self._contract:
            self._enter(entry)
        if routine.security_definer and entry.owner is not None:
            self.user = entry.owner
        self.asks = entry.cleared != self.user and self._must_ask(entry)
        try:
            return entry.function(*arguments)
        except (SqlError, apsw.Error) as error:
            raise self._placed(error, entry) from error
        finally:
            self._depth, self._contract, self._waiting, self.caller, self.user, self.asks = before

    def _must_ask(self, entry: Entry) -> bool:
        """Whether a routine's statements must each ask for privileges, because the user has not all of them."""
        if not self._rights.allows(entry.requirements, self.user):
            return True
        entry.cleared = self.user
        return False

    def _enter(self, entry: Entry) -> None:
        """From one contract into another, which must not be waiting for this one."""
        if entry.contract in self._waiting:
            message = f"contract {entry.contract} is entered again while it waits for another contract"
            raise SqlError(REENTERED, message)
        if self._contract:
            self._waiting |= {self._contract}
            self.caller = self._contract
        self._contract = entry.contract

    def call_nested(self, *arguments: Any) -> Any:  # noqa: ANN401 - a name and values as SQLite holds them
        """A call inside an expression that SQLite evaluates; the routine only reads."""
        name, arguments = arguments[0], arguments[1:]
        entry = self.entry(name)
        if entry.arrays:
            arguments = tuple(
                array_of(one) if place in entry.arrays and one is not None else one
                for place, one in enumerate(arguments)
            )
        self._enter_level(self._nested + 1)
        try:
            result = self.call(name, *arguments)
        finally:
            self._enter_level(self._nested - 1)
        return array_text(result) if isinstance(result, list) and not entry.routine.is_set else result

    def call_rows(self, *arguments: Any) -> int:  # noqa: ANN401 - as of `call_nested`
        """A call in FROM: its rows are kept for `rows_of`, which asks for them by the number."""
        routine = self.entry(arguments[0]).routine
        result = self.call_nested(*arguments)
        if not routine.is_set:
            result = [result if isinstance(result, tuple) else (result,)]
        self._meter.add_rows(len(result))
        self._row_sets.append(result)
        return len(self._row_sets) - 1

    def rows_of(self, number: int | None) -> Iterator[tuple[Any, ...]]:
        """The rows that `call_rows` kept, as SQLite holds them, with their places in front."""
        for place, row in enumerate(self._row_sets[number] if number is not None else ()):
            yield (place, *[array_text(cell) if isinstance(cell, list) else cell for cell in row])

    def require(self, requirements: Requirements) -> None:
        """Raise SqlError 42501 unless the user at hand has what a statement takes."""
        self._rights.require(requirements, self.user)

    # SQL

    def _enter_level(self, nested: int) -> None:
        """Each level of statements inside statements has a cursor of its own, which is faster than a new one each."""
        self._nested = nested
        if nested == len(self._cursors):
            self._cursors.append(self._db.cursor())
        self.execute = self._cursors[nested].execute

    def query(self, sql: str, bindings: Bindings) -> Rows:
        """All rows."""
        return self._fetch(self.execute(sql, bindings))

    def _fetch(self, cursor: apsw.Cursor) -> Rows:
        try:
            return self._meter.fetch(cursor)
        except BudgetError:
            cursor.execute("")  # what is left would hold the tables
            raise

    def _some(self, sql: str, bindings: Bindings, most: int) -> Rows:
        """The first rows, of which a query may have any number."""
        cursor = self.execute(sql, bindings)
        rows: Rows = list(islice(cursor, most))
        cursor.execute("")  # what is left would hold the tables
        return rows

    def first_row(self, sql: str, bindings: Bindings) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self._some(sql, bindings, 1)
        return rows[0] if rows else None

    def strict_row(self, sql: str, bindings: Bindings) -> tuple[Any, ...]:
        """The only row; errors P0002, P0003."""
        rows = self._some(sql, bindings, 2)
        if not rows:
            raise SqlError("P0002", "query returned no rows")
        if len(rows) > 1:
            raise SqlError("P0003", "query returned more than one row")
        return rows[0]

    def value(self, sql: str, bindings: Bindings) -> Any:  # noqa: ANN401
        """The only column of the first row, or None."""
        rows = self.execute(sql, bindings).fetchall()
        return rows[0][0] if rows else None

    def change_rows(self, sql: str, bindings: Bindings) -> Rows:
        """What RETURNING gives, in an order that does not hang on the engine's."""
        rows = self._fetch(self.execute(sql, bindings))
        self.check_references()
        if len(rows) > 1:
            rows.sort(key=sort_key)
        return rows

    def only_row(self, rows: Rows, strict: bool) -> tuple[Any, ...] | None:  # noqa: FBT001
        """The row for INTO behind a changing statement."""
        if len(rows) > 1:
            raise SqlError("P0003", "query returned more than one row")
        if strict and not rows:
            raise SqlError("P0002", "query returned no rows")
        return rows[0] if rows else None

    def execute_of_plan(self, plan: Plan, facts: Mapping[str, Any]) -> int:
        """The number of rows that a plan of several steps changes."""
        return self._runner.execute(plan, facts)[1]

    def change_rows_of_plan(self, plan: Plan, facts: Mapping[str, Any]) -> Rows:
        """`change_rows` for a plan of several steps."""
        return sorted(self._runner.execute(plan, facts)[0], key=sort_key)

    def take(self, count: int) -> int:
        """The ordinal of the first of `count` rows that get hidden keys."""
        first = self._ordinals.next
        self._ordinals.next += count
        return first

    def add_rows(self, count: int) -> None:
        """Rows were handed out."""
        self._meter.add_rows(count)

    def add_row(self, row: tuple[Any, ...]) -> None:
        """A row was added to a result."""
        self._meter.add_rows(1)
        self._meter.weigh((row,))

    def weighed(self, value: Any) -> Any:  # noqa: ANN401 - a value as variables hold it
        """A value that an array is to keep."""
        self._meter.weigh(((value,),))
        return value

    # Blocks with handlers

    def savepoint(self) -> Mark:
        """The point to which a block's handlers go back."""
        if self._nested:
            return ("", len(self.events))
        self._points += 1
        name = f"p{self._points}"
        self._trusted(f"SAVEPOINT {name}")
        self._capture.push()
        return (name, len(self.events))

    def release(self, mark: Mark) -> None:
        """The block has ended well."""
        if mark[0]:
            self._trusted(f"RELEASE {mark[0]}")
            self._capture.fold()
            self._points -= 1

    def caught(self, mark: Mark, failure: BaseException) -> SqlError:
        """Go back to the savepoint; returns the error that the handlers see, or raises one that no handler may."""
        if mark[0]:
            self._trusted(f"ROLLBACK TO {mark[0]}; RELEASE {mark[0]}")
            self._capture.drop()
            self._points -= 1
        del self.events[mark[1] :]
        traceback = failure.__traceback__
        entry = None if traceback is None else self._by_code.get(traceback.tb_frame.f_code)
        error = failure if entry is None else self._placed(failure, entry)
        if isinstance(error, BudgetError) or not isinstance(error, SqlError):
            raise error
        return error

    def _placed(self, failure: BaseException, entry: Entry) -> BaseException:
        """An error with the place in the routine's text; SQLite's in PostgreSQL's words."""
        line, column, table = self._place(failure, entry)
        error: BaseException = failure
        if isinstance(failure, apsw.Error):
            error = translated(failure, self.catalog, table)
        if isinstance(error, SqlError):
            error.trace(entry.routine.name, line, column)
        return error

    @staticmethod
    def _place(failure: BaseException, entry: Entry) -> tuple[int, int, TableName | None]:
        traceback = failure.__traceback__
        code = entry.function.__code__
        while traceback is not None:
            if traceback.tb_frame.f_code is code:
                return entry.compiled.positions[max(0, traceback.tb_lineno - 2)]
            traceback = traceback.tb_next
        return (1, 1, None)

    # Errors, notices, events

    def exhausted(self) -> NoReturn:
        """The budget of steps is used up."""
        raise self._meter.out_of_steps()

    def raised(self, sqlstate: str, message: str, **details: str | None) -> SqlError:
        """The error of a RAISE, with what USING said of it."""
        error = SqlError(sqlstate, message)
        error.details = {name: value for name, value in details.items() if value is not None}
        error.facts |= {name: error.details[name] for name in ("detail", "hint") if name in error.details}
        return error

    def detail(self, error: SqlError, item: str) -> str:
        """What GET STACKED DIAGNOSTICS gives."""
        if item in ("sqlstate", "message"):
            return str(getattr(error, item))
        if item == "context":
            return error.context
        return error.details.get(item, "")

    def code_of(self, text: str | None) -> str:
        """The code that ERRCODE means: one of five characters, or a condition's name."""
        if text is None:
            raise SqlError("22004", "RAISE statement option cannot be null")
        if text in CONDITIONS:
            return CONDITIONS[text][0]
        if len(text) == 5 and all(letter.isdigit() or "A" <= letter <= "Z" for letter in text):  # noqa: PLR2004
            return text
        raise SqlError("42704", f'unrecognized exception condition "{text}"')

    def notice(self, level: str, message: str) -> None:
        """A message that stays on this machine."""
        self._meter.add_bytes(len(message))
        self.notices.append(Notice(level, message))

    def emit(self, name: str, data: dict[str, Argument], size: int | None) -> None:
        """An event; its values are canonical.  `size` is about its bytes, None where texts or arrays decide."""
        if size is None:
            size = len(name) + sum(map(len, data)) + sum([len(str(value)) for value in data.values()])
        meter = self._meter
        meter.bytes += size
        if meter.bytes > meter.most_bytes:
            raise meter.out_of_bytes()
        self.events.append(_new(Event, (name, data)))

    def printed(self, text: str | None) -> str:
        """As RAISE prints a value."""
        return "<NULL>" if text is None else text

    def printed_boolean(self, value: int | None) -> str:
        """As RAISE prints a truth value."""
        return "<NULL>" if value is None else "t" if value else "f"

    def canonical_boolean(self, value: int | None) -> bool | None:
        """A truth value as events hold it."""
        return None if value is None else bool(value)

    def canonical_array(self, elements: list[Any] | None, parts: tuple[Any, ...]) -> Argument:
        """An array as events hold it; `parts` describe its type."""
        if elements is None:
            return None
        kind, length, precision, scale, name = parts
        element = ColumnType(Kind(kind), length, precision, scale, name)
        return tuple(canonical_elements(elements, type_code(element)))

    def null_assigned(self, name: str) -> NoReturn:
        """NULL for a variable that takes none."""
        raise SqlError("22004", f'null value cannot be assigned to variable "{name}" declared NOT NULL')

    def wrong_record(self, name: str, structure: int) -> NoReturn:
        """A field of a record that has none, or other ones than the text before says."""
        if structure == 0:
            raise SqlError("55000", f'record "{name}" is not assigned yet')
        raise SqlError("0A000", f'record "{name}" has another structure here than the text before it says')

    def check_range(self, first: int | None, last: int | None, step: int | None) -> None:
        """The bounds of a FOR loop over whole numbers."""
        if first is None or last is None or step is None:
            which = "lower bound" if first is None else "upper bound" if last is None else "BY value"
            raise SqlError("22004", f"{which} of FOR loop cannot be null")
        if step <= 0:
            raise SqlError("22023", "BY value of FOR loop must be greater than zero")
