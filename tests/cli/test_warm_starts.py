"""A process that meets nothing new loads no parser."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from world import ROOT, Place

BANK = """\
CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(12,2) NOT NULL CHECK (balance >= 0));
CREATE PROCEDURE pay(payer bigint, payee bigint, amount numeric(12,2), note text DEFAULT 'none') LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account SET balance = balance - amount WHERE id = payer;
  UPDATE account SET balance = balance + amount WHERE id = payee;
  EMIT paid (payer, payee, amount AS sum, note);
END $$;
INSERT INTO account VALUES (1, 500), (2, 0) ON CONFLICT DO NOTHING;
"""
MAIN = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from aergo_vc.cli import main\n"
    "try: main()\n"
    "except SystemExit as done: assert not done.code, done.code\n"
    "print(*sorted({'sqlglot', 'duckdb'} & sys.modules.keys()))\n"
)
PAY = ("call", "bank.pay", "1", "2", "1.50")


def loaded(place: Place, *arguments: str) -> list[str]:
    """Run a verb in a process of its own; which heavy packages it has loaded."""
    done = place.world.run(sys.executable, "-I", "-c", MAIN, *arguments, cwd=place.path)
    return done.out.splitlines()[-1].split()


@pytest.fixture
def bank(shop: Place) -> Place:
    shop.write("bank.sql", BANK)
    shop.aergo("deploy", "bank.sql", "--commit")
    return shop


def balances(place: Place) -> str:
    return place.aergo("query", "SELECT * FROM bank.account ORDER BY id").out


def test_a_warm_call_loads_no_parser(bank: Place) -> None:
    assert loaded(bank, *PAY) == ["sqlglot"]
    assert loaded(bank, *PAY) == []
    assert loaded(bank, "status") == []
    assert loaded(bank, "commit") == []
    assert loaded(bank, *PAY, "--commit") == []
    assert "495.5" in balances(bank)
    bank.aergo("verify")
    bank.aergo("fsck")


def test_statements_and_deployments_that_were_seen_before_load_no_parser(bank: Place) -> None:
    update = ("sql", "--commit", "UPDATE bank.account SET balance = balance + 1 WHERE id = 2")
    text = ("sql", "--dry-run", "SELECT 'a', balance FROM bank.account")
    again = ("deploy", "bank.sql", "--commit")
    for words in (update, text, again):
        loaded(bank, *words)
        assert loaded(bank, *words) == []


def test_a_restored_state_cache_loads_no_parser(bank: Place) -> None:
    bank.aergo(*PAY, "--commit")
    shutil.rmtree(bank.path / ".git" / "aergo" / "cache")
    loaded(bank, *PAY, "--dry-run")  # which asks the engine's golden questions
    for path in (bank.path / ".git" / "aergo" / "cache").glob("state-*"):
        path.unlink()
    assert loaded(bank, *PAY, "--dry-run") == []


def poisoned(path: Path) -> None:
    seal, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(seal + b"\n" + body.replace(b"def routine", b"raise SystemExit(3)#") + b" ")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "garbled": lambda path: path.write_bytes(b"{}"),
    "poisoned": poisoned,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_cache_of_what_was_compiled_changes_nothing_but_time(
    bank: Place, damage: Callable[[Path], object]
) -> None:
    bank.aergo(*PAY, "--commit")
    files = [path for path in (bank.path / ".git" / "aergo" / "compiled").iterdir() if path.is_file()]
    assert files
    for path in files:
        damage(path)
    assert loaded(bank, *PAY, "--commit") == ["sqlglot"]
    assert loaded(bank, *PAY, "--commit") == []
    assert "495.5" in balances(bank)
    bank.aergo("verify")
