"""Many programs at work in one repository: nothing that was reported is lost (X13, X14, X16, X17)."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults.stage import NOW, Stage
from world import ROOT

SECONDS, PATIENCE, BLOCKS = 2.0, 40.0, 4
"""How long the programs work in the everyday run: longer, while they have not made so many blocks."""

CLEANERS = (
    ("gc", "--quiet", "--prune=now"),
    ("repack", "-a", "-d", "-q"),
    ("prune", "--expire=now"),
    ("pack-refs", "--all", "--prune"),
)

_PRODUCER = """
import json, sys, time
from pathlib import Path
from aergo_vc.base.errors import AergoError
from aergo_vc.objects.consolidating import Consolidator
from aergo_vc.repository import workspace
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings
path, variables, start, begun = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
workspace.Consolidator = lambda paths: Consolidator(paths, most=2)
class FastClock:
    def now(self):
        return start + (time.monotonic_ns() - begun) // 20_000
while True:
    try:
        with Repository.open(path, Surroundings(variables, FastClock(), home=Path(variables["HOME"]))) as repository:
            done = repository.sql("UPDATE account SET balance = balance + 1 WHERE id = 7", commit=True)
            print("block", done.committed.block, flush=True)
    except AergoError as error:
        print("refused", error.code, error.message, flush=True)
"""
"""Adds blocks for ever, by a clock that all of its kind share, and that runs fifty times as fast as the machine's.

