"""Examine a clone: the programs it needs, its settings, its hooks, its key, its place in time."""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aergo_vc.base.errors import AergoError
from aergo_vc.directory.authorities import Authorities, read_authority
from aergo_vc.ledger.history import ledger_at
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.objects.discovery import read_settings
from aergo_vc.objects.git import MINIMUM_VERSION, Git, too_old
from aergo_vc.repository.entrances import entrance_findings, is_our_setting
from aergo_vc.repository.errors import NotRepairableError
from aergo_vc.repository.findings import Finding, Level
from aergo_vc.repository.hooks import HOOKS, Placed, Presence, other_folder, placed_hooks
from aergo_vc.repository.identity import KEY_SETTING, Identity
from aergo_vc.repository.installing import calls_ours, state_is_hidden
from aergo_vc.repository.repairing import Mishap, describe_damage, find_damage
from aergo_vc.repository.workspace import Workspace

_MENDED = {39: 4, 40: 2, 41: 1, 42: 2, 43: 4, 44: 1, 45: 1}
"""The first git 2.x.y by x without the defects of May 2024 (CVE-2024-32002 and its like); later x have none."""

_REQUIRED = {"dulwich": (1, 2, 21), "apsw": (3, 54, 1, 0)}

_RUNS_A_PROGRAM = re.compile(
    r"core\.(?:askpass|editor|fsmonitor|gitproxy|pager|sshcommand|alternaterefscommand)|alias\..*|browser\..*\.cmd"
    r"|credential(?:\..*)?\.helper|diff\.external|diff\..*\.(?:command|textconv)|difftool\..*\.cmd"
    r"|filter\..*\.(?:clean|process|smudge)|gpg(?:\..*)?\.program|hook\..*\.command|interactive\.difffilter"
    r"|man\..*\.cmd|merge\..*\.driver|mergetool\..*\.cmd|pager\..*|remote\..*\.(?:receivepack|uploadpack|vcs)"
    r"|sequence\.editor|ssh\.variant|trailer\..*\.(?:cmd|command)|uploadpack\.packobjectshook"
)
"""Settings of git that name a program, or a shell's command, which git then runs (threat J04)."""

_LEADS_AWAY = re.compile(r"include(?:if\..*)?\.path|core\.(?:attributesfile|excludesfile|hookspath|worktree)")
"""Settings that make git read or run what lies elsewhere."""

_HARMLESS = frozenset(("", "true", "false"))
_SLOTS_OF_GRACE = 2


def examine(workspace: Workspace, identity: Identity) -> tuple[Finding, ...]:
    """What is wrong with a clone, or may become so: what concerns the programs first."""
    findings = [*_programs(workspace), *_repository(workspace), *_dangerous(workspace), *_hooks(workspace, identity)]
    findings += entrance_findings(workspace)
    return (*findings, *_signer(workspace, identity), *_time(workspace), *_head(workspace))


def git_findings(found: tuple[int, int, int]) -> Iterator[Finding]:
    """What is wrong with a version of git."""
    text = ".".join(map(str, found))
    major, minor, patch = found
    if (major, minor) < MINIMUM_VERSION:
        yield Finding(Level.ERROR, "git", f"version {text} {too_old()}")
    elif major == MINIMUM_VERSION[0] and (minor < min(_MENDED) or patch < _MENDED.get(minor, 0)):
        yield Finding(Level.WARNING, "git", f"version {text} has known security defects: 2.39.4 or later is advised")


def dangerous_settings(settings: Mapping[str, str]) -> Iterator[Finding]:
    """What a repository's own config makes git run or read."""
    for name, value in sorted(settings.items()):
        if _RUNS_A_PROGRAM.fullmatch(name) and value.lower() not in _HARMLESS:
            if name.startswith("alias.") and not value.startswith("!"):
                continue
            yield Finding(Level.WARNING, name, f"the repository's config makes git run {value!r}")
        elif _LEADS_AWAY.fullmatch(name):
            yield Finding(Level.WARNING, name, f"the repository's config leads to {value!r}")
        elif name.endswith(".url") and value.startswith("ext::"):
            yield Finding(Level.WARNING, name, f"the remote's address is a command: {value!r}")


def program_findings(installed: Mapping[str, str | None]) -> Iterator[Finding]:
    """What is wrong with the versions of the packages that must have certain ones; None stands for a missing one."""
    for package, required in _REQUIRED.items():
        text = installed.get(package)
        if text is None:
            yield Finding(Level.ERROR, package, "the package is not installed")
            continue
        found = tuple(int(part) for part in re.findall(r"\d+", text))
        if found < required or (package == "apsw" and found != required):
            expected = ".".join(map(str, required))
            or_later = "" if package == "apsw" else " or later"
            yield Finding(Level.ERROR, package, f"version {text} is installed, {expected}{or_later} is needed")


