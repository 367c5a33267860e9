"""Brings a file of rows to a state: as it is, moved by the chunks that differ, or built anew."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.ids import TableName
from aergo_vc.query.cache import CachedFile, LoadedTable, QueryCache, state_key
from aergo_vc.query.errors import QueryLoadError
from aergo_vc.query.messages import (
    AddChunks,
    Answer,
    CloseFile,
    CreateTable,
    DropTable,
    FinishTable,
    OpenFile,
    RemoveChunks,
    Request,
)
from aergo_vc.query.process import FileBusyError, QueryProcess
from aergo_vc.query.state import (
    READING_ERRORS,
    QueryState,
    QueryTable,
    root_from_text,
    root_text,
    write_chunk_segments,
)
from aergo_vc.state.nodes import Node

_LARGEST_CHURN = 0.5
"""A table of whose chunks more than this part would have been replaced is rather built anew."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What loading may take: seconds for a step, bytes of memory and of disk, threads."""

    seconds: float
    memory_bytes: int
    spill_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that holds a state, and the numbers of its tables."""

    path: Path
    tables: dict[str, LoadedTable]


class Preparer:
    """Prepares files in one cache through one query process; to be used under the cache's lock."""

    def __init__(self, process: QueryProcess, cache: QueryCache, scratch: Path, resources: Resources) -> None:
        self._process = process
        self._cache = cache
        self._segment = scratch / "segment"
        self._resources = resources

    def prepare(self, state: QueryState) -> PreparedFile:
        """The file for a state; raises QueryLoadError, or as reading the state's trees does."""
        key = state_key(state, self._process.version())
        files = self._cache.files()
        for file in files:
            if file.stamp.key == key:
                self._cache.mark_used(file)
                return PreparedFile(file.path, file.stamp.tables)
        base = _nearest(files, state)
        prepared = None if base is None else self._moved(state, key, base)
        if prepared is None:
            prepared = self._loaded(state, key, self._cache.path(key), {})
        self._cache.evict(prepared.path)
        return prepared

    def _moved(self, state: QueryState, key: str, base: CachedFile) -> PreparedFile | None:
        """The file made of `base`: of itself if the line moved on from it, else of a copy; None if that fails."""
        try:
            if state.line is not None and state.line == base.stamp.line:
                try:
                    self._cache.unstamp(base.path)
                    return self._loaded(state, key, base.path, base.stamp.tables)
                except FileBusyError:
                    self._cache.write_stamp(base.path, base.stamp.key, base.stamp.line, base.stamp.tables)
            copy = self._cache.path(key)
            shutil.copyfile(base.path, copy)
            return self._loaded(state, key, copy, base.stamp.tables)
        except QueryLoadError:
            return None

    def _loaded(self, state: QueryState, key: str, path: Path, tables: dict[str, LoadedTable]) -> PreparedFile:
        """Bring the file at `path`, which holds `tables`, to a state, and call it after that."""
        self._open(str(path))
        try:
            loaded = dict(self._steps(state, tables))
            self._ask(CloseFile())
        except QueryLoadError:
            self._cache.remove(path)
            raise
        final = self._cache.path(key)
        path.replace(final)
        self._cache.write_stamp(final, key, state.line, loaded)
        return PreparedFile(final, loaded)

    def _steps(self, state: QueryState, tables: dict[str, LoadedTable]) -> Iterator[tuple[str, LoadedTable]]:
        free = max((table.number for table in tables.values()), default=-1) + 1
        for name in sorted(tables.keys() - state.tables.keys()):
            self._ask(DropTable(tables[name].number))
        for name, table in sorted(state.tables.items()):
            old = tables.get(name)
            moved = None if old is None else self._move_table(table, old)
            if moved is None:
                if old is not None:
                    self._ask(DropTable(old.number))
                moved = self._build_table(table, free)
                free += 1
            yield name, moved

    def _move_table(self, table: QueryTable, old: LoadedTable) -> LoadedTable | None:
        """Move a loaded table to its new root; None if it had better be built."""
        if old.columns != _columns(table):
            return None
        if old.root == root_text(table.root):
            return old
        try:
            gone, came = table.chunks_since(root_from_text(old.root))
        except READING_ERRORS:
            return None
        chunks, churn = old.chunks - len(gone) + len(came), old.churn + len(gone)
        if churn > _LARGEST_CHURN * chunks:
            return None
        if gone:
            self._ask(RemoveChunks(old.number, [node.digest for node in gone]))
        self._add(table, old.number, came)
        return LoadedTable(old.number, old.columns, root_text(table.root), chunks, churn)

    def _build_table(self, table: QueryTable, number: int) -> LoadedTable:
        self._ask(CreateTable(number, table.load_columns))
        chunks = list(table.tree.chunks(table.node))
        self._add(table, number, chunks)
        return LoadedTable(number, _columns(table), root_text(table.root), len(chunks), 0)

    def _add(self, table: QueryTable, number: int, chunks: list[Node]) -> None:
        for segment in write_chunk_segments(table, chunks, self._segment):
            self._ask(AddChunks(number, str(segment.path), segment.digests))
        self._ask(FinishTable(number))

    def _open(self, path: str) -> None:
        resources = self._resources
        self._ask(OpenFile(path, resources.memory_bytes, resources.spill_bytes, resources.threads))

    def _ask(self, request: Request) -> Answer:
        return self._process.ask(request, self._resources.seconds)


def _columns(table: QueryTable) -> tuple[str, ...]:
    return tuple(column.sql_type for column in table.load_columns)


def _nearest(files: Iterable[CachedFile], state: QueryState) -> CachedFile | None:
    """The file that shares most tables with a state; among equals one of its line, then the one used last."""
    roots = {(TableName(name), root_text(table.root)) for name, table in state.tables.items()}

    def likeness(file: CachedFile) -> tuple[int, int, bool, float]:
        stamp = file.stamp
        equal = sum((TableName(name), table.root) in roots for name, table in stamp.tables.items())
        common = len(stamp.tables.keys() & state.tables.keys())
        return equal, common, stamp.line is not None and stamp.line == state.line, file.used

    nearest = max(files, key=likeness, default=None)
    return nearest if nearest is not None and nearest.stamp.tables.keys() & state.tables.keys() else None
