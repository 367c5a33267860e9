"""Real data: the tables of one day of OurAirports, and the next days by what changed."""

import csv
import io
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from query_states import States, make_table
from world import find_shared

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Table
from aergo_vc.model.types import Kind, Row
from aergo_vc.query.session import QuerySession
from aergo_vc.query.state import QueryState, QueryTable

FILES = ("airport-frequencies", "countries", "navaids", "regions", "runways")
NUMBERS = {"latitude_deg", "longitude_deg", "frequency_mhz"}


@pytest.fixture(scope="module")
def airports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of 60 days."""
    bundle = find_shared("data/ourairports.bundle")
    if bundle is None:
        pytest.skip("the shared data folder is not beside this checkout")
    folder = tmp_path_factory.mktemp("airports") / "repository"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(bundle), str(folder)], check=True, capture_output=True)
    return folder


def day(repository: Path, back: int) -> dict[TableName, tuple[Table, list[Row]]]:
    """The tables as of so many days before the last."""
    log = subprocess.run(
        ["git", "-C", str(repository), "rev-list", "--all"], check=True, capture_output=True, text=True
    )
    commit = log.stdout.split()[back]
    tables = {}
    for file in FILES:
        shown = subprocess.run(
            ["git", "-C", str(repository), "show", f"{commit}:{file}.csv"], check=True, capture_output=True
        )
        header, *lines = csv.reader(io.StringIO(shown.stdout.decode(), newline=""))
        kinds = {name: Kind.NUMERIC if name in NUMBERS else Kind.TEXT for name in header} | {"id": Kind.INTEGER}
        table = make_table(f"public.{file.replace('-', '_')}", kinds, ["id"])
        rows = [tuple(_value(kinds[name], text) for name, text in zip(header, line, strict=True)) for line in lines]
        tables[table.name] = table, rows
    return tables


def _value(kind: Kind, text: str) -> int | str | None:
    if kind is Kind.INTEGER:
        return int(text)
    return (text or None) if kind is Kind.TEXT else (f"{Decimal(text):f}" if text else None)


def test_every_table_of_real_days_is_shown_as_it_was(airports: Path, tmp_path: Path) -> None:
    states = States()
    reads = []
    for back in (1, 0):
        tables = day(airports, back)
        queried = {name: states.table(*made) for name, made in tables.items()}
        states.objects.reads = 0
        _check_day(tables, queried, tmp_path / "q")
        reads.append(states.objects.reads)
    assert reads[1] < reads[0] / 4


def _check_day(
    tables: dict[TableName, tuple[Table, list[Row]]], queried: dict[TableName, QueryTable], folder: Path
) -> None:
    with QuerySession(QueryState(queried, line="main"), folder) as session:
        for name, (table, rows) in tables.items():
            got = list(session.query(f"FROM {name} ORDER BY id").rows())
            numbers = [place for place, column in enumerate(table.columns) if column.type.kind is Kind.NUMERIC]
            assert _comparable(got, numbers) == _comparable(sorted(rows, key=lambda row: int(str(row[0]))), numbers)


def _comparable(rows: list[Row], numbers: list[int]) -> list[tuple[object, ...]]:
    """Rows whose numerics count as numbers, since a table gives all values of a column one scale."""
    return [
        tuple(Decimal(str(v)) if place in numbers and v is not None else v for place, v in enumerate(row))
        for row in rows
    ]
