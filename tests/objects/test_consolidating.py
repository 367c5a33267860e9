"""Small packs are merged into bigger ones, and whoever reads meanwhile misses nothing."""

import io
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from git_sandbox import Sandbox
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat, git_object_id
from aergo_vc.codec.git_pack import (
    PackedEntry,
    PackIndex,
    PackStream,
    crc32,
    decode_index,
    encode_index,
    encode_object,
    require_whole,
)
from aergo_vc.objects import consolidating, pygit2_store
from aergo_vc.objects.consolidating import Consolidator, _Pack, to_merge
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.pack_writer import KEEP_MARK, PackWriter, release_leftovers

MOST = 4


def _folder(sandbox: Sandbox) -> Path:
    return sandbox.root / ".git" / "objects" / "pack"


def _names(sandbox: Sandbox, pattern: str = "*") -> set[str]:
    return {path.name for path in _folder(sandbox).glob(pattern)}


def _publish(sandbox: Sandbox, contents: Sequence[bytes]) -> list[ObjectId]:
    """One pack with these blobs."""
    with open_store(sandbox.paths) as store:
        writer = PackWriter(store, sandbox.paths)
        ids = [writer.add(Kind.BLOB, content) for content in contents]
        writer.publish().release()
        writer.close()
    return ids


def _publish_many(sandbox: Sandbox, count: int, first: int = 0) -> dict[ObjectId, bytes]:
    """Packs of two blobs each, of which one is in all of them."""
    found: dict[ObjectId, bytes] = {}
    for number in range(first, first + count):
        contents = [b"in every pack", b"number %d" % number]
        found |= dict(zip(_publish(sandbox, contents), contents, strict=True))
    return found


def test_nothing_is_merged_until_there_are_more_packs_than_may_be(sandbox: Sandbox) -> None:
    _publish_many(sandbox, MOST)
    before = _names(sandbox)
    assert not Consolidator(sandbox.paths, MOST).consolidate()
    assert _names(sandbox) == before


def test_packs_become_one_that_git_accepts_with_every_object_once(sandbox: Sandbox) -> None:
    objects = _publish_many(sandbox, MOST + 1)
    assert Consolidator(sandbox.paths, MOST).consolidate()
    assert {Path(name).suffix for name in _names(sandbox)} == {".pack", ".idx"}
    (pack,) = _folder(sandbox).glob("*.pack")
    index = sandbox.root / "again.idx"
    sandbox.git("index-pack", "--strict", "-o", str(index), str(pack))
    assert index.read_bytes() == pack.with_suffix(".idx").read_bytes()
    assert f"in-pack: {len(objects)}" in sandbox.git("count-objects", "-v").splitlines()
    assert "garbage: 0" in sandbox.git("count-objects", "-v").splitlines()
    assert "error" not in sandbox.git("fsck", "--full", "--strict", "--no-dangling")


def test_an_open_store_finds_what_moved_into_another_pack(sandbox: Sandbox) -> None:
    objects = _publish_many(sandbox, MOST + 1)
    used, fresh = [[open_store(sandbox.paths, preference) for preference in Preference] for _ in range(2)]
    first = next(iter(objects))
    for store in (*used, *fresh):  # all know the packs by name; some have them open
        assert store.contains(first)
    for store in used:
        assert all(store.contains(name) for name in objects)
    for first_new in range(MOST + 1, 4 * MOST, MOST + 1):
        assert Consolidator(sandbox.paths, MOST).consolidate()
        objects |= _publish_many(sandbox, MOST + 1, first_new)
    for store in (*used, *fresh):
        assert all(store.read_blob(name) == content for name, content in objects.items())
        store.close()


def test_a_store_that_goes_on_reading_gives_up_packs_that_are_gone(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pygit2_store, "_READS_BETWEEN_LOOKS", 32)
    with open_store(plain.paths) as store:
        for number in range(70):
            (name,) = _publish(plain, [b"number %d" % number])
            Consolidator(plain.paths, MOST).consolidate()
            store.read_blob(name)
        assert len(_deleted_packs_held_open()) <= 70 % 32


def _deleted_packs_held_open() -> list[str]:
    found: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found.append(str(link.readlink()))
    return [target for target in found if target.endswith(".pack (deleted)")]


