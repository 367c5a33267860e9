"""``receipts.jsonl``: the outcome of each transaction of a block, one a line.  ``man 5 aergo-receipts``."""

from collections.abc import Iterable
from typing import Any

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.base.names import table_name
from aergo_vc.codec.canonical_json import decode, encode
from aergo_vc.codec.record import Record
from aergo_vc.model.transactions import Receipt, RowCounts

_COUNTS = ("deleted", "inserted", "updated")


def encode_receipts(receipts: Iterable[Receipt]) -> bytes:
    """The bytes of ``receipts.jsonl``."""
    return b"".join(encode(_value(receipt)) + b"\n" for receipt in receipts)


def decode_receipts(data: bytes) -> tuple[Receipt, ...]:
    """Read ``receipts.jsonl``; raises FormatError."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise FormatError("receipts.jsonl does not end with a line feed")
    return tuple(_receipt(decode(line)) for line in lines)


def _value(receipt: Receipt) -> dict[str, Any]:
    rows = {table: {kind: getattr(counts, kind) for kind in _COUNTS} for table, counts in receipt.rows.items()}
    return {"rows": rows, "transaction": receipt.transaction}


def _receipt(value: Any) -> Receipt:  # noqa: ANN401 - any JSON value
    record = Record(value, ("rows", "transaction"), "a receipt")
    rows = {_table(name): _counts(counts) for name, counts in record.members("rows").items()}
    return Receipt(TransactionId(record.id("transaction")), rows)


def _table(name: str) -> TableName:
    try:
        return table_name(name)
    except InputError as error:
        raise FormatError(f"a receipt: {error.message}") from error


def _counts(value: Any) -> RowCounts:  # noqa: ANN401 - any JSON value
    record = Record(value, _COUNTS, "a receipt's row counts")
    return RowCounts(**{kind: record.natural(kind) for kind in _COUNTS})
