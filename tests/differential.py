"""What contracts do, as one digest a corpus: alike wherever, and in whatever order, the engine reads.

The corpora are the cases of tests/sql/cases, TPC-C, and routines on tables whose rows no index gives in the order of
their keys.  Run as a program it prints a line of JSON: the digests by the names of the corpora.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

if __name__ == "__main__":
    _ROOT = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(_ROOT), str(_ROOT / "tests"), str(_ROOT / "benchmarks")]

from sql_cases import case_files
from sql_world import context
from tpcc import conditions
from tpcc.mix import Mix
from tpcc.population import Population, Size
from tpcc.process import InProcess

from aergo_vc.model.schema import Index
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.running import rebuilding
from aergo_vc.sql.running.table_access import drop_index_sql, index_sql

_SIZE = Size(items=60, customers=20)

CONTRACT = (Path(__file__).with_name("sql") / "differential.sql").read_text("utf-8")

CALLS = (
    "CALL fill(40)",
    "CALL shuffle()",
    "SELECT * FROM ranked(3)",
    "CALL shift_up()",
    "CALL shift_down()",
    "CALL note_all()",
    "CALL careful()",
    "CALL move('g1', 'g2', 5)",
    "SELECT summary()",
    "CALL move('g1', 'g2', 5000)",
    "CALL prune(7)",
    "SELECT * FROM ranked(5)",
)


def an_engine(*, reverse: bool = False) -> Engine:
    """An engine that reads backwards where nothing asks for an order, with `reverse`."""
    engine = Engine()
    if reverse:
        engine._trusted("PRAGMA reverse_unordered_selects = ON")
    return engine


def without_indexes() -> AbstractContextManager[object]:
    """Engines made within have those indexes only that keep something unique."""

    def made(index: Index) -> str:
        return index_sql(index) if index.unique else "SELECT 1"

    def dropped(index: Index) -> str:
        return drop_index_sql(index) if index.unique else "SELECT 1"

    return mock.patch.multiple(rebuilding, index_sql=made, drop_index_sql=dropped)


def _outcome(engine: Engine, text: str, number: int) -> object:
    try:
        outcome = engine.run(text, context(number))
    except SqlError as error:
        return error.sqlstate
    changes = {name: sorted(map(repr, found.items())) for name, found in outcome.changes.items()}
    events = [(event.name, dict(event.data)) for event in outcome.events]
    return [outcome.results[-1].rows, sorted(changes.items()), events]


def _state(engine: Engine) -> object:
    return [(name, list(engine.rows(name))) for name in sorted(engine.catalog.stored)]


def _cases(make: Callable[[], Engine]) -> Iterator[object]:
    for file in case_files():
        for case in file.cases:
            engine = make()
            for number, statement in enumerate((*file.setup, *case.statements)):
                yield file.name, case.title, statement.text, _outcome(engine, statement.text, number)
            yield file.name, case.title, "", _state(engine)
            engine.close()


def _routines(make: Callable[[], Engine]) -> Iterator[object]:
    engine = make()
    engine.run(CONTRACT, context())
    for number, call in enumerate(CALLS, 1):
        yield call, _outcome(engine, call, number)
    yield _state(engine)
    engine.close()


def _tpcc(make: Callable[[], Engine]) -> Iterator[object]:
    with mock.patch("tpcc.process.Engine", make):
        system = InProcess()
    system.install(Path(conditions.__file__).with_name("contract.sql").read_text("utf-8"), Population(_SIZE).tables)
    calls = list(Mix(_SIZE, seed=5).calls(60))
    yield system.run(calls)
    for call in calls[:10]:
        try:
            yield system.result(call)
        except SqlError as error:
            yield error.sqlstate
    for table in conditions.COLUMNS:
        yield table, system.rows(table)


CORPORA = {"cases": _cases, "routines": _routines, "tpcc": _tpcc}


def lines(corpus: str, make: Callable[[], Engine] = an_engine) -> list[str]:
    """What a corpus does, step by step, each as a line."""
    return [json.dumps(step, ensure_ascii=True, default=str) for step in CORPORA[corpus](make)]


def digests(corpora: Iterable[str] = ()) -> dict[str, str]:
    """A digest for each of these corpora, or of all."""
    return {name: hashlib.sha256("\n".join(lines(name)).encode()).hexdigest() for name in sorted(corpora or CORPORA)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests(sys.argv[1:])) + "\n")
