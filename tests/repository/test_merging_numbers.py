"""Merges of branches on which both sides take numbers of a sequence, and on which values must be unique."""

import pytest
from forgery import Ledger

from aergo_vc.repository.results import Merged

SCHEMA = """
CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, credit int DEFAULT 0);
CREATE TABLE ordered (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customer, what text, count int
);
CREATE PROCEDURE buy(buyer text, what text) LANGUAGE plpgsql AS $$
DECLARE
    found int;
BEGIN
    SELECT c.id INTO found FROM customer c WHERE c.email = buyer;
    INSERT INTO ordered (customer, what, count) VALUES (found, what, 1);
END $$;
INSERT INTO customer (email) VALUES ('ann'), ('bob');
"""


@pytest.fixture
def shop(target: Ledger) -> Ledger:
    """A ledger with two customers, and a branch of it by the name of side."""
    target.sql(SCHEMA)
    with target.open() as repository:
        repository.branch("side", block="main")
    return target


def merge(ledger: Ledger, target: str = "main") -> Merged:
    ledger.on(target)
    with ledger.open() as repository:
        return repository.merge("side")


def codes(done: Merged) -> list[str | None]:
    return [None if one.receipt.refusal is None else one.receipt.refusal.code for one in done.transactions]


def rows(ledger: Ledger, table: str, at: str = "main") -> list[tuple[object, ...]]:
    with ledger.open() as repository:
        return list(repository.rows(f"public.{table}", at=at)[1])


def under(ledger: Ledger, rule: str) -> None:
    """A branch like main, by the name of ruled, that merges by another rule."""
    with ledger.open() as repository:
        repository.branch("ruled", block="main", merge=[rule])


