"""Transactions that define things which others of the same family use, alter and drop, in the bank of bank_world."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bank_world import BankWorld

from aergo_vc.ledger.machine import Submission
from aergo_vc.model.schema import Catalog
from aergo_vc.state.snapshot import Snapshot


@dataclass(frozen=True)
class Said:
    """A script, who signs it, and the contract that it deploys."""

    sql: str
    signer: str = "alice"
    contract: str | None = None


def _of(*scripts: str) -> tuple[Said, ...]:
    return tuple(map(Said, scripts))


_EXTRA = "CREATE TABLE IF NOT EXISTS extra (id int PRIMARY KEY, of int REFERENCES account)"
_PEEK = """CREATE OR REPLACE FUNCTION peek() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT count(*) FROM probe);
EXCEPTION WHEN undefined_table THEN
  RETURN -1;
END $$"""
_PRICE = "CREATE FUNCTION price() RETURNS int LANGUAGE sql AS $$ SELECT {} $$;"
_ITEM = "CREATE TABLE item (id int PRIMARY KEY);"

FAMILIES: Sequence[Sequence[Said]] = (
    # What refers to a table, and those who write there.
    _of(
        _EXTRA,
        "CREATE TABLE extra (id int PRIMARY KEY); INSERT INTO extra SELECT id FROM account WHERE balance > 40",
        "DROP TABLE IF EXISTS extra",
        "DROP TABLE extra",
        "INSERT INTO extra (id) SELECT id FROM account WHERE id < 3",
        "ALTER TABLE extra ADD COLUMN size int DEFAULT 3",
        "ALTER TABLE extra DROP COLUMN size",
        "DELETE FROM account WHERE id = 2",
        "INSERT INTO summary SELECT 50, count(*) FROM account",
    ),
    # A foreign key that comes later looks at rows on both sides.
    _of(
        "CREATE TABLE IF NOT EXISTS loose (id int PRIMARY KEY)",
        "INSERT INTO loose VALUES (40)",
        "INSERT INTO account VALUES (40, 'new', 1, NULL)",
        "DELETE FROM account WHERE id = 40",
        "DELETE FROM loose WHERE id = 40",
        "ALTER TABLE loose ADD CONSTRAINT tied FOREIGN KEY (id) REFERENCES account",
        "ALTER TABLE loose DROP CONSTRAINT tied",
        "INSERT INTO summary SELECT 49, count(*) FROM loose",
    ),
    # Tables that are not there when somebody asks.
    _of(
        f"CREATE TABLE IF NOT EXISTS probe (id int); {_PEEK}",
        "DROP TABLE probe",
        "CREATE TABLE probe (id int)",
        "INSERT INTO probe VALUES (1)",
        "INSERT INTO summary VALUES (51, peek())",
        "INSERT INTO summary SELECT max(id) + 1, peek() FROM summary",
        "DROP FUNCTION peek",
        "CREATE TABLE probe (id int); DROP TABLE probe",
        "DROP TABLE probe; CREATE TABLE probe (id int)",
    ),
    # TRUNCATE looks at tables that it does not name.
    _of(
        "TRUNCATE summary",
        "DELETE FROM summary",
        "CREATE TABLE follower (id int PRIMARY KEY, of int REFERENCES summary)",
        "DROP TABLE follower",
        "CREATE OR REPLACE PROCEDURE clear() LANGUAGE plpgsql AS $$ BEGIN TRUNCATE summary; END $$",
        "CALL clear()",
        "ALTER TABLE follower DROP CONSTRAINT follower_of_fkey",
    ),
    # Indexes have their own names, and share them with tables.
    _of(
        "CREATE INDEX thing ON entry (amount)",
        "CREATE INDEX thing ON summary (total)",
        "DROP INDEX thing",
        "CREATE TABLE thing (id int)",
        "DROP TABLE IF EXISTS thing",
        "CREATE UNIQUE INDEX one_total ON summary (total)",
        "DROP INDEX one_total",
        "INSERT INTO summary VALUES (52, 5)",
        "INSERT INTO summary VALUES (53, 5)",
    ),
    # Sequences are named after what is free.
    _of(
        "CREATE TABLE part (k serial, x int)",
        "DROP TABLE part",
        "CREATE TABLE part_k_seq (x int)",
        "DROP TABLE part_k_seq",
        "CREATE SEQUENCE part_k_seq1",
        "INSERT INTO part (x) VALUES (4)",
        "DROP SEQUENCE part_k_seq1",
    ),
    _of(
        "ALTER SEQUENCE numbered_id_seq RESTART WITH 7",
        "ALTER SEQUENCE numbered_id_seq RESTART WITH 70",
        "ALTER SEQUENCE numbered_id_seq INCREMENT BY 2",
        "INSERT INTO numbered (what) VALUES ('a')",
        "ALTER TABLE numbered RENAME TO counted",
        "INSERT INTO counted (what) VALUES ('b')",
        "ALTER TABLE counted RENAME TO numbered",
    ),
    # Routines, views and types that others are made of.
    _of(
        "CREATE OR REPLACE FUNCTION bonus() RETURNS bigint LANGUAGE sql AS $$ SELECT 1 $$",
        "CREATE OR REPLACE FUNCTION bonus() RETURNS bigint LANGUAGE sql AS $$ SELECT 2 $$",
        "CREATE OR REPLACE FUNCTION twice() RETURNS bigint LANGUAGE sql AS $$ SELECT 2 * bonus() $$",
        "INSERT INTO summary VALUES (54, twice())",
        "UPDATE summary SET total = total + bonus() WHERE id < 60",
        "INSERT INTO tag VALUES (60, initcap('ab'))",
        "INSERT INTO tag VALUES (61, initcap('cd'))",
        "CREATE OR REPLACE FUNCTION initcap(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' || x $$",
        "DROP FUNCTION initcap",
    ),
    _of(
        "CREATE VIEW rich AS SELECT id FROM account WHERE balance > 30",
        "CREATE OR REPLACE VIEW rich AS SELECT id FROM account WHERE balance > 60",
        "CREATE OR REPLACE VIEW richer AS SELECT id FROM rich WHERE id > 5",
        "DROP VIEW rich CASCADE",
        "DROP VIEW richer",
        "INSERT INTO summary SELECT 55, count(*) FROM richer",
        "UPDATE account SET note = 'rich' WHERE id IN (SELECT id FROM rich)",
        "ALTER TABLE account ADD COLUMN extra int DEFAULT 5",
        "ALTER TABLE account DROP COLUMN extra",
    ),
    _of(
        "CREATE TYPE mood AS ENUM ('sad')",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm' BEFORE 'sad'",
        "CREATE TABLE felt (id int PRIMARY KEY, m mood)",
        "INSERT INTO felt VALUES (1, 'glad')",
        "INSERT INTO felt VALUES (2, 'sad')",
        "INSERT INTO summary SELECT 56, count(*) FROM felt WHERE m > 'sad'",
        "DROP TABLE felt",
        "DROP TYPE mood",
    ),
    # A contract, and all that is granted there.
    (
        Said(_ITEM, contract="shop"),
        Said(_ITEM + _PRICE.format(3), contract="shop"),
        Said(_ITEM + _PRICE.format(4) + "CREATE VIEW dear AS SELECT id FROM item;", contract="shop"),
        Said("CREATE TABLE shop.more (id int PRIMARY KEY)"),
        Said("CREATE TABLE shop.more (id int PRIMARY KEY)", signer="bob"),
        Said("CREATE FUNCTION shop.cost() RETURNS int LANGUAGE sql AS $$ SELECT 5 $$"),
        Said("DROP TABLE shop.more"),
        Said("GRANT SELECT ON ALL TABLES IN SCHEMA shop TO bob"),
        Said("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA shop TO bob"),
        Said("GRANT CREATE, USAGE ON SCHEMA shop TO bob"),
        Said("REVOKE CREATE ON SCHEMA shop FROM bob"),
        Said("REVOKE USAGE ON SCHEMA shop FROM PUBLIC"),
        Said("INSERT INTO summary SELECT max(id) + 1, count(*) FROM shop.item", signer="bob"),
        Said("INSERT INTO summary SELECT 57, count(*) FROM shop.more", signer="bob"),
        Said("INSERT INTO summary VALUES (58, shop.price())", signer="bob"),
        Said("INSERT INTO summary VALUES (59, shop.cost())"),
        Said("CREATE VIEW public.costly AS SELECT id FROM shop.dear"),
        Said("DROP VIEW costly"),
        Said("INSERT INTO summary SELECT max(id) + 1, count(*) FROM shop.dear"),
        Said("INSERT INTO shop.item SELECT count(*) FROM shop.item"),
    ),
)


@dataclass(frozen=True)
class Scene:
    """A state, what is defined there, and transactions to try on it."""

    start: Snapshot
    catalog: Catalog
    offered: list[Submission]


def random_scene(world: BankWorld, source: random.Random, most: int, accounts: Sequence[int]) -> Scene:
    """A state that some transactions of one or two families led to, and more of them; the machine is left there."""
    families = source.sample(FAMILIES, source.randrange(1, 3))
    world.machine.move_to(world.start)
    world.recorded(_drawn(world, source, families, source.randrange(10), accounts))
    snapshot, catalog = world.machine.snapshot, world.machine.catalog
    return Scene(snapshot, catalog, _drawn(world, source, families, source.randrange(2, most), accounts))


def _drawn(
    world: BankWorld, source: random.Random, families: Iterable[Sequence[Said]], count: int, accounts: Sequence[int]
) -> list[Submission]:
    said = [one for family in families for one in family]
    found = []
    for _ in range(count):
        if source.random() < 0.2:
            found += world.random_transactions(source, 1, accounts)
        else:
            one = source.choice(said)
            found.append(world.script(one.sql, one.signer, one.contract))
    return found
