"""Attacks by whoever makes merge blocks: rows I07, I10, I11 and I12 of the threat list."""

from dataclasses import replace

import pytest
from forgery import Draft, Forger, Ledger, register

from aergo_vc.codec.receipts import decode_receipts, encode_receipts
from aergo_vc.codec.transactions import decode_transactions
from aergo_vc.ledger import building
from aergo_vc.merging.grafting import files as source_files
from aergo_vc.model.transactions import Receipt, Refusal
from aergo_vc.repository.results import Merged

MERGED_HEIGHT = 5


@pytest.fixture
def merged(target: Ledger) -> Forger:
    """Alice's main at height 5 merges her branch `side`: two transactions went in, one between them did not."""
    with target.open() as repository:
        repository.branch("side", block="main")
    target.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'", "side")
    target.sql("UPDATE account SET balance = 1 WHERE name = 'bob'", "side")
    target.sql("INSERT INTO account SELECT 'eve', balance FROM account WHERE name = 'ann'", "side")
    target.sql("UPDATE account SET balance = 7 WHERE name = 'bob'")
    done = merge(target, "side")
    assert [one.receipt.refusal is None for one in done.transactions] == [True, False, True]
    assert target.verifies() == MERGED_HEIGHT + 1
    return Forger(target)


def merge(ledger: Ledger, source: str, target: str = "main") -> Merged:
    ledger.on(target)
    with ledger.open() as repository:
        done = repository.merge(source)
    ledger.on("main")
    return done


def with_receipts(draft: Draft, receipts: list[Receipt]) -> Draft:
    return replace(draft, receipts_bytes=encode_receipts(receipts))


def test_i07_rows_that_no_transaction_made_are_found(merged: Forger) -> None:
    draft = merged.take()
    others = {block.header.state: block.state for _, block in merged.blocks()}
    for digest, state in others.items():
        if digest != draft.header.state:
            merged.put(replace(draft.head(state=digest), state=state))
            assert merged.ledger.rule() == "E_STATE_ROOT"


def test_i07_a_transaction_that_the_source_does_not_have_is_found(merged: Forger) -> None:
    draft = merged.take()
    own = merged.transaction("UPDATE account SET balance = balance + 50 WHERE name = 'ann'")
    lines = decode_transactions(draft.transactions_bytes)
    receipts = [*decode_receipts(draft.receipts_bytes), Receipt(own.id)]
    forged = with_receipts(draft.transactions(*lines, own), receipts)
    merged.put(forged)
    assert merged.ledger.rule() == "E_MERGE"


def test_i07_a_merge_of_nothing_and_one_that_hides_what_it_merges_are_refused(merged: Forger) -> None:
    draft = merged.take()
    main, side = draft.parents
    merged.put(draft.head(merged=()))
    assert merged.ledger.rule() == "E_COMMIT"
    merged.put(replace(draft, parents=(main,)))
    assert merged.ledger.rule() == "E_COMMIT"
    merged.put(replace(draft, parents=(main, side, side)))
    assert merged.ledger.rule() == "E_COMMIT"
    merged.put(replace(draft, parents=(main, main)))
    assert merged.ledger.rule() == "E_MERGE"
    merged.put(draft.head(merged=(merged.blocks()[0][1].block,)))
    assert merged.ledger.rule() == "E_MERGE"
    again = merged.blocks()[-2][1].block
    merged.put(replace(draft.head(merged=(again,)), parents=(main, main), transactions_bytes=b"", receipts_bytes=b""))
    assert merged.ledger.rule() == "E_MERGE"


def test_i07_a_source_with_an_invalid_block_is_found_behind_a_merge_of_it(merged: Forger) -> None:
    side = Forger(merged.ledger, "side")
    forged = side.put(side.follow(slots=0).head(state="0" * 64))
    merged.ledger.next_slot()
    draft = merged.take()
    main = draft.parents[0]
    block = side.blocks()[-1][1].block
    merged.put(replace(draft.head(merged=(block,)), parents=(main, forged)))
    error = merged.ledger.refused()
    assert (error.cause.code, error.facts["commit"]) == ("E_STATE_ROOT", forged)


def test_i07_the_honest_merge_refuses_a_source_with_an_invalid_block(merged: Forger) -> None:
    side = Forger(merged.ledger, "side")
    side.put(side.follow().head(state="0" * 64))
    before = merged.ledger.refs()
    with merged.ledger.open() as repository, pytest.raises(Exception, match="state") as caught:
        repository.merge("side")
    assert getattr(caught.value, "code", "") == "E_BLOCK"
    assert merged.ledger.refs() == before
    assert merged.ledger.verifies() == MERGED_HEIGHT + 1


def test_i10_transactions_in_another_order_are_found(merged: Forger) -> None:
    draft = merged.take()
    first, second = draft.transactions_bytes.splitlines(keepends=True)
    one, refused, two = draft.receipts_bytes.splitlines(keepends=True)
    merged.put(replace(draft, transactions_bytes=second + first, receipts_bytes=two + refused + one))
    assert merged.ledger.rule() == "E_MERGE"
    merged.put(replace(draft, receipts_bytes=refused + one + two))
    assert merged.ledger.rule() == "E_RECEIPTS"


