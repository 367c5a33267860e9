"""Who this clone signs as: an entity of the directory, its key, the name and address for git."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import EntityName
from aergo_vc.base.names import entity_name
from aergo_vc.keys.agent import Agent
from aergo_vc.keys.keyfile import generate_key_file
from aergo_vc.keys.signer import Signer
from aergo_vc.keys.signing_key import find_signer
from aergo_vc.ledger.author import Author
from aergo_vc.objects.durable import make_directories
from aergo_vc.objects.git import Git
from aergo_vc.repository.errors import NoSignerError, storage_errors
from aergo_vc.repository.workspace import Workspace

ENTITY_SETTING = "aergo.entity"
KEY_SETTING = "aergo.key"


@dataclass(frozen=True)
class Settings:
    """The settings of git that this program reads, by full name; the last value of each counts."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """The value of a setting, or None."""
        return self.values.get(name.lower())


def read_settings(workspace: Workspace) -> Settings:
    """The user's, the system's and the repository's settings together, as git sees them."""
    git = Git(workspace.paths, workspace.surroundings.variables, user_config=True)
    text = git.run("config", "--null", "--show-scope", "--list").output.decode("utf-8", "replace")
    fields = text.split("\0")
    # The scope "command" is ours: what switches dangerous settings off for children.
    pairs = [item.partition("\n") for scope, item in zip(fields[::2], fields[1::2], strict=False) if scope != "command"]
    return Settings({name: value for name, _, value in pairs})


class Identity:
    """The entity that this clone acts for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @cached_property
    def settings(self) -> Settings:
        """Git's settings."""
        return read_settings(self._workspace)

    @cached_property
    def entity(self) -> EntityName:
        """The entity that ``aergo.entity`` names; raises NoSignerError."""
        name = self.settings.get(ENTITY_SETTING)
        if name is None:
            raise NoSignerError("this clone acts for no entity: aergo.entity is not set", setting=ENTITY_SETTING)
        return entity_name(name)

    @cached_property
    def signer(self) -> Signer:
        """Whoever holds the key that ``aergo.key`` names; raises NoSignerError, SignerMissingError, KeyFileError."""
        key = self.settings.get(KEY_SETTING)
        if key is None:
            raise NoSignerError("this clone has no key to sign with: aergo.key is not set", setting=KEY_SETTING)
        return resolve_signer(self._workspace, key)

    @cached_property
    def author(self) -> Author:
        """The signer under the name and address that git would put on a commit."""
        name = _clean(self.settings.get("user.name") or "") or self.entity
        email = _clean(self.settings.get("user.email") or "").replace(" ", "") or f"{self.entity}@localhost"
        return Author(self.signer, name, email)


def resolve_signer(workspace: Workspace, key: str) -> Signer:
    """The signer that a path or a public key means; a relative path counts from the common git directory."""
    surroundings = workspace.surroundings
    socket = surroundings.variables.get("SSH_AUTH_SOCK")
    agent = Agent(Path(socket)) if socket else None
    if not key.startswith(("key::", "ssh-", "~", "/")):
        key = str(workspace.paths.common_dir / key)
    return find_signer(key, agent=agent, home=surroundings.home)


def suggested_entity(settings: Settings) -> EntityName:
    """An entity's name made from the user's address or name."""
    text = (settings.get("user.email") or "").partition("@")[0] or settings.get("user.name") or ""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return entity_name(plain or "founder")


def _clean(text: str) -> str:
    """A name or an address without what a commit's header cannot hold."""
    return re.sub(r"[<>\x00-\x1f\x7f]", "", text).strip()


@storage_errors()
def settle(workspace: Workspace, entity: str | None, key: str | None) -> None:
    """Decide who this clone acts for, and write it into its settings: what is set already stays unless it is given.

    Without a key given or set, the user's own signing key is taken if it is Ed25519 and at hand, else one is made
    under ``aergo/keys`` in the git directory.  Raises StorageError.
    """
    settings = read_settings(workspace)
    name = entity_name(entity) if entity else None
    if name is None and settings.get(ENTITY_SETTING) is None:
        name = suggested_entity(settings)
    who = name or entity_name(settings.get(ENTITY_SETTING) or "")
    if key is not None:
        resolve_signer(workspace, key)
    elif settings.get(KEY_SETTING) is None:
        key = _own_signing_key(workspace, settings) or _made_key(workspace, who)
    wanted = {ENTITY_SETTING: name, KEY_SETTING: key}
    changed = {name: value for name, value in wanted.items() if value is not None and settings.get(name) != value}
    if changed:
        workspace.set(changed)


def _own_signing_key(workspace: Workspace, settings: Settings) -> str | None:
    key = settings.get("user.signingkey")
    if key is None or settings.get("gpg.format") != "ssh":
        return None
    try:
        resolve_signer(workspace, key)
    except AergoError:
        return None
    return key


def _made_key(workspace: Workspace, entity: EntityName) -> str:
    path = workspace.folder / "keys" / entity
    if not path.exists():
        make_directories(path.parent)
        generate_key_file(path, entity, entropy=workspace.surroundings.entropy)
    return str(path.relative_to(workspace.paths.common_dir))
