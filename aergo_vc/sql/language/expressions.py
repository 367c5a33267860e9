"""Typed expressions: AERGOSQL bound to SQLite's SQL, and the conversions between types."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aergo_vc.model.types import FLOATS, ColumnType, Kind, Value
from aergo_vc.sql.errors import CANNOT_COERCE, DATATYPE_MISMATCH, UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.running.spelling import cast_name, quote_text
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.arrays import array_text, elements_from_text, type_code
from aergo_vc.sql.types.values import (
    BOOLEAN,
    CASTS,
    INTEGERS,
    NUMERIC,
    TEXT,
    TEXTS,
    is_assignable,
    is_implicit,
    is_scaled,
    storage_scale,
    value_from_text,
)

SAFE_BOUND = 1 << 62
"""Scaled integers stay below this, so that one addition of two of them cannot leave 64 bits."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as SQLite's SQL.

    `type` is None for a text literal that has not met a type yet, and for NULL.  A numeric is kept as an integer times
    ``10**scale`` if `scale` is given, else as text; `bound` is then the greatest magnitude of that integer.  With
    `is_constant`, `value` is the canonical value.  `fields` are those of a row, by name.
    """

    sql: str
    type: ColumnType | None
    scale: int | None = None
    bound: int = 0
    is_constant: bool = False
    value: Value = None
    not_null: bool = False
    fields: "tuple[tuple[str, Expression], ...] | None" = None

    @property
    def kind(self) -> Kind:
        if self.type is None:
            return Kind.TEXT
        return Kind.ARRAY if self.type.is_array else self.type.kind

    @property
    def type_name(self) -> str:
        return "unknown" if self.type is None else spoken_type(self.type)


_SPOKEN = {
    Kind.VARCHAR: "character varying",
    Kind.CHAR: "character",
    Kind.TIMESTAMP: "timestamp without time zone",
    Kind.TIMESTAMPTZ: "timestamp with time zone",
    Kind.TIME: "time without time zone",
}


def spoken_type(column_type: ColumnType) -> str:
    """A type as messages name it: in full, without modifiers."""
    name = column_type.name or _SPOKEN.get(column_type.kind, column_type.kind.value)
    return f"{name}[]" if column_type.is_array else name.removeprefix("public.")


NULL = Expression("NULL", None, is_constant=True)


def unknown_literal(text: str) -> Expression:
    """A quoted text that has not met a type yet."""
    return Expression(quote_text(text), None, is_constant=True, value=text, not_null=True)


def constant(value: Value, column_type: ColumnType) -> Expression:
    """A canonical value as a literal of its type, in the form in which expressions hold it."""
    if value is None:
        return replace(NULL, type=column_type, scale=None if column_type.is_array else storage_scale(column_type))
    if column_type.kind is Kind.NUMERIC:
        return _numeric_constant(str(value), column_type)
    if column_type.kind in FLOATS:
        # SQLite's own reading of decimal literals is not correctly rounded in every version.
        sql = f"double_of({quote_text(repr(value))})"
    elif isinstance(value, str):
        sql = quote_text(value)
    else:
        sql = str(int(value))
    bound = abs(value) if isinstance(value, int) else 0
    return Expression(sql, column_type, None, bound, is_constant=True, value=value, not_null=True)


def _numeric_constant(text: str, column_type: ColumnType) -> Expression:
    scale = numbers.scale_of(text)
    if len(text) <= 18 and scale <= 17:  # noqa: PLR2004 - digits that surely fit
        unscaled = numbers.scaled_exact(text, scale)
        sql, kept = str(unscaled), scale
        return Expression(sql, column_type, kept, abs(unscaled), is_constant=True, value=text, not_null=True)
    return Expression(quote_text(text), column_type, is_constant=True, value=text, not_null=True)


def column_expression(sql: str, column_type: ColumnType, *, not_null: bool) -> Expression:
    """A column of a stored table, or whatever else is in the form in which columns of its type are kept."""
    if column_type.is_array:
        return Expression(sql, column_type, not_null=not_null)
    scale = storage_scale(column_type)
    bound = 10 ** (column_type.precision or 0) - 1 if scale is not None else 0
    return Expression(sql, column_type, scale, bound, not_null=not_null)


def numeric_text(expression: Expression) -> Expression:
    """A numeric or integer expression as numeric text."""
    if expression.is_constant:
        if expression.value is None:
            return replace(expression, scale=None)
        text = str(expression.value)
        return replace(expression, sql=quote_text(text), type=_numeric_type(expression), scale=None, value=text)
    scale = expression.scale if expression.kind is Kind.NUMERIC else 0
    if scale is None:
        return expression
    sql = f"decimal_of({expression.sql}, {scale})"
    return replace(expression, sql=sql, type=_numeric_type(expression), scale=None, bound=0)


def _numeric_type(expression: Expression) -> ColumnType:
    return expression.type if expression.type is not None and expression.kind is Kind.NUMERIC else NUMERIC


def as_scaled(expression: Expression) -> Expression | None:
    """A numeric or integer expression as a scaled integer, or None if it may be too large for one."""
    if expression.is_constant and expression.value is None:
        return replace(expression, type=NUMERIC, scale=0)
    if expression.kind is Kind.NUMERIC:
        return expression if expression.scale is not None else None
    if expression.is_constant:
        bound = expression.bound
    elif expression.kind is Kind.BIGINT:
        return None
    else:
        bound = numbers.MAXIMUM[expression.kind] + 1
    if bound >= SAFE_BOUND:
        return None
    value = None if expression.value is None else str(expression.value)
    return replace(expression, type=NUMERIC, scale=0, bound=bound, value=value)


def rescale(expression: Expression, scale: int) -> Expression | None:
    """A scaled expression at a scale that is not smaller, or None if it may become too large."""
    assert expression.scale is not None  # noqa: S101 - the caller's promise, for the type checker
    factor = 10 ** (scale - expression.scale)
    bound = expression.bound * factor
    if bound >= SAFE_BOUND:
        return None
    if factor == 1:
        return expression
    if expression.is_constant and expression.value is not None:
        sql = str(numbers.scaled_exact(str(expression.value), scale))
    else:
        sql = f"({expression.sql} * {factor})"
    return replace(expression, sql=sql, scale=scale, bound=bound)


def align(operands: Sequence[Expression]) -> list[Expression]:
    """Numeric operands in one form: scaled integers of one scale if all fit, else text."""
    scaled = [as_scaled(operand) for operand in operands]
    known = [operand for operand in scaled if operand is not None and operand.scale is not None]
    if len(known) == len(operands):
        scale = max(operand.scale or 0 for operand in known)
        aligned = [rescale(operand, scale) for operand in known]
        fitting = [operand for operand in aligned if operand is not None]
        if len(fitting) == len(operands):
            return fitting
    return [numeric_text(operand) for operand in operands]


def comparable(expression: Expression) -> str:
    """SQL under which SQLite compares, sorts and groups the expression by value."""
    if expression.kind is Kind.NUMERIC and expression.scale is None:
        return f"({expression.sql} COLLATE numeric)"
    if expression.kind in KEYS:
        return key_sql(expression)
    return expression.sql


KEYS = frozenset((Kind.INTERVAL, Kind.JSON, Kind.JSONB, Kind.ENUM))
"""Kinds whose values compare by something other than their texts."""


def key_sql(expression: Expression) -> str:
    """SQL of what a value of one of `KEYS` compares by."""
    if expression.kind is Kind.ENUM:
        return f"enum_rank({expression.sql}, {quote_text(str(expression.type))})"
    if expression.kind is Kind.JSON:
        raise SqlError(UNDEFINED_FUNCTION, "could not identify an equality operator for type json")
    return f"{'interval' if expression.kind is Kind.INTERVAL else 'jsonb'}_key({expression.sql})"


def of_key(sql: str, column_type: ColumnType) -> str:
    """SQL of the value that is compared by `sql`."""
    if column_type.kind is Kind.ENUM:
        return f"enum_label({sql}, {quote_text(str(column_type))})"
    return f"interval_of_key({sql})" if column_type.kind is Kind.INTERVAL else sql


def unique_spelling(expression: Expression) -> Expression:
    """The expression such that equal values are equal bytes, so that no scan order decides which spelling is kept."""
    if expression.kind in KEYS and expression.kind is not Kind.ENUM and expression.type is not None:
        return replace(expression, sql=of_key(key_sql(expression), expression.type))
    if expression.kind is not Kind.NUMERIC or expression.scale is not None or expression.is_constant:
        return expression
    if expression.type is not None and expression.type.precision is not None:
        return expression
    return replace(expression, sql=f"trimmed({expression.sql})")


def common_type(expressions: Sequence[Expression], what: str) -> ColumnType:
    """The type that PostgreSQL gives CASE, COALESCE, UNION and the like over these."""
    found: ColumnType | None = None
    for expression in expressions:
        candidate = expression.type
        if candidate is None or candidate == found:
            continue
        if found is None:
            found = candidate
        elif found.is_array and candidate.is_array:
            elements = [Expression("", found.element), Expression("", candidate.element)]
            found = replace(common_type(elements, what), is_array=True)
        elif found.is_array or candidate.is_array or found.kind is candidate.kind is Kind.ENUM:
            raise _unmatched(what, found, candidate)
        elif found.kind is candidate.kind:
            found = ColumnType(found.kind)
        elif is_implicit(found.kind, candidate.kind) and not is_implicit(candidate.kind, found.kind):
            found = ColumnType(candidate.kind)
        elif is_implicit(candidate.kind, found.kind):
            found = ColumnType(found.kind if found.kind not in TEXTS else Kind.TEXT)
        else:
            raise _unmatched(what, found, candidate)
    return found or TEXT


def _unmatched(what: str, first: ColumnType, second: ColumnType) -> SqlError:
    message = f"{what} types {spoken_type(first)} and {spoken_type(second)} cannot be matched"
    return SqlError(DATATYPE_MISMATCH, message)


def unify(expressions: Sequence[Expression], what: str) -> tuple[ColumnType, list[Expression]]:
    """The expressions converted to their common type and one form."""
    target = common_type(expressions, what)
    converted = [convert(expression, target) for expression in expressions]
    if target.kind is Kind.NUMERIC and not target.is_array:
        converted = _same_form(converted)
    return target, converted


def _same_form(operands: Sequence[Expression]) -> list[Expression]:
    """Numeric values that must keep their scales: scaled integers only where all have one scale, else text."""
    scales = {operand.scale for operand in operands if operand.value is not None or not operand.is_constant}
    if len(scales) == 1 and None not in scales:
        scale = scales.pop()
        return [operand if operand.scale == scale else replace(operand, scale=scale) for operand in operands]
    return [numeric_text(operand) for operand in operands]


def convert(expression: Expression, target: ColumnType) -> Expression:
    """Implicit conversion; modifiers of `target` are taken over without being applied."""
    if expression.type is None:
        return _typed(expression, target)
    if expression.type.is_array or target.is_array:
        return _convert_array(expression, target, is_implicit)
    if expression.type.kind is target.kind is Kind.ENUM and expression.type.name != target.name:
        raise _cannot(expression, target)
    if expression.type.kind is target.kind or {expression.kind, target.kind} <= TEXTS:
        return replace(expression, type=target)
    if not is_implicit(expression.kind, target.kind):
        raise _cannot(expression, target)
    return _cast_kind(expression, target)


def _convert_array(expression: Expression, target: ColumnType, allowed: Callable[[Kind, Kind], bool]) -> Expression:
    """An array as one of another type, if its elements may be converted."""
    source = expression.type
    if source is None or not (source.is_array and target.is_array) or not allowed(source.kind, target.kind):
        raise _cannot(expression, target)
    if source.element == target.element:
        return expression
    if source.kind is target.kind and target.length is target.precision is None and not is_scaled(source):
        return replace(expression, type=target)
    codes = f"{quote_text(type_code(source.element))}, {quote_text(type_code(target.element))}"
    return Expression(f"array_cast({expression.sql}, {codes})", target, not_null=expression.not_null)


def _cast_array(expression: Expression, target: ColumnType) -> Expression:
    """An explicit cast from or to an array."""
    source = expression.type
    if source is not None and source.is_array and target.is_array:
        return _convert_array(expression, target, _is_castable)
    if source is not None and source.is_array and target.kind in TEXTS:
        code = quote_text(type_code(source.element))
        return _cut_text(Expression(f"array_print({expression.sql}, {code})", TEXT), target)
    if source is not None and source.kind in TEXTS and target.is_array:
        code = quote_text(type_code(target.element))
        return Expression(f"array_read({expression.sql}, {code})", target, not_null=expression.not_null)
    raise _cannot(expression, target)


def _is_castable(source: Kind, target: Kind) -> bool:
    pair = Kind.TEXT if source in TEXTS else source, Kind.TEXT if target in TEXTS else target
    return pair[0] is pair[1] or pair in CASTS


def _cannot(expression: Expression, target: ColumnType) -> SqlError:
    return SqlError(CANNOT_COERCE, f"cannot cast type {expression.type_name} to {spoken_type(target)}")


def _typed(expression: Expression, target: ColumnType) -> Expression:
    """An untyped literal, read as PostgreSQL's input function of the type reads it."""
    if not expression.is_constant:
        return replace(expression, type=target)
    if expression.value is None:
        return constant(None, target)
    if target.is_array:
        elements = elements_from_text(str(expression.value), target.element)
        return Expression(quote_text(array_text(elements)), target, not_null=True)
    if target.kind is Kind.ENUM:
        return Expression(_label(expression.sql, target), target, not_null=True)
    return constant(value_from_text(str(expression.value), ColumnType(target.kind)), target)


