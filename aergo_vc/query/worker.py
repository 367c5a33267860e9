"""The query process: loads rows, locks itself in, then runs foreign SQL.

It trusts what the program sends until `Lock`; from then on nothing that SQL does can reach a file, the network, another
process or a setting (threats H01 to H03), and memory is bounded by the operating system (H04).  It reads no
environment and ends with the program that started it.
"""

# ruff: noqa: S608  (names are quoted, values bound; this process runs foreign SQL anyway)
import os
import re
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from aergo_vc.query.column_types import ColumnInfo, to_value
from aergo_vc.query.loading import ROWS_CATALOG, SOURCES_CATALOG, BadLoad, TableLoader, rows_table
from aergo_vc.query.messages import (
    AddChunks,
    Answer,
    AttachFile,
    CloseFile,
    CreateTable,
    Done,
    DropTable,
    Failed,
    Fetch,
    FinishTable,
    Hello,
    Lock,
    Locked,
    OpenFile,
    Prepare,
    Prepared,
    RemoveChunks,
    Request,
    Rows,
    Save,
    Scalar,
    ShownTable,
    ShownView,
    encode_frame,
    read_request,
)
from aergo_vc.query.quoting import quoted_name, quoted_text
from aergo_vc.query.statements import NotAQuery, check_query, without_semicolon

_LEDGER = '"(ledger)"'
_REMEMBERED_QUERIES = 256
_PART_ROWS = 128
_BATCH_CHARACTERS = 8 << 20
"""Rows are sent once they are about so long, so that neither side holds many long ones."""
_PARENT_CHECK_SECONDS = 1.0
_ADVISED = re.compile(r'"([^"]*)"')
_LOCKED_SETTINGS = (
    "enable_external_access=false",
    "python_enable_replacements=false",
    "python_scan_all_frames=false",
    "autoload_known_extensions=false",
    "autoinstall_known_extensions=false",
    "allow_community_extensions=false",
    "allow_persistent_secrets=false",
    "lock_configuration=true",
)


class _PackageMissing(Exception):
    pass


_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((duckdb.OutOfMemoryException, MemoryError), "large"),
    (_PackageMissing, "package"),
    (BadLoad, "load"),
    ((NotAQuery, RecursionError), "query"),
)


@dataclass(frozen=True, slots=True)
class _CheckedQuery:
    """A query that may run: its columns, and its text with every value spelled for the wire."""

    sql: str
    columns: list[ColumnInfo]
    wire_sql: str


