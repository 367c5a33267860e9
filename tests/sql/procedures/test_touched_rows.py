"""Which rows a call can touch, told before it runs: never fewer than it touches then."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from calling_world import CallingWorld

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, ChainId, EntityName, RoutineName, TransactionId
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Argument
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.touched import RowName

ID = TransactionId("ab" * 32)
OWN = "ab" * 16
ACCOUNT, VISIT, LOG = "c.account", "c.visit", "c.log"


@pytest.fixture(scope="module")
def world() -> CallingWorld:
    return CallingWorld.open()


def _rows(world: CallingWorld, routine: str, *arguments: Argument) -> set[RowName] | None:
    found = world.machine.engine.rows_touched(RoutineName(f"c.{routine}"), arguments, ID)
    return None if found is None else set(found)


@pytest.mark.parametrize(
    ("routine", "arguments", "expected"),
    [
        ("transfer", (1, 2, "3.00"), {(ACCOUNT, (1,)), (ACCOUNT, (2,))}),
        ("visit", ("ada", 5), {(VISIT, ("ada", 5)), (LOG, (OWN,))}),
        ("leave", ("ada", 5), {(VISIT, ("ada", 5)), (ACCOUNT, (5,)), (ACCOUNT, (3,))}),
        ("balance_of", (9,), {(ACCOUNT, (9,))}),
        ("both", (1, 2, "eve"), {(ACCOUNT, (1,)), (ACCOUNT, (2,)), (VISIT, ("eve", 1)), (LOG, (OWN,))}),
        ("plus_one", (4,), {(ACCOUNT, (4,))}),
        ("nothing", (4,), set()),  # there is no such routine
        ("transfer", (2**40, 2, "3.00"), set()),  # no argument of the type
    ],
)
def test_a_call_that_asks_for_rows_by_its_arguments_touches_no_others(
    world: CallingWorld, routine: str, arguments: tuple[Argument, ...], expected: set[RowName]
) -> None:
    assert _rows(world, routine, *arguments) == expected


@pytest.mark.parametrize(
    ("routine", "arguments"),
    [
        ("beside", (1,)),
        ("moved", (1,)),
        ("all_of_them", ()),
        ("total", ()),
        ("named", (1, "a")),
        ("born", (1,)),
        ("priced", ("1.0",)),
        ("counted", ()),
        ("again", (1,)),
        ("rekeyed", (1,)),
        ("renamed", (1, "a")),
        ("tagged", ("a",)),
        ("orphaned", (1,)),
        ("adopted", (1,)),
        ("looped", (1,)),
        ("transfer", (None, 2, "3.00")),
        ("transfer", (1,)),
    ],
)
def test_any_other_call_may_touch_any_rows(world: CallingWorld, routine: str, arguments: tuple[Argument, ...]) -> None:
    assert _rows(world, routine, *arguments) is None


def test_no_call_touches_a_row_that_was_not_told_before(world: CallingWorld) -> None:
    source = random.Random(5)
    told = 0
    with world.machine.block(world.context(2)) as execution:
        for number in range(1_500):
            transaction, payload = world.known(source) if number % 5 else world.unknown(source)
            call = transaction.payload.call
            assert call is not None
            rows = world.machine.engine.rows_touched(call.routine, call.arguments, transaction.id)
            try:
                footprint = execution.record(transaction, payload).footprint
            except AergoError:
                footprint = execution.attempted
            if rows is None:
                continue
            told += 1
            assert not footprint.lookups
            touched = _touched(footprint, transaction.id[:32])
            assert touched <= set(rows)
    assert told > 1_000


def _touched(footprint: Footprint, own: str) -> set[RowName]:
    """What a footprint names; keys of the transaction's own rows by the name that they begin with."""
    assert all(reads.scanned is None for reads in footprint.reads.values())
    named = [(table, key) for table, reads in footprint.reads.items() for key in reads.rows]
    named += [(table, key) for table, writes in footprint.writes.items() for key in writes]
    return {(table, (own,) if table == LOG and str(key[0]).startswith(own) else key) for table, key in named}


_WARM = """
import sys
from pathlib import Path
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.engine import Engine
engine = Engine(Path(sys.argv[1]), compiled=CompiledCache(Path(sys.argv[2])))
rows = engine.rows_touched("c.move", (1, 2), "ab" * 32)
engine.compiled.save()
print(sorted(rows), "sqlglot" in sys.modules)
"""


def test_the_next_process_tells_the_same_rows_and_loads_no_parser(tmp_path: Path) -> None:
    path, folder = tmp_path / "state", tmp_path / "compiled"
    engine = Engine(path, compiled=CompiledCache(folder))
    script = "CREATE TABLE t (k int PRIMARY KEY, v int); CREATE PROCEDURE move(a int, b int) LANGUAGE plpgsql AS $$"
    script += " BEGIN UPDATE t SET v = v + 1 WHERE k = a; UPDATE t SET v = v - 1 WHERE k = b; END $$"
    context = ExecutionContext(0, 1, ID, ChainId("c" * 64), BranchName("main"), EntityName("alice"))
    engine.run(script, context, contract="c")
    engine.close()
    answers = [
        subprocess.run([sys.executable, "-c", _WARM, path, folder], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    rows = "[('c.t', (1,)), ('c.t', (2,))]"
    assert answers == [f"{rows} True\n", f"{rows} False\n"]
