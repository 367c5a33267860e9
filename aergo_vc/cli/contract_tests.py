"""The verb test: contracts' tests, run in memory."""

import gc
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aergo_vc.cli.commands import AsJson, Session, new_family, session_of
from aergo_vc.cli.output import Column, Style, Styled
from aergo_vc.cli.running import LOOK

if TYPE_CHECKING:
    from aergo_vc.repository.contract_tests import CoveredRoutine
    from aergo_vc.sql.testing.outcomes import CaseOutcome, Failure, Place

app = new_family()

_COLUMNS = (
    Column("routine"), Column("statements", right=True), Column("reached", right=True), Column("%", right=True),
    Column("not reached"),
)  # fmt: skip


@app.command("test")
def run_tests(
    context: typer.Context,
    *,
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[DIR|FILE...]", show_default=False)] = None,
    name: Annotated[str, typer.Option("-k", metavar="TEXT", help="Only tests with TEXT in their names.")] = "",
    coverage: Annotated[bool, typer.Option("--coverage", help="Show which statements the tests reach.")] = False,
    as_json: AsJson = False,
) -> int:
    """Run the tests of contracts in memory; nothing is signed, and no repository is needed."""
    from aergo_vc.repository.contract_tests import ContractTests  # noqa: PLC0415 - loads apsw and sqlglot

    gc.enable()
    session = session_of(context)
    tests = ContractTests(paths or [Path()], covering=coverage)
    passed = failed = 0
    for outcome in tests.run(name):
        passed += outcome.failure is None
        failed += outcome.failure is not None
        if as_json:
            session.out.record(_outcome_record(outcome))
        elif outcome.failure is not None:
            _tell_failure(session, outcome, outcome.failure)
    covered = tests.coverage()
    if as_json:
        for routine in covered:
            session.out.record(_coverage_record(routine))
    else:
        _tell_coverage(session, covered)
        _tell_sum(session, passed, failed)
    return LOOK if failed else 0


def _tell_sum(session: Session, passed: int, failed: int) -> None:
    if failed:
        session.out.line(Styled(f"{failed} failed", Style.RED), f", {passed} passed")
    else:
        session.out.line(Styled(f"{passed} passed", Style.GREEN))


def _tell_failure(session: Session, outcome: "CaseOutcome", failure: "Failure") -> None:
    test = "" if outcome.test is None else f"{outcome.test}: "
    state = "" if failure.sqlstate is None else f" [{failure.sqlstate}]"
    calls = [one.routine if one.place is None else f"{one.routine} at {_shown(one.place)}" for one in failure.calls]
    where = f" (in {', called by '.join(calls)})" if calls else ""
    session.out.line(
        f"{_shown(failure.place)}: ", Styled("failed: ", Style.RED), f"{test}{failure.message}{state}{where}"
    )


def _shown(place: "Place") -> str:
    return f"{place.file}:{place.line}:{place.column}"


def _tell_coverage(session: Session, covered: "Iterable[CoveredRoutine]") -> None:
    for file, routines in groupby(covered, lambda routine: routine.file):
        session.out.line(Styled(file, Style.BOLD))
        session.out.table(_COLUMNS, map(_coverage_row, routines))


def _coverage_row(routine: "CoveredRoutine") -> list[str]:
    count = len(routine.statements)
    share = 100 if count == 0 else routine.reached * 100 // count
    return [routine.name, str(count), str(routine.reached), str(share), _missed_lines(routine)]


def _missed_lines(routine: "CoveredRoutine") -> str:
    """The lines with statements that no test reached; a dash joins those without others between them."""
    lines = sorted(routine.lines().items())
    runs = [[line for line, _ in run] for hits, run in groupby(lines, lambda one: one[1] > 0) if not hits]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _outcome_record(outcome: "CaseOutcome") -> dict[str, object]:
    place = outcome.place if outcome.failure is None else outcome.failure.place
    record: dict[str, object] = {
        "file": place.file, "line": place.line, "column": place.column, "test": outcome.test,
        "passed": outcome.failure is None,
    }  # fmt: skip
    if outcome.failure is None:
        return record
    calls = [
        {"routine": one.routine}
        if one.place is None
        else {"routine": one.routine, "file": one.place.file, "line": one.place.line, "column": one.place.column}
        for one in outcome.failure.calls
    ]
    return {**record, "message": outcome.failure.message, "sqlstate": outcome.failure.sqlstate, "calls": calls}


def _coverage_record(routine: "CoveredRoutine") -> dict[str, object]:
    return {
        "file": routine.file,
        "routine": routine.name,
        "statements": len(routine.statements),
        "reached": routine.reached,
        "lines": [[line, hits] for line, hits in sorted(routine.lines().items())],
    }
