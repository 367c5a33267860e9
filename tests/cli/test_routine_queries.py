"""Queries that call what contracts define."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from ledgers import records
from world import Place

SHOP = """\
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TABLE article (id bigint PRIMARY KEY, price numeric(10,2) NOT NULL, size size);
CREATE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT round(net * 1.19, 2) $$;
CREATE FUNCTION cheap(most numeric) RETURNS TABLE (id bigint, price numeric) LANGUAGE sql STABLE
AS $$ SELECT a.id, a.price FROM article a WHERE a.price <= most ORDER BY a.id $$;
CREATE FUNCTION sizes() RETURNS text[] LANGUAGE sql STABLE
AS $$ SELECT array_agg(coalesce(a.size::text, 'none') ORDER BY a.id) FROM article a $$;
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_user || ' at ' || aergo_height() $$;
CREATE FUNCTION add(id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN INSERT INTO article VALUES (id, 1); RETURN id; END $$;
CREATE FUNCTION tell() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN EMIT told (1 AS one); RETURN 1; END $$;
CREATE FUNCTION endless() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN LOOP END LOOP; END $$;
CREATE VIEW offer AS SELECT a.id, store.gross(a.price) AS gross FROM article a;
CREATE VIEW best AS SELECT min(o.gross) AS gross FROM offer o;
INSERT INTO article VALUES (1, 10, 'small'), (2, 20, NULL) ON CONFLICT DO NOTHING;
"""


@pytest.fixture
def store(shop: Place) -> Place:
    shop.write("store.sql", SHOP)
    shop.aergo("deploy", "store.sql", "--commit")
    shop.aergo("sql", "--commit", "UPDATE store.article SET price = price + 1")
    return shop


def test_a_query_calls_functions_that_read_at_any_block(store: Place) -> None:
    question = "SELECT a.id, store.gross(a.price) AS gross FROM store.article a ORDER BY a.id"
    assert records(store.aergo("query", "--json", question)) == [
        {"id": 1, "gross": "13.09"}, {"id": 2, "gross": "24.99"},
    ]  # fmt: skip
    assert records(store.aergo("query", "--json", "--at", "@-1", question))[0]["gross"] == "11.90"
    assert store.aergo("query", "SELECT * FROM store.cheap(15)").out == "id  price\n 1  11.00\n(1 row)\n"
    assert store.aergo("query", "SELECT store.who()").out.splitlines()[1] == "alice at 4"
    assert store.aergo("query", "--at", "@-1", "SELECT store.who()").out.splitlines()[1] == "alice at 3"


def test_a_column_is_headed_by_the_function_that_it_calls(store: Place) -> None:
    question = "SELECT store.gross(1), (store.gross(2)), store.gross(3)::text, 1 + store.gross(4), store.gross(5) AS e"
    columns = store.aergo("query", question).out.splitlines()[0].split()
    assert columns == ["gross", "gross", "gross", "?column?", "e"]


def test_a_query_asks_views_that_call_functions_be_it_by_way_of_others(store: Place) -> None:
    assert records(store.aergo("query", "--json", "SELECT gross FROM store.best")) == [{"gross": "13.09"}]
    assert records(store.aergo("query", "--json", 'SELECT count(*) AS n FROM "store"."offer"')) == [{"n": 2}]


def test_what_calls_no_routine_is_still_asked_in_duckdbs_dialect(store: Place) -> None:
    question = "SELECT list(id ORDER BY id) AS ids, 'store.gross(1)' AS text FROM store.article -- store.gross(1)"
    assert records(store.aergo("query", "--json", question)) == [{"ids": [1, 2], "text": "store.gross(1)"}]


def test_a_query_that_would_change_something_is_refused_and_changes_nothing(store: Place) -> None:
    assert store.aergo("query", "SELECT store.add(3)", expect=2).err == (
        "error: a query changes nothing, and this one would change store.article [25006]\n"
    )
    assert "would emit store.told" in store.aergo("query", "SELECT store.tell()", expect=2).err
    assert "only be called as a statement" in store.aergo("query", "SELECT 1 + store.add(3)", expect=2).err
    for script in ("SELECT store.who(); SELECT 1", "DELETE FROM store.article WHERE id = store.add(1)"):
        assert "a query is one SELECT" in store.aergo("query", script, expect=2).err
    assert "more than 10000000 steps" in store.aergo("query", "SELECT store.endless()", expect=2).err
    assert records(store.aergo("status", "--json"))[0]["pending"] == 0
    assert records(store.aergo("query", "--json", "SELECT count(*) AS n FROM store.article")) == [{"n": 2}]


def test_results_of_functions_are_written_in_every_format(store: Place, tmp_path: Path) -> None:
    question = (
        "SELECT a.id, store.gross(a.price) AS gross, a.size, store.sizes() AS sizes, a.id > 1 AS more"
        " FROM store.article a ORDER BY a.id DESC"
    )
    expected = [
        {"id": 2, "gross": "24.99", "size": None, "sizes": "{small,none}", "more": True},
        {"id": 1, "gross": "13.09", "size": "small", "sizes": "{small,none}", "more": False},
    ]
    assert records(store.aergo("query", "--format", "jsonl", question)) == expected
    assert json.loads(store.aergo("query", "--format", "json", question).out) == expected
    (first, _) = csv.DictReader(io.StringIO(store.aergo("query", "--format", "csv", question).out))
    assert first == {"id": "2", "gross": "24.99", "size": "", "sizes": "{small,none}", "more": "true"}
    path = tmp_path / "result.parquet"
    path.write_bytes(store.aergo("query", "--format", "parquet", question).out.encode(errors="surrogateescape"))
    found = duckdb.sql(f"SELECT * FROM '{path}'")
    assert list(map(str, found.types)) == ["BIGINT", "DECIMAL(38,2)", "VARCHAR", "VARCHAR", "BOOLEAN"]
    assert [(row[0], str(row[1]), *row[2:]) for row in found.fetchall()] == [
        (2, "24.99", None, "{small,none}", True), (1, "13.09", "small", "{small,none}", False),
    ]  # fmt: skip
