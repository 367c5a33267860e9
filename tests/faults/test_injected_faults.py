"""A crash or an error at any system call leaves the old state or the new one, and nothing in the way (X01-X04).

The everyday run tries a fixed selection of points; ``--long`` tries them all.
"""

import random

import pytest
from faults.injection import KILL, Fault, Point
from faults.stage import CASES, Stage, trial, watch

EVERYDAY_POINTS = 6
"""Points that the everyday run tries of each verb and fault."""

FAILURES = [Fault(error=error, lasting=lasting) for error in ("ENOSPC", "EIO") for lasting in (False, True)]

_GIVING_UP = frozenset(["unlink", "flock", "utimensat", "fchmod", "chmod", "rmdir"])
"""Calls that only clean up or take what is there: the disk being full does not concern them."""


def _chosen(points: tuple[Point, ...], request: pytest.FixtureRequest) -> list[Point]:
    if request.config.getoption("--long") or len(points) <= EVERYDAY_POINTS:
        return list(points)
    return random.Random(request.node.name).sample(points, EVERYDAY_POINTS)


def _sweep(stage: Stage, verb: str, fault: Fault, request: pytest.FixtureRequest) -> None:
    known = watch(stage, CASES[verb])
    points = known.points
    if fault.error == "ENOSPC":
        points = tuple(point for point in points if point.call not in _GIVING_UP)
    assert len(points) > 3
    wrong = [(point, found) for point in _chosen(points, request) if (found := trial(stage, known, point, fault))]
    assert not wrong, "\n".join(f"{fault} at {point}\n    " + "\n    ".join(found) for point, found in wrong)


@pytest.mark.parametrize("verb", CASES)
def test_x01_a_verb_killed_at_any_system_call_leaves_old_or_new(
    strace: None, stage: Stage, verb: str, request: pytest.FixtureRequest
) -> None:
    _sweep(stage, verb, KILL, request)


@pytest.mark.parametrize("fault", FAILURES, ids=str)
@pytest.mark.parametrize("verb", CASES)
def test_x02_x03_x04_a_failing_disk_is_reported_and_leaves_old_or_new(
    strace: None, stage: Stage, verb: str, fault: Fault, request: pytest.FixtureRequest
) -> None:
    _sweep(stage, verb, fault, request)
