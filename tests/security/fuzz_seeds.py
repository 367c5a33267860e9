"""Play SQLite's own fuzz seeds on the closed SQLite, as if all checks before it had failed.  Run by test_fuzz_seeds.py.

Run: python fuzz_seeds.py FILE …; prints what became of them as JSON.
"""

import json
import resource
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import apsw

from aergo_vc.sql.errors import FuseError
from aergo_vc.sql.running.sandbox import Fuse, Guard, open_connection

MEMORY_BYTES = 2 << 30
PROCESSOR_SECONDS = 300
FUSE_STEPS = 5_000_000
ROWS = 1_000


def seeds(files: list[str]) -> Iterator[str]:
    """The texts of SQL in the files, which are databases with a table ``xsql``."""
    for file in files:
        with sqlite3.connect(f"file:{Path(file).resolve()}?mode=ro", uri=True) as db:
            db.text_factory = lambda text: text.decode("utf-8", "replace")
            for (text,) in db.execute("SELECT CAST(sqltext AS TEXT) FROM xsql ORDER BY sqlid"):
                yield text


def play(text: str, connection: apsw.Connection, fuse: Fuse) -> str:
    """What becomes of a seed: ran, denied, refused for another reason, or stopped."""
    fuse.reset()
    try:
        for _ in islice(connection.execute(text), ROWS):
            pass
    except FuseError:
        return "stopped"
    except apsw.AuthError:
        return "denied"
    except (apsw.Error, ValueError, TypeError):
        return "refused"
    return "ran"


def main() -> None:
    """Play them."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    guard, fuse = Guard(), Fuse(FUSE_STEPS)
    connection = open_connection(None, guard, fuse, lambda: None)
    guard.trusted = True
    connection.execute(
        'CREATE TABLE "public.t1" (a INTEGER PRIMARY KEY, b, c); INSERT INTO "public.t1" VALUES (1, 2, 3)'
    )
    guard.trusted = False
    outcomes = Counter(play(text, connection, fuse) for text in seeds(sys.argv[1:]))
    guard.trusted = True
    every = "SELECT name FROM sqlite_schema UNION ALL SELECT name FROM sqlite_temp_schema"
    names = [name for (name,) in connection.execute(every)]
    databases = [name for _, name, _ in connection.execute("PRAGMA database_list")]
    check = connection.execute("PRAGMA integrity_check").fetchall()[0][0]
    json.dump({"outcomes": outcomes, "names": names, "databases": databases, "check": check}, sys.stdout)


if __name__ == "__main__":
    main()
