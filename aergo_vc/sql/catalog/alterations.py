"""ALTER TABLE: each action gives a new table value and how the old rows become new ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import HIDDEN_KEY, Catalog, Check, Column, ForeignKey, Table, split_name, spoken_name
from aergo_vc.sql.catalog.canonical import canonical_expression
from aergo_vc.sql.catalog.definitions import (
    TableBuilder,
    create,
    drop,
    is_taken,
    require_valid_views,
    without_broken_views,
    without_owned,
)
from aergo_vc.sql.catalog.names import check_column_name, check_table_name
from aergo_vc.sql.errors import (
    DATATYPE_MISMATCH,
    DEPENDENT,
    DUPLICATE_COLUMN,
    DUPLICATE_TABLE,
    INVALID_DEFINITION,
    SYNTAX,
    UNDEFINED_OBJECT,
)
from aergo_vc.sql.language.column_types import stored_type_of
from aergo_vc.sql.language.expressions import assign, cast, stored
from aergo_vc.sql.language.scope import table_name_of
from aergo_vc.sql.language.source import error_at, name_of, parse_expression, require_only, spoken, unsupported
from aergo_vc.sql.language.statements import find_column, find_table
from aergo_vc.sql.language.storage import bind_check, bind_default, table_binder, takes_numbers
from aergo_vc.sql.privileges.granting import with_renamed_column, with_renamed_table
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.types.values import TEXTS, is_assignable


@dataclass(slots=True)
class _Alteration:
    """A table on its way through the actions of one statement."""

    catalog: Catalog
    original: Table
    table: Table
    node: exp.Expression
    cells: dict[str, str] = field(default_factory=dict)
    cascade: bool = False

    def put(self, table: Table) -> None:
        self.table = table


DEFINING = (exp.Create, exp.Drop, exp.Alter)
"""Nodes of defining statements."""


def define(catalog: Catalog, tree: exp.Expression) -> Definition:
    """What a defining statement leads to; raises SqlError and changes nothing."""
    if isinstance(tree, exp.Create):
        return create(catalog, tree)
    if isinstance(tree, exp.Drop):
        return drop(catalog, tree)
    return _alter(catalog, tree)


def _alter(catalog: Catalog, tree: exp.Expression) -> Definition:
    require_only(tree, "this", "kind", "exists", "actions", "options")
    if str(tree.args.get("kind")).upper() != "TABLE":
        raise unsupported(tree, f"ALTER {tree.args.get('kind')}")
    name = table_name_of(tree.this)
    if tree.args.get("exists") and not is_taken(catalog, name):
        return Definition("ALTER TABLE", catalog)
    table = find_table(catalog, tree.this)
    actions = tree.args.get("actions") or []
    options = tree.args.get("options") or []
    first = actions[0] if len(actions) == 1 else None
    if isinstance(first, exp.AlterRename):
        if options:
            return _rename_column(catalog, table, name_of(first.this.this), name_of(options[0].this.this), tree)
        return _rename_table(catalog, table, first)
    if options:
        raise unsupported(tree, "this form of ALTER TABLE")
    if isinstance(first, exp.RenameColumn):
        require_only(first, "this", "to")
        return _rename_column(catalog, table, name_of(first.this.this), name_of(first.args["to"].this), tree)
    work = _Alteration(catalog, table, table, tree)
    work.cells = {column.name: quote_name(column.name) for column in table.columns}
    for action in actions:
        _act(work, action)
    return _finish(work)


def _finish(work: _Alteration) -> Definition:
    name = work.table.name
    if work.table == work.original:
        return Definition("ALTER TABLE", work.catalog)
    catalog = replace(work.catalog, tables={**work.catalog.tables, name: work.table})
    for check in work.table.checks:
        bind_check(catalog, work.table, parse_expression(check.expression))
    _require_references(catalog, work)
    known = {column.name for column in work.table.columns}
    lost = {
        key for key, index in catalog.indexes.items() if index.table == name and not known.issuperset(index.columns)
    }
    catalog = replace(catalog, indexes={key: index for key, index in catalog.indexes.items() if key not in lost})
    catalog = without_broken_views(catalog) if work.cascade else require_valid_views(catalog, work.node)
    catalog, gone = without_owned(catalog, lambda owner: owner[0] == name and owner[1] not in known, work.node)
    cells = {column.name: work.cells[column.name] for column in work.table.columns}
    checked = (name,) if work.table.foreign_keys != work.original.foreign_keys else ()
    return Definition("ALTER TABLE", catalog, rebuilt={name: cells}, checked=checked, dropped=gone)


def _require_references(catalog: Catalog, work: _Alteration) -> None:
    """Other tables' foreign keys must still find their unique columns, of the same types."""
    table = work.table
    types = {column.name: column.type for column in table.columns}
    uniques = [table.primary_key, *(unique.columns for unique in table.uniques)]
    for other in catalog.tables.values():
        own = {column.name: column.type for column in other.columns}
        for key in other.foreign_keys:
            if table.name not in (key.target, other.name):
                continue
            target = catalog.tables[key.target]
            types = {column.name: column.type for column in target.columns}
            uniques = [target.primary_key, *(unique.columns for unique in target.uniques)]
            fits = key.target_columns in uniques and all(
                own[column].kind is types[name].kind and own[column].scale == types[name].scale
                for column, name in zip(key.columns, key.target_columns, strict=True)
            )
            if not fits:
                raise error_at(
                    work.node, DEPENDENT, f"foreign key {key.name} of {spoken_name(other.name)} depends on it"
                )


