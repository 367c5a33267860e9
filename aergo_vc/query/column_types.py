"""How column types of the ledger and of DuckDB correspond, and how their values are spelled.

====================  ==================================================================================================
ledger                DuckDB
====================  ==================================================================================================
numeric(p,s)          ``DECIMAL(p,s)`` up to 38 digits; else as numeric
numeric               ``DECIMAL(38,s)`` with the greatest scale `s` that a value of the table has, if all values fit;
                      else ``VARCHAR``, so that nothing is rounded
text, varchar, char,  ``VARCHAR``
enum, json, jsonb,
interval
bytea                 ``BLOB``
real                  ``FLOAT``
all others            the type of that name
====================  ==================================================================================================

A result's values are those of `aergo_vc.model.types`: whole numbers of any width, booleans, finite and other doubles;
all else is text in the spelling that the ledger stores.  Lists, structs and maps are JSON text.
"""

import re
from dataclasses import dataclass

import msgspec

from aergo_vc.model.types import ColumnType, Kind

MOST_DIGITS = 38
"""Digits that DuckDB's DECIMAL has at most."""

_SQL_TYPES = {
    Kind.SMALLINT: "SMALLINT",
    Kind.INTEGER: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TEXT: "VARCHAR",
    Kind.VARCHAR: "VARCHAR",
    Kind.CHAR: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
    Kind.UUID: "UUID",
    Kind.BYTEA: "BLOB",
    Kind.DOUBLE: "DOUBLE",
    Kind.REAL: "FLOAT",
    Kind.INTERVAL: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.JSONB: "VARCHAR",
    Kind.ENUM: "VARCHAR",
}
_PLAIN = frozenset(
    "BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE VARCHAR".split()  # noqa: SIM905
)
_WIDE_INTEGERS = frozenset(("HUGEINT", "UHUGEINT", "BIGNUM"))
_NESTED = re.compile(r"(?:STRUCT|MAP|UNION)\(.*|.*\]", re.DOTALL)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


class LoadColumn(msgspec.Struct, frozen=True):
    """A column as the loader needs it: its DuckDB type, empty for numerics whose type their values decide."""

    sql_type: str

    @property
    def is_open(self) -> bool:
        """Whether the type depends on the values."""
        return not self.sql_type


def load_column(column_type: ColumnType) -> LoadColumn:
    """How a column of the ledger is loaded."""
    if column_type.kind is not Kind.NUMERIC:
        return LoadColumn(_SQL_TYPES[column_type.kind])
    scale = column_type.scale or 0
    if column_type.precision is None or not 0 <= scale <= column_type.precision <= MOST_DIGITS:
        return LoadColumn("")
    return LoadColumn(f"DECIMAL({column_type.precision},{scale})")


def numeric_type(whole_digits: int | None, scale: int | None) -> str:
    """The DuckDB type of numerics with at most so many digits before and behind the point; None without any value."""
    scale = scale or 0
    return f"DECIMAL({MOST_DIGITS},{scale})" if (whole_digits or 1) + scale <= MOST_DIGITS else "VARCHAR"


def from_text(sql_type: str, text: str) -> str:
    """The SQL expression for a value of `sql_type`, given one for the ledger's spelling of it."""
    if sql_type == "BLOB":
        return f"unhex(substr({text}, 3))"
    return text if sql_type == "VARCHAR" else f"CAST({text} AS {sql_type})"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a result: its name, not necessarily unique, and its DuckDB type."""

    name: str
    type: str

    @property
    def is_wide_integer(self) -> bool:
        """Whether values are whole numbers that 64 bits may not hold."""
        return self.type in _WIDE_INTEGERS

    @property
    def is_nested(self) -> bool:
        """Whether values are JSON text of lists, structs or maps."""
        return self.type == "JSON" or _NESTED.fullmatch(self.type) is not None


def to_value(column: ColumnInfo, expression: str) -> str:
    """The SQL expression for what the query process sends of a column: text, number or boolean."""
    if column.type in _PLAIN:
        return expression
    if column.type == "BLOB":
        return f"'\\x' || lower(hex({expression}))"
    if column.is_nested and column.type != "JSON":
        return f"CAST(to_json({expression}) AS VARCHAR)"
    return f"CAST({expression} AS VARCHAR)"


_KINDS = {
    "TINYINT": Kind.SMALLINT,
    "UTINYINT": Kind.SMALLINT,
    "USMALLINT": Kind.INTEGER,
    "UINTEGER": Kind.BIGINT,
    "TIMESTAMP_S": Kind.TIMESTAMP,
    "TIMESTAMP_MS": Kind.TIMESTAMP,
    **{sql_type: kind for kind, sql_type in _SQL_TYPES.items() if sql_type != "VARCHAR" or kind is Kind.TEXT},
}
_UNBOUNDED_NUMERICS = frozenset(("UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"))


def ledger_type(sql_type: str) -> ColumnType:
    """The column type of the ledger that holds every value of a DuckDB type; text where there is no closer one."""
    decimal = _DECIMAL.fullmatch(sql_type)
    if decimal is not None:
        return ColumnType(Kind.NUMERIC, precision=int(decimal[1]), scale=int(decimal[2]))
    if sql_type in _UNBOUNDED_NUMERICS:
        return ColumnType(Kind.NUMERIC)
    return ColumnType(_KINDS.get(sql_type, Kind.TEXT))
