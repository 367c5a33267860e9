"""Two people and one contract: who may do what, as users meet it."""

import pytest
from ledgers import records
from world import Place

BANK = """\
CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE PROCEDURE pay(payer bigint, payee bigint, amount bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  UPDATE account SET balance = balance - amount WHERE id = payer;
  UPDATE account SET balance = balance + amount WHERE id = payee;
END $$;
INSERT INTO account VALUES (1, 100), (2, 0) ON CONFLICT DO NOTHING;
GRANT EXECUTE ON PROCEDURE pay TO ROLE writer;
"""


@pytest.fixture
def bank(shop: Place) -> Place:
    """Alice's contract, and bob in the directory."""
    shop.write("bank.sql", BANK)
    shop.aergo("deploy", "bank.sql", "--commit")
    shop.aergo("key", "new", "bob")
    (known,) = records(shop.aergo("key", "show", "bob", "--json"))
    key = known["public_key"]
    shop.git("checkout", "-q", "aergo/directory")
    shop.aergo(
        "sql", "--commit",
        "INSERT INTO directory.entity (name) VALUES ('bob');"
        f" INSERT INTO directory.key (public_key, entity) VALUES ('{key}', 'bob');"
        " INSERT INTO directory.role VALUES ('bob', 'writer')",
    )  # fmt: skip
    shop.git("checkout", "-q", "main")
    return shop


def be(place: Place, entity: str) -> None:
    place.git("config", "aergo.entity", entity)
    place.git("config", "aergo.key", str(place.path / ".git" / "aergo" / "keys" / entity))


def test_bob_does_what_alice_granted_and_nothing_else(bank: Place) -> None:
    be(bank, "bob")
    done = bank.aergo("sql", "UPDATE bank.account SET balance = 1000", expect=2)
    assert "permission denied for table account" in done.err
    bank.write("rows.csv", "id,balance\n3,5\n")
    assert (
        "permission denied for table account"
        in bank.aergo("import", "--mode", "append", "--table", "bank.account", "rows.csv", expect=2).err
    )
    bank.aergo("call", "bank.pay", "1", "2", "30")
    be(bank, "alice")
    bank.aergo("sql", "GRANT INSERT ON bank.account TO bob")
    be(bank, "bob")
    bank.aergo("import", "--mode", "append", "--table", "bank.account", "rows.csv")
    be(bank, "alice")
    bank.aergo("commit")
    bank.aergo("verify")
    rows = records(bank.aergo("query", "--json", "SELECT id, balance FROM bank.account ORDER BY id"))
    assert rows == [{"id": 1, "balance": 70}, {"id": 2, "balance": 30}, {"id": 3, "balance": 5}]


def test_schema_shows_who_may_do_what(bank: Place) -> None:
    shown = bank.aergo("schema", "bank").out
    assert "ALTER SCHEMA bank OWNER TO alice;" in shown
    assert 'GRANT EXECUTE ON ROUTINE bank.pay TO "role:writer";' in shown


def test_a_query_that_calls_a_function_asks_for_the_entitys_privileges(bank: Place) -> None:
    functions = BANK + (
        "CREATE FUNCTION total() RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sum(a.balance) FROM account a $$;"
        "CREATE FUNCTION known() RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER"
        " AS $$ SELECT sum(a.balance) FROM account a $$;"
        "REVOKE EXECUTE ON FUNCTION total() FROM PUBLIC; GRANT EXECUTE ON FUNCTION known() TO bob;"
    )
    bank.aergo("deploy", "-", "--as", "bank", "--commit", stdin=functions)
    assert bank.aergo("query", "SELECT bank.total()").out.splitlines()[1].strip() == "100"
    be(bank, "bob")
    assert bank.aergo("query", "SELECT bank.known()").out.splitlines()[1].strip() == "100"
    assert "permission denied for function total" in bank.aergo("query", "SELECT bank.total()", expect=2).err
