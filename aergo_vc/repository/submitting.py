"""Submit transactions: signed, tried out, then kept in the pool or sealed at once."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import BranchName, EntityName, RoutineName, TransactionId
from aergo_vc.base.limits import BLOCK_TRANSACTIONS, TRANSACTION_BYTES
from aergo_vc.codec.transactions import SIGNATURE_BYTES, encode_payload, encode_transaction, transaction_id
from aergo_vc.keys.signatures import TRANSACTION_NAMESPACE, sign_payload
from aergo_vc.keys.signer import Signer
from aergo_vc.ledger.history import Past, past_of, standing
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine, Submission, TransactionOutcome
from aergo_vc.ledger.payloads import TransactionPayload
from aergo_vc.ledger.rules import is_foreign
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Argument, Call, Exclusion, Load, Payload, Transaction
from aergo_vc.pool.pending import pool_ref, read_pool, write_pool
from aergo_vc.repository.admission import admit
from aergo_vc.repository.errors import EmptyScriptError, FullPoolError, TransactionTooLongError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.results import (
    Committed,
    PendingTransaction,
    Picked,
    ScriptProblem,
    Submitted,
    total_counts,
)
from aergo_vc.repository.sealing import Producer, Sealed
from aergo_vc.repository.signing_rights import slot_length_of
from aergo_vc.repository.state_cache import StateCache, state_cache
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.unfinished_merges import require_no_merge
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.errors import UNDEFINED_FUNCTION, SqlError
from aergo_vc.sql.procedures.lexing import is_blank
from aergo_vc.sql.types.arguments import argument_values


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction before it is signed: the script, and the rows that it brings; or a deployment, or a call."""

    sql: str
    loads: tuple[Load, ...] = ()
    trees: TransactionPayload = ()
    nonce: str | None = None
    contract: str | None = None
    call: Call | None = None


MakeDraft = Callable[[BlockExecution, Machine], Draft | None]
"""Makes a draft at the state after the pending transactions; None where there is nothing to do."""


