"""Faults in the git children of a verb: a program in git's place runs one of them under strace."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from faults.injection import CHANGING, Fault, Point, read_points

_PROGRAM = """\
#!/bin/sh
# Counts its runs; the FAULT_CHILD-th goes under strace.  Where that kills it, whoever started it dies too.
count=$(( $(cat "$FAULT_FOLDER/count" 2>/dev/null || echo 0) + 1 ))
echo $count > "$FAULT_FOLDER/count"
[ $count = "$FAULT_CHILD" ] || exec {git} "$@"
strace -qq -y -s 0 -o "$FAULT_FOLDER/log" -e trace=$FAULT_CALLS $FAULT_INJECTION {git} "$@"
status=$?
[ $status -ne 137 ] || [ -z "$FAULT_TOGETHER" ] || kill -KILL $PPID
exit $status
"""


class GitChildren:
    """The program and what it keeps, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        program = folder / "git"
        program.write_text(_PROGRAM.format(git=shutil.which("git")))
        program.chmod(0o755)

    def variables(self, child: int, point: Point | None, fault: Fault, *, together: bool) -> Mapping[str, str]:
        """The environment of a verb whose `child`-th run of git meets a fault; without a point it is watched."""
        for name in ("count", "log"):
            (self._folder / name).unlink(missing_ok=True)
        injection = f"-e {fault.at(point)}" if point is not None else ""
        return {
            "PATH": f"{self._folder}:{os.defpath}:{os.environ['PATH']}",
            "FAULT_FOLDER": str(self._folder),
            "FAULT_CHILD": str(child),
            "FAULT_CALLS": ",".join(CHANGING),
            "FAULT_INJECTION": injection,
            "FAULT_TOGETHER": "yes" if together else "",
        }

    @property
    def count(self) -> int:
        """How often git ran."""
        return int((self._folder / "count").read_text())

    def points(self, repository: Path) -> list[Point]:
        """The calls of the watched child that change the repository."""
        log = self._folder / "log"
        return read_points(log, repository) if log.exists() else []
