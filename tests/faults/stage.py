"""Where faults are tried: copies of prepared repositories, and the judgement of what a fault left."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.injection import Fault, Point, Zygote, points_of, run_with_fault
from faults.verbs import PEOPLE, SPREAD, START, TEMPLATES, sealed_variables
from world import GIT_CONFIG

NOW = START + 10 * SPREAD
"""When the verb under test runs."""

GIT_DATE = {"GIT_AUTHOR_DATE": "1699999000 +0000", "GIT_COMMITTER_DATE": "1699999000 +0000"}

BUSY = frozenset(["E_SLOT_SPENT"])
"""What a verb may answer when it is repeated at once: wait for the next slot, whose beginning it tells."""

ALREADY = {
    "branch": "E_EXISTS",
    "tag": "E_EXISTS",
    "merge to a conflict": "E_MERGING",
    "resolve": "E_NO_CONFLICT",
    "continue": "E_NOT_MERGING",
    "continue resolved": "E_NOT_MERGING",
}
"""What a verb answers when it is repeated after it succeeded, where that is not success."""

_LEFTOVERS = (
    "*.lock",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "gc.pid",
    "config.aergo*",
    "aergo/draft-*",
    "aergo/*.new",
    "aergo/index.next*",
    "objects/pack/*.keep",
    "objects/pack/aergo_draft*",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A verb, the template that it starts from, the reference that it moves, and what a reader then sees changed.

    A template that is not `valid` has nothing that the verifier takes, until the verb is done.  Where there is more to
    do `then`, the verb leaves a merge whose conflicts are open, or were: git itself must commit nothing of it.
    """

    verb: str
    template: str
    ref: str
    changed: Mapping[str, object] = field(default_factory=dict)
    valid: bool = True
    then: tuple[str, ...] = ()


RESOLVED = {"balance": 105, "overwritten": 5}

CASES = {
    case.verb: case
    for case in (
        Case("init", "plain", "refs/heads/main", {"branches": ["aergo/directory", "main"], "pending": 0}, valid=False),
        Case("sql", "books", "refs/aergo/pool/main", {"pending": 1}),
        Case("sql commit", "books", "refs/heads/main", {"balance": 101}),
        Case("sql commit and merge packs", "crowded", "refs/heads/main", {"balance": 101}),
        Case("commit", "waiting", "refs/heads/main", {"balance": 101, "pending": 0}),
        Case("import", "books", "refs/heads/main", {"people": PEOPLE.count("\n") - 1}),
        Case("branch", "books", "refs/heads/side", {"branches": ["aergo/directory", "main", "side"]}),
        Case("merge", "diverged", "refs/heads/main", {"balance": 105}),
        Case("continue", "merging", "refs/heads/main", {"balance": 105}),
        Case("merge to a conflict", "conflicting", "refs/heads/main", RESOLVED, then=("resolve", "continue")),
        Case("resolve", "stopped", "refs/heads/main", RESOLVED, then=("continue",)),
        Case("continue resolved", "resolved", "refs/heads/main", RESOLVED),
        Case("cherry-pick", "diverged", "refs/heads/main", {"balance": 105}),
        Case("revert", "changed", "refs/heads/main", {"balance": 100}),
        Case("resubmit", "merged", "refs/heads/main", {"overwritten": 5}),
        Case(
            "repair",
            "damaged",
            "refs/heads/main",
            {"balance": 105, "overwritten": 6, "pending": 0, "branches": ["aergo/directory", "main", "side"]},
            valid=False,
        ),
        Case("tag", "books", "refs/tags/first", {"tags": ["first"]}),
        Case("discard", "waiting", "refs/aergo/pool/main", {"pending": 0}),
    )
}

AGAIN: Mapping[str, Mapping[str, object]] = {
    "sql": {"pending": 2},
    "sql commit": {"balance": 102},
    "sql commit and merge packs": {"balance": 102},
}
"""What a reader sees after a verb that landed was repeated, where that differs: a script is run a second time."""