class Desk:
    """One branch with its pool and its state, under the ledger's lock."""

    def __init__(self, workspace: Workspace, identity: Identity, tip: Tip, cache: StateCache) -> None:
        self._workspace = workspace
        self._identity = identity
        self._tip = tip
        self._cache = cache
        self._authority: Authority | None = None
        self.machine = cache.machine

    def pending(self) -> tuple[Submission, ...]:
        """The transactions that wait, less those that a block holds already."""
        commit = self._workspace.refs.read(pool_ref(self._tip.branch))
        if commit is None:
            return ()
        last = self._cache.last_pool
        if last is None or last[0] != commit:
            self._cache.last_pool = last = commit, read_pool(self._workspace.writer, self._workspace.nodes, commit)
        waiting = last[1]
        landed = self._past(waiting).transactions
        return tuple(item for item in waiting if item[0].id not in landed)

    def submit(
        self, make: MakeDraft | Draft, *, commit: bool = False, message: str | None = None, dry_run: bool = False
    ) -> Submitted:
        """Sign and try a transaction on top of those that wait; keep it waiting or seal it at once.

        Raises what the transaction raises; then nothing has changed.  With `dry_run` nothing changes in any case, and
        the transaction has no id.
        """
        waiting = self.pending()
        finish = self._unsigned if dry_run else self._sign
        made = self._try(waiting, make, finish, alone=commit and not waiting, keep=not (commit or dry_run))
        if made is None:
            return Submitted(None, (), {}, None)
        if dry_run:
            return _submitted(None, made[1], None)
        submission, outcome = made
        committed = None
        if commit:
            sealed = self._seal((*waiting, submission), message)
            committed = _committed(self._tip.branch, sealed)
            outcome = outcome or sealed.outcomes[-1]
        else:
            self._keep((*waiting, submission))
        return _submitted(submission[0].id, outcome, committed)

    def adopt(
        self,
        picked: Sequence[Submission],
        *,
        commit: bool,
        message: str | None = None,
        watch: Callable[[Transaction, Footprint], None] = lambda _transaction, _footprint: None,
    ) -> Picked:
        """Take over transactions that are signed already, behind those that wait: all that are new, or none.

        They are kept waiting or sealed at once.  What fails is told in the result.  `watch` is told what each one that
        succeeds reads and writes here.
        """
        waiting = self.pending()
        transactions = [transaction for transaction, _ in picked]
        known = {transaction.id for transaction, _ in waiting}
        known |= standing(self._workspace.writer, self._tip.commit, transactions)
        there = tuple(transaction.id for transaction in transactions if transaction.id in known)
        fresh = [item for item in picked if item[0].id not in known]
        tried = self._try_signed(waiting, fresh, watch)
        if isinstance(tried, Exclusion):
            return Picked((), there, {}, failed=tried)
        committed = None
        if fresh and commit:
            committed = _committed(self._tip.branch, self._seal((*waiting, *fresh), message))
        elif fresh:
            self._keep((*waiting, *fresh))
        rows = total_counts(outcome.receipt.rows for outcome in tried)
        return Picked(tuple(transaction.id for transaction, _ in fresh), there, rows, committed)

    def sign(self, draft: Draft) -> Submission:
        """A draft as a signed transaction of this clone's entity, tried nowhere yet."""
        return self._sign(draft), draft.trees

    def _try_signed(
        self,
        waiting: Sequence[Submission],
        fresh: Sequence[Submission],
        watch: Callable[[Transaction, Footprint], None],
    ) -> list[TransactionOutcome] | Exclusion:
        """What signed transactions do behind those that wait, or the first that may not or cannot go in."""
        header = self._tip.ledger.header
        # Of those of other branches it is known that they are new: to find out takes the whole history.
        past = self._past([item for item in fresh if not is_foreign(item[0].payload, header)])
        authority = self._authority_now()
        outcomes: list[TransactionOutcome] = []
        refused: list[Exclusion] = []
        self.machine.engine.fall_back()
        with self.machine.trial(self._context()) as execution:
            for transaction, payload in waiting:
                with suppress(AergoError):  # status and commit report what fails
                    execution.execute(transaction, payload)
            with closing(admit(fresh, header, authority, past, refused)) as admitted:
                for transaction, payload in admitted:
                    try:
                        recorded = execution.record(transaction, payload)
                        outcomes.append(recorded.outcome)
                        watch(transaction, recorded.footprint)
                    except RepositoryError:
                        raise
                    except AergoError as reason:
                        refused.append(Exclusion(transaction, reason))
                    if refused:
                        break
        return refused[0] if refused else outcomes

    def _past(self, submissions: Sequence[Submission]) -> Past:
        """What must be known of the history to judge `submissions`."""
        transactions = [transaction for transaction, _ in submissions]
        return past_of(self._workspace.writer, self._tip.commit, self._tip.ledger, transactions)

    def check(self, script: str, contract: str) -> ScriptProblem | None:
        """What a deployment behind those that wait would fail for; nothing is signed or kept."""
        with self.machine.block(self._context()) as execution:
            for transaction, payload in self.pending():
                with suppress(AergoError):
                    execution.execute(transaction, payload)
            try:
                execution.check(script, contract)
            except SqlError as error:
                return ScriptProblem(error.sqlstate, error.message, error.line or 1, error.column or 1)
        return None

    def commit(self, message: str | None) -> Committed | None:
        """Seal what waits; None where nothing does."""
        waiting = self.pending()
        return _committed(self._tip.branch, self._seal(waiting, message)) if waiting else None

    def outlook(self) -> tuple[PendingTransaction, ...]:
        """What each waiting transaction would do now."""
        found: list[PendingTransaction] = []
        with self.machine.block(self._context()) as execution:
            for transaction, payload in self.pending():
                try:
                    outcome = execution.execute(transaction, payload)
                except AergoError as error:
                    found.append(PendingTransaction(transaction, {}, error.message))
                else:
                    found.append(PendingTransaction(transaction, outcome.receipt.rows, None))
        return tuple(found)

    def discard(self, ids: Sequence[TransactionId] | None) -> int:
        """Forget waiting transactions, all of them for None; returns how many."""
        waiting = self.pending()
        kept = () if ids is None else tuple(item for item in waiting if item[0].id not in ids)
        if len(kept) != len(waiting):
            self._keep(kept)
        return len(waiting) - len(kept)

    def _try(
        self,
        waiting: Sequence[Submission],
        make: MakeDraft | Draft,
        finish: Callable[[Draft], Transaction],
        *,
        alone: bool,
        keep: bool,
    ) -> tuple[Submission, TransactionOutcome | None] | None:
        """Make and sign a transaction, and see what it does behind those that wait.

        If it is to be sealed `alone`, sealing shows what it does, and without it there would be no block.  With `keep`
        what it did is kept in the state cache, for the next that comes behind it.
        """
        if isinstance(make, Draft) and alone:
            return (finish(make), make.trees), None
        engine = self.machine.engine
        # Only a draft that is made already asks nothing of the state.
        behind = isinstance(make, Draft) and bool(waiting) and engine.ahead == _name_of(waiting)
        if not behind:
            engine.fall_back()
        with self.machine.trial(self._context()) as execution:
            for transaction, payload in () if behind else waiting:
                with suppress(AergoError):  # status and commit report what fails
                    execution.execute(transaction, payload)
            draft = make if isinstance(make, Draft) else make(execution, self.machine)
            if draft is None:
                return None
            submission = (finish(draft), draft.trees)
            if alone:
                return submission, None
            outcome = execution.execute(*submission)
            if keep:
                execution.keep_ahead(_name_of((*waiting, submission)))
            return submission, outcome

    def _unsigned(self, draft: Draft) -> Transaction:
        """A transaction to be tried out alone."""
        payload = self._payload(draft)
        return Transaction(transaction_id(encode_payload(payload)), payload, bytes(SIGNATURE_BYTES))

    def _sign(self, draft: Draft) -> Transaction:
        transaction = signed(self._identity.signer, self._payload(draft))
        size = len(encode_transaction(transaction))
        if size > TRANSACTION_BYTES:
            raise TransactionTooLongError(
                f"the transaction has {size} bytes; {TRANSACTION_BYTES} are allowed", bytes=size
            )
        return transaction

    def _payload(self, draft: Draft) -> Payload:
        header = self._tip.ledger.header
        return Payload(
            branch=self._tip.branch,
            chain=header.chain,
            key=self._identity.signer.public_key,
            loads=draft.loads,
            nonce=draft.nonce or self._workspace.surroundings.entropy(16).hex(),
            recent=self._tip.ledger.block,
            signer=self._identity.entity,
            sql=draft.sql,
            contract=draft.contract,
            call=draft.call,
        )

    def _seal(self, submissions: Sequence[Submission], message: str | None) -> Sealed:
        producer = Producer(self._workspace, self._identity)
        sealed = producer.seal(self.machine, self._tip, submissions, message)
        if not isinstance(sealed, Sealed):
            raise sealed[0].reason
        self._keep_excluded(sealed.excluded, submissions)
        return sealed

    def _keep_excluded(self, excluded: Sequence[Exclusion], submissions: Sequence[Submission]) -> None:
        """What a block left out goes on waiting; the rest of the pool has landed."""
        left = {exclusion.transaction.id for exclusion in excluded}
        if self._workspace.refs.read(pool_ref(self._tip.branch)) is not None:
            self._keep([item for item in submissions if item[0].id in left])

    def _keep(self, submissions: Sequence[Submission]) -> None:
        if len(submissions) > BLOCK_TRANSACTIONS:
            raise FullPoolError(f"{BLOCK_TRANSACTIONS} transactions wait already: seal or discard them")
        ref = pool_ref(self._tip.branch)
        old = self._workspace.refs.read(ref)
        new = write_pool(self._workspace.writer, submissions, self._workspace.now())
        if new != old:
            self._workspace.move(ref, old, new, f"aergo: {len(submissions)} pending")
        self._cache.last_pool = new, tuple(submissions)

    def _context(self) -> BlockContext:
        header = self._tip.ledger.header
        time = max(self._workspace.now(), header.time)
        return BlockContext(self._tip.branch, header.chain, header.height + 1, time, self._roles_of)

    def _roles_of(self, entity: EntityName) -> frozenset[str]:
        """The roles of an entity by the directory's last block, which is read when the first one asks."""
        return self._authority_now().roles_of(entity)

    def _authority_now(self) -> Authority:
        """What the directory says at its last block."""
        if self._authority is None:
            producer = Producer(self._workspace, self._identity)
            authorities = producer.authorities()
            self._authority = authorities.at(producer.directory_tip(self._tip), slot_length_of(self._tip))
            self._workspace.authorities = authorities
        return self._authority


