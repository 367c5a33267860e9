"""Verify blocks from nothing but the repository: every byte, every signature, every transaction (design D11).

Blocks are read ahead in batches, so that the signatures of the next ones are checked in other processes while
transactions execute here.  Memory is bounded by the batches and by the window in which transactions live, not by the
history.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import TypeVar

from aergo_vc.base.errors import AergoError, InputError, InvalidError, RepositoryError
from aergo_vc.base.ids import BlockId, BranchName, Digest, ObjectId, TransactionId
from aergo_vc.base.limits import BLOCK_FILE_BYTES, BLOCK_TRANSACTIONS, TRANSACTION_LIFETIME_BLOCKS
from aergo_vc.codec.digests import Kind, ObjectFormat, git_object_id
from aergo_vc.codec.git_commit import Commit, decode_commit, signed_payload
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.codec.transactions import signed_part
from aergo_vc.keys.ed25519 import SignedMessage, checked_public_key
from aergo_vc.keys.signatures import (
    TRANSACTION_NAMESPACE,
    SignatureError,
    commit_signature,
    payload_message,
)
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.errors import (
    BranchMismatchError,
    FailedTransactionError,
    FutureBlockError,
    InvalidBlockError,
    MergeError,
    ReceiptsError,
    RepeatedTransactionError,
    StateRootError,
)
from aergo_vc.ledger.history import BlockCommit, all_transactions, blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_header, read_ledger
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine
from aergo_vc.ledger.merges import MergeRequest, PrepareReplay
from aergo_vc.ledger.payloads import read_payloads
from aergo_vc.ledger.rules import (
    check_commit,
    check_files,
    check_key,
    check_merged,
    check_payload,
    check_producer,
    check_sequence,
    is_foreign,
)
from aergo_vc.ledger.tip_checking import AuthorityOf, blaming
from aergo_vc.model.blocks import Header
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Receipt, Transaction
from aergo_vc.objects.errors import ObjectMissingError
from aergo_vc.objects.store import ObjectStore

_BATCH_BLOCKS = 256
_BATCH_SIGNATURES = 1_024
_BATCH_BYTES = 4 << 20
_BATCHES_AHEAD = 2
_SLOTS_AHEAD = 2
_WINDOWS_LEFT = 8
"""How many lines are gone on with, after others were verified, without reading their last blocks again."""

Watch = Callable[[BlockCommit, LedgerTree, Catalog, Sequence[Footprint]], None]
"""Told of each block that was found valid and merges none what was defined before it, and its transactions' footprints.
"""

CheckSignatures = Callable[[Iterable[SignedMessage]], Iterator[bool]]
"""Verdicts on signatures in their order, such as `SignatureChecker.check`; the work may begin when it is called."""


@dataclass(frozen=True, slots=True)
class VerifiedBlock:
    """A block that was found valid; `is_merged` tells those of other lines, which a later block merges."""

    commit: ObjectId
    ledger: LedgerTree
    is_merged: bool = False


@dataclass(slots=True)
class Window:
    """Blocks and transactions of one line, as far back as transactions live.

    `older` gives the blocks before those that were added, newest first, to be read as far as somebody asks.
    `everything` has the ids, as 32 bytes, of all transactions before, once one of another branch asked for them: such a
    transaction may have stood in the history at any time.
    """

    older: Iterator[LedgerTree] = field(default_factory=lambda: iter(()))
    heights: dict[BlockId, int] = field(default_factory=dict)
    transactions: set[TransactionId] = field(default_factory=set)
    everything: set[bytes] | None = None
    _order: deque[tuple[BlockId, tuple[TransactionId, ...]]] = field(default_factory=deque)

    def add(self, block: LedgerTree) -> None:
        """Note a block, and forget what no transaction can refer to any more."""
        ids = self._note(block)
        if self.everything is not None:
            self.everything.update(map(bytes.fromhex, ids))
        self._order.append((block.block, ids))
        if len(self._order) > TRANSACTION_LIFETIME_BLOCKS:
            oldest, old_ids = self._order.popleft()
            del self.heights[oldest]
            self.transactions.difference_update(old_ids)

    def reach(self, recent: BlockId) -> None:
        """Read older blocks until `recent` is one of them, or none is left in which a transaction could live."""
        while recent not in self.heights and len(self._order) < TRANSACTION_LIFETIME_BLOCKS:
            block = next(self.older, None)
            if block is None:
                return
            self._order.appendleft((block.block, self._note(block)))

    def _note(self, block: LedgerTree) -> tuple[TransactionId, ...]:
        ids = tuple(transaction.id for transaction in block.transactions)
        self.heights[block.block] = block.header.height
        self.transactions.update(ids)
        return ids


class ComparingObjects:
    """An object database that takes in only what it has: every object added is compared with the stored bytes."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @property
    def object_format(self) -> ObjectFormat:
        return self._store.object_format

    def read_blob(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        return self._store.read_blob(object_id, limit)

    def read_tree(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        return self._store.read_tree(object_id, limit)

    def read_commit(self, object_id: ObjectId, limit: int = BLOCK_FILE_BYTES) -> bytes:
        return self._store.read_commit(object_id, limit)

    def add(self, kind: Kind, data: bytes) -> ObjectId:
        """The id of `data`; raises StateRootError unless the repository has it, to the byte."""
        name = git_object_id(kind, data, self._store.object_format)
        if kind is Kind.TREE and not data:
            return name  # git needs no copy of the empty tree
        try:
            found = self._store.read(name)
        except ObjectMissingError as error:
            raise StateRootError(f"the transactions give a {kind} {name} that the repository lacks") from error
        if found != (kind, data):
            raise StateRootError(f"the repository has other bytes under the id {name}", id=name)
        return name


@dataclass(frozen=True, slots=True)
class _Broken:
    """A block that cannot be read: reported only after all before it were found valid."""

    error: InvalidBlockError
    signatures: Sequence[SignedMessage] = ()


@dataclass(frozen=True, slots=True)
class _Parsed:
    """`source` is the block that the commit's second parent leads to, with its ledger."""

    place: BlockCommit
    commit: Commit
    ledger: LedgerTree
    previous: LedgerTree | None
    source: tuple[BlockCommit, LedgerTree] | None
    signatures: Sequence[SignedMessage]
    is_merged: bool


@dataclass(slots=True)
class _Line:
    """Blocks that follow one another; `waiting` is one of them whose merged line comes first."""

    blocks: Iterator[BlockCommit]
    previous: LedgerTree | None
    waiting: BlockCommit | None = None


_Batch = list[_Parsed | _Broken]
_Item = TypeVar("_Item")


class Verifier:
    """Verifies a line of blocks in ascending order, from a chain's first block or from one that is trusted.

    A block that merges another comes after all blocks of the merged line that were not verified before.

    The machine must write to ComparingObjects over the same store, and stand at the state of the block before the
    first one (the empty state for a chain's first); see `start_behind`.  `seen` are the commits of blocks that
    need not be verified.  `now` is the clock's time in milliseconds; `prepare_replay` runs merges again.
    With a `watch` transactions are recorded as they are executed.
    """

    def __init__(
        self,
        objects: ComparingObjects,
        machine: Machine,
        authority_of: AuthorityOf,
        check_signatures: CheckSignatures,
        prepare_replay: PrepareReplay,
        *,
        now: int,
        watch: Watch | None = None,
    ) -> None:
        self._objects = objects
        self._machine = machine
        self._authority_of = authority_of
        self._check_signatures = check_signatures
        self._prepare_replay = prepare_replay
        self._now = now
        self._watch = watch
        self._graph = BlockGraph(objects)
        self._at: BlockId | None = None
        self._recorded: dict[TransactionId, Footprint] = {}
        self._left: dict[BlockId | None, Window] = {}
        self._branches: dict[Digest, frozenset[BranchName]] = {}
        self.window = Window()
        self.seen: set[ObjectId] = set()

    def start_behind(self, trusted: BlockCommit) -> None:
        """Have the first block follow one that is trusted, at whose state the machine stands."""
        self.seen.add(trusted.commit)
        places = blocks_back(self._objects, trusted.commit)
        self.window = Window(read_ledger(self._objects, place.ledger) for place in places)

    def verify(self, blocks: Iterable[BlockCommit], previous: LedgerTree | None) -> Iterator[VerifiedBlock]:
        """Verify `blocks`, the first of which follows `previous`; raises InvalidBlockError at the first invalid one."""
        self._at = None if previous is None else previous.block
        for batch, verdicts in _ahead(self._begun(_batches(self._parse_all(blocks, previous)))):
            for block in batch:
                if isinstance(block, _Broken):
                    raise block.error
                with blaming(block.place, block.ledger):
                    self._verify(block, list(islice(verdicts, len(block.signatures))))
                yield VerifiedBlock(block.place.commit, block.ledger, block.is_merged)

    def _begun(self, batches: Iterable[_Batch]) -> Iterator[tuple[_Batch, Iterator[bool]]]:
        """Each batch with the verdicts on its signatures, which are in the making."""
        for batch in batches:
            yield batch, self._check_signatures([signed for block in batch for signed in block.signatures])

    def _parse_all(self, blocks: Iterable[BlockCommit], previous: LedgerTree | None) -> Iterator[_Parsed | _Broken]:
        lines = [_Line(iter(blocks), previous)]
        while lines:
            line = lines[-1]
            place = line.waiting or next(line.blocks, None)
            if place is None:
                lines.pop()
                continue
            height: int | None = None
            try:
                commit = decode_commit(self._objects.read_commit(place.commit))
                source = self._graph.last(commit.parents[1]) if len(commit.parents) > 1 else None
                merged = None if line.waiting or source is None else self._unseen(source)
                line.waiting = place if merged else None
                if merged:
                    lines.append(merged)
                    continue
                ledger = read_ledger(self._objects, place.ledger)
                height = ledger.header.height
                signatures = _signatures(commit, ledger)
                found = None if source is None else (source, read_ledger(self._objects, source.ledger))
            except InvalidError as error:
                yield _Broken(InvalidBlockError(place.commit, height, error))
                return
            self.seen.add(place.commit)
            yield _Parsed(place, commit, ledger, line.previous, found, signatures, len(lines) > 1)
            line.previous = ledger

    def _unseen(self, source: BlockCommit) -> _Line | None:
        """The blocks up to `source` that follow the last one of its line that was seen; None if it was."""
        places = list(takewhile(lambda place: place.commit not in self.seen, self._graph.line(source)))
        if not places:
            return None
        before = self._graph.links(places[-1]).previous
        previous = None if before is None else read_ledger(self._objects, before.ledger)
        return _Line(reversed(places), previous)

    def _verify(self, block: _Parsed, verdicts: Sequence[bool]) -> None:
        ledger, header = block.ledger, block.ledger.header
        check_files(ledger)
        check_sequence(ledger, block.previous)
        self._check_branch(block)
        check_commit(block.commit, ledger)
        check_merged(ledger, None if block.source is None else block.source[1])
        authority = self._authority_of(ledger, block.previous)
        check_producer(header, ledger.law, authority)
        if header.time > self._now + _SLOTS_AHEAD * authority.roster.slot:
            raise FutureBlockError(f"the block's time {header.time} lies ahead of the clock")
        if not all(verdicts) or len(verdicts) != len(block.signatures):
            raise SignatureError("a signature of the block or of one of its transactions does not verify")
        check_key(authority, header.producer, block.signatures[0][0])
        self._go_to(block)
        if block.source is None:
            self._check_transactions(block, ledger.transactions, authority)
            self._execute(block, authority)
        else:
            self._merge(block, block.source[0], authority)
        self.window.add(ledger)
        self._at = ledger.block

    def _go_to(self, block: _Parsed) -> None:
        """Stand behind the block that `block` follows, where that is of another line than the last one."""
        previous = block.previous
        at = None if previous is None else previous.block
        if at == self._at:
            return
        self._left[self._at] = self.window
        known = self._left.pop(at, None)
        if len(self._left) > _WINDOWS_LEFT:
            del self._left[next(iter(self._left))]
        older = (read_ledger(self._objects, place.ledger) for place in self._before(block))
        self.window = known or Window(older)
        state, digest = (None, Digest("")) if previous is None else (previous.state, previous.header.state)
        self._machine.move_to(self._machine.read_state(state, digest))

    def _before(self, block: _Parsed) -> Iterator[BlockCommit]:
        """The blocks before `block`, newest first."""
        parents = block.commit.parents
        return blocks_back(self._objects, parents[0]) if parents else iter(())

    def _check_branch(self, block: _Parsed) -> None:
        """Refuse a branch that begins again: its law would be whatever the second beginning says."""
        header, previous = block.ledger.header, block.previous
        if previous is not None and previous.header.branch == header.branch:
            return
        before = frozenset[BranchName]()
        if previous is not None:
            known = self._branches.get(previous.header.law)
            before = known or frozenset(
                read_header(self._objects, place.ledger).branch for place in self._before(block)
            )
        if header.branch in before:
            raise BranchMismatchError(f"branch {header.branch} begins a second time in one history")
        self._branches[header.law] = before | {header.branch}

    def _check_transactions(self, block: _Parsed, transactions: Sequence[Transaction], authority: Authority) -> None:
        """Check the last transactions of a block."""
        header = block.ledger.header
        rest = len(block.ledger.transactions) - len(transactions)
        seen = {transaction.id for transaction in block.ledger.transactions[:rest]}
        for transaction in transactions:
            if not is_foreign(transaction.payload, header):
                self.window.reach(transaction.payload.recent)
            check_payload(transaction.payload, header, authority, self.window.heights)
            if transaction.id in seen or self._stood(transaction, block):
                raise RepeatedTransactionError(f"transaction {transaction.id} stands in the history twice")
            seen.add(transaction.id)

    def _stood(self, transaction: Transaction, block: _Parsed) -> bool:
        """Whether a transaction stands before its block; one of another branch is looked for in the whole history."""
        window = self.window
        if transaction.id in window.transactions or not is_foreign(transaction.payload, block.ledger.header):
            return transaction.id in window.transactions
        if window.everything is None:
            parents = block.commit.parents
            window.everything = all_transactions(self._objects, parents[0]) if parents else set()
        return bytes.fromhex(transaction.id) in window.everything

    def _execute(self, block: _Parsed, authority: Authority) -> None:
        ledger, catalog = block.ledger, self._machine.catalog
        footprints: list[Footprint] | None = [] if self._watch is not None or block.is_merged else None
        with self._machine.block(context_of(ledger.header, authority)) as execution:
            receipts = self._execute_all(execution, ledger, ledger.transactions, footprints)
            if encode_receipts(receipts) != ledger.receipts_bytes:
                raise ReceiptsError("the receipts are not what the transactions give")
            self._finish(execution, ledger)
        if self._watch is not None:
            self._watch(block.place, ledger, catalog, footprints or [])
        if block.is_merged and len(self._recorded) < BLOCK_TRANSACTIONS:
            names = [transaction.id for transaction in ledger.transactions]
            self._recorded.update(zip(names, footprints or (), strict=True))

    def _execute_all(
        self,
        execution: BlockExecution,
        ledger: LedgerTree,
        transactions: Sequence[Transaction],
        footprints: list[Footprint] | None = None,
    ) -> list[Receipt]:
        """Execute the last transactions of a block; `footprints` gets what each read and wrote."""
        payloads = read_payloads(self._objects, self._machine.nodes, ledger.payload, ledger.transactions)
        receipts: list[Receipt] = []
        for transaction, payload in zip(transactions, payloads[len(payloads) - len(transactions) :], strict=True):
            try:
                if footprints is None:
                    receipts.append(execution.execute(transaction, payload).receipt)
                    continue
                recorded = execution.record(transaction, payload)
                receipts.append(recorded.outcome.receipt)
                footprints.append(recorded.footprint)
            except RepositoryError:
                raise
            except AergoError as error:
                raise FailedTransactionError(f"transaction {transaction.id} fails: {error.message}") from error
        return receipts

    def _finish(self, execution: BlockExecution, ledger: LedgerTree) -> None:
        state = execution.finish().root
        stored = ledger.state if ledger.state is not None else self._objects.add(Kind.TREE, b"")
        if (state.digest, state.id) != (ledger.header.state, stored):
            raise StateRootError(
                f"the transactions give the state {state.digest}, the block says {ledger.header.state}"
            )

    def _merge(self, block: _Parsed, source: BlockCommit, authority: Authority) -> None:
        """Run a merge again, and compare all that it gives but the words of its reasons."""
        ledger = block.ledger
        target = next(self._before(block), None)
        if target is None or block.previous is None:
            raise MergeError("a chain's first block merges another")
        context = context_of(ledger.header, authority)
        recorded, self._recorded = self._recorded, {}
        request = MergeRequest(target, block.previous, source, context, authority, claimed=ledger, footprints=recorded)
        replay = self._prepare_replay(self._machine, request)
        with self._machine.block(context) as execution:
            try:
                replayed = replay(execution)
            except InputError as error:  # such as more than a block takes
                raise MergeError(error.message) from error
            lines = b"".join([one.line for one in replayed])
            more = len(ledger.transactions) - sum(one.outcome is not None for one in replayed)
            if not ledger.transactions_bytes.startswith(lines) or more < 0 or (more and ledger.law.settle is None):
                raise MergeError("the transactions are not those that the merge gives")
            resolutions = ledger.transactions[len(ledger.transactions) - more :]
            self._check_transactions(block, resolutions, authority)
            receipts = [one.receipt for one in replayed] + self._execute_all(execution, ledger, resolutions)
            if list(map(without_words, receipts)) != list(map(without_words, ledger.receipts)):
                raise ReceiptsError("the receipts are not what the merge gives")
            self._finish(execution, ledger)


def context_of(header: Header, authority: Authority) -> BlockContext:
    """What transactions can learn of the block with this header."""
    return BlockContext(header.branch, header.chain, header.height, header.time, authority.roles_of)


def without_words(receipt: Receipt) -> Receipt:
    """A receipt without what is only said for people: a refusal's message may be worded better one day."""
    if receipt.refusal is None:
        return receipt
    return replace(receipt, refusal=receipt.refusal._replace(message=""))


def _signatures(commit: Commit, ledger: LedgerTree) -> list[SignedMessage]:
    """What is signed in a block: the commit first, then the transactions in order."""
    if commit.signature is None:
        raise SignatureError("the commit is not signed")
    signatures = [commit_signature(commit.signature, signed_payload(commit))]
    for transaction, line in zip(ledger.transactions, ledger.transactions_bytes.split(b"\n")[:-1], strict=True):
        key = checked_public_key(transaction.payload.key)
        message = payload_message(TRANSACTION_NAMESPACE, signed_part(line))
        signatures.append((key, transaction.signature, message))
    return signatures


def _batches(parsed: Iterable[_Parsed | _Broken]) -> Iterator[_Batch]:
    batch: _Batch = []
    signatures = size = 0
    for block in parsed:
        batch.append(block)
        signatures += len(block.signatures)
        size += 0 if isinstance(block, _Broken) else len(block.ledger.transactions_bytes)
        if len(batch) >= _BATCH_BLOCKS or signatures >= _BATCH_SIGNATURES or size >= _BATCH_BYTES:
            yield batch
            batch = []
            signatures = size = 0
    if batch:
        yield batch


def _ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items, of which some are always taken in advance."""
    waiting: deque[_Item] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > _BATCHES_AHEAD:
            yield waiting.popleft()
    yield from waiting
