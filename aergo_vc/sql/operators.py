"""Operators, predicates, literals and casts."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.types import INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql import numbers
from aergo_vc.sql.binder import Binder, handles
from aergo_vc.sql.column_types import column_type_of
from aergo_vc.sql.errors import (
    DATATYPE_MISMATCH,
    INVALID_PARAMETER,
    SYNTAX,
    UNDEFINED_FUNCTION,
    SqlError,
)
from aergo_vc.sql.expressions import (
    NULL,
    SAFE_BOUND,
    Expression,
    align,
    as_scaled,
    cast,
    comparable,
    condition,
    constant,
    convert,
    numeric_text,
    quote_text,
    unify,
    unknown_literal,
)
from aergo_vc.sql.scope import Scope
from aergo_vc.sql.shapes import Number, parameter
from aergo_vc.sql.source import error_at, require_only, unsupported
from aergo_vc.sql.values import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTEGERS,
    NUMERIC,
    TEXT,
    TEXTS,
    is_implicit,
    storable_text,
)

_NUMBERS = INTEGERS | {Kind.NUMERIC, Kind.DOUBLE}


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
    return cast(binder.bind(node.this), column_type_of(node.args["to"]))


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
    if operand.kind is Kind.DOUBLE:
        return Expression(f"double_subtract(double_of('0'), {operand.sql})", DOUBLE)
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


def _operands(binder: Binder, node: exp.Expression, symbol: str) -> tuple[Expression, Expression]:
    """Both sides, an untyped literal taking the other's type."""
    left, right = binder.bind(node.this), binder.bind(node.args["expression"])
    if left.type is None and right.type is None and symbol in "+-*/%":
        raise SqlError(UNDEFINED_FUNCTION, f"operator is not unique: unknown {symbol} unknown")
    if left.type is None and right.type is not None:
        left = convert(left, _plain(right.type))
    elif right.type is None and left.type is not None:
        right = convert(right, _plain(left.type))
    return left, right


def _plain(column_type: ColumnType) -> ColumnType:
    """The type that an untyped literal takes beside an operand of `column_type`."""
    return TEXT if column_type.kind is Kind.VARCHAR else ColumnType(column_type.kind)


def _no_operator(left: Expression, symbol: str, right: Expression) -> SqlError:
    return SqlError(UNDEFINED_FUNCTION, f"operator does not exist: {left.type_name} {symbol} {right.type_name}")


_ARITHMETIC: dict[type[exp.Expression], tuple[str, str]] = {
    exp.Add: ("+", "add"),
    exp.Sub: ("-", "subtract"),
    exp.Mul: ("*", "multiply"),
    exp.Div: ("/", "divide"),
    exp.Mod: ("%", "remainder"),
}


