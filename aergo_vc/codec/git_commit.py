"""Commit objects: bytes <-> values.

`decode_commit` reads the commit of a block, which has one spelling only: ``tree``, ``parent`` lines, ``author``,
``committer``, one signature, an empty line, the message; UTF-8; dates in seconds with a zone.  Everything that
programs are known to read differently (repeated or unknown headers, encodings, NUL, re-wrapped armor) is refused.
`read_links` takes out of any commit what a walk needs.
"""

import base64
import binascii
import re
from dataclasses import dataclass, replace

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import ObjectId

LAST_SECOND = 2**53
"""The latest date that a commit of a block may carry, in seconds since 1970: exact in every program's numbers."""

UTC = "+0000"
"""The zone of every date that this program writes; git writes its user's own."""

_ARMOR_COLUMNS = 70  # as ssh-keygen wraps (PROTOCOL.sshsig leaves it open)
_ARMOR_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_ARMOR_END = "-----END SSH SIGNATURE-----"


class CommitFormatError(FormatError):
    """A commit object is not the canonical spelling of a block's commit."""

    code = "E_COMMIT_FORMAT"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and when.  `seconds` since 1970; the zone says only how to show them."""

    name: str
    email: str
    seconds: int
    zone: str = UTC


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit of a block.  `signature` is an armored SSH signature without a line feed at its end, or None."""

    tree: ObjectId
    parents: tuple[ObjectId, ...]
    author: Identity
    committer: Identity
    message: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class CommitLinks:
    """What any commit points to."""

    tree: ObjectId
    parents: tuple[ObjectId, ...]


_ZONE = r"(?!-0000)[+-](?:0[0-9]|1[0-4])[0-5][0-9]"
_PERSON = rf"([^<> \n\r\0](?:[^<>\n\r\0]*[^<> \n\r\0])?) <([^<> \n\r\0]+)> (0|[1-9][0-9]{{0,15}}) ({_ZONE})"
_HEADER = {
    digits: re.compile(
        rf"tree ([0-9a-f]{{{digits}}})\n((?:parent [0-9a-f]{{{digits}}}\n)*)author {_PERSON}\ncommitter {_PERSON}\n"
        rf"(?:{label} ([^\n]*(?:\n [^\n]*)*)\n)?\n"
    )
    for digits, label in ((40, "gpgsig"), (64, "gpgsig-sha256"))
}
_LINKS = re.compile(rb"tree ([0-9a-f]{40}|[0-9a-f]{64})\n((?:parent (?:[0-9a-f]{40}|[0-9a-f]{64})\n)*)")


def signature_header(id_digits: int) -> str:
    """The header that git keeps a commit's signature in, by the number of hexadecimal digits of its ids.

    (git's commit.c: ``gpgsig`` in SHA-1 repositories, ``gpgsig-sha256`` in SHA-256 ones.)
    """
    return "gpgsig" if id_digits == 40 else "gpgsig-sha256"  # noqa: PLR2004


def encode_commit(commit: Commit) -> bytes:
    """The bytes of `commit`, canonical.  Raises `CommitFormatError` for a value that has no canonical spelling."""
    data = _spell(commit)
    if _parse(data) != commit:
        raise CommitFormatError("the values cannot stand in a block's commit")
    return data


def signed_payload(commit: Commit) -> bytes:
    """The bytes that the signature of `commit` covers: the commit without its signature header."""
    return encode_commit(replace(commit, signature=None))


def decode_commit(data: bytes) -> Commit:
    """The value of a block's commit.  Raises `CommitFormatError` unless it is signed, once, and canonical."""
    commit = _parse(data)
    if commit.signature is None:
        raise CommitFormatError("the commit carries no signature header where a block has one")
    _require_canonical_armor(commit.signature)
    if _spell(commit) != data:
        raise CommitFormatError("the commit is not spelled canonically")
    return commit


def decode_payload(data: bytes) -> Commit:
    """The value of a block's commit that is about to be signed, from `signed_payload`.  Raises `CommitFormatError`."""
    commit = _parse(data)
    if commit.signature is not None or _spell(commit) != data:
        raise CommitFormatError("the commit carries a signature before it is signed")
    return commit


def read_links(data: bytes) -> CommitLinks:
    """Tree and parents of any commit, whatever its other headers.  Raises `CommitFormatError`."""
    match = _LINKS.match(data)
    if match is None:
        raise CommitFormatError("the commit does not begin with its tree and parents")
    return CommitLinks(ObjectId(match[1].decode()), _parents(match[2].decode()))


def _spell(commit: Commit) -> bytes:
    lines = [f"tree {commit.tree}"]
    lines += [f"parent {parent}" for parent in commit.parents]
    for role, who in (("author", commit.author), ("committer", commit.committer)):
        lines.append(f"{role} {who.name} <{who.email}> {who.seconds} {who.zone}")
    if commit.signature is not None:
        lines.append(signature_header(len(commit.tree)) + " " + commit.signature.replace("\n", "\n "))
    try:
        return ("\n".join(lines) + "\n\n" + commit.message).encode()
    except UnicodeEncodeError as error:
        raise CommitFormatError("the commit holds text that is not Unicode") from error


def _parse(data: bytes) -> Commit:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CommitFormatError("the commit is not UTF-8", position=error.start) from error
    if "\0" in text or "\r" in text:
        raise CommitFormatError("the commit holds a NUL or a carriage return")
    match = _HEADER[64 if text[45:46] != "\n" else 40].match(text)
    if match is None:
        raise CommitFormatError("the commit's headers are not exactly tree, parents, author, committer, signature")
    tree, parents, *people, signature = match.groups()
    author, committer = _identity(people[:4]), _identity(people[4:])
    armor = None if signature is None else signature.replace("\n ", "\n")
    return Commit(ObjectId(tree), _parents(parents), author, committer, text[match.end() :], armor)


def _parents(lines: str) -> tuple[ObjectId, ...]:
    return tuple(ObjectId(line[len("parent ") :]) for line in lines.splitlines())


def _identity(fields: list[str]) -> Identity:
    name, email, digits, zone = fields
    seconds = int(digits)
    if seconds > LAST_SECOND:
        raise CommitFormatError(f"the commit's date {seconds} is beyond {LAST_SECOND}", seconds=seconds)
    return Identity(name, email, seconds, zone)


def _require_canonical_armor(armor: str) -> None:
    """One armor for one signature: otherwise anybody could give a signed commit another id without the key."""
    begin, *body, end = armor.split("\n") if armor.count("\n") > 1 else ("", "", "")
    try:
        blob = base64.b64decode("".join(body).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise CommitFormatError("the commit's signature is not base64") from error
    again = base64.b64encode(blob).decode()
    lines = [again[at : at + _ARMOR_COLUMNS] for at in range(0, len(again), _ARMOR_COLUMNS)]
    if (begin, body, end) != (_ARMOR_BEGIN, lines, _ARMOR_END):
        raise CommitFormatError("the commit's signature is not one canonically wrapped SSH signature")
