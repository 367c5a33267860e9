"""Reverts against a plain model: histories of a small table, one of whose transactions is undone."""

from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path

import pytest
from forgery import Ledger, copied, found
from hypothesis import given, settings
from hypothesis import strategies as st
from world import World

Rows = dict[int, int]

KEYS = range(4)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(("put", "add", "drop")), st.sampled_from(KEYS), st.integers(1, 9)), min_size=1, max_size=2
)
HISTORIES = st.lists(st.lists(ACTIONS, min_size=1, max_size=3), min_size=1, max_size=4)


def script(actions: list[tuple[str, int, int]]) -> str:
    """The statements of one transaction."""
    statements = {
        "put": "INSERT INTO t VALUES ({0}, {1}) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
        "add": "UPDATE t SET v = v + {1} WHERE k = {0}",
        "drop": "DELETE FROM t WHERE k = {0}",
    }
    return "; ".join(statements[verb].format(key, value) for verb, key, value in actions)


@dataclass
class Model:
    """The rows after each transaction; whatever is said of it here is said without the program."""

    states: list[Rows] = field(default_factory=lambda: [{}])
    ends: list[int] = field(default_factory=lambda: [0])
    """How many transactions there were after each block."""

    def run(self, actions: list[tuple[str, int, int]]) -> None:
        rows = dict(self.states[-1])
        for verb, key, value in actions:
            if verb == "put":
                rows[key] = value
            elif verb == "drop":
                rows.pop(key, None)
            elif key in rows:
                rows[key] += value
        self.states.append(rows)

    def touched(self, start: int, end: int) -> set[int]:
        """The keys whose rows differ between two moments."""
        before, after = self.states[start], self.states[end]
        return {key for key in KEYS if before.get(key) != after.get(key)}

    def undone(self, number: int) -> tuple[Rows, list[int]]:
        """The rows without a transaction and those that build on its rows, and the numbers of the latter."""
        first = dict.fromkeys(self.touched(number, number + 1), number)
        dependents = []
        for start, end in pairwise(self.ends):
            if start > number and not first.keys() & self.touched(start, end):
                continue
            for later in range(max(start, number + 1), end):
                if first.keys() & self.touched(later, later + 1):
                    dependents.append(later)
                    for key in self.touched(later, later + 1):
                        first.setdefault(key, later)
        rows = dict(self.states[-1])
        for key, at in first.items():
            rows.pop(key, None)
            if key in self.states[at]:
                rows[key] = self.states[at][key]
        return rows, dependents


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    root = tmp_path_factory.mktemp("empty") / "world"
    root.mkdir()
    return found(World.create(root), scripts=("CREATE TABLE t (k int PRIMARY KEY, v int)",))


@pytest.fixture(scope="module")
def numbers() -> "count[int]":
    return count()


@settings(max_examples=30)
@given(history=HISTORIES, data=st.data())
def test_a_revert_gives_the_rows_that_there_were_before(
    empty: Ledger,
    numbers: "count[int]",
    tmp_path_factory: pytest.TempPathFactory,
    history: list[list[list[tuple[str, int, int]]]],
    data: st.DataObject,
) -> None:
    ledger = copied(empty, Path(tmp_path_factory.mktemp("history") / str(next(numbers))))
    model = Model()
    ids = []
    with ledger.open() as repository:
        for block in history:
            for actions in block:
                model.run(actions)
                ids.append(repository.sql(script(actions)).transaction)
            repository.commit()
            model.ends.append(len(ids))
        number = data.draw(st.integers(0, len(ids) - 1))
        rows, dependents = model.undone(number)
        target = ids[number]
        assert target is not None
        if dependents:
            refused = repository.revert(target)
            assert refused.submitted is None
            assert [one.transactions[0] for one in refused.dependents] == [ids[each] for each in dependents]
        done = repository.revert(target, force=bool(dependents))
        assert done.submitted is not None
        assert dict(repository.rows("t")[1]) == rows
        if done.submitted.committed is not None:
            undone = done.submitted.committed.transactions[0]
            assert repository.revert(undone).submitted is not None
            assert dict(repository.rows("t")[1]) == model.states[-1]
        repository.verify(workers=1)
