"""Which functions of a contract settle what: the logic that a branch's law names, as a catalog has it.

A law names one routine.  It settles whole transactions if it takes what the merge knows of them as texts, or rows of a
table if it takes three of them.  Others are found beside it, under its name and the table's, or ``_transaction``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.blocks import Policy
from aergo_vc.model.routines import Routine
from aergo_vc.model.schema import Catalog, split_name
from aergo_vc.model.types import ColumnType, Kind

_TEXT = ColumnType(Kind.TEXT)
_TEXTS = (_TEXT,) * 4
_TRANSACTION = "transaction"

SIGNATURES = (
    "(base T, ours T, theirs T) RETURNS T, or (transaction text, signer text, code text, reason text) RETURNS text"
)
"""What functions must look like that settle rows of a table T, or transactions."""


@dataclass(frozen=True, slots=True)
class Logic:
    """What settles: a policy for all rows, or functions for those of some tables, and one for transactions."""

    policy: Policy | None
    rows: Mapping[TableName, RoutineName]
    transaction: RoutineName | None

    @property
    def is_empty(self) -> bool:
        return self.policy is None and not self.rows and self.transaction is None


def logic_of(catalog: Catalog, settle: str) -> Logic:
    """What `settle` of a law means at a catalog; an empty logic where the routine is not there, or not of this kind."""
    if settle in list(Policy):
        return Logic(Policy(settle), {}, None)
    main = catalog.routines.get(RoutineName(settle))
    if main is None or not (_is_transactional(main) or _table_of(catalog, main)):
        return Logic(None, {}, None)
    rows: dict[TableName, RoutineName] = {}
    for name, routine in catalog.routines.items():
        table = _table_of(catalog, routine) if name.startswith(f"{settle}_") else None
        if table is not None and name == f"{settle}_{split_name(table)[1]}":
            rows[table] = name
    table = _table_of(catalog, main)
    if table is not None:
        rows[table] = main.name
    beside = catalog.routines.get(RoutineName(f"{settle}_{_TRANSACTION}"))
    transaction = next((one.name for one in (main, beside) if one is not None and _is_transactional(one)), None)
    return Logic(None, rows, transaction)


def _is_transactional(routine: Routine) -> bool:
    return _is_function(routine, _TEXT) and tuple(one.type for one in routine.inputs) == _TEXTS


def _table_of(catalog: Catalog, routine: Routine) -> TableName | None:
    """The table whose rows a routine settles."""
    returns = routine.returns
    if (
        returns is None
        or returns.kind is not Kind.COMPOSITE
        or returns.name is None
        or not _is_function(routine, returns)
    ):
        return None
    table = TableName(returns.name)
    same = tuple(one.type for one in routine.inputs) == (returns,) * 3
    return table if same and table in catalog.tables else None


def _is_function(routine: Routine, returns: ColumnType) -> bool:
    return not routine.is_procedure and not routine.is_set and routine.returns == returns and not routine.outputs
