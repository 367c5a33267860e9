"""Conflicts of a merge in progress, and the resolutions that people sign for them.

Nothing is kept of conflicts: they follow from the target, the source and the resolutions so far.  These are signed
transactions in a file of the clone, named after the merged commit, until the merge is sealed or begun anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aergo_vc.base.ids import BranchName, ObjectId, TableName
from aergo_vc.base.limits import TRANSACTION_BYTES
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.ledger.machine import Submission
from aergo_vc.merging.conflicts import (
    Conflict,
    RowConflict,
    Side,
    UnresolvableError,
    resolution,
    resolved_by,
    script_of,
    script_of_cells,
)
from aergo_vc.model.changes import Key
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Payload, Transaction
from aergo_vc.model.types import Value
from aergo_vc.repository.errors import NoMergeError, TransactionTooLongError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.merging import Prepared, prepare_merge
from aergo_vc.repository.prepared import PreparedFor, note_prepared
from aergo_vc.repository.resolutions import read_resolutions, write_resolutions
from aergo_vc.repository.submitting import signed
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.unfinished_merges import enter_ledger, require_merge_head
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.types.values import value_from_text


class NoSuchConflictError(UnresolvableError):
    """No open conflict, or more than one, is meant."""

    code = "E_NO_CONFLICT"


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """A transaction in conflict, and what it would be to resolve it."""

    transaction: Transaction
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class OpenMerge:
    """A merge in progress: its open conflicts, and the resolutions of the others."""

    branch: BranchName
    source: ObjectId
    conflicts: tuple[OpenConflict, ...]
    resolutions: tuple[Transaction, ...]


def open_merge(workspace: Workspace, identity: Identity) -> OpenMerge:
    """The merge in progress in this worktree; raises NoMergeError."""
    with workspace.locked():
        tip, source = _merging(workspace)
        return _state(tip, source, _prepared(workspace, identity, tip, source, read_resolutions(workspace, source)))


def resolve_side(workspace: Workspace, identity: Identity, side: Side | None, prefix: str) -> OpenMerge:
    """Resolve a transaction by the cells of one side, or by leaving it out: None."""

    def script(merge: OpenMerge, tables: Mapping[TableName, Table]) -> tuple[Sequence[OpenConflict], str]:
        chosen = _chosen(merge, prefix)
        return [chosen], "" if side is None else script_of(chosen.conflict, side, tables)

    return _resolve(workspace, identity, script)


def resolve_cells(
    workspace: Workspace, identity: Identity, table: TableName, key: Sequence[str], cells: Mapping[str, str | None]
) -> OpenMerge:
    """Resolve the transaction in which a row is in conflict, by values for some of the row's cells; texts are read."""

    def script(merge: OpenMerge, tables: Mapping[TableName, Table]) -> tuple[Sequence[OpenConflict], str]:
        found = tables.get(table)
        if found is None:
            raise NoSuchConflictError(f"there is no table {table}", table=table)
        wanted = _key(found, key)
        named = [one for one in merge.conflicts if _row(one, table, wanted) is not None]
        if len(named) != 1:
            raise NoSuchConflictError(
                f"{len(named) or 'no'} transactions are in conflict in that row of {table}", table=table
            )
        values = {name: _value(found, name, text) for name, text in cells.items()}
        return named, script_of_cells(named[0].conflict, table, wanted, values, tables)

    return _resolve(workspace, identity, script)


def resolve_script(workspace: Workspace, identity: Identity, script: str, prefixes: Sequence[str]) -> OpenMerge:
    """Resolve transactions by what a script does instead; without a prefix the only one in conflict."""

    def chosen(merge: OpenMerge, _tables: Mapping[TableName, Table]) -> tuple[Sequence[OpenConflict], str]:
        return [_chosen(merge, prefix) for prefix in prefixes or (None,)], script

    return _resolve(workspace, identity, chosen)


# Resolving

_Script = Callable[[OpenMerge, Mapping[TableName, Table]], tuple[Sequence[OpenConflict], str]]


