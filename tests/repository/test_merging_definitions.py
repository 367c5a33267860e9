"""Merges in which both sides define something: nothing that the target defined or wrote is lost unseen."""

import pytest
from forgery import Ledger

FUNCTION = """
CREATE OR REPLACE FUNCTION pay(who text, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN UPDATE public.account SET balance = balance + amount * {} WHERE name = who; END $$
"""
NOTES = "ALTER TABLE account ADD COLUMN note text"


def reasons(ledger: Ledger, source: str = "side", target: str = "main") -> list[str | None]:
    """Why a merge left each transaction out, if it did; the block has been verified."""
    ledger.on(target)
    with ledger.open() as repository:
        done = repository.merge(source)
    ledger.on("main")
    ledger.verifies(target)
    refusals = [one.receipt.refusal for one in done.transactions]
    return [None if one is None else f"{one.code}: {one.message}" for one in refusals]


def branch(ledger: Ledger, name: str = "side", merge: tuple[str, ...] = ()) -> None:
    with ledger.open() as repository:
        repository.branch(name, block="main", merge=merge)


@pytest.mark.parametrize(
    ("before", "ours", "theirs", "reason"),
    [
        ("", FUNCTION.format(2), FUNCTION.format(3), "it defines routine pay, which the target changed unseen"),
        (FUNCTION.format(1), FUNCTION.format(2), "DROP FUNCTION pay", "it drops routine pay, which the target changed"),
        (
            "",
            "UPDATE account SET balance = 1 WHERE name = 'ann'",
            "DROP TABLE account",
            "it drops table account, in which the target has unseen rows",
        ),
        ("", NOTES, "DROP TABLE account", "it drops table account, which the target changed unseen"),
        (
            NOTES,
            "UPDATE account SET note = 'new' WHERE name = 'ann'",
            "ALTER TABLE account DROP COLUMN note",
            "it drops column note of account, in which the target has unseen values",
        ),
    ],
)
def test_what_the_target_defined_or_wrote_is_not_dropped_or_replaced_unseen(
    target: Ledger, before: str, ours: str, theirs: str, reason: str
) -> None:
    if before:
        target.sql(before)
    branch(target)
    branch(target, "lax", ("replay",))
    target.sql(theirs, "side")
    for name in ("main", "lax"):
        target.sql(ours, name)
    (found,) = reasons(target)
    assert found is not None
    assert found.startswith(f"E_LOST_DEFINITION: {reason}")
    assert reasons(target, target="lax") == [None]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (FUNCTION.format(2), FUNCTION.format(2)),
        (FUNCTION.format(2), FUNCTION.format(2).replace("pay", "give")),
        ("UPDATE account SET balance = 1 WHERE name = 'ann'", "ALTER TABLE account RENAME COLUMN balance TO cents"),
        ("UPDATE account SET balance = 1 WHERE name = 'ann'", "ALTER TABLE account RENAME TO purse"),
        ("DELETE FROM account WHERE name = 'ann'", "DROP TABLE account"),
        ("ALTER TABLE account ADD COLUMN a int", "ALTER TABLE account ADD COLUMN b int DEFAULT 2"),
    ],
)
def test_definitions_that_lose_nothing_go_in(target: Ledger, ours: str, theirs: str) -> None:
    branch(target)
    target.sql(ours)
    target.sql(theirs, "side")
    assert reasons(target) == [None]


def test_a_routine_that_the_source_has_seen_may_be_replaced(target: Ledger) -> None:
    target.sql(FUNCTION.format(1))
    branch(target)
    target.sql(FUNCTION.format(2))
    assert reasons(target, "main", "side") == [None]
    target.sql(FUNCTION.format(3), "side")
    assert reasons(target) == [None]


def test_what_calls_a_routine_that_was_left_out_is_left_out_too(target: Ledger) -> None:
    target.sql(FUNCTION.format(1))
    branch(target)
    target.sql(FUNCTION.format(2))
    target.sql(FUNCTION.format(3), "side")
    target.sql("SELECT pay('ann', 1)", "side")
    first, second = reasons(target)
    assert first is not None
    assert second == "E_DEPENDS: it comes behind a transaction that is left out and that defines something"


def test_a_cell_that_the_target_wrote_is_known_under_a_new_name(target: Ledger) -> None:
    branch(target)
    target.sql("UPDATE account SET balance = 1 WHERE name = 'ann'")
    target.sql("ALTER TABLE account RENAME COLUMN balance TO cents", "side")
    target.sql("UPDATE account SET cents = 3 WHERE name = 'bob'", "side")
    target.sql("ALTER TABLE account RENAME TO purse", "side")
    target.sql("UPDATE purse SET cents = 2 WHERE name = 'ann'", "side")
    *others, last = reasons(target)
    assert others == [None, None, None]
    assert last == 'E_LOST_UPDATE: it writes cents of public.purse "ann" unseen, where the target has 1'
