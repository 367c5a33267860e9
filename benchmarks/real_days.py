"""Sixty days of real CSV files as blocks, checked field by field, beside the same files committed with git."""

import csv
import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring import ROOT, Line, git, ledger, make_repository, milliseconds, pack_bytes, seconds

from aergo_vc.repository.facade import Repository

TABLES = ("airport-frequencies", "countries", "navaids", "regions", "runways")
BUNDLE = "data/ourairports.bundle"


@dataclass(frozen=True, slots=True)
class Day:
    """The files of one day, by table, and the block that they became (None: nothing had changed)."""

    files: dict[str, bytes]
    height: int | None


def lines(folder: Path) -> Iterator[Line]:
    """Time and size; nothing where the data is not beside the checkout."""
    bundle = next(filter(Path.exists, (parent / "shared" / BUNDLE for parent in ROOT.parents)), None)
    if bundle is None:
        return
    source = folder / "source"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(bundle), str(source)], check=True, capture_output=True)
    contents = _contents(source)
    theirs = _commit_with_git(folder / "days-csv", contents)
    with ledger(folder / "days") as repository:
        days: list[Day] = []
        ours = sum(_import(folder, repository, files, days) for files in contents)
        wrong = sum(_differs(repository, day) for day in days)
        assert wrong == 0, f"{wrong} tables came back otherwise than their files"
        checking = seconds(repository.verify)
    for name in ("days", "days-csv"):
        git(folder / name, "gc", "--quiet", "--prune=now")
    sizes = [pack_bytes(folder / name) for name in ("days", "days-csv")]
    work = f"{len(days)} real days of {len(TABLES)} tables"
    ratio = ours / theirs
    yield Line(f"{work}: import", milliseconds(ours), f"git + CSV {milliseconds(theirs)}", ratio, "<= 5", ratio <= 5)
    ratio = sizes[0] / sizes[1]
    yield Line(f"{work}: size after gc", f"{sizes[0]:,}", f"git + CSV {sizes[1]:,}", ratio, "<= 2", ratio <= 2)
    yield Line(f"{work}: verify", milliseconds(checking))


def _contents(source: Path) -> list[dict[str, bytes]]:
    commits = git(source, "log", "--reverse", "--format=%H", "main").decode().split()
    return [{table: git(source, "show", f"{commit}:{table}.csv") for table in TABLES} for commit in commits]


def _write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for table, content in files.items():
        (folder / f"{table}.csv").write_bytes(content)
    return [folder / f"{table}.csv" for table in files]


def _commit_with_git(folder: Path, contents: list[dict[str, bytes]]) -> float:
    make_repository(folder)
    took = 0.0
    for files in contents:
        _write(folder, files)
        took += seconds(lambda: git(folder, "add", "--all"))
        took += seconds(lambda: git(folder, "commit", "--quiet", "--allow-empty", "--message=day"))
    return took


def _import(folder: Path, repository: Repository, files: dict[str, bytes], days: list[Day]) -> float:
    paths = _write(folder / "incoming", files)
    took = seconds(lambda: repository.import_files(paths, mode="replace", commit=True))
    days.append(Day(files, repository.status().height))
    return took


def _differs(repository: Repository, day: Day) -> int:
    """How many tables at a block are not what the day's files say, rows in any order."""
    wrong = 0
    for table, content in day.files.items():
        stream = io.BytesIO()
        repository.export(table.replace("-", "_"), stream, at=f"@{day.height}")
        wrong += _rows(stream.getvalue()) != _rows(content)
    return wrong


def _rows(content: bytes) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return head, sorted(rows)
