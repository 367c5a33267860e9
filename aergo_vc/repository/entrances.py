"""The entrances from plain git: the settings that name our merge strategy, merge driver and signing program.

All in the clone's own configuration, never in the user's; what stood there before is kept and comes back.
"""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName
from aergo_vc.ledger.history import ledger_at
from aergo_vc.ledger.rules import is_block_of
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.objects.discovery import read_settings
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.objects.locks import AERGO_FOLDER
from aergo_vc.repository import quick_stubs
from aergo_vc.repository.findings import Finding, Level
from aergo_vc.repository.hooks import Program
from aergo_vc.repository.identity import Settings
from aergo_vc.repository.user_settings import SIGNING_FORMATS, marked, marker
from aergo_vc.repository.workspace import Workspace

STRATEGY = "aergo"
"""The name of the merge strategy, whose program is ``git-merge-aergo``."""

DRIVER = "merge-driver"
"""The file in our folder that is the merge driver."""

_SIGNERS = {
    "gpg.program": "sign-openpgp",
    "gpg.ssh.program": "sign-ssh",
    "gpg.x509.program": "sign-x509",
}
_NO_FAST_FORWARD = "--no-ff"
_IF_UNSET = {"pull.rebase": "false", "pull.ff": "true"}
"""Where nothing is set, git refuses to pull what has diverged; and a pull must still be able to go forward."""

_OUR_PROGRAM = re.compile(rf"/.*/{AERGO_FOLDER}/sign-(?:openpgp|ssh|x509)")

_DRIVER_TEXT = """\
#!/bin/sh
# Put here by `git aergo install`.  No merge of lines makes a block: this leaves "ours" untouched, as a conflict.
folder=${0%/*}
told=
if [ -f "$folder/told" ]; then IFS= read -r told <"$folder/told"; fi
if [ "$told" != "$PPID" ]; then
  echo "$PPID" >"$folder/told"
  echo "ledger/ is not merged by lines: take this back (--abort), then use git merge without -s, or git aergo" >&2
fi
exit 1
"""
_SIGNER_HEAD = """\
#!/bin/sh
# Put here by `git aergo install`.  Absolute paths and -I: nothing that lies in the worktree is ever imported.
"""
_SIGNER_CALL = """\
exec {python} -I {script} signing-program {format} "$@"
"""


def place_entrances(workspace: Workspace, settings: Settings, program: Program) -> Iterator[str]:
    """Put programs and settings in place; yields what was done.  Raises OSError."""
    if _write_programs(workspace, program):
        yield "programs for merging and signing"
    own = _own(workspace)
    changes: dict[str, str | None] = {}
    for name, value in _wanted(workspace, settings, own).items():
        if own.get(name) == value and marker(name) in own:
            continue
        if marker(name) not in own:
            changes[marker(name)] = own.get(name, "")
        changes[name] = value
        yield f"setting {name}"
    if changes:
        workspace.set(changes)


def remove_entrances(workspace: Workspace) -> Iterator[str]:
    """Take programs and settings away and put back what was before; yields what was done.  Raises OSError."""
    own = _own(workspace)
    changes: dict[str, str | None] = {}
    for name, before in marked(own).items():
        changes[marker(name)] = None
        if name in own and not _is_as_installed(name, own[name]):
            continue
        changes[name] = before or None
        yield f"setting {name}"
    if changes:
        workspace.set(changes)
    gone = [path for path in _programs(workspace) if path.exists()]
    for path in gone:
        path.unlink()
    (workspace.folder / "told").unlink(missing_ok=True)
    if gone:
        yield "programs for merging and signing"


def follow_branch(workspace: Workspace, branch: BranchName) -> None:
    """Keep a new ledger branch from being fast-forwarded, where the entrances are installed."""
    own = _own(workspace)
    name = f"branch.{branch}.mergeoptions"
    if own.get("pull.twohead") == STRATEGY and name not in own:
        workspace.set({marker(name): "", name: _NO_FAST_FORWARD})


def is_our_setting(workspace: Workspace, name: str, value: str) -> bool:
    """Whether a setting that makes git run a program names one of ours, in this clone."""
    if name == "merge.aergo.driver":
        return value == _driver_command(workspace)
    return name in _SIGNERS and value == str(workspace.folder / _SIGNERS[name])


