"""CREATE, ALTER, DROP: a statement and a catalog give a new catalog and what is to be done to the tables."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.base.limits import TABLE_COLUMNS
from aergo_vc.codec.schema_text import ACTIONS, HIDDEN_COLUMN
from aergo_vc.model.schema import (
    HIDDEN_KEY,
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    Table,
    Unique,
    View,
    split_name,
    spoken_name,
)
from aergo_vc.model.types import INTEGER_BITS, ColumnType, Kind
from aergo_vc.sql.catalog.canonical import canonical_expression, canonical_query
from aergo_vc.sql.catalog.names import check_column_name, check_object_name, check_table_name
from aergo_vc.sql.catalog.sequence_values import made_sequence, uses
from aergo_vc.sql.errors import (
    DEPENDENT,
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    INVALID_DEFINITION,
    INVALID_FOREIGN_KEY,
    INVALID_PARAMETER,
    SYNTAX,
    TOO_MANY_COLUMNS,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    WRONG_OBJECT,
    SqlError,
)
from aergo_vc.sql.language.column_types import stored_type_of
from aergo_vc.sql.language.queries import bind_query, top_binder
from aergo_vc.sql.language.scope import table_name_of
from aergo_vc.sql.language.source import error_at, name_of, require_only, unsupported
from aergo_vc.sql.language.sources import bind_view
from aergo_vc.sql.language.statements import find_column
from aergo_vc.sql.language.storage import bind_check, bind_default
from aergo_vc.sql.procedures.own_statements import SequenceOptions
from aergo_vc.sql.running.definition_values import Definition


def create(catalog: Catalog, tree: exp.Create) -> Definition:
    """What a CREATE leads to."""
    kind = str(tree.args.get("kind") or "").upper()
    if kind == "TABLE":
        return _create_table(catalog, tree)
    if kind == "INDEX":
        return _create_index(catalog, tree)
    if kind == "VIEW":
        return _create_view(catalog, tree)
    if kind == "SCHEMA":
        require_only(tree, "this", "kind", "exists")
        check_object_name(name_of(tree.this.args.get("db")), tree)
        return Definition("CREATE SCHEMA", catalog)
    raise unsupported(tree, f"CREATE {kind}")


def is_taken(catalog: Catalog, name: str) -> bool:
    """Whether a relation of that name exists: tables, indexes and views share their names, as in PostgreSQL."""
    kinds: tuple[Container[str], ...] = (catalog.tables, catalog.views, catalog.indexes, catalog.sequences)
    return any(name in kind for kind in kinds)


def _create_table(catalog: Catalog, tree: exp.Create) -> Definition:
    require_only(tree, "this", "kind", "exists")
    schema = tree.this
    if not isinstance(schema, exp.Schema):
        raise unsupported(tree, "CREATE TABLE without a list of columns")
    require_only(schema.this, "this", "db")
    name = table_name_of(schema.this)
    check_table_name(name, schema.this)
    if is_taken(catalog, name):
        if tree.args.get("exists"):
            return Definition("CREATE TABLE", catalog)
        raise error_at(schema.this, DUPLICATE_TABLE, f'relation "{spoken_name(name)}" already exists')
    builder = TableBuilder(catalog, Table(name, (), ()))
    for item in schema.expressions:
        builder.add_item(item)
    table = builder.finish(schema)
    made = replace(builder.catalog, tables={**catalog.tables, name: table})
    return Definition("CREATE TABLE", made, created=(name, *builder.new_sequences))


UNKEYED = (Kind.INTERVAL, Kind.JSON, Kind.JSONB)
"""Kinds in which equal values may have several texts, so that no key can tell them apart."""

_SERIALS = {
    exp.DType.SMALLSERIAL: Kind.SMALLINT,
    exp.DType.SERIAL: Kind.INTEGER,
    exp.DType.BIGSERIAL: Kind.BIGINT,
}


def _whole_number(node: exp.Expression | None) -> int | None:
    if node is None:
        return None
    sign, literal = (-1, node.this) if isinstance(node, exp.Neg) else (1, node)
    if not isinstance(literal, exp.Literal) or not str(literal.this).isdigit() or len(str(literal.this)) > 18:  # noqa: PLR2004
        raise error_at(node, SYNTAX, "a whole number is expected")
    return sign * int(str(literal.this))


class TableBuilder:
    """Collects columns and constraints, then checks them against each other and names what has no name."""

    def __init__(self, catalog: Catalog, table: Table) -> None:
        self.catalog, self.table = catalog, table
        self.columns = list(table.visible_columns)
        self.primary_key: tuple[str, ...] = () if table.has_hidden_key else table.primary_key
        self.uniques, self.checks, self.foreign_keys = list(table.uniques), list(table.checks), list(table.foreign_keys)
        self._pending_checks: list[tuple[str | None, exp.Expression, str | None]] = []
        self._pending_keys: list[tuple[str | None, tuple[str, ...], exp.Expression]] = []
        self._pending_uniques: list[tuple[str | None, tuple[str, ...]]] = []
        self._base = split_name(table.name)[1]
        self.new_sequences: tuple[TableName, ...] = ()
        """Those that columns brought along; `catalog` has them."""

    def add_item(self, item: exp.Expression) -> None:
        if isinstance(item, exp.ColumnDef):
            self.add_column(item)
        elif isinstance(item, exp.Constraint):
            require_only(item, "this", "expressions")
            for part in item.expressions:
                self.add_constraint(part, name_of(item.this))
        else:
            self.add_constraint(item, None)

    def add_column(self, node: exp.Expression) -> None:
        require_only(node, "this", "kind", "constraints", "exists")
        name = name_of(node.this)
        check_column_name(name, node)
        if any(column.name == name for column in self.columns):
            raise error_at(node, DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        if any(column.name.lower() == name.lower() for column in self.columns):
            raise error_at(node, DUPLICATE_COLUMN, f'column "{name}" differs from another one by case only')
        column = self._new_column(name, node.args["kind"])
        for part in node.args.get("constraints") or ():
            column = self._column_constraint(column, part)
        self.columns.append(column)

    def _new_column(self, name: str, node: exp.Expression) -> Column:
        kind = _SERIALS.get(node.this) if isinstance(node, exp.DataType) else None
        if kind is None:
            return Column(name, stored_type_of(node, self.catalog.types))
        return self._numbered(Column(name, ColumnType(kind)), SequenceOptions())

    def _numbered(self, column: Column, options: SequenceOptions) -> Column:
        """The column with a sequence of its own for a default."""
        name = self._sequence_name(column.name)
        made = replace(made_sequence(name, options, column.type.kind), owner=(self.table.name, column.name))
        self.catalog = replace(self.catalog, sequences={**self.catalog.sequences, name: made})
        self.new_sequences = (*self.new_sequences, name)
        return replace(column, not_null=True, default=f"NEXTVAL('{name}')")

    def _sequence_name(self, column: str) -> TableName:
        """PostgreSQL's name for a column's sequence."""
        contract = split_name(self.table.name)[0]
        stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in column.lower())
        name, number = f"{self._base[:29]}_{stem[:28]}_seq", 0
        while is_taken(self.catalog, f"{contract}.{name}"):
            number += 1
            name = f"{self._base[:29]}_{stem[:25]}_seq{number}"
        return TableName(f"{contract}.{name}")

    def _identity(self, column: Column, node: exp.Expression) -> Column:
        require_only(node, "this", "on_null", "start", "increment", "minvalue", "maxvalue", "order", "cycle")
        if column.type.kind not in INTEGER_BITS:
            raise error_at(node, INVALID_PARAMETER, "identity column type must be smallint, integer, or bigint")
        if column.default is not None:
            raise error_at(node, SYNTAX, f'both default and identity specified for column "{column.name}"')
        if node.args.get("cycle"):
            raise unsupported(node, "CYCLE: a sequence gives no number twice")
        start, increment, minimum, maximum = (
            _whole_number(node.args.get(word)) for word in ("start", "increment", "minvalue", "maxvalue")
        )
        options = SequenceOptions(increment=increment, minimum=minimum, maximum=maximum, start=start)
        numbered = self._numbered(column, options)
        return replace(numbered, identity="always" if node.this else "by default")

    def _column_constraint(self, column: Column, node: exp.Expression) -> Column:
        require_only(node, "this", "kind")
        kind, name = node.args["kind"], name_of(node.this) if node.this is not None else None
        if isinstance(kind, exp.NotNullColumnConstraint):
            return replace(column, not_null=not kind.args.get("allow_null"))
        if isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            return self._identity(column, kind)
        if isinstance(kind, exp.DefaultColumnConstraint):
            if column.default is not None:
                raise error_at(node, SYNTAX, f'multiple default values specified for column "{column.name}"')
            bind_default(self.catalog, column, kind.this)
            return replace(column, default=canonical_expression(kind.this))
        if isinstance(kind, exp.PrimaryKeyColumnConstraint):
            require_only(kind, "include")
            self._set_primary_key((column.name,), node)
        elif isinstance(kind, exp.UniqueColumnConstraint):
            require_only(kind, "include")
            self._pending_uniques.append((name, (column.name,)))
        elif isinstance(kind, exp.CheckColumnConstraint):
            self._pending_checks.append((name, kind.this, column.name))
        elif isinstance(kind, exp.Reference):
            self._pending_keys.append((name, (column.name,), kind))
        elif isinstance(kind, exp.CollateColumnConstraint) and name_of(kind.this) == "C":
            return column
        else:
            raise unsupported(node, f"{type(kind).__name__}")
        return column

    def add_constraint(self, node: exp.Expression, name: str | None) -> None:
        if isinstance(node, exp.PrimaryKey):
            require_only(node, "expressions", "include")
            self._set_primary_key(_column_names(node.expressions), node)
        elif isinstance(node, exp.UniqueColumnConstraint):
            require_only(node, "this", "include")
            self._pending_uniques.append((name, _column_names(node.this.expressions)))
        elif isinstance(node, exp.CheckColumnConstraint):
            self._pending_checks.append((name, node.this, None))
        elif isinstance(node, exp.ForeignKey):
            require_only(node, "expressions", "reference")
            self._pending_keys.append((name, _column_names(node.expressions), node.args["reference"]))
        else:
            raise unsupported(node, f"{type(node).__name__} in a table")

    def _set_primary_key(self, names: tuple[str, ...], node: exp.Expression) -> None:
        if self.primary_key:
            raise error_at(node, INVALID_DEFINITION, f'multiple primary keys for table "{self._base}" are not allowed')
        self.primary_key = names

    def finish(self, node: exp.Expression) -> Table:
        """The table, its constraints sorted by name."""
        if not self.columns:
            raise unsupported(node, "a table without columns")
        if len(self.columns) > TABLE_COLUMNS:
            raise error_at(node, TOO_MANY_COLUMNS, f"tables can have at most {TABLE_COLUMNS} columns")
        self._require_columns(self.primary_key, node)
        for position, column in enumerate(self.columns):
            if column.name in self.primary_key:
                self.columns[position] = replace(column, not_null=True)
        columns = tuple(self.columns)
        if not self.primary_key:
            columns = (HIDDEN_COLUMN, *columns)
        self.table = Table(self.table.name, columns, self.primary_key or (HIDDEN_KEY,))
        self._settle_uniques(node)
        for names in (self.primary_key, *(unique.columns for unique in self.uniques)):
            self._require_keys(names, node)
        self._settle_checks()
        self._settle_keys(node)
        self._require_distinct_names(node)
        return replace(
            self.table,
            uniques=tuple(sorted(self.uniques, key=lambda unique: unique.name)),
            checks=tuple(sorted(self.checks, key=lambda check: check.name)),
            foreign_keys=tuple(sorted(self.foreign_keys, key=lambda key: key.name)),
        )

    def _require_columns(self, names: Sequence[str], node: exp.Expression) -> None:
        known = {column.name for column in self.columns}
        for name in names:
            if name not in known:
                raise error_at(node, "42703", f'column "{name}" named in key does not exist')
        if len(set(names)) != len(names):
            raise error_at(node, DUPLICATE_COLUMN, "a column appears twice in a key")

    def _require_keys(self, names: Sequence[str], node: exp.Expression) -> None:
        for column in self.columns:
            if column.name in names and column.type.kind in UNKEYED:
                raise unsupported(node, f"a key over column {column.name} of type {column.type}")

    def _require_distinct_names(self, node: exp.Expression) -> None:
        names = self._names()
        for name in names:
            check_object_name(name, node)
            if names.count(name) > 1 or (name == f"{self._base}_pkey" and self.primary_key):
                raise error_at(
                    node, DUPLICATE_OBJECT, f'constraint "{name}" for relation "{self._base}" already exists'
                )

    def _names(self) -> list[str]:
        return [part.name for parts in (self.uniques, self.checks, self.foreign_keys) for part in parts]

    def _free_name(self, *parts: str) -> str:
        """PostgreSQL's way to name a constraint; a number is added where the name is taken."""
        stem = "_".join(part for part in (self._base, *parts[:-1]) if part)
        stem = "".join(
            letter if letter.isascii() and (letter.isalnum() or letter == "_") else "_" for letter in stem.lower()
        )
        stem, ending = stem[: 62 - len(parts[-1])], parts[-1]
        taken = set(self._names())
        name, number = f"{stem}_{ending}", 0
        while name in taken:
            number += 1
            name = f"{stem[: 58 - len(ending)]}_{ending}{number}"
        return name

    def _settle_uniques(self, node: exp.Expression) -> None:
        for name, columns in self._pending_uniques:
            self._require_columns(columns, node)
            self.uniques.append(Unique(name or self._free_name(*columns, "key"), columns))

    def _settle_checks(self) -> None:
        for name, tree, column in self._pending_checks:
            bind_check(self.catalog, self.table, tree)
            self.checks.append(Check(name or self._free_name(column or "", "check"), canonical_expression(tree)))

    def _settle_keys(self, node: exp.Expression) -> None:
        for name, columns, reference in self._pending_keys:
            self._require_columns(columns, node)
            self.foreign_keys.append(self._foreign_key(name or self._free_name(*columns, "fkey"), columns, reference))

    def _foreign_key(self, name: str, columns: tuple[str, ...], node: exp.Expression) -> ForeignKey:
        require_only(node, "this", "options")
        target_node = node.this.this if isinstance(node.this, exp.Schema) else node.this
        target_name = table_name_of(target_node)
        target = self.table if target_name == self.table.name else self.catalog.tables.get(target_name)
        if target is None:
            raise error_at(node, UNDEFINED_TABLE, f'relation "{spoken_name(target_name)}" does not exist')
        names = _column_names(node.this.expressions) if isinstance(node.this, exp.Schema) else target.primary_key
        if target.has_hidden_key and not isinstance(node.this, exp.Schema):
            raise error_at(
                node, UNDEFINED_OBJECT, f'there is no primary key for referenced table "{spoken_name(target_name)}"'
            )
        self._check_reference(node, columns, target, names)
        actions = {"DELETE": "no action", "UPDATE": "no action"}
        times: list[str] = []
        for option in node.args.get("options") or ():
            _read_action(node, str(option).upper(), actions, times)
        deferred = _is_deferred(node, times)
        return ForeignKey(name, columns, target_name, names, actions["DELETE"], actions["UPDATE"], deferred)

    def _check_reference(
        self, node: exp.Expression, columns: tuple[str, ...], target: Table, names: tuple[str, ...]
    ) -> None:
        spoken = spoken_name(target.name)
        if len(names) != len(columns):
            raise error_at(
                node, INVALID_FOREIGN_KEY, "number of referencing and referenced columns for foreign key disagree"
            )
        uniques = self.uniques if target is self.table else target.uniques
        if names != target.primary_key and names not in [unique.columns for unique in uniques]:
            raise error_at(
                node,
                INVALID_FOREIGN_KEY,
                f'there is no unique constraint matching given keys for referenced table "{spoken}"',
            )
        types = {column.name: column.type for column in target.columns}
        own = {column.name: column.type for column in self.table.columns}
        for column, name in zip(columns, names, strict=True):
            if own[column].kind is not types[name].kind or own[column].scale != types[name].scale:
                raise error_at(
                    node, "42804",
                    f'key columns "{column}" and "{name}" are of unlike types: {own[column]} and {types[name]}',
                )  # fmt: skip


