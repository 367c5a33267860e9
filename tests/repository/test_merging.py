"""Merges of real branches in real repositories."""

import pytest
from forgery import Ledger, found
from world import World

from aergo_vc.repository.results import Merged


@pytest.fixture
def ledger(tmp_path) -> Ledger:  # type: ignore[no-untyped-def]
    return found(World.create(tmp_path))


def branch(ledger: Ledger, name: str, start: str = "main") -> None:
    """A private branch of whoever acts."""
    with ledger.open() as repository:
        repository.branch(name, block=start)


def merge(ledger: Ledger, source: str, target: str = "main", *, dry_run: bool = False) -> Merged:
    ledger.on(target)
    with ledger.open() as repository:
        done = repository.merge(source, dry_run=dry_run)
    ledger.on("main")
    return done


def rows(ledger: Ledger, table: str = "account", at: str = "main") -> list[tuple[object, ...]]:
    with ledger.open() as repository:
        return list(repository.rows(f"public.{table}", at=at)[1])


def test_additions_of_both_sides_add_up(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    before = ledger.ref()
    done = merge(ledger, "side")
    assert [one.receipt.refusal for one in done.transactions] == [None]
    assert rows(ledger) == [("ann", 107), ("bob", 105)]
    assert ledger.place.git("rev-parse", "main^1", "main^2").out.split() == [before, ledger.ref("side")]
    assert ledger.verifies() == 6
