"""Deployments: what exists is compared with what the script defines."""

from pathlib import Path

import pytest
from sql_world import context

from aergo_vc.base.ids import EntityName, RoutineName, TableName
from aergo_vc.codec.catalog_texts import functions_of, parse_catalog, schemas_of
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.outcomes import ScriptOutcome

BANK = """\
CREATE TYPE kind AS ENUM ('cash', 'card');
CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(12,2) NOT NULL CHECK (balance >= 0), owner text);
CREATE TABLE leg (id int PRIMARY KEY, account bigint);
ALTER TABLE leg ADD CONSTRAINT leg_of FOREIGN KEY (account) REFERENCES account;
CREATE INDEX ON account (owner);
CREATE VIEW rich AS SELECT id FROM account WHERE balance > 100;
CREATE FUNCTION first() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT second() $$;
CREATE FUNCTION second() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM account $$;
INSERT INTO account VALUES (1, 5, 'ada') ON CONFLICT DO NOTHING;
"""


def deploy(
    engine: Engine, script: str = BANK, signer: str = "alice", roles: frozenset[str] = frozenset()
) -> ScriptOutcome:
    return engine.run(
        script, context()._replace(signer=EntityName(signer), roles_of=lambda _entity: roles), contract="bank"
    )


def failure(engine: Engine, script: str, signer: str = "alice") -> SqlError:
    catalog = engine.catalog
    with pytest.raises(SqlError) as caught:
        deploy(engine, script, signer)
    assert engine.catalog == catalog
    return caught.value


@pytest.fixture
def bank() -> Engine:
    engine = Engine()
    deploy(engine)
    return engine


def test_unqualified_names_are_the_contracts_and_then_those_of_public() -> None:
    engine = Engine()
    engine.run("CREATE TABLE rate (id int); INSERT INTO rate VALUES (7); CREATE TABLE account (id int)", context())
    deploy(engine, BANK + "INSERT INTO leg SELECT id, 1 FROM rate; INSERT INTO account VALUES (9, 1)")
    assert list(engine.rows(TableName("bank.leg"))) == [(7, 1)]
    assert [row[0] for row in engine.rows(TableName("bank.account"))] == [1, 9]
    assert list(engine.rows(TableName("public.account"))) == []


def test_views_keep_the_full_names_of_the_routines_that_they_call() -> None:
    engine = Engine()
    script = """CREATE FUNCTION twice(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT x * 2 $$;
    CREATE FUNCTION pair(x bigint) RETURNS TABLE (a bigint) LANGUAGE sql IMMUTABLE AS $$ SELECT x UNION SELECT x + 1 $$;
    CREATE VIEW shown AS SELECT twice(twice(p.a)) AS four, abs(twice(p.a)) AS two FROM pair(1) AS p"""
    deploy(engine, script)
    deploy(engine, script)
    assert "bank.twice(bank.twice(p.a))" in engine.catalog.views[TableName("bank.shown")].query
    (result,) = engine.run("SELECT * FROM bank.shown ORDER BY four", context()).results
    assert result.rows == ((4, 2), (8, 4))


def test_the_same_file_again_changes_nothing(bank: Engine) -> None:
    catalog = bank.catalog
    assert not any(deploy(bank).changes.values())
    assert bank.catalog == catalog
    assert bank.catalog.owners == {"bank": "alice"}


@pytest.mark.parametrize(
    ("old", "new", "difference", "line"),
    [
        ("owner text", "owner varchar(9)", "column owner has type text, not varchar(9)", 2),
        ("owner text", "owner text NOT NULL", "column owner is not NOT NULL", 2),
        ("owner text", "owner text DEFAULT 'x'", "column owner has the default NULL, not 'x'", 2),
        ("owner text", "owner text, more int", "column more is missing", 2),
        (", owner text", "", "column owner is not in the script", 2),
        ("id int PRIMARY KEY", "id int NOT NULL", "its primary key is another one", 3),
        ("balance >= 0", "balance >= 1", "constraint account_balance_check is another one", 2),
        ("leg_of", "leg_to", "constraint leg_to is missing", 3),
        ("ALTER TABLE leg ADD CONSTRAINT leg_of FOREIGN KEY (account) REFERENCES account;", "",
         "constraint leg_of is not in the script", 3),
    ],
)  # fmt: skip
def test_a_table_with_another_definition_is_an_error_that_names_what_differs(
    bank: Engine, old: str, new: str, difference: str, line: int
) -> None:
    error = failure(bank, BANK.replace("CREATE INDEX ON account (owner);", "").replace(old, new, 1))
    assert (error.sqlstate, error.line) == ("42P07", line)
    assert error.message.endswith(f"exists with another definition: {difference}")


def test_an_index_or_a_type_with_another_definition_is_an_error(bank: Engine) -> None:
    index = failure(bank, BANK.replace("INDEX ON account (owner)", "INDEX account_owner_idx ON account (id)"))
    assert (index.sqlstate, index.line) == ("42P07", 5)
    kind = failure(bank, BANK.replace("'card'", "'card', 'gold'"))
    assert (kind.sqlstate, kind.line) == ("42710", 1)


