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
    assert second == "E_DEPENDS: it relies on pay, which a transaction that is left out defines or wrote"


BASE = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE item (k int PRIMARY KEY, v int);
CREATE TABLE part (k int PRIMARY KEY, item int REFERENCES item);
CREATE VIEW dear AS SELECT k FROM item WHERE v > 5;
CREATE FUNCTION dearest() RETURNS int LANGUAGE sql AS 'SELECT max(k) FROM dear';
INSERT INTO item VALUES (1, 1), (9, 9)
"""


@pytest.mark.parametrize(
    ("left_out", "behind", "goes_in"),
    [
        ("CREATE TABLE extra (n int)", "UPDATE account SET balance = balance + 1", True),
        ("CREATE TABLE extra (n int)", "INSERT INTO extra VALUES (1)", False),
        ("CREATE TABLE extra (n int)", "CREATE TABLE third (n int)", True),
        ("CREATE TABLE extra (n int)", "CREATE VIEW few AS SELECT n FROM extra", False),
        ("CREATE VIEW extra AS SELECT 1 AS n", "SELECT n FROM extra", False),
        ("CREATE TABLE extra (n int); ALTER TABLE item ADD COLUMN w int", "INSERT INTO item VALUES (2, 2)", False),
        ("CREATE TABLE extra (n int); ALTER TABLE item ADD COLUMN w int", "SELECT dearest()", False),
        ("CREATE TABLE extra (n int); CREATE UNIQUE INDEX x ON item (v)", "INSERT INTO item VALUES (2, 2)", False),
        ("CREATE TABLE extra (n int); ALTER TYPE mood ADD VALUE 'so'", "SELECT 'so'::mood", False),
        ("CREATE TABLE extra (n int); DROP VIEW dear CASCADE", "CREATE VIEW dear AS SELECT 1 AS k", False),
        ("CREATE TABLE extra (n int REFERENCES item)", "DELETE FROM item WHERE k = 1", False),
        ("CREATE TABLE extra (n int); GRANT SELECT ON part TO bob", "UPDATE part SET item = 1 WHERE k = 1", False),
        ("CREATE TABLE extra (n int); GRANT SELECT ON part TO bob", "UPDATE item SET v = 1 WHERE k = 1", True),
        ("DELETE FROM account; UPDATE item SET v = 2 WHERE k = 1", "ALTER TABLE item ADD COLUMN w int", False),
        ("DELETE FROM account; UPDATE item SET v = 2 WHERE k = 1", "ALTER TYPE mood ADD VALUE 'so'", True),
    ],
)
def test_behind_a_definition_that_is_left_out_only_what_relies_on_it_is(
    target: Ledger, left_out: str, behind: str, goes_in: bool
) -> None:
    target.sql(BASE)
    branch(target)
    target.sql("CREATE TABLE extra (m text); UPDATE account SET balance = 7 WHERE name = 'ann'")
    target.sql(left_out, "side")
    target.sql(behind, "side")
    first, second = reasons(target)
    assert first is not None
    assert (second is None) == goes_in, second
    assert goes_in or str(second).startswith("E_DEPENDS")
    target.verifies()


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
