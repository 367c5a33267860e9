"""What a statement needs privileges for: collected while it is bound, looked at when it runs (rights.py)."""

from dataclasses import dataclass, field

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.schema import Catalog


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A privilege on an object, both named as in `model.routines.Grant`.

    `columns` are those concerned; none of them means the whole object, or for privileges that columns have, any column.
    `holder` is the contract whose owner must hold the privilege, as of a view; None for whoever runs the statement.
    """

    object: str
    privilege: str
    columns: tuple[str, ...] = ()
    holder: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Requirements:
    """All that a statement or a routine needs; equal to nothing but itself, so that it is a cheap key."""

    needs: tuple[Need, ...]


NOTHING = Requirements(())


def object_of(catalog: Catalog, name: TableName) -> str:
    """A relation as grants name it: a table, a view or a sequence."""
    return f"{'sequence' if name in catalog.sequences else 'table'} {name}"


@dataclass(slots=True)
class Needs:
    """Collects needs; columns of one object come together."""

    _columns: dict[tuple[str, str, str | None], set[str]] = field(default_factory=dict)

    def add(self, thing: str, privilege: str, *columns: str, holder: str | None = None) -> None:
        """A privilege on a thing; where nobody holds it for the statement, also the use of its contract's names."""
        self._columns.setdefault((thing, privilege, holder), set()).update(columns)
        if holder is None:
            contract = thing.partition(" ")[2].partition(".")[0]
            self._columns.setdefault((f"contract {contract}", "usage", None), set())

    def add_call(self, routine: RoutineName) -> None:
        """A call of a routine."""
        self.add(f"routine {routine}", "execute")

    def requirements(self) -> Requirements:
        """What has been collected."""
        found = [Need(thing, what, tuple(sorted(names)), of) for (thing, what, of), names in self._columns.items()]
        return Requirements(tuple(sorted(found, key=_order))) if found else NOTHING


def _order(need: Need) -> tuple[str, str, tuple[str, ...], str]:
    """Contracts come first, as in PostgreSQL, where names are looked up before anything else."""
    return need.object, need.privilege, need.columns, need.holder or ""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Notes which of a relation's `columns` are read."""

    needs: Needs
    thing: str
    columns: tuple[str, ...]
    holder: str | None = None

    def note(self, place: int) -> None:
        """The column at a place is read."""
        self.needs.add(self.thing, "select", self.columns[place], holder=self.holder)

    def note_all(self) -> None:
        """All columns are read."""
        self.needs.add(self.thing, "select", *self.columns, holder=self.holder)
