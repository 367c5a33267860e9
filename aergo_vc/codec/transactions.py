"""``transactions.jsonl``: the transactions of a block in order, one a line.  ``man 5 aergo-transactions``.

A line is ``{"payload":{…},"signature":"…"}``.  The signature is the 64 raw bytes in base64; the envelope that they sign
follows from the payload.  A transaction's id is the SHA-256 of its payload's canonical bytes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.ids import BlockId, ChainId, Digest, PublicKey, TransactionId, is_hexadecimal_64
from aergo_vc.base.limits import BLOCK_TRANSACTIONS, TABLE_COLUMNS, TRANSACTION_BYTES
from aergo_vc.base.names import branch_name, contract_name, entity_name, routine_name, table_name
from aergo_vc.codec.arguments import argument_of, json_of
from aergo_vc.codec.canonical_json import decode, encode
from aergo_vc.codec.record import Record
from aergo_vc.codec.sshsig import decode_key_text, encode_key_text
from aergo_vc.model.transactions import Call, Load, LoadMode, Payload, Transaction

SIGNATURE_BYTES = 64
_PAYLOAD_KEYS = ("branch", "chain", "key", "loads", "nonce", "recent", "signer", "sql")
_OPTIONAL_KEYS = frozenset({"call", "contract"})
_LOAD_KEYS = ("columns", "gone", "mode", "rows", "table")
_NONCE = re.compile(r"[0-9a-f]{32}")
_LINE_START = b'{"payload":'
_SIGNATURE_START = b',"signature":"'
_LINE_END_BYTES = len(_SIGNATURE_START) + 88 + len(b'"}')
# Few names stand in many lines.
_branch_name, _routine_name = lru_cache(256)(branch_name), lru_cache(256)(routine_name)
_entity_name = lru_cache(4096)(entity_name)


_PlainArgument = str | int | bool | None


class _PlainCall(msgspec.Struct, forbid_unknown_fields=True):
    arguments: list[_PlainArgument | list[_PlainArgument]]
    routine: str


class _PlainPayload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The members of a payload as JSON has them.  Numbers with a fraction are left to `_decode_any`."""

    branch: str
    chain: str
    key: str
    loads: list[dict[str, str | list[str] | None]]
    nonce: str
    recent: str
    signer: str
    sql: str
    call: _PlainCall | msgspec.UnsetType = msgspec.UNSET
    contract: str | msgspec.UnsetType = msgspec.UNSET


class _PlainTransaction(msgspec.Struct, forbid_unknown_fields=True):
    payload: _PlainPayload
    signature: str


_plain_decoder = msgspec.json.Decoder(_PlainTransaction)
_plain_encoder = msgspec.json.Encoder(order="sorted")


def encode_payload(payload: Payload) -> bytes:
    """The bytes that a signer signs."""
    return encode(_payload_value(payload))


def transaction_id(payload_bytes: bytes) -> TransactionId:
    """The id of the transaction whose payload has these bytes."""
    return TransactionId(hashlib.sha256(payload_bytes).hexdigest())


def encode_transaction(transaction: Transaction) -> bytes:
    """The line of one transaction, without its line feed."""
    return _LINE_START + signed_bytes(transaction) + _SIGNATURE_START + base64.b64encode(transaction.signature) + b'"}'


def signed_bytes(transaction: Transaction) -> bytes:
    """The canonical bytes of a transaction's payload, which its signer signed."""
    return transaction.signed or encode_payload(transaction.payload)


def decode_transaction(line: bytes) -> Transaction:
    """Read one line without its line feed; raises FormatError.  The signature is not checked."""
    if len(line) > TRANSACTION_BYTES:
        raise FormatError(f"a transaction has {len(line)} bytes; {TRANSACTION_BYTES} are allowed")
    plain = _plain_transaction(line)
    if plain is None:
        return _decode_any(line)
    payload = plain.payload
    if _NONCE.fullmatch(payload.nonce) is None or not _are_ids(payload.chain, payload.recent):
        return _decode_any(line)
    try:
        decoded = Payload(
            branch=_branch_name(payload.branch),
            chain=ChainId(payload.chain),
            key=PublicKey(decode_key_text(payload.key)),
            loads=tuple(map(_load, payload.loads)),
            nonce=payload.nonce,
            recent=BlockId(payload.recent),
            signer=_entity_name(payload.signer),
            sql=payload.sql,
            contract=None if payload.contract is msgspec.UNSET else contract_name(payload.contract),
            call=None if payload.call is msgspec.UNSET else _plain_call(payload.call),
        )
        _check_purpose(decoded)
        signature = _signature(plain.signature)
    except (FormatError, InputError):
        return _decode_any(line)
    signed = signed_part(line)
    return Transaction(transaction_id(signed), decoded, signature, signed)


def signed_part(line: bytes) -> bytes:
    """The payload's bytes in a line that `decode_transaction` accepts: what the signer signed."""
    return line[len(_LINE_START) : -_LINE_END_BYTES]


