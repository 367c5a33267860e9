"""The blocks that contracts make: alike wherever they are made, and in whatever order the engine reads.

The corpora are the cases of tests/sql/cases, one block each; TPC-C; and routines on tables whose rows no index gives in
the order of their keys.  All is sealed: the commit of a block hangs on its header, that on the roots of the state, the
receipts and the transactions.  Run as a program it prints a line of JSON: for each corpus the last commit, and a digest
of all commits, outcomes and errors.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest import mock

if __name__ == "__main__":
    _ROOT = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(_ROOT), str(_ROOT / "tests"), str(_ROOT / "benchmarks")]

from block_chain import Chain
from sql_cases import case_files
from tpcc import conditions
from tpcc.mix import Mix
from tpcc.population import Population, Row, Size

from aergo_vc.base.ids import TableName
from aergo_vc.ledger.machine import Submission
from aergo_vc.model.schema import Index
from aergo_vc.sql.engine import Engine
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


def _sealed(chain: Chain, submissions: Iterable[Submission]) -> dict[str, object]:
    """A block's commit, and what its transactions told; why the others failed."""
    block, executed = chain.seal(submissions)
    told = [
        (
            transaction.payload.sql or str(transaction.payload.call),
            [(result.tag, result.count, result.rows) for result in outcome.results],
            [(event.name, dict(event.data)) for event in outcome.receipt.events],
            [] if outcome.receipt.result is None else outcome.receipt.result.rows,
            [(notice.level, notice.message) for notice in outcome.notices],
        )
        for (transaction, _), outcome in zip(executed.included, executed.outcomes, strict=True)
    ]
    failed = [
        (one.transaction.payload.sql or str(one.transaction.payload.call), str(one.reason), dict(one.reason.facts))
        for one in executed.excluded
    ]
    return {"commit": block.commit, "state": block.header.state, "told": told, "failed": failed}


def _cases(make: Callable[[], Engine]) -> Iterator[dict[str, object]]:
    for file in case_files():
        for case in file.cases:
            chain = Chain(make())
            scripts = [statement.text for statement in (*file.setup, *case.statements)]
            yield {"case": f"{file.name}: {case.title}", **_sealed(chain, map(chain.script, scripts))}
            chain.engine.close()


def _routines(make: Callable[[], Engine]) -> Iterator[dict[str, object]]:
    chain = Chain(make())
    yield _sealed(chain, [chain.script(CONTRACT)])
    for call in CALLS:
        yield _sealed(chain, [chain.script(call)])
    chain.engine.close()


def _tpcc(make: Callable[[], Engine]) -> Iterator[dict[str, object]]:
    chain = Chain(make())
    contract = Path(conditions.__file__).with_name("contract.sql").read_text("utf-8")
    yield _sealed(chain, [chain.script(contract, "tpcc")])
    tables = Population(_SIZE).tables.items()
    yield _sealed(chain, [chain.loads((TableName(f"tpcc.{name}"), _keyed(name, rows)) for name, rows in tables)])
    calls = list(Mix(_SIZE, seed=5).calls(60))
    for start in range(0, len(calls), 20):
        some = calls[start : start + 20]
        yield _sealed(chain, [chain.call(f"tpcc.{call.routine}", call.arguments) for call in some])
    chain.engine.close()


def _keyed(table: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows with hidden keys where the table has no other."""
    return [(f"{0:032x}-{place:08x}", *row) for place, row in enumerate(rows)] if table == "history" else rows


CORPORA = {"cases": _cases, "routines": _routines, "tpcc": _tpcc}


def blocks(corpus: str, make: Callable[[], Engine] = an_engine) -> list[dict[str, Any]]:
    """The blocks of a corpus, as JSON has them."""
    return [json.loads(json.dumps(step, ensure_ascii=True, default=str)) for step in CORPORA[corpus](make)]


def digest(made: Sequence[dict[str, Any]]) -> dict[str, object]:
    """How many blocks these are, the last one's commit, and a digest of all."""
    text = "\n".join(json.dumps(block, sort_keys=True) for block in made)
    return {"blocks": len(made), "last": made[-1]["commit"], "all": hashlib.sha256(text.encode()).hexdigest()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: digest(blocks(name)) for name in sys.argv[1:] or CORPORA}) + "\n")
