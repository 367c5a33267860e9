"""Packs are accepted by git, and publishing leaves nothing half done."""

import errno
import os
import subprocess
from pathlib import Path

import pytest
from git_sandbox import Sandbox

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec import git_pack
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.codec.git_pack import PackedEntry, decode_object, encode_index, encode_object
from aergo_vc.codec.git_tree import FILE_MODE, TreeEntry, encode_tree
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.errors import ObjectDamagedError, ObjectMissingError
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.pack_writer import (
    KEEP_MARK,
    MemoryWriter,
    ObjectWriteError,
    PackWriter,
    PublishedPack,
    release_leftovers,
)

SIZES = (0, 1, 15, 16, 2047, 2048, 70_000, 300_000)


def _packs(sandbox: Sandbox, ending: str) -> list[Path]:
    return sorted((sandbox.root / ".git" / "objects" / "pack").glob("*" + ending))


def _fill(sandbox: Sandbox) -> tuple[PackWriter, PublishedPack]:
    writer = PackWriter(open_store(sandbox.paths), sandbox.paths)
    for size in SIZES:
        writer.add(Kind.BLOB, bytes(range(256)) * (size // 256) + bytes(size % 256))
    return writer, writer.publish()


def test_git_accepts_the_pack_and_its_index(sandbox: Sandbox) -> None:
    _fill(sandbox)
    (pack,) = _packs(sandbox, ".pack")
    sandbox.git("verify-pack", str(pack))
    index = sandbox.root / "again.idx"
    sandbox.git("index-pack", "--strict", "-o", str(index), str(pack))
    assert index.read_bytes() == pack.with_suffix(".idx").read_bytes()
    assert "error" not in sandbox.git("fsck", "--full", "--strict", "--no-dangling")


def test_what_was_added_can_be_read_before_and_after_publishing(sandbox: Sandbox) -> None:
    for preference in Preference:
        with open_store(sandbox.paths, preference) as store:
            writer = PackWriter(store, sandbox.paths)
            name = writer.add(Kind.BLOB, b"new " + preference.name.encode())
            assert writer.read(name) == (Kind.BLOB, b"new " + preference.name.encode())
            assert writer.contains(name)
            assert not store.contains(name)
            writer.publish()
            assert writer.read(name) == store.read(name)


def test_small_objects_that_were_just_published_are_read_without_looking_for_the_pack(plain: Sandbox) -> None:
    writer = PackWriter(open_store(plain.paths), plain.paths)
    first = writer.add(Kind.BLOB, b"0")
    large = writer.add(Kind.BLOB, bytes(4_096))
    writer.publish()
    for path in _packs(plain, ""):
        path.unlink()
    assert writer.read(first) == (Kind.BLOB, b"0")
    with pytest.raises(ObjectMissingError):
        writer.read(large)
    for number in range(512):
        writer.add(Kind.BLOB, b"another %d" % number)
    with pytest.raises(ObjectMissingError):
        writer.read(first)


def test_an_object_added_twice_is_stored_once(plain: Sandbox) -> None:
    writer = PackWriter(open_store(plain.paths), plain.paths)
    assert writer.add(Kind.BLOB, b"x") == writer.add(Kind.BLOB, b"x")
    writer.publish()
    assert plain.git("count-objects", "-v").splitlines()[2] == "in-pack: 1"


def test_the_keep_file_stands_until_released(plain: Sandbox) -> None:
    _, published = _fill(plain)
    assert len(_packs(plain, ".keep")) == 1
    published.release()
    assert not _packs(plain, ".keep")


def test_keep_files_are_names_of_one_file_that_nobody_may_write(plain: Sandbox) -> None:
    _fill(plain)
    (keep,) = _packs(plain, ".keep")
    mark = plain.root / ".git" / "aergo" / "keep"
    assert keep.samefile(mark)
    assert mark.stat().st_mode & 0o222 == 0
    mark.unlink()  # it comes back where it is missing
    keep.unlink()
    _fill(plain)
    assert _packs(plain, ".keep")[0].samefile(mark)


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EXDEV, errno.EMLINK])
def test_where_a_file_has_one_name_only_the_keep_file_is_one_of_its_own(
    plain: Sandbox, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(*names: object) -> None:
        raise OSError(reason, os.strerror(reason), *names)

    monkeypatch.setattr(os, "link", refuse)
    _, published = _fill(plain)
    (keep,) = _packs(plain, ".keep")
    assert keep.read_bytes() == KEEP_MARK
    assert not list(keep.parent.glob("aergo_draft*"))
    published.release()
    assert not _packs(plain, ".keep")


def test_a_keep_file_of_a_users_on_the_same_pack_stays(plain: Sandbox) -> None:
    _fill(plain)[1].release()
    users = _packs(plain, ".pack")[0].with_suffix(".keep")
    users.write_text("mine")
    _fill(plain)[1].release()
    assert users.read_text() == "mine"


def test_publishing_nothing_writes_nothing(plain: Sandbox) -> None:
    PackWriter(open_store(plain.paths), plain.paths).publish().release()
    assert not _packs(plain, "")


def test_publishing_the_same_objects_again_is_harmless(plain: Sandbox) -> None:
    _fill(plain)[1].release()
    _fill(plain)[1].release()
    assert len(_packs(plain, ".pack")) == 1
    plain.git("fsck", "--full")


def test_keep_files_of_crashed_sessions_are_released_and_those_of_users_are_not(plain: Sandbox) -> None:
    _fill(plain)
    users = plain.root / ".git" / "objects" / "pack" / "pack-00.keep"
    users.write_text("mine")
    assert release_leftovers(plain.paths) == 1
    assert _packs(plain, ".keep") == [users]


def test_a_pack_that_a_crash_left_without_index_is_cleared_away(plain: Sandbox) -> None:
    _fill(plain)
    _packs(plain, ".idx")[0].unlink()
    assert release_leftovers(plain.paths) == 1
    assert not _packs(plain, "")


def test_a_memory_writer_gives_the_same_ids_and_publishes_nothing(sandbox: Sandbox) -> None:
    store = open_store(sandbox.paths)
    trial, real = MemoryWriter(store), PackWriter(store, sandbox.paths)
    assert trial.add(Kind.BLOB, b"x") == real.add(Kind.BLOB, b"x")
    trial.publish().release()
    assert not _packs(sandbox, "")


def test_a_folder_that_cannot_be_written_is_reported(plain: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = PackWriter(open_store(plain.paths), plain.paths)
    writer.add(Kind.BLOB, b"x")
    folder = plain.root / ".git" / "objects" / "pack"
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(ObjectWriteError):
        writer.publish()


def test_offsets_beyond_two_gigabytes_go_into_the_second_table(tmp_path: Path) -> None:
    offsets = [12, 1 << 31, 5 << 32, (1 << 31) - 1]
    entries = [PackedEntry(bytes([n]) * 20, n, offset) for n, offset in enumerate(offsets)]
    index = tmp_path / "x.idx"
    index.write_bytes(encode_index(entries, bytes(20), ObjectFormat.SHA1))
    with index.open("rb") as file:
        shown = subprocess.run(["git", "show-index"], stdin=file, check=True, capture_output=True).stdout
    assert [int(line.split()[0]) for line in shown.splitlines()] == offsets


@pytest.mark.parametrize("size", SIZES)
def test_a_packed_object_reads_back(size: int) -> None:
    assert decode_object(encode_object(Kind.TREE, bytes(size))) == (Kind.TREE, bytes(size))


@pytest.mark.parametrize("stored", [b"", b"\x80", b"\x30", b"\x31x\x9c", b"\x70" + encode_object(Kind.BLOB, b"")[1:]])
def test_broken_packed_objects_are_refused(stored: bytes) -> None:
    with pytest.raises(FormatError):
        decode_object(stored)


def test_a_packed_object_must_have_the_size_that_it_states() -> None:
    with pytest.raises(FormatError, match="size"):
        decode_object(b"\x32" + encode_object(Kind.BLOB, b"x")[1:])
    assert git_pack.crc32(b"123456789") == 0xCBF43926


def test_x14_a_published_pack_outlives_every_clean_up_until_it_is_referenced(plain: Sandbox) -> None:
    plain.commit()
    writer = PackWriter(open_store(plain.paths), plain.paths)
    blob = writer.add(Kind.BLOB, b"payload")
    tree = writer.add(Kind.TREE, encode_tree([TreeEntry("a", FILE_MODE, blob)]))
    published = writer.publish()
    for clean_up in (("prune", "--expire=now"), ("repack", "-adq"), ("gc", "-q", "--prune=now")):
        plain.git(*clean_up)
        assert plain.git("cat-file", "-t", blob) == "blob"
    plain.git("update-ref", "refs/heads/kept", plain.git("commit-tree", "-m", "kept", tree))
    published.release()
    plain.git("gc", "-q", "--prune=now")
    assert plain.git("show", "kept:a") == "payload"


def test_objects_in_a_quarantine_are_read_and_written_there(tmp_path: Path, plain: Sandbox) -> None:
    known = ObjectId(plain.git("hash-object", "-w", "--stdin", stdin=b"known"))
    main = plain.root / ".git" / "objects"
    variables = {"GIT_OBJECT_DIRECTORY": str(tmp_path / "quarantine"), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(main)}
    (tmp_path / "quarantine" / "pack").mkdir(parents=True)
    paths = find_repository(plain.root, variables)
    for preference in Preference:
        with open_store(paths, preference) as store:
            writer = PackWriter(store, paths)
            new = writer.add(Kind.BLOB, b"incoming")
            writer.publish()
            assert store.read_blob(new) == b"incoming"
            assert store.read_blob(known) == b"known"
    assert not _packs(plain, "")


def test_x09_no_damage_to_a_pack_yields_wrong_content(sandbox: Sandbox) -> None:
    writer = PackWriter(open_store(sandbox.paths), sandbox.paths)
    name = writer.add(Kind.BLOB, b"the only content")
    writer.publish().release()
    (pack,) = _packs(sandbox, ".pack")
    sound = pack.read_bytes()
    pack.chmod(0o644)
    for position in range(len(sound)):
        pack.write_bytes(sound[:position] + bytes([sound[position] ^ 0x41]) + sound[position + 1 :])
        with open_store(sandbox.paths) as store:
            try:
                content = store.read_blob(name)
            except (ObjectDamagedError, ObjectMissingError):
                continue
            assert content == b"the only content"
