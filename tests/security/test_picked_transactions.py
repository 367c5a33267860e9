"""Transactions that come to a branch by picks and merges, and would come once more: rows E01, I12 and I13."""

import pytest
from forgery import Forger, Ledger, register

from aergo_vc.model.transactions import Transaction
from aergo_vc.pool.pending import pool_ref, write_pool

INSERT = "INSERT INTO account VALUES ('carol', 1)"
AGAIN = "UPDATE account SET balance = balance + 5"


@pytest.fixture
def line(target: Ledger) -> Ledger:
    """Main with a branch dev, on which everybody got five more."""
    with target.open() as repository:
        repository.branch("dev")
    target.sql(AGAIN, "dev")
    return target


def _gift(line: Ledger) -> Transaction:
    return Forger(line, "dev").blocks()[-1][1].transactions[0]


def _refused_everywhere(line: Ledger, again: Transaction) -> None:
    """No verb takes the transaction, no producer seals it from a pool, no forged block with it verifies."""
    before = line.ref()
    with line.open() as repository:
        picked = repository.cherry_pick([again.id])
    assert (picked.transactions, picked.standing) == ((), (again.id,))
    workspace = line.workspace()
    commit = write_pool(workspace.writer, [(again, ())], line.clock.time)
    workspace.writer.publish().release()
    line.place.git("update-ref", pool_ref("main"), commit)  # type: ignore[arg-type]
    with line.open() as repository:
        assert repository.commit() is None
    assert line.ref() == before
    forger = Forger(line)
    forger.put(forger.follow().head(merged=()).transactions(again))
    assert line.rule() == "E_REPEATED"
    line.place.git("update-ref", "refs/heads/main", before)


def _later(line: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many blocks pass that transactions of the branch itself would have expired."""
    for module in ("aergo_vc.ledger.rules", "aergo_vc.ledger.history", "aergo_vc.ledger.verifying"):
        monkeypatch.setattr(f"{module}.TRANSACTION_LIFETIME_BLOCKS", 2)
    for number in range(3):
        line.sql(f"UPDATE account SET balance = balance + {number}")


def test_e01_what_was_picked_is_refused_a_second_time_however_late(
    line: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line.open() as repository:
        repository.cherry_pick(["dev"])
    _refused_everywhere(line, _gift(line))
    _later(line, monkeypatch)
    _refused_everywhere(line, _gift(line))


def test_i12_what_was_merged_is_refused_a_second_time_however_late(
    line: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line.open() as repository:
        repository.merge("dev")
    _refused_everywhere(line, _gift(line))
    _later(line, monkeypatch)
    _refused_everywhere(line, _gift(line))


def test_i12_what_was_merged_and_picked_on_a_third_branch_is_refused_from_there(line: Ledger) -> None:
    with line.open() as repository:
        repository.branch("third", block="main@3")
        repository.merge("dev")
    line.on("third")
    with line.open() as repository:
        assert repository.cherry_pick(["dev"]).committed is not None
    line.on("main")
    assert line.verifies("third") == 6
    _refused_everywhere(line, Forger(line, "third").blocks()[-1][1].transactions[0])


def test_i13_a_pick_that_its_signer_may_not_make_any_more_is_refused(line: Ledger) -> None:
    register(line, "bob")
    line.be("bob")
    line.on("dev")
    with line.open() as repository:
        repository.sql(INSERT)
    line.be("alice")
    with line.open() as repository:
        assert repository.commit() is not None
    line.on("main")
    line.sql("DELETE FROM directory.role WHERE entity = 'bob'", "aergo/directory")
    with line.open() as repository:
        picked = repository.cherry_pick(["dev"])
    assert picked.failed is not None
    assert (picked.failed.reason.code, picked.committed) == ("E_PERMISSION", None)
    late = Forger(line)
    tip = Forger(line, "aergo/directory").blocks()[-1][1]
    draft = late.follow(slots=50).head(directory=tip.block, directory_height=tip.header.height)
    late.put(draft.transactions(_gift(line)))
    assert line.rule() == "E_PERMISSION"


def test_i13_a_pick_with_a_changed_byte_is_refused_from_another_repository_too(line: Ledger) -> None:
    gift = _gift(line)
    dev = Forger(line, "dev")
    bad = dev.put(dev.take().transactions(Transaction(gift.id, gift.payload, bytes(64), gift.signed)))
    with line.open() as repository:
        here = repository.cherry_pick([bad])
        there = repository.cherry_pick(["dev"], source=str(line.place.path))
    for picked in (here, there):
        assert picked.failed is not None
        assert (picked.failed.reason.code, picked.transactions) == ("E_SIGNATURE", ())
