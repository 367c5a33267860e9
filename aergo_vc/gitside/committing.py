"""The hook prepare-commit-msg: an ordinary commit leaves ``ledger/`` as it is in its first parent.

Blocks are made by `git aergo`, which runs no hooks; so whatever changes ``ledger/`` here is a slip (git-facts: this
hook runs even with ``--no-verify``, and the index is what will be committed).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.git import Git

_LEDGER = "ledger"
_UNKNOWN = 128


def check(_arguments: Sequence[str], _stdin: bytes, variables: Mapping[str, str]) -> list[str]:
    """Complaints about the commit that the index holds; empty if it may be made."""
    paths = find_repository(Path.cwd(), variables)
    git = Git(paths, variables)
    # With a pathspec git commits from an index of its own, which it names so.
    index = {name: variables[name] for name in ("GIT_INDEX_FILE",) if name in variables}
    before = _entry(git, "HEAD", index)
    after = _entry(git, git.run("write-tree", "--missing-ok", variables=index).output.decode().strip(), index)
    if before == after:
        return []
    where = "a folder ledger/ that no block made" if before is None else "changes below ledger/"
    return [
        f"the commit would hold {where}, and no block may be made so",
        "take them back with: git restore --staged --worktree ledger; change tables with: git aergo sql",
    ]


def _entry(git: Git, tree: str, index: Mapping[str, str]) -> str | None:
    """What a tree has under the name ``ledger``: mode and id; None for nothing, as before the first commit."""
    done = git.run("ls-tree", "-z", tree, "--", _LEDGER, expected=(0, _UNKNOWN), variables=index)
    if done.status:
        return None
    entry = done.output.decode("utf-8", "replace").rstrip("\0")
    return entry or None
