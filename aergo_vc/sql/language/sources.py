"""Items of FROM: tables, views, common table expressions, subqueries, VALUES."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.routines import Routine
from aergo_vc.model.schema import split_name, spoken_name
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import (
    INVALID_COLUMN_REFERENCE,
    SYNTAX,
    TOO_COMPLEX,
    UNDEFINED_FUNCTION,
    UNDEFINED_TABLE,
)
from aergo_vc.sql.language.binder import Binder, Grouping, Query, Surroundings, placed
from aergo_vc.sql.language.expressions import Expression, assign, column_expression, convert
from aergo_vc.sql.language.routine_calls import bind_arguments, called_routine, check_called, result_fields, result_type
from aergo_vc.sql.language.scope import Scope, Source, table_name_of, table_source
from aergo_vc.sql.language.source import error_at, name_of, parse_script, require_only, spoken, unsupported
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types.arrays import PARALLEL_ARRAYS
from aergo_vc.sql.types.values import BIGINT, INTEGER, INTEGERS, INTERVAL, TEXT, TIMESTAMP, TIMESTAMPTZ

DEPTH = 24
"""How deep queries, and views in views, may nest."""


def source_of(binder: Binder, node: exp.Expression) -> tuple[Source, str]:
    """An item of FROM: a table, a view, a common table expression, a subquery or VALUES."""
    alias = node.args.get("alias")
    name = name_of(alias.this) if alias is not None and alias.this is not None else None
    wanted = [name_of(column) for column in alias.args.get("columns") or ()] if alias is not None else []
    own = f"t{binder.counter.take()}"
    if isinstance(node, exp.Table):
        require_only(node, "this", "db", "catalog", "alias", "joins", "ordinality")
        function = None if node.args.get("db") else node.this
        called = called_routine(binder.catalog, binder.around.contract, node)
        if called is not None:
            found = _routine_source(binder, node, called, own, name)
        elif isinstance(function, exp.Anonymous):
            found = _function_source(binder, node, function, own, name)
        else:
            found = _named_source(binder, node, own, name)
    elif isinstance(node, exp.Unnest):
        found = _unnest_source(binder, node, own, name)
    elif isinstance(node, (exp.Subquery, exp.Values)):
        if isinstance(node, exp.Subquery):
            require_only(node, "this", "alias", "joins")
        if name is None:
            raise error_at(node, SYNTAX, "subquery in FROM must have an alias")
        inner = binder.inner(Scope(parent=binder.scope.parent))
        tree = node.this if isinstance(node, exp.Subquery) else node
        query = inner.queries(inner, tree)
        found = _query_source(query, own, name), f"({query.sql}) AS {own}"
    else:
        raise unsupported(node, f"{spoken(node)} in FROM")
    if not wanted:
        return found
    source, sql = found
    if len(wanted) > len(source.columns):
        raise error_at(node, INVALID_COLUMN_REFERENCE, f'table "{source.name}" has fewer columns than its alias list')
    renamed = tuple(
        (wanted[place] if place < len(wanted) else old, expression)
        for place, (old, expression) in enumerate(source.columns)
    )
    return replace(source, columns=renamed), sql


def _unnest_source(binder: Binder, node: exp.Unnest, own: str, alias: str | None) -> tuple[Source, str]:
    """unnest(…) [WITH ORDINALITY]: several arrays in parallel."""
    require_only(node, "expressions", "alias", "offset", "joins")
    arrays = [binder.bind(part) for part in node.expressions]
    elements = []
    for array in arrays:
        if array.type is None or not array.type.is_array:
            raise error_at(node, UNDEFINED_FUNCTION, f"function unnest({array.type_name}) does not exist")
        elements.append(array.type.element)
    offset = node.args.get("offset")
    ordinality = name_of(offset) if isinstance(offset, exp.Identifier) else "ordinality" if offset else None
    if len(arrays) > 1:
        if len(arrays) > PARALLEL_ARRAYS:
            raise unsupported(node, f"unnest of more than {PARALLEL_ARRAYS} arrays")
        sql = ", ".join(array.sql for array in arrays)
        cells = [f"{own}.c{place}" for place in range(len(arrays))]
    elif elements[0].kind in (Kind.DOUBLE, Kind.REAL):
        sql, cells = f"array_spelled({arrays[0].sql})", [f"double_of({own}.value)"]
    else:
        sql, cells = arrays[0].sql, [f"{own}.value"]
    name = alias or "unnest"
    names = [name if len(arrays) == 1 else "unnest"] * len(arrays)
    columns = [
        (column, column_expression(cell, element, not_null=False))
        for column, cell, element in zip(names, cells, elements, strict=True)
    ]
    with placed(node):
        binder.counter.spend(1)
    call = f"{'json_each' if len(arrays) == 1 else 'array_rows'}({sql})"
    return _rows_of_array(own, name, call, columns, ordinality)


def _rows_of_array(
    own: str, name: str, call: str, columns: list[tuple[str, Expression]], ordinality: str | None
) -> tuple[Source, str]:
    """The elements of an array's JSON text, or of several, as rows in their order."""
    if ordinality is not None:
        columns = [*columns, (ordinality, Expression(f"({own}.key + 1)", BIGINT, not_null=True))]
    return Source(name, tuple(columns), (f"{own}.key",)), f"{call} AS {own}"


