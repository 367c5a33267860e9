"""Attacks on privileges: rows E09, G14 and K03 of the threat list."""

import pytest
from forgery import DIRECTORY, Forger, Ledger, register
from permission_world import World

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.transactions import Call

SHOP = """\
CREATE TABLE item (id bigint PRIMARY KEY, price bigint NOT NULL);
CREATE PROCEDURE raise_price(item bigint) LANGUAGE plpgsql SECURITY DEFINER
AS $$ BEGIN UPDATE item SET price = price + 1 WHERE id = raise_price.item; END $$;
INSERT INTO item VALUES (1, 10);
GRANT EXECUTE ON PROCEDURE raise_price TO ROLE writer;
"""
RAISE = Call(RoutineName("shop.raise_price"), (1,))


def _with_bob(target: Ledger) -> tuple[Forger, dict[str, object]]:
    """Alice's contract and bob, a writer; somebody with all keys, and what a header says of the directory."""
    with target.open() as repository:
        repository.deploy(SHOP, "shop", commit=True)
    register(target, "bob", "writer")
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    return Forger(target), {"directory": directory.block, "directory_height": directory.header.height}


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE shop.item SET price = 1",
        "GRANT ALL ON shop.item TO bob",
        "CREATE OR REPLACE PROCEDURE shop.raise_price(item bigint) LANGUAGE sql AS 'DELETE FROM shop.item'",
        "CREATE VIEW shop.mine AS SELECT 1 AS a",
        "DROP TABLE shop.item",
    ],
)
def test_e09_a_block_with_what_its_signer_may_not_do_does_not_verify(target: Ledger, script: str) -> None:
    forger, under = _with_bob(target)
    forger.put(forger.follow().transactions(forger.transaction(script, "bob")).head(**under))
    assert target.refused().cause.facts.get("sqlstate", "42501") == "42501"
    assert target.rule() == "E_TRANSACTION"


def test_e09_a_call_that_a_role_allows_passes_until_that_is_revoked(target: Ledger) -> None:
    forger, under = _with_bob(target)
    home = target.ref()
    forger.put(forger.follow().transactions(forger.transaction("", "bob", call=RAISE)).head(**under))
    assert target.rule() == "E_RECEIPTS"  # those that the forger made up: the call itself passed
    target.place.git("update-ref", "refs/heads/main", home)
    target.sql("REVOKE EXECUTE ON PROCEDURE shop.raise_price FROM ROLE writer")
    forger = Forger(target)
    forger.put(forger.follow().transactions(forger.transaction("", "bob", call=RAISE)).head(**under))
    assert target.rule() == "E_TRANSACTION"


