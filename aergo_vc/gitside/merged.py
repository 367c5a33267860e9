"""The hook post-merge: tell at once where a ledger's branch went forward to another branch's blocks.

git may fast-forward past our strategy, by ``--ff`` or in a pull.  The blocks of another branch are not this one's, so
the branch would be found invalid, and not be pushed: better to hear of it while ORIG_HEAD still knows the way back.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aergo_vc.gitside.sides import current_branch, ledger_of
from aergo_vc.ledger.layout import read_header
from aergo_vc.objects.discovery import find_repository
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.refs import open_refs


def check(_arguments: Sequence[str], _stdin: bytes, variables: Mapping[str, str]) -> list[str]:
    """Complaints about where a merge has led the current branch; empty if all is well."""
    paths = find_repository(Path.cwd(), variables)
    refs = open_refs(paths, variables)
    branch, head, before = current_branch(paths, variables), refs.read("HEAD"), refs.read("ORIG_HEAD")
    if branch is None or head is None or before is None:
        return []
    with open_store(paths, Preference.QUICK_START, variables) as objects:
        ledgers = [ledger_of(objects, commit) for commit in (before, head)]
        if None in ledgers or ledgers[0] == ledgers[1]:
            return []
        was, now = (read_header(objects, ledger).branch for ledger in ledgers if ledger is not None)
    if was != branch or now == branch:
        return []
    return [
        f"branch {branch} now leads to a block of branch {now}, which is none of its own",
        "take it back with: git reset --keep ORIG_HEAD; then merge with: git merge --no-ff",
    ]
