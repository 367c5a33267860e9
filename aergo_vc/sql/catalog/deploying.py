"""Deployment: a script that says what a contract is, run against what the contract is already.

Tables, indexes, types and sequences that exist as the script defines them are left alone; those that exist otherwise
are an error, so that whatever changes rows is written down as statements before their definition.  Views and routines
are replaced, and dropped where the script does not name them any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog, Check, Column, ForeignKey, Table, Unique
from aergo_vc.sql.catalog.definitions import broken_views
from aergo_vc.sql.catalog.names import check_contract_name
from aergo_vc.sql.errors import DEPENDENT, DUPLICATE_OBJECT, DUPLICATE_TABLE, RESERVED_NAME, UNSUPPORTED, SqlError
from aergo_vc.sql.language.scope import table_name_of
from aergo_vc.sql.language.source import Statement, name_of
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.own_statements import (
    AddEnumValue,
    CreateComposite,
    CreateEnum,
    CreateRoutine,
    CreateSequence,
    OwnStatement,
    WrittenName,
)
from aergo_vc.sql.running.definition_values import Definition

INSUFFICIENT_PRIVILEGE = "42501"
ADMIN = "admin"
"""The role of the directory that may deploy every contract."""

Tree = exp.Expression | OwnStatement
Define = Callable[[Catalog, Tree, str], Definition]
"""What a defining statement leads to in the name of a contract."""

Name = TypeVar("Name", bound=str)
Defined = TypeVar("Defined")


def require_deployable(contract: str) -> None:
    """Raise SqlError unless a contract of this name may be deployed."""
    check_contract_name(contract)
    if contract in (DEFAULT_CONTRACT, "directory"):
        raise SqlError(RESERVED_NAME, f'contract "{contract}" is not deployed: scripts change it')


class OtherDefinitionError(SqlError):
    """What a deployment defines exists with another definition."""

    code = "E_OTHER_DEFINITION"


@dataclass(slots=True)
class _Declared:
    """A table that exists and that the script defines anew: as it would be made, and where the script says so."""

    table: Table
    statement: Statement


class Deployment:
    """The course of one deployment."""

    def __init__(self, contract: str, context: ExecutionContext, define: Define) -> None:
        require_deployable(contract)
        self.contract, self._context, self._define = contract, context, define
        self._declared: dict[TableName, _Declared] = {}
        self._named: set[str] = set()

    def begin(self, catalog: Catalog) -> Definition:
        """What has to be done first: the deployer becomes the owner where there is none; raises SqlError 42501.

        Views go, since the script will make them anew, and a migration shall not trip over those that it leaves out.
        """
        owner = catalog.owners.get(self.contract)
        signer = self._context.signer
        if owner not in (None, signer) and ADMIN not in self._context.roles:
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of contract {self.contract}")
        begun = replace(catalog, owners={**catalog.owners, self.contract: owner or signer})
        without = replace(begun, views={name: view for name, view in begun.views.items() if not self._is_own(name)})
        return Definition("DEPLOY", begun if broken_views(without) else without)

    def admit(self, catalog: Catalog, statement: Statement) -> Tree | None:
        """The statement to run in place of the script's own, or None where there is nothing to do.

        Raises SqlError 42P07, 42710 for what exists with another definition.
        """
        tree = statement.tree
        if isinstance(tree, OwnStatement):
            return self._admit_own(catalog, tree)
        if isinstance(tree, exp.Create):
            return self._admit_create(catalog, tree, statement)
        if isinstance(tree, exp.Alter) and str(tree.args.get("kind")).upper() == "TABLE":
            return self._admit_alter(catalog, tree)
        return tree

    def finish(self, catalog: Catalog) -> Definition:
        """What has to be done last: to drop what the script does not name; raises SqlError 42P07."""
        for name, declared in self._declared.items():
            difference = _table_difference(catalog.tables.get(name), declared.table)
            if difference is not None:
                message = f'relation "{name}" exists with another definition: {difference}'
                error = OtherDefinitionError(DUPLICATE_TABLE, message)
                error.place(declared.statement.number, declared.statement.line, declared.statement.column)
                raise error
        views, routines = self._still_named(catalog.views), self._still_named(catalog.routines)
        finished = replace(catalog, views=views, routines=routines)
        for broken in broken_views(finished):
            raise SqlError(DEPENDENT, f"view {broken} depends on what the script leaves out or changes")
        return Definition("DEPLOY", finished)

    def _still_named(self, found: Mapping[Name, Defined]) -> Mapping[Name, Defined]:
        return {name: one for name, one in found.items() if not self._is_own(name) or name in self._named}

    def _is_own(self, name: str) -> bool:
        return name.startswith(self.contract + ".")

    def _admit_create(self, catalog: Catalog, tree: exp.Create, statement: Statement) -> Tree | None:
        kind = str(tree.args.get("kind") or "").upper()
        if kind == "SCHEMA":
            self._require_own(name_of(tree.this.args.get("db")) + ".")
            return None
        if kind == "INDEX":
            return self._admit_index(catalog, tree)
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        name = self._own_name(node)
        self._named.add(name)
        if kind == "VIEW":
            replacing = tree.copy()
            replacing.args["replace"] = True
            return replacing
        if kind != "TABLE" or name not in catalog.tables or name in self._declared:
            return tree
        if tree.args.get("exists"):
            tree = tree.copy()
            tree.args["exists"] = False
        table = self._trial(catalog, name, tree).catalog.tables[name]
        self._declared[name] = _Declared(table, statement)
        return None

    def _admit_alter(self, catalog: Catalog, tree: exp.Alter) -> Tree | None:
        """What changes a table behind its definition is a part of that: foreign keys may point both ways."""
        node = tree.this
        name = self._own_name(node) if not node.args.get("db") else table_name_of(node)
        if name not in self._declared:
            return tree
        changed = self._define(self._as_declared(catalog), tree, self.contract).catalog.tables.get(name)
        if changed is None:
            raise SqlError(UNSUPPORTED, "renaming a table behind its definition is not supported in a deployment")
        self._declared[name].table = changed
        return None

    def _admit_index(self, catalog: Catalog, tree: exp.Create) -> Tree | None:
        bare = replace(self._as_declared(catalog), indexes={})
        made = self._define(bare, tree, self.contract).catalog.indexes
        name = next(iter(made))
        self._require_own(name)
        if name not in catalog.indexes:
            return tree
        if catalog.indexes[name] != made[name]:
            raise OtherDefinitionError(DUPLICATE_TABLE, f'relation "{name}" exists with another definition')
        return None

    def _admit_own(self, catalog: Catalog, tree: OwnStatement) -> Tree | None:
        if isinstance(tree, CreateRoutine):
            self._named.add(self._own_written(tree.name))
            return replace(tree, replace=True, anew=True)
        if isinstance(tree, AddEnumValue):
            # PostgreSQL has no IF EXISTS here, and on the first deployment the type is yet to come.
            exists = f"{tree.name.contract or self.contract}.{tree.name.name}" in catalog.types
            return tree if exists or tree.name.contract not in (None, self.contract) else None
        if isinstance(tree, CreateEnum | CreateComposite):
            name = self._own_written(tree.name)
            types = {other: found for other, found in catalog.types.items() if other != name}
            made = self._define(replace(catalog, types=types), tree, self.contract).catalog.types[name]
            return self._unless_same(tree, DUPLICATE_OBJECT, f'type "{name}"', catalog.types.get(name), made)
        if isinstance(tree, CreateSequence):
            own = TableName(self._own_written(tree.name))
            sequences = {other: found for other, found in catalog.sequences.items() if other != own}
            tables = {other: found for other, found in catalog.tables.items() if other != own}
            bare = replace(catalog, sequences=sequences, tables=tables)
            new = self._define(bare, tree, self.contract).catalog.sequences[own]
            return self._unless_same(tree, DUPLICATE_TABLE, f'relation "{own}"', catalog.sequences.get(own), new)
        return tree

    def _unless_same(
        self, tree: OwnStatement, sqlstate: str, what: str, old: object | None, new: object
    ) -> OwnStatement | None:
        if old is None:
            return tree
        if old != new:
            raise OtherDefinitionError(sqlstate, f"{what} exists with another definition", tree.line, tree.column)
        return None

    def _trial(self, catalog: Catalog, name: TableName, tree: exp.Expression) -> Definition:
        """The definition of a table as if it were not there yet."""
        declared = self._as_declared(catalog)
        gone = {other for other, one in catalog.sequences.items() if one.owner is not None and one.owner[0] == name} | {
            name
        }
        bare = replace(
            declared,
            tables={other: table for other, table in declared.tables.items() if other not in gone},
            sequences={other: one for other, one in declared.sequences.items() if other not in gone},
            indexes={other: one for other, one in declared.indexes.items() if one.table != name},
            views={},
        )
        return self._define(bare, tree, self.contract)

    def _as_declared(self, catalog: Catalog) -> Catalog:
        """The catalog with the tables as the script has defined them so far."""
        declared = {name: one.table for name, one in self._declared.items() if name in catalog.tables}
        return replace(catalog, tables={**catalog.tables, **declared}, views={})

    def _own_name(self, node: exp.Expression) -> TableName:
        name = table_name_of(node) if node.args.get("db") else TableName(f"{self.contract}.{name_of(node.this)}")
        self._require_own(name)
        return name

    def _own_written(self, name: WrittenName) -> str:
        full = f"{name.contract or self.contract}.{name.name}"
        self._require_own(full)
        return full

    def _require_own(self, name: str) -> None:
        if not self._is_own(name):
            other = name.partition(".")[0]
            message = f'a deployment of contract "{self.contract}" makes nothing in contract "{other}"'
            raise SqlError(UNSUPPORTED, message)


def _table_difference(old: Table | None, new: Table) -> str | None:
    """The first thing in which two definitions differ; None if they are the same."""
    if old is None:
        return "it is gone"
    if old == new:
        return None
    columns = {column.name: column for column in old.visible_columns}
    for column in new.visible_columns:
        before = columns.pop(column.name, None)
        if before != column:
            return f"column {column.name} {_column_difference(before, column)}"
    if columns:
        return f"column {next(iter(columns))} is not in the script"
    return _other_difference(old, new)


def _other_difference(old: Table, new: Table) -> str:
    if [column.name for column in old.visible_columns] != [column.name for column in new.visible_columns]:
        return "its columns stand in another order"
    if old.primary_key != new.primary_key:
        return "its primary key is another one"
    return _constraint_difference(old, new)


def _column_difference(old: Column | None, new: Column) -> str:
    if old is None:
        return "is missing"
    if old.type != new.type:
        return f"has type {old.type}, not {new.type}"
    if old.not_null != new.not_null:
        return "is NOT NULL" if old.not_null else "is not NOT NULL"
    if old.default != new.default:
        return f"has the default {old.default or 'NULL'}, not {new.default or 'NULL'}"
    return "is defined otherwise"


def _constraints(table: Table) -> dict[str, Unique | Check | ForeignKey]:
    constraints: tuple[Unique | Check | ForeignKey, ...] = (*table.uniques, *table.checks, *table.foreign_keys)
    return {one.name: one for one in constraints}


def _constraint_difference(old: Table, new: Table) -> str:
    before, after = _constraints(old), _constraints(new)
    for constraint in after.values():
        found = before.pop(constraint.name, None)
        if found is None:
            return f"constraint {constraint.name} is missing"
        if found != constraint:
            return f"constraint {constraint.name} is another one"
    return f"constraint {next(iter(before))} is not in the script" if before else "it is defined otherwise"