def _act(work: _Alteration, action: exp.Expression) -> None:
    if isinstance(action, exp.ColumnDef):
        _add_column(work, action)
    elif isinstance(action, exp.Drop):
        _drop(work, action)
    elif isinstance(action, exp.AlterColumn):
        _alter_column(work, action)
    elif isinstance(action, exp.AddConstraint):
        _add_constraint(work, action)
    else:
        raise unsupported(action, f"{spoken(action)} in ALTER TABLE")


def _add_column(work: _Alteration, action: exp.Expression) -> None:
    name = name_of(action.this)
    if any(column.name == name for column in work.table.visible_columns):
        if action.args.get("exists"):
            return
        raise error_at(action, DUPLICATE_COLUMN, f'column "{name}" of relation "{_spoken(work)}" already exists')
    builder = TableBuilder(work.catalog, work.table)
    had_key = not work.table.has_hidden_key
    builder.add_column(action)
    if takes_numbers(builder.columns[-1].default):
        raise unsupported(action, "adding a column that takes numbers from a sequence")
    if bool(builder.primary_key) != had_key:
        raise unsupported(action, "adding a column as primary key")
    work.put(builder.finish(action))
    column = find_column(work.table, action.this)
    work.cells[name] = (
        "NULL" if column.default is None else bind_default(work.catalog, column, parse_expression(column.default))
    )


def _spoken(work: _Alteration) -> str:
    return split_name(work.table.name)[1]


def _drop(work: _Alteration, action: exp.Expression) -> None:
    require_only(action, "tables", "kind", "exists", "cascade", "restrict")
    kind = str(action.args.get("kind")).upper()
    work.cascade = work.cascade or bool(action.args.get("cascade"))
    node = action.args["tables"][0]
    if kind == "COLUMN":
        _drop_column(work, node, exists=bool(action.args.get("exists")))
    elif kind == "CONSTRAINT":
        _drop_constraint(work, node, exists=bool(action.args.get("exists")))
    else:
        raise unsupported(action, f"DROP {kind} in ALTER TABLE")


def _drop_column(work: _Alteration, node: exp.Expression, *, exists: bool) -> None:
    table = work.table
    name = name_of(node.this)
    if exists and not any(column.name == name for column in table.visible_columns):
        return
    find_column(table, node.this)
    if name in table.primary_key:
        raise unsupported(node, "dropping a column of the primary key")
    work.put(
        replace(
            table,
            columns=tuple(column for column in table.columns if column.name != name),
            uniques=tuple(unique for unique in table.uniques if name not in unique.columns),
            checks=tuple(check for check in table.checks if not _mentions(check, name)),
            foreign_keys=tuple(key for key in table.foreign_keys if name not in key.columns),
        )
    )
    if not work.table.visible_columns:
        raise unsupported(node, "a table without columns")


