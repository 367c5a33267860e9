"""What a transaction that defines something would lose of what the target defined, or of rows whose place it takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aergo_vc.base.ids import TableName
from aergo_vc.merging.unseen import Unseen, UnseenTable
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
        present = _members(self.now, kind).get(name)
        return all(_members(catalog, kind).get(name) != present for catalog in self.known)


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
        old, new = _members(before, kind), _members(after, kind)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name) and definitions.has_changed(kind, name):
                verb = "defines" if name in new else "drops"
                yield f"it {verb} {spoken} {_spoken(name)}, which the target changed unseen"
    for name in sorted(before.tables):
        table, left = before.tables[name], after.tables.get(name)
        if left is not None:
            yield from _lost_values(table, left, unseen.get(name))
        elif not _is_renamed(table, before, after):
            if definitions.has_changed("tables", name):
                yield f"it drops table {_spoken(name)}, which the target changed unseen"
            if name in unseen and _has_rows(unseen[name]):
                yield f"it drops table {_spoken(name)}, in which the target has unseen rows"


def _lost_values(before: Table, after: Table, unseen: UnseenTable | None) -> Iterator[str]:
    for column in _dropped_columns(before, after):
        if unseen is not None and _has_values(unseen, column):
            yield f"it drops column {column} of {_spoken(before.name)}, in which the target has unseen values"


def _members(catalog: Catalog, kind: str) -> Mapping[str, object]:
    found: Mapping[str, object] = getattr(catalog, kind)
    return found


def _spoken(name: str) -> str:
    return spoken_name(TableName(name))


def _is_renamed(table: Table, before: Catalog, after: Catalog) -> bool:
    """Whether a table that is gone stands under a new name."""
    return any(after.tables[name].columns == table.columns for name in after.tables.keys() - before.tables.keys())


def _dropped_columns(before: Table, after: Table) -> Iterator[str]:
    """The columns that are gone; one that got another name stands where it stood."""
    old, new = ({column.name for column in table.columns} for table in (before, after))
    for place, column in enumerate(before.columns):
        heir = after.columns[place] if place < len(after.columns) else None
        if column.name not in new and (heir is None or heir.name in old or heir.type != column.type):
            yield column.name


def _has_rows(table: UnseenTable) -> bool:
    return table.every or any(row.now is not None for row in table.rows.values())


def _has_values(table: UnseenTable, column: str) -> bool:
    if table.every or column not in [one.name for one in table.table.columns]:
        return table.every
    return any(
        row.now is not None and column in row.columns and table.value(key, column) is not None
        for key, row in table.rows.items()
    )
