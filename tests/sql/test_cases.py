"""The cases in cases/, which sql_cases.py describes, hold for our engine, and for PostgreSQL where it is installed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sql_cases
from postgresql import VERSION, Client, programs, server
from sql_answers import ROLE, first_wrong, from_postgresql, prepare
from sql_cases import Case, CaseFile, MalformedCasesError, case_files, pending
from world import ROOT

FILES = case_files()
PENDING = pending()
PAGE = (ROOT / "man" / "man7" / "aergosql.7").read_text()

EACH = [pytest.param(file, case, id=f"{file.name}: {case.title}") for file in FILES for case in file.cases]


@pytest.mark.parametrize(("file", "case"), EACH)
def test_the_engine_gives_what_a_case_says(file: CaseFile, case: Case) -> None:
    wrong = first_wrong(file, case)
    reason = PENDING.get((file.name, case.title))
    if reason is not None:
        assert wrong is not None, "the case passes: take it out of pending.txt, or run `make cases`"
        pytest.xfail(reason)
    assert wrong is None, f"{wrong[0].text}\n  expected {wrong[0].expected}\n  found    {wrong[1]}"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    if programs() is None:
        pytest.skip(f"PostgreSQL {VERSION} is not installed")
    with server(ROLE) as found:
        yield found


@pytest.mark.parametrize("file", [file for file in FILES if not file.is_ours_alone], ids=lambda file: file.name)
def test_postgresql_gives_what_a_file_says(file: CaseFile, client: Client) -> None:
    wrong = []
    for case in file.cases:
        prepare(client, file)
        answers = [(statement, from_postgresql(client, statement.text)) for statement in case.statements]
        wrong += [(case.title, asked.text, found) for asked, found in answers if found != asked.at_postgresql]
    assert wrong == []


def test_the_manual_gives_the_reason_of_every_difference() -> None:
    bare = re.sub(r"^\.(?:[A-Z][a-z] )?", "", PAGE, flags=re.MULTILINE)
    words = re.sub(r"\s+", " ", bare)
    reasons = {s.reason for file in FILES for case in file.cases for s in case.statements if s.reason is not None}
    assert {reason for reason in reasons if reason not in words} == set()


def test_every_case_expects_something() -> None:
    mute = [case.title for file in FILES for case in file.cases if not any(s.at_postgresql for s in case.statements)]
    assert mute == []


def test_the_pending_cases_exist() -> None:
    assert PENDING.keys() <= {(file.name, case.title) for file in FILES for case in file.cases}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_written_as_it_was_read(file: CaseFile) -> None:
    assert file.text() == (sql_cases.FOLDER / f"{file.name}.sql").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "-- case: no end\nSELECT 1\n",
        "SELECT 1;\n-- 1\n-- case: a result before\nSELECT 1;\n-- 1\n",
        "CREATE TABLE t (a int);\n",
        "-- case: twice\nSELECT 1;\n-- 1\n-- case: twice\nSELECT 1;\n-- 1\n",
        "-- case: a colon: inside\nSELECT 1;\n-- 1\n",
        "-- case: the same\nSELECT 1;\n-- 1\n-- differs: not\n-- 1\n",
        "-- case: a tail\nSELECT 1;\n-- 1\n\n",
    ],
)
def test_a_malformed_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(text)
    with pytest.raises(MalformedCasesError):
        sql_cases.read_case_file(path)
