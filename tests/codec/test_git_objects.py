"""The strict codecs agree with git on honest objects, and are exact inverses."""

import base64
import subprocess
from pathlib import Path

import pytest
from git_sandbox import WHO, Sandbox
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind, ObjectFormat, blob_digest, git_object_id, tree_digest
from aergo_vc.codec.git_commit import (
    Commit,
    CommitFormatError,
    Identity,
    decode_commit,
    encode_commit,
    read_links,
    signed_payload,
)
from aergo_vc.codec.git_tree import (
    DIRECTORY_MODE,
    FILE_MODE,
    TreeEntry,
    TreeFormatError,
    decode_tree,
    encode_tree,
    read_entries,
    write_entries,
)

names = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,12}", fullmatch=True)
sizes = st.sampled_from([20, 32])


@st.composite
def trees(draw: st.DrawFn) -> tuple[int, list[TreeEntry]]:
    size = draw(sizes)
    ids = st.binary(min_size=size, max_size=size).map(lambda raw: ObjectId(raw.hex()))
    entries = st.builds(TreeEntry, names, st.sampled_from([DIRECTORY_MODE, FILE_MODE]), ids)
    return size, draw(st.lists(entries, unique_by=lambda entry: entry.name, max_size=30))


def armor(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----"])


def identities() -> st.SearchStrategy[Identity]:
    words = st.text(st.characters(codec="utf-8", exclude_characters="<>\n\r\0 "), min_size=1, max_size=8)
    return st.builds(Identity, words, words, st.integers(0, 2**53))


@st.composite
def commits(draw: st.DrawFn) -> Commit:
    digits = draw(st.sampled_from([40, 64]))
    ids = st.text("0123456789abcdef", min_size=digits, max_size=digits).map(ObjectId)
    message = draw(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")))
    signature = armor(draw(st.binary(min_size=1, max_size=300)))
    parents = tuple(draw(st.lists(ids, max_size=3)))
    return Commit(draw(ids), parents, draw(identities()), draw(identities()), message, signature)


@given(trees())
def test_a_tree_reads_back_in_order(case: tuple[int, list[TreeEntry]]) -> None:
    size, entries = case
    data = encode_tree(entries)
    decoded = decode_tree(data, size)
    assert sorted(decoded) == sorted(entries)
    assert encode_tree(decoded) == data
    assert read_entries(data, size) == decoded
    assert write_entries(entries) == data


@given(trees(), st.data())
def test_no_byte_of_a_tree_can_be_changed_unnoticed(case: tuple[int, list[TreeEntry]], data: st.DataObject) -> None:
    size, entries = case
    encoded = bytearray(encode_tree(entries) or encode_tree([TreeEntry("a", FILE_MODE, ObjectId("00" * size))]))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        decoded = decode_tree(bytes(encoded), size)
    except TreeFormatError:
        return
    assert encode_tree(decoded) == encoded


@given(st.binary(max_size=120), sizes)
def test_a_tree_that_is_accepted_is_canonical(data: bytes, size: int) -> None:
    try:
        decoded = decode_tree(data, size)
    except TreeFormatError:
        return
    assert encode_tree(decoded) == data


def test_git_makes_the_same_trees(sandbox: Sandbox) -> None:
    blob = ObjectId(sandbox.git("hash-object", "-w", "--stdin", stdin=b"x"))
    inner = ObjectId(sandbox.git("mktree", stdin=f"100644 blob {blob}\tx\n".encode()))
    entries = [TreeEntry(name, DIRECTORY_MODE, inner) for name in ("a", "a0", "b.c")]
    entries += [TreeEntry(name, FILE_MODE, blob) for name in ("a-b", "a.b", "b", "ab")]
    lines = [
        f"{entry.mode:06o} {'blob' if entry.id == blob else 'tree'} {entry.id}\t{entry.name}\n" for entry in entries
    ]
    tree = sandbox.git("mktree", stdin="".join(lines).encode())
    assert git_object_id(Kind.TREE, encode_tree(entries), sandbox.paths.object_format) == tree


def test_foreign_trees_are_read_with_any_mode_and_name(plain: Sandbox) -> None:
    blob = plain.git("hash-object", "-w", "--stdin", stdin=b"x")
    lines = (
        f"100755 blob {blob}\tRun Me\x00120000 blob {blob}\tlink\x00".encode()
        + f"100644 blob {blob}\t".encode()
        + b"\xff\0"
    )
    tree = plain.git("mktree", "-z", stdin=lines)
    entries = read_entries(plain.raw("cat-file", "tree", tree), 20)
    assert [(entry.name, entry.mode) for entry in entries] == [
        ("Run Me", 0o100755),
        ("link", 0o120000),
        ("\udcff", 0o100644),
    ]
    assert write_entries(entries) == plain.raw("cat-file", "tree", tree)


@given(commits())
def test_a_commit_reads_back(commit: Commit) -> None:
    data = encode_commit(commit)
    assert decode_commit(data) == commit
    assert (read_links(data).tree, read_links(data).parents) == (commit.tree, commit.parents)
    assert b"gpgsig" not in signed_payload(commit).split(b"\n\n")[0]


@given(commits(), st.data())
def test_a_commit_that_is_accepted_is_canonical(commit: Commit, data: st.DataObject) -> None:
    encoded = bytearray(encode_commit(commit))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        decoded = decode_commit(bytes(encoded))
    except CommitFormatError:
        return
    assert encode_commit(decoded) == encoded


@pytest.mark.parametrize(
    "who",
    [
        Identity("", "a@b", 1),
        Identity(" a", "a@b", 1),
        Identity("a\nb", "a@b", 1),
        Identity("a", "a>b", 1),
        Identity("a", "", 1),
        Identity("a", "a@b", -1),
        Identity("a", "a@b", 2**53 + 1),
        Identity("\ud800", "a@b", 1),
    ],
)
def test_values_without_a_canonical_spelling_are_refused(who: Identity) -> None:
    with pytest.raises(CommitFormatError):
        encode_commit(Commit(ObjectId("0" * 40), (), WHO, who, ""))


def test_git_verifies_the_signature_over_the_payload(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.commit(a="x")
    tree, parent = ObjectId(sandbox.git("rev-parse", "HEAD^{tree}")), ObjectId(sandbox.git("rev-parse", "HEAD"))
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    unsigned = Commit(tree, (parent,), WHO, WHO, "block 1\n")
    (tmp_path / "payload").write_bytes(signed_payload(unsigned))
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key), str(tmp_path / "payload")],
        check=True,
        capture_output=True,
    )
    signature = (tmp_path / "payload.sig").read_text().rstrip("\n")
    data = encode_commit(Commit(tree, (parent,), WHO, WHO, "block 1\n", signature))
    (tmp_path / "allowed").write_text(f"{WHO.email} {key.with_suffix('.pub').read_text()}")
    settings = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={tmp_path / 'allowed'}")
    name = sandbox.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=data)
    sandbox.git(*settings, "verify-commit", name)
    sandbox.git("fsck", "--strict")
    again = sandbox.git(
        *settings, "-c", f"user.signingKey={key}", "commit-tree", "-S", "-p", parent, "-m", "block 1", tree
    )
    assert again == name


def test_digests_are_the_ids_of_the_sha256_format() -> None:
    assert blob_digest(b"") == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
    assert tree_digest(b"") == "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    assert git_object_id(Kind.BLOB, b"", ObjectFormat.SHA1) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
