"""Tests of contracts pass and fail as they should, and say where."""

from collections.abc import Mapping

import pytest

from aergo_vc.base.errors import InputError
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.testing.outcomes import CaseOutcome, Failure, Frame, Place
from aergo_vc.sql.testing.playing import ContractFile, Ground, play

SHOP = """\
CREATE TABLE item (id int PRIMARY KEY, price numeric(10, 2) CHECK (price > 0), parent int REFERENCES item (id));
CREATE FUNCTION share(whole int, parts int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF parts > 9 THEN
    RAISE EXCEPTION 'too many: %', parts;
  END IF;
  RETURN whole / parts;
END $$;
CREATE FUNCTION half(whole int, parts int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN share(whole, parts); END $$;
CREATE PROCEDURE sell(wanted int) LANGUAGE plpgsql AS $$
BEGIN
  EMIT sold (wanted AS item, ARRAY[1, wanted] AS both);
END $$;
"""
FILES = {"shop.sql": SHOP, "wrong.sql": "CREATE TABLE t (id int PRIMARY KEY);\nCREATE VIEW v AS SELECT x FROM t;"}


def outcomes(text: str, files: Mapping[str, str] = FILES, coverage: Coverage | None = None) -> list[CaseOutcome]:
    def read(name: str) -> ContractFile:
        if name not in files:
            raise InputError(f"{name} cannot be read")
        return ContractFile(f"dir/{name}", name.removesuffix(".sql"), files[name])

    return list(play("t.sql", text, ["shop.sql"], Ground(read, coverage)))


def failures(text: str) -> dict[str | None, Failure | None]:
    return {one.test: one.failure for one in outcomes(text)}


def failure(statements: str) -> Failure | None:
    """Why a test of these statements fails; they begin in line 2."""
    return failures(f"-- test: x\n{statements}")["x"]


def told(statements: str) -> tuple[int, int, str]:
    found = failure(statements)
    assert found is not None
    assert found.place.file == "t.sql"
    return found.place.line, found.place.column, found.message


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("ASSERT shop.half(6, 2) = 4;", (2, 1, "assertion failed: 3 = 4")),
        ("ASSERT shop.half(6, 2) = 4, 'half of ' || 6;", (2, 1, "half of 6")),
        ("SELECT 1;\n  ASSERT NULL;", (3, 3, "assertion failed")),
        ("ASSERT 1 = 2 OR 1 > 2;", (2, 1, "assertion failed")),
        ("ASSERT (SELECT price FROM shop.item) <> NULL;", (2, 1, "assertion failed: NULL <> NULL")),
        ("assert 'a, b' < coalesce('a', 'b');", (2, 1, "assertion failed: a, b < a")),
        ("ASSERT 1;", (2, 1, "ASSERT takes a condition, and a message behind a comma")),
        ("ASSERT id = 1 FROM shop.item;", (2, 1, "ASSERT takes a condition; this gives 0 rows")),
        ("SELECT\n nope FROM shop.item;", (3, 2, 'column "nope" does not exist')),
        ("SELECT 1;\nSELEC 1;", (3, 7, 'syntax error at or near "1"')),
        ("-- error: 22012\nSELECT 1;", (3, 1, "error 22012 is expected, but the statement succeeds")),
        ("-- error: 22012 by\nSELECT shop.half(1, 10);", (3, 1, "error 22012 by is expected, not: too many: 10")),
        ("-- error: 22012 by one\nSELECT 1 / 0;", (3, 1, "error 22012 by one is expected, not: division by zero")),
        ("-- event: shop.sold\nSELECT 1;", (3, 1, "event shop.sold is expected; none is emitted")),
        (
            '-- event: shop.sold {"item": 8}\nCALL shop.sell(7);',
            (3, 1, "event shop.sold item=8 is expected; emitted: shop.sold item=7 both=(1, 7)"),
        ),
        ("-- deploy: nope.sql", (2, 1, "nope.sql cannot be read")),
        (
            "INSERT INTO shop.item VALUES (1, 1, 2);",
            (
                2,
                1,
                'insert or update on table "item" violates foreign key constraint "item_parent_fkey"',
            ),
        ),
    ],
)
def test_a_failure_names_its_place_and_what_was_found(statements: str, expected: tuple[int, int, str]) -> None:
    assert told(statements) == expected


