"""Loading, committing, pushing and comparing a table of 100,000 rows, beside doltlite and CSV files in git."""

import functools
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from accounts import Account, Accounts, csv_text
from doltlite_peer import PeerFigures, run_peer
from measuring import (
    ROOT,
    Line,
    Times,
    git,
    kilobytes,
    ledger,
    make_receiver,
    make_repository,
    milliseconds,
    pushed_bytes,
    seconds,
    timed,
)

from aergo_vc.repository.facade import Repository
from aergo_vc.repository.hooks import Program
from aergo_vc.repository.workspace import Surroundings


def lines(folder: Path) -> Iterator[Line]:
    """All of it."""
    work = Accounts()
    peer = run_peer(folder / "doltlite", work)
    plain = _GitWithCsv(folder / "csv", work)
    yield from _ledger_lines(folder, work, peer, plain)
    yield from _difference_lines(folder)


def _ledger_lines(folder: Path, work: Accounts, peer: PeerFigures | None, plain: "_GitWithCsv") -> Iterator[Line]:
    with ledger(folder / "bare", bare=True) as repository:
        yield _load_line(folder, repository, work, peer)
        make_receiver(folder / "bare-remote", folder / "bare")
        times = _commit_all(repository, work)
        yield _commit_line("no worktree", times, peer, plain.commits)
        theirs = "" if peer is None else f"doltlite {milliseconds(peer.commits[0])}"
        yield Line("the first of them, which fills SQLite's table", milliseconds(times.all[0]), theirs)
        sent = pushed_bytes(folder / "bare-remote", folder / "bare")
    if peer is not None:
        yield _pushed_line("doltlite", sent, peer.pushed, limit=0.05)
    yield _pushed_line("git + CSV", sent, plain.pushed, limit=None)
    with ledger(folder / "full") as repository:
        # Hides the state from the worktree, as `git aergo init` does.
        repository.install(Program(Path(sys.executable), ROOT / "git-aergo"))
        _load(folder, repository, work)
        yield _commit_line("with a worktree", _commit_all(repository, work), peer, plain.commits)


def _load(folder: Path, repository: Repository, work: Accounts) -> float:
    """Load the accounts and seal them; returns the seconds from the file to the block."""
    path = folder / "account.csv"
    path.write_text(csv_text(work.before))
    return seconds(lambda: repository.import_files([path], key=("id",), commit=True))


def _load_seconds(folder: Path, work: Accounts) -> float:
    """The same in a ledger of its own."""
    with ledger(folder, bare=True) as repository:
        return _load(folder, repository, work)


def _load_line(folder: Path, repository: Repository, work: Accounts, peer: PeerFigures | None) -> Line:
    # The first load also pays for modules that the peer loads before its time is taken, so it does not count.
    ours = [_load(folder, repository, work), *(_load_seconds(folder / f"load{number}", work) for number in range(3))]
    _require(repository, work.before)
    speed = f"{work.rows / min(ours):,.0f} rows/s"
    what = f"load {work.rows:,} rows from CSV, seal"
    if peer is None:
        return Line(what, speed)
    ratio = min(peer.loads) / min(ours)
    return Line(what, speed, f"doltlite {work.rows / min(peer.loads):,.0f} rows/s", ratio, ">= 0.5", ratio >= 0.5)


def _commit_all(repository: Repository, work: Accounts) -> Times:
    scripts = [work.script(number) for number in range(work.commits)]
    times = timed([functools.partial(repository.sql, script, commit=True) for script in scripts])
    _require(repository, work.after(work.commits))
    return times


def _commit_line(where: str, ours: Times, peer: PeerFigures | None, plain: Times) -> Line:
    ratio = ours.least / plain.least
    theirs = "" if peer is None else f", doltlite {milliseconds(min(peer.commits))}"
    return Line(
        f"commit {Accounts.changed} changed rows, {where}",
        str(ours),
        f"git + CSV {milliseconds(plain.least)}{theirs}",
        ratio,
        "<= 10 ms, < 0.1",
        ours.least <= 0.010 and ratio < 0.1,
    )


def _pushed_line(name: str, ours: int, theirs: int, limit: float | None) -> Line:
    ratio = ours / theirs
    what = f"push {Accounts.commits} commits of {Accounts.changed} rows"
    goal, reached = ("", None) if limit is None else (f"< {limit}", ratio < limit)
    return Line(what, kilobytes(ours), f"{name} {kilobytes(theirs)}", ratio, goal, reached)


def _require(repository: Repository, rows: list[Account]) -> None:
    stream = io.BytesIO()
    repository.export("account", stream)
    assert stream.getvalue().decode() == csv_text(rows)


class _GitWithCsv:
    """The same commits of one CSV file with git, durable as ours are."""

    def __init__(self, folder: Path, work: Accounts) -> None:
        self._folder, self._work = folder, work
        make_repository(folder)
        git(folder, "config", "core.fsync", "all")
        self._commit(0)
        make_receiver(folder.with_name("csv-remote"), folder)
        self.commits = timed([functools.partial(self._commit, number) for number in range(1, work.commits + 1)])
        self.pushed = pushed_bytes(folder.with_name("csv-remote"), folder)

    def _commit(self, number: int) -> None:
        (self._folder / "account.csv").write_text(csv_text(self._work.after(number)))
        git(self._folder, "add", "account.csv")
        git(self._folder, "commit", "--quiet", "--message=change")


def _difference_lines(folder: Path) -> Iterator[Line]:
    work = Accounts(commits=1, changed=1_000)
    peer = run_peer(folder / "doltlite-diff", work)
    with ledger(folder / "diff", bare=True) as repository:
        _load(folder, repository, work)
        first = repository.status().height
        repository.sql(work.script(0), commit=True)
        span = (f"@{first}", f"@{first + 1}")
        warm = timed([_differ(repository, span, work)] * 7)
    cold = timed([lambda: _differ_cold(folder / "diff", span, work)] * 5)
    theirs = "" if peer is None else f"doltlite {milliseconds(min(peer.diffs))}"
    ratio = None if peer is None else warm.least / min(peer.diffs)
    yield Line("diff, 1,000 of 100,000 rows changed", str(warm), theirs, ratio, "< 30 ms", warm.least < 0.030)
    yield Line("the same, repository just opened", str(cold), "", None)
    program = Path(sys.executable).with_name("daff.py")
    if program.exists():
        daff = _daff_seconds(program, folder, work)
        ratio = warm.least / daff
        yield Line("the same beside daff", str(warm), f"daff {milliseconds(daff)}", ratio)


def _differ(repository: Repository, span: tuple[str, str], work: Accounts) -> Callable[[], None]:
    def differ() -> None:
        (found,) = repository.diff(*span)
        assert {key[0] for key in found.changes} == set(work.picks[0])

    return differ


def _differ_cold(folder: Path, span: tuple[str, str], work: Accounts) -> None:
    with Repository.open(folder, Surroundings()) as repository:
        _differ(repository, span, work)()


def _daff_seconds(program: Path, folder: Path, work: Accounts) -> float:
    """daff compares the two files as a program; Python's start is small beside it."""
    before, after = folder / "before.csv", folder / "after.csv"
    before.write_text(csv_text(work.before))
    after.write_text(csv_text(work.after(1)))
    command = [sys.executable, str(program), "diff", "--id", "id", str(before), str(after)]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True))
