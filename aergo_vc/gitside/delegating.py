"""Let git merge where no ledger takes part, so that everything comes out as without us: files, index, words, statuses.

git offers its own strategy to other programs only through the porcelain, so that is what runs: once more, without
committing, with git's own strategy by name.  What it leaves behind for a commit is taken away again, because the git
that waits for us writes its own.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.git_tree import TreeFormatError
from aergo_vc.gitside.calls import Call
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.store import ObjectStore

_OWN_STRATEGY = "ort"
_CONFLICT, _FAILED = 1, 2
_LEFT_BEHIND = ("MERGE_HEAD", "MERGE_MODE", "MERGE_MSG")
_CONFLICTS_HINT = re.compile(rb"\n([^\s\w]{1,4}) Conflicts:\n(?:\1\t[^\n]*\n)*\Z")

# The git that called us does these itself, once, afterwards.
_SETTINGS = ("-c", "rerere.enabled=false", "-c", "advice.mergeConflict=false")
_MERGE = (
    "merge",
    f"--strategy={_OWN_STRATEGY}",
    "--no-commit",
    "--no-ff",
    "--no-squash",
    "--no-stat",
    "--no-autostash",
    "--no-verify-signatures",
    "--allow-unrelated-histories",
)


@dataclass(frozen=True, slots=True)
class _Said:
    status: int
    out: bytes
    err: bytes


def merge_as_git(call: Call, paths: GitPaths, objects: ObjectStore, variables: Mapping[str, str]) -> int:
    """Merge with git's own strategy; returns the exit status for git: 0, 1 for conflicts, 2 if it cannot."""
    options = [f"--strategy-option={option}" for option in call.options]
    if call.name is not None:
        return _merge(options, _named(call, variables), paths, variables)
    mainline = _mainline(call, objects)
    if mainline is not None:
        return _pick([*options, *mainline], call, paths, variables)
    words = [*(f"--{option}" for option in call.options), *call.bases, "--", call.ours, call.theirs]
    done = _run(["merge-recursive", *words], variables)
    _say(done.out, done.err)
    return done.status


def _merge(options: Sequence[str], source: str, paths: GitPaths, variables: Mapping[str, str]) -> int:
    done = _run([*_MERGE, *options, source], variables)
    for name in _LEFT_BEHIND:
        (paths.git_dir / name).unlink(missing_ok=True)
    # The last line says how the whole ended, and git will say so again.
    if done.status == 0:
        _say(done.out, _without_last_line(done.err))
    elif done.status == _CONFLICT:
        _say(_without_last_line(done.out), done.err)
    else:
        _say(done.out, _without_last_line(done.err))
    return done.status if done.status in (0, _CONFLICT) else _FAILED


def _pick(options: Sequence[str], call: Call, paths: GitPaths, variables: Mapping[str, str]) -> int:
    message = paths.git_dir / "MERGE_MSG"
    before = _read(message)
    quiet = {name: value for name, value in variables.items() if name != "GIT_CHERRY_PICK_HELP"}
    done = _run(["cherry-pick", "--no-commit", f"--strategy={_OWN_STRATEGY}", *options, call.theirs], quiet)
    hint = _CONFLICTS_HINT.search(_read(message) or b"") if done.status == _CONFLICT else None
    if before is None:
        message.unlink(missing_ok=True)
    else:
        message.write_bytes(before + (b"" if hint is None else hint[0]))
    if done.status == _CONFLICT:
        _say(done.out, b"")
        return _CONFLICT
    if done.status == 0:
        _say(b"" if is_rebasing(paths) else done.out, done.err)  # a rebase tells of conflicts only
        return 0
    _say(done.out, _without_last_line(done.err))
    return _FAILED


def is_rebasing(paths: GitPaths) -> bool:
    """Whether a rebase is going on in this worktree."""
    return (paths.git_dir / "rebase-merge").exists()


def _named(call: Call, variables: Mapping[str, str]) -> str:
    """What to call the source, so that conflict markers name it as the user did."""
    name = call.name or call.theirs
    if name.startswith("-"):
        return call.theirs
    found = _run(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], variables)
    return name if found.out.decode("ascii", "replace").strip() == call.theirs else call.theirs


def _mainline(call: Call, objects: ObjectStore) -> Sequence[str] | None:
    """The option that names the parent which a pick is against; None if the call is no pick."""
    try:
        parents = read_links(objects.read_commit(call.theirs)).parents
    except TreeFormatError:
        return None
    if len(parents) <= 1:
        return () if list(parents) == list(call.bases) or not parents else None
    base = call.bases[0] if call.bases else ObjectId("")
    return (f"--mainline={parents.index(base) + 1}",) if base in parents else None


def _run(words: Sequence[str], variables: Mapping[str, str]) -> _Said:
    command = ["git", *_SETTINGS, *words]
    done = subprocess.run(command, env=variables, capture_output=True, check=False)
    return _Said(done.returncode, done.stdout, done.stderr)


def _say(out: bytes, err: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(err)
    sys.stderr.buffer.flush()


def _without_last_line(text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[:-1])


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
