"""PL/pgSQL as values: what a routine's body says, before anything is looked up.

Source: the PostgreSQL 15 manual, chapter 43.  Names are folded as PostgreSQL folds them.  SQL inside a body stays text
until the compiler, which knows the variables, binds it.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL that stands in a body, verbatim: an expression, a query or a statement, and where its first word stands.

    `line` and `column` count from 1 in the file that the body stands in, as all places here do.
    """

    text: str
    line: int
    column: int


class Reference(StrEnum):
    """Ways to name a type: by its own name, or as that of something else."""

    NAMED = "named"
    COLUMN_OR_VARIABLE = "%type"
    ROW = "%rowtype"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class TypeReference:
    """A type as written: `name` is ``numeric(12,2)``, or for ``x.y%TYPE`` the part before the sign; None for RECORD.

    `dimensions` counts array brackets behind it.
    """

    reference: Reference
    name: Fragment | None
    dimensions: int = 0


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """``name [CONSTANT] type [NOT NULL] [:= default];``"""

    name: str
    type: TypeReference
    constant: bool
    not_null: bool
    default: Fragment | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CursorDeclaration:
    """``name CURSOR [(parameters)] FOR query;``"""

    name: str
    parameters: tuple[tuple[str, TypeReference], ...]
    query: Fragment
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class AliasDeclaration:
    """``name ALIAS FOR variable;`` where the variable may be ``$1``."""

    name: str
    variable: str
    line: int
    column: int


Declaration = VariableDeclaration | CursorDeclaration | AliasDeclaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What all statements have: where their first word stands."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Target(Statement):
    """What is assigned to: a variable, ``record.field`` (one `path` entry) or ``array[i]`` (`subscripts`)."""

    name: str
    path: tuple[str, ...] = ()
    subscripts: tuple[Fragment, ...] = ()


@dataclass(frozen=True, slots=True)
class Assign(Statement):
    """``target := value``"""

    target: Target
    value: Fragment


@dataclass(frozen=True, slots=True)
class If(Statement):
    """IF, ELSIF: conditions with their statements, in order."""

    branches: tuple[tuple[Fragment, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class Case(Statement):
    """CASE as a statement; without ELSE nothing matching is error 20000.  `subject` None means a searched CASE."""

    subject: Fragment | None
    branches: tuple[tuple[tuple[Fragment, ...], tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class Loop(Statement):
    """LOOP, or WHILE if there is a condition."""

    label: str | None
    condition: Fragment | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForRange(Statement):
    """``FOR variable IN [REVERSE] first .. last [BY step] LOOP``; the variable is an integer of its own."""

    label: str | None
    variable: str
    reverse: bool
    first: Fragment
    last: Fragment
    step: Fragment | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForQuery(Statement):
    """``FOR targets IN query LOOP``: one record or row variable, or a list of scalars."""

    label: str | None
    targets: tuple[Target, ...]
    query: Fragment
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForCursor(Statement):
    """``FOR variable IN cursor [(arguments)] LOOP`` over a bound cursor; the variable is a record of its own."""

    label: str | None
    variable: str
    cursor: str
    arguments: tuple[tuple[str | None, Fragment], ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForEach(Statement):
    """``FOREACH target IN ARRAY array LOOP``"""

    label: str | None
    target: Target
    array: Fragment
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Exit(Statement):
    """EXIT, or CONTINUE if `again`."""

    again: bool
    label: str | None
    condition: Fragment | None


@dataclass(frozen=True, slots=True)
class Return(Statement):
    """RETURN, with a value or without."""

    value: Fragment | None


@dataclass(frozen=True, slots=True)
class ReturnNext(Statement):
    """RETURN NEXT; without a value the OUT parameters make the row."""

    value: Fragment | None


@dataclass(frozen=True, slots=True)
class ReturnQuery(Statement):
    """RETURN QUERY"""

    query: Fragment


class Level(StrEnum):
    """RAISE's levels."""

    DEBUG = "debug"
    LOG = "log"
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Raise(Statement):
    """RAISE.  `format` has a ``%`` for each argument; `condition` is a condition's name, `sqlstate` its code.

    `options` maps ``message``, ``detail``, ``hint``, ``errcode``, ``column``, ``constraint``, ``datatype``, ``table``,
    ``schema`` to expressions.  With none of all these, the error at hand is raised again.
    """

    level: Level
    format: str | None
    arguments: tuple[Fragment, ...]
    condition: str | None
    sqlstate: str | None
    options: tuple[tuple[str, Fragment], ...]


@dataclass(frozen=True, slots=True)
class Assert(Statement):
    """ASSERT condition [, message]"""

    condition: Fragment
    message: Fragment | None


@dataclass(frozen=True, slots=True)
class Perform(Statement):
    """PERFORM: `query` is what stood behind the word, to be read with SELECT in front of it."""

    query: Fragment


@dataclass(frozen=True, slots=True)
class RunSql(Statement):
    """An SQL statement; INTO and its targets have been taken out of `sql`."""

    sql: Fragment
    into: tuple[Target, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class CallProcedure(Statement):
    """CALL routine (arguments): expressions in order, named ones with their names."""

    routine: Fragment
    arguments: tuple[tuple[str | None, Fragment], ...]


@dataclass(frozen=True, slots=True)
class Emit(Statement):
    """``EMIT name (value [AS key], …)``: an event for the receipt; a key defaults to its variable's name."""

    event: str
    items: tuple[tuple[str, Fragment], ...]


@dataclass(frozen=True, slots=True)
class GetDiagnostics(Statement):
    """GET [STACKED] DIAGNOSTICS: targets with the items that they take, in lower case."""

    stacked: bool
    items: tuple[tuple[Target, str], ...]


@dataclass(frozen=True, slots=True)
class Null(Statement):
    """NULL, which does nothing."""


@dataclass(frozen=True, slots=True)
class Handler:
    """``WHEN conditions THEN``: names of conditions in lower case, ``others``, or SQLSTATE codes of five characters."""

    conditions: tuple[str, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Block(Statement):
    """DECLARE … BEGIN … EXCEPTION … END"""

    label: str | None
    declarations: tuple[Declaration, ...]
    body: tuple[Statement, ...]
    handlers: tuple[Handler, ...]