def _read_action(node: exp.Expression, option: str, actions: dict[str, str], times: list[str]) -> None:
    """Take one option of a foreign key into `actions`, or into `times` if it says when the key is looked at."""
    words = option.split()
    if words[:1] == ["ON"] and len(words) >= 3 and words[1] in actions and " ".join(words[2:]).lower() in ACTIONS:  # noqa: PLR2004
        actions[words[1]] = " ".join(words[2:]).lower()
    elif words[0] in ("NOT", "DEFERRABLE", "INITIALLY") and words[-1] != "ENFORCED":
        times.append(option)
    elif option != "MATCH SIMPLE":
        raise unsupported(node, option)


def _is_deferred(node: exp.Expression, times: list[str]) -> bool:
    """Whether a foreign key waits for the transaction's end.

    DEFERRABLE alone changes nothing: no statement sets another time.
    """
    if len([one for one in times if one.endswith("DEFERRABLE")]) > 1:
        raise error_at(node, SYNTAX, "multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed")
    if len([one for one in times if one.startswith("INITIALLY")]) > 1:
        raise error_at(node, SYNTAX, "multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed")
    if "INITIALLY DEFERRED" not in times:
        return False
    if "NOT DEFERRABLE" in times:
        raise error_at(node, SYNTAX, "constraint declared INITIALLY DEFERRED must be DEFERRABLE")
    return True


