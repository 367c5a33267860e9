"""What building, editing, comparing and checking a table costs.  Run: python benchmarks/table_trees.py"""

import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aergo_vc.base.ids import Digest, TableName
from aergo_vc.model.changes import RowChange
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import open_store
from aergo_vc.objects.pack_writer import PackWriter
from aergo_vc.state.checking import check_tree
from aergo_vc.state.comparing import changed_rows
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.table_tree import TableTree

ROWS = 100_000
TABLE = Table(
    TableName("public.t"),
    (
        Column("id", ColumnType(Kind.BIGINT), not_null=True),
        Column("name", ColumnType(Kind.TEXT)),
        Column("amount", ColumnType(Kind.BIGINT)),
    ),
    ("id",),
)


class Twins(dict[Digest, bytes]):
    """Twins in memory."""

    def put(self, digest: Digest, tree: bytes) -> None:
        """Remember a tree."""
        self[digest] = tree


def _row(number: int, amount: int) -> Row:
    return (number, f"name {number}", amount)


def _updates(count: int) -> dict[Row, RowChange]:
    numbers = random.Random(count).sample(range(0, 2 * ROWS, 2), count)
    return {(number,): RowChange(_row(number, 1), _row(number, 2)) for number in numbers}


def _insertions(count: int) -> dict[Row, RowChange]:
    numbers = random.Random(count).sample(range(1, 2 * ROWS, 2), count)
    return {(number,): RowChange(None, _row(number, 1)) for number in numbers}


def _report(what: str, work: Callable[[], object], times: int = 5) -> None:
    best = min(_seconds(work) for _ in range(times))
    print(f"{what}: {best * 1e3:.1f} ms")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print the best of some runs, in milliseconds."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        paths = find_repository(Path(folder))
        rows = [_row(number, 1) for number in range(0, 2 * ROWS, 2)]
        twins = Twins()

        def tree(writer: PackWriter) -> TableTree:
            return TableTree(NodeStore(writer, twins, 20), TABLE)

        def new() -> TableTree:
            return tree(PackWriter(open_store(paths), paths))

        _report(f"build {ROWS} rows, objects deflated", lambda: new().build(rows), 3)
        writer = PackWriter(open_store(paths), paths)
        warm = tree(writer)
        root = warm.build(rows)
        after = apply_changes(warm, root, _updates(1_000))
        assert root is not None
        writer.publish().release()
        for count in (1, 100, 1_000):
            _report(f"apply {count} updates", lambda count=count: apply_changes(warm, root, _updates(count)))
            _report(f"apply {count} insertions", lambda count=count: apply_changes(warm, root, _insertions(count)))
        assert len(changed_rows(new(), root, after)) == 1_000
        _report("compare, 1000 rows changed, remembered", lambda: changed_rows(warm, root, after))
        _report("compare, 1000 rows changed, from a pack", lambda: changed_rows(new(), root, after))
        _report("check strictly, from a pack", lambda: check_tree(new(), root), 3)


if __name__ == "__main__":
    main()
