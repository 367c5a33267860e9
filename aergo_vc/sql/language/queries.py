"""SELECT: sources, grouping, order, set operations.

Whatever order shows is made total: where LIMIT cuts or a script's result is handed out, the keys of the sources are
appended to ORDER BY, so that no plan of the engine's can decide.  Every source gets a name of ours (t1, t2, …) and
every output column too (c0, c1, …): no name of a script's reaches SQLite except those of stored tables and columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from aergo_vc.model.schema import Catalog
from aergo_vc.sql.errors import (
    AMBIGUOUS_COLUMN,
    DUPLICATE_ALIAS,
    INVALID_COLUMN_REFERENCE,
    SYNTAX,
    TOO_COMPLEX,
    UNDEFINED_COLUMN,
)
from aergo_vc.sql.language import families  # noqa: F401 - fills the lists
from aergo_vc.sql.language.aggregates import is_aggregate
from aergo_vc.sql.language.binder import Binder, Grouping, OutputColumn, Query, Surroundings, placed
from aergo_vc.sql.language.comparisons import compare
from aergo_vc.sql.language.expressions import (
    Expression,
    assign,
    condition,
    convert,
    unify,
    unique_spelling,
)
from aergo_vc.sql.language.functions import output_name
from aergo_vc.sql.language.operators import order_term
from aergo_vc.sql.language.scope import Scope, Source
from aergo_vc.sql.language.source import error_at, name_of, require_only, spoken, unsupported
from aergo_vc.sql.language.sources import DEPTH, bytewise, source_of
from aergo_vc.sql.types.values import BIGINT, TEXT


def top_binder(catalog: Catalog, scope: Scope | None = None, around: Surroundings | None = None) -> Binder:
    """A binder for a statement."""
    return Binder(catalog, bind_query, scope or Scope(), around=around or Surroundings())


def bind_query(binder: Binder, tree: exp.Expression, *, total: bool = False) -> Query:
    """Bind a query in the binder's scope.  With `total` its rows come in an order that is decided to the last row."""
    if binder.depth > DEPTH:
        raise error_at(tree, TOO_COMPLEX, f"queries nest deeper than {DEPTH} levels")
    with_ = tree.args.get("with_")
    if with_ is None:
        return _bind_body(binder, tree, total=total)
    definitions, names = bind_common(binder, with_)
    inner = replace_common(binder, names)
    query = _bind_body(inner, tree, total=total)
    return replace(query, sql=f"WITH {definitions} {query.sql}")


def replace_common(binder: Binder, names: dict[str, Query]) -> Binder:
    """The binder with more common table expressions in sight."""
    binder.common = {**binder.common, **names}
    return binder


def bind_common(binder: Binder, node: exp.Expression) -> tuple[str, dict[str, Query]]:
    """WITH as SQL without its first word, and the queries that it names."""
    require_only(node, "expressions", "recursive")
    texts: list[str] = []
    names: dict[str, Query] = {}
    recursive = bool(node.args.get("recursive"))
    for part in node.expressions:
        require_only(part, "this", "alias", "materialized")
        name = name_of(part.args["alias"].this)
        if name in names:
            raise error_at(part, DUPLICATE_ALIAS, f'WITH query name "{name}" specified more than once')
        inner = binder.inner(Scope(parent=binder.scope.parent))
        inner.common = {**binder.common, **names}
        table = f"w{binder.counter.take()}"
        before = binder.counter.sources
        wanted = [name_of(column) for column in part.args["alias"].args.get("columns") or ()]
        if recursive and _mentions(part.this, name):
            query = _bind_recursive(inner, part.this, name, table, wanted)
        else:
            query = bind_query(inner, part.this)
        columns = _renamed(part, query.columns, wanted)
        listed = ", ".join(f"c{position}" for position in range(len(columns)))
        texts.append(f"{table}({listed}) AS ({query.sql})")
        names[name] = Query(table, columns, sources=max(1, binder.counter.sources - before))
    return ("RECURSIVE " if recursive else "") + ", ".join(texts), names


