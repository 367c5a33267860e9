"""Whose signatures git shows as good: the keys of the directory's entities, in a file for ssh-keygen.

The file names the directory's head that it was made from, so that it is cheap to tell whether it is out of date.
"""

from contextlib import suppress
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.directory.authorities import read_authority
from aergo_vc.ledger.history import ledger_at
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.objects.locks import AERGO_FOLDER
from aergo_vc.repository.workspace import Workspace

_PRINCIPAL_DIGITS = 16
_SIGNERS = "allowed_signers"


def signers_file(workspace: Workspace) -> Path:
    """Where the keys are written."""
    return workspace.folder / _SIGNERS


def is_our_signers_file(value: str) -> bool:
    """Whether a path, of this clone or of where it lay before, is that of such a file."""
    return Path(value).parts[-2:] == (AERGO_FOLDER, _SIGNERS)


def refresh_signers(workspace: Workspace) -> bool:
    """Write the keys of the directory's entities for git to look up; returns whether anything changed.

    The lines are made from raw keys alone: no text of the directory stands in them (threat A10).  A principal is the
    beginning of its key.
    """
    head = workspace.directory_head()
    lines = [_origin(head)]
    for key in sorted(_directory_keys(workspace, head)):
        principal = f"aergo-{key.hex()[:_PRINCIPAL_DIGITS]}"
        lines.append(f'{principal} namespaces="git" {encode_key_text(key)}\n')
    path, data = signers_file(workspace), "".join(lines).encode()
    if path.exists() and path.read_bytes() == data:
        return False
    make_directories(path.parent)
    replace_file(path, data)
    return True


def follow_directory(workspace: Workspace, head: ObjectId) -> None:
    """Bring the keys up to the directory's `head` where they are installed; a file that cannot be written stays."""
    with suppress(OSError):
        with signers_file(workspace).open("r", encoding="utf-8", errors="replace") as file:
            is_current = file.readline() == _origin(head)
        if not is_current:
            refresh_signers(workspace)


def _origin(head: ObjectId | None) -> str:
    return f"# directory {head}\n"


def _directory_keys(workspace: Workspace, head: ObjectId | None) -> set[bytes]:
    """The valid keys of all entities; none where there is no directory yet, or one that cannot be read."""
    if head is None:
        return set()
    try:
        block = ledger_at(workspace.writer, head)
        authority = read_authority(workspace.writer, workspace.nodes, block, block.genesis.slot)
    except AergoError:
        return set()
    return {bytes(key) for entity in authority.entities.values() for key in entity.keys}
