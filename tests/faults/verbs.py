"""What the fault tests do to a repository, through the public API, with time and randomness as arguments.

The same verb on the same repository at the same time makes the same bytes, so a test knows beforehand where every
reference may stand after a crash: at its old value, or at the one that an undisturbed run gave it.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from git_sandbox import search_path

from aergo_vc.base.errors import AergoError
from aergo_vc.codec.digests import Kind
from aergo_vc.objects.consolidating import MOST_PACKS
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.hooks import Program
from aergo_vc.repository.tips import tip_of
from aergo_vc.repository.watermark import Watermark
from aergo_vc.repository.workspace import Surroundings, Workspace

START = 1_700_000_000_000
"""When the first block of every template is made, in milliseconds."""

SPREAD = 600_000
"""Milliseconds between two verbs: more than any slot."""

ACCOUNTS = 60
PEOPLE = "id,name,born\n" + "".join(f"{number},Person {number},{1900 + number}\n" for number in range(90))


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    time: int

    def now(self) -> int:
        return self.time


class Entropy:
    """Bytes that look random and follow from a seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._seed} {self._count}".encode()).digest(count)


def open_repository(path: Path, time: int, variables: Mapping[str, str], seed: str = "seed") -> Repository:
    """The repository at `path` in a world whose time and randomness are given."""
    surroundings = Surroundings(variables, FixedClock(time), Entropy(f"{seed} {time}"), Path(variables["HOME"]))
    return Repository.open(path, surroundings)


def _init(repository: Repository, folder: Path) -> object:
    return repository.init(name="books", entity="alice").created


def _init_strictly(repository: Repository, folder: Path) -> object:
    return repository.init(name="books", entity="alice", merge=("fail",)).created


def _found_accounts(repository: Repository, folder: Path) -> object:
    rows = ", ".join(f"({number}, 100)" for number in range(ACCOUNTS))
    table = "CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL);"
    script = f"{table} INSERT INTO account VALUES {rows}"
    return repository.sql(script, commit=True).transaction


def _sql(repository: Repository, folder: Path) -> object:
    return repository.sql("UPDATE account SET balance = balance + 1 WHERE id = 7").transaction


def _sql_commit(repository: Repository, folder: Path) -> object:
    return repository.sql("UPDATE account SET balance = balance + 1 WHERE id = 7", commit=True).transaction


def _commit(repository: Repository, folder: Path) -> object:
    done = repository.commit("Seal what waits")
    return done and done.commit


def _import(repository: Repository, folder: Path) -> object:
    return repository.import_files([folder / "people.csv"], commit=True).transaction


def _branch(repository: Repository, folder: Path) -> object:
    return repository.branch("side").height


def _diverge(repository: Repository, folder: Path) -> object:
    """Let a branch and main do something, so that there is something to merge."""
    repository.checkout("side")
    repository.sql("UPDATE account SET balance = balance + 5 WHERE id = 7", commit=True)
    repository.sql("UPDATE account SET balance = 5 WHERE id = 8", commit=True)
    repository.checkout("main")
    return repository.sql("UPDATE account SET balance = 6 WHERE id = 8", commit=True).transaction


def _merge(repository: Repository, folder: Path) -> object:
    return len(repository.merge("side").transactions)


def _continue(repository: Repository, folder: Path) -> object:
    return len(repository.continue_merge().transactions)


def _merge_later(repository: Repository, folder: Path) -> object:
    return len(repository.merge("side", commit=False).transactions)


def _resolve(repository: Repository, folder: Path) -> object:
    return len(repository.resolve_sql("UPDATE account SET balance = 5 WHERE id = 8").conflicts)


def _cherry_pick(repository: Repository, folder: Path) -> object:
    picked = repository.cherry_pick(["side@-1"])
    return len(picked.transactions + picked.standing)


def _revert(repository: Repository, folder: Path) -> object:
    return repository.revert("main@2").submitted is not None


def _resubmit(repository: Repository, folder: Path) -> object:
    return len(repository.resubmit(["main@3"], commit=True).transactions)


