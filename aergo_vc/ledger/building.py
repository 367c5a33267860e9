"""Build blocks: execute transactions, assemble header and files, sign the commit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from aergo_vc.base.errors import AergoError, InputError, RepositoryError
from aergo_vc.base.ids import BlockId, BranchName, EntityName, ObjectId, TransactionId
from aergo_vc.base.limits import BLOCK_FILE_BYTES, BLOCK_TRANSACTIONS, DIRECTORY_BLOCK_BYTES
from aergo_vc.codec.digests import Kind, blob_digest
from aergo_vc.codec.genesis import chain_id
from aergo_vc.codec.git_commit import Commit, Identity, encode_commit, read_links, signed_payload
from aergo_vc.codec.header import block_id, encode_header
from aergo_vc.codec.law import decode_law
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.keys.signatures import sign_commit_payload
from aergo_vc.ledger.author import Author
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.layout import LedgerFiles, LedgerTree, with_ledger, write_ledger
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine, State, Submission, TransactionOutcome
from aergo_vc.ledger.merges import Replayed
from aergo_vc.ledger.parallel.executing import GivenUpError, Holds, execute_at_once
from aergo_vc.ledger.parallel.plain_values import Attempt
from aergo_vc.ledger.payloads import write_payloads
from aergo_vc.ledger.rules import trailer
from aergo_vc.model.blocks import DIRECTORY_BRANCH, RULES, Header
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Exclusion, Transaction

RECEIPT_BYTES = 1 << 20
"""Room that is kept free for a receipt."""

_DIRECTORY_RECEIPT_BYTES = 2 << 10


class Source(NamedTuple):
    """What a block merges: the commit that becomes its second parent, and the last block up to there."""

    commit: ObjectId
    block: BlockId


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block goes: on the commit `parent` (None: a first commit), after `previous` (None: the chain's first).

    The bytes of ``genesis.json`` and ``branch.json`` are those that the block will have.  `files` is the tree that all
    files beside ``ledger/`` come from; None: that of the parent.
    """

    parent: ObjectId | None
    previous: LedgerTree | None
    genesis_bytes: bytes
    law_bytes: bytes
    source: Source | None = None
    files: ObjectId | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Under what a block is made: who, in which slot, at what time, under which directory block."""

    producer: EntityName
    slot: int
    time: int
    confirmed: int
    directory: BlockId | None
    directory_height: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a block's commit needs beside its transactions; `message` is for people."""

    place: Place
    lease: Lease
    author: Author
    message: str


