"""repair, run on what hosts and plain git leave behind."""

from pathlib import Path

import pytest
from ledgers import copy_of, records
from world import Place


@pytest.fixture(scope="module")
def forked_once(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The shop, with milk and a file on the branch dev; the worktree is on main, which has jam."""
    shop = copy_of(pristine, tmp_path_factory.mktemp("forked") / "world")
    shop.aergo("branch", "dev")
    shop.aergo("checkout", "dev")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.write("recipe.txt", "milk\n")
    shop.commit("A recipe")
    shop.aergo("checkout", "main")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('jam', 250, NULL)")
    return shop


@pytest.fixture
def forked(forked_once: Place, tmp_path: Path) -> Place:
    """A copy of it, for a test to change."""
    return copy_of(forked_once, tmp_path / "copy")


def items(place: Place) -> list[str]:
    return [row["item"] for row in records(place.aergo("export", "price", "--format", "jsonl"))]


def press_button(place: Place, tree: str, *parents: str, message: str = "Merge pull request #1") -> str:
    """Make a commit as a host does, without hooks, signature or strategy, and go to it."""
    words = [word for parent in parents for word in ("-p", parent)]
    commit = place.git("commit-tree", place.git("rev-parse", tree).line, *words, "-m", message).line
    place.git("reset", "-q", "--hard", commit)
    return commit


def blended(place: Place) -> str:
    """A tree in which the lines of both ledgers are mixed."""
    place.git("checkout", "-q", "dev", "--", "ledger/transactions.jsonl", "ledger/receipts.jsonl", "recipe.txt")
    return place.git("write-tree").line


def mended(place: Place, bad: str, *parents: str) -> None:
    """The branch has a block that merges dev, dev's file, and the commit before only in its log of references."""
    assert place.git("rev-parse", "HEAD^1", "HEAD^2").out.split() == [place.git("rev-parse", p).line for p in parents]
    assert items(place) == ["bread", "butter", "jam", "milk", "tea"]
    assert (place.path / "recipe.txt").read_text() == "milk\n"
    assert place.git("rev-parse", "HEAD@{1}").line == bad
    assert place.git("status", "--porcelain").out == ""
    assert "valid: main" in place.aergo("verify").out
    assert place.aergo("repair").line == "The last block of main is sound"


@pytest.mark.parametrize("mishap", ["taken", "blended"])
def test_a_merge_by_a_hosts_button_is_found_and_mended(forked: Place, mishap: str) -> None:
    ours = forked.git("rev-parse", "main").line
    bad = press_button(forked, "dev^{tree}" if mishap == "taken" else blended(forked), "main", "dev")
    assert "git aergo repair" in forked.aergo("verify", expect=1).err
    assert f"commit {bad} merges" in forked.aergo("doctor", expect=1).out
    found, advice = forked.aergo("repair", expect=1).out.splitlines()
    assert found.startswith(f"{mishap}: commit {bad} merges")
    assert advice == "Mend it with: git aergo repair --replay"
    assert forked.git("rev-parse", "HEAD").line == bad
    out = forked.aergo("repair", "--replay", "HEAD").out
    assert "\nMerged dev into main at height 4\n1 transaction in, 0 left out: public.price +1\nin   " in out
    assert forked.git("log", "-1", "--format=%s").line == "Merge pull request #1"
    mended(forked, bad, ours, "dev")
    assert "branch " not in forked.aergo("doctor", expect=None).out


def test_commits_on_top_of_such_a_merge_keep_their_files(forked: Place) -> None:
    ours = forked.git("rev-parse", "main").line
    press_button(forked, "dev^{tree}", "main", "dev")
    forked.write("more.txt", "more\n")
    bad = forked.commit("More")
    forked.aergo("repair", "--replay")
    mended(forked, bad, ours, "dev")
    assert (forked.path / "more.txt").read_text() == "more\n"


def test_a_squash_is_mended_when_its_branch_is_named(forked: Place) -> None:
    ours = forked.git("rev-parse", "main").line
    bad = press_button(forked, blended(forked), "main", message="Squashed")
    (told,) = records(forked.aergo("repair", "--json", expect=1))
    assert (told["mishap"], told["commits"], told["merged"]) == ("rewritten", [bad], None)
    assert "must be told" in forked.aergo("repair", "--replay", expect=2).err
    assert "no block" in forked.aergo("repair", "--replay", "--merging", "nobody", expect=2).err
    forked.aergo("repair", "--replay", "--merging", "dev")
    mended(forked, bad, ours, "dev")


def test_a_squash_that_took_a_ledger_over_tells_its_branch_itself(forked: Place) -> None:
    ours = forked.git("rev-parse", "main").line
    bad = press_button(forked, "dev^{tree}", "main", message="Squashed")
    forked.aergo("repair", "--replay")
    mended(forked, bad, ours, "dev")


def test_a_branch_that_was_forwarded_to_another_ones_blocks_is_given_a_block_of_its_own(shop: Place) -> None:
    ours = shop.git("rev-parse", "main").line
    shop.aergo("branch", "dev")
    shop.aergo("checkout", "dev")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("checkout", "main")
    shop.git("reset", "-q", "--hard", "dev")
    bad = shop.git("rev-parse", "HEAD").line
    assert "git aergo repair" in shop.aergo("sql", "SELECT 1", expect=128).err
    assert shop.aergo("repair", expect=1).out.startswith("forwarded: ")
    shop.aergo("repair", "--replay", "-m", "Take dev in")
    assert shop.git("rev-parse", "HEAD^1", "HEAD^2").out.split() == [ours, bad]
    assert shop.git("log", "-1", "--format=%s").line == "Take dev in"
    assert items(shop) == ["bread", "butter", "milk", "tea"]
    assert "valid: main" in shop.aergo("verify").out


def test_a_branch_that_was_forwarded_to_the_block_that_merged_it_is_found_and_mended(forked: Place) -> None:
    ours = forked.git("rev-parse", "dev").line
    forked.aergo("merge", "dev")
    forked.git("checkout", "-q", "dev")
    forked.git("merge", "-q", "--ff", "main")
    bad = forked.git("rev-parse", "HEAD").line
    assert "git aergo repair" in forked.aergo("verify", expect=1).err
    assert "branch dev: the branch was moved on" in forked.aergo("doctor", expect=1).out
    assert forked.aergo("repair", expect=1).out.startswith("forwarded: ")
    forked.aergo("repair", "--replay")
    assert forked.git("rev-parse", "HEAD^1", "HEAD^2").out.split() == [ours, bad]
    assert items(forked) == ["bread", "butter", "jam", "milk", "tea"]
    assert "valid: dev" in forked.aergo("verify").out
    assert forked.aergo("repair").line == "The last block of dev is sound"


def test_no_push_needs_force_after_a_forward(forked: Place) -> None:
    world = forked.world
    world.run("git", "init", "-q", "--bare", "host")
    forked.git("remote", "add", "origin", world.root / "host")
    forked.git("reset", "-q", "--hard", "dev")
    forked.git("push", "-q", "--no-verify", "origin", "main")
    assert "force" not in forked.aergo("repair", "--replay").out
    forked.git("push", "-q", "origin", "main")


def test_a_merge_that_left_the_ledger_as_it_was_is_told_and_a_merge_finishes_it(forked: Place) -> None:
    commit = press_button(forked, "main^{tree}", "main", "dev")
    forked.aergo("verify")
    assert "warning: branch main: commit" in forked.aergo("doctor", expect=None).out
    told = forked.aergo("repair", expect=1).out
    assert told.startswith(f"unmerged: commit {commit}")
    assert told.endswith("\nMend it with: git aergo merge BRANCH\n")
    dev = forked.git("rev-parse", "dev").line
    assert f"git aergo merge {dev}" in forked.aergo("repair", "--replay", expect=2).err


def test_what_a_remote_has_already_is_told(forked: Place) -> None:
    world = forked.world
    world.run("git", "init", "-q", "--bare", "host")
    forked.git("remote", "add", "origin", world.root / "host")
    bad = press_button(forked, "dev^{tree}", "main", "dev")
    forked.git("push", "-q", "--no-verify", "origin", "main")
    out = forked.aergo("repair", "--replay").out
    assert "origin has it already" in out
    assert forked.git("rev-parse", "origin/main").line == bad


def test_what_would_lose_an_update_is_left_out_and_told(forked: Place) -> None:
    forked.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 1, 'ours')")
    press_button(forked, "dev^{tree}", "main", "dev")
    out = forked.aergo("repair", "--replay", expect=1).out
    assert "0 transactions in, 1 left out: no rows\nout  " in out
    assert "E_LOST_UPDATE: " in out
    forked.aergo("verify")


