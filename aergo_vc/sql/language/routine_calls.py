"""Calls of routines inside expressions and statements: which one is meant, and what its parameters get."""

from collections.abc import Sequence

from sqlglot import exp

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.routines import Mode, Parameter, Routine
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import SYNTAX, UNDEFINED_FUNCTION, UNDEFINED_PARAMETER, UNSUPPORTED, WRONG_OBJECT, SqlError
from aergo_vc.sql.language.binder import Binder, Surroundings, handles, placed
from aergo_vc.sql.language.expressions import Expression, assign, cast, column_expression, convert
from aergo_vc.sql.language.rows import Shape, bind_row, fitted_row, row_fields
from aergo_vc.sql.language.source import error_at, name_of, parse_expression
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.values import ROWS, TEXT, is_implicit


def find_routine(catalog: Catalog, contract: str, name: str, owner: str | None = None) -> Routine | None:
    """The routine that a name means: in the contract that qualifies it, or in `contract`, then in `public`."""
    for home in (contract, DEFAULT_CONTRACT) if owner is None else (owner,):
        found = catalog.routines.get(RoutineName(f"{home}.{name}"))
        if found is not None:
            return found
    return None


def called_routine(
    catalog: Catalog, contract: str, node: exp.Expression
) -> tuple[Routine, list[exp.Expression]] | None:
    """The routine that a node calls, and its arguments; None if the node is no call of one."""
    owner = None
    if (
        isinstance(node, exp.Dot)
        and isinstance(node.this, exp.Identifier)
        and isinstance(node.expression, exp.Anonymous)
    ):
        owner, node = name_of(node.this), node.expression
    elif isinstance(node, exp.Table) and isinstance(node.this, exp.Anonymous):
        owner = name_of(node.args["db"]) if node.args.get("db") else None
        node = node.this
    if not isinstance(node, exp.Anonymous):
        return None
    routine = find_routine(catalog, contract, folded(node), owner)
    return None if routine is None else (routine, node.expressions)


def folded(node: exp.Anonymous) -> str:
    """The name of a call's function."""
    if isinstance(node.this, exp.Identifier):
        return name_of(node.this)
    return str(node.this) if node.args.get("quoted") else str(node.this).lower()


def result_type(routine: Routine) -> ColumnType | None:
    """The type of a routine's result: RECORD for rows without a type of their own, None for no result."""
    if routine.returns is not None:
        return routine.returns
    outputs = routine.outputs
    if len(outputs) == 1:
        return outputs[0].type
    return ColumnType(Kind.RECORD) if outputs else None


def bind_routine(
    binder: Binder, node: exp.Expression, routine: Routine, arguments: Sequence[exp.Expression]
) -> Expression:
    """A call as part of an expression."""
    check_called(binder, node, routine)
    if routine.is_set:
        message = "set-valued function called in context that cannot accept a set: let it stand in FROM"
        raise error_at(node, UNSUPPORTED, message)
    parts = [quote_text(routine.name), *bind_arguments(binder, node, routine, arguments)]
    binder.around.called.add(routine.name)
    binder.around.needs.add_call(routine.name)
    returns = result_type(routine)
    sql = f"call_routine({', '.join(parts)})"
    if returns is None:
        return Expression(sql, TEXT)
    if returns.is_array:
        sql = f"array_result({sql})"
    return column_expression(sql, returns, not_null=False)


def check_called(binder: Binder, node: exp.Expression, routine: Routine) -> None:
    """Raise SqlError where no routine, or not this one, may be called."""
    if binder.around.calls_refused is not None:
        raise error_at(node, UNSUPPORTED, f"a call of a routine in {binder.around.calls_refused} is not supported")
    if routine.is_procedure:
        raise error_at(node, WRONG_OBJECT, f"{routine.name} is a procedure: to call a procedure, use CALL")


def result_fields(catalog: Catalog, routine: Routine) -> Shape | None:
    """The fields of the rows that a routine gives; None if it gives single values."""
    if routine.returns is not None and routine.returns.kind is Kind.COMPOSITE and not routine.returns.is_array:
        return row_fields(catalog, routine.returns.name or "")
    outputs = routine.outputs
    if len(outputs) > 1 or (outputs and outputs[0].mode is Mode.TABLE):
        return tuple((one.name, one.type) for one in outputs)
    return None


def bind_arguments(
    binder: Binder, node: exp.Expression, routine: Routine, arguments: Sequence[exp.Expression]
) -> list[str]:
    """The SQL of each input parameter's value, in the order of the parameters, in the form that variables keep."""
    given = match_arguments(routine, arguments, node)
    texts = []
    for place, parameter in enumerate(routine.inputs):
        value = given.get(parameter.name or str(place))
        if value is None:
            texts.append(_default(binder, parameter))
            continue
        with placed(value):
            if parameter.type.kind in ROWS and not parameter.type.is_array:
                texts.append(_row_argument(binder, bind_row(binder, value), parameter.type, routine))
            else:
                texts.append(argument_sql(binder.bind(value), parameter.type, routine))
    return texts


