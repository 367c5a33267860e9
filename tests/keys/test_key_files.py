"""Key files: ours are OpenSSH's, OpenSSH's are ours."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.errors import InputError
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.keys.ed25519 import verify
from aergo_vc.keys.keyfile import (
    KeyFileError,
    KeyFileExistsError,
    PassphraseError,
    encode_private_key,
    generate_key_file,
    public_path,
    read_key_file,
    read_public_key_file,
)
from aergo_vc.keys.signer import seed_signer
from aergo_vc.keys.signing_key import SignerMissingError, file_signer, find_signer

ENVIRONMENT = {"PATH": os.defpath}


def keygen(*arguments: str | Path) -> str:
    command = ["ssh-keygen", *map(str, arguments)]
    return subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, text=True).stdout


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_generated_key_is_one_that_ssh_keygen_reads(tmp_path: Path) -> None:
    path = tmp_path / "id"
    key = generate_key_file(path, "Ada of the registers")
    assert keygen("-y", "-f", path).strip() == f"{encode_key_text(key)} Ada of the registers"
    assert public_path(path).read_text() == f"{encode_key_text(key)} Ada of the registers\n"
    assert read_public_key_file(public_path(path)) == key == file_signer(path).public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["id", "id.pub"]


def test_a_key_of_ssh_keygen_signs(tmp_path: Path) -> None:
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / "id")
    signer = file_signer(tmp_path / "id")
    assert signer.public_key == read_public_key_file(tmp_path / "id.pub")
    assert verify(signer.public_key, signer.sign(b"message"), b"message")


@pytest.mark.parametrize("taken", ["id", "id.pub"])
def test_no_key_file_is_written_over(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(KeyFileExistsError):
        generate_key_file(tmp_path / "id", "")
    assert names(tmp_path) == [taken]
    assert (tmp_path / taken).read_text() == "precious"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="nowhere"):
        generate_key_file(tmp_path / "nowhere/id", "")


@pytest.mark.parametrize("comment", ["two\nlines", "escape\x1b[31m", "nul\0"])
def test_a_comment_with_control_characters_is_refused(tmp_path: Path, comment: str) -> None:
    with pytest.raises(InputError):
        generate_key_file(tmp_path / "id", comment)
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", [("rsa", "-b", "1024"), ("ecdsa", "-b", "256")])
def test_a_key_of_another_type_is_refused_by_name(tmp_path: Path, kind: tuple[str, ...]) -> None:
    keygen("-q", "-N", "", "-f", tmp_path / "id", "-t", *kind)
    with pytest.raises(KeyFileError, match=f"{kind[0]}.*expected ssh-ed25519"):
        read_key_file(tmp_path / "id")
    with pytest.raises(KeyFileError, match="ssh-ed25519"):
        read_public_key_file(tmp_path / "id.pub")


@given(st.data())
def test_a_damaged_file_is_refused_or_gives_the_same_key(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    seed = bytes(range(32))
    key = seed_signer(seed).public_key
    text = bytearray(encode_private_key(seed, key, "comment", b"abcd"), "ascii")
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 127))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.touch(0o600)
    path.write_bytes(text)
    try:
        signer = file_signer(path)
    except KeyFileError:
        return
    assert signer.public_key == key
    assert signer.sign(b"message") == seed_signer(seed).sign(b"message")


def test_a_public_key_file_of_two_lines_is_refused(tmp_path: Path) -> None:
    generate_key_file(tmp_path / "id", "Ada")
    public = tmp_path / "id.pub"
    public.write_text(public.read_text() * 2)
    with pytest.raises(KeyFileError, match="more than one line"):
        read_public_key_file(public)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN RSA PRIVATE KEY-----\n", b"\xff" * 100])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "id"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match="not an OpenSSH private key"):
        file_signer(path)
    with pytest.raises(KeyFileError, match="not a public key"):
        read_public_key_file(path)


def test_a_folder_or_a_pipe_in_a_key_s_place_is_refused_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(KeyFileError, match=r"not a file|Is a directory"):
            file_signer(path)


def encrypted(folder: Path) -> Path:
    keygen("-q", "-t", "ed25519", "-N", "open sesame", "-a", "1", "-f", folder / "id")
    return folder / "id"


def test_an_encrypted_key_tells_its_public_half_without_the_passphrase(tmp_path: Path) -> None:
    file = read_key_file(encrypted(tmp_path))
    assert file.encrypted
    assert file.public_key == read_public_key_file(tmp_path / "id.pub")


def test_an_encrypted_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    pytest.importorskip("bcrypt")
    path = encrypted(tmp_path)
    signer = file_signer(path, lambda: b"open sesame")
    assert verify(read_public_key_file(tmp_path / "id.pub"), signer.sign(b"m"), b"m")
    with pytest.raises(PassphraseError, match="wrong passphrase"):
        file_signer(path, lambda: b"wrong")
    with pytest.raises(PassphraseError, match="wrong passphrase"):
        file_signer(path, lambda: b"")


def test_an_encrypted_key_without_a_passphrase_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PassphraseError, match="needs a passphrase"):
        file_signer(encrypted(tmp_path))


def test_the_passphrase_is_not_asked_for_a_plain_key(tmp_path: Path) -> None:
    generate_key_file(tmp_path / "id", "")
    asked: list[str] = []
    find_signer(str(tmp_path / "id"), passphrase=lambda: asked.append("asked") or b"")
    assert not asked


def test_git_s_signing_key_may_be_a_private_path_a_public_path_or_a_path_below_home(tmp_path: Path) -> None:
    key = generate_key_file(tmp_path / "id", "")
    assert find_signer(str(tmp_path / "id")).public_key == key
    assert find_signer(str(tmp_path / "id.pub")).public_key == key
    assert find_signer("~/id", home=tmp_path).public_key == key


def test_a_public_path_beside_another_private_key_is_refused(tmp_path: Path) -> None:
    generate_key_file(tmp_path / "id", "")
    generate_key_file(tmp_path / "other", "")
    (tmp_path / "other.pub").replace(tmp_path / "id.pub")
    with pytest.raises(KeyFileError, match="does not hold the key"):
        find_signer(str(tmp_path / "id.pub"))


def test_a_public_key_without_any_private_key_is_missing(tmp_path: Path) -> None:
    key = generate_key_file(tmp_path / "id", "")
    (tmp_path / "id").unlink()
    for text in (str(tmp_path / "id.pub"), encode_key_text(key), f"key::{encode_key_text(key)} comment"):
        with pytest.raises(SignerMissingError, match="no agent"):
            find_signer(text)


def test_a_literal_of_another_type_is_refused() -> None:
    with pytest.raises(SignerMissingError, match="ssh-ed25519"):
        find_signer("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ")