def _label(sql: str, target: ColumnType) -> str:
    """SQL of a text as a label of an enumeration."""
    return f"enum_value({sql}, {quote_text(str(target))})"


def _cast_kind(expression: Expression, target: ColumnType) -> Expression:
    """Between kinds, without modifiers."""
    source, kind = expression.kind, target.kind
    if source in INTEGERS and kind is Kind.NUMERIC:
        scaled = as_scaled(expression)
        return replace(scaled or numeric_text(expression), type=target)
    if source in INTEGERS and kind in INTEGERS and _fits(expression, kind):
        return replace(expression, type=target)
    if expression.is_constant and expression.value is None:
        return constant(None, target)
    if source is Kind.NUMERIC:
        expression = numeric_text(expression)
    cast_source = Kind.TEXT if source in TEXTS else source
    cast_target = Kind.TEXT if kind in TEXTS else kind
    sql = f"{cast_name(cast_source, cast_target)}({expression.sql})"
    return Expression(sql, target, not_null=expression.not_null)


def _fits(expression: Expression, kind: Kind) -> bool:
    if expression.is_constant and expression.value is not None:
        return expression.bound <= numbers.MAXIMUM[kind]
    return numbers.MAXIMUM[expression.kind] <= numbers.MAXIMUM[kind]