class Worker:
    """Carries out requests, one after the other."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
        self._loader: TableLoader | None = None
        self._is_file = False
        self._checked: dict[str, _CheckedQuery] = {}
        self._query: _CheckedQuery | None = None
        self._parameters: list[Scalar] = []
        self._running = False
        self._locked = False
        self._shown: set[str] = set()
        self._handlers: dict[type, Callable[[Any], Answer]] = {
            OpenFile: self._open_file,
            CreateTable: lambda request: self._load(lambda to: to.create(request.number, request.columns)),
            DropTable: lambda request: self._load(lambda to: to.drop(request.number)),
            RemoveChunks: lambda request: self._load(lambda to: to.remove(request.number, request.digests)),
            AddChunks: lambda request: self._load(lambda to: to.add(request.number, request.path, request.digests)),
            FinishTable: lambda request: self._load(lambda to: to.finish(request.number)),
            CloseFile: self._close_file,
            AttachFile: self._attach_file,
            Lock: self._lock,
            Prepare: self._prepare,
            Fetch: self._fetch,
            Save: self._save,
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a request; what goes wrong is an answer too."""
        try:
            self._require_turn(request)
            return self._handlers[type(request)](request)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the program must hear of it
            return self._failed(request, problem)

    def _require_turn(self, request: Request) -> None:
        """Foreign SQL runs only once the process is locked, and nothing else from then on."""
        if self._locked != isinstance(request, (Prepare, Fetch, Save)):
            raise BadLoad("a request came out of turn")

    def _failed(self, request: Request, problem: Exception) -> Failed:
        for types, kind in _FAILURES:
            if isinstance(problem, types):
                return Failed(kind, str(problem) or type(problem).__name__)
        if isinstance(request, (Prepare, Fetch, Save)):
            return Failed("query", self._without_advice(str(problem)))
        if isinstance(problem, duckdb.IOException) and "lock" in str(problem):
            return Failed("busy", str(problem))
        return Failed("load", str(problem))

    def _without_advice(self, message: str) -> str:
        """DuckDB's words, less what it advises but for tables and views of the ledger: much of the rest is refused."""
        beginning, _, advice = message.partition("\nDid you mean")
        names = _ADVISED.findall(advice.partition("\n")[0])
        return message if names and self._shown.issuperset(names) else beginning

    def _limit(self, memory_bytes: int, spill_bytes: int, threads: int) -> None:
        run = self._connection.execute
        run(f"SET memory_limit='{memory_bytes // 1024}KiB'")
        run(f"SET max_temp_directory_size='{spill_bytes // 1024}KiB'")
        run(f"SET temp_directory={quoted_text(str(Path.cwd() / 'spill'))}")
        run(f"SET threads={min(threads, os.cpu_count() or 1)}")
        run("SET TimeZone='UTC'")
        run("SET enable_progress_bar=false")

    def _open_file(self, request: OpenFile) -> Answer:
        self._abandon()
        self._limit(request.memory_bytes, request.spill_bytes, request.threads)
        self._is_file = request.path is not None
        catalog = ROWS_CATALOG if self._is_file else SOURCES_CATALOG
        self._connection.execute(f"ATTACH {quoted_text(request.path or ':memory:')} AS {catalog}")
        if self._is_file:
            self._connection.execute("BEGIN")
        self._loader = TableLoader(self._connection, catalog)
        return Done()

    def _abandon(self) -> None:
        """Leave a file whose loading failed."""
        if self._loader is not None and self._is_file:
            self._connection.execute("ROLLBACK")
            self._connection.execute(f"DETACH {ROWS_CATALOG}")
        self._loader = None

    def _load(self, step: Callable[[TableLoader], None]) -> Answer:
        if self._loader is None:
            raise BadLoad("no file is open for writing")
        step(self._loader)
        return Done()

    def _close_file(self, _: CloseFile) -> Answer:
        self._loader = None
        if self._is_file:
            self._connection.execute("COMMIT")
            self._connection.execute(f"CHECKPOINT {ROWS_CATALOG}")
            self._connection.execute(f"DETACH {ROWS_CATALOG}")
        return Done()

    def _attach_file(self, request: AttachFile) -> Answer:
        self._limit(request.memory_bytes, request.spill_bytes, request.threads)
        self._connection.execute(f"ATTACH {quoted_text(request.path)} AS {ROWS_CATALOG} (READ_ONLY)")
        return Done()

    def _lock(self, request: Lock) -> Answer:
        run = self._connection.execute
        run(f"ATTACH ':memory:' AS {_LEDGER}")
        run(f"CREATE SCHEMA IF NOT EXISTS {_LEDGER}.public")
        run(f"USE {_LEDGER}.public")
        for setting in _LOCKED_SETTINGS:
            run(f"SET {setting}")
        self._locked = True
        _bound_address_space(request.address_bytes)
        omitted: dict[str, str] = {}
        for table in request.tables:
            self._show_table(table, omitted)
        self._show_views(request.views, omitted)
        shown: list[ShownTable | ShownView] = [*request.tables, *request.views]
        self._shown = {name for one in shown for name in (one.name, f"{one.contract}.{one.name}")}
        return Locked(omitted)

    def _show_table(self, table: ShownTable, omitted: dict[str, str]) -> None:
        columns = ", ".join(f"c{place} AS {quoted_name(name)}" for place, name in table.columns)
        try:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_LEDGER}.{quoted_name(table.contract)}")
            catalog = SOURCES_CATALOG if table.computed else ROWS_CATALOG
            self._connection.execute(
                f"CREATE VIEW {_LEDGER}.{quoted_name(table.contract)}.{quoted_name(table.name)} AS "
                f"SELECT {columns} FROM {rows_table(catalog, table.number)}"
            )
        except duckdb.Error as problem:
            omitted[f"{table.contract}.{table.name}"] = str(problem)

    def _show_views(self, views: list[ShownView], omitted: dict[str, str]) -> None:
        """Make the views, those first on which others rest: again and again while one more can be made."""
        missing = {(view.contract, view.name): view for view in views}
        reasons: dict[tuple[str, str], str] = {}
        made = True
        while missing and made:
            made = False
            for key, view in list(missing.items()):
                try:
                    self._make_view(view)
                except (duckdb.Error, NotAQuery, RecursionError, RuntimeError) as problem:
                    reasons[key] = str(problem)
                else:
                    made = True
                    del missing[key]
        omitted.update({".".join(key): reasons[key] for key in missing})

    def _make_view(self, view: ShownView) -> None:
        if check_query(self._connection, view.query):
            raise NotAQuery("a view cannot explain a query")
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_LEDGER}.{quoted_name(view.contract)}")
        columns = f"({', '.join(map(quoted_name, view.columns))})" if view.columns else ""
        self._connection.execute(
            f"CREATE VIEW {_LEDGER}.{quoted_name(view.contract)}.{quoted_name(view.name)}{columns} AS "
            f"(\n{without_semicolon(view.query)}\n)"
        )

    def _prepare(self, request: Prepare) -> Answer:
        self._end_query()
        checked = self._checked.get(request.sql)
        if checked is None or request.parameters:
            checked = self._check(request)
        if len(self._checked) >= _REMEMBERED_QUERIES:
            self._checked.clear()
        if not request.parameters:
            self._checked[request.sql] = checked
        self._query, self._parameters = checked, request.parameters
        return Prepared([(column.name, column.type) for column in checked.columns])

    def _check(self, request: Prepare) -> _CheckedQuery:
        if check_query(self._connection, request.sql):
            columns = [ColumnInfo("explain_key", "VARCHAR"), ColumnInfo("explain_value", "VARCHAR")]
            return _CheckedQuery(request.sql, columns, request.sql)
        sql = without_semicolon(request.sql)
        relation = self._connection.sql(sql, params=request.parameters)
        columns = [
            ColumnInfo(name, str(sql_type)) for name, sql_type in zip(relation.columns, relation.types, strict=True)
        ]
        names = [f"c{place}" for place in range(len(columns))]
        values = ", ".join(to_value(column, name) for column, name in zip(columns, names, strict=True))
        return _CheckedQuery(sql, columns, f"SELECT {values} FROM (\n{sql}\n) AS q({', '.join(names)})")

    def _fetch(self, request: Fetch) -> Answer:
        if self._query is None:
            return Rows([], last=True)
        if not self._running:
            self._connection.execute("BEGIN TRANSACTION READ ONLY")
            self._running = True
            self._connection.execute(self._query.wire_sql, self._parameters)
        rows: list[tuple[Scalar, ...]] = []
        weight = 0
        last = False
        while not last and len(rows) < request.most and weight < _BATCH_CHARACTERS:
            asked = min(_PART_ROWS, request.most - len(rows))
            part = self._connection.fetchmany(asked)
            last = len(part) < asked
            weight += sum(map(_weight, part[:1])) * len(part)
            rows += part
        if last:
            self._end_query()
        return Rows(rows, last)

    def _end_query(self) -> None:
        if self._running:
            self._running = False
            self._connection.abort()
            self._connection.execute("ROLLBACK")
        self._query = None

    def _save(self, request: Save) -> Answer:
        if self._query is None or self._running:
            raise NotAQuery("a result can be saved only before its rows are read")
        stream = _ArrowStream(self._connection.sql(self._query.sql, params=self._parameters))
        if request.format == "arrow":
            _write_arrow(stream, request.path)
        else:
            _write_parquet(stream, self._query.columns, request.path)
        return Done()


