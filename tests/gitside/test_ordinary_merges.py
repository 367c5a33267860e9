"""Where no ledger takes part, git with our strategy does what git without it does: files, index, words, statuses."""

import shutil
from collections.abc import Callable

import pytest
from merge_scenes import DATE, OPERATIONS, SCENES, SOME, After, Scene, after, play, play_criss_cross
from world import Place, World


def compare(world: World, prepare: Callable[[Place], object], words: tuple[str, ...]) -> After:
    """Do the same in two copies of one repository, of which one has our strategy; both must end alike."""
    plain = world.repository("plain")
    plain.git("config", "rerere.enabled", "true")
    prepare(plain)
    shutil.copytree(plain.path, world.root / "ours", symlinks=True)
    ours = Place(world, world.root / "ours")
    ours.git("config", "pull.twohead", "aergo")
    for place in (plain, ours):
        place.git("update-index", "-q", "--refresh")
    expected = after(plain, words)
    assert after(ours, words) == expected
    return expected


def played(scene: Scene) -> Callable[[Place], object]:
    return lambda place: play(scene, place.path, place.git)


@pytest.mark.parametrize("operation", ["merge", "cherry-pick"])
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_ends_alike(scene: str, operation: str, world: World) -> None:
    compare(world, played(SCENES[scene]), OPERATIONS[operation])


@pytest.mark.parametrize("scene", SOME)
@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"merge", "cherry-pick"}))
def test_every_operation_ends_alike(scene: str, operation: str, world: World) -> None:
    compare(world, played(SCENES[scene]), OPERATIONS[operation])


def test_a_criss_cross_ends_alike(world: World) -> None:
    ended = compare(world, lambda place: play_criss_cross(place.path, place.git), OPERATIONS["merge"])
    assert ended.status == 1
    assert "<<<<<<< HEAD" in ended.files["f"]


def dirty(place: Place) -> None:
    play(SCENES["both in one file, apart"], place.path, place.git)
    place.write("f", "mine\n")


def staged(place: Place) -> None:
    dirty(place)
    place.git("add", "f")


def in_the_way(place: Place) -> None:
    play(SCENES["nothing in common"], place.path, place.git)
    place.write("c", "mine\n")


@pytest.mark.parametrize("obstacle", [dirty, staged, in_the_way])
def test_what_is_in_the_way_stops_both_alike(obstacle: Callable[[Place], None], world: World) -> None:
    ended = compare(world, obstacle, OPERATIONS["merge"])
    assert ended.status != 0
    assert "mine\n" in ended.files.values()


def test_unrelated_histories_end_alike(world: World) -> None:
    def unrelated(place: Place) -> None:
        play(SCENES["content"], place.path, place.git)
        place.git("checkout", "--quiet", "--orphan", "other")
        place.write("f", "other\n")
        place.commit("other")
        place.git("checkout", "--quiet", "main")

    compare(world, unrelated, ("merge", "--no-edit", "other"))
    shutil.rmtree(world.root / "plain")
    shutil.rmtree(world.root / "ours")
    ended = compare(world, unrelated, ("merge", "--allow-unrelated-histories", "--no-edit", "other"))
    assert ended.status == 1


def test_a_pick_of_a_first_commit_and_of_a_merge_end_alike(world: World) -> None:
    def with_merge(place: Place) -> None:
        play(SCENES["both in one file, apart"], place.path, place.git)
        place.git("checkout", "--quiet", "-b", "merged")
        place.git("merge", "--no-edit", "-s", "ort", "topic/side")
        place.git("checkout", "--quiet", "main")

    ended = compare(world, with_merge, ("cherry-pick", "-m", "1", "merged"))
    assert ended.status == 0


def test_submodules_end_alike(world: World) -> None:
    def with_submodule(place: Place) -> None:
        place.write("a", "1\n")
        first = place.commit("base")
        for name in ("topic/side", "main"):
            place.git("checkout", "--quiet", "-B", name, first)
            other = place.git("commit-tree", "-m", name, f"{first}^{{tree}}", variables=DATE).line
            place.git("update-index", "--add", "--cacheinfo", f"160000,{other},sub")
            place.git("commit", "--quiet", "-m", name, variables=DATE)
            (place.path / "sub").mkdir(exist_ok=True)

    ended = compare(world, with_submodule, OPERATIONS["merge"])
    assert ended.status == 1


def test_a_users_resolution_is_replayed_alike(world: World) -> None:
    def resolved_before(place: Place) -> None:
        play(SCENES["content"], place.path, place.git)
        place.git("merge", "-s", "ort", "topic/side", expect=1)
        place.write("f", "resolved\n")
        place.commit("resolved")
        place.git("reset", "--quiet", "--hard", "HEAD^")

    assert compare(world, resolved_before, OPERATIONS["merge"]).files["f"] == "resolved\n"


def test_autostash_ends_alike(world: World) -> None:
    def changed_elsewhere(place: Place) -> None:
        play(SCENES["nothing in common"], place.path, place.git)
        place.write("b", "mine\n")

    compare(world, changed_elsewhere, ("merge", "--autostash", "--no-edit", "topic/side"))
