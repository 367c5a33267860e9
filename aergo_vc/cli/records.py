"""What ``--json`` prints: one object for each value, with plain names.  The manual pages of the verbs document them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import TableName
from aergo_vc.codec.arguments import json_of
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.model.blocks import Law
from aergo_vc.model.transactions import Call, CallResult, Event, Receipt, RowCounts, Transaction

if TYPE_CHECKING:
    from aergo_vc.merging.conflicts import RowConflict
    from aergo_vc.repository.conflicts import OpenConflict
    from aergo_vc.repository.results import (
        BlockDetails,
        BlockSummary,
        Committed,
        Merged,
        MergedTransaction,
        NoBlock,
        Status,
        Submitted,
        Verified,
    )

Record = dict[str, object]


def rows_record(rows: Mapping[TableName, RowCounts]) -> Record:
    """Row counts by table."""
    return {
        table: {"inserted": counts.inserted, "updated": counts.updated, "deleted": counts.deleted}
        for table, counts in sorted(rows.items())
    }


def error_record(error: AergoError) -> Record:
    """What is wrong with a script or a call, and where: in the script, and in the routine that it was in."""
    return {"error": {"code": error.code, "message": error.message, **error.facts}}


def submitted_record(submitted: "Submitted") -> Record:
    """A submitted transaction, with the rows that its statements gave."""
    return {
        "transaction": submitted.transaction,
        "rows": rows_record(submitted.rows),
        "results": [
            {
                "tag": result.tag,
                "count": result.count,
                "columns": None if result.columns is None else [column.name for column in result.columns],
                "rows": [list(row) for row in result.rows],
            }
            for result in submitted.results
        ],
        **_outcome_record(submitted.events, submitted.result),
        "block": None if submitted.committed is None else committed_record(submitted.committed),
    }


def committed_record(committed: "Committed") -> Record:
    """A new block."""
    return {
        "branch": committed.branch,
        "block": committed.block,
        "height": committed.height,
        "commit": committed.commit,
        "transactions": list(committed.transactions),
        "rows": rows_record(committed.rows),
        "excluded": [
            {"transaction": one.transaction.id, "code": one.reason.code, "reason": one.reason.message}
            for one in committed.excluded
        ],
    }


def merged_record(merged: "Merged") -> Record:
    """A merge, or what it would do."""
    return {
        "branch": merged.branch,
        "source": merged.source,
        "merged": merged.merged,
        "block": merged.block,
        "height": merged.height,
        "commit": merged.commit,
        "rows": rows_record(merged.rows),
        "transactions": [considered_record(one) for one in merged.transactions],
        "files": list(merged.files),
        "conflicts": [one.transaction for one in merged.conflicts],
    }


def considered_record(one: "MergedTransaction") -> Record:
    """A transaction that a merge considered."""
    receipt, refusal = one.receipt, one.receipt.refusal
    return {
        "transaction": one.transaction.id,
        "signer": one.transaction.payload.signer,
        "rows": rows_record(receipt.rows),
        **_settled_record(receipt),
        "refused": None
        if refusal is None
        else {"code": refusal.code, "message": refusal.message, "after": refusal.after},
    }


def _settled_record(receipt: Receipt) -> Record:
    was = receipt.settled_as
    return {"settled": receipt.settled, "settled_in": None if was is None else was.block}


def conflict_record(one: "OpenConflict") -> Record:
    """A transaction in conflict, with the rows in which it is."""
    return {
        "transaction": one.transaction.id,
        "signer": one.transaction.payload.signer,
        "code": one.conflict.reason.code,
        "reason": one.conflict.reason.message,
        "rows": [_row_record(row) for row in one.conflict.rows],
    }


def _row_record(row: "RowConflict") -> Record:
    names = [column.name for column in row.table.columns]
    sides = {"base": row.base, "ours": row.ours, "theirs": row.theirs}
    return {
        "table": row.table.name,
        "key": list(row.key),
        "columns": [name for name in names if name in row.columns],
        **{side: None if one is None else dict(zip(names, one, strict=True)) for side, one in sides.items()},
    }


def status_record(status: "Status") -> Record:
    """Where a branch stands."""
    return {
        "branch": status.branch,
        "chain": status.chain,
        "block": status.block,
        "height": status.height,
        "time": status.time,
        "entity": status.entity,
        "producer": status.producer,
        "behind_slots": status.behind_slots,
        "pending": status.pending,
    }


def block_record(summary: "BlockSummary") -> Record:
    """A block of a log."""
    header = summary.header
    return {
        "block": summary.block,
        "commit": summary.commit,
        "branch": header.branch,
        "height": header.height,
        "previous": header.previous,
        "merged": list(header.merged),
        "time": header.time,
        "slot": header.slot,
        "producer": header.producer,
        "directory": header.directory,
        "state": header.state,
        "transactions": summary.transactions,
        "rows": summary.rows,
        "subject": summary.subject,
    }


def no_block_record(found: "NoBlock") -> Record:
    """What is wrong where a block ought to be."""
    return {"block": None, "commit": found.commit, **error_record(found.reason)}


def law_record(law: Law) -> Record:
    """The law of a branch, as far as its blocks do not say the same."""
    return {
        "root": law.root,
        "consensus": law.consensus,
        "sole_producer": law.producer,
        "merge": law.merge,
        "settle": law.settle,
    }


def transaction_record(transaction: Transaction, receipt: Receipt, summary: "BlockSummary") -> Record:
    """A transaction of a block with its outcome."""
    payload = transaction.payload
    return {
        "transaction": transaction.id,
        "block": summary.block,
        "height": summary.header.height,
        "branch": payload.branch,
        "signer": payload.signer,
        "key": encode_key_text(payload.key),
        "sql": payload.sql,
        "loads": [{"table": load.table, "mode": load.mode, "columns": list(load.columns)} for load in payload.loads],
        "contract": payload.contract,
        "call": None if payload.call is None else _call_record(payload.call),
        "rows": rows_record(receipt.rows),
        **_settled_record(receipt),
        **_outcome_record(receipt.events, receipt.result),
    }


def _call_record(call: Call) -> Record:
    return {"routine": call.routine, "arguments": [json_of(argument) for argument in call.arguments]}


def _outcome_record(events: Iterable[Event], result: CallResult | None) -> Record:
    """What a transaction announced and returned; result is null for all but calls."""
    return {
        "events": [
            {"name": event.name, "data": {name: json_of(value) for name, value in event.data.items()}}
            for event in events
        ],
        "result": None
        if result is None
        else {"columns": list(result.columns), "rows": [[json_of(value) for value in row] for row in result.rows]},
    }


def details_records(details: "BlockDetails") -> Iterable[Record]:
    """A block, then its transactions."""
    yield block_record(details.summary)
    for transaction, receipt in zip(details.transactions, details.receipts, strict=True):
        yield transaction_record(transaction, receipt, details.summary)
    for one in details.refused:
        yield considered_record(one) | {"block": details.summary.block, "height": details.summary.header.height}


def verified_record(verified: "Verified") -> Record:
    """How far verification got."""
    return {
        "branch": verified.branch,
        "blocks": verified.blocks,
        "transactions": verified.transactions,
        "head": verified.head,
        "irreversible": verified.irreversible,
        "merged": verified.merged,
    }
