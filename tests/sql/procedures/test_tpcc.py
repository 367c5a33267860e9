"""TPC-C, written for PostgreSQL: the contract that the benchmarks run."""

from pathlib import Path

import pytest
from tpcc import conditions
from tpcc.mix import VOID, Call, Mix
from tpcc.population import Population, Size
from tpcc.process import InProcess

CONTRACT = Path(conditions.__file__).with_name("contract.sql").read_text("utf-8")
SIZE = Size(items=100, customers=30)


@pytest.fixture
def system() -> InProcess:
    system = InProcess()
    system.install(CONTRACT, Population(SIZE).tables)
    return system


def _tables(system: InProcess) -> dict[str, list[tuple[int | str | None, ...]]]:
    return {table: system.rows(table) for table in conditions.COLUMNS}


def test_the_consistency_conditions_hold_before_and_after_a_mix(system: InProcess) -> None:
    assert conditions.broken(_tables(system)) == []
    calls = list(Mix(SIZE, seed=3).calls(200))
    assert any(call.is_void for call in calls)
    assert system.run(calls) == [VOID if call.is_void else None for call in calls]
    after = _tables(system)
    assert conditions.broken(after) == []
    orders = sum(call.routine == "new_order" and not call.is_void for call in calls)
    assert len(after["orders"]) == 10 * SIZE.customers + orders


def test_the_conditions_notice_a_lost_payment(system: InProcess) -> None:
    tables = _tables(system)
    tables["history"].pop()
    assert conditions.broken(tables) == [8, 9, 10]


def test_two_runs_end_alike(system: InProcess) -> None:
    other = InProcess()
    other.install(CONTRACT, Population(SIZE).tables)
    calls = list(Mix(SIZE).calls(100))
    assert system.run(calls) == other.run(calls)
    assert _tables(system) == _tables(other)


def test_an_order_is_answered_line_by_line_with_its_total(system: InProcess) -> None:
    call = Call("new_order", (1, 3, 7, (5, 6), (1, 1), (2, 10)))
    lines = system.result(call)
    assert [line[0] for line in lines] == ["1", "2"]
    assert float(lines[1][6] or 0) == pytest.approx(float(lines[0][5] or 0) + float(lines[1][5] or 0))
    assert lines[0][7] == lines[1][7]


def test_a_customer_may_be_given_by_name(system: InProcess) -> None:
    number, balance, credit = system.result(Call("payment", (1, 1, 1, 1, None, "BARBAROUGHT", "12.34")))[0]
    assert (number, balance) == ("2", "-22.34")
    assert credit in ("BC", "GC")
    assert system.result(Call("order_status", (1, 1, None, "BARBAROUGHT")))[0][:2] == ("2", "-22.34")
