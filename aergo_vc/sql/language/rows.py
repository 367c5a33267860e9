"""Rows in expressions: ``ROW(…)``, ``(a, b)``, row variables and whole rows of tables, by way of their fields."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.routines import CompositeType
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import CANNOT_COERCE, UNDEFINED_COLUMN, SqlError
from aergo_vc.sql.language.binder import Binder
from aergo_vc.sql.language.column_types import column_type_of
from aergo_vc.sql.language.expressions import Expression, assign, cast, convert
from aergo_vc.sql.language.scope import Scope, Source
from aergo_vc.sql.language.source import name_of
from aergo_vc.sql.types.values import is_implicit

Shape = tuple[tuple[str, ColumnType], ...]
"""The fields of a row, by name and type."""

Fields = Sequence[tuple[str, Expression]]


def row_fields(catalog: Catalog, name: str) -> Shape | None:
    """The fields of the composite type, or of the table's rows, that has the name ``contract.name``."""
    found = catalog.types.get(name)
    if isinstance(found, CompositeType):
        return found.fields
    table = catalog.tables.get(TableName(name))
    if table is not None:
        return tuple((column.name, column.type) for column in table.visible_columns)
    return None


def is_constructor(node: exp.Expression) -> bool:
    """Whether a node is ``ROW(…)`` or ``(a, b)``."""
    return isinstance(node, exp.Tuple) or (isinstance(node, exp.Anonymous) and str(node.this).lower() == "row")


def bind_row(binder: Binder, node: exp.Expression) -> Expression:
    """An expression where a row may stand; what is none is bound as elsewhere."""
    while isinstance(node, exp.Paren):
        node = node.this
    if is_constructor(node):
        fields = [(f"f{place}", binder.bind(part)) for place, part in enumerate(node.expressions, 1)]
        return row_of(fields)
    if isinstance(node, exp.Column) and not node.args.get("db"):
        return _named_row(binder, node)
    if isinstance(node, exp.Cast) and is_constructor(node.this.unnest()):
        target = column_type_of(node.args["to"], binder.catalog.types)
        if target.kind is Kind.COMPOSITE and not target.is_array:
            return _cast_row(bind_row(binder, node.this), target, row_fields(binder.catalog, target.name or "") or ())
    return binder.bind(node)


def _cast_row(row: Expression, target: ColumnType, shape: Shape) -> Expression:
    fields = row.fields or ()
    if len(fields) != len(shape):
        raise SqlError(CANNOT_COERCE, f"cannot cast a row of {len(fields)} fields to {target}")
    cast_fields = [(name, cast(one, wanted)) for (_, one), (name, wanted) in zip(fields, shape, strict=True)]
    return replace(row_of(cast_fields), type=target)


def row_of(fields: Fields) -> Expression:
    """A row of these fields, whose types are not settled yet."""
    return Expression("", ColumnType(Kind.RECORD), not_null=True, fields=tuple(fields))


def _named_row(binder: Binder, node: exp.Column) -> Expression:
    """A column or a variable; else the row of what stands in FROM under the name."""
    if isinstance(node.this, exp.Star):
        name = name_of(node.args["table"])
        found = None if binder.around.variables is None else binder.around.variables.find((name,))
        source = _source(binder.scope, name)
        if source is None and found is not None and found.fields is not None:
            return found
    else:
        name = name_of(node.this)
        try:
            return binder.bind(node)
        except SqlError as error:
            source = None if node.args.get("table") else _source(binder.scope, name)
            if error.sqlstate != UNDEFINED_COLUMN or source is None:
                raise
    if source is None:
        return binder.bind(node)
    columns = source.all()
    for column, expression in columns:
        binder.check_grouped(expression, column, node)
    return row_of(columns)


def _source(scope: Scope | None, name: str) -> Source | None:
    while scope is not None:
        for source in scope.sources:
            if source.name == name:
                return source
        scope = scope.parent
    return None


def fitted_row(row: Expression, shape: Shape) -> Expression:
    """A row as one of a type that has the fields `shape`; raises SqlError 42846 if it cannot be one."""
    fields = row.fields or ()
    if len(fields) != len(shape) or not all(
        one.type is None or _fits(one.type, wanted) for (_, one), (_, wanted) in zip(fields, shape, strict=True)
    ):
        raise SqlError(CANNOT_COERCE, f"cannot cast a row of {len(fields)} fields to one of these types")
    cells = [_cell(one, wanted, name) for (_, one), (name, wanted) in zip(fields, shape, strict=True)]
    return replace(row, sql=f"row_make({', '.join(cells)})")


def _fits(found: ColumnType, wanted: ColumnType) -> bool:
    return found.is_array == wanted.is_array and found.name == wanted.name and is_implicit(found.kind, wanted.kind)


def _cell(value: Expression, wanted: ColumnType, name: str) -> str:
    if not wanted.is_array:
        return assign(value, wanted, name)
    value = convert(value, wanted) if value.type is None else cast(value, wanted)
    return f"array_argument({value.sql})"


def row_test(row: Expression, word: str) -> str:
    """SQL of ``row IS NULL`` or ``IS NOT NULL``: of every field."""
    return "(" + (" AND ".join(f"({one.sql} {word} NULL)" for _, one in row.fields or ()) or "1") + ")"


def spread(binder: Binder, node: exp.Expression) -> list[exp.Expression]:
    """``variable.*`` as a list of the variable's fields; any other node as it is."""
    variables = binder.around.variables
    if variables is None or not isinstance(node, exp.Column) or not isinstance(node.this, exp.Star):
        return [node]
    row = node.args["table"]
    found = variables.find((name_of(row),))
    if found is None or found.fields is None:
        return [node]
    return [exp.Column(this=exp.to_identifier(name, quoted=True), table=row.copy()) for name, _ in found.fields]
