"""Plain `git merge` killed anywhere: the branch is old or new, or a merge is in progress that ends well (X01).

git starts three programs of ours for it, and makes the commit itself.
"""

import os
import random
import signal
import subprocess
import time

import pytest
from faults.injection import KILL, Point, points_of, run_with_fault
from faults.programs import points_in, wrap
from faults.stage import BUSY, SPREAD, Stage, check_sound
from git_sandbox import search_path
from world import write_program

MERGE = ("git", "merge", "--no-edit", "side")

PROGRAMS = {
    "strategy": "bin/git-merge-aergo",
    "hook": "trial/repository/.git/hooks/prepare-commit-msg",
    "signing program": "trial/repository/.git/aergo/sign-openpgp",
}
"""What git starts, below the stage's root."""

ENDINGS = ("abort", "commit", "continue")
"""How a merge in progress can end."""

_GITS_LOCKS = ("index.lock", "HEAD.lock", "refs/heads/main.lock", "ORIG_HEAD.lock")

_MOMENTS = 2
"""How many random moments the everyday run tries."""

_LONG = 60
_PATIENCE = 60.0


class Merges:
    """A stage on which git merges, by the clock of the machine."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.variables = stage.variables | {"PATH": search_path(stage.root / "bin")}

    def prepare(self) -> str:
        """Begin a trial; returns the commit of main."""
        bin_ = self.stage.root / "bin"
        bin_.mkdir(exist_ok=True)
        for left in bin_.iterdir():
            left.unlink()
        write_program(bin_, "git-aergo", "aergo_vc.cli")
        write_program(bin_, "git-merge-aergo", "aergo_vc.gitside.starting")
        self.stage.fresh("diverged")
        assert self.stage.do("install", variables=self.variables)["kind"] == "done"
        return self.stage.refs()["refs/heads/main"]

    def run(self, *words: str, kill_after: float | None = None) -> tuple[int, str]:
        """Run a program; with `kill_after` seconds, it and all that it started die then."""
        child = subprocess.Popen(
            words,
            cwd=self.stage.path,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if kill_after is not None:
            time.sleep(kill_after)
            os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate(timeout=_PATIENCE)
        return child.returncode, out.decode()

    def judge(self, before: str, ending: str) -> list[str]:
        """What is wrong with what a killed merge left, with ending it, and with merging after that."""
        self._unlock()
        found = self._found(before)
        wrong = check_sound(self.stage, time=_now() + SPREAD)
        if found == "in progress":
            wrong += self._end(ending)
        elif found == "staged":
            wrong += self._take_back()
        elif found == "merged":
            # git dies between moving the branch and forgetting that it merges.
            self.run("git", "merge", "--quit")
        if found not in ("old", "merged", "in progress", "staged"):
            return [*wrong, found]
        wrong += self._settle()
        return [f"{found}: {what}" for what in wrong]

    def _found(self, before: str) -> str:
        head = self.stage.refs()["refs/heads/main"]
        if head != before:
            parents = self.stage.git("rev-parse", "main^@").split()
            return "merged" if parents == [before, self.stage.refs()["refs/heads/side"]] else f"main is at {head}"
        if (self.stage.path / ".git" / "MERGE_HEAD").exists():
            return "in progress"
        return "staged" if self.stage.git("status", "--porcelain") else "old"

    def _unlock(self) -> None:
        """Remove the locks that a killed git leaves, as git itself tells people to."""
        for name in _GITS_LOCKS:
            (self.stage.path / ".git" / name).unlink(missing_ok=True)

    def _end(self, ending: str) -> list[str]:
        if ending == "abort":
            status, out = self.run("git", "merge", "--abort")
            return [f"git merge --abort: {out}"] if status else []
        if ending == "commit":
            status, out = self.run("git", "commit", "--no-edit")
            # A slot that holds a signed block which did not land takes no other: the reason is told.
            return [f"git commit: {out}"] if status and "slot" not in out else []
        told = self._when_free("continue")
        return [] if told["kind"] == "done" else [f"continue: {told}"]

    def _take_back(self) -> list[str]:
        """git itself died before it wrote down that it merges: no commit may come of what is staged."""
        head = self.stage.refs()["refs/heads/main"]
        status, out = self.run("git", "commit", "--message=slip")
        if not status or self.stage.refs()["refs/heads/main"] != head:
            return [f"what was staged is committed: {out}"]
        status, out = self.run("git", "reset", "--merge")
        return [f"git reset --merge: {out}"] if status else []

    def _settle(self) -> list[str]:
        """Merge what is not merged yet; returns what is wrong at last."""
        if (self.stage.path / ".git" / "MERGE_HEAD").exists():
            self.run("git", "merge", "--abort")
        wrong = []
        told = self._when_free("merge")
        if told["kind"] != "done":
            wrong.append(f"merged again: {told}")
        later = _now() + 2 * SPREAD
        wrong += check_sound(self.stage, time=later)
        seen = self.stage.do("look", time=later)
        if seen["kind"] != "done" or (seen["value"]["balance"], seen["value"]["overwritten"]) != (105, 6):
            wrong.append(f"a reader sees {seen}")
        if self.stage.leftovers():
            wrong.append(f"left over: {', '.join(self.stage.leftovers())}")
        status = self.stage.git("status", "--porcelain")
        return [*wrong, f"git status: {status}"] if status else wrong

    def _when_free(self, verb: str) -> dict[str, object]:
        told = self.stage.do(verb, time=_now())
        if told["kind"] == "refused" and told["code"] in BUSY:
            told = self.stage.do(verb, time=told["facts"]["ready_at"])
        return told


def _now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def merges(strace: None, stage: Stage) -> Merges:
    """Merges on the stage."""
    return Merges(stage)


def _places(merges: Merges, name: str) -> list[Point]:
    """The points of a program in an undisturbed merge."""
    log = merges.stage.root / "log"
    while True:
        log.unlink(missing_ok=True)
        before = merges.prepare()
        wrap(merges.stage.root / PROGRAMS[name], log, together=False)
        status, out = merges.run(*MERGE)
        assert status == 0, out
        places = points_in(log, merges.stage.path)
        # Where the interpreter still kept what it compiled, the numbers are not those of the next run.
        if not any("__pycache__" in point.shown for point in places):
            break
    assert merges.judge(before, "abort") == []
    return places


@pytest.mark.parametrize("together", [True, False], ids=["with git", "alone"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_x01_a_program_of_a_git_merge_killed_at_any_system_call(
    merges: Merges, name: str, together: bool, request: pytest.FixtureRequest
) -> None:
    places = _places(merges, name)
    if name == "hook":
        assert [point for point in places if "COMMIT_EDITMSG" in point.shown or "MERGE_MSG" in point.shown]
    else:
        assert len(places) > 3
    chooser = random.Random(request.node.name)
    if not request.config.getoption("--long"):
        places = chooser.sample(places, 1)
    wrong = []
    for number, point in enumerate(places):
        before = merges.prepare()
        wrap(merges.stage.root / PROGRAMS[name], merges.stage.root / "log", (point, KILL), together=together)
        status, out = merges.run(*MERGE)
        assert status, f"{point} did not come: {out}"
        real = merges.stage.root / PROGRAMS[name]
        real.with_name(f"{real.name}.real").replace(real)
        wrong += [f"{point}: {what}" for what in merges.judge(before, ENDINGS[number % len(ENDINGS)])]
    assert not wrong, "\n".join(wrong)


def test_x01_a_git_merge_killed_at_any_moment_with_all_that_it_started(
    merges: Merges, request: pytest.FixtureRequest
) -> None:
    chooser = random.Random(request.node.name)
    merges.prepare()
    begun = time.monotonic()
    status, out = merges.run(*MERGE)
    assert status == 0, out
    lasts = time.monotonic() - begun
    wrong = []
    for number in range(_LONG if request.config.getoption("--long") else _MOMENTS):
        before = merges.prepare()
        moment = chooser.random() * lasts
        merges.run(*MERGE, kill_after=moment)
        wrong += [f"after {moment:.3f} s: {what}" for what in merges.judge(before, ENDINGS[number % len(ENDINGS)])]
    assert not wrong, "\n".join(wrong)


def test_x01_a_merge_that_is_left_for_git_to_commit_killed_at_any_system_call(
    merges: Merges, request: pytest.FixtureRequest
) -> None:
    stage = merges.stage

    def job() -> dict[str, object]:
        return stage.job("merge later", time=_now()) | {"variables": merges.variables}

    before = merges.prepare()
    places, told = points_of(stage.zygote, job(), stage.root / "log")
    assert told["kind"] == "done", told
    assert merges.judge(before, "commit") == []
    assert [point for point in places if "MERGE_HEAD" in point.shown]
    if not request.config.getoption("--long"):
        places = random.Random(request.node.name).sample(places, _MOMENTS)
    wrong = []
    for number, point in enumerate(places):
        before = merges.prepare()
        assert run_with_fault(stage.zygote, job(), point, KILL)["kind"] == "killed"
        wrong += [f"{point}: {what}" for what in merges.judge(before, ENDINGS[number % len(ENDINGS)])]
    assert not wrong, "\n".join(wrong)