@dataclass(frozen=True, slots=True)
class Executed:
    """What a block's transactions did: those that went in with their outcomes, those that did not, the state after.

    `lines` are the lines of those that went in, and of their receipts, as the block's files will have them.
    """

    included: tuple[Submission, ...]
    outcomes: tuple[TransactionOutcome, ...]
    excluded: tuple[Exclusion, ...]
    state: State
    lines: tuple[tuple[bytes, bytes], ...]

    @property
    def contents(self) -> "Contents":
        """What goes into the block's files."""
        return Contents(
            transactions_bytes=b"".join([line for line, _ in self.lines]),
            receipts_bytes=b"".join([receipt for _, receipt in self.lines]),
            state=self.state,
            bringing=self.included,
            transactions=tuple(transaction for transaction, _ in self.included),
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a block's files hold.

    All transactions that bring rows along are among those `bringing` some.  `transactions` are those in the first
    file; None where they are not at hand.
    """

    transactions_bytes: bytes
    receipts_bytes: bytes
    state: State
    bringing: Sequence[Submission]
    transactions: tuple[Transaction, ...] | None = None


@dataclass(frozen=True, slots=True)
class WrittenBlock:
    """A block whose ``ledger/`` is added, and which no commit holds yet."""

    id: BlockId
    header: Header
    ledger: LedgerTree


@dataclass(frozen=True, slots=True)
class BuiltBlock:
    """A block whose objects are added, and not yet published."""

    id: BlockId
    commit: ObjectId
    header: Header
    ledger: LedgerTree

    @property
    def transactions(self) -> tuple[TransactionId, ...]:
        """The ids of its transactions."""
        return tuple(transaction.id for transaction in self.ledger.transactions)


BeforeSigning = Callable[[Header, BlockId], None]
"""Called with a finished header before its commit is signed: makes the watermark durable (threat C04)."""


class FullBlockError(InputError):
    """A transaction finds no room in a block any more; the next one may have some."""

    code = "E_BLOCK_FULL"


class Room:
    """What still goes into a block's files (threat B18).

    How long a receipt is shows only when the transaction was executed, so room for a long one is kept free.
    """

    def __init__(self, branch: BranchName) -> None:
        self._small = branch == DIRECTORY_BRANCH
        self._reserve = _DIRECTORY_RECEIPT_BYTES if self._small else RECEIPT_BYTES
        self._count = self._lines = self._receipts = 0

    def require(self, transaction: Transaction, line: bytes) -> None:
        """Raise FullBlockError unless a transaction goes in."""
        lines = self._lines + len(line)
        receipts = self._receipts + self._reserve
        full = lines + receipts > DIRECTORY_BLOCK_BYTES if self._small else max(lines, receipts) > BLOCK_FILE_BYTES
        if full or self._count >= BLOCK_TRANSACTIONS:
            raise FullBlockError(f"a block has no room for transaction {transaction.id}", transaction=transaction.id)

    def take(self, line: bytes, receipt: bytes) -> None:
        """Note a transaction that went in.

        Raises FullBlockError for the receipt of one of which a law settled very much: nothing limits that.
        """
        self._count += 1
        self._lines += len(line)
        self._receipts += len(receipt)
        if self._receipts > BLOCK_FILE_BYTES:
            raise FullBlockError("a block has no room for what was settled")


def execute_all(
    machine: Machine,
    context: BlockContext,
    submissions: Iterable[Submission],
    footprints: list[Footprint] | None = None,
) -> Executed:
    """Execute `submissions` in order on the machine, leaving out those that fail or find no room.

    With `footprints`, those of the transactions that go in are added to the list.
    """
    gathered = _Gathered(context.branch)
    with machine.block(context) as execution:
        for submission in submissions:
            gathered.add(submission, partial(_attempted, execution, submission, footprints))
        return gathered.executed(execution.finish())


def execute_all_at_once(
    machine: Machine, context: BlockContext, submissions: Sequence[Submission], holds: Holds, *, workers: int
) -> Executed | None:
    """As `execute_all`, in several processes, which check the signatures too; None where that must be done instead."""

    def complete(execution: BlockExecution, attempts: Sequence[Attempt]) -> Executed:
        gathered = _Gathered(context.branch)
        for submission, attempt in zip(submissions, attempts, strict=True):
            gathered.add(submission, partial(_known, attempt))
        if any(isinstance(one.reason, FullBlockError) for one in gathered.excluded):
            raise GivenUpError  # which then has been executed all the same
        return gathered.executed(execution.finish())

    return execute_at_once(machine, context, submissions, holds, complete, workers=workers)


class _Gathered:
    """What a block's transactions have done so far."""

    def __init__(self, branch: BranchName) -> None:
        self._room = Room(branch)
        self._included: list[Submission] = []
        self._outcomes: list[TransactionOutcome] = []
        self._lines: list[tuple[bytes, bytes]] = []
        self.excluded: list[Exclusion] = []

    def add(self, submission: Submission, attempt: Callable[[], tuple[TransactionOutcome, bytes]]) -> None:
        """Take in what a transaction does, and the line of its receipt; or leave it out, if it fails or is too long."""
        transaction = submission[0]
        line = encode_transaction(transaction) + b"\n"
        try:
            self._room.require(transaction, line)
            outcome, receipt = attempt()
        except RepositoryError:
            raise
        except AergoError as reason:
            self.excluded.append(Exclusion(transaction, reason))
            return
        self._room.take(line, receipt)
        self._included.append(submission)
        self._outcomes.append(outcome)
        self._lines.append((line, receipt))

    def executed(self, state: State) -> Executed:
        """All of it, with the state that came of it."""
        return Executed(tuple(self._included), tuple(self._outcomes), tuple(self.excluded), state, tuple(self._lines))


def _attempted(
    execution: BlockExecution, submission: Submission, footprints: list[Footprint] | None
) -> tuple[TransactionOutcome, bytes]:
    if footprints is None:
        outcome = execution.execute(*submission)
    else:
        outcome, footprint, _ = execution.record(*submission)
        footprints.append(footprint)
    return outcome, encode_receipts([outcome.receipt])


def _known(attempt: Attempt) -> tuple[TransactionOutcome, bytes]:
    if isinstance(attempt, AergoError):
        raise attempt
    return attempt


def executed_merge(replayed: Sequence[Replayed], state: State) -> Executed:
    """What a merge did, as the block that it makes holds it."""
    return Executed(
        included=tuple(one.submission for one in replayed if one.outcome is not None),
        outcomes=tuple(one.outcome for one in replayed if one.outcome is not None),
        excluded=(),
        state=state,
        lines=tuple((one.line, encode_receipts([one.receipt])) for one in replayed),
    )


def write_files(objects: CommitObjects, place: Place, lease: Lease, contents: Contents) -> WrittenBlock:
    """Add ``ledger/`` of a block whose transactions were executed."""
    header = _header(place, lease, contents)
    header_bytes = encode_header(header)
    files = LedgerFiles(
        genesis_bytes=place.genesis_bytes,
        law_bytes=place.law_bytes,
        header_bytes=header_bytes,
        transactions_bytes=contents.transactions_bytes,
        receipts_bytes=contents.receipts_bytes,
        state=contents.state.root.id,
        payload=write_payloads(objects, contents.bringing),
    )
    ledger = write_ledger(objects, files)
    if contents.transactions is not None:
        vars(ledger)["transactions"] = contents.transactions  # as reading them for the next block's sake would give
    return WrittenBlock(block_id(header_bytes), header, ledger)


def commit_block(
    objects: CommitObjects, plan: Plan, written: WrittenBlock, before_signing: BeforeSigning
) -> BuiltBlock:
    """Add the signed commit of a block whose ``ledger/`` is written."""
    place, author, header = plan.place, plan.author, written.header
    root = place.files
    if root is None and place.parent is not None:
        root = read_links(objects.read_commit(place.parent)).tree
    tree = with_ledger(objects, root, written.ledger.id)
    identity = Identity(author.name, author.email, header.time // 1000)
    parents = () if place.parent is None else (place.parent,)
    if place.source is not None:
        parents = (*parents, place.source.commit)
    commit = Commit(tree, parents, identity, identity, f"{plan.message.rstrip()}\n\n{trailer(header, written.id)}")
    to_sign = signed_payload(commit)
    before_signing(header, written.id)
    signed = replace(commit, signature=sign_commit_payload(author.signer, to_sign))
    made = objects.add(Kind.COMMIT, encode_commit(signed))
    return BuiltBlock(written.id, made, header, written.ledger)


def _header(place: Place, lease: Lease, contents: Contents) -> Header:
    previous = place.previous
    return Header(
        branch=decode_law(place.law_bytes).name,
        chain=chain_id(place.genesis_bytes),
        confirmed=lease.confirmed,
        directory=lease.directory,
        directory_height=lease.directory_height,
        height=0 if previous is None else previous.header.height + 1,
        law=blob_digest(place.law_bytes),
        merged=() if place.source is None else (place.source.block,),
        previous=None if previous is None else previous.block,
        producer=lease.producer,
        receipts=blob_digest(contents.receipts_bytes),
        rules=RULES,
        slot=lease.slot,
        state=contents.state.root.digest,
        time=lease.time,
        transactions=blob_digest(contents.transactions_bytes),
    )
