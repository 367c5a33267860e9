"""Assignment: to variables, to fields of rows, to elements of arrays; from expressions and from rows that SQL gave."""

from collections.abc import Sequence
from dataclasses import replace

from aergo_vc.model.routines import Routine
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SYNTAX, UNDEFINED_COLUMN, UNSUPPORTED, SqlError
from aergo_vc.sql.language.binder import OutputColumn
from aergo_vc.sql.language.expressions import SAFE_BOUND, Expression, column_expression
from aergo_vc.sql.language.routine_calls import result_type
from aergo_vc.sql.language.rows import Shape
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.syntax import Assign, Target
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.procedures.variables import Variable
from aergo_vc.sql.types.values import INTEGER, INTEGERS, TEXT, storage_scale

Columns = Sequence[tuple[str, Expression]]
"""What rows consist of: names, and expressions that stand for the cells ``:c0``, ``:c1``, …"""


def columns_of(columns: Sequence[OutputColumn]) -> Columns:
    """A query's columns as expressions over its rows."""
    found = []
    for place, column in enumerate(columns):
        old = column.expression
        found.append((column.name, Expression(f":c{place}", old.type, old.scale, old.bound)))
    return found


def result_columns_of(columns: Sequence[object]) -> Columns:
    """The columns of RETURNING as expressions over its rows."""
    found = []
    for place, column in enumerate(columns):
        name, column_type, scale = column.name, column.type, column.scale  # type: ignore[attr-defined]  # ResultColumn
        stored = scale is not None and scale == storage_scale(column_type)
        bound = 10 ** (column_type.precision or 0) - 1 if stored else SAFE_BOUND - 1
        found.append((name, Expression(f":c{place}", column_type, scale, bound if scale is not None else 0)))
    return found


def stored_columns(shape: Shape) -> Columns:
    """The fields of a row that Python holds as columns."""
    return [
        (name, column_expression(f":c{place}", column_type, not_null=False))
        for place, (name, column_type) in enumerate(shape)
    ]


def cells(columns: Columns, row: str) -> dict[str, Code]:
    """How Python refers to the cells of a row that SQL gave."""
    codes = {}
    for place, (_, expression) in enumerate(columns):
        is_array = expression.type is not None and expression.type.is_array
        source = f"f_list_of({row}[{place}])" if is_array else f"{row}[{place}]"
        codes[f":c{place}"] = Code(source, nullable=True, simple=not is_array, is_list=is_array)
    return codes


def shape_of_columns(columns: Columns) -> Shape:
    """The fields that a record gets from these columns."""
    return tuple((name, expression.type or TEXT) for name, expression in columns)


def resolve(body: Body, target: Target) -> tuple[Variable, tuple[str, ...]]:
    """The variable of a target and the fields behind it; raises SqlError 42601, 22005."""
    found = body.variables.variable((target.name, *target.path))
    if found is None:
        name = ".".join((target.name, *target.path))
        raise SqlError(SYNTAX, f'"{name}" is not a known variable', target.line, target.column)
    variable, path = found
    if variable.constant:
        message = f'variable "{variable.name}" is declared CONSTANT'
        raise SqlError("22005", message, target.line, target.column)
    return variable, path


def store(body: Body, target: Target, expression: Expression, more: dict[str, Code] | None = None) -> None:
    """Assign one value."""
    variable, path = resolve(body, target)
    if target.subscripts:
        _store_element(body, target, variable, path, expression, more)
    elif path:
        place, column_type = field_place(variable, path, target)
        code = body.assigned(expression, column_type, more)
        _put_field(body, variable, place, code.source)
    elif variable.is_row:
        store_row_value(body, variable, expression, more)
    else:
        code = body.assigned(expression, variable.type, more)
        put(body, variable, code)


def put(body: Body, variable: Variable, code: Code) -> None:
    """Assign a value of the variable's own type."""
    body.write(f"{variable.python} = {code.source}")
    if variable.not_null and code.nullable:
        with body.deeper(f"if {variable.python} is None:"):
            body.write(f"run.null_assigned({variable.name!r})")


