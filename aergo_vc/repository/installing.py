"""Set a clone up for its ledger, and undo it: hooks, attributes, the hidden state, the signers that git shows as good.

Everything is written into the git directory; what a user has set stays.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from aergo_vc.ledger.history import has_ledger
from aergo_vc.objects.discovery import read_settings
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.objects.worktree import Worktree
from aergo_vc.repository.entrances import place_entrances, remove_entrances
from aergo_vc.repository.hooks import (
    HOOKS,
    NotInstallableError,
    Program,
    hook_text,
    other_folder,
    place_hooks,
    remove_hooks,
)
from aergo_vc.repository.identity import Settings
from aergo_vc.repository.signers import is_our_signers_file, refresh_signers, signers_file
from aergo_vc.repository.workspace import Workspace

SIGNERS_SETTING = "gpg.ssh.allowedsignersfile"
"""Where git looks up whose SSH signatures are good (git-config(1))."""

ATTRIBUTES_LINE = "ledger/** -text -filter -ident -eol -working-tree-encoding merge=aergo"
"""Keeps filters, line-end rules and merges by lines away from blocks, above anything that a commit says.

In a clone without the driver, ``ledger/.gitattributes`` alone counts, and says ``-merge``.
"""

_BEGIN, _END = "# git-aergo begins", "# git-aergo ends"


def install(workspace: Workspace, settings: Settings, program: Program) -> tuple[str, ...]:
    """Put in place what is missing and say what; nothing where all is there.  Raises NotInstallableError."""
    return tuple(_install(workspace, settings, program))


def uninstall(workspace: Workspace, settings: Settings) -> tuple[str, ...]:
    """Take away what `install` put in place, and say what.  Keys, pending transactions and the ledger stay."""
    return tuple(_uninstall(workspace, settings))


def hook_line(name: str, program: Program) -> str:
    """The line that another manager's hook needs in order to call ours."""
    command = hook_text(name, program).splitlines()[-1].removeprefix("exec ")
    return f"{command} || exit $?"


def _install(workspace: Workspace, settings: Settings, program: Program) -> Iterator[str]:
    yield from place_hooks(workspace, program)
    elsewhere = other_folder(workspace, settings.get("core.hookspath"))
    if elsewhere is not None:
        for name in HOOKS:
            if not calls_ours(elsewhere / name, name):
                yield f"to do: core.hooksPath hides our hooks; add to {elsewhere / name}: {hook_line(name, program)}"
    try:
        if _set_block(_attributes_file(workspace), [ATTRIBUTES_LINE]):
            yield "attributes of ledger/"
        yield from place_entrances(workspace, settings, program)
        if refresh_signers(workspace):
            yield "keys of the directory for git log --show-signature"
        value = settings.get(SIGNERS_SETTING)
        # A clone may have been moved since.
        if value is None or (is_our_signers_file(value) and value != str(signers_file(workspace))):
            workspace.set({SIGNERS_SETTING: str(signers_file(workspace))})
            yield "setting gpg.ssh.allowedSignersFile"
        if _hide_state(workspace):
            yield "ledger/state hidden from the worktree"
    except OSError as error:
        raise NotInstallableError(f"{error.filename} cannot be written: {error.strerror}") from error


def _uninstall(workspace: Workspace, settings: Settings) -> Iterator[str]:
    yield from remove_hooks(workspace)
    try:
        if _set_block(_attributes_file(workspace), []):
            yield "attributes of ledger/"
        yield from remove_entrances(workspace)
        if is_our_signers_file(settings.get(SIGNERS_SETTING) or ""):
            workspace.set({SIGNERS_SETTING: None})
            yield "setting gpg.ssh.allowedSignersFile"
        if signers_file(workspace).exists():
            signers_file(workspace).unlink()
            yield "keys of the directory for git log --show-signature"
        if workspace.paths.work_tree is not None and state_is_hidden(workspace):
            Worktree(workspace.paths, workspace.surroundings.variables).show_state(workspace.refs.read("HEAD"))
            yield "hiding of ledger/state"
    except OSError as error:
        raise NotInstallableError(f"{error.filename} cannot be written: {error.strerror}") from error


def state_is_hidden(workspace: Workspace) -> bool:
    """Whether the state's chunks are kept out of this worktree."""
    own = read_settings(workspace.paths.git_dir / "config.worktree")
    settings = read_settings(workspace.paths.common_dir / "config") | own
    if settings.get("core.sparsecheckout", "false").lower() != "true":
        return False
    try:
        patterns = (workspace.paths.git_dir / "info" / "sparse-checkout").read_text("utf-8").splitlines()
    except OSError:
        return False
    return "!/ledger/state/" in patterns


def _hide_state(workspace: Workspace) -> bool:
    head = workspace.refs.read("HEAD")
    if workspace.paths.work_tree is None or head is None or state_is_hidden(workspace):
        return False
    if not has_ledger(workspace.light, head):
        return False
    return Worktree(workspace.paths, workspace.surroundings.variables).hide_state(head)


def calls_ours(hook: Path, name: str) -> bool:
    """Whether a hook of another manager's calls ours."""
    try:
        return f" hook {name}" in hook.read_text("utf-8", "replace")
    except OSError:
        return False


def _attributes_file(workspace: Workspace) -> Path:
    return workspace.paths.common_dir / "info" / "attributes"


def _set_block(path: Path, lines: list[str]) -> bool:
    """Make the marked block of a file hold `lines`, or vanish; returns whether the file changed."""
    try:
        old = path.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        old = ""
    kept, inside = [], False
    for line in old.splitlines():
        inside = (inside or line == _BEGIN) and line != _END
        if not inside and line != _END:
            kept.append(line)
    block = [_BEGIN, *lines, _END] if lines else []
    new = "".join(f"{line}\n" for line in [*kept, *block])
    if new == old or (not old and not new):
        return False
    make_directories(path.parent)
    if new:
        replace_file(path, os.fsencode(new))
    else:
        path.unlink()
    return True
