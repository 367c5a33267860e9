"""Merges of real branches in real repositories."""

import pytest
from forgery import Ledger

from aergo_vc.repository.results import Merged


@pytest.fixture
def ledger(target: Ledger) -> Ledger:
    """Alice's ledger, with a table of two accounts: ann has 95, bob 105."""
    return target


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


def test_a_blind_write_to_what_the_target_changed_is_left_out(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = 2 WHERE name = 'bob'", "side")
    ledger.sql("UPDATE account SET balance = 9 WHERE name = 'ann'")
    done = merge(ledger, "side")
    first, second = (one.receipt.refusal for one in done.transactions)
    assert first is not None
    assert second is None
    assert first.code == "E_LOST_UPDATE"
    assert first.message == 'it writes balance of public.account "ann" unseen, where the target has 9'
    assert rows(ledger) == [("ann", 9), ("bob", 2)]
    assert ledger.verifies() == 6


def test_what_depends_on_something_left_out_is_left_out_too(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", "side")
    ledger.sql(
        "UPDATE account SET balance = balance + (SELECT balance FROM account WHERE name = 'ann') WHERE name = 'bob'",
        "side",
    )
    ledger.sql("UPDATE account SET balance = 9 WHERE name = 'ann'")
    done = merge(ledger, "side")
    first, second = (one.receipt.refusal for one in done.transactions)
    assert first is not None
    assert second is not None
    assert (second.code, second.after) == ("E_DEPENDS", done.transactions[0].transaction.id)
    assert rows(ledger) == [("ann", 9), ("bob", 105)]
    assert ledger.verifies() == 6


def test_what_fails_on_the_target_is_left_out_with_its_sqlstate(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance - 60 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance - 60 WHERE name = 'ann'")
    done = merge(ledger, "side")
    assert [one.receipt.refusal.code for one in done.transactions if one.receipt.refusal] == ["23514"]
    assert rows(ledger) == [("ann", 35), ("bob", 105)]
    assert ledger.verifies() == 6


def test_a_branch_that_is_merged_again_brings_only_what_is_new(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    assert len(merge(ledger, "side").transactions) == 1
    assert merge(ledger, "side").block is None
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 4 WHERE name = 'ann'")
    assert len(merge(ledger, "side").transactions) == 1
    assert rows(ledger) == [("ann", 102), ("bob", 105)]
    assert ledger.verifies() == 7


def test_criss_cross_merges_apply_nothing_twice_and_lose_nothing_that_was_seen(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = 50 WHERE name = 'bob'")
    side, main = ledger.ref("side"), ledger.ref()
    merge(ledger, side)
    merge(ledger, main, "side")
    ledger.sql("UPDATE account SET balance = 60 WHERE name = 'bob'", "side")
    done = merge(ledger, "side")
    assert [one.receipt.refusal for one in done.transactions] == [None]
    assert rows(ledger) == [("ann", 96), ("bob", 60)]
    done = merge(ledger, "main", "side")
    assert done.transactions == ()
    assert rows(ledger, at="side") == rows(ledger)
    assert ledger.verifies() == 7
    ledger.verifies("side")


def test_a_trial_changes_nothing(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    before = ledger.refs()
    done = merge(ledger, "side", dry_run=True)
    assert (done.commit, len(done.transactions)) == (None, 1)
    assert ledger.refs() == before
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'")
    assert rows(ledger) == [("ann", 95), ("bob", 106)]


def test_a_merged_line_that_took_in_another_is_verified_whole(ledger: Ledger) -> None:
    branch(ledger, "one")
    branch(ledger, "two", "one")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "one")
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'", "two")
    merge(ledger, "two", "one")
    ledger.sql("UPDATE account SET balance = balance + 4 WHERE name = 'ann'", "one")
    assert len(merge(ledger, "one").transactions) == 3
    assert merge(ledger, "two").block is None
    assert rows(ledger) == [("ann", 102), ("bob", 105)]
    with ledger.open() as repository:
        verified = repository.verify(branch="main", workers=1)
    assert (verified.blocks, verified.merged) == (5, 6)


def test_tables_that_only_one_side_altered_are_merged(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    ledger.sql("ALTER TABLE account ADD COLUMN note text")
    done = merge(ledger, "side")
    assert [one.receipt.refusal for one in done.transactions] == [None]
    assert rows(ledger) == [("ann", 96, None), ("bob", 105, None)]
    branch(ledger, "other")
    ledger.sql("ALTER TABLE account ADD COLUMN more bigint; UPDATE account SET more = 1", "other")
    ledger.sql("UPDATE account SET note = 'here' WHERE name = 'ann'")
    done = merge(ledger, "other")
    assert [one.receipt.refusal for one in done.transactions] == [None]
    assert rows(ledger) == [("ann", 96, "here", 1), ("bob", 105, None, 1)]
    ledger.verifies()
