"""Merges of blocks whose footprints this clone has kept, beside the same merges executed in full."""

import shutil
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest
from forgery import SCRIPTS, Ledger, found, register
from world import World

from aergo_vc.base.ids import BranchName
from aergo_vc.ledger.verifying import Verifier
from aergo_vc.merging.grafting.files import GraftedReplays
from aergo_vc.merging.grafting.merger import GraftingMerger
from aergo_vc.merging.replaying import SerialMerger
from aergo_vc.repository import sealing
from aergo_vc.repository.footprint_files import FOOTPRINTS, FootprintFiles
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.merging import Prepared, prepare_merge
from aergo_vc.repository.tips import tip_of


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return found(World.create(tmp_path))


def branch(ledger: Ledger, name: str = "side") -> None:
    with ledger.open() as repository:
        repository.branch(name, block="main")


def prepared(ledger: Ledger, source: str = "side", target: str = "main") -> Prepared:
    """What a merge would be; nothing lands."""
    with closing(ledger.workspace()) as workspace, workspace.locked():
        tip = tip_of(workspace, BranchName(target))
        made = prepare_merge(workspace, Identity(workspace), tip, workspace.head_of(source))
    assert isinstance(made, Prepared)
    return made


def folder_of(ledger: Ledger) -> Path:
    with closing(ledger.workspace()) as workspace:
        return workspace.folder / FOOTPRINTS


def forget(ledger: Ledger) -> None:
    shutil.rmtree(folder_of(ledger))


def outcome(made: Prepared) -> tuple[object, ...]:
    """All of a merge that does not hang on when it was made."""
    transactions = [(one.submission[0].id, one.receipt) for one in made.replayed]
    files = made.ledger.transactions_bytes, made.ledger.receipts_bytes, made.header.state
    return (*files, transactions, dict(made.counts), [one.transaction for one in made.conflicts])


def both_ways(ledger: Ledger, source: str = "side", target: str = "main") -> Prepared:
    """A merge that may graft; it is the one that executes everything."""
    quick = prepared(ledger, source, target)
    forget(ledger)
    with patch.object(GraftingMerger, "prepare", lambda *_: None):
        slow = prepared(ledger, source, target)
    assert not isinstance(slow.replayed, GraftedReplays)
    assert outcome(quick) == outcome(slow)
    return quick


def replayed(made: Prepared) -> int:
    """How many transactions of a merge that grafts were executed."""
    assert isinstance(made.replayed, GraftedReplays)
    return made.replayed.executed


def imports(ledger: Ledger, file: Path, on: str) -> None:
    """Take in a file's rows, beside and in place of those that are there."""
    ledger.on(on)
    with ledger.open() as repository:
        repository.import_files([file], mode="upsert", commit=True)
    ledger.on("main")


