"""How fast a branch is verified from nothing but the repository."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

from measuring import Line, ledger, seconds, variables

from aergo_vc.model.transactions import Payload
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.results import Verified
from aergo_vc.repository.sealing import Producer, Sealed
from aergo_vc.repository.submitting import desk, signed
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.workspace import Surroundings, Workspace

ACCOUNTS = 1_000
WORKERS = 2
_TABLE = "CREATE TABLE account (id integer PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))"


def lines(folder: Path, blocks: int, full_blocks: int) -> Iterator[Line]:
    """Blocks of one transfer each; and blocks of 1,000 transfers."""
    with ledger(folder / "verify-blocks", bare=True) as repository:
        total = _open_accounts(repository)
        source = random.Random(4)
        for _ in range(blocks):
            repository.sql(_transfer(source), commit=True)
        took = seconds(lambda: _require(repository.verify(workers=WORKERS), blocks, blocks))
        assert _total(repository) == total
        speed = blocks / took
        yield Line(
            f"verify {blocks:,} blocks of 1 transfer", f"{speed:,.0f} blocks/s", "", None, ">= 500", speed >= 500
        )
    with ledger(folder / "verify-transactions", bare=True) as repository:
        total = _open_accounts(repository)
        for _ in range(full_blocks):
            _seal_block(folder / "verify-transactions", [_transfer(source) for _ in range(1_000)])
        took = seconds(lambda: _require(repository.verify(workers=WORKERS), full_blocks, full_blocks * 1_000))
        assert _total(repository) == total
        speed = full_blocks * 1_000 / took
        work = f"verify {full_blocks:,} blocks of 1,000 transfers"
        yield Line(work, f"{speed:,.0f} transactions/s", "", None, ">= 8,000", speed >= 8_000)


def _seal_block(folder: Path, scripts: list[str]) -> None:
    """Seal scripts as transactions of one block, without waiting in the pool one by one."""
    workspace = Workspace.open(folder, Surroundings(variables(folder)))
    identity = Identity(workspace)
    branch = workspace.current_branch()
    with desk(workspace, identity, branch) as opened:
        tip = tip_of(workspace, branch)
        header = tip.ledger.header
        submissions = []
        for script in scripts:
            payload = Payload(
                branch=branch,
                chain=header.chain,
                key=identity.signer.public_key,
                loads=(),
                nonce=os.urandom(16).hex(),
                recent=tip.ledger.block,
                signer=identity.entity,
                sql=script,
            )
            submissions.append((signed(identity.signer, payload), ()))
        sealed = Producer(workspace, identity).seal(opened.machine, tip, submissions, None)
        assert isinstance(sealed, Sealed)
        assert not sealed.excluded
    workspace.close()


def _open_accounts(repository: Repository) -> int:
    values = ", ".join(f"({number}, 1000000)" for number in range(ACCOUNTS))
    repository.sql(f"{_TABLE}; INSERT INTO account VALUES {values}", commit=True)
    return _total(repository)


def _transfer(source: random.Random) -> str:
    giver, taker = source.sample(range(ACCOUNTS), 2)
    amount = source.randrange(1, 100)
    return (
        f"UPDATE account SET balance = balance - {amount} WHERE id = {giver};"
        f" UPDATE account SET balance = balance + {amount} WHERE id = {taker}"
    )


def _total(repository: Repository) -> int:
    _, rows = repository.rows("account")
    return sum(int(str(row[1])) for row in rows)


def _require(found: Verified, blocks: int, transactions: int) -> None:
    """The chain's first block and the one that made the table come on top."""
    assert (found.blocks, found.transactions) == (blocks + 2, transactions + 1)
