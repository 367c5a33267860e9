"""Rows ahead of the engine's mark: kept with what leads back, so that work that will be done again need not be now.

Everything here is rolled back with the rows.  A row is noted with its first change only, as it is at the mark.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, Key
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import EngineError
from aergo_vc.sql.running.sandbox import CACHE_TABLE, UNDO_TABLE

Trusted = Callable[..., Sequence[tuple[Any, ...]]]
"""Runs SQL of the engine's own."""

RowSource = Callable[[], Iterable[Row]]
"""Gives the rows of a table, in canonical values, each time it is called."""

Before = Mapping[TableName, Mapping[Key, Row | None]]
"""Rows by their keys as they are at the mark; None where there is none."""


def create_tables(trusted: Trusted) -> None:
    """Make the table, unless the file has it."""
    columns = "relation TEXT, row_key TEXT, before TEXT, PRIMARY KEY (relation, row_key)"
    trusted(f"CREATE TABLE IF NOT EXISTS {UNDO_TABLE} ({columns})")


def name_ahead(trusted: Trusted) -> str | None:
    """The name under which rows went ahead; None while they are at the mark."""
    found = trusted(f"SELECT value FROM {CACHE_TABLE} WHERE name = 'ahead'")
    return found[0][0] if found else None


def note_ahead(trusted: Trusted, name: str, changes: Changes) -> None:
    """Note changes that were just made, and that the rows are now where `name` says."""
    for relation, key, before in _undo_rows(changes):
        trusted(f"INSERT OR IGNORE INTO {UNDO_TABLE} VALUES (?, ?, ?)", (relation, key, before))
    trusted(f"INSERT OR REPLACE INTO {CACHE_TABLE} VALUES ('ahead', ?)", (name,))


def rows_before(trusted: Trusted) -> Before:
    """All that was noted; raises EngineError for what was not noted here."""
    found: dict[TableName, dict[Key, Row | None]] = {}
    for relation, key, before in trusted(f"SELECT relation, row_key, before FROM {UNDO_TABLE} ORDER BY rowid"):
        try:
            row = None if before is None else tuple(json.loads(before))
            found.setdefault(TableName(relation), {})[tuple(json.loads(key))] = row
        except (TypeError, ValueError) as error:
            raise EngineError("the SQL engine's file is damaged: it does not say what leads back") from error
    return found


def forget_ahead(trusted: Trusted) -> None:
    """Note that the rows are at the mark."""
    trusted(f"DELETE FROM {UNDO_TABLE}")
    trusted(f"DELETE FROM {CACHE_TABLE} WHERE name = 'ahead'")


def _undo_rows(changes: Changes) -> Iterator[tuple[str, str, str | None]]:
    for name, rows in changes.items():
        for key, change in rows.items():
            yield name, _text(key), None if change.before is None else _text(change.before)


def _text(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def lost_rows() -> Iterable[Row]:
    """In the place of a source that a database opened anew does not have."""
    raise EngineError("the database does not say where rows are that it lacks")
