"""Counting statements changes nothing else."""

from pathlib import Path

from sql_world import context
from tpcc import conditions
from world import ROOT

from aergo_vc.model.schema import Catalog
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.procedures.compiling import compile_routine
from aergo_vc.sql.procedures.coverage import Coverage

CONTRACTS = {
    "bank": (ROOT / "docs" / "bank" / "bank.sql").read_text(),
    "tpcc": Path(conditions.__file__).with_name("contract.sql").read_text(),
}


def catalog() -> Catalog:
    engine = Engine()
    for number, (name, text) in enumerate(CONTRACTS.items()):
        engine.run(text, context(number), contract=name)
    return engine.catalog


def test_without_coverage_the_python_is_the_same_but_for_the_lines_that_count() -> None:
    coverage = Coverage()
    deployed = catalog()
    for routine in deployed.routines.values():
        plain, counting = compile_routine(deployed, routine), compile_routine(deployed, routine, coverage)
        lines = counting.source.splitlines()
        counts = [place for place, line in enumerate(lines) if line.lstrip().startswith("run.hits[")]
        assert "\n".join(line for place, line in enumerate(lines) if place not in counts) + "\n" == plain.source
        kept = [one for place, one in enumerate(counting.positions, 1) if place not in counts]
        assert tuple(kept) == plain.positions
        assert len(coverage.statements(routine.name, routine.body)) == len(counts) > 0


def test_a_routine_that_is_compiled_again_keeps_its_numbers() -> None:
    coverage = Coverage()
    for _ in range(2):
        deployed = catalog()
        for routine in deployed.routines.values():
            compile_routine(deployed, routine, coverage)
        numbers = len(coverage.hits)
    assert numbers == sum(len(coverage.statements(*one)) for one in coverage.routines())


def test_counts_go_on_where_an_engine_runs_and_end_with_rolled_back_work_counted() -> None:
    engine, coverage = Engine(), Coverage()
    engine.cover(coverage)
    engine.run(
        "CREATE TABLE t (id int PRIMARY KEY);\n"
        "CREATE PROCEDURE add(x int) LANGUAGE plpgsql AS $$\nBEGIN\n  INSERT INTO t VALUES (x);\n"
        "  EXCEPTION WHEN unique_violation THEN\n    NULL;\nEND $$;",
        context(1),
    )
    for number, value in enumerate((1, 1, 2), 2):
        engine.run(f"CALL add({value})", context(number))
    with engine.transaction() as opened:
        engine.run("CALL add(3)", context(9))
        opened.rollback()
    ((name, body),) = coverage.routines()
    assert [(one.line, one.hits) for one in coverage.statements(name, body)] == [(3, 4), (5, 1)]
