"""Transactions and their receipts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import (
    BlockId,
    BranchName,
    ChainId,
    Digest,
    EntityName,
    PublicKey,
    RoutineName,
    TableName,
    TransactionId,
)
from aergo_vc.model.changes import Key
from aergo_vc.model.types import Row


class LoadMode(StrEnum):
    """What a load does with a row whose key exists: fail, or take its place."""

    APPEND = "append"
    UPSERT = "upsert"


@dataclass(frozen=True, slots=True)
class Load:
    """Rows that a transaction brings along, as table trees beside it in the block.

    `columns` are those of `table` when the load was made, hidden key included; an execution under other columns
    fails.  `rows` is the tree of rows to write; `gone` that of the keys to delete first.  None means none.
    """

    table: TableName
    columns: tuple[str, ...]
    mode: LoadMode
    rows: Digest | None
    gone: Digest | None


Argument = None | bool | int | float | str | tuple["Argument", ...]
"""A value that goes into a routine or comes out of it, as a column of its type would hold it; arrays are tuples."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a routine: its name, and the arguments for its parameters in order; defaults stand for missing ones."""

    routine: RoutineName
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """What a signer signs: `sql` is executed first, then the loads in order, all or nothing.

    With a `contract`, `sql` is what that contract is from then on: a deployment.  With a `call` there is nothing else.

    `recent` is a block that the signer knew, of the branch or of one that it sprang from: it ties the transaction to
    a history and limits its life.  `nonce` is 32 random hexadecimal digits.
    """

    branch: BranchName
    chain: ChainId
    key: PublicKey
    loads: tuple[Load, ...]
    nonce: str
    recent: BlockId
    signer: EntityName
    sql: str
    contract: str | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payload with the raw 64-byte Ed25519 signature over its SSHSIG envelope (namespace ``aergo-tx``).

    `signed` are the payload's canonical bytes, empty where not at hand: ask `codec.transactions.signed_bytes`.
    """

    id: TransactionId
    payload: Payload
    signature: bytes
    signed: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows of a table a transaction inserted, updated and deleted, net."""

    inserted: int
    updated: int
    deleted: int


class Event(NamedTuple):
    """What a routine announced by EMIT: `name` is the event's, behind its contract's; `data` are values by name."""

    name: str
    data: Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a called routine returned: the names of its values, and a row of them for each row that it returned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Argument, ...], ...]


class Refusal(NamedTuple):
    """Why a merge left a transaction out.

    `code` is an error's or an SQLSTATE, `after` another transaction that was left out and that it depends on.
    """

    code: str
    message: str
    after: TransactionId | None = None


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A row of which the law of a branch decided what it is to be.

    The transaction found it as `ours` and left it as `theirs`, and it became `row`: each has the values of `columns`,
    the names of all columns of the table in their order, or of some.  None: no row.
    """

    table: TableName
    key: Key
    columns: tuple[str, ...]
    ours: Row | None
    theirs: Row | None
    row: Row | None


@dataclass(frozen=True, slots=True)
class SettledAs:
    """What the law of a branch made of a transaction.

    It was executed, and `rows` became what they say.  Where it `fails` by itself these rows are all that it did, with
    all their columns, and `theirs` is what it did where it was made.  With a `script` this was executed instead.

    `owner` is that of the contract whose routine settled, None where nobody owns it or a policy did.  `block` is the
    one whose merge settled the transaction, None where the receipt stands in it.
    """

    rows: tuple[SettledRow, ...] = ()
    fails: bool = False
    script: str | None = None
    owner: EntityName | None = None
    block: BlockId | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one transaction of a block; `result` is None for all but a call that returns something.

    In a block that merges others, `refusal` says why the transaction is not in it, and `settled` by which policy or
    routine an inconsistency was settled; both are None otherwise.  `settled_as` is what was made of it then, None where
    it was executed as it was signed.
    """

    transaction: TransactionId
    rows: Mapping[TableName, RowCounts] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    result: CallResult | None = None
    refusal: Refusal | None = None
    settled: str | None = None
    settled_as: SettledAs | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A transaction that a block leaves out, and why."""

    transaction: Transaction
    reason: AergoError
