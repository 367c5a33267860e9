"""Whether this clone may sign a block now: by the directory, by whose turn it is, by what is final, by what it signed.

Loads nothing that executes transactions, since git's signing program asks for no more than this (designs D6, D10).
"""

from collections.abc import Callable

from aergo_vc.base.ids import BranchName
from aergo_vc.consensus.schedule import slot_at, slot_begins
from aergo_vc.directory.authorities import Authorities
from aergo_vc.ledger.finality import holds, newest_irreversible
from aergo_vc.ledger.history import blocks_back
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.rules import check_producer
from aergo_vc.ledger.tip_checking import check_tip
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Consensus
from aergo_vc.model.directory import Authority, Roster
from aergo_vc.repository.errors import (
    ClockBackwardsError,
    FinalityError,
    KeyNotRegisteredError,
    NoDirectoryError,
    SlotSpentError,
    StalePreparationError,
)
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.signers import follow_directory
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.watermark import Mark, Watermark
from aergo_vc.repository.workspace import Workspace


class SigningRights:
    """What one clone may sign.  To be used under the ledger's lock."""

    def __init__(self, workspace: Workspace, identity: Identity) -> None:
        self._workspace = workspace
        self._identity = identity
        known = workspace.watermark
        if known is None or not known.is_current():
            known = workspace.watermark = Watermark(workspace.folder / "watermark.json")
        self._watermark = known
        # Taken out, so that what an error left half read is not met again.
        self._authorities, workspace.authorities = workspace.authorities, None

    def authorities(self) -> Authorities:
        """What the directory says, up to its head; raises NoDirectoryError."""
        head = self._workspace.directory_head()
        if head is None:
            raise NoDirectoryError(f"the repository has no branch {DIRECTORY_BRANCH}", branch=DIRECTORY_BRANCH)
        if self._authorities is None or self._authorities.head != head:
            self._authorities = Authorities(self._workspace.writer, self._workspace.nodes, head)
            follow_directory(self._workspace, head)
        return self._authorities

    def allow(self, tip: Tip, block: LedgerTree) -> Callable[[], None]:
        """The right to sign a block that was prepared on `tip` before, and that git is about to commit.

        What is returned makes the watermark durable, right before the signature.  Raises as `open`, and
        StalePreparationError where the time or the directory has gone on since, so that the block must be made anew.
        """
        header, now = block.header, self._workspace.now()
        authorities = self.authorities()
        directory = self.directory_tip(tip)
        check_tip(self._workspace.writer, tip.commit, authorities)
        if header.directory != directory.block:
            raise StalePreparationError("the directory has a new block since the merge was prepared")
        authority = authorities.at(directory, slot_length_of(tip))
        self._require_final_kept(tip, authority.roster)
        check_producer(header, block.law, authority)
        slot = slot_at(authority.roster, max(now, header.time))
        if slot != header.slot and block.law.consensus is not Consensus.SOLE and len(authority.roster.producers) > 1:
            raise StalePreparationError(f"slot {header.slot}, in which the merge was prepared, is over")
        last = self._watermark.last(block.chain, header.branch)
        if last is not None and last.block != block.block:
            if last.slot > header.slot:
                raise StalePreparationError("another block was signed since the merge was prepared")
            self._require_fresh(header.branch, last, header.slot, tip.ledger, slot_begins(authority.roster, slot + 1))
        self._require_key(authority)
        return lambda: self._watermark.raise_to(header, block.block)

    def directory_tip(self, tip: Tip | None) -> LedgerTree:
        """The block at the head of the directory, under which a block of another branch is made."""
        if tip is not None and tip.branch == DIRECTORY_BRANCH:
            return tip.ledger
        return self.authorities().newest

    def _require_final_kept(self, tip: Tip, roster: Roster) -> None:
        """Refuse to build on a history that lacks a block that is final; a private branch is its creator's to reset."""
        if tip.ledger.law.consensus is Consensus.SOLE:
            return
        chain, objects = tip.ledger.chain, self._workspace.writer
        known = self._watermark.irreversible(chain, tip.branch)
        if known is not None and not holds(objects, tip.commit, tip.ledger, known):
            raise FinalityError(
                f"branch {tip.branch} lacks block {known.block} at height {known.height}, which is irreversible",
                branch=tip.branch, block=known.block, height=known.height,
            )  # fmt: skip
        above = -1 if known is None else known.height
        newer = newest_irreversible(objects, tip.commit, tip.ledger, len(roster.producers), above)
        if newer is not None:
            self._watermark.see_irreversible(chain, tip.branch, newer)

    def _require_key(self, authority: Authority) -> None:
        me = authority.entities.get(self._identity.entity)
        if me is None or self._identity.signer.public_key not in me.keys:
            raise KeyNotRegisteredError(
                f"this clone's key is not one of {self._identity.entity}'s in the directory",
                entity=self._identity.entity,
            )

    def _require_fresh(
        self, branch: BranchName, last: Mark | None, slot: int, tip: LedgerTree | None, ready_at: int
    ) -> None:
        """Refuse to sign a second line of blocks in one slot, or in a slot that is over."""
        if last is None or last.slot < slot:
            return
        if last.slot > slot:
            raise ClockBackwardsError(
                f"a block of {branch} was signed in slot {last.slot}, and the clock is in slot {slot}"
            )
        if tip is None or not self._descends(tip, last.block):
            raise SlotSpentError(
                f"slot {slot} of branch {branch} holds a signed block that is not in its history", ready_at=ready_at
            )

    def _descends(self, tip: LedgerTree, block: str) -> bool:
        """Whether `block` is `tip` or lies below it in the same slot."""
        if tip.block == block:
            return True
        head = self._workspace.head_of(tip.header.branch)
        if head is None:
            return False
        for place in blocks_back(self._workspace.writer, head):
            found = read_ledger(self._workspace.writer, place.ledger)
            if found.block == block:
                return True
            if found.header.slot < tip.header.slot:
                return False
        return False


def slot_length_of(tip: Tip) -> int:
    """The slots of a branch, in milliseconds."""
    genesis = tip.ledger.genesis
    return genesis.directory_slot if tip.branch == DIRECTORY_BRANCH else genesis.slot