def match_arguments(
    routine: Routine, arguments: Sequence[exp.Expression], node: exp.Expression
) -> dict[str, exp.Expression]:
    """Which parameter gets which argument, by the parameters' names, or ordinals from 0 where they have none."""
    names = [parameter.name or str(place) for place, parameter in enumerate(routine.inputs)]
    given: dict[str, exp.Expression] = {}
    positional = sum(not isinstance(argument, (exp.Kwarg, exp.PropertyEQ)) for argument in arguments)
    for place, argument in enumerate(arguments):
        if isinstance(argument, (exp.Kwarg, exp.PropertyEQ)):
            name = (
                name_of(argument.this) if isinstance(argument.this, exp.Identifier) else str(argument.this.this).lower()
            )
            value = argument.args["expression"]
        elif len(given) < place or any(isinstance(one, (exp.Kwarg, exp.PropertyEQ)) for one in arguments[:place]):
            raise error_at(argument, SYNTAX, "positional argument cannot follow named argument")
        else:
            name, value = names[place] if place < len(names) else "", argument
        if name not in names:
            raise _no_such(routine, node)
        if name in given and name in names[:positional]:
            raise _no_such(routine, node)
        if name in given:
            raise error_at(argument, SYNTAX, f'argument name "{name}" used more than once')
        given[name] = value
    for name, parameter in zip(names, routine.inputs, strict=True):
        if name not in given and parameter.default is None:
            raise _no_such(routine, node)
    return given


def _no_such(routine: Routine, node: exp.Expression) -> SqlError:
    kind = "procedure" if routine.is_procedure else "function"
    wanted = ", ".join(str(parameter.type) for parameter in routine.inputs)
    message = f"{kind} {routine.name} does not exist with these arguments: it takes ({wanted})"
    return error_at(node, UNDEFINED_FUNCTION, message)


def argument_sql(value: Expression, target: ColumnType, routine: Routine) -> str:
    """A value as a parameter of the type `target` takes it: by implicit conversion only."""
    if value.is_constant and value.value is None:
        return "NULL"
    if target.is_array or (value.type is not None and value.type.is_array):
        if value.type is not None and not _is_array_for(value.type, target):
            raise _misfit(value, target, routine)
        if value.type is None:
            value = convert(value, target)
        elif value.type != target:
            value = cast(value, target)
        return f"array_argument({value.sql})"
    if target.kind in ROWS:
        if value.type is None or value.kind not in ROWS:
            raise _misfit(value, target, routine)
        return value.sql
    if value.type is not None and not is_implicit(value.kind, target.kind):
        raise _misfit(value, target, routine)
    return assign(value, target, "argument")


def _row_argument(binder: Binder, value: Expression, target: ColumnType, routine: Routine) -> str:
    """A row as a parameter of its type takes it."""
    if value.fields is None:
        return argument_sql(value, target, routine)
    if value.kind is Kind.COMPOSITE and value.type != target:
        raise _misfit(value, target, routine)
    return fitted_row(value, row_fields(binder.catalog, target.name or "") or ()).sql


def _is_array_for(found: ColumnType, target: ColumnType) -> bool:
    return found.is_array and target.is_array and is_implicit(found.element.kind, target.element.kind)


def _misfit(value: Expression, target: ColumnType, routine: Routine) -> SqlError:
    message = f"{routine.name} does not take a value of type {value.type_name}: {target} is expected"
    return SqlError(UNDEFINED_FUNCTION, message)


def _default(binder: Binder, parameter: Parameter) -> str:
    around = Surroundings(binder.around.contract, called=binder.around.called, needs=binder.around.needs)
    outside = Binder(binder.catalog, binder.queries, around=around)
    value = outside.bind(parse_expression(parameter.default or "NULL"))
    if parameter.type.is_array:
        return f"array_argument({convert(value, parameter.type).sql})"
    return assign(value, parameter.type, "argument")


@handles(exp.Dot)
def _qualified_call(binder: Binder, node: exp.Expression) -> Expression:
    found = called_routine(binder.catalog, binder.around.contract, node)
    if found is not None:
        return bind_routine(binder, node, *found)
    if isinstance(node.this, exp.Identifier) and isinstance(node.expression, exp.Anonymous):
        name = f"{name_of(node.this)}.{folded(node.expression)}"
        raise error_at(node, UNDEFINED_FUNCTION, f"function {name} does not exist")
    raise error_at(node, UNSUPPORTED, "a field of an expression is not supported")


@handles(exp.Parameter)
def _numbered(binder: Binder, node: exp.Expression) -> Expression:
    variables = binder.around.variables
    name = f"${node.name}"
    found = None if variables is None else variables.find((name,))
    if found is None:
        raise error_at(node, UNDEFINED_PARAMETER, f"there is no parameter {name}")
    return found


_FACTS = {
    "aergo_height": (":height", ColumnType(Kind.BIGINT), True),
    "aergo_transaction": (":transaction", TEXT, True),
    "aergo_chain": (":chain", TEXT, True),
    "aergo_branch": (":branch", TEXT, True),
    "aergo_caller": (":caller", TEXT, False),
}


def bind_fact(binder: Binder, node: exp.Anonymous) -> Expression | None:
    """A call of one of the functions that tell where a transaction runs; None if it is none of them."""
    found = _FACTS.get(folded(node))
    if found is None or node.expressions:
        return None
    if binder.around.calls_refused is not None:
        raise error_at(node, UNSUPPORTED, f"{folded(node)}() in {binder.around.calls_refused} is not supported")
    sql, column_type, not_null = found
    return Expression(sql, column_type, not_null=not_null)
