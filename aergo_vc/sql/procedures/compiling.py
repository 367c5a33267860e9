"""From a routine to Python: blocks, declarations, control flow.  What a body says stands in `syntax`.

Each PL/pgSQL variable becomes a local variable of one Python function; SQL becomes prepared statements with positional
parameters.  Nothing of the source gets into the Python text but by way of ``repr`` and of numbered names.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from aergo_vc.base.ids import TableName
from aergo_vc.model.routines import Language, Mode, Routine
from aergo_vc.model.schema import Catalog, split_name
from aergo_vc.model.types import Kind
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SYNTAX, SqlError
from aergo_vc.sql.language.comparisons import compare
from aergo_vc.sql.language.expressions import Expression, column_expression
from aergo_vc.sql.procedures.body import Block as Enclosing
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.parsing import parse_body
from aergo_vc.sql.procedures.raising import (
    compile_assert,
    compile_diagnostics,
    compile_emit,
    compile_raise,
    handler_test,
)
from aergo_vc.sql.procedures.returning import (
    compile_return,
    compile_return_next,
    finish,
)
from aergo_vc.sql.procedures.running_sql import (
    compile_call,
    compile_perform,
    compile_return_query,
    compile_sql,
    run_rows,
)
from aergo_vc.sql.procedures.sql_functions import compile_sql_function
from aergo_vc.sql.procedures.storing import compile_assign, put, store, store_row
from aergo_vc.sql.procedures.syntax import (
    AliasDeclaration,
    Assert,
    Assign,
    Block,
    CallProcedure,
    Case,
    CursorDeclaration,
    Emit,
    Exit,
    ForCursor,
    ForEach,
    ForQuery,
    ForRange,
    GetDiagnostics,
    Handler,
    If,
    Loop,
    Null,
    Perform,
    Raise,
    Return,
    ReturnNext,
    ReturnQuery,
    RunSql,
    Statement,
    Target,
    VariableDeclaration,
)
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.procedures.type_names import type_of
from aergo_vc.sql.procedures.variables import Namespace, Variable
from aergo_vc.sql.types.values import BOOLEAN, INTEGER, TEXT

SQL_STEPS = 10
"""What a statement of SQL counts as, beside one of PL/pgSQL alone."""


def compile_routine(catalog: Catalog, routine: Routine, coverage: Coverage | None = None) -> Compiled:
    """A routine of the catalog in Python; raises SqlError, whose place counts from the first character of the body.

    With `coverage` the Python counts its statements there, and runs on sessions with the same one only.
    """
    contract = split_name(TableName(str(routine.name)))[0]
    body = Body(catalog, routine, contract, coverage=coverage)
    body.variables = Namespace(columns_first=routine.language is Language.SQL)
    parameters = []
    with body.level(split_name(TableName(str(routine.name)))[1]):
        parameters = _declare_parameters(body)
        body.write("jump = 0", "execute, changed = run.execute, run.changed")
        body.begin_outcome()
        if routine.is_set:
            body.write("out = []")
        for parameter in routine.outputs:
            if parameter.mode is not Mode.INOUT:
                _clear(body, body.variables.levels[-1].names[parameter.name] if parameter.name else None)
        if routine.language is Language.SQL:
            compile_sql_function(body)
        else:
            block = parse_body(routine.body)
            body.at(block)
            _block(body, block)
            finish(body)
    head = f"def routine({', '.join(['run', *parameters])}):"
    return _compiled(body, head)


def _compiled(body: Body, head: str) -> Compiled:
    return Compiled(
        name=body.routine.name,
        source="\n".join([head, *body.lines]) + "\n",
        positions=tuple((one.line, one.column, one.table) for one in body.positions),
        texts=tuple(body.texts),
        plans=tuple(body.plans),
        requirements=tuple(body.requirements),
        functions=tuple(sorted(body.names.functions)),
        called=frozenset(body.called),
        nested={name: (at.line, at.column) for name, at in body.nested.items()},
        nested_while_writing={pair: (at.line, at.column) for pair, at in body.called_while_writing.items()},
        written=frozenset(body.written),
        read=frozenset(body.read),
        has_effects=body.has_effects,
    )


def _declare_parameters(body: Body) -> list[str]:
    """Enter the parameters; returns the Python names of the inputs."""
    found = replace(body.declare("found", BOOLEAN), not_null=True)
    found.python = "found"
    body.variables.levels[-1].names["found"] = found
    names = []
    for place, parameter in enumerate(body.routine.parameters, 1):
        if parameter.mode is Mode.TABLE and not parameter.name:
            continue
        variable = body.declare(parameter.name, parameter.type)
        if variable.is_row:
            variable.shape = body.row_fields(parameter.type.name or "")
        body.variables.add(variable, f"${place}")
        if parameter.mode in (Mode.IN, Mode.INOUT):
            names.append(variable.python)
            if variable.is_row:
                shape = variable.shape or ()
                arrays = tuple(place for place, (_, one) in enumerate(shape) if one.is_array)
                function = body.names.function("row_of")
                body.write(f"{variable.python} = {function}({variable.python}, {len(shape)}, {arrays})")
            if parameter.type.is_array:
                body.write(f"{variable.python} = {body.names.function('copied')}({variable.python})")
    return names


def _clear(body: Body, variable: Variable | None) -> None:
    if variable is None:
        return
    if variable.is_row:
        body.write(f"{variable.python} = ({'None, ' * len(variable.shape or ())})")
        if variable.is_record:
            body.write(f"s{variable.python} = 0")
    else:
        body.write(f"{variable.python} = None")


# Blocks


def statements(body: Body, several: Sequence[Statement], *, turn: bool = False) -> None:
    """Statements one after the other, counted when the first begins; and before them the `turn` of a loop."""
    around = body.position
    if several or turn:
        cost = sum(SQL_STEPS if isinstance(one, (RunSql, Perform, ReturnQuery, ForQuery)) else 1 for one in several)
        cost += int(turn)
        body.write(f"run.left -= {cost}")
        with body.deeper("if run.left < 0:"):
            body.write("run.exhausted()")
    for statement in several:
        body.at(statement)
        if not isinstance(statement, Block):
            body.mark()
        try:
            with body.asking():
                _COMPILERS[type(statement)](body, statement)
        except SqlError as error:
            if error.line is None:
                error.line, error.column = statement.line, statement.column
            raise
    body.position = around


def _block(body: Body, block: Block) -> None:
    enclosing = Enclosing(body.number(), block.label, is_loop=False)
    with body.level(block.label):
        for declaration in block.declarations:
            body.position = replace(body.position, line=declaration.line, column=declaration.column)
            try:
                with body.asking():
                    _DECLARERS[type(declaration)](body, declaration)
            except SqlError as error:
                if error.line is None:
                    error.line, error.column = declaration.line, declaration.column
                raise
        if block.label is None:
            _guarded(body, block)
            return
        with _around(body, enclosing, "while True:"):
            _guarded(body, block)
            body.write("break")


def _guarded(body: Body, block: Block) -> None:
    """The statements of a block, with its handlers around them."""
    if not block.handlers:
        statements(body, block.body)
        return
    mark, error = f"m{body.number()}", f"x{body.number()}"
    body.write(f"{mark} = run.savepoint()")
    body.blocks.append(Enclosing(body.number(), None, is_loop=False, handler=mark))
    with body.deeper("try:"):
        statements(body, block.body)
        body.write(f"run.release({mark})")
    body.blocks.pop()
    with body.deeper("except run.failures as failure:"):
        body.write(f"{error} = run.caught({mark}, failure)")
        _handlers(body, block, error)


def _handlers(body: Body, block: Block, error: str) -> None:
    with body.level(None):
        for name, source in (("sqlstate", f"{error}.sqlstate"), ("sqlerrm", f"{error}.message")):
            variable = Variable(name, source, TEXT, not_null=True, constant=True)
            variable.python = f"v{body.number()}"
            body.write(f"{variable.python} = {source}")
            body.variables.add(variable)
        body.handling.append(error)
        word = "if"
        for handler in block.handlers:
            with body.deeper(f"{word} {handler_test(error, handler.conditions)}:"):
                statements(body, handler.body)
            word = "elif"
        with body.deeper("else:"):
            body.write(f"raise {error}")
        body.handling.pop()


def _declare_variable(body: Body, declaration: VariableDeclaration) -> None:
    column_type, shape = type_of(body, declaration.type)
    variable = body.declare(declaration.name, column_type, shape)
    if declaration.name in body.variables.levels[-1].names:
        raise SqlError(SYNTAX, f'duplicate declaration of "{declaration.name}"')
    if declaration.default is None:
        if declaration.not_null:
            message = f'variable "{declaration.name}" must have a default value, since it\'s declared NOT NULL'
            raise SqlError("22004", message)
        _clear(body, variable)
        body.variables.add(variable)
        return
    variable.not_null = declaration.not_null
    if variable.is_row:
        _clear(body, variable)
        body.variables.add(variable)
        target = Target(declaration.name, line=declaration.line, column=declaration.column)
        compile_assign(body, Assign(target, declaration.default, line=declaration.line, column=declaration.column))
    else:
        put(body, variable, body.value(declaration.default, column_type))
        body.variables.add(variable)
    variable.constant = declaration.constant


def _declare_alias(body: Body, declaration: AliasDeclaration) -> None:
    found = body.variables.variable((declaration.variable,))
    if found is None:
        raise SqlError("42704", f'variable "{declaration.variable}" does not exist')
    body.variables.levels[-1].names[declaration.name] = found[0]


def _declare_cursor(body: Body, declaration: CursorDeclaration) -> None:
    body.cursors[declaration.name] = declaration


_DECLARERS: dict[type, Callable[[Body, Any], None]] = {
    VariableDeclaration: _declare_variable,
    AliasDeclaration: _declare_alias,
    CursorDeclaration: _declare_cursor,
}


# Branches


def _if(body: Body, statement: If) -> None:
    word = "if"
    for condition, inner in statement.branches:
        with body.deeper(f"{word} {body.truth(condition)}:"):
            statements(body, inner)
        word = "elif"
    if statement.otherwise is not None:
        with body.deeper("else:"):
            statements(body, statement.otherwise)


def _case(body: Body, statement: Case) -> None:
    subject: Expression | None = None
    more: dict[str, Code] = {}
    if statement.subject is not None:
        bound = body.bind(statement.subject)
        column_type = bound.type or TEXT
        with located(statement.subject, 0):
            code = body.assigned(bound, column_type)
        name = f"r{body.number()}"
        body.write(f"{name} = {code.source}")
        subject = column_expression(f":{name}", column_type, not_null=not code.nullable)
        more = {f":{name}": Code(name, nullable=code.nullable, simple=True, is_list=code.is_list)}
    word = "if"
    for values, inner in statement.branches:
        tests = []
        for value in values:
            if subject is None:
                tests.append(body.truth(value))
                continue
            expression = body.bind(value)
            with located(value, 0):
                tests.append(body.code(compare(subject, expression, "=").sql, more).truth)
        with body.deeper(f"{word} {' or '.join(tests)}:"):
            statements(body, inner)
        word = "elif"
    with body.deeper("else:"):
        if statement.otherwise is None:
            body.write("raise run.raised('20000', 'case not found', hint='CASE statement is missing ELSE part.')")
        else:
            statements(body, statement.otherwise)


# Loops


class _around:  # noqa: N801 - used as a context manager's name
    """A loop of Python: what stands in it, and behind it the way further out for jumps over several loops."""

    def __init__(self, body: Body, enclosing: Enclosing, head: str) -> None:
        self._body, self._enclosing, self._head = body, enclosing, head

    def __enter__(self) -> None:
        self._body.blocks.append(self._enclosing)
        self._body.write(self._head)
        self._body.depth += 1

    def __exit__(self, kind: object, *_: object) -> None:
        body, enclosing = self._body, self._enclosing
        body.depth -= 1
        body.blocks.pop()
        if kind is not None or not enclosing.jumped:
            return
        outer = next((one for one in reversed(body.blocks) if one.handler is None), None)
        if outer is None:
            return
        with body.deeper("if jump:"):
            with body.deeper(f"if jump >> 1 == {outer.number}:"):
                body.write("again, jump = jump & 1, 0")
                with body.deeper("if again:"):
                    body.write("continue")
            body.write("break")


def _exit(body: Body, statement: Exit) -> None:
    if statement.condition is None:
        _jump(body, statement)
        return
    with body.deeper(f"if {body.truth(statement.condition)}:"):
        _jump(body, statement)


def _jump(body: Body, statement: Exit) -> None:
    inner: list[Enclosing] = []
    for one in reversed(body.blocks):
        if one.handler is not None:
            body.write(f"run.release({one.handler})")
        elif (one.is_loop and statement.label is None) or (
            statement.label is not None and one.label == statement.label
        ):
            if inner:
                body.write(f"jump = {one.number * 2 + int(statement.again)}")
                for loop in inner:
                    loop.jumped = True
                body.write("break")
            else:
                body.write("continue" if statement.again else "break")
            return
        else:
            inner.append(one)
    raise SqlError(SYNTAX, "EXIT cannot be used outside a loop, unless it has a label")


def _loop(body: Body, statement: Loop) -> None:
    condition = "True" if statement.condition is None else body.truth(statement.condition)
    with _around(body, Enclosing(body.number(), statement.label, is_loop=True), f"while {condition}:"):
        statements(body, statement.body, turn=True)


def _for_range(body: Body, statement: ForRange) -> None:
    number = body.number()
    first, last, step = f"a{number}", f"b{number}", f"c{number}"
    body.write(f"{first} = {body.value(statement.first, INTEGER).source}")
    body.write(f"{last} = {body.value(statement.last, INTEGER).source}")
    if statement.step is None:
        step = "1"
    else:
        body.write(f"{step} = {body.value(statement.step, INTEGER).source}")
    body.write(f"run.check_range({first}, {last}, {step})")
    with body.level(statement.label):
        variable = body.declare(statement.variable, INTEGER)
        variable.not_null = statement.variable not in assigned_names(statement.body)
        body.variables.add(variable)
        span = f"range({first}, {last} + 1, {step})"
        if statement.reverse:
            span = f"range({first}, {last} - 1, -{step})"
        head = f"for {variable.python} in {span}:"
        with _around(body, Enclosing(body.number(), statement.label, is_loop=True), head):
            statements(body, statement.body, turn=True)
    body.note_found(f"{first} {'>=' if statement.reverse else '<='} {last}")


def assigned_names(several: Sequence[Statement]) -> frozenset[str]:
    """The names that statements, or others in them, assign to."""
    found: set[str] = set()
    rest: list[Any] = list(several)
    while rest:
        one = rest.pop()
        if isinstance(one, Target):
            found.add(one.name)
        elif isinstance(one, CallProcedure):
            found |= {fragment.text.lower() for _, fragment in one.arguments}
        if isinstance(one, tuple):
            rest += one
        elif isinstance(one, (Statement, Handler)):
            rest += [getattr(one, name.name) for name in fields(one)]
    return frozenset(found)


def _for_query(body: Body, statement: ForQuery) -> None:
    tree = body.tree(statement.query)
    rows, row = f"r{body.number()}", f"r{body.number()}"
    with located(statement.query, 0):
        columns = run_rows(body, tree, rows)
    with _around(body, Enclosing(body.number(), statement.label, is_loop=True), f"for {row} in {rows}:"):
        store_row(body, statement.targets, columns, row)
        statements(body, statement.body, turn=True)
    body.note_found(f"len({rows}) > 0")


def _for_cursor(body: Body, statement: ForCursor) -> None:
    declaration = body.cursors[statement.cursor]
    given = {name: value for name, value in statement.arguments if name is not None}
    plain = [value for name, value in statement.arguments if name is None]
    values = [
        given.get(name, plain[place] if place < len(plain) else None)
        for place, (name, _) in enumerate(declaration.parameters)
    ]
    if None in values or len(statement.arguments) != len(values):
        message = f'the cursor "{statement.cursor}" takes {len(values)} arguments'
        raise SqlError(SYNTAX, message, statement.line, statement.column)
    variables = []
    for (name, reference), value in zip(declaration.parameters, values, strict=True):
        column_type, _ = type_of(body, reference)
        variable = body.declare(name, column_type)
        assert value is not None  # noqa: S101 - looked at above
        put(body, variable, body.value(value, column_type))
        variables.append(variable)
    rows, row = f"r{body.number()}", f"r{body.number()}"
    with body.level(statement.cursor):
        for variable in variables:
            body.variables.add(variable)
        tree = body.tree(declaration.query)
        with located(declaration.query, 0):
            columns = run_rows(body, tree, rows)
    with body.level(statement.label):
        record = body.declare(statement.variable, replace(TEXT, kind=Kind.RECORD))
        body.variables.add(record)
        with _around(body, Enclosing(body.number(), statement.label, is_loop=True), f"for {row} in {rows}:"):
            store_row(body, [Target(statement.variable, line=statement.line, column=statement.column)], columns, row)
            statements(body, statement.body, turn=True)
    body.note_found(f"len({rows}) > 0")


def _for_each(body: Body, statement: ForEach) -> None:
    expression = body.bind(statement.array)
    with located(statement.array, 0):
        if expression.type is None or not expression.type.is_array:
            message = f"FOREACH expression must yield an array, not type {expression.type_name}"
            raise SqlError(DATATYPE_MISMATCH, message)
        code = body.assigned(expression, expression.type)
    rows, element = f"r{body.number()}", f"r{body.number()}"
    body.write(f"{rows} = {code.source}")
    with body.deeper(f"if {rows} is None:"):
        body.write("raise run.raised('22004', 'FOREACH expression must not be null')")
    with _around(body, Enclosing(body.number(), statement.label, is_loop=True), f"for {element} in {rows}:"):
        value = column_expression(f":{element}", expression.type.element, not_null=False)
        store(body, statement.target, value, {f":{element}": Code(element, simple=True)})
        statements(body, statement.body, turn=True)
    body.note_found(f"len({rows}) > 0")


def _null(body: Body, _: Null) -> None:
    body.write("pass")


_COMPILERS: dict[type[Statement], Callable[[Body, Any], None]] = {
    Block: _block,
    Assign: compile_assign,
    If: _if,
    Case: _case,
    Loop: _loop,
    ForRange: _for_range,
    ForQuery: _for_query,
    ForCursor: _for_cursor,
    ForEach: _for_each,
    Exit: _exit,
    Return: compile_return,
    ReturnNext: compile_return_next,
    ReturnQuery: compile_return_query,
    Raise: compile_raise,
    Assert: compile_assert,
    Perform: compile_perform,
    RunSql: compile_sql,
    CallProcedure: compile_call,
    Emit: compile_emit,
    GetDiagnostics: compile_diagnostics,
    Null: _null,
}
