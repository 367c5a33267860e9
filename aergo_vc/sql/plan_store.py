"""The plans of statements that ran before, while the catalog stays as it is."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from aergo_vc.model.schema import Catalog
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.plans import Plan
from aergo_vc.sql.procedures.calling import CallPlan
from aergo_vc.sql.recursion import deep_stack
from aergo_vc.sql.shapes import Shape, is_plain, parse_shape, shapes_of
from aergo_vc.sql.source import Statement
from aergo_vc.sql.statements import compile_statement

COMPILED_STATEMENTS = 4_096
"""Statements whose plans an engine keeps."""


class PlanStore:
    """Plans by the text of scripts, and by shapes (shapes.py)."""

    def __init__(self, compile_plan: Callable[[Statement, str], Plan | CallPlan]) -> None:
        self._compile = compile_plan
        self._catalog = Catalog()
        self._plans: dict[tuple[str, int, str], Plan | CallPlan] = {}
        self._shapes: dict[str, Plan | None] = {}

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed, and with them what statements mean."""
        self._catalog = catalog
        self._plans, self._shapes = {}, {}

    def plan(self, script: str, statement: Statement, contract: str) -> Plan | CallPlan:
        """The plan of a script's statement that runs in the name of a contract."""
        key = (script, statement.number, contract)
        found = self._plans.get(key)
        if found is None:
            found = self._compile(statement, contract)
            if len(self._plans) >= COMPILED_STATEMENTS:
                self._plans.clear()
            self._plans[key] = found
        return found

    def shaped(self, script: str) -> list[tuple[Plan, Mapping[str, int]]] | None:
        """The plans of a script's statements with their numbers; None if it has to be compiled as it is."""
        shapes = shapes_of(script)
        if shapes is None:
            return None
        shaped: list[tuple[Plan, Mapping[str, int]]] = []
        for shape in shapes:
            plan = self._shapes[shape.text] if shape.text in self._shapes else self._plan_of(shape)
            if plan is None:
                return None
            shaped.append((plan, shape.numbers))
        return shaped

    @deep_stack()
    def _plan_of(self, shape: Shape) -> Plan | None:
        """The plan of a statement of which only the shape is known; None unless it has one."""
        if not is_plain(shape.text):
            return None  # which is not worth a place among those that are kept
        plan: Plan | None = None
        tree = parse_shape(shape.text)
        if tree is not None:
            with suppress(SqlError):  # which the script itself will raise, at its own place
                plan = compile_statement(self._catalog, tree)
        if len(self._shapes) >= COMPILED_STATEMENTS:
            self._shapes.clear()
        self._shapes[shape.text] = plan
        return plan
