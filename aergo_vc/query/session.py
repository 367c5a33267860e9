"""A session: one state, one query process, any number of queries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Column, Table, View, split_name
from aergo_vc.model.types import Row, Value
from aergo_vc.query.cache import QueryCache, Scratch, folder_lock, open_folder
from aergo_vc.query.column_types import ColumnInfo, load_column
from aergo_vc.query.errors import QueryCacheError, QueryError, QueryProcessError, QueryTimeout, QueryTooLarge
from aergo_vc.query.messages import (
    AddChunks,
    AttachFile,
    CloseFile,
    CreateTable,
    Fetch,
    FinishTable,
    Lock,
    Locked,
    OpenFile,
    Prepare,
    Prepared,
    Request,
    Rows,
    Save,
    ShownTable,
    ShownView,
)
from aergo_vc.query.preparing import PreparedFile, Preparer, Resources
from aergo_vc.query.process import QueryProcess, one_line
from aergo_vc.query.state import QueryState, write_source_segments

BATCH_ROWS = 2_048
SQL_CHARACTERS = 1 << 20
_LOCK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What a query may take before it is ended.

    `seconds` of waiting for it, not counting what the reader of its rows does; `memory_bytes` of address space beyond
    an idle process's, half of which DuckDB plans with; `spill_bytes` of disk; `threads`, never more than the machine
    has processors.  `load_seconds` bounds each step of loading rows, which no query can prolong.
    """

    seconds: float = 60.0
    memory_bytes: int = 4 << 30
    spill_bytes: int = 8 << 30
    threads: int = 4
    load_seconds: float = 3_600.0


class QueryResult:
    """The rows of a query, read as they are asked for; the session's next query ends it."""

    def __init__(self, session: "QuerySession", columns: tuple[ColumnInfo, ...]) -> None:
        self._session = session
        self.columns = columns

    def batches(self) -> Iterator[list[Row]]:
        """The rows, once, in the query's order; raises QueryError, QueryTimeout, QueryTooLarge while reading."""
        wide = [place for place, column in enumerate(self.columns) if column.is_wide_integer]
        last = False
        while not last:
            rows, last = self._session.fetch(self)
            if rows:
                yield [_with_integers(row, wide) for row in rows] if wide else rows

    def rows(self) -> Iterator[Row]:
        """The same, row by row."""
        for batch in self.batches():
            yield from batch

    def save(self, file_format: str) -> Path:
        """Write all rows, none of which may have been read, into a file that lasts as long as the session.

        `file_format` is ``parquet`` or ``arrow``; raises also MissingPackageError.
        """
        return self._session.save(self, file_format)


