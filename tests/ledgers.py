"""Ready repositories with a shop, made through the command line and copied for each test."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from world import Outcome, Place, World

SCRIPT = """\
CREATE TABLE price (item text PRIMARY KEY, cents bigint NOT NULL, note text);
INSERT INTO price VALUES ('bread', 350, NULL), ('butter', 290, 'salted'), ('salt', 90, '');
"""

SHORT = r"[0-9a-f]{12}"
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is as `pattern` says, which has ``ID`` for short ids and ``TIME`` for times."""
    return re.fullmatch(pattern.replace("ID", SHORT).replace("TIME", MOMENT), text) is not None


def make_ledger(world: World, name: str = "shop") -> Place:
    """A repository with the blocks 0 (empty), 1 (a table with three rows), 2 (one row changed, one new, one gone)."""
    place = world.repository(name)
    place.aergo("init")
    place.aergo("sql", "--commit", "-m", "Open the shop", SCRIPT)
    place.aergo(
        "sql",
        "--commit",
        "UPDATE price SET cents = cents + 20 WHERE item = 'bread';"
        " DELETE FROM price WHERE item = 'salt'; INSERT INTO price VALUES ('tea', 410, 'loose')",
    )
    return place


def records(outcome: Outcome) -> list[dict[str, Any]]:
    """The lines of ``--json``."""
    return [json.loads(line) for line in outcome.out.splitlines()]


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A ledger that no test changes."""
    return make_ledger(World.create(tmp_path_factory.mktemp("pristine")))


@pytest.fixture
def shop(pristine: Place, tmp_path: Path) -> Place:
    """A copy of it, for a test to change."""
    return copy_of(pristine, tmp_path / "copy")


def copy_of(place: Place, root: Path) -> Place:
    """The same repository in a world of its own under `root`."""
    shutil.copytree(place.world.root, root, symlinks=True)
    # What `install` sets are absolute paths, since git runs programs from anywhere.
    config = root / place.path.name / ".git" / "config"
    config.write_text(config.read_text().replace(f"{place.world.root}/", f"{root}/"))
    return Place(World(root, place.world.clock), root / place.path.name)