@pytest.mark.parametrize(
    "statements",
    [
        "ASSERT shop.half(6, 2) = 3;",
        "ASSERT 1 = 1 AND 2 = 2, 'message';",
        "-- error: division_by_zero\nSELECT 1 / 0;",
        "-- error: P0001 too many: 10\nSELECT shop.half(1, 10);",
        '-- event: shop.sold {"item": 7, "both": [1, 7]}\nCALL shop.sell(7);',
        "-- error: 23514\nINSERT INTO shop.item VALUES (1, 0);\nASSERT (SELECT COUNT(*) FROM shop.item) = 0;",
        "-- as: bob\nASSERT current_user = 'bob';\n-- at: 2027-01-02\nASSERT CURRENT_DATE = DATE '2027-01-02';",
        "-- deploy: shop.sql as other\nASSERT other.half(4, 2) = 2;",
        "-- error: 42703\n-- deploy: wrong.sql",
    ],
)
def test_what_is_as_expected_passes(statements: str) -> None:
    assert failure(statements) is None


def test_errors_in_routines_name_places_in_their_files() -> None:
    found = failure("SELECT shop.half(1, 0);")
    assert found == Failure(
        Place("t.sql", 2, 1),
        "division by zero",
        "22012",
        (Frame("shop.share", Place("dir/shop.sql", 7, 3)), Frame("shop.half", Place("dir/shop.sql", 9, 85))),
    )


def test_an_error_of_a_deployment_is_in_the_contracts_file() -> None:
    (only,) = outcomes("-- deploy: wrong.sql\n-- test: x\nSELECT 1;")
    assert only.test is None
    assert only.failure is not None
    assert (only.failure.place, only.failure.sqlstate) == (Place("dir/wrong.sql", 2, 25), "42703")


def test_a_test_leaves_nothing_to_the_next_one() -> None:
    insert = "INSERT INTO shop.item VALUES (2, 5);\nASSERT (SELECT SUM(price) FROM shop.item) = 6;\n"
    found = failures(
        "INSERT INTO shop.item VALUES (1, 1);\n"
        f"-- test: a\n{insert}-- test: b\n{insert}"
        "-- test: c\n-- deploy: new.sql as shop\nSELECT 1;\n-- test: d\nASSERT shop.half(6, 2) = 3;\n"
        "-- test: e\nALTER TABLE shop.item ADD COLUMN note text;\nUPDATE shop.item SET note = 'x';\n"
        "-- test: f\n-- error: 42703\nSELECT note FROM shop.item;"
    )
    assert {name for name, one in found.items() if one is not None} == {"c"}
    assert list(found) == ["a", "b", "c", "d", "e", "f"]


def test_routines_without_parameters_called_test_are_tests() -> None:
    found = failures(
        "CREATE PROCEDURE test_good() LANGUAGE plpgsql AS $$ BEGIN ASSERT shop.half(4, 2) = 2; END $$;\n"
        "CREATE FUNCTION test_bad() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  ASSERT 1 = 2, 'no';\nEND $$;\n"
        "CREATE FUNCTION test_with(x int) RETURNS int LANGUAGE sql AS $$ SELECT x $$;\n"
    )
    assert found == {
        "test_good": None,
        "test_bad": Failure(
            Place("t.sql", 2, 1), "no", "P0004", (Frame("public.test_bad", Place("t.sql", 4, 3)),)
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "SELECT 1;", "-- as: B\n-- test: x\nSELECT 1;", "SELECT nope;\n-- test: x\nSELECT 1;"]
)
def test_a_file_that_cannot_be_tested_fails_as_a_whole(text: str) -> None:
    (only,) = outcomes(text)
    assert only.test is None
    assert only.failure is not None


def test_coverage_counts_each_statement_as_often_as_it_ran() -> None:
    coverage = Coverage()
    text = "-- test: x\nSELECT shop.half(4, 2);\nSELECT shop.share(4, 2);\n-- error: P0001\nSELECT shop.share(1, 10);\n"
    assert [one.failure for one in outcomes(text, coverage=coverage)] == [None]
    counted = {
        name: [(one.line, one.hits) for one in coverage.statements(name, body)] for name, body in coverage.routines()
    }
    assert counted == {"shop.half": [(1, 1)], "shop.share": [(3, 3), (4, 1), (6, 2)], "shop.sell": [(3, 0)]}