def _mentions(tree: exp.Expression, name: str) -> bool:
    return any(
        isinstance(table.this, exp.Identifier) and not table.args.get("db") and name_of(table.this) == name
        for table in tree.find_all(exp.Table)
    )


def _bind_recursive(binder: Binder, tree: exp.Expression, name: str, table: str, wanted: Sequence[str]) -> Query:
    """A recursive common table expression: its step counts against the row budget."""
    if not isinstance(tree, exp.Union) or tree.args.get("order") or tree.args.get("limit") or tree.args.get("offset"):
        raise unsupported(tree, "a recursive query other than … UNION [ALL] …")
    start = bind_query(binder.inner(binder.scope), tree.this)
    columns = _renamed(tree, start.columns, wanted)
    columns = tuple(replace(column, expression=_settled(column.expression)) for column in columns)
    step_binder = binder.inner(binder.scope)
    step_binder.common = {**binder.common, name: Query(table, columns)}
    step_tree = tree.args["expression"]
    if not isinstance(step_tree, exp.Select) or step_tree.args.get("order") or step_tree.args.get("limit"):
        raise unsupported(step_tree, "this recursive step")
    # SQLite wants the recursive table in FROM itself, so the conversions go into the step's own select list.
    step = _SelectBinder(step_binder, step_tree, columns).bind(total=False)
    first, second = _select_as(start, columns), step.sql
    word = "UNION" if tree.args.get("distinct") else "UNION ALL"
    return Query(f"{first} {word} {second}", columns)


def _settled(expression: Expression) -> Expression:
    """A column of a recursive query: any numeric is text there, since its bound may grow."""
    column_type = expression.type or TEXT
    return Expression(expression.sql, replace(column_type, length=None, precision=None, scale=None))


def _select_as(query: Query, columns: Sequence[OutputColumn]) -> str:
    found = [replace(column.expression, sql=f"c{place}") for place, column in enumerate(query.columns)]
    return f"SELECT {', '.join(_converted(found, columns))} FROM ({query.sql})"


def _converted(found: Sequence[Expression], columns: Sequence[OutputColumn]) -> list[str]:
    """A select list whose values have the types of a recursive query's columns."""
    parts = []
    for position, (expression, column) in enumerate(zip(found, columns, strict=True)):
        target = column.expression.type or TEXT
        parts.append(f"{assign(convert(expression, target), target, column.name)} AS c{position}")
    return parts


def _renamed(node: exp.Expression, columns: tuple[OutputColumn, ...], names: Sequence[str]) -> tuple[OutputColumn, ...]:
    if len(names) > len(columns):
        raise error_at(node, INVALID_COLUMN_REFERENCE, f"{len(columns)} columns available but {len(names)} specified")
    return tuple(
        replace(column, name=names[position]) if position < len(names) else column
        for position, column in enumerate(columns)
    )


_OTHER_STATEMENTS = frozenset(
    {"ABORT", "CHECKPOINT", "CLUSTER", "DEALLOCATE", "DISCARD", "LISTEN", "MOVE", "NOTIFY", "SAVEPOINT", "UNLISTEN"}
)


def _bind_body(binder: Binder, tree: exp.Expression, *, total: bool) -> Query:
    if isinstance(tree, exp.Select):
        return _SelectBinder(binder, tree).bind(total=total)
    if isinstance(tree, exp.SetOperation):
        return _bind_set_operation(binder, tree, total=total)
    if isinstance(tree, exp.Values):
        return _bind_values(binder, tree, total=total)
    if isinstance(tree, exp.Subquery):
        require_only(tree, "this", "order", "limit", "offset")
        inner = bind_query(binder.inner(Scope(parent=binder.scope.parent)), tree.this)
        return _ordered_outside(binder, tree, inner, total=total)
    if isinstance(tree, (exp.Condition, exp.Alias)):  # which sqlglot makes of words that it does not know
        word = (tree.this if isinstance(tree, exp.Alias) else tree).name.upper()
        if word not in _OTHER_STATEMENTS:
            raise error_at(tree, SYNTAX, "a statement is expected")
        raise unsupported(tree, word)
    raise unsupported(tree, f"{spoken(tree)} as a query" if isinstance(tree, exp.DML) else spoken(tree))


