"""What becomes of inconsistent transactions under a law that settles them."""

import pytest
from settling_world import Merged, merge

from aergo_vc.ledger.machine import TransactionOutcome
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.model.transactions import Refusal, RowCounts

BASE = (
    "CREATE TABLE stock (item text PRIMARY KEY, count int NOT NULL CHECK (count >= 0), price int, note text)",
    "INSERT INTO stock VALUES ('tea', 10, 3, 'a'), ('rice', 20, 4, 'b'), ('salt', 30, 5, 'c')",
)
PRICE_7 = ("UPDATE stock SET price = 7 WHERE item = 'tea'",)
PRICE_5 = ("UPDATE stock SET price = 5 WHERE item = 'tea'",)
ROWS_MAX = """
CREATE FUNCTION settle(base stock, ours stock, theirs stock) RETURNS stock LANGUAGE plpgsql AS $$
BEGIN
  IF ours.price IS NULL OR ours.price < theirs.price THEN RETURN theirs; END IF;
  RETURN ours;
END $$
"""


def _function(body: str, table: str = "stock", name: str = "settle") -> str:
    return (
        f"CREATE FUNCTION {name}(base {table}, ours {table}, theirs {table}) RETURNS {table} LANGUAGE plpgsql"
        f" AS $$ BEGIN {body} END $$"
    )


def _transactions(body: str, name: str = "settle") -> str:
    return (
        f"CREATE FUNCTION {name}(transaction text, signer text, code text, reason text) RETURNS text LANGUAGE plpgsql"
        f" AS $$ BEGIN {body} END $$"
    )


def _price(merged: Merged, item: str = "tea") -> object:
    return next((row[2] for row in merged.rows("stock") if row[0] == item), "gone")


def _settled(merged: Merged, place: int = 0) -> str | None:
    end = merged.ends[place]
    assert isinstance(end, TransactionOutcome), end
    return end.receipt.settled


def _conflict(merged: Merged, place: int = 0) -> Conflict:
    end = merged.ends[place]
    assert isinstance(end, Conflict), end
    return end


def _refusal(merged: Merged, place: int = 0) -> Refusal:
    end = merged.ends[place]
    assert isinstance(end, Refusal), end
    return end


# Policies


@pytest.mark.parametrize(("policy", "price"), [("ours", 7), ("theirs", 5), ("sum", 9), ("newest", 7)])
def test_a_policy_settles_a_cell_that_both_sides_wrote(policy: str, price: int) -> None:
    merged = merge(policy, BASE, PRICE_7, PRICE_5)
    assert _price(merged) == price
    assert _settled(merged) == policy


def test_newest_takes_what_was_written_later() -> None:
    assert _price(merge("newest", BASE, PRICE_7, PRICE_5, source_is_newer=True)) == 5


@pytest.mark.parametrize("policy", ["cells", "union", "fail"])
def test_what_a_policy_cannot_settle_is_a_conflict_with_the_three_rows(policy: str) -> None:
    merged = merge(policy, BASE, PRICE_7, PRICE_5)
    (row,) = _conflict(merged).rows
    assert (row.base, row.ours, row.theirs) == (("tea", 10, 3, "a"), ("tea", 10, 7, "a"), ("tea", 10, 5, "a"))
    assert row.columns == {"price"}
    assert _price(merged) == 7


def test_receipts_count_the_rows_as_they_are_in_the_end() -> None:
    merged = merge("ours", BASE, PRICE_7, ("UPDATE stock SET price = 5 WHERE item <> 'salt'",))
    end = merged.ends[0]
    assert isinstance(end, TransactionOutcome)
    assert end.receipt.rows == {"public.stock": RowCounts(0, 1, 0)}
    assert (_price(merged), _price(merged, "rice")) == (7, 5)
    assert merge("ours", BASE, PRICE_7, PRICE_5).ends[0].receipt.rows == {}  # type: ignore[union-attr]


def test_cells_that_are_not_in_conflict_are_reckoned_anew() -> None:
    source = ("UPDATE stock SET price = 5, count = count - 1 WHERE item = 'tea'",)
    for policy, price in (("ours", 7), ("sum", 9)):
        merged = merge(policy, BASE, ("UPDATE stock SET price = 7, count = count - 2 WHERE item = 'tea'",), source)
        assert merged.rows("stock")[2] == ("tea", 7, price, "a")