def test_transactions_that_meet_nothing_of_the_target_are_grafted(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'cid'", "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    assert replayed(both_ways(ledger)) == 1


def test_what_would_lose_an_update_and_what_depends_on_it_are_left_out_alike(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = 5 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'", "side")
    ledger.sql("INSERT INTO account SELECT 'sum', sum(balance) FROM account", "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    made = both_ways(ledger)
    assert [one.submission[0].payload.sql[:6] for one in made.included] == ["UPDATE", "UPDATE"]
    assert made.replayed.refused == 2


SETTLE = """
CREATE FUNCTION settle(base account, ours account, theirs account) RETURNS account LANGUAGE plpgsql AS $$
BEGIN ours.balance := ours.balance + theirs.balance - base.balance; RETURN ours; END $$;
"""


@pytest.mark.parametrize("law", ["sum", "theirs", "newest", "fail", "public.settle"])
def test_only_what_is_inconsistent_and_what_depends_on_it_goes_through_settling(ledger: Ledger, law: str) -> None:
    ledger.sql(SETTLE)
    branch(ledger)
    with ledger.open() as repository:
        repository.branch("target", block="main", merge=[law])
    ledger.sql("UPDATE account SET balance = 40 WHERE name = 'ann'", "side")
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("INSERT INTO account SELECT 'dan', balance FROM account WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'cid'", "side")
    ledger.sql("UPDATE account SET balance = 97 WHERE name = 'ann'", "target")
    made = both_ways(ledger, target="target")
    assert replayed(made) == 2
    receipts = [one.receipt for one in made.replayed]
    settled = [None, None, None, None] if law == "fail" else [law, None, None, None]
    assert [receipt.settled for receipt in receipts] == settled
    assert [one.transaction for one in made.conflicts] == ([receipts[0].transaction] if law == "fail" else [])


def test_a_merge_that_grafts_and_a_person_resolves_is_a_valid_block(tmp_path: Path) -> None:
    world = World.create(tmp_path)
    place = world.repository()
    ledger = Ledger(place)
    ledger.be("alice")
    with ledger.open() as repository:
        repository.init(name="test", entity="alice", key=str(world.home / "alice.key"), merge=["fail"])
        for script in SCRIPTS:
            repository.sql(script, commit=True)
        repository.branch("side")
        repository.checkout("side")
        repository.sql("UPDATE account SET balance = 40 WHERE name = 'ann'", commit=True)
        repository.sql("INSERT INTO account VALUES ('cid', 1)", commit=True)
        repository.checkout("main")
        repository.sql("UPDATE account SET balance = 97 WHERE name = 'ann'", commit=True)
        (conflict,) = repository.merge("side").conflicts
        repository.resolve_sql("UPDATE account SET balance = 60 WHERE name = 'ann'", [conflict.transaction])
        with patch.object(SerialMerger, "__call__", side_effect=RuntimeError):
            assert len(repository.continue_merge().transactions) == 3
        assert sorted(repository.rows("public.account")[1]) == [("ann", 60), ("bob", 105), ("cid", 1)]
        assert repository.verify().blocks == 6


def test_a_landed_merge_that_grafted_is_a_valid_block(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    with ledger.open() as repository:
        done = repository.merge("side")
        assert [one.receipt.refusal for one in done.transactions] == [None]
        assert list(repository.rows("public.account")[1]) == [("ann", 102), ("bob", 110)]
    assert ledger.verifies() == 6


def test_what_has_nothing_to_do_with_a_definition_of_the_source_is_grafted(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    ledger.sql("CREATE TABLE more (id int PRIMARY KEY); INSERT INTO more VALUES (1)", "side")
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("INSERT INTO more VALUES (2)", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    made = both_ways(ledger)
    assert replayed(made) == 2
    assert not made.refused
    with ledger.open() as repository:
        repository.merge("side")
        assert list(repository.rows("public.more")[1]) == [(1,), (2,)]
    ledger.verifies()


def test_what_has_nothing_to_do_with_a_definition_of_the_target_is_grafted(ledger: Ledger) -> None:
    ledger.sql("CREATE TABLE item (id int PRIMARY KEY)")
    ledger.sql("CREATE FUNCTION items() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM item $$")
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    ledger.sql("UPDATE account SET balance = items() WHERE name = 'ann'", "side")
    ledger.sql("INSERT INTO item VALUES (1)", "side")
    ledger.sql("ALTER TABLE item ADD COLUMN word text DEFAULT 'w'")
    made = both_ways(ledger)
    assert replayed(made) == 2
    assert not made.refused


def test_behind_a_definition_that_is_left_out_nothing_is_grafted(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("CREATE TABLE more (id int PRIMARY KEY)", "side")
    ledger.sql("INSERT INTO account VALUES ('dan', 1)", "side")
    ledger.sql("CREATE TABLE more (id int PRIMARY KEY, word text)")
    made = both_ways(ledger)
    assert replayed(made) == 2
    assert [one.receipt.refusal.code for one in made.refused if one.receipt.refusal] == ["42P07"]


def test_an_imported_table_is_loaded_again_and_the_rest_is_grafted(ledger: Ledger, tmp_path: Path) -> None:
    branch(ledger)
    file = tmp_path / "item.csv"
    file.write_text("id,word\n1,a\n2,b\n")
    ledger.on("side")
    with ledger.open() as repository:
        repository.import_files([file], key=("id",), commit=True)
    ledger.on("main")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    assert replayed(both_ways(ledger)) == 1


def test_a_source_that_took_in_the_target_meanwhile_is_grafted_before_and_behind(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    ledger.on("side")
    with ledger.open() as repository:
        assert repository.merge("main").block is not None
    ledger.on("main")
    ledger.sql("INSERT INTO account VALUES ('dan', 1)", "side")
    ledger.sql("UPDATE account SET balance = 50 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'")
    made = both_ways(ledger)
    assert replayed(made) == 1
    assert len(made.replayed) == 3
    assert not made.refused
    with ledger.open() as repository:
        repository.merge("side")
    ledger.verifies()


@pytest.mark.parametrize("law", ["union", "theirs"])
def test_what_a_merge_of_the_source_settled_is_grafted_as_it_was_settled(ledger: Ledger, law: str) -> None:
    branch(ledger, "other")
    with ledger.open() as repository:
        repository.branch("side", block="main", merge=[law])
    ledger.sql("INSERT INTO account VALUES ('cid', 1)", "side")
    ledger.sql("UPDATE account SET balance = 20 WHERE name = 'ann'", "side")
    ledger.sql("DELETE FROM account WHERE name = 'ann'", "other")
    ledger.sql("INSERT INTO account VALUES ('dan', 1)", "other")
    ledger.on("side")
    with ledger.open() as repository:
        assert repository.merge("other").block is not None
    ledger.on("main")
    ledger.sql("UPDATE account SET balance = balance + 3 WHERE name = 'ann'", "side")
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'")
    assert replayed(both_ways(ledger)) == 0
    with ledger.open() as repository:
        repository.merge("side")
        ann = [row for row in repository.rows("public.account")[1] if row[0] == "ann"]
    assert ann == ([("ann", 23)] if law == "union" else [])
    ledger.verifies()


def test_what_asks_for_its_block_is_executed_in_the_new_one(ledger: Ledger) -> None:
    ledger.sql("CREATE TABLE moment (id int PRIMARY KEY, at timestamptz)")
    branch(ledger)
    ledger.sql("INSERT INTO moment VALUES (1, CURRENT_TIMESTAMP)", "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    assert replayed(prepared(ledger)) == 1
    with ledger.open() as repository:
        repository.merge("side")
        moments = [row[1] for row in repository.rows("public.moment")[1]]
        assert moments != [row[1] for row in repository.rows("public.moment", at="side")[1]]
    ledger.verifies()


def test_a_signer_whose_roles_have_changed_is_asked_again(ledger: Ledger) -> None:
    register(ledger, "bob")
    ledger.sql("GRANT SELECT, UPDATE ON account TO bob")
    ledger.be("bob")
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    ledger.be("alice")
    assert replayed(both_ways(ledger)) == 0
    ledger.sql("DELETE FROM directory.role WHERE entity = 'bob'", "aergo/directory")
    made = both_ways(ledger)
    assert [one.receipt.refusal.code for one in made.replayed if one.receipt.refusal] == ["E_PERMISSION"]


def test_a_transaction_that_the_target_has_already_is_not_applied_again(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    with ledger.open() as repository:
        repository.merge("side")
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'bob'", "side")
    made = both_ways(ledger)
    assert len(made.replayed) == 1


def test_imported_rows_are_grafted_with_the_transaction_that_brought_them(ledger: Ledger, tmp_path: Path) -> None:
    branch(ledger)
    file = tmp_path / "account.csv"
    file.write_text("name,balance\nann,96\ncid,7\ndan,8\n")
    imports(ledger, file, "side")
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'dan'", "side")
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'bob'")
    ledger.sql("INSERT INTO account VALUES ('eve', 1)")
    assert replayed(both_ways(ledger)) == 0
    ledger.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'")
    made = both_ways(ledger)
    assert replayed(made) == 2
    assert [one.receipt.refusal.code for one in made.refused if one.receipt.refusal] == ["E_LOST_UPDATE", "E_DEPENDS"]


def test_what_a_large_load_did_is_recorded_by_the_first_merge_and_not_when_it_is_sealed(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.sql("CREATE TABLE item (id int PRIMARY KEY)")
    branch(ledger)
    file = tmp_path / "item.csv"
    file.write_text("id\n" + "\n".join(map(str, range(400))))
    before = sorted(folder_of(ledger).iterdir())
    with patch.object(sealing, "_RECORDED_CHUNKS", 1):
        imports(ledger, file, "side")
    assert sorted(folder_of(ledger).iterdir()) == before
    ledger.sql("UPDATE account SET balance = balance + 7 WHERE name = 'ann'")
    assert replayed(both_ways(ledger)) == 0
    with ledger.open() as repository:
        repository.merge("side")
    ledger.verifies()


def test_footprints_that_a_trial_found_are_kept_for_the_merge(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    forget(ledger)
    with patch.object(Verifier, "verify", side_effect=RuntimeError), pytest.raises(RuntimeError):
        prepared(ledger)
    assert isinstance(prepared(ledger).replayed, GraftedReplays)
    with patch.object(Verifier, "verify", side_effect=RuntimeError):
        assert isinstance(prepared(ledger).replayed, GraftedReplays)


def test_footprints_that_were_changed_or_copied_are_not_believed(ledger: Ledger) -> None:
    branch(ledger)
    ledger.sql("UPDATE account SET balance = balance + 5 WHERE name = 'bob'", "side")
    folder = folder_of(ledger)
    commit = ledger.ref("side")
    assert FootprintFiles(folder).find(commit) is not None
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    assert FootprintFiles(copy).find(commit) is None
    data = (folder / commit).read_bytes()
    other = next(file.name for file in folder.iterdir() if file.name != commit)
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    for changed in (data[:-1], flipped, data[:70] + b"?" + data[71:], b"", (folder / other).read_bytes()):
        (folder / commit).write_bytes(changed)
        assert FootprintFiles(folder).find(commit) is None
    (folder / commit).write_bytes(data)
    folder.chmod(0o770)
    assert FootprintFiles(folder).find(commit) is None
