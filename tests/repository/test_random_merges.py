"""Random histories of three branches that merge, pick, revert and sign anew what the others did.

After each step every block that is new verifies, no branch has a transaction twice, and merging again does nothing.
"""

import math
import random
import shutil
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from forgery import Forger, Ledger, copied, found
from hypothesis import event, given, settings
from hypothesis import strategies as st
from random_work import LAWS, START, random_script, work
from world import Place, World

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import TransactionId
from aergo_vc.codec.receipts import decode_receipts
from aergo_vc.repository.errors import ConflictError
from aergo_vc.repository.footprint_files import FOOTPRINTS

HEADS = ("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/")
BRANCHES = ("one", "two", "three")
VERBS = ("work",) * 7 + ("merge",) * 6 + ("merge_older", "pick", "pick", "revert", "revert", "resubmit", "forget")


@dataclass(frozen=True)
class Step:
    """Something that is done on a branch, maybe with another one; `number` chooses among what there is."""

    verb: str
    branch: str
    other: str
    number: int
    scripts: list[str]


def laws_and_steps(seed: int) -> tuple[list[tuple[str, ...]], list[Step]]:
    source = random.Random(seed)
    keys = range(1, source.choice([3, 4, 6]))

    def step(verb: str, branch: str, other: str) -> Step:
        scripts = [random_script(source, keys) for _ in range(source.randrange(1, 5))]
        return Step(verb, branch, other, source.randrange(100), scripts)

    laws = [source.choice(LAWS) for _ in BRANCHES]
    first = [step("work", branch, branch) for branch in BRANCHES]
    more = [step(source.choice(VERBS), *source.sample(BRANCHES, 2)) for _ in range(source.randrange(4, 16))]
    return laws, first + more


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    root = tmp_path_factory.mktemp("template") / "world"
    root.mkdir()
    return found(World.create(root), scripts=(START,))


@dataclass
class History:
    """Three branches from one block on, under laws of their own."""

    ledger: Ledger
    laws: list[tuple[str, ...]]
    left_out: dict[str, list[TransactionId]] = field(default_factory=lambda: {name: [] for name in BRANCHES})
    _refused: dict[str, set[TransactionId]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.ledger.open() as repository:
            for name, law in zip(BRANCHES, self.laws, strict=True):
                repository.branch(name, block="main", merge=law)

    def take(self, step: Step) -> None:
        """Do a step, which may be refused, and look at what came of it."""
        self.ledger.on(step.branch)
        before = self.heads()
        told = "done"
        try:
            getattr(self, step.verb)(step)
        except (InputError, ConflictError) as error:
            told = error.code
        after = self.heads()
        event(f"{step.verb}: {told if before == after else 'a block'}")
        assert {name for name in after if before[name] != after[name]} <= {step.branch}
        if before != after:
            with self.ledger.open() as repository:
                repository.verify(f"{before[step.branch]}..", branch=step.branch, workers=1)
            ids = self.ids(step.branch)
            assert len(ids) == len(set(ids))

    def work(self, step: Step) -> None:
        with self.ledger.open() as repository:
            work(repository, step.scripts)

    def merge(self, step: Step, height: int | None = None) -> None:
        source = step.other if height is None else f"{step.other}@{height}"
        with self.ledger.open() as repository:
            done = repository.merge(source)
        self.left_out[step.branch] += [one.transaction.id for one in done.refused]
        assert set(self.ids(step.other, height)) <= self.accounted(step.branch)
        event(f"merged with {len(done.transactions)}, {len(done.refused)} left out")
        with self.ledger.open() as repository:
            assert repository.merge(source).block is None

    def merge_older(self, step: Step) -> None:
        heights = [ledger.header.height for _, ledger in Forger(self.ledger, step.other).blocks()]
        self.merge(step, heights[step.number % len(heights)])

    def pick(self, step: Step) -> None:
        ids = self.ids(step.other)[1:] or self.ids(step.other)
        with self.ledger.open() as repository:
            repository.cherry_pick([ids[step.number % len(ids)]], commit=True)

    def revert(self, step: Step) -> None:
        ids = self.ids(step.branch)[1:] or self.ids(step.branch)
        with self.ledger.open() as repository:
            repository.revert(ids[step.number % len(ids)], force=step.number % 2 == 0)

    def resubmit(self, step: Step) -> None:
        ids = self.left_out[step.branch]
        if ids:
            with self.ledger.open() as repository:
                repository.resubmit([ids[step.number % len(ids)]], commit=True)

    def forget(self, _step: Step) -> None:
        """Lose what this clone remembers of what its transactions read and wrote."""
        with closing(self.ledger.workspace()) as workspace:
            shutil.rmtree(workspace.folder / FOOTPRINTS, ignore_errors=True)

    def heads(self) -> dict[str, str]:
        """The commit of each branch."""
        return dict(line.split(" ") for line in self.ledger.place.git(*HEADS).out.splitlines())  # type: ignore[arg-type]

    def ids(self, branch: str, up_to: int | None = None) -> list[TransactionId]:
        """The transactions of a branch up to a height, in order."""
        blocks = [block for _, block in Forger(self.ledger, branch).blocks()]
        last = math.inf if up_to is None else up_to
        return [one.id for block in blocks if block.header.height <= last for one in block.transactions]

    def accounted(self, branch: str) -> set[TransactionId]:
        """What a branch holds, and what it or a branch that it merged left out with a reason."""
        found = set(self.ids(branch))
        for commit in self.ledger.place.git("rev-list", branch).out.split():
            if commit not in self._refused:
                self._refused[commit] = self._refused_by(commit)
            found |= self._refused[commit]
        return found

    def _refused_by(self, commit: str) -> set[TransactionId]:
        line = self.ledger.place.git("cat-file", "blob", f"{commit}:ledger/receipts.jsonl").out.encode()
        return {receipt.transaction for receipt in decode_receipts(line) if receipt.refusal is not None}

    def verifies_elsewhere(self) -> None:
        """A clone, which remembers nothing, finds the branches valid."""
        place = self.ledger.place
        copy = Place(place.world, place.world.root / "clone")
        place.git("clone", "--quiet", "--bare", place.path, copy.path)
        for name in BRANCHES:
            Ledger(copy).verifies(name)


def test_every_block_of_random_histories_of_three_branches_verifies(
    template: Ledger, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    histories = 200 if request.config.getoption("--long") else 2

    @given(st.integers(0, 2**64))
    @settings(max_examples=histories, deadline=None)
    def check(seed: int) -> None:
        laws, steps = laws_and_steps(seed)
        root = tmp_path_factory.mktemp("history")
        history = History(copied(template, root / "world"), laws)
        for step in steps:
            history.take(step)
        history.verifies_elsewhere()
        shutil.rmtree(root)

    check()
