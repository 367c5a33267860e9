"""Row changes: what a transaction, or a block, did to the tables."""

from collections.abc import Mapping
from typing import NamedTuple

from aergo_vc.base.ids import TableName
from aergo_vc.model.types import Row

Key = Row
"""The values of a row's key columns, in key order."""


class RowChange(NamedTuple):
    """A row before and after: None before means inserted, None after means deleted; never both."""

    before: Row | None
    after: Row | None


TableChanges = Mapping[Key, RowChange]
"""Net changes of one table by the rows' keys.  A changed key is a deletion and an insertion."""

Changes = Mapping[TableName, TableChanges]
"""Net changes by table; a table without any is absent."""
