"""What verbs refuse, and why."""

from collections.abc import Iterator
from contextlib import contextmanager

from aergo_vc.base.errors import InputError, RepositoryError


class EmptyScriptError(InputError):
    """A script has no statement."""

    code = "E_EMPTY_SCRIPT"


class NoLedgerHereError(RepositoryError):
    """The branch holds no ledger."""

    code = "E_NO_LEDGER"


class NoDirectoryError(RepositoryError):
    """The repository lacks the branch that holds the directory."""

    code = "E_NO_DIRECTORY"


class DetachedHeadError(RepositoryError):
    """HEAD is on no branch."""

    code = "E_DETACHED"


class ObstacleError(RepositoryError):
    """Something stands where a ledger would go."""

    code = "E_OBSTACLE"


class NoSignerError(RepositoryError):
    """This clone knows no entity and key to sign as."""

    code = "E_NO_SIGNER"


class NotYourSlotError(RepositoryError):
    """The slot belongs to another producer.  Facts: `producer`, and `ready_at` in milliseconds if there is a turn."""

    code = "E_NOT_YOUR_SLOT"


class SlotSpentError(RepositoryError):
    """In this slot a block was signed that did not land.  Fact: `ready_at`, milliseconds since 1970."""

    code = "E_SLOT_SPENT"


class ClockBackwardsError(RepositoryError):
    """The clock stands before the last slot that was signed in."""

    code = "E_CLOCK"


class FinalityError(RepositoryError):
    """The branch lacks a block that is irreversible.  Facts: `branch`, `block`, `height`."""

    code = "E_FINAL"


class MovedBranchError(RepositoryError):
    """The branch moved while a block for it was made."""

    code = "E_MOVED"


class UnmergeableError(InputError):
    """What a merge was asked for cannot be merged into this branch."""

    code = "E_UNMERGEABLE"


class MergeInProgressError(RepositoryError):
    """A merge was begun and is neither concluded nor given up."""

    code = "E_MERGING"


class StalePreparationError(RepositoryError):
    """A merge was prepared, and can no longer be sealed as it is."""

    code = "E_STALE_MERGE"


class ConflictError(RepositoryError):
    """A merge has conflicts, and there is no worktree in which people could resolve them."""

    code = "E_CONFLICT"


class NoMergeError(RepositoryError):
    """No merge is in progress."""

    code = "E_NOT_MERGING"


class KeyNotRegisteredError(RepositoryError):
    """This clone's key is not one of its entity's in the directory."""

    code = "E_KEY_NOT_REGISTERED"


class EngineDiffersError(RepositoryError):
    """The SQL engine computes otherwise than the rule set says."""

    code = "E_ENGINE"


class BorrowedBranchError(RepositoryError):
    """A reference leads to a block of another branch."""

    code = "E_OTHER_BRANCH"


class MessageError(InputError):
    """A block's message holds what a commit cannot."""

    code = "E_MESSAGE"


class TransactionTooLongError(InputError):
    """A transaction is longer than any may be."""

    code = "E_TRANSACTION_SIZE"


class FullPoolError(RepositoryError):
    """More transactions wait than a block can take."""

    code = "E_POOL_FULL"


class StorageError(RepositoryError):
    """The disk does not serve: full, failing, read-only, or more than this process may write."""

    code = "E_STORAGE"


class WatermarkDamagedError(RepositoryError):
    """The file that says what this clone signed last cannot be understood."""

    code = "E_WATERMARK"


class UnknownRevisionError(InputError):
    """No block, branch, tag, height or transaction is meant by a text."""

    code = "E_REVISION"


class ForeignChainError(InputError):
    """A block or a transaction belongs to another chain than this repository's."""

    code = "E_OTHER_CHAIN"


class NotPickableError(InputError):
    """The directory's transactions go to no other branch, and no other's to it."""

    code = "E_NOT_PICKABLE"


class NotRevertibleError(InputError):
    """What a transaction did cannot be undone by writing rows back."""

    code = "E_NOT_REVERTIBLE"


class NotRepairableError(InputError):
    """What happened to a branch cannot be repaired by merging again, or is not told well enough."""

    code = "E_NOT_REPAIRABLE"


class NameTakenError(InputError):
    """A branch or a tag of that name exists."""

    code = "E_EXISTS"


class UnknownTableError(InputError):
    """There is no such table at that block."""

    code = "E_TABLE"


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise what the operating system refuses as StorageError."""
    try:
        yield
    except OSError as error:
        place = error.filename if error.filename is not None else "the repository"
        raise StorageError(f"{place} cannot be read or written: {error.strerror or error}", path=str(place)) from error
