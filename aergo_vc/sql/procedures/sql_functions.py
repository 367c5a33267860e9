"""Functions written in SQL: several statements, the last of which gives the result."""

from sqlglot import exp

from aergo_vc.sql.errors import INVALID_FUNCTION, UNSUPPORTED, SqlError
from aergo_vc.sql.language.expressions import may_assign
from aergo_vc.sql.language.qualifying import qualified
from aergo_vc.sql.language.source import parse_script
from aergo_vc.sql.procedures.body import Body, Position, located
from aergo_vc.sql.procedures.returning import result_source
from aergo_vc.sql.procedures.running_sql import CHANGES, add_rows, change_only, result_types, run_rows
from aergo_vc.sql.procedures.storing import row_source
from aergo_vc.sql.procedures.syntax import Fragment
from aergo_vc.sql.types.values import TEXT

_HERE = Fragment("", 1, 1)
_STEPS = 10


def compile_sql_function(body: Body) -> None:
    """The body of a routine in LANGUAGE SQL."""
    with located(_HERE, 0):
        found = parse_script(body.routine.body)
        trees = [(qualified(one.sql, body.catalog, body.contract), one) for one in found]
        body.write(f"run.left -= {_STEPS * len(trees) or 1}")
        with body.deeper("if run.left < 0:"):
            body.write("run.exhausted()")
        for place, (tree, statement) in enumerate(trees):
            body.position = Position(statement.line, statement.column)
            body.mark()
            if place == len(trees) - 1 and _gives_result(body):
                with body.asking():
                    _last(body, tree)
                return
            with body.asking():
                _run(body, tree)
        if _gives_result(body):
            raise _mismatch("must be SELECT or have RETURNING")
        body.write(f"return {'out' if body.routine.is_set else result_source(body)}")


def _run(body: Body, tree: exp.Expression) -> None:
    """A statement whose rows nobody asks for."""
    if isinstance(tree, CHANGES):
        change_only(body, tree)
    elif isinstance(tree, (exp.Select, exp.SetOperation, exp.Values)):
        run_rows(body, tree, f"r{body.number()}")
    else:
        raise SqlError(UNSUPPORTED, "a statement that defines something is not supported in a routine")


def _mismatch(what: str) -> SqlError:
    return SqlError(INVALID_FUNCTION, f"return type mismatch in function: its final statement {what}")


def _gives_result(body: Body) -> bool:
    return bool(result_types(body))


def _last(body: Body, tree: exp.Expression) -> None:
    if isinstance(tree, CHANGES) and not tree.args.get("returning"):
        raise _mismatch("must be SELECT or have RETURNING")
    rows = f"r{body.number()}"
    columns = run_rows(body, tree, rows)
    types = result_types(body)
    if len(types) != len(columns):
        raise _mismatch(f"gives {len(columns)} columns instead of {len(types)}")
    for (name, expression), column_type in zip(columns, types, strict=True):
        found = expression.type or TEXT
        if not may_assign(found, column_type):
            raise _mismatch(f'gives a column "{name}" of type {found} instead of {column_type}')
    if body.routine.is_set:
        add_rows(body, columns, rows)
        body.write("return out")
        return
    row = f"r{body.number()}"
    body.write(f"{row} = {rows}[0] if {rows} else ({'None, ' * len(types)})")
    source = row_source(body, types, columns, row)
    is_row = body.result_fields(body.routine) is not None
    body.write(f"return {source}" if is_row else f"return {source}[0]")
