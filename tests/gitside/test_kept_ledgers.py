"""Where one side alone has new blocks, git merges all other files as ever, and the ledger stays what it is."""

import shutil

import pytest
from merge_scenes import OPERATIONS, SCENES, After, after, play
from world import Place, World


def with_block(place: Place, scene: str) -> Place:
    """Both sides of a scene beside a ledger, and a block on ours."""
    play(SCENES[scene], place.path, place.git)
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    return place


def compare(shop: Place, words: tuple[str, ...]) -> After:
    """Do the same with our strategy and, in a copy, with git's own."""
    shutil.copytree(shop.path, shop.world.root / "plain", symlinks=True)
    plain = Place(shop.world, shop.world.root / "plain")
    plain.git("config", "--unset", "pull.twohead")
    for place in (plain, shop):
        place.git("update-index", "-q", "--refresh")
    expected = after(plain, words)
    assert after(shop, words) == expected
    return expected


@pytest.mark.parametrize("scene", ["content", "directory and file"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_new_block_on_our_side_changes_nothing_for_other_files(operation: str, scene: str, shop: Place) -> None:
    block = with_block(shop, scene).git("rev-parse", "HEAD:ledger").line
    ended = compare(shop, OPERATIONS[operation])
    assert shop.git("ls-files", "-u", "--", "ledger").out == ""
    if ended.status == 0 and operation != "rebase":
        assert shop.git("rev-parse", "HEAD:ledger").line == block
        assert shop.aergo("verify").out.startswith("valid: main")


def test_a_branch_of_ordinary_work_takes_over_new_blocks(shop: Place) -> None:
    with_block(shop, "both in one file, apart")
    block = shop.git("rev-parse", "main:ledger").line
    shop.git("checkout", "--quiet", "topic/side")
    shop.git("merge", "--no-edit", "main")
    assert shop.git("rev-parse", "HEAD:ledger").line == block
    shop.write("more", "x\n")
    shop.commit("more")
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--no-edit", "topic/side")
    assert shop.git("rev-parse", "HEAD:ledger").line == block
    assert shop.aergo("verify").out.startswith("valid: main")


def test_a_branch_from_before_the_ledger_is_merged_both_ways(world: World) -> None:
    place = world.repository()
    place.write("a", "1\n")
    place.commit("first")
    place.git("branch", "old")
    place.aergo("init")
    place.git("checkout", "--quiet", "old")
    place.write("b", "2\n")
    place.commit("second")
    place.git("merge", "--no-edit", "main")
    assert place.git("ls-tree", "--name-only", "HEAD").out.split() == ["a", "b", "ledger"]
    place.git("checkout", "--quiet", "main")
    place.git("merge", "--no-edit", "old~0")
    assert place.aergo("verify").out.startswith("valid: main")


def test_rows_that_look_like_a_moved_file_take_no_part(shop: Place) -> None:
    chunk = shop.git("ls-tree", "-r", "--name-only", "HEAD", "ledger/state").out.split()[0]
    text = shop.git("show", f"HEAD:{chunk}").out
    play_from = text + "".join(f"line {number}\n" for number in range(20))
    shop.write("rows", play_from)
    shop.commit("rows")
    shop.git("branch", "topic/side")
    shop.git("rm", "--quiet", "rows")
    shop.git("commit", "--quiet", "-m", "no rows")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.git("checkout", "--quiet", "topic/side")
    shop.write("rows", play_from + "more\n")
    shop.commit("more rows")
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--no-edit", "topic/side", expect=1)
    assert shop.git("diff", "--name-only", "--diff-filter=U").line == "rows"
    assert shop.git("diff", "--cached", "--name-only", "HEAD", "--", "ledger").out == ""
