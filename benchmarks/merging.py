"""Merging two branches of a table of 100,000 rows, beside doltlite and daff as git's merge driver."""

import functools
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from accounts import csv_text
from measuring import Line, Times, git, ledger, make_repository, milliseconds, timed, variables
from merge_work import MergeWork

from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings

REPETITIONS = 5
_BLOCK_TRANSACTIONS = 50


def lines(folder: Path) -> Iterator[Line]:
    """All of it."""
    work = MergeWork()
    ours = _merge_ours(folder / "ours", work)
    peer = _merge_doltlite(folder / "doltlite")
    theirs = "" if peer is None else f"doltlite {milliseconds(peer)}"
    ratio = None if peer is None else ours.least / peer
    what = f"merge {work.changed:,} changed rows on each side of {work.accounts.rows:,}, {work.conflicting} in conflict"
    yield Line(what, str(ours), theirs, ratio, "<= 100 ms", ours.least <= 0.1)
    daff = _merge_daff(folder / "daff", work)
    if daff is not None:
        ratio = ours.least / daff
        yield Line(
            "the same", milliseconds(ours.least), f"git + daff {milliseconds(daff)}", ratio, "< 0.01", ratio < 0.01
        )


def _merge_ours(folder: Path, work: MergeWork) -> Times:
    """The seconds of merges into branches that begin at the same block, each landed."""
    with ledger(folder, bare=True) as repository:
        path = folder / "account.csv"
        path.write_text(csv_text(work.accounts.before))
        repository.import_files([path], key=("id",), commit=True)
        repository.branch("side")
        repository.sql(work.main_script, commit=True)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/side")
    with _opened(folder) as repository:
        for number, script in enumerate(work.side_scripts, 1):
            repository.sql(script)
            if number % _BLOCK_TRANSACTIONS == 0:
                repository.commit()
        repository.commit()
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    before = git(folder, "rev-parse", "refs/heads/main").decode().strip()
    with _opened(folder) as repository:
        merges = [functools.partial(repository.merge, "side", dry_run=True) for _ in range(REPETITIONS)]
        tried = timed(merges)
        landed = timed([functools.partial(repository.merge, "side")])
        table, rows = repository.rows("account")
        found = sorted(rows)
    assert len(table.columns) == len(found[0])
    assert [row[:3] for row in found] == [row[:3] for row in work.after]
    assert git(folder, "rev-parse", "refs/heads/main^1").decode().strip() == before
    return Times((*tried.all, *landed.all))


def _opened(folder: Path) -> Repository:
    return Repository.open(folder, Surroundings(variables(folder)))


def _merge_doltlite(folder: Path) -> float | None:
    """The seconds of doltlite's merge; None where it is not installed."""
    program = Path(__file__).with_name("doltlite_merge_peer.py")
    done = subprocess.run([sys.executable, str(program), str(folder)], capture_output=True, text=True, check=False)
    if "No module named 'doltlite'" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return min(json.loads(done.stdout))


def _merge_daff(folder: Path, work: MergeWork) -> float | None:
    """The seconds of git's merge with daff as its driver for CSV files; None where it is not installed."""
    if importlib.util.find_spec("daff") is None:
        return None
    make_repository(folder)
    program = Path(sys.executable).with_name("daff.py")
    driver = f"{sys.executable} {program} merge %O %A %B > %A.merged; mv %A.merged %A"
    git(folder, "config", "merge.daff.driver", driver)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("*.csv merge=daff\n")
    path = folder / "account.csv"
    for branch, start, rows in (("main", None, work.accounts.before), ("side", "main", work.side)):
        if start is not None:
            git(folder, "checkout", "--quiet", "-b", branch)
        path.write_text(csv_text(rows))
        git(folder, "add", "account.csv")
        git(folder, "commit", "--quiet", "--message=change")
    git(folder, "checkout", "--quiet", "main")
    path.write_text(csv_text(work.main))
    git(folder, "commit", "--quiet", "--all", "--message=change")

    def merge() -> None:
        command = ["git", "-C", str(folder), "merge", "--quiet", "side"]
        subprocess.run(command, capture_output=True, check=False, env=variables(folder))

    times = timed([merge])
    assert len(path.read_text().splitlines()) == work.accounts.rows + 1
    assert path.read_text() not in (csv_text(work.main), csv_text(work.side))
    return times.least