def _mentions(check: Check, name: str) -> bool:
    return any(name_of(found.this) == name for found in parse_expression(check.expression).find_all(exp.Column))


def _drop_constraint(work: _Alteration, node: exp.Expression, *, exists: bool) -> None:
    table, name = work.table, name_of(node.this)
    if name == f"{_spoken(work)}_pkey" and not table.has_hidden_key:
        raise unsupported(node, "dropping a primary key")
    trimmed = replace(
        table,
        uniques=tuple(unique for unique in table.uniques if unique.name != name),
        checks=tuple(check for check in table.checks if check.name != name),
        foreign_keys=tuple(key for key in table.foreign_keys if key.name != name),
    )
    if trimmed == table and not exists:
        message = f'constraint "{name}" of relation "{_spoken(work)}" does not exist'
        raise error_at(node, UNDEFINED_OBJECT, message)
    work.put(trimmed)


def _alter_column(work: _Alteration, action: exp.Expression) -> None:
    require_only(action, "this", "dtype", "using", "default", "drop", "allow_null", "collate")
    column = find_column(work.table, action.this)
    if action.args.get("dtype") is not None:
        _change_type(work, action, column)
    elif column.identity is not None and (action.args.get("default") is not None or not _is_about_null(action)):
        message = f'column "{column.name}" of relation "{_spoken(work)}" is an identity column'
        raise error_at(action, SYNTAX, message)
    elif action.args.get("default") is not None:
        tree = action.args["default"]
        bind_default(work.catalog, column, tree)
        _replace_column(work, column, replace(column, default=canonical_expression(tree)))
    elif action.args.get("allow_null") is None:
        _replace_column(work, column, replace(column, default=None))
    elif action.args.get("drop"):
        if column.name in work.table.primary_key:
            raise error_at(action, INVALID_DEFINITION, f'column "{column.name}" is in a primary key')
        _replace_column(work, column, replace(column, not_null=False))
    else:
        _replace_column(work, column, replace(column, not_null=True))


def _is_about_null(action: exp.Expression) -> bool:
    return action.args.get("allow_null") is not None


def _replace_column(work: _Alteration, old: Column, new: Column) -> None:
    work.put(replace(work.table, columns=tuple(new if column == old else column for column in work.table.columns)))


def _change_type(work: _Alteration, action: exp.Expression, column: Column) -> None:
    target = stored_type_of(action.args["dtype"], work.catalog.types)
    binder = table_binder(work.catalog, work.original, refused="ALTER COLUMN TYPE")
    using = action.args.get("using")
    if work.cells[column.name] != quote_name(column.name):
        raise unsupported(action, "changing a column twice in one statement")
    if isinstance(using, exp.Expression):
        if using.find(exp.Query) is not None:
            raise unsupported(using, "a subquery in USING")
        work.cells[column.name] = assign(binder.bind(using), target, column.name)
    else:
        if not is_assignable(column.type.kind, target.kind):
            message = f'column "{column.name}" cannot be cast automatically to type {target}'
            raise error_at(action, DATATYPE_MISMATCH, message)
        old = binder.bind(exp.Column(this=exp.to_identifier(column.name, quoted=True)))
        sql = assign(old, target, column.name) if target.kind in TEXTS else stored(cast(old, target), target)
        work.cells[column.name] = sql
    changed = replace(column, type=target)
    if changed.default is not None:
        bind_default(work.catalog, changed, parse_expression(changed.default))
    _replace_column(work, column, changed)


def _add_constraint(work: _Alteration, action: exp.Expression) -> None:
    require_only(action, "expressions")
    for part in action.expressions:
        had_hidden = work.table.has_hidden_key
        builder = TableBuilder(work.catalog, work.table)
        builder.add_item(part)
        work.put(builder.finish(part))
        if had_hidden and not work.table.has_hidden_key:
            work.cells.pop(HIDDEN_KEY, None)


