"""What a script is told and what it leaves: the values at the engine's edge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from aergo_vc.base.ids import BranchName, ChainId, EntityName, TableName, TransactionId
from aergo_vc.model.changes import Changes
from aergo_vc.model.outcomes import StatementResult
from aergo_vc.model.transactions import CallResult, Event

RolesOf = Callable[[EntityName], frozenset[str]]
"""Tells the roles that an entity has in the directory."""


def no_roles(_entity: EntityName) -> frozenset[str]:
    """Nobody has any role: where no directory is at hand."""
    return frozenset()


class ExecutionContext(NamedTuple):
    """What a script may know of where it runs.  `time` is the block's, in milliseconds since 1970."""

    time: int
    height: int
    transaction: TransactionId
    chain: ChainId
    branch: BranchName
    signer: EntityName
    roles_of: RolesOf = no_roles

    @property
    def roles(self) -> frozenset[str]:
        """The signer's roles in the directory; looked up when asked for."""
        return self.roles_of(self.signer)


@dataclass(frozen=True, slots=True)
class Notice:
    """What RAISE said below the level of an exception: it stays on this machine.  `level` is the word in lower case."""

    level: str
    message: str


ROW_PREFIX_DIGITS = 32
"""So many digits of a transaction's id begin the keys of the rows that it adds to tables without a primary key."""


class RowOrdinals:
    """Numbers the rows that a transaction adds to tables without a primary key."""

    __slots__ = ("next", "prefix")

    def __init__(self, context: ExecutionContext) -> None:
        self.prefix = context.transaction[:ROW_PREFIX_DIGITS] + "-"
        self.next = 0

    def take(self) -> str:
        key = f"{self.prefix}{self.next:08d}"
        self.next += 1
        return key


@dataclass(frozen=True, slots=True)
class ScriptOutcome:
    """What a script did.

    `changes` are net; tables in `rewritten` changed in columns or key and must be read whole instead (or are gone from
    the catalog).
    """

    results: tuple[StatementResult, ...]
    changes: Changes
    catalog_changed: bool
    rewritten: frozenset[TableName]
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()


class CallOutcome(NamedTuple):
    """What a call of a routine did; `result` is None where the routine gives nothing."""

    result: CallResult | None
    events: tuple[Event, ...]
    notices: tuple[Notice, ...]
    changes: Changes


class OpenTransaction:
    """What has happened since a stretch began; complete once it has ended.

    `begun` says that a part of it has run, or rows were filled in; `savepoint` is where it began.
    """

    changes: Changes = MappingProxyType({})
    rewritten: frozenset[TableName] = frozenset()
    catalog_changed: bool = False
    discarded: bool = False
    ordinals: RowOrdinals | None = None
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    begun: bool = False

    def __init__(self, savepoint: str = "") -> None:
        self.savepoint = savepoint

    def take(self, part: "OpenTransaction") -> None:
        """Take over what a part of this one did beside changing rows."""
        self.events += part.events
        self.notices += part.notices
        if part.rewritten:
            self.rewritten |= part.rewritten
        if part.catalog_changed:
            self.catalog_changed = True

    def rollback(self) -> None:
        """Roll back at the end, as a dry run does."""
        self.discarded = True


def ordinals_for(
    transactions: Sequence[OpenTransaction], context: ExecutionContext, part: OpenTransaction
) -> RowOrdinals:
    """Row ordinals go on through the parts of one transaction; `transactions` are those around `part`, or it too."""
    around = transactions[:-1] if transactions and transactions[-1] is part else transactions
    if not around:
        return RowOrdinals(context)
    outer = around[-1]
    if outer.ordinals is None or outer.ordinals.prefix != context.transaction[:ROW_PREFIX_DIGITS] + "-":
        outer.ordinals = RowOrdinals(context)
    return outer.ordinals
