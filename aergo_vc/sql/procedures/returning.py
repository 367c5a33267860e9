"""RETURN and RETURN NEXT, and what a routine gives where its text ends."""

from aergo_vc.model.routines import Mode
from aergo_vc.model.types import ColumnType
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SYNTAX, SqlError
from aergo_vc.sql.language.expressions import column_expression
from aergo_vc.sql.language.routine_calls import result_type
from aergo_vc.sql.language.rows import Shape
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.running_sql import result_types
from aergo_vc.sql.procedures.storing import Columns, constructed, row_shape, row_source, stored_columns
from aergo_vc.sql.procedures.syntax import Fragment, Return, ReturnNext
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.types.values import ROWS


def result_source(body: Body) -> str:
    """Python of what a routine with output parameters gives: one value, or a tuple of several; None without any."""
    names = body.variables.levels[0].names
    parameters = enumerate(body.routine.parameters, 1)
    outputs = [names[one.name or f"${place}"] for place, one in parameters if one.mode is not Mode.IN]
    if not outputs:
        return "None"
    if len(outputs) == 1:
        return outputs[0].python
    return f"({', '.join(one.python for one in outputs)})"


def finish(body: Body) -> None:
    """What follows the last statement."""
    routine = body.routine
    if routine.is_set:
        body.write("return out")
    elif routine.outputs or result_type(routine) is None:
        body.write(f"return {result_source(body)}")
    else:
        body.write("raise run.raised('2F005', 'control reached end of function without RETURN')")


def compile_return(body: Body, statement: Return) -> None:
    """RETURN"""
    routine = body.routine
    if routine.is_set:
        if statement.value is not None:
            raise SqlError(SYNTAX, "RETURN cannot have a parameter in function returning set")
        source = "out"
    elif routine.outputs or result_type(routine) is None:
        if statement.value is not None:
            what = "function returning void"
            if routine.is_procedure:
                what = "a procedure"
            elif routine.outputs:
                what = "function with OUT parameters"
            raise SqlError(SYNTAX, f"RETURN cannot have a parameter in {what}")
        source = result_source(body)
    elif statement.value is None:
        raise SqlError(SYNTAX, "missing expression at or near RETURN")
    else:
        source = _value(body, statement.value)
    leave(body, source)


def leave(body: Body, source: str) -> None:
    """Return a value; savepoints in between are released first."""
    marks = [one.handler for one in reversed(body.blocks) if one.handler is not None]
    if not marks:
        body.write(f"return {source}")
        return
    body.write(f"result = {source}", *[f"run.release({mark})" for mark in marks], "return result")


def _value(body: Body, fragment: Fragment) -> str:
    """The value of RETURN, of the routine's type."""
    wanted = result_type(body.routine)
    assert wanted is not None  # noqa: S101 - looked at before
    tree = body.tree(fragment, "SELECT ")
    with located(fragment, len("SELECT ")):
        whole = body.whole_call(tree)
        if whole is not None and not whole[0].is_set and not whole[0].is_procedure:
            found = result_type(whole[0])
            if found is not None:
                result = f"r{body.number()}"
                body.write(f"{result} = {body.call(*whole)}")
                return _converted(body, result, found, body.result_fields(whole[0]), wanted)
    expression = body.bind(fragment)
    with located(fragment, 0):
        if wanted.kind not in ROWS or wanted.is_array:
            return body.assigned(expression, wanted).source
        if expression.is_constant and expression.value is None:
            return "None"
        if expression.fields is not None and not expression.sql:
            return _constructed(body, expression.fields)
        shape = row_shape(body, expression)
        code = body.assigned(expression, wanted)
        result = f"r{body.number()}"
        body.write(f"{result} = {code.source}")
        return _row(body, result, shape, body.result_fields(body.routine))


def _constructed(body: Body, fields: Columns) -> str:
    """ROW(…) as the result: PostgreSQL converts none of its fields."""
    types = [one for _, one in body.result_fields(body.routine) or ()]
    found = [one.type for _, one in fields]
    if [None if one is None else (one.kind, one.name, one.is_array) for one in found] != [
        (one.kind, one.name, one.is_array) for one in types
    ]:
        raise SqlError(DATATYPE_MISMATCH, "returned record type does not match expected record type")
    return constructed(body, fields, types)


def _converted(body: Body, result: str, found: ColumnType, shape: Shape | None, wanted: ColumnType) -> str:
    """A call's result as the routine's own."""
    if wanted.kind in ROWS and not wanted.is_array:
        if found.kind not in ROWS:
            raise SqlError(DATATYPE_MISMATCH, "cannot return a value that is no row from function returning a row")
        return _row(body, result, shape, body.result_fields(body.routine))
    from_value = column_expression(f":{result}", found, not_null=False)
    body.variables.codes[f":{result}"] = _code(result, found)
    return body.assigned(from_value, wanted).source


def _code(result: str, column_type: ColumnType) -> Code:
    return Code(result, simple=True, is_list=column_type.is_array)


def _row(body: Body, result: str, shape: Shape | None, wanted: Shape | None) -> str:
    """A row with the fields of the result; None stays None."""
    if shape is None or wanted is None:
        return result
    if len(shape) != len(wanted):
        raise SqlError(DATATYPE_MISMATCH, "returned record type does not match expected record type")
    source = row_source(body, [one for _, one in wanted], stored_columns(shape), result)
    return source if source == result else f"(None if {result} is None else {source})"


def compile_return_next(body: Body, statement: ReturnNext) -> None:
    """RETURN NEXT: one row is added to the result."""
    if not body.routine.is_set:
        raise SqlError(DATATYPE_MISMATCH, "cannot use RETURN NEXT in a non-SETOF function")
    types = result_types(body)
    if statement.value is None:
        if not body.routine.outputs:
            raise SqlError(SYNTAX, "RETURN NEXT must have a parameter")
        names = [body.variables.levels[0].names[one.name].python for one in body.routine.outputs]
        body.write(f"out.append(({', '.join(names)},))")
    elif body.routine.outputs:
        raise SqlError(SYNTAX, "RETURN NEXT cannot have a parameter in function with OUT parameters")
    else:
        expression = body.bind(statement.value)
        with located(statement.value, 0):
            wanted = result_type(body.routine)
            shape = row_shape(body, expression) if expression.kind in ROWS else None
            if expression.fields is not None and not expression.sql and wanted is not None and wanted.kind in ROWS:
                body.write(f"out.append({_constructed(body, expression.fields)})")
            elif wanted is not None and wanted.kind in ROWS:
                row = f"r{body.number()}"
                body.write(f"{row} = {body.assigned(expression, wanted).source}")
                body.write(f"out.append({_row(body, row, shape, body.result_fields(body.routine))})")
            else:
                body.write(f"out.append(({body.assigned(expression, types[0]).source},))")
    body.write("run.add_row(out[-1])")
