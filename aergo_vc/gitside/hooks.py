"""The hooks' entrance: ``git-aergo hook NAME ARGUMENT ...``, with git's standard input.

A user's own hook, which `install` moved aside, runs first and decides first.  What is loaded beyond the standard
library is loaded only in repositories that have a ledger.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aergo_vc.base.errors import AergoError

_BEFORE = ".before-aergo"
_RUNNING = "AERGO_HOOK"

_GATES = {
    "pre-push": "aergo_vc.gitside.pushing",
    "prepare-commit-msg": "aergo_vc.gitside.committing",
    "post-merge": "aergo_vc.gitside.merged",
}

REFUSED = 1
MISUSED = 2
INTERRUPTED = 130

# A push can be repeated with --no-verify; from prepare-commit-msg there is no way around, so it lets pass.
_WHEN_UNSURE = {"pre-push": REFUSED, "prepare-commit-msg": 0, "post-merge": 0}


def run(words: Sequence[str]) -> int:
    """Run the hook that `words` name and return its exit status; what is wrong is told on standard error."""
    if not words or words[0] not in _GATES:
        _say(f"{words[0] if words else 'nothing'} is no hook of git-aergo")
        return MISUSED
    name, *arguments = words
    if os.environ.get(_RUNNING) == name:
        return 0  # another hook manager has taken ours for the user's own: it is running already
    stdin = sys.stdin.buffer.read() if name == "pre-push" else b""
    status = _run_users_own(name, arguments, stdin)
    if status:
        return status
    try:
        complaints = importlib.import_module(_GATES[name]).check(arguments, stdin, os.environ)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  (a fault of ours must not keep anybody from working)
        reason = error.message if isinstance(error, AergoError) else f"{type(error).__name__}: {error}"
        _say(f"{name} could not look at the ledger: {reason}")
        return _WHEN_UNSURE[name]
    for complaint in complaints:
        _say(complaint)
    return REFUSED if complaints else 0


def _run_users_own(name: str, arguments: Sequence[str], stdin: bytes) -> int:
    own = _hooks_folder() / f"{name}{_BEFORE}"
    if not os.access(own, os.X_OK):
        return 0
    environment = os.environ | {_RUNNING: name}
    return subprocess.run([str(own), *arguments], input=stdin, env=environment, check=False).returncode


def _hooks_folder() -> Path:
    """Git's own folder for hooks; githooks(5) says that GIT_DIR is set while one runs."""
    git_dir = Path(os.environ.get("GIT_DIR", ".git"))
    try:
        common = git_dir / (git_dir / "commondir").read_text().rstrip("\n")
    except OSError:
        common = git_dir
    return Path(os.path.realpath(common / "hooks"))


def _say(message: str) -> None:
    shown = "".join(character if character.isprintable() else "?" for character in message)
    sys.stderr.write(f"git-aergo: {shown}\n")
