"""Branches of ordinary work beside a ledger: they follow it, are merged into it, and are pushed, as anywhere."""

from pathlib import Path

import pytest
from ledgers import records
from world import Place


@pytest.fixture
def remote(shop: Place) -> Place:
    """A bare repository that is the shop's origin."""
    place = shop.world.repository("remote", bare=True)
    shop.git("remote", "add", "origin", place.path)
    shop.git("push", "--quiet", "origin", "main", "aergo/directory")
    return place


def sell(place: Place, item: str) -> None:
    place.aergo("sql", "--commit", f"INSERT INTO price VALUES ('{item}', 1, NULL)")


def begin(place: Place, name: str = "feature", start: str = "main") -> None:
    place.git("checkout", "--quiet", "-b", name, start)
    place.write(f"{name}.c", "int x;\n")
    place.commit(f"{name} begins")


def take_over(place: Place, way: str) -> None:
    """Let the branch that is checked out have main's new blocks."""
    if way == "fast-forward":
        place.git("reset", "--quiet", "--hard", "HEAD~1")
        place.git("merge", "--quiet", "--ff-only", "main")
        place.write("feature.c", "int x;\n")
        place.commit("again")
    elif way == "twice":
        place.git("checkout", "--quiet", "-b", "below")
        place.git("merge", "--quiet", "--no-edit", "main")
        place.git("checkout", "--quiet", "feature")
        place.write("more.c", "int y;\n")
        place.commit("more")
        place.git("merge", "--quiet", "--no-edit", "below")
    else:
        place.git("merge", "--quiet", "--no-edit", "main")


def head(place: Place, name: str = "HEAD") -> str:
    return place.git("rev-parse", name).line


def items(place: Place) -> set[str]:
    return {record["item"] for record in records(place.aergo("query", "--json", "SELECT item FROM price"))}


@pytest.fixture(params=["merge", "fast-forward", "twice"])
def followed(request: pytest.FixtureRequest, shop: Place) -> Place:
    """Main, and a branch of code that took over a block which main made after it had begun."""
    begin(shop)
    shop.git("checkout", "--quiet", "main")
    sell(shop, "milk")
    shop.git("checkout", "--quiet", "feature")
    take_over(shop, request.param)
    shop.git("checkout", "--quiet", "main")
    return shop


@pytest.mark.parametrize("has_gone_on", [True, False])
def test_plain_git_merges_code_that_follows_the_ledger(has_gone_on: bool, followed: Place) -> None:
    if has_gone_on:
        sell(followed, "oil")
    ledger = head(followed, "main:ledger")
    followed.git("merge", "--no-edit", "feature")
    assert (followed.path / "feature.c").exists()
    assert head(followed, "main:ledger") == ledger
    assert head(followed, "main^2") == head(followed, "feature")
    assert followed.aergo("verify").out.startswith("valid: main: ")
    sell(followed, "salt")
    assert followed.aergo("verify").out.startswith("valid: main: ")


@pytest.mark.parametrize("has_gone_on", [True, False])
def test_our_own_verb_says_that_code_is_for_git_to_merge(has_gone_on: bool, followed: Place) -> None:
    if has_gone_on:
        sell(followed, "oil")
    before = head(followed)
    outcome = followed.aergo("merge", "feature", expect=2)
    assert "feature brings no block, only other commits: merge it with git merge" in outcome.err
    assert head(followed) == before
    assert followed.git("status", "--porcelain").out == ""


def test_code_that_is_ahead_of_the_ledger_here_waits_for_its_blocks(followed: Place) -> None:
    newest = head(followed)
    followed.git("reset", "--quiet", "--hard", "HEAD~1")
    before = head(followed)
    refused = followed.git("merge", "--no-edit", "--no-ff", "feature", expect=2).err
    assert "there is nothing to merge blocks with" in refused
    assert "it needs no merge" in followed.aergo("merge", "feature", expect=2).err
    assert head(followed) == before
    assert followed.git("status", "--porcelain").out == ""
    if f"--ff-only {newest[:12]}; then merge again" in refused:
        followed.git("merge", "--quiet", "--ff-only", newest[:12])
        followed.git("merge", "--quiet", "--no-edit", "feature")
    else:
        followed.git("merge", "--quiet", "--ff-only", "feature")
    assert followed.aergo("verify").out.startswith("valid: main: ")
    assert (followed.path / "feature.c").exists()


