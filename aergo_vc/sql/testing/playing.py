"""Test files played on an engine in memory: the common steps once, then each test on what they left."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import BranchName, ChainId, RoutineName, TransactionId
from aergo_vc.model.schema import DEFAULT_CONTRACT
from aergo_vc.model.transactions import Event
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.source import parse_script
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.own_statements import CreateRoutine
from aergo_vc.sql.procedures.syntax import Fragment
from aergo_vc.sql.testing.asserting import check_assertion
from aergo_vc.sql.testing.outcomes import CaseOutcome, Failure, Frame, Place
from aergo_vc.sql.testing.suites import Case, ExpectedEvent, Kind, Step, Suite, read_suite

_CHAIN, _BRANCH = ChainId("0" * 64), BranchName("main")


@dataclass(frozen=True, slots=True)
class ContractFile:
    """A contract's text, the name of its file as messages show it, and the contract's name if none is given."""

    file: str
    contract: str
    text: str


ReadContract = Callable[[str], ContractFile]
"""Finds the file that a test file names; raises InputError."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a file has the text of a routine."""

    file: str
    body: Fragment

    def place(self, line: int, column: int) -> Place:
        """The place in the file of one in the text."""
        shift = self.body.column - 1 if line == 1 else 0
        return Place(self.file, line + self.body.line - 1, column + shift)


@dataclass(slots=True)
class Ground:
    """What test files have in common: `definitions` are the deployed texts of routines, by file, name and text."""

    read: ReadContract
    coverage: Coverage | None = None
    definitions: dict[tuple[str, RoutineName, str], Definition] = field(default_factory=dict)


def play(file: str, text: str, contracts: Sequence[str], ground: Ground, wanted: str = "") -> Iterator[CaseOutcome]:
    """Run the tests of a file that have `wanted` in their names.

    `contracts` are deployed first, unless the file itself says what is.
    """
    top = Place(file, 1, 1)
    try:
        suite = read_suite(text)
    except SqlError as error:
        yield CaseOutcome(top, None, Failure(_place(file, error), error.message, error.sqlstate))
        return
    engine = Engine()
    if ground.coverage is not None:
        engine.cover(ground.coverage)
    player = _Player(file, engine, ground)
    try:
        setup = suite.setup if suite.deploys else (*_deployments(contracts, suite), *suite.setup)
        failure = player.play(setup)
        if failure is not None:
            yield CaseOutcome(top, None, failure)
            return
        cases = (*suite.cases, *player.procedures(suite))
        if not cases:
            yield CaseOutcome(top, None, Failure(top, "the file has no test: a line such as -- test: NAME begins one"))
        for case in cases:
            if wanted in case.name:
                yield CaseOutcome(Place(file, case.line, case.column), case.name, player.play_apart(case))
    finally:
        engine.close()


def _deployments(contracts: Sequence[str], suite: Suite) -> Iterator[Step]:
    circumstances = suite.setup[0].circumstances if suite.setup else suite.circumstances
    for name in contracts:
        yield Step(Kind.DEPLOY, name, 1, 1, circumstances)


def _place(file: str, error: SqlError) -> Place:
    return Place(file, error.line or 1, error.column or 1)


