"""OpenSSH key files: the private one (PROTOCOL.key, "openssh-key-v1") and the public one beside it.

Only Ed25519, one key a file.  Files with a passphrase are opened by `cryptography`, which needs the package bcrypt
for that; plain ones are read here, which spares a command its import.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aergo_vc.base.errors import FormatError, InputError, RepositoryError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import KEY_TYPE, decode_key_blob, decode_key_text, encode_key_blob, encode_key_text
from aergo_vc.codec.sshwire import Reader, decode_armor, encode_armor, pack_string
from aergo_vc.keys.ed25519 import PublicKeyError, checked_public_key

Passphrase = Callable[[], bytes]
"""Asks for the passphrase of a key file."""

Entropy = Callable[[int], bytes]
"""Gives as many unpredictable bytes as it is asked for."""

_LABEL = "OPENSSH PRIVATE KEY"
_MAGIC = b"openssh-key-v1\0"
_PLAIN = b"none"
_BLOCK_BYTES = 8
_SEED_BYTES = 32
_FILE_BYTES = 64 << 10


class KeyFileError(InputError):
    """A key file cannot be read or is not an Ed25519 key in OpenSSH's format."""

    code = "E_KEY_FILE"


class KeyFileModeError(KeyFileError):
    """A private key file is open to other users."""

    code = "E_KEY_FILE_MODE"


class KeyFileExistsError(KeyFileError):
    """A key file would be written over."""

    code = "E_KEY_FILE_EXISTS"


class PassphraseError(KeyFileError):
    """A key file needs a passphrase and got none, or a wrong one."""

    code = "E_PASSPHRASE"


class PassphraseSupportError(RepositoryError):
    """This installation cannot open key files with a passphrase."""

    code = "E_PASSPHRASE_SUPPORT"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key file, still closed: what it says without its passphrase."""

    path: Path
    public_key: PublicKey
    encrypted: bool
    content: bytes = field(repr=False)
    private_part: bytes = field(repr=False)


def read_key_file(path: Path) -> KeyFile:
    """The private key file at `path`.

    Raises KeyFileModeError if anybody but its owner may read or write it, KeyFileError if it is missing or not an
    Ed25519 key in OpenSSH's format.
    """
    content = _read_private(path)
    try:
        reader = Reader(decode_armor(_LABEL, content.decode("ascii", "replace")), "private key")
        if reader.take(len(_MAGIC)) != _MAGIC:
            raise KeyFileError(f"{path} is not an OpenSSH private key of version 1", path=str(path))
        cipher, _, _ = reader.string(), reader.string(), reader.string()
        count = reader.uint32()
        if count != 1:
            raise KeyFileError(f"{path} holds {count} keys, expected one", path=str(path))
        public_key = checked_public_key(decode_key_blob(reader.string()))
        private_part = reader.string()
        encrypted = cipher != _PLAIN
        if not encrypted:
            reader.end()
    except (FormatError, PublicKeyError) as error:
        raise KeyFileError(
            f"{path} is not an OpenSSH private key of type {KEY_TYPE}: {error}", path=str(path)
        ) from error
    return KeyFile(path, public_key, encrypted, content, private_part)


def open_key_file(file: KeyFile, passphrase: Passphrase | None) -> bytes:
    """The 32-byte seed in `file`; `passphrase` is asked only if the file is encrypted.

    Raises PassphraseError if there is none or it is wrong, KeyFileError if the file is damaged, and
    PassphraseSupportError if bcrypt is not installed.
    """
    if not file.encrypted:
        try:
            return _read_plain_part(file.private_part, file.public_key)
        except FormatError as error:
            raise KeyFileError(f"{file.path} is damaged: {error}", path=str(file.path)) from error
    if passphrase is None:
        raise PassphraseError(f"{file.path} needs a passphrase", path=str(file.path))
    return _decrypt(file, passphrase())


def _read_plain_part(part: bytes, public_key: PublicKey) -> bytes:
    reader = Reader(part, "private part")
    if reader.take(4) != reader.take(4):
        raise FormatError("check numbers differ")
    reader.name(KEY_TYPE)
    if reader.string() != public_key:
        raise FormatError("public keys differ")
    seed, copy = reader.take(4 + _SEED_BYTES)[4:], reader.take(len(public_key))
    if copy != public_key:
        raise FormatError("public keys differ")
    reader.string()
    return seed


def _decrypt(file: KeyFile, passphrase: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key  # noqa: PLC0415 - slow to import

    try:
        key = load_ssh_private_key(file.content, passphrase)
    except UnsupportedAlgorithm as error:
        raise PassphraseSupportError(f"cannot decrypt {file.path}: {error}", path=str(file.path)) from error
    except (TypeError, ValueError, InvalidTag) as error:
        raise PassphraseError(f"wrong passphrase for {file.path}", path=str(file.path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{file.path} is not a key of type {KEY_TYPE}", path=str(file.path))
    return key.private_bytes_raw()


def read_public_key_file(path: Path) -> PublicKey:
    """The key in a ``.pub`` file: one line of type, key and, maybe, comment.  Raises KeyFileError for any other."""
    try:
        with path.open("rb") as file:
            line = file.read(_FILE_BYTES).decode("utf-8").removesuffix("\n")
        if "\n" in line:
            raise KeyFileError(f"{path} has more than one line, expected one public key", path=str(path))
        return checked_public_key(decode_key_text(" ".join(line.split(" ", 2)[:2])))
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}", path=str(path)) from error
    except (FormatError, PublicKeyError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} is not a public key of type {KEY_TYPE}: {error}", path=str(path)) from error


def public_path(path: Path) -> Path:
    """Where the public key of the private key file `path` lies, as OpenSSH has it."""
    return path.with_name(path.name + ".pub")


def generate_key_file(path: Path, comment: str, *, entropy: Entropy = os.urandom) -> PublicKey:
    """Makes a key and writes it, without a passphrase, to `path` (mode 0600) and its public half to ``path.pub``.

    Each file appears whole or not at all, and nothing is written over.  Raises KeyFileExistsError if either exists,
    InputError if `comment` has control characters, and KeyFileError if the folder cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    if not comment.isprintable():
        raise InputError("comment of a key has control characters, expected printable text")
    seed, check = entropy(_SEED_BYTES), entropy(4)
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    public = public_path(path)
    if public.exists():
        raise KeyFileExistsError(f"{public} exists", path=str(public))
    _write_new(path, encode_private_key(seed, key, comment, check), 0o600)
    try:
        _write_new(public, f"{encode_key_text(key)} {comment}".rstrip() + "\n", 0o644)
    except KeyFileError:
        path.unlink()
        raise
    return checked_public_key(key)


