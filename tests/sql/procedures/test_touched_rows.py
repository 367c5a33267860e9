"""Which rows a call can touch, told before it runs: never fewer than it touches then."""

import random
import subprocess
import sys
from contextlib import suppress
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
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.touched import RowName, Toucher

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
        ("forget", ("ada", 5), {(VISIT, ("ada", 5))}),
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
        ("named", ("1", "a")),
        ("born", (1,)),
        ("priced", ("1.0",)),
        ("counted", ()),
        ("numbered", ("n0",)),
        ("again", (1,)),
        ("rekeyed", (1,)),
        ("asking", ("n1",)),
        ("taken", ("t1",)),
        ("filled", (1,)),
        ("renamed", ("1", "a")),
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


UPDATE = 'UPDATE "c.account" AS t0 SET "balance" = ?1 WHERE (t0."id" = ?2)'
COPY = 'INSERT INTO "c.visit" AS t0 SELECT ?1, t1."id", 1 FROM "c.account" AS t1 WHERE (t1."id" = ?2)'
NAMED = 'UPDATE "c.account" AS t0 SET "balance" = 1 WHERE (t0."id" = :time)'

SLOT = 'INSERT INTO "c.slot" AS t0 VALUES (?1 || substr(?2, -8), lower(?3))'


@pytest.mark.parametrize(
    ("text", "line", "is_told"),
    [
        (SLOT.replace("slot", "log"), "execute(S0, (run.prefix, run.take(1), v3,))", True),
        (SLOT, "execute(S0, (run.prefix, run.take(1), v3,))", False),
        (UPDATE, "execute(S0, (1, v2,))", True),
        (UPDATE, "run.query(S0, (v3, v2,))", True),
        (UPDATE, "run.call('c.plus_one', v2)", True),
        (UPDATE, "run.emit(v3)", True),
        (UPDATE, "execute(S0, (1, v2 + 1,))", False),
        (UPDATE, "execute(S0, v3)", False),
        (UPDATE, "execute(v3, (1, v2,))", False),
        (UPDATE, "execute(S0 + S0, (1, v2,))", False),
        (UPDATE, "other = S0", False),
        (UPDATE, "other = execute", False),
        (UPDATE, "other = run", False),
        (UPDATE, "other = run.execute", False),
        (UPDATE, "run.query(v3, (1, v2,))", False),
        (UPDATE, "run.whatever(v2)", False),
        (UPDATE, "run.call(v3, v2)", False),
        (UPDATE, "run.call('c.plus_one', v2 + 1)", False),
        (UPDATE, "run.call('c.total')", False),
        (UPDATE, "v2 = 7; execute(S0, (1, v2,))", False),
        (UPDATE, "execute(S0, (1, v2,)); v2 += 1", False),
        (UPDATE, "for v2 in v3: execute(S0, (1, v2,))", False),
        (UPDATE, "[execute(S0, (1, v2,)) for v2 in v3]", False),
        (UPDATE, "(lambda v2: execute(S0, (1, v2,)))(v3)", False),
        (UPDATE, "(v2 := 3); execute(S0, (1, v2,))", False),
        (COPY, "execute(S0, (v3, v2,))", False),
        (NAMED, "execute(S0, (v2,))", False),
    ],
)
def test_text_in_any_other_form_than_the_compilers_tells_nothing(
    world: CallingWorld, text: str, line: str, *, is_told: bool
) -> None:
    name, beginning = RoutineName("c.x"), "execute, changed = run.execute, run.changed"
    source = f"def routine(run, v2, v3):\n    {beginning}\n    {line}\n    return None\n"
    made = Compiled(
        name, source, (), (text,), (), (), frozenset(), {}, {}, written=frozenset(), read=frozenset()
    )  # fmt: skip
    engine = world.machine.engine
    library = engine._routines._library
    toucher = Toucher(
        lambda one: made if one == name else library.compiled(one), engine._recorder.analysed, engine._recorder.facts_of
    )
    assert (toucher.touched(name).rows is not None) is is_told


def test_no_call_touches_a_row_that_was_not_told_before(world: CallingWorld) -> None:
    source = random.Random(5)
    told = 0
    with world.machine.block(world.context(2)) as execution:
        for number in range(1_500):
            transaction, payload = world.known(source) if number % 5 else world.unknown(source)
            call = transaction.payload.call
            assert call is not None
            rows = world.machine.engine.rows_touched(call.routine, call.arguments, transaction.id)
            with execution.records.watched() as footprints, suppress(AergoError):
                execution.record(transaction, payload)
            if rows is None:
                continue
            told += 1
            (footprint,) = footprints
            assert not footprint.lookups
            assert not footprint.taken
            assert _touched(footprint, transaction.id[:32]) <= set(rows)
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