@pytest.mark.parametrize("beside", [".keep", ".promisor", ".bitmap", ".rev", ".mtimes"])
def test_a_pack_with_more_than_an_index_beside_it_is_left_alone(plain: Sandbox, beside: str) -> None:
    _publish_many(plain, MOST + 2)
    (theirs, *_) = sorted(_folder(plain).glob("*.pack"))
    theirs.with_suffix(beside).touch()
    assert Consolidator(plain.paths, MOST).consolidate()
    assert {theirs.name, theirs.with_suffix(".idx").name, theirs.with_suffix(beside).name} < _names(plain)
    assert len(_names(plain, "*.pack")) == 2


def test_packs_with_deltas_are_left_alone_and_looked_at_once(plain: Sandbox) -> None:
    for number in range(5):
        (plain.root / "poem").write_text("".join(f"line {line}\n" for line in range(200)) + f"{number}\n")
        plain.git("add", "poem")
        plain.commit()
    plain.git("-c", "pack.writeReverseIndex=false", "repack", "-adq")
    (theirs,) = _folder(plain).glob("*.pack")
    assert "chain length" in plain.git("verify-pack", "-v", str(theirs))
    for number in range(MOST):
        _publish(plain, [random.Random(number).randbytes(2000)])
    consolidator = Consolidator(plain.paths, MOST)
    assert consolidator.consolidate()
    assert len(_names(plain, "*.pack")) == 2
    _publish_many(plain, MOST - 1)
    assert not consolidator.consolidate()  # theirs counts no more
    assert Consolidator(plain.paths, MOST).consolidate()
    assert theirs.exists()
    plain.git("fsck", "--full", "--strict")


def test_packs_that_a_multi_pack_index_names_are_left_alone(plain: Sandbox) -> None:
    _publish_many(plain, MOST + 1)
    plain.git("multi-pack-index", "write")
    before = _names(plain, "*.pack")
    consolidator = Consolidator(plain.paths, MOST)
    assert not consolidator.consolidate()
    _publish_many(plain, MOST + 1, first=100)
    assert consolidator.consolidate()
    assert before < _names(plain, "*.pack")
    plain.git("multi-pack-index", "verify")
    plain.git("fsck", "--full", "--strict")


def test_x09_a_damaged_pack_is_not_carried_on(plain: Sandbox) -> None:
    objects = _publish_many(plain, MOST + 2)
    (damaged, *_) = sorted(_folder(plain).glob("*.pack"))
    stored = bytearray(damaged.read_bytes())
    stored[14] ^= 1
    damaged.chmod(0o644)
    damaged.write_bytes(stored)
    assert Consolidator(plain.paths, MOST).consolidate()
    assert damaged.exists()
    assert len(_names(plain, "*.pack")) == 2
    assert len(objects) == MOST + 3