def _programs(workspace: Workspace) -> Iterator[Finding]:
    yield from git_findings(Git(None, workspace.surroundings.variables).version())
    yield from program_findings({package: _version(package) for package in _REQUIRED})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _repository(workspace: Workspace) -> Iterator[Finding]:
    paths = workspace.paths
    if paths.is_foreign:
        yield Finding(Level.WARNING, str(paths.common_dir), "another user owns the repository")
    if paths.is_shallow:
        yield Finding(Level.WARNING, "history", "the clone is shallow: it cannot be verified from the first block")
    if paths.is_partial:
        yield Finding(Level.NOTE, "objects", "the clone is partial: what is missing is fetched when it is needed")
    if workspace.directory_head() is None:
        yield Finding(Level.WARNING, "directory", f"there is no branch {DIRECTORY_BRANCH}, hence no ledger to serve")
    elif paths.work_tree is not None and not state_is_hidden(workspace):
        yield Finding(Level.NOTE, "ledger/state", "the state's files lie in the worktree, which makes git slow")


def _dangerous(workspace: Workspace) -> Iterator[Finding]:
    own = read_settings(workspace.paths.common_dir / "config")
    own |= read_settings(workspace.paths.git_dir / "config.worktree")
    yield from dangerous_settings({n: v for n, v in own.items() if not is_our_setting(workspace, n, v)})


def _hooks(workspace: Workspace, identity: Identity) -> Iterator[Finding]:
    elsewhere = other_folder(workspace, identity.settings.get("core.hookspath"))
    if elsewhere is not None:
        for name in HOOKS:
            if not calls_ours(elsewhere / name, name):
                message = f"core.hooksPath hides ours, and {elsewhere / name} does not call it"
                yield Finding(Level.ERROR, f"hook {name}", message)
        return
    for placed in placed_hooks(workspace):
        trouble = _hook_trouble(placed)
        if trouble is not None:
            yield Finding(Level.ERROR, f"hook {placed.name}", trouble)


def _hook_trouble(placed: Placed) -> str | None:
    if placed.presence is Presence.MISSING:
        return "it is missing"
    if placed.presence is Presence.OTHERS:
        return f"{placed.path} is not ours, and does not call ours"
    if not placed.runs:
        return f"{placed.path} is not executable"
    missing = [program for program in placed.programs if not Path(program).is_file()]
    return f"it calls {missing[0]}, which is not there" if missing else None


def _signer(workspace: Workspace, identity: Identity) -> Iterator[Finding]:
    try:
        entity, key = identity.entity, identity.signer.public_key
    except AergoError as error:
        yield Finding(Level.WARNING, KEY_SETTING, error.message)
        return
    head = workspace.directory_head()
    if head is None:
        return
    try:
        block = ledger_at(workspace.writer, head)
        known = read_authority(workspace.writer, workspace.nodes, block, block.genesis.slot).entities.get(entity)
    except AergoError as error:
        yield Finding(Level.ERROR, "directory", error.message)
        return
    if known is None:
        yield Finding(Level.WARNING, entity, "the directory knows no entity of this name")
    elif key not in known.keys:
        yield Finding(Level.ERROR, entity, "the key in use is not one of this entity's in the directory")


def _head(workspace: Workspace) -> Iterator[Finding]:
    """What git alone, or a host, did to the ledger of the current branch."""
    try:
        branch = workspace.current_branch()
        directory = workspace.directory_head()
        if directory is None:
            return
        authorities = Authorities(workspace.writer, workspace.nodes, directory)
        damage = find_damage(workspace, authorities, branch)
    except NotRepairableError as error:
        yield Finding(Level.ERROR, "HEAD", error.message)
        return
    except AergoError:
        return  # said by others, or by verify
    if damage is not None:
        level = Level.WARNING if damage.mishap is Mishap.UNMERGED else Level.ERROR
        yield Finding(level, f"branch {branch}", describe_damage(damage))


def _time(workspace: Workspace) -> Iterator[Finding]:
    head = workspace.refs.read("HEAD")
    if head is None:
        return
    try:
        block = ledger_at(workspace.light, head)
    except AergoError:
        return
    ahead = block.header.time - workspace.now()
    if ahead > _SLOTS_OF_GRACE * block.genesis.slot:
        yield Finding(Level.ERROR, "clock", f"the last block lies {ahead // 1000} seconds ahead of it")
