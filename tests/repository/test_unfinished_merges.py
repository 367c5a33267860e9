"""Merges that stop at a conflict, cut short between one file and the next."""

from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from forgery import SCRIPTS, Ledger
from world import World

from aergo_vc.merging.conflicts import Side
from aergo_vc.objects.durable import replace_file
from aergo_vc.repository import unfinished_merges


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
        repository.resolve("", Side.THEIRS)
        assert repository.continue_merge().commit == conflicting.ref()
    assert conflicting.verifies() == 5
    assert place.git("status", "--porcelain").out == ""
