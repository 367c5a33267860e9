"""A crash or an error at any system call leaves the old state or the new one, and nothing in the way (X01-X04).

The everyday run tries a fixed selection of points; ``--long`` tries them all.
"""

import random
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from faults.git_children import GitChildren
from faults.injection import KILL, Fault, Point, points_of, run_with_fault
from faults.stage import CASES, Stage, judge, trial, watch

from aergo_vc.objects.consolidating import MOST_PACKS

T = TypeVar("T")

KILLS, FAILS = 4, 1
"""Points that the everyday run tries of each verb with a crash, and with an error."""

FAILURES = [Fault(error=error, lasting=lasting) for error in ("ENOSPC", "EIO") for lasting in (False, True)]

_LIKE_OTHERS = frozenset(
    [
        "merge to a conflict",
        "resolve",
        "continue",
        "continue resolved",
        "cherry-pick",
        "revert",
        "resubmit",
        "repair",
    ]
)
"""Verbs that write as `merge` and `sql commit` do: the everyday run tries them with few faults."""

FAILING = [
    pytest.param(
        verb,
        fault,
        marks=[pytest.mark.long] if verb in _LIKE_OTHERS and fault != FAILURES[0] else [],
        id=f"{verb}-{fault}",
    )
    for verb in CASES
    for fault in FAILURES
]

_GIVING_UP = frozenset(["unlink", "flock", "utimensat", "fchmod", "chmod", "rmdir"])
"""Calls that only clean up or take what is there: the disk being full does not concern them."""


def _chosen(points: Sequence[T], count: int, request: pytest.FixtureRequest) -> list[T]:
    if request.config.getoption("--long") or len(points) <= count:
        return list(points)
    return random.Random(request.node.name).sample(points, count)


def _sweep(stage: Stage, verb: str, fault: Fault, request: pytest.FixtureRequest) -> None:
    known = watch(stage, CASES[verb])
    points = known.points
    if fault.error == "ENOSPC":
        points = tuple(point for point in points if point.call not in _GIVING_UP)
    assert len(points) > 3
    chosen = _chosen(points, KILLS if fault == KILL else FAILS, request)
    wrong = [(point, found) for point in chosen if (found := trial(stage, known, point, fault))]
    assert not wrong, "\n".join(f"{fault} at {point}\n    " + "\n    ".join(found) for point, found in wrong)


@pytest.mark.parametrize("verb", CASES)
def test_x01_a_verb_killed_at_any_system_call_leaves_old_or_new(
    strace: None, stage: Stage, verb: str, request: pytest.FixtureRequest
) -> None:
    _sweep(stage, verb, KILL, request)


@pytest.mark.parametrize(("verb", "fault"), FAILING)
def test_x02_x03_x04_a_failing_disk_is_reported_and_leaves_old_or_new(
    strace: None, stage: Stage, verb: str, fault: Fault, request: pytest.FixtureRequest
) -> None:
    _sweep(stage, verb, fault, request)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("verb", ["commit", "branch"])
def test_x08_an_interrupted_verb_leaves_old_or_new(
    strace: None, stage: Stage, verb: str, name: str, request: pytest.FixtureRequest
) -> None:
    _sweep(stage, verb, Fault(signal=name), request)


def test_x01_a_merge_of_packs_killed_at_any_system_call_leaves_the_new_block_and_nothing_in_the_way(
    strace: None, stage: Stage, request: pytest.FixtureRequest
) -> None:
    known = watch(stage, CASES["sql commit and merge packs"])
    packs = stage.path / ".git" / "objects" / "pack"
    assert len(list(packs.glob("*.pack"))) == 1
    merging = [
        point for point in known.points if "/objects/pack/" in point.shown and point.call in ("unlink", "rename")
    ]
    assert len(merging) > 3 * MOST_PACKS
    wrong = [
        (point, found) for point in _chosen(merging, KILLS, request) if (found := trial(stage, known, point, KILL))
    ]
    assert not wrong, "\n".join(f"{point}\n    " + "\n    ".join(found) for point, found in wrong)


@pytest.mark.parametrize("landed", [False, True])
def test_x07_a_crash_while_a_crash_is_repaired_leaves_old_or_new(
    strace: None, stage: Stage, landed: bool, request: pytest.FixtureRequest
) -> None:
    known = watch(stage, CASES["sql commit"])
    moves = [number for number, point in enumerate(known.points) if point.shown.endswith('/refs/heads/main") = 0')]
    first = known.points[moves[-1] + landed]

    def crash() -> None:
        stage.fresh(known.case.template)
        assert run_with_fault(stage.zygote, stage.job(known.case.verb), first, KILL)["kind"] == "killed"

    crash()
    points, told = points_of(stage.zygote, stage.job("look"), stage.root / "log")
    assert told["kind"] == "done"
    wrong = []
    for point in _chosen(points, KILLS, request):
        crash()
        found = judge(stage, known, run_with_fault(stage.zygote, stage.job("look"), point, KILL) | {"kind": "killed"})
        wrong += [f"{point}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("together", [True, False], ids=["with the verb", "alone"])
@pytest.mark.parametrize("verb", ["init", "sql commit"])
def test_x01_a_git_that_a_verb_runs_is_killed_at_any_system_call(
    strace: None, stage: Stage, verb: str, together: bool, request: pytest.FixtureRequest
) -> None:
    known = watch(stage, CASES[verb])
    children = GitChildren(stage.root / "programs")

    def run(child: int, point: Point | None = None) -> dict[str, Any]:
        stage.fresh(known.case.template)
        more = children.variables(child, point, KILL, together=together)
        return stage.zygote.run(stage.job(verb) | {"variables": stage.variables | more})

    places: list[tuple[int, Point]] = []
    child = 0
    while not child or child < children.count:
        child += 1
        assert run(child)["kind"] == "done"
        places += [(child, point) for point in children.points(stage.path)]
    assert len(places) > 3
    wrong = []
    for number, point in _chosen(places, KILLS, request):
        told = run(number, point)
        assert told["kind"] == ("killed" if together else "refused"), told
        wrong += [f"{point}: {what}" for what in judge(stage, known, told)]
    assert not wrong, "\n".join(wrong)


_HANDLE = re.compile(r"\d+<(.+?)>")
_NAMES = re.compile(r'"(.*?)"')


@pytest.mark.parametrize("verb", ["sql commit", "import", "commit"])
def test_x06_what_a_branch_leads_to_is_durable_before_the_branch_moves_and_the_move_before_the_verb_ends(
    strace: None, stage: Stage, verb: str
) -> None:
    known = watch(stage, CASES[verb])
    contents: set[str] = set()
    names: set[str] = set()
    at_risk = None
    for point in known.points:
        if point.call in ("write", "pwrite64"):
            contents.add(_HANDLE.findall(point.shown)[0])
        elif point.call in ("rename", "link") and point.shown.endswith("= 0"):
            old, new = _NAMES.findall(point.shown)
            if new.endswith("/refs/heads/main"):
                at_risk = contents | names
            contents |= {new} if old in contents else set()
            names.add(new)
        elif point.call in ("fsync", "fdatasync"):
            synced = _HANDLE.findall(point.shown)[0]
            contents.discard(synced)
            names = {name for name in names if name.rpartition("/")[0] != synced}
    assert at_risk is not None
    needed = re.compile(r"/objects/|/aergo/watermark.json|/aergo/following.json|/.git/refs/heads/")
    lock = "/.git/refs/heads/main.lock"  # its name does not matter: it is renamed
    assert {path for path in at_risk if needed.search(path)} <= {lock}
    assert "/.git/refs/heads/main" not in names | contents
