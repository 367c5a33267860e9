"""Random branches merged by plain git and by git aergo: one block comes of both, but for its time and signature."""

import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from forgery import Forger, Ledger, copied
from hypothesis import event, given, settings
from hypothesis import strategies as st
from random_work import LAWS, START, random_script, work
from world import World

from aergo_vc.base.clock import SystemClock
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.hooks import Program


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with a worktree, in which plain git merges blocks."""
    root = tmp_path_factory.mktemp("template") / "world"
    root.mkdir()
    world = World.create(root)
    ledger = Ledger(world.repository())
    ledger.be("alice")
    with ledger.open() as repository:
        repository.init(name="test", entity="alice", key=str(world.home / "alice.key"))
        repository.sql(START, commit=True)
        repository.install(Program(Path(sys.executable), world.programs / "git-aergo"))
    return ledger


def moved(template: Ledger, root: Path) -> Ledger:
    """A copy whose settings lead to its own programs and keys."""
    ledger = copied(template, root)
    config = ledger.place.path / ".git" / "config"
    config.write_text(config.read_text().replace(f"{template.place.world.root}/", f"{root}/"))
    return ledger


def diverge(ledger: Ledger, source: random.Random) -> None:
    """Let the branches here and there work, and now and then merge each other; HEAD is on here, then."""
    keys = range(1, source.choice([3, 6]))
    with ledger.open() as repository:
        repository.branch("here", merge=source.choice(LAWS))
        repository.branch("there", merge=source.choice(LAWS))
    for _ in range(source.randrange(1, 3)):
        for name, other in (("here", "there"), ("there", "here")):
            with ledger.open() as repository:
                repository.checkout(name)
                work(repository, [random_script(source, keys) for _ in range(source.randrange(1, 4))])
                if source.random() < 0.3 and not repository.merge(other, dry_run=True).conflicts:
                    repository.merge(other)
    with ledger.open() as repository:
        repository.checkout("here")


def by_git(ledger: Ledger) -> tuple[object, ...]:
    """What ``git merge`` makes of it."""
    place, head = ledger.place, ledger.ref("here")
    done = place.git("merge", "--no-edit", "there", expect=None)
    told = outcome(ledger, head)
    assert done.status == (1 if told[0] == "conflicts" else 0), done
    return told


def by_us(ledger: Ledger) -> tuple[object, ...]:
    """What ``git aergo merge`` makes of it."""
    head = ledger.ref("here")
    with ledger.open() as repository:
        repository.merge("there")
    return outcome(ledger, head)


def outcome(ledger: Ledger, head: str) -> tuple[object, ...]:
    """The block that there is now on here, but for its time; or the conflicts; or nothing."""
    if ledger.ref("here") == head:
        if not (ledger.place.path / ".git" / "MERGE_HEAD").exists():
            return ("nothing",)
        assert ledger.place.git("status", "--porcelain").out == "UU ledger/block.json\n"
        with ledger.open() as repository:
            return ("conflicts", [one.conflict for one in repository.conflicts().conflicts])
    assert ledger.place.git("status", "--porcelain").out == ""
    with Repository.open(ledger.place.path, replace(ledger.surroundings, clock=SystemClock())) as repository:
        repository.verify(f"{head}..", workers=1)
    block = Forger(ledger, "here").blocks()[-1][1]
    header = replace(block.header, time=0, slot=0)
    return ("block", header, block.transactions_bytes, block.receipts_bytes, block.state, block.payload)


def test_plain_git_merges_as_git_aergo_does(
    template: Ledger, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    @given(st.integers(0, 2**64))
    @settings(max_examples=100 if request.config.getoption("--long") else 2, deadline=None)
    def check(seed: int) -> None:
        root = tmp_path_factory.mktemp("history")
        ledger = moved(template, root / "one")
        diverge(ledger, random.Random(seed))
        twin = moved(ledger, root / "two")
        told = by_git(twin)
        event(str(told[0]))
        assert told == by_us(ledger)
        shutil.rmtree(root)

    check()