def cast(expression: Expression, target: ColumnType) -> Expression:
    """An explicit cast, modifiers applied: texts are cut to their length."""
    if expression.fields is not None and target.kind in TEXTS and not target.is_array:
        expression = _row_text(expression, expression.fields)
    if expression.type is None and target.is_array:
        return _typed(expression, target)
    if target.is_array or expression.kind is Kind.ARRAY:
        return _cast_array(expression, target)
    if target.kind is Kind.ENUM:
        return _cast_enum(expression, target)
    if expression.type is None:
        plain = _typed(expression, ColumnType(target.kind))
    elif expression.kind is target.kind or (expression.kind in TEXTS and target.kind in TEXTS):
        plain = expression
    else:
        source = Kind.TEXT if expression.kind in TEXTS else expression.kind
        if (source, Kind.TEXT if target.kind in TEXTS else target.kind) not in CASTS:
            raise _cannot(expression, target)
        plain = _cast_kind(expression, ColumnType(target.kind))
    if target.kind is Kind.NUMERIC:
        return _fit_numeric(plain, target)
    if target.kind in TEXTS and expression.type != target:
        return _cut_text(plain, target)
    return replace(plain, type=target)


def _row_text(row: Expression, fields: Sequence[tuple[str, Expression]]) -> Expression:
    texts = [_field_text(one) for _, one in fields]
    sql = f"row_print({', '.join(texts)})"
    if not row.not_null:
        # A row variable without a value has no field with one.
        empty = " AND ".join(f"({one.sql} IS NULL)" for _, one in fields)
        sql = f"(CASE WHEN {empty} THEN NULL ELSE {sql} END)"
    return Expression(sql, TEXT, not_null=row.not_null)


