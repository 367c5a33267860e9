"""TPC-C's mix, one warehouse, executed: in process and on PostgreSQL in turns, over the same calls."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Line, seconds

from tpcc import conditions
from tpcc.mix import VOID, Call, Mix
from tpcc.population import FULL, Population, Size
from tpcc.process import InProcess

if TYPE_CHECKING:
    from tpcc.server import OnPostgreSQL

CONTRACT = Path(__file__).with_name("contract.sql")
ROUNDS = 5
CALLS = 2_000
_WORK = "TPC-C mix, one warehouse"


def lines(size: Size = FULL) -> Iterator[Line]:
    """All of it; PostgreSQL is left out where it, or psycopg, is not installed."""
    try:
        from tpcc.server import PROGRAMS, OnPostgreSQL, server  # noqa: PLC0415 - it may be missing
    except ImportError:
        yield from _alone(size)
        return
    if not PROGRAMS.exists():
        yield from _alone(size)
        return
    population, mix = Population(size), Mix(size)
    with InProcess() as ours, server() as where, OnPostgreSQL(where) as theirs:
        for system in (ours, theirs):
            system.install(CONTRACT.read_text(), population.tables)
        ours_took, theirs_took = [], []
        for _ in range(ROUNDS):
            calls = list(mix.calls(CALLS))
            ours_took.append(_seconds(ours, calls))
            theirs_took.append(_seconds(theirs, calls))
        _require_same(ours, theirs, list(population.tables), mix)
    ratio = min(theirs_took) / min(ours_took)
    speeds = [f"{CALLS / min(took):,.0f} transactions/s" for took in (ours_took, theirs_took)]
    yield Line(_WORK, speeds[0], f"PostgreSQL 15 {speeds[1]}", ratio, ">= 1", ratio >= 1)


def _alone(size: Size) -> Iterator[Line]:
    population, mix = Population(size), Mix(size)
    with InProcess() as ours:
        ours.install(CONTRACT.read_text(), population.tables)
        took = min(_seconds(ours, list(mix.calls(CALLS))) for _ in range(ROUNDS))
        assert not conditions.broken({table: ours.rows(table) for table in population.tables})
    yield Line(_WORK, f"{CALLS / took:,.0f} transactions/s", "PostgreSQL 15 or psycopg is not installed")


def _seconds(system: "InProcess | OnPostgreSQL", calls: list[Call]) -> float:
    states: list[str | None] = []
    took = seconds(lambda: states.extend(system.run(calls)))
    assert states == [VOID if call.is_void else None for call in calls]
    return took


def _require_same(ours: InProcess, theirs: "OnPostgreSQL", tables: list[str], mix: Mix) -> None:
    """Both systems give the same results and hold the same rows, moments aside, and those meet the conditions."""
    asked = {"new_order", "payment", "stock_level"}
    calls = [call for call in mix.calls(100) if call.routine in asked and not call.is_void]
    assert [ours.result(call) for call in calls] == [theirs.result(call) for call in calls]
    mine = {table: ours.rows(table) for table in tables}
    assert not conditions.broken(mine)
    for table, rows in mine.items():
        assert conditions.without_times(table, rows) == conditions.without_times(table, theirs.rows(table)), table
