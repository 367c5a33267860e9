"""One suite for every object store."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from git_sandbox import Sandbox, make_repository

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.objects.dulwich_store import DulwichStore, MemoryStore
from aergo_vc.objects.errors import ObjectDamagedError, ObjectKindError, ObjectMissingError, ObjectSizeError
from aergo_vc.objects.late_store import QUESTIONS, LateStore
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.pack_writer import MemoryWriter, PackWriter
from aergo_vc.objects.plumbing_store import PlumbingStore
from aergo_vc.objects.pygit2_store import Pygit2Store
from aergo_vc.objects.store import ObjectStore

OPENERS: dict[str, tuple[str, Callable[[Sandbox], ObjectStore]]] = {
    "pygit2": ("sha1", lambda sandbox: Pygit2Store(sandbox.paths)),
    "dulwich": ("sha256", lambda sandbox: DulwichStore.open(sandbox.paths)),
    "dulwich-sha1": ("sha1", lambda sandbox: DulwichStore.open(sandbox.paths)),
    "plumbing": ("sha1", lambda sandbox: PlumbingStore(sandbox.paths)),
    "plumbing-sha256": ("sha256", lambda sandbox: PlumbingStore(sandbox.paths)),
    "late": ("sha1", lambda sandbox: LateStore(PlumbingStore(sandbox.paths), lambda: Pygit2Store(sandbox.paths))),
    "pack-writer": ("sha1", lambda sandbox: PackWriter(Pygit2Store(sandbox.paths), sandbox.paths)),
    "memory-writer": ("sha256", lambda sandbox: MemoryWriter(DulwichStore.open(sandbox.paths))),
}


@pytest.fixture(params=OPENERS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Sandbox, ObjectStore]]:
    object_format, opener = OPENERS[request.param]
    sandbox = make_repository(tmp_path / "repository", object_format)
    store = opener(sandbox)
    yield sandbox, store
    store.close()


def test_every_kind_is_read_as_git_wrote_it_loose_and_packed(opened: tuple[Sandbox, ObjectStore]) -> None:
    sandbox, store = opened
    commit = sandbox.commit(a="one\n")
    for _ in ("loose", "packed"):
        assert store.read_commit(ObjectId(commit)) == sandbox.raw("cat-file", "commit", commit)
        tree = sandbox.git("rev-parse", "HEAD^{tree}")
        assert store.read_tree(ObjectId(tree)) == sandbox.raw("cat-file", "tree", tree)
        assert store.read_blob(ObjectId(sandbox.git("rev-parse", "HEAD:a"))) == b"one\n"
        sandbox.git("repack", "-adq")


def test_a_library_is_opened_once_there_is_enough_to_read(plain: Sandbox) -> None:
    blob = ObjectId(plain.git("hash-object", "-w", "--stdin", stdin=b"read often"))
    opened: list[ObjectStore] = []

    def open_fast() -> ObjectStore:
        opened.append(Pygit2Store(plain.paths))
        return opened[-1]

    quick = PlumbingStore(plain.paths)
    with LateStore(quick, open_fast) as store:
        for number in range(QUESTIONS + 10):
            assert store.read_blob(blob) == b"read often"
            assert store.contains(blob)
            assert len(opened) == (2 * number + 2 > QUESTIONS)
    quick.close()


def test_objects_added_after_opening_are_seen(opened: tuple[Sandbox, ObjectStore]) -> None:
    sandbox, store = opened
    missing = ObjectId("1" * len(sandbox.commit()))
    assert not store.contains(missing)
    blob = ObjectId(sandbox.git("hash-object", "-w", "--stdin", stdin=b"late"))
    assert store.contains(blob)
    assert store.read_blob(blob) == b"late"


def test_a_missing_object_is_named(opened: tuple[Sandbox, ObjectStore]) -> None:
    _, store = opened
    name = ObjectId("1" * 2 * store.object_format.id_bytes)
    with pytest.raises(ObjectMissingError, match=name):
        store.read(name)
    with pytest.raises(ObjectMissingError):
        store.read(name)


def test_another_kind_than_asked_for_is_refused(opened: tuple[Sandbox, ObjectStore]) -> None:
    sandbox, store = opened
    with pytest.raises(ObjectKindError, match="is a commit, where a tree is expected"):
        store.read_tree(ObjectId(sandbox.commit()))


def test_b12_an_object_beyond_the_limit_is_refused(opened: tuple[Sandbox, ObjectStore]) -> None:
    sandbox, store = opened
    blob = ObjectId(sandbox.git("hash-object", "-w", "--stdin", stdin=bytes(1001)))
    with pytest.raises(ObjectSizeError):
        store.read_blob(blob, 1000)
    assert store.read_blob(blob, 1001) == bytes(1001)


def test_x09_a_damaged_loose_object_is_named_wherever_it_is_damaged(opened: tuple[Sandbox, ObjectStore]) -> None:
    sandbox, store = opened
    sandbox.commit()
    other = ObjectId(sandbox.git("hash-object", "-w", "--stdin", stdin=b"sound"))
    blob = ObjectId(sandbox.git("hash-object", "-w", "--stdin", stdin=b"precious content"))
    path = sandbox.root / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    for content in (zlib.compress(b"blob 16\0precious cantent"), path.read_bytes()[:-6], b"", b"nonsense"):
        path.write_bytes(content)
        with pytest.raises((ObjectDamagedError, ObjectMissingError), match=blob):
            store.read(blob)
        assert store.read_blob(other) == b"sound"


def test_the_store_suits_the_repository(sandbox: Sandbox) -> None:
    by_format = {ObjectFormat.SHA1: Pygit2Store, ObjectFormat.SHA256: DulwichStore}
    assert type(open_store(sandbox.paths)) is by_format[sandbox.paths.object_format]
    assert type(open_store(sandbox.paths, Preference.QUICK_START)) is PlumbingStore


def test_a_partial_clone_fetches_what_it_lacks(tmp_path: Path, plain: Sandbox) -> None:
    plain.commit(a="far away\n")
    plain.git("config", "uploadpack.allowFilter", "true")
    clone = Sandbox(tmp_path / "clone")
    plain.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{plain.root}", str(clone.root))
    paths = clone.paths
    assert paths.is_partial
    with open_store(paths) as store:
        assert type(store) is PlumbingStore
        assert store.read_blob(ObjectId(plain.git("rev-parse", "HEAD:a"))) == b"far away\n"


def test_a_store_in_memory_keeps_what_it_was_given() -> None:
    store = MemoryStore(ObjectFormat.SHA256)
    name = store.add(Kind.BLOB, b"x")
    assert store.read(name) == (Kind.BLOB, b"x")
    assert not store.contains(ObjectId("0" * 64))


def test_who_reads_does_not_wait_for_more_of_an_object_than_git_has(plain: Sandbox) -> None:
    blob = ObjectId(plain.git("hash-object", "-w", "--stdin", stdin=bytes(range(200))))
    plain.git("tag", "blob", blob)
    other = ObjectId(plain.commit(a="one\n"))
    plain.git("repack", "-adq")
    plain.commit(a="two\n")
    plain.git("repack", "-aq")
    packs = sorted(plain.paths.common_dir.glob("objects/pack/*.pack"))
    assert len(packs) == 2
    # Of two copies git announces the size that the one has, and then finds that only the other can be read.
    for pack in packs:
        (line,) = [line for line in plain.git("verify-pack", "-v", str(pack)).splitlines() if line.startswith(blob)]
        sound = pack.read_bytes()
        damaged = bytearray(sound)
        damaged[int(line.split()[4])] += 1  # gitformat-pack(5): the size's lowest four bits
        pack.chmod(0o644)
        pack.write_bytes(damaged)
        with PlumbingStore(plain.paths) as store:
            with suppress(ObjectDamagedError):
                assert store.read_blob(blob) == bytes(range(200))
            assert store.contains(other)
        pack.write_bytes(sound)
