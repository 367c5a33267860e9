"""From a name to a signer: a key file, or what git's ``user.signingKey`` says, with or without an agent."""

from pathlib import Path

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import KEY_TYPE, KeyFormatError, decode_key_text, encode_key_text
from aergo_vc.keys.agent import Agent, AgentError, AgentSigner
from aergo_vc.keys.ed25519 import PublicKeyError, checked_public_key
from aergo_vc.keys.keyfile import KeyFile, KeyFileError, Passphrase, open_key_file, read_key_file, read_public_key_file
from aergo_vc.keys.signer import FileSigner, Signer, seed_signer

_LITERAL = "key::"


class SignerMissingError(InputError):
    """No private key is at hand for the key that was named."""

    code = "E_KEY_MISSING"


def file_signer(path: Path, passphrase: Passphrase | None = None) -> FileSigner:
    """The signer of the OpenSSH private key file `path`; `passphrase` is asked only if the file is encrypted.

    Raises what `read_key_file` and `open_key_file` raise.
    """
    return _open_signer(read_key_file(path), passphrase)


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
