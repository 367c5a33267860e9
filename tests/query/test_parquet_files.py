"""Parquet files go in and out by the ledger's spelling of values."""

from pathlib import Path

import duckdb
import pytest
from query_states import make_table

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.query.column_types import ledger_type
from aergo_vc.query.errors import ParquetError
from aergo_vc.query.parquet import read_parquet, write_parquet

TABLE = make_table(
    "public.t",
    {
        "id": Kind.BIGINT,
        "price": ColumnType(Kind.NUMERIC, precision=12, scale=2),
        "open": Kind.NUMERIC,
        "name": Kind.TEXT,
        "sent": Kind.TIMESTAMPTZ,
        "data": Kind.BYTEA,
        "uuid": Kind.UUID,
        "ratio": Kind.DOUBLE,
    },
    ["id"],
)
NIL = "00000000-0000-0000-0000-000000000000"
ROWS = [
    (
        1,
        "10.50",
        "1.125",
        'a "quoted"\nname',
        "2024-02-29 10:00:00.5+00",
        "\\x00ff",
        NIL,
        0.1,
    ),
    (2, "-0.01", "7.000", "", "1970-01-01 00:00:00+00", "\\x", None, 5e-324),
    (3, None, None, None, None, None, None, None),
]


@pytest.mark.parametrize("name", ["plain.parquet", "it's [odd] *?.parquet", "s3:::x", "ü$(x){uuid}"])
def test_rows_come_back_as_they_were_written_whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_parquet(TABLE.columns, ROWS, path)
    columns, batches = read_parquet(path)
    assert [column.name for column in columns] == [column.name for column in TABLE.columns]
    assert [row for batch in batches for row in batch] == ROWS
    assert list(tmp_path.iterdir()) == [path]
    assert [str(ledger_type(column.type)) for column in columns] == [
        "bigint", "numeric(12,2)", "numeric(38,3)", "text", "timestamptz", "bytea", "uuid", "double precision",
    ]  # fmt: skip


def test_no_rows_make_a_file_of_columns(tmp_path: Path) -> None:
    write_parquet(TABLE.columns, [], tmp_path / "empty.parquet")
    columns, batches = read_parquet(tmp_path / "empty.parquet")
    assert (len(columns), list(batches)) == (8, [])


def test_a_pattern_is_not_looked_up(tmp_path: Path) -> None:
    write_parquet(TABLE.columns, ROWS, tmp_path / "a.parquet")
    with pytest.raises(ParquetError, match="not a file"):
        read_parquet(tmp_path / "*.parquet")


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"id,name\n1,a\n")
    with pytest.raises(ParquetError, match="x"):
        read_parquet(path)


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"old")
    with pytest.raises(ParquetError):
        write_parquet(TABLE.columns, [("no number", *ROWS[0][1:])], path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_beyond_64_bits_come_in_exactly(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (SELECT 18446744073709551615::UBIGINT AS u, 1::TINYINT AS t) TO '{path}'")
    columns, batches = read_parquet(path)
    assert [str(ledger_type(column.type)) for column in columns] == ["numeric", "smallint"]
    assert list(batches) == [[("18446744073709551615", 1)]]