def _resolve(workspace: Workspace, identity: Identity, script: _Script) -> OpenMerge:
    """Sign what `script` says, see that the merge takes it, and keep it; with the last one the merge is prepared."""
    with workspace.locked():
        tip, source = _merging(workspace)
        before = read_resolutions(workspace, source)
        prepared = _prepared(workspace, identity, tip, source, before)
        chosen, text = script(_state(tip, source, prepared), prepared.tables)
        ids = [one.conflict.transaction for one in chosen]
        made = _sign(workspace, identity, tip, resolution(ids, text))
        after = (*[one for one in before if not set(ids) & set(resolved_by(one.payload))], made)
        prepared = _prepared(workspace, identity, tip, source, after)
        write_resolutions(workspace, source, after)
        if not prepared.conflicts:
            # So that git's own commands may conclude the merge.
            note_prepared(workspace.paths, prepared.ledger.id, PreparedFor(tip.commit, source))
            enter_ledger(workspace, prepared.ledger.id)
        return _state(tip, source, prepared)


def _sign(workspace: Workspace, identity: Identity, tip: Tip, script: str) -> Transaction:
    payload = Payload(
        branch=tip.branch,
        chain=tip.ledger.chain,
        key=identity.signer.public_key,
        loads=(),
        nonce=workspace.surroundings.entropy(16).hex(),
        recent=tip.ledger.block,
        signer=identity.entity,
        sql=script,
    )
    made = signed(identity.signer, payload)
    size = len(encode_transaction(made))
    if size > TRANSACTION_BYTES:
        raise TransactionTooLongError(f"the resolution has {size} bytes; {TRANSACTION_BYTES} are allowed", bytes=size)
    return made


def _merging(workspace: Workspace) -> tuple[Tip, ObjectId]:
    source = require_merge_head(workspace)
    return tip_of(workspace, workspace.current_branch()), source


def _prepared(
    workspace: Workspace, identity: Identity, tip: Tip, source: ObjectId, resolutions: Sequence[Transaction]
) -> Prepared:
    prepared = prepare_merge(workspace, identity, tip, source, resolutions=_submissions(resolutions))
    if not isinstance(prepared, Prepared):
        raise NoMergeError("the merge in progress is none of blocks")
    return prepared


def _submissions(resolutions: Iterable[Transaction]) -> tuple[Submission, ...]:
    return tuple((one, ()) for one in resolutions)


def _state(tip: Tip, source: ObjectId, prepared: Prepared) -> OpenMerge:
    considered = {one.submission[0].id: one.submission[0] for one in prepared.replayed}
    conflicts = tuple(OpenConflict(considered[one.transaction], one) for one in prepared.conflicts)
    taken = tuple(one.submission[0] for one in prepared.replayed if resolved_by(one.submission[0].payload))
    return OpenMerge(tip.branch, source, conflicts, taken)


def _chosen(merge: OpenMerge, prefix: str | None) -> OpenConflict:
    """The conflict of the transaction whose id begins so; for None the only one."""
    if prefix == "":
        raise NoSuchConflictError("no transaction is named by an empty text", prefix=prefix)
    found = [one for one in merge.conflicts if one.conflict.transaction.startswith(prefix or "")]
    if len(found) != 1:
        which = f"that begin with {prefix}" if prefix else "there are"
        raise NoSuchConflictError(f"{len(found) or 'no'} transactions in conflict {which}", prefix=prefix)
    return found[0]


def _row(one: OpenConflict, table: TableName, key: Key) -> RowConflict | None:
    return next((row for row in one.conflict.rows if row.table.name == table and row.key == key), None)


def _key(table: Table, texts: Sequence[str]) -> Key:
    if len(texts) != len(table.primary_key):
        names = ", ".join(table.primary_key)
        raise NoSuchConflictError(f"the key of {table.name} is ({names}), and {len(texts)} values are given")
    return tuple(_value(table, name, text) for name, text in zip(table.primary_key, texts, strict=True))


def _value(table: Table, name: str, text: str | None) -> Value:
    """A text as a value of a column; raises NoSuchConflictError, and SqlError for a text that is none."""
    column = next((one for one in table.columns if one.name == name), None)
    if column is None:
        raise NoSuchConflictError(f"{table.name} has no column {name}", table=table.name, column=name)
    return None if text is None else value_from_text(text, column.type)
