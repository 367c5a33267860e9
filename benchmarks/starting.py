"""How long ``git aergo status`` takes as a whole process, beside a Python that does nothing."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import ROOT, Line, ledger, milliseconds, timed, variables

REPEATS = 15


def lines(folder: Path) -> Iterator[Line]:
    """The one figure; nothing while there is no command line."""
    if not hasattr(importlib.import_module("aergo_vc.cli"), "main"):
        return
    with ledger(folder / "start") as repository:
        repository.sql("CREATE TABLE t (a integer PRIMARY KEY)", commit=True)
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from aergo_vc.cli import main; sys.exit(main())"
    environment = variables(folder / "start")

    def run(*arguments: str) -> bytes:
        command = [sys.executable, "-I", *arguments]
        return subprocess.run(command, cwd=folder / "start", env=environment, check=True, capture_output=True).stdout

    assert b"main" in run("-c", start, "status")
    ours = timed([lambda: run("-c", start, "status")] * REPEATS)
    nothing = timed([lambda: run("-c", "pass")] * REPEATS)
    ratio = ours.least / nothing.least
    peer = f"python -c pass {milliseconds(nothing.least)}"
    yield Line("git aergo status, whole process", str(ours), peer, ratio, "< 150 ms", ours.least < 0.150)
