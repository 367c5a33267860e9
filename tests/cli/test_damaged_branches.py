"""A branch whose head is no block, as a merge button leaves it, hides nothing of the others."""

from pathlib import Path

import pytest
from ledgers import copy_of, records
from world import Place


@pytest.fixture(scope="module", params=["conflict markers", "a file is missing"])
def damaged(request: pytest.FixtureRequest, pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The shop, a good branch and, first by name, a damaged one; the worktree is on main."""
    shop = copy_of(pristine, tmp_path_factory.mktemp("damaged") / "world")
    shop.aergo("branch", "bad")
    shop.aergo("branch", "good")
    shop.aergo("checkout", "good")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("checkout", "bad")
    for name in ("block.json", "transactions.jsonl", "receipts.jsonl"):
        path = shop.path / "ledger" / name
        if request.param == "conflict markers":
            path.write_text(f"<<<<<<< HEAD\n{path.read_text()}=======\n{path.read_text()}>>>>>>> side\n")
        else:
            path.unlink()
    shop.git("add", "ledger")
    tree = shop.git("write-tree").line
    head = shop.git("commit-tree", tree, "-p", "bad", "-p", "good", "-m", "Merge pull request #1").line
    shop.git("update-ref", "refs/heads/bad", head)
    shop.git("tag", "broken", "bad")
    shop.git("tag", "sound", "good")
    shop.git("checkout", "--quiet", "--force", "main")
    return shop


def test_it_is_listed_and_marked(damaged: Place) -> None:
    lines = {line.split()[-1]: line for line in damaged.aergo("branch").out.splitlines() if "no block" not in line}
    assert list(lines) == ["aergo/directory", "good", "main"]
    (marked,) = [line for line in damaged.aergo("branch").out.splitlines() if "no block" in line]
    head = damaged.git("rev-parse", "bad").line
    assert marked.startswith("  -                  -  bad  no block: ")
    found = {record["name"]: record for record in records(damaged.aergo("branch", "--json"))}
    assert sorted(found) == ["aergo/directory", "bad", "good", "main"]
    assert (found["bad"]["commit"], found["bad"]["block"]) == (head, None)
    assert found["bad"]["error"]["message"] in marked
    assert found["good"]["sole_producer"] == "alice"
    assert [record["name"] for record in records(damaged.aergo("tag", "--json"))] == ["broken", "sound"]
    assert "no block: " in damaged.aergo("tag").out.splitlines()[0]


def test_the_others_are_read_and_written_as_ever(damaged: Place, tmp_path: Path) -> None:
    shop = copy_of(damaged, tmp_path / "copy")
    (block, *_) = records(shop.aergo("log", "--json", "good"))
    shown, first, *_ = records(shop.aergo("show", "--json", block["block"][:12]))
    assert shown["block"] == block["block"]
    transaction = first["transaction"]
    assert records(shop.aergo("show", "--json", transaction[:12]))[0]["transaction"] == transaction
    for words in (["status"], ["log"], ["log", "good"], ["show"], ["dtt", "good"], ["diff", "main", "good"]):
        shop.aergo(*words)
    assert "bad" in shop.aergo("fsck", expect=1).out
    shop.aergo("cherry-pick", transaction[:12])
    shop.aergo("merge", "good")
    shop.aergo("branch", "another", block["block"][:12])
    shop.aergo("verify")


def test_what_names_it_is_refused_with_what_is_wrong(damaged: Place) -> None:
    for words in (["log", "bad"], ["show", "bad"], ["merge", "bad"], ["branch", "b", "bad"], ["tag", "t", "broken"]):
        refused = damaged.aergo(*words, expect=None)
        assert refused.status in (1, 2, 128)
        assert refused.err.startswith("error: ")
        assert "Traceback" not in refused.err
