"""Operators, predicates, literals and casts."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import FLOATS, INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.errors import (
    DATATYPE_MISMATCH,
    INVALID_PARAMETER,
    SYNTAX,
    UNDEFINED_FUNCTION,
    WRONG_OBJECT,
    SqlError,
)
from aergo_vc.sql.language.arithmetic import operands_of
from aergo_vc.sql.language.binder import Binder, handles
from aergo_vc.sql.language.column_types import column_type_of
from aergo_vc.sql.language.comparisons import comparands, compare, no_operator, plain_type, require_comparable
from aergo_vc.sql.language.expressions import (
    KEYS,
    NULL,
    Expression,
    cast,
    common_type,
    comparable,
    condition,
    constant,
    convert,
    key_sql,
    stored,
    unify,
    unknown_literal,
)
from aergo_vc.sql.language.row_comparisons import compare_rows, row_in_list
from aergo_vc.sql.language.rows import bind_row, is_constructor, row_test
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.shape_trees import Number
from aergo_vc.sql.language.shapes import parameter
from aergo_vc.sql.language.source import error_at, require_only, unsupported
from aergo_vc.sql.running.spelling import quote_text
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.arrays import is_plain, type_code
from aergo_vc.sql.types.values import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    INTEGERS,
    INTERVAL,
    JSONB,
    NUMERIC,
    TEXT,
    TEXTS,
    storable_text,
)


@handles(exp.Literal)
def _literal(_: Binder, node: exp.Expression) -> Expression:
    text = str(node.this)
    if node.is_string:
        return unknown_literal(storable_text(text))
    return number_literal(text)


def number_literal(text: str) -> Expression:
    """A number without a sign: the narrowest of integer, bigint, numeric that holds it."""
    if text.isdigit():
        digits = text.lstrip("0") or "0"
        if len(digits) <= 19:  # noqa: PLR2004 - digits of 2**63
            value = int(digits)
            for column_type in (INTEGER, BIGINT):
                if value <= numbers.MAXIMUM[column_type.kind]:
                    return constant(value, column_type)
    return constant(numbers.decimal_from_text(text), NUMERIC)


@handles(Number)
def _number(_: Binder, node: exp.Expression) -> Expression:
    return Expression(f":{parameter(node.this)}", INTEGER, not_null=True)


@handles(exp.RawString)
def _dollar_quoted(_: Binder, node: exp.Expression) -> Expression:
    return unknown_literal(storable_text(str(node.this)))


@handles(exp.ByteString)
def _escape_string(_: Binder, node: exp.Expression) -> Expression:
    raise unsupported(node, "an escape string (E'…')")


@handles(exp.Null)
def _null(_: Binder, _node: exp.Expression) -> Expression:
    return NULL


@handles(exp.Boolean)
def _boolean(_: Binder, node: exp.Expression) -> Expression:
    return constant(bool(node.this), BOOLEAN)


@handles(exp.Column)
def _column(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "table", "db")
    assert isinstance(node, exp.Column)  # noqa: S101 - the list says so
    if isinstance(node.this, exp.Star):
        raise error_at(node, SYNTAX, "* is not allowed here")
    return binder.column(node)


@handles(exp.Paren)
def _paren(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    return binder.bind(node.this)


@handles(exp.Cast)
def _cast(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "to")
    target = column_type_of(node.args["to"], binder.catalog.types)
    if isinstance(node.this, exp.Array) and not node.this.expressions and target.is_array:
        return Expression("'[]'", target, not_null=True)
    return cast(bind_row(binder, node.this), target)


@handles(exp.Neg)
def _negate(binder: Binder, node: exp.Expression) -> Expression:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return _negative_literal(str(node.this.this))
    operand = binder.bind(node.this)
    if operand.kind in INTEGERS and operand.type is not None:
        return Expression(f"negate{INTEGER_BITS[operand.kind]}({operand.sql})", operand.type, not_null=operand.not_null)
    if operand.kind is Kind.NUMERIC:
        if operand.scale is not None:
            return replace(operand, sql=f"(- {operand.sql})", type=NUMERIC, is_constant=False, value=None)
        return replace(operand, sql=f"decimal_negate({operand.sql})", type=NUMERIC, is_constant=False, value=None)
    if operand.kind in FLOATS and operand.type is not None:
        return Expression(f"double_subtract(double_of('0'), {operand.sql})", operand.type)
    if operand.kind is Kind.INTERVAL:
        return Expression(f"interval_multiply({operand.sql}, '-1')", INTERVAL)
    raise SqlError(UNDEFINED_FUNCTION, f"operator does not exist: - {operand.type_name}")


def _negative_literal(text: str) -> Expression:
    # The least integer of a width has a positive literal of the next.
    for kind in (Kind.INTEGER, Kind.BIGINT):
        least = -(1 << (INTEGER_BITS[kind] - 1))
        if text == str(-least):
            return replace(constant(least, ColumnType(kind)), sql=f"({least})")
    positive = number_literal(text)
    if positive.kind is Kind.NUMERIC:
        return constant(numbers.negate(str(positive.value)), NUMERIC)
    assert isinstance(positive.value, int)  # noqa: S101 - number_literal's integers
    return replace(constant(-positive.value, positive.type or INTEGER), sql=f"({-positive.value})")


_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_DISTINCTIONS: dict[type[exp.Expression], str] = {exp.NullSafeEQ: "IS", exp.NullSafeNEQ: "IS NOT"}


@handles(*_COMPARISONS)
def _comparison(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    symbol = _COMPARISONS[type(node)]
    right = node.args["expression"]
    if is_constructor(node.this) or is_constructor(right):
        return compare_rows(binder, node, symbol)
    if isinstance(right, (exp.Any, exp.All)) or (isinstance(right, exp.Anonymous) and str(right.this).lower() == "all"):
        return _quantified(binder, node, symbol)
    first, second = operands_of(binder, node, symbol)
    return compare(first, second, symbol)


def _quantified(binder: Binder, node: exp.Expression, symbol: str) -> Expression:
    """A comparison with ANY or ALL elements of an array, or rows of a query."""
    right = node.args["expression"]
    what = "any" if isinstance(right, exp.Any) else "all"
    target = right.expressions[0] if isinstance(right, exp.Anonymous) else right.this
    if isinstance(target, exp.Query):
        if (symbol, what) not in (("=", "any"), ("<>", "all")):
            raise unsupported(node, "ANY and ALL of a query other than = ANY and <> ALL")
        found = binder.bind(exp.In(this=node.this, query=target))
        return found if what == "any" else replace(found, sql=f"(NOT {found.sql})")
    value, array = binder.bind(node.this), binder.bind(target)
    if array.type is None:
        array = convert(array, replace(plain_type(value.type or TEXT), is_array=True))
    if array.type is None or not array.type.is_array:
        raise error_at(node, WRONG_OBJECT, "op ANY/ALL (array) requires array on right side")
    value, array = _element_pair(value, array, symbol)
    element = (array.type or TEXT).element
    require_comparable(element, symbol)
    if what == "any" and symbol == "=" and is_plain(element):
        listed = f"SELECT value FROM json_each(coalesce({array.sql}, '[null]'))"
        return Expression(f"({value.sql} IN ({listed}))", BOOLEAN)
    code = quote_text(type_code(element))
    return Expression(f"array_quantified({value.sql}, {array.sql}, '{symbol}', {code}, '{what}')", BOOLEAN)


def _element_pair(value: Expression, array: Expression, symbol: str) -> tuple[Expression, Expression]:
    """A value and an array whose elements are of one type and form."""
    assert array.type is not None  # noqa: S101 - it is an array
    element = array.type.element
    if value.type is None:
        value = convert(value, plain_type(element))
    try:
        target = common_type([value, Expression("", element)], "comparison")
    except SqlError:
        raise no_operator(value, symbol, Expression("", element)) from None
    array = convert(array, replace(target, is_array=True))
    return replace(convert(value, target), sql=stored(convert(value, target), target)), array


@handles(*_DISTINCTIONS)
def _distinction(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    left, right = operands_of(binder, node, "IS DISTINCT FROM")
    return replace(compare(left, right, _DISTINCTIONS[type(node)]), not_null=True)


@handles(exp.And, exp.Or)
def _logic(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    word = "AND" if isinstance(node, exp.And) else "OR"
    terms = [binder.bind(term) for term in _chain(node)]
    joined = f" {word} ".join(condition(term, word) for term in terms)
    return Expression(f"({joined})", BOOLEAN, not_null=all(term.not_null for term in terms))


def _chain(node: exp.Expression) -> list[exp.Expression]:
    """The terms of a chain of one logical operator, left to right."""
    terms: list[exp.Expression] = []
    rest = [node]
    while rest:
        term = rest.pop()
        if type(term) is type(node):
            rest += [term.args["expression"], term.this]
        else:
            terms.append(term)
    return terms


@handles(exp.Not)
def _not(binder: Binder, node: exp.Expression) -> Expression:
    operand = binder.bind(node.this)
    return Expression(f"(NOT {condition(operand, 'NOT')})", BOOLEAN, not_null=operand.not_null)


@handles(exp.Is)
def _is(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "negate")
    operand = bind_row(binder, node.this)
    word = "IS NOT" if node.args.get("negate") else "IS"
    what = node.args["expression"]
    if isinstance(what, exp.Null) and operand.fields is not None:
        return Expression(row_test(operand, word), BOOLEAN, not_null=True)
    if isinstance(what, exp.Null):
        return Expression(f"({operand.sql} {word} NULL)", BOOLEAN, not_null=True)
    if isinstance(what, exp.Boolean):
        return Expression(f"({condition(operand, 'IS')} {word} {int(bool(what.this))})", BOOLEAN, not_null=True)
    raise unsupported(node, "this form of IS")


@handles(exp.Between)
def _between(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "low", "high", "symmetric")
    operand = binder.bind(node.this)
    low, high = binder.bind(node.args["low"]), binder.bind(node.args["high"])
    first, second = compare(operand, low, ">="), compare(operand, high, "<=")
    found = f"({first.sql} AND {second.sql})"
    if node.args.get("symmetric"):
        found = f"({found} OR ({compare(operand, high, '>=').sql} AND {compare(operand, low, '<=').sql}))"
    return Expression(found, BOOLEAN, not_null=first.not_null and second.not_null)


@handles(exp.In)
def _in(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expressions", "query")
    if node.args.get("query") is not None:
        return _in_query(binder, node)
    if is_constructor(node.this):
        return row_in_list(binder, node)
    operand = binder.bind(node.this)
    items = [binder.bind(item) for item in node.expressions]
    if operand.type is not None:
        checked = [compare(operand, item, "=") for item in items]
        if (
            operand.kind in KEYS
            or operand.kind is Kind.ARRAY
            or (operand.kind is Kind.NUMERIC and operand.scale is None)
        ):
            return Expression("(" + " OR ".join(item.sql for item in checked) + ")", BOOLEAN)
    _, converted = unify([operand, *items], "IN")
    listed = ", ".join(item.sql for item in converted[1:])
    return Expression(f"({comparable(converted[0])} IN ({listed}))", BOOLEAN)


def _in_query(binder: Binder, node: exp.Expression) -> Expression:
    tree = node.args["query"]
    inner = tree.this if isinstance(tree, exp.Subquery) else tree
    query = binder.queries(binder.inner(Scope(parent=binder.scope)), inner)
    targets = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
    if len(targets) != len(query.columns):
        raise error_at(node, SYNTAX, "subquery has too many or too few columns")
    alias = f"q{binder.counter.take()}"
    operands, columns = [], []
    for position, target in enumerate(targets):
        column = replace(query.columns[position].expression, sql=f"{alias}.c{position}")
        left, right = comparands(binder.bind(target), column, "=")
        has_key = left.kind in (Kind.INTERVAL, Kind.JSONB)
        operands.append(key_sql(left) if has_key else left.sql if left.kind is Kind.ENUM else comparable(left))
        columns.append(key_sql(right) if has_key else right.sql)
    left_sql = operands[0] if len(operands) == 1 else f"({', '.join(operands)})"
    return Expression(f"({left_sql} IN (SELECT {', '.join(columns)} FROM ({query.sql}) AS {alias}))", BOOLEAN)


@handles(exp.Exists)
def _exists(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    query = binder.queries(binder.inner(Scope(parent=binder.scope)), node.this)
    return Expression(f"EXISTS ({query.sql})", BOOLEAN, not_null=True)


@handles(exp.Subquery)
def _scalar_subquery(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this")
    query = binder.queries(binder.inner(Scope(parent=binder.scope)), node.this)
    if len(query.columns) != 1:
        raise error_at(node, SYNTAX, "subquery must return only one column")
    value = query.columns[0].expression
    sql = f"({query.sql})" if query.single else f"(SELECT single(c0) FROM ({query.sql}))"
    return replace(value, sql=sql, not_null=False, is_constant=False, value=None)


@handles(exp.Case)
def _case(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "ifs", "default")
    subject = binder.bind(node.this) if node.this is not None else None
    conditions = []
    for branch in node.args["ifs"]:
        test = binder.bind(branch.this)
        conditions.append(condition(test, "CASE/WHEN") if subject is None else compare(subject, test, "=").sql)
    results = [binder.bind(branch.args["true"]) for branch in node.args["ifs"]]
    default = node.args.get("default")
    results.append(NULL if default is None else binder.bind(default))
    target, unified = unify(results, "CASE")
    arms = " ".join(f"WHEN {test} THEN {result.sql}" for test, result in zip(conditions, unified[:-1], strict=True))
    return joined_values(f"(CASE {arms} ELSE {unified[-1].sql} END)", target, unified)


def joined_values(sql: str, target: ColumnType, values: Sequence[Expression]) -> Expression:
    """An expression whose value is one of `values`, all of one form."""
    bound = max(value.bound for value in values)
    not_null = all(value.not_null for value in values)
    return Expression(sql, target, values[0].scale, bound, not_null=not_null)


@handles(exp.DPipe)
def _concatenate(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "safe")
    left, right = binder.bind(node.this), binder.bind(node.args["expression"])
    if Kind.JSONB in (left.kind, right.kind) and not TEXTS & {side.kind for side in (left, right) if side.type}:
        joined = f"jsonb_join({convert(left, JSONB).sql}, {convert(right, JSONB).sql})"
        return Expression(joined, JSONB, not_null=left.not_null and right.not_null)
    if Kind.ARRAY in (left.kind, right.kind):
        return join_arrays(left, right)
    if left.kind is Kind.BYTEA or right.kind is Kind.BYTEA:
        raise unsupported(node, "|| of bytea")
    if left.kind not in TEXTS and right.kind not in TEXTS:
        raise no_operator(left, "||", right)
    sql = f"concatenate({cast(left, TEXT).sql}, {cast(right, TEXT).sql})"
    return Expression(sql, TEXT, not_null=left.not_null and right.not_null)


def join_arrays(left: Expression, right: Expression) -> Expression:
    """``||`` where one side at least is an array."""
    if left.kind is not Kind.ARRAY and left.type is not None:
        element, array = unify_element(left, right)
        return Expression(f"array_prepend({element}, {array.sql})", array.type, not_null=True)
    if right.kind is not Kind.ARRAY and right.type is not None:
        element, array = unify_element(right, left)
        return Expression(f"array_append({array.sql}, {element})", array.type, not_null=True)
    target, unified = unify([left, right], "||")
    not_null = left.not_null or right.not_null
    return Expression(f"array_join({unified[0].sql}, {unified[1].sql})", target, not_null=not_null)


def unify_element(value: Expression, array: Expression) -> tuple[str, Expression]:
    """SQL of a value as an element of an array, and the array, both of a type that holds both."""
    if array.type is None:
        array = convert(array, replace(plain_type(value.type or TEXT), is_array=True))
    if array.type is None or not array.type.is_array:
        raise SqlError(UNDEFINED_FUNCTION, f"an array is expected, not {array.type_name}")
    element = array.type.element
    target = element if value.type is None else common_type([value, Expression("", element)], "array element")
    return element_sql(value, target), convert(array, replace(target, is_array=True))


def element_sql(value: Expression, element: ColumnType) -> str:
    """SQL of a value as arrays of that element type hold it."""
    if value.is_constant and value.value is None:
        return "NULL"
    return stored(convert(value, element), element)


@handles(exp.Like)
def _like(binder: Binder, node: exp.Expression) -> Expression:
    return _match(binder, node, "\\")


@handles(exp.Escape)
def _escape(binder: Binder, node: exp.Expression) -> Expression:
    mark = node.args["expression"]
    if not isinstance(node.this, exp.Like) or not isinstance(mark, exp.Literal) or not mark.is_string:
        raise unsupported(node, "ESCAPE here")
    if len(str(mark.this)) > 1:
        raise error_at(node, INVALID_PARAMETER, "invalid escape string")
    return _match(binder, node.this, str(mark.this))


def _match(binder: Binder, node: exp.Expression, escape: str) -> Expression:
    require_only(node, "this", "expression", "negate")
    left, right = convert_text(binder.bind(node.this)), convert_text(binder.bind(node.args["expression"]))
    word = "(NOT " if node.args.get("negate") else "("
    return Expression(f"{word}matches({left.sql}, {right.sql}, {quote_text(escape)}))", BOOLEAN)


def convert_text(expression: Expression) -> Expression:
    """A text argument; raises SqlError 42883 for other types."""
    if expression.type is not None and expression.kind not in TEXTS:
        raise SqlError(UNDEFINED_FUNCTION, f"text is expected, not {expression.type_name}")
    return convert(expression, TEXT)


def order_term(expression: Expression, part: exp.Expression) -> str:
    """One ORDER BY term with PostgreSQL's place for NULL: last when ascending, first when descending."""
    require_only(part, "this", "desc", "nulls_first")
    descending, nulls_first = bool(part.args.get("desc")), bool(part.args.get("nulls_first"))
    sql = comparable(expression) + (" DESC" if descending else "")
    if expression.not_null:
        return sql
    return f"{sql} NULLS {'FIRST' if nulls_first else 'LAST'}"


@handles(exp.CurrentTimestamp)
def _now(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression(":time", ColumnType(Kind.TIMESTAMPTZ), not_null=True)


@handles(exp.CurrentDate)
def _today(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression("substr(:time, 1, 10)", DATE, not_null=True)


@handles(exp.CurrentUser)
def _user(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression(":user", TEXT, not_null=True)


@handles(exp.SessionUser)
def _signer(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression(":signer", TEXT, not_null=True)


@handles(exp.Tuple)
def _row(_: Binder, node: exp.Expression) -> Expression:
    raise error_at(node, DATATYPE_MISMATCH, "a row is not supported here")
