"""What was signed last survives whatever cuts the file off, and nothing else passes for it."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import BlockId, BranchName, ChainId, Digest, EntityName
from aergo_vc.ledger.finality import Irreversible
from aergo_vc.model.blocks import Header
from aergo_vc.repository.errors import WatermarkDamagedError
from aergo_vc.repository.watermark import Mark, Watermark

_write = os.write
CHAIN = ChainId("c" * 64)
MAIN = BranchName("main")
FINAL = Irreversible(3, BlockId("f" * 64))


def _header(slot: int, branch: BranchName = MAIN) -> Header:
    zero = Digest("0" * 64)
    return Header(
        branch=branch,
        chain=CHAIN,
        confirmed=0,
        directory=None,
        directory_height=0,
        height=slot,
        law=zero,
        merged=(),
        previous=None,
        producer=EntityName("alice"),
        receipts=zero,
        rules="aergosql-1",
        slot=slot,
        state=zero,
        time=slot * 1000,
        transactions=zero,
    )


def _block(slot: int) -> BlockId:
    return BlockId(f"{slot:064x}")


def _sign(path: Path, *slots: int) -> None:
    for slot in slots:
        Watermark(path).raise_to(_header(slot), _block(slot))


def _last(path: Path, branch: BranchName = MAIN) -> Mark | None:
    return Watermark(path).last(CHAIN, branch)


def test_c04_the_last_block_signed_is_found_again_with_the_final_one(tmp_path: Path) -> None:
    path = tmp_path / "watermark.json"
    assert _last(path) is None
    _sign(path, 5, 6)
    mark = Watermark(path)
    mark.see_irreversible(CHAIN, MAIN, FINAL)
    mark.raise_to(_header(7), _block(7))
    mark.raise_to(_header(8), _block(8))
    assert _last(path) == Mark(8, 8, _block(8), FINAL)
    assert Watermark(path).irreversible(CHAIN, MAIN) == FINAL


def test_c04_the_greatest_height_outlives_a_reset(tmp_path: Path) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 5)
    lower = _header(4)
    Watermark(path).raise_to(lower, _block(4))
    assert _last(path) == Mark(4, 5, _block(4))


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_c04_a_file_of_before_is_read_and_written_anew(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "watermark.json"
    old = {"slot": 5, "height": 6, "block": _block(5), "irreversible": {"height": 3, "block": FINAL.block}}
    path.write_bytes(json.dumps({CHAIN: {"main": old, "side": old | {"irreversible": None}}}).encode() + end)
    assert _last(path) == Mark(5, 6, _block(5), FINAL)
    _sign(path, 7)
    assert _last(path) == Mark(7, 7, _block(7), FINAL)
    assert _last(path, BranchName("side")) == Mark(5, 6, _block(5))


def test_x01_c04_a_line_that_a_power_cut_tore_was_not_signed_under_and_stands_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 5, 6)
    before = path.read_bytes()
    _sign(path, 7)
    whole = path.read_bytes()
    assert whole.startswith(before)
    for length in range(len(before), len(whole) + 1):
        path.write_bytes(whole[:length])
        last = 7 if length >= len(whole) - 1 else 6
        assert _last(path) == Mark(last, last, _block(last))
        _sign(path, 8, 9)
        assert _last(path) == Mark(9, 9, _block(9))


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:0],
        lambda data: data[:40],
        lambda data: b"\0" * len(data),
        lambda data: data.replace(b"{", b"[", 1),
        lambda data: data.replace(b'"slot": 6', b'"slot": x'),
        lambda data: data.replace(b'"block"', b'"blokc"'),
        lambda data: data.replace(b'"slot": 7', b'"slot": \0'),
        lambda data: data.replace(b"\n", b"\n\n", 1),
    ],
)
def test_x09_damage_that_no_power_cut_leaves_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 5, 6, 7)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(WatermarkDamagedError, match=r"watermark\.json is damaged"):
        Watermark(path)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=150))
def test_the_last_line_of_each_branch_counts_and_the_file_stays_small(steps: list[tuple[int, bool]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "watermark.json"
        expected: dict[BranchName, Mark] = {}
        mark = Watermark(path)
        for slot, (number, reopened) in enumerate(steps):
            branch = BranchName(f"b{number}")
            mark = Watermark(path) if reopened else mark
            mark.raise_to(_header(slot, branch), _block(slot))
            expected[branch] = Mark(slot, slot, _block(slot))
        for branch, last in expected.items():
            assert _last(path, branch) == last
        assert not steps or path.read_bytes().count(b"\n") <= 32 + 2 * len(expected)


def test_x03_after_an_append_that_failed_the_next_one_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 5)
    mark = Watermark(path)
    with monkeypatch.context() as failing:
        failing.setattr(os, "write", lambda descriptor, data: _write(descriptor, data[:50]))
        with pytest.raises(OSError, match="space"):
            mark.raise_to(_header(6), _block(6))
    mark.raise_to(_header(7), _block(7))
    assert _last(path) == Mark(7, 7, _block(7))


def test_d10_the_name_of_a_new_file_is_durable_before_anything_is_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 5)
    synced: list[str] = []

    def note(what: str, real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            synced.append(f"{what} {'folder' if is_folder else 'file'}")
            real(descriptor)

        return sync

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, note(name, getattr(os, name)))
    _sign(path, 6)  # who made the file may have been killed before it synced the folder
    assert synced == ["fsync folder", "fdatasync file"]
    _sign(path, 7)
    assert synced[2:] == ["fdatasync file"]


def test_a_watermark_that_is_kept_knows_whether_somebody_else_signed_since(tmp_path: Path) -> None:
    path = tmp_path / "watermark.json"
    kept = Watermark(path)
    assert not kept.is_current()
    for slot in range(80):
        kept.raise_to(_header(slot), _block(slot))
        assert kept.is_current()
    _sign(path, 80)
    assert not kept.is_current()


def test_a_watermark_that_could_not_be_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "watermark.json"
    _sign(path, 1)
    kept = Watermark(path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            kept.raise_to(_header(2), _block(2))
    assert not kept.is_current()
