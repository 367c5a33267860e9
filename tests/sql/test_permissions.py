"""Privileges: who may read, write, call and define what."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from permission_world import World

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.codec.catalog_texts import functions_of, parse_catalog, schemas_of
from aergo_vc.model.routines import Grant
from aergo_vc.model.transactions import LoadMode
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.privileges.granting import OF_COLUMNS, PRIVILEGES

ACCOUNT = TableName("bank.account")
STATEMENTS = [
    # statement, the privileges that it takes
    ("SELECT owner FROM bank.account", "SELECT (owner)"),
    ("SELECT count(*) FROM bank.account", "SELECT (id)"),
    ("SELECT 1 FROM bank.account WHERE balance > 1", "SELECT (balance)"),
    ("SELECT 1 FROM bank.account ORDER BY owner", "SELECT (owner)"),
    ("SELECT owner, sum(balance) FROM bank.account GROUP BY owner", "SELECT (owner, balance)"),
    ("SELECT * FROM bank.account", "SELECT (id, owner, balance)"),
    ("SELECT a.* FROM bank.account AS a", "SELECT (id, owner, balance)"),
    ("SELECT x FROM (SELECT owner AS x FROM bank.account) AS s", "SELECT (owner)"),
    ("SELECT b FROM bank.account AS a (a, b, c)", "SELECT (owner)"),
    ("WITH w AS (SELECT balance FROM bank.account) SELECT * FROM w", "SELECT (balance)"),
    ("SELECT (SELECT max(balance) FROM bank.account)", "SELECT (balance)"),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM bank.account WHERE id = 1)", "SELECT (id)"),
    ("SELECT id FROM bank.account AS a JOIN bank.account AS b USING (id)", "SELECT (id)"),
    ("INSERT INTO bank.account (id, balance) VALUES (3, 1)", "INSERT (id, balance)"),
    ("INSERT INTO bank.account VALUES (3, 'z', 1)", "INSERT"),
    ("INSERT INTO bank.account VALUES (3, 'z', 1)", "INSERT (id, owner, balance)"),
    ("INSERT INTO bank.account (id, balance) VALUES (3, 1) RETURNING owner", "INSERT; SELECT (owner)"),
    ("INSERT INTO bank.account (id, balance) VALUES (1, 1) ON CONFLICT DO NOTHING", "INSERT (id, balance)"),
    ("INSERT INTO bank.account (id, balance) VALUES (1, 1) ON CONFLICT (id) DO NOTHING", "INSERT; SELECT (id)"),
    (
        "INSERT INTO bank.account (id, balance) VALUES (1, 1)"
        " ON CONFLICT (id) DO UPDATE SET balance = excluded.balance",
        "INSERT (id, balance); SELECT (id, balance); UPDATE (balance)",
    ),
    (
        "INSERT INTO bank.account AS a (id, balance) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET balance = 1"
        " WHERE a.owner = 'x'",
        "INSERT (id, balance); SELECT (id, owner); UPDATE (balance)",
    ),
    ("INSERT INTO bank.account SELECT id + 10, owner, 0 FROM bank.account", "INSERT; SELECT (id, owner)"),
    ("UPDATE bank.account SET balance = 1", "UPDATE (balance)"),
    ("UPDATE bank.account SET balance = balance + 1", "UPDATE (balance); SELECT (balance)"),
    ("UPDATE bank.account SET balance = 1 WHERE id = 1", "UPDATE (balance); SELECT (id)"),
    ("UPDATE bank.account SET (owner, balance) = ('z', 1) RETURNING id", "UPDATE (owner, balance); SELECT (id)"),
    ("DELETE FROM bank.account", "DELETE"),
    ("DELETE FROM bank.account WHERE owner = 'x'", "DELETE; SELECT (owner)"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "privileges"), STATEMENTS)
def test_a_statement_takes_these_privileges_and_no_fewer(statement: str, privileges: str) -> None:
    wanted = privileges.split("; ")
    for left_out in range(len(wanted)):
        world = World(*[f"GRANT {one} ON bank.account TO carol" for one in wanted if one != wanted[left_out]])
        assert world.denied("carol", statement) == "table account"
    world = World(*[f"GRANT {one} ON bank.account TO carol" for one in wanted])
    assert world.told("carol", statement) == "ok"


def test_truncate_takes_its_own_privilege() -> None:
    assert World("GRANT SELECT, DELETE ON bank.entry TO carol").denied("carol", "TRUNCATE bank.entry") == "table entry"
    assert World("GRANT TRUNCATE ON bank.entry TO carol").told("carol", "TRUNCATE bank.entry") == "ok"


@pytest.mark.parametrize(("statement", "privileges"), [one for one in STATEMENTS if ", " in one[1]])
def test_a_statement_takes_each_of_its_columns(statement: str, privileges: str) -> None:
    for privilege in privileges.split("; "):
        word, _, columns = privilege.partition(" (")
        names = columns.removesuffix(")").split(", ") if columns else []
        for name in names if len(names) > 1 else []:
            rest = [f"{word} ({one})" for one in names if one != name]
            rest += [one for one in privileges.split("; ") if one != privilege]
            world = World(*[f"GRANT {one} ON bank.account TO carol" for one in rest])
            assert world.denied("carol", statement) == "table account", name


def test_the_owner_may_do_everything_and_others_what_was_granted() -> None:
    world = World()
    for statement, _ in STATEMENTS:
        assert world.denied("bob", statement) == ""
        assert world.denied("carol", statement) == "table account"
        assert world.denied("ada", statement) == "table account"


def test_everybody_may_look_up_a_contract_s_names_until_that_is_revoked() -> None:
    world = World("GRANT SELECT ON bank.account TO PUBLIC", "REVOKE USAGE ON SCHEMA bank FROM PUBLIC")
    assert world.denied("carol", "SELECT * FROM bank.account") == "schema bank"
    world.run("bob", "GRANT USAGE ON SCHEMA bank TO carol")
    assert world.told("carol", "SELECT * FROM bank.account") == "ok"
    assert world.denied("dan", "SELECT * FROM bank.account") == "schema bank"


def test_a_role_is_the_directory_s_and_counts_at_the_moment() -> None:
    world = World("GRANT SELECT ON bank.account TO ROLE writer")
    assert world.told("carol", "SELECT * FROM bank.account") == "ok"
    assert world.denied("dan", "SELECT * FROM bank.account") == "table account"
    world.roles["dan"], world.roles["carol"] = world.roles["carol"], world.roles["dan"]
    assert world.told("dan", "SELECT * FROM bank.account") == "ok"
    assert world.denied("carol", "SELECT * FROM bank.account") == "table account"


def test_what_is_revoked_is_denied() -> None:
    world = World("GRANT ALL ON bank.account TO carol", "REVOKE UPDATE ON bank.account FROM carol")
    assert world.told("carol", "DELETE FROM bank.account WHERE id = 2") == "ok"
    assert world.denied("carol", "UPDATE bank.account SET balance = 1") == "table account"


def test_what_is_revoked_of_a_table_is_revoked_of_its_columns_and_not_the_other_way_round() -> None:
    world = World("GRANT SELECT, SELECT (id, owner) ON bank.account TO carol")
    world.run("bob", "REVOKE SELECT (owner) ON bank.account FROM carol")
    assert world.told("carol", "SELECT owner FROM bank.account") == "ok"
    world.run("bob", "REVOKE SELECT ON bank.account FROM carol")
    assert world.denied("carol", "SELECT id FROM bank.account") == "table account"


# Views, routines, cascades


def test_a_view_is_read_with_the_rights_of_its_contract_s_owner() -> None:
    world = World("GRANT SELECT (id) ON bank.rich TO carol")
    assert world.run("carol", "SELECT id FROM bank.rich") == [(1,)]
    assert world.denied("carol", "SELECT balance FROM bank.rich") == "view rich"
    assert world.denied("dan", "SELECT id FROM bank.rich") == "view rich"


def test_a_view_of_nobody_s_is_read_with_the_reader_s_rights() -> None:
    world = World()
    assert world.told("carol", "CREATE VIEW spy AS SELECT balance FROM bank.account") == "ok"
    assert world.denied("carol", "SELECT * FROM spy") == "table account"
    assert world.run("bob", "SELECT count(*) FROM spy") == [(2,)]


def test_a_routine_runs_with_the_caller_s_rights_or_with_its_owner_s() -> None:
    world = World("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bank TO carol")
    assert world.denied("carol", "SELECT bank.balance_of(1)") == "table account"
    assert world.run("carol", "SELECT bank.open_balance_of(1)") == [(500,)]
    assert world.run("carol", "SELECT bank.users()") == [("bob/carol",)]
    assert world.run("carol", "SELECT bank.user_here()") == [("carol/carol",)]
    assert world.denied("dan", "SELECT bank.open_balance_of(1)") == "function open_balance_of"
    assert world.denied("dan", "CALL bank.pay(1, 2, 3)") == "procedure pay"


def test_a_routine_in_an_expression_or_in_from_takes_execute_too() -> None:
    world = World()
    for statement in (
        "SELECT 1 + bank.open_balance_of(1)", "SELECT * FROM bank.open_balance_of(1)", "SELECT upper(bank.users())",
        "CREATE TABLE t (a text); INSERT INTO t VALUES (bank.users())",
    ):  # fmt: skip
        assert world.denied("carol", statement).startswith("function ")


def test_a_signed_call_takes_execute() -> None:
    world = World()
    pay = RoutineName("bank.pay")
    with pytest.raises(SqlError, match="permission denied for procedure pay"):
        world.engine.call(pay, (1, 2, 5), world.context("carol"))
    world.run("bob", "GRANT EXECUTE ON PROCEDURE bank.pay TO ROLE writer")
    world.engine.call(pay, (1, 2, 5), world.context("carol"))
    assert world.run("bob", "SELECT balance FROM bank.account ORDER BY id") == [(495,), (55,)]


def test_a_body_s_statements_are_asked_for_when_they_run() -> None:
    world = World("GRANT EXECUTE ON PROCEDURE bank.take TO carol")
    assert world.told("carol", "CALL bank.take(1, false)") == "ok"
    assert world.denied("carol", "CALL bank.take(1, true)") == "table account"
    assert world.run("bob", "SELECT balance FROM bank.account WHERE id = 1") == [(500,)]


def test_a_handler_catches_what_is_denied() -> None:
    world = World()
    script = """CREATE FUNCTION peek() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            RETURN (SELECT owner FROM bank.account WHERE id = 1);
        EXCEPTION WHEN insufficient_privilege THEN RETURN SQLERRM;
        END $$; SELECT peek()"""
    assert world.run("carol", script) == [("permission denied for table account",)]
    assert world.run("bob", "SELECT peek()") == [("x",)]


def test_cascades_need_no_rights_of_their_own() -> None:
    world = World("GRANT DELETE ON bank.account TO carol")
    assert world.told("carol", "DELETE FROM bank.account") == "ok"
    assert world.run("bob", "SELECT count(*) FROM bank.entry") == [(0,)]


def test_sequences_have_privileges_and_their_columns_need_none() -> None:
    world = World("CREATE SEQUENCE bank.number; CREATE TABLE bank.line (id serial PRIMARY KEY, note text)")
    world.run("bob", "GRANT INSERT ON bank.line TO carol")
    calls = ["SELECT nextval('bank.number')", "SELECT nextval('bank.number'); SELECT currval('bank.number')"]
    restart = "ALTER SEQUENCE bank.number RESTART"
    for statement in (*calls, "SELECT setval('bank.number', 7)"):
        assert world.denied("carol", statement) == "sequence number"
    assert world.told("carol", restart) == "42501 must be owner of sequence number"
    mine = "CREATE TABLE mine (a bigint DEFAULT nextval('bank.number'), b integer)"
    assert world.denied("carol", mine) == "sequence number"
    assert world.told("carol", "INSERT INTO bank.line (note) VALUES ('a')") == "ok"
    world.run("bob", "GRANT USAGE ON SEQUENCE bank.number TO carol")
    assert [world.told("carol", one) for one in (*calls, mine)] == ["ok"] * 3
    assert world.denied("carol", "SELECT setval('bank.number', 7)") == "sequence number"
    world.run("bob", "GRANT ALL ON ALL SEQUENCES IN SCHEMA bank TO carol")
    assert world.told("carol", "SELECT setval('bank.number', 7)") == "ok"


@pytest.mark.parametrize(
    ("mode", "deletes", "privileges"),
    [
        (LoadMode.APPEND, False, "INSERT"),
        (LoadMode.UPSERT, False, "INSERT, UPDATE"),
        (LoadMode.APPEND, True, "INSERT, DELETE"),
        (None, True, "DELETE"),
    ],
)
def test_loads_take_what_statements_would(mode: LoadMode | None, deletes: bool, privileges: str) -> None:
    wanted = privileges.split(", ")
    for left_out in [*wanted, ""]:
        world = World(*[f"GRANT {one} ON bank.account TO carol" for one in wanted if one != left_out])
        ask = partial(world.engine.permits.load, world.context("carol"), ACCOUNT, mode, deletes=deletes)
        if left_out:
            with pytest.raises(SqlError, match="permission denied for table account"):
                ask()
        else:
            ask()


# Definitions


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE bank.more (a integer)", "permission denied for schema bank"),
        ("CREATE VIEW bank.more AS SELECT 1 AS a", "permission denied for schema bank"),
        ("CREATE FUNCTION bank.more() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "permission denied for schema bank"),
        ("CREATE TYPE bank.more AS ENUM ('a')", "permission denied for schema bank"),
        ("ALTER TABLE bank.account ADD COLUMN more text", "must be owner of table account"),
        ("ALTER TABLE bank.account RENAME COLUMN owner TO holder", "must be owner of table account"),
        ("CREATE INDEX ON bank.account (owner)", "must be owner of table account"),
        ("DROP TABLE bank.entry", "must be owner of table entry"),
        ("DROP VIEW bank.rich", "must be owner of view rich"),
        ("CREATE OR REPLACE VIEW bank.rich AS SELECT 1 AS id, 2 AS balance", "must be owner of view rich"),
        ("DROP FUNCTION bank.users", "must be owner of function users"),
        (
            "CREATE OR REPLACE FUNCTION bank.users() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
            "must be owner of function users",
        ),
        ("CREATE TABLE mine (a integer REFERENCES bank.account (id))", "permission denied for table account"),
        ("GRANT SELECT ON bank.account TO carol", "permission denied for table account"),
        ("REVOKE SELECT ON bank.account FROM bob", "permission denied for table account"),
        ("GRANT EXECUTE ON FUNCTION bank.users TO carol", "permission denied for function users"),
        ("GRANT CREATE ON SCHEMA bank TO carol", "permission denied for schema bank"),
    ],
)
def test_definitions_are_the_owner_s_and_the_administrators(statement: str, message: str) -> None:
    assert World().told("carol", statement) == f"42501 {message}"
    assert World().told("bob", statement) == "ok"
    if not message.startswith("permission denied for table account") or "GRANT" in statement:
        assert World().told("ada", statement) == "ok"


def test_create_lets_others_make_things_that_are_the_owner_s() -> None:
    world = World("GRANT CREATE ON SCHEMA bank TO carol")
    assert world.told("carol", "CREATE TABLE bank.more (a integer)") == "ok"
    assert world.denied("carol", "SELECT * FROM bank.more") == "table more"
    definer = "CREATE FUNCTION bank.f() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    assert world.told("carol", definer) == "42501 must be owner of schema bank"
    assert world.told("carol", definer.replace("DEFINER", "INVOKER")) == "ok"


def test_references_lets_others_point_at_columns() -> None:
    world = World("GRANT REFERENCES (id) ON bank.account TO carol")
    assert world.told("carol", "CREATE TABLE mine (a integer REFERENCES bank.account (id))") == "ok"


def test_a_deployment_gives_its_own_grants_and_upgrades_keep_them() -> None:
    world = World()
    shop = "CREATE TABLE item (id integer PRIMARY KEY); CREATE VIEW all_items AS SELECT id FROM item;"
    world.run("carol", f"{shop} GRANT SELECT ON item, all_items TO PUBLIC", contract="shop")
    world.run("carol", shop, contract="shop")
    assert world.told("dan", "SELECT * FROM shop.item, shop.all_items") == "ok"
    world.run("carol", f"{shop} REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM PUBLIC", contract="shop")
    assert world.denied("dan", "SELECT * FROM shop.all_items") == "view all_items"
    assert world.told("bob", shop, contract="shop").startswith("42501")
    assert world.told("ada", f"{shop} INSERT INTO item VALUES (1)", contract="shop") == "ok"


def test_grants_go_with_what_they_are_on_and_follow_its_names() -> None:
    world = World("GRANT SELECT ON bank.entry TO carol", "GRANT SELECT (owner) ON bank.account TO carol")
    world.run("bob", "DROP TABLE bank.entry; CREATE TABLE bank.entry (a integer)")
    assert world.denied("carol", "SELECT * FROM bank.entry") == "table entry"
    world.run("bob", "ALTER TABLE bank.account RENAME COLUMN owner TO holder")
    assert world.told("carol", "SELECT holder FROM bank.account") == "ok"
    world.run("bob", "ALTER TABLE bank.entry RENAME TO entries; GRANT SELECT ON bank.entries TO carol")
    world.run("bob", "ALTER TABLE bank.entries RENAME TO entry")
    assert world.told("carol", "SELECT * FROM bank.entry") == "ok"


# What nobody owns


def test_what_nobody_owns_is_everybody_s_until_something_is_granted_or_revoked() -> None:
    world = World()
    world.run("carol", "CREATE TABLE note (a integer, b integer)")
    assert world.told("bob", "INSERT INTO note VALUES (1, 2); ALTER TABLE note ADD COLUMN c integer") == "ok"
    assert world.denied("carol", "GRANT SELECT ON note TO carol") == "table note"
    world.run("ada", "GRANT SELECT ON note TO carol")
    assert world.told("carol", "SELECT * FROM note") == "ok"
    assert world.denied("carol", "DELETE FROM note") == "table note"
    assert world.denied("bob", "SELECT * FROM note") == "table note"
    assert world.told("bob", "DROP TABLE note") == "42501 must be owner of table note"
    assert world.told("ada", "DELETE FROM note; DROP TABLE note") == "ok"


def test_a_first_revoke_leaves_everybody_the_rest() -> None:
    world = World()
    world.run("carol", "CREATE TABLE note (a integer)")
    world.run("ada", "REVOKE DELETE ON note FROM PUBLIC")
    assert world.told("carol", "INSERT INTO note VALUES (1); SELECT * FROM note") == "ok"
    assert world.denied("carol", "DELETE FROM note") == "table note"
    assert world.told("carol", "DROP TABLE note") == "42501 must be owner of table note"


def test_what_was_closed_does_not_open_by_losing_its_last_grant() -> None:
    world = World()
    world.run("carol", "CREATE TABLE note (a integer, b integer)")
    world.run("ada", "GRANT SELECT (b) ON note TO bob")
    assert world.told("ada", "REVOKE ALL ON note FROM bob, ROLE admin").startswith("0LP01 table note must keep one")
    world.run("ada", "REVOKE ALL ON note FROM ROLE admin; ALTER TABLE note DROP COLUMN b")
    assert world.denied("carol", "SELECT a FROM note") == "table note"


def test_administrators_close_public_to_new_things() -> None:
    world = World()
    world.run("ada", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert world.denied("carol", "CREATE TABLE note (a integer)") == "schema public"
    assert world.told("ada", "CREATE TABLE note (a integer)") == "ok"


# GRANT and REVOKE themselves


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("GRANT EXECUTE ON bank.account TO carol", "0LP01 invalid privilege type EXECUTE for table"),
        ("GRANT SELECT ON SCHEMA bank TO carol", "0LP01 invalid privilege type SELECT for schema"),
        ("GRANT SELECT ON bank.nix TO carol", '42P01 relation "bank.nix" does not exist'),
        ("GRANT SELECT (nix) ON bank.account TO carol", '42703 column "nix" of relation "account" does not exist'),
        ("GRANT USAGE ON SEQUENCE bank.account TO carol", '42809 "bank.account" is not a sequence'),
        ("GRANT EXECUTE ON FUNCTION bank.pay TO carol", "42809 bank.pay is not a function"),
        ("GRANT EXECUTE ON FUNCTION bank.nix TO carol", "42883 function bank.nix does not exist"),
        ("GRANT USAGE ON SCHEMA nix TO carol", '3F000 schema "nix" does not exist'),
        ("GRANT USAGE ON TYPE bank.nix TO carol", "0A000 privileges on types are not supported"),
        ('GRANT SELECT ON bank.account TO "Ca rol"', "42602 'Ca rol' is no name for an entity"),
        ('GRANT SELECT ON bank.account TO ROLE "writеr"', "42602 'writеr' is no name for an entity"),
    ],
)
def test_a_grant_that_means_nothing_is_refused(statement: str, told: str) -> None:
    assert World().told("bob", statement).startswith(told)


COLUMNS = ("balance", "id", "owner")
PRIVILEGE = st.tuples(st.sampled_from(PRIVILEGES["table"]), st.frozensets(st.sampled_from(COLUMNS)))
CHANGE = st.tuples(st.booleans(), PRIVILEGE, st.sampled_from(["carol", "public", "ROLE writer"]))


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGE, max_size=8))
def test_grants_are_as_a_plain_model_of_sets_has_them_and_survive_their_text(
    changes: list[tuple[bool, tuple[str, frozenset[str]], str]],
) -> None:
    world = World()
    model: dict[tuple[str, str], tuple[bool, set[str]]] = {}
    for revoke, (privilege, chosen), grantee in changes:
        columns = chosen if privilege in OF_COLUMNS else frozenset()
        listed = f" ({', '.join(sorted(columns))})" if columns else ""
        word, preposition = ("REVOKE", "FROM") if revoke else ("GRANT", "TO")
        world.run("bob", f"{word} {privilege}{listed} ON bank.account {preposition} {grantee}")
        whole, some = model.get((privilege, grantee), (False, set()))
        if revoke:
            model[privilege, grantee] = (whole, some - columns) if columns else (False, set())
        else:
            model[privilege, grantee] = (whole, some | columns) if columns else (True, some)
    catalog = world.engine.catalog
    expected = set()
    for (privilege, grantee), (whole, some) in model.items():
        who = grantee.replace("ROLE ", "role:")
        expected |= {Grant("table bank.account", privilege, who)} if whole else set()
        expected |= {Grant("table bank.account", privilege, who, tuple(sorted(some)))} if some else set()
    assert catalog.grants == expected
    assert parse_catalog(schemas_of(catalog), functions_of(catalog)).grants == expected