def _column_names(nodes: Sequence[exp.Expression]) -> tuple[str, ...]:
    names = []
    for node in nodes:
        target = node.this if isinstance(node, exp.Ordered) else node
        if isinstance(target, exp.Column) and target.args.get("table") is None:
            target = target.this
        names.append(name_of(target))
    return tuple(names)


def _create_index(catalog: Catalog, tree: exp.Create) -> Definition:
    require_only(tree, "this", "kind", "unique", "exists")
    index_node = tree.this
    require_only(index_node, "this", "table", "params")
    table_node, params = index_node.args["table"], index_node.args["params"]
    require_only(params, "columns", "using")
    using = params.args.get("using")
    if using is not None and str(using.this).lower() != "btree":
        raise unsupported(using, f"an index using {using.this}")
    name = table_name_of(table_node)
    table = catalog.tables.get(name)
    if table is None:
        raise error_at(table_node, UNDEFINED_TABLE, f'relation "{spoken_name(name)}" does not exist')
    columns = []
    for part in params.args["columns"]:
        if not isinstance(part, exp.Ordered) or not isinstance(part.this, exp.Column):
            raise unsupported(part, "an index over an expression")
        require_only(part, "this", "nulls_first", "desc")
        column = find_column(table, part.this)
        if column.type.kind in UNKEYED and tree.args.get("unique"):
            raise unsupported(part, f"a key over column {column.name} of type {column.type}")
        columns.append(column.name)
    if index_node.this is None and tree.args.get("exists"):
        raise error_at(table_node, SYNTAX, "IF NOT EXISTS takes the name of an index")
    contract, base = split_name(name)
    own = name_of(index_node.this) if index_node.this is not None else "_".join((base, *columns, "idx")).lower()[:63]
    check_object_name(own, tree)
    full = f"{contract}.{own}"
    if is_taken(catalog, full):
        if tree.args.get("exists"):
            return Definition("CREATE INDEX", catalog)
        raise error_at(tree, DUPLICATE_TABLE, f'relation "{own}" already exists')
    index = Index(full, name, tuple(columns), bool(tree.args.get("unique")))
    indexes = {**catalog.indexes, full: index}
    return Definition("CREATE INDEX", replace(catalog, indexes=indexes), new_indexes=(full,))


