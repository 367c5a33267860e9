"""``receipts.jsonl``: the outcome of each transaction of a block, one a line.  ``man 5 aergo-receipts``."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.ids import BlockId, EntityName, TableName, TransactionId
from aergo_vc.base.names import entity_name, routine_name, table_name
from aergo_vc.codec.arguments import argument_of
from aergo_vc.codec.canonical_json import decode
from aergo_vc.codec.record import Record
from aergo_vc.model.changes import Key
from aergo_vc.model.transactions import Argument, CallResult, Event, Receipt, Refusal, RowCounts, SettledAs, SettledRow
from aergo_vc.model.types import Row

_OPTIONAL_KEYS = frozenset({"events", "refused", "result", "settled", "settled_as"})
_REFUSAL_KEYS = frozenset({"after"})
_SETTLED_KEYS = frozenset({"block", "fails", "owner", "rows", "script"})
_SETTLED_ROW_KEYS = ("columns", "key", "ours", "row", "table", "theirs")
# No other member has an object under this name, and texts hold no bare quotation mark.
_ROWS = re.compile(rb'"rows":(\{[^\n]*?\}),"(?:settled|transaction)":"')
_COUNTS = ("deleted", "inserted", "updated")


class _PlainCounts(msgspec.Struct):
    deleted: int
    inserted: int
    updated: int


class _PlainEvent(msgspec.Struct):
    data: Mapping[str, Argument]
    name: str


class _PlainSettledRow(msgspec.Struct):
    columns: tuple[str, ...]
    key: Key
    ours: Row | None
    row: Row | None
    table: TableName
    theirs: Row | None


class _PlainSettledAs(msgspec.Struct, kw_only=True):
    block: BlockId | msgspec.UnsetType = msgspec.UNSET
    fails: bool | msgspec.UnsetType = msgspec.UNSET
    owner: EntityName | msgspec.UnsetType = msgspec.UNSET
    rows: list[_PlainSettledRow] | msgspec.UnsetType = msgspec.UNSET
    script: str | msgspec.UnsetType = msgspec.UNSET


class _PlainReceipt(msgspec.Struct, kw_only=True):
    """The members of a receipt as JSON has them, in the order of their names; tuples are spelled as arrays."""

    events: list[_PlainEvent] | msgspec.UnsetType = msgspec.UNSET
    refused: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    result: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    rows: dict[TableName, _PlainCounts] | msgspec.UnsetType = msgspec.UNSET
    settled: str | msgspec.UnsetType = msgspec.UNSET
    settled_as: _PlainSettledAs | msgspec.UnsetType = msgspec.UNSET
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
        settled_as=msgspec.UNSET if receipt.settled_as is None else _plain_settled(receipt.settled_as),
        transaction=receipt.transaction,
    )


def _plain_settled(found: SettledAs) -> _PlainSettledAs:
    rows = [_PlainSettledRow(one.columns, one.key, one.ours, one.row, one.table, one.theirs) for one in found.rows]
    return _PlainSettledAs(
        block=msgspec.UNSET if found.block is None else found.block,
        fails=found.fails or msgspec.UNSET,
        owner=msgspec.UNSET if found.owner is None else found.owner,
        rows=rows or msgspec.UNSET,
        script=msgspec.UNSET if found.script is None else found.script,
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
    settled_as = _settled(value["settled_as"]) if record.has("settled_as") else None
    if settled_as is not None and settled is None:
        raise FormatError("a receipt tells as what a transaction was settled, and not by whom")
    return Receipt(TransactionId(record.id("transaction")), rows, events, result, refusal, settled, settled_as)


def _settled(value: Any) -> SettledAs:  # noqa: ANN401 - any JSON value
    record = Record(value, (), "what settled a transaction", _SETTLED_KEYS)
    rows = tuple(map(_settled_row, record.items("rows"))) if record.has("rows") else ()
    if (record.has("rows") and not rows) or (record.has("fails") and value["fails"] is not True):
        raise FormatError("what settled a transaction has a key without need")
    return SettledAs(
        rows=rows,
        fails=record.has("fails"),
        script=record.text("script") if record.has("script") else None,
        owner=record.name("owner", entity_name) if record.has("owner") else None,
        block=BlockId(record.id("block")) if record.has("block") else None,
    )


def _settled_row(value: Any) -> SettledRow:  # noqa: ANN401 - any JSON value
    record = Record(value, _SETTLED_ROW_KEYS, "a settled row")
    columns = tuple(record.items("columns"))
    if not all(type(column) is str for column in columns):
        raise FormatError("a settled row's columns must be names")
    ours, row, theirs = (_values(value[side], len(columns)) for side in ("ours", "row", "theirs"))
    key = _values(record.items("key"), None)
    return SettledRow(_table(record.text("table")), key or (), columns, ours, theirs, row)


def _values(value: Any, count: int | None) -> Row | None:  # noqa: ANN401 - any JSON value
    """The values of a row, as many as there are columns, or of a key; None for no row."""
    if value is None:
        return None
    plain = type(value) is list and not any(isinstance(one, list | dict) for one in value)
    if not plain or count not in (None, len(value)):
        raise FormatError("a settled row must have a value for each column")
    return tuple(value)


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
