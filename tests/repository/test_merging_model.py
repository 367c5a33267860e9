"""Random histories of two branches that merge each other, against a plain model of what merging means."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile

import pytest
from forgery import Ledger, copied, found
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from world import World

Cell = tuple[int, str]
State = dict[int, int]
EXISTS, VALUE = "k", "v"


@dataclass(frozen=True)
class Step:
    """A transaction of the model."""

    kind: str
    key: int
    other: int
    number: int

    @property
    def sql(self) -> str:
        where = f"WHERE k = {self.key}"
        return {
            "set": f"UPDATE kv SET v = {self.number} {where}",
            "add": f"UPDATE kv SET v = v + {self.number} {where}",
            "insert": f"INSERT INTO kv VALUES ({self.key}, {self.number})",
            "delete": f"DELETE FROM kv {where}",
            "copy": f"UPDATE kv SET v = (SELECT v FROM kv WHERE k = {self.other}) {where}",
            "count": f"UPDATE kv SET v = (SELECT count(*) FROM kv) {where}",
        }[self.kind]


@dataclass
class Effect:
    """What a step does to a state: the cells that it looks at and writes, and the state after; None if it fails."""

    reads: set[Cell] = field(default_factory=set)
    writes: set[Cell] = field(default_factory=set)
    scans: bool = False
    after: State | None = None


def run(step: Step, state: State) -> Effect:
    """A step at a state, from what the words mean."""
    here = step.key in state
    effect = Effect(reads={(step.key, EXISTS)}, after=dict(state))
    both = {(step.key, EXISTS), (step.key, VALUE)}
    assert effect.after is not None
    if step.kind == "insert":
        effect.writes = both
        effect.after = None if here else state | {step.key: step.number}
        return effect
    effect.scans = step.kind == "count"  # what a statement looks at does not hang on whether its row is there
    if not here:
        if step.kind == "add":
            effect.reads = both
        if step.kind == "copy":
            effect.reads |= {(step.other, EXISTS), (step.other, VALUE)}
        return effect
    if step.kind == "delete":
        effect.writes = both
        del effect.after[step.key]
        return effect
    effect.writes = {(step.key, VALUE)}
    if step.kind == "set":
        effect.after[step.key] = step.number
    elif step.kind == "add":
        effect.reads = both
        effect.after[step.key] += step.number
    elif step.kind == "copy":
        effect.reads |= {(step.other, EXISTS), (step.other, VALUE)}
        if step.other not in state:
            effect.after = None  # v is NOT NULL
        else:
            effect.after[step.key] = state[step.other]
    else:
        effect.after[step.key] = len(state)
    return effect


@dataclass
class Block:
    """A block of the model: what stands in it, what was left out, the state after."""

    steps: list[tuple[int, Step]]
    state: State
    previous: "Block | None"
    merged: "Block | None" = None
    refused: dict[int, str] = field(default_factory=dict)

    def line(self) -> Iterator["Block"]:
        block: Block | None = self
        while block is not None:
            yield block
            block = block.previous

    def all(self) -> list["Block"]:
        """The block and all that it descends from."""
        found: list[Block] = []
        waiting: list[Block | None] = [self]
        while waiting:
            block = waiting.pop()
            if block is not None and not any(block is one for one in found):
                found.append(block)
                waiting += [block.previous, block.merged]
        return found


def is_in(block: Block, blocks: list[Block]) -> bool:
    return any(block is one for one in blocks)


def unseen(target: State, *known: State) -> set[Cell]:
    """The cells in which the target differs from all that was known of it."""
    cells: set[Cell] = set()
    for number, state in enumerate(known):
        here = {(key, VALUE) for key in target.keys() | state.keys() if target.get(key) != state.get(key)}
        here |= {(key, EXISTS) for key in target.keys() ^ state.keys()}
        here |= {(key, VALUE) for key in target.keys() ^ state.keys()}
        cells = here if number == 0 else cells & here
    return cells


def merge(target: Block, source: Block, rule: str) -> Block | None:
    """What merging makes of two blocks; None where there is nothing to merge."""
    ours = target.all()
    stop = next(block for block in source.line() if is_in(block, ours))
    if stop is source:
        return None
    blocks = list(takewhile(lambda block: block is not stop, source.line()))[::-1]
    there = {name for block in target.line() for name, _ in block.steps}
    state, base = target.state, None
    steps: list[tuple[int, Step]] = []
    refused: dict[int, str] = {}
    lost: list[Effect] = []
    previous = stop
    for block in blocks:
        if block.merged is not None and is_in(block.merged, ours):
            base = block
        known = [stop.state] if base is None else [stop.state, base.state]
        changed = unseen(target.state, *known)
        then = previous.state
        for name, step in block.steps:
            effect = run(step, then)
            then = effect.after if effect.after is not None else then
            if name in there:
                continue
            now = run(step, state)
            failed = None if now.after is not None else "23505" if step.kind == "insert" else "23502"
            reason = judge(effect, changed, lost, rule) or failed or judge(now, changed, [], rule)
            if reason is not None:
                refused[name] = reason
                lost.append(effect)
                continue
            assert now.after is not None
            state = now.after
            steps.append((name, step))
        previous = block
    return Block(steps, state, target, source, refused)


def judge(effect: Effect, changed: set[Cell], lost: list[Effect], rule: str) -> str | None:
    """Why a step must not go in, from what it looked at and wrote."""
    for earlier in lost:
        if earlier.writes & effect.reads or (effect.scans and any(cell[1] == EXISTS for cell in earlier.writes)):
            return "E_DEPENDS"
    if rule != "replay" and (effect.writes - effect.reads) & changed:
        return "E_LOST_UPDATE"
    if rule == "serializable" and (
        effect.reads & changed or (effect.scans and any(cell[1] == EXISTS for cell in changed))
    ):
        return "E_READ_CHANGED"
    return None


KEYS = st.integers(1, 3)
KINDS = st.sampled_from(["set", "set", "add", "insert", "delete", "copy", "count"])
STEPS = st.lists(st.builds(Step, KINDS, KEYS, KEYS, st.just(0)), max_size=3)
MERGES = st.sampled_from([("one",), ("two",), ("one", "two"), ("two", "one")])
ROUNDS = st.lists(st.tuples(STEPS, STEPS, MERGES), min_size=1, max_size=4)
Round = tuple[list[Step], list[Step], tuple[str, ...]]
"""What both branches do, then which of them merge the other as it was after that."""


def step(kind: str, key: int) -> Step:
    return Step(kind, key, 1, 0)


SEARCH_FOR_NOTHING: list[Round] = [
    ([step("set", 2), step("delete", 2)], [], ()),
    ([], [step("set", 2)], ()),
    ([step("count", 3)], [], ("two",)),
]
"""The last step finds no row to write, and yet searched the table in which one is left that it took for deleted."""

START = "CREATE TABLE kv (k int PRIMARY KEY, v int NOT NULL); INSERT INTO kv VALUES (1, 10), (2, 20)"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger whose main holds the table of the model."""
    root = tmp_path_factory.mktemp("template") / "world"
    root.mkdir()
    return found(World.create(root), scripts=(START,))


