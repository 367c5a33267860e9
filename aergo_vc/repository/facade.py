"""`Repository`: the verbs of git-aergo as a Python API.  It prints nothing and reads no environment."""

from pathlib import Path
from types import TracebackType
from typing import Self

from aergo_vc.repository.identity import Identity
from aergo_vc.repository.workspace import Surroundings, Workspace


class Repository:
    """A git repository with a ledger, or one that is to get one.  Not thread-safe.

    Verbs raise InputError for what the caller gave, RepositoryError for what the repository or the environment cannot
    serve, and InvalidError for a ledger that breaks a rule.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._identity = Identity(workspace)

    @classmethod
    def open(cls, start: Path, surroundings: Surroundings | None = None) -> Self:
        """The repository that `start` lies in."""
        return cls(Workspace.open(start, surroundings or Surroundings()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up files and processes."""
        self._workspace.close()
