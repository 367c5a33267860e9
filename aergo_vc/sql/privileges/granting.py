"""GRANT and REVOKE, and what becomes of grants when definitions change.

Of an object that nobody owns and of which no privilege was granted or revoked yet, everybody has all.  Its first GRANT
or REVOKE makes it the administrators': GRANT lets those in whom it names and nobody else, REVOKE leaves the others all
that it does not take.  Contracts themselves stay open for what is not revoked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.base.names import NameNotAllowedError, entity_name
from aergo_vc.codec.grant_text import EVERYBODY
from aergo_vc.codec.schema_text import contracts
from aergo_vc.model.routines import Grant
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.errors import (
    INVALID_GRANT_OPERATION,
    INVALID_NAME,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    UNDEFINED_SCHEMA,
    UNDEFINED_TABLE,
    UNSUPPORTED,
    WRONG_OBJECT,
    SqlError,
)
from aergo_vc.sql.language.qualifying import home_of
from aergo_vc.sql.language.routine_calls import find_routine
from aergo_vc.sql.privileges.rights import ADMIN, ROLE_PREFIX, contract_of, described
from aergo_vc.sql.procedures.own_statements import (
    ChangeGrants,
    ObjectKind,
    WrittenName,
    WrittenObject,
    WrittenPrivilege,
)
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.needs import object_of

OF_COLUMNS = ("insert", "references", "select", "update")
"""The privileges that columns have."""
PRIVILEGES = {
    "table": ("delete", "insert", "references", "select", "truncate", "update"),
    "sequence": ("select", "update", "usage"),
    "routine": ("execute",),
    "contract": ("create", "usage"),
}
"""The privileges of each kind of object."""

_ADMINISTRATORS = ROLE_PREFIX + ADMIN
_ROUTINES = (ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE)
_OPEN_ROUTINES = {ObjectKind.FUNCTION: False, ObjectKind.PROCEDURE: True}


def change_grants(catalog: Catalog, tree: ChangeGrants, contract: str) -> Definition:
    """What GRANT or REVOKE leads to in the name of a contract; who may do it is not asked here."""
    for grantee in tree.grantees:
        _check_grantee(tree, grantee)
    grants = set(catalog.grants)
    for thing, name in granted_things(catalog, tree, contract):
        own = {grant for grant in grants if grant.object == thing}
        changed = _Privileges(catalog, tree, thing, name).change(own)
        grants = (grants - own) | changed
    return Definition(tree.tag, replace(catalog, grants=frozenset(grants)))


def _check_grantee(tree: ChangeGrants, grantee: str) -> None:
    try:
        entity_name(grantee.removeprefix(ROLE_PREFIX))
    except NameNotAllowedError as error:
        raise SqlError(INVALID_NAME, error.message, tree.line, tree.column) from error


# Objects


def granted_things(catalog: Catalog, tree: ChangeGrants, contract: str) -> list[tuple[str, WrittenName]]:
    """The objects, as grants name them, and where each was written."""
    if tree.kind is ObjectKind.TYPE:
        message = "privileges on types are not supported: everybody may use them"
        raise SqlError(UNSUPPORTED, message, tree.line, tree.column)
    if tree.all_in:
        return [(thing, one.name) for one in tree.objects for thing in _all_in(catalog, tree.kind, one.name)]
    return [(_thing(catalog, tree.kind, one, contract), one.name) for one in tree.objects]


def _all_in(catalog: Catalog, kind: ObjectKind, written: WrittenName) -> list[str]:
    contract = _contract(catalog, written)
    if kind in _ROUTINES:
        wanted = _OPEN_ROUTINES.get(kind)
        names: Iterable[str] = (
            name for name, one in catalog.routines.items() if wanted is None or one.is_procedure is wanted
        )
        found = [f"routine {name}" for name in names]
    elif kind is ObjectKind.SEQUENCE:
        found = [f"sequence {name}" for name in catalog.sequences]
    else:
        found = [f"table {name}" for name in (*catalog.tables, *catalog.views)]
    return sorted(thing for thing in found if contract_of(thing) == contract)


def _contract(catalog: Catalog, written: WrittenName) -> str:
    if written.name != DEFAULT_CONTRACT and written.name not in contracts(catalog):
        raise SqlError(UNDEFINED_SCHEMA, f'schema "{written.name}" does not exist', written.line, written.column)
    return written.name


def _thing(catalog: Catalog, kind: ObjectKind, one: WrittenObject, contract: str) -> str:
    if kind is ObjectKind.CONTRACT:
        return f"contract {_contract(catalog, one.name)}"
    if kind in _ROUTINES:
        return _routine(catalog, kind, one.name, contract)
    written = one.name
    name = TableName(f"{written.contract or home_of(written.name, catalog, contract)}.{written.name}")
    if name not in catalog.tables and name not in catalog.views and name not in catalog.sequences:
        if name in catalog.indexes:
            raise _error(written, WRONG_OBJECT, f'"{written}" is an index')
        raise _error(written, UNDEFINED_TABLE, f'relation "{written}" does not exist')
    thing = object_of(catalog, name)
    if kind is ObjectKind.SEQUENCE and not thing.startswith("sequence"):
        raise _error(written, WRONG_OBJECT, f'"{written}" is not a sequence')
    return thing


def _routine(catalog: Catalog, kind: ObjectKind, written: WrittenName, contract: str) -> str:
    routine = find_routine(catalog, contract, written.name, written.contract)
    if routine is None:
        raise _error(written, UNDEFINED_FUNCTION, f"{kind.value} {written} does not exist")
    if _OPEN_ROUTINES.get(kind, routine.is_procedure) is not routine.is_procedure:
        raise _error(written, WRONG_OBJECT, f"{written} is not a {kind.value}")
    return f"routine {routine.name}"


def _error(written: WrittenName, sqlstate: str, message: str) -> SqlError:
    return SqlError(sqlstate, message, written.line, written.column)


# Privileges


@dataclass(frozen=True, slots=True)
class _Privileges:
    """One object on its way through a GRANT or a REVOKE."""

    catalog: Catalog
    tree: ChangeGrants
    thing: str
    written: WrittenName

    def change(self, own: set[Grant]) -> set[Grant]:
        """The object's grants afterwards."""
        before = own or self._default()
        after = set(before)
        for privilege, columns in self._named():
            for grantee in self.tree.grantees:
                if self.tree.revoke:
                    after = _revoked(after, privilege, grantee, columns)
                else:
                    after = _granted(after, Grant(self.thing, privilege, grantee, columns))
        if not after and self._is_open_without():
            message = f"{described(self.catalog, self.thing)} must keep one privilege: without any it is open again"
            raise _error(self.written, INVALID_GRANT_OPERATION, message)
        return after

    def _is_open_without(self) -> bool:
        """Whether somebody may do something with the object as long as nothing is granted."""
        return self._kind == "contract" or contract_of(self.thing) not in self.catalog.owners

    def _default(self) -> set[Grant]:
        """What is granted before anything is; not the owner's rights, which need no grant."""
        contract = contract_of(self.thing)
        owner = self.catalog.owners.get(contract)
        every = PRIVILEGES[self._kind]
        if self._kind == "contract":
            keeper, open_ones = owner or _ADMINISTRATORS, every if owner is None else ("usage",)
        elif owner is None:
            keeper, open_ones = _ADMINISTRATORS, every if self.tree.revoke else ()
        else:
            return set()
        return {Grant(self.thing, one, keeper) for one in every} | {
            Grant(self.thing, one, EVERYBODY) for one in open_ones
        }

    @property
    def _kind(self) -> str:
        return self.thing.partition(" ")[0]

    def _named(self) -> list[tuple[str, tuple[str, ...]]]:
        """The privileges that the statement names, ``ALL`` spelled out, with their columns."""
        return [
            (privilege, self._columns(written))
            for written in self.tree.privileges
            for privilege in self._spelled_out(written)
        ]

    def _spelled_out(self, written: WrittenPrivilege) -> Sequence[str]:
        known = PRIVILEGES[self._kind]
        if written.privilege == "all":
            return OF_COLUMNS if written.columns else known
        if written.privilege not in known:
            kind = "schema" if self._kind == "contract" else self._kind
            message = f"invalid privilege type {written.privilege.upper()} for {kind}"
            raise SqlError(INVALID_GRANT_OPERATION, message, self.tree.line, self.tree.column)
        return (written.privilege,)

    def _columns(self, written: WrittenPrivilege) -> tuple[str, ...]:
        if not written.columns:
            return ()
        name = TableName(self.thing.partition(" ")[2])
        known = columns_of(self.catalog, name) if self._kind == "table" else ()
        for column in written.columns:
            if column not in known:
                message = f'column "{column}" of relation "{name.partition(".")[2]}" does not exist'
                raise _error(self.written, UNDEFINED_COLUMN, message)
        return tuple(sorted(set(written.columns)))


