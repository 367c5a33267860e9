"""The pool: transactions that wait for a block, kept in the repository so that ``git gc`` spares what they bring.

A branch's pool is the commit at ``refs/aergo/pool/<branch>``.  Its tree holds ``transactions.jsonl`` and ``payload/``
as a block does.  The commit is unsigned: every transaction in it carries its own signature.
"""

from collections.abc import Sequence

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_commit import Commit, Identity, encode_commit, read_links
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, decode_tree, encode_tree
from aergo_vc.codec.transactions import decode_transactions, encode_transactions
from aergo_vc.ledger.history import CommitObjects
from aergo_vc.ledger.machine import Submission
from aergo_vc.ledger.payloads import read_payloads, write_payloads
from aergo_vc.state.nodes import NodeStore

_TRANSACTIONS, _PAYLOAD = "transactions.jsonl", "payload"


class PoolDamagedError(InvalidError):
    """What a pool's reference leads to is no pool."""

    code = "E_POOL"


def pool_ref(branch: BranchName) -> str:
    """The reference that a branch's pool is kept under."""
    return f"refs/aergo/pool/{branch}"


def read_pool(objects: CommitObjects, nodes: NodeStore, commit: ObjectId | None) -> tuple[Submission, ...]:
    """The transactions of a pool in the order of their submission; raises InvalidError for a damaged pool."""
    if commit is None:
        return ()
    tree = read_links(objects.read_commit(commit)).tree
    entries = {entry.name: entry.id for entry in decode_tree(objects.read_tree(tree), len(tree) // 2)}
    if _TRANSACTIONS not in entries or not entries.keys() <= {_TRANSACTIONS, _PAYLOAD}:
        raise PoolDamagedError(f"commit {commit} is no pool of transactions", commit=commit)
    data = objects.read_blob(entries[_TRANSACTIONS])
    transactions = decode_transactions(data) if data else ()
    payloads = read_payloads(objects, nodes, entries.get(_PAYLOAD), transactions)
    return tuple(zip(transactions, payloads, strict=True))


def write_pool(objects: CommitObjects, submissions: Sequence[Submission], time: int) -> ObjectId:
    """Add the commit of a pool; `time` in milliseconds is its date."""
    lines = encode_transactions(transaction for transaction, _ in submissions)
    entries = [TreeEntry(_TRANSACTIONS, FILE_MODE, objects.add(Kind.BLOB, lines))]
    payload = write_payloads(objects, submissions)
    if payload is not None:
        entries.append(TreeEntry(_PAYLOAD, DIRECTORY_MODE, payload))
    who = Identity("git-aergo", "git-aergo@localhost", time // 1000)
    tree = objects.add(Kind.TREE, encode_tree(entries))
    message = f"{len(submissions)} pending transactions\n"
    return objects.add(Kind.COMMIT, encode_commit(Commit(tree, (), who, who, message)))
