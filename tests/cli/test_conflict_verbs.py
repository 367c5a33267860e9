"""``git aergo conflicts`` and ``git aergo resolve``: what they print, how they end, and what the block holds then."""

import json
import shutil
from pathlib import Path

import pytest
from ledgers import matches, records
from world import Place, World


@pytest.fixture(scope="module")
def stopped(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A merge in progress, which no test changes: the price of bread was changed on both sides, and a policy fails."""
    shop = _copy(pristine, tmp_path_factory.mktemp("stopped") / "copy")
    shop.aergo("branch", "here", "--merge", "fail")
    shop.aergo("branch", "side")
    shop.aergo("checkout", "side")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 1, note = 'cheap' WHERE item = 'bread'")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = cents + 1 WHERE item = 'tea'")
    shop.aergo("checkout", "here")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 2 WHERE item = 'bread'")
    shop.aergo("merge", "side", expect=1)
    return shop


@pytest.fixture
def shop(stopped: Place, tmp_path: Path) -> Place:
    """A copy of it, for a test to change."""
    return _copy(stopped, tmp_path / "copy")


def _copy(place: Place, root: Path) -> Place:
    shutil.copytree(place.world.root, root, symlinks=True)
    return Place(World(root, place.world.clock), root / place.path.name)


def conflicting(shop: Place) -> str:
    return str(records(shop.aergo("conflicts", "--json", expect=1))[0]["transaction"])


def row(shop: Place, item: str = "bread") -> list[object]:
    return list(
        records(shop.aergo("query", "--json", f"SELECT cents, note FROM price WHERE item = '{item}'"))[0].values()
    )


def seal(shop: Place) -> dict[str, object]:
    """Conclude the merge, in which nothing is left to look at, and whose block must be valid."""
    (done,) = records(shop.aergo("merge", "--continue", "--json"))
    shop.aergo("verify")
    assert shop.git("status", "--porcelain").out == ""
    return done


def test_a_merge_with_a_conflict_stops_and_shows_it_by_cell(shop: Place) -> None:
    assert shop.git("rev-parse", "MERGE_HEAD").line == shop.git("rev-parse", "side").line
    shown = shop.aergo("conflicts", expect=1).out
    assert matches(
        r"transaction [0-9a-f]{64}\n"
        r"Signer: +alice\n"
        r"Reason: +E_LOST_UPDATE: it writes cents of public\.price \"bread\" unseen, where the target has 2;"
        r" price was changed on both sides, and the branch's policy is fail\n"
        r"\n"
        r"public\.price \(bread\)\n"
        r"column +base +ours +theirs\n"
        r"cents +370 +2 +1\n"
        r"\n"
        r"1 conflict open\n",
        shown,
    ), shown
    (record,) = records(shop.aergo("conflicts", "--json", expect=1))
    (one,) = record["rows"]
    assert (one["table"], one["key"], one["columns"]) == ("public.price", ["bread"], ["cents"])
    assert [one[side]["cents"] for side in ("base", "ours", "theirs")] == [370, 2, 1]
    assert "1 transaction in conflict" in shop.aergo("merge", "--continue", expect=1).out
    cells = records(shop.aergo("query", "--conflicts", "--json", "SELECT * FROM aergo.conflicts"))
    assert [(cell["column_name"], cell["base"], cell["ours"], cell["theirs"]) for cell in cells] == [
        ("cents", "370", "2", "1")
    ]
    assert json.loads(cells[0]["key"]) == ["bread"]


def test_git_commits_nothing_while_a_conflict_is_open(shop: Place) -> None:
    assert shop.git("status", "--porcelain").out == "UU ledger/block.json\n"
    head = shop.git("rev-parse", "HEAD").line
    shop.git("commit", "-m", "by hand", expect=128)
    assert shop.git("rev-parse", "HEAD").line == head
    shop.aergo("verify")
    shop.git("merge", "--abort")
    assert shop.git("status", "--porcelain").out == ""


def test_plain_git_merge_stops_for_a_conflict_and_goes_on_after_it_was_resolved(shop: Place) -> None:
    shop.aergo("merge", "--abort")
    shop.aergo("install")
    stopped = shop.git("merge", "side", expect=1)
    assert "1 transaction in conflict" in stopped.err + stopped.out
    shop.git("commit", "-m", "by hand", expect=128)
    shop.aergo("resolve", "--theirs", conflicting(shop))
    seal(shop)
    assert row(shop) == [1, "cheap"]


@pytest.mark.parametrize("words", [("commit", "--no-edit"), ("-c", "core.editor=true", "merge", "--continue")])
def test_git_concludes_a_merge_that_was_resolved(words: tuple[str, ...], shop: Place) -> None:
    shop.aergo("install")
    shop.aergo("resolve", "--theirs", conflicting(shop))
    assert "ledger/block.json" in shop.git("diff", "--cached", "--name-only").out
    assert shop.aergo("conflicts").out.startswith("0 conflicts open, 1 resolution signed")
    shop.git(*words)
    shop.aergo("verify")
    assert shop.git("status", "--porcelain").out == ""
    assert row(shop) == [1, "cheap"]


def test_git_waits_for_other_files_in_conflict_after_transactions_were_resolved(shop: Place) -> None:
    shop.aergo("merge", "--abort")
    for branch in ("side", "here"):
        shop.aergo("checkout", branch)
        shop.write("file", branch)
        shop.commit("Add a file")
    shop.aergo("merge", "side", expect=1)
    shop.aergo("resolve", "--theirs", conflicting(shop))
    assert "UU ledger/block.json" in shop.git("status", "--porcelain").out
    shop.git("add", "file")
    shop.git("commit", "--no-edit", expect=128)
    seal(shop)


@pytest.mark.parametrize(
    ("option", "expected"), [("--ours", [2, "cheap"]), ("--theirs", [1, "cheap"]), ("--skip", [2, None])]
)
def test_a_side_is_taken_or_the_transaction_skipped(shop: Place, option: str, expected: list[object]) -> None:
    told = shop.aergo("resolve", option, conflicting(shop)[:12]).out
    assert told == "0 conflicts open, 1 resolution signed\nSeal the merge with: git aergo merge --continue\n"
    done = seal(shop)
    first, second, resolution = done["transactions"]  # type: ignore[misc]
    assert first["refused"]["code"] == "E_RESOLVED"
    assert resolution["transaction"] in first["refused"]["message"]
    assert (second["refused"], resolution["refused"]) == (None, None)
    assert row(shop) == expected
    assert row(shop, "tea") == [411, "loose"]


def test_a_cell_is_told(shop: Place) -> None:
    shop.aergo("resolve", "price", "bread", "cents=3", "note=NULL")
    seal(shop)
    assert row(shop) == [3, None]


def test_sql_says_what_is_done_instead_and_the_last_word_counts(shop: Place) -> None:
    wanted = conflicting(shop)
    shop.aergo("resolve", "--sql", "UPDATE price SET cents = 4 WHERE item = 'bread'")
    assert shop.aergo("conflicts").out.startswith("0 conflicts open")
    seal(shop)
    assert row(shop) == [4, None]
    shown = shop.aergo("show").out
    assert f"-- resolves {wanted}" in shown
    (left,) = records(shop.aergo("conflicts", "HEAD", "--json"))
    assert (left["transaction"], left["refused"]["code"]) == (wanted, "E_RESOLVED")
    for words in (("HEAD",), ()):
        assert "E_RESOLVED" in shop.aergo("conflicts", *words).out


def test_an_aborted_merge_forgets_how_it_was_resolved(shop: Place) -> None:
    shop.aergo("resolve", "--skip", conflicting(shop))
    shop.aergo("merge", "--abort")
    assert "no merge is in progress" in shop.aergo("conflicts", expect=128).err
    shop.aergo("merge", "side", expect=1)
    assert conflicting(shop)


def test_a_policy_settles_without_asking(shop: Place) -> None:
    shop.aergo("merge", "--abort")
    shop.aergo("branch", "there", "--merge", "theirs")
    shop.aergo("checkout", "there")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 3 WHERE item = 'bread'")
    assert "settled by theirs" in shop.aergo("merge", "side").out
    shop.aergo("verify")
    assert row(shop) == [1, "cheap"]


WRONG = [
    ((), "one of --ours, --theirs, --skip, --sql, or a row with its cells is expected"),
    (("--ours", "a", "--theirs", "b"), "one of --ours"),
    (("--ours", "a", "price"), "one of --ours"),
    (("--ours", "zz"), "no transactions in conflict that begin with zz"),
    (("--ours", ""), "no transaction is named by an empty text"),
    (("--sql", "", ""), "no transaction is named by an empty text"),
    (("price", "bread"), "at least one COLUMN=VALUE"),
    (("price", "bread", "cents"), "'cents': COLUMN=VALUE is expected"),
    (("price", "bread", "cents=1", "cents=2"), "each column once"),
    (("price", "bread", "nope=1"), "public.price has no column nope"),
    (("price", "bread", "cents=x"), "invalid input syntax for type bigint"),
    (("price", "tea", "cents=1"), "no transactions are in conflict in that row"),
    (("price", "a,b", "cents=1"), "the key of public.price is (item), and 2 values are given"),
    (("nope", "tea", "cents=1"), "there is no table public.nope"),
    (("--sql", "UPDATE nope SET x = 1"), "relation"),
    (("--sql", "SELEC"), "the resolution"),
    (("--sql", "-- resolves " + "0" * 64 + "\n"), "names transactions that it resolves"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_wrong_resolutions_are_refused(stopped: Place, words: tuple[str, ...], message: str) -> None:
    outcome = stopped.aergo("resolve", *words, expect=2)
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not list((stopped.path / ".git" / "aergo").glob("resolutions/*"))


def test_a_merge_that_git_was_not_told_of_before_a_crash_begins_again(shop: Place) -> None:
    (shop.path / ".git" / "MERGE_HEAD").unlink()
    assert "1 transaction in conflict" in shop.aergo("merge", "side", expect=1).out
    assert shop.git("status", "--porcelain").out == "UU ledger/block.json\n"


def test_without_a_merge_there_is_nothing_to_resolve(shop: Place) -> None:
    shop.aergo("merge", "--abort")
    for words in (("conflicts",), ("resolve", "--skip", "a"), ("query", "--conflicts", "SELECT 1")):
        assert "no merge is in progress" in shop.aergo(*words, expect=128).err
    assert shop.aergo("conflicts", "HEAD").out == ""
    assert "names no block" in shop.aergo("conflicts", "nope", expect=2).err