def field_place(variable: Variable, path: Sequence[str], target: Target) -> tuple[int, ColumnType]:
    """Where in a row a field stands, and its type."""
    if not variable.is_row or variable.shape is None or len(path) > 1:
        message = f'"{".".join((variable.name, *path))}" is not a known variable'
        raise SqlError(SYNTAX, message, target.line, target.column)
    for place, (name, column_type) in enumerate(variable.shape):
        if name == path[0]:
            return place, column_type
    message = f'record "{variable.name}" has no field "{path[0]}"'
    raise SqlError(UNDEFINED_COLUMN, message, target.line, target.column)


def _put_field(body: Body, variable: Variable, place: int, source: str) -> None:
    name = variable.python
    if variable.is_record:
        with body.deeper(f"if s{name} != {variable.structure}:"):
            body.write(f"run.wrong_record({variable.name!r}, s{name})")
    body.write(f"{name} = (*{name}[:{place}], {source}, *{name}[{place + 1}:])")


def _store_element(  # noqa: PLR0917 - what an assignment consists of
    body: Body,
    target: Target,
    variable: Variable,
    path: Sequence[str],
    expression: Expression,
    more: dict[str, Code] | None,
) -> None:
    column_type, place = variable.type, None
    if path:
        place, column_type = field_place(variable, path, target)
    if not column_type.is_array:
        message = f'cannot subscript "{target.name}", which is no array'
        raise SqlError(DATATYPE_MISMATCH, message, target.line, target.column)
    if len(target.subscripts) != 1:
        message = "an array of more than one dimension is not supported"
        raise SqlError(UNSUPPORTED, message, target.line, target.column)
    index = body.value(target.subscripts[0], INTEGER)
    code = body.assigned(expression, column_type.element, more)
    if column_type.element.kind not in INTEGERS:
        code = replace(code, source=f"run.weighed({code.source})")
    function = body.names.function("element_set")
    if place is None:
        body.write(f"{variable.python} = {function}({variable.python}, {index.source}, {code.source})")
        return
    copied = body.names.function("copied")
    array = f"{function}({copied}({variable.python}[{place}]), {index.source}, {code.source})"
    _put_field(body, variable, place, array)


def store_row_value(body: Body, variable: Variable, expression: Expression, more: dict[str, Code] | None) -> None:
    """Assign a row, or NULL, to a row variable."""
    if expression.fields is not None and not expression.sql:
        _construct(body, variable, expression.fields)
        return
    code = body.assigned(expression, variable.type, more)
    shape = variable.shape if code.source == "None" else row_shape(body, expression)
    if shape is None:
        raise SqlError(UNSUPPORTED, "a row without a known structure cannot be assigned")
    if variable.is_record:
        take_structure(body, variable, shape)
        body.write(f"{variable.python} = {code.source}")
        return
    row = f"r{body.number()}"
    body.write(f"{row} = {code.source}")
    columns = stored_columns(shape)
    with body.deeper(f"if {row} is None:"):
        store_nothing(body, [Target(variable.name, line=1, column=1)])
    with body.deeper("else:"):
        body.write(f"{variable.python} = {_row_source(body, variable.shape or (), columns, row)}")


def _construct(body: Body, variable: Variable, fields: Columns) -> None:
    """Assign ROW(…); as for rows that SQL gives, what is missing is NULL."""
    shape = shape_of_columns(fields) if variable.is_record else variable.shape or ()
    source = constructed(body, fields, [column_type for _, column_type in shape])
    if variable.is_record:
        take_structure(body, variable, shape)
    body.write(f"{variable.python} = {source}")


def constructed(body: Body, fields: Columns, types: Sequence[ColumnType]) -> str:
    """Python of a tuple of values of these types, made of the fields of ROW(…)."""
    sources = [body.assigned(one, column_type).source for (_, one), column_type in zip(fields, types, strict=False)]
    sources += ["None"] * (len(types) - len(sources))
    return f"({', '.join(sources)}{',' if sources else ''})"