def test_i11_a_transaction_left_out_without_a_line_is_found(merged: Forger) -> None:
    draft = merged.take()
    one, _, two = draft.receipts_bytes.splitlines(keepends=True)
    merged.put(replace(draft, receipts_bytes=one + two))
    assert merged.ledger.rule() == "E_RECEIPTS"
    first, _ = draft.transactions_bytes.splitlines(keepends=True)
    merged.put(replace(draft, transactions_bytes=first, receipts_bytes=one))
    assert merged.ledger.rule() == "E_MERGE"
    merged.put(replace(draft, transactions_bytes=b"", receipts_bytes=b""))
    assert merged.ledger.rule() == "E_MERGE"


def test_i11_a_reason_that_does_not_hold_is_found(merged: Forger) -> None:
    draft = merged.take()
    one, refused, two = decode_receipts(draft.receipts_bytes)
    for forged in (Refusal("E_PERMISSION", "may not"), Refusal("E_LOST_UPDATE", "so it is", one.transaction)):
        merged.put(with_receipts(draft, [one, replace(refused, refusal=forged), two]))
        assert merged.ledger.rule() == "E_RECEIPTS"
    excluded = Receipt(two.transaction, refusal=Refusal("23505", "there is such a row"))
    first, _ = decode_transactions(draft.transactions_bytes)
    merged.put(with_receipts(draft.transactions(first), [one, refused, excluded]))
    assert merged.ledger.rule() == "E_MERGE"
    reworded = Refusal("E_LOST_UPDATE", "words are for people, and may be put better")
    merged.put(with_receipts(draft, [one, replace(refused, refusal=reworded), two]))
    assert merged.ledger.verifies() == MERGED_HEIGHT + 1


def test_i11_a_merge_of_more_than_a_block_takes_is_refused_whole(
    merged: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = merged.ledger
    for number in range(3):
        ledger.sql(f"UPDATE account SET balance = balance + {number} WHERE name = 'ann'", "side")
    before = ledger.refs()

    def limit(count: int) -> None:
        for module in (building, source_files):
            monkeypatch.setattr(module, "BLOCK_TRANSACTIONS", count)

    limit(2)
    with pytest.raises(building.FullBlockError):
        merge(ledger, "side")
    assert ledger.refs() == before
    done = merge(ledger, "side@-1")
    assert len(done.transactions) == 2
    limit(1)
    assert ledger.rule() == "E_MERGE"


def test_i11_an_ordinary_block_leaves_nothing_out(merged: Forger) -> None:
    draft = merged.follow().head(merged=())
    refused = Receipt(merged.transaction("UPDATE account SET balance = 3").id, refusal=Refusal("23505", "no"))
    merged.put(with_receipts(draft, [refused]))
    assert merged.ledger.rule() == "E_RECEIPTS"


def test_i11_what_a_signer_without_a_role_signed_is_left_out_by_name(target: Ledger) -> None:
    register(target, "bob")
    target.sql("GRANT SELECT, UPDATE ON account TO bob")
    target.be("bob")
    with target.open() as repository:
        repository.branch("side", block="main")
    target.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'", "side")
    target.be("alice")
    target.sql("DELETE FROM directory.role WHERE entity = 'bob'", "aergo/directory")
    done = merge(target, "side")
    assert [one.receipt.refusal.code for one in done.transactions if one.receipt.refusal] == ["E_PERMISSION"]
    target.verifies()


def test_i12_a_transaction_that_came_by_several_ways_is_applied_once(merged: Forger) -> None:
    ledger = merged.ledger
    with ledger.open() as repository:
        repository.branch("other", block="side")
    merge(ledger, "main", "side")
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'", "other")
    merge(ledger, "side", "other")
    done = merge(ledger, "other")
    assert len(done.transactions) == 1
    assert merge(ledger, "side").block is None
    seen: list[str] = []
    for _, block in merged.blocks():
        seen += [transaction.id for transaction in block.transactions]
    assert len(seen) == len(set(seen))
    for branch in ("main", "side", "other"):
        assert ledger.verifies(branch) > 0


def test_i12_a_merge_block_that_applies_something_again_is_found(merged: Forger) -> None:
    ledger = merged.ledger
    old = merged.take()
    ledger.sql("UPDATE account SET balance = balance + 2 WHERE name = 'ann'", "side")
    merge(ledger, "side")
    draft = merged.take()
    again = decode_transactions(old.transactions_bytes)
    new = decode_transactions(draft.transactions_bytes)
    receipts = [receipt for receipt in decode_receipts(old.receipts_bytes) if receipt.refusal is None]
    forged = draft.transactions(*again, *new)
    merged.put(with_receipts(forged, [*receipts, *decode_receipts(draft.receipts_bytes)]))
    assert ledger.rule() == "E_MERGE"
