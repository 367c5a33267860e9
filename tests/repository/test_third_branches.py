"""What the law of one branch settled, merged on into a third branch: it stays settled there, or is a new question."""

from unittest.mock import patch

import pytest
from forgery import Ledger, register

from aergo_vc.base.ids import BranchName
from aergo_vc.ledger import building
from aergo_vc.ledger.building import FullBlockError, Room
from aergo_vc.merging.grafting import merger
from aergo_vc.repository.errors import ConflictError
from aergo_vc.repository.results import Merged

BASE = (
    "CREATE TABLE price (item text PRIMARY KEY, cents bigint NOT NULL, stock bigint NOT NULL DEFAULT 0, note text)",
    "INSERT INTO price VALUES ('bread', 350, 10, NULL), ('salt', 90, 5, NULL), ('tea', 400, 2, NULL)",
)
BREAD_1 = "UPDATE price SET cents = 1 WHERE item = 'bread'"
BREAD_355 = "UPDATE price SET cents = 355 WHERE item = 'bread'"
BREAD_375 = "UPDATE price SET cents = 375 WHERE item = 'bread'"
NO_BREAD = "DELETE FROM price WHERE item = 'bread'"
RYE = "INSERT INTO price VALUES ('rye', {}, 1, NULL)"
TEA_401 = "UPDATE price SET cents = 401 WHERE item = 'tea'"
MEAN = """
CREATE FUNCTION settle(base price, ours price, theirs price) RETURNS price LANGUAGE plpgsql AS $$
BEGIN theirs.cents := (ours.cents + theirs.cents) / 2; RETURN theirs; END $$;
"""
INSTEAD = """
CREATE FUNCTION {name}(transaction text, signer text, code text, reason text) RETURNS text LANGUAGE sql AS $$
SELECT 'sql:{script}' $$;
"""


@pytest.fixture
def shop(target: Ledger) -> Ledger:
    for script in (*BASE, MEAN):
        target.sql(script)
    return target


def branch(ledger: Ledger, name: str, *law: str, at: str = "main") -> None:
    with ledger.open() as repository:
        repository.branch(name, block=at, merge=law)


def merged(ledger: Ledger, source: str, into: str) -> Merged:
    """A merge, after which the branch verifies: what was grafted is what is executed then."""
    ledger.on(into)
    with ledger.open() as repository:
        done = repository.merge(source)
    ledger.on("main")
    assert done.commit is not None
    ledger.verifies(into)
    return done


def settled(ledger: Ledger, *law: str, a: tuple[str, ...] = (BREAD_355,), s: tuple[str, ...] = (BREAD_375,)) -> Merged:
    """Branch `source`, whose law settled what branch `a` did."""
    branch(ledger, "a")
    branch(ledger, "source", *law)
    branch(ledger, "third")
    for script in a:
        ledger.sql(script, "a")
    for script in s:
        ledger.sql(script, "source")
    return merged(ledger, "a", "source")


def rows(ledger: Ledger, at: str) -> list[tuple[object, ...]]:
    with ledger.open() as repository:
        return list(repository.rows("public.price", at=at)[1])


def bread(ledger: Ledger, at: str) -> object:
    """The price of bread."""
    return rows(ledger, at)[0][1]


def codes(done: Merged) -> list[str | None]:
    refusals = [one.receipt.refusal for one in done.transactions]
    return [None if one is None else one.code for one in refusals]


def settling(done: Merged, place: int = -1) -> tuple[str | None, str | None]:
    """By what a transaction was settled, and in which block if not in this one."""
    receipt = done.transactions[place].receipt
    return receipt.settled, None if receipt.settled_as is None else receipt.settled_as.block


# Taken on


def test_what_was_settled_on_the_source_is_so_on_a_third_branch_too(shop: Ledger) -> None:
    first = settled(shop, "public.settle")
    assert rows(shop, "source")[0] == ("bread", 365, 10, None)
    done = merged(shop, "source", "third")
    assert rows(shop, "third") == rows(shop, "source")
    assert [settling(done, place) for place in (0, 1)] == [(None, None), ("public.settle", first.block)]


