"""Bytes of a repository after git gc for each changed row, beside one CSV file in git."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from measuring import Line, git, ledger, make_repository, pack_bytes

ROWS, BLOCKS, CHANGED = 300_000, 20, 1_000

Balance = tuple[int, str, int]


def lines(folder: Path) -> Iterator[Line]:
    """The one figure: what blocks add to the repository that holds the table already."""
    states = _states()
    with ledger(folder / "size", bare=True) as repository:
        path = folder / "balance.csv"
        path.write_text(_csv(states[0]))
        repository.import_files([path], key=("id",), commit=True)
        git(folder / "size", "gc", "--quiet", "--prune=now")
        first = pack_bytes(folder / "size")
        for before, after in pairwise(states):
            changed = [new for old, new in zip(before, after, strict=True) if old != new]
            path.write_text(_csv(changed))
            repository.import_files([path], mode="upsert", commit=True)
        _, rows = repository.rows("balance")
        assert list(rows) == states[-1]
    git(folder / "size", "gc", "--quiet", "--prune=now")
    ours = (pack_bytes(folder / "size") - first) / (BLOCKS * CHANGED)
    theirs = _csv_bytes(folder / "size-csv", states) / (BLOCKS * CHANGED)
    work = f"after gc, a changed row ({CHANGED:,} random of {ROWS:,} a block)"
    yield Line(work, f"{ours:.1f} bytes", f"git + CSV {theirs:.1f} bytes", ours / theirs, "<= 100 bytes", ours <= 100)


def _states() -> list[list[Balance]]:
    source = random.Random(3)
    states = [[(i, f"name {source.randrange(10**6)}", source.randrange(10**6)) for i in range(ROWS)]]
    for _ in range(BLOCKS):
        state = list(states[-1])
        for i in source.sample(range(ROWS), CHANGED):
            number, name, _ = state[i]
            state[i] = (number, name, source.randrange(10**6, 2 * 10**6))
        states.append(state)
    return states


def _csv(rows: list[Balance]) -> str:
    return "id,name,balance\n" + "".join([f"{i},{name},{balance}\n" for i, name, balance in rows])


def _csv_bytes(folder: Path, states: list[list[Balance]]) -> int:
    make_repository(folder)
    sizes = []
    for state in states:
        (folder / "balance.csv").write_text(_csv(state))
        git(folder, "add", "balance.csv")
        git(folder, "commit", "--quiet", "--message=change")
        if not sizes:
            git(folder, "gc", "--quiet", "--prune=now")
            sizes.append(pack_bytes(folder))
    git(folder, "gc", "--quiet", "--prune=now")
    return pack_bytes(folder) - sizes[0]
