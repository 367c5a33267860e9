"""What was compiled, as JSON: plans, routines in Python, definitions, by the names of their classes."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.model.routines import CompositeType, EnumType, Grant, Language, Mode, Parameter, Routine, Volatility
from aergo_vc.model.schema import Catalog, Check, Column, ForeignKey, Index, Sequence, Table, Unique, View
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.compiled.steps import CatalogChange, KeptStep, Made, Step
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.touched import Touched, TouchedRow
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.needs import NOTHING, Need, Requirements
from aergo_vc.sql.running.plans import Plan

_RECORDS: Mapping[str, type] = {
    one.__name__: one
    for one in (
        CallPlan, Catalog, CatalogChange, Check, Column, ColumnType, Compiled, CompositeType, Definition, EnumType,
        ForeignKey, Grant, Index, KeptStep, Made, Need, Parameter, Plan, Requirements, ResultColumn, Routine, Sequence,
        Step, Table, Touched, TouchedRow, Unique, View,
    )
}  # fmt: skip
_CHOICES: Mapping[str, type[Enum]] = {one.__name__: one for one in (Kind, Language, Mode, Volatility)}
_FIELDS = {one: tuple(field.name for field in fields(one)) for one in _RECORDS.values()}


def to_json(value: object) -> Any:  # noqa: ANN401 - what json.dumps takes
    """A value for `json.dumps`: a tuple as a list, everything else that JSON lacks as an object with one key."""
    kind = type(value)
    if value is None or kind in (str, int, bool, float):
        return value
    if kind is tuple:
        return [to_json(one) for one in value]  # type: ignore[attr-defined]  # it is a tuple
    if isinstance(value, Enum):
        return {"choice": [kind.__name__, value.value]}
    if isinstance(value, frozenset):
        return {"set": sorted([to_json(one) for one in value], key=repr)}
    if isinstance(value, Mapping):
        return {"map": [[to_json(key), to_json(one)] for key, one in value.items()]}
    if kind not in _FIELDS:
        raise TypeError(f"a {kind.__name__} is not kept")
    return {"record": [kind.__name__, *[to_json(getattr(value, name)) for name in _FIELDS[kind]]]}


def from_json(value: Any) -> Any:  # noqa: ANN401 - what json.loads gives
    """The value of `to_json`; raises ValueError, TypeError, KeyError or RecursionError for what is none."""
    kind = type(value)
    if kind is list:
        return tuple([from_json(one) for one in value])
    if kind is not dict:
        return value
    ((tag, inner),) = value.items()
    return _READERS[tag](inner)


def _record(inner: list[Any]) -> object:
    record = _RECORDS[inner[0]]
    values = [from_json(one) for one in inner[1:]]
    if len(values) != len(_FIELDS[record]):
        raise ValueError(f"a {inner[0]} has {len(_FIELDS[record])} fields")
    if record is Requirements and not values[0]:
        return NOTHING
    return record(*values)


_READERS: Mapping[str, Callable[[Any], object]] = {
    "choice": lambda inner: _CHOICES[inner[0]](inner[1]),
    "set": lambda inner: frozenset(map(from_json, inner)),
    "map": lambda inner: {from_json(key): from_json(one) for key, one in inner},
    "record": _record,
}
