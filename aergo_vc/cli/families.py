"""The verbs: which module has each, and what it does in a line.  Known without loading any of them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, the module of this package that has it, and its line in the overview."""

    name: str
    module: str
    summary: str


FAMILIES: dict[str, tuple[Verb, ...]] = {
    "Set up": (
        Verb("init", "setup", "make a ledger in this repository"),
        Verb("install", "setup", "put this clone's hooks and settings in place"),
        Verb("uninstall", "setup", "take them away again"),
        Verb("doctor", "setup", "examine this clone and the programs it needs"),
        Verb("key", "keys", "make, list and show keys"),
    ),
    "Make transactions": (
        Verb("sql", "transactions", "sign an SQL script"),
        Verb("import", "transactions", "sign the rows of files"),
        Verb("export", "transactions", "write the rows of a table to a file"),
        Verb("status", "transactions", "show the branch and what is pending"),
        Verb("commit", "transactions", "seal pending transactions into the next block"),
        Verb("discard", "transactions", "drop pending transactions"),
        Verb("revert", "picking", "undo the rows of a transaction or a block"),
        Verb("cherry-pick", "picking", "put other branches' transactions on this one"),
        Verb("resubmit", "picking", "sign anew what a merge left out"),
    ),
    "Contracts": (
        Verb("deploy", "contracts", "sign what a contract is"),
        Verb("call", "contracts", "sign a call of a contract's routine"),
        Verb("test", "contract_tests", "run the tests of contracts in memory"),
    ),
    "Read": (
        Verb("log", "reading", "list blocks"),
        Verb("show", "reading", "show a block or a transaction"),
        Verb("diff", "reading", "show the rows that differ between two blocks"),
        Verb("schema", "reading", "show what contracts define"),
        Verb("query", "reading", "ask in SQL, at any block"),
        Verb("dtt", "trees", "show which transactions of a block depend on which"),
    ),
    "Branch": (
        Verb("branch", "branches", "list branches or make one"),
        Verb("tag", "branches", "list tags or make one"),
        Verb("checkout", "branches", "go to another branch"),
        Verb("repair", "picking", "mend a merge that was made without git-aergo"),
        Verb("merge", "merging", "replay another branch's transactions on this one"),
    ),
    "Conflicts": (
        Verb("conflicts", "conflicts", "show what a merge could not settle, or left out"),
        Verb("resolve", "conflicts", "sign what is to become of a conflict"),
    ),
    "Trust nothing": (
        Verb("verify", "verifying", "check every signature, rule and result"),
        Verb("fsck", "verifying", "check the clone's own files"),
    ),
}

VERBS = {verb.name: verb for verbs in FAMILIES.values() for verb in verbs}


def overview() -> Iterator[str]:
    """The lines that ``git aergo -h`` prints."""
    yield "usage: git aergo [-C PATH] [--version] [-h] VERB [ARGUMENT ...]"
    for title, verbs in FAMILIES.items():
        yield ""
        yield title
        for verb in verbs:
            yield f"  {verb.name:<11} {verb.summary}"
    yield ""
    yield "git aergo VERB -h shows a verb's options; git aergo VERB --help opens its manual page."


def closest(word: str) -> str | None:
    """The one verb that `word` begins, or that begins as `word` does; None if there is none or more than one."""
    found = [name for name in VERBS if name.startswith(word)] or [name for name in VERBS if name[:2] == word[:2]]
    return found[0] if len(found) == 1 else None