def test_x01_a_merge_that_was_cut_short_anywhere_loses_nothing_and_leaves_nothing(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutError(BaseException):
        pass

    steps = 0

    def cut_at(limit: int) -> None:
        nonlocal steps
        steps = 0
        for name in ("replace", "unlink"):
            whole = getattr(Path, name)

            def step(path: Path, *arguments: object, _whole: object = whole, **more: object) -> object:
                nonlocal steps
                steps += 1
                if steps > limit:
                    raise CutError
                return _whole(path, *arguments, **more)  # type: ignore[operator]

            monkeypatch.setattr(Path, name, step)

    objects: dict[ObjectId, bytes] = {}
    for limit in range(100):
        objects |= _publish_many(plain, MOST + 1, first=100 * limit)
        cut_at(limit)
        try:
            Consolidator(plain.paths, MOST).consolidate()
        except CutError:
            done = False
        else:
            done = True
        monkeypatch.undo()
        release_leftovers(plain.paths)
        with open_store(plain.paths) as store:
            assert all(store.read_blob(name) == content for name, content in objects.items())
        assert "garbage: 0" in plain.git("count-objects", "-v").splitlines()
        assert {Path(name).suffix for name in _names(plain)} == {".pack", ".idx"}
        if done:
            break
        Consolidator(plain.paths, 1).consolidate()
    assert limit > 3 * MOST


def test_a_merge_that_gives_a_pack_that_is_there_already_keeps_it(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = _publish_many(plain, MOST + 1)
    monkeypatch.setattr(consolidating, "_drop", lambda _packs, merged: merged.release())
    assert Consolidator(plain.paths, MOST).consolidate()
    monkeypatch.undo()
    assert Consolidator(plain.paths, MOST).consolidate()
    (pack,) = _folder(plain).glob("*.pack")
    with open_store(plain.paths) as store:
        assert all(store.read_blob(name) == content for name, content in objects.items())
    plain.git("verify-pack", str(pack))


def test_a_keep_file_that_came_meanwhile_saves_its_pack(plain: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish_many(plain, MOST + 1)
    (theirs, *_) = sorted(_folder(plain).glob("*.pack"))
    place = consolidating.place_pack

    def placed(*arguments: object) -> object:
        theirs.with_suffix(".keep").write_text("mine")
        return place(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(consolidating, "place_pack", placed)
    assert Consolidator(plain.paths, MOST).consolidate()
    assert theirs.exists()
    assert theirs.with_suffix(".keep").read_text() == "mine"
    assert len(KEEP_MARK) > len("mine")


@given(st.lists(st.integers(min_value=100, max_value=1 << 26), min_size=2, max_size=80))
def test_what_is_left_after_merging_grows_geometrically_and_in_bounds(sizes: list[int]) -> None:
    packs = [_Pack(Path(f"pack-{number}.pack"), size, number) for number, size in enumerate(sizes)]
    for _ in range(len(sizes)):
        chosen = to_merge(packs)
        if not chosen:
            break
        assert len(chosen) > 1
        assert chosen == sorted(chosen, key=lambda pack: pack.changed)
        merged = sum(pack.size for pack in chosen)
        assert merged <= 256 << 20
        assert merged >= max(pack.size for pack in chosen) * 3 / 2
        packs = [pack for pack in packs if pack not in chosen]
        if merged < 1 << 26:
            packs.append(_Pack(Path(f"merged-{merged}.pack"), merged, max(pack.changed for pack in chosen)))
    left = sorted(pack.size for pack in packs)
    assert all(size >= 2 * sum(left[:place]) for place, size in enumerate(left) if place)


@given(st.dictionaries(st.binary(min_size=20, max_size=20), st.integers(0, (1 << 31) - 1), max_size=40))
def test_an_index_reads_back(offsets: dict[bytes, int]) -> None:
    entries = [PackedEntry(name, offset ^ 0x5A5A5A5A, offset) for name, offset in offsets.items()]
    index = encode_index(entries, bytes(20), ObjectFormat.SHA1)
    found = decode_index(index, ObjectFormat.SHA1)
    assert [*map(PackedEntry, found.ids, found.crcs, found.offsets)] == sorted(entries)
    assert found.checksum == bytes(20)
    for damaged in (b"", index[:-1], index + b"\0", b"\0" + index[1:], index[:-1] + bytes([index[-1] ^ 1])):
        with pytest.raises(FormatError):
            decode_index(damaged, ObjectFormat.SHA1)


def test_an_index_of_another_pack_is_refused(plain: Sandbox) -> None:
    _publish_many(plain, 2)
    one, other = sorted(_folder(plain).glob("*.pack"))
    index = decode_index(other.with_suffix(".idx").read_bytes(), ObjectFormat.SHA1)
    require_whole(other.read_bytes(), index)
    with pytest.raises(FormatError, match="index"):
        require_whole(one.read_bytes(), index)
    with pytest.raises(FormatError, match="end"):
        require_whole(other.read_bytes(), index._replace(offsets=[12, 1 << 20]))


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_copied_objects_are_the_wanted_ones_to_the_byte(wanted: list[bool]) -> None:
    contents = [b"object %d" % number for number in range(len(wanted))]
    ids = [bytes.fromhex(git_object_id(Kind.BLOB, content, ObjectFormat.SHA1)) for content in contents]
    packed, copied = io.BytesIO(), io.BytesIO()
    stream = PackStream(packed, len(contents), ObjectFormat.SHA1)
    spelled = [encode_object(Kind.BLOB, content) for content in contents]
    offsets = [stream.append([stored], 1) for stored in spelled]
    index = PackIndex(ids, [crc32(stored) for stored in spelled], offsets, stream.finish())
    again = PackStream(copied, sum(wanted), ObjectFormat.SHA1)
    entries = again.copy(packed.getvalue(), index, {name for name, want in zip(ids, wanted, strict=True) if want})
    end = len(copied.getvalue())
    again.finish()
    ends = [*[entry.offset for entry in entries[1:]], end][: len(entries)]
    found = [copied.getvalue()[entry.offset : last] for entry, last in zip(entries, ends, strict=True)]
    assert found == [stored for stored, want in zip(spelled, wanted, strict=True) if want]
    assert [entry.id for entry in entries] == [name for name, want in zip(ids, wanted, strict=True) if want]
