"""Results that are no queries of DuckDB's: rows at hand, read and saved as those of a query are."""

# ruff: noqa: S608  (what is put into SQL text are names, quoted)
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aergo_vc.base.ids import TableName
from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.model.schema import Column
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.query.column_types import ColumnInfo, load_column, numeric_type
from aergo_vc.query.quoting import quoted_name
from aergo_vc.query.session import BATCH_ROWS, QueryLimits, QuerySession
from aergo_vc.query.state import QueryState

_RELATION = TableName("result.rows")
_ORDINAL = Column("ordinal", ColumnType(Kind.BIGINT), not_null=True)


class Result(Protocol):
    """The rows of a query, as far as those who write them need to know."""

    @property
    def columns(self) -> tuple[ColumnInfo, ...]: ...

    def batches(self) -> Iterator[list[Row]]: ...

    def rows(self) -> Iterator[Row]: ...

    def save(self, file_format: str) -> Path: ...


class ReadyResult:
    """Rows that an engine gave, in canonical values; arrays are texts as PostgreSQL spells them.

    Files that are saved last until `close`.
    """

    def __init__(
        self, columns: Sequence[ResultColumn], rows: Sequence[Row], cache_folder: Path, limits: QueryLimits | None
    ) -> None:
        self._types = [column.type for column in columns]
        self._rows = rows
        self._cache_folder, self._limits = cache_folder, limits
        self._sessions = ExitStack()
        self.columns = tuple(
            ColumnInfo(column.name, _duckdb_type(column.type, [row[place] for row in rows]))
            for place, column in enumerate(columns)
        )

    def close(self) -> None:
        """Remove the files that were saved."""
        self._sessions.close()

    def batches(self) -> Iterator[list[Row]]:
        """The rows in their order, some at a time."""
        return (list(self._rows[place : place + BATCH_ROWS]) for place in range(0, len(self._rows), BATCH_ROWS))

    def rows(self) -> Iterator[Row]:
        """The same, row by row."""
        return iter(self._rows)

    def save(self, file_format: str) -> Path:
        """Write the rows into a file, ``parquet`` or ``arrow``; raises as QuerySession does."""
        source = _Numbered(tuple(map(_saved_column, range(len(self._types)), self._types)), self._rows)
        state = QueryState({}, sources=(source,))
        session = self._sessions.enter_context(QuerySession(state, self._cache_folder, self._limits))
        shown = ", ".join(f"c{place} AS {quoted_name(info.name)}" for place, info in enumerate(self.columns))
        return session.query(f"SELECT {shown} FROM {_RELATION} ORDER BY ordinal").save(file_format)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The rows as a relation, numbered so that their order is not lost."""

    shown: tuple[Column, ...]
    found: Sequence[Row]

    @property
    def name(self) -> TableName:
        return _RELATION

    @property
    def columns(self) -> Sequence[Column]:
        return (_ORDINAL, *self.shown)

    def rows(self) -> Iterator[Row]:
        return ((number, *row) for number, row in enumerate(self.found))


def _saved_column(place: int, column_type: ColumnType) -> Column:
    return Column(f"c{place}", ColumnType(Kind.TEXT) if column_type.is_array else column_type)


def _duckdb_type(column_type: ColumnType, values: Sequence[object]) -> str:
    if column_type.is_array:
        return "VARCHAR"
    loaded = load_column(column_type)
    if not loaded.is_open:
        return loaded.sql_type
    texts = [value.lstrip("-").partition(".") for value in values if isinstance(value, str)]
    whole = max((len(text[0]) for text in texts), default=None)
    return numeric_type(whole, max((len(text[2]) for text in texts), default=None))