def _create_view(catalog: Catalog, tree: exp.Create) -> Definition:
    require_only(tree, "this", "kind", "expression", "replace")
    schema = tree.this if isinstance(tree.this, exp.Schema) else None
    node = schema.this if schema is not None else tree.this
    name = table_name_of(node)
    check_table_name(name, node)
    exists = is_taken(catalog, name)
    if exists and not (tree.args.get("replace") and name in catalog.views):
        raise error_at(node, DUPLICATE_TABLE, f'relation "{spoken_name(name)}" already exists')
    without = replace(catalog, views={key: view for key, view in catalog.views.items() if key != name})
    query = bind_query(top_binder(without), tree.args["expression"])
    names = [column.name for column in query.columns]
    wanted = _column_names(schema.expressions) if schema is not None else ()
    names = [*wanted, *names[len(wanted) :]]
    if len(wanted) > len(query.columns):
        raise error_at(node, SYNTAX, "CREATE VIEW specifies more column names than columns")
    for column in names:
        check_column_name(column, node)
        if names.count(column) > 1:
            raise error_at(node, DUPLICATE_COLUMN, f'column "{column}" specified more than once')
    view = View(name, tuple(names), canonical_query(tree.args["expression"], without))
    return Definition("CREATE VIEW", require_valid_views(replace(catalog, views={**catalog.views, name: view}), tree))


