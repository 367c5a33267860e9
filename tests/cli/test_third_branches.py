"""What one branch settled, taken on by a third one: what the verbs, and plain git, do and print."""

import json
from pathlib import Path

import pytest
from ledgers import records
from world import Place

SETTLE = """
CREATE FUNCTION settle(base price, ours price, theirs price) RETURNS price LANGUAGE plpgsql AS $$
BEGIN theirs.cents := (ours.cents + theirs.cents) / 2; RETURN theirs; END $$;
"""


def on(shop: Place, branch: str, *scripts: str) -> None:
    shop.aergo("checkout", branch)
    for script in scripts:
        shop.aergo("sql", "--commit", script)


@pytest.fixture
def settled(shop: Place) -> Place:
    """Branches `source`, whose law settled the price of bread, and `third`, of which `own` asks people."""
    on(shop, "main", SETTLE)
    for words in (("side",), ("source", "--merge=public.settle"), ("third",), ("own", "--merge=fail")):
        shop.aergo("branch", *words)
    on(shop, "side", "UPDATE price SET cents = 355 WHERE item = 'bread'")
    on(shop, "source", "UPDATE price SET cents = 365 WHERE item = 'bread'")
    shop.aergo("merge", "side")
    assert bread(shop) == [360, None]
    shop.aergo("checkout", "third")
    return shop


def bread(shop: Place) -> list[object]:
    (row,) = records(shop.aergo("query", "--json", "SELECT cents, note FROM price WHERE item = 'bread'"))
    return list(row.values())


def block_of(shop: Place, branch: str) -> str:
    return str(records(shop.aergo("show", "--json", branch))[0]["block"])


@pytest.mark.parametrize("by", ["verb", "git"])
def test_a_third_branch_takes_on_what_was_settled_and_says_where(settled: Place, by: str) -> None:
    block = block_of(settled, "source")
    told = f"settled by public.settle in block {block[:12]}"
    assert told in settled.aergo("merge", "--dry-run", "source").out
    plain = settled.aergo("merge", "--dry-run", "--markdown", "source").out
    assert f"settled by public.settle in block {block[:12]}" in plain
    if by == "git":
        settled.aergo("install")
        settled.git("merge", "--quiet", "--no-edit", "source")
    else:
        assert told in settled.aergo("merge", "source").out
    assert bread(settled) == [360, None]
    assert f"Settled:   public.settle in block {block[:12]}" in settled.aergo("show").out
    last = records(settled.aergo("show", "--json"))[-1]
    assert (last["settled"], last["settled_in"]) == ("public.settle", block)
    settled.aergo("verify")
    settled.git("clone", "--quiet", ".", "../clone")
    Place(settled.world, settled.path.parent / "clone").aergo("verify")


def test_a_person_answers_another_question_where_no_law_does(settled: Place, tmp_path: Path) -> None:
    on(settled, "own", "UPDATE price SET note = 'rye' WHERE item = 'bread'")
    assert "1 transaction in conflict" in settled.aergo("merge", "source", expect=1).out
    (one,) = records(settled.aergo("conflicts", "--json", expect=1))
    (row,) = one["rows"]
    assert one["code"] == "E_SETTLED"
    assert f"settled in block {block_of(settled, 'source')[:12]} where it found" in one["reason"]
    assert [row[side]["cents"] for side in ("base", "ours", "theirs")] == [365, 365, 360]
    assert [row[side]["note"] for side in ("base", "ours", "theirs")] == [None, "rye", None]
    settled.aergo("resolve", "price", "bread", "cents=360", "note=rye")
    (done,) = records(settled.aergo("merge", "--continue", "--json"))
    assert json.dumps(done).count("E_RESOLVED") == 1
    assert bread(settled) == [360, "rye"]
    settled.aergo("verify")
