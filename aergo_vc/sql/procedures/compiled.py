"""A routine in Python: plain values, so that a file can keep them."""

from collections.abc import Mapping
from dataclasses import dataclass

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.sql.running.needs import Requirements
from aergo_vc.sql.running.plans import Plan

Place = tuple[int, int]
"""A line and a column, both from 1, in a routine's text."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The Python text of one function called ``routine``, and what it refers to.

    `positions` has for each line behind the first where it comes from, and the table that it writes.  `texts` are SQL,
    called ``S0``, ``S1``, …; `plans` ``P0``, …; `requirements`, those of its statements, ``R0``, …; `functions`
    (support.py) have ``f_`` in front of their names.

    `called` are the routines that it calls; `nested` those that it calls inside expressions, where they may not write;
    `nested_while_writing` those called in a statement that writes a table, which they may not read.  `written` and
    `read` are the tables of its own statements.  `has_effects` says that it emits events or takes numbers of sequences.
    """

    name: RoutineName
    source: str
    positions: tuple[tuple[int, int, TableName | None], ...]
    texts: tuple[str, ...]
    plans: tuple[Plan, ...]
    functions: tuple[str, ...]
    called: frozenset[RoutineName]
    nested: Mapping[RoutineName, Place]
    nested_while_writing: Mapping[tuple[RoutineName, TableName], Place]
    written: frozenset[TableName]
    read: frozenset[TableName]
    has_effects: bool = False
    requirements: tuple[Requirements, ...] = ()
