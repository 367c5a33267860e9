"""The resolutions that people signed for a merge in progress: a file of the clone, named after the merged commit."""

from collections.abc import Iterable
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_FILE_BYTES
from aergo_vc.codec.transactions import decode_transactions, encode_transactions
from aergo_vc.model.transactions import Transaction
from aergo_vc.objects.durable import make_directories, replace_file
from aergo_vc.repository.workspace import Workspace


def read_resolutions(workspace: Workspace, source: ObjectId) -> tuple[Transaction, ...]:
    """The resolutions so far of a merge of the commit `source`; raises FormatError."""
    try:
        data = _path(workspace, source).read_bytes()
    except FileNotFoundError:
        return ()
    return decode_transactions(data[: BLOCK_FILE_BYTES + 1])


def write_resolutions(workspace: Workspace, source: ObjectId, resolutions: Iterable[Transaction]) -> None:
    """Keep the resolutions so far, durably."""
    path = _path(workspace, source)
    make_directories(path.parent)
    replace_file(path, encode_transactions(resolutions))


def forget_resolutions(workspace: Workspace, source: ObjectId) -> None:
    """A merge of the commit `source` begins, or is over."""
    _path(workspace, source).unlink(missing_ok=True)


def _path(workspace: Workspace, source: ObjectId) -> Path:
    """Each worktree has merges of its own."""
    return workspace.paths.git_dir / "aergo" / "resolutions" / f"{source}.jsonl"
