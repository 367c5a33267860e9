"""The replay of a merge, one transaction after the other: the reference that everything faster must agree with."""

from collections.abc import Callable, Sequence

from aergo_vc.base.errors import AergoError, InvalidError, RepositoryError
from aergo_vc.codec.receipts import encode_receipts
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import Room
from aergo_vc.ledger.errors import ChainMismatchError
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.machine import BlockExecution, Machine, TransactionOutcome
from aergo_vc.ledger.merges import MergeRequest, Replay, Replayed
from aergo_vc.ledger.rules import check_signer
from aergo_vc.ledger.tip_checking import AuthorityOf
from aergo_vc.merging.candidates import Candidate, SettledThere, gather
from aergo_vc.merging.carrying import Carrier, Check, unentitled
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.consistent import Settlement, TimesWritten, refuse_conflict, settler_for
from aergo_vc.merging.deciding import LeftOut, inconsistency
from aergo_vc.merging.definitions import UnseenDefinitions, lost_definition, under_new_names
from aergo_vc.merging.evidence import Evidence, View, views_of
from aergo_vc.merging.recording import footprints_of
from aergo_vc.merging.settling import refusal_for, settled_by
from aergo_vc.merging.source_rows import MadeTransactions, SourceRows
from aergo_vc.merging.unseen import Unseen
from aergo_vc.model.blocks import MergeRule
from aergo_vc.model.footprints import Footprint, joined
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Receipt, Refusal
from aergo_vc.state.nodes import NodeStore


class SerialMerger:
    """Runs merges; a `ledger.merges.PrepareReplay`."""

    def __init__(
        self,
        objects: CommitObjects,
        nodes: NodeStore,
        authority_of: AuthorityOf,
        on_conflict: Callable[[Conflict], None] = refuse_conflict,
    ) -> None:
        self._objects = objects
        self._nodes = nodes
        self._authority_of = authority_of
        self._on_conflict = on_conflict

    def __call__(self, machine: Machine, request: MergeRequest) -> Replay:
        graph = BlockGraph(self._objects)
        gathered = gather(self._objects, self._nodes, graph, request)
        footprints = footprints_of(
            machine, self._objects, self._nodes, self._authority_of, gathered, known=request.footprints
        )
        ledgers = {-1: gathered.stop} | {
            block.base: gathered.blocks[block.base].ledger for block in gathered.blocks if block.base >= 0
        }
        views = views_of(self._objects, self._nodes, ledgers, request.target_ledger)
        evidence = Evidence(gathered, views, footprints)

        def replay(execution: BlockExecution) -> Sequence[Replayed]:
            return replay_all(execution, request, evidence, self._settlement(machine, request, evidence, graph))

        return replay

    def _settlement(
        self, machine: Machine, request: MergeRequest, evidence: Evidence, graph: BlockGraph
    ) -> Settlement | None:
        """What settles inconsistencies by the target's law; None where they are left out."""

        def made() -> MadeTransactions:
            for block in evidence.gathered.blocks:
                for transaction, _ in block.submissions:
                    yield block.base, transaction.id, evidence.footprints[transaction.id]

        last_written = TimesWritten(self._objects, self._nodes, graph, request.target)
        candidates = {candidate.id for candidate in evidence.gathered.candidates}
        settler = settler_for(machine, request, last_written, SourceRows(made), candidates)
        return None if settler is None else Settlement(settler, request, self._on_conflict)


def replay_all(
    execution: BlockExecution, request: MergeRequest, evidence: Evidence, settlement: Settlement | None = None
) -> list[Replayed]:
    """Execute the candidates in their order, and leave out those that are inconsistent, with the reasons.

    With a `settlement` it is asked about the inconsistent ones that depend on nothing that is left out.
    Raises FullBlockError where they are more than a block takes.
    """
    room = Room(request.context.branch)
    replayer = Replayer(execution, request, settlement)
    done: list[Replayed] = []
    for candidate in evidence.gathered.candidates:
        room.require(candidate.submission[0], candidate.line)
        one, _ = replayer.replay(candidate, evidence.footprints[candidate.id], evidence.views[candidate.base])
        room.take(one.line, encode_receipts([one.receipt]))
        done.append(one)
    if settlement is not None:
        settlement.require_uses(done)
    return done


