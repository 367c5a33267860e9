"""SSH signatures of commits and of payloads: made as OpenSSH makes them, verified more strictly than it does.

A signature counts in one namespace only: a commit's never passes for a transaction's, nor the other way round.
"""

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import PublicKey
from aergo_vc.codec.sshsig import SshSignature, decode_signature_armor, encode_signature_armor, signed_message
from aergo_vc.keys.ed25519 import SignedMessage, checked_public_key, verify
from aergo_vc.keys.signer import Signer

COMMIT_NAMESPACE = "git"
"""The namespace in which git signs commits and tags."""

TRANSACTION_NAMESPACE = "aergo-tx"
"""The namespace in which transactions are signed."""


class SignatureError(InvalidError):
    """A signature is not its key's for these bytes."""

    code = "E_SIGNATURE"


class SignatureNamespaceError(InvalidError):
    """A signature was made for another purpose."""

    code = "E_SIGNATURE_NAMESPACE"


def sign_commit_payload(signer: Signer, payload: bytes) -> str:
    """The value of the header ``gpgsig`` for a commit whose bytes without that header are `payload`.

    It is the armor without its last line feed, the same bytes that ``git commit -S`` stores.
    """
    raw = sign_payload(signer, COMMIT_NAMESPACE, payload)
    return encode_signature_armor(SshSignature(signer.public_key, COMMIT_NAMESPACE, raw))[:-1]


def commit_signature(armor: str, payload: bytes) -> SignedMessage:
    """What is left to `verify` of a commit's signature, its spelling, namespace and key being in order.

    `armor` is the value of ``gpgsig``, as from `sign_commit_payload`.  Raises SignatureFormatError for any other
    spelling, SignatureNamespaceError, or PublicKeyError for a key that no ledger may hold.
    """
    signature = decode_signature_armor(armor + "\n")
    if signature.namespace != COMMIT_NAMESPACE:
        raise SignatureNamespaceError(
            f"signature is for the namespace {signature.namespace}, expected {COMMIT_NAMESPACE}",
            found=signature.namespace,
            expected=COMMIT_NAMESPACE,
        )
    key = checked_public_key(signature.public_key)
    return key, signature.signature, signed_message(COMMIT_NAMESPACE, payload)


def verify_commit_signature(armor: str, payload: bytes) -> PublicKey:
    """The key that signed `payload`.  Raises what `commit_signature` raises, or SignatureError if it did not."""
    key, raw, message = commit_signature(armor, payload)
    if not verify(key, raw, message):
        raise SignatureError(f"signature does not verify under the key {key.hex()}", key=key.hex())
    return key


def sign_payload(signer: Signer, namespace: str, message: bytes) -> bytes:
    """The raw 64-byte signature over the SSHSIG envelope of `message` (SHA-512) in `namespace`."""
    return signer.sign(signed_message(namespace, message))


def check_payload(public_key: PublicKey, namespace: str, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is `public_key`'s for `message` in `namespace`, as `sign_payload` makes it."""
    return verify(public_key, signature, payload_message(namespace, message))


def payload_message(namespace: str, message: bytes) -> bytes:
    """The bytes that `sign_payload` signs: what `verify_many` and `SignatureChecker` are to be given."""
    return signed_message(namespace, message)
