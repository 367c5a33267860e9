"""Blocks executed in several processes: as if each transaction had been executed after the other."""

import importlib
import marshal
import os
import pkgutil
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from calling_world import CallingWorld

import aergo_vc
from aergo_vc.base.errors import AergoError
from aergo_vc.ledger.building import Executed, execute_all, execute_all_at_once
from aergo_vc.ledger.machine import BlockExecution, Submission
from aergo_vc.ledger.parallel import executing, processes
from aergo_vc.ledger.parallel.plain_values import Attempt, attempt_of, plain_attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

PLACES = ["memory", "file"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "LEAST", 20)
    monkeypatch.setattr(executing, "_TOGETHER", 8)
    monkeypatch.setattr(executing, "can_fork", lambda: True)  # what runs the tests may have threads


@pytest.fixture(params=PLACES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> CallingWorld:
    return CallingWorld.open(tmp_path / "state.sqlite" if request.param == "file" else None)


def _all_hold(_start: int, _stop: int) -> bool:
    return True


def _at_once(world: CallingWorld, block: Sequence[Submission], workers: int = 2) -> Executed | None:
    return execute_all_at_once(world.machine, world.context(2), block, _all_hold, workers=workers)


def _require_same(one: Executed, other: Executed) -> None:
    assert one.lines == other.lines
    assert one.outcomes == other.outcomes
    assert one.included == other.included
    assert one.state == other.state
    assert [each.transaction for each in one.excluded] == [each.transaction for each in other.excluded]
    for mine, theirs in zip(one.excluded, other.excluded, strict=True):
        assert type(mine.reason) is type(theirs.reason)
        assert mine.reason.args == theirs.reason.args
        assert vars(mine.reason) == vars(theirs.reason)


def _rows(world: CallingWorld) -> dict[str, list[object]]:
    return {name: list(world.machine.engine.rows(name)) for name in world.machine.catalog.stored}


@pytest.mark.parametrize("seed", range(6))
def test_random_blocks_give_what_they_give_one_after_the_other(world: CallingWorld, seed: int) -> None:
    source = random.Random(seed)
    block = [world.known(source) for _ in range(source.randrange(60, 200))]
    block += [world.unknown(source) if source.random() < 0.3 else world.known(source) for _ in range(20)]
    executed = _at_once(world, block, workers=source.choice((2, 2, 3)))
    assert executed is not None
    assert executed.excluded
    other = CallingWorld.open()
    _require_same(executed, execute_all(other.machine, other.context(2), block))
    assert _rows(world) == _rows(other)
    again = [world.known(source) for _ in range(60)]
    _require_same(
        execute_all(world.machine, world.context(3), again), execute_all(other.machine, other.context(3), again)
    )


def _block(world: CallingWorld, count: int = 120) -> list[Submission]:
    return [world.call("transfer", number % 60, (number + 30) % 60, "1.00") for number in range(count)]


def test_the_work_is_done_in_several_processes(world: CallingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    mine: list[Submission] = []
    attempt = executing._attempt

    def noted(execution: BlockExecution, submission: Submission) -> Attempt:
        mine.append(submission)
        return attempt(execution, submission)

    monkeypatch.setattr(executing, "_attempt", noted)
    block = _block(world)
    assert _at_once(world, block) is not None
    assert 0 < len(mine) < len(block)


@pytest.mark.parametrize("after", [0, 1, 9, None])
def test_a_process_that_is_killed_leaves_everything_to_be_done_again(
    world: CallingWorld, monkeypatch: pytest.MonkeyPatch, after: int | None
) -> None:
    before = _rows(world)
    block = _block(world)
    attempt, check, parent = executing._attempt, executing._checked, os.getpid()
    done = 0

    def killed(execution: BlockExecution, submission: Submission) -> Attempt:
        nonlocal done
        if os.getpid() != parent and done == after:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return attempt(execution, submission)

    def killed_later(*arguments: object) -> int | None:
        if os.getpid() != parent and after is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return check(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(executing, "_attempt", killed)
        patch.setattr(executing, "_checked", killed_later)
        assert _at_once(world, block) is None
    assert _rows(world) == before
    other = CallingWorld.open()
    _require_same(
        execute_all(world.machine, world.context(2), block), execute_all(other.machine, other.context(2), block)
    )


@pytest.mark.parametrize("bad", [0, 77, 119])
def test_a_signature_that_does_not_hold_leaves_nothing(world: CallingWorld, bad: int) -> None:
    before = _rows(world)
    snapshot = world.machine.snapshot

    def holds(start: int, stop: int) -> bool:
        return not start <= bad < stop

    assert execute_all_at_once(world.machine, world.context(2), _block(world), holds, workers=2) is None
    assert _rows(world) == before
    assert world.machine.snapshot == snapshot


def test_every_signature_is_asked_for_once(world: CallingWorld, tmp_path: Path) -> None:
    reader, writer = os.pipe()

    def holds(start: int, stop: int) -> bool:
        os.write(writer, b"".join([bytes([number]) for number in range(start, stop)]))
        return True

    assert execute_all_at_once(world.machine, world.context(2), _block(world, 123), holds, workers=3) is not None
    assert sorted(os.read(reader, 1_000)) == list(range(123))
    os.close(reader)
    os.close(writer)


def test_a_block_that_may_be_full_is_left_to_the_usual_way(
    world: CallingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aergo_vc.ledger.building.BLOCK_TRANSACTIONS", 100)
    before = _rows(world)
    assert _at_once(world, _block(world, 120)) is None
    assert _rows(world) == before


def test_small_blocks_scripts_and_unknown_calls_are_left_to_the_usual_way(world: CallingWorld) -> None:
    block = _block(world, 40)
    assert _at_once(world, block, workers=1) is None
    assert _at_once(world, block[:19]) is None
    assert _at_once(world, [world.call("total"), *block]) is None
    assert _at_once(world, [*block, world.script("INSERT INTO c.log VALUES ('x')")]) is None
    assert _at_once(world, block) is not None


def test_a_process_that_must_not_be_forked_is_not(world: CallingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "can_fork", lambda: False)
    assert _at_once(world, _block(world)) is None


def test_where_no_process_can_be_forked_the_usual_way_is_taken(
    world: CallingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_work: object, _writer: int) -> int:
        raise BlockingIOError("no more processes")

    with monkeypatch.context() as patch:
        patch.setattr(processes, "_fork", fail)
        assert _at_once(world, _block(world)) is None
    assert _at_once(world, _block(world)) is not None


def test_nothing_of_a_block_goes_into_the_file_before_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    world = CallingWorld.open(path)
    engine = world.machine.engine
    with world.machine.block(world.context(2)) as execution:
        for number in range(600):
            execution.execute(*world.call("visit", "x" * 200, number))
        execution.finish()
    engine._trusted("PRAGMA cache_size=10")
    for is_spilled in (True, False):
        before = path.read_bytes()
        if is_spilled:  # which shows that the block is large enough to tell
            with engine.block() as block:
                engine._trusted('UPDATE "c.visit" SET times = times + 1')
                assert path.read_bytes() != before
                block.rollback()
        else:
            with engine.unspilled(), engine.block() as block:
                engine._trusted('UPDATE "c.visit" SET times = times + 1')
                assert path.read_bytes() == before
                block.rollback()


def _kinds(kind: type[AergoError]) -> Iterator[type[AergoError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)


def test_errors_of_every_class_come_through_with_all_that_they_say() -> None:
    for module in pkgutil.walk_packages(aergo_vc.__path__, "aergo_vc."):
        if not module.name.endswith("__main__") and not module.name.startswith("aergo_vc.query.worker"):
            importlib.import_module(module.name)
    kinds = list(_kinds(AergoError))
    assert len(kinds) > 100
    for kind in kinds:
        error = kind.__new__(kind, "a", 1)
        vars(error).update(message="a message", facts={"line": 3, "name": "x", "none": None}, more=["b", ("c", 2)])
        found = attempt_of(marshal.loads(marshal.dumps(plain_attempt(error))))  # noqa: S302 - our own
        assert isinstance(found, AergoError)
        assert type(found) is kind
        assert (found.args, vars(found), found.code) == (error.args, vars(error), error.code)
