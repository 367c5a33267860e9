"""Attacks on the object level: each row of the threat list that the codecs and the object room answer."""

import itertools
import os
import zlib
from pathlib import Path

import pytest
from git_sandbox import WHO, Sandbox, make_repository

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat, blob_digest, git_object_id
from aergo_vc.codec.git_commit import Commit, CommitFormatError, decode_commit, encode_commit, read_links
from aergo_vc.codec.git_tree import TreeFormatError, decode_tree, read_entries
from aergo_vc.objects.changed import staged_changes
from aergo_vc.objects.dulwich_store import DulwichStore
from aergo_vc.objects.errors import ObjectDamagedError, ObjectMissingError, ObjectSizeError, UnsupportedRepositoryError
from aergo_vc.objects.git import Git
from aergo_vc.objects.plumbing_store import PlumbingStore
from aergo_vc.objects.pygit2_store import Pygit2Store
from aergo_vc.objects.worktree import Worktree

ARMOR = "\n".join(
    ["-----BEGIN SSH SIGNATURE-----", "U1NIU0lH" + "A" * 62, "B" * 70, "QUJD", "-----END SSH SIGNATURE-----"]
)
HONEST = encode_commit(Commit(ObjectId("a" * 40), (ObjectId("b" * 40),), WHO, WHO, "block\n", ARMOR))
SIGNATURE = b"gpgsig " + ARMOR.replace("\n", "\n ").encode() + b"\n"
AUTHOR = HONEST[HONEST.index(b"author") : HONEST.index(b"committer")]
RAW = b"\x01" * 20


def _instead(old: bytes, new: bytes) -> bytes:
    assert HONEST.count(old) >= 1
    return HONEST.replace(old, new, 1)


def _refused(data: bytes) -> bool:
    try:
        decode_commit(data)
    except CommitFormatError:
        return True
    return False


def test_the_honest_commit_is_accepted() -> None:
    assert encode_commit(decode_commit(HONEST)) == HONEST


REWRITES = {
    "wrapped at 40": _instead(b"A" * 62, b"A" * 30 + b"\n " + b"A" * 32),
    "on one line": HONEST.replace(b"A\n B", b"AB").replace(b"B\n QUJD", b"BQUJD"),
    "a blank line inside": _instead(b"\n QUJD", b"\n \n QUJD"),
    "bytes after the end": _instead(b"END SSH SIGNATURE-----\n", b"END SSH SIGNATURE-----\n junk\n"),
    "a space after the end": _instead(b"END SSH SIGNATURE-----\n", b"END SSH SIGNATURE----- \n"),
    "padding bits": _instead(b"QUJD", b"QUJ="),
    "gpgsig-sha256 after": _instead(SIGNATURE, SIGNATURE + b"gpgsig-sha256 x\n"),
    "a second signature": _instead(SIGNATURE, SIGNATURE + SIGNATURE),
    "gpgsigX": _instead(SIGNATURE, SIGNATURE + b"gpgsigX y\n"),
    "gpgsig2 before": _instead(SIGNATURE, b"gpgsig2 y\n" + SIGNATURE),
    "gpgsig-aergo": _instead(SIGNATURE, SIGNATURE + b"gpgsig-aergo y\n"),
    "none": _instead(SIGNATURE, b""),
    "the header of the other format": _instead(b"gpgsig ", b"gpgsig-sha256 "),
}


@pytest.mark.parametrize("data", REWRITES.values(), ids=REWRITES)
def test_b01_no_rewrite_of_a_signed_commit_passes_without_the_key(data: bytes) -> None:
    assert _refused(data)


def test_b03_headers_that_programs_read_differently_are_refused() -> None:
    evil = AUTHOR.replace(b"Ann", b"Eve")
    crafted = [
        _instead(AUTHOR, evil + AUTHOR),
        _instead(AUTHOR, AUTHOR + evil),
        _instead(SIGNATURE, b"gpgsig bogus\n" + SIGNATURE),
        _instead(b"parent", b"tree " + b"c" * 40 + b"\nparent"),
        _instead(AUTHOR, AUTHOR + b"parent " + b"c" * 40 + b"\n"),
        _instead(SIGNATURE, SIGNATURE + b"mergetag x\n"),
        _instead(b"tree a", b"tree  a"),
        _instead(b"tree aa", b"tree AA"),
        _instead(b"a" * 40, b"a" * 64),
        b"",
    ]
    assert [_refused(data) for data in crafted] == [True] * len(crafted)
    assert read_links(crafted[4]).parents == (ObjectId("b" * 40),)