def columns_of(catalog: Catalog, name: TableName) -> tuple[str, ...]:
    """The columns of a table or a view that there is, else none."""
    if name in catalog.views:
        return catalog.views[name].columns
    return tuple(one.name for one in catalog.tables[name].visible_columns) if name in catalog.tables else ()


def _granted(grants: set[Grant], new: Grant) -> set[Grant]:
    """With one more: the columns of a privilege stand together."""
    if not new.columns:
        return grants | {new}
    same = {one for one in grants if one.columns and (one.privilege, one.grantee) == (new.privilege, new.grantee)}
    columns = {column for one in same for column in one.columns} | set(new.columns)
    return (grants - same) | {replace(new, columns=tuple(sorted(columns)))}


def _revoked(grants: set[Grant], privilege: str, grantee: str, columns: tuple[str, ...]) -> set[Grant]:
    """Without a privilege; that on a whole table takes those on its columns along, and not the other way round."""
    found: set[Grant] = set()
    for one in grants:
        if (one.privilege, one.grantee) != (privilege, grantee) or (columns and not one.columns):
            found.add(one)
        elif columns:
            found |= _with_columns(one, set(one.columns) - set(columns))
    return found


def _with_columns(grant: Grant, columns: set[str]) -> set[Grant]:
    return {replace(grant, columns=tuple(sorted(columns)))} if columns else set()