class Stage:
    """A folder with the templates and a zygote.  Each trial works on a fresh copy."""

    def __init__(self, root: Path, zygote: Zygote) -> None:
        self.root = root
        self.zygote = zygote
        home = root / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(GIT_CONFIG)
        self.variables = sealed_variables(home)
        self._made: set[str] = set()

    @property
    def path(self) -> Path:
        """The repository of the present trial."""
        return self.root / "trial" / "repository"

    def fresh(self, template: str) -> Path:
        """Begin a trial with a copy of a template, its caches in good order."""
        if template not in self._made:
            self._make(template)
        shutil.rmtree(self.root / "trial", ignore_errors=True)
        shutil.copytree(self.root / template, self.root / "trial", symlinks=True)
        if TEMPLATES[template]:
            self.do("look", time=START + 5 * SPREAD)
        return self.path

    def do(self, verb: str, *, time: int = NOW, **more: object) -> dict[str, Any]:
        """Run a verb undisturbed."""
        return self.zygote.run(self.job(verb, time=time) | more)

    def job(self, verb: str, *, time: int = NOW) -> dict[str, Any]:
        return {"verb": verb, "path": str(self.path), "time": time, "variables": self.variables}

    def git(self, *arguments: str, path: Path | None = None, check: bool = True) -> str:
        """Run git in the trial; returns what it wrote, standard error included."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=path or self.path,
            env=self.variables | GIT_DATE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        text = done.stdout.decode()
        assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {text}"
        return text

    def refs(self) -> dict[str, str]:
        """Every reference with its value."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ") for line in lines)  # type: ignore[arg-type]

    def leftovers(self) -> list[str]:
        """Files in the git directory that no program at rest leaves."""
        git_dir = self.path / ".git"
        return sorted(str(path.relative_to(git_dir)) for pattern in _LEFTOVERS for path in git_dir.rglob(pattern))

    def _make(self, template: str) -> None:
        path = self.root / template / "repository"
        path.mkdir(parents=True)
        (self.root / template / "people.csv").write_text(PEOPLE)
        self.git("init", "--quiet", path=path)
        (path / "notes.txt").write_text("the user's\n")
        self.git("add", ".", path=path)
        self.git("commit", "--quiet", "--message=Notes", path=path)
        for step, verb in enumerate(TEMPLATES[template]):
            told = self.zygote.run(
                {"verb": verb, "path": str(path), "time": START + step * SPREAD, "variables": self.variables}
            )
            assert told["kind"] == "done", told
        self._made.add(template)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a verb does when nothing fails: the references before and after, what a reader sees before it."""

    case: Case
    before: dict[str, str]
    after: dict[str, str]
    seen: dict[str, object]
    points: tuple[Point, ...]


def watch(stage: Stage, case: Case) -> Undisturbed:
    """Run a case without a fault, and note every point where one can be put."""
    stage.fresh(case.template)
    before, seen = stage.refs(), stage.do("look", time=START + 5 * SPREAD)["value"]
    points, told = points_of(stage.zygote, stage.job(case.verb), stage.root / "log")
    assert told["kind"] == "done", told
    return Undisturbed(case, before, stage.refs(), seen, tuple(points))


def trial(stage: Stage, known: Undisturbed, point: Point, fault: Fault) -> list[str]:
    """Put a fault at a point of a verb; returns what is wrong with what it left, and with the repetition."""
    stage.fresh(known.case.template)
    told = run_with_fault(stage.zygote, stage.job(known.case.verb), point, fault)
    return judge(stage, known, told)


def judge(stage: Stage, known: Undisturbed, told: dict[str, Any]) -> list[str]:
    """What is wrong with a repository in which a verb ended as `told`, and with repeating the verb."""
    case = known.case
    refs = stage.refs()
    wrong = [
        f"{name} is at {refs.get(name)}, neither old nor new"
        for name in refs.keys() | known.before.keys() | known.after.keys()
        if refs.get(name) not in (known.before.get(name), known.after.get(name))
    ]
    landed = refs.get(case.ref) == known.after[case.ref]
    if told["kind"] == "done" and refs != known.after:
        wrong.append("it said that all was done, and it was not")
    if told["kind"] == "error" and told["type"] != "KeyboardInterrupt":
        wrong.append(f"it ended with {told['type']}: {told['message'][-900:]}")
    wrong += check_sound(stage, verify=case.valid or (landed and case.verb != "init"))
    if case.then:
        said = stage.git("commit", "--message=slip", check=False)
        wrong += [] if stage.refs() == refs else [f"git committed a merge with conflicts: {said}"]
    wrong += _repeat(stage, known, landed=landed)
    return wrong


def check_sound(stage: Stage, *, verify: bool = True, time: int = NOW + SPREAD) -> list[str]:
    """What git, the verifier and the watermark find wrong with the repository at a time."""
    wrong = []
    said = stage.git("fsck", "--full", "--strict", "--no-dangling", check=False)
    if said.strip() and "notice:" not in said:
        wrong.append(f"git fsck: {said.strip()}")
    if verify:
        told = stage.do("verify", time=time)
        if told["kind"] != "done":
            wrong.append(f"verify: {told}")
        told = stage.do("signed", time=time)
        if told.get("value") != []:
            wrong.append(f"signed: {told}")
    return wrong


def _when_free(stage: Stage, verb: str) -> dict[str, Any]:
    """Run a verb at once or, where the slot is spent, in the next one."""
    told = stage.do(verb, time=NOW + 1)
    if told["kind"] == "refused" and told["code"] in BUSY:
        told = stage.do(verb, time=told["facts"]["ready_at"])
    return told


def _repeat(stage: Stage, known: Undisturbed, *, landed: bool) -> list[str]:
    case = known.case
    told = _when_free(stage, case.verb)
    if told["kind"] != "done" and not (landed and told.get("code") == ALREADY.get(case.verb)):
        return [f"repeated: {told}"]
    for verb in case.then:
        told = _when_free(stage, verb)
        if told["kind"] != "done":
            return [f"{verb} after it: {told}"]
    wrong = check_sound(stage)
    wanted = known.seen | case.changed | (AGAIN.get(case.verb, {}) if landed else {})
    seen = stage.do("look", time=NOW + SPREAD)
    if seen.get("value") != wanted:
        wrong.append(f"a reader sees {seen}, not {wanted}")
    if stage.leftovers():
        wrong.append(f"left over: {', '.join(stage.leftovers())}")
    status = stage.git("status", "--porcelain", check=False)
    if status:
        wrong.append(f"git status: {status}")
    stage.git("commit", "--quiet", "--allow-empty", "--message=the user goes on")
    return wrong
