"""What to do about an error, by its code.  Only the command line words hints."""

from collections.abc import Callable, Mapping

from aergo_vc.base.errors import AergoError
from aergo_vc.cli.wording import moment

_HINTS: Mapping[str, tuple[str, ...]] = {
    "E_BLOCK": ("if a host's button, a squash or git alone made that commit: git aergo repair",),
    "E_BLOCK_FULL": ("merge an earlier block of the branch first: git aergo merge BRANCH@HEIGHT",),
    "E_BRANCH": ("if the branch was moved on to another's blocks, as a fast-forward does: git aergo repair",),
    "E_CLOCK": ("set the clock right; wait if it ran ahead before",),
    "E_COLUMNS": ("import the file again: the table has changed since",),
    "E_DETACHED": ("go to a branch first: git checkout BRANCH",),
    "E_EXISTS": ("choose another name, or see those there are: git aergo branch",),
    "E_EXPIRED": ("discard the transaction and make it again: git aergo discard",),
    "E_FILE_COLUMNS": ("the columns of a table change by ALTER TABLE: git aergo sql",),
    "E_GIT_VERSION": ("install git 2.39 or later, and see that it comes first on PATH",),
    "E_KEY_FILE_EXISTS": ("give the new key another name: git aergo key new NAME",),
    "E_KEY_FILE_MODE": ("take it from the others: chmod 600 FILE",),
    "E_KEY_MISSING": ("add the key to the agent (ssh-add), or name its file: git config aergo.key FILE",),
    "E_KEY_UNKNOWN": ("an administrator of the directory must add this key first",),
    "E_FINAL": (
        "take the branch back to a history that holds the block: git reflog finds it",
        "what a final block did is undone by a new transaction, never by leaving the block out",
    ),
    "E_KEY_NOT_REGISTERED": ("an administrator of the directory must add this key first",),
    "E_LAW": ("git aergo branch --help tells what a branch's law can say; it never changes",),
    "E_LOCKED": ("another git or git-aergo is at work; try again when it is done",),
    "E_MERGING": ("conclude it: git aergo merge --continue; or take it back: git aergo merge --abort",),
    "E_MOVED": ("look at what came in between (git aergo log), then try again",),
    "E_NOT_A_REPOSITORY": ("go into a repository, name one with -C, or make one: git init",),
    "E_NO_DIRECTORY": ("fetch it: git fetch origin aergo/directory:aergo/directory",),
    "E_NO_LEDGER": ("make a ledger here: git aergo init",),
    "E_NO_SIGNER": ("make a key and a ledger (git aergo key new, git aergo init), or set aergo.entity and aergo.key",),
    "E_OBJECT_MISSING": ("fetch what is missing: git fetch --refetch",),
    "E_OTHER_DEFINITION": (
        "put what changes it in front of its definition, such as ALTER TABLE IF EXISTS … ADD COLUMN IF NOT EXISTS …",
    ),
    "E_OTHER_BRANCH": (
        "git branches do not begin ledger branches; make one: git aergo branch NAME",
        "if the branch was moved on to another's blocks, as a fast-forward does: git aergo repair",
    ),
    "E_OTHER_CHAIN": ("transactions are signed for one chain: import the rows instead",),
    "E_PERMISSION": ("an administrator of the directory grants roles",),
    "E_REVISION": ("a branch, a tag, a height or the first digits of an id; git aergo log lists blocks",),
    "E_SHALLOW": ("fetch the whole history: git fetch --unshallow",),
    "E_TABLE": ("git aergo schema shows the tables that there are",),
    "E_TEST_FILES": ("git aergo test --help tells what a test file looks like",),
    "E_UNTRACKED": ("move or remove them, then try again",),
    "E_USAGE": (),
    "E_VALUE": ("with --widen the column's type becomes one that takes the value",),
    "E_WORKTREE": ("commit or stash your changes, then try again",),
}


def hints_for(error: AergoError) -> list[str]:
    """What a user can do about an error; empty where nothing sensible can be said."""
    hints = list(_HINTS.get(error.code, ()))
    more = _COMPUTED.get(error.code)
    return hints if more is None else hints + more(error)


def _turn(error: AergoError) -> list[str]:
    ready_at = error.facts.get("ready_at")
    if not isinstance(ready_at, int):
        return ["this clone's entity has no turn on this branch; transactions stay pending"]
    return [f"the next turn begins at {moment(ready_at)}; transactions stay pending until then"]


def _usage(error: AergoError) -> list[str]:
    verb = error.facts.get("verb")
    return [f"git aergo {verb} -h" if verb else "git aergo -h"]


_COMPUTED: Mapping[str, Callable[[AergoError], list[str]]] = {
    "E_NOT_YOUR_SLOT": _turn,
    "E_SLOT_SPENT": _turn,
    "E_USAGE": _usage,
}
