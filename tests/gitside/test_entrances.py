"""Blocks are merged from plain git, or clearly refused: never an invalid block that passes unnoticed."""

import shutil
from pathlib import Path

import pytest
from ledgers import pristine, records
from world import Place, World


@pytest.fixture(scope="session")
def forked(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A ledger whose branches main and lab both have a block and a file of their own; which no test changes."""
    return diverged(copied(pristine, tmp_path_factory.mktemp("forked") / "world"))


@pytest.fixture
def shop(forked: Place, tmp_path: Path) -> Place:
    """A copy of it, on main."""
    return copied(forked, tmp_path / "copy")


def copied(place: Place, root: Path) -> Place:
    shutil.copytree(place.world.root, root, symlinks=True)
    config = root / place.path.name / ".git" / "config"
    config.write_text(config.read_text().replace(f"{place.world.root}/", f"{root}/"))
    return Place(World(root, place.world.clock), root / place.path.name)


def diverged(place: Place) -> Place:
    place.write("shared", "".join(f"{number}\n" for number in range(9)))
    place.commit("shared file")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('egg', 25, NULL)")
    place.aergo("branch", "lab")
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice', 99, NULL)")
    place.write("notes", "lab\n")
    place.commit("lab notes")
    place.aergo("checkout", "main")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    place.write("readme", "main\n")
    place.commit("main readme")
    return place


def in_conflict(place: Place) -> Place:
    """Let both branches change one line of a file."""
    for branch in ("lab", "main"):
        place.git("checkout", "--quiet", branch)
        text = (place.path / "shared").read_text()
        place.write("shared", text.replace("4\n", f"{branch}\n"))
        place.commit(f"line of {branch}")
    return place


def items(place: Place) -> set[str]:
    """The shop's items."""
    return {record["item"] for record in records(place.aergo("query", "--json", "SELECT item FROM price"))}


def assert_merged(place: Place) -> None:
    """HEAD is a valid merge block with what both branches have."""
    parents = place.git("log", "-1", "--format=%P").line.split()
    assert len(parents) == 2
    assert place.aergo("verify").out.startswith("valid: main: ")
    assert place.git("log", "-1", "--format=%(trailers:key=Aergo-Block,valueonly)").out.startswith("main ")
    assert {"rice", "milk"} <= items(place)
    assert place.git("status", "--porcelain").out == ""
    assert (place.path / "notes").read_text() == "lab\n"
    assert place.git("log", "-1", "--format=%G?").line == "G"


def assert_untouched(place: Place, head: str) -> None:
    """Branch, index and files are as they were, and nothing is going on."""
    assert place.git("rev-parse", "main").line == head
    assert place.git("status", "--porcelain").out == ""
    assert not (place.path / ".git" / "MERGE_HEAD").exists()
    assert place.aergo("verify").out.startswith("valid: main: ")


def head_of(place: Place) -> str:
    return place.git("rev-parse", "HEAD").line


@pytest.mark.parametrize(
    "options", [("--no-edit",), ("-m", "Bring the lab in"), ("-m", "Bring it in\n\nSigned-off-by: x")]
)
def test_a_merge_makes_a_valid_block(options: tuple[str, ...], shop: Place) -> None:
    outcome = shop.git("merge", *options, "lab")
    assert "1 transaction merged" in outcome.err
    assert_merged(shop)


def test_a_merge_may_be_edited_in_any_time_zone(shop: Place) -> None:
    editor = {"GIT_EDITOR": "sed -i 1s/.*/Edited/", "GIT_MERGE_AUTOEDIT": "yes"}
    dates = {"GIT_AUTHOR_DATE": "1700000500 +0530", "GIT_COMMITTER_DATE": "1700000500 -0800"}
    shop.git("merge", "lab", "--edit", variables=editor | dates)
    assert shop.git("log", "-1", "--format=%s").line == "Edited"
    assert_merged(shop)


def test_a_merge_is_committed_later(shop: Place) -> None:
    shop.git("merge", "--no-commit", "lab")
    shop.git("gc", "--quiet", "--prune=now")
    shop.git("commit", "--no-edit")
    assert_merged(shop)


def test_files_in_conflict_are_resolved_before_the_block_is_signed(shop: Place) -> None:
    outcome = in_conflict(shop).git("merge", "lab", expect=1)
    assert "CONFLICT (content): Merge conflict in shared" in outcome.out
    assert "<<<<<<< HEAD\nmain\n=======\nlab\n>>>>>>> lab\n" in (shop.path / "shared").read_text()
    shop.write("shared", "both\n")
    shop.git("add", "shared")
    shop.git("merge", "--continue", variables={"GIT_EDITOR": "true"})
    assert_merged(shop)
    assert "# Conflicts" not in shop.git("log", "-1", "--format=%B").out


def test_a_merge_in_conflict_is_taken_back(shop: Place) -> None:
    head = head_of(in_conflict(shop))
    shop.git("merge", "lab", expect=1)
    shop.git("merge", "--abort")
    assert_untouched(shop, head)


def test_a_prepared_merge_is_sealed_by_our_own_verb(shop: Place) -> None:
    shop.git("merge", "--no-commit", "lab")
    shop.aergo("merge", "--continue")
    assert_merged(shop)


def test_a_merge_that_our_own_verb_prepared_is_sealed_by_git(shop: Place) -> None:
    shop.aergo("merge", "--no-commit", "lab")
    shop.git("commit", "--no-edit")
    assert_merged(shop)


def test_a_squash_is_refused(shop: Place) -> None:
    head = head_of(shop)
    assert "--squash" in shop.git("merge", "--squash", "lab", expect=128).err
    shop.git("merge", "--squash", "--ff", "lab")
    assert "a squash" in shop.git("commit", "-m", "squashed", expect=1).err
    shop.git("reset", "--merge")
    assert_untouched(shop, head)


def test_an_octopus_and_the_strategy_ours_are_refused(shop: Place) -> None:
    head = head_of(shop)
    shop.git("checkout", "--quiet", "-b", "other", "main~1")
    shop.git("commit", "--quiet", "--allow-empty", "-m", "other")
    shop.git("checkout", "--quiet", "main")
    assert shop.git("merge", "--no-edit", "lab", "other", expect=None).status != 0
    shop.git("reset", "--quiet", "--hard", head)
    outcome = shop.git("merge", "--no-edit", "-s", "ours", "lab", expect=1)
    assert "take none of their transactions in" in outcome.err
    shop.git("merge", "--abort")
    assert_untouched(shop, head)


def test_the_strategy_of_gits_own_ends_in_a_clear_conflict(shop: Place) -> None:
    head = head_of(shop)
    before = (shop.path / "ledger" / "block.json").read_bytes()
    outcome = shop.git("merge", "-s", "ort", "lab", expect=1)
    assert outcome.err.count("ledger/ is not merged by lines") == 1
    assert (shop.path / "ledger" / "block.json").read_bytes() == before
    assert "CONFLICT" in outcome.out
    shop.git("add", "--all", "--sparse")
    assert shop.git("commit", "--no-edit", expect=1).err
    assert shop.git("commit", "--no-edit", "--no-verify", expect=1).err
    shop.git("merge", "--abort")
    assert_untouched(shop, head)


def test_what_goes_past_all_gates_is_not_pushed_and_found(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    shop.git("merge", "-s", "ort", "lab", expect=1)
    shop.git("add", "--all", "--sparse")
    shop.git("-c", "core.hooksPath=/dev/null", "commit", "--no-edit", "--no-gpg-sign")
    assert shop.aergo("verify", expect=1).err
    assert "main is not pushed" in shop.git("push", remote.path, "main", expect=1).err


def test_the_signing_program_stands_where_hooks_are_off(shop: Place) -> None:
    head = head_of(shop)
    off = ("-c", "core.hooksPath=/dev/null")
    assert "lacks the trailer" in shop.git(*off, "merge", "--no-edit", "lab", expect=None).err
    shop.git("merge", "--abort", expect=None)
    shop.git("reset", "--quiet", "--hard", head)
    shop.write("ledger/extra", "x")
    shop.git("add", "--force", "--sparse", "ledger/extra")
    assert "no block may be made so" in shop.git(*off, "commit", "-m", "slip", expect=128).err
    shop.git("reset", "--quiet", "--hard", head)
    assert_untouched(shop, head)


def test_a_merge_block_is_not_amended(shop: Place) -> None:
    shop.git("merge", "--no-edit", "lab")
    head = head_of(shop)
    shop.write("shared", "more\n")
    assert "another commit" in shop.git("commit", "--all", "--amend", "--no-edit", expect=128).err
    shop.git("checkout", "--quiet", "HEAD", "shared")
    assert head_of(shop) == head
    assert_merged(shop)


@pytest.mark.parametrize("words", [("cherry-pick", "lab~1"), ("cherry-pick", "--no-commit", "lab~1")])
def test_a_block_is_not_picked_as_a_commit(words: tuple[str, ...], shop: Place) -> None:
    head = head_of(shop)
    outcome = shop.git(*words, expect=None)
    assert outcome.status != 0
    assert "git aergo cherry-pick" in outcome.err
    assert_untouched(shop, head)


def test_an_ordinary_commit_is_picked_beside_a_ledger(shop: Place) -> None:
    shop.git("cherry-pick", "lab")
    assert (shop.path / "notes").read_text() == "lab\n"
    assert shop.aergo("verify").out.startswith("valid: main: ")


def test_a_rebase_of_blocks_stops_before_anything_changes(shop: Place) -> None:
    shop.git("checkout", "--quiet", "lab")
    head = head_of(shop)
    outcome = shop.git("rebase", "main", expect=1)
    assert "is a block" in outcome.err
    assert "git rebase --abort" in outcome.err
    shop.git("rebase", "--abort")
    assert head_of(shop) == head
    assert shop.aergo("verify").out.startswith("valid: lab: ")


def test_a_private_branch_ahead_is_merged_and_not_fast_forwarded(pristine: Place, tmp_path: Path) -> None:
    shop = copied(pristine, tmp_path / "copy")
    shop.aergo("branch", "lab")
    shop.aergo("checkout", "lab")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice', 99, NULL)")
    shop.aergo("checkout", "main")
    shop.git("merge", "--no-edit", "lab")
    assert len(shop.git("log", "-1", "--format=%P").line.split()) == 2
    assert shop.aergo("verify").out.startswith("valid: main: ")
    assert "rice" in items(shop)


def test_a_fast_forward_to_another_branchs_block_is_told_at_once(pristine: Place, tmp_path: Path) -> None:
    shop = copied(pristine, tmp_path / "copy")
    shop.aergo("branch", "lab")
    head = head_of(shop)
    outcome = shop.git("merge", "--ff", "lab")
    assert "main now leads to a block of branch lab" in outcome.err
    shop.git("reset", "--keep", "ORIG_HEAD")
    assert_untouched(shop, head)


@pytest.fixture(params=["sha256 files", "sha1 reftable", "sha256 reftable"])
def other_format(request: pytest.FixtureRequest, world: World) -> Place:
    """A ledger in a repository of another format; its branches main and lab both have a block of their own."""
    ids, references = request.param.split()
    place = world.repository(object_format=ids, ref_format=references)
    place.write("notes", "lab\n")
    place.commit("notes")
    place.aergo("init")
    place.aergo("sql", "--commit", "CREATE TABLE price (item text PRIMARY KEY)")
    place.aergo("branch", "lab")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk')")
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice')")
    place.aergo("checkout", "main")
    return place


def test_a_merge_in_a_repository_of_another_format(other_format: Place) -> None:
    other_format.git("merge", "--no-edit", "lab")
    assert_merged(other_format)
    assert other_format.aergo("doctor").line == "Nothing is wrong"
    clone = Place(other_format.world, other_format.world.root / "clone")
    other_format.git("clone", "--quiet", other_format.path, clone.path)
    clone.aergo("install")
    assert clone.aergo("verify").out.startswith("valid: main: ")


def test_what_git_notes_of_its_work_is_found_in_another_format(other_format: Place) -> None:
    other_format.aergo("branch", "next")
    assert "main now leads to a block of branch next" in other_format.git("merge", "--ff", "next").err
    other_format.git("reset", "--quiet", "--keep", "ORIG_HEAD")
    other_format.git("checkout", "--quiet", "-b", "side")
    other_format.write("more", "side\n")
    other_format.commit("more")
    other_format.git("checkout", "--quiet", "main")
    other_format.git("cherry-pick", "--edit", "side", variables={"GIT_EDITOR": "true"})
    assert "gpgsig" not in other_format.git("cat-file", "commit", "HEAD").out


def test_ordinary_work_may_be_squashed_into_a_ledgers_branch(shop: Place) -> None:
    shop.git("checkout", "--quiet", "-b", "code", "main~1")
    shop.write("code", "x\n")
    shop.commit("code")
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--squash", "--ff", "code")
    shop.git("commit", "--quiet", "-m", "squashed")
    assert (shop.path / "code").exists()
    assert shop.aergo("verify").out.startswith("valid: main: ")


def test_an_option_of_the_strategy_is_for_ordinary_files_alone(shop: Place) -> None:
    shop.write("readme", "main again\n")
    shop.commit("readme")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 26 WHERE item = 'egg'")
    shop.aergo("checkout", "lab")
    shop.write("readme", "lab\n")
    shop.commit("readme")
    shop.aergo("sql", "--commit", "UPDATE price SET cents = 27 WHERE item = 'egg'")
    shop.aergo("checkout", "main")
    assert "1 left out" in shop.git("merge", "--no-edit", "-X", "theirs", "lab").err
    assert (shop.path / "readme").read_text() == "lab\n"
    rows = records(shop.aergo("export", "price", "--format", "jsonl"))
    assert [row["cents"] for row in rows if row["item"] == "egg"] == [26]
    assert shop.aergo("verify").out.startswith("valid: main: ")


def test_ordinary_branches_are_fast_forwarded_as_ever(shop: Place) -> None:
    shop.git("checkout", "--quiet", "-b", "code")
    shop.git("checkout", "--quiet", "-b", "more")
    shop.write("code", "x\n")
    head = shop.commit("code")
    shop.git("checkout", "--quiet", "code")
    shop.git("merge", "more")
    assert head_of(shop) == head


def test_a_merge_from_a_folder_below_and_in_a_linked_worktree(shop: Place) -> None:
    linked = Place(shop.world, shop.world.root / "linked")
    shop.git("checkout", "--quiet", "--detach")
    shop.git("worktree", "add", "--quiet", linked.path, "main")
    linked.write("below/file", "x\n")
    linked.commit("below")
    Place(shop.world, linked.path / "below").git("merge", "--no-edit", "lab")
    assert_merged(linked)


@pytest.mark.parametrize("hidden", [True, False])
def test_a_merge_in_a_sparse_and_in_a_full_checkout(hidden: bool, shop: Place) -> None:
    if hidden:
        shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/ledger/state/", "!/notes")
    else:
        shop.git("sparse-checkout", "disable")
    shop.git("merge", "--no-edit", "lab")
    assert (shop.path / "ledger" / "state").exists() is not hidden
    assert shop.git("status", "--porcelain").out == ""
    assert shop.aergo("verify").out.startswith("valid: main: ")


def test_changes_in_the_way_stop_the_merge_before_it_begins(shop: Place) -> None:
    head = head_of(shop)
    shop.write("notes", "mine\n")
    outcome = shop.git("merge", "lab", expect=2)
    assert "would be overwritten by merge:\n\tnotes" in outcome.err
    (shop.path / "notes").unlink()
    shop.write("shared", "mine\n")
    shop.git("add", "shared")
    assert "would be overwritten by merge" in shop.git("merge", "lab", expect=2).err
    shop.git("reset", "--quiet", "--hard")
    assert_untouched(shop, head)


def test_branches_that_merge_each_other_apply_nothing_twice(shop: Place) -> None:
    shop.git("checkout", "--quiet", "lab")
    shop.git("branch", "before")
    shop.git("merge", "--no-edit", "main")
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--no-edit", "before")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('oil', 500, NULL)")
    shop.git("merge", "--no-edit", "lab")
    assert_merged(shop)
    assert "oil" in items(shop)


def two_clones(shop: Place) -> tuple[Place, Place]:
    """A bare repository's two clones, set up."""
    remote = shop.world.root / "remote.git"
    shop.world.run("git", "clone", "--quiet", "--bare", shop.path, remote)
    clones = []
    for name in ("ann", "bob"):
        shop.world.run("git", "clone", "--quiet", f"file://{remote}", shop.world.root / name)
        clone = Place(shop.world, shop.world.root / name)
        clone.git("branch", "--quiet", "aergo/directory", "origin/aergo/directory")
        clone.git("config", "aergo.entity", "alice")
        clone.git("config", "aergo.key", str(shop.path / ".git" / "aergo" / "keys" / "alice"))
        clone.aergo("install")
        clones.append(clone)
    return clones[0], clones[1]


def test_a_pull_goes_forward_and_merges_what_has_diverged(shop: Place) -> None:
    ann, bob = two_clones(shop)
    ann.aergo("sql", "--commit", "INSERT INTO price VALUES ('oil', 500, NULL)")
    ann.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    assert head_of(bob) == head_of(ann)
    bob.git("pull", "--quiet", "--no-edit", "origin", "lab")
    assert_merged(bob)
    bob.git("push", "--quiet", "origin", "main")
    ann.git("pull", "--quiet")
    assert_merged(ann)


def test_a_clone_without_the_tool_fails_closed(shop: Place) -> None:
    remote = shop.world.root / "remote.git"
    shop.world.run("git", "clone", "--quiet", "--bare", shop.path, remote)
    shop.world.run("git", "clone", "--quiet", remote, shop.world.root / "plain")
    plain = Place(shop.world, shop.world.root / "plain")
    head = head_of(plain)
    before = (plain.path / "ledger" / "block.json").read_bytes()
    outcome = plain.git("merge", "--no-edit", "origin/lab", expect=1)
    assert "CONFLICT (content): Merge conflict in ledger/block.json" in outcome.out
    assert (plain.path / "ledger" / "block.json").read_bytes() == before
    plain.git("commit", "--quiet", "--all", "--no-edit")
    plain.git("push", "--quiet", "origin", "main")
    shop.git("fetch", "--quiet", remote, "main:refs/heads/fetched")
    shop.git("update-ref", "refs/heads/main", "fetched")
    shop.git("reset", "--quiet", "--hard")
    assert head_of(shop) != head
    assert shop.aergo("verify", expect=1).err


__all__ = ["pristine"]