def row_shape(body: Body, expression: Expression) -> Shape | None:
    """The fields of an expression that gives a row."""
    column_type = expression.type
    if column_type is not None and column_type.kind is Kind.COMPOSITE and column_type.name is not None:
        return body.row_fields(column_type.name)
    found = body.variables.rows.get(expression.sql)
    return found.shape if found is not None else body.shapes.get(expression.sql)


def take_structure(body: Body, variable: Variable, shape: Shape) -> None:
    """A record has these fields from here on."""
    if variable.shape != shape or not variable.structure:
        variable.structure = body.number()
    variable.shape = shape
    body.write(f"s{variable.python} = {variable.structure}")


def store_row(body: Body, targets: Sequence[Target], columns: Columns, row: str) -> None:
    """Assign the cells of a row that SQL gave: to one row variable, or to as many scalars; what is missing is NULL."""
    if len(targets) == 1 and not targets[0].subscripts:
        variable, path = resolve(body, targets[0])
        if variable.is_row and not path:
            _fill(body, variable, columns, row)
            return
    codes = cells(columns, row)
    if any(code.is_list for code in codes.values()):
        body.names.function("list_of")
    for place, target in enumerate(targets):
        expression = columns[place][1] if place < len(columns) else Expression("NULL", None, is_constant=True)
        store(body, target, expression, codes)


def _fill(body: Body, variable: Variable, columns: Columns, row: str) -> None:
    if variable.is_record:
        shape = shape_of_columns(columns)
        take_structure(body, variable, shape)
    else:
        shape = variable.shape or ()
    body.write(f"{variable.python} = {_row_source(body, shape, columns, row)}")


def _row_source(body: Body, shape: Shape, columns: Columns, row: str) -> str:
    """A tuple of the shape's fields from a row's cells."""
    return row_source(body, [column_type for _, column_type in shape], columns, row)


def row_source(body: Body, types: Sequence[ColumnType], columns: Columns, row: str) -> str:
    """A tuple of values of these types, made of a row's cells."""
    codes = cells(columns, row)
    sources = []
    for place, column_type in enumerate(types):
        if place >= len(columns):
            sources.append("None")
            continue
        sources.append(body.assigned(columns[place][1], column_type, codes).source)
    if len(columns) == len(types) and sources == [f"{row}[{place}]" for place in range(len(columns))]:
        return row
    if any("f_list_of" in source for source in sources):
        body.names.function("list_of")
    return f"({', '.join(sources)},)" if sources else "()"


def store_nothing(body: Body, targets: Sequence[Target]) -> None:
    """Assign NULL to all targets."""
    for target in targets:
        variable, path = resolve(body, target)
        if variable.is_row and not path and not target.subscripts:
            body.write(f"{variable.python} = {('None',) * len(variable.shape or ())!r}".replace("'", ""))
        else:
            store(body, target, Expression("NULL", None, is_constant=True))


def compile_assign(body: Body, statement: Assign) -> None:
    """``target := value``"""
    tree = body.tree(statement.value, "SELECT ")
    whole = body.whole_call(tree)
    with located(statement.value, len("SELECT ")):
        if whole is not None and not whole[0].is_set and not whole[0].is_procedure:
            returns = result_type(whole[0])
            if returns is not None:
                store_result(body, statement.target, whole[0], body.call(*whole))
                return
    expression = body.bind(statement.value)
    with located(statement.value, 0):
        store(body, statement.target, expression)


def store_result(body: Body, target: Target, routine: Routine, call: str) -> None:
    """Assign the result of a call that Python makes."""
    returns = result_type(routine) or TEXT
    result = f"r{body.number()}"
    body.write(f"{result} = {call}")
    shape = body.result_fields(routine)
    if shape is not None:
        body.shapes[f":{result}"] = shape
    expression = column_expression(f":{result}", returns, not_null=False)
    store(body, target, expression, {f":{result}": Code(result, simple=True, is_list=returns.is_array)})
