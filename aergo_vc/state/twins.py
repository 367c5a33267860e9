"""Where the SHA-256 forms of directories are remembered: in memory, or in a file that may vanish at any time."""

import sqlite3
from collections import OrderedDict
from pathlib import Path

from aergo_vc.base.ids import Digest

_REMEMBERED = 8_192
_MOST_ROWS = 200_000


class MemoryTwins:
    """Remembers the directories last seen."""

    def __init__(self) -> None:
        self._trees: OrderedDict[Digest, bytes] = OrderedDict()

    def get(self, digest: Digest) -> bytes | None:
        """The tree with this digest, if it is remembered."""
        return self._trees.get(digest)

    def put(self, digest: Digest, tree: bytes) -> None:
        """Remember a tree, forgetting the oldest beyond a bound."""
        self._trees[digest] = tree
        if len(self._trees) > _REMEMBERED:
            self._trees.popitem(last=False)


class FileTwins:
    """Remembers directories in an SQLite file; what is put reaches the file at `flush`.

    Whatever is wrong with the file counts as having forgotten: callers check what they get against its digest.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._recent = MemoryTwins()
        self._unsaved: dict[Digest, bytes] = {}
        self._database: sqlite3.Connection | None = None

    def get(self, digest: Digest) -> bytes | None:
        """The tree that is said to have this digest, if one is remembered."""
        found = self._unsaved.get(digest) or self._recent.get(digest)
        if found is not None:
            return found
        try:
            row = self._open().execute("SELECT tree FROM twin WHERE digest = ?", (bytes.fromhex(digest),)).fetchone()
        except (sqlite3.Error, OSError):
            return None
        if row is None or not isinstance(row[0], bytes):
            return None
        self._recent.put(digest, row[0])
        return row[0]

    def put(self, digest: Digest, tree: bytes) -> None:
        """Remember a tree."""
        self._unsaved[digest] = tree

    def flush(self) -> None:
        """Write what was put since the last flush; a file that cannot be written, or is damaged, is given up."""
        if not self._unsaved:
            return
        rows = [(bytes.fromhex(digest), tree) for digest, tree in self._unsaved.items()]
        for digest, tree in self._unsaved.items():
            self._recent.put(digest, tree)
        self._unsaved = {}
        try:
            with self._open() as database:
                database.execute("DELETE FROM twin WHERE rowid <= (SELECT max(rowid) FROM twin) - ?", (_MOST_ROWS,))
                database.executemany("INSERT OR IGNORE INTO twin (digest, tree) VALUES (?, ?)", rows)
        except (sqlite3.Error, OSError):
            self._give_up()

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=1)
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute("PRAGMA journal_mode = MEMORY")
            self._database.execute("CREATE TABLE IF NOT EXISTS twin (digest BLOB UNIQUE NOT NULL, tree BLOB NOT NULL)")
        return self._database

    def _give_up(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        self._path.unlink(missing_ok=True)