# What definitions do to grants


def with_renamed_table(grants: Iterable[Grant], old: TableName, new: TableName) -> frozenset[Grant]:
    """The grants after a table has got another name."""
    return frozenset(replace(one, object=f"table {new}") if one.object == f"table {old}" else one for one in grants)


def with_renamed_column(grants: Iterable[Grant], table: TableName, old: str, new: str) -> frozenset[Grant]:
    """The grants after a column has got another name."""
    return frozenset(
        replace(one, columns=tuple(sorted(new if column == old else column for column in one.columns)))
        if one.object == f"table {table}"
        else one
        for one in grants
    )


def without_lost(catalog: Catalog) -> Catalog:
    """The catalog without grants on what is gone, so that what gets its name some day begins anew.

    What loses its last grant with a column stays the administrators'.
    """
    kept = {found for grant in catalog.grants for found in _still_there(catalog, grant)}
    if kept == catalog.grants:
        return catalog
    things = {grant.object for grant in kept}
    for grant in catalog.grants:
        if grant.object not in things and _still_there(catalog, replace(grant, columns=())):
            kept |= {Grant(grant.object, one, _ADMINISTRATORS) for one in PRIVILEGES[grant.object.partition(" ")[0]]}
    return replace(catalog, grants=frozenset(kept))


def _still_there(catalog: Catalog, grant: Grant) -> set[Grant]:
    kind, _, name = grant.object.partition(" ")
    if kind == "contract":
        return {grant}
    if kind == "routine":
        return {grant} if RoutineName(name) in catalog.routines else set()
    if kind == "sequence":
        return {grant} if TableName(name) in catalog.sequences else set()
    known = columns_of(catalog, TableName(name))
    if not known:
        return set()
    return _with_columns(grant, set(grant.columns) & set(known)) if grant.columns else {grant}


def settled(definition: Definition) -> Definition:
    """A definition after which no grants are left on what is gone."""
    return replace(definition, catalog=without_lost(definition.catalog))