def _rename_table(catalog: Catalog, table: Table, action: exp.Expression) -> Definition:
    require_only(action, "this")
    if action.this.args.get("db"):
        raise unsupported(action, "moving a table to another contract")
    old = table.name
    contract = split_name(old)[0]
    new = TableName(f"{contract}.{name_of(action.this.this)}")
    check_table_name(new, action)
    if is_taken(catalog, new):
        raise error_at(action, DUPLICATE_TABLE, f'relation "{spoken_name(new)}" already exists')
    tables: dict[TableName, Table] = {}
    rebuilt: dict[TableName, Mapping[str, str]] = {}
    for name, other in catalog.tables.items():
        keys = tuple(replace(key, target=new) if key.target == old else key for key in other.foreign_keys)
        changed = replace(other, foreign_keys=keys, name=new if name == old else name)
        tables[changed.name] = changed
        if keys != other.foreign_keys and name != old:
            rebuilt[name] = {}
    indexes = {
        key: replace(index, table=new) if index.table == old else index for key, index in catalog.indexes.items()
    }
    sequences = {
        name: replace(one, owner=(new, one.owner[1])) if one.owner is not None and one.owner[0] == old else one
        for name, one in catalog.sequences.items()
    }
    grants = with_renamed_table(catalog.grants, old, new)
    renamed = replace(catalog, tables=tables, indexes=indexes, sequences=sequences, grants=grants)
    result = require_valid_views(renamed, action)
    rebuilt[new] = {}
    return Definition("ALTER TABLE", result, renamed={old: new}, rebuilt=rebuilt)


def _rename_column(catalog: Catalog, table: Table, old: str, new: str, node: exp.Expression) -> Definition:
    column = find_column(table, exp.to_identifier(old, quoted=True))
    check_column_name(new, node)
    if any(other.name.lower() == new.lower() and other is not column for other in table.columns):
        raise error_at(
            node, DUPLICATE_COLUMN, f'column "{new}" of relation "{split_name(table.name)[1]}" already exists'
        )
    changed = replace(
        _with_renamed(table, old, new),
        columns=tuple(replace(other, name=new) if other is column else other for other in table.columns),
    )
    tables = {**catalog.tables, table.name: changed}
    rebuilt: dict[TableName, Mapping[str, str]] = {table.name: {new: quote_name(old)}}
    for name, other in tables.items():
        keys = tuple(_renamed_target(key, table.name, old, new) for key in other.foreign_keys)
        if keys != other.foreign_keys:
            tables[name] = replace(other, foreign_keys=keys)
            rebuilt.setdefault(name, {})
    indexes = {
        key: replace(index, columns=_renamed(index.columns, old, new)) if index.table == table.name else index
        for key, index in catalog.indexes.items()
    }
    sequences = {
        name: replace(one, owner=(table.name, new)) if one.owner == (table.name, old) else one
        for name, one in catalog.sequences.items()
    }
    grants = with_renamed_column(catalog.grants, table.name, old, new)
    renamed = replace(catalog, tables=tables, indexes=indexes, sequences=sequences, grants=grants)
    result = require_valid_views(renamed, node)
    return Definition("ALTER TABLE", result, rebuilt=rebuilt)


def _renamed(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in names)


def _with_renamed(table: Table, old: str, new: str) -> Table:
    return replace(
        table,
        primary_key=_renamed(table.primary_key, old, new),
        uniques=tuple(replace(unique, columns=_renamed(unique.columns, old, new)) for unique in table.uniques),
        checks=tuple(_renamed_check(check, old, new) for check in table.checks),
        foreign_keys=tuple(replace(key, columns=_renamed(key.columns, old, new)) for key in table.foreign_keys),
    )


def _renamed_check(check: Check, old: str, new: str) -> Check:
    tree = parse_expression(check.expression).copy()
    for found in tree.find_all(exp.Column):
        if name_of(found.this) == old:
            found.set("this", exp.to_identifier(new, quoted=True))
    return replace(check, expression=canonical_expression(tree))


def _renamed_target(key: ForeignKey, target: TableName, old: str, new: str) -> ForeignKey:
    return replace(key, target_columns=_renamed(key.target_columns, old, new)) if key.target == target else key
