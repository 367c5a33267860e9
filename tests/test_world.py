"""The sealed world keeps what it promises."""

import os
import random
import sys
from pathlib import Path

import pytest
from world import START, Place, TickingClock, World, find_shared

from aergo_vc.base.clock import Clock


def test_children_see_none_of_the_test_runs_variables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("AERGO_STRAY", "1")
    seen = world.run(sys.executable, "-I", "-c", "import os; print(*sorted(os.environ))").line.split()
    assert "AERGO_STRAY" not in seen
    assert "GIT_DIR" not in seen
    assert os.environ["GIT_DIR"] == "/nowhere"


def test_git_reads_the_worlds_configuration_only(world: World) -> None:
    origins = world.run("git", "config", "--list", "--show-origin", "--name-only").out.splitlines()
    assert {line.split("\t")[0] for line in origins} == {f"file:{world.home / '.gitconfig'}"}


def test_the_same_steps_make_the_same_commits(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        place = World.create(tmp_path / name).repository()
        place.write("a/b.txt", "x\n")
        ids.append((place.commit("first"), place.commit("second")))
    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]


def test_a_repository_comes_in_either_object_format(repository: Place) -> None:
    object_format = repository.git("rev-parse", "--show-object-format").line
    assert len(repository.commit()) == {"sha1": 40, "sha256": 64}[object_format]


def test_a_child_that_ends_otherwise_than_expected_fails_the_test(world: World) -> None:
    with pytest.raises(pytest.fail.Exception, match="exited with 1, not 0"):
        world.run("false")
    assert world.run("false", expect=1).status == 1


def test_the_ticking_clock_moves_by_its_step_at_each_reading() -> None:
    clock: Clock = TickingClock(step=7)
    assert [clock.now(), clock.now(), clock.now()] == [START, START + 7, START + 14]


def test_randomness_repeats_itself(rng: random.Random, request: pytest.FixtureRequest) -> None:
    again = random.Random(request.node.nodeid)
    assert [rng.random() for _ in range(3)] == [again.random() for _ in range(3)]


def test_the_nearest_shared_folder_is_found_or_none(tmp_path: Path) -> None:
    checkout = tmp_path / "outer" / "checkout"
    checkout.mkdir(parents=True)
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert find_shared("data", checkout) == tmp_path / "shared" / "data"
    assert find_shared("data/absent", checkout) is None
    (tmp_path / "outer" / "shared" / "data").mkdir(parents=True)
    assert find_shared("data", checkout) == tmp_path / "outer" / "shared" / "data"


def test_git_finds_git_aergo(world: World) -> None:
    place = world.repository()
    assert place.aergo("--version").out.strip()


def test_git_reads_its_standard_input_from_the_test(world: World) -> None:
    place = world.repository()
    assert place.git("hash-object", "--stdin", stdin="x\n").line == "587be6b4c3f93f93c489c0111bba5596147a26cb"