def test_a_migration_stands_in_front_of_the_definition(bank: Engine) -> None:
    script = "ALTER TABLE IF EXISTS account ADD COLUMN IF NOT EXISTS note text DEFAULT 'none';\n"
    script += BANK.replace("owner text", "owner text, note text DEFAULT 'none'")
    for engine in (bank, Engine(), bank):
        deploy(engine, script)
        assert list(engine.rows(TableName("bank.account"))) == [(1, "5.00", "ada", "none")]
    assert failure(bank, BANK).message.endswith("column note is not in the script")


def test_a_column_that_a_view_shows_can_be_migrated_away(bank: Engine) -> None:
    deploy(bank, BANK.replace("SELECT id FROM", "SELECT id, owner FROM"))
    script = "DROP INDEX IF EXISTS account_owner_idx; ALTER TABLE IF EXISTS account DROP COLUMN IF EXISTS owner;"
    script += BANK.replace(", owner text", "").replace("CREATE INDEX ON account (owner);", "").replace(", 'ada'", "")
    deploy(bank, script)
    assert list(bank.rows(TableName("bank.account"))) == [(1, "5.00")]


def test_views_and_routines_are_replaced_and_dropped_where_they_are_not_named(bank: Engine) -> None:
    deploy(bank, BANK.replace("> 100", "> 200"))
    assert bank.catalog.views[TableName("bank.rich")].query.endswith("balance > 200")
    kept = "\n".join(line for line in BANK.splitlines() if "VIEW" not in line and "first" not in line)
    deploy(bank, kept)
    assert not bank.catalog.views
    assert set(bank.catalog.routines) == {RoutineName("bank.second")}


def test_tables_that_are_not_named_any_more_stay(bank: Engine) -> None:
    deploy(bank, "SELECT 1")
    assert TableName("bank.leg") in bank.catalog.tables


def test_a_view_that_another_contracts_view_reads_does_not_go(bank: Engine) -> None:
    bank.run("CREATE VIEW public.rich AS SELECT id FROM bank.rich", context())
    deploy(bank)
    error = failure(bank, BANK.replace("CREATE VIEW rich AS SELECT id FROM account WHERE balance > 100;", ""))
    assert (error.sqlstate, "public.rich" in error.message) == ("2BP01", True)


def test_routines_are_checked_at_the_end_where_they_stand(bank: Engine) -> None:
    error = failure(bank, BANK.replace("SELECT second()", "SELECT third()"))
    assert (error.sqlstate, error.line, error.column) == ("42883", 7, BANK.splitlines()[6].index("second") + 1)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE shop.x (a int)",
        "CREATE VIEW public.x AS SELECT 1 AS a",
        "CREATE INDEX ON public.outside (a)",
        "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
        "CREATE TYPE shop.t AS ENUM ('a')",
        "CREATE SCHEMA shop",
    ],
)
def test_a_deployment_makes_nothing_in_other_contracts(bank: Engine, statement: str) -> None:
    bank.run("CREATE TABLE outside (a int)", context())
    assert failure(bank, statement).sqlstate == "0A000"


def test_only_the_owner_and_admins_deploy_again(bank: Engine) -> None:
    error = failure(bank, BANK, signer="mallory")
    assert (error.sqlstate, error.message) == ("42501", "must be owner of contract bank")
    deploy(bank, BANK, signer="root", roles=frozenset({"admin"}))
    assert bank.catalog.owners == {"bank": "alice"}


@pytest.mark.parametrize("name", ["public", "directory", "pg_bank", "aergo_bank", "Bank", "nul", "information_schema"])
def test_some_contracts_are_not_deployed(name: str) -> None:
    with pytest.raises(SqlError) as caught:
        Engine().run(BANK, context(), contract=name)
    assert caught.value.sqlstate in ("42939", "42602")


def test_types_grow_by_statements_that_the_first_deployment_passes_over() -> None:
    engine = Engine()
    deploy(engine, "ALTER TYPE kind ADD VALUE IF NOT EXISTS 'gold';\n" + BANK.replace("'card'", "'card', 'gold'"))
    assert "bank.kind" in engine.catalog.types


def test_a_catalog_with_routines_outlives_the_process(bank: Engine, tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    first = Engine(path)
    deploy(first)
    first.close()
    second = Engine(path)
    assert second.catalog == bank.catalog
    second.close()


NUMBERED = """\
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'c';
CREATE TYPE mood AS ENUM ('a', 'b', 'c');
CREATE TYPE pair AS (id bigint, mood mood);
CREATE SEQUENCE nums START 5;
CREATE TABLE t (id bigserial PRIMARY KEY, k int GENERATED ALWAYS AS IDENTITY, n bigint DEFAULT nextval('nums'),
  mood mood DEFAULT 'a');
CREATE FUNCTION f(mood mood, pair pair) RETURNS mood LANGUAGE sql AS $$ SELECT mood $$;
INSERT INTO t (mood) VALUES ('b') RETURNING *
"""


def test_sequences_and_types_are_left_as_they_are_and_read_back() -> None:
    engine = Engine()
    assert deploy(engine, NUMBERED).results[-1].rows == ((1, 1, 5, "b"),)
    assert deploy(engine, NUMBERED).results[-1].rows == ((2, 2, 6, "b"),)
    assert failure(engine, NUMBERED.replace("START 5", "START 6")).line == 4
    deploy(engine, NUMBERED.replace("EXISTS 'c'", "EXISTS 'd'").replace("'b', 'c'", "'b', 'c', 'd'"))
    assert parse_catalog(schemas_of(engine.catalog), functions_of(engine.catalog)) == engine.catalog