def test_the_deltas_of_several_transactions_add_up_once_each() -> None:
    merged = merge("sum", BASE, PRICE_7, (*PRICE_5, "UPDATE stock SET price = 6 WHERE item = 'tea'"))
    assert _price(merged) == 3 + (7 - 3) + (6 - 3)
    assert [_settled(merged, place) for place in (0, 1)] == ["sum", "sum"]


def test_a_row_deleted_here_and_changed_there_is_settled() -> None:
    gone = ("DELETE FROM stock WHERE item = 'tea'",)
    assert _price(merge("union", BASE, gone, PRICE_5)) == 5
    assert _price(merge("theirs", BASE, gone, PRICE_5)) == 5
    assert _price(merge("ours", BASE, gone, PRICE_5)) == "gone"
    (row,) = _conflict(merge("cells", BASE, gone, PRICE_5)).rows
    assert (row.ours, row.theirs) == (None, ("tea", 10, 5, "a"))
    assert _price(merge("union", BASE, PRICE_7, gone)) == 7
    assert _price(merge("theirs", BASE, PRICE_7, gone)) == "gone"
    assert _price(merge("ours", BASE, PRICE_7, gone)) == 7
    (row,) = _conflict(merge("sum", BASE, PRICE_7, gone)).rows
    assert (row.ours, row.theirs) == (("tea", 10, 7, "a"), None)


def test_a_settled_row_must_keep_the_constraints() -> None:
    merged = merge("sum", BASE, ("UPDATE stock SET count = 1",), ("UPDATE stock SET count = 0 WHERE item = 'tea'",))
    found = _conflict(merged)
    assert found.reason.code == "23514"
    assert merged.rows("stock")[2] == ("tea", 1, 3, "a")


@pytest.mark.parametrize("made", ["INSERT INTO line VALUES (2, 'tea', (SELECT max(n) FROM line))", "DELETE FROM line"])
def test_a_row_that_others_refer_to_is_settled_before_foreign_keys_are_looked_at(made: str) -> None:
    lines = "CREATE TABLE line (id int PRIMARY KEY, item text REFERENCES stock, n int)"
    lines += "; INSERT INTO line VALUES (1, 'rice', 4)"
    ours = ("DELETE FROM stock WHERE item = 'tea'; UPDATE line SET n = 6",)
    merged = merge("theirs", (*BASE, lines), ours, (f"{PRICE_5[0]}; {made}",))
    assert (_settled(merged), _price(merged)) == ("theirs", 5)
    assert merged.rows("line") == ([(1, "rice", 6), (2, "tea", 6)] if "INSERT" in made else [])


def test_a_transaction_that_fails_is_settled_by_no_policy() -> None:
    take = ("UPDATE stock SET count = count - 8 WHERE item = 'tea'",)
    assert _conflict(merge("theirs", BASE, take, take)).reason.code == "23514"


# Functions for rows


def test_a_function_settles_rows_of_its_table() -> None:
    merged = merge("public.settle", (*BASE, ROWS_MAX), PRICE_7, PRICE_5)
    assert _price(merged) == 7
    assert _settled(merged) == "public.settle"
    assert _price(merge("public.settle", (*BASE, ROWS_MAX), PRICE_5, PRICE_7)) == 7


def test_a_function_beside_it_settles_rows_of_another_table() -> None:
    base = ("CREATE TABLE log (id int PRIMARY KEY, line text)", "INSERT INTO log VALUES (1, 'a')", *BASE, ROWS_MAX)
    ours, theirs = ("UPDATE log SET line = 'b'",), ("UPDATE log SET line = 'c'",)
    assert "nothing settles rows of log" in _conflict(merge("public.settle", base, ours, theirs)).reason.message
    joined = _function("ours.line := ours.line || theirs.line; RETURN ours;", "log", "settle_log")
    merged = merge("public.settle", (*base, joined), ours, theirs)
    assert merged.rows("log") == [(1, "bc")]
    assert _settled(merged) == "public.settle_log"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("RETURN NULL;", "E_SETTLE_REFUSED", "public.settle refuses stock (tea)"),
        ("RAISE EXCEPTION 'never';", "E_SETTLE_FAILED", "P0001: never"),
        ("ours.price := 1 / 0; RETURN ours;", "E_SETTLE_FAILED", "22012"),
        ("ours.item := 'x'; RETURN ours;", "E_SETTLE_FAILED", "another key"),
        ("DELETE FROM stock; RETURN ours;", "E_SETTLE_FAILED", "25006"),
        ("LOOP NULL; END LOOP;", "E_SETTLE_FAILED", "54000"),
    ],
)
def test_a_transaction_is_left_out_where_the_function_gives_no_row(body: str, code: str, words: str) -> None:
    merged = merge("public.settle", (*BASE, _function(body)), PRICE_7, PRICE_5)
    assert _refusal(merged).code == code
    assert words in _refusal(merged).message
    assert _price(merged) == 7


