"""Fixtures and options for all tests; the sealed world itself is in world.py."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from forgery import Forger, Ledger, copied, found
from git_sandbox import Sandbox, make_repository, search_path
from hypothesis import settings
from ledgers import pristine, shop
from world import Place, TickingClock, World, find_shared

from aergo_vc.objects import git

# The everyday run repeats itself exactly; `make fuzz` looks where nobody has looked.
settings.register_profile("everyday", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile("everyday")

# Where a test hands in no environment too, the git first on PATH is the one under test.
git._PATH["PATH"] = search_path()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch for the long sweeps."""
    parser.addoption("--long", action="store_true", help="run the tests marked long too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked long unless it was asked for."""
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="a long sweep: make faults, make fuzz")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)


__all__ = ["pristine", "shop"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A sealed world of the test's own."""
    root = tmp_path / "world"
    root.mkdir()
    return World.create(root)


@pytest.fixture(params=["sha1", "sha256"])
def repository(world: World, request: pytest.FixtureRequest) -> Place:
    """A fresh repository; the test runs once in each object format."""
    return world.repository(object_format=request.param)


@pytest.fixture(params=["sha1", "sha256"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A repository of each object format."""
    return make_repository(tmp_path / "repository", request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Sandbox:
    """A repository of the SHA-1 format."""
    return make_repository(tmp_path / "repository")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger in a bare repository, which no test changes."""
    root = tmp_path_factory.mktemp("founded") / "world"
    root.mkdir()
    return found(World.create(root))


@pytest.fixture
def target(founded: Ledger, tmp_path: Path) -> Ledger:
    """A ledger of the test's own, with four blocks on main."""
    return copied(founded, tmp_path / "attacked")


@pytest.fixture
def forger(target: Ledger) -> Forger:
    """Somebody with alice's key who does not keep the rules."""
    return Forger(target)


@pytest.fixture
def clock() -> TickingClock:
    """A clock that ticks a second at each reading, from the same start in every test."""
    return TickingClock()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Randomness that differs between tests and never between runs."""
    return random.Random(request.node.nodeid)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A function from a path such as ``vectors/wycheproof`` to where it lies, which skips the test where absent."""

    def find(relative: str) -> Path:
        found = find_shared(relative)
        if found is None:
            pytest.skip(f"no shared/{relative} beside the checkout")
        return found

    return find
