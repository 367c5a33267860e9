"""Attacks on keys and signatures; each function names its row of the threat list."""

import os
import subprocess
from pathlib import Path

import edwards
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import (
    KeyFormatError,
    SignatureFormatError,
    SshSignature,
    decode_key_text,
    encode_key_text,
    encode_signature_armor,
)
from aergo_vc.keys.ed25519 import (
    PublicKeyError,
    checked_public_key,
    is_strict,
    openssl_equation,
    sodium_equation,
    verify,
    verify_many,
)
from aergo_vc.keys.keyfile import KeyFileModeError, generate_key_file
from aergo_vc.keys.signatures import (
    TRANSACTION_NAMESPACE,
    SignatureError,
    SignatureNamespaceError,
    check_payload,
    sign_payload,
    verify_commit_signature,
)
from aergo_vc.keys.signer import seed_signer
from aergo_vc.keys.signing_key import file_signer, find_signer

SIGNER = seed_signer(bytes(range(32)))
PAYLOAD = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"


@pytest.mark.parametrize("times", [1, 2, 7, 14])
def test_a05_a_signature_with_a_multiple_of_the_order_added_to_s_is_refused(times: int) -> None:
    good = SIGNER.sign(PAYLOAD)
    s = int.from_bytes(good[32:], "little") + times * edwards.L
    malleable = good[:32] + s.to_bytes(32, "little")
    assert verify(SIGNER.public_key, good, PAYLOAD)
    assert not verify(SIGNER.public_key, malleable, PAYLOAD)
    assert verify_many([(SIGNER.public_key, malleable, PAYLOAD)]) == [False]


def test_a05_a_malleable_commit_signature_is_refused() -> None:
    raw = sign_payload(SIGNER, "git", PAYLOAD)
    s = int.from_bytes(raw[32:], "little") + edwards.L
    armor = encode_signature_armor(SshSignature(SIGNER.public_key, "git", raw[:32] + s.to_bytes(32, "little")))
    with pytest.raises(SignatureError):
        verify_commit_signature(armor[:-1], PAYLOAD)


@pytest.mark.parametrize("raw", edwards.small_order_encodings())
def test_a06_a_public_key_of_small_order_is_refused_however_it_is_encoded(raw: bytes) -> None:
    with pytest.raises(PublicKeyError):
        checked_public_key(raw)
    for number in range(16):
        message = b"%d" % number
        assert not verify(PublicKey(raw), edwards.encode(edwards.NEUTRAL) + bytes(32), message)
        assert not verify(PublicKey(raw), edwards.forge(0, 5, message, key=raw, r=five_times_base()), message)


def five_times_base() -> bytes:
    return edwards.encode(edwards.multiply(5, edwards.BASE))


def test_a06_the_library_alone_would_take_one_signature_for_every_message() -> None:
    neutral = edwards.encode(edwards.NEUTRAL)
    signature = five_times_base() + (5).to_bytes(32, "little")
    for number in range(16):
        Ed25519PublicKey.from_public_bytes(neutral).verify(signature, b"%d" % number)
        assert not verify(PublicKey(neutral), signature, b"%d" % number)


def test_a06_there_are_fourteen_encodings_of_small_order() -> None:
    assert len(edwards.small_order_encodings()) == 14


@pytest.mark.parametrize("small", edwards.small_order_encodings())
def test_a06_an_r_of_small_order_is_refused_though_the_equation_holds(small: bytes) -> None:
    secret = 77
    key = checked_public_key(edwards.encode(edwards.multiply(secret, edwards.BASE)))
    signature = edwards.forge(secret, 0, b"message", key=key, r=small)
    assert not verify(key, signature, b"message")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("excess", range(19))
def test_a07_a_point_whose_y_is_not_below_p_is_refused(excess: int, sign: int) -> None:
    raw = edwards.encode_parts(edwards.P + excess, sign)
    with pytest.raises(PublicKeyError):
        checked_public_key(raw)
    assert not is_strict(raw, SIGNER.sign(b""))
    assert not is_strict(SIGNER.public_key, raw + bytes(32))


