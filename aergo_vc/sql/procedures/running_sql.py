"""SQL in bodies: queries and changes, their rows taken into variables, looped over or returned."""

from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.routines import Mode, Routine
from aergo_vc.model.types import ColumnType
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SYNTAX, UNSUPPORTED, SqlError
from aergo_vc.sql.language.routine_calls import called_routine, match_arguments, result_type
from aergo_vc.sql.language.source import name_of
from aergo_vc.sql.language.statements import compile_statement
from aergo_vc.sql.procedures.body import Body, Position, located
from aergo_vc.sql.procedures.storing import (
    Columns,
    cells,
    columns_of,
    result_columns_of,
    row_source,
    store,
    store_nothing,
    store_result,
    store_row,
    stored_columns,
)
from aergo_vc.sql.procedures.syntax import CallProcedure, Fragment, Perform, ReturnQuery, RunSql, Target
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.running.needs import NOTHING
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.types.values import TEXT

LOOK_AT_KEYS = "if changed: run.check_references()"
"""What follows each statement of one step that changes rows."""

CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.TruncateTable)
"""The statements that change rows."""


def compile_sql(body: Body, statement: RunSql) -> None:
    """A statement of SQL, with or without INTO."""
    tree = body.tree(statement.sql)
    with located(statement.sql, 0):
        if isinstance(tree, CHANGES):
            _change(body, statement, tree)
        elif isinstance(tree, (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)):
            if not statement.into:
                raise SqlError(SYNTAX, "query has no destination for result data")
            _select_into(body, statement, tree)
        else:
            raise SqlError(UNSUPPORTED, "a statement that defines something is not supported in a routine")


def _select_into(body: Body, statement: RunSql, tree: exp.Expression) -> None:
    whole = body.whole_call(tree)
    if whole is not None and not whole[0].is_set and not whole[0].is_procedure and result_type(whole[0]) is not None:
        store_whole(body, statement.into, whole)
        body.note_count("1")
        return
    query = body.query(tree)
    sql = query.sql
    limited = not query.single and bool(tree.args.get("limit") or tree.args.get("offset"))
    if not query.single and not limited:
        sql += " LIMIT 2" if statement.strict else " LIMIT 1"
    text, bindings = body.statement(sql)
    row = f"r{body.number()}"
    if statement.strict:
        body.write(f"{row} = run.strict_row({text}, {bindings})")
    elif limited:
        body.write(f"{row} = run.first_row({text}, {bindings})")
    else:
        body.write(f"{row} = execute({text}, {bindings}).fetchall()", f"{row} = {row}[0] if {row} else None")
    _take(body, statement.into, columns_of(query.columns), row, sure=statement.strict)


def store_whole(
    body: Body, targets: tuple[Target, ...], whole: tuple[Routine, list[exp.Expression], exp.Expression]
) -> None:
    """Take the result of one call into targets: as a value, or spread over as many as it has fields."""
    routine, arguments, node = whole
    call = body.call(routine, arguments, node)
    shape = body.result_fields(routine)
    if len(targets) == 1 and (shape is None or _is_row(body, targets[0])):
        store_result(body, targets[0], routine, call)
        return
    if shape is None:
        message = "a single value cannot be taken into several targets"
        raise SqlError(SYNTAX, message)
    row = f"r{body.number()}"
    body.write(f"{row} = {call} or ({'None, ' * len(shape)})")
    store_row(body, targets, stored_columns(shape), row)


def _is_row(body: Body, target: Target) -> bool:
    found = body.variables.variable((target.name, *target.path))
    return found is not None and found[0].is_row and not found[1] and not target.subscripts


def _take(body: Body, targets: tuple[Target, ...], columns: Columns, row: str, *, sure: bool) -> None:
    """Assign a row that may be None."""
    if sure:
        body.note_count("1")
        store_row(body, targets, columns, row)
        return
    body.note_count(f"int({row} is not None)")
    with body.deeper(f"if {row} is not None:"):
        store_row(body, targets, columns, row)
    with body.deeper("else:"):
        store_nothing(body, targets)


