"""Rows in and out of users' files: CSV, JSON Lines, Parquet."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import TableName
from aergo_vc.codec.csv_file import read_csv, write_csv
from aergo_vc.codec.jsonl_file import read_jsonl, write_jsonl
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.spelling import texts_of
from aergo_vc.model.tabular import TabularData, check_columns
from aergo_vc.model.types import Kind, Row
from aergo_vc.repository.reading import StateReader


class FileFormat(StrEnum):
    """The formats of files that tables are exchanged in."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class FileFormatError(InputError):
    """A file's name does not tell its format."""

    code = "E_FILE_FORMAT"


class FileUnreadableError(InputError):
    """A file cannot be read."""

    code = "E_FILE"


_SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
    ".parquet": FileFormat.PARQUET,
}


def format_of(path: Path) -> FileFormat:
    """The format that a file's name tells; raises FileFormatError."""
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise FileFormatError(f"{path}: a name ending in {', '.join(_SUFFIXES)} is expected", path=str(path))
    return found


@dataclass(frozen=True)
class UserFile:
    """A user's file with its content, which is parsed later, if at all."""

    path: Path
    kind: FileFormat
    content: bytes

    @cached_property
    def digest(self) -> str:
        """A digest of the content and its format."""
        return hashlib.sha256(self.kind.encode() + b"\n" + self.content).hexdigest()

    def parse(self) -> TabularData:
        """The table in the file; raises the subclasses of BadFile."""
        if self.kind is FileFormat.CSV:
            return read_csv(self.content, str(self.path))
        if self.kind is FileFormat.JSONL:
            return read_jsonl(self.content, str(self.path))
        return _parse_parquet(self.path)


def read_file(path: Path) -> UserFile:
    """A file's content; raises FileUnreadableError and FileFormatError."""
    kind = format_of(path)
    try:
        return UserFile(path, kind, path.read_bytes())
    except OSError as error:
        raise FileUnreadableError(f"{path}: {error.strerror}", path=str(path)) from error


def write_table(reader: StateReader, name: TableName, kind: FileFormat, stream: BinaryIO) -> None:
    """Write a table's rows in key order, without its hidden key."""
    table = reader.table(name)
    rows = visible_rows(table, reader.rows(name))
    columns = table.visible_columns
    if kind is FileFormat.CSV:
        write_csv([column.name for column in columns], map(texts_of, rows), stream)
    elif kind is FileFormat.JSONL:
        write_jsonl([column.name for column in columns], [column.type for column in columns], rows, stream)
    else:
        _write_parquet(columns, rows, stream)


def visible_rows(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
    """Rows without the hidden key that their table may have."""
    return (row[1:] for row in rows) if table.has_hidden_key else rows


def _parse_parquet(path: Path) -> TabularData:
    from aergo_vc.query.column_types import ledger_type  # noqa: PLC0415 - loads duckdb
    from aergo_vc.query.parquet import read_parquet  # noqa: PLC0415

    columns, batches = read_parquet(path)
    texts = [texts_of(row) for batch in batches for row in batch]
    cells = tuple(map(list, zip(*texts, strict=True))) if texts else tuple([] for _ in columns)
    names = tuple(column.name for column in columns)
    check_columns(str(path), 1, names)
    textual = frozenset(place for place, column in enumerate(columns) if ledger_type(column.type).kind is Kind.TEXT)
    return TabularData(str(path), names, cells, range(1, len(texts) + 1), textual)


def _write_parquet(columns: Sequence[Column], rows: Iterator[Row], stream: BinaryIO) -> None:
    """Write through a file of our own: DuckDB writes to paths only."""
    from aergo_vc.query.parquet import write_parquet  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="aergo-") as folder:
        path = Path(folder) / "table.parquet"
        write_parquet(columns, rows, path)
        with path.open("rb") as written:
            shutil.copyfileobj(written, stream)
