"""What can go wrong, by who must act: the caller, the repository's owner, or whoever made a block.

An error carries its message, a stable code and the facts that a caller may want (names, numbers, what was expected);
hints and colours are the command line's business.
"""

from typing import ClassVar


class AergoError(Exception):
    """Base of every error that git-aergo raises on purpose.

    `code` is stable across versions and begins with ``E_``.  `facts` holds plain values (text and numbers) by name.
    """

    code: ClassVar[str] = "E_FAILED"

    def __init__(self, message: str, **facts: str | int | None) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InputError(AergoError):
    """What the caller gave cannot be used: a name, a file, a statement.  Nothing was changed."""

    code = "E_INPUT"


class RepositoryError(AergoError):
    """The repository or the environment cannot serve: missing, read-only, locked, damaged, unsupported."""

    code = "E_REPOSITORY"


class InvalidError(AergoError):
    """Bytes of the ledger break a rule: an id, a signature, a format, a root.  Each subclass is one rule."""

    code = "E_INVALID"


class FormatError(InvalidError):
    """Stored bytes are not the canonical spelling of any value."""

    code = "E_FORMAT"