@pytest.mark.parametrize("law", ["ours", "theirs", "newest", "sum"])
@pytest.mark.parametrize("stock", [10, 1])
def test_what_a_policy_settled_holds_beside_what_the_third_branch_changed_itself(
    shop: Ledger, law: str, stock: int
) -> None:
    settled(shop, law)
    shop.sql(f"UPDATE price SET stock = {stock} WHERE item = 'bread'; DELETE FROM price WHERE item = 'tea'", "third")
    merged(shop, "source", "third")
    assert rows(shop, "third") == [("bread", bread(shop, "source"), stock, None), ("salt", 90, 5, None)]


def test_what_the_law_did_not_decide_is_reckoned_anew(shop: Ledger) -> None:
    settled(shop, "sum", a=("UPDATE price SET cents = 355, stock = stock - 1 WHERE item = 'bread'",))
    shop.sql("UPDATE price SET stock = stock + 100 WHERE item = 'bread'", "third")
    merged(shop, "source", "third")
    assert rows(shop, "third")[0] == ("bread", 380, 109, None)


@pytest.mark.parametrize(
    ("law", "a", "s"),
    [
        ("sum", RYE.format(3), RYE.format(4)),
        ("union", NO_BREAD, BREAD_375),
        ("theirs", NO_BREAD, BREAD_375),
        ("theirs", BREAD_355, NO_BREAD),
        ("ours", BREAD_355, NO_BREAD),
    ],
)
def test_rows_that_came_or_went_are_as_they_were_settled(shop: Ledger, law: str, a: str, s: str) -> None:
    settled(shop, law, a=(a,), s=(s,))
    shop.sql(TEA_401, "third")
    assert codes(merged(shop, "source", "third")) == [None, None]
    shop.sql(TEA_401, "source")
    assert rows(shop, "third") == rows(shop, "source")


def test_what_was_executed_instead_is_so_on_the_third_branch(shop: Ledger) -> None:
    script = "UPDATE price SET note = ''asked'', stock = stock + 1 WHERE item = ''bread''"
    with shop.open() as repository:
        repository.deploy(INSTEAD.format(name="decide", script=script), "law", commit=True)
    settled(shop, "law.decide")
    shop.sql("UPDATE price SET stock = 50 WHERE item = 'bread'", "third")
    done = merged(shop, "source", "third")
    assert rows(shop, "third")[0] == ("bread", 375, 51, "asked")
    assert settling(done)[0] == "law.decide"


def test_it_goes_on_from_branch_to_branch_and_back(shop: Ledger) -> None:
    first = settled(shop, "sum")
    branch(shop, "fourth")
    for source, into in (("source", "third"), ("third", "fourth"), ("fourth", "main")):
        assert settling(merged(shop, source, into)) == ("sum", first.block)
        assert bread(shop, into) == 380
    shop.sql("UPDATE price SET cents = cents + 1 WHERE item = 'bread'")
    merged(shop, "main", "source")
    assert bread(shop, "source") == 381
    assert codes(merged(shop, "main", "a")) == ["E_LOST_UPDATE", "E_DEPENDS"]
    assert bread(shop, "a") == 355


def test_branches_that_merge_each_other_carry_what_both_settled(shop: Ledger) -> None:
    for name in ("one", "two"):
        branch(shop, name, "sum")
    branch(shop, "third")
    shop.sql(BREAD_355, "one")
    shop.sql(BREAD_375, "two")
    first = merged(shop, "one", "two")
    shop.sql("UPDATE price SET cents = 500 WHERE item = 'salt'", "two")
    shop.sql("UPDATE price SET cents = 100 WHERE item = 'salt'", "one")
    merged(shop, "two", "one")
    assert rows(shop, "one")[1][1] == 90 + (500 - 90) + (100 - 90)
    merged(shop, "one", "two")
    done = merged(shop, "two", "third")
    assert rows(shop, "third") == rows(shop, "one") == rows(shop, "two")
    assert ("sum", first.block) in [settling(done, place) for place in range(len(done.transactions))]


