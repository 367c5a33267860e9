"""What our engine and PostgreSQL answer to a statement, as lines in the form of sql_cases.py."""

import struct
from collections.abc import Iterable

from postgresql import Answer, Client
from sql_cases import NO_ROWS, Case, CaseFile, Statement, shown_row
from sql_world import context

from aergo_vc.model.outcomes import ResultColumn, StatementResult
from aergo_vc.model.types import ColumnType, Kind, Value
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import FOREIGN_KEY_VIOLATION, SqlError

ROLE = "alice"
"""The signer of sql_world's context, and PostgreSQL's user."""

_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE"})
_RAISING = frozenset({"exec_stmt_raise", "exec_stmt_assert"})
_FIXED_DIGITS = {Kind.DOUBLE: 15, Kind.REAL: 6}
"""From this power of ten on PostgreSQL writes an exponent."""


def from_postgresql(client: Client, text: str) -> tuple[str, ...]:
    """What PostgreSQL gives."""
    answer = client.query(text)
    notices = [f"{fields['S']}: {fields['M']}" for fields in answer.notices if fields.get("R") in _RAISING]
    return (*notices, *_outcome(answer))


def prepare(client: Client, file: CaseFile) -> None:
    """Make the database in which a case of the file begins."""
    client.reset()
    for statement in file.setup:
        error = client.query(statement.text).error
        assert error is None, f"{file.name}: {statement.text}: {error}"


def _outcome(answer: Answer) -> Iterable[str]:
    if answer.error is not None:
        yield error_line(answer.error["C"], answer.error["M"], raised=answer.error.get("R") in _RAISING)
    elif answer.rows is not None:
        yield from map(shown_row, answer.rows) if answer.rows else [NO_ROWS]
    else:
        verb, *numbers = answer.tag.split(" ")
        if verb in _CHANGES:
            yield f"{verb} {numbers[-1]}"


def error_line(sqlstate: str, message: str, *, raised: bool) -> str:
    """An error; its words count where a RAISE or an ASSERT chose them."""
    return f"ERROR {sqlstate}: {message}" if raised else f"ERROR {sqlstate}"


def first_wrong(file: CaseFile, case: Case) -> tuple[Statement, tuple[str, ...]] | None:
    """The first statement of a case for which our engine gives something else, and what it gives."""
    engine = Engine()
    try:
        for number, statement in enumerate((*file.setup, *case.statements)):
            found = _attempt(engine, statement, number)
            is_right = found == statement.expected
            if number < len(file.setup):
                is_right = not any(line.startswith(("ERROR", "BROKEN")) for line in found)
            if not is_right:
                return statement, found
    finally:
        engine.close()
    return None


def _attempt(engine: Engine, statement: Statement, number: int) -> tuple[str, ...]:
    try:
        return from_engine(engine, statement, number)
    except Exception as error:  # noqa: BLE001  # whatever it is, the statement did not give what it should
        return (f"BROKEN {type(error).__name__}: {error}".replace("\n", " "),)


def from_engine(engine: Engine, statement: Statement, number: int) -> tuple[str, ...]:
    """What our engine gives; `number` tells the transactions of a case from each other."""
    try:
        outcome = engine.run(statement.text, context(number))
    except SqlError as error:
        if error.line is None and error.sqlstate != FOREIGN_KEY_VIOLATION:
            return (f"ERROR {error.sqlstate} without a place: {error.message}",)
        # The engine does not tell who chose the words, the expectation does.
        worded = any(line.startswith(f"ERROR {error.sqlstate}: ") for line in statement.expected)
        notices = map(_notice, getattr(error, "notices", ()))
        return (*notices, error_line(error.sqlstate, error.message, raised=worded))
    notices = map(_notice, getattr(outcome, "notices", ()))
    return (*notices, *_lines(outcome.results[-1]))


def _notice(notice: object) -> str:
    level, message = getattr(notice, "level", "notice"), getattr(notice, "message", notice)
    return f"{str(level).upper()}: {message}"


def _lines(result: StatementResult) -> Iterable[str]:
    if result.columns is None:
        if result.tag in _CHANGES:
            yield f"{result.tag} {result.count}"
        return
    for row in result.rows:
        yield shown_row(map(_cell, row, result.columns))
    if not result.rows:
        yield NO_ROWS


def _cell(value: Value, column: ResultColumn) -> str | None:
    return spelled(value, column.type)


def spelled(value: Value, kind: ColumnType) -> str | None:
    """A value of ours as PostgreSQL prints one of its type."""
    if value is None:
        return None
    if kind.kind is Kind.BOOLEAN and not kind.is_array:
        return "t" if value else "f"
    if isinstance(value, float):
        return _float(value, kind.kind)
    return str(value)


def _float(value: float, kind: Kind) -> str:
    if value == 0:
        return "0"
    form = "f" if kind is Kind.REAL else "d"
    shortest = next(text for digits in range(17) if _is(text := f"{value:.{digits}e}", value, form))
    mantissa, _, exponent = shortest.partition("e")
    power = int(exponent)
    if -5 < power < _FIXED_DIGITS.get(kind, 15):
        places = max(len(mantissa.lstrip("-").replace(".", "")) - 1 - power, 0)
        return f"{value:.{places}f}"
    return f"{mantissa}e{power:+03d}"


def _is(text: str, value: float, form: str) -> bool:
    return struct.pack(form, float(text)) == struct.pack(form, value)