def _press_button(repository: Repository, folder: Path) -> object:
    """Merge as a host does by its button, which takes the other side's ``ledger/`` over."""
    home = folder.parent / "home"
    date = {"GIT_AUTHOR_DATE": "1699999000 +0000", "GIT_COMMITTER_DATE": "1699999000 +0000"}

    def git(*words: str) -> str:
        command, environment = ["git", *words], sealed_variables(home) | date
        done = subprocess.run(command, cwd=folder / "repository", env=environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    commit = git("commit-tree", "side^{tree}", "-p", "main", "-p", "side", "-m", "Merge pull request #1")
    git("reset", "--quiet", "--hard", commit)
    return commit


def _repair(repository: Repository, folder: Path) -> object:
    done = repository.repair(replay=True)
    return done.mishap


def _install(repository: Repository, folder: Path) -> object:
    return repository.install(Program(Path(sys.executable), folder.parent / "bin" / "git-aergo"))


def _signed(repository: Repository, folder: Path) -> object:
    """The branches whose last block is newer than what the watermark says was signed: there must be none."""
    workspace = Workspace.open(folder / "repository", Surroundings())
    with closing(workspace):
        watermark = Watermark(workspace.folder / "watermark.json")
        wrong = []
        for branch in repository.branches():
            tip = tip_of(workspace, branch)
            mark, header = watermark.last(tip.ledger.chain, branch), tip.ledger.header
            is_same = header.branch != branch or (mark is not None and mark.block == tip.ledger.block)
            if not is_same and (mark is None or (mark.slot, mark.height) < (header.slot, header.height)):
                wrong.append(branch)
    return wrong


def _tag(repository: Repository, folder: Path) -> object:
    return repository.tag("first").block


def _crowd(repository: Repository, folder: Path) -> object:
    """Put so many small packs into the repository that the next one has them merged."""
    workspace = Workspace.open(folder / "repository", Surroundings())
    with closing(workspace), workspace.locked():
        for number in range(MOST_PACKS):
            workspace.writer.add(Kind.BLOB, b"in a pack of its own: %d" % number)
            workspace.writer.publish().release()
    return MOST_PACKS


def _discard(repository: Repository, folder: Path) -> object:
    return repository.discard()


def _checkout(repository: Repository, folder: Path) -> object:
    return repository.checkout("side")


def _verify(repository: Repository, folder: Path) -> object:
    return repository.verify(workers=1).blocks


def _look(repository: Repository, folder: Path) -> object:
    """What a reader sees: rows of both tables, waiting transactions, branches, tags."""
    seen: dict[str, object] = {"balance": None, "overwritten": None, "people": None, "pending": None, "branches": None}
    with suppress(AergoError):
        _, rows = repository.rows("account")
        balances = dict(rows)
        seen["balance"], seen["overwritten"] = balances[7], balances[8]
    with suppress(AergoError):
        seen["people"] = sum(1 for _ in repository.rows("people")[1])
    with suppress(AergoError):
        seen["pending"] = len(repository.pending())
    with suppress(AergoError):
        seen["branches"] = sorted(repository.branches())
    seen["tags"] = sorted(repository.tags())
    return seen


VERBS: Mapping[str, Callable[[Repository, Path], object]] = {
    "init": _init,
    "init strictly": _init_strictly,
    "found accounts": _found_accounts,
    "sql": _sql,
    "sql commit": _sql_commit,
    "sql commit and merge packs": _sql_commit,
    "crowd": _crowd,
    "commit": _commit,
    "import": _import,
    "branch": _branch,
    "diverge": _diverge,
    "merge": _merge,
    "merge later": _merge_later,
    "merge to a conflict": _merge,
    "resolve": _resolve,
    "continue": _continue,
    "continue resolved": _continue,
    "cherry-pick": _cherry_pick,
    "revert": _revert,
    "resubmit": _resubmit,
    "press button": _press_button,
    "repair": _repair,
    "install": _install,
    "signed": _signed,
    "tag": _tag,
    "discard": _discard,
    "checkout": _checkout,
    "verify": _verify,
    "look": _look,
}
"""Each verb takes the repository and the folder that holds the user's files."""

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "books": ("init", "found accounts"),
    "waiting": ("init", "found accounts", "sql"),
    "crowded": ("init", "found accounts", "crowd"),
    "branched": ("init", "found accounts", "branch"),
    "changed": ("init", "found accounts", "sql commit"),
    "diverged": ("init", "found accounts", "branch", "diverge"),
    "merging": ("init", "found accounts", "branch", "diverge", "merge later"),
    "conflicting": ("init strictly", "found accounts", "branch", "diverge"),
    "stopped": ("init strictly", "found accounts", "branch", "diverge", "merge to a conflict"),
    "resolved": ("init strictly", "found accounts", "branch", "diverge", "merge to a conflict", "resolve"),
    "merged": ("init", "found accounts", "branch", "diverge", "merge"),
    "damaged": ("init", "found accounts", "branch", "diverge", "press button"),
}
"""The repositories that verbs begin with, by the verbs that made them of one with a commit of the user's."""


def perform(verb: str, path: Path, time: int, variables: Mapping[str, str], seed: str = "seed") -> dict[str, Any]:
    """Run one verb; tells ``done`` with its value, or ``refused`` with the error's code and facts.

    An exception that is no AergoError goes through: it is a fault of the program.
    """
    try:
        with open_repository(path, time, variables, seed) as repository:
            value = VERBS[verb](repository, path.parent)
    except AergoError as error:
        return {"kind": "refused", "code": error.code, "message": error.message, "facts": error.facts}
    return {"kind": "done", "value": value}


def sealed_variables(home: Path, path: str | None = None) -> dict[str, str]:
    """The environment of every child: a home of its own, and nothing of the machine's."""
    return {
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": path or search_path(),
        "TZ": "UTC",
    }
