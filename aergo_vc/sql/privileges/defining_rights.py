"""Who may define what, read off what a definition makes of the catalog."""

import re
from collections.abc import Iterable, Iterator, Mapping

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, ForeignKey, Table
from aergo_vc.sql.errors import INSUFFICIENT_PRIVILEGE, SqlError
from aergo_vc.sql.privileges.rights import Rights, contract_of, described, not_owner
from aergo_vc.sql.running.definition_values import Definition
from aergo_vc.sql.running.needs import Need

_NUMBER = re.compile(r"NEXTVAL\('([a-z0-9_]+\.[a-z0-9_]+)'\)")
"""The default of a serial column."""


def require_definition(
    rights: Rights, old: Catalog, definition: Definition, user: str, deployed: str | None = None
) -> None:
    """Raise SqlError 42501 unless a user may have a definition; in a contract being deployed everything may be.

    What is new needs CREATE on its contract; what changes or goes, ownership; a foreign key, REFERENCES on its target;
    a routine with its owner's rights, ownership of its contract.
    """
    if rights.is_open:
        return
    new = definition.catalog
    before, after = _named(old), _named(new)
    for thing in sorted(after.keys() - before.keys()):
        contract = f"contract {contract_of(thing)}"
        if not rights.owns(contract, user):
            rights.require_one(Need(contract, "create"), user, deployed)
    gone_views = old.views.keys() - new.views.keys()
    changed_tables = any(new.tables.get(name) != table for name, table in old.tables.items())
    changed = {thing for thing, one in before.items() if after.get(thing) != one}
    changed |= {f"sequence {name}" for name in definition.restarted}
    for thing in sorted(changed):
        if changed_tables and thing.removeprefix("table ") in gone_views:
            continue  # CASCADE: who owns a table need not mind the views of others
        if contract_of(thing) != deployed and not rights.owns(thing, user):
            raise not_owner(old, thing)
    for need in (*_references(old, new), *_numbers(old, new)):
        rights.require_one(need, user, deployed)
    for thing in _privileged(old, new):
        contract = contract_of(thing)
        if contract != deployed and not rights.owns(f"contract {contract}", user):
            raise not_owner(new, f"contract {contract}")


def require_granting(
    rights: Rights, catalog: Catalog, things: Iterable[str], user: str, deployed: str | None = None
) -> None:
    """Raise SqlError 42501 unless a user may grant and revoke privileges of things."""
    for thing in things:
        if contract_of(thing) != deployed and not rights.governs(thing, user):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {described(catalog, thing)}")


def require_takeover(rights: Rights, catalog: Catalog, contract: str, user: str) -> None:
    """Raise SqlError 42501 unless a user may become the owner of a contract that has none: not if others govern it."""
    if contract in catalog.owners:
        return
    for thing in sorted({grant.object for grant in catalog.grants if contract_of(grant.object) == contract}):
        if not rights.governs(thing, user):
            raise not_owner(catalog, thing)


def _named(catalog: Catalog) -> dict[str, object]:
    """Everything that is defined, by its name in grants, and its definition; indexes belong to their tables."""
    indexes: dict[TableName, list[object]] = {}
    for index in catalog.indexes.values():
        indexes.setdefault(index.table, []).append(index)
    found: dict[str, object] = {}
    for name, table in catalog.tables.items():
        found[f"table {name}"] = (table, indexes.get(name))
    for kind, several in _others(catalog):
        found |= {f"{kind} {name}": one for name, one in several.items()}
    return found


def _others(catalog: Catalog) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield "table", {str(name): one for name, one in catalog.views.items()}
    yield "sequence", {str(name): one for name, one in catalog.sequences.items()}
    yield "type", {str(name): one for name, one in catalog.types.items()}
    yield "routine", {str(name): one for name, one in catalog.routines.items()}


def _references(old: Catalog, new: Catalog) -> list[Need]:
    found = []
    for name, table in new.tables.items():
        before = _keys(old.tables.get(name))
        found += [
            Need(f"table {key.target}", "references", tuple(sorted(key.target_columns)))
            for key in table.foreign_keys
            if key not in before and key.target in old.tables and key.target != name
        ]
    return sorted(found, key=lambda need: (need.object, need.columns))


def _numbers(old: Catalog, new: Catalog) -> list[Need]:
    """The sequences whose numbers new defaults take: rows get them later, whoever inserts those."""
    taken: set[str] = set()
    for name, table in new.tables.items():
        before = old.tables.get(name)
        defaults = {column.default for column in (() if before is None else before.columns)}
        for column in table.columns:
            if column.default not in defaults and "nextval" in (column.default or "").lower():
                taken |= _sequences_of(column.default or "")
    return [Need(f"sequence {one}", "usage") for one in sorted(taken) if TableName(one) in old.sequences]


def _sequences_of(default: str) -> set[str]:
    if plain := _NUMBER.fullmatch(default):
        return {plain[1]}
    from aergo_vc.sql.language.sequence_names import sequences_in  # noqa: PLC0415 - it loads sqlglot
    from aergo_vc.sql.language.source import parse_expression  # noqa: PLC0415 - likewise
    from aergo_vc.sql.language.storage import takes_numbers  # noqa: PLC0415 - likewise

    return {str(one) for one in sequences_in(parse_expression(default))} if takes_numbers(default) else set()


def _keys(table: Table | None) -> tuple[ForeignKey, ...]:
    return () if table is None else table.foreign_keys


def _privileged(old: Catalog, new: Catalog) -> list[str]:
    """The routines that are new or changed and run with their owner's rights, where there is an owner."""
    return sorted(
        f"routine {name}"
        for name, routine in new.routines.items()
        if routine.security_definer and old.routines.get(name) != routine and name.partition(".")[0] in new.owners
    )
