"""Planned calls from outside of routines, and how they are carried out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.outcomes import ResultColumn, StatementResult
from aergo_vc.model.transactions import Argument, CallResult
from aergo_vc.model.types import ColumnType
from aergo_vc.sql.procedures.session import Entry, Session
from aergo_vc.sql.procedures.support import list_of, text_of
from aergo_vc.sql.running.needs import NOTHING, Requirements
from aergo_vc.sql.running.runner import decode_rows
from aergo_vc.sql.types.arrays import canonical_elements, type_code
from aergo_vc.sql.types.values import TEXT


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A call as a statement: `arguments_sql` gives one row of the arguments, None where there are none.

    `columns` are the result's, None for a procedure without output parameters.  `is_row` says that the routine gives
    tuples, `is_set` that it gives a list of them.  `nested` are called by the arguments; with `is_void` the result is
    an empty text, as PostgreSQL's is in PL/pgSQL.  `requirements` are the privileges that the call and its arguments
    take.
    """

    routine: RoutineName
    tag: str
    arguments_sql: str | None
    arrays: tuple[int, ...]
    columns: tuple[ResultColumn, ...] | None
    is_row: bool
    is_set: bool
    nested: frozenset[RoutineName] = frozenset()
    is_void: bool = False
    requirements: Requirements = field(default=NOTHING, compare=False)


def run_call(session: Session, plan: CallPlan, arguments: Sequence[Any]) -> StatementResult:
    """Carry a call out; `arguments` are as SQLite gave them."""
    values = [list_of(one) if place in plan.arrays else one for place, one in enumerate(arguments)]
    rows = result_rows(session.call(plan.routine, *values), plan)
    if plan.columns is None:
        return StatementResult(plan.tag, 0)
    texts = [tuple(text_of(one) if isinstance(one, list) else one for one in row) for row in rows]
    decoded = decode_rows(plan.columns, texts)
    return StatementResult(plan.tag, len(decoded), plan.columns, tuple(decoded))


def result_rows(result: Any, plan: CallPlan) -> list[tuple[Any, ...]]:  # noqa: ANN401 - what a routine gives
    """What a routine gave as rows of kept values."""
    if plan.columns is None:
        return []
    if plan.is_set:
        return list(result)
    if not plan.is_row:
        return [("" if plan.is_void else result,)]
    return [(None,) * len(plan.columns) if result is None else tuple(result)]


def run_signed_call(session: Session, plan: CallPlan, entry: Entry, arguments: list[Any]) -> CallResult | None:
    """Carry a call of a routine out; the result is in canonical values, arrays as tuples."""
    for place in entry.arrays:
        arguments[place] = list_of(arguments[place])
    result = session.call_first(entry, arguments)
    if plan.columns is None:
        return None
    rows: list[tuple[Any, ...]] = [
        *decode_rows([_element_column(one) for one in plan.columns], result_rows(result, plan))
    ]
    codes = {place: one.type.element for place, one in enumerate(plan.columns) if one.type.is_array}
    if codes:
        rows = [
            tuple(_canonical_array(one, codes[place]) if place in codes else one for place, one in enumerate(row))
            for row in rows
        ]
    return CallResult(tuple(one.name for one in plan.columns), tuple(rows))


def _element_column(column: ResultColumn) -> ResultColumn:
    """Arrays are left as they are."""
    return replace(column, type=TEXT) if column.type.is_array else column


def _canonical_array(elements: list[Any] | None, element: ColumnType) -> Argument:
    return None if elements is None else tuple(canonical_elements(elements, type_code(element)))
