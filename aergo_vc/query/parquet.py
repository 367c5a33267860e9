"""Parquet files in and out, for import and export.  No foreign SQL runs here."""

# ruff: noqa: S608  (names are quoted)
import glob
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from aergo_vc.codec.row_chunk import encode_rows
from aergo_vc.model.schema import Column
from aergo_vc.model.types import Kind, Row
from aergo_vc.query.column_types import ColumnInfo, ledger_type, load_column, to_value
from aergo_vc.query.errors import ParquetError
from aergo_vc.query.process import one_line
from aergo_vc.query.quoting import quoted_name, quoted_text

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 8_192
_MEMORY = "1GiB"


def read_parquet(path: Path) -> tuple[tuple[ColumnInfo, ...], Iterator[list[Row]]]:
    """The columns of a file, with DuckDB's types, and its rows in batches and in order.

    Values are spelled as the ledger spells those of `column_types.ledger_type`.  Raises ParquetError, the iterator too.
    """
    if not path.is_file():
        raise ParquetError(f"{path} is not a file")
    # DuckDB takes a path for a pattern or, with a scheme in front, for an address.
    source = f"read_parquet({quoted_text(glob.escape(str(path.resolve())))})"
    with _instance(path) as connection:
        relation = connection.sql(f"SELECT * FROM {source}")
        columns = tuple(
            ColumnInfo(name, str(sql_type)) for name, sql_type in zip(relation.columns, relation.types, strict=True)
        )
    values = ", ".join(map(_ledger_value, columns))
    return columns, _batches(path, f"SELECT {values} FROM {source}")


def write_parquet(columns: Sequence[Column], rows: Iterable[Row], path: Path) -> None:
    """Write rows, whose values are in the canonical forms of their columns, into a new file or over an old one.

    The file appears at once, whole.  Raises ParquetError.
    """
    from aergo_vc.query.loading import ROWS_CATALOG, TableLoader, rows_table  # noqa: PLC0415

    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as scratch, _instance(path) as connection:
            folder = Path(scratch)
            connection.execute(f"ATTACH {quoted_text(str(folder / 'rows.duckdb'))} AS {ROWS_CATALOG}")
            loader = TableLoader(connection, ROWS_CATALOG)
            loader.create(0, [load_column(column.type) for column in columns])
            for number, lines in enumerate(_line_batches(rows)):
                (folder / "segment").write_bytes(lines)
                loader.add(0, str(folder / "segment"), [str(number)])
            loader.finish(0)
            shown = ", ".join(f"c{place} AS {quoted_name(column.name)}" for place, column in enumerate(columns))
            written = folder / "written.parquet"
            connection.execute(
                f"COPY (SELECT {shown} FROM {rows_table(ROWS_CATALOG, 0)}) TO {quoted_text(str(written))} "
                "(FORMAT parquet)"
            )
            written.replace(path)
    except OSError as problem:
        raise ParquetError(f"{path} cannot be written: {problem.strerror}") from problem


@contextmanager
def _instance(path: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A DuckDB that reaches files and nothing else, whose failures are told of `path`."""
    import duckdb  # noqa: PLC0415

    try:
        with closing(duckdb.connect(":memory:", config={"python_enable_replacements": False})) as connection:
            for setting in ("autoload_known_extensions=false", "autoinstall_known_extensions=false", "TimeZone='UTC'"):
                connection.execute(f"SET {setting}")
            connection.execute(f"SET memory_limit='{_MEMORY}'")
            yield connection
    except duckdb.Error as problem:
        raise ParquetError(f"{path}: {one_line(str(problem))}") from problem


def _batches(path: Path, sql: str) -> Iterator[list[Row]]:
    with _instance(path) as connection:
        connection.execute(sql)
        while rows := connection.fetchmany(BATCH_ROWS):
            yield rows


def _ledger_value(column: ColumnInfo) -> str:
    """The SQL expression for a column's values in the ledger's spelling: whole numbers beyond bigint are text there."""
    name = quoted_name(column.name)
    return f"CAST({name} AS VARCHAR)" if ledger_type(column.type).kind is Kind.NUMERIC else to_value(column, name)


def _line_batches(rows: Iterable[Row]) -> Iterator[bytes]:
    """Lines for the loader: each row's array with a chunk's place, always 0, in front."""
    iterator = iter(rows)
    while batch := list(islice(iterator, 16 * BATCH_ROWS)):
        lines = encode_rows(batch)
        yield b"[0," + lines[1:].replace(b"\n[", b"\n[0,")