def _change(body: Body, statement: RunSql, tree: exp.Expression) -> None:
    plan = _plan(body, tree)
    if not statement.into:
        if plan.columns is not None:
            raise SqlError(SYNTAX, "query has no destination for result data")
        _execute(body, plan, tree)
        return
    if plan.columns is None:
        raise SqlError(SYNTAX, "INTO used with a command that cannot return data")
    row = f"r{body.number()}"
    call = _execution(body, plan, tree, "change_rows")
    simple = call.removeprefix("run.change_rows(")
    if simple == call:
        body.write(f"{row} = {call}")
    else:
        body.write(f"{row} = execute({simple}.fetchall()", LOOK_AT_KEYS)
    body.write(f"{row} = {row}[0] if len({row}) == 1 else run.only_row({row}, {statement.strict})")
    _take(body, statement.into, result_columns_of(plan.columns), row, sure=statement.strict)


def _plan(body: Body, tree: exp.Expression) -> Plan:
    around = body.around()
    body.note_reads(tree)
    plan = replace(compile_statement(body.catalog, tree, around), requirements=NOTHING)
    if plan.table is not None:
        body.written.add(plan.table)
        body.position = Position(body.position.line, body.position.column, plan.table)
        for name in around.called:
            body.called_while_writing.setdefault((name, plan.table), body.position)
    if plan.columns is not None:
        plan = replace(plan, columns=tuple(plan.columns))
    return plan


def _execute(body: Body, plan: Plan, tree: exp.Expression) -> None:
    """Run a plan whose rows nobody asks for."""
    call = _execution(body, plan, tree, "execute")
    if call.startswith("execute("):
        body.write(call, LOOK_AT_KEYS)
        body.note_count("run.changes()")
    else:
        changed = f"r{body.number()}"
        body.write(f"{changed} = {call}")
        body.note_count(changed)


def _execution(body: Body, plan: Plan, tree: exp.Expression, how: str) -> str:
    """Python that runs a plan."""
    values = tree.args.get("expression")
    single = isinstance(values, exp.Values) and len(values.expressions) == 1
    if plan.rows_sql is None and plan.guard is None and (single or not plan.once):
        more = {":base": Code(f"run.take({plan.hidden_rows})", nullable=False)}
        text, bindings = body.statement(plan.sql, more)
        return f"{'' if how == 'execute' else 'run.'}{how}({text}, {bindings})"
    body.plans.append(plan)
    texts = [text for text in (plan.sql, plan.rows_sql, plan.guard) if text is not None]
    facts = ", ".join(f"{name[1:]!r}: {source}" for name, source in body.mentioned(texts).items())
    return f"run.{how}_of_plan(P{len(body.plans) - 1}, {{{facts}}})"


def compile_perform(body: Body, statement: Perform) -> None:
    """PERFORM: run a query for its effects, and for FOUND."""
    tree = body.tree(statement.query, "SELECT ")
    with located(statement.query, len("SELECT ")):
        whole = body.whole_call(tree)
        if whole is not None and not whole[0].is_procedure:
            result = f"r{body.number()}"
            body.write(f"{result} = {body.call(*whole)}")
            body.note_count(f"len({result})" if whole[0].is_set else "1")
            return
        query = body.query(tree)
        text, bindings = body.statement(query.sql)
        rows = f"r{body.number()}"
        body.write(f"{rows} = run.query({text}, {bindings})")
        body.note_count(f"len({rows})")


def compile_call(body: Body, statement: CallProcedure) -> None:
    """CALL: arguments for output parameters must be variables, which get the results."""
    listed = ", ".join(
        (f"{name} => " if name is not None else "") + fragment.text for name, fragment in statement.arguments
    )
    name = statement.routine
    tree = body.tree(Fragment(f"{name.text}({listed})", name.line, name.column), "SELECT ")
    assert isinstance(tree, exp.Select)  # noqa: S101 - the prefix says so
    node = tree.expressions[0]
    with located(name, len("SELECT ")):
        found = called_routine(body.catalog, body.contract, node)
        if found is None:
            raise SqlError("42883", f"procedure {name.text} does not exist")
        routine, arguments = found
        if not routine.is_procedure:
            raise SqlError("42809", f"{routine.name} is not a procedure: to call a function, use SELECT")
        given, targets = call_arguments(routine, arguments, node)
        call = body.call(routine, given, node)
        if not routine.outputs:
            body.write(call)
            return
        shape = tuple((one.name, one.type) for one in routine.outputs)
        row = f"r{body.number()}"
        body.write(f"{row} = {call}" if len(shape) > 1 else f"{row} = ({call},)")
        columns = stored_columns(shape)
        codes = cells(columns, row)
        for (_, expression), target in zip(columns, targets, strict=True):
            store(body, target, expression, codes)


