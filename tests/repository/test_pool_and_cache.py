"""What waits, what is remembered beside the repository, and what happens when any of it is lost."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from forgery import Forger, Ledger

from aergo_vc.base.errors import AergoError, InputError
from aergo_vc.repository.workspace import Workspace


def _rows(target: Ledger, table: str = "account") -> list[tuple[object, ...]]:
    with target.open() as repository:
        return list(repository.rows(table)[1])


def test_what_waits_is_seen_by_what_comes_after_it_and_lands_in_its_order(target: Ledger) -> None:
    with target.open() as repository:
        ids = [
            repository.sql("INSERT INTO account VALUES ('carol', 10)").transaction,
            repository.sql("UPDATE account SET balance = 20 WHERE name = 'carol'").transaction,
        ]
        assert repository.status().pending == 2
        assert [waiting.problem for waiting in repository.pending()] == [None, None]
        done = repository.commit("both")
        assert done is not None
        assert list(done.transactions) == ids
        assert repository.commit() is None
    assert ("carol", 20) in _rows(target)
    assert target.verifies() == 5


def test_what_is_discarded_leaves_no_trace(target: Ledger) -> None:
    with target.open() as repository:
        kept = repository.sql("INSERT INTO account VALUES ('carol', 10)").transaction
        gone = repository.sql("INSERT INTO account VALUES ('dave', 10)").transaction
        assert gone is not None
        assert repository.discard([gone]) == 1
        done = repository.commit()
    assert done is not None
    assert done.transactions == (kept,)
    assert [row[0] for row in _rows(target)] == ["ann", "bob", "carol"]


def test_what_no_longer_succeeds_is_left_out_with_its_reason_and_keeps_waiting(target: Ledger) -> None:
    with target.open() as repository:
        needed = repository.sql("INSERT INTO account VALUES ('carol', 10)").transaction
        repository.sql("UPDATE account SET balance = 1/(SELECT balance FROM account WHERE name = 'carol')")
        fine = repository.sql("INSERT INTO account VALUES ('dave', 1)").transaction
        assert needed is not None
        repository.discard([needed])
        assert [waiting.problem is None for waiting in repository.pending()][-1]
        done = repository.commit()
    assert done is not None
    assert fine in done.transactions
    assert target.verifies() == 5


def test_after_a_crash_between_the_branch_and_the_pool_nothing_is_sealed_twice(
    target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    real = Workspace.move

    def cut(workspace: Workspace, ref: str, *rest: object) -> None:
        if ref.startswith("refs/aergo/pool/"):
            raise PowerCutError
        real(workspace, ref, *rest)  # type: ignore[arg-type]

    with target.open() as repository:
        repository.sql("UPDATE account SET balance = balance + 1")
    with monkeypatch.context() as patch, target.open() as repository:
        patch.setattr(Workspace, "move", cut)
        with pytest.raises(PowerCutError):
            repository.commit()
    with target.open() as repository:
        assert repository.pending() == ()
        assert repository.commit() is None
    assert [row[1] for row in _rows(target)] == [96, 106]
    assert target.verifies() == 5


def _only(folder: Path, suffix: str) -> Path:
    (found,) = folder.glob(f"state-main*{suffix}")
    return found


def _garble(cache: Path) -> None:
    times = cache.stat()
    data = bytearray(cache.read_bytes())
    data[:200] = bytes(200)
    with cache.open("r+b") as file:
        file.write(data)
    os.utime(cache, ns=(times.st_atime_ns, times.st_mtime_ns))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cache deleted": lambda folder: _only(folder, ".sqlite").unlink(),
    "stamp deleted": lambda folder: _only(folder, ".stamp").unlink(),
    "everything deleted": lambda folder: [path.unlink() for path in folder.iterdir()],
    "cache emptied": lambda folder: _only(folder, ".sqlite").write_bytes(b""),
    "cache cut short": lambda folder: _only(folder, ".sqlite").write_bytes(
        _only(folder, ".sqlite").read_bytes()[:5000]
    ),
    "cache garbled": lambda folder: _only(folder, ".sqlite").write_bytes(b"x" * 8192),
    "header garbled behind the stamp's back": lambda folder: _garble(_only(folder, ".sqlite")),
    "another version's stamp": lambda folder: _only(folder, ".stamp").write_text(
        _only(folder, ".stamp").read_text().replace('"version": 2', '"version": 1')
    ),
    "a stamp that is no JSON": lambda folder: _only(folder, ".stamp").write_bytes(b"\xff\x00"),
    "a journal left behind": lambda folder: Path(f"{_only(folder, '.sqlite')}-journal").write_bytes(b"\xd9" * 4096),
    "twins garbled": lambda folder: (folder / "twins.sqlite").write_bytes(b"y" * 8192),
    "imports garbled": lambda folder: (folder / "imports.json").write_bytes(b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_x11_x12_a_lost_or_damaged_cache_changes_no_state(damage: Callable[[Path], object], target: Ledger) -> None:
    folder = target.place.path / "aergo" / "cache"
    damage(folder)
    target.sql("UPDATE account SET balance = balance + 1")
    assert [row[1] for row in _rows(target)] == [96, 106]
    assert target.verifies() == 5


def test_rows_that_were_imported_are_there_for_the_first_script_that_a_later_process_runs(target: Ledger) -> None:
    path = target.place.world.root / "goods.csv"
    path.write_text("id,name\n" + "".join(f"{number},thing {number}\n" for number in range(500)))
    with target.open() as repository:
        repository.import_files([path], key=("id",), commit=True)
    with target.open() as repository:
        done = repository.sql("DELETE FROM goods WHERE id >= 3", commit=True)
        assert done.rows["public.goods"].deleted == 497
    assert _rows(target, "goods") == [(0, "thing 0"), (1, "thing 1"), (2, "thing 2")]
    assert target.verifies() == 6


def test_x11_a_cache_left_behind_by_another_line_of_blocks_is_moved_to_this_one(target: Ledger) -> None:
    old = target.ref()
    target.next_slot()
    target.sql("CREATE TABLE more (a int PRIMARY KEY); INSERT INTO more VALUES (1); DELETE FROM account")
    target.place.git("update-ref", "refs/heads/main", old)
    target.next_slot()
    target.sql("UPDATE account SET balance = balance + 1")
    assert [row[1] for row in _rows(target)] == [96, 106]
    assert target.verifies() == 5


def test_a_script_too_long_for_a_transaction_is_refused_and_the_pool_stays_sound(target: Ledger) -> None:
    with target.open() as repository:
        repository.sql("INSERT INTO account VALUES ('carol', 1)")
        for script in ("SELECT 1 -- " + "x" * 1_048_500, "SELECT 1 -- " + "\u20ac" * 400_000):
            with pytest.raises(InputError):
                repository.sql(script)
        assert len(repository.pending()) == 1


def test_names_of_devices_are_refused_before_they_reach_the_pool(target: Ledger) -> None:
    with target.open() as repository:
        for name in ("aux", "con.t", "com1", "lpt9"):
            with pytest.raises(AergoError):
                repository.sql(f"CREATE TABLE {name} (a int PRIMARY KEY)")
        assert repository.pending() == ()


def test_verification_from_a_trusted_block_gives_what_verification_from_the_first_gives(target: Ledger) -> None:
    with target.open() as repository:
        whole = repository.verify(workers=1)
        for height in range(4):
            part = repository.verify(f"@{height}..", workers=1)
            assert (part.blocks, part.head) == (3 - height, whole.head)
    Forger(target).put(Forger(target).follow().head(state="0" * 64))
    for height in (0, 3):
        assert target.refused(span=f"@{height}..").cause.code == "E_STATE_ROOT"


def test_branches_verify_with_the_history_that_they_sprang_from(target: Ledger) -> None:
    with target.open() as repository:
        repository.branch("dev", block="@2")
    target.sql("INSERT INTO account VALUES ('carol', 1)", "dev")
    target.sql("INSERT INTO account VALUES ('dave', 1)")
    assert target.verifies("dev") == 5
    assert target.verifies("main") == 5
    with target.open() as repository:
        assert repository.verify("dev@3..", branch="dev", workers=1).blocks == 1
        with pytest.raises(InputError):
            repository.verify("main@4..", branch="dev", workers=1)