def require_valid_views(catalog: Catalog, node: exp.Expression) -> Catalog:
    """The catalog, if each of its views still means something; raises SqlError 2BP01."""
    for broken in broken_views(catalog):
        raise error_at(node, DEPENDENT, f"view {spoken_name(broken)} depends on what would be changed")
    return catalog


def broken_views(catalog: Catalog) -> list[TableName]:
    """The views whose queries no longer bind, or to other columns."""
    found = []
    for name in sorted(catalog.views):
        view = catalog.views[name]
        try:
            count = len(bind_view(top_binder(catalog), name, view.query).columns)
        except SqlError:
            count = -1
        if count != len(view.columns):
            found.append(name)
    return found


def without_broken_views(catalog: Catalog) -> Catalog:
    """The catalog after CASCADE."""
    while broken := broken_views(catalog):
        catalog = replace(catalog, views={name: view for name, view in catalog.views.items() if name not in broken})
    return catalog


def drop(catalog: Catalog, tree: exp.Drop) -> Definition:
    """What a DROP leads to."""
    require_only(tree, "tables", "kind", "exists", "cascade", "restrict")
    kind = str(tree.args.get("kind") or "").upper()
    if kind not in ("TABLE", "INDEX", "VIEW"):
        raise unsupported(tree, f"DROP {kind}")
    tables, indexes, views = dict(catalog.tables), dict(catalog.indexes), dict(catalog.views)
    of_kind: dict[str, dict[str, object]] = {"TABLE": tables, "INDEX": indexes, "VIEW": views}  # type: ignore[dict-item]
    gone: list[str] = []
    for node in tree.args["tables"]:
        name = str(table_name_of(node))
        if name in of_kind[kind]:
            del of_kind[kind][name]
            gone.append(name)
        elif is_taken(catalog, name):
            raise error_at(
                node,
                WRONG_OBJECT,
                f'"{spoken_name(TableName(name))}" is not a{"n" if kind == "INDEX" else ""} {kind.lower()}',
            )
        elif not tree.args.get("exists"):
            state = UNDEFINED_OBJECT if kind == "INDEX" else UNDEFINED_TABLE
            raise error_at(node, state, f'{kind.lower()} "{spoken_name(TableName(name))}" does not exist')
    result = replace(catalog, tables=tables, indexes=indexes, views=views)
    cascade = bool(tree.args.get("cascade"))
    if kind == "INDEX":
        return Definition("DROP INDEX", result, dropped_indexes=tuple(gone))
    dropped = tuple(TableName(name) for name in gone)
    rebuilt: dict[TableName, Mapping[str, str]] = {}
    if kind == "TABLE":
        result = replace(result, indexes={key: index for key, index in indexes.items() if index.table not in dropped})
        result, rebuilt = _without_references(result, dropped, tree, cascade=cascade)
        result, numbered = without_owned(result, lambda owner: owner[0] in dropped, tree)
        dropped += numbered
    result = without_broken_views(result) if cascade else require_valid_views(result, tree)
    return Definition(f"DROP {kind}", result, dropped=dropped if kind == "TABLE" else (), rebuilt=rebuilt)