def test_rows_that_both_sides_number_go_together_and_the_others_get_new_numbers(shop: Ledger) -> None:
    shop.sql("INSERT INTO ordered (customer, what) VALUES (1, 'bread'), (1, 'salt')", "side")
    shop.sql("CALL buy('bob', 'milk')", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (2, 'tea')")
    assert codes(merge(shop)) == [None, None]
    assert [(row[0], row[2]) for row in rows(shop, "ordered")] == [(1, "tea"), (2, "bread"), (3, "salt"), (4, "milk")]
    shop.verifies()


def test_what_names_a_row_that_has_another_number_now_is_left_out(shop: Ledger) -> None:
    shop.sql("INSERT INTO customer (email) VALUES ('eve')", "side")
    shop.sql("UPDATE customer SET credit = credit + 5 WHERE id = 3", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (3, 'bread')", "side")
    shop.sql("UPDATE customer SET credit = 7 WHERE credit = 5", "side")
    shop.sql("CALL buy('eve', 'milk')", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (1, 'salt')", "side")
    shop.sql("INSERT INTO customer (email, credit) VALUES ('joe', 50)")
    done = merge(shop)
    assert codes(done) == [None, "E_DEPENDS", "E_DEPENDS", "E_DEPENDS", None, None]
    refusal = done.transactions[1].receipt.refusal
    assert refusal is not None
    assert refusal.after == done.transactions[0].transaction.id
    assert refusal.message == "it names public.customer 3, a row that has another number here"
    assert rows(shop, "customer")[2:] == [(3, "joe", 50), (4, "eve", 0)]
    assert [row[1:3] for row in rows(shop, "ordered")] == [(4, "milk"), (1, "salt")]
    shop.verifies()


def test_numbers_stay_where_the_target_took_none(shop: Ledger) -> None:
    shop.sql("INSERT INTO customer (email) VALUES ('eve')", "side")
    shop.sql("UPDATE customer SET credit = credit + 5 WHERE id = 3", "side")
    shop.sql("UPDATE customer SET credit = 1 WHERE id = 1")
    assert codes(merge(shop)) == [None, None]
    assert rows(shop, "customer")[2] == (3, "eve", 5)
    shop.verifies()


def test_a_number_that_is_left_out_leaves_out_nobody_else(shop: Ledger) -> None:
    shop.sql(
        "INSERT INTO ordered (customer, what) VALUES (1, 'bread'); UPDATE customer SET credit = 1 WHERE id = 1", "side"
    )
    shop.sql("INSERT INTO ordered (customer, what) VALUES (2, 'salt')", "side")
    shop.sql("UPDATE customer SET credit = 9 WHERE id = 1")
    assert codes(merge(shop)) == ["E_LOST_UPDATE", None]
    assert [(row[0], row[2]) for row in rows(shop, "ordered")] == [(1, "salt")]
    shop.verifies()


@pytest.mark.parametrize("rule", ["replay", "serializable"])
def test_numbers_are_no_inconsistency_by_any_rule(shop: Ledger, rule: str) -> None:
    under(shop, rule)
    shop.sql("INSERT INTO ordered (customer, what) VALUES (1, 'bread')", "side")
    shop.sql("UPDATE ordered SET count = 5 WHERE id = 1", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (2, 'tea')", "ruled")
    assert codes(merge(shop, "ruled")) == [None, "E_DEPENDS"]
    found = rows(shop, "ordered", "ruled")
    assert [(row[0], row[2], row[3]) for row in found] == [(1, "tea", None), (2, "bread", None)]
    shop.verifies("ruled")


def test_by_the_strict_rule_nothing_goes_in_that_read_a_number_which_is_another_now(shop: Ledger) -> None:
    under(shop, "serializable")
    shop.sql("INSERT INTO customer (email) VALUES ('eve')", "side")
    shop.sql("CALL buy('eve', 'milk')", "side")
    shop.sql("UPDATE customer SET credit = 5 WHERE credit > 5", "side")
    shop.sql("INSERT INTO customer (email) VALUES ('joe')", "ruled")
    done = merge(shop, "ruled")
    assert codes(done) == [None, "E_DEPENDS", "E_DEPENDS"]
    assert {one.receipt.refusal.after for one in done.transactions[1:] if one.receipt.refusal} == {
        done.transactions[0].transaction.id
    }
    shop.verifies("ruled")


def test_who_sets_a_sequence_would_lose_the_numbers_that_the_target_took(shop: Ledger) -> None:
    shop.sql("SELECT setval('ordered_id_seq', 50)", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (1, 'wine')", "side")
    shop.sql("INSERT INTO ordered (customer, what) VALUES (2, 'tea')")
    assert codes(merge(shop)) == ["E_LOST_UPDATE", None]
    assert [(row[0], row[2]) for row in rows(shop, "ordered")] == [(1, "tea"), (2, "wine")]
    shop.verifies()


def test_a_key_that_both_sides_wrote_out_is_still_a_lost_update(shop: Ledger) -> None:
    shop.sql("CREATE TABLE price (item text PRIMARY KEY, cents int)")
    with shop.open() as repository:
        repository.branch("other", block="main")
    shop.sql("INSERT INTO price VALUES ('bread', 5)", "other")
    shop.sql("INSERT INTO price VALUES ('bread', 7)")
    with shop.open() as repository:
        assert codes(repository.merge("other")) == ["E_LOST_UPDATE"]


def test_insertions_into_a_table_with_unique_columns_depend_on_one_another_only_by_equal_values(shop: Ledger) -> None:
    shop.sql("INSERT INTO customer (email) VALUES ('eve'); UPDATE customer SET credit = 1 WHERE id = 1", "side")
    shop.sql("INSERT INTO customer (email) VALUES ('joe')", "side")
    shop.sql("UPDATE customer SET credit = credit + 4 WHERE email = 'eve'", "side")
    shop.sql("UPDATE customer SET credit = 9 WHERE id = 1")
    assert codes(merge(shop)) == ["E_LOST_UPDATE", None, "E_DEPENDS"]
    assert [row[1] for row in rows(shop, "customer")] == ["ann", "bob", "joe"]
    shop.verifies()


def test_a_value_that_both_sides_make_unique_is_left_out_as_postgresql_would_refuse_it(shop: Ledger) -> None:
    shop.sql("INSERT INTO customer (email) VALUES ('eve')", "side")
    shop.sql("INSERT INTO customer (email) VALUES ('eve')")
    assert codes(merge(shop)) == ["23505"]
    shop.verifies()


def test_two_sides_that_set_one_unique_value_differently_lose_an_update(shop: Ledger) -> None:
    shop.sql("UPDATE customer SET email = 'ann@a' WHERE id = 1", "side")
    shop.sql("UPDATE customer SET email = 'ann@b' WHERE id = 1")
    assert codes(merge(shop)) == ["E_LOST_UPDATE"]