_SET_WORDS: dict[type[exp.Expression], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def _bind_set_operation(binder: Binder, tree: exp.Expression, *, total: bool) -> Query:
    require_only(tree, "this", "expression", "distinct", "order", "limit", "offset", "with_")
    word = _SET_WORDS[type(tree)]
    if not tree.args.get("distinct"):
        if word != "UNION":
            raise unsupported(tree, f"{word} ALL")
        word = "UNION ALL"
    sides = [
        bind_query(binder.inner(Scope(parent=binder.scope.parent)), side)
        for side in (tree.this, tree.args["expression"])
    ]
    first, second = (side.columns for side in sides)
    if len(first) != len(second):
        raise error_at(tree, SYNTAX, f"each {word.split()[0]} query must have the same number of columns")
    columns: list[OutputColumn] = []
    outputs: tuple[list[str], list[str]] = ([], [])
    for position, (left, right) in enumerate(zip(first, second, strict=True)):
        here = [replace(side.expression, sql=f"c{position}") for side in (left, right)]
        with placed(tree):
            target, unified = unify(here, word.split()[0])
        for side, expression in enumerate(unified):
            spelled = expression if word == "UNION ALL" else unique_spelling(expression)
            outputs[side].append(f"{spelled.sql} AS c{position}")
        bound = max(expression.bound for expression in unified)
        columns.append(OutputColumn(left.name, Expression("", target, unified[0].scale, bound)))
    selects = [f"SELECT {', '.join(outputs[side])} FROM ({query.sql})" for side, query in enumerate(sides)]
    return _ordered_outside(binder, tree, Query(f" {word} ".join(selects), tuple(columns)), total=total)


def _bind_values(binder: Binder, tree: exp.Expression, *, total: bool) -> Query:
    require_only(tree, "expressions", "alias", "order", "limit", "offset")
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in tree.expressions]
    if len({len(row) for row in rows}) != 1:
        raise error_at(tree, SYNTAX, "VALUES lists must all be the same length")
    bound = [[binder.bind(cell) for cell in row] for row in rows]
    columns: list[OutputColumn] = []
    unified: list[list[Expression]] = []
    for position, cells in enumerate(zip(*bound, strict=True)):
        target, same = unify(cells, "VALUES")
        greatest = max(cell.bound for cell in same)
        columns.append(OutputColumn(f"column{position + 1}", Expression("", target, same[0].scale, greatest)))
        unified.append(same)
    listed = ", ".join(f"({', '.join(cell.sql for cell in row)})" for row in zip(*unified, strict=True))
    names = ", ".join(f"column{position + 1} AS c{position}" for position in range(len(columns)))
    query = Query(f"SELECT {names} FROM (VALUES {listed})", tuple(columns), single=len(rows) == 1)
    return _ordered_outside(binder, tree, query, total=total)


def _ordered_outside(binder: Binder, tree: exp.Expression, query: Query, *, total: bool) -> Query:
    """ORDER BY and LIMIT over a query whose output columns are all there is to sort by."""
    order, limited = tree.args.get("order"), tree.args.get("limit") or tree.args.get("offset")
    if order is None and not limited and not total:
        return query
    columns = [replace(column.expression, sql=f"c{place}") for place, column in enumerate(query.columns)]
    terms: list[str] = []
    for part in order.expressions if order is not None else ():
        position = _output_position(part, query.columns)
        if position is None:
            raise error_at(part, UNDEFINED_COLUMN, "ORDER BY over a set operation takes output columns only")
        terms.append(order_term(columns[position], part))
    terms += [bytewise(column) for column in columns]
    names = ", ".join(f"c{place}" for place in range(len(columns)))
    limit = _limit(binder, tree)
    sql = f"SELECT {names} FROM ({query.sql}) ORDER BY {', '.join(dict.fromkeys(terms))}{limit}"
    return replace(query, sql=sql, limited=bool(limit))