def test_blocks_of_a_private_branch_come_through_a_branch_of_code(shop: Place) -> None:
    shop.aergo("branch", "lab")
    sell(shop, "milk")
    begin(shop, start="main~1")
    shop.git("checkout", "--quiet", "lab")
    sell(shop, "rice")
    shop.git("checkout", "--quiet", "feature")
    shop.git("merge", "--quiet", "--no-edit", "lab")
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--quiet", "--no-edit", "feature")
    assert {"milk", "rice"} <= items(shop)
    assert (shop.path / "feature.c").exists()
    assert shop.aergo("verify").out.startswith("valid: main: ")


def test_code_is_pushed_for_a_pull_request(followed: Place) -> None:
    remote = followed.world.repository("remote", bare=True)
    followed.git("remote", "add", "origin", remote.path)
    followed.git("push", "--quiet", "origin", "feature", "feature:proposal", "HEAD:refs/heads/other-name")
    assert head(remote, "proposal") == head(followed, "feature")
    followed.git("checkout", "--quiet", "feature")
    followed.write("feature.c", "int z;\n")
    followed.commit("more")
    followed.git("push", "--quiet", "origin", "feature")
    followed.git("commit", "--quiet", "--amend", "-m", "other")
    followed.git("push", "--quiet", "--force", "origin", "feature")
    assert head(remote, "feature") == head(followed, "feature")


@pytest.mark.parametrize("known", ["here", "remote", "fetched"])
def test_code_is_not_pushed_over_a_ledger(known: str, shop: Place, remote: Place) -> None:
    shop.aergo("branch", "lab")
    begin(shop)
    if known != "here":
        shop.git("push", "--quiet", "origin", "lab")
        shop.git("branch", "--quiet", "-D", "lab")
    if known == "remote":
        shop.git("update-ref", "-d", "refs/remotes/origin/lab")
    if known == "fetched":
        remote.git("branch", "--quiet", "-D", "lab")
    before = remote.git("for-each-ref").out
    outcome = shop.git("push", "--force", "origin", "feature:lab", expect=1)
    assert "branch lab is not pushed: its last block belongs to branch main" in outcome.err
    assert remote.git("for-each-ref").out == before


def test_a_name_that_only_the_directory_knows_is_a_ledgers(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    shop.aergo("branch", "lab")
    shop.git("checkout", "--quiet", "lab")
    sell(shop, "rice")
    shop.git("branch", "--quiet", "-D", "main")
    tree = head(shop, "lab^{tree}")
    orphan = shop.git("commit-tree", tree, "-m", "no history").line
    outcome = shop.git("push", remote.path, f"{orphan}:refs/heads/main", expect=1)
    assert "branch main is not pushed" in outcome.err


def test_code_over_an_unknown_head_of_the_remote_asks_for_a_fetch(shop: Place, remote: Place, tmp_path: Path) -> None:
    begin(shop)
    shop.git("push", "--quiet", "origin", "feature")
    blob = remote.git("hash-object", "-w", "--stdin", stdin="x").line
    tree = remote.git("mktree", stdin=f"100644 blob {blob}\tx\n").line
    theirs = remote.git("commit-tree", tree, "-p", head(remote, "feature"), "-m", "theirs").line
    remote.git("update-ref", "refs/heads/feature", theirs)
    shop.write("feature.c", "int z;\n")
    shop.commit("more")
    assert "fetch first" in shop.git("push", "--force", "origin", "feature", expect=1).err
    shop.git("fetch", "--quiet")
    shop.git("push", "--quiet", "--force", "origin", "feature")


def test_code_with_a_forged_block_is_not_pushed(shop: Place, remote: Place) -> None:
    begin(shop)
    tree, parent = head(shop, "main^{tree}"), head(shop, "main~1")
    forged = shop.git("commit-tree", tree, "-p", parent, "-m", "forged").line
    assert "is not valid" in shop.git("push", "origin", f"{forged}:refs/heads/feature", expect=1).err
