"""Queries over three million rows: five analytical ones against a native DuckDB table, and moving between blocks.

Prints seconds; the last column is ours divided by DuckDB's own.  Objects lie in memory, DuckDB's files on disk.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from aergo_vc.base.ids import Digest, ObjectId, TableName
from aergo_vc.codec.digests import Kind as ObjectKind
from aergo_vc.codec.digests import ObjectFormat, git_object_id
from aergo_vc.model.changes import RowChange
from aergo_vc.model.schema import Column, Table
from aergo_vc.model.types import ColumnType, Kind, Row
from aergo_vc.query.session import QuerySession
from aergo_vc.query.state import QueryState, QueryTable
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.nodes import Node, NodeStore
from aergo_vc.state.snapshot import Root
from aergo_vc.state.table_tree import TableTree

REPEATS = 7
CHANGED_ROWS = 1_000

TABLE = Table(
    TableName("public.sales"),
    (
        Column("id", ColumnType(Kind.BIGINT), not_null=True),
        Column("customer", ColumnType(Kind.TEXT)),
        Column("amount", ColumnType(Kind.NUMERIC, precision=12, scale=2)),
        Column("day", ColumnType(Kind.DATE)),
        Column("store", ColumnType(Kind.INTEGER)),
        Column("paid", ColumnType(Kind.BOOLEAN)),
    ),
    ("id",),
)
NATIVE = "id BIGINT, customer VARCHAR, amount DECIMAL(12,2), day DATE, store INTEGER, paid BOOLEAN"

QUERIES = {
    "count": "SELECT count(*) FROM sales",
    "group by": "SELECT store, sum(amount), avg(amount), count(*) FROM sales GROUP BY store ORDER BY store",
    "filter": "SELECT sum(amount) FROM sales WHERE day BETWEEN '2024-03-01' AND '2024-06-30' AND paid",
    "top by text": "SELECT customer, sum(amount) AS total FROM sales GROUP BY customer ORDER BY total DESC, 1 LIMIT 10",
    "window": (
        "SELECT count(*) FROM (SELECT rank() OVER (PARTITION BY store ORDER BY amount DESC, id) AS place "
        "FROM sales) AS ranked WHERE place <= 3"
    ),
}


class MemoryObjects:
    """Git's objects, in memory."""

    def __init__(self) -> None:
        self._objects: dict[ObjectId, bytes] = {}

    def read_blob(self, object_id: ObjectId, limit: int = 1 << 27) -> bytes:
        assert len(self._objects[object_id]) <= limit
        return self._objects[object_id]

    read_tree = read_blob

    def add(self, kind: ObjectKind, data: bytes) -> ObjectId:
        object_id = git_object_id(kind, data, ObjectFormat.SHA1)
        self._objects[object_id] = data
        return object_id


class MemoryTwins(dict[Digest, bytes]):
    """Twins, in memory."""

    def put(self, digest: Digest, tree: bytes) -> None:
        self[digest] = tree


def row(number: int) -> Row:
    """A made-up sale."""
    return (
        number,
        f"customer {number * 7919 % 100_003}",
        f"{number * 31 % 100_000}.{number % 100:02d}",
        f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}",
        number % 97,
        number % 3 > 0,
    )


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def state(tree: TableTree, node: Node | None, line: str | None) -> QueryState:
    """A state of the one table."""
    root = None if node is None else Root(node.id, node.digest)
    return QueryState({TABLE.name: QueryTable(tree, root)}, line=line)


def changed(count: int, by: str) -> dict[Row, RowChange]:
    """Updates of random rows."""
    numbers = random.Random(by).sample(range(count), CHANGED_ROWS)
    return {(number,): RowChange(row(number), (number, by, *row(number)[2:])) for number in numbers}


def compare(session: QuerySession, native: duckdb.DuckDBPyConnection) -> None:
    """Print the queries' medians side by side, taking turns so that noise falls on both."""
    print(f"{'query':14}{'git-aergo':>12}{'DuckDB':>12}{'ratio':>8}")
    totals = [0.0, 0.0]
    for name, sql in QUERIES.items():
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(REPEATS):
            ours.append(seconds(lambda sql=sql: list(session.query(sql).rows())))
            theirs.append(seconds(lambda sql=sql: native.execute(sql).fetchall()))
        mine, other = statistics.median(ours), statistics.median(theirs)
        totals[0] += mine
        totals[1] += other
        print(f"{name:14}{mine:12.4f}{other:12.4f}{mine / other:8.2f}")
    print(f"{'all':14}{totals[0]:12.4f}{totals[1]:12.4f}{totals[0] / totals[1]:8.2f}")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    count = parser.parse_args().rows
    store = NodeStore(MemoryObjects(), MemoryTwins(), ObjectFormat.SHA1.id_bytes)
    tree = TableTree(store, TABLE)
    rows = [row(number) for number in range(count)]
    head = tree.build(rows)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        native = duckdb.connect(str(folder / "native.duckdb"))
        native.execute(f"CREATE TABLE sales ({NATIVE})")
        with (folder / "rows.csv").open("w") as file:
            file.writelines(f"{','.join(map(str, sale))}\n" for sale in rows)
        copied = seconds(lambda: native.execute("COPY sales FROM ? (FORMAT csv)", [str(folder / "rows.csv")]))
        native.execute("CHECKPOINT")
        del rows
        cache = folder / "query"
        with QuerySession(state(tree, head, "main"), cache) as session:
            cold = seconds(session.open)
            print(f"cold: build the file and open  {cold:8.2f}   (DuckDB's COPY from CSV {copied:.2f})")
            compare(session, native)
        with QuerySession(state(tree, head, "main"), cache) as session:
            print(f"warm: open a session           {seconds(session.open):8.2f}")
            first = seconds(lambda: list(session.query(QUERIES["count"]).rows()))
            print(f"warm: its first query          {first:8.4f}")
        assert head is not None
        for block in ("b1", "b2"):
            after = apply_changes(tree, head, changed(count, block))
            with QuerySession(state(tree, after, "main"), cache) as session:
                print(f"next block, {CHANGED_ROWS:,} rows changed {seconds(session.open):9.2f}")
                if block == "b2":
                    print("after two blocks:")
                    compare(session, native)
        with QuerySession(state(tree, head, None), cache) as session:
            print(f"--at an older block, first time{seconds(session.open):8.2f}")
        with QuerySession(state(tree, head, None), cache) as session:
            print(f"--at an older block, again     {seconds(session.open):8.2f}")


if __name__ == "__main__":
    main()
