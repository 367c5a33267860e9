"""Results as files: nothing is rounded, and what others read is what was asked for."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from aergo_vc.query.column_types import ColumnInfo
from aergo_vc.query.errors import MissingPackageError, QueryError
from aergo_vc.query.output import OutputFormat, distinct_names, write_result
from aergo_vc.query.session import QuerySession
from aergo_vc.query.state import QueryState

EVERYTHING = """
SELECT 9007199254740993::BIGINT AS big, 0.1::DECIMAL(38,20) AS exact, NULL AS nothing,
    'say "hi",' || chr(10) || 'ok' AS text, '' AS blank, 1e300 AS double, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS low,
    true AS yes, DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 01:02:03.5' AS moment, '\\x00\\xFF'::BLOB AS bytes,
    [1.10, 2.25] AS list, {'a': 9007199254740993, 'b': [true, NULL]} AS struct,
    '00000000-0000-0000-0000-000000000001'::UUID AS uuid, 1 AS big
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuerySession]:
    """A session over nothing."""
    with QuerySession(QueryState({}), tmp_path_factory.mktemp("query")) as made:
        yield made


def written(session: QuerySession, sql: str, output_format: OutputFormat) -> bytes:
    """What is written of a query."""
    stream = io.BytesIO()
    size = write_result(session.query(sql), output_format, stream)
    assert size == len(stream.getvalue())
    return stream.getvalue()


def test_json_lines_round_nothing(session: QuerySession) -> None:
    (line,) = written(session, EVERYTHING, OutputFormat.JSONL).splitlines()
    assert json.loads(line, parse_float=Decimal) == {
        "big": 9007199254740993,
        "exact": "0.10000000000000000000",
        "nothing": None,
        "text": 'say "hi",\nok',
        "blank": "",
        "double": Decimal("1e300"),
        "nan": "NaN",
        "low": "-Infinity",
        "yes": True,
        "day": "2024-02-29",
        "moment": "2024-02-29 01:02:03.5",
        "bytes": "\\x00ff",
        "list": [Decimal("1.10"), Decimal("2.25")],
        "struct": {"a": 9007199254740993, "b": [True, None]},
        "uuid": "00000000-0000-0000-0000-000000000001",
        "big_2": 1,
    }


def test_whole_numbers_of_any_width_are_json_numbers(session: QuerySession) -> None:
    line = written(session, "SELECT sum(9223372036854775807) AS total FROM range(3)", OutputFormat.JSONL)
    assert line == b'{"total":27670116110564327421}\n'


@pytest.mark.parametrize("count", [0, 1, 2, 5_000])
def test_json_is_one_array_of_an_object_a_line(session: QuerySession, count: int) -> None:
    data = written(session, f"SELECT range AS n FROM range({count})", OutputFormat.JSON)
    assert json.loads(data) == [{"n": n} for n in range(count)]
    assert data.count(b"\n") == (count + 2 if count else 1)


def test_csv_follows_rfc_4180_and_tells_null_from_an_empty_text(session: QuerySession) -> None:
    data = written(session, EVERYTHING, OutputFormat.CSV).decode()
    header, values = csv.reader(io.StringIO(data, newline=""))
    row = dict(zip(header, values, strict=True))
    assert header[-1] == "big"
    assert row["text"] == 'say "hi",\nok'
    assert row["yes"] == "true"
    assert row["exact"] == "0.10000000000000000000"
    assert ",1e+300," in data
    assert written(session, "SELECT NULL, ''", OutputFormat.CSV).splitlines()[1] == b',""'
    assert data.endswith("\n")


def test_parquet_keeps_types_and_values(session: QuerySession, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    sql = "SELECT r AS n, r * 1.5 AS price, uuid() AS id, DATE '2024-02-29' AS d, [r] AS l FROM range(5000) t(r)"
    path.write_bytes(written(session, sql, OutputFormat.PARQUET))
    with duckdb.connect(":memory:") as connection:
        relation = connection.sql(f"FROM '{path}'")
        assert list(map(str, relation.types)) == ["BIGINT", "DECIMAL(21,1)", "UUID", "DATE", "BIGINT[]"]
        total = connection.execute(f"SELECT count(*), sum(price) FROM '{path}'").fetchall()
        assert total == [(5000, Decimal("18746250.0"))]


def test_arrow_needs_pyarrow_and_says_so(session: QuerySession) -> None:
    try:
        data = written(session, "SELECT 1 AS n, 'a' AS t FROM range(3000)", OutputFormat.ARROW)
    except MissingPackageError as problem:
        assert "pyarrow" in problem.message
    else:
        ipc = pytest.importorskip("pyarrow.ipc")
        assert ipc.open_stream(data).read_all().num_rows == 3000


def test_a_result_is_written_once(session: QuerySession) -> None:
    result = session.query("SELECT 1 AS n")
    write_result(result, OutputFormat.PARQUET, io.BytesIO())
    with pytest.raises(QueryError, match="once"):
        write_result(result, OutputFormat.JSON, io.BytesIO())


def test_an_error_while_saving_leaves_the_session_working(session: QuerySession) -> None:
    with pytest.raises(QueryError, match="Conversion"):
        written(session, "SELECT r::VARCHAR::DATE AS d FROM range(10) t(r)", OutputFormat.PARQUET)
    assert written(session, "SELECT 1 AS n", OutputFormat.JSONL) == b'{"n":1}\n'


def test_equal_names_are_told_apart_without_taking_another_columns_name() -> None:
    columns = [ColumnInfo(name, "INTEGER") for name in ("a", "a", "a_2", "a")]
    assert distinct_names(columns) == ["a", "a_3", "a_2", "a_4"]