def test_a_branch_that_replays_takes_it_on_whatever_it_has_itself(shop: Ledger) -> None:
    settled(shop, "sum")
    branch(shop, "careless", "replay")
    shop.sql("UPDATE price SET cents = 1, note = 'mine' WHERE item = 'bread'", "careless")
    merged(shop, "source", "careless")
    assert rows(shop, "careless")[0] == ("bread", 380, 10, "mine")
    branch(shop, "fifth")
    merged(shop, "careless", "fifth")
    assert rows(shop, "fifth") == rows(shop, "careless")


# Another question


def test_what_the_third_branch_changed_makes_another_question(shop: Ledger) -> None:
    first = settled(shop, "public.settle")
    shop.sql("UPDATE price SET note = 'rye' WHERE item = 'bread'", "third")
    done = merged(shop, "source", "third")
    assert codes(done) == [None, "E_SETTLED"]
    assert done.refused[0].receipt.refusal is not None
    assert done.refused[0].receipt.refusal.message == (
        f'item, cents, stock, note of public.price "bread" was settled in block {str(first.block)[:12]} where it found '
        '"bread",375,10,null; here it finds "bread",375,10,"rye"'
    )
    assert rows(shop, "third")[0] == ("bread", 375, 10, "rye")


def test_rows_that_come_or_go_are_another_question_in_a_table_with_other_columns(shop: Ledger) -> None:
    tea = "UPDATE price SET stock = {} WHERE item = 'tea'"
    settled(shop, "union", a=(NO_BREAD, tea.format(3)), s=(BREAD_375,))
    shop.sql("ALTER TABLE price ADD COLUMN weight int", "third")
    assert codes(merged(shop, "source", "third")) == [None, "E_SETTLED", None]
    assert rows(shop, "third")[0] == ("bread", 375, 10, None, None)


def test_what_is_left_out_of_the_source_takes_along_what_was_settled_over_it(shop: Ledger) -> None:
    settled(shop, "sum")
    shop.sql(BREAD_1, "third")
    assert codes(merged(shop, "source", "third")) == ["E_LOST_UPDATE", "E_DEPENDS"]
    assert bread(shop, "third") == 1


@pytest.mark.parametrize(
    ("law", "price"), [("ours", 1), ("theirs", 380), ("sum", 1 + (375 - 350) + (380 - 375)), ("public.settle", 284)]
)
def test_the_third_branchs_own_law_answers_with_what_the_source_made_of_the_row(
    shop: Ledger, law: str, price: int
) -> None:
    settled(shop, "sum")
    branch(shop, "own", law)
    shop.sql(BREAD_1, "own")
    done = merged(shop, "source", "own")
    assert codes(done) == [None, None]
    assert (settling(done), bread(shop, "own")) == ((law, None), price)
    branch(shop, "fifth")
    merged(shop, "own", "fifth")
    assert rows(shop, "fifth") == rows(shop, "own")


@pytest.mark.parametrize(("answer", "price"), [("apply", 380), ("skip", 1)])
def test_a_function_for_transactions_may_take_on_what_was_settled(shop: Ledger, answer: str, price: int) -> None:
    shop.sql(INSTEAD.format(name="decide", script="").replace("sql:", answer))
    settled(shop, "sum")
    branch(shop, "own", "public.decide")
    shop.sql(BREAD_1, "own")
    merged(shop, "source", "own")
    assert bread(shop, "own") == price
    branch(shop, "fifth")
    merged(shop, "own", "fifth")
    assert rows(shop, "fifth") == rows(shop, "own")


# Who decides