def _routine_source(
    binder: Binder, node: exp.Table, called: tuple[Routine, list[exp.Expression]], own: str, alias: str | None
) -> tuple[Source, str]:
    """A routine's rows, or its one value as a row; its arguments may name what stands before it in FROM."""
    routine, arguments = called
    check_called(binder, node, routine)
    parts = [quote_text(routine.name), *bind_arguments(binder, node, routine, arguments)]
    binder.around.called.add(routine.name)
    binder.around.needs.add_call(routine.name)
    with placed(node):
        binder.counter.spend(1)
    name = alias or routine.name.partition(".")[2]
    shape = result_fields(binder.catalog, routine) or ((name, result_type(routine) or TEXT),)
    columns = [
        (column, column_expression(f"{own}.c{place}", column_type, not_null=False))
        for place, (column, column_type) in enumerate(shape)
    ]
    if node.args.get("ordinality"):
        columns.append(("ordinality", Expression(f"({own}.place + 1)", BIGINT, not_null=True)))
    source = Source(name, tuple(columns), (f"{own}.place",))
    return source, f"routine_rows(call_rows({', '.join(parts)})) AS {own}"


RowFunction = Callable[[Binder, exp.Expression], tuple[str, Sequence[tuple[str, ColumnType]]]]
ROW_FUNCTIONS: dict[str, RowFunction] = {}
"""Functions of FROM: each gives SQL of arrays' JSON texts, one a column, and the columns' usual names and types."""


def _function_source(
    binder: Binder, node: exp.Expression, call: exp.Anonymous, own: str, alias: str | None
) -> tuple[Source, str]:
    word = str(call.this).lower()
    ordinality = "ordinality" if node.args.get("ordinality") else None
    if word == "generate_series":
        return _series_source(binder, node, call, own, alias)
    if word not in ROW_FUNCTIONS:
        raise unsupported(call, f"function {word} in FROM")
    sql, shape = ROW_FUNCTIONS[word](binder, call)
    is_one = len(shape) == 1
    columns = [
        (alias if is_one and alias else name, column_expression(f"{own}.{cell}", column_type, not_null=False))
        for (name, column_type), cell in zip(shape, ("value",) if is_one else ("c0", "c1"), strict=True)
    ]
    with placed(node):
        binder.counter.spend(1)
    return _rows_of_array(own, alias or word, f"{'json_each' if is_one else 'array_rows'}({sql})", columns, ordinality)


def _series_source(
    binder: Binder, node: exp.Expression, call: exp.Anonymous, own: str, alias: str | None
) -> tuple[Source, str]:
    parts = [binder.bind(part) for part in call.expressions]
    if _are_moments(parts):
        function, result, cells = "moment_series", *_moments(parts)
    else:
        function, result, cells = "whole_series", *_whole_numbers(call, parts)
    with placed(node):
        binder.counter.spend(1)
    name = alias or "generate_series"
    columns = [(name, Expression(f"{own}.value", result, not_null=True))]
    if node.args.get("ordinality"):
        columns.append(("ordinality", Expression(f"({own}.key + 1)", BIGINT, not_null=True)))
    return Source(name, tuple(columns), (f"{own}.key",)), f"{function}({', '.join(cells)}) AS {own}"


_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


