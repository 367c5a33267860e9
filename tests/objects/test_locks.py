"""The ledger's lock: one writer, no git gc meanwhile, and no crash that blocks anybody."""

import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from git_sandbox import Sandbox

from aergo_vc.objects.errors import LockedError
from aergo_vc.objects.locks import Deadline, break_abandoned, exclusive_file, ledger_lock


def test_x13_a_second_writer_waits_and_then_says_so(plain: Sandbox) -> None:
    common = plain.paths.common_dir
    with ledger_lock(common, 1), pytest.raises(LockedError, match="lock of the ledger"), ledger_lock(common, 0.05):
        pass
    with ledger_lock(common, 0.05):
        pass


def test_readers_share_the_lock_and_keep_writers_out(plain: Sandbox) -> None:
    common = plain.paths.common_dir
    with ledger_lock(common, 1, shared=True), ledger_lock(common, 1, shared=True):
        with pytest.raises(LockedError), ledger_lock(common, 0.05):
            pass
        assert not (common / "gc.pid").exists()


def test_x14_git_gc_stays_away_while_the_lock_is_held(plain: Sandbox) -> None:
    blob = plain.git("hash-object", "-w", "--stdin", stdin=b"not yet referenced")
    with ledger_lock(plain.paths.common_dir, 1):
        plain.git("gc", "--prune=now", check=False)
        assert plain.git("cat-file", "-t", blob) == "blob"
    plain.git("gc", "--prune=now")
    assert plain.git("cat-file", "-t", blob, check=False) == ""


def test_a_running_git_gc_is_waited_for(plain: Sandbox) -> None:
    path = plain.paths.common_dir / "gc.pid"
    for words in (f"{os.getpid()} {socket.gethostname()}", "1 elsewhere.example"):
        path.write_text(words)
        with pytest.raises(LockedError, match="git gc"), ledger_lock(plain.paths.common_dir, 0.05):
            pass
        assert path.read_text() == words


def test_x15_a_stale_gc_pid_is_disregarded_as_git_does(plain: Sandbox) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    path = plain.paths.common_dir / "gc.pid"
    for words, hours in ((f"{dead.pid} {socket.gethostname()}", 0), ("1 elsewhere.example", 13), ("", 0)):
        path.write_text(words)
        old = time.time() - hours * 3600
        os.utime(path, (old, old))
        with ledger_lock(plain.paths.common_dir, 0.05):
            assert path.read_text().startswith(str(os.getpid()))
        assert not path.exists()


def _hold(common: Path, lock: Path, ready: str) -> None:
    with ledger_lock(common, 1), exclusive_file(lock, common, b"x", Deadline(1)):
        Path(ready).touch()
        time.sleep(60)


def test_x15_a_killed_holder_blocks_neither_us_nor_git(plain: Sandbox, tmp_path: Path) -> None:
    common = plain.paths.common_dir
    old = plain.commit()
    lock = common / "refs" / "heads" / "main.lock"
    ready = tmp_path / "ready"
    holder = multiprocessing.get_context("spawn").Process(target=_hold, args=(common, lock, str(ready)))
    holder.start()
    while not ready.exists():
        time.sleep(0.01)
    assert not break_abandoned(lock, common)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert lock.exists()
    with ledger_lock(common, 0.05):
        assert not lock.exists()
    assert not list((common / "aergo").glob("draft-*"))
    plain.git("update-ref", "refs/heads/main", old)
    plain.git("gc", "-q")


def test_x15_the_lock_of_a_dead_stranger_is_left_alone(plain: Sandbox) -> None:
    lock = plain.paths.common_dir / "refs" / "heads" / "main.lock"
    lock.write_text("somebody's")
    assert not break_abandoned(lock, plain.paths.common_dir)
    with ledger_lock(plain.paths.common_dir, 0.05):
        assert lock.read_text() == "somebody's"


def test_an_uncommitted_exclusive_file_vanishes(plain: Sandbox) -> None:
    common = plain.paths.common_dir
    lock = common / "x.lock"
    with exclusive_file(lock, common, b"x", Deadline(1)):
        assert lock.read_bytes() == b"x"
    assert not lock.exists()
    with exclusive_file(lock, common, b"y", Deadline(1)) as commit:
        commit(common / "x")
    assert (common / "x").read_bytes() == b"y"


def test_x05_a_lock_whose_content_is_cut_short_never_stands(plain: Sandbox) -> None:
    common = plain.paths.common_dir
    lock = common / "x.lock"
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, unlimited[1]))
    try:
        with pytest.raises(OSError, match="space"), exclusive_file(lock, common, bytes(41), Deadline(1)):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert not lock.exists()
