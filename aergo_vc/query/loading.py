"""Tables of rows in DuckDB, by chunk: loaded once, then moved from state to state by the chunks that differ.

Part of the query process.  A file holds one table of rows for each table of the ledger, ``t<number>``, with the columns
``c0``, ``c1``, … and, first, the ordinal of the row's chunk; and one table that says which chunk has which ordinal.
A column whose type its values decide is kept twice: as text in ``x<place>``, and in the type that fits them all.
"""

# ruff: noqa: S608  (what is put into SQL text are numbers and the names of this module)
from collections.abc import Sequence

import duckdb

from aergo_vc.query.column_types import LoadColumn, from_text, numeric_type

ROWS_CATALOG = '"(rows)"'
"""What the file is attached as: a name that no contract can have."""

SOURCES_CATALOG = '"(sources)"'
"""What computed relations are put into, in memory."""


class BadLoad(Exception):
    """The file does not hold what it should, so that nothing in it is to be trusted."""


def rows_table(catalog: str, number: int) -> str:
    """The SQL name of a table of rows."""
    return f"{catalog}.main.t{number}"


class TableLoader:
    """Writes tables of rows into an attached catalog."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
        self._run = connection.execute
        self._catalog = catalog
        self._chunks = f"{catalog}.main.chunks"
        self._tables = f"{catalog}.main.tables"
        self._run(f"CREATE TABLE IF NOT EXISTS {self._chunks} (number INTEGER, ordinal INTEGER, digest VARCHAR)")
        self._run(f"CREATE TABLE IF NOT EXISTS {self._tables} (number INTEGER, place INTEGER, type VARCHAR)")

    def create(self, number: int, columns: Sequence[LoadColumn]) -> None:
        """Add an empty table."""
        definitions = ["chunk INTEGER"]
        for place, column in enumerate(columns):
            definitions.append(f"c{place} {column.sql_type or numeric_type(None, None)}")
            if column.is_open:
                definitions.append(f"x{place} VARCHAR")
            self._run(f"INSERT INTO {self._tables} VALUES (?, ?, ?)", [number, place, column.sql_type])
        self._run(f"CREATE TABLE {self._rows(number)} ({', '.join(definitions)})")

    def drop(self, number: int) -> None:
        """Remove a table and what is known about it."""
        self._run(f"DROP TABLE {self._rows(number)}")
        self._run(f"DELETE FROM {self._chunks} WHERE number = ?", [number])
        self._run(f"DELETE FROM {self._tables} WHERE number = ?", [number])

    def remove(self, number: int, digests: list[str]) -> None:
        """Delete the rows of chunks; raises BadLoad if one of them is not there."""
        found = self._one(
            f"SELECT count(*) FROM {self._chunks} WHERE number = ? AND digest IN (SELECT unnest(?))",
            [number, digests],
        )
        if found != len(digests):
            raise BadLoad(f"{len(digests)} chunks are to be removed, {found} are there")
        ordinals = f"SELECT ordinal FROM {self._chunks} WHERE number = ? AND digest IN (SELECT unnest(?))"
        self._run(f"DELETE FROM {self._rows(number)} WHERE chunk IN ({ordinals})", [number, digests])
        self._run(f"DELETE FROM {self._chunks} WHERE number = ? AND digest IN (SELECT unnest(?))", [number, digests])

    def add(self, number: int, path: str, digests: list[str]) -> None:
        """Insert the rows of chunks from a file of lines; raises BadLoad for a line of another shape."""
        types = self._types(number)
        first = self._one(f"SELECT coalesce(max(ordinal) + 1, 0) FROM {self._chunks} WHERE number = ?", [number])
        self._run(
            f"INSERT INTO {self._chunks} SELECT ?, ? + unnest(range(len(l))), unnest(l) "
            "FROM (SELECT ?::VARCHAR[] AS l)",
            [number, first, digests],
        )
        self._run(
            f"INSERT INTO {self._rows(number)} SELECT {', '.join(_expressions(types, first))} FROM "
            "read_json(?, format='newline_delimited', records=false, columns={'line': 'VARCHAR[]'})",
            [path],
        )

    def finish(self, number: int) -> None:
        """Give the columns whose values decide it the type that fits all values."""
        places = [place for place, sql_type in enumerate(self._types(number)) if not sql_type]
        changes = []
        for place in places:
            shape = self._shape(number, place)
            wanted = numeric_type(*shape)
            changes.append(f"{from_text(wanted, f'x{place}')} AS c{place}")
        if changes:
            table = self._rows(number)
            self._run(f"CREATE TABLE {table}_new AS SELECT * REPLACE ({', '.join(changes)}) FROM {table}")
            self._run(f"DROP TABLE {table}")
            self._run(f"ALTER TABLE {table}_new RENAME TO t{number}")

    def _rows(self, number: int) -> str:
        return rows_table(self._catalog, number)

    def _types(self, number: int) -> list[str]:
        rows = self._run(f"SELECT type FROM {self._tables} WHERE number = ? ORDER BY place", [number]).fetchall()
        return [sql_type for (sql_type,) in rows]

    def _shape(self, number: int, place: int) -> tuple[int | None, int | None]:
        """The most digits before and behind the point that values of a column have."""
        row = self._run(
            f"SELECT max(length(ltrim(split_part(x{place}, '.', 1), '-'))), max(length(split_part(x{place}, '.', 2))) "
            f"FROM {self._rows(number)}"
        ).fetchone()
        return (None, None) if row is None else (row[0], row[1])

    def _one(self, sql: str, parameters: list[object]) -> int:
        row = self._run(sql, parameters).fetchall()[0]
        return int(row[0])


def _expressions(types: Sequence[str], first_ordinal: int) -> list[str]:
    """What to read of each line.  A column whose type is open is settled by `TableLoader.finish`."""
    width = len(types) + 1
    chunk = (
        f"CASE WHEN len(line) = {width} THEN CAST(line[1] AS INTEGER) + {first_ordinal} "
        "ELSE error('a row has another number of values than its table') END"
    )
    expressions = [chunk]
    for place, sql_type in enumerate(types):
        text = f"line[{place + 2}]"
        expressions.extend([from_text(sql_type, text)] if sql_type else ["NULL", text])
    return expressions
