"""deploy and call, run as a user runs them."""

import json

import pytest
from ledgers import matches, records
from world import Place

BANK = """\
CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(12,2) NOT NULL CHECK (balance >= 0));
CREATE FUNCTION balance(account bigint) RETURNS numeric(12,2) LANGUAGE sql STABLE
AS $$ SELECT balance FROM account a WHERE a.id = $1 $$;
CREATE PROCEDURE pay(payer bigint, payee bigint, amount numeric(12,2), note text DEFAULT 'none') LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account SET balance = balance - amount WHERE id = payer;
  UPDATE account SET balance = balance + amount WHERE id = payee;
  RAISE NOTICE 'paid %', amount;
  EMIT paid (payer, payee, amount AS sum, note);
END $$;
INSERT INTO account VALUES (1, 5), (2, 0) ON CONFLICT DO NOTHING;
"""


@pytest.fixture
def bank(shop: Place) -> Place:
    shop.write("bank.sql", BANK)
    shop.aergo("deploy", "bank.sql", "--commit")
    return shop


def test_a_deployment_waits_and_is_committed_as_other_transactions_are(shop: Place) -> None:
    shop.write("contracts/bank.sql", BANK)
    assert matches(r"Pending ID: bank\.account \+2\n", shop.aergo("deploy", "contracts/bank.sql").out)
    assert matches(r"  ID  alice  bank\.account \+2  deploys bank", shop.aergo("status").out.splitlines()[3])
    shop.aergo("commit")
    assert shop.aergo("log", "-n", "1").line.endswith("Deploy bank, 2 rows")
    (schema,) = records(shop.aergo("schema", "bank", "--json"))
    assert schema["schema"].startswith("ALTER SCHEMA bank OWNER TO alice;\nCREATE TABLE bank.account (\n")
    assert schema["functions"].startswith("CREATE FUNCTION bank.balance (\n  IN account bigint\n)\n")
    assert "CREATE PROCEDURE bank.pay (" in shop.aergo("schema", "bank").out
    (block, transaction) = records(shop.aergo("show", "--json"))
    assert (block["rows"], transaction["contract"], transaction["sql"]) == (2, "bank", BANK)
    assert "Contract:  bank" in shop.aergo("show").out
    again = shop.aergo("deploy", "-", "--as", "bank", "--commit", stdin=BANK)
    assert matches(r"Block 4 of main: ID, 1 transaction, no rows\n", again.out)
    shop.aergo("verify")
    shop.aergo("fsck")


def test_check_names_the_place_of_each_error_and_signs_nothing(shop: Place) -> None:
    shop.write("good.sql", BANK)
    shop.write("syntax.sql", "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY);\n")
    shop.write("body.sql", BANK.replace("= payee;", "= payed;"))
    assert shop.aergo("deploy", "--check", "good.sql").out == ""
    done = shop.aergo("deploy", "--check", "good.sql", "syntax.sql", "body.sql", expect=2)
    first, second = done.err.splitlines()
    assert first.startswith("syntax.sql:2:")
    assert first.endswith("[42601]")
    assert second == 'body.sql:7:60: error: column "payed" does not exist [42703]'
    (problem,) = records(shop.aergo("deploy", "--check", "--json", "body.sql", expect=2))
    assert problem == {
        "file": "body.sql", "line": 7, "column": 60, "sqlstate": "42703", "message": 'column "payed" does not exist',
    }  # fmt: skip
    assert records(shop.aergo("status", "--json"))[0]["pending"] == 0


def test_a_changed_table_without_its_migration_is_refused_with_a_hint(bank: Place) -> None:
    bank.write("bank.sql", BANK.replace("12,2) NOT", "14,2) NOT"))
    done = bank.aergo("deploy", "bank.sql", expect=2)
    assert done.err.splitlines() == [
        'error: relation "bank.account" exists with another definition: column balance has type numeric(12,2), not'
        " numeric(14,2) [42P07]",
        "hint: put what changes it in front of its definition, such as"
        " ALTER TABLE IF EXISTS … ADD COLUMN IF NOT EXISTS …",
    ]


def test_a_call_shows_what_was_announced_and_returned(bank: Place) -> None:
    done = bank.aergo("call", "bank.pay", "1", "2", "1.5", "--commit")
    event, block = done.out.splitlines()
    assert event == "event bank.paid  payer=1  payee=2  sum=1.5  note=none"
    assert matches(r"Block 4 of main: ID, 1 transaction, bank\.account ~2", block)
    assert done.err == "notice: paid 1.5\n"
    (_, shown) = records(bank.aergo("show", "--json"))
    assert shown["call"] == {"routine": "bank.pay", "arguments": [1, 2, "1.5"]}
    assert shown["events"] == [{"name": "bank.paid", "data": {"payer": 1, "payee": 2, "sum": "1.5", "note": "none"}}]
    assert "Call:      bank.pay(1, 2, 1.5)" in bank.aergo("show").out
    asked = bank.aergo("call", "bank.balance", "2").out.splitlines()
    assert asked[:3] == ["balance", "1.50", "(1 row)"]
    assert records(bank.aergo("call", "bank.balance", "1", "--json"))[0]["result"] == {
        "columns": ["balance"], "rows": [["3.50"]],
    }  # fmt: skip
    bank.aergo("commit")
    bank.aergo("verify")


def test_a_dry_run_shows_the_same_and_keeps_nothing(bank: Place) -> None:
    done = bank.aergo("call", "--dry-run", "bank.pay", "1", "2", "5")
    assert done.out.splitlines()[-1] == "Would do: bank.account ~2"
    (record,) = records(bank.aergo("call", "-n", "bank.pay", "1", "2", "5", "--json"))
    assert (record["transaction"], record["block"]) == (None, None)
    assert records(bank.aergo("status", "--json"))[0]["pending"] == 0


