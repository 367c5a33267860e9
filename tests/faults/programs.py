"""Faults in the programs that `git merge` starts: each is put under strace, in its own place."""

import shlex
from pathlib import Path

from faults.injection import CHANGING, Fault, Point, read_points

_WRAPPER = """\
#!/bin/sh
# Runs the program under strace.  Where that kills it, and this is to happen together, the git that started it dies too.
strace -qq -y -s 0 -o {log} -e trace={calls} {injection} {program} "$@"
status=$?
[ $status -ne 137 ] || {together} || kill -KILL $PPID
exit $status
"""


def wrap(program: Path, log: Path, fault: tuple[Point, Fault] | None = None, *, together: bool) -> None:
    """Put a fault at a point of a program, which is moved aside; without one it is watched."""
    real = program.with_name(f"{program.name}.real")
    program.rename(real)
    text = _WRAPPER.format(
        log=shlex.quote(str(log)),
        calls=",".join(CHANGING),
        injection="" if fault is None else f"-e {fault[1].at(fault[0])}",
        program=shlex.quote(str(real)),
        together="false" if together else "true",
    )
    program.write_text(text)
    program.chmod(0o755)


def points_in(log: Path, repository: Path) -> list[Point]:
    """The calls of the watched program that change the repository; none where it did not run."""
    return read_points(log, repository) if log.exists() else []
