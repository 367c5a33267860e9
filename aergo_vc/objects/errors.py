"""What can go wrong in the object database, its references and its worktree."""

from aergo_vc.base.errors import InvalidError, RepositoryError


class NotARepositoryError(RepositoryError):
    """No git repository is found where one was looked for."""

    code = "E_NOT_A_REPOSITORY"


class UnsupportedRepositoryError(RepositoryError):
    """The repository uses something that cannot be served: an extension, grafts, a reference storage."""

    code = "E_UNSUPPORTED_REPOSITORY"


class GitFailedError(RepositoryError):
    """The git program ended with an unexpected status; the message carries what it said, on one line."""

    code = "E_GIT_FAILED"


class GitVersionError(RepositoryError):
    """The git program is missing or older than what is needed."""

    code = "E_GIT_VERSION"


class ObjectMissingError(RepositoryError):
    """An object is not in the repository."""

    code = "E_OBJECT_MISSING"


class ObjectDamagedError(RepositoryError):
    """An object's bytes cannot be read back, or are not those that its id names."""

    code = "E_OBJECT_DAMAGED"


class ObjectKindError(InvalidError):
    """An object is of another kind than the place that names it asks for."""

    code = "E_OBJECT_KIND"


class ObjectSizeError(InvalidError):
    """An object is larger than its place allows; it was not read."""

    code = "E_OBJECT_SIZE"


class LockedError(RepositoryError):
    """A lock that somebody else holds was not given up in time; it was left alone."""

    code = "E_LOCKED"


class ReferenceDamagedError(RepositoryError):
    """A reference's file or the file of packed references cannot be understood."""

    code = "E_REFERENCE_DAMAGED"


class ReferenceNameError(RepositoryError):
    """A reference cannot have this name, or not beside those that exist."""

    code = "E_REFERENCE_NAME"


class WorktreeError(RepositoryError):
    """The worktree or the index cannot be brought to a commit without losing the user's changes."""

    code = "E_WORKTREE"


class NoWorktreeError(WorktreeError):
    """The repository is bare: it has no worktree."""

    code = "E_BARE"


class UntrackedError(WorktreeError):
    """Untracked files of the user's stand where files of a commit would go; nothing was touched."""

    code = "E_UNTRACKED"