@pytest.fixture
def corrupted(shop: Ledger) -> Ledger:
    """A branch `source` on which a function of mallory's has put a script in the place of what alice signed."""
    register(shop, "mallory")
    shop.sql("GRANT SELECT, UPDATE ON price TO mallory")
    shop.sql(INSTEAD.format(name="decide", script="").replace("sql:", "apply"))
    for name, law in (
        ("a", ()),
        ("third", ()),
        ("theirs", ("theirs",)),
        ("applying", ("public.decide",)),
        ("early", ()),
    ):
        branch(shop, name, *law)
    shop.sql(BREAD_355, "a")
    shop.be("mallory")
    shop.on("early")
    with shop.open() as repository:
        repository.deploy(INSTEAD.format(name="settle", script="UPDATE price SET cents = 0"), "evil")
    shop.be("alice")
    with shop.open() as repository:
        repository.commit()
    branch(shop, "source", "evil.settle", at="early")
    shop.sql(BREAD_375, "source")
    merged(shop, "a", "source")
    assert bread(shop, "source") == 0
    return shop


def test_what_the_contract_of_somebody_else_settled_does_not_count(corrupted: Ledger) -> None:
    assert codes(merged(corrupted, "source", "third")) == [None, None, "E_PERMISSION"]
    assert bread(corrupted, "third") == 375


@pytest.mark.parametrize("changed", ["cents = 1", "stock = 1"])
def test_no_law_makes_that_good(corrupted: Ledger, changed: str) -> None:
    for name in ("theirs", "applying"):
        corrupted.sql(f"UPDATE price SET {changed} WHERE item = 'tea'", name)
    corrupted.on("theirs")
    with corrupted.open() as repository, pytest.raises(ConflictError):
        repository.merge("source")
    merged(corrupted, "source", "applying")
    assert bread(corrupted, "applying") == 355


# How much


def test_what_was_settled_must_go_into_the_blocks_file(shop: Ledger) -> None:
    room = Room(BranchName("main"))
    with patch.object(building, "BLOCK_FILE_BYTES", 500), pytest.raises(FullBlockError, match="for what was settled"):
        room.take(b"", bytes(501))
    settled(shop, "sum")
    shop.on("third")
    with (
        shop.open() as repository,
        patch.object(merger, "BLOCK_FILE_BYTES", building.RECEIPT_BYTES + 500),
        pytest.raises(FullBlockError, match="for what was settled"),
    ):
        repository.merge("source")


# Beside merging


def test_a_settled_transaction_is_picked_as_it_was_signed(shop: Ledger) -> None:
    done = settled(shop, "sum")
    shop.on("third")
    with shop.open() as repository:
        repository.cherry_pick([done.transactions[0].transaction.id], commit=True)
    assert bread(shop, "third") == 355
    assert codes(merged(shop, "source", "third")) == ["E_LOST_UPDATE"]


def test_a_settled_transaction_is_reverted_as_it_was_settled(shop: Ledger) -> None:
    done = settled(shop, "sum", a=(BREAD_355, TEA_401))
    shop.on("source")
    with shop.open() as repository:
        repository.revert(done.transactions[0].transaction.id, commit=True)
    assert [row[1] for row in rows(shop, "source")] == [375, 90, 401]
    shop.verifies("source")
    merged(shop, "source", "third")
    assert rows(shop, "third") == rows(shop, "source")


def test_what_was_left_out_is_signed_anew_as_it_was_signed(shop: Ledger) -> None:
    settled(shop, "public.settle")
    shop.sql("UPDATE price SET note = 'rye' WHERE item = 'bread'", "third")
    done = merged(shop, "source", "third")
    shop.on("third")
    with shop.open() as repository:
        repository.resubmit([done.refused[0].transaction.id], commit=True)
    assert rows(shop, "third")[0] == ("bread", 355, 10, "rye")


def test_the_tree_of_a_merge_knows_what_was_settled(shop: Ledger) -> None:
    reading = "UPDATE price SET stock = stock + 1 WHERE item = 'rye'"
    settled(shop, "sum", a=(RYE.format(3), reading), s=(RYE.format(4),))
    with shop.open() as repository:
        assert repository.dtt("source").tree.depth == 2
