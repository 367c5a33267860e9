"""Damaged files are detected and named, or do not matter; caches may be lost at any time (X09-X12, X15)."""

import json
import random
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.stage import NOW, Stage, check_sound
from faults.verbs import SPREAD

Harm = Callable[[Path, random.Random], None]


def _cut_off(path: Path, rng: random.Random) -> None:
    data = path.read_bytes()
    _overwrite(path, data[: rng.randrange(len(data))])


def _empty(path: Path, rng: random.Random) -> None:
    _overwrite(path, b"")


def _flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    _overwrite(path, bytes(data))


def _overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


HARMS: dict[str, Harm] = {"cut off": _cut_off, "emptied": _empty, "one bit flipped": _flip}

CACHES = ("cache/state-main.sqlite", "cache/state-main.stamp", "cache/twins.sqlite", "cache/imports.json")

STORED = (
    "objects/pack/*.pack",
    "objects/pack/*.idx",
    "refs/heads/main",
    "refs/heads/aergo/directory",
    "HEAD",
    "index",
    "packed-refs",
    "aergo/watermark.json",
    "aergo/keys/alice",
    "aergo/lock",
)
"""What lies in the git directory and is no cache: damage may stop a verb, which then says so."""


def _verbs_after(stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    for verb in ("verify", "look", "import", "sql commit"):
        yield verb, stage.do(verb, time=NOW + SPREAD)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", CACHES)
def test_x11_a_damaged_cache_is_made_anew(
    stage: Stage, name: str, harm: str, rng: random.Random, request: pytest.FixtureRequest
) -> None:
    for _ in range(20 if request.config.getoption("--long") else 1):
        stage.fresh("books")
        stage.do("import")
        path = stage.path / ".git" / "aergo" / name
        HARMS[harm](path, rng)
        for verb, told in _verbs_after(stage):
            assert told["kind"] == "done", (verb, told)
        seen = stage.do("look", time=NOW + 2 * SPREAD)["value"]
        assert (seen["balance"], seen["people"]) == (101, 90)
        assert check_sound(stage) == []


def test_x11_lost_caches_are_made_anew_and_give_the_same_block(stage: Stage) -> None:
    stage.fresh("books")
    assert stage.do("sql commit")["kind"] == "done"
    expected = stage.refs()
    stage.fresh("books")
    for path in (stage.path / ".git" / "aergo" / "cache").iterdir():
        path.unlink()
    assert stage.do("sql commit")["kind"] == "done"
    assert stage.refs() == expected


def test_x12_a_cache_of_another_version_is_made_anew(stage: Stage) -> None:
    stage.fresh("books")
    cache = stage.path / ".git" / "aergo" / "cache"
    stamp = json.loads((cache / "state-main.stamp").read_text())
    (cache / "state-main.stamp").write_text(json.dumps(stamp | {"version": 0}))
    with sqlite3.connect(cache / "state-main.sqlite") as database:
        database.execute('DELETE FROM "public.account"')
    database.close()
    assert stage.do("sql commit")["kind"] == "done"
    assert stage.do("look", time=NOW + SPREAD)["value"]["balance"] == 101


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("pattern", STORED)
def test_x09_x10_damage_is_named_or_does_not_matter(
    stage: Stage, pattern: str, harm: str, rng: random.Random, request: pytest.FixtureRequest
) -> None:
    rounds = 40 if request.config.getoption("--long") else 1
    for number in range(rounds):
        stage.fresh("books")
        stage.git("pack-refs", "--all")
        if number % 2 == 0:
            stage.do("sql")
        found = sorted((stage.path / ".git").glob(pattern))
        if not found or not found[0].stat().st_size:
            continue
        HARMS[harm](rng.choice(found), rng)
        for verb, told in _verbs_after(stage):
            assert told["kind"] in ("done", "refused"), (verb, told)
            assert told.get("message") != ""
            if verb == "look" and told["kind"] == "done":
                assert told["value"]["balance"] in (100, None)


@pytest.mark.parametrize("harm", HARMS)
def test_x09_a_damaged_loose_object_is_named(stage: Stage, harm: str, rng: random.Random) -> None:
    stage.fresh("books")
    packs = sorted((stage.path / ".git" / "objects" / "pack").glob("*.pack"))
    for pack in packs:
        moved = stage.root / "loose.pack"
        pack.replace(moved)
        for other in pack.parent.glob(pack.stem + ".*"):
            other.unlink()
        with moved.open("rb") as file:
            subprocess.run(["git", "unpack-objects", "-q"], stdin=file, cwd=stage.path, env=stage.variables, check=True)
    loose = sorted((stage.path / ".git" / "objects").glob("??/*"))
    for path in rng.sample(loose, 6):
        whole = path.read_bytes()
        HARMS[harm](path, rng)
        told = stage.do("verify")
        assert told["kind"] != "error", told
        if told["kind"] == "refused":
            assert path.parent.name + path.name in told["message"] or told["code"] == "E_SHALLOW", told
        _overwrite(path, whole)
    assert stage.do("verify")["kind"] == "done"


@pytest.mark.parametrize(
    "name",
    [
        "index.lock",
        "HEAD.lock",
        "refs/heads/main.lock",
        "packed-refs.lock",
        pytest.param("gc.pid.lock", marks=pytest.mark.long),  # waits half a minute
    ],
)
def test_x15_a_lock_of_somebody_elses_is_waited_for_named_and_left_alone(stage: Stage, name: str) -> None:
    stage.fresh("books")
    before = stage.refs()
    lock = stage.path / ".git" / name
    lock.write_text("somebody's")
    told = stage.do("sql commit")
    assert lock.read_text() == "somebody's"
    if told["kind"] == "refused":
        assert told["code"] == "E_LOCKED"
        assert str(lock) in told["message"]
        assert stage.refs() == before
    else:
        assert told["kind"] == "done"
        assert name in ("HEAD.lock", "packed-refs.lock"), "git itself would wait for this lock"
    lock.unlink()
    assert check_sound(stage) == []
    assert stage.do("sql commit", time=NOW + SPREAD)["kind"] == "done"
    assert stage.leftovers() == []


def test_x15_a_stale_gc_pid_blocks_nobody(stage: Stage) -> None:
    stage.fresh("books")
    dead = subprocess.Popen(["true"])
    dead.wait()
    (stage.path / ".git" / "gc.pid").write_text(f"{dead.pid} {socket.gethostname()}")
    assert stage.do("sql commit")["kind"] == "done"
    assert not (stage.path / ".git" / "gc.pid").exists()
