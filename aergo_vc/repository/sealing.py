"""Seal transactions into the next block of a branch (designs D6, D10)."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from aergo_vc.base.ids import BranchName, ChainId, ObjectId
from aergo_vc.consensus.finality import confirmed_by
from aergo_vc.consensus.schedule import next_slot_of, producer_of, slot_at, slot_begins
from aergo_vc.ledger.building import (
    BuiltBlock,
    Executed,
    Lease,
    Place,
    Plan,
    WrittenBlock,
    commit_block,
    execute_all,
    execute_all_at_once,
    write_files,
)
from aergo_vc.ledger.history import past_of
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import BlockContext, Machine, Submission, TransactionOutcome
from aergo_vc.ledger.parallel.executing import LEAST
from aergo_vc.ledger.payloads import are_small
from aergo_vc.ledger.tip_checking import check_tip
from aergo_vc.merging.marks import log_footprints
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Consensus, Law
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Exclusion
from aergo_vc.repository.admission import admit, admit_unchecked, signatures_hold
from aergo_vc.repository.engine_check import require_engine
from aergo_vc.repository.errors import MessageError, NotYourSlotError
from aergo_vc.repository.footprint_files import FOOTPRINTS, FootprintFiles
from aergo_vc.repository.signers import follow_directory
from aergo_vc.repository.signing_rights import SigningRights, slot_length_of
from aergo_vc.repository.tips import Tip

_RECORDED_CHUNKS = 1_000
"""Some hundred thousand rows: what a block of more did is recorded once it is merged, so that sealing stays fast."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block that landed: with the outcomes of its transactions, and those left out."""

    block: BuiltBlock
    outcomes: tuple[TransactionOutcome, ...]
    excluded: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a block is made under: the lease, what its transactions can learn of it, what the directory says."""

    lease: Lease
    context: BlockContext
    authority: Authority


class Producer(SigningRights):
    """Makes blocks for one clone.  To be used under the ledger's lock."""

    def lease(
        self, chain: ChainId, law: Law, tip: LedgerTree | None, authority: Authority, directory: LedgerTree | None
    ) -> Lease:
        """The right to make the next block of a chain's branch now; raises where there is none."""
        roster = authority.roster
        time = max(self._workspace.now(), 0 if tip is None else tip.header.time, roster.epoch)
        slot = slot_at(roster, time)
        me = self._identity.entity
        expected = law.producer if law.consensus is Consensus.SOLE else producer_of(roster, slot)
        if me != expected:
            turn = None if law.consensus is Consensus.SOLE else next_slot_of(roster, me, slot)
            raise NotYourSlotError(
                f"slot {slot} of branch {law.name} belongs to {expected}, not to {me}",
                producer=expected,
                ready_at=None if turn is None else slot_begins(roster, turn),
            )
        last = self._watermark.last(chain, law.name)
        self._require_fresh(law.name, last, slot, tip, slot_begins(roster, slot + 1))
        self._require_key(authority)
        require_engine(self._workspace.folder / "cache")
        height = 0 if tip is None else tip.header.height + 1
        return Lease(
            producer=me,
            slot=slot,
            time=time,
            confirmed=confirmed_by(height, None if last is None else last.height),
            directory=None if directory is None else directory.block,
            directory_height=0 if directory is None else directory.header.height,
        )

    def seal(
        self, machine: Machine, tip: Tip, submissions: Sequence[Submission], message: str | None
    ) -> Sealed | tuple[Exclusion, ...]:
        """Make the next block of a branch; where no transaction succeeds there is none, and the reasons come back.

        The machine must be at the state of `tip`.
        """
        opening = self.open(tip)
        footprints = self._wanted_footprints(tip.ledger.law, submissions)
        catalog = machine.catalog
        executed = self._execute(machine, tip, opening, submissions, footprints)
        if not executed.included:
            return executed.excluded
        place = Place(tip.commit, tip.ledger, tip.ledger.genesis_bytes, tip.ledger.law_bytes)
        plan = Plan(place, opening.lease, self._identity.author, checked_message(message or describe(executed)))
        sealed = self.land(plan, executed, tip.branch)
        if footprints is not None:
            self._keep_footprints(sealed, catalog, footprints)
        return sealed

    def _wanted_footprints(self, law: Law, submissions: Sequence[Submission]) -> list[Footprint] | None:
        """A list for the footprints of a block that is likely to be merged; None where they would cost too much."""
        if law.consensus is not Consensus.SOLE:
            return None
        loads = [load for _, trees in submissions for load in trees]
        return [] if are_small(self._workspace.nodes, loads, _RECORDED_CHUNKS) else None

    def _execute(
        self,
        machine: Machine,
        tip: Tip,
        opening: Opening,
        submissions: Sequence[Submission],
        footprints: list[Footprint] | None,
    ) -> Executed:
        """Execute those that keep the rules; at once, where that can be done and nobody records what they do."""
        past = past_of(self._workspace.writer, tip.commit, tip.ledger, [transaction for transaction, _ in submissions])
        header, authority, workers = tip.ledger.header, opening.authority, self._workspace.surroundings.workers
        executed: Executed | None = None
        refused: list[Exclusion] = []
        if footprints is None and workers > 1 and len(submissions) >= LEAST:
            kept = admit_unchecked(submissions, header, authority, past, refused)
            holds = partial(signatures_hold, kept)
            executed = execute_all_at_once(machine, opening.context, kept, holds, workers=workers)
        if executed is None:
            refused = []
            with closing(admit(submissions, header, authority, past, refused)) as admitted:
                executed = execute_all(machine, opening.context, admitted, footprints)
        return replace(executed, excluded=(*refused, *executed.excluded))

    def _keep_footprints(self, sealed: Sealed, catalog: Catalog, footprints: Sequence[Footprint]) -> None:
        """Keep what the transactions of a private branch did, for the merge that the branch is there for."""
        transactions = sealed.block.ledger.transactions
        log = log_footprints(sealed.block.id, catalog, transactions, footprints)
        FootprintFiles(self._workspace.folder / FOOTPRINTS).keep(sealed.block.commit, log)

    def open(self, tip: Tip) -> Opening:
        """The right to put a block on `tip` now, which is sound and keeps what is final; raises where there is none."""
        authorities = self.authorities()
        directory = self.directory_tip(tip)
        if self._workspace.sound_tips.get(tip.branch) != (tip.commit, authorities.head):
            check_tip(self._workspace.writer, tip.commit, authorities)
        authority = authorities.at(directory, slot_length_of(tip))
        self._require_final_kept(tip, authority.roster)
        lease = self.lease(tip.ledger.chain, tip.ledger.law, tip.ledger, authority, directory)
        header = tip.ledger.header
        context = BlockContext(tip.branch, header.chain, header.height + 1, lease.time, authority.roles_of)
        return Opening(lease, context, authority)

    def land(self, plan: Plan, executed: Executed, branch: BranchName) -> Sealed:
        """Write a block, sign it, publish it and move the branch from the block's parent."""
        return self._land(plan, executed, branch, plan.place.parent)

    def begin(self, plan: Plan, executed: Executed, branch: BranchName) -> Sealed:
        """The same for the first block of a branch that does not exist yet, on a commit of another."""
        sealed = self._land(plan, executed, branch, None)
        if not executed.included:
            self._keep_footprints(sealed, Catalog(), ())
        return sealed

    def _land(self, plan: Plan, executed: Executed, branch: BranchName, old: ObjectId | None) -> Sealed:
        built = self._publish(
            plan, write_files(self._workspace.writer, plan.place, plan.lease, executed.contents), branch, old
        )
        return Sealed(built, executed.outcomes, executed.excluded)

    def land_written(
        self, plan: Plan, written: WrittenBlock, branch: BranchName, *, old: ObjectId | None = None
    ) -> BuiltBlock:
        """The same for a block whose ``ledger/`` is written; `old` is where the branch is, if not at the parent."""
        return self._publish(plan, written, branch, old or plan.place.parent)

    def _publish(self, plan: Plan, written: WrittenBlock, branch: BranchName, old: ObjectId | None) -> BuiltBlock:
        files, height = plan.place.files, written.header.height
        if old is not None:
            self._workspace.require_room(branch, old, files)  # a signature that does not land spends its slot
        built = commit_block(self._workspace.writer, plan, written, self._watermark.raise_to)
        message = f"aergo: block {height}"
        self._workspace.move_branch(branch, old, built.commit, message, brings_files=files is not None or old is None)
        self._workspace.twins.flush()
        if branch == DIRECTORY_BRANCH:
            follow_directory(self._workspace, built.commit)
        self._remember(Tip(branch, built.commit, built.ledger))
        return built

    def _remember(self, tip: Tip) -> None:
        """What this process made or checked itself need not be read and checked again for the next block."""
        workspace = self._workspace
        workspace.tips[tip.branch] = tip
        workspace.authorities = self._authorities
        if self._authorities is not None:
            head = tip.commit if tip.branch == DIRECTORY_BRANCH else self._authorities.head
            workspace.sound_tips[tip.branch] = (tip.commit, head)


def checked_message(text: str) -> str:
    """A message with git's line ends; raises MessageError for one that no commit can hold."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in plain or any("\ud800" <= character <= "\udfff" for character in plain):
        raise MessageError("the message holds a NUL or a character that is not Unicode")
    return plain


def describe(executed: Executed) -> str:
    """A subject line for a block whose maker gave none."""
    rows = sum(
        counts.inserted + counts.updated + counts.deleted
        for outcome in executed.outcomes
        for counts in outcome.receipt.rows.values()
    )
    transactions = len(executed.included)
    what = f"{transactions} transaction{'' if transactions == 1 else 's'}"
    first = executed.included[0][0].payload
    if transactions == 1 and first.contract is not None:
        what = f"Deploy {first.contract}"
    elif transactions == 1 and first.call is not None:
        what = f"Call {first.call.routine}"
    return f"{what}, {rows} row{'' if rows == 1 else 's'}"
