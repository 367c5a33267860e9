"""Tables that people keep: OurAirports, as it was on the first and the last of sixty days."""

import io
import subprocess
from pathlib import Path

import pytest

from aergo_vc.codec.csv_file import read_csv, write_csv
from aergo_vc.codec.jsonl_file import read_jsonl, write_jsonl
from aergo_vc.model.inference import choose_key, infer_and_convert
from aergo_vc.model.spelling import texts_of
from aergo_vc.model.tabular import TabularData

FILES = ("airport-frequencies.csv", "countries.csv", "navaids.csv", "regions.csv", "runways.csv")


def shared_file(path: str) -> Path:
    for parent in Path(__file__).resolve().parents[2].parents:
        if (parent / "shared" / path).exists():
            return parent / "shared" / path
    pytest.skip(f"shared/{path} is not beside the repository")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """The files of the first and of the last day."""
    clone = str(tmp_path_factory.mktemp("airports") / "clone.git")

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout

    git("clone", "-q", "--bare", "-b", "main", str(shared_file("data/ourairports.bundle")), clone)
    commits = git("-C", clone, "rev-list", "main").decode().split()
    return [
        {name: git("-C", clone, "cat-file", "blob", f"{commit}:{name}") for name in FILES}
        for commit in (commits[-1], commits[0])
    ]


@pytest.fixture(scope="module")
def tables(days: list[dict[str, bytes]]) -> list[TabularData]:
    return [read_csv(data, name) for files in days for name, data in files.items()]


def test_every_field_of_every_file_comes_back(tables: list[TabularData]) -> None:
    for data in tables:
        _, columns = infer_and_convert(data)
        assert tuple(texts_of(values) for values in columns) == data.cells
        stream = io.BytesIO()
        write_csv(data.columns, data.rows(), stream)
        assert read_csv(stream.getvalue(), data.source) == data


def test_a_table_goes_through_json_lines_unchanged(tables: list[TabularData]) -> None:
    for data in tables:
        if data.row_count < 20_000:
            types, columns = infer_and_convert(data)
            stream = io.BytesIO()
            write_jsonl(data.columns, types, list(zip(*columns, strict=True)), stream)
            again = read_jsonl(stream.getvalue(), data.source)
            assert (again.columns, again.cells, infer_and_convert(again)[0]) == (data.columns, data.cells, types)


def test_the_types_are_those_that_a_person_would_choose(tables: list[TabularData]) -> None:
    for data in tables:
        inferred, _ = infer_and_convert(data)
        types = dict(zip(data.columns, map(str, inferred), strict=True))
        assert types["id"] == "integer"
        assert choose_key(data, inferred) == ("id",)
        expected = {
            "airport-frequencies.csv": {"airport_ref": "integer", "frequency_mhz": "numeric", "type": "text"},
            "countries.csv": {"code": "text", "name": "text"},
            "navaids.csv": {"latitude_deg": "numeric", "elevation_ft": "integer", "usageType": "text"},
            "regions.csv": {"local_code": "text", "code": "text"},
            "runways.csv": {"le_heading_degT": "numeric", "length_ft": "integer", "le_ident": "text"},
        }[data.source]
        assert {name: types[name] for name in expected} == expected