Packs are merged at every other block.
"""


@contextmanager
def _producers(stage: Stage, count: int) -> Iterator[list[Path]]:
    """Processes that each add blocks as fast as they can; yields the files that they report in."""
    reports = [stage.root / f"producer-{number}" for number in range(count)]
    processes = []
    begun = time.monotonic_ns()
    for report in reports:
        with report.open("wb") as output:
            words = [str(stage.path), json.dumps(stage.variables), str(NOW), str(begun)]
            command = [sys.executable, "-c", _PRODUCER, *words]
            environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
            processes.append(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment))
    try:
        yield reports
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        stage.do("look", time=NOW + 10_000_000)  # the next to come clears up after the killed


def _lines(reports: list[Path]) -> list[str]:
    """What was reported, whole lines only."""
    return [line for report in reports for line in report.read_text().split("\n")[:-1]]


def _require_all(stage: Stage, reports: list[Path], allowed: frozenset[str]) -> int:
    """Every reported block is in the history; returns how many there are."""
    lines = _lines(reports)
    foreign = [line for line in lines if not line.startswith("block ") and line.split()[1] not in allowed]
    assert not foreign, "\n".join(foreign[:20])
    blocks = {line.split()[1] for line in lines if line.startswith("block ")}
    history = stage.git("log", "--format=%(trailers:key=Aergo-Block,valueonly)", "main").split()
    assert blocks <= set(history)
    stage.git("fsck", "--full", "--strict", "--no-dangling")
    told = stage.do("verify", time=NOW + 10_000_000)
    assert told["kind"] == "done", told
    made = told["value"] - 2
    # A producer may die between a block and its report, so the rows count blocks that are in the history.
    assert stage.do("look", time=NOW + 10_000_000)["value"]["balance"] == 100 + made
    assert len(blocks) <= made <= len(blocks) + len(reports)
    return made


def _while_blocks_come(reports: list[Path], request: pytest.FixtureRequest) -> Iterator[None]:
    """Yields for a while, and until some blocks were reported."""
    begun = time.monotonic()
    seconds = 10 * SECONDS if request.config.getoption("--long") else SECONDS
    while (passed := time.monotonic() - begun) < seconds or (
        passed < PATIENCE and sum(line.startswith("block ") for line in _lines(reports)) < BLOCKS
    ):
        yield


def test_x13_x14_two_producers_and_every_clean_up_of_git_lose_no_block(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    stage.fresh("books")
    with _producers(stage, 2) as reports:
        for _ in _while_blocks_come(reports, request):
            for words in CLEANERS:
                stage.git(*words, check=False)
    assert _require_all(stage, reports, frozenset()) >= BLOCKS


def test_x14_who_reads_while_packs_are_merged_misses_nothing(stage: Stage, request: pytest.FixtureRequest) -> None:
    stage.fresh("books")
    with _producers(stage, 1) as reports:
        for number, _ in enumerate(_while_blocks_come(reports, request)):
            clone = stage.root / "trial" / f"clone-{number}"
            stage.git("clone", "--quiet", "--bare", "--no-local", str(stage.path), str(clone))
            stage.git("fsck", "--full", "--strict", path=clone)
            assert stage.git("rev-list", "--objects", "--quiet", "main") == ""
            told = stage.do("verify", time=NOW + 10_000_000)
            assert told["kind"] == "done", told
    assert _require_all(stage, reports, frozenset()) >= BLOCKS


def test_x16_a_user_who_commits_all_the_time_and_a_producer_do_not_mix(
    stage: Stage, request: pytest.FixtureRequest, rng: random.Random
) -> None:
    path = stage.fresh("books")
    committed = 0
    with _producers(stage, 1) as reports:
        for _ in _while_blocks_come(reports, request):
            (path / "notes.txt").write_text(f"note {committed}\n")
            said = stage.git("commit", "--quiet", "--all", f"--message=note {committed}", check=False)
            committed += said == ""
            time.sleep(rng.random())  # a block takes longer than a plain commit, and would never win otherwise
    made = _require_all(stage, reports, frozenset(["E_MOVED", "E_SLOT_SPENT", "E_LOCKED"]))
    assert made >= BLOCKS
    assert committed > 0
    subjects = stage.git("log", "--format=%s", "main").splitlines()
    assert sum(subject.startswith("note ") for subject in subjects) == committed
    stage.git("checkout", "--quiet", "--", "notes.txt")
    assert stage.git("status", "--porcelain") == ""


def test_x16_a_user_who_switches_branches_all_the_time_and_a_producer_do_not_mix(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    stage.fresh("branched")
    with _producers(stage, 1) as reports:
        for _ in _while_blocks_come(reports, request):
            stage.git("checkout", "--quiet", "side", check=False)
            stage.git("checkout", "--quiet", "main", check=False)
    codes = frozenset(["E_MOVED", "E_SLOT_SPENT", "E_LOCKED", "E_WORKTREE"])
    foreign = [line for line in _lines(reports) if not line.startswith("block ") and line.split()[1] not in codes]
    assert not foreign, "\n".join(foreign[:20])
    for branch in ("main", "side"):
        # git checkout unlocks the index before it moves HEAD; a block in between leaves the worktree behind, as any
        # `git update-ref` would.  No branch suffers.
        stage.git("checkout", "--quiet", "--force", branch)
        told = stage.do("verify", time=NOW + 10_000_000)
        assert told["kind"] == "done", told
        assert stage.git("status", "--porcelain") == ""


def test_x17_fetches_and_pushes_beside_a_producer_leave_one_line_of_blocks_on_both_sides(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    path = stage.fresh("books")
    remote, follower = stage.root / "trial" / "remote.git", stage.root / "trial" / "follower"
    stage.git("clone", "--quiet", "--bare", "--no-local", str(path), str(remote))
    stage.git("remote", "add", "elsewhere", str(remote))
    stage.git("clone", "--quiet", "--no-local", str(remote), str(follower))
    heads: list[str] = []
    with _producers(stage, 1) as reports:
        for _ in _while_blocks_come(reports, request):
            stage.git("push", "--quiet", "--atomic", "elsewhere", "main", "aergo/directory")
            stage.git("fetch", "--quiet", "elsewhere")
            stage.git("pull", "--quiet", "--ff-only", path=follower)
            heads.append(stage.git("rev-parse", "main", path=remote).strip())
    assert _require_all(stage, reports, frozenset()) >= BLOCKS
    assert stage.git("rev-list", "--merges", "--count", "main").strip() == "0"
    line = stage.git("rev-list", "--reverse", "main").split()
    assert [line.index(head) for head in heads] == sorted(line.index(head) for head in heads)
    assert stage.git("rev-parse", "HEAD", path=follower).strip() == heads[-1]
    stage.git("fsck", "--full", "--strict", "--no-dangling", path=remote)
    assert len(set(heads)) > 1