def test_a_row_that_breaks_a_constraint_is_a_conflict() -> None:
    merged = merge("public.settle", (*BASE, _function("ours.count := -1; RETURN ours;")), PRICE_7, PRICE_5)
    assert _conflict(merged).reason.code == "23514"


def test_null_takes_a_row_away_where_one_side_has_none() -> None:
    gone = ("DELETE FROM stock WHERE item = 'tea'",)
    body = "RETURN theirs;"
    assert _price(merge("public.settle", (*BASE, _function(body)), PRICE_7, gone)) == "gone"
    assert _price(merge("public.settle", (*BASE, _function("RETURN ours;")), PRICE_7, gone)) == 7


def test_a_function_sees_the_rows_without_the_hidden_key() -> None:
    base = (
        "CREATE TABLE line (text text, count int)", "INSERT INTO line VALUES ('a', 1)",
        _function("ours.count := ours.count + theirs.count - base.count; RETURN ours;", "line"),
    )  # fmt: skip
    merged = merge("public.settle", base, ("UPDATE line SET count = 3",), ("UPDATE line SET count = 5",))
    assert [row[1:] for row in merged.rows("line")] == [("a", 7)]


# Functions for transactions


def test_a_function_decides_over_the_whole_transaction() -> None:
    def merged(body: str) -> Merged:
        return merge("public.settle", (*BASE, _transactions(body)), PRICE_7, PRICE_5)

    assert _price(merged("RETURN 'apply';")) == 5
    assert _settled(merged("RETURN 'apply';")) == "public.settle"
    assert _refusal(merged("RETURN 'skip';")).code == "E_LOST_UPDATE"
    rewritten = merged("RETURN 'sql:UPDATE stock SET note = current_user WHERE item = ''tea''';")
    assert rewritten.rows("stock")[2] == ("tea", 10, 7, "alice")
    assert _refusal(merged("RETURN 'sql:UPDATE nothing SET x = 1';")).code == "42P01"
    assert "apply, skip, abort or sql: is expected" in _refusal(merged("RETURN 'maybe';")).message
    with pytest.raises(MergeAbortedError, match=r"public\.settle refuses the merge"):
        merged("RETURN 'abort';")


def test_a_function_is_told_who_signed_and_what_is_wrong() -> None:
    told = "RAISE EXCEPTION '% % %', signer, code, reason;"
    merged = merge("public.settle", (*BASE, _transactions(told)), PRICE_7, PRICE_5)
    assert "alice E_LOST_UPDATE public.stock.price" in _refusal(merged).message


def test_without_an_opinion_on_the_transaction_its_rows_are_settled() -> None:
    base = (*BASE, _transactions("RETURN NULL;", "settle_transaction"), ROWS_MAX)
    merged = merge("public.settle", base, PRICE_5, PRICE_7)
    assert (_price(merged), _settled(merged)) == (7, "public.settle")


def test_a_transaction_that_fails_is_settled_by_its_function() -> None:
    take = ("UPDATE stock SET count = count - 8 WHERE item = 'tea'",)
    base = (
        *BASE,
        _transactions("IF code = '23514' THEN RETURN 'sql:UPDATE stock SET count = 0'; END IF; RETURN NULL;"),
    )
    merged = merge("public.settle", base, take, take)
    assert [row[1] for row in merged.rows("stock")] == [0, 0, 0]
    assert _settled(merged) == "public.settle"


# Persons


def test_a_transaction_for_which_a_resolution_stands_is_left_out_under_its_name() -> None:
    conflict = _conflict(merge("fail", BASE, PRICE_7, PRICE_5))
    merged = merge("fail", BASE, PRICE_7, PRICE_5, resolved={conflict.transaction: conflict.transaction})
    assert _refusal(merged).code == "E_RESOLVED"
    assert conflict.transaction in _refusal(merged).message