@contextmanager
def desk(workspace: Workspace, identity: Identity, branch: BranchName, *, seals: bool = False) -> Iterator[Desk]:
    """The desk of the current branch; raises NoLedgerHereError.

    `seals` tells that a block is to be made: raises MergeInProgressError, for the block would end a merge's footing.
    """
    with workspace.locked():
        if seals:
            require_no_merge(workspace)
        tip = tip_of(workspace, branch)
        with state_cache(workspace, branch) as cache:
            cache.move_to(tip.ledger, keep_ahead=True)
            yield Desk(workspace, identity, tip, cache)


def signed(signer: Signer, payload: Payload) -> Transaction:
    """A transaction of a payload, signed."""
    data = encode_payload(payload)
    return Transaction(transaction_id(data), payload, sign_payload(signer, TRANSACTION_NAMESPACE, data), data)


def draft_of_script(script: str) -> Draft:
    """The draft of an SQL script; raises EmptyScriptError for one without a statement."""
    if is_blank(script):
        raise EmptyScriptError("the script holds no statement")
    return Draft(script)


def _name_of(submissions: Sequence[Submission]) -> str:
    """What the state behind these transactions is called in the state cache."""
    ids = "\n".join(transaction.id for transaction, _ in submissions)
    return hashlib.sha256(ids.encode()).hexdigest()