class _Player:
    """One test file on its engine."""

    def __init__(self, file: str, engine: Engine, ground: Ground) -> None:
        self._file, self._engine, self._ground = file, engine, ground
        self._current: Mapping[str, Definition] = {}
        self._height = 0

    def play(self, steps: Sequence[Step]) -> Failure | None:
        """Take steps until one fails."""
        for step in steps:
            failure = self._take(step)
            if failure is not None:
                return failure
        return None

    def play_apart(self, case: Case) -> Failure | None:
        """Take the steps of a test, and leave all as it was before."""
        before = (self._current, self._height)
        try:
            with self._engine.transaction() as opened:
                failure = self.play(case.steps)
                opened.rollback()
        finally:
            self._current, self._height = before
        return failure

    def procedures(self, suite: Suite) -> Iterator[Case]:
        """The routines without parameters that a file makes and calls ``test_…``: each is a test."""
        for step in suite.setup:
            if step.kind is not Kind.RUN:
                continue
            for tree in _routines(step.text):
                name = tree.name.name
                if not name.startswith("test_") or tree.parameters:
                    continue
                word = "CALL" if tree.is_procedure else "SELECT"
                call = f"{word} {tree.name.contract or DEFAULT_CONTRACT}.{name}()"
                yield Case(
                    name, step.line, step.column, (Step(Kind.RUN, call, step.line, step.column, suite.circumstances),)
                )

    def _take(self, step: Step) -> Failure | None:
        here = Place(self._file, step.line, step.column)
        try:
            return self._missing(step, self._act(step), here)
        except SqlError as error:
            is_expected = step.error is not None and step.error.is_met(error)
            return None if is_expected else self._failure(step, error)
        except InputError as error:
            return Failure(here, error.message)

    @staticmethod
    def _missing(step: Step, events: Sequence[Event], here: Place) -> Failure | None:
        """What a step that went well has left undone."""
        if step.error is not None:
            return Failure(here, f"error {step.error.written} is expected, but the statement succeeds")
        for wanted in step.events:
            if not any(_is_met(wanted, event) for event in events):
                return Failure(here, f"event {_event_told(wanted.name, wanted.data)} is expected; {_told(events)}")
        return None

    def _act(self, step: Step) -> Sequence[Event]:
        context = self._context(step)
        if step.kind is Kind.DEPLOY:
            self._deploy(step, context)
            return ()
        try:
            with self._engine.transaction():
                if step.kind is Kind.ASSERT:
                    check_assertion(self._engine, context, step.text)
                    return ()
                events = self._engine.run(step.text, context).events
        except SqlError as error:
            error.line, error.column = _shifted(step, error.line or 1, error.column or 1)
            raise
        for tree in _routines(step.text):
            line, column = _shifted(step, tree.body.line, tree.body.column)
            self._note(self._file, DEFAULT_CONTRACT, replace(tree, body=replace(tree.body, line=line, column=column)))
        return events

    def _deploy(self, step: Step, context: ExecutionContext) -> None:
        found = self._ground.read(step.text)
        contract = step.contract or found.contract
        try:
            with self._engine.transaction():
                self._engine.run(found.text, context, contract=contract)
        except SqlError as error:
            raise _DeploymentFailed(error, found.file) from error
        for tree in _routines(found.text):
            name, definition = self._note(found.file, contract, tree)
            self._ground.definitions[found.file, name, tree.body.text] = definition

    def _note(self, file: str, contract: str, tree: CreateRoutine) -> tuple[RoutineName, Definition]:
        """Remember where a routine is written."""
        name = RoutineName(f"{tree.name.contract or contract}.{tree.name.name}")
        found = Definition(file, tree.body)
        self._current = {**self._current, name: found}
        return name, found

    def _context(self, step: Step) -> ExecutionContext:
        """Every step is a block of its own."""
        self._height += 1
        now = step.circumstances
        digest = hashlib.sha256(f"{self._height} {step.line} {step.column} {step.text}".encode()).hexdigest()
        return ExecutionContext(
            now.time, self._height, TransactionId(digest), _CHAIN, _BRANCH, now.signer, now.roles_of
        )  # fmt: skip

    def _failure(self, step: Step, error: SqlError) -> Failure:
        message = error.message
        if step.error is not None:
            message = f"error {step.error.written} {step.error.text}".rstrip() + f" is expected, not: {message}"
        frames = tuple(self._frame(*call) for call in error.calls)
        if isinstance(error, _DeploymentFailed):
            return Failure(_place(error.file, error), message, error.sqlstate, frames)
        return Failure(_place(self._file, error), message, error.sqlstate, frames)

    def _frame(self, routine: str, line: int, column: int) -> Frame:
        found = self._current.get(routine)
        return Frame(routine, None if found is None else found.place(line, column))


class _DeploymentFailed(SqlError):
    """An error in a contract's file."""

    def __init__(self, error: SqlError, file: str) -> None:
        super().__init__(error.sqlstate, error.message, error.line, error.column)
        self.calls, self.file = error.calls, file


def _shifted(step: Step, line: int, column: int) -> tuple[int, int]:
    """The place in the file of one in the text of a step."""
    return line + step.line - 1, column + (step.column - 1 if line == 1 else 0)


def _routines(text: str) -> list[CreateRoutine]:
    if "create" not in text.lower():
        return []
    return [one.tree for one in parse_script(text) if isinstance(one.tree, CreateRoutine)]


def _is_met(wanted: ExpectedEvent, event: Event) -> bool:
    return event.name == wanted.name and all(
        name in event.data and _as_json(event.data[name]) == value for name, value in wanted.data.items()
    )


def _as_json(value: object) -> object:
    return [_as_json(one) for one in value] if isinstance(value, tuple) else value


def _event_told(name: str, data: Mapping[str, object]) -> str:
    return " ".join([name, *[f"{key}={value}" for key, value in data.items()]])


def _told(events: Sequence[Event]) -> str:
    if not events:
        return "none is emitted"
    told = [_event_told(event.name, event.data) for event in events]
    return f"emitted: {'; '.join(told)}"
