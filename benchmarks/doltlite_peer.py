"""doltlite at the same work: a program of its own, since it replaces the SQLite of the process that it runs in.

Run: python doltlite_peer.py FOLDER ROWS COMMITS CHANGED.  Prints what `PeerFigures` holds, as JSON.
"""

import csv
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accounts import Accounts, csv_text


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """Seconds for each load, commit and diff, bytes that pushing all commits but the first sent."""

    loads: list[float]
    commits: list[float]
    pushed: int
    diffs: list[float]


def run_peer(folder: Path, work: Accounts) -> PeerFigures | None:
    """The figures of doltlite; None where it is not installed."""
    numbers = map(str, (work.rows, work.commits, work.changed))
    command = [sys.executable, __file__, str(folder), *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named 'doltlite'" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return PeerFigures(**json.loads(done.stdout))


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(folder: Path, work: Accounts) -> PeerFigures:
    """Do the work in a new database in `folder`."""
    importlib.import_module("doltlite")  # puts itself in the place of SQLite, so it comes first
    sqlite3 = importlib.import_module("sqlite3")

    folder.mkdir(parents=True)
    remote = folder / "remote.db"
    path = folder / "account.csv"
    path.write_text(csv_text(work.before))

    def make(name: str) -> Any:  # noqa: ANN401 - a module found at run time
        made = sqlite3.connect(folder / name, isolation_level=None)
        made.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, quantity INTEGER, price TEXT)")
        return made

    def load(database: Any) -> None:  # noqa: ANN401
        with path.open(newline="") as file:
            lines = csv.reader(file)
            next(lines)
            rows = [(int(i), name, int(quantity), price) for i, name, quantity, price in lines]
        database.execute("BEGIN")
        database.executemany("INSERT INTO account VALUES (?, ?, ?, ?)", rows)
        database.execute("COMMIT")
        database.execute("SELECT dolt_commit('-A', '-m', 'load')")

    def commit(number: int) -> None:
        database.execute(work.script(number))
        database.execute("SELECT dolt_commit('-A', '-m', 'change')")

    def push() -> int:
        before = remote.stat().st_size if remote.exists() else 0
        database.execute("SELECT dolt_push('origin', 'main')").fetchall()
        return remote.stat().st_size - before

    def diff() -> None:
        found = database.execute("SELECT * FROM dolt_diff_account('HEAD~1', 'HEAD')").fetchall()
        assert len(found) == work.changed

    databases = [make(f"accounts{number}.db") for number in range(4)]
    loads = [_seconds(lambda database=database: load(database)) for database in databases]
    database = databases[0]
    database.execute("SELECT dolt_remote('add', 'origin', ?)", (f"file://{remote}",))
    push()
    commits = [_seconds(lambda number=number: commit(number)) for number in range(work.commits)]
    assert database.execute("SELECT * FROM account ORDER BY id").fetchall() == work.after(work.commits)
    return PeerFigures(loads, commits, push(), [_seconds(diff) for _ in range(5)])


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Path(sys.argv[1]), Accounts(*map(int, sys.argv[2:]))))))
