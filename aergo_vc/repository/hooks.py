"""The hooks of a clone: stubs in git's own folder for hooks, a user's own hook kept and called first.

Never touches ``core.hooksPath``, and never puts a hook where a commit could change it (threats J01, J02, X37).
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from aergo_vc.base.errors import RepositoryError
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.repository import quick_stubs
from aergo_vc.repository.workspace import Workspace

HOOKS = ("pre-push", "prepare-commit-msg", "post-merge")
"""The hooks that git-aergo has."""

BEFORE = ".before-aergo"
"""What a user's own hook gets behind its name while ours is in its place."""

_HEAD = """\
#!/bin/sh
# Put here by `git aergo install`.  Absolute paths and -I: nothing that lies in the worktree is ever imported.
"""
_CALL = 'exec @PYTHON@ -I @GIT_AERGO@ hook {name} "$@"\n'
_QUICK = {"prepare-commit-msg": quick_stubs.PREPARE_COMMIT_MSG, "post-merge": quick_stubs.POST_MERGE}

# pre-commit moves a hook that it finds to this name, and still calls it.
_LEGACY = ".legacy"


class NotInstallableError(RepositoryError):
    """The clone's folders for hooks or settings cannot be written."""

    code = "E_INSTALL"


@dataclass(frozen=True, slots=True)
class Program:
    """What a hook starts: a Python interpreter and the script of git-aergo, both by absolute paths."""

    python: Path
    script: Path


class Presence(Enum):
    """What stands where a hook of ours belongs."""

    MISSING = auto()
    OTHERS = auto()
    OURS = auto()


@dataclass(frozen=True, slots=True)
class Placed:
    """A hook's place and what stands there; `runs` tells whether git can and will run it."""

    name: str
    path: Path
    presence: Presence
    runs: bool
    programs: tuple[str, ...]


def hook_template(name: str) -> str:
    """The text of a hook with ``@PYTHON@`` and ``@GIT_AERGO@`` for the paths."""
    return _HEAD + _QUICK.get(name, "") + _CALL.format(name=name)


def hook_text(name: str, program: Program) -> str:
    """The text of a hook."""
    text = hook_template(name).replace("@PYTHON@", shlex.quote(str(program.python)))
    return text.replace("@GIT_AERGO@", shlex.quote(str(program.script)))


def place_hooks(workspace: Workspace, program: Program) -> Iterator[str]:
    """Put the hooks in place; yields what was done, nothing for those that are there already.

    Raises NotInstallableError.
    """
    _require_outside(workspace, program)
    folder = hooks_folder(workspace)
    if _inside_worktree(workspace, folder):
        raise NotInstallableError(f"{folder} leads into the worktree: a commit could change hooks there")
    for name in HOOKS:
        path = folder / name
        text = hook_text(name, program)
        if _is_up_to_date(path, text):
            continue
        try:
            make_directories(folder)
            kept = _keep_others(path)
            replace_file(path, text.encode())
            path.chmod(0o755)
        except OSError as error:
            raise NotInstallableError(f"{path} cannot be written: {error.strerror}", path=str(path)) from error
        yield f"hook {name}" + (f", which calls {kept.name} first" if kept is not None else "")


def remove_hooks(workspace: Workspace) -> Iterator[str]:
    """Take our hooks away and put a user's own ones back; yields what was done.  Raises NotInstallableError."""
    folder = hooks_folder(workspace)
    for name in HOOKS:
        for path in (folder / name, folder / f"{name}{_LEGACY}"):
            if not _is_ours(path):
                continue
            kept = path.with_name(f"{name}{BEFORE}")
            try:
                path.unlink()
                if os.path.lexists(kept):
                    kept.rename(path)
            except OSError as error:
                raise NotInstallableError(f"{path} cannot be removed: {error.strerror}", path=str(path)) from error
            yield f"hook {name}"


def placed_hooks(workspace: Workspace) -> tuple[Placed, ...]:
    """What stands where our hooks belong."""
    return tuple(_placed(hooks_folder(workspace), name) for name in HOOKS)


def hooks_folder(workspace: Workspace) -> Path:
    """Git's own folder for hooks, which all worktrees share."""
    return workspace.paths.common_dir / "hooks"


def other_folder(workspace: Workspace, setting: str | None) -> Path | None:
    """The folder that ``core.hooksPath`` names (githooks(5): relative to where hooks run), unless it is git's own."""
    if not setting:
        return None
    home = workspace.surroundings.home
    text = str(home / setting[2:]) if setting.startswith("~/") and home is not None else setting
    top = workspace.paths.work_tree or workspace.paths.git_dir
    folder = Path(os.path.realpath(top / text))
    return None if folder == hooks_folder(workspace).resolve() else folder


def _placed(folder: Path, name: str) -> Placed:
    path = folder / name
    legacy = folder / f"{name}{_LEGACY}"
    ours = next((candidate for candidate in (path, legacy) if _is_ours(candidate)), None)
    if ours is None:
        presence = Presence.OTHERS if os.path.lexists(path) else Presence.MISSING
        return Placed(name, path, presence, runs=False, programs=())
    words = shlex.split(ours.read_text("utf-8", "replace").splitlines()[-1])
    runs = os.access(ours, os.X_OK) and (ours == path or os.access(path, os.X_OK))
    return Placed(name, ours, Presence.OURS, runs, (words[1], words[3]))


def _is_ours(path: Path) -> bool:
    """Whether `path` is a hook of ours that nobody has changed."""
    name = path.name.removesuffix(_LEGACY)
    # Without the quick part: what earlier versions wrote.
    patterns = [re.escape(text) for text in (hook_template(name), _HEAD + _CALL.format(name=name))]
    for place in ("@PYTHON@", "@GIT_AERGO@"):
        patterns = [pattern.replace(re.escape(place), "[^\n]+") for pattern in patterns]
    try:
        text = "" if path.is_symlink() else path.read_text("utf-8", "replace")
    except OSError:
        return False
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def _is_up_to_date(path: Path, text: str) -> bool:
    for candidate in (path, path.with_name(path.name + _LEGACY)):
        try:
            same = not candidate.is_symlink() and candidate.read_bytes() == text.encode()
        except OSError:
            continue
        if same and os.access(candidate, os.X_OK):
            return True
    return False


def _keep_others(path: Path) -> Path | None:
    """Move a user's own hook out of the way; returns where it is now, or None if there is none."""
    kept = path.with_name(path.name + BEFORE)
    if os.path.lexists(path) and not _is_ours(path):
        if os.path.lexists(kept):
            raise NotInstallableError(f"both {path} and {kept} exist: remove one", path=str(path))
        path.rename(kept)
    return kept if os.path.lexists(kept) else None


def _require_outside(workspace: Workspace, program: Program) -> None:
    for path in (program.python, program.script):
        if not path.is_absolute() or not path.is_file():
            raise NotInstallableError(f"{path} is no program by an absolute path: hooks could not call it")
    if _inside_worktree(workspace, program.script) and not _inside_environment(program):
        raise NotInstallableError(f"{program.script} lies in the worktree: a commit could change it")


def _inside_environment(program: Program) -> bool:
    """Whether the script lies beside its interpreter, as in a virtual environment that a developer keeps there."""
    return program.script.parent == program.python.parent


def _inside_worktree(workspace: Workspace, path: Path) -> bool:
    tree, git_dir = workspace.paths.work_tree, workspace.paths.common_dir
    real = Path(os.path.realpath(path))
    if tree is None or real.is_relative_to(git_dir):
        return False
    return real.is_relative_to(Path(os.path.realpath(tree)))
