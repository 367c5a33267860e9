"""What every benchmark needs: repositories of its own, times, and lines of the one table that is printed."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement.  `ratio` is ours divided by the peer's; `reached` None stands for: no goal, or no peer here."""

    work: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    goal: str = ""
    reached: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The line as texts."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        return self.work, self.ours, self.peer, ratio, self.goal, {True: "yes", False: "NO", None: ""}[self.reached]


def print_table(lines: Sequence[Line]) -> None:
    """Print lines under a heading."""
    rows = [("work", "ours", "peer", "ratio", "goal", "reached"), *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def milliseconds(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def kilobytes(size: float) -> str:
    """A size for people."""
    return f"{size / 1000:,.1f} kB"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that repetitions of one thing took."""

    all: tuple[float, ...]

    @property
    def least(self) -> float:
        """The shortest: what the work costs when nothing else runs."""
        return min(self.all)

    def __str__(self) -> str:
        return f"{milliseconds(self.least)} (median {milliseconds(statistics.median(self.all))})"


def timed(actions: Sequence[Callable[[], object]]) -> Times:
    """How long each of some like actions takes."""
    return Times(tuple(seconds(action) for action in actions))


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def variables(home: Path) -> Mapping[str, str]:
    """An environment in which git knows a user and nothing of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_"))}
    who = {f"GIT_{role}_{part}": "bench" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return kept | who | {"HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What a git command prints; it must succeed."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, input=stdin, capture_output=True, env=variables(folder)).stdout


def make_repository(folder: Path, *, bare: bool = False) -> None:
    """A fresh repository that never collects garbage by itself."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
    git(folder, "config", "gc.auto", "0")


@contextmanager
def ledger(folder: Path, *, bare: bool = False) -> Iterator[Repository]:
    """A fresh repository with a ledger on main."""
    make_repository(folder, bare=bare)
    with Repository.open(folder, Surroundings(variables(folder))) as repository:
        repository.init(name="bench", entity="bench")
        yield repository


def pack_bytes(folder: Path) -> int:
    """The size of all packs of a repository, which must have no loose objects."""
    directory = folder / ".git" if (folder / ".git").exists() else folder
    assert not list(directory.glob("objects/[0-9a-f][0-9a-f]"))
    return sum(pack.stat().st_size for pack in directory.glob("objects/pack/*.pack"))


def make_receiver(folder: Path, sender: Path) -> None:
    """A bare repository that is `sender`'s remote, and has all that it has."""
    make_repository(folder, bare=True)
    git(sender, "remote", "add", "origin", str(folder))
    git(sender, "push", "--quiet", "--all", "origin")


def pushed_bytes(receiver: Path, sender: Path) -> int:
    """Push all branches; returns the size of the pack that this sends.

    What arrives is no measure: the receiver adds to a thin pack the objects that its deltas refer to.
    """
    known = git(receiver, "for-each-ref", "--format=^%(objectname)")
    wanted = git(sender, "for-each-ref", "--format=%(objectname)", "refs/heads/")
    options = ("--revs", "--stdout", "--thin", "--delta-base-offset", "--quiet")
    pack = git(sender, "pack-objects", *options, stdin=wanted + known)
    git(sender, "push", "--quiet", "--all", "origin")
    assert git(receiver, "for-each-ref", "--format=%(objectname)", "refs/heads/") == wanted
    return len(pack)