def call_arguments(
    routine: Routine, arguments: list[exp.Expression], node: exp.Expression, *, with_targets: bool = True
) -> tuple[list[exp.Expression], list[Target]]:
    """The arguments for a procedure's inputs, and the variables that take its outputs, in their order."""
    if not routine.outputs:
        return arguments, []
    as_inputs = replace(routine, parameters=tuple(replace(one, mode=Mode.IN) for one in routine.parameters))
    matched = match_arguments(as_inputs, arguments, node)
    given: list[exp.Expression] = []
    targets: list[Target] = []
    for place, parameter in enumerate(routine.parameters):
        argument = matched.get(parameter.name or str(place))
        if parameter.mode is not Mode.OUT and argument is not None:
            name = parameter.name or str(routine.inputs.index(parameter))
            given.append(exp.Kwarg(this=exp.to_identifier(name, quoted=True), expression=argument))
        if parameter.mode is not Mode.IN and with_targets:
            targets.append(_output_target(argument, parameter.name))
    return given, targets


def _output_target(argument: exp.Expression | None, name: str) -> Target:
    if not isinstance(argument, exp.Column):
        message = f'procedure parameter "{name}" is an output parameter but corresponding argument is not writable'
        raise SqlError(SYNTAX, message)
    names = [name_of(part) for part in argument.parts if isinstance(part, exp.Identifier)]
    return Target(names[0], tuple(names[1:]), line=1, column=1)


def compile_return_query(body: Body, statement: ReturnQuery) -> None:
    """RETURN QUERY: rows are added to the result."""
    tree = body.tree(statement.query)
    rows = f"r{body.number()}"
    with located(statement.query, 0):
        if not body.routine.is_set:
            raise SqlError(DATATYPE_MISMATCH, "cannot use RETURN QUERY in a non-SETOF function")
        columns = run_rows(body, tree, rows)
        body.note_count(f"len({rows})")
        add_rows(body, columns, rows)


def run_rows(body: Body, tree: exp.Expression, rows: str) -> Columns:
    """Let the Python variable `rows` have the rows of a statement; returns their columns."""
    whole = body.whole_call(tree)
    if whole is not None and whole[0].is_set:
        routine = whole[0]
        body.write(f"{rows} = {body.call(*whole)}")
        shape = body.result_fields(routine)
        if shape is None:
            shape = ((routine.name.partition(".")[2], result_type(routine) or TEXT),)
        return stored_columns(shape)
    if isinstance(tree, CHANGES):
        plan = _plan(body, tree)
        if plan.columns is None:
            raise SqlError(SYNTAX, "a statement without RETURNING gives no rows")
        body.write(f"{rows} = {_execution(body, plan, tree, 'change_rows')}")
        return result_columns_of(plan.columns)
    query = body.query(tree)
    text, bindings = body.statement(query.sql)
    body.write(f"{rows} = run.query({text}, {bindings})")
    return columns_of(query.columns)


def add_rows(body: Body, columns: Columns, rows: str) -> None:
    """Add rows to the result, converted to its types."""
    types = result_types(body)
    if len(types) != len(columns):
        message = "structure of query does not match function result type"
        raise SqlError(DATATYPE_MISMATCH, message)
    row = f"r{body.number()}"
    source = row_source(body, types, columns, row)
    if source == row:
        body.write(f"out += {rows}")
    else:
        body.write(f"out += [{source} for {row} in {rows}]")
    body.write(f"run.add_rows(len({rows}))")


def result_types(body: Body) -> list[ColumnType]:
    """The types of the cells of the rows that a set-returning routine gives."""
    shape = body.result_fields(body.routine)
    if shape is not None:
        return [one for _, one in shape]
    single = result_type(body.routine)
    return [single] if single is not None else []


def change_only(body: Body, tree: exp.Expression) -> None:
    """A changing statement whose rows nobody asks for."""
    plan = _plan(body, tree)
    if plan.columns is None:
        _execute(body, plan, tree)
    else:
        body.write(_execution(body, plan, tree, "change_rows"))
