"""A client of ssh-agent (RFC 9987, formerly draft-miller-ssh-agent): lists Ed25519 keys and signs with one.

Each call makes a connection of its own.  Answers are parsed strictly; a signature is verified before it is returned.
"""

import socket
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.errors import FormatError, RepositoryError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import KEY_TYPE, SIGNATURE_BYTES, decode_key_blob, encode_key_blob
from aergo_vc.codec.sshwire import Reader, pack_string
from aergo_vc.keys.ed25519 import PublicKeyError, checked_public_key, verify

_FAILURE = 5
_REQUEST_IDENTITIES = 11
_IDENTITIES_ANSWER = 12
_SIGN_REQUEST = 13
_SIGN_RESPONSE = 14
_NO_FLAGS = bytes(4)
_ANSWER_BYTES = 256 << 10
_TIMEOUT_SECONDS = 60.0


class AgentError(RepositoryError):
    """The agent cannot be reached, refuses, or answers what the protocol does not allow."""

    code = "E_AGENT"


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key that an agent holds, with the comment that it was added under (foreign text)."""

    public_key: PublicKey
    comment: str


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent behind the UNIX socket `path`.

    `timeout` is in seconds and covers each wait, a user's confirmation of a signature included.
    """

    path: Path
    timeout: float = _TIMEOUT_SECONDS

    def identities(self) -> tuple[AgentKey, ...]:
        """The Ed25519 keys that the agent holds, in its order; others are left out.  Raises AgentError."""
        reader = self._ask(bytes([_REQUEST_IDENTITIES]), _IDENTITIES_ANSWER)
        try:
            pairs = [(reader.string(), reader.string()) for _ in range(reader.uint32())]
            reader.end()
        except FormatError as error:
            raise self._malformed(error) from error
        return tuple(key for blob, comment in pairs if (key := _agent_key(blob, comment)) is not None)

    def sign(self, public_key: PublicKey, message: bytes) -> bytes:
        """The raw 64-byte signature of `message`.  Raises AgentError if the agent gives none that verifies."""
        request = b"".join(
            (bytes([_SIGN_REQUEST]), pack_string(encode_key_blob(public_key)), pack_string(message), _NO_FLAGS)
        )
        reader = self._ask(request, _SIGN_RESPONSE)
        try:
            inner = Reader(reader.string(), "signature from the agent")
            reader.end()
            inner.name(KEY_TYPE)
            signature = inner.sized_string(SIGNATURE_BYTES)
            inner.end()
        except FormatError as error:
            raise self._malformed(error) from error
        if not verify(public_key, signature, message):
            raise AgentError(f"signature from the agent at {self.path} does not verify", path=str(self.path))
        return signature

    def _ask(self, request: bytes, expected: int) -> Reader:
        """The answer to `request` behind its type byte, which must be `expected`."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self.timeout)
                connection.connect(str(self.path))
                connection.sendall(pack_string(request))
                length = int.from_bytes(self._receive(connection, 4), "big")
                if not 0 < length <= _ANSWER_BYTES:
                    raise AgentError(f"agent at {self.path} announces an answer of {length} bytes", path=str(self.path))
                answer = self._receive(connection, length)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AgentError(f"cannot talk to the agent at {self.path}: {reason}", path=str(self.path)) from error
        if answer[0] == _FAILURE:
            raise AgentError(f"agent at {self.path} refuses the request", path=str(self.path))
        if answer[0] != expected:
            raise AgentError(f"agent at {self.path} answers {answer[0]}, expected {expected}", path=str(self.path))
        return Reader(answer[1:], "answer of the agent")

    def _receive(self, connection: socket.socket, length: int) -> bytes:
        content = bytearray()
        while len(content) < length:
            part = connection.recv(length - len(content))
            if not part:
                raise AgentError(f"agent at {self.path} closes the connection early", path=str(self.path))
            content += part
        return bytes(content)

    def _malformed(self, error: FormatError) -> AgentError:
        return AgentError(f"agent at {self.path} answers against the protocol: {error}", path=str(self.path))


def _agent_key(blob: bytes, comment: bytes) -> AgentKey | None:
    try:
        return AgentKey(checked_public_key(decode_key_blob(blob)), comment.decode("utf-8", "replace"))
    except (FormatError, PublicKeyError):
        return None


@dataclass(frozen=True, slots=True)
class AgentSigner:
    """Signs with a key that an agent holds."""

    public_key: PublicKey
    agent: Agent

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte signature of `message`.  Raises AgentError."""
        return self.agent.sign(self.public_key, message)
