"""Functions, procedures and types of a contract, as its ``functions.sql`` and ``schema.sql`` hold them."""

from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.types import ColumnType


class Language(StrEnum):
    """What a body is written in."""

    SQL = "sql"
    PLPGSQL = "plpgsql"


class Mode(StrEnum):
    """Which way a parameter's value goes; those of RETURNS TABLE are `TABLE`."""

    IN = "in"
    OUT = "out"
    INOUT = "inout"
    TABLE = "table"


class Volatility(StrEnum):
    """PostgreSQL's promise of a function; here `IMMUTABLE` and `STABLE` are checked: such a function may not write."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `name` is empty where none was given.  `default` is AERGOSQL text in canonical spelling, or None."""

    name: str
    mode: Mode
    type: ColumnType
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or a procedure.  There is one of a name: no overloading.

    `returns` is None for a procedure, for RETURNS void, RETURNS TABLE and OUT parameters; `is_set` says SETOF or TABLE.
    `body` is verbatim.
    """

    name: RoutineName
    parameters: tuple[Parameter, ...]
    returns: ColumnType | None
    is_set: bool
    is_procedure: bool
    language: Language
    volatility: Volatility
    is_strict: bool
    security_definer: bool
    body: str

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """The parameters that a caller gives values for, in order."""
        return tuple(one for one in self.parameters if one.mode in (Mode.IN, Mode.INOUT))

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        """The parameters that make the result, in order."""
        return tuple(one for one in self.parameters if one.mode is not Mode.IN)


@dataclass(frozen=True, slots=True)
class EnumType:
    """CREATE TYPE … AS ENUM; `labels` in their order."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompositeType:
    """CREATE TYPE … AS (fields)."""

    name: str
    fields: tuple[tuple[str, ColumnType], ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on one object to one grantee.

    `privilege` is ``select``, ``insert``, ``update``, ``delete``, ``truncate``, ``references``, ``usage``, ``create``
    or ``execute``; `object` is a kind and a name: ``table bank.account``, ``sequence …``, ``routine …``,
    ``contract bank``.  `columns` empty means all.  `grantee` is an entity, ``role:NAME``, or ``public`` for everybody.
    """

    object: str
    privilege: str
    grantee: str
    columns: tuple[str, ...] = ()