def test_b07_nul_carriage_return_and_encodings_are_refused() -> None:
    crafted = [
        _instead(b"block\n", b"block\0hidden\n"),
        _instead(b"block\n", b"block\r\n"),
        _instead(b"Ann", b"A\0n"),
        _instead(SIGNATURE, SIGNATURE + b"encoding latin1\n"),
        _instead(SIGNATURE, b"encoding ISO-8859-1\n" + SIGNATURE),
        _instead(b"Ann", b"\xe4nn"),
        _instead(b"block\n", b"\xed\xa0\x80"),
    ]
    assert [_refused(data) for data in crafted] == [True] * len(crafted)


@pytest.mark.parametrize(
    "date",
    [
        b"18446744073709551615 +0000",
        b"-1 +0000",
        b"1700000000 +9999",
        b"1700000000 -0000",
        b"01700000000 +0000",
        b"1700000000",
        b"9007199254740993 +0000",
        "\u0661 +0000".encode(),
        b" 1700000000 +0000",
    ],
)
def test_b08_dates_that_programs_read_differently_are_refused(date: bytes) -> None:
    assert _refused(_instead(b"1700000000 +0000", date))


def _tree(*entries: tuple[bytes, bytes]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + RAW for mode, name in entries)


def test_b04_duplicate_and_disordered_entries_are_refused_everywhere() -> None:
    file, folder = b"100644", b"40000"
    crafted = [
        _tree((file, b"a"), (file, b"a")),
        _tree((file, b"a"), (folder, b"a")),
        _tree((file, b"a"), (file, b"a.b"), (folder, b"a")),
        _tree((file, b"b"), (file, b"a")),
        _tree((folder, b"a"), (file, b"a.b")),
        _tree((file, b"a")) + b"\0",
        _tree((file, b"a"))[:-1],
    ]
    for data, reader in itertools.product(crafted, (decode_tree, read_entries)):
        with pytest.raises(TreeFormatError):
            reader(data, 20)


@pytest.mark.parametrize("name", [b".git", b".GIT", "g\u200cit".encode(), b"git~1", b"..", b".", b"a/b", b""])
def test_b05_names_that_escape_are_refused_below_the_ledger(name: bytes) -> None:
    with pytest.raises(TreeFormatError):
        decode_tree(_tree((b"100644", name)), 20)


@pytest.mark.parametrize(
    "name", [b"Chunk", "\u00e9".encode(), "e\u0301".encode(), b"a\nb", b"a\x1b[m", b"-a", b"a" * 101]
)
def test_b06_names_that_look_alike_or_hide_are_refused_below_the_ledger(name: bytes) -> None:
    with pytest.raises(TreeFormatError):
        decode_tree(_tree((b"100644", name)), 20)


@pytest.mark.parametrize("mode", [b"100664", b"100755", b"120000", b"160000", b"040000", b"0100644", b"0", b""])
def test_b05_b06_modes_other_than_two_are_refused_below_the_ledger(mode: bytes) -> None:
    with pytest.raises(TreeFormatError):
        decode_tree(_tree((mode, b"a")), 20)


def test_b09_replace_refs_change_nothing_and_grafts_are_refused(plain: Sandbox) -> None:
    good, bad = plain.commit("good"), plain.commit("bad")
    plain.git("replace", bad, good)
    assert plain.git("log", "-1", "--format=%s", bad) == "good"
    assert Git(plain.paths).run("log", "-1", "--format=%s", bad, "--").output == b"bad\n"
    for store in (Pygit2Store(plain.paths), DulwichStore.open(plain.paths), PlumbingStore(plain.paths)):
        with store:
            assert store.read_commit(ObjectId(bad)).endswith(b"bad\n")
    (plain.root / ".git" / "info" / "grafts").write_text(f"{bad}\n")
    with pytest.raises(UnsupportedRepositoryError, match="grafts"):
        plain.paths  # noqa: B018


