"""Run the git program for plumbing, so that neither the user's settings nor a hostile repository change what it does.

Every child gets an explicit environment, an explicit GIT_DIR, and settings that switch off what runs foreign code or
answers from caches that nothing verifies (hooks, fsmonitor, the commit-graph, replace refs, lazy fetching).
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.errors import GitFailedError, GitVersionError

MINIMUM_VERSION: Final = (2, 39)
"""The oldest git that the tests ran on; 2.38 brought ``merge-tree --write-tree`` and ``safe.bareRepository``."""

_SETTINGS = (
    "core.commitGraph=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.multiPackIndex=false",
    "core.quotePath=false",
    "core.useReplaceRefs=false",
    "diff.external=",
    "gc.auto=0",
    "index.sparse=false",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
)
_OPTIONS = tuple(word for setting in _SETTINGS for word in ("-c", setting))
_FIXED = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_NO_FETCH = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
_NO_USER_CONFIG = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
_ASK_VERSION = ("version",)
_PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class GitOutput:
    """How a child ended and what it wrote; `errors` is its standard error on one line."""

    status: int
    output: bytes
    errors: str


class Git:
    """The git program, bound to one repository (or to none, for ``git version``).

    `environment` is what children get besides the fixed variables; its own ``GIT_*`` variables are left out, because
    the repository is named by `paths`.  With `user_config` the user's and the system's settings count (line endings,
    filters: for the worktree); without it only the repository's own do.  `lazy_fetch` lets git fetch missing
    objects of a partial clone; without it no child may talk to a remote at all.
    """

    def __init__(
        self,
        paths: GitPaths | None,
        environment: Mapping[str, str] | None = None,
        *,
        user_config: bool = False,
        lazy_fetch: bool = False,
        program: str = "git",
    ) -> None:
        self.paths = paths
        self._program = program
        kept = {name: value for name, value in (environment or _PATH).items() if not name.startswith("GIT_")}
        shut_off = ({} if user_config else _NO_USER_CONFIG) | ({} if lazy_fetch else _NO_FETCH)
        self._environment = kept | _FIXED | shut_off | _repository(paths)
        self._directory = None if paths is None else str(paths.work_tree or paths.git_dir)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        expected: Sequence[int] = (0,),
        variables: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> GitOutput:
        """Run ``git ARGUMENTS`` with `stdin`; `variables` and `settings` (``name=value``) are for this run alone.

        Raises:
            GitFailedError: it ended with a status that is not in `expected`.
            GitVersionError: there is no git, or it failed and is older than what is needed.

        """
        more = [word for setting in settings for word in ("-c", setting)]
        command = [self._program, *_OPTIONS, *more, *arguments]
        try:
            done = subprocess.run(  # noqa: PLW1510  (statuses are judged below)
                command,
                input=stdin,
                capture_output=True,
                cwd=self._directory,
                env=self._environment | dict(variables or {}),
            )
        except OSError as error:
            raise GitVersionError(f"the program {self._program} cannot be run: {error.strerror}") from error
        errors = one_line(done.stderr)
        if done.returncode not in expected:
            if arguments != _ASK_VERSION:
                self.require_version()
            raise GitFailedError(f"git {arguments[0]} failed: {errors}", status=done.returncode, verb=arguments[0])
        return GitOutput(done.returncode, done.stdout, errors)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a child that stays; its standard error goes nowhere.  Raises `GitVersionError`."""
        command = [self._program, *_OPTIONS, *arguments]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._directory,
                env=self._environment,
            )
        except OSError as error:
            raise GitVersionError(f"the program {self._program} cannot be run: {error.strerror}") from error

    def version(self) -> tuple[int, int, int]:
        """The version of the program; zeros stand for numbers that it does not state."""
        text = self.run(*_ASK_VERSION).output.decode("ascii", "replace")
        match = re.match(r"git version (\d+)\.(\d+)(?:\.(\d+))?", text)
        if match is None:
            raise GitVersionError(f"git states no version: {one_line(text.encode())}")
        return int(match[1]), int(match[2]), int(match[3] or 0)

    def require_version(self) -> tuple[int, int, int]:
        """The version, which must be `MINIMUM_VERSION` or later.  Raises `GitVersionError`."""
        version = self.version()
        if version < MINIMUM_VERSION:
            found = ".".join(map(str, version))
            raise GitVersionError(f"git {found} {too_old()}", version=found)
        return version


def too_old() -> str:
    """What is said of a version below `MINIMUM_VERSION`."""
    return f"is too old: {'.'.join(map(str, MINIMUM_VERSION))} or later is needed"


def _repository(paths: GitPaths | None) -> dict[str, str]:
    if paths is None:
        return {}
    variables = {"GIT_DIR": str(paths.git_dir)}
    if paths.git_dir != paths.common_dir:
        variables["GIT_COMMON_DIR"] = str(paths.common_dir)
    if paths.work_tree is not None:
        variables["GIT_WORK_TREE"] = str(paths.work_tree)
    if paths.objects_dir != paths.common_dir / "objects":
        variables["GIT_OBJECT_DIRECTORY"] = str(paths.objects_dir)
    if paths.alternates:
        variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = ":".join(map(str, paths.alternates))
    return variables


def one_line(text: bytes) -> str:
    """A program's words as one line of bounded length, free of control characters."""
    words = text.decode("utf-8", "replace").split()
    return "".join(c if c.isprintable() else "?" for c in " ".join(words))[:_ERROR_CHARACTERS]
