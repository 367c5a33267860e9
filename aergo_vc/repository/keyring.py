"""The keys that a clone can sign with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.base.names import entity_name
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.keys.keyfile import generate_key_file, read_key_file
from aergo_vc.objects.durable import make_directories
from aergo_vc.repository.identity import KEY_SETTING, Identity, suggested_entity
from aergo_vc.repository.workspace import Workspace

_OUTSIDE = "aergo.key"
_INSIDE = "this clone"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key: `public_key` is OpenSSH's text without a comment, `source` says where the key was found.

    `path` is the private key's file, None where an agent holds it.  `current` marks the one that signs.
    """

    path: Path | None
    public_key: str
    comment: str
    source: str
    current: bool


def make_key(workspace: Workspace, identity: Identity, name: str | None) -> KeyInfo:
    """Make a key under ``aergo/keys`` of the git directory; it comes into use if no other is.

    Without a name, the user's address suggests one.  Raises KeyFileExistsError, NameNotAllowedError.
    """
    chosen = suggested_entity(identity.settings) if name is None else entity_name(name)
    path = _folder(workspace) / chosen
    make_directories(path.parent)
    path.parent.chmod(0o700)
    key = generate_key_file(path, chosen, entropy=workspace.surroundings.entropy)
    unset = identity.settings.get(KEY_SETTING) is None
    if unset:
        workspace.set({KEY_SETTING: str(path.relative_to(workspace.paths.common_dir))})
    return KeyInfo(path, encode_key_text(key), chosen, _INSIDE, unset)


def list_keys(workspace: Workspace, identity: Identity) -> tuple[KeyInfo, ...]:
    """The keys of this clone by name, then the one in use if it lies elsewhere; unreadable files are left out."""
    current = _current(identity)
    found = [*_keys_inside(workspace, current)]
    if current is not None and all(not info.current for info in found):
        setting = identity.settings.get(KEY_SETTING) or ""
        path = None if setting.startswith(("key::", "ssh-")) else Path(setting)
        found.append(KeyInfo(path, current, "", _OUTSIDE, current=True))
    return tuple(found)


def _current(identity: Identity) -> str | None:
    try:
        return encode_key_text(identity.signer.public_key)
    except AergoError:
        return None


def _keys_inside(workspace: Workspace, current: str | None) -> Iterator[KeyInfo]:
    for path in sorted(_folder(workspace).glob("*")):
        if path.suffix == ".pub":
            continue
        try:
            public_key = encode_key_text(read_key_file(path).public_key)
        except AergoError:
            continue
        yield KeyInfo(path, public_key, path.name, _INSIDE, public_key == current)


def _folder(workspace: Workspace) -> Path:
    return workspace.folder / "keys"