def test_arguments_are_words_names_and_json(bank: Place) -> None:
    named = records(bank.aergo("call", "-n", "bank.pay", "1", "2", "note=a=b", "amount=1", "--json"))
    assert named[0]["events"][0]["data"] == {"payer": 1, "payee": 2, "sum": "1", "note": "a=b"}
    null = records(bank.aergo("call", "-n", "bank.pay", "1", "2", "1", "NULL", "--json"))
    assert null[0]["events"][0]["data"]["note"] is None
    text = records(bank.aergo("call", "-n", "bank.pay", "--arguments", '[1,2,"1","NULL"]', "--json"))
    assert text[0]["events"][0]["data"]["note"] == "NULL"
    members = json.dumps({"payee": 2, "amount": 1, "payer": 1})
    assert bank.aergo("call", "-n", "bank.pay", "--arguments", members).out.startswith("event bank.paid")
    assert "check constraint" in bank.aergo("call", "bank.pay", "1", "2", "-7.5", expect=2).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("call", "pay"), "is no name for a routine"),
        (("call", "bank.nope"), "error: routine bank.nope does not exist"),
        (("call", "bank.pay", "1"), 'bank.pay needs an argument for "payee"'),
        (("call", "bank.pay", "1", "2", "x"), "invalid input syntax for type numeric"),
        (("call", "bank.pay", "1", "2", "3", "nope=1"), 'has no parameter "nope"'),
        (("call", "bank.pay", "--arguments", "{"), "not JSON"),
        (("call", "bank.pay", "--arguments", "1"), "--arguments takes an array"),
        (("call", "bank.pay", "1", "--arguments", "[]"), "either arguments or --arguments"),
        (("call", "bank.pay", "-n", "--commit"), "--dry-run signs nothing"),
        (("deploy", "bank.sql", "bank.sql"), "one file is expected"),
        (("deploy", "--check", "--commit", "bank.sql"), "--check signs nothing"),
        (("deploy", "-"), "standard input has no name"),
        (("deploy", "nope.sql"), "nope.sql cannot be read"),
        (("deploy", "bank.sql", "--as", "public"), 'contract "public" is not deployed'),
        (("deploy", "bank.sql", "--as", "Bank"), "is no name for a contract"),
    ],
)
def test_what_cannot_be_used_is_refused(bank: Place, words: tuple[str, ...], message: str) -> None:
    assert message in bank.aergo(*words, expect=2).err


def test_a_difference_of_routines_is_shown_line_by_line(bank: Place) -> None:
    bank.write("bank.sql", BANK.replace("'paid %'", "'moved %'"))
    bank.aergo("deploy", "bank.sql", "--commit")
    shown = bank.aergo("diff").out.splitlines()
    assert shown[0] == "bank  (functions and procedures)"
    assert [line for line in shown if line[:1] in "+-"] == [
        "-  RAISE NOTICE 'paid %', amount;", "+  RAISE NOTICE 'moved %', amount;",
    ]  # fmt: skip
    assert bank.aergo("diff", "--stat", "--exit-code", expect=1).out == "bank  (functions and procedures)\n"
    (record,) = records(bank.aergo("diff", "--json"))
    assert (record["contract"], "'paid %'" in record["before"], "'moved %'" in record["after"]) == ("bank", True, True)


def test_only_the_owner_deploys_again(bank: Place) -> None:
    bank.aergo("key", "new", "bob")
    bank.git("config", "aergo.entity", "bob")
    done = bank.aergo("deploy", "bank.sql", expect=2)
    assert "must be owner of contract bank" in done.err


RAISING = """\
CREATE FUNCTION find(account bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF account > 2 THEN
    RAISE EXCEPTION 'no account %', account USING DETAIL = 'there are two', HINT = 'open it first';
  END IF;
  RETURN account;
END $$;
CREATE FUNCTION pay(account bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
  found := find(account);
  RETURN 10 / (found - 1);
END $$;
"""


def test_an_error_in_a_routine_names_the_routine_the_line_and_what_was_said_of_it(shop: Place) -> None:
    shop.aergo("deploy", "-", "--as", "till", "--commit", stdin=RAISING)
    failed = shop.aergo("call", "till.pay", "9", expect=2)
    assert failed.err.splitlines() == [
        "error: till.find, line 4: no account 9 [P0001]",
        "detail: there are two",
        "hint: open it first",
        "called by: function till.pay line 4 at column 3",
    ]
    assert failed.out == ""
    assert shop.aergo("sql", "SELECT 1;\nSELECT till.pay(1)", expect=2).err == (
        "error: line 2, column 1: till.pay, line 5: division by zero [22012]\n"
    )


def test_an_error_in_a_routine_is_a_record_too(shop: Place) -> None:
    shop.aergo("deploy", "-", "--as", "till", "--commit", stdin=RAISING)
    (record,) = records(shop.aergo("call", "till.pay", "9", "--json", expect=2))
    assert record == {
        "error": {
            "code": "E_SQL", "message": "no account 9", "sqlstate": "P0001", "line": None, "column": None,
            "statement": None, "routine": "till.find", "routine_line": 4, "routine_column": 5,
            "detail": "there are two", "hint": "open it first",
            "context": "function till.find line 4 at column 5\nfunction till.pay line 4 at column 3",
        }
    }  # fmt: skip
    (record,) = records(shop.aergo("sql", "SELECT nothing FROM price", "--json", expect=2))
    assert (record["error"]["sqlstate"], record["error"]["column"]) == ("42703", 8)
