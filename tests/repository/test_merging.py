"""Merges of real branches in real repositories."""

from pathlib import Path

import pytest
from forgery import Forger, Ledger, found
from world import World

from aergo_vc.repository.errors import UnmergeableError
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


def test_what_waits_goes_on_waiting_over_a_merge(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    with ledger.open() as repository:
        waiting = repository.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'").transaction
        repository.merge("side")
        assert [one.transaction.id for one in repository.pending()] == [waiting]
        repository.commit()
    assert rows(ledger) == [("ann", 98), ("bob", 105)]
    assert ledger.verifies() == 6


def test_two_lines_of_one_branch_are_merged_and_a_newer_one_is_not(ledger: Ledger) -> None:
    home = ledger.ref()
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'")
    ahead = ledger.ref()
    ledger.place.git("update-ref", "refs/heads/main", home)
    ledger.place.git("update-ref", "refs/remotes/origin/main", ahead)
    with pytest.raises(UnmergeableError, match="needs no merge"):
        merge(ledger, "origin/main")
    ledger.next_slot()
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'")
    done = merge(ledger, "origin/main")
    assert [one.receipt.refusal for one in done.transactions] == [None]
    assert rows(ledger) == [("ann", 98), ("bob", 105)]
    assert ledger.verifies() == 6


def test_an_ordinary_merge_that_keeps_our_ledger_takes_nothing_in(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    git = ledger.place.git
    ours = git("commit-tree", "-p", "main", "-p", "side", "-m", "ours", "main^{tree}").line
    git("update-ref", "refs/heads/main", ours)
    assert ledger.verifies() == 4
    assert len(merge(ledger, "side").transactions) == 1
    assert rows(ledger) == [("ann", 96), ("bob", 105)]
    assert ledger.verifies() == 5


def test_branches_of_another_chain_and_of_the_directory_are_not_merged(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = found(World.create(tmp_path / "other"))
    ledger.place.git("fetch", "--quiet", str(other.place.path), "main:refs/remotes/other/main")
    with pytest.raises(UnmergeableError, match="no block in common"):
        merge(ledger, "other/main")
    with pytest.raises(UnmergeableError, match="directory"):
        merge(ledger, "aergo/directory")


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


def test_verification_from_a_trusted_block_on_knows_what_was_merged_before(ledger: Ledger) -> None:
    branch(ledger, "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    merge(ledger, "side")
    trusted = ledger.ref()
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'", "side")
    merge(ledger, "side")
    with ledger.open() as repository:
        verified = repository.verify(f"{trusted}..", branch="main", workers=1)
    assert (verified.blocks, verified.merged) == (1, 1)


def test_merges_are_the_same_in_repositories_of_the_other_object_format(tmp_path: Path) -> None:
    states = []
    for object_format in ("sha1", "sha256"):
        (tmp_path / object_format).mkdir()
        ledger = found(World.create(tmp_path / object_format), object_format)
        branch(ledger, "side")
        ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
        ledger.sql("UPDATE account SET balance = 1 WHERE name = 'bob'", "side")
        ledger.sql("UPDATE account SET balance = 2 WHERE name = 'bob'")
        done = merge(ledger, "side")
        assert len(done.refused) == 1
        assert ledger.verifies() == 6
        states.append(Forger(ledger).blocks()[-1][1].header.state)
    assert states[0] == states[1]


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