def without_owned(
    catalog: Catalog, is_gone: Callable[[tuple[TableName, str]], bool], node: exp.Expression
) -> tuple[Catalog, tuple[TableName, ...]]:
    """The catalog without the sequences of columns that go, and their names; raises SqlError 2BP01."""
    gone = tuple(name for name, one in catalog.sequences.items() if one.owner is not None and is_gone(one.owner))
    for table in catalog.tables.values():
        for column in table.columns:
            for name in gone:
                if uses(column.default or "", name) and not is_gone((table.name, column.name)):
                    what = f"column {column.name} of table {spoken_name(table.name)}"
                    raise error_at(node, DEPENDENT, f"{what} takes numbers from sequence {spoken_name(name)}")
    kept = {name: one for name, one in catalog.sequences.items() if name not in gone}
    return replace(catalog, sequences=kept), gone


def _without_references(
    catalog: Catalog, dropped: tuple[TableName, ...], node: exp.Expression, *, cascade: bool
) -> tuple[Catalog, dict[TableName, Mapping[str, str]]]:
    """The catalog without foreign keys to dropped tables; raises SqlError 2BP01 unless `cascade`."""
    tables = dict(catalog.tables)
    rebuilt: dict[TableName, Mapping[str, str]] = {}
    for name, table in catalog.tables.items():
        kept = tuple(key for key in table.foreign_keys if key.target not in dropped)
        if len(kept) == len(table.foreign_keys):
            continue
        if not cascade:
            raise error_at(node, DEPENDENT, f"cannot drop table because table {spoken_name(name)} references it")
        tables[name] = replace(table, foreign_keys=kept)
        rebuilt[name] = {}
    return replace(catalog, tables=tables), rebuilt
