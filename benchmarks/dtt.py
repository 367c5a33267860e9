"""What the Deterministic Transaction Tree is worth: merges that graft, and the trees of large blocks."""

import os
import random
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from unittest.mock import patch

import transfers
from measuring import Line, git, ledger, milliseconds, seconds, variables

from aergo_vc.base.ids import BranchName, RoutineName
from aergo_vc.ledger.merges import Replayed
from aergo_vc.merging import replaying
from aergo_vc.merging.dependencies import dependencies
from aergo_vc.merging.grafting.files import GraftedReplays
from aergo_vc.merging.grafting.merger import GraftingMerger
from aergo_vc.model.transactions import Call, Payload, Transaction
from aergo_vc.repository import admission
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.footprint_files import FOOTPRINTS, FootprintFiles
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.merging import Prepared, prepare_merge
from aergo_vc.repository.sealing import Producer, Sealed
from aergo_vc.repository.submitting import desk, signed
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.workspace import Surroundings, Workspace

ACCOUNTS, FAMILY = 20_000, 10
BLOCKS, TRANSFERS = 10, 10_000
QUICK_TRANSFERS = 1_000
_ROUNDS = 3
_PARALLEL_ACCOUNTS = (100_000, 1_000)
_RICH = 1_000_000_000
_MAIN, _SIDE = BranchName("main"), BranchName("side")


def lines(folder: Path, size: int) -> Iterator[Line]:
    """All of it; so many transfers go into each block of the source."""
    place = folder / "dtt"
    with ledger(place, bare=True) as repository:
        _open_bank(repository)
        repository.branch(_SIDE)
    source = random.Random(7)
    git(place, "symbolic-ref", "HEAD", f"refs/heads/{_SIDE}")
    for _ in range(BLOCKS):
        _seal(place, [_within_a_family(source) for _ in range(size)])
    git(place, "symbolic-ref", "HEAD", f"refs/heads/{_MAIN}")
    # One family in a hundred had a visitor on the target's side.
    visited = range(0, ACCOUNTS, 100 * FAMILY)
    _seal(place, [(number, number + 1, 1) for number in visited])
    yield from _merge_lines(place, BLOCKS * size)
    yield from _tree_lines(place, size)
    yield from _parallel_lines(folder / "parallel")


def _open_bank(repository: Repository) -> None:
    repository.deploy(transfers.SCRIPT.read_text(), "bank", commit=True)
    for start in range(0, ACCOUNTS, 2_000):
        values = ", ".join(f"({number}, {_RICH})" for number in range(start, start + 2_000))
        repository.sql(f"INSERT INTO bank.account VALUES {values}", commit=True)


