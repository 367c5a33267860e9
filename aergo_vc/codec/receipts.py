"""``receipts.jsonl``: the outcome of each transaction of a block, one a line.  ``man 5 aergo-receipts``."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.ids import TableName, TransactionId
from aergo_vc.base.names import routine_name, table_name
from aergo_vc.codec.arguments import argument_of
from aergo_vc.codec.canonical_json import decode
from aergo_vc.codec.record import Record
from aergo_vc.model.transactions import Argument, CallResult, Event, Receipt, Refusal, RowCounts

_OPTIONAL_KEYS = frozenset({"events", "refused", "result", "settled"})
_REFUSAL_KEYS = frozenset({"after"})
# No event and no result has an object under a name of its own, and texts hold no bare quotation mark.
_ROWS = re.compile(rb'"rows":(\{[^\n]*?\}),"(?:settled|transaction)":"')
_COUNTS = ("deleted", "inserted", "updated")


class _PlainCounts(msgspec.Struct):
    deleted: int
    inserted: int
    updated: int


class _PlainEvent(msgspec.Struct):
    data: Mapping[str, Argument]
    name: str


class _PlainReceipt(msgspec.Struct, kw_only=True):
    """The members of a receipt as JSON has them, in the order of their names; tuples are spelled as arrays."""

    events: list[_PlainEvent] | msgspec.UnsetType = msgspec.UNSET
    refused: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    result: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    rows: dict[TableName, _PlainCounts] | msgspec.UnsetType = msgspec.UNSET
    settled: str | msgspec.UnsetType = msgspec.UNSET
    transaction: TransactionId | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder(order="deterministic")  # sorts what has no order of its own; the fields above have


def encode_receipts(receipts: Iterable[Receipt]) -> bytes:
    """The bytes of ``receipts.jsonl``."""
    return b"".join([_encoder.encode(_plain(receipt)) + b"\n" for receipt in receipts])


def decode_receipts(data: bytes) -> tuple[Receipt, ...]:
    """Read ``receipts.jsonl``; raises FormatError."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise FormatError("receipts.jsonl does not end with a line feed")
    return tuple(_receipt(decode(line)) for line in lines)


def count_rows(data: bytes) -> Iterator[Mapping[TableName, RowCounts]]:
    """The rows that each transaction changed, those of like transactions added up; `data` is of a valid block."""
    for rows, times in Counter(_ROWS.findall(data)).items():
        counts = {_table(name): _counts(found) for name, found in decode(rows).items()}
        yield {
            name: RowCounts(times * one.inserted, times * one.updated, times * one.deleted)
            for name, one in counts.items()
        }


def output_size(events: tuple[Event, ...], result: CallResult | None) -> int:
    """The bytes that events and a result take in a receipt."""
    return len(_encoder.encode(_PlainReceipt(events=_plain_events(events), result=_plain_result(result))))


def _plain(receipt: Receipt) -> _PlainReceipt:
    refused, settled = receipt.refusal, receipt.settled
    return _PlainReceipt(
        events=_plain_events(receipt.events),
        refused=msgspec.UNSET if refused is None else {k: v for k, v in refused._asdict().items() if v is not None},
        result=_plain_result(receipt.result),
        rows={
            table: _PlainCounts(counts.deleted, counts.inserted, counts.updated)
            for table, counts in receipt.rows.items()
        },
        settled=msgspec.UNSET if settled is None else settled,
        transaction=receipt.transaction,
    )


def _plain_events(events: tuple[Event, ...]) -> list[_PlainEvent] | msgspec.UnsetType:
    return [_PlainEvent(event.data, event.name) for event in events] if events else msgspec.UNSET


def _plain_result(result: CallResult | None) -> dict[str, Any] | msgspec.UnsetType:
    return msgspec.UNSET if result is None else {"columns": result.columns, "rows": result.rows}


def _receipt(value: Any) -> Receipt:  # noqa: ANN401 - any JSON value
    record = Record(value, ("rows", "transaction"), "a receipt", _OPTIONAL_KEYS)
    rows = {_table(name): _counts(counts) for name, counts in record.members("rows").items()}
    events = tuple(map(_event, record.items("events"))) if record.has("events") else ()
    if record.has("events") and not events:
        raise FormatError("a receipt without events has no key events")
    result = _result(value["result"]) if record.has("result") else None
    refusal = _refusal(value["refused"]) if record.has("refused") else None
    if refusal is not None and (rows or events or result is not None or record.has("settled")):
        raise FormatError("a receipt of a transaction that was left out tells that it did something")
    settled = record.text("settled") if record.has("settled") else None
    return Receipt(TransactionId(record.id("transaction")), rows, events, result, refusal, settled)


def _refusal(value: Any) -> Refusal:  # noqa: ANN401 - any JSON value
    record = Record(value, ("code", "message"), "a refusal", _REFUSAL_KEYS)
    after = TransactionId(record.id("after")) if record.has("after") else None
    return Refusal(record.text("code"), record.text("message"), after)


def _event(value: Any) -> Event:  # noqa: ANN401 - any JSON value
    record = Record(value, ("data", "name"), "an event")
    data = {name: argument_of(found) for name, found in record.members("data").items()}
    return Event(record.name("name", routine_name), data)


def _result(value: Any) -> CallResult:  # noqa: ANN401 - any JSON value
    record = Record(value, ("columns", "rows"), "a call's result")
    columns, rows = record.items("columns"), record.items("rows")
    if not columns or not all(type(column) is str for column in columns):
        raise FormatError("a result's columns must be names")
    if not all(type(row) is list and len(row) == len(columns) for row in rows):
        raise FormatError("a result's rows must have a value for each column")
    return CallResult(tuple(columns), tuple(tuple(map(argument_of, row)) for row in rows))


def _table(name: str) -> TableName:
    try:
        return table_name(name)
    except InputError as error:
        raise FormatError(f"a receipt: {error.message}") from error


def _counts(value: Any) -> RowCounts:  # noqa: ANN401 - any JSON value
    record = Record(value, _COUNTS, "a receipt's row counts")
    return RowCounts(**{kind: record.natural(kind) for kind in _COUNTS})
