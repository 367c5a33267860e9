"""What can sign: the protocol, and a private key in memory."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aergo_vc.base.ids import PublicKey
from aergo_vc.keys.ed25519 import checked_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer(Protocol):
    """Whoever can sign under one Ed25519 key."""

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte Ed25519 signature of `message`."""
        ...


@dataclass(frozen=True, slots=True)
class FileSigner:
    """Signs with a private key that was read into memory."""

    public_key: PublicKey
    private_key: "Ed25519PrivateKey" = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The raw 64-byte signature of `message`."""
        return self.private_key.sign(message)


def seed_signer(seed: bytes) -> FileSigner:
    """The signer of a 32-byte Ed25519 seed (the private key of RFC 8032)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    private_key = Ed25519PrivateKey.from_private_bytes(seed)
    return FileSigner(checked_public_key(private_key.public_key().public_bytes_raw()), private_key)
