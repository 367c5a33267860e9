"""The verb test, run as people and programs run it."""

import shutil

import pytest
from ledgers import records
from world import ROOT, World, require_command_line

SHOP = """\
CREATE FUNCTION share(whole int, parts int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF parts = 0 THEN
    RAISE EXCEPTION 'no parts';
  END IF;
  RETURN whole / parts;
END $$;
"""


@pytest.fixture
def folder(world: World) -> World:
    """A folder outside of any repository, with a contract and two test files."""
    require_command_line()
    for name, text in {
        "shop.sql": SHOP,
        "test_good.sql": "-- test: half\nASSERT shop.share(6, 2) = 3;\n-- test: third\nASSERT shop.share(6, 3) = 2;\n",
        "tests/bad.sql": "-- test: half again\nASSERT shop.share(6, 2) = 4;\n-- test: no\nSELECT shop.share(6, 0);\n",
        "tests/data.txt": "no test",
        ".hidden/test_no.sql": "nothing",
    }.items():
        path = world.root / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return world


def test_failures_are_told_with_places_and_end_with_1(folder: World) -> None:
    done = folder.run("git-aergo", "test", "shop", expect=1)
    assert done.out.splitlines() == [
        "shop/tests/bad.sql:2:1: failed: half again: assertion failed: 3 = 4 [P0004]",
        "shop/tests/bad.sql:4:1: failed: no: no parts [P0001] (in shop.share at shop/shop.sql:4:5)",
        "2 failed, 2 passed",
    ]
    assert done.err == ""


def test_the_current_folder_files_and_names_can_be_chosen(folder: World) -> None:
    assert folder.run("git-aergo", "test", "shop/test_good.sql").line == "2 passed"
    assert folder.run("git-aergo", "test", "-k", "third", cwd=folder.root / "shop").line == "1 passed"
    inside = folder.run("git-aergo", "test", cwd=folder.root / "shop" / "tests", expect=1).out
    assert inside.startswith("bad.sql:2:1: failed: half again")
    twice = folder.run("git-aergo", "test", "shop/test_good.sql", "shop", "-k", "half", expect=1).out
    assert twice.endswith("1 failed, 1 passed\n")


def test_coverage_names_the_lines_that_no_test_reaches(folder: World) -> None:
    assert folder.run("git-aergo", "test", "--coverage", "shop/test_good.sql").out.splitlines() == [
        "shop/shop.sql",
        "routine     statements  reached   %  not reached",
        "shop.share           3        2  66  4",
        "2 passed",
    ]
    assert "shop.share           3        3  100" in folder.run("git-aergo", "test", "--coverage", expect=1).out


def test_programs_read_json(folder: World) -> None:
    done = folder.run("git-aergo", "test", "shop", "--json", "--coverage", expect=1)
    assert records(done) == [
        {"file": "shop/test_good.sql", "line": 1, "column": 1, "test": "half", "passed": True},
        {"file": "shop/test_good.sql", "line": 3, "column": 1, "test": "third", "passed": True},
        {
            "file": "shop/tests/bad.sql", "line": 2, "column": 1, "test": "half again", "passed": False,
            "message": "assertion failed: 3 = 4", "sqlstate": "P0004", "calls": [],
        },
        {
            "file": "shop/tests/bad.sql", "line": 4, "column": 1, "test": "no", "passed": False,
            "message": "no parts", "sqlstate": "P0001",
            "calls": [{"routine": "shop.share", "file": "shop/shop.sql", "line": 4, "column": 5}],
        },
        {
            "file": "shop/shop.sql", "routine": "shop.share", "statements": 3, "reached": 3,
            # One more than calls stand there: a failure evaluates the two sides again.
            "lines": [[3, 5], [4, 1], [6, 4]],
        },
    ]  # fmt: skip


def test_what_cannot_be_tested_ends_with_2_or_fails_at_its_place(folder: World) -> None:
    shop = folder.root / "shop"
    assert "nowhere does not exist" in folder.run("git-aergo", "test", "nowhere", expect=2).err
    (folder.root / "empty").mkdir()
    assert folder.run("git-aergo", "test", "empty", expect=2).err.splitlines() == [
        "error: empty has no test: a file test_….sql or tests/….sql is expected",
        "hint: git aergo test --help tells what a test file looks like",
    ]
    assert "no test has x in its name" in folder.run("git-aergo", "test", "shop", "-k", "x", expect=2).err
    (shop / "test_good.sql").write_bytes(b"\xff")
    assert "is not UTF-8 at byte 0" in folder.run("git-aergo", "test", "shop/test_good.sql", expect=2).err
    (shop / "shop.sql").write_text(SHOP.replace("whole /", "hole /"))
    told = folder.run("git-aergo", "test", "shop/tests", expect=1).out
    assert told == 'shop/shop.sql:6:10: failed: column "hole" does not exist [42703]\n1 failed, 0 passed\n'


def test_the_bank_of_the_documents_passes_its_tests_and_they_reach_all_of_it(world: World) -> None:
    require_command_line()
    shutil.copytree(ROOT / "docs" / "bank", world.root / "bank")
    found = records(world.run("git-aergo", "test", "--coverage", "--json", "bank"))
    assert all(one["passed"] for one in found if "test" in one)
    missed = [one["routine"] for one in found if one["file"] == "bank/bank.sql" and one["reached"] < one["statements"]]
    assert missed == []
