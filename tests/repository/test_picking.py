"""Picks, reverts and resubmissions around merges, in real repositories."""

from pathlib import Path

import pytest
from forgery import Ledger, found, register
from world import World

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import TransactionId
from aergo_vc.repository.results import Committed, Merged


def ids(target: Ledger, branch: str) -> tuple[TransactionId, ...]:
    """The transactions of a branch's last block."""
    with target.open() as repository:
        return tuple(one.id for one in repository.show(branch).transactions)  # type: ignore[union-attr]


def balances(target: Ledger) -> dict[object, object]:
    with target.open() as repository:
        return dict(repository.rows("account", at="main")[1])  # type: ignore[arg-type]


def merge(target: Ledger, source: str) -> Merged:
    with target.open() as repository:
        return repository.merge(source)


def pick(target: Ledger, *what: str) -> Committed | None:
    with target.open() as repository:
        return repository.cherry_pick(what).committed


@pytest.fixture
def forked(target: Ledger) -> Ledger:
    """Two branches that sprang from main: each lets carol begin with another balance; dev lets ann have 5 more."""
    for name in ("dev", "other"):
        with target.open() as repository:
            repository.branch(name)
    target.sql("UPDATE account SET balance = balance + 5 WHERE name = 'ann'", "dev")
    target.sql("INSERT INTO account VALUES ('carol', 1)", "dev")
    target.sql("INSERT INTO account VALUES ('carol', 2)", "other")
    return target


def test_what_was_picked_is_not_merged_a_second_time(forked: Ledger) -> None:
    (picked,) = ids(forked, "dev@5")
    assert pick(forked, picked) is not None
    merged = merge(forked, "dev")
    assert picked not in [one.transaction.id for one in merged.transactions]
    assert balances(forked) == {"ann": 100, "bob": 105, "carol": 1}
    assert forked.verifies() == 6


def test_what_was_merged_is_not_picked_a_second_time_not_even_by_way_of_a_third_branch(forked: Ledger) -> None:
    merge(forked, "dev")
    assert pick(forked, "dev", "dev@5") is None
    (ann,) = ids(forked, "dev@5")
    forked.on("other")
    assert pick(forked, ann) is not None
    forked.on("main")
    assert pick(forked, "other") is None
    merge(forked, "other")
    assert balances(forked) == {"ann": 100, "bob": 105, "carol": 1}
    assert forked.verifies() == 6


def test_what_a_merge_left_out_is_signed_anew_by_who_stands_for_it(forked: Ledger) -> None:
    merge(forked, "dev")
    (refused,) = merge(forked, "other").refused
    with forked.open() as repository:
        failed = repository.resubmit([refused.transaction.id]).failed
        assert failed is not None
        assert failed.transaction.id != refused.transaction.id
        assert repository.status().pending == 0
    forked.sql("DELETE FROM account WHERE name = 'carol'")
    register(forked, "bob")
    forked.be("bob")
    with forked.open() as repository:
        waiting = repository.resubmit([refused.transaction.id[:10]])
        assert repository.pending()[0].transaction.payload.signer == "bob"
        repository.discard(waiting.transactions)
    forked.be("alice")
    with forked.open() as repository:
        done = repository.resubmit(["main@-1"], commit=True).committed
    assert done is not None
    assert balances(forked)["carol"] == 2
    assert forked.verifies() == 8
    assert pick(forked, "other") is None


def test_what_a_merge_left_out_may_be_picked_as_it_was_signed(forked: Ledger) -> None:
    merge(forked, "dev")
    (refused,) = merge(forked, "other").refused
    forked.sql("DELETE FROM account WHERE name = 'carol'")
    done = pick(forked, refused.transaction.id)
    assert done is not None
    assert done.transactions == (refused.transaction.id,)
    assert forked.verifies() == 8


def test_only_what_a_merge_left_out_is_resubmitted(forked: Ledger) -> None:
    merge(forked, "dev")
    for text in (*ids(forked, "dev"), "dev", "nonsense", "main@1", "zz"):
        with forked.open() as repository, pytest.raises(InputError):
            repository.resubmit([text])
    with forked.open() as repository:
        assert repository.resubmit(["main"]).transactions == ()


def test_a_merge_and_a_transaction_that_it_took_in_are_undone(forked: Ledger) -> None:
    merge(forked, "dev")
    (ann,) = ids(forked, "dev@5")
    with forked.open() as repository:
        assert repository.revert(ann).dependents == ()
    assert balances(forked) == {"ann": 95, "bob": 105, "carol": 1}
    with forked.open() as repository:
        reverted = repository.revert("main@-1")
        assert reverted.submitted is None
        assert [one.height for one in reverted.dependents] == [5]
        assert repository.revert("main@-1", force=True).submitted is not None
    assert balances(forked) == {"ann": 95, "bob": 105}
    assert forked.verifies() == 7


def test_rows_that_come_along_are_picked_and_undone_in_the_sha256_format(world: World, tmp_path: Path) -> None:
    ledger = found(world, "sha256")
    with ledger.open() as repository:
        repository.branch("dev")
    file = tmp_path / "number.csv"
    file.write_text("name,count\none,1\ntwo,2\n")
    ledger.on("dev")
    with ledger.open() as repository:
        repository.sql("CREATE TABLE number (name text, count int)", commit=True)
        repository.import_files([file], commit=True)
    ledger.on("main")
    with ledger.open() as repository:
        assert repository.cherry_pick(["dev@-1"], source=str(ledger.place.path)).committed is not None
        assert repository.cherry_pick(["dev"], source=str(ledger.place.path)).committed is not None
        rows = list(repository.rows("number")[1])
        assert [row[1:] for row in rows] == [("one", 1), ("two", 2)]
        assert repository.revert("main").submitted is not None
        assert list(repository.rows("number")[1]) == []
        assert repository.revert("main").submitted is not None
        assert list(repository.rows("number")[1]) == rows
        repository.merge("dev")
    assert ledger.verifies() == 9


def test_a_picked_transaction_is_shown_where_it_stands_on_the_current_branch(forked: Ledger) -> None:
    (ann,) = ids(forked, "dev@5")
    with forked.open() as repository:
        picked = repository.cherry_pick([ann]).committed
        here = repository.show(ann)
        assert picked is not None
        assert here.block.block == picked.block  # type: ignore[union-attr]
    forked.on("dev")
    with forked.open() as repository:
        assert repository.show(ann).block.header.branch == "dev"  # type: ignore[union-attr]