def test_sound_branches_and_branches_without_blocks_are_left_alone(forked: Place) -> None:
    head = forked.git("rev-parse", "HEAD").line
    assert forked.aergo("repair", "--replay").line == "The last block of main is sound"
    assert "is not the last commit" in forked.aergo("repair", "HEAD~1", expect=2).err
    assert "is not the last commit" in forked.aergo("repair", "--", "--all", expect=2).err
    assert "need --replay" in forked.aergo("repair", "--merging", "dev", expect=2).err
    forked.write("note.txt", "note\n")
    forked.commit("A note")
    forked.git("checkout", "-q", "-b", "feature")
    forked.write("note.txt", "other\n")
    forked.commit("Another")
    assert forked.aergo("repair").line == "The last block of feature is sound"
    assert "branch " not in forked.aergo("doctor", expect=None).out
    forked.git("checkout", "-q", "main")
    forked.git("merge", "-q", "--ff-only", "feature")
    assert forked.aergo("repair").line == "The last block of main is sound"
    assert forked.git("rev-parse", f"{head}").line == head


def test_two_such_merges_are_not_mended_at_once(forked: Place) -> None:
    forked.aergo("branch", "third")
    first = press_button(forked, "dev^{tree}", "main", "dev")
    second = press_button(forked, "third^{tree}", "main", "third")
    error = forked.aergo("repair", "--replay", expect=2).err
    assert f"{first}, {second}" in error
    assert "several commits merge ledgers" in forked.aergo("doctor", expect=1).out
