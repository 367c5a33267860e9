"""How git calls a merge strategy: ``git merge-NAME --OPTION... BASE... -- HEAD REMOTE...`` (git-merge-one's kin).

`git merge` states the names of what is merged in variables ``GITHEAD_<id>``; cherry-pick and rebase state none, and
give the parent of the picked commit as the base.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import ObjectId


class CallError(InputError):
    """The words are not those that git gives to a merge strategy."""

    code = "E_STRATEGY_CALL"


@dataclass(frozen=True, slots=True)
class Call:
    """What a strategy is asked to merge; `name` is what the user calls `theirs`, None in a cherry-pick or a rebase.

    `options` are those of ``-X``.  `ours` and the bases are commits, or trees in some cherry-picks.
    """

    options: tuple[str, ...]
    bases: tuple[ObjectId, ...]
    ours: str
    theirs: ObjectId
    name: str | None


def read_call(words: Sequence[str], variables: Mapping[str, str]) -> Call:
    """The call that `words` state; raises CallError."""
    options = [word.removeprefix("--") for word in words if word.startswith("--") and word != "--"]
    rest = [word for word in words if not word.startswith("--") or word == "--"]
    bases, separator, heads = rest, "", []
    if "--" in rest:
        at = rest.index("--")
        bases, separator, heads = rest[:at], "--", rest[at + 1 :]
    if not separator or len(heads) < 2:  # noqa: PLR2004
        raise CallError("a merge strategy is called by git: [--OPTION]... BASE... -- HEAD REMOTE")
    if len(heads) > 2:  # noqa: PLR2004
        raise CallError("more than two heads cannot be merged at once where there is a ledger: merge one by one")
    theirs = ObjectId(heads[1])
    name = variables.get(f"GITHEAD_{theirs}")
    return Call(tuple(options), tuple(map(ObjectId, bases)), heads[0], theirs, name)
