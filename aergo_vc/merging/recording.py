"""What the transactions of a source read and wrote where they were made: found by executing its blocks once more."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from aergo_vc.base.ids import ObjectId, TransactionId
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.layout import LedgerTree
from aergo_vc.ledger.machine import Machine
from aergo_vc.ledger.settled import receipts_of, repeat
from aergo_vc.ledger.tip_checking import AuthorityOf
from aergo_vc.ledger.verifying import context_of
from aergo_vc.merging.candidates import Gathered
from aergo_vc.merging.marks import log_footprints
from aergo_vc.model.footprints import Footprint
from aergo_vc.state.nodes import NodeStore

Keep = Callable[[ObjectId, bytes], None]
"""Takes the footprints of the block of a commit, as a file."""


def footprints_of(
    machine: Machine,
    objects: CommitObjects,
    nodes: NodeStore,
    authority_of: AuthorityOf,
    gathered: Gathered,
    *,
    known: Mapping[TransactionId, Footprint],
    keep: Keep | None = None,
) -> Mapping[TransactionId, Footprint]:
    """The footprints of all transactions of the source's blocks, which must be valid, by id.

    Those in `known` need not be found out.  `keep` is handed those of each other block.  The machine is brought back to
    where it stood.
    """
    found = dict(known)
    previous = gathered.stop
    with ExitStack() as stack:
        shadow: Machine | None = None
        for block in gathered.blocks:
            if all(transaction.id in known for transaction, _ in block.submissions):
                previous = block.ledger
                continue
            shadow = shadow or stack.enter_context(machine.elsewhere(objects, nodes))
            _go_to(shadow, previous)
            catalog = shadow.catalog
            context = context_of(block.ledger.header, authority_of(block.ledger, previous))
            with shadow.block(context) as execution:
                footprints = [
                    repeat(execution, submission, receipt).footprint
                    for submission, receipt in zip(block.submissions, receipts_of(block.ledger), strict=True)
                ]
            names = [transaction.id for transaction, _ in block.submissions]
            found.update(zip(names, footprints, strict=True))
            if keep is not None:
                keep(
                    block.place.commit,
                    log_footprints(block.ledger.block, catalog, block.ledger.transactions, footprints),
                )
            previous = block.ledger
    return found


def _go_to(machine: Machine, ledger: LedgerTree) -> None:
    machine.move_to(machine.read_state(ledger.state, ledger.header.state))