def _field_text(field: Expression) -> str:
    if field.kind is Kind.BOOLEAN and field.type is not None:
        return f"(CASE WHEN {field.sql} THEN 't' WHEN NOT {field.sql} THEN 'f' ELSE NULL END)"
    return cast(field, TEXT).sql


def _cast_enum(expression: Expression, target: ColumnType) -> Expression:
    if expression.type is None or expression.type == target:
        return convert(expression, target)
    if expression.kind not in TEXTS:
        raise _cannot(expression, target)
    return Expression(_label(expression.sql, target), target, not_null=expression.not_null)


def _cut_text(expression: Expression, target: ColumnType) -> Expression:
    if expression.value is None and expression.is_constant:
        return constant(None, target)
    sql = expression.sql
    if target.length is not None:
        sql = f"cut_text({sql}, {target.length})"
    if target.kind is Kind.CHAR:
        sql = f"rtrim({sql}, ' ')"
    return Expression(sql, target, not_null=expression.not_null)


def _fit_numeric(expression: Expression, target: ColumnType) -> Expression:
    """`expression` (numeric) rounded and range-checked to the target's precision and scale, as it would be stored."""
    if target.precision is None:
        return replace(expression, type=target)
    precision, scale = target.precision, target.scale or 0
    wanted = storage_scale(target)
    if expression.is_constant and expression.value is not None:
        return constant(numbers.fit_decimal(str(expression.value), precision, scale), target)
    if wanted is None:
        text = numeric_text(expression)
        return replace(text, sql=f"fit_decimal({text.sql}, {precision}, {scale})", type=target)
    limit = 10**precision - 1
    if expression.scale is not None and expression.scale <= scale:
        scaled = rescale(expression, scale)
        if scaled is not None:
            sql = scaled.sql if scaled.bound <= limit else f"within({scaled.sql}, {limit})"
            return replace(scaled, sql=sql, type=target, bound=limit)
    text = numeric_text(expression)
    return replace(text, sql=f"scaled({text.sql}, {precision}, {scale})", type=target, scale=scale, bound=limit)