def encode_private_key(seed: bytes, public_key: bytes, comment: str, check: bytes) -> str:
    """The text of a private key file without a passphrase; `check` is four random bytes."""
    part = b"".join(
        (
            check * 2,
            encode_key_blob(public_key),
            pack_string(seed + public_key),
            pack_string(comment.encode("utf-8")),
        )
    )
    padding = bytes(range(1, 1 + -len(part) % _BLOCK_BYTES))
    fields = (_PLAIN, _PLAIN, b"")
    blob = _MAGIC + b"".join(pack_string(content) for content in fields) + (1).to_bytes(4, "big")
    return encode_armor(_LABEL, blob + pack_string(encode_key_blob(public_key)) + pack_string(part + padding))


def _read_private(path: Path) -> bytes:
    """The bytes of `path`, after looking at the mode of the very file that is read."""
    try:
        # A named pipe in the key's place must not hang the caller.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{path} is not a file", path=str(path))
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise KeyFileModeError(
                    f"{path} has mode {mode:04o}, expected 0600: other users must not read a private key",
                    path=str(path),
                    mode=f"{mode:04o}",
                )
            return file.read(_FILE_BYTES)
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}", path=str(path)) from error


def _write_new(path: Path, text: str, mode: int) -> None:
    """Writes a file that must not exist yet: whole under another name first, then linked, which never replaces."""
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            with suppress(OSError):  # what stays behind is a second name for the same file, and no reason to fail
                draft.unlink()
    except FileExistsError as error:
        raise KeyFileExistsError(f"{path} exists", path=str(path)) from error
    except OSError as error:
        raise KeyFileError(f"cannot write {path}: {error.strerror}", path=str(path)) from error
