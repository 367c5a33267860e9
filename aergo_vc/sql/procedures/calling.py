"""Calls from outside of routines: statements of a script that call one and do nothing else, and signed calls."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.model.routines import Language, Mode, Routine
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import ColumnType
from aergo_vc.sql.errors import UNDEFINED_FUNCTION, UNSUPPORTED, WRONG_OBJECT, SqlError
from aergo_vc.sql.language.binder import Binder, Grouping, Surroundings
from aergo_vc.sql.language.qualifying import qualified
from aergo_vc.sql.language.queries import top_binder
from aergo_vc.sql.language.routine_calls import bind_arguments, find_routine, result_type
from aergo_vc.sql.language.source import Statement, name_of, parse_script
from aergo_vc.sql.language.statements import compile_statement
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.call_plans import CallPlan
from aergo_vc.sql.procedures.own_statements import CallRoutine
from aergo_vc.sql.procedures.running_sql import call_arguments
from aergo_vc.sql.procedures.syntax import Fragment
from aergo_vc.sql.running.needs import Requirements
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.types.values import TEXT, storage_scale


def plan_statement(
    catalog: Catalog, contract: str, statement: Statement
) -> tuple[Plan | CallPlan, frozenset[RoutineName], TableName | None]:
    """The plan of a statement that reads, writes or calls, what its expressions call, and the table that it writes."""
    tree = statement.tree
    if isinstance(tree, exp.Expression):
        tree = qualified(tree, catalog, contract)
    call = plan_call(catalog, contract, tree) if isinstance(tree, (CallRoutine, exp.Expression)) else None
    if call is not None:
        return call, call.nested, None
    around = Surroundings(contract)
    plan = compile_statement(catalog, tree if isinstance(tree, exp.Expression) else statement.sql, around)
    return plan, frozenset(around.called), plan.table


def plan_call(catalog: Catalog, contract: str, tree: CallRoutine | exp.Expression) -> CallPlan | None:
    """The plan of a statement that is nothing but a call; None for other statements."""
    if isinstance(tree, CallRoutine):
        return _plan_procedure(catalog, contract, tree)
    if not isinstance(tree, exp.Select) or not catalog.routines:
        return None
    body = _scratch(catalog, contract)
    whole = body.whole_call(tree)
    if whole is None or whole[0].is_procedure:
        return None
    routine, arguments, node = whole
    shape = body.result_fields(routine)
    in_from = tree.args.get("from_") is not None
    if shape is not None and not in_from:
        message = f"{routine.name} gives rows: write SELECT * FROM {routine.name}(…)"
        raise SqlError(UNSUPPORTED, message)
    if shape is None:
        item = tree.expressions[0]
        name = name_of(item.args["alias"]) if isinstance(item, exp.Alias) else routine.name.partition(".")[2]
        if in_from and node.args.get("alias") is not None:
            name = name_of(node.args["alias"].this)
        shape = ((name, result_type(routine) or TEXT),)
        is_row = False
    else:
        is_row = True
    sql, arrays, nested, requirements = _arguments(catalog, contract, routine, arguments, node)
    columns = tuple(ResultColumn(name, one, _scale(one)) for name, one in shape)
    is_void = result_type(routine) is None and routine.language is Language.PLPGSQL
    return CallPlan(routine.name, "SELECT", sql, arrays, columns, is_row, routine.is_set, nested, is_void, requirements)


def _scale(column_type: ColumnType) -> int | None:
    return None if column_type.is_array else storage_scale(column_type)


def _scratch(catalog: Catalog, contract: str) -> Body:
    return Body(catalog, None, contract)  # type: ignore[arg-type]  # nothing is compiled


def _plan_procedure(catalog: Catalog, contract: str, tree: CallRoutine) -> CallPlan:
    routine = find_routine(catalog, contract, tree.name.name, tree.name.contract)
    if routine is None:
        raise SqlError(UNDEFINED_FUNCTION, f"procedure {tree.name} does not exist", tree.name.line, tree.name.column)
    if not routine.is_procedure:
        message = f"{tree.name} is not a procedure: to call a function, use SELECT"
        raise SqlError(WRONG_OBJECT, message, tree.name.line, tree.name.column)
    arguments = [_argument(catalog, contract, name, fragment) for name, fragment in tree.arguments]
    node = exp.Null()
    try:
        inputs = call_inputs(routine, arguments, node)
        sql, arrays, nested, requirements = _arguments(catalog, contract, routine, inputs, node)
    except SqlError as error:
        if error.line is None:
            error.line, error.column = tree.name.line, tree.name.column
        raise
    columns = tuple(ResultColumn(one.name, one.type, _scale(one.type)) for one in routine.outputs)
    is_row = len(columns) > 1
    return CallPlan(
        routine.name, "CALL", sql, arrays, columns or None, is_row,
        is_set=False, nested=nested, requirements=requirements,
    )  # fmt: skip


def call_inputs(routine: Routine, arguments: list[exp.Expression], node: exp.Expression) -> list[exp.Expression]:
    """The arguments for a procedure's inputs; those in the places of outputs say nothing."""
    if not any(one.mode is Mode.OUT for one in routine.parameters):
        return arguments
    return call_arguments(routine, arguments, node, with_targets=False)[0]


