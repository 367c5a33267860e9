"""A state cache stays open between the verbs of one process, and others may use the file meanwhile."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from world import World

from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Repository, Repository]]:
    """Two openings of one repository, whose table of counts has one row."""
    world = World.create(tmp_path)
    place = world.repository(bare=True)
    surroundings = Surroundings(world.environment)
    with Repository.open(place.path, surroundings) as first, Repository.open(place.path, surroundings) as second:
        first.init(name="demo", entity="alice")
        first.sql(
            "CREATE TABLE count (id integer PRIMARY KEY, n integer); INSERT INTO count VALUES (1, 0)", commit=True
        )
        yield first, second


def count(repository: Repository) -> object:
    _, rows = repository.rows("count")
    return next(rows)[1]


def test_openings_that_take_turns_build_on_each_other(both: tuple[Repository, Repository]) -> None:
    for turn in range(6):
        both[turn % 2].sql("UPDATE count SET n = n + 1 WHERE id = 1", commit=True)
    assert [count(repository) for repository in both] == [6, 6]
    both[0].verify()


def test_an_open_cache_whose_file_vanishes_is_made_anew(both: tuple[Repository, Repository]) -> None:
    first, second = both
    for path in Path(first._workspace.folder, "cache").glob("state-*"):
        path.unlink()
    first.sql("UPDATE count SET n = n + 1 WHERE id = 1", commit=True)
    shutil.rmtree(first._workspace.folder / "cache")
    second.sql("UPDATE count SET n = n + 1 WHERE id = 1", commit=True)
    first.sql("UPDATE count SET n = n + 1 WHERE id = 1", commit=True)
    assert count(second) == 3


def test_a_verb_that_fails_leaves_the_cache_at_the_state_before_it(both: tuple[Repository, Repository]) -> None:
    first, second = both
    with pytest.raises(Exception, match="duplicate key"):
        first.sql("UPDATE count SET n = 7; INSERT INTO count VALUES (1, 1)", commit=True)
    first.sql("UPDATE count SET n = n + 1 WHERE id = 1", commit=True)
    assert count(second) == 1


def test_verifying_gives_the_memory_of_its_tables_back(both: tuple[Repository, Repository]) -> None:
    both[0].verify()
    taken = apsw.memory_used()
    for _ in range(3):
        both[0].verify()
    assert apsw.memory_used() - taken < 64 << 10
