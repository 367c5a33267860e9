"""Contracts' SQL against defects of SQLite itself: row G21 of the threat list."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from world import ROOT, find_shared

PLAYER = Path(__file__).with_name("fuzz_seeds.py")
MOST_KNOWN = 35_000
"""SQLite 3.40 has 35,758 seeds."""


def seed_files() -> list[Path]:
    """Databases of seeds: those that ``make seeds`` has fetched, or any beside the checkout."""
    folder = ROOT / "build" / "fuzz-seeds"
    if not folder.is_dir():
        folder = find_shared("seeds") or folder
    return sorted(folder.glob("fuzzdata*.db"))


def test_g21_sqlite_s_own_fuzz_seeds_neither_crash_nor_change_a_closed_sqlite() -> None:
    files = seed_files()
    if not files:
        pytest.skip("no fuzz seeds of SQLite: make seeds fetches them from Debian")
    played = subprocess.run(
        [sys.executable, PLAYER, *files], capture_output=True, text=True, check=False, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    found = json.loads(played.stdout)
    assert sum(found["outcomes"].values()) > MOST_KNOWN
    assert found["outcomes"]["denied"] > found["outcomes"]["ran"] > 0
    assert (found["names"], found["check"]) == (["public.t1"], "ok")
    assert set(found["databases"]) <= {"main", "temp"}