def test_a07_a_key_that_is_no_point_is_refused() -> None:
    y = next(y for y in range(2, 100) if not edwards.points_at(y))
    raw = edwards.encode_parts(y, 0)
    with pytest.raises(PublicKeyError, match="not a point"):
        checked_public_key(raw)
    for equation in (openssl_equation(), sodium_equation()):
        assert equation is None or not equation(raw, SIGNER.sign(b""), b"")


def test_a08_a_commit_signature_does_not_serve_for_a_transaction() -> None:
    raw = sign_payload(SIGNER, "git", PAYLOAD)
    assert check_payload(SIGNER.public_key, "git", PAYLOAD, raw)
    for namespace in (TRANSACTION_NAMESPACE, "aergo-block", "gitx", "gi"):
        assert not check_payload(SIGNER.public_key, namespace, PAYLOAD, raw)


def test_a08_a_transaction_signature_does_not_serve_for_a_commit() -> None:
    raw = sign_payload(SIGNER, TRANSACTION_NAMESPACE, PAYLOAD)
    honest = encode_signature_armor(SshSignature(SIGNER.public_key, TRANSACTION_NAMESPACE, raw))[:-1]
    with pytest.raises(SignatureNamespaceError):
        verify_commit_signature(honest, PAYLOAD)
    relabelled = encode_signature_armor(SshSignature(SIGNER.public_key, "git", raw))[:-1]
    with pytest.raises(SignatureError):
        verify_commit_signature(relabelled, PAYLOAD)


def test_a08_a_signature_over_the_bare_message_serves_in_no_namespace() -> None:
    assert not check_payload(SIGNER.public_key, TRANSACTION_NAMESPACE, PAYLOAD, SIGNER.sign(PAYLOAD))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a09_a_signature_of_another_key_type_is_refused(kind: str) -> None:
    armor = shared_vector(f"{kind}.sig")
    with pytest.raises(SignatureFormatError, match="expected ssh-ed25519"):
        verify_commit_signature(armor.removesuffix("\n"), shared_vector("signed-data").encode())


def shared_vector(name: str) -> str:
    for parent in Path(__file__).parents:
        folder = parent / "shared/vectors/sshsig"
        if folder.is_dir():
            return (folder / name).read_text()
    pytest.skip("shared/vectors is absent")


def test_a09_a_signature_that_is_relabelled_to_another_hash_or_reserved_field_is_refused(tmp_path: Path) -> None:
    generate_key_file(tmp_path / "key", "test")
    (tmp_path / "data").write_bytes(PAYLOAD)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-O", "hashalg=sha256", "-f", "key", "data"]
    subprocess.run(command, cwd=tmp_path, check=True, env={"PATH": os.defpath}, capture_output=True)
    with pytest.raises(SignatureFormatError, match="expected sha512"):
        verify_commit_signature((tmp_path / "data.sig").read_text().removesuffix("\n"), PAYLOAD)


@pytest.mark.parametrize(
    "line",
    [
        "cert-authority {key}",
        'namespaces="git" {key}',
        'valid-before="20200101Z" {key}',
        "* {key}",
        "{key} comment",
        "{key}\n* {key}",
        "{key}\r",
        "alice,* {key}",
    ],
)
def test_a10_key_text_carries_nothing_but_the_key(line: str) -> None:
    with pytest.raises(KeyFormatError):
        decode_key_text(line.format(key=encode_key_text(SIGNER.public_key)))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a11_a_private_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    generate_key_file(path, "test")
    path.chmod(mode)
    with pytest.raises(KeyFileModeError, match=f"{mode:04o}"):
        file_signer(path)


def test_a11_a_private_key_shows_in_no_representation(tmp_path: Path) -> None:
    seed = bytes(range(100, 132))
    generate_key_file(tmp_path / "key", "test", entropy=lambda size: seed[:size])
    signer = file_signer(tmp_path / "key")
    assert signer.public_key == seed_signer(seed).public_key
    for text in (repr(signer), str(signer)):
        assert seed.hex() not in text
        assert repr(seed)[2:20] not in text


def test_a12_a_signing_key_that_reads_as_a_command_runs_nothing(tmp_path: Path) -> None:
    for text in (f"!touch {tmp_path}/pwned", f"key::!touch {tmp_path}/pwned", f"$(touch {tmp_path}/pwned)"):
        with pytest.raises(InputError):
            find_signer(text)
    assert not (tmp_path / "pwned").exists()
