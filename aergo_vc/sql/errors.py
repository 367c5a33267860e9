"""Errors of scripts, with PostgreSQL's five-character codes."""

from typing import ClassVar

from aergo_vc.base.errors import InputError, RepositoryError


class SqlError(InputError):
    """A script cannot be run.  Nothing that it did remains.

    `sqlstate` is PostgreSQL's code (its appendix A).  `line` and `column` count from 1 in the script's text,
    `statement` from 1 in its statements; None where the error belongs to no script.  `details` are what RAISE … USING
    says; `calls` the routines that it left, with places in their texts, the innermost first.
    """

    code: ClassVar[str] = "E_SQL"

    def __init__(self, sqlstate: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, sqlstate=sqlstate, line=line, column=column, statement=None)
        self.sqlstate = sqlstate
        self.line = line
        self.column = column
        self.statement: int | None = None
        self.is_located = False  # the compiler's: the place is one of the routine's text
        self.details: dict[str, str] = {}
        self.calls: list[tuple[str, int, int]] = []

    @property
    def context(self) -> str:
        """The calls in which the error occurred, the innermost first, one a line."""
        return "\n".join(f"function {name} line {line} at column {column}" for name, line, column in self.calls)

    def trace(self, routine: str, line: int, column: int) -> None:
        """Note a routine that the error left, and the place in its text; the innermost comes first."""
        if self.calls and self.calls[-1] == (routine, line, column):
            return
        self.calls.append((routine, line, column))
        if len(self.calls) == 1:
            self.facts |= {"routine": routine, "routine_line": line, "routine_column": column}
        self.facts["context"] = self.context

    def place(self, statement: int, line: int, column: int) -> None:
        """Fill in where the error occurred, unless it knows better."""
        if self.line is None:
            self.line, self.column = line, column
        self.statement = statement
        self.facts |= {"line": self.line, "column": self.column, "statement": statement}


class BudgetError(SqlError):
    """A script costs more than its budget, or nests calls too deep; no handler in a routine catches it."""


class FuseError(RepositoryError):
    """The engine worked longer on one statement than this machine allows.  Says nothing about the script's validity."""

    code: ClassVar[str] = "E_FUSE"


class EngineError(RepositoryError):
    """The SQL engine failed, or is not the one that the rule set names."""

    code: ClassVar[str] = "E_ENGINE"


SYNTAX = "42601"
UNSUPPORTED = "0A000"
UNDEFINED_TABLE = "42P01"
UNDEFINED_COLUMN = "42703"
UNDEFINED_FUNCTION = "42883"
UNDEFINED_OBJECT = "42704"
INSUFFICIENT_PRIVILEGE = "42501"
INVALID_GRANT_OPERATION = "0LP01"
AMBIGUOUS_FUNCTION = "42725"
UNDEFINED_PARAMETER = "42P02"
UNDEFINED_SCHEMA = "3F000"
AMBIGUOUS_COLUMN = "42702"
INVALID_FUNCTION = "42P13"
DUPLICATE_TABLE = "42P07"
DUPLICATE_COLUMN = "42701"
DUPLICATE_OBJECT = "42710"
DUPLICATE_ALIAS = "42712"
INVALID_NAME = "42602"
RESERVED_NAME = "42939"
NAME_TOO_LONG = "42622"
WRONG_OBJECT = "42809"
DATATYPE_MISMATCH = "42804"
CANNOT_COERCE = "42846"
INDETERMINATE_TYPE = "42P18"
INVALID_DEFINITION = "42P16"
INVALID_COLUMN_REFERENCE = "42P10"
INVALID_FOREIGN_KEY = "42830"
GROUPING = "42803"
WINDOWING = "42P20"
DEPENDENT = "2BP01"
CARDINALITY = "21000"
TOO_LONG = "22001"
OUT_OF_RANGE = "22003"
BAD_DATETIME = "22007"
DATETIME_OVERFLOW = "22008"
INTERVAL_OVERFLOW = "22015"
SEQUENCE_EXHAUSTED = "2200H"
NOT_YET_DEFINED = "55000"
GENERATED_ALWAYS = "428C9"
DIVISION_BY_ZERO = "22012"
NEGATIVE_SUBSTRING = "22011"
INVALID_PARAMETER = "22023"
INVALID_TEXT = "22P02"
BAD_NTILE = "22014"
NOT_IN_REPERTOIRE = "22021"
BAD_ESCAPE = "22025"
NOT_NULL_VIOLATION = "23502"
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"
CHECK_VIOLATION = "23514"
READ_ONLY = "25006"
LIMIT_EXCEEDED = "54000"
TOO_COMPLEX = "54001"
TOO_MANY_COLUMNS = "54011"