def _argument(catalog: Catalog, contract: str, name: str | None, fragment: Fragment) -> exp.Expression:
    with located(fragment, len("SELECT ")):
        tree = qualified(parse_script(f"SELECT {fragment.text}")[0].sql, catalog, contract)
        value: exp.Expression = tree.expressions[0]
    if name is None:
        return value
    return exp.Kwarg(this=exp.to_identifier(name, quoted=True), expression=value)


def _arguments(
    catalog: Catalog, contract: str, routine: Routine, arguments: Sequence[exp.Expression], node: exp.Expression
) -> tuple[str | None, tuple[int, ...], frozenset[RoutineName], Requirements]:
    binder: Binder = top_binder(catalog, around=Surroundings(contract))
    binder.grouping = Grouping(refused="arguments of a call", windows_refused="arguments of a call")
    parts = bind_arguments(binder, node, routine, arguments)
    arrays = tuple(place for place, one in enumerate(routine.inputs) if one.type.is_array)
    binder.around.needs.add_call(routine.name)
    requirements = binder.around.needs.requirements()
    return (f"SELECT {', '.join(parts)}" if parts else None), arrays, frozenset(binder.around.called), requirements


def plan_signed_call(catalog: Catalog, name: RoutineName, count: int) -> CallPlan:
    """The plan of a signed call with `count` arguments: its SQL gives the defaults for the other parameters."""
    routine = catalog.routines.get(name)
    if routine is None:
        raise SqlError(UNDEFINED_FUNCTION, f"routine {name} does not exist")
    missing = routine.inputs[count:]
    if count > len(routine.inputs) or any(one.default is None for one in missing):
        wanted = ", ".join(str(one.type) for one in routine.inputs)
        raise SqlError(UNDEFINED_FUNCTION, f"{name} does not take {count} arguments: it takes ({wanted})")
    contract = name.partition(".")[0]
    defaults = replace(routine, parameters=tuple(replace(one, mode=Mode.IN) for one in missing))
    sql, _, nested, requirements = _arguments(catalog, contract, defaults, [], exp.Null())
    shape = _scratch(catalog, contract).result_fields(routine)
    returns = result_type(routine)
    is_row = shape is not None
    if shape is None:
        shape = () if returns is None else ((_result_name(routine), returns),)
    columns = tuple(ResultColumn(one, two, _scale(two)) for one, two in shape) or None
    return CallPlan(name, "CALL", sql, (), columns, is_row, routine.is_set, nested, requirements=requirements)


def _result_name(routine: Routine) -> str:
    outputs = routine.outputs
    return outputs[0].name if outputs and outputs[0].name else routine.name.partition(".")[2]
