"""How values are spelled for people: ids, times, counts, row counts, values of rows."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from aergo_vc.base.ids import TableName
from aergo_vc.model.transactions import Argument, Payload, Receipt, RowCounts
from aergo_vc.model.types import Value

SHORT_DIGITS = 12
"""How much of an id is shown where it is not shown whole."""

_PLAIN = re.compile(r"[\w.,:;@/+*%&#~^!?()=<>\[\]{}|$-]+")


def short(identifier: str) -> str:
    """The first digits of an id."""
    return identifier[:SHORT_DIGITS]


def moment(milliseconds: int) -> str:
    """A time in UTC to the second; beyond the calendar, the milliseconds themselves."""
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"


def count(number: int, noun: str) -> str:
    """A number with its noun, which takes a plain s in the plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def row_counts(counts: RowCounts) -> str:
    """What happened to a table's rows: ``+inserted ~updated -deleted``, without what did not happen."""
    signs = (("+", counts.inserted), ("~", counts.updated), ("-", counts.deleted))
    return " ".join(f"{sign}{number}" for sign, number in signs if number) or "0"


def rows_by_table(rows: Mapping[TableName, RowCounts]) -> str:
    """What happened to the rows of each table."""
    return ", ".join(f"{table} {row_counts(counts)}" for table, counts in sorted(rows.items())) or "no rows"


def settled_by(receipt: Receipt) -> str | None:
    """What settled a transaction, and in which block if not in the receipt's own; None where nothing did."""
    was = receipt.settled_as
    where = "" if was is None or was.block is None else f" in block {short(was.block)}"
    return None if receipt.settled is None else f"{receipt.settled}{where}"


def plain_value(value: Value) -> str | None:
    """A value as a table on the screen shows it; None for NULL."""
    if value is None:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def value_in_line(value: Value) -> str:
    """A value among others in a line: text in quotes where it would be taken for something else."""
    if value is None:
        return "NULL"
    if isinstance(value, str) and (value.upper() in ("NULL", "TRUE", "FALSE") or not _PLAIN.fullmatch(value)):
        return "'" + value.replace("'", "''") + "'"
    return plain_value(value) or "''"


def argument_text(value: Argument) -> str:
    """A value that goes into a routine or comes out of it, in a line."""
    if isinstance(value, tuple):
        return f"{{{','.join(map(argument_text, value))}}}"
    return value_in_line(value)


def what_it_is(payload: Payload) -> str | None:
    """A deployment or a call in a few words; None for other transactions."""
    if payload.call is not None:
        return f"{payload.call.routine}({', '.join(map(argument_text, payload.call.arguments))})"
    return None if payload.contract is None else f"deploys {payload.contract}"


def pairs(names: Iterable[str], values: Iterable[Value]) -> str:
    """``name=value`` for each column."""
    return "  ".join(f"{name}={value_in_line(value)}" for name, value in zip(names, values, strict=True))