class QuerySession:
    """Queries over one state.

    Files derived from states are kept in `cache_folder`, which is made if it is missing and must belong to the user
    alone.  After a query that was ended, the next one starts a new process.  Use as a context manager.
    """

    def __init__(self, state: QueryState, cache_folder: Path, limits: QueryLimits | None = None) -> None:
        self._state = state
        self._limits = limits or QueryLimits()
        self._folder = cache_folder
        self._process: QueryProcess | None = None
        self._current: QueryResult | None = None
        self._saved = 0
        self.omitted: dict[TableName, str] = {}
        open_folder(cache_folder)
        with folder_lock(cache_folder, _LOCK_SECONDS):
            self._scratch = Scratch(cache_folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove its passing files."""
        if self._process is not None:
            self._process.close()
            self._process = None
        self._scratch.close()

    def open(self) -> dict[TableName, str]:
        """Start the process and load the state, if that has not happened yet.

        Returns the tables and views that DuckDB cannot show, each with its reason.
        """
        self._started()
        return self.omitted

    def query(self, sql: str, parameters: tuple[Value, ...] = ()) -> QueryResult:
        """Check a query, a single SELECT in DuckDB's dialect; it runs as its rows are asked for.

        `parameters` stand for ``?`` or ``$1``.  Raises QueryError.
        """
        if len(sql) > SQL_CHARACTERS:
            raise QueryError(f"a query has {len(sql)} characters; {SQL_CHARACTERS} are allowed")
        self._current = None
        answer = self._ask(Prepare(sql, list(parameters)))
        if not isinstance(answer, Prepared):
            raise QueryProcessError("the query process does not answer as it should")
        self._current = QueryResult(self, tuple(ColumnInfo(name, sql_type) for name, sql_type in answer.columns))
        return self._current

    def fetch(self, result: QueryResult) -> tuple[list[Row], bool]:
        """The next rows of the current result, and whether they are the last."""
        self._require_current(result)
        answer = self._ask(Fetch(BATCH_ROWS))
        if not isinstance(answer, Rows):
            raise QueryProcessError("the query process does not answer as it should")
        if answer.last:
            self._current = None
        return answer.rows, answer.last

    def save(self, result: QueryResult, file_format: str) -> Path:
        """Write the current result into a file."""
        self._require_current(result)
        self._saved += 1
        path = self._scratch.path / f"result-{self._saved}.{file_format}"
        self._ask(Save(file_format, str(path)))
        self._current = None
        return path

    def _require_current(self, result: QueryResult) -> None:
        if result is not self._current or self._process is None or not self._process.alive:
            raise QueryError("a result can be read or saved once, and not after the next query")

    def _ask(self, request: Request) -> object:
        return self._started().ask(request, self._limits.seconds)

    def _started(self) -> QueryProcess:
        if self._process is not None and self._process.alive:
            return self._process
        self._current = None
        try:
            return self._load(self._state.views)
        except (QueryTimeout, QueryTooLarge):
            # Views come from contracts, whose authors must not be able to keep others from querying.
            if not self._state.views:
                raise
            process = self._load({})
            self.omitted |= dict.fromkeys(self._state.views, "the views took too long, or too much memory, to be made")
            return process

    def _load(self, views: Mapping[TableName, View]) -> QueryProcess:
        """Start a process and bring it to the state."""
        process = QueryProcess(self._scratch.path)
        try:
            self._prepare(process, views)
        except BaseException as problem:
            process.close()
            if isinstance(problem, OSError):
                raise QueryCacheError(f"{self._folder} cannot be used for query files: {problem}") from problem
            raise
        self._process = process
        return process

    def _prepare(self, process: QueryProcess, views: Mapping[TableName, View]) -> None:
        limits = self._limits
        memory_bytes = limits.memory_bytes // 2
        resources = Resources(limits.load_seconds, memory_bytes, limits.spill_bytes, limits.threads)
        with folder_lock(self._folder, _LOCK_SECONDS):
            cache = QueryCache(self._folder, process.version())
            prepared = Preparer(process, cache, self._scratch.path, resources).prepare(self._state)
            attach = AttachFile(str(prepared.path), memory_bytes, limits.spill_bytes, limits.threads)
            process.ask(attach, limits.load_seconds)
        self._load_sources(process, resources)
        answer = process.ask(self._shown(prepared, views), limits.seconds)
        if not isinstance(answer, Locked):
            raise QueryProcessError("the query process does not answer as it should")
        self.omitted = {TableName(name): one_line(reason) for name, reason in answer.omitted.items()}

    def _load_sources(self, process: QueryProcess, resources: Resources) -> None:
        if not self._state.sources:
            return
        seconds = resources.seconds
        process.ask(OpenFile(None, resources.memory_bytes, resources.spill_bytes, resources.threads), seconds)
        for number, source in enumerate(self._state.sources):
            columns = tuple(load_column(column.type) for column in source.columns)
            process.ask(CreateTable(number, columns), seconds)
            for segment in write_source_segments(source, self._scratch.path / "segment"):
                process.ask(AddChunks(number, str(segment.path), segment.digests), seconds)
            process.ask(FinishTable(number), seconds)
        process.ask(CloseFile(), seconds)

    def _shown(self, prepared: PreparedFile, views: Mapping[TableName, View]) -> Lock:
        tables = [
            ShownTable(*split_name(name), prepared.tables[name].number, _shown_columns(table.table), computed=False)
            for name, table in sorted(self._state.tables.items())
        ]
        sources = [
            ShownTable(*split_name(source.name), number, _numbered(source.columns), computed=True)
            for number, source in enumerate(self._state.sources)
        ]
        shown_views = [
            ShownView(*split_name(name), list(view.columns), view.query) for name, view in sorted(views.items())
        ]
        return Lock(tables + sources, shown_views, self._limits.memory_bytes)


def _numbered(columns: Sequence[Column]) -> list[tuple[int, str]]:
    return [(place, column.name) for place, column in enumerate(columns)]


def _shown_columns(table: Table) -> list[tuple[int, str]]:
    numbered = _numbered(table.columns)
    return numbered[1:] if table.has_hidden_key else numbered


def _with_integers(row: Row, places: list[int]) -> Row:
    values = list(row)
    for place in places:
        value = values[place]
        values[place] = int(value) if isinstance(value, str) else value
    return tuple(values)
