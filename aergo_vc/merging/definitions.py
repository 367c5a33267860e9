"""What a transaction that defines something would lose of what the target defined, or of rows whose place it takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aergo_vc.base.ids import TableName
from aergo_vc.merging.unseen import Unseen, UnseenTable
from aergo_vc.model.footprints import Columns
from aergo_vc.model.schema import Catalog, Table, spoken_name
from aergo_vc.model.transactions import Refusal

LOST_DEFINITION = "E_LOST_DEFINITION"


@dataclass(frozen=True, slots=True)
class UnseenDefinitions:
    """What the target defines, `now`, and what the source knew of that: it has seen what stands in one of `known`."""

    now: Catalog
    known: Sequence[Catalog]

    def has_changed(self, kind: str, name: str) -> bool:
        """Whether the target changed something of a kind, which is a member of a catalog."""
        present = self.now.members(kind).get(name)
        return all(catalog.members(kind).get(name) != present for catalog in self.known)


def lost_definition(before: Catalog, after: Catalog, unseen: Unseen, definitions: UnseenDefinitions) -> Refusal | None:
    """Why a transaction must not go in that leaves a catalog as `after`, which was as `before`; None if it may.

    It must not replace or drop what the target changed unseen, nor tables and columns with what the target wrote there.
    """
    for loss in _losses(before, after, unseen, definitions):
        return Refusal(LOST_DEFINITION, loss)
    return None


_KINDS = {"routines": "routine", "views": "view", "types": "type"}
"""What is replaced as a whole: the members of a catalog, and what messages call one."""


def _losses(before: Catalog, after: Catalog, unseen: Unseen, definitions: UnseenDefinitions) -> Iterator[str]:
    for kind, spoken in _KINDS.items():
        old, new = before.members(kind), after.members(kind)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name) and definitions.has_changed(kind, name):
                verb = "defines" if name in new else "drops"
                yield f"it {verb} {spoken} {_spoken(name)}, which the target changed unseen"
    for name in sorted(before.tables):
        table, left = before.tables[name], after.tables.get(name)
        if left is not None:
            yield from _lost_values(table, left, unseen.get(name))
        elif _heir(table, before, after) is None:
            if definitions.has_changed("tables", name):
                yield f"it drops table {_spoken(name)}, which the target changed unseen"
            if name in unseen and _has_rows(unseen[name]):
                yield f"it drops table {_spoken(name)}, in which the target has unseen rows"


def _lost_values(before: Table, after: Table, unseen: UnseenTable | None) -> Iterator[str]:
    for column in _dropped_columns(before, after):
        if unseen is not None and _has_values(unseen, column):
            yield f"it drops column {column} of {_spoken(before.name)}, in which the target has unseen values"


def _spoken(name: str) -> str:
    return spoken_name(TableName(name))


def under_new_names(unseen: Unseen, before: Catalog, after: Catalog) -> Unseen:
    """Unseen cells under the names that a transaction gave to tables and columns."""
    found = dict(unseen)
    for name, table in unseen.items():
        old = before.tables.get(name)
        heir = None if old is None else after.tables.get(name) or _heir(old, before, after)
        if old is None or heir is None:
            continue
        names = dict(_new_names(old, heir))
        if names or heir.name != name:
            del found[name]
            found[heir.name] = _renamed(table, heir.name, names)
    return found


def _renamed(unseen: UnseenTable, name: TableName, names: Mapping[str, str]) -> UnseenTable:
    columns = tuple(replace(one, name=names.get(one.name, one.name)) for one in unseen.table.columns)
    rows = {key: row._replace(columns=_mapped(row.columns, names)) for key, row in unseen.rows.items()}
    table = replace(unseen.table, name=name, columns=columns)
    return replace(unseen, table=table, rows=rows, columns=_mapped(unseen.columns, names))


def _mapped(columns: Columns, names: Mapping[str, str]) -> Columns:
    return frozenset(names.get(column, column) for column in columns)


def _heir(table: Table, before: Catalog, after: Catalog) -> Table | None:
    """The table under whose new name one stands that is gone; None if it was dropped."""
    new = sorted(after.tables.keys() - before.tables.keys())
    return next((after.tables[name] for name in new if after.tables[name].columns == table.columns), None)


def _new_names(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    """The columns that got another name: they stand where they stood."""
    old, new = ({column.name for column in table.columns} for table in (before, after))
    for was, now in zip(before.columns, after.columns, strict=False):
        if was.name not in new and now.name not in old and was.type == now.type:
            yield was.name, now.name


def _dropped_columns(before: Table, after: Table) -> Iterator[str]:
    kept = {column.name for column in after.columns} | dict(_new_names(before, after)).keys()
    yield from (column.name for column in before.columns if column.name not in kept)


def _has_rows(table: UnseenTable) -> bool:
    return table.every or any(row.now is not None for row in table.rows.values())


def _has_values(table: UnseenTable, column: str) -> bool:
    if table.every or column not in [one.name for one in table.table.columns]:
        return table.every
    return any(
        row.now is not None and column in row.columns and table.value(key, column) is not None
        for key, row in table.rows.items()
    )
