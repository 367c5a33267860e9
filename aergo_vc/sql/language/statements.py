"""INSERT, UPDATE, DELETE, SELECT as plans: SQLite's SQL with what the engine must know to run it."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.model.schema import Catalog, Column, Table, split_name, spoken_name
from aergo_vc.sql.errors import (
    DUPLICATE_COLUMN,
    GENERATED_ALWAYS,
    INVALID_COLUMN_REFERENCE,
    SYNTAX,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    UNSUPPORTED,
    WRONG_OBJECT,
)
from aergo_vc.sql.language.binder import Binder, OutputColumn, Query, Surroundings, placed
from aergo_vc.sql.language.expressions import Expression, assign, column_expression, condition
from aergo_vc.sql.language.functions import output_name
from aergo_vc.sql.language.native import left_to_column
from aergo_vc.sql.language.queries import bind_common, bind_query, top_binder
from aergo_vc.sql.language.rows import spread
from aergo_vc.sql.language.scope import Scope, Source, table_name_of, table_source
from aergo_vc.sql.language.source import error_at, name_of, require_only, unsupported
from aergo_vc.sql.language.sources import source_of, total_rows
from aergo_vc.sql.language.storage import default_sql, takes_numbers
from aergo_vc.sql.running.needs import Reading
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.running.table_access import has_rowid_key, indexes_of, rowid_sql
from aergo_vc.sql.types.values import BIGINT, TEXT


def compile_statement(catalog: Catalog, tree: exp.Expression, around: Surroundings | None = None) -> Plan:
    """The plan of a statement that reads or writes rows; what `around` has collected before is required for it too."""
    around = around or Surroundings()
    plan = _compile(catalog, tree, around)
    return replace(plan, requirements=around.needs.requirements())


def _compile(catalog: Catalog, tree: exp.Expression, around: Surroundings) -> Plan:
    if isinstance(tree, exp.Insert):
        return _Insert(catalog, tree, around).plan()
    if isinstance(tree, exp.Update):
        return _compile_update(catalog, tree, around)
    if isinstance(tree, exp.Delete):
        return _compile_delete(catalog, tree, around)
    if isinstance(tree, exp.TruncateTable):
        return _compile_truncate(catalog, tree, around)
    if isinstance(tree, exp.Command):  # what the grammar knows no more of than its first words
        raise unsupported(tree, _first_words(tree))
    query = bind_query(top_binder(catalog, around=around), tree, total=True)
    return Plan("SELECT", query.sql, columns=result_columns(query.columns))


def _first_words(tree: exp.Command) -> str:
    word, (second, *_) = tree.name.upper(), (*tree.text("expression").upper().split(), "")
    if word == "ALTER":
        return f"this form of {word} {second}"
    return f"{word} {second}" if word == "SET" else word


def result_columns(columns: Sequence[OutputColumn]) -> tuple[ResultColumn, ...]:
    """Output columns as results name and decode them."""
    return tuple(
        ResultColumn(column.name, column.expression.type or TEXT, column.expression.scale) for column in columns
    )


def find_table(catalog: Catalog, node: exp.Expression) -> Table:
    """The stored table that `node` names."""
    name = table_name_of(node)
    table = catalog.tables.get(name)
    if table is not None:
        return table
    if name in catalog.views:
        raise error_at(node, WRONG_OBJECT, f'"{spoken_name(name)}" is a view and cannot be changed')
    raise error_at(node, UNDEFINED_TABLE, f'relation "{spoken_name(name)}" does not exist')


def find_column(table: Table, node: exp.Expression) -> Column:
    """The column of `table` that an identifier, or an unqualified column reference, names."""
    if isinstance(node, exp.Column) and node.args.get("table") is None:
        node = node.this
    name = name_of(node)
    for column in table.visible_columns:
        if column.name == name:
            return column
    message = f'column "{name}" of relation "{split_name(table.name)[1]}" does not exist'
    raise error_at(node, UNDEFINED_COLUMN, message)


def _changed_source(binder: Binder, table: Table, prefix: str, alias: str | None) -> Source:
    """The table that a statement changes: its columns are read where expressions name them."""
    names = tuple(column.name for column in table.visible_columns)
    return table_source(table, prefix, alias, Reading(binder.around.needs, f"table {table.name}", names))


def _returning(
    binder: Binder, node: exp.Expression | None, source: Source
) -> tuple[str, tuple[ResultColumn, ...] | None]:
    """The RETURNING clause: expressions over the row as it became."""
    if node is None:
        return "", None
    require_only(node, "expressions")
    inner = top_binder(binder.catalog, Scope([source]), binder.around)
    inner.grouping.refused = inner.grouping.windows_refused = "RETURNING"
    columns: list[OutputColumn] = []
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            if isinstance(item, exp.Column):
                inner.scope.source(item, name_of(item.args["table"]))
            columns += [OutputColumn(name, expression) for name, expression in source.all()]
            continue
        target = item.this if isinstance(item, exp.Alias) else item
        if target.find(exp.Query) is not None:
            raise unsupported(target, "a subquery in RETURNING")
        name = name_of(item.args["alias"]) if isinstance(item, exp.Alias) else output_name(item)
        columns.append(OutputColumn(name, inner.bind(target)))
    listed = ", ".join(f"{column.expression.sql} AS c{place}" for place, column in enumerate(columns))
    return f" RETURNING {listed}", result_columns(columns)


def _with(binder: Binder, tree: exp.Expression) -> str:
    """Common table expressions in front of a writing statement."""
    node = tree.args.get("with_")
    if node is None:
        return ""
    definitions, names = bind_common(binder, node)
    binder.common = {**binder.common, **names}
    return f"WITH {definitions} "


class _Insert:
    """Compiles one INSERT."""

    def __init__(self, catalog: Catalog, tree: exp.Insert, around: Surroundings) -> None:
        require_only(tree, "this", "expression", "default", "conflict", "returning", "with_", "overriding")
        self.catalog, self.tree = catalog, tree
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        require_only(target, "this", "db", "alias")
        self.table = find_table(catalog, target)
        alias = target.args.get("alias")
        self.alias = name_of(alias.this) if alias is not None else None
        self.binder = top_binder(catalog, around=around)
        names = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        self.columns = [find_column(self.table, name) for name in names]
        seen: set[str] = set()
        for node, column in zip(names, self.columns, strict=True):
            if column.name in seen:
                raise error_at(node, DUPLICATE_COLUMN, f'column "{column.name}" specified more than once')
            seen.add(column.name)

    def plan(self) -> Plan:
        source = self.tree.args.get("expression")
        if self.tree.args.get("default"):
            rows: list[list[exp.Expression]] = [[]]
            self.columns = []
        elif isinstance(source, exp.Values) and not any(
            source.args.get(name) for name in ("order", "limit", "offset", "alias")
        ):
            rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in source.expressions]
            rows = [[cell for part in row for cell in spread(self.binder, part)] for row in rows]
        elif source is not None:
            return self._from_query(source)
        else:
            raise error_at(self.tree, SYNTAX, "INSERT needs VALUES, a query or DEFAULT VALUES")
        if self.tree.args.get("with_") is not None:
            raise unsupported(self.tree, "WITH in front of INSERT … VALUES")
        return self._from_values(rows)

    def _take_columns(self, width: int, node: exp.Expression) -> None:
        """Without a column list the values go to the first columns."""
        if not self.columns and not self.tree.args.get("default"):
            self.columns = list(self.table.visible_columns[:width])
            if width > len(self.table.visible_columns):
                raise error_at(node, SYNTAX, "INSERT has more expressions than target columns")
        if width != len(self.columns):
            word = (
                "more expressions than target columns"
                if width > len(self.columns)
                else "more target columns than expressions"
            )
            raise error_at(node, SYNTAX, f"INSERT has {word}")

    def _from_values(self, rows: list[list[exp.Expression]]) -> Plan:
        if len({len(row) for row in rows}) != 1:
            raise error_at(self.tree, SYNTAX, "VALUES lists must all be the same length")
        self._take_columns(len(rows[0]), self.tree)
        order = {column.name: place for place, column in enumerate(self.columns)}
        defaults = {c.name: default_sql(self.catalog, c) for c in self.table.visible_columns}
        lines = []
        for ordinal, row in enumerate(rows):
            cells = []
            for column in self.table.columns:
                if self.table.has_hidden_key and column is self.table.columns[0]:
                    cells.append(f":row || substr('0000000' || (:base + {ordinal}), -8)")
                elif column.name in order and self._is_given(column, row[order[column.name]]):
                    cells.append(self._cell(row[order[column.name]], column))
                else:
                    cells.append(defaults[column.name])
            lines.append(f"({', '.join(_keyed(self.table, self.table.columns, cells))})")
        return self._finish(f"VALUES {', '.join(lines)}", len(rows))

    def _is_given(self, column: Column, node: exp.Expression | None) -> bool:
        """Whether a value counts that stands for a column; raises SqlError 428C9 where none may be given."""
        if node is not None and _is_default(node):
            return False
        overriding = self.tree.args.get("overriding")
        if column.identity is not None and overriding == "user":
            return False
        if column.identity == "always" and overriding != "system":
            message = f'cannot insert a non-DEFAULT value into column "{column.name}"'
            raise error_at(node or self.tree, GENERATED_ALWAYS, message)
        return True

    def _cell(self, node: exp.Expression, column: Column) -> str:
        with placed(node):
            return assign(self.binder.bind(node), column.type, column.name)

    def _from_query(self, source: exp.Expression) -> Plan:
        prefix = _with(self.binder, self.tree)
        query = bind_query(self.binder, source, total=True)
        self._take_columns(len(query.columns), source)
        cells = self._query_cells(query)
        rows_sql = f"{prefix}SELECT {', '.join(cells)} FROM ({total_rows(query)})"
        marks = ", ".join("?" * len(self.table.columns))
        return replace(self._finish(f"VALUES ({marks})", 0), rows_sql=rows_sql)

    def _query_cells(self, query: Query) -> list[str]:
        place = {column.name: position for position, column in enumerate(self.columns)}
        cells = []
        for column in self.table.visible_columns:
            if column.name not in place or not self._is_given(column, None):
                cells.append(default_sql(self.catalog, column))
                continue
            found = query.columns[place[column.name]].expression
            if found.type is not None or not found.is_constant:
                found = replace(found, sql=f"c{place[column.name]}")
            with placed(self.tree):
                cells.append(assign(found, column.type, column.name))
        return _keyed(self.table, self.table.visible_columns, cells)

    def _finish(self, values: str, count: int) -> Plan:
        needs = self.binder.around.needs
        needs.add(f"table {self.table.name}", "insert", *(column.name for column in self.columns))
        conflict, once = self._conflict()
        source = _changed_source(self.binder, self.table, "", self.alias)
        returning, columns = _returning(self.binder, self.tree.args.get("returning"), source)
        sql = f"INSERT INTO {quote_name(self.table.name)} AS t0 {values}{conflict}{returning}"
        hidden = count if self.table.has_hidden_key else 0
        return Plan("INSERT", sql, self.table.name, columns, None, None, self.table.has_hidden_key, hidden, once)

    def _conflict(self) -> tuple[str, bool]:
        node = self.tree.args.get("conflict")
        if node is None:
            return "", False
        require_only(node, "conflict_keys", "action", "expressions", "where", "constraint")
        target = self._conflict_target(node)
        action = str(node.args["action"].this).upper()
        if action == "DO NOTHING":
            return f" ON CONFLICT{target} DO NOTHING", False
        if not target:
            raise error_at(node, SYNTAX, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
        own = _changed_source(self.binder, self.table, "t0.", self.alias)
        excluded = tuple(
            (
                column.name,
                column_expression(f"excluded.{quote_name(column.name)}", column.type, not_null=column.not_null),
            )
            for column in self.table.visible_columns
        )
        binder = top_binder(
            self.catalog, Scope([own, Source("excluded", excluded, (), reading=own.reading)]), self.binder.around
        )
        assignments = _assignments(binder, self.table, node.expressions)
        where = node.args.get("where")
        test = f" WHERE {condition(binder.bind(where.this), 'WHERE')}" if where is not None else ""
        return f" ON CONFLICT{target} DO UPDATE SET {assignments}{test}", True

    def _conflict_target(self, node: exp.Expression) -> str:
        constraint = node.args.get("constraint")
        if constraint is not None:
            columns = self._constraint_columns(constraint)
        else:
            keys = node.args.get("conflict_keys") or []
            if not keys:
                return ""
            columns = tuple(self._conflict_column(key).name for key in keys)
            if not self._is_unique(columns):
                raise error_at(
                    node, INVALID_COLUMN_REFERENCE,
                    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
                )  # fmt: skip
        self.binder.around.needs.add(f"table {self.table.name}", "select", *columns)
        return f" ({', '.join(map(quote_name, columns))})"

    def _conflict_column(self, key: exp.Expression) -> Column:
        target = key.this if isinstance(key, exp.Ordered) else key
        return find_column(self.table, target)

    def _is_unique(self, columns: tuple[str, ...]) -> bool:
        wanted = set(columns)
        found = [self.table.primary_key, *(unique.columns for unique in self.table.uniques)]
        found += [index.columns for index in indexes_of(self.catalog, self.table.name) if index.unique]
        return any(set(candidate) == wanted for candidate in found)

    def _constraint_columns(self, node: exp.Expression) -> tuple[str, ...]:
        name = name_of(node)
        if name == f"{split_name(self.table.name)[1]}_pkey" and not self.table.has_hidden_key:
            return self.table.primary_key
        for unique in self.table.uniques:
            if unique.name == name:
                return unique.columns
        raise error_at(
            node, UNDEFINED_OBJECT, f'constraint "{name}" for table "{split_name(self.table.name)[1]}" does not exist'
        )


def _keyed(table: Table, columns: Sequence[Column], cells: Sequence[str]) -> list[str]:
    """The cells of a new row; a rowid that is NULL is refused."""
    return [rowid_sql(cell) if _is_rowid(table, column) else cell for column, cell in zip(columns, cells, strict=True)]


def _is_default(node: exp.Expression) -> bool:
    word = node.this
    if isinstance(node, exp.Column) and node.args.get("table") is None and not node.this.quoted:
        word = node.this.this  # DEFAULT is no name; UPDATE … SET reads it as one
    return isinstance(node, (exp.Var, exp.Column)) and str(word).upper() == "DEFAULT"


def _assignments(binder: Binder, table: Table, nodes: Sequence[exp.Expression]) -> str:
    """The SET list of UPDATE and of ON CONFLICT DO UPDATE."""
    pairs: list[tuple[Column, exp.Expression]] = []
    for node in nodes:
        if not isinstance(node, exp.EQ):
            raise error_at(node, SYNTAX, "SET takes assignments")
        target, value = node.this, node.args["expression"]
        if isinstance(target, exp.Tuple):
            if not isinstance(value, exp.Tuple) or len(value.expressions) != len(target.expressions):
                raise unsupported(node, "SET (…) = anything but a row of as many values")
            pairs += [
                (find_column(table, name), cell)
                for name, cell in zip(target.expressions, value.expressions, strict=True)
            ]
        else:
            name = target.this if isinstance(target, exp.Paren) else target
            pairs.append((find_column(table, name), value))
    names = [column.name for column, _ in pairs]
    binder.around.needs.add(f"table {table.name}", "update", *names)
    if len(set(names)) != len(names):
        raise error_at(nodes[0], SYNTAX, "multiple assignments to the same column")
    texts = []
    for column, value in pairs:
        if column.identity == "always" and not _is_default(value):
            raise error_at(value, GENERATED_ALWAYS, f'column "{column.name}" can only be updated to DEFAULT')
        if _is_default(value) and takes_numbers(column.default):
            raise unsupported(value, "DEFAULT of a sequence where the order of rows is not fixed")
        with placed(value):
            if _is_default(value):
                sql = default_sql(binder.catalog, column)
            else:
                sql = assign(binder.bind(value), column.type, column.name)
                sql = left_to_column(sql) if column.type == BIGINT and not _is_rowid(table, column) else sql
        texts.append(f"{quote_name(column.name)} = {sql}")
    return ", ".join(texts)


def _is_rowid(table: Table, column: Column) -> bool:
    return column.name in table.primary_key and has_rowid_key(table)


def _target(tree: exp.Expression) -> tuple[exp.Expression, str | None]:
    node = tree.this
    require_only(node, "this", "db", "alias")
    alias = node.args.get("alias")
    return node, name_of(alias.this) if alias is not None else None


def _compile_update(catalog: Catalog, tree: exp.Expression, around: Surroundings) -> Plan:
    require_only(tree, "this", "expressions", "from_", "where", "returning", "with_")
    node, alias = _target(tree)
    table = find_table(catalog, node)
    binder = top_binder(catalog, around=around)
    prefix = _with(binder, tree)
    own = _changed_source(binder, table, "t0.", alias)
    binder.scope.sources.append(own)
    binder.grouping.refused = binder.grouping.windows_refused = "UPDATE"
    from_sql, guard = "", None
    from_ = tree.args.get("from_")
    if from_ is not None:
        from_sql = f" FROM {_more_sources(binder, [from_.this])}"
    assignments = _assignments(binder, table, tree.expressions)
    where = tree.args.get("where")
    test = f" WHERE {condition(binder.bind(where.this), 'WHERE')}" if where is not None else ""
    if from_ is not None:
        keys = ", ".join(own.keys)
        listed = f"{quote_name(table.name)} AS t0, {from_sql.removeprefix(' FROM ')}"
        guard = f"{prefix}SELECT 1 FROM {listed}{test} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    elif _sets_unique(catalog, table, tree.expressions):
        test = f" WHERE ({test.removeprefix(' WHERE ')}) AND (SELECT 1)" if test else " WHERE (SELECT 1)"
    returning, columns = _returning(binder, tree.args.get("returning"), _changed_source(binder, table, "", alias))
    sql = f"{prefix}UPDATE {quote_name(table.name)} AS t0 SET {assignments}{from_sql}{test}{returning}"
    return Plan("UPDATE", sql, table.name, columns, guard=guard)


def _sets_unique(catalog: Catalog, table: Table, assignments: Sequence[exp.Expression]) -> bool:
    """Whether UPDATE sets a column that a constraint keeps unique.

    Rows are compared with those before and behind them, so that it shows in what order they are changed.  With a
    subquery in WHERE SQLite finds all of them first, and changes them in the order of the primary key.
    """
    unique = {name for one in table.uniques for name in one.columns}
    unique |= {name for index in indexes_of(catalog, table.name) if index.unique for name in index.columns}
    if not unique:
        return False
    targets = [node.this for node in assignments]
    parts = [part for one in targets for part in (one.expressions if isinstance(one, exp.Tuple) else [one])]
    return any(part.name in unique or part.name.lower() in unique for part in parts)


def _more_sources(binder: Binder, nodes: Sequence[exp.Expression]) -> str:
    texts = []
    for node in nodes:
        if node.args.get("joins"):
            raise unsupported(node, "a join in UPDATE … FROM or DELETE … USING")
        inner = binder.inner(Scope(parent=None))
        source, sql = source_of(inner, node)
        binder.scope.sources.append(source)
        texts.append(sql)
    return ", ".join(texts)


def _compile_delete(catalog: Catalog, tree: exp.Expression, around: Surroundings) -> Plan:
    require_only(tree, "this", "using", "where", "returning", "with_")
    node, alias = _target(tree)
    table = find_table(catalog, node)
    binder = top_binder(catalog, around=around)
    prefix = _with(binder, tree)
    binder.around.needs.add(f"table {table.name}", "delete")
    binder.scope.sources.append(_changed_source(binder, table, "t0.", alias))
    binder.grouping.refused = binder.grouping.windows_refused = "DELETE"
    using = tree.args.get("using")
    using_sql = _more_sources(binder, using) if using else ""
    where = tree.args.get("where")
    test = f" WHERE {condition(binder.bind(where.this), 'WHERE')}" if where is not None else ""
    if using_sql:
        test = f" WHERE EXISTS (SELECT 1 FROM {using_sql}{test})"
    returning, columns = _returning(binder, tree.args.get("returning"), _changed_source(binder, table, "", alias))
    return Plan("DELETE", f"{prefix}DELETE FROM {quote_name(table.name)} AS t0{test}{returning}", table.name, columns)


def _compile_truncate(catalog: Catalog, tree: exp.Expression, around: Surroundings) -> Plan:
    require_only(tree, "expressions")
    if len(tree.expressions) != 1:
        raise unsupported(tree, "TRUNCATE of several tables")
    table = find_table(catalog, tree.expressions[0])
    others = [one for one in catalog.tables.values() if one.name != table.name]
    if any(key.target == table.name for other in others for key in other.foreign_keys):
        raise error_at(tree, UNSUPPORTED, "cannot truncate a table referenced in a foreign key constraint")
    around.needs.add(f"table {table.name}", "truncate")
    return Plan("TRUNCATE TABLE", f"DELETE FROM {quote_name(table.name)}", table.name)


__all__ = ["Expression", "Plan", "ResultColumn", "compile_statement", "find_column", "find_table", "result_columns"]
