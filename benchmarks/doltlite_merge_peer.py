"""doltlite at the merge of `MergeWork`: a program of its own, since it replaces the SQLite of its process.

Run: python doltlite_merge_peer.py FOLDER.  Prints the seconds of each merge as JSON.
"""

import importlib
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from merge_work import MergeWork

REPETITIONS = 3


def measure(folder: Path, work: MergeWork) -> list[float]:
    """The seconds of a merge from its begin to its commit, conflicts resolved for ours."""
    importlib.import_module("doltlite")  # puts itself in the place of SQLite, so it comes first
    sqlite3 = importlib.import_module("sqlite3")

    folder.mkdir(parents=True)
    database = sqlite3.connect(folder / "accounts.db", isolation_level=None)
    run = database.execute
    run("CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, quantity INTEGER, price TEXT)")
    run("BEGIN")
    database.executemany("INSERT INTO account VALUES (?, ?, ?, ?)", work.accounts.before)
    run("COMMIT")
    run("SELECT dolt_commit('-A', '-m', 'load')")
    run("SELECT dolt_branch('side')")
    run("SELECT dolt_checkout('side')")
    for script in work.side_scripts:
        run(script)
    run("SELECT dolt_commit('-A', '-m', 'side')")
    run("SELECT dolt_checkout('main')")
    run(work.main_script)
    run("SELECT dolt_commit('-A', '-m', 'main')")
    found = []
    for number in range(REPETITIONS):
        run("SELECT dolt_checkout('main')")
        run(f"SELECT dolt_branch('try{number}')")
        run(f"SELECT dolt_checkout('try{number}')")
        start = time.perf_counter()
        run("BEGIN")
        with suppress(sqlite3.OperationalError):  # it says so that there are conflicts
            run("SELECT dolt_merge('side')").fetchall()
        run("SELECT dolt_conflicts_resolve('--ours', 'account')").fetchall()
        run("SELECT dolt_commit('-A', '-m', 'merge')").fetchall()
        found.append(time.perf_counter() - start)
        assert run("SELECT * FROM account ORDER BY id").fetchall() == work.after
    return found


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), MergeWork())))
