"""The resolutions that people signed, at the end of a merge."""

from collections.abc import Iterator, Sequence

from aergo_vc.base.errors import AergoError, InputError, RepositoryError
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.ledger.machine import BlockExecution, Submission
from aergo_vc.ledger.merges import Replayed
from aergo_vc.merging.conflicts import RESOLVED, resolved_by


class FailedResolutionError(InputError):
    """A resolution may not stand in the block, or fails.  Facts: `transaction`, and those of the reason."""

    code = "E_RESOLUTION"


def resolved(
    execution: BlockExecution, considered: Sequence[Replayed], resolutions: Sequence[Submission]
) -> Iterator[Replayed]:
    """Execute the resolutions that stand for what a replay left out for them; the others have nothing to resolve.

    Raises FailedResolutionError.
    """
    waiting = {
        one.receipt.transaction
        for one in considered
        if one.receipt.refusal is not None and one.receipt.refusal.code == RESOLVED
    }
    for transaction, payload in resolutions:
        if waiting.isdisjoint(resolved_by(transaction.payload)):
            continue
        try:
            outcome = execution.execute(transaction, payload)
        except RepositoryError:
            raise
        except AergoError as error:
            message = f"the resolution {transaction.id} fails: {error.message}"
            raise FailedResolutionError(message, **{**error.facts, "transaction": transaction.id}) from error
        line = encode_transaction(transaction) + b"\n"
        yield Replayed((transaction, payload), line, outcome.receipt, outcome)
