"""Why a merge cannot be, as a whole."""

from aergo_vc.ledger.errors import MergeError


class MergeAbortedError(MergeError):
    """The logic of the branch's law refuses the whole merge.  Facts: `routine`, `transaction`."""

    code = "E_MERGE_ABORTED"
