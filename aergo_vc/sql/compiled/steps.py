"""What a script does, statement by statement: values that can be kept, and carried out without its text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.plans import Plan

_MAPPINGS = tuple(field.name for field in fields(Catalog) if field.name != "grants")


@dataclass(frozen=True, slots=True)
class Made:
    """A routine that a script makes, and the line and column where its body begins."""

    name: RoutineName
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a script, or what a deployment does before its first and after its last (`number` 0).

    `line` and `column` are the statement's.  There is a definition, a plan, or nothing to do.  `granted` are the
    things whose privileges the statement changes, None for other statements.
    """

    number: int
    line: int
    column: int
    definition: Definition | None = None
    plan: Plan | CallPlan | None = None
    granted: tuple[str, ...] | None = None
    made: Made | None = None


MakeStep = Callable[[], Step]
"""Compiles a statement; raises SqlError without a place.  The definitions before it must have been carried out."""


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step that is made when its turn comes, and the number, line and column of its statement."""

    number: int
    line: int
    column: int
    make: MakeStep


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """What a definition puts into a catalog and takes out; `grants` are all that there are then, None for no change."""

    put: Mapping[str, Mapping[str, object]]
    gone: Mapping[str, tuple[str, ...]]
    grants: frozenset[object] | None


@dataclass(frozen=True, slots=True)
class KeptStep:
    """A step whose definition is kept without its catalog."""

    step: Step
    change: CatalogChange | None


def kept(step: Step, before: Catalog) -> KeptStep:
    """A step as it is kept; `before` is the catalog that it found."""
    if step.definition is None:
        return KeptStep(step, None)
    change = _change(before, step.definition.catalog)
    return KeptStep(replace(step, definition=replace(step.definition, catalog=Catalog())), change)


def restored(kept_step: KeptStep, before: Catalog) -> Step:
    """The step that was kept."""
    step, change = kept_step.step, kept_step.change
    if step.definition is None or change is None:
        return step
    changed: dict[str, object] = {
        name: _changed(getattr(before, name), change.put.get(name, {}), change.gone.get(name, ()))
        for name in change.put.keys() | change.gone.keys()
    }
    if change.grants is not None:
        changed["grants"] = change.grants
    catalog = replace(before, **changed) if changed else before  # type: ignore[arg-type]  # as they were kept
    return replace(step, definition=replace(step.definition, catalog=catalog))


def _change(before: Catalog, after: Catalog) -> CatalogChange:
    put: dict[str, Mapping[str, object]] = {}
    gone: dict[str, tuple[str, ...]] = {}
    for name in _MAPPINGS:
        old, new = getattr(before, name), getattr(after, name)
        if old is new:
            continue
        if changed := {key: one for key, one in new.items() if key not in old or old[key] != one}:
            put[name] = changed
        if missing := tuple(key for key in old if key not in new):
            gone[name] = missing
    return CatalogChange(put, gone, None if before.grants == after.grants else frozenset(after.grants))


def _changed(old: Mapping[str, object], put: Mapping[str, object], gone: tuple[str, ...]) -> Mapping[str, object]:
    return {**{key: one for key, one in old.items() if key not in gone}, **put}
