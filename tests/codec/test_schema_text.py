"""schema.sql: one spelling, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import TableName
from aergo_vc.codec.schema_text import contracts, parse_schema, schema_text
from aergo_vc.model.routines import EnumType, Grant
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import Kind
from aergo_vc.sql.engine import Engine

LATE = (
    "CONSTRAINT late FOREIGN KEY (airport) REFERENCES public.airport (id) ON DELETE RESTRICT ON UPDATE SET NULL"
    " DEFERRABLE INITIALLY DEFERRED"
)
TEXT = f"""\
CREATE TABLE public.airport (
  id integer NOT NULL,
  "le_heading_degT" numeric,
  name varchar(20) NOT NULL DEFAULT 'x',
  price numeric(8,2) DEFAULT 1.50,
  "select" double precision,
  PRIMARY KEY (id),
  CONSTRAINT airport_name_id_key UNIQUE (name, id),
  CONSTRAINT airport_price_check CHECK (price >= 0)
);
CREATE TABLE public.runway (
  airport integer,
  seen timestamptz,
  CONSTRAINT runway_a_fkey FOREIGN KEY (airport) REFERENCES public.airport (id) ON DELETE CASCADE ON UPDATE NO ACTION
);
CREATE TABLE public.visit (
  airport integer,
  {LATE},
  CONSTRAINT soon FOREIGN KEY (airport) REFERENCES public.airport (id) ON DELETE SET DEFAULT ON UPDATE NO ACTION
);
CREATE UNIQUE INDEX by_name ON public.airport (name);
CREATE VIEW public.dear (id, p) AS SELECT id, price * 2 FROM public.airport WHERE name <> 'a, b';
"""

AIRPORT = """CREATE TABLE airport (
  id int, "le_heading_degT" decimal, name character varying(20) DEFAULT 'x' NOT NULL,
  price numeric(8,2) DEFAULT 1.50 CHECK (price >= 0), "select" double precision, UNIQUE (name, id), PRIMARY KEY (id)
)"""
DEFINITIONS = [
    AIRPORT,
    """CREATE TABLE runway (
      airport int CONSTRAINT runway_a_fkey REFERENCES airport ON DELETE CASCADE, seen timestamp with time zone)""",
    "CREATE UNIQUE INDEX by_name ON airport (name)",
    """CREATE TABLE visit (airport int, CONSTRAINT soon FOREIGN KEY (airport) REFERENCES airport
      ON DELETE SET DEFAULT DEFERRABLE INITIALLY IMMEDIATE, CONSTRAINT late FOREIGN KEY (airport) REFERENCES airport
      ON UPDATE SET NULL INITIALLY DEFERRED ON DELETE RESTRICT)""",
    "CREATE VIEW dear (id, p) AS SELECT id, price*2 FROM public.airport WHERE name != 'a, b'",
]


def test_statements_become_the_one_spelling() -> None:
    engine = Engine()
    for statement in DEFINITIONS:
        engine.run(statement, context())
    assert schema_text(engine.catalog, "public") == TEXT
    assert parse_schema("public", TEXT) == engine.catalog
    assert contracts(engine.catalog) == ("public",)


def test_the_order_of_statements_does_not_show() -> None:
    engine = Engine()
    for position in (0, 4, 3, 2, 1):
        engine.run(DEFINITIONS[position], context())
    assert schema_text(engine.catalog, "public") == TEXT


def test_a_contract_without_definitions_is_empty_text() -> None:
    assert schema_text(Catalog(), "public") == ""
    assert parse_schema("public", "") == Catalog()


def test_a_stored_schema_runs_as_a_script() -> None:
    engine = Engine()
    engine.run(TEXT, context())
    assert schema_text(engine.catalog, "public") == TEXT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("  id integer", "   id integer"),
        ("id integer", '"id" integer'),
        ("integer NOT NULL", "int NOT NULL"),
        ("numeric(8,2)", "numeric(08,2)"),
        ("numeric(8,2)", "numeric(8)"),
        ("PRIMARY KEY (id),\n", ""),
        ("PRIMARY KEY (id)", "PRIMARY KEY (nope)"),
        ("  PRIMARY KEY (id),\n", "  PRIMARY KEY (id),\n  PRIMARY KEY (id),\n"),
        ("ON UPDATE NO ACTION", "ON UPDATE nothing"),
        ("DEFERRABLE INITIALLY DEFERRED", "INITIALLY DEFERRED"),
        ("ON UPDATE NO ACTION", "ON UPDATE NO ACTION DEFERRABLE INITIALLY IMMEDIATE"),
        ("ON UPDATE NO ACTION", "ON UPDATE NO ACTION NOT DEFERRABLE"),
        ("public.runway", "other.runway"),
        ("CREATE UNIQUE INDEX by_name ON public.airport (name);\n", ""),
        (";\nCREATE VIEW", ";\n\nCREATE VIEW"),
        (");\nCREATE TABLE", ")\nCREATE TABLE"),
        ("seen timestamptz", "seen serial"),
        ("seen timestamptz", "airport timestamptz"),
    ],
)
def test_no_other_spelling_is_read(old: str, new: str) -> None:
    changed = TEXT.replace(old, new, 1) if old != "\n" else TEXT.replace("\n", "\r\n")
    if old.startswith("CREATE UNIQUE"):
        changed = changed + old  # the same index, behind the view
    with pytest.raises(FormatError):
        parse_schema("public", changed)


@given(st.data())
def test_cut_or_mangled_text_is_refused_or_means_itself(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    stop = data.draw(st.integers(start, len(TEXT)))
    mangled = TEXT[:start] + data.draw(st.text(max_size=3)) + TEXT[stop:]
    try:
        catalog = parse_schema("public", mangled)
    except FormatError:
        return
    assert schema_text(catalog, "public") == mangled


CONTRACT = """\
ALTER SCHEMA bank OWNER TO "al.ice";
CREATE TYPE bank.kind AS ENUM ('cash', 'it''s, a card', '');
CREATE TYPE bank.leg AS (account bigint, "order" bank.kind, amounts numeric(12,2)[], from_ shop.box);
CREATE TYPE bank.nothing AS ();
CREATE TABLE bank.account (
  id bigint NOT NULL,
  kind bank.kind DEFAULT 'cash',
  state shop.state,
  PRIMARY KEY (id)
);
GRANT EXECUTE ON ROUTINE bank.transfer TO PUBLIC;
GRANT SELECT (id, kind) ON TABLE bank.account TO "role:writer";
GRANT USAGE ON SCHEMA bank TO bob;
"""


def test_owner_types_and_grants_are_read_and_spelled_again() -> None:
    catalog = parse_schema("bank", CONTRACT, {"shop.state"})
    assert schema_text(catalog, "bank") == CONTRACT
    assert contracts(catalog) == ("bank",)
    assert catalog.owners == {"bank": "al.ice"}
    assert catalog.types["bank.kind"] == EnumType("bank.kind", ("cash", "it's, a card", ""))
    columns = catalog.tables[TableName("bank.account")].columns
    assert [column.type.kind for column in columns] == [Kind.BIGINT, Kind.ENUM, Kind.ENUM]
    assert Grant("table bank.account", "select", "role:writer", ("id", "kind")) in catalog.grants
    assert Grant("routine bank.transfer", "execute", "public") in catalog.grants


def test_a_column_of_another_contracts_type_needs_to_be_told_that_it_is_an_enum() -> None:
    with pytest.raises(FormatError):
        parse_schema("bank", CONTRACT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ALTER SCHEMA bank", "ALTER SCHEMA shop"),
        ('"al.ice"', "al.ice"),
        ("'cash', 'it''s", "'cash','it''s"),
        ("(account bigint, ", "(account bigint,"),
        ("kind bank.kind DEFAULT", "kind bank.leg DEFAULT"),
        ("id bigint", "id bigint[]"),
        ("id bigint", "id record"),
        ("(id, kind)", "(kind, id)"),
        ("EXECUTE ON ROUTINE bank.transfer", "EXECUTE ON ROUTINE bank"),
        ("USAGE ON SCHEMA bank", "USAGE ON SCHEMA shop"),
        ("TO PUBLIC", "TO public"),
        ("GRANT USAGE", "GRANT USAGE ON SCHEMA bank TO bob;\nGRANT USAGE"),
    ],
)  # fmt: skip
def test_no_other_spelling_of_owner_types_and_grants_is_read(old: str, new: str) -> None:
    changed = CONTRACT.replace(old, new, 1)
    with pytest.raises(FormatError):
        parse_schema("bank", changed, {"shop.state"})
