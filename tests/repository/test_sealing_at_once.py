"""Blocks that are made in several processes are those that one process makes."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from forgery import Ledger, copied

from aergo_vc.base.ids import BranchName, RoutineName
from aergo_vc.keys.signatures import SignatureError
from aergo_vc.ledger.machine import Submission
from aergo_vc.ledger.parallel import executing, processes
from aergo_vc.model.transactions import Call, Payload
from aergo_vc.repository import sealing
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.sealing import Producer, Sealed
from aergo_vc.repository.submitting import desk, signed
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.errors import SqlError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

MAIN = BranchName("main")
CONTRACT = """
CREATE TABLE purse (id int PRIMARY KEY, coins int NOT NULL CHECK (coins >= 0));
INSERT INTO purse SELECT i, 2 FROM generate_series(0, 39) AS t(i);
CREATE PROCEDURE give(giver int, taker int, coins int) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE purse SET coins = purse.coins - give.coins WHERE id = giver;
  UPDATE purse SET coins = purse.coins + give.coins WHERE id = taker;
  EMIT given (giver, taker);
END $$;
"""


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each process that is forked; blocks of a few transactions count as large."""
    found: list[int] = []
    fork = processes._fork

    def noted(*arguments: object) -> int:
        found.append(1)
        return fork(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(processes, "_fork", noted)
    monkeypatch.setattr(executing, "can_fork", lambda: True)  # what runs the tests may have threads
    for module in (executing, sealing):
        monkeypatch.setattr(module, "LEAST", 20)
    return found


def _submissions(workspace: Workspace, count: int) -> list[Submission]:
    identity = Identity(workspace)
    tip = tip_of(workspace, MAIN).ledger
    payload = Payload(
        branch=MAIN, chain=tip.chain, key=identity.signer.public_key, loads=(), nonce="", recent=tip.block,
        signer=identity.entity, sql="",
    )  # fmt: skip
    calls = [
        Call(RoutineName("coins.give"), (number % 40, (number + 20) % 40, 1 + number % 7)) for number in range(count)
    ]
    return [
        (signed(identity.signer, replace(payload, nonce=f"{number:032x}", call=call)), ())
        for number, call in enumerate(calls)
    ]


def _seal(ledger: Ledger, submissions: list[Submission], workers: int) -> Sealed:
    workspace = Workspace.open(ledger.place.path, replace(ledger.surroundings, workers=workers))
    identity = Identity(workspace)
    with desk(workspace, identity, MAIN) as opened:
        sealed = Producer(workspace, identity).seal(opened.machine, tip_of(workspace, MAIN), submissions, None)
    workspace.close()
    assert isinstance(sealed, Sealed)
    return sealed


@pytest.mark.parametrize("is_forged", [False, True])
def test_a_block_is_the_same_whether_one_process_or_two_make_it(
    target: Ledger, tmp_path: Path, forks: list[int], *, is_forged: bool
) -> None:
    with target.open() as repository:
        repository.deploy(CONTRACT, "coins", commit=True)
    submissions = _submissions(target.workspace(), 130)
    submissions[5] = submissions[4]
    if is_forged:
        transaction, payload = submissions[50]
        submissions[50] = (replace(transaction, signature=submissions[51][0].signature), payload)
    other = copied(target, tmp_path / "other")
    alone = _seal(other, submissions, 1)
    assert not forks
    together = _seal(target, submissions, 2)
    assert len(forks) == 1
    mine, theirs = together.block.ledger, alone.block.ledger
    assert mine.transactions_bytes == theirs.transactions_bytes
    assert mine.receipts_bytes == theirs.receipts_bytes
    assert mine.header.state == theirs.header.state
    assert together.outcomes == alone.outcomes
    excluded = [(one.transaction, type(one.reason), vars(one.reason)) for one in together.excluded]
    assert excluded == [(one.transaction, type(one.reason), vars(one.reason)) for one in alone.excluded]
    kinds = {type(one.reason) for one in together.excluded}
    assert SqlError in kinds
    assert (SignatureError in kinds) is is_forged
    assert target.verifies() == other.verifies()


def test_what_waits_is_committed_in_several_processes(target: Ledger, forks: list[int]) -> None:
    with target.open() as repository:
        repository.deploy(CONTRACT, "coins", commit=True)
    with Repository.open(target.place.path, replace(target.surroundings, workers=2)) as repository:
        for number in range(24):
            repository.call("coins.give", [number, number + 1, 1])
        committed = repository.commit()
        assert committed is not None
        assert len(committed.transactions) == 24
        assert forks == [1]
        assert repository.sql("SELECT sum(coins) FROM coins.purse").results[0].rows == ((80,),)