def assign(expression: Expression, target: ColumnType, column: str) -> str:
    """SQL of the expression as it is stored in a column of the type `target`: PostgreSQL's assignment cast."""
    if expression.type is not None and not may_assign(expression.type, target):
        raise SqlError(
            DATATYPE_MISMATCH,
            f'column "{column}" is of type {spoken_type(target)} but expression is of type {expression.type_name}',
        )
    if target.is_array:
        return cast(expression, target).sql
    if expression.kind is Kind.ARRAY:
        expression = cast(expression, TEXT)
    if expression.is_constant and expression.value is None:
        return "NULL"
    if target.kind in TEXTS:
        return _assign_text(expression, target)
    return stored(cast(expression, target), target)


def may_assign(source: ColumnType, target: ColumnType) -> bool:
    """Whether a column of the type `target` takes a value of another type, as PostgreSQL's assignment casts say."""
    if source.is_array != target.is_array:
        return source.is_array and target.kind in TEXTS
    if Kind.ENUM in (source.kind, target.kind) and target.kind not in TEXTS:
        return source.name == target.name
    return is_assignable(source.kind, target.kind)


def stored(expression: Expression, target: ColumnType) -> str:
    """SQL of an expression, already of the column's type, in the form in which the column keeps it."""
    if target.kind is not Kind.NUMERIC:
        return expression.sql
    if storage_scale(target) is None:
        return numeric_text(expression).sql
    fitted = _fit_numeric(expression, target)
    scale = storage_scale(target)
    if fitted.scale != scale and fitted.scale is not None and scale is not None:
        rescaled = rescale(fitted, scale)
        if rescaled is not None:
            return rescaled.sql
    return fitted.sql


def _assign_text(expression: Expression, target: ColumnType) -> str:
    same = expression.type == target
    if expression.type is None and expression.value is not None:
        return quote_text(str(value_from_text(str(expression.value), target)))
    plain = expression if expression.kind in TEXTS else _cast_kind(expression, TEXT)
    if same or (target.length is None and target.kind is not Kind.CHAR):
        return plain.sql
    length = "NULL" if target.length is None else str(target.length)
    return f"fit_text({plain.sql}, {length}, {int(target.kind is Kind.CHAR)})"


def condition(expression: Expression, where: str) -> str:
    """SQL of a boolean expression."""
    if expression.type is None:
        expression = convert(expression, BOOLEAN)
    if expression.kind is not Kind.BOOLEAN:
        raise SqlError(DATATYPE_MISMATCH, f"argument of {where} must be type boolean, not type {expression.type_name}")
    return expression.sql
