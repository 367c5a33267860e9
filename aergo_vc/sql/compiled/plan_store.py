"""What scripts come to: plans and steps of those that ran before, while the catalog stays as it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from aergo_vc.model.schema import Catalog
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.compiled.steps import KeptStep, PlacedStep, Step, kept, restored
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.shapes import Shape, is_plain, shapes_of
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.recursion import deep_stack

if TYPE_CHECKING:
    from aergo_vc.sql.language.source import Statement

COMPILED_STATEMENTS = 4_096
"""Statements whose plans an engine keeps."""


class PlanStore:
    """Steps by the text of scripts, and plans by shapes (shapes.py); what a file may keep is in `cache` too."""

    def __init__(
        self,
        compile_plan: Callable[["Statement", str], Plan | CallPlan],
        cache: CompiledCache,
        catalog: Callable[[], Catalog],
    ) -> None:
        self._compile, self._cache, self._current = compile_plan, cache, catalog
        self._catalog = Catalog()
        self._scripts: dict[str, tuple[Step, ...]] = {}
        self._statements = 0
        self._shapes: dict[str, Plan | None] = {}

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed, and with them what statements mean."""
        self._catalog = catalog
        self._scripts, self._shapes, self._statements = {}, {}, 0

    # Steps

    def steps(self, script: str, contract: str | None, context: ExecutionContext) -> "Steps":
        """The steps of a script, or of a deployment; raises SqlError where it cannot be read."""
        known = self._scripts.get(script) if contract is None else None
        if known is not None:
            return Steps([_made(step) for step in known])
        key = self._key(script, contract, context)
        found = self._cache.find(*key) if key else None
        if isinstance(found, tuple):
            return Steps([self._restoring(one) for one in found if isinstance(one, KeptStep)])
        from aergo_vc.sql.compiled.script_steps import deployment_steps, script_steps  # noqa: PLC0415 - it loads sqlglot

        if contract is None:
            return Steps(script_steps(script, self._current, self._compile), self._current, script, key)
        steps = deployment_steps(script, contract, context, self._current, self._compile)
        return Steps(steps, self._current, None, key)

    def _key(self, script: str, contract: str | None, context: ExecutionContext) -> tuple[str, ...]:
        """What the steps hang on; nothing where they are not kept: the owner may be another one by an admin's leave."""
        if not self._cache.is_kept:
            return ()
        state = self._cache.state(self._catalog)
        if contract is None:
            return ("script", script, state)
        owned = self._catalog.owners.get(contract, context.signer) == context.signer
        return ("deployment", script, contract, context.signer, state) if owned else ()

    def _restoring(self, one: KeptStep) -> PlacedStep:
        step = one.step
        return PlacedStep(step.number, step.line, step.column, lambda: restored(one, self._current()))

    def note(self, steps: "Steps") -> None:
        """A script has been carried out whole."""
        if steps.script is not None and not any(one.definition for one in steps.done):
            self._statements += len(steps.done)
            if self._statements > COMPILED_STATEMENTS:
                self._scripts, self._statements = {}, len(steps.done)
            self._scripts[steps.script] = tuple(steps.done)
        if steps.key:
            self._cache.keep(tuple(steps.kept), *steps.key)

    # Shapes

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
        key = ("shape", shape.text, self._cache.state(self._catalog))
        found = self._cache.find(*key)
        plan = found[0] if isinstance(found, tuple) else self._compile_shape(shape.text)
        if found is None:
            self._cache.keep((plan,), *key)
        if len(self._shapes) >= COMPILED_STATEMENTS:
            self._shapes.clear()
        self._shapes[shape.text] = plan
        return plan

    def _compile_shape(self, text: str) -> Plan | None:
        from aergo_vc.sql.language.binder import Surroundings  # noqa: PLC0415 - it loads sqlglot
        from aergo_vc.sql.language.shape_trees import parse_shape  # noqa: PLC0415 - likewise
        from aergo_vc.sql.language.statements import compile_statement  # noqa: PLC0415 - likewise

        tree = parse_shape(text)
        if tree is not None:
            with suppress(SqlError):  # which the script itself will raise, at its own place
                around = Surroundings()
                plan = compile_statement(self._catalog, tree, around)
                return None if around.called else plan  # what routines do is looked at elsewhere
        return None


def _made(step: Step) -> PlacedStep:
    return PlacedStep(step.number, step.line, step.column, lambda: step)


class Steps:
    """The steps of one script, to be made and carried out one after the other.

    `done` are those that were made; with a `key`, `kept` is what is kept of them.
    """

    def __init__(
        self,
        placed: list[PlacedStep],
        current: Callable[[], Catalog] = Catalog,
        script: str | None = None,
        key: tuple[str, ...] = (),
    ) -> None:
        self._placed, self._current = placed, current
        self.script, self.key = script, key
        self.done: list[Step] = []
        self.kept: list[KeptStep] = []

    def __iter__(self) -> Iterator[PlacedStep]:
        return iter(self._placed)

    def make(self, placed: PlacedStep) -> Step:
        """The next step; raises SqlError without a place."""
        step = placed.make()
        if self.script is not None:
            self.done.append(step)
        if self.key:
            self.kept.append(kept(step, self._current()))
        return step