def _are_moments(parts: Sequence[Expression]) -> bool:
    if len(parts) != 3 or not any(part.kind in _MOMENTS for part in parts[:2]):  # noqa: PLR2004
        return False
    return all(part.type is None or part.kind in _MOMENTS for part in parts[:2]) and (
        parts[2].type is None or parts[2].kind is Kind.INTERVAL
    )


def _moments(parts: Sequence[Expression]) -> tuple[ColumnType, list[str]]:
    kinds = {part.kind for part in parts[:2]}
    result = TIMESTAMP if Kind.TIMESTAMP in kinds and Kind.TIMESTAMPTZ not in kinds else TIMESTAMPTZ
    return result, [convert(part, kind).sql for part, kind in zip(parts, (result, result, INTERVAL), strict=True)]


def _whole_numbers(call: exp.Anonymous, parts: Sequence[Expression]) -> tuple[ColumnType, list[str]]:
    if len(parts) not in (2, 3) or not all(part.kind in INTEGERS or part.type is None for part in parts):
        types = ", ".join(part.type_name for part in parts)
        raise error_at(call, UNDEFINED_FUNCTION, f"function generate_series({types}) does not exist")
    result = BIGINT if any(part.kind is Kind.BIGINT and part.type for part in parts) else INTEGER
    cells = [assign(part, result, "generate_series") for part in parts]
    if len(cells) == 2:  # noqa: PLR2004
        cells.append("1")
    return result, cells


def total_rows(query: Query) -> str:
    """The SQL of a query that was bound with a total order, such that SQLite keeps to it around it."""
    return query.sql if query.limited else f"{query.sql} LIMIT -1"


def _query_source(query: Query, own: str, name: str) -> Source:
    columns = tuple(
        (column.name, replace(_known(column.expression), sql=f"{own}.c{position}", not_null=False))
        for position, column in enumerate(query.columns)
    )
    return Source(name, columns, tuple(bytewise(expression) for _, expression in columns))


def bytewise(expression: Expression) -> str:
    """SQL that sorts by every difference, even of two spellings of one number."""
    text = expression.kind is Kind.NUMERIC and expression.scale is None
    return f"{expression.sql} COLLATE BINARY" if text else expression.sql


def _known(expression: Expression) -> Expression:
    return expression if expression.type is not None else Expression(expression.sql, TEXT)


def _named_source(binder: Binder, node: exp.Table, own: str, alias: str | None) -> tuple[Source, str]:
    if not node.args.get("db") and isinstance(node.this, exp.Identifier):
        common = binder.common.get(name_of(node.this))
        if common is not None:
            with placed(node):
                binder.counter.spend(common.sources)
            return _query_source(common, own, alias or name_of(node.this)), f"{common.sql} AS {own}"
    if not isinstance(node.this, exp.Identifier):
        raise unsupported(node, "a function in FROM")
    name = table_name_of(node)
    table = binder.catalog.tables.get(name)
    with placed(node):
        binder.counter.spend(1)
    if table is not None:
        reading = binder.reading(name, tuple(column.name for column in table.visible_columns))
        return table_source(table, f"{own}.", alias, reading), f'"{name}" AS {own}'
    view = binder.catalog.views.get(name)
    if view is None:
        raise error_at(node, UNDEFINED_TABLE, f'relation "{spoken_name(name)}" does not exist')
    reading = binder.reading(name, view.columns)
    query = bind_view(binder, name, view.query)
    renamed = tuple(replace(column, name=view.columns[place]) for place, column in enumerate(query.columns))
    source = _query_source(replace(query, columns=renamed), own, alias or name_of(node.this))
    return replace(source, reading=reading), f"({query.sql}) AS {own}"


def bind_view(binder: Binder, name: TableName, text: str) -> Query:
    """A view's query, bound in a scope of its own; what it reads is read with its contract's owner's rights.

    Where the contract has no owner, it is read with the rights of whoever runs the statement, also from other views.
    """
    if binder.depth > DEPTH:
        raise error_at(exp.Null(), TOO_COMPLEX, f'view "{spoken_name(name)}" nests too deep')
    contract = split_name(name)[0]
    around = Surroundings(
        contract,
        called=binder.around.called,
        calls_refused=binder.around.calls_refused,
        needs=binder.around.needs,
        holder=contract if contract in binder.catalog.owners else None,
    )
    inner = Binder(
        binder.catalog, binder.queries, Scope(), binder.counter, {}, Grouping(), (), {}, binder.depth + 1, around
    )
    return inner.queries(inner, parse_script(text)[0].sql)