def _within_a_family(source: random.Random) -> tuple[int, int, int]:
    first = FAMILY * source.randrange(ACCOUNTS // FAMILY)
    giver, taker = source.sample(range(first, first + FAMILY), 2)
    return giver, taker, source.randrange(1, 100)


def _open(place: Path) -> Workspace:
    return Workspace.open(place, Surroundings(variables(place)))


def _seal(place: Path, calls: Sequence[tuple[int, int, int]]) -> None:
    """Seal signed transfers as one block of the current branch."""
    workspace = _open(place)
    identity = Identity(workspace)
    branch = workspace.current_branch()
    with desk(workspace, identity, branch) as opened:
        tip = tip_of(workspace, branch)
        transactions = [_signed(identity, branch, tip.ledger.header.chain, tip.ledger.block, one) for one in calls]
        submissions = [(transaction, ()) for transaction in transactions]
        sealed = Producer(workspace, identity).seal(opened.machine, tip, submissions, None)
        assert isinstance(sealed, Sealed)
        assert not sealed.excluded
    workspace.close()


def _signed(identity: Identity, branch: str, chain: str, recent: str, transfer: tuple[int, int, int]) -> Transaction:
    payload = Payload(
        branch=branch,
        chain=chain,
        key=identity.signer.public_key,
        loads=(),
        nonce=os.urandom(16).hex(),
        recent=recent,
        signer=identity.entity,
        sql="",
        call=Call(RoutineName("bank.transfer"), transfer),
    )
    return signed(identity.signer, payload)


@dataclass
class _Timed:
    """One preparation of the merge, and how long it and its parts took."""

    prepared: Prepared
    took: float
    busy: float
    replay: float


def _prepare(place: Path) -> _Timed:
    """Prepare the merge in a process's first minutes: nothing is open, nothing read."""
    workspace = _open(place)
    identity = Identity(workspace)
    replays: list[float] = []
    found: list[Prepared] = []
    serial = replaying.replay_all

    def timed_replay(*arguments: object) -> list[Replayed]:
        results: list[list[Replayed]] = []
        start = time.process_time()
        results.append(serial(*arguments))
        replays.append(time.process_time() - start)
        return results[0]

    def prepare() -> None:
        with workspace.locked():
            made = prepare_merge(workspace, identity, tip_of(workspace, _MAIN), workspace.head_of(_SIDE))
            assert isinstance(made, Prepared)
            found.append(made)

    with patch.object(replaying, "replay_all", timed_replay):
        start = time.process_time()
        took = seconds(prepare)
        busy = time.process_time() - start
    workspace.close()
    return _Timed(found[0], took, busy, sum(replays))


def _merge_lines(place: Path, transactions: int) -> Iterator[Line]:
    grafted = min((_prepare(place) for _ in range(3)), key=lambda one: one.took)
    assert isinstance(grafted.prepared.replayed, GraftedReplays)
    replayed = grafted.prepared.replayed.executed
    with patch.object(GraftingMerger, "prepare", lambda *_: None):
        serial = _prepare(place)
    assert serial.prepared.ledger.transactions_bytes == grafted.prepared.ledger.transactions_bytes
    assert serial.prepared.ledger.receipts_bytes == grafted.prepared.ledger.receipts_bytes
    assert serial.prepared.header.state == grafted.prepared.header.state
    work = f"merge of {transactions:,} transfers, {replayed:,} of them replayed"
    ratio = serial.took / grafted.took
    peer = f"serial, source verified {milliseconds(serial.took)}"
    yield Line(work, milliseconds(grafted.took), peer, ratio, ">= 10", ratio >= 10)
    ratio = serial.replay / grafted.busy
    peer = f"serial, replay alone {milliseconds(serial.replay)}"
    yield Line("the same, processor time", milliseconds(grafted.busy), peer, ratio)


def _tree_lines(place: Path, size: int) -> Iterator[Line]:
    workspace = _open(place)
    files = FootprintFiles(workspace.folder / FOOTPRINTS)
    block = files.find(workspace.head_of(_SIDE))
    assert block is not None
    footprints = [block.footprint(number) for number in range(block.count)]
    took = seconds(lambda: dependencies(footprints))
    tree = dependencies(footprints)
    yield Line(f"tree of {size:,} transfers: depth {tree.depth}, width {tree.width:,}", milliseconds(took))
    workspace.close()


def _parallel_lines(folder: Path) -> Iterator[Line]:
    """Blocks made by one process; with signatures checked in two others; and executed and checked by two processes.

    Of the accounts few hang together in one block, or nearly all.
    """
    for accounts in _PARALLEL_ACCOUNTS:
        place = folder / str(accounts)
        took: dict[_Way, list[float]] = {way: [] for way in _Way}
        busy: dict[_Way, list[float]] = {way: [] for way in _Way}
        with ledger(place, bare=True) as repository:
            bank = transfers.Bank(place, repository, accounts)
            for seed in range(_ROUNDS):
                for number, way in enumerate(_Way):
                    calls = bank.signed(transfers.drawn(number * _ROUNDS + seed, accounts))
                    signature_workers = 2 if way is _Way.SIGNATURES else 0
                    with patch.object(admission, "_WORKERS", signature_workers):
                        before = _busy()
                        took[way].append(bank.seal(calls, workers=2 if way is _Way.BOTH else 1))
                        busy[way].append(max(now - then for now, then in zip(_busy(), before, strict=True)))
            bank.close()
        yield from _compared(accounts, took, "", ">= 1.7")
        # On a machine that does other things too, this tells about what two free cores would give.
        yield from _compared(accounts, busy, ", processor time, of this process or of its children", "")


class _Way(Enum):
    """What a block is made by."""

    ALONE = "one process"
    SIGNATURES = "signatures in two workers"
    BOTH = "two processes"


def _compared(accounts: int, took: Mapping[_Way, Sequence[float]], what: str, goal: str) -> Iterator[Line]:
    alone = min(took[_Way.ALONE])
    for way in (_Way.SIGNATURES, _Way.BOTH):
        ratio = alone / min(took[way])
        work = f"{transfers.TRANSFERS:,} signed transfers among {accounts:,} accounts sealed, {way.value}{what}"
        peer = f"one process {milliseconds(alone)}"
        yield Line(work, milliseconds(min(took[way])), peer, ratio, goal, ratio >= 1.7 if goal else None)


def _busy() -> tuple[float, float]:
    """The seconds that this process has worked, and those that its children have."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), children.ru_utime + children.ru_stime