def _output_position(part: exp.Expression, columns: Sequence[OutputColumn]) -> int | None:
    """Which output column an ORDER BY item names, by ordinal or by name."""
    target = part.this
    if isinstance(target, exp.Literal) and not target.is_string:
        position = int(str(target.this)) - 1 if str(target.this).isdigit() and len(str(target.this)) < 5 else -1  # noqa: PLR2004
        if not 0 <= position < len(columns):
            raise error_at(part, INVALID_COLUMN_REFERENCE, f"ORDER BY position {target.this} is not in select list")
        return position
    if isinstance(target, exp.Column) and target.args.get("table") is None and isinstance(target.this, exp.Identifier):
        name = name_of(target.this)
        found = [position for position, column in enumerate(columns) if column.name == name]
        if len({columns[position].expression.sql for position in found}) > 1:
            raise error_at(part, AMBIGUOUS_COLUMN, f'ORDER BY "{name}" is ambiguous')
        return found[0] if found else None
    return None


def _limit(binder: Binder, tree: exp.Expression) -> str:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if limit is None and offset is None:
        return ""
    if limit is not None:
        limit = _row_count(limit)
    inner = binder.inner(Scope(parent=binder.scope.parent))
    texts = []
    for node, word in ((limit, "LIMIT"), (offset, "OFFSET")):
        if node is None:
            texts.append("-1" if word == "LIMIT" else "0")
            continue
        value = inner.bind(node if word == "LIMIT" else node.args["expression"])
        texts.append(f"row_limit({assign(value, BIGINT, word)}, '{word}')")
    return f" LIMIT {texts[0]} OFFSET {texts[1]}"


def _row_count(limit: exp.Expression) -> exp.Expression | None:
    """The number of LIMIT or FETCH; None for LIMIT ALL."""
    if isinstance(limit, exp.Limit):
        require_only(limit, "expression")
        count = limit.args["expression"]
        return None if isinstance(count, exp.Var) and str(count.this).upper() == "ALL" else count
    require_only(limit, "direction", "count", "limit_options")
    require_only(limit.args["limit_options"], "rows")
    return limit.args.get("count") or exp.Literal.number(1)


