"""What was tried behind the waiting transactions is kept, and never taken for what it is not."""

from collections.abc import Callable

import pytest
from forgery import Ledger, copied
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.errors import AergoError
from aergo_vc.ledger.machine import BlockExecution
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.engine import Engine

RAISE = "UPDATE account SET balance = balance + 1 WHERE name = 'ann'"
ASK = "SELECT balance FROM account WHERE name = 'ann'"


def balance(repository: Repository) -> object:
    """What a transaction behind the waiting ones reads."""
    return repository.sql(ASK).results[0].rows[0][0]


def executions(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one with each transaction that is executed."""
    done: list[object] = []
    execute = BlockExecution.execute

    def counted(execution: BlockExecution, *given: object) -> object:
        done.append(given)
        return execute(execution, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(BlockExecution, "execute", counted)
    return done


@pytest.mark.parametrize("processes", ["one", "many"])
def test_a_submission_executes_nothing_but_itself(
    processes: str, target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = executions(monkeypatch)
    if processes == "one":
        with target.open() as repository:
            for _ in range(4):
                repository.sql(RAISE)
    else:
        for _ in range(4):
            with target.open() as repository:
                repository.sql(RAISE)
    assert len(done) == 4
    with target.open() as repository:
        assert balance(repository) == 99
        assert repository.fsck() == ()
        sealed = repository.commit()
    assert sealed is not None
    assert len(sealed.transactions) == 5
    assert target.verifies() == 5


def test_two_processes_that_take_turns_see_what_the_other_submitted(target: Ledger) -> None:
    with target.open() as one, target.open() as other:
        for repository in (one, other, other, one, other):
            repository.sql(RAISE)
        assert balance(one) == balance(other) == 100
        one.commit()
        other.sql(RAISE)
        assert balance(one) == balance(other) == 101


def test_what_fails_is_not_in_the_state_that_is_kept(target: Ledger) -> None:
    with target.open() as repository:
        repository.sql(RAISE)
        with pytest.raises(AergoError):
            repository.sql(f"{RAISE}; SELECT 1 / 0")
        assert balance(repository) == 96


def test_a_branch_that_moved_takes_the_state_with_it(target: Ledger) -> None:
    old = target.ref()
    target.next_slot()
    target.sql("UPDATE account SET balance = balance + 1000")
    with target.open() as repository:
        repository.sql(RAISE)
        assert balance(repository) == 1096
    target.place.git("update-ref", "refs/heads/main", old)
    with target.open() as repository:
        assert repository.discard() == 2
        repository.sql(RAISE)
        assert balance(repository) == 96


def test_a_program_that_stops_before_the_pool_is_written_leaves_no_trace_in_the_state(
    target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    with target.open() as repository:
        repository.sql(RAISE)
        with monkeypatch.context() as patch:
            patch.setattr(Workspace, "move", cut)
            with pytest.raises(PowerCutError):
                repository.sql("DELETE FROM account")
    with target.open() as repository, monkeypatch.context() as patch:
        patch.setattr(Workspace, "move", _refuse)
        with pytest.raises(AergoError):
            repository.sql("DELETE FROM account")
    with target.open() as repository:
        assert balance(repository) == 96


def _refuse(*_: object) -> None:
    raise AergoError("the disk is full")


STEPS: dict[str, Callable[[Repository], object]] = {
    "raise": lambda repository: repository.sql(RAISE),
    "insert": lambda repository: repository.sql("INSERT INTO account VALUES ('carol', 7)"),
    "delete": lambda repository: repository.sql("DELETE FROM account WHERE name = 'bob'"),
    "rename": lambda repository: repository.sql("UPDATE account SET name = 'b' || name WHERE name < 'c'"),
    "define": lambda repository: repository.sql("CREATE TABLE more (a int PRIMARY KEY)"),
    "fill": lambda repository: repository.sql("INSERT INTO more SELECT balance FROM account WHERE name = 'ann'"),
    "seal with": lambda repository: repository.sql(RAISE, commit=True),
    "seal": lambda repository: repository.commit(),
    "discard": lambda repository: repository.discard(),
    "pending": lambda repository: repository.pending(),
}


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=10))
def test_steps_do_what_they_do_without_anything_kept(
    steps: list[str], founded: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen = []
    for kept in (True, False):
        ledger = copied(founded, tmp_path_factory.mktemp("steps") / "world")
        with ledger.open() as repository, pytest.MonkeyPatch.context() as patch:
            if not kept:
                patch.setattr(Engine, "keep_ahead", lambda *_: False)
            seen.append([_shown(repository, step) for step in [*steps, "pending", "seal"]])
            seen[-1].append(list(repository.rows("account")[1]))
    assert seen[0] == seen[1]


def _shown(repository: Repository, step: str) -> object:
    """What a step shows that does not hang on random ids."""
    try:
        found = STEPS[step](repository)
    except AergoError as error:
        return error.message
    if isinstance(found, tuple):
        return [(waiting.rows, waiting.problem) for waiting in found]
    return getattr(found, "rows", found)
