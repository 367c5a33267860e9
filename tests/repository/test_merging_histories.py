"""Merges of histories of many kinds; every block of them verifies, in a fresh clone too, and holds nothing twice."""

from pathlib import Path

from forgery import DIRECTORY, Forger, Ledger, register
from world import Place

from aergo_vc.repository.results import Merged

ADD_ONE = "UPDATE account SET balance = balance + 1 WHERE name = 'ann'"
FAMILY = """
CREATE TABLE parent (k int PRIMARY KEY);
CREATE TABLE child (k int PRIMARY KEY, p int REFERENCES parent);
INSERT INTO parent VALUES (1), (2);
"""


def branch(ledger: Ledger, name: str, start: str = "main") -> None:
    with ledger.open() as repository:
        repository.branch(name, block=start)


def merged(ledger: Ledger, source: str, target: str = "main") -> Merged:
    """A merge, after which the target verifies here and in a clone."""
    ledger.on(target)
    with ledger.open() as repository:
        done = repository.merge(source)
    ledger.on("main")
    if done.commit is None:
        return done
    ledger.verifies(target)
    copy = ledger.place.world.root / f"clone-{target}-{ledger.ref(target)}"
    ledger.place.git("clone", "--quiet", "--no-checkout", "--branch", target, ledger.place.path, copy)
    Place(ledger.place.world, copy).aergo("verify")
    ids = [transaction.id for _, block in Forger(ledger, target).blocks() for transaction in block.transactions]
    assert len(ids) == len(set(ids))
    return done


def codes(done: Merged) -> list[str | None]:
    refusals = [one.receipt.refusal for one in done.transactions]
    return [None if one is None else one.code for one in refusals]


def rows(ledger: Ledger, table: str = "account", at: str = "main") -> list[tuple[object, ...]]:
    with ledger.open() as repository:
        return list(repository.rows(f"public.{table}", at=at)[1])


def test_a_child_whose_parent_the_target_deleted_is_left_out(target: Ledger) -> None:
    target.sql(FAMILY)
    branch(target, "side")
    target.sql("DELETE FROM parent WHERE k = 1")
    target.sql("INSERT INTO child VALUES (10, 1)", "side")
    target.sql("INSERT INTO child VALUES (11, 2)", "side")
    target.sql("UPDATE child SET p = 2 WHERE k = 10", "side")
    done = merged(target, "side")
    assert codes(done) == ["23503", None, "E_DEPENDS"]
    refusal = done.transactions[0].receipt.refusal
    assert refusal is not None
    assert 'violates foreign key constraint "child_p_fkey"' in refusal.message
    assert rows(target, "child") == [(11, 2)]


def test_numbers_that_both_sides_gave_away_are_not_mixed_up(target: Ledger) -> None:
    target.sql("CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text)")
    branch(target, "side")
    target.sql("INSERT INTO note (word) VALUES ('ours')")
    target.sql("INSERT INTO note (word) VALUES ('theirs')", "side")
    target.sql("UPDATE note SET word = word || '!' WHERE id = 1", "side")
    assert codes(merged(target, "side")) == [None, "E_DEPENDS"]
    assert rows(target, "note") == [(1, "ours"), (2, "theirs")]


def test_imported_rows_are_merged_with_their_transaction(target: Ledger, tmp_path: Path) -> None:
    target.sql("CREATE TABLE item (k int PRIMARY KEY, v text)")
    branch(target, "side")
    file = tmp_path / "item.csv"
    file.write_text("k,v\n2,two\n3,three\n")
    target.on("side")
    with target.open() as repository:
        repository.import_files([file], table="item", commit=True)
    target.sql("UPDATE item SET v = 'drei' WHERE k = 3", "side")
    target.sql("INSERT INTO item VALUES (9, 'nine')")
    assert codes(merged(target, "side")) == [None, None]
    assert rows(target, "item") == [(2, "two"), (3, "drei"), (9, "nine")]


def test_who_lost_the_role_since_is_left_out(target: Ledger) -> None:
    register(target, "bob")
    branch(target, "side")
    target.be("bob")
    target.on("side")
    with target.open() as repository:
        repository.sql(ADD_ONE)
    target.be("alice")
    with target.open() as repository:
        repository.commit()
    target.sql("DELETE FROM directory.role WHERE entity = 'bob'", DIRECTORY)
    target.sql("UPDATE account SET balance = 1 WHERE name = 'bob'", "side")
    assert codes(merged(target, "side")) == ["E_PERMISSION", None]
    assert rows(target) == [("ann", 95), ("bob", 1)]


def test_an_older_block_is_merged_before_the_newest(target: Ledger) -> None:
    branch(target, "side")
    for amount in (1, 2, 4):
        target.sql(f"UPDATE account SET balance = balance + {amount} WHERE name = 'ann'", "side")
    assert codes(merged(target, "side@5")) == [None]
    assert rows(target)[0] == ("ann", 96)
    assert codes(merged(target, "side")) == [None, None]
    assert rows(target)[0] == ("ann", 102)


def test_three_branches_merge_each_other_until_all_agree(target: Ledger) -> None:
    branch(target, "one")
    branch(target, "two")
    target.sql(ADD_ONE, "one")
    target.sql("UPDATE account SET balance = 8 WHERE name = 'bob'", "two")
    assert codes(merged(target, "one", "two")) == [None]
    assert codes(merged(target, "two")) == [None, None]
    assert merged(target, "one").block is None
    target.sql(ADD_ONE, "one")
    assert codes(merged(target, "one", "two")) == [None]
    assert codes(merged(target, "one")) == [None]
    assert codes(merged(target, "two")) == []
    assert codes(merged(target, "main", "one")) == [None]
    assert codes(merged(target, "main", "two")) == []
    assert rows(target) == rows(target, at="one") == rows(target, at="two") == [("ann", 97), ("bob", 8)]


def test_what_was_picked_or_signed_anew_comes_back_once(target: Ledger) -> None:
    branch(target, "side")
    picked = target.sql(ADD_ONE, "side")
    target.sql("UPDATE account SET balance = 1 WHERE name = 'bob'", "side")
    target.sql("UPDATE account SET balance = 2 WHERE name = 'bob'")
    with target.open() as repository:
        repository.cherry_pick([picked], commit=True)
    done = merged(target, "side")
    assert codes(done) == ["E_LOST_UPDATE"]
    with target.open() as repository:
        repository.resubmit([str(done.transactions[0].transaction.id)], commit=True)
    assert rows(target) == [("ann", 96), ("bob", 1)]
    assert codes(merged(target, "main", "side")) == ["E_LOST_UPDATE", "E_LOST_UPDATE"]
    assert codes(merged(target, "side")) == []
    assert rows(target) == rows(target, at="side")


def test_what_a_merge_of_the_source_left_out_stays_left_out_until_it_is_picked(target: Ledger) -> None:
    branch(target, "one")
    branch(target, "two")
    lost = target.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", "one")
    target.sql("UPDATE account SET balance = 2 WHERE name = 'ann'", "two")
    assert codes(merged(target, "one", "two")) == ["E_LOST_UPDATE"]
    assert codes(merged(target, "two")) == [None]
    assert merged(target, "one").block is None
    with target.open() as repository:
        repository.cherry_pick([lost], commit=True)
    target.verifies()
    assert rows(target)[0] == ("ann", 1)
