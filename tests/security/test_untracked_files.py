"""Untracked files survive whatever of ours changes a worktree (git 2.39 itself overwrites them if it is sparse)."""

import shutil
from pathlib import Path

import pytest
from ledgers import pristine
from world import Place, World

MINE = "mine\n"


@pytest.fixture(scope="module")
def parted(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A ledger whose branch lab has a block and new files; main has a block of its own.  No test changes it."""
    place = copied(pristine, tmp_path_factory.mktemp("parted") / "world")
    place.aergo("branch", "lab")
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice', 99, NULL)")
    place.write("notes", "lab\n")
    place.write("folder/deep/file", "lab\n")
    place.commit("lab notes")
    place.aergo("checkout", "main")
    place.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    return place


def copied(place: Place, root: Path) -> Place:
    shutil.copytree(place.world.root, root, symlinks=True)
    config = root / place.path.name / ".git" / "config"
    config.write_text(config.read_text().replace(f"{place.world.root}/", f"{root}/"))
    return Place(World(root, place.world.clock), root / place.path.name)


@pytest.fixture(params=["hidden state", "full checkout"])
def shop(request: pytest.FixtureRequest, parted: Place, tmp_path: Path) -> Place:
    place = copied(parted, tmp_path / "copy")
    if request.param == "full checkout":
        place.git("sparse-checkout", "disable")
    return place


def standing(place: Place) -> tuple[str, str, str]:
    """What must not change: the branch, the index, what git sees of the files."""
    return (
        place.git("rev-parse", "main").line,
        place.git("ls-files", "-s").out,
        place.git("status", "--porcelain", "--untracked-files=all").out,
    )


@pytest.mark.parametrize("name", ["notes", "folder/deep/file", "folder", "folder/deep"])
@pytest.mark.parametrize("words", [("aergo", "merge"), ("aergo", "merge", "--no-commit"), ("merge", "--no-edit")])
def test_a_merge_refuses_untracked_files_in_the_way_and_names_them(
    words: tuple[str, ...], name: str, shop: Place
) -> None:
    shop.write(name, MINE)
    before = standing(shop)
    outcome = shop.git(*words, "lab", expect=None)
    assert outcome.status == (128 if words[0] == "aergo" else 2)
    assert name in outcome.err
    assert (shop.path / name).read_text() == MINE
    assert standing(shop) == before
    assert not (shop.path / ".git" / "MERGE_HEAD").exists()
    (shop.path / name).unlink()
    # Nothing was signed, so the slot is free.
    shop.git(*words, "lab")
    assert (shop.path / "notes").read_text() == "lab\n"


def test_a_link_in_the_way_is_neither_followed_nor_lost(shop: Place) -> None:
    away = shop.world.root / "away"
    away.mkdir()
    (shop.path / "folder").symlink_to(away)
    assert "folder" in shop.aergo("merge", "lab", expect=128).err
    assert (shop.path / "folder").is_symlink()
    assert list(away.iterdir()) == []


def test_a_resolved_merge_is_continued_with_files_of_its_own(shop: Place) -> None:
    shop.aergo("merge", "--no-commit", "lab")
    shop.write("more", MINE)
    shop.aergo("merge", "--continue")
    assert shop.git("status", "--porcelain").out == "?? more\n"
    assert shop.aergo("verify").out.startswith("valid: main: ")


__all__ = ["pristine"]