def _weight(row: tuple[Scalar, ...]) -> int:
    """How many characters of text a row holds."""
    return sum(len(value) for value in row if isinstance(value, str))


class _ArrowStream:
    """Hands a relation of one DuckDB instance to another reader; the relation alone would be taken for its own."""

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)


def _write_parquet(stream: _ArrowStream, columns: list[ColumnInfo], path: str) -> None:
    """Write through an instance that may open files and that foreign SQL cannot name."""
    names = [quoted_name(column.name) for column in columns]
    values = ", ".join(
        f"CAST({name} AS UUID) AS {name}" if column.type == "UUID" else name
        for column, name in zip(columns, names, strict=True)
    )
    with duckdb.connect(":memory:") as writer:
        writer.execute("SET TimeZone='UTC'")
        writer.register("result", stream)
        writer.execute(f"COPY (SELECT {values} FROM result) TO {quoted_text(path)} (FORMAT parquet)")


def _write_arrow(stream: _ArrowStream, path: str) -> None:
    try:
        pa: Any = import_module("pyarrow")
        ipc: Any = import_module("pyarrow.ipc")
    except ImportError as problem:
        raise _PackageMissing("the format arrow needs the Python package pyarrow, which is not installed") from problem
    reader = pa.RecordBatchReader.from_stream(stream)
    with ipc.new_stream(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def _bound_address_space(more_bytes: int) -> None:
    """Let the process map so much beyond what it has mapped by now; its threads' stacks are none of the query's."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        pages = 0
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the input ends.  An interrupt of the terminal is left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    worker = Worker()
    answer: Answer = Hello(duckdb.__version__)
    while True:
        sink.write(_frame(answer))
        sink.flush()
        request = read_request(source)
        if request is None:
            return
        answer = worker.answer(request)


def _frame(answer: Answer) -> bytes:
    try:
        return encode_frame(answer)
    except MemoryError:
        return encode_frame(Failed("large", "the rows need more memory than a query may use"))


def main() -> None:
    """Serve the process that started this one."""
    # DuckDB prints to the standard output what must not come between the frames: its progress bar, for one.
    source, sink = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    with open(source, "rb") as requests, open(sink, "wb") as answers:  # noqa: PTH123 - descriptors have no path
        serve(requests, answers)
    # DuckDB's bindings take their time to unload and have nothing left to say.
    os._exit(0)