ATTACKS = {
    "a view in another contract": "CREATE VIEW spy AS SELECT balance FROM bank.account; SELECT * FROM spy",
    "a view over a view": "CREATE VIEW a AS SELECT balance FROM bank.account; CREATE VIEW b AS SELECT * FROM a;"
    " SELECT * FROM b",
    "a default of a parameter": "CREATE FUNCTION f(a integer DEFAULT (SELECT max(balance) FROM bank.account))"
    " RETURNS integer LANGUAGE sql AS 'SELECT a'; SELECT f()",
    "an argument": "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';"
    " SELECT f((SELECT max(balance) FROM bank.account))",
    "a body of SQL": "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT max(balance) FROM bank.account';"
    " SELECT f()",
    "a definer of nobody's": "CREATE FUNCTION f() RETURNS integer LANGUAGE sql SECURITY DEFINER"
    " AS 'SELECT max(balance) FROM bank.account'; SELECT f()",
    "a declaration": "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS"
    " $$ DECLARE a integer := (SELECT max(balance) FROM bank.account); BEGIN RETURN a; END $$; SELECT f()",
    "a loop": "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN"
    " FOR r IN SELECT balance FROM bank.account LOOP RETURN r.balance; END LOOP; END $$; SELECT f()",
    "a condition": "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
    " IF false THEN RETURN 1; ELSIF EXISTS (SELECT 1 FROM bank.account WHERE balance > 9) THEN RETURN 2; END IF;"
    " RETURN 3; END $$; SELECT f()",
    "an array": "SELECT ARRAY(SELECT balance FROM bank.account)",
    "a set operation": "SELECT 1 UNION ALL SELECT balance FROM bank.account",
    "a recursive query": "WITH RECURSIVE r (n) AS (SELECT balance FROM bank.account UNION SELECT n - 1 FROM r"
    " WHERE n > 499) SELECT * FROM r",
    "a join's condition": "CREATE TABLE t (id integer); SELECT 1 FROM t JOIN bank.account AS a ON t.id = a.balance",
    "a natural join": "CREATE TABLE t (balance integer); SELECT * FROM t NATURAL JOIN bank.account",
    "an update from": "CREATE TABLE t (a integer); UPDATE t SET a = b.balance FROM bank.account AS b",
    "a delete using": "CREATE TABLE t (a integer); DELETE FROM t USING bank.account AS b WHERE b.balance > 1",
    "an insert of a query": "CREATE TABLE t (a integer); INSERT INTO t SELECT balance FROM bank.account",
    "a value of an insert": "CREATE TABLE t (a integer);"
    " INSERT INTO t VALUES ((SELECT max(balance) FROM bank.account))",
    "a foreign key": "CREATE TABLE t (a integer REFERENCES bank.account (id)); INSERT INTO t VALUES (1)",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_g14_there_is_no_way_around_to_another_s_rows(attack: str) -> None:
    world = World("GRANT SELECT (id) ON bank.account TO carol")
    assert world.told("carol", ATTACKS[attack]) == "42501 permission denied for table account"
    assert World().told("bob", ATTACKS[attack]) == "ok"


def test_g14_a_view_of_the_owner_s_lends_nobody_s_view_no_rights() -> None:
    world = World()
    world.run("bob", "CREATE VIEW public.motto AS SELECT 1 AS a; CREATE VIEW bank.page AS SELECT a FROM public.motto")
    world.run("bob", "GRANT SELECT ON bank.page TO PUBLIC")
    assert world.told("carol", "SELECT * FROM bank.page") == "ok"
    world.run("carol", "CREATE OR REPLACE VIEW motto AS SELECT balance AS a FROM bank.account")
    assert world.denied("carol", "SELECT * FROM bank.page") == "table account"


def test_g14_names_of_the_contract_s_own_come_before_those_that_others_make_in_public() -> None:
    world = World("GRANT EXECUTE ON FUNCTION bank.open_balance_of TO carol")
    world.run("carol", "CREATE FUNCTION balance_of(wanted integer) RETURNS integer LANGUAGE sql AS 'SELECT 7'")
    assert world.run("carol", "SELECT bank.open_balance_of(1)") == [(500,)]


def test_g14_a_contract_with_things_that_others_govern_is_not_taken_over() -> None:
    world = World()
    world.run("carol", "CREATE TABLE shop.item (a integer)")
    world.run("ada", "GRANT SELECT ON shop.item TO dan")
    assert world.told("carol", "GRANT ALL ON item TO carol", contract="shop") == "42501 must be owner of table item"
    assert world.told("ada", "GRANT ALL ON item TO carol", contract="shop") == "ok"


def test_g14_an_administrator_who_deploys_gets_at_no_other_contract_s_rows() -> None:
    world = World()
    world.run("carol", "CREATE TABLE item (a integer)", contract="shop")
    upgrade = "CREATE TABLE item (a integer); INSERT INTO item SELECT id FROM bank.account"
    assert world.told("ada", upgrade, contract="shop") == "42501 permission denied for table account"


@pytest.mark.parametrize("role", ["writеr", "WRITER", "writer ", "role:writer", "public"])
def test_k03_what_looks_like_a_role_is_none(role: str) -> None:
    world = World()
    world.told("bob", f'GRANT SELECT ON bank.account TO ROLE "{role}"')
    world.told("bob", f'GRANT SELECT ON bank.account TO "{role}"') if role != "public" else None
    world.roles["carol"] = frozenset({"writer"})
    assert world.denied("carol", "SELECT * FROM bank.account") == "table account"


def test_k03_nobody_grants_themselves_a_role_or_a_right() -> None:
    world = World("GRANT ALL ON bank.account TO carol", "GRANT USAGE, CREATE ON SCHEMA bank TO carol")
    for statement in (
        "GRANT SELECT ON bank.entry TO carol", "GRANT SELECT ON bank.account TO dan", "GRANT admin TO carol",
        "REVOKE ALL ON bank.account FROM bob", "ALTER SCHEMA bank OWNER TO carol",
    ):  # fmt: skip
        assert world.told("carol", statement) != "ok"
    assert world.denied("dan", "SELECT * FROM bank.account") == "table account"
