"""SSH signatures and SSH public keys, Ed25519 only (OpenSSH's PROTOCOL.sshsig, RFC 8709).

A signature in its armor::

    byte[6]  "SSHSIG"
    uint32   1
    string   public key: string "ssh-ed25519", string 32 bytes
    string   namespace
    string   reserved, empty
    string   "sha512"
    string   signature: string "ssh-ed25519", string 64 bytes

The key signs another blob, `signed_message`.  Each value has one spelling: what OpenSSH writes.  Every other one is
refused, since rewriting a signature that stands in a commit would change the commit's id without the key.
"""

import functools
import hashlib
import re
import struct
from dataclasses import dataclass

from aergo_vc.base.errors import FormatError
from aergo_vc.codec.sshwire import Reader, decode_armor, decode_base64, encode_armor, encode_base64, pack_string

KEY_TYPE = "ssh-ed25519"
"""The one key type of a ledger."""

HASH_NAME = "sha512"
"""The one hash that messages are signed under."""

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

_MAGIC = b"SSHSIG"
_VERSION = struct.pack(">I", 1)
_LABEL = "SSH SIGNATURE"
_TYPE_FIELD = pack_string(KEY_TYPE.encode("ascii"))
_NO_RESERVED_SHA512 = pack_string(b"") + pack_string(HASH_NAME.encode("ascii"))
_NAMESPACE = re.compile(r"[!-~]{1,64}")


class SignatureFormatError(FormatError):
    """Bytes or text are not the one spelling of an Ed25519 SSH signature."""

    code = "E_SIGNATURE_FORMAT"


class KeyFormatError(FormatError):
    """Bytes or text are not the one spelling of an Ed25519 SSH public key."""

    code = "E_KEY_FORMAT"


@dataclass(frozen=True, slots=True)
class SshSignature:
    """A signature with what it claims: `public_key` is the raw 32 bytes, unchecked; `signature` the raw 64 bytes.

    `namespace` is 1 to 64 printable ASCII characters without blanks.
    """

    public_key: bytes
    namespace: str
    signature: bytes


def signed_message(namespace: str, message: bytes) -> bytes:
    """The bytes that the key signs for `message` in `namespace`, with the message's SHA-512 inside."""
    digest = pack_string(hashlib.sha512(message).digest())
    return _MAGIC + pack_string(namespace.encode("ascii")) + _NO_RESERVED_SHA512 + digest


def encode_signature(value: SshSignature) -> bytes:
    """The binary form of `value`, without armor.  Raises SignatureFormatError for a value that has none."""
    if len(value.signature) != SIGNATURE_BYTES:
        raise SignatureFormatError(f"signature has {len(value.signature)} bytes, expected {SIGNATURE_BYTES}")
    _check_namespace(value.namespace)
    return b"".join(
        (
            _MAGIC,
            _VERSION,
            pack_string(encode_key_blob(value.public_key)),
            pack_string(value.namespace.encode("ascii")),
            _NO_RESERVED_SHA512,
            pack_string(_TYPE_FIELD + pack_string(value.signature)),
        )
    )


def decode_signature(blob: bytes) -> SshSignature:
    """The signature that `blob` is.  Raises SignatureFormatError for any but an Ed25519 one under SHA-512."""
    reader = Reader(blob, "SSH signature", SignatureFormatError)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise SignatureFormatError("SSH signature does not begin with SSHSIG")
    version = reader.uint32()
    if version != 1:
        raise SignatureFormatError(f"SSH signature has version {version}, expected 1", version=version)
    public_key = _read_key(reader.string(), "SSH signature's public key", SignatureFormatError)
    namespace = reader.string().decode("ascii", "replace")
    _check_namespace(namespace)
    if reader.string():
        raise SignatureFormatError("SSH signature has a reserved field that is not empty")
    reader.name(HASH_NAME)
    inner = Reader(reader.string(), "SSH signature's inner part", SignatureFormatError)
    reader.end()
    inner.name(KEY_TYPE)
    signature = inner.sized_string(SIGNATURE_BYTES)
    inner.end()
    return SshSignature(public_key, namespace, signature)


def encode_signature_armor(value: SshSignature) -> str:
    """`value` as ``ssh-keygen -Y sign`` writes it to a file, the last line feed included."""
    return encode_armor(_LABEL, encode_signature(value))


def decode_signature_armor(armor: str) -> SshSignature:
    """The signature in `armor`.  Raises SignatureFormatError unless it is spelled exactly as OpenSSH does."""
    return decode_signature(decode_armor(_LABEL, armor, SignatureFormatError))


def encode_key_blob(public_key: bytes) -> bytes:
    """The SSH wire form of a raw 32-byte public key.  Raises KeyFormatError for another length."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise KeyFormatError(f"Ed25519 public key has {len(public_key)} bytes, expected {PUBLIC_KEY_BYTES}")
    return _TYPE_FIELD + pack_string(public_key)


def decode_key_blob(blob: bytes) -> bytes:
    """The raw 32 bytes of the Ed25519 public key in SSH wire form, unchecked.  Raises KeyFormatError otherwise."""
    return _read_key(blob, "SSH public key", KeyFormatError)


@functools.lru_cache(maxsize=1024)
def encode_key_text(public_key: bytes) -> str:
    """A raw public key as ``ssh-ed25519 AAAA…``: no options before it, no comment behind it, no line feed."""
    return f"{KEY_TYPE} {encode_base64(encode_key_blob(public_key))}"


@functools.lru_cache(maxsize=1024)
def decode_key_text(text: str) -> bytes:
    """The raw 32 bytes, unchecked, of ``ssh-ed25519 AAAA…``.  Raises KeyFormatError for any other spelling."""
    prefix = f"{KEY_TYPE} "
    if not text.startswith(prefix):
        raise KeyFormatError(f"public key text does not begin with {KEY_TYPE}")
    return decode_key_blob(decode_base64(text.removeprefix(prefix), "public key text", KeyFormatError))


def _read_key(blob: bytes, what: str, error: type[FormatError]) -> bytes:
    reader = Reader(blob, what, error)
    reader.name(KEY_TYPE)
    public_key = reader.sized_string(PUBLIC_KEY_BYTES)
    reader.end()
    return public_key


def _check_namespace(namespace: str) -> None:
    if _NAMESPACE.fullmatch(namespace) is None:
        raise SignatureFormatError("namespace is not 1 to 64 printable ASCII characters without blanks")
