"""What a defining statement leads to, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog


@dataclass(frozen=True, slots=True)
class Definition:
    """What a defining statement leads to.

    `rebuilt` maps tables that must be written anew to the SQL that gives each column's value from the old row's
    columns; `created` and `dropped` are tables, `new_indexes` and `dropped_indexes` names of indexes.  `checked` tables
    have got a new foreign key, which their rows must satisfy.
    """

    tag: str
    catalog: Catalog
    created: tuple[TableName, ...] = ()
    dropped: tuple[TableName, ...] = ()
    renamed: Mapping[TableName, TableName] = field(default_factory=dict)
    rebuilt: Mapping[TableName, Mapping[str, str]] = field(default_factory=dict)
    new_indexes: tuple[str, ...] = ()
    dropped_indexes: tuple[str, ...] = ()
    checked: tuple[TableName, ...] = ()
    restarted: Mapping[TableName, int] = field(default_factory=dict)
    """Sequences whose next number is another one."""

    @property
    def only_creates(self) -> bool:
        """Whether the tables that there were, their rows and their indexes stay as they are."""
        indexes = self.new_indexes or self.dropped_indexes
        return not (self.dropped or self.renamed or self.rebuilt or indexes or self.checked)
