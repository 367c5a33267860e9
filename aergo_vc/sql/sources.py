"""Items of FROM: tables, views, common table expressions, subqueries, VALUES."""

from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.types import Kind
from aergo_vc.sql.binder import Binder, Grouping, Query, placed
from aergo_vc.sql.errors import INVALID_COLUMN_REFERENCE, SYNTAX, TOO_COMPLEX, UNDEFINED_TABLE
from aergo_vc.sql.expressions import Expression
from aergo_vc.sql.scope import Scope, Source, spoken_name, table_name_of, table_source
from aergo_vc.sql.source import error_at, name_of, parse_script, require_only, unsupported
from aergo_vc.sql.values import TEXT

DEPTH = 24
"""How deep queries, and views in views, may nest."""


def source_of(binder: Binder, node: exp.Expression) -> tuple[Source, str]:
    """An item of FROM: a table, a view, a common table expression, a subquery or VALUES."""
    alias = node.args.get("alias")
    name = name_of(alias.this) if alias is not None and alias.this is not None else None
    wanted = [name_of(column) for column in alias.args.get("columns") or ()] if alias is not None else []
    own = f"t{binder.counter.take()}"
    if isinstance(node, exp.Table):
        require_only(node, "this", "db", "catalog", "alias", "joins")
        found = _named_source(binder, node, own, name)
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
        raise unsupported(node, f"{type(node).__name__} in FROM")
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
        return table_source(table, f"{own}.", alias), f'"{name}" AS {own}'
    view = binder.catalog.views.get(name)
    if view is None:
        raise error_at(node, UNDEFINED_TABLE, f'relation "{spoken_name(name)}" does not exist')
    query = bind_view(binder, name, view.query)
    renamed = tuple(replace(column, name=view.columns[place]) for place, column in enumerate(query.columns))
    source = _query_source(replace(query, columns=renamed), own, alias or name_of(node.this))
    return source, f"({query.sql}) AS {own}"


def bind_view(binder: Binder, name: TableName, text: str) -> Query:
    """A view's query, bound in a scope of its own."""
    if binder.depth > DEPTH:
        raise error_at(exp.Null(), TOO_COMPLEX, f'view "{spoken_name(name)}" nests too deep')
    inner = Binder(binder.catalog, binder.queries, Scope(), binder.counter, {}, Grouping(), (), {}, binder.depth + 1)
    return inner.queries(inner, parse_script(text)[0].sql)
