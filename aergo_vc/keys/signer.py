"""Signers: a private key in memory, in a file or with an agent, and how git's ``user.signingKey`` names one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import KEY_TYPE, KeyFormatError, decode_key_text, encode_key_text
from aergo_vc.keys.agent import Agent, AgentError, AgentSigner
from aergo_vc.keys.ed25519 import PublicKeyError, checked_public_key
from aergo_vc.keys.keyfile import KeyFile, KeyFileError, Passphrase, open_key_file, read_key_file, read_public_key_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LITERAL = "key::"


class Signer(Protocol):
    """Whoever can sign under one Ed25519 key."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte Ed25519 signature of `message`."""
        ...


class SignerMissingError(InputError):
    """No private key is at hand for the key that was named."""

    code = "E_KEY_MISSING"


@dataclass(frozen=True, slots=True)
class FileSigner:
    """Signs with a private key that was read into memory."""

    public_key: PublicKey
    private_key: "Ed25519PrivateKey" = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte signature of `message`."""
        return self.private_key.sign(message)


def file_signer(path: Path, passphrase: Passphrase | None = None) -> FileSigner:
    """The signer of the OpenSSH private key file `path`; `passphrase` is asked only if the file is encrypted.

    Raises what `read_key_file` and `open_key_file` raise.
    """
    return _open_signer(read_key_file(path), passphrase)


def seed_signer(seed: bytes) -> FileSigner:
    """The signer of a 32-byte Ed25519 seed (the private key of RFC 8032)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    private_key = Ed25519PrivateKey.from_private_bytes(seed)
    return FileSigner(checked_public_key(private_key.public_key().public_bytes_raw()), private_key)


def find_signer(
    signing_key: str,
    *,
    agent: Agent | None = None,
    passphrase: Passphrase | None = None,
    home: Path | None = None,
) -> Signer:
    """The signer that git's ``user.signingKey`` names.

    `signing_key` is a path to a private key file, a path to a public one (the private one lies beside it or with the
    agent), or the public key itself as ``key::ssh-ed25519 AAAA…`` or ``ssh-ed25519 AAAA…`` (with the agent); a
    comment may follow it.  A leading ``~/`` stands for `home`.  The agent is asked before a passphrase is.

    Raises SignerMissingError if no private key is at hand, KeyFileError if a file cannot be used.
    """
    if signing_key.startswith((_LITERAL, "ssh-")):
        return _literal_signer(signing_key.removeprefix(_LITERAL), agent)
    path = _expanded(signing_key, home)
    if path.suffix == ".pub":
        return _public_file_signer(path, agent, passphrase)
    return _private_file_signer(read_key_file(path), agent, passphrase)


def _literal_signer(text: str, agent: Agent | None) -> Signer:
    try:
        public_key = checked_public_key(decode_key_text(" ".join(text.split(" ", 2)[:2])))
    except (KeyFormatError, PublicKeyError) as error:
        raise SignerMissingError(f"signing key is not of type {KEY_TYPE}: {error}") from error
    signer = _agent_signer(public_key, agent)
    if signer is None:
        raise _missing(public_key, agent)
    return signer


def _public_file_signer(path: Path, agent: Agent | None, passphrase: Passphrase | None) -> Signer:
    public_key = read_public_key_file(path)
    private_path = path.with_suffix("")
    if not private_path.exists():
        signer = _agent_signer(public_key, agent)
        if signer is None:
            raise _missing(public_key, agent)
        return signer
    file = read_key_file(private_path)
    if file.public_key != public_key:
        raise KeyFileError(f"{private_path} does not hold the key of {path}", path=str(private_path))
    return _private_file_signer(file, agent, passphrase)


def _private_file_signer(file: KeyFile, agent: Agent | None, passphrase: Passphrase | None) -> Signer:
    if file.encrypted:
        try:
            signer = _agent_signer(file.public_key, agent)
        except AgentError:
            signer = None
        if signer is not None:
            return signer
    return _open_signer(file, passphrase)


def _open_signer(file: KeyFile, passphrase: Passphrase | None) -> FileSigner:
    signer = seed_signer(open_key_file(file, passphrase))
    if signer.public_key != file.public_key:
        raise KeyFileError(f"{file.path} is damaged: private and public key differ", path=str(file.path))
    return signer


def _agent_signer(public_key: PublicKey, agent: Agent | None) -> AgentSigner | None:
    if agent is None or all(key.public_key != public_key for key in agent.identities()):
        return None
    return AgentSigner(public_key, agent)


def _missing(public_key: PublicKey, agent: Agent | None) -> SignerMissingError:
    where = "there is no agent" if agent is None else f"the agent at {agent.path} does not hold it"
    text = encode_key_text(public_key)
    return SignerMissingError(f"no private key for {text}: {where}", key=text)


def _expanded(text: str, home: Path | None) -> Path:
    if text.startswith("~/") and home is not None:
        return home / text[2:]
    return Path(text)