def entrance_findings(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with the entrances of a clone."""
    own = _own(workspace)
    if own.get("pull.twohead") != STRATEGY:
        yield Finding(Level.ERROR, "pull.twohead", "git merge does not use the strategy aergo")
    if own.get("commit.gpgsign") != "true":
        yield Finding(Level.ERROR, "commit.gpgsign", "git does not ask our signing program")
    for name, file in _SIGNERS.items():
        if own.get(name) != str(workspace.folder / file):
            yield Finding(Level.ERROR, name, "it does not name our signing program")
    if own.get("merge.aergo.driver") != _driver_command(workspace):
        yield Finding(Level.ERROR, "merge.aergo.driver", "it does not name our merge driver")
    for path in _programs(workspace):
        if not os.access(path, os.X_OK):
            yield Finding(Level.ERROR, str(path), "the program is missing or not executable")


def _wanted(workspace: Workspace, settings: Settings, own: Mapping[str, str]) -> Mapping[str, str]:
    wanted = {
        "pull.twohead": STRATEGY,
        "merge.aergo.name": "blocks of a ledger, which no merge of lines makes",
        "merge.aergo.driver": _driver_command(workspace),
        "merge.aergo.recursive": "binary",
        "commit.gpgsign": "true",
    }
    wanted |= {name: str(workspace.folder / file) for name, file in _SIGNERS.items()}
    for name, value in _IF_UNSET.items():
        if settings.get(name) is None or marker(name) in own:
            wanted[name] = own.get(name, value)
    # git asks for a key before it asks our program, unless the format is its default one.
    keyless = settings.get("user.signingkey") is None and settings.get("gpg.ssh.defaultkeycommand") is None
    if settings.get("gpg.format") == "ssh" and keyless:
        wanted["gpg.format"] = SIGNING_FORMATS[0]
    for branch in _ledger_branches(workspace):
        name = f"branch.{branch}.mergeoptions"
        before = own.get(marker(name), own.get(name, ""))
        if _NO_FAST_FORWARD not in before:
            wanted[name] = f"{before} {_NO_FAST_FORWARD}".strip()
    return wanted


def _is_as_installed(name: str, value: str) -> bool:
    """Whether a setting still has what `install` gave it, of this clone or of where it lay before."""
    if name in _SIGNERS:
        return _OUR_PROGRAM.fullmatch(value) is not None
    if name.endswith(".mergeoptions"):
        return _NO_FAST_FORWARD in value
    fixed = {"pull.twohead": STRATEGY, "commit.gpgsign": "true", "gpg.format": SIGNING_FORMATS[0]} | _IF_UNSET
    return name.startswith("merge.aergo.") or value == fixed.get(name)


def _ledger_branches(workspace: Workspace) -> Iterator[BranchName]:
    for branch, head in workspace.local_branches().items():
        try:
            if branch != DIRECTORY_BRANCH and is_block_of(ledger_at(workspace.light, head), branch):
                yield branch
        except AergoError:
            continue


def _write_programs(workspace: Workspace, program: Program) -> bool:
    wrote = False
    for path, text in _texts(workspace, program).items():
        data = text.encode()
        if not path.exists() or path.read_bytes() != data or not os.access(path, os.X_OK):
            make_directories(path.parent)
            replace_file(path, data)
            path.chmod(0o755)
            wrote = True
    return wrote


def _texts(workspace: Workspace, program: Program) -> Mapping[Path, str]:
    python, script = shlex.quote(str(program.python)), shlex.quote(str(program.script))
    texts = {workspace.folder / DRIVER: _DRIVER_TEXT}
    for signing_format in SIGNING_FORMATS:
        quick = quick_stubs.SIGN_FILE if signing_format == "ssh" else quick_stubs.SIGN_STREAM
        call = _SIGNER_CALL.format(python=python, script=script, format=signing_format)
        texts[workspace.folder / f"sign-{signing_format}"] = _SIGNER_HEAD + quick + call
    return texts


def _programs(workspace: Workspace) -> tuple[Path, ...]:
    return tuple(workspace.folder / name for name in (DRIVER, *_SIGNERS.values()))


def _driver_command(workspace: Workspace) -> str:
    """No %P: a file's name must not reach a shell (threat I06)."""
    return f"exec {shlex.quote(str(workspace.folder / DRIVER))} %O %A %B %L"


def _own(workspace: Workspace) -> Mapping[str, str]:
    return read_settings(workspace.paths.common_dir / "config")