def _plain_transaction(line: bytes) -> _PlainTransaction | None:
    """A line's members, if they are of the types that they must be and the line is canonical JSON."""
    try:
        plain = _plain_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return plain if _plain_encoder.encode(plain) == line else None


def _decode_any(line: bytes) -> Transaction:
    """Read a line by the rules in their order, so that the first that it breaks is the one that is reported."""
    value = decode(line)
    record = Record(value, ("payload", "signature"), "a transaction")
    payload = _payload(value["payload"])
    return Transaction(transaction_id(encode(value["payload"])), payload, _signature(record.text("signature")))


def _are_ids(*texts: str) -> bool:
    return all(map(is_hexadecimal_64, texts))


def encode_transactions(transactions: Iterable[Transaction]) -> bytes:
    """The bytes of ``transactions.jsonl``."""
    return b"".join(encode_transaction(transaction) + b"\n" for transaction in transactions)


def decode_transactions(data: bytes) -> tuple[Transaction, ...]:
    """Read ``transactions.jsonl``; raises FormatError."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise FormatError("transactions.jsonl does not end with a line feed")
    if len(lines) > BLOCK_TRANSACTIONS:
        raise FormatError(f"a block has {len(lines)} transactions; {BLOCK_TRANSACTIONS} are allowed")
    return tuple(decode_transaction(line) for line in lines)


def _payload_value(payload: Payload) -> dict[str, Any]:
    value: dict[str, Any] = {
        "branch": payload.branch,
        "chain": payload.chain,
        "key": encode_key_text(payload.key),
        "loads": [_load_value(load) for load in payload.loads],
        "nonce": payload.nonce,
        "recent": payload.recent,
        "signer": payload.signer,
        "sql": payload.sql,
    }
    if payload.contract is not None:
        value["contract"] = payload.contract
    if payload.call is not None:
        arguments = [json_of(argument) for argument in payload.call.arguments]
        value["call"] = {"arguments": arguments, "routine": payload.call.routine}
    return value


def _payload(value: Any) -> Payload:  # noqa: ANN401 - any JSON value
    record = Record(value, _PAYLOAD_KEYS, "a transaction's payload", _OPTIONAL_KEYS)
    nonce = record.text("nonce")
    if _NONCE.fullmatch(nonce) is None:
        raise FormatError("a transaction's nonce must be 32 hexadecimal digits")
    payload = Payload(
        branch=record.name("branch", branch_name),
        chain=ChainId(record.id("chain")),
        key=record.public_key("key"),
        loads=tuple(_load(item) for item in record.items("loads")),
        nonce=nonce,
        recent=BlockId(record.id("recent")),
        signer=record.name("signer", entity_name),
        sql=record.text("sql"),
        contract=record.name("contract", contract_name) if record.has("contract") else None,
        call=_call(value["call"]) if record.has("call") else None,
    )
    _check_purpose(payload)
    return payload


def _check_purpose(payload: Payload) -> None:
    """Raise FormatError for a payload that means two things."""
    if payload.call is not None and (payload.sql or payload.loads or payload.contract is not None):
        raise FormatError("a transaction that calls a routine does nothing else")
    if payload.contract is not None and payload.loads:
        raise FormatError("a transaction that deploys a contract brings no rows along")


def _plain_call(plain: _PlainCall) -> Call:
    return Call(_routine_name(plain.routine), tuple(map(argument_of, plain.arguments)))


def _call(value: Any) -> Call:  # noqa: ANN401 - any JSON value
    record = Record(value, ("arguments", "routine"), "a transaction's call")
    return Call(record.name("routine", routine_name), tuple(map(argument_of, record.items("arguments"))))


def _load_value(load: Load) -> dict[str, Any]:
    return {
        "columns": list(load.columns),
        "gone": load.gone,
        "mode": load.mode,
        "rows": load.rows,
        "table": load.table,
    }


def _load(value: Any) -> Load:  # noqa: ANN401 - any JSON value
    record = Record(value, _LOAD_KEYS, "a transaction's load")
    columns = record.items("columns")
    if not 0 < len(columns) <= TABLE_COLUMNS or not all(type(column) is str for column in columns):
        raise FormatError("a load's columns must be names")
    rows, gone = record.optional_id("rows"), record.optional_id("gone")
    if rows is None and gone is None:
        raise FormatError("a load brings neither rows nor keys")
    return Load(
        table=record.name("table", table_name),
        columns=tuple(columns),
        mode=record.choice("mode", LoadMode),
        rows=None if rows is None else Digest(rows),
        gone=None if gone is None else Digest(gone),
    )


def _signature(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("a transaction's signature is not base64") from error
    if len(raw) != SIGNATURE_BYTES or base64.b64encode(raw).decode() != text:
        raise FormatError("a transaction's signature is not 64 bytes in base64")
    return raw
