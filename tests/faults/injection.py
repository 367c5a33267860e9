"""Run a verb in a child process and let one of its system calls fail, or kill it there, by strace.

strace counts the calls of each name in the traced process alone.  A first run, in which nothing fails, lists the calls
that touch the repository; then each of them is a point where a fault can be put.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from world import ROOT

CHANGING = (
    "openat",
    "write",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "ftruncate",
    "fsync",
    "fdatasync",
    "fchmod",
    "chmod",
    "flock",
    "utimensat",
    "symlink",
)
"""The system calls that change files, or that give or take locks."""

_CALL = re.compile(r"(\w+)\((.*)")
_OPENED_FOR_CHANGE = re.compile(r"\bO_(?:CREAT|WRONLY|RDWR|TRUNC)\b")
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """A system call of a verb: the `number`-th of its name, as strace counts, with its arguments for people."""

    call: str
    number: int
    shown: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.call} {self.number}: {self.shown}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at a point: a signal or an error, once or (`lasting`) at every call of that name from then on."""

    signal: str | None = None
    error: str | None = None
    lasting: bool = False

    def at(self, point: Point) -> str:
        """The fault in strace's words."""
        what = f"signal={self.signal}" if self.signal else f"error={self.error}"
        return f"inject={point.call}:{what}:when={point.number}{'+' if self.lasting else ''}"

    def __str__(self) -> str:
        return f"{self.signal or self.error}{' for ever' if self.lasting else ''}"


KILL = Fault(signal="SIGKILL")


def can_trace() -> bool:
    """Whether strace is here and may trace a process that is not its child."""
    if shutil.which("strace") is None:
        return False
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        tracer = subprocess.Popen(
            ["strace", "-qq", "-o", os.devnull, "-p", str(sleeper.pid)], stderr=subprocess.DEVNULL
        )
        try:
            return _traced(sleeper.pid, tracer)
        finally:
            tracer.terminate()
            tracer.wait()
    finally:
        sleeper.kill()
        sleeper.wait()


def _traced(process: int, tracer: subprocess.Popen[bytes]) -> bool:
    """Wait until `tracer` has attached to `process`; False if it gave up."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and tracer.poll() is None:
        if "TracerPid:\t0\n" not in Path(f"/proc/{process}/status").read_text():
            return True
        time.sleep(0.001)
    return False


class Zygote:
    """The process that forks the children; see `faults.zygote`."""

    def __init__(self, python: str = sys.executable, options: Sequence[str] = (), **variables: str) -> None:
        self._process = subprocess.Popen(
            [python, *options, "-m", "faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                "PATH": os.environ["PATH"],
            }
            | variables,
        )

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do a job undisturbed; returns what the child told."""
        self._begin(job | {"stopped": False})
        return self._end()

    def run_traced(self, job: dict[str, Any], strace: Sequence[str]) -> dict[str, Any]:
        """Do a job under strace with more options; returns what the child told, ``killed`` if it could not."""
        child = self._begin(job | {"stopped": True})
        tracer = subprocess.Popen(
            ["strace", "-qq", "-y", "-s", "0", *strace, "-p", str(child)], stderr=subprocess.DEVNULL
        )
        if not _traced(child, tracer):
            os.kill(child, signal.SIGKILL)
        os.kill(child, signal.SIGCONT)
        told = self._end()
        tracer.wait(_PATIENCE)
        return told

    def _begin(self, job: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def _end(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._line())
        return told

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def points_of(zygote: Zygote, job: dict[str, Any], log: Path) -> tuple[list[Point], dict[str, Any]]:
    """Run a job under strace undisturbed; returns its calls that change the repository, and what the child told."""
    told = zygote.run_traced(job, ["-o", str(log), "-e", f"trace={','.join(CHANGING)}"])
    return read_points(log, Path(job["path"])), told


def read_points(log: Path, repository: Path) -> list[Point]:
    """The calls in strace's log of one process that change a repository."""
    numbers: Counter[str] = Counter()
    points = []
    for line in log.read_text().splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        call, rest = match.groups()
        numbers[call] += 1
        if str(repository) in rest and (call != "openat" or _OPENED_FOR_CHANGE.search(rest)):
            points.append(Point(call, numbers[call], rest.replace(str(repository), "")))
    return points


def run_with_fault(zygote: Zygote, job: dict[str, Any], point: Point, fault: Fault) -> dict[str, Any]:
    """Run a job with a fault at a point; returns what the child told."""
    return zygote.run_traced(job, ["-o", os.devnull, "-e", f"trace={point.call}", "-e", fault.at(point)])
