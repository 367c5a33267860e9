"""RAISE, ASSERT, EMIT, GET DIAGNOSTICS and the handlers of blocks."""

from collections.abc import Sequence

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import UNSUPPORTED, SqlError
from aergo_vc.sql.language.expressions import Expression, cast
from aergo_vc.sql.procedures.body import Body, located
from aergo_vc.sql.procedures.conditions import CONDITIONS
from aergo_vc.sql.procedures.storing import store
from aergo_vc.sql.procedures.syntax import Assert, Emit, Fragment, GetDiagnostics, Level, Raise
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.types.values import BIGINT, INTEGERS, ROWS, TEXT, is_scaled, storage_scale

ASSERT_FAILURE = "P0004"
RAISED = "P0001"
_NUMBER_SIZE = 20
_ITEMS = {
    "returned_sqlstate": "sqlstate",
    "message_text": "message",
    "pg_exception_detail": "detail",
    "pg_exception_hint": "hint",
    "column_name": "column",
    "constraint_name": "constraint",
    "pg_datatype_name": "datatype",
    "table_name": "table",
    "schema_name": "schema",
    "pg_exception_context": "context",
}


def printed(body: Body, fragment: Fragment) -> str:
    """Python that gives a value's text as RAISE prints it."""
    expression = body.bind(fragment)
    with located(fragment, 0):
        if expression.kind in ROWS and expression.fields is None:
            raise SqlError(UNSUPPORTED, "a row as a text is not supported: name its fields")
        if expression.kind is Kind.BOOLEAN and expression.type is not None:
            code = body.code(expression.sql)
            return f"run.printed_boolean({code.source})"
        code = body.code(cast(expression, TEXT).sql)
    if not code.nullable:
        return code.source
    return f"run.printed({code.source})"


def compile_raise(body: Body, statement: Raise) -> None:
    """RAISE"""
    if _raises_again(statement):
        if not body.handling:
            message = "RAISE without parameters cannot be used outside an exception handler"
            raise SqlError("0Z002", message, statement.line, statement.column)
        body.write(f"raise {body.handling[-1]}")
        return
    options = dict(statement.options)
    code = statement.sqlstate or (CONDITIONS[statement.condition][0] if statement.condition else RAISED)
    given = options.get("errcode")
    state = repr(code) if given is None else f"run.code_of({body.value(given, TEXT).source})"
    if statement.format is not None:
        message = _formatted(body, statement.format, statement.arguments)
    elif "message" in options:
        message = f"run.printed({body.value(options['message'], TEXT).source})"
    else:
        message = repr(statement.condition or statement.sqlstate) if "errcode" not in options else state
    if statement.level is not Level.EXCEPTION:
        body.write(f"run.notice({statement.level.value!r}, {message})")
        return
    more = [
        f"{name}={body.value(fragment, TEXT).source}"
        for name, fragment in statement.options
        if name not in ("message", "errcode")
    ]
    body.write(f"raise run.raised({', '.join([state, message, *more])})")


def _raises_again(statement: Raise) -> bool:
    return statement.format is None and not (statement.condition or statement.sqlstate or statement.options)


def _formatted(body: Body, text: str, arguments: Sequence[Fragment]) -> str:
    """The text with its percent signs replaced by the arguments."""
    parts: list[str] = []
    plain = ""
    rest = iter(arguments)
    position = 0
    while position < len(text):
        letter = text[position]
        if letter != "%":
            plain += letter
        elif text[position + 1 : position + 2] == "%":
            plain += "%"
            position += 1
        else:
            parts += [repr(plain), printed(body, next(rest))]
            plain = ""
        position += 1
    parts.append(repr(plain))
    return parts[0] if len(parts) == 1 else f"''.join(({', '.join(parts)}))"


def compile_assert(body: Body, statement: Assert) -> None:
    """ASSERT"""
    with body.deeper(f"if not {body.truth(statement.condition)}:"):
        message = "'assertion failed'"
        if statement.message is not None:
            message = f"run.printed({body.value(statement.message, TEXT).source})"
        body.write(f"raise run.raised({ASSERT_FAILURE!r}, {message})")


def compile_emit(body: Body, statement: Emit) -> None:
    """EMIT: an event, its values in canonical form."""
    body.has_effects = True
    members: list[str] = []
    size: int | None = len(statement.event)
    for key, fragment in statement.items:
        expression = body.bind(fragment)
        with located(fragment, 0):
            members.append(f"{key!r}: {canonical(body, expression)}")
        is_small = expression.kind in INTEGERS or (expression.type is not None and is_scaled(expression.type))
        size = size + len(key) + _NUMBER_SIZE if is_small and size is not None else None
    body.write(f"run.emit({f'{body.contract}.{statement.event}'!r}, {{{', '.join(members)}}}, {size})")


def canonical(body: Body, expression: Expression) -> str:
    """Python that gives an expression's value as receipts spell it."""
    column_type = expression.type or TEXT
    if expression.kind in ROWS:
        raise SqlError(UNSUPPORTED, "a row in an event is not supported: name its fields")
    code = body.assigned(expression, column_type)
    if column_type.is_array:
        return f"run.canonical_array({code.source}, {type_source(column_type)})"
    return canonical_source(body, code, column_type)


def canonical_source(body: Body, code: Code, column_type: ColumnType) -> str:
    """A kept value as a canonical one."""
    scale = storage_scale(column_type)
    if scale is not None:
        return f"{body.names.function('decimal_of')}({code.source}, {scale})"
    if column_type.kind is Kind.BOOLEAN:
        return f"run.canonical_boolean({code.source})"
    return code.source


def type_source(column_type: ColumnType) -> str:
    """A type as the arguments that the runtime makes it of again."""
    parts = (column_type.kind.value, column_type.length, column_type.precision, column_type.scale, column_type.name)
    return repr(parts)


def compile_diagnostics(body: Body, statement: GetDiagnostics) -> None:
    """GET [STACKED] DIAGNOSTICS"""
    for target, item in statement.items:
        if not statement.stacked:
            if item != "row_count":
                raise SqlError(UNSUPPORTED, f"{item.upper()} is not supported", target.line, target.column)
            store(
                body,
                target,
                Expression(":count", BIGINT, not_null=True),
                {":count": Code("count", nullable=False, simple=True)},
            )
            continue
        if not body.handling:
            message = "GET STACKED DIAGNOSTICS cannot be used outside an exception handler"
            raise SqlError("0Z002", message, target.line, target.column)
        source = f"run.detail({body.handling[-1]}, {_ITEMS[item]!r})"
        store(body, target, Expression(":detail", TEXT, not_null=True), {":detail": Code(source, nullable=False)})


def handler_test(error: str, conditions: Sequence[str]) -> str:
    """Python that is true where one of the conditions fits the error."""
    tests: list[str] = []
    for condition in conditions:
        if condition == "others":
            tests.append(f"{error}.sqlstate != {ASSERT_FAILURE!r}")
            continue
        for code in CONDITIONS.get(condition, (condition,)):
            if code.endswith("000"):
                tests.append(f"{error}.sqlstate[:2] == {code[:2]!r}")
            else:
                tests.append(f"{error}.sqlstate == {code!r}")
    return " or ".join(tests)
