"""Signatures of commits and payloads, beside git and ssh-keygen."""

import json
import subprocess
from pathlib import Path

import pytest
from git_sandbox import search_path

from aergo_vc.base.errors import InvalidError
from aergo_vc.codec.sshsig import SshSignature, decode_signature_armor, encode_key_text, encode_signature_armor
from aergo_vc.keys.ed25519 import PublicKeyError, checked_public_key, verify_many
from aergo_vc.keys.keyfile import encode_private_key, generate_key_file
from aergo_vc.keys.signatures import (
    TRANSACTION_NAMESPACE,
    SignatureError,
    check_payload,
    commit_signature,
    payload_message,
    sign_commit_payload,
    sign_payload,
    verify_commit_signature,
)
from aergo_vc.keys.signer import seed_signer
from aergo_vc.keys.signing_key import file_signer

SIGNER = seed_signer(bytes(range(32)))
PAYLOAD = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"


def run(folder: Path, *command: str, given: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
    environment = {
        "PATH": search_path(),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_DATE": "1700000000 +0000",
    }
    return subprocess.run(command, cwd=folder, env=environment, input=given, check=check, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a key, an empty tree, and git set up to sign with the key."""
    key = generate_key_file(tmp_path / "key", "Ada")
    (tmp_path / "signers").write_text(
        f'ada@example.org namespaces="git,{TRANSACTION_NAMESPACE}" {encode_key_text(key)}\n'
    )
    run(tmp_path, "git", "init", "-q")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", "key"), ("gpg.ssh.allowedSignersFile", "signers")):
        run(tmp_path, "git", "config", name, value)
    run(tmp_path, "git", "hash-object", "-w", "-t", "tree", "--stdin")
    return tmp_path


def commit(repository: Path, *options: str) -> bytes:
    """The bytes of a commit of the empty tree."""
    tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    made = run(repository, "git", "commit-tree", *options, tree, given=b"A message\n").stdout.decode().strip()
    return run(repository, "git", "cat-file", "commit", made).stdout


def with_signature(payload: bytes, armor: str) -> bytes:
    """`payload` with the header gpgsig as the last one."""
    headers, _, message = payload.partition(b"\n\n")
    return headers + b"\ngpgsig " + armor.replace("\n", "\n ").encode() + b"\n\n" + message


def test_a_commit_is_signed_byte_for_byte_as_git_signs_it(repository: Path) -> None:
    payload, signed = commit(repository), commit(repository, "-S")
    armor = sign_commit_payload(file_signer(repository / "key"), payload)
    assert with_signature(payload, armor) == signed


def test_git_accepts_a_commit_that_we_signed(repository: Path) -> None:
    signer = file_signer(repository / "key")
    payload = commit(repository).replace(b"A message", b"Another message")
    content = with_signature(payload, sign_commit_payload(signer, payload))
    made = run(repository, "git", "hash-object", "-w", "-t", "commit", "--stdin", given=content).stdout.decode().strip()
    assert b"Good" in run(repository, "git", "verify-commit", made).stderr


def test_a_commit_signature_gives_the_key_and_no_other_payload_passes(repository: Path) -> None:
    signer = file_signer(repository / "key")
    payload = commit(repository)
    armor = sign_commit_payload(signer, payload)
    assert verify_commit_signature(armor, payload) == signer.public_key
    with pytest.raises(SignatureError):
        verify_commit_signature(armor, payload + b"\n")
    assert verify_many([commit_signature(armor, payload), commit_signature(armor, payload[1:])]) == [True, False]


def test_every_rewriting_of_a_commit_s_armor_is_refused() -> None:
    armor = sign_commit_payload(SIGNER, PAYLOAD)
    lines = armor.split("\n")
    body = "".join(lines[1:-1])
    rewritings = [
        armor + "\n",
        armor + "\nmore",
        armor + " ",
        "\n".join((lines[0], body, lines[-1])),
        "\n".join((lines[0], body[:64], body[64:128], body[128:192], body[192:256], body[256:], lines[-1])),
        "\n".join((lines[0], "", *lines[1:])),
        "\n".join((*lines[:-1], "", lines[-1])),
        armor.replace("\n", "\r\n"),
        armor + "\n" + armor,
    ]
    for rewriting in rewritings:
        with pytest.raises(InvalidError) as caught:
            verify_commit_signature(rewriting, PAYLOAD)
        assert caught.value.code == "E_SIGNATURE_FORMAT"


def test_a_commit_signed_by_a_key_of_small_order_is_refused() -> None:
    neutral = (1).to_bytes(32, "little")
    armor = encode_signature_armor(SshSignature(neutral, "git", neutral + bytes(32)))
    with pytest.raises(PublicKeyError):
        verify_commit_signature(armor[:-1], PAYLOAD)


def test_openssh_s_own_vector_verifies_in_its_namespace_only() -> None:
    folder = next(
        (p / "shared/vectors/sshsig" for p in Path(__file__).parents if (p / "shared/vectors").is_dir()), None
    )
    if folder is None:
        pytest.skip("shared/vectors is absent")
    signature = decode_signature_armor((folder / "ed25519.sig").read_text())
    key = checked_public_key(signature.public_key)
    assert (folder / "ed25519.pub").read_text().startswith(encode_key_text(key) + " ")
    assert signature.namespace == (folder / "namespace").read_text()
    message = (folder / "signed-data").read_bytes()
    assert check_payload(key, signature.namespace, message, signature.signature)
    assert not check_payload(key, "git", message, signature.signature)
    assert not check_payload(key, signature.namespace, message + b"\n", signature.signature)


VECTORS = json.loads((Path(__file__).parents[1] / "vectors/sshsig.json").read_text())


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_is_met_by_our_signer_and_by_ssh_keygen(tmp_path: Path, vector: dict[str, str]) -> None:
    seed, message = bytes.fromhex(vector["seed"]), vector["message"].encode()
    signer = seed_signer(seed)
    raw = sign_payload(signer, vector["namespace"], message)
    assert raw.hex() == vector["signature"]
    assert encode_key_text(signer.public_key) == vector["key"]
    assert encode_signature_armor(SshSignature(signer.public_key, vector["namespace"], raw)) == vector["armor"]
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(encode_private_key(seed, signer.public_key, "", b"same"))
    (tmp_path / "message").write_bytes(message)
    run(tmp_path, "ssh-keygen", "-q", "-Y", "sign", "-n", vector["namespace"], "-f", "key", "message")
    assert (tmp_path / "message.sig").read_text() == vector["armor"]


def keygen_verifies(folder: Path, armor: str, message: bytes, namespace: str = TRANSACTION_NAMESPACE) -> bool:
    (folder / "message.sig").write_text(armor)
    command = ("ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "ada@example.org", "-n", namespace)
    return run(folder, *command, "-s", "message.sig", given=message, check=False).returncode == 0


def test_ssh_keygen_verifies_a_transaction_signature_and_refuses_what_was_tampered_with(repository: Path) -> None:
    signer = file_signer(repository / "key")
    message = b'{"sql":"SELECT 1"}'
    raw = sign_payload(signer, TRANSACTION_NAMESPACE, message)
    armor = encode_signature_armor(SshSignature(signer.public_key, TRANSACTION_NAMESPACE, raw))
    assert keygen_verifies(repository, armor, message)
    assert not keygen_verifies(repository, armor, message + b" ")
    assert not keygen_verifies(repository, armor, message, namespace="git")
    broken = bytes([raw[0] ^ 1]) + raw[1:]
    tampered = encode_signature_armor(SshSignature(signer.public_key, TRANSACTION_NAMESPACE, broken))
    assert not keygen_verifies(repository, tampered, message)


def test_ssh_keygen_signs_a_payload_as_we_do(repository: Path) -> None:
    (repository / "payload").write_bytes(PAYLOAD)
    run(repository, "ssh-keygen", "-q", "-Y", "sign", "-n", TRANSACTION_NAMESPACE, "-f", "key", "payload")
    raw = sign_payload(file_signer(repository / "key"), TRANSACTION_NAMESPACE, PAYLOAD)
    assert decode_signature_armor((repository / "payload.sig").read_text()).signature == raw


def test_a_payload_s_signature_is_checked_in_a_batch_as_it_is_alone() -> None:
    raw = sign_payload(SIGNER, TRANSACTION_NAMESPACE, PAYLOAD)
    message = payload_message(TRANSACTION_NAMESPACE, PAYLOAD)
    assert check_payload(SIGNER.public_key, TRANSACTION_NAMESPACE, PAYLOAD, raw)
    assert verify_many([(SIGNER.public_key, raw, message), (SIGNER.public_key, raw, PAYLOAD)]) == [True, False]