@pytest.mark.parametrize("rule", ["replay", "lost-update", "serializable"])
def test_merges_are_those_of_the_model(
    template: Ledger, tmp_path_factory: pytest.TempPathFactory, rule: str, request: pytest.FixtureRequest
) -> None:
    histories = 100 if request.config.getoption("--long") else 6

    @example(rounds=SEARCH_FOR_NOTHING)
    @given(rounds=ROUNDS)
    @settings(max_examples=histories, deadline=None, suppress_health_check=list(HealthCheck))
    def check(rounds: list[Round]) -> None:
        ledger = copied(template, tmp_path_factory.mktemp("history") / "world")
        twins = Twins(ledger, rule)
        for one, two, merges in rounds:
            twins.work("one", one)
            twins.work("two", two)
            twins.merge(merges)
        for name in twins.heads:
            ledger.verifies(name)

    check()


class Twins:
    """Two branches, real and in the model, that do the same."""

    def __init__(self, ledger: Ledger, rule: str) -> None:
        self.ledger, self.rule = ledger, rule
        self.heads: dict[str, Block] = {}
        self.names: dict[str, int] = {}
        self.number = 100
        root = Block([], {1: 10, 2: 20}, None)
        for name in ("one", "two"):
            with ledger.open() as repository:
                repository.branch(name, block="main", merge=(rule,))
            self.heads[name] = Block([], root.state, root)

    def work(self, name: str, steps: list[Step]) -> None:
        """Seal those of the steps that succeed into a block."""
        self.ledger.on(name)
        head = self.heads[name]
        state, made = head.state, []
        with self.ledger.open() as repository:
            for step in steps:
                self.number += 1
                numbered = replace(step, number=self.number)
                effect = run(numbered, state)
                if effect.after is not None:
                    self.names[str(repository.sql(numbered.sql).transaction)] = self.number
                    made.append((self.number, numbered))
                    state = effect.after
            if made:
                repository.commit()
                self.heads[name] = Block(made, state, head)
        self.compare(name)

    def merge(self, names: tuple[str, ...]) -> None:
        """Let branches merge the other one, as it stands before any of them does."""
        heads = dict(self.heads)
        commits = {name: self.ledger.ref(name) for name in heads}
        for name in names:
            other = "two" if name == "one" else "one"
            expected = merge(heads[name], heads[other], self.rule)
            self.ledger.on(name)
            with self.ledger.open() as repository:
                done = repository.merge(commits[other])
            assert (done.block is None) == (expected is None)
            if expected is not None:
                refusals = {self.names[one.transaction.id]: one.receipt.refusal for one in done.transactions}
                assert {key: value.code for key, value in refusals.items() if value} == expected.refused
                assert [key for key, value in refusals.items() if not value] == [key for key, _ in expected.steps]
                self.heads[name] = expected
            self.compare(name)

    def compare(self, name: str) -> None:
        """The rows are those of the model."""
        with self.ledger.open() as repository:
            rows = list(repository.rows("kv", at=name)[1])
        assert rows == sorted(self.heads[name].state.items())
