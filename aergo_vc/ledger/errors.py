"""The rules that a block can break, each an error with a code of its own."""

from aergo_vc.base.errors import AergoError, InputError, InvalidError, RepositoryError
from aergo_vc.base.ids import ObjectId


class NoLedgerError(RepositoryError):
    """A commit holds no ledger."""

    code = "E_NO_LEDGER"


class InvalidBlockError(InvalidError):
    """A block of a history is not valid; the cause says which rule it breaks."""

    code = "E_BLOCK"

    def __init__(self, commit: ObjectId, height: int | None, cause: AergoError) -> None:
        where = "" if height is None else f" at height {height}"
        super().__init__(f"commit {commit}{where}: {cause.message}", commit=commit, height=height, rule=cause.code)
        self.cause = cause


class LayoutError(InvalidError):
    """``ledger/`` holds other files than a block's."""

    code = "E_LAYOUT"


class ChainMismatchError(InvalidError):
    """A block or a transaction belongs to another chain."""

    code = "E_CHAIN"


class BranchMismatchError(InvalidError):
    """A block or a transaction belongs to another branch, or a branch's law changed."""

    code = "E_BRANCH"


class SequenceError(InvalidError):
    """A block does not follow the one that it names as previous."""

    code = "E_SEQUENCE"


class SlotError(InvalidError):
    """A block lies in no slot of its producer."""

    code = "E_SLOT"


class FutureBlockError(InvalidError):
    """A block's slot lies ahead of the clock: it may become valid."""

    code = "E_FUTURE"


class UnknownKeyError(InvalidError):
    """A signature's key is not one of its entity's at that directory block."""

    code = "E_KEY_UNKNOWN"


class PermissionDeniedError(InvalidError):
    """An entity may not do what it signed."""

    code = "E_PERMISSION"


class ExpiredTransactionError(InvalidError):
    """A transaction names no recent block of its branch's history."""

    code = "E_EXPIRED"


class RepeatedTransactionError(InvalidError):
    """A transaction stands in the history already."""

    code = "E_REPEATED"


class FailedTransactionError(InvalidError):
    """A transaction of a block fails when it is executed again."""

    code = "E_TRANSACTION"


class StateRootError(InvalidError):
    """A block's state is not what its transactions give."""

    code = "E_STATE_ROOT"


class ReceiptsError(InvalidError):
    """A block's receipts are not what its transactions give."""

    code = "E_RECEIPTS"


class HeaderError(InvalidError):
    """A header says of a file what that file is not."""

    code = "E_HEADER"


class CommitError(InvalidError):
    """A block's commit says something else than its header."""

    code = "E_COMMIT"


class MergeError(InvalidError):
    """A block that merges another is not what merging the two gives."""

    code = "E_MERGE"


class PayloadError(InvalidError):
    """The rows that a transaction brings are missing, or others than it names."""

    code = "E_PAYLOAD"


class LimitError(InvalidError):
    """A block holds more than its branch allows."""

    code = "E_LIMIT"


class ChangedColumnsError(InputError):
    """A load was made for other columns than its table has."""

    code = "E_COLUMNS"


class OutputSizeError(InputError):
    """A transaction announces or returns more than a receipt may hold."""

    code = "E_OUTPUT_SIZE"


class ShallowError(RepositoryError):
    """History ends before the beginning of the chain."""

    code = "E_SHALLOW"
