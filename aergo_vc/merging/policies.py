"""What the policies of a branch make of a row that both sides changed (`model.blocks.Policy`).

Pure: the row as the source's transaction found it (base), as the target has it (ours), as the transaction leaves it
(theirs) go in; what the row is to be comes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from aergo_vc.model.blocks import Policy
from aergo_vc.model.footprints import Columns
from aergo_vc.model.schema import Column, Table, spoken_name
from aergo_vc.model.types import INTEGER_BITS, ColumnType, Kind, Row, Value
from aergo_vc.sql.types import numbers

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Case:
    """A row of which both sides made something; None stands for a row that is not there.

    `columns` are those in which they meet: the others of `theirs` hold what the transaction makes of the target's row.
    `is_newer` says that the source wrote later, by block time, than the target.
    """

    table: Table
    base: Row | None
    ours: Row | None
    theirs: Row | None
    columns: Columns
    is_newer: bool = False


class Unsettled(NamedTuple):
    """A policy has no answer, and why."""

    reason: str


Settled = Row | None | Unsettled
"""What a row is to be; None means that it is to be gone."""


class _Clash(Exception):
    """Both sides changed a cell, and the policy cannot have both."""


def settle_row(policy: Policy, case: Case) -> Settled:
    """What `policy` makes of a row.

    CELLS, UNION and SUM give the same whichever side is called ours; NEWEST does where the times differ.  What both
    sides made alike stays so, but for SUM: both may have added the same.
    """
    if case.ours == case.theirs and (policy is not Policy.SUM or case.ours is None):
        return case.ours
    if policy is Policy.FAIL:
        return Unsettled(f"{spoken_name(case.table.name)} was changed on both sides, and the branch's policy is fail")
    if case.ours is None or case.theirs is None:
        return _presence(policy, case)
    ours, theirs = case.ours, case.theirs
    merged = list(theirs)
    for place, column in enumerate(case.table.columns):
        if column.name not in case.columns:
            continue
        try:
            merged[place] = _cell(policy, case, place, ours[place], theirs[place])
        except _Clash as clash:
            name = spoken_name(case.table.name)
            return Unsettled(f"both sides changed {column.name} of {name} {_key(case)}: {clash}")
    return tuple(merged)


def _presence(policy: Policy, case: Case) -> Settled:
    """A row that one side has and the other has not."""
    if policy in _ONE_SIDED:
        return case.theirs if _takes_theirs(policy, case) else case.ours
    left = case.ours if case.theirs is None else case.theirs
    if case.base is None or policy is Policy.UNION:
        return left
    if left == case.base:
        return None
    name = spoken_name(case.table.name)
    return Unsettled(f"{name} {_key(case)} was deleted on one side and changed on the other")


def _cell(policy: Policy, case: Case, place: int, ours: Value, theirs: Value) -> Value:
    """A column's value; raises _Clash."""
    if policy in _ONE_SIDED:
        return theirs if _takes_theirs(policy, case) else ours
    column = case.table.columns[place]
    if policy is Policy.SUM and place not in case.table.key_positions and _adds_up(column.type):
        base = _zero(column.type) if case.base is None else case.base[place]
        if base is not None and ours is not None and theirs is not None:
            return _sum(column, base, ours, theirs)
    if ours == theirs:
        return ours
    if case.base is not None and case.base[place] == ours:
        return theirs
    if case.base is not None and case.base[place] == theirs:
        return ours
    raise _Clash(f"{_shown(ours)} in the target, {_shown(theirs)} in the source")


_ONE_SIDED = (Policy.OURS, Policy.THEIRS, Policy.NEWEST)


def _takes_theirs(policy: Policy, case: Case) -> bool:
    return policy is Policy.THEIRS or (policy is Policy.NEWEST and case.is_newer)


def _adds_up(column_type: ColumnType) -> bool:
    """Whether sums of the type's values hang neither on their order nor on rounding."""
    return not column_type.is_array and (column_type.kind in INTEGER_BITS or column_type.kind is Kind.NUMERIC)


def _zero(column_type: ColumnType) -> Value:
    return 0 if column_type.kind in INTEGER_BITS else "0"


def _sum(column: Column, base: Value, ours: Value, theirs: Value) -> Value:
    """What both sides added to `base`; raises _Clash where the type cannot hold it."""
    if column.type.kind in INTEGER_BITS:
        total = int(ours or 0) + int(theirs or 0) - int(base or 0)
        top = numbers.MAXIMUM[column.type.kind]
        if not -top - 1 <= total <= top:
            raise _Clash(f"the sum {total} is out of range for {column.type}")
        return total
    texts = [str(value) for value in (ours, theirs, base)]
    scale = max(map(numbers.scale_of, texts))
    first, second, third = (numbers.scaled_exact(text, scale) for text in texts)
    total = first + second - third
    whole = numbers.DIGITS if column.type.precision is None else column.type.precision - (column.type.scale or 0)
    if abs(total) >= 10 ** (whole + scale):
        raise _Clash(f"the sum is out of range for {column.type}")
    return numbers.unscaled_text(total, scale)


def _key(case: Case) -> str:
    row = case.ours or case.theirs or ()
    return key_text(row[place] for place in case.table.key_positions)


def key_text(values: Iterable[Value]) -> str:
    """A key's values as messages show them."""
    return f"({', '.join(map(_shown, values))})"


def _shown(value: Value) -> str:
    text = "NULL" if value is None else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
