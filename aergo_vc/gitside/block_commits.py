"""Sign the commit of a prepared merge block, which git makes, once everything about it is in order."""

from collections.abc import Mapping
from pathlib import Path

from aergo_vc.base.errors import InputError
from aergo_vc.codec.git_commit import Commit, decode_payload
from aergo_vc.gitside.sides import ledger_of
from aergo_vc.keys.signatures import sign_commit_payload
from aergo_vc.ledger.layout import LedgerTree, read_ledger
from aergo_vc.ledger.rules import check_commit, check_files, check_sequence
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.prepared import prepared_for
from aergo_vc.repository.signing_rights import SigningRights
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.workspace import Surroundings, Workspace

_AGAIN = "take it back with git merge --abort or git reset --merge, then merge again"


class BlockRefusedError(InputError):
    """A commit would hold a block that may not be made so."""

    code = "E_BLOCK_REFUSED"


def sign_block_commit(payload: bytes, variables: Mapping[str, str]) -> bytes:
    """The signature of a commit as git takes it, under the producer's key.

    `payload` is the commit without it.  Raises AergoError for whatever is not a merge block that was prepared in this
    clone, for these parents, by whoever may still sign it.
    """
    home = variables.get("HOME")
    workspace = Workspace.open(Path.cwd(), Surroundings(variables=variables, home=None if home is None else Path(home)))
    try:
        with workspace.locked():
            commit = decode_payload(payload)
            ledger, tip = _checked(workspace, commit)
            identity = Identity(workspace)
            raise_watermark = SigningRights(workspace, identity).allow(tip, ledger)
            signer = identity.signer
            raise_watermark()
            return sign_commit_payload(signer, payload).encode() + b"\n"
    finally:
        workspace.close()


def _checked(workspace: Workspace, commit: Commit) -> tuple[LedgerTree, Tip]:
    """The block that a commit would hold, and where it goes."""
    objects = workspace.writer
    tree = ledger_of(objects, commit.tree)
    if tree is None:
        raise BlockRefusedError("the commit would take ledger/ away", hint="git restore --staged --worktree ledger")
    prepared = prepared_for(workspace.paths, tree)
    if prepared is None:
        raise BlockRefusedError(
            "the commit would hold changes below ledger/, and no block may be made so",
            hint="git restore --staged --worktree ledger; change tables with git aergo sql",
        )
    if commit.parents != (prepared.target, prepared.source):
        raise BlockRefusedError(
            "the block in ledger/ was made for a merge of other commits than these parents", hint=_AGAIN
        )
    ledger = read_ledger(objects, tree)
    tip = tip_of(workspace, workspace.current_branch())
    if tip.commit != prepared.target or ledger.header.branch != tip.branch:
        raise BlockRefusedError(f"the merge was prepared for another commit of {ledger.header.branch}", hint=_AGAIN)
    check_files(ledger)
    check_sequence(ledger, tip.ledger)
    check_commit(commit, ledger)
    return ledger, tip