class Replayer:
    """Replays the candidates of one merge in their order."""

    def __init__(self, execution: BlockExecution, request: MergeRequest, settlement: Settlement | None = None) -> None:
        self._execution = execution
        self._settlement = settlement
        self._request = request
        self._rule = request.target_ledger.law.merge
        self._left = LeftOut(is_strict=self._rule is MergeRule.SERIALIZABLE)
        self._redefined: list[tuple[Catalog, Catalog]] = []

    def replay(self, candidate: Candidate, footprint: Footprint, view: View) -> tuple[Replayed, Footprint]:
        """Execute a candidate unless it is inconsistent; with all that was read and written for its sake.

        `footprint` is what it read and wrote where it was made, `view` what its maker knew of the target.
        """
        unseen = view.unseen
        for before, after in self._redefined:
            unseen = under_new_names(unseen, before, after)
        before = self._execution.catalog
        refusal = inadmissible(self._request, candidate) or self._left.dependence(footprint)
        with self._execution.records.watched() as touched:
            one = left_out(candidate, refusal) if refusal is not None else self._try(candidate, footprint, view, unseen)
        if one.outcome is None:
            self._left.add(candidate.id, footprint)
        else:
            self._left.renumber(candidate.id, footprint, touched[-1])
        if one.outcome is not None and self._execution.catalog is not before:
            self._redefined.append((before, self._execution.catalog))
        return one, joined(touched)

    def _try(self, candidate: Candidate, footprint: Footprint, view: View, unseen: Unseen) -> Replayed:
        """Execute a candidate unless it is inconsistent where it was made, and settle what is inconsistent."""
        settled, settle_by = candidate.settled, self._request.target_ledger.law.settle
        refusal = None if settled is None else unentitled(self._execution, candidate.submission, settled, settle_by)
        refusal = refusal or inconsistency(self._rule, footprint, unseen)
        if refusal is not None or self._settlement is not None:
            misnaming = self._left.misnaming(footprint)
            if misnaming is not None:
                return left_out(candidate, misnaming)
        if refusal is None:
            one = self._execute(candidate, footprint, view.definitions, unseen)
        else:
            one = left_out(candidate, refusal)
        if one.receipt.refusal is not None and self._settlement is not None:
            return self._settlement.settle(self._execution, candidate, footprint, view, one.receipt.refusal)
        return one

    def _execute(
        self, candidate: Candidate, made: Footprint, definitions: UnseenDefinitions, unseen: Unseen
    ) -> Replayed:
        before = self._execution.catalog

        def check(replayed: Footprint) -> Refusal | None:
            refusal = inconsistency(self._rule, replayed, unseen) or self._left.misnaming(made, replayed)
            if refusal is None and replayed.defines and self._rule is not MergeRule.REPLAY:
                refusal = lost_definition(before, self._execution.catalog, unseen, definitions)
            return refusal

        try:
            if candidate.settled is None:
                found = self._record(candidate, check)
            else:
                found = self._carry(candidate, candidate.settled, check)
        except RepositoryError:
            raise
        except AergoError as error:
            return left_out(candidate, refusal_for(error))
        if isinstance(found, Refusal):
            return left_out(candidate, found)
        return Replayed(candidate.submission, candidate.line, found.receipt, found)

    def _record(self, candidate: Candidate, check: Check) -> TransactionOutcome | Refusal:
        found: list[Refusal | None] = []

        def accept(_outcome: TransactionOutcome, replayed: Footprint) -> bool:
            found.append(check(replayed))
            return found[0] is None

        outcome = self._execution.record(*candidate.submission, accept).outcome
        return found[0] or outcome

    def _carry(self, candidate: Candidate, settled: SettledThere, check: Check) -> TransactionOutcome | Refusal:
        """Make of a candidate what a law on the source's line made of it."""
        always = self._rule is MergeRule.REPLAY
        found = Carrier(self._execution, candidate.submission, settled.was, always).carry(check)
        return found if isinstance(found, Refusal) else settled_by(found, settled.by)


def inadmissible(request: MergeRequest, candidate: Candidate) -> Refusal | None:
    """Why a transaction may not stand in the block whatever it does; its signature was checked with its own block's."""
    payload = candidate.submission[0].payload
    try:
        if payload.chain != request.context.chain:
            raise ChainMismatchError("a transaction was signed for another chain")
        check_signer(payload, request.context.branch, request.authority)
    except InvalidError as error:
        return refusal_for(error)
    return None


def left_out(candidate: Candidate, refusal: Refusal) -> Replayed:
    """A candidate that a merge leaves out."""
    receipt = Receipt(candidate.id, refusal=refusal)
    return Replayed(candidate.submission, b"", receipt, None)
