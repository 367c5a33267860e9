"""The page for people who come from PostgreSQL says what is so: its statements are run."""

import re

import pytest
from sql_world import context
from world import ROOT

from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError

PAGE = (ROOT / "docs" / "from-postgresql.md").read_text()
ROWS = [
    re.split(r"(?<=\S) \| ", row.strip("| ") + " ", maxsplit=1)
    for row in re.findall(r"^\| `.*$", PAGE[: PAGE.index("## What is accepted")], re.MULTILINE)
]
STATEMENT = re.compile(r"`([^`]+)`")


@pytest.fixture(scope="module")
def bank() -> Engine:
    engine = Engine()
    engine.run((ROOT / "docs" / "bank" / "bank.sql").read_text(), context(1), contract="bank")
    engine.run("CALL bank.open_account(1)", context(2))
    return engine


def told(bank: Engine, statement: str) -> str:
    """The code of the error that a statement ends with, or ``ok``; what it does is undone."""
    try:
        with bank.transaction() as opened:
            bank.run(statement, context(3))
            opened.rollback()
    except SqlError as error:
        return error.sqlstate
    return "ok"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_what_is_refused_is_and_what_is_to_be_written_instead_works(bank: Engine, row: list[str]) -> None:
    refused, written = row[0].strip("`"), row[1].partition(" | ")[0]
    assert told(bank, refused) in ("0A000", "42883", "42723")
    statement = re.fullmatch(STATEMENT, written.strip())
    if statement is not None and not statement[1].startswith("git aergo"):
        assert told(bank, statement[1]) == "ok"


def test_there_are_enough_rows() -> None:
    assert len(ROWS) > 20
    assert sum(STATEMENT.fullmatch(row[1].partition(" | ")[0].strip()) is not None for row in ROWS) > 12


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert targets
    assert [target for target in targets if not (ROOT / "docs" / target).exists()] == []
