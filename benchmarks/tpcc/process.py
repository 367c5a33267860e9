"""The same contract, tables and calls on our engine, in this process."""

from collections.abc import Iterable, Sequence
from typing import Self

from aergo_vc.base.ids import BranchName, ChainId, EntityName, RoutineName, TableName, TransactionId
from aergo_vc.sql.engine import Engine, ExecutionContext
from aergo_vc.sql.errors import SqlError
from tpcc.mix import Call
from tpcc.population import Row, Tables

CONTRACT = "tpcc"
CALLS_PER_BLOCK = 1_000
_TIME = 1_770_000_000_000


class InProcess:
    """An engine in memory; each call is a transaction with an id of its own."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    def install(self, contract: str, tables: Tables) -> None:
        """Deploy the contract, and fill the tables."""
        self._engine.run(contract, self._context(), contract=CONTRACT)
        for table, rows in tables.items():
            self._engine.insert_rows(_name(table), _stored(table, rows))

    def run(self, calls: Sequence[Call]) -> list[str | None]:
        """Make calls one after another; returns the SQLSTATE of each, None where it is well."""
        states: list[str | None] = []
        for start in range(0, len(calls), CALLS_PER_BLOCK):
            with self._engine.block():
                states += [self._state(call) for call in calls[start : start + CALLS_PER_BLOCK]]
        return states

    def result(self, call: Call) -> list[tuple[str | None, ...]]:
        """What a call gives, as text."""
        outcome = self._engine.call(RoutineName(f"{CONTRACT}.{call.routine}"), call.arguments, self._context())
        rows = () if outcome.result is None else outcome.result.rows
        return [tuple(None if cell is None else str(cell) for cell in row) for row in rows]

    def rows(self, table: str) -> list[Row]:
        """A table's rows, without hidden keys."""
        hidden = self._engine.catalog.tables[_name(table)].has_hidden_key
        return [row[1:] if hidden else row for row in self._engine.rows(_name(table))]

    def _state(self, call: Call) -> str | None:
        try:
            self._engine.call(RoutineName(f"{CONTRACT}.{call.routine}"), call.arguments, self._context())
        except SqlError as error:
            return error.sqlstate
        return None

    def _context(self) -> ExecutionContext:
        self._calls += 1
        return ExecutionContext(
            time=_TIME,
            height=1,
            transaction=TransactionId(f"{self._calls:032x}{0:032x}"),
            chain=ChainId("0" * 64),
            branch=BranchName("main"),
            signer=EntityName("bench"),
        )


def _name(table: str) -> TableName:
    return TableName(f"{CONTRACT}.{table}")


def _stored(table: str, rows: Iterable[Row]) -> Iterable[Row]:
    """Rows with hidden keys where the table has no other."""
    if table != "history":
        return rows
    return ((f"{'0' * 32}-{place:08}", *row) for place, row in enumerate(rows))