def test_b10_a_lying_commit_graph_changes_nothing(plain: Sandbox) -> None:
    for number in range(4):
        plain.commit(str(number))
    plain.git("commit-graph", "write", "--reachable")
    path = plain.root / ".git" / "objects" / "info" / "commit-graph"
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    place = data.index(b"CDAT") + 4
    start = int.from_bytes(data[place : place + 8])
    for row in range(4):
        # The first parent of every commit becomes "none".
        data[start + 36 * row + 20 : start + 36 * row + 24] = b"\x70\0\0\0"
    path.write_bytes(data)
    assert plain.git("rev-list", "--count", "main") != "4"
    assert Git(plain.paths).run("rev-list", "--count", "main", "--").output == b"4\n"


def test_b11_content_that_does_not_hash_to_its_id_is_never_returned(sandbox: Sandbox) -> None:
    forged, honest = b"balance 1000", b"balance 1"
    name = git_object_id(Kind.BLOB, honest, sandbox.paths.object_format)
    path = sandbox.root / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir()
    path.write_bytes(zlib.compress(b"blob %d\0" % len(forged) + forged))
    stores = [DulwichStore.open(sandbox.paths), PlumbingStore(sandbox.paths)]
    if sandbox.paths.object_format is ObjectFormat.SHA1:
        stores.append(Pygit2Store(sandbox.paths))
    for store in stores:
        with store, pytest.raises((ObjectDamagedError, ObjectMissingError)):
            store.read(name)
    assert blob_digest(forged) != blob_digest(honest)


@pytest.mark.parametrize("packed", [False, True])
def test_b12_a_bomb_is_refused_by_its_size(plain: Sandbox, packed: bool) -> None:
    size = 200_000_000
    bomb = plain.root / "bomb"
    with bomb.open("wb") as file:
        file.truncate(size)
    name = ObjectId(plain.git("-c", "core.compression=1", "hash-object", "-w", "bomb"))
    if packed:
        plain.git("pack-objects", "-q", ".git/objects/pack/pack", stdin=f"{name}\n".encode())
        plain.git("prune-packed")
    for store in (Pygit2Store(plain.paths), PlumbingStore(plain.paths)):
        with store, pytest.raises(ObjectSizeError, match=str(size)):
            store.read_blob(name, 1 << 20)


def _trap(folder: Path) -> tuple[Path, str]:
    """A program that leaves a mark when it is run."""
    mark, program = folder / "mark", folder / "trap"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    return mark, str(program)


def test_j03_an_embedded_bare_repository_runs_nothing(tmp_path: Path, plain: Sandbox) -> None:
    start = ObjectId(plain.commit(a="x"))
    mark, program = _trap(tmp_path)
    inner = make_repository(plain.root / "inner", bare=True)
    inner.git("config", "core.bare", "false")
    inner.git("config", "core.worktree", str(plain.root / "inner"))
    inner.git("config", "core.fsmonitor", program)
    inner.git("status", check=False)
    assert mark.exists()
    mark.unlink()
    Git(inner.paths).run("status", "--porcelain")
    assert staged_changes(Git(plain.paths), start) == ()
    assert not mark.exists()


def test_j04_a_hostile_config_runs_nothing_of_its_own(tmp_path: Path, plain: Sandbox) -> None:
    start = ObjectId(plain.commit(a="x"))
    plain.commit(a="y")
    mark, program = _trap(tmp_path)
    for name in ("core.fsmonitor", "core.sshCommand", "diff.external", "core.pager", "alias.rev-parse", "core.editor"):
        plain.git("config", name, program)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        (hooks / hook).symlink_to(program)
    plain.git("config", "core.hooksPath", str(hooks))
    git = Git(plain.paths, os.environ)
    git.run("rev-parse", "HEAD")
    git.run("diff-tree", "-p", start, "HEAD", "--")
    git.run("update-ref", "refs/heads/other", start)
    worktree = Worktree(plain.paths)
    assert staged_changes(git, start) == ("a",)
    worktree.sync_to(ObjectId(plain.git("rev-parse", "HEAD")), start)
    assert (plain.root / "a").read_text() == "x"
    assert not mark.exists()
