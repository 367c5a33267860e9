"""Attacks on Consistent Merging: by the functions that settle (threat I09), and by who makes the block (I07, I11)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from forgery import Draft, Forger, Ledger, register
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from settling_world import merge

from aergo_vc.base.ids import BlockId, BranchName, EntityName, ObjectId
from aergo_vc.codec.receipts import decode_receipts, encode_receipts
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.ledger.machine import TransactionOutcome
from aergo_vc.merging.conflicts import resolution
from aergo_vc.merging.resolving import FailedResolutionError
from aergo_vc.model.transactions import Receipt, Refusal, RowCounts, Transaction
from aergo_vc.repository.errors import ConflictError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.merging import Prepared, land_merge, prepare_merge
from aergo_vc.repository.submitting import signed
from aergo_vc.repository.tips import tip_of

BASE = ("CREATE TABLE stock (item int PRIMARY KEY, a int, b int)", "INSERT INTO stock VALUES (1, 1, 1), (2, 2, 2)")

settings = st.tuples(st.sampled_from(["a", "b"]), st.integers(-5, 5), st.integers(1, 2)).map(
    lambda change: f"UPDATE stock SET {change[0]} = {change[1]} WHERE item = {change[2]}"
)


@hypothesis_settings(max_examples=10)
@given(st.lists(settings, max_size=2), st.lists(settings, max_size=2))
def test_i09_sums_do_not_hang_on_which_side_is_merged_into_which(one: list[str], other: list[str]) -> None:
    forth, back = merge("sum", BASE, one, other), merge("sum", BASE, other, one)
    assert forth.state == back.state
    assert all(isinstance(end, TransactionOutcome) for end in forth.ends + back.ends)


def _function(body: str) -> str:
    return (
        "CREATE FUNCTION settle(base stock, ours stock, theirs stock) RETURNS stock LANGUAGE plpgsql"
        f" AS $$ DECLARE n int := 0; BEGIN {body} RETURN ours; END $$"
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("LOOP n := n + 1; END LOOP;", "54000"),
        ("PERFORM count(*) FROM generate_series(1, 100000000);", "54000"),
        ("ours := settle(base, ours, theirs);", "54001"),
        ("DELETE FROM stock;", "25006"),
    ],
)
def test_i09_a_function_that_loops_or_writes_costs_its_transaction_and_nothing_else(body: str, code: str) -> None:
    blind = "UPDATE stock SET a = {} WHERE item = 1"
    merged = merge(
        "public.settle", (*BASE, _function(body)), [blind.format(5)], [blind.format(6), "UPDATE stock SET b = 9"]
    )
    refused, kept = merged.ends
    assert isinstance(refused, Refusal)
    assert code in refused.message, refused
    assert isinstance(kept, TransactionOutcome)
    assert merged.rows("stock") == [(1, 5, 9), (2, 2, 9)]


@pytest.mark.parametrize("body", ["ours.a := random();", "ours.a := extract(epoch FROM clock_timestamp());"])
def test_i09_a_function_has_neither_dice_nor_a_clock(body: str) -> None:
    with pytest.raises(Exception, match=r"random|clock_timestamp"):
        merge("public.settle", (*BASE, _function(body)), [], [])


def test_i09_a_function_that_asks_for_the_time_is_told_the_new_blocks() -> None:
    body = "ours.a := extract(epoch FROM current_timestamp)::bigint - 1700000000;"
    blind = "UPDATE stock SET a = {} WHERE item = 1"
    merged = merge("public.settle", (*BASE, _function(body)), [blind.format(5)], [blind.format(6)])
    assert merged.rows("stock")[0] == (1, 0, 1)


# Forged blocks


@pytest.fixture
def settled(target: Ledger) -> Forger:
    """A merge on the branch `here`, whose policy kept its own cell."""
    with target.open() as repository:
        repository.branch("there")
        repository.branch("here", merge=("ours",))
    target.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", "there")
    target.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'", "there")
    target.sql("UPDATE account SET balance = 9 WHERE name = 'ann'", "here")
    target.on("here")
    with target.open() as repository:
        repository.merge("there")
    target.on("main")
    assert target.verifies("here") == 7
    return Forger(target, "here")


def _with_receipts(draft: Draft, change: Callable[[list[Receipt]], list[Receipt]]) -> Draft:
    return replace(draft, receipts_bytes=encode_receipts(change(list(decode_receipts(draft.receipts_bytes)))))


def _as(receipt: Receipt, **changes: object) -> Receipt:
    """A receipt that tells something else of what the transaction was settled as."""
    assert receipt.settled_as is not None
    return replace(receipt, settled_as=replace(receipt.settled_as, **changes))  # type: ignore[arg-type]


RECEIPTS: dict[str, Callable[[list[Receipt]], list[Receipt]]] = {
    "settled by somebody else": lambda receipts: [replace(receipts[0], settled="theirs"), *receipts[1:]],
    "not said to be settled": lambda receipts: [replace(receipts[0], settled=None, settled_as=None), *receipts[1:]],
    "settled as nobody knows what": lambda receipts: [replace(receipts[0], settled_as=None), *receipts[1:]],
    "settled by somebody's contract": lambda receipts: [_as(receipts[0], owner=EntityName("alice")), *receipts[1:]],
    "settled elsewhere": lambda receipts: [_as(receipts[0], block=BlockId("1" * 64)), *receipts[1:]],
    "settled as something else": lambda receipts: [_as(receipts[0], script="SELECT 1"), *receipts[1:]],
    "settled in another row": lambda receipts: [_as(receipts[0], rows=()), *receipts[1:]],
    "settled where it fails": lambda receipts: [_as(receipts[0], fails=True), *receipts[1:]],
    "settled without need": lambda receipts: [receipts[0], replace(receipts[1], settled="ours")],
    "with another row": lambda receipts: [
        replace(receipts[0], rows={"public.account": RowCounts(0, 1, 0)}), *receipts[1:],
    ],
}  # fmt: skip


@pytest.mark.parametrize("which", RECEIPTS)
def test_i11_what_settled_a_transaction_is_found_again(settled: Forger, which: str) -> None:
    settled.put(_with_receipts(settled.take(), RECEIPTS[which]))
    assert settled.ledger.rule("here") == "E_RECEIPTS"


def _resolution(forger: Forger, *stands_for: Transaction, script: str, branch: str = "here") -> Transaction:
    tip = forger.blocks()[-2][1]
    payload = replace(
        forger.blocks()[-1][1].transactions[0].payload,
        branch=branch, recent=tip.block, sql=resolution([one.id for one in stands_for], script), nonce="f" * 32,
    )  # fmt: skip
    return signed(forger.ledger.key("alice"), payload)


def _appended(draft: Draft, transaction: Transaction) -> Draft:
    return replace(
        draft,
        transactions_bytes=draft.transactions_bytes + encode_transaction(transaction) + b"\n",
        receipts_bytes=draft.receipts_bytes
        + encode_receipts([Receipt(transaction.id, {"public.account": RowCounts(0, 1, 0)})]),  # type: ignore[dict-item]
    )


def test_i07_a_resolution_of_nothing_does_not_get_rows_in(settled: Forger) -> None:
    first = settled.blocks()[-1][1].transactions[0]
    made = _resolution(settled, first, script="UPDATE account SET balance = 1000 WHERE name = 'ann'")
    settled.put(_appended(settled.take(), made))
    assert settled.ledger.rule("here") == "E_MERGE"


def test_i07_a_transaction_that_names_nothing_does_not_get_in_as_a_resolution(settled: Forger) -> None:
    made = _resolution(settled, script="UPDATE account SET balance = 1000 WHERE name = 'ann'")
    settled.put(_appended(settled.take(), made))
    assert settled.ledger.rule("here") == "E_MERGE"


def test_i11_a_transaction_that_the_policy_settles_cannot_be_passed_off_as_resolved(settled: Forger) -> None:
    first, second = settled.blocks()[-1][1].transactions
    made = _resolution(settled, first, script="")
    draft = settled.take()
    refused = Receipt(first.id, refusal=Refusal("E_RESOLVED", "x"))
    receipts = [refused, decode_receipts(draft.receipts_bytes)[1], Receipt(made.id)]
    lines = b"".join(encode_transaction(one) + b"\n" for one in (second, made))
    settled.put(replace(draft, transactions_bytes=lines, receipts_bytes=encode_receipts(receipts)))
    assert settled.ledger.rule("here") == "E_MERGE"


# Conflicts and resolutions


def _resolved(ledger: Ledger, *resolutions: Transaction) -> Prepared:
    """The merge of `there` into `here` with resolutions, sealed if no conflict is open."""
    workspace = ledger.workspace()
    identity = Identity(workspace)
    with workspace.locked():
        tip = tip_of(workspace, BranchName("here"))
        source = ObjectId(ledger.ref("there"))
        prepared = prepare_merge(workspace, identity, tip, source, resolutions=[(one, ()) for one in resolutions])
        assert isinstance(prepared, Prepared)
        if not prepared.conflicts:
            land_merge(workspace, identity, prepared, "Merge", None)
    workspace.close()
    return prepared


def _made(ledger: Ledger, entity: str, script: str, branch: str = "here") -> Transaction:
    """A resolution of the one conflict between `here` and `there`, signed by an entity."""
    forger = Forger(ledger, "here")
    tip = forger.blocks()[-1][1]
    (stands_for,) = Forger(ledger, "there").blocks()[-1][1].transactions
    key = ledger.key(entity)
    payload = replace(
        stands_for.payload, branch=BranchName(branch), recent=tip.block, key=key.public_key, signer=EntityName(entity),
        sql=resolution([stands_for.id], script), nonce="e" * 32,
    )  # fmt: skip
    return signed(key, payload)


@pytest.fixture
def conflicting(target: Ledger) -> Ledger:
    """Branches `here`, whose policy settles nothing, and `there`, with one conflict between them."""
    register(target, "reader", "reader")
    with target.open() as repository:
        repository.branch("there")
        repository.branch("here", merge=("fail",))
    target.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", "there")
    target.sql("UPDATE account SET balance = 9 WHERE name = 'ann'", "here")
    target.next_slot()
    return target


TWO = "UPDATE account SET balance = 2 WHERE name = 'ann'"


def test_i11_a_conflict_that_nobody_resolved_makes_a_block_invalid(conflicting: Ledger) -> None:
    assert len(_resolved(conflicting).conflicts) == 1
    made = _made(conflicting, "alice", TWO)
    assert _resolved(conflicting, made).conflicts == ()
    assert conflicting.verifies("here") == 7
    forger = Forger(conflicting, "here")
    draft = forger.take()
    first = decode_receipts(draft.receipts_bytes)[0]
    forger.put(replace(draft, transactions_bytes=b"", receipts_bytes=encode_receipts([first])))
    assert conflicting.rule("here") == "E_MERGE"


def test_i11_a_reason_of_the_makers_own_does_not_take_the_place_of_a_resolution(conflicting: Ledger) -> None:
    made = _made(conflicting, "alice", TWO)
    _resolved(conflicting, made)
    forger = Forger(conflicting, "here")
    draft = forger.take()
    first, second = decode_receipts(draft.receipts_bytes)
    excused = replace(first, refusal=Refusal("E_LOST_UPDATE", "it would lose an update"))
    forger.put(replace(draft, receipts_bytes=encode_receipts([excused, second])))
    assert conflicting.rule("here") == "E_RECEIPTS"


def test_i07_a_resolution_is_a_writers_and_for_the_branch(conflicting: Ledger) -> None:
    with pytest.raises(FailedResolutionError, match="reader may not write"):
        _resolved(conflicting, _made(conflicting, "reader", TWO))
    assert len(_resolved(conflicting, _made(conflicting, "alice", TWO, branch="main")).conflicts) == 1
    _resolved(conflicting, _made(conflicting, "alice", TWO))
    forger = Forger(conflicting, "here")
    draft = forger.take()
    first = decode_receipts(draft.receipts_bytes)[0]
    for entity, branch, rule in (("reader", "here", "E_PERMISSION"), ("alice", "main", "E_MERGE")):
        forger.put(draft)
        before = conflicting.place.git("rev-parse", "here^1").line
        conflicting.place.git("update-ref", "refs/heads/here", before)
        made = _made(conflicting, entity, TWO, branch)
        receipt = Receipt(made.id, decode_receipts(draft.receipts_bytes)[1].rows)
        forger.put(
            replace(
                draft,
                transactions_bytes=encode_transaction(made) + b"\n",
                receipts_bytes=encode_receipts([first, receipt]),
            )
        )
        assert conflicting.rule("here") == rule


def test_i07_another_script_under_a_resolution_breaks_its_signature(conflicting: Ledger) -> None:
    made = _made(conflicting, "alice", TWO)
    _resolved(conflicting, made)
    forger = Forger(conflicting, "here")
    draft = forger.take()
    line = encode_transaction(made).replace(b"balance = 2", b"balance = 7")
    forger.put(replace(draft, transactions_bytes=line + b"\n"))
    assert conflicting.rule("here") == "E_SIGNATURE"


def test_i12_a_settled_merge_can_be_merged_on_and_verifies(settled: Forger) -> None:
    ledger = settled.ledger
    ledger.sql("UPDATE account SET balance = balance + 100 WHERE name = 'bob'")
    with ledger.open() as repository:
        done = repository.merge("here")
    assert done.commit is not None
    assert len({one.transaction.id for one in done.transactions}) == len(done.transactions) == 3
    assert ledger.verifies() > 4


def test_i09_a_law_writes_nothing_for_a_signer_who_may_not(target: Ledger) -> None:
    register(target, "bob")
    target.sql("GRANT SELECT, UPDATE ON account TO bob")
    with target.open() as repository:
        repository.branch("there")
        repository.branch("here", merge=("theirs",))
    target.be("bob")
    target.on("there")
    with target.open() as repository:
        repository.sql("UPDATE account SET balance = 1 WHERE name = 'ann'")
    target.be("alice")
    with target.open() as repository:
        repository.commit()
    target.sql("REVOKE UPDATE ON account FROM bob; UPDATE account SET balance = 9 WHERE name = 'ann'", "here")
    target.on("here")
    with target.open() as repository, pytest.raises(ConflictError, match="1 transaction in conflict"):
        repository.merge("there")
