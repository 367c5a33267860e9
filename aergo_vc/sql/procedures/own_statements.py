"""Statements that sqlglot does not read for us, as values: routines, types, sequences, calls, grants.

Names and types are as written; nothing has been looked up.
"""

from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.model.routines import Language, Mode, Volatility
from aergo_vc.sql.procedures.syntax import Fragment, TypeReference


@dataclass(frozen=True, slots=True)
class WrittenName:
    """``[contract.]name``, folded as PostgreSQL folds it, and its place in the file."""

    contract: str | None
    name: str
    line: int
    column: int

    def __str__(self) -> str:
        return self.name if self.contract is None else f"{self.contract}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStatement:
    """What all of these statements have: where their first word stands."""

    line: int
    column: int

    @property
    def tag(self) -> str:
        """The words that PostgreSQL answers with, as in ``CREATE FUNCTION``."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class WrittenParameter:
    """A parameter, or a column of RETURNS TABLE (mode `TABLE`); `name` is empty where none was given."""

    name: str
    mode: Mode
    type: TypeReference
    default: Fragment | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CreateRoutine(OwnStatement):
    """CREATE [OR REPLACE] FUNCTION or PROCEDURE.

    `returns` is None for a procedure, for RETURNS void, RETURNS TABLE and where OUT parameters alone say it.  `body`
    begins where its first character stands; in a body between single quotes, columns are off by the quotes doubled.
    `anew` says that the routine takes the place of any other of its name, whatever that gives and takes.
    """

    name: WrittenName
    replace: bool
    is_procedure: bool
    parameters: tuple[WrittenParameter, ...]
    returns: TypeReference | None
    is_set: bool
    language: Language
    volatility: Volatility
    is_strict: bool
    security_definer: bool
    body: Fragment
    anew: bool = False

    @property
    def tag(self) -> str:
        return "CREATE PROCEDURE" if self.is_procedure else "CREATE FUNCTION"


@dataclass(frozen=True, slots=True)
class CreateEnum(OwnStatement):
    """CREATE TYPE … AS ENUM"""

    name: WrittenName
    labels: tuple[str, ...]

    @property
    def tag(self) -> str:
        return "CREATE TYPE"


@dataclass(frozen=True, slots=True)
class CreateComposite(OwnStatement):
    """CREATE TYPE … AS (fields)"""

    name: WrittenName
    fields: tuple[tuple[str, TypeReference], ...]

    @property
    def tag(self) -> str:
        return "CREATE TYPE"


@dataclass(frozen=True, slots=True)
class AddEnumValue(OwnStatement):
    """ALTER TYPE … ADD VALUE; at most one of `before` and `after` is given."""

    name: WrittenName
    label: str
    if_not_exists: bool
    before: str | None
    after: str | None

    @property
    def tag(self) -> str:
        return "ALTER TYPE"


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """Options of a sequence; None where not given, or NO MINVALUE and the like.

    `restart` is None without RESTART, else the value to begin anew with, which may be None for the start.
    """

    type: TypeReference | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    start: int | None = None
    restart: tuple[int | None] | None = None
    owned_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateSequence(OwnStatement):
    """CREATE SEQUENCE"""

    name: WrittenName
    if_not_exists: bool
    options: SequenceOptions

    @property
    def tag(self) -> str:
        return "CREATE SEQUENCE"


@dataclass(frozen=True, slots=True)
class AlterSequence(OwnStatement):
    """ALTER SEQUENCE"""

    name: WrittenName
    if_exists: bool
    options: SequenceOptions

    @property
    def tag(self) -> str:
        return "ALTER SEQUENCE"


class ObjectKind(StrEnum):
    """Kinds of things that are dropped and granted."""

    TABLE = "table"
    SEQUENCE = "sequence"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    ROUTINE = "routine"
    TYPE = "type"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object by its name; a routine's input types, in order, where they were given."""

    name: WrittenName
    arguments: tuple[TypeReference, ...] | None = None


@dataclass(frozen=True, slots=True)
class DropObjects(OwnStatement):
    """DROP FUNCTION, PROCEDURE, ROUTINE, TYPE or SEQUENCE"""

    kind: ObjectKind
    objects: tuple[WrittenObject, ...]
    if_exists: bool

    @property
    def tag(self) -> str:
        return f"DROP {self.kind.upper()}"


@dataclass(frozen=True, slots=True)
class CallRoutine(OwnStatement):
    """CALL name (arguments); named arguments with their names."""

    name: WrittenName
    arguments: tuple[tuple[str | None, Fragment], ...]

    @property
    def tag(self) -> str:
        return "CALL"


@dataclass(frozen=True, slots=True)
class WrittenPrivilege:
    """A privilege in lower case, ``all`` for all that the object has; `columns` empty means the whole object."""

    privilege: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeGrants(OwnStatement):
    """GRANT or REVOKE.

    `kind` is that of `objects`; with `all_in` they are contracts, and all objects of the kind in them are meant.
    Grantees are spelled as in `model.routines.Grant`: an entity, ``role:NAME``, or ``public``.
    """

    revoke: bool
    privileges: tuple[WrittenPrivilege, ...]
    kind: ObjectKind
    all_in: bool
    objects: tuple[WrittenObject, ...]
    grantees: tuple[str, ...]

    @property
    def tag(self) -> str:
        return "REVOKE" if self.revoke else "GRANT"