@handles(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
def _arithmetic(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression", "typed", "safe")
    symbol, name = _ARITHMETIC[type(node)]
    left, right = _operands(binder, node, symbol)
    return arithmetic(left, right, symbol, name)


def arithmetic(left: Expression, right: Expression, symbol: str, name: str) -> Expression:
    """An arithmetic operation under PostgreSQL's typing."""
    kinds = {left.kind, right.kind}
    if kinds & {Kind.DATE} and symbol in "+-":
        return _date_arithmetic(left, right, symbol)
    if not kinds <= _NUMBERS:
        raise _no_operator(left, symbol, right)
    if Kind.DOUBLE in kinds:
        if symbol == "%":
            raise _no_operator(left, symbol, right)
        left, right = convert(left, DOUBLE), convert(right, DOUBLE)
        return Expression(f"double_{name}({left.sql}, {right.sql})", DOUBLE)
    if Kind.NUMERIC in kinds:
        return _decimal_arithmetic(left, right, name)
    bits = max(INTEGER_BITS[left.kind], INTEGER_BITS[right.kind])
    kind = next(kind for kind in INTEGER_BITS if INTEGER_BITS[kind] == bits)
    not_null = left.not_null and right.not_null
    return Expression(f"{name}{bits}({left.sql}, {right.sql})", ColumnType(kind), not_null=not_null)


def _decimal_arithmetic(left: Expression, right: Expression, name: str) -> Expression:
    not_null = left.not_null and right.not_null
    if name in ("add", "subtract"):
        aligned = align([left, right])
        bound = aligned[0].bound + aligned[1].bound
        if aligned[0].scale is not None and bound < SAFE_BOUND:
            sql = f"({aligned[0].sql} {'+' if name == 'add' else '-'} {aligned[1].sql})"
            return Expression(sql, NUMERIC, aligned[0].scale, bound, not_null=not_null)
    if name == "multiply":
        product = _scaled_product(left, right)
        if product is not None:
            return product
    left, right = numeric_text(left), numeric_text(right)
    return Expression(f"decimal_{name}({left.sql}, {right.sql})", NUMERIC, not_null=not_null)


def _scaled_product(left: Expression, right: Expression) -> Expression | None:
    first, second = as_scaled(left), as_scaled(right)
    if first is None or second is None or first.scale is None or second.scale is None:
        return None
    bound = first.bound * second.bound
    if bound >= SAFE_BOUND:
        return None
    not_null = left.not_null and right.not_null
    return Expression(f"({first.sql} * {second.sql})", NUMERIC, first.scale + second.scale, bound, not_null=not_null)


def _date_arithmetic(left: Expression, right: Expression, symbol: str) -> Expression:
    kinds = (left.kind, right.kind)
    if kinds == (Kind.DATE, Kind.DATE) and symbol == "-":
        return Expression(f"days_between({left.sql}, {right.sql})", INTEGER)
    if kinds in ((Kind.DATE, Kind.INTEGER), (Kind.DATE, Kind.SMALLINT)):
        sign = "" if symbol == "+" else "-"
        return Expression(f"date_plus_days({left.sql}, {sign}({right.sql}))", DATE)
    if kinds in ((Kind.INTEGER, Kind.DATE), (Kind.SMALLINT, Kind.DATE)) and symbol == "+":
        return Expression(f"date_plus_days({right.sql}, {left.sql})", DATE)
    raise _no_operator(left, symbol, right)


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
    if isinstance(node.this, exp.Tuple) or isinstance(right, exp.Tuple):
        return _row_comparison(binder, node, symbol)
    if isinstance(right, (exp.Any, exp.All)):
        raise unsupported(node, "ANY and ALL")
    first, second = _operands(binder, node, symbol)
    return compare(first, second, symbol)


@handles(*_DISTINCTIONS)
def _distinction(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expression")
    left, right = _operands(binder, node, "IS DISTINCT FROM")
    return replace(compare(left, right, _DISTINCTIONS[type(node)]), not_null=True)


def compare(left: Expression, right: Expression, symbol: str) -> Expression:
    """A comparison; both sides are brought to one type first."""
    left, right = _comparands(left, right, symbol)
    sql = f"({comparable(left)} {symbol} {right.sql})"
    return Expression(sql, BOOLEAN, not_null=left.not_null and right.not_null)


def _comparands(left: Expression, right: Expression, symbol: str) -> tuple[Expression, Expression]:
    if left.type is None and right.type is None:
        left, right = convert(left, TEXT), convert(right, TEXT)
    elif left.type is None or right.type is None:
        known = left.type or right.type or TEXT
        left, right = convert(left, _plain(known)), convert(right, _plain(known))
    kinds = {left.kind, right.kind}
    if kinds <= TEXTS or (left.kind is right.kind and left.kind is not Kind.NUMERIC):
        return left, right
    if kinds <= INTEGERS:
        return left, right
    if kinds <= INTEGERS | {Kind.NUMERIC}:
        first, second = align([left, right])
        return first, second
    if is_implicit(left.kind, right.kind):
        return convert(left, ColumnType(right.kind)), right
    if is_implicit(right.kind, left.kind):
        return left, convert(right, ColumnType(left.kind))
    raise _no_operator(left, symbol, right)


def _row_comparison(binder: Binder, node: exp.Expression, symbol: str) -> Expression:
    left, right = node.this, node.args["expression"]
    if not (isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple)) or symbol not in ("=", "<>"):
        raise unsupported(node, "a comparison of rows other than (…) = (…)")
    if len(left.expressions) != len(right.expressions):
        raise error_at(node, SYNTAX, "unequal number of entries in row expressions")
    pairs = [
        compare(binder.bind(first), binder.bind(second), "=").sql
        for first, second in zip(left.expressions, right.expressions, strict=True)
    ]
    joined = "(" + " AND ".join(pairs) + ")"
    return Expression(joined if symbol == "=" else f"(NOT {joined})", BOOLEAN)


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
    operand = binder.bind(node.this)
    word = "IS NOT" if node.args.get("negate") else "IS"
    what = node.args["expression"]
    if isinstance(what, exp.Null):
        return Expression(f"({operand.sql} {word} NULL)", BOOLEAN, not_null=True)
    if isinstance(what, exp.Boolean):
        return Expression(f"({condition(operand, 'IS')} {word} {int(bool(what.this))})", BOOLEAN, not_null=True)
    raise unsupported(node, "this form of IS")


@handles(exp.Between)
def _between(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "low", "high", "symmetric")
    if node.args.get("symmetric"):
        raise unsupported(node, "BETWEEN SYMMETRIC")
    operand = binder.bind(node.this)
    low, high = binder.bind(node.args["low"]), binder.bind(node.args["high"])
    first, second = compare(operand, low, ">="), compare(operand, high, "<=")
    return Expression(f"({first.sql} AND {second.sql})", BOOLEAN, not_null=first.not_null and second.not_null)


@handles(exp.In)
def _in(binder: Binder, node: exp.Expression) -> Expression:
    require_only(node, "this", "expressions", "query")
    if node.args.get("query") is not None:
        return _in_query(binder, node)
    if isinstance(node.this, exp.Tuple):
        raise unsupported(node, "a row in front of IN (list)")
    operand = binder.bind(node.this)
    items = [binder.bind(item) for item in node.expressions]
    if operand.type is not None:
        checked = [compare(operand, item, "=") for item in items]
        if operand.kind is Kind.NUMERIC and operand.scale is None:
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
        left, right = _comparands(binder.bind(target), column, "=")
        operands.append(comparable(left))
        columns.append(right.sql)
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
    if left.kind is Kind.BYTEA or right.kind is Kind.BYTEA:
        raise unsupported(node, "|| of bytea")
    if left.kind not in TEXTS and right.kind not in TEXTS:
        raise _no_operator(left, "||", right)
    sql = f"concatenate({cast(left, TEXT).sql}, {cast(right, TEXT).sql})"
    return Expression(sql, TEXT, not_null=left.not_null and right.not_null)


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


@handles(exp.CurrentUser, exp.SessionUser)
def _signer(_: Binder, node: exp.Expression) -> Expression:
    require_only(node)
    return Expression(":signer", TEXT, not_null=True)


@handles(exp.Tuple)
def _row(_: Binder, node: exp.Expression) -> Expression:
    raise error_at(node, DATATYPE_MISMATCH, "a row is not supported here")
