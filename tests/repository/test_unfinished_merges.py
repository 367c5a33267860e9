"""Merges that stop at a conflict: cut short between one file and the next, and with files that were damaged."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from edits import EDITS, Edits, edited
from forgery import SCRIPTS, Ledger
from hypothesis import given, settings
from world import World

from aergo_vc.base.errors import AergoError
from aergo_vc.merging.resolving import FailedResolutionError
from aergo_vc.objects.durable import replace_file
from aergo_vc.repository import unfinished_merges

TAKE_THEIRS = "UPDATE account SET balance = 1 WHERE name = 'ann'"


class _CrashError(Exception):
    """The program ends here."""


@pytest.fixture
def conflicting(tmp_path: Path) -> Ledger:
    """A worktree on main, whose policy settles nothing, and which is in conflict with the branch side."""
    ledger = Ledger(World.create(tmp_path).repository())
    ledger.be("alice")
    with ledger.open() as repository:
        repository.init(name="test", entity="alice", merge=("fail",))
        for script in SCRIPTS[:2]:
            repository.sql(script, commit=True)
        repository.branch("side")
        repository.checkout("side")
        repository.sql("UPDATE account SET balance = 1 WHERE name = 'ann'", commit=True)
        repository.checkout("main")
        repository.sql("UPDATE account SET balance = 9 WHERE name = 'ann'", commit=True)
    ledger.next_slot()
    return ledger


@pytest.fixture
def resolved(conflicting: Ledger) -> Ledger:
    """The same with the merge in progress, and its conflict resolved."""
    with conflicting.open() as repository:
        repository.merge("side")
        repository.resolve_sql(TAKE_THEIRS)
    return conflicting


def files_of(ledger: Ledger) -> dict[str, Path]:
    """The files in which a merge in progress is kept."""
    git_dir = ledger.place.path / ".git"
    (resolutions,) = (git_dir / "aergo" / "resolutions").iterdir()
    return {"resolutions": resolutions, "MERGE_HEAD": git_dir / "MERGE_HEAD"}


@pytest.mark.parametrize("name", ["MERGE_MODE", "MERGE_MSG", "MERGE_HEAD", "nothing"])
def test_of_a_merge_that_a_crash_cut_short_before_a_file_git_commits_nothing_and_it_can_be_made_again(
    conflicting: Ledger, name: str
) -> None:
    def crash(path: Path, data: bytes) -> None:
        if path.name == name:
            raise _CrashError
        replace_file(path, data)

    place, head = conflicting.place, conflicting.ref()
    with patch.object(unfinished_merges, "replace_file", crash), suppress(_CrashError), conflicting.open() as cut_short:
        cut_short.merge("side")
    assert place.git("status", "--porcelain").out == "UU ledger/block.json\n"
    place.git("commit", "--message=slip", expect=128)
    assert conflicting.ref() == head
    with conflicting.open() as repository:
        if name != "nothing":
            assert len(repository.merge("side").conflicts) == 1
        repository.resolve_sql(TAKE_THEIRS)
        assert repository.continue_merge().commit == conflicting.ref()
    assert conflicting.verifies() == 5
    assert place.git("status", "--porcelain").out == ""


def test_a_resolution_whose_signature_is_broken_is_not_sealed(resolved: Ledger) -> None:
    path, head = files_of(resolved)["resolutions"], resolved.ref()
    path.write_bytes(path.read_bytes().replace(b"balance = 1", b"balance = 7"))
    with resolved.open() as repository, pytest.raises(FailedResolutionError, match="does not verify"):
        repository.continue_merge()
    assert resolved.ref() == head
    with resolved.open() as repository:
        repository.abort_merge()
        assert len(repository.merge("side").conflicts) == 1


def test_a_resolution_that_names_a_block_which_the_branch_has_not_any_more_is_not_sealed(conflicting: Ledger) -> None:
    with conflicting.open() as repository:
        repository.sql("UPDATE account SET balance = 3 WHERE name = 'bob'", commit=True)
        repository.merge("side")
        repository.resolve_sql(TAKE_THEIRS)
    conflicting.place.git("update-ref", "refs/heads/main", "main~1")
    head = conflicting.ref()
    with conflicting.open() as repository, pytest.raises(FailedResolutionError, match="no recent block"):
        repository.continue_merge()
    assert conflicting.ref() == head


@pytest.mark.parametrize("name", ["resolutions", "MERGE_HEAD"])
def test_files_of_a_merge_in_progress_that_were_damaged_are_refused_or_tell_the_same(
    resolved: Ledger, name: str, request: pytest.FixtureRequest
) -> None:
    path, head = files_of(resolved)[name], resolved.ref()
    sound = path.read_bytes()
    with resolved.open() as repository:
        expected = repository.conflicts()

    @given(EDITS)
    @settings(max_examples=1_000 if request.config.getoption("--long") else 8, deadline=None)
    def check(edits: Edits) -> None:
        path.write_bytes(edited(sound, edits))
        with resolved.open() as repository, suppress(AergoError):
            found = repository.conflicts()
            assert found in (expected, replace(expected, conflicts=found.conflicts, resolutions=()))
            assert found.resolutions or found.conflicts
        assert resolved.ref() == head

    check()