@dataclass(slots=True)
class _SelectBinder:
    """Binds one SELECT."""

    binder: Binder
    tree: exp.Select
    recursive: Sequence[OutputColumn] | None = None
    """The columns of the recursive query that this is the step of."""

    def bind(self, *, total: bool) -> Query:
        tree, binder = self.tree, self.binder
        require_only(
            tree, "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
            "with_", "windows", "kind", "locks",
        )  # fmt: skip
        binder.scope = Scope(parent=binder.scope.parent)
        if not tree.expressions:
            raise unsupported(tree, "SELECT without columns")
        binder.grouping = Grouping(refused="FROM", windows_refused="FROM")
        from_sql = self._from()
        where_sql = self._where()
        binder.grouping = Grouping(windows_refused=None)
        binder.windows = {name_of(window.this): window for window in tree.args.get("windows") or ()}
        group_sqls, groups = self._groups()
        if groups is not None or tree.args.get("having") is not None or self._has_aggregate():
            binder.grouping.groups = frozenset(groups or ())
        binder.ties = self._row_keys(group_sqls)
        columns = self._outputs()
        having_sql = self._having()
        distinct = self._distinct()
        grouped = binder.grouping.groups is not None
        # Transactions run one after another: a row that is locked is a row that is read.
        if tree.args.get("locks") and (distinct or grouped):
            raise unsupported(tree, "FOR UPDATE with DISTINCT, GROUP BY or aggregates")
        parts = self._output_list(columns, distinct=distinct)
        sql = f"SELECT {'DISTINCT ' if distinct else ''}{', '.join(parts)}{from_sql}{where_sql}"
        if group_sqls:
            sql += f" GROUP BY {', '.join(group_sqls)}"
        single = grouped and not group_sqls
        sql += having_sql
        sql += self._order(columns, total=total and not single, distinct=distinct)
        limit = _limit(binder, tree)
        sql += limit
        outputs = tuple(replace(column, expression=_outside(column.expression)) for column in columns)
        return Query(sql, outputs, single=single or (not from_sql and not where_sql), limited=bool(limit))

    def bind_sources(self) -> str:
        """Bind FROM alone."""
        return self._from()

    def _has_aggregate(self) -> bool:
        """Whether an aggregate stands in the select list, outside of any subquery."""
        return any(_finds_aggregate(item) for item in self.tree.expressions)

    def _from(self) -> str:
        tree = self.tree
        from_ = tree.args.get("from_")
        if from_ is None:
            return ""
        require_only(from_, "this")
        sql = self._source(from_.this)
        for join in tree.args.get("joins") or ():
            sql = self._join(sql, join)
        return f" FROM {sql}"

    def _source(self, node: exp.Expression, *, nullable: bool = False) -> str:
        """Bind an item of FROM, enter it into the scope, return its SQL."""
        source, sql = source_of(self.binder, node)
        if nullable:
            source = _as_nullable(source)
        if any(other.name == source.name and other.contract == source.contract for other in self.binder.scope.sources):
            raise error_at(node, DUPLICATE_ALIAS, f'table name "{source.name}" specified more than once')
        self.binder.scope.sources.append(source)
        for join in node.args.get("joins") or ():
            sql = self._join(sql, join)
        return sql

    def _join(self, left_sql: str, join: exp.Expression) -> str:
        require_only(join, "this", "kind", "side", "on", "using", "method")
        side = str(join.args.get("side") or "").upper()
        kind = str(join.args.get("kind") or "").upper()
        method = str(join.args.get("method") or "").upper()
        if side not in ("", "LEFT", "RIGHT", "FULL") or kind not in ("", "INNER", "OUTER", "CROSS"):
            raise unsupported(join, f"{side or kind} JOIN")
        before = len(self.binder.scope.sources)
        right_sql = self._source(join.this)
        sources = self.binder.scope.sources
        on = self._join_condition(join, before, method)
        if side in ("RIGHT", "FULL"):
            sources[:before] = [_as_nullable(source) for source in sources[:before]]
        if side in ("LEFT", "FULL"):
            sources[before:] = [_as_nullable(source) for source in sources[before:]]
        if on is None:
            if side or (kind == "INNER"):
                raise error_at(join, SYNTAX, "a join needs ON or USING")
            return f"{left_sql} CROSS JOIN {right_sql}"
        return f"{left_sql} {side or 'INNER'} JOIN {right_sql} ON {on}"

    def _join_condition(self, join: exp.Expression, before: int, method: str) -> str | None:
        on, using = join.args.get("on"), join.args.get("using")
        if on is not None:
            bound = self.binder.bind(on)
            return condition(bound, "JOIN/ON")
        sources = self.binder.scope.sources
        if method == "NATURAL":
            right_names = [name for name, _ in sources[-1].columns]
            left_names = {name for source in sources[:before] for name, _ in source.columns}
            names = [name for name in right_names if name in left_names]
        elif method:
            raise unsupported(join, f"{method} JOIN")
        elif using:
            names = [name_of(column.this if isinstance(column, exp.Column) else column) for column in using]
        else:
            return None
        return " AND ".join([self._merge(join, name, before) for name in names]) or "1"

    def _merge(self, join: exp.Expression, name: str, before: int) -> str:
        """One column of USING: both sides are compared, and one column takes their place."""
        scope = self.binder.scope
        left = [found for source in scope.sources[:before] for found in source.find(name)]
        if name in scope.merged:
            left = [scope.merged[name]]
        right = [found for source in scope.sources[before:] for found in source.find(name)]
        if len(left) != 1 or len(right) != 1:
            raise error_at(join, UNDEFINED_COLUMN, f'column "{name}" specified in USING clause is missing or ambiguous')
        side = str(join.args.get("side") or "").upper()
        if side == "FULL":
            target, unified = unify([left[0], right[0]], "JOIN/USING")
            sql = f"coalesce({unified[0].sql}, {unified[1].sql})"
            bound = max(unified[0].bound, unified[1].bound)
            scope.merged[name] = Expression(sql, target, unified[0].scale, bound)
        else:
            scope.merged[name] = right[0] if side == "RIGHT" else left[0]
        return compare(left[0], right[0], "=").sql

    def _where(self) -> str:
        node = self.tree.args.get("where")
        if node is None:
            return ""
        self.binder.grouping = Grouping(refused="WHERE", windows_refused="WHERE")
        return f" WHERE {condition(self.binder.bind(node.this), 'WHERE')}"

    def _groups(self) -> tuple[list[str], list[str] | None]:
        """GROUP BY as SQLite is to see it, and the expressions that count as grouped."""
        node = self.tree.args.get("group")
        if node is None:
            return [], None
        require_only(node, "expressions")
        self.binder.grouping.refused = "GROUP BY"
        texts, known = [], []
        for part in node.expressions:
            expression = self.binder.bind(self._group_target(part))
            known.append(expression.sql)
            texts.append(unique_spelling(expression).sql)
        self.binder.grouping.refused = None
        return texts, known

    def _group_target(self, part: exp.Expression) -> exp.Expression:
        """A GROUP BY item: an expression, an output column's ordinal, or an output name that is no input column."""
        outputs = self.tree.expressions
        if isinstance(part, exp.Literal) and not part.is_string:
            position = int(str(part.this)) if str(part.this).isdigit() and len(str(part.this)) < 5 else 0  # noqa: PLR2004
            if not 1 <= position <= len(outputs):
                raise error_at(part, INVALID_COLUMN_REFERENCE, f"GROUP BY position {part.this} is not in select list")
            found: exp.Expression = outputs[position - 1].unalias()
            return found
        if isinstance(part, exp.Column) and part.args.get("table") is None:
            name = name_of(part.this)
            if not any(True for source in self.binder.scope.sources for _ in source.find(name)):
                for item in outputs:
                    if isinstance(item, exp.Alias) and name_of(item.args["alias"]) == name:
                        target: exp.Expression = item.this
                        return target
        return part

    def _outputs(self) -> list[OutputColumn]:
        columns: list[OutputColumn] = []
        for item in self.tree.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                columns += self._star(item)
                continue
            node, name = item, output_name(item)
            if isinstance(item, exp.Alias):
                require_only(item, "this", "alias")
                node, name = item.this, name_of(item.args["alias"])
            columns.append(OutputColumn(name, self.binder.bind(node)))
        return columns

    def _star(self, item: exp.Expression) -> list[OutputColumn]:
        require_only(item, "this", "table", "db")
        scope = self.binder.scope
        if isinstance(item, exp.Column):
            source = scope.source(item, name_of(item.args["table"]))
            found = [OutputColumn(name, expression) for name, expression in source.all()]
        else:
            if not scope.sources:
                raise error_at(item, SYNTAX, "SELECT * with no tables specified is not valid")
            found = [OutputColumn(name, expression) for name, expression in scope.merged.items()]
            found += [
                OutputColumn(name, expression)
                for source in scope.sources
                for name, expression in source.all()
                if name not in scope.merged
            ]
        groups = self.binder.grouping.groups
        if groups is not None:
            for column in found:
                self.binder.check_grouped(column.expression, column.name, item)
        return found

    def _having(self) -> str:
        node = self.tree.args.get("having")
        if node is None:
            return ""
        self.binder.grouping.windows_refused = "HAVING"
        sql = condition(self.binder.bind(node.this), "HAVING")
        self.binder.grouping.windows_refused = None
        return f" HAVING {sql}"

    def _distinct(self) -> bool:
        node = self.tree.args.get("distinct")
        if node is None:
            return False
        require_only(node)
        return True

    def _output_list(self, columns: list[OutputColumn], *, distinct: bool) -> list[str]:
        grouped = self.binder.grouping.groups is not None
        if self.recursive is not None:
            if len(columns) != len(self.recursive):
                raise error_at(self.tree, SYNTAX, "each UNION query must have the same number of columns")
            parts = _converted([column.expression for column in columns], self.recursive)
            first, _, alias = parts[0].rpartition(" AS ")
            return [f"counted({first}) AS {alias}", *parts[1:]]
        parts = []
        for position, column in enumerate(columns):
            expression = column.expression
            if distinct or (grouped and expression.sql in (self.binder.grouping.groups or ())):
                expression = unique_spelling(expression)
            parts.append(f"{expression.sql} AS c{position}")
        return parts

    def _row_keys(self, group_sqls: list[str]) -> tuple[str, ...]:
        """What tells the rows of this query apart, before DISTINCT."""
        if self.binder.grouping.groups is not None:
            return tuple(group_sqls)
        return tuple(key for source in self.binder.scope.sources for key in source.keys)

    def _order(self, columns: list[OutputColumn], *, total: bool, distinct: bool) -> str:
        tree = self.tree
        order = tree.args.get("order")
        if order is not None:
            require_only(order, "expressions")
        elif not total and tree.args.get("limit") is None and tree.args.get("offset") is None:
            return ""
        terms = []
        for part in order.expressions if order is not None else ():
            position = _output_position(part, columns)
            expression = columns[position].expression if position is not None else self.binder.bind(part.this)
            if distinct:
                if expression.sql not in {column.expression.sql for column in columns}:
                    raise error_at(
                        part, INVALID_COLUMN_REFERENCE,
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    )  # fmt: skip
                expression = unique_spelling(expression)
            if not expression.is_constant:
                terms.append(order_term(expression, part))
        ties = [unique_spelling(column.expression).sql for column in columns] if distinct else self.binder.ties
        terms += [tie for tie in ties if tie not in terms]
        return f" ORDER BY {', '.join(terms)}" if terms else ""


def _outside(expression: Expression) -> Expression:
    """An output column as seen from around its query."""
    return replace(expression, sql="", is_constant=False, value=None) if expression.type is not None else expression


def _as_nullable(source: Source) -> Source:
    columns = tuple((name, replace(expression, not_null=False)) for name, expression in source.columns)
    return replace(source, columns=columns)


def _finds_aggregate(node: exp.Expression) -> bool:
    if isinstance(node, (exp.Query, exp.Subquery)):
        return False
    if isinstance(node, exp.Window):
        function = node.this.this if isinstance(node.this, exp.Filter) else node.this
        inner = [function.this] if isinstance(function, exp.Expression) and function.this is not None else []
        children = [
            *inner,
            *(node.args.get("partition_by") or ()),
            *((node.args.get("order") or exp.Order()).expressions),
        ]
        return any(isinstance(child, exp.Expression) and _finds_aggregate(child) for child in children)
    if is_aggregate(node):
        return True
    return any(_finds_aggregate(child) for child in node.iter_expressions())


def sources_of(binder: Binder, tree: exp.Select) -> Scope:
    """The scope that FROM of a query makes."""
    select = _SelectBinder(binder, tree)
    select.bind_sources()
    return binder.scope
