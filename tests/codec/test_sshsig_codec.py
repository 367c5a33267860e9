"""SSH signatures and keys as bytes and text: one spelling each."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.sshsig import (
    KeyFormatError,
    SignatureFormatError,
    SshSignature,
    decode_key_blob,
    decode_key_text,
    decode_signature,
    decode_signature_armor,
    encode_key_blob,
    encode_key_text,
    encode_signature,
    encode_signature_armor,
    signed_message,
)

NAMESPACES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
SIGNATURES = st.builds(
    SshSignature, st.binary(min_size=32, max_size=32), NAMESPACES, st.binary(min_size=64, max_size=64)
)
EXAMPLE = SshSignature(bytes(range(32)), "git", bytes(range(64)))


def field(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def blob(**changes: bytes) -> bytes:
    """The example's blob with some of its parts replaced."""
    parts = {
        "magic": b"SSHSIG",
        "version": b"\0\0\0\1",
        "key": field(encode_key_blob(EXAMPLE.public_key)),
        "namespace": field(b"git"),
        "reserved": field(b""),
        "hash": field(b"sha512"),
        "signature": field(field(b"ssh-ed25519") + field(EXAMPLE.signature)),
        "end": b"",
    }
    return b"".join((parts | changes).values())


@given(SIGNATURES)
def test_a_signature_comes_back_from_its_bytes_and_its_armor(value: SshSignature) -> None:
    assert decode_signature(encode_signature(value)) == value
    assert decode_signature_armor(encode_signature_armor(value)) == value


def test_the_layout_is_that_of_the_protocol() -> None:
    assert encode_signature(EXAMPLE) == blob()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"magic": b"SSHSIH"}, "does not begin with SSHSIG"),
        ({"version": b"\0\0\0\2"}, "version 2"),
        ({"key": field(field(b"ssh-rsa") + field(bytes(32)))}, "'ssh-rsa', expected ssh-ed25519"),
        ({"key": field(field(b"sk-ssh-ed25519@openssh.com") + field(bytes(32)))}, "expected ssh-ed25519"),
        ({"key": field(field(b"ssh-ed25519") + field(bytes(31)))}, "31 bytes, expected 32"),
        ({"key": field(encode_key_blob(bytes(32)) + b"\0")}, "1 bytes too many"),
        ({"namespace": field(b"")}, "namespace"),
        ({"namespace": field(b"git\n")}, "namespace"),
        ({"namespace": field("gït".encode())}, "namespace"),
        ({"namespace": field(b"g" * 65)}, "namespace"),
        ({"reserved": field(b"x")}, "reserved"),
        ({"hash": field(b"sha256")}, "'sha256', expected sha512"),
        ({"signature": field(field(b"ssh-rsa") + field(bytes(64)))}, "'ssh-rsa'"),
        ({"signature": field(field(b"ssh-ed25519") + field(bytes(65)))}, "65 bytes, expected 64"),
        ({"signature": field(field(b"ssh-ed25519") + field(bytes(64)) + b"\0")}, "1 bytes too many"),
        ({"signature": b"\xff\xff\xff\xff"}, "ends early"),
        ({"end": b"\0"}, "1 bytes too many"),
    ],
)
def test_a_blob_that_departs_from_the_protocol_is_refused(changes: dict[str, bytes], message: str) -> None:
    with pytest.raises(SignatureFormatError) as caught:
        decode_signature(blob(**changes))
    assert message in caught.value.message


@given(st.integers(min_value=0, max_value=len(blob()) - 1))
def test_a_blob_cut_short_is_refused(length: int) -> None:
    with pytest.raises(SignatureFormatError):
        decode_signature(blob()[:length])


@given(st.data())
def test_whatever_decodes_is_spelled_as_the_encoder_spells_it(data: st.DataObject) -> None:
    armor = encode_signature_armor(EXAMPLE)
    start = data.draw(st.integers(0, len(armor)))
    end = data.draw(st.integers(start, min(len(armor), start + 3)))
    changed = armor[:start] + data.draw(st.text("\n\r =A/-", max_size=3)) + armor[end:]
    try:
        value = decode_signature_armor(changed)
    except SignatureFormatError:
        assert changed != armor
    else:
        assert encode_signature_armor(value) == changed


ARMOR = encode_signature_armor(EXAMPLE)
BODY = "".join(ARMOR.splitlines()[1:-1])


@pytest.mark.parametrize(
    "armor",
    [
        "",
        ARMOR[:-1],
        ARMOR + "\n",
        ARMOR + "x",
        "\n" + ARMOR,
        ARMOR.replace("\n", "\r\n"),
        ARMOR.replace("\n-----END", "\n\n-----END"),
        ARMOR.replace("SIGNATURE-----\n", "SIGNATURE-----\n\n", 1),
        f"-----BEGIN SSH SIGNATURE-----\n{BODY}\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n" + BODY[:76] + "\n" + BODY[76:] + "\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        ARMOR.replace("SSH SIGNATURE", "SSH MESSAGE"),
        ARMOR.replace(BODY[:8], "é" + BODY[1:8]),
    ],
)
def test_armor_in_another_spelling_is_refused(armor: str) -> None:
    with pytest.raises(SignatureFormatError):
        decode_signature_armor(armor)


def test_base64_with_stray_bits_in_its_padding_is_refused() -> None:
    text = encode_signature_armor(SshSignature(EXAMPLE.public_key, "gi", EXAMPLE.signature))
    stray = next(
        text.replace("==\n", f"{letter}==\n").replace(text[text.index("==") - 1] + letter, letter)
        for letter in "BCDEFGH"
        if letter != text[text.index("==") - 1]
    )
    assert base64.b64decode("".join(stray.splitlines()[1:-1]))
    with pytest.raises(SignatureFormatError, match="canonical"):
        decode_signature_armor(stray)


@pytest.mark.parametrize(
    "value", [SshSignature(bytes(31), "git", bytes(64)), SshSignature(bytes(32), "git", bytes(63))]
)
def test_a_value_of_the_wrong_size_is_not_encoded(value: SshSignature) -> None:
    with pytest.raises(FormatError):
        encode_signature(value)


def test_the_signed_message_holds_namespace_hash_and_digest() -> None:
    digest = bytes.fromhex(
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    )
    assert signed_message("git", b"") == b"SSHSIG" + field(b"git") + field(b"") + field(b"sha512") + field(digest)


@given(st.binary(min_size=32, max_size=32))
def test_a_public_key_comes_back_from_its_blob_and_its_text(key: bytes) -> None:
    assert decode_key_blob(encode_key_blob(key)) == key
    assert decode_key_text(encode_key_text(key)) == key


TEXT = encode_key_text(EXAMPLE.public_key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ",
        TEXT + " comment",
        TEXT + "\n",
        " " + TEXT,
        "cert-authority " + TEXT,
        TEXT.replace(" ", "  "),
        TEXT[:-4],
        TEXT.replace("ssh-ed25519", "ssh-rsa"),
        "ssh-ed25519 " + base64.b64encode(field(b"ssh-rsa") + field(bytes(32))).decode(),
    ],
)
def test_key_text_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        decode_key_text(text)
