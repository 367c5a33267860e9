"""What scripts could use, and what definitions change, by name."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import EntityName, RoutineName, TableName
from aergo_vc.model.routines import Grant
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.naming import Naming, defined, lines_naming, words

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE item (k int PRIMARY KEY, v int, m mood);
CREATE TABLE part (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item int REFERENCES item);
CREATE TABLE "order" (k int);
CREATE VIEW dear AS SELECT k FROM item WHERE v > 5;
CREATE FUNCTION dearest() RETURNS int LANGUAGE sql AS 'SELECT max(k) FROM dear';
CREATE PROCEDURE add() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "order" VALUES (dearest());
END $$;
"""


def _catalog(*scripts: str) -> Catalog:
    engine = Engine()
    for script in (SCHEMA, *scripts):
        engine.run(script, context())
    return engine.catalog


@pytest.mark.parametrize(
    ("script", "used"),
    [
        ("SELECT 1", set()),
        ("select V from ITEM", {"item", "mood"}),
        ("SELECT public.item.k FROM public.item", {"item", "mood"}),
        ("INSERT INTO part (item) VALUES (1)", {"part", "part_k_seq", "item", "mood"}),
        ("SELECT nextval('part_k_seq')", {"part_k_seq", "part", "item", "mood"}),
        ("SELECT k FROM dear", {"dear", "item", "mood"}),
        ("SELECT 'sad'::mood", {"mood"}),
        ('DELETE FROM "order"', {"order"}),
        ("CALL add()", {"add", "order", "dearest", "dear", "item", "mood"}),
    ],
)
def test_a_script_uses_what_its_words_name_and_what_that_uses(script: str, used: set[str]) -> None:
    assert Naming([_catalog()]).used_by([script]) == used


def test_a_routine_uses_itself() -> None:
    naming = Naming([_catalog()])
    assert naming.used_by_routine(RoutineName("public.dearest")) == {"dearest", "dear", "item", "mood"}


def test_what_may_use_something_names_it_or_is_bound_to_it_by_a_foreign_key() -> None:
    naming = Naming([_catalog()])
    assert naming.using({"dear"}) == {"dear", "dearest", "add"}
    assert naming.using({"part"}) == {"part", "part_k_seq", "item", "dear", "dearest", "add"}


def test_names_may_be_defined_in_other_texts_too() -> None:
    naming = Naming([_catalog()], {"later": ["CREATE VIEW later AS SELECT * FROM Dear"]})
    assert naming.used_by(["SELECT * FROM later"]) == {"later", "dear", "item", "mood"}
    assert "later" in naming.using({"mood"})


def test_what_is_gone_is_still_named() -> None:
    before, after = _catalog(), _catalog("DROP VIEW dear CASCADE")
    assert "dear" in Naming([before, after]).used_by(["DROP VIEW dear CASCADE"])


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("SELECT 1", set()),
        ("CREATE TABLE IF NOT EXISTS item (k int)", set()),
        ("CREATE TABLE other (k int)", {"other"}),
        ("ALTER TABLE part RENAME TO piece", {"part", "piece", "part_k_seq"}),
        ("ALTER TABLE item ADD COLUMN w int", {"item"}),
        ("CREATE INDEX i ON item (v)", {"item", "i"}),
        ("ALTER TYPE mood ADD VALUE 'so'", {"mood"}),
        ("CREATE OR REPLACE VIEW dear AS SELECT k FROM item", {"dear"}),
        ("DROP TABLE part", {"part", "part_k_seq"}),
    ],
)
def test_what_a_definition_changes_is_what_differs(script: str, names: set[str]) -> None:
    assert defined(_catalog(), _catalog(script)) == names


@pytest.mark.parametrize(
    ("grant", "names"),
    [
        (Grant("table public.part", "select", "bob"), {"part"}),
        (Grant("routine public.dearest", "execute", "public"), {"dearest"}),
        (Grant("contract bank", "usage", "bob"), {"account"}),
    ],
)
def test_a_privilege_concerns_its_object_or_all_that_is_in_a_contract(grant: Grant, names: set[str]) -> None:
    catalog = _catalog()
    account = Table(TableName("bank.account"), (), ())
    catalog = replace(catalog, tables={**catalog.tables, account.name: account})
    assert defined(catalog, replace(catalog, grants=frozenset([grant]))) == names
    assert defined(replace(catalog, grants=frozenset([grant])), catalog) == names


def test_a_contract_that_gets_an_owner_is_defined_as_a_whole() -> None:
    catalog = _catalog()
    assert defined(catalog, replace(catalog, owners={"public": EntityName("bob")})) >= {"item", "dearest", "mood"}


_PIECES = ("item", "it", "Item", "n", "k", "_", " ", "\n", "\\", '"', "\x01", "é", "\N{KELVIN SIGN}")
_TEXTS = st.lists(st.sampled_from(_PIECES))


@given(st.lists(_TEXTS.map("".join), max_size=3), st.sets(st.sampled_from(["item", "it", "n", "k", "nitem", "itk"])))
def test_lines_of_json_name_what_their_texts_name(texts: list[str], names: set[str]) -> None:
    lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts).encode()
    assert lines_naming(lines, names) == {place for place, text in enumerate(texts) if names & words(text)}