def draft_of_deployment(script: str, contract: str) -> Draft:
    """The draft of a deployment."""
    return Draft(script, contract=contract)


def draft_of_call(name: RoutineName, positional: Sequence[Argument], named: Mapping[str, Argument]) -> MakeDraft:
    """The draft of a call, its arguments read as the routine's parameters say; raises SqlError."""

    def make(_execution: BlockExecution, machine: Machine) -> Draft:
        routine = machine.catalog.routines.get(name)
        if routine is None:
            raise SqlError(UNDEFINED_FUNCTION, f"routine {name} does not exist")
        return Draft("", call=Call(name, argument_values(machine.catalog, routine, positional, named)))

    return make


def _submitted(
    transaction: TransactionId | None, outcome: TransactionOutcome | None, committed: Committed | None
) -> Submitted:
    if outcome is None:
        return Submitted(transaction, (), {}, committed)
    receipt = outcome.receipt
    return Submitted(
        transaction, outcome.results, receipt.rows, committed, receipt.events, receipt.result, outcome.notices
    )


def _committed(branch: BranchName, sealed: Sealed) -> Committed:
    block = sealed.block
    return Committed(
        branch=branch,
        block=block.id,
        height=block.header.height,
        commit=block.commit,
        transactions=block.transactions,
        rows=total_counts([outcome.receipt.rows for outcome in sealed.outcomes]),
        excluded=sealed.excluded,
    )
