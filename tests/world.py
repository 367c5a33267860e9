"""A sealed world for tests: its own home, configuration, environment and time.

Nothing of the machine shows through but the programs on `World.path`, so a test tells the same story everywhere.
"""

import importlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from git_sandbox import search_path

ROOT = Path(__file__).resolve().parents[1]
"""The root of the checkout under test."""

START = 1_700_000_000_000
"""When every world's time begins: 2023-11-14 22:13:20 UTC, in milliseconds."""

CHILD_SECONDS = 120
"""No program that a test starts may run longer."""

GIT_CONFIG = """\
[user]
\tname = Alice
\temail = alice@example.org
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[advice]
\tdetachedHead = false
[safe]
\tbareRepository = all
"""


@dataclass(slots=True)
class TickingClock:
    """A `base.clock.Clock` that moves by `step` milliseconds whenever it is read, and otherwise stands still."""

    time: int = START
    step: int = 1_000

    def now(self) -> int:
        """The time before this reading moved it on."""
        time = self.time
        self.time += self.step
        return time


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child process ended.  Bytes that are not UTF-8 are kept as surrogates."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The only line of the output."""
        (line,) = self.out.splitlines()
        return line


@dataclass(frozen=True)
class World:
    """A folder with a home of its own.  Children see `environment` and nothing of the test run's."""

    root: Path
    clock: TickingClock = field(default_factory=TickingClock)

    @classmethod
    def create(cls, root: Path) -> "World":
        """Furnish the empty folder `root`."""
        world = cls(root)
        world.home.mkdir()
        (world.home / ".gitconfig").write_text(GIT_CONFIG)
        world.programs.mkdir()
        for name in ("git-aergo", "aergo"):
            write_program(world.programs, name, "aergo_vc.cli")
        write_program(world.programs, "git-merge-aergo", "aergo_vc.gitside.starting")
        return world

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def programs(self) -> Path:
        return self.root / "bin"

    @property
    def path(self) -> str:
        """PATH: git-aergo, git's folder, the system's."""
        return search_path(self.programs)

    @property
    def environment(self) -> dict[str, str]:
        """All variables that a child sees.  Each reading moves the clock on, so that each commit has its own date."""
        date = f"{self.clock.now() // 1000} +0000"
        return {
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            "GIT_CONFIG_GLOBAL": str(self.home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": self.path,
            "TZ": "UTC",
        }

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        stdin: str | bytes = b"",
        variables: Mapping[str, str] | None = None,
        expect: int | None = 0,
    ) -> Outcome:
        """Run `command` in `cwd` (the world's root by default) with `variables` added to the environment.

        Fails the test unless the exit status is `expect`; None accepts any.
        """
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.root,
            env=self.environment | dict(variables or {}),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
        outcome = Outcome(
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )
        if expect is not None and outcome.status != expect:
            words = " ".join(str(word) for word in command)
            pytest.fail(f"`{words}` exited with {outcome.status}, not {expect}\n{outcome.out}{outcome.err}")
        return outcome

    def repository(
        self,
        name: str = "repository",
        object_format: Literal["sha1", "sha256"] = "sha1",
        ref_format: Literal["files", "reftable"] = "files",
        *,
        bare: bool = False,
    ) -> "Place":
        """A fresh repository in the folder `name` of the world.  Skips the test where git has no such `ref_format`."""
        path = self.root / name
        flags = ("--bare",) if bare else ()
        if ref_format == "reftable":
            if "--ref-format" not in self.run("git", "init", "-h", expect=None).out:
                pytest.skip("a git without reftable: 2.45 or later is needed")
            flags = (*flags, "--ref-format=reftable")
        self.run("git", "init", "--quiet", f"--object-format={object_format}", *flags, "--", path)
        return Place(self, path)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a world in which git and git-aergo are run, usually a repository's top."""

    world: World
    path: Path

    def git(
        self,
        *arguments: str | Path,
        stdin: str | bytes = b"",
        variables: Mapping[str, str] | None = None,
        expect: int | None = 0,
    ) -> Outcome:
        """Run real git here; see `World.run`."""
        return self.world.run("git", *arguments, cwd=self.path, stdin=stdin, variables=variables, expect=expect)

    def aergo(
        self,
        *arguments: str | Path,
        stdin: str | bytes = b"",
        variables: Mapping[str, str] | None = None,
        expect: int | None = 0,
    ) -> Outcome:
        """Run ``git aergo`` here through git; see `World.run`.  Skips the test where there is no command line yet."""
        require_command_line()
        return self.git("aergo", *arguments, stdin=stdin, variables=variables, expect=expect)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file below this folder, its folders included."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "a commit") -> str:
        """Commit the whole worktree with plain git; returns the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD").line


def require_command_line() -> None:
    """Skip the running test where the package has no command line."""
    if not hasattr(importlib.import_module("aergo_vc.cli"), "main"):
        pytest.skip("aergo_vc.cli has no main yet")


def write_program(folder: Path, name: str, module: str) -> None:
    """Put a program `name` into `folder` that runs this checkout's `module` under this test's interpreter.

    An installed one might run another checkout's.
    """
    program = folder / name
    program.write_text(
        f"#!{sys.executable} -I\n"
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom {module} import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)


def find_shared(relative: str, start: Path = ROOT) -> Path | None:
    """The file or folder `relative` in the nearest ``shared`` folder beside the checkout or one of its parents."""
    for parent in start.parents:
        candidate = parent / "shared" / relative
        if candidate.exists():
            return candidate
    return None
