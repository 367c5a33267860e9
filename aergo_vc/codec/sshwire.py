"""The alphabet of OpenSSH's formats: length-prefixed fields (RFC 4251, section 5) and the armor around blobs.

Reading is strict: a field that is cut short, a byte left over, or armor in any spelling other than the one that
OpenSSH writes is a FormatError.
"""

import base64
import binascii
import struct

from aergo_vc.base.errors import FormatError

_ARMOR_COLUMNS = 70
_SHOWN_BYTES = 40


def pack_string(content: bytes) -> bytes:
    """`content` behind its length in four bytes, big-endian."""
    return struct.pack(">I", len(content)) + content


class Reader:
    """Takes fields off the front of a blob; `what` names it in messages, `error` is raised where it breaks a rule."""

    def __init__(self, blob: bytes, what: str, error: type[FormatError] = FormatError) -> None:
        self._blob = blob
        self._what = what
        self._error = error
        self._position = 0

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        end = self._position + length
        if end > len(self._blob):
            raise self._error(f"{self._what} ends early: {len(self._blob)} bytes, expected at least {end}")
        content = self._blob[self._position : end]
        self._position = end
        return content

    def uint32(self) -> int:
        """The next four bytes as an unsigned integer, big-endian."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """The next length-prefixed field."""
        return self.take(self.uint32())

    def name(self, expected: str) -> None:
        """Takes a length-prefixed field that must read `expected`."""
        found = self.string()
        if found != expected.encode("ascii"):
            shown = ascii(found[:_SHOWN_BYTES].decode("ascii", "replace"))
            raise self._error(f"{self._what} names {shown}, expected {expected}", found=shown, expected=expected)

    def sized_string(self, length: int) -> bytes:
        """The next length-prefixed field, which must have `length` bytes."""
        content = self.string()
        if len(content) != length:
            raise self._error(f"{self._what} has a field of {len(content)} bytes, expected {length}")
        return content

    def end(self) -> None:
        """Refuses the blob unless every byte has been taken."""
        left = len(self._blob) - self._position
        if left:
            raise self._error(f"{self._what} has {left} bytes too many")


def encode_base64(content: bytes) -> str:
    """`content` in base64, padded, on one line."""
    return base64.b64encode(content).decode("ascii")


def decode_base64(text: str, what: str, error: type[FormatError] = FormatError) -> bytes:
    """The bytes that `text` spells.  Raises `error` unless it is their one canonical base64 text."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise error(f"{what} is not base64") from cause
    if encode_base64(content) != text:
        raise error(f"{what} is not canonical base64")
    return content


def encode_armor(label: str, blob: bytes) -> str:
    """`blob` in base64 at 70 columns between BEGIN and END lines, the last line feed included."""
    text = encode_base64(blob)
    lines = [text[start : start + _ARMOR_COLUMNS] for start in range(0, len(text), _ARMOR_COLUMNS)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def decode_armor(label: str, armor: str, error: type[FormatError] = FormatError) -> bytes:
    """The blob in `armor`.  Raises `error` for every text but the one that `encode_armor` makes of the blob."""
    begin, end = f"-----BEGIN {label}-----\n", f"\n-----END {label}-----\n"
    if not armor.startswith(begin) or not armor.endswith(end) or len(armor) < len(begin) + len(end):
        raise error(f"armor does not stand between the lines BEGIN and END {label}")
    blob = decode_base64(armor[len(begin) : -len(end)].replace("\n", ""), f"armor of {label}", error)
    if encode_armor(label, blob) != armor:
        raise error(f"armor of {label} is not wrapped at {_ARMOR_COLUMNS} columns")
    return blob
