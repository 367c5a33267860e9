"""Scripts into steps, each compiled when those before it have been carried out."""

from collections.abc import Callable

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.catalog.alterations import DEFINING
from aergo_vc.sql.catalog.deploying import Deployment, Tree
from aergo_vc.sql.compiled.steps import Made, MakeStep, PlacedStep, Step
from aergo_vc.sql.language.source import Statement, parse_script
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.privileges.granting import granted_things, settled
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.procedures.defining import definition_of
from aergo_vc.sql.procedures.own_statements import CallRoutine, ChangeGrants, CreateRoutine, OwnStatement
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.plans import Plan

PlanStatement = Callable[[Statement, str], Plan | CallPlan]
"""Plans a statement that runs in the name of a contract."""


def script_steps(script: str, catalog: Callable[[], Catalog], plan: PlanStatement) -> list[PlacedStep]:
    """The steps of a script; `catalog` gives what is defined at the moment.  Raises SqlError."""
    maker = _Maker(catalog, plan, None)
    return [_placed(one, maker.maker_of(one)) for one in parse_script(script)]


def deployment_steps(
    script: str, contract: str, context: ExecutionContext, catalog: Callable[[], Catalog], plan: PlanStatement
) -> list[PlacedStep]:
    """The steps of a deployment (deploying.py)."""
    deployment = Deployment(contract, context, definition_of)
    maker = _Maker(catalog, plan, deployment)
    steps = [_placed(one, maker.maker_of(one)) for one in parse_script(script)]
    begin = _around(lambda: deployment.begin(catalog()))
    finish = _around(lambda: settled(deployment.finish(catalog())))
    return [begin, *steps, finish]


def _placed(statement: Statement, make: MakeStep) -> PlacedStep:
    return PlacedStep(statement.number, statement.line, statement.column, make)


def _around(define: Callable[[], Definition]) -> PlacedStep:
    return PlacedStep(0, 0, 0, lambda: Step(0, 0, 0, define()))


class _Maker:
    def __init__(self, catalog: Callable[[], Catalog], plan: PlanStatement, deployment: Deployment | None) -> None:
        self._catalog, self._plan, self._deployment = catalog, plan, deployment
        self._contract = DEFAULT_CONTRACT if deployment is None else deployment.contract

    def maker_of(self, statement: Statement) -> MakeStep:
        return lambda: self._make(statement)

    def _make(self, statement: Statement) -> Step:
        catalog = self._catalog()
        tree = statement.tree if self._deployment is None else self._deployment.admit(catalog, statement)
        place = (statement.number, statement.line, statement.column)
        if tree is None:
            return Step(*place)
        if isinstance(tree, (*DEFINING, OwnStatement)) and not isinstance(tree, CallRoutine):
            definition = definition_of(catalog, tree, self._contract)
            granted = None
            if isinstance(tree, ChangeGrants):
                granted = tuple([thing for thing, _ in granted_things(catalog, tree, self._contract)])
            elif self._deployment is None:  # else what goes may come back before the end
                definition = settled(definition)
            return Step(*place, definition, granted=granted, made=_made(tree, self._contract))
        return Step(*place, plan=self._plan(statement, self._contract))


def _made(tree: Tree, contract: str) -> Made | None:
    if not isinstance(tree, CreateRoutine):
        return None
    name = RoutineName(f"{tree.name.contract or contract}.{tree.name.name}")
    return Made(name, tree.body.line, tree.body.column)
