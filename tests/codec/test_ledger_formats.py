"""The files of a block: vectors, round trips, refusals.

``tests/vectors/blocks.json`` is written by ``python tests/codec/test_ledger_formats.py`` from the values below.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import (
    BlockId,
    BranchName,
    ChainId,
    Digest,
    EntityName,
    PublicKey,
    RoutineName,
    TableName,
    TransactionId,
)
from aergo_vc.base.limits import LAST_MOMENT, LONGEST_SLOT
from aergo_vc.codec import transactions as transactions_codec
from aergo_vc.codec.genesis import chain_id, decode_genesis, encode_genesis
from aergo_vc.codec.header import block_id, decode_header, encode_header
from aergo_vc.codec.law import decode_law, encode_law
from aergo_vc.codec.receipts import count_rows, decode_receipts, encode_receipts
from aergo_vc.codec.transactions import (
    decode_transaction,
    decode_transactions,
    encode_payload,
    encode_transactions,
    signed_part,
    transaction_id,
)
from aergo_vc.model.blocks import Consensus, Genesis, Header, Law, MergeRule, Policy
from aergo_vc.model.transactions import (
    Call,
    CallResult,
    Event,
    Load,
    LoadMode,
    Payload,
    Receipt,
    Refusal,
    RowCounts,
    SettledAs,
    SettledRow,
    Transaction,
)
from aergo_vc.repository.results import total_counts

VECTORS = Path(__file__).parents[1] / "vectors" / "blocks.json"
HEXADECIMAL = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
NATURALS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BRANCHES = st.from_regex(r"[a-z][a-z0-9_]{0,9}(/[a-z][a-z0-9_]{0,9})?", fullmatch=True).map(BranchName)
ENTITIES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,9}[a-z0-9])?", fullmatch=True).map(EntityName)
TABLES = st.from_regex(r"x[a-z0-9_]{0,9}\.x[a-z0-9_]{0,9}", fullmatch=True).map(TableName)
KEYS = st.binary(min_size=32, max_size=32).map(PublicKey)

GENESES = st.builds(
    Genesis,
    created=st.integers(0, LAST_MOMENT),
    directory_slot=st.integers(1, LONGEST_SLOT),
    founder=ENTITIES,
    founder_key=KEYS,
    name=TEXTS,
    nonce=TEXTS,
    slot=st.integers(1, LONGEST_SLOT),
)
ROUTINES = st.from_regex(r"x[a-z0-9_]{0,9}\.[a-z_][a-z0-9_]{0,9}", fullmatch=True).map(RoutineName)
SETTLEMENTS = st.none() | st.sampled_from([policy.value for policy in Policy]) | ROUTINES
LAWS = st.builds(
    lambda sole, **rest: Law(
        consensus=Consensus.DPOS if sole is None else Consensus.SOLE,
        producer=sole,
        **rest,
    ),
    sole=st.none() | ENTITIES,
    name=BRANCHES,
    root=st.none() | HEXADECIMAL.map(BlockId),
    merge=st.sampled_from(MergeRule),
    settle=SETTLEMENTS,
)
HEADERS = st.builds(
    Header,
    branch=BRANCHES,
    chain=HEXADECIMAL.map(ChainId),
    confirmed=NATURALS,
    directory=st.none() | HEXADECIMAL.map(BlockId),
    directory_height=NATURALS,
    height=NATURALS,
    law=HEXADECIMAL.map(Digest),
    merged=st.lists(HEXADECIMAL.map(BlockId), max_size=3).map(tuple),
    previous=st.none() | HEXADECIMAL.map(BlockId),
    producer=ENTITIES,
    receipts=HEXADECIMAL.map(Digest),
    rules=TEXTS,
    slot=NATURALS,
    state=HEXADECIMAL.map(Digest),
    time=st.integers(0, LAST_MOMENT),
    transactions=HEXADECIMAL.map(Digest),
)
LOADS = st.builds(
    Load,
    table=TABLES,
    columns=st.lists(TEXTS, min_size=1, max_size=4).map(tuple),
    mode=st.sampled_from(LoadMode),
    rows=HEXADECIMAL.map(Digest),
    gone=st.none() | HEXADECIMAL.map(Digest),
)
ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0.5, -1e300]) | TEXTS,
    lambda values: st.lists(values, max_size=3).map(tuple),
    max_leaves=4,
)
PAYLOADS = st.builds(
    lambda kind, loads, sql, **rest: Payload(
        **rest,
        loads=() if kind else loads,
        sql="" if isinstance(kind, Call) else sql,
        contract=kind if isinstance(kind, str) else None,
        call=kind if isinstance(kind, Call) else None,
    ),
    kind=st.none() | st.just("xbank") | st.builds(Call, ROUTINES, st.lists(ARGUMENTS, max_size=3).map(tuple)),
    branch=BRANCHES,
    chain=HEXADECIMAL.map(ChainId),
    key=KEYS,
    loads=st.lists(LOADS, max_size=2).map(tuple),
    nonce=st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"),
    recent=HEXADECIMAL.map(BlockId),
    signer=ENTITIES,
    sql=TEXTS,
)
TRANSACTIONS = st.builds(
    lambda payload, signature: Transaction(transaction_id(encode_payload(payload)), payload, signature),
    PAYLOADS,
    st.binary(min_size=64, max_size=64),
)
COUNTS = st.builds(RowCounts, NATURALS, NATURALS, NATURALS)
EVENTS = st.builds(Event, ROUTINES, st.dictionaries(TEXTS, ARGUMENTS, max_size=2))
RESULTS = st.integers(1, 3).flatmap(
    lambda width: st.builds(
        CallResult,
        st.lists(TEXTS, min_size=width, max_size=width).map(tuple),
        st.lists(st.lists(ARGUMENTS, min_size=width, max_size=width).map(tuple), max_size=2).map(tuple),
    )
)
SETTLED_ROWS = st.integers(1, 3).flatmap(
    lambda width: st.builds(
        SettledRow,
        TABLES,
        st.lists(ARGUMENTS.filter(lambda value: not isinstance(value, tuple)), max_size=2).map(tuple),
        st.lists(TEXTS, min_size=width, max_size=width).map(tuple),
        *[
            st.none() | st.lists(st.none() | st.booleans() | TEXTS, min_size=width, max_size=width).map(tuple)
            for _ in range(3)
        ],
    )
)
SETTLED_AS = st.builds(
    SettledAs,
    st.lists(SETTLED_ROWS, max_size=2).map(tuple),
    st.booleans(),
    st.none() | TEXTS,
    st.none() | ENTITIES,
    st.none() | HEXADECIMAL.map(BlockId),
)
RECEIPTS = st.builds(
    lambda *values, settled: Receipt(*values, None, *settled),
    HEXADECIMAL.map(TransactionId),
    st.dictionaries(TABLES, COUNTS, max_size=3),
    st.lists(EVENTS, max_size=2).map(tuple),
    st.none() | RESULTS,
    settled=st.tuples(SETTLEMENTS, st.none()) | st.tuples(TEXTS, SETTLED_AS),
) | st.builds(
    Receipt,
    HEXADECIMAL.map(TransactionId),
    refusal=st.builds(Refusal, TEXTS, TEXTS, st.none() | HEXADECIMAL.map(TransactionId)),
)

Codec = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]
CODECS: dict[str, Codec] = {
    "genesis.json": (encode_genesis, decode_genesis),
    "branch.json": (encode_law, decode_law),
    "block.json": (encode_header, decode_header),
    "transactions.jsonl": (encode_transactions, decode_transactions),
    "receipts.jsonl": (encode_receipts, decode_receipts),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "genesis.json": GENESES,
    "branch.json": LAWS,
    "block.json": HEADERS,
    "transactions.jsonl": st.lists(TRANSACTIONS, min_size=1, max_size=3).map(tuple),
    "receipts.jsonl": st.lists(RECEIPTS, min_size=1, max_size=3).map(tuple),
}


@pytest.mark.parametrize("name", CODECS)
@given(data=st.data())
def test_what_is_written_is_read_back_and_nothing_near_it_is(name: str, data: st.DataObject) -> None:
    encode, decode = CODECS[name]
    value = data.draw(VALUES[name])
    stored = encode(value)
    assert decode(stored) == value
    position = data.draw(st.integers(0, len(stored) - 1))
    mangled = {
        stored[:position] + stored[position + 1 :],
        stored[:position] + b" " + stored[position:],
        stored[:position] + bytes([stored[position] ^ 1 << data.draw(st.integers(0, 7))]) + stored[position + 1 :],
        stored + b"\n",
        stored.replace(b"\n", b"\r\n"),
    }
    for other in mangled - {stored}:
        _accepts_one_spelling(encode, decode, other)


@given(st.lists(RECEIPTS, max_size=4))
def test_rows_are_counted_as_the_receipts_tell(receipts: list[Receipt]) -> None:
    expected = total_counts(receipt.rows for receipt in receipts)
    assert total_counts(count_rows(encode_receipts(receipts))) == expected


def _accepts_one_spelling(encode: Callable[[Any], bytes], decode: Callable[[bytes], Any], data: bytes) -> None:
    """Either `data` is refused, or it is the one spelling of what it means."""
    try:
        value = decode(data)
    except FormatError:
        return
    assert encode(value) == data


def _samples() -> dict[str, Any]:
    """A value of each format."""
    genesis = Genesis(
        1_700_000_000_000, 60_000, EntityName("alice"), PublicKey(bytes(range(32))), "Größe \u2028", "0" * 32, 5_000
    )
    chain = chain_id(encode_genesis(genesis))
    law = Law(BranchName("dev/x"), BlockId("1" * 64), Consensus.SOLE, EntityName("alice"), MergeRule.LOST_UPDATE)
    header = Header(
        branch=BranchName("dev/x"),
        chain=chain,
        confirmed=3,
        directory=BlockId("2" * 64),
        directory_height=4,
        height=7,
        law=Digest("3" * 64),
        merged=(BlockId("4" * 64),),
        previous=BlockId("5" * 64),
        producer=EntityName("alice"),
        receipts=Digest("6" * 64),
        rules="aergosql-1",
        slot=9,
        state=Digest("7" * 64),
        time=1_700_000_047_123,
        transactions=Digest("8" * 64),
    )
    load = Load(TableName("public.t"), ("a", "b c"), LoadMode.UPSERT, Digest("9" * 64), None)
    payload = Payload(
        branch=BranchName("dev/x"),
        chain=chain,
        key=genesis.founder_key,
        loads=(load,),
        nonce="f" * 32,
        recent=BlockId("a" * 64),
        signer=EntityName("alice"),
        sql="INSERT INTO t VALUES ('\u00e9\t\"')",
    )
    deploy = replace(payload, loads=(), contract="bank", sql="CREATE TABLE account (id bigint PRIMARY KEY)")
    arguments = (1, "12.50", None, True, 0.5, ("a", None, (1,)))
    call = replace(payload, loads=(), sql="", call=Call(RoutineName("bank.transfer"), arguments))
    transactions = tuple(
        Transaction(transaction_id(encode_payload(one)), one, bytes(range(64))) for one in (payload, deploy, call)
    )
    receipt = Receipt(transactions[0].id, {TableName("public.t"): RowCounts(1, 2, 3)})
    outcome = Receipt(
        transactions[2].id,
        events=(Event("bank.moved", {"amount": "12.50", "to": ("b", None)}),),
        result=CallResult(("balance", "left"), (("1.00", None), ("2.00", 3))),
    )
    rows = (SettledRow(TableName("public.t"), (1, "x"), ("a", "b"), (1, 0.5), None, (True, "y")),)
    was = SettledAs(rows, fails=True, script="SELECT 1", owner=EntityName("alice"), block=BlockId("b" * 64))
    settled = Receipt(transactions[1].id, settled="bank.settle", settled_as=was)
    return {
        "genesis.json": genesis,
        "branch.json": law,
        "block.json": header,
        "transactions.jsonl": transactions,
        "receipts.jsonl": (receipt, outcome, settled),
    }


REFUSED: dict[str, list[tuple[str, str, str]]] = {
    "genesis.json": [
        ("a slot without length", '"slot":5000', '"slot":0'),
        ("a slot beyond a day", '"slot":5000', '"slot":86400001'),
        ("a time beyond the calendar", '"created":1700000000000', '"created":253402300800000'),
        ("another version", '"version":1', '"version":2'),
        ("a truth for a number", '"version":1', '"version":true'),
        ("a fraction for a number", '"version":1', '"version":1.0'),
        ("a name that no entity may have", '"alice"', '"Alice"'),
        ("a key of another type", "ssh-ed25519", "ssh-ed25518"),
    ],
    "branch.json": [
        ("a sole producer without the name", '"producer":"alice"', '"producer":null'),
        ("a producer where all take turns", '"sole"', '"dpos"'),
        ("an unknown merge rule", "lost-update", "last-wins"),
        ("a name that escapes", "dev/x", "dev/../x"),
        ("an upper-case id", "1" * 64, "A" * 64),
        ("a key twice", '"version":1', '"version":1,\n"version":1'),
    ],
    "block.json": [
        ("a negative height", '"height":7', '"height":-7'),
        ("a height beyond 63 bits", '"height":7', '"height":9223372036854775808'),
        ("a short id", "5" * 64, "5" * 63),
        ("an id that is a number", '"' + "5" * 64 + '"', "5"),
        ("a merged block that is none", '["' + "4" * 64 + '"]', "[1]"),
        ("a time beyond the calendar", "1700000047123", "253402300800000"),
        ("an exponent", '"slot":9', '"slot":9e0'),
        ("two keys on a line", ',\n"slot"', ',"slot"'),
    ],
    "transactions.jsonl": [
        ("an escape where none is needed", "INSERT", "\\u0049NSERT"),
        ("a load without rows and keys", '"rows":"' + "9" * 64 + '"', '"rows":null'),
        ("a load without columns", '["a","b c"]', "[]"),
        ("a nonce in capitals", "f" * 32, "F" * 32),
        ("a signature with bits left over", 'Pw=="', 'Px=="'),
        ("a device's table", "public.t", "public.con"),
        ("another line feed", "}\n", "}\n\n"),
        ("a space", '":', '": '),
        ("a contract that is null", '"contract":"bank"', '"contract":null'),
        ("a contract with a name for devices", '"contract":"bank"', '"contract":"nul"'),
        ("a call that is null", '"call":{"arguments":[1,', '"call":null,"cell":{"arguments":[1,'),
        ("a call of no contract's routine", '"bank.transfer"', '"transfer"'),
        ("an object for an argument", '["a",null,[1]]', '{"a":1}'),
        ("a call with a script", '"routine":"bank.transfer"},', '"routine":"bank.transfer"},"contract":"bank",'),
    ],
    "receipts.jsonl": [
        ("a negative count", '"deleted":3', '"deleted":-3'),
        ("settled, and nobody tells by whom", '"settled":"bank.settle",', ""),
        ("a settled row with a value too few", '"ours":[1,0.5]', '"ours":[1]'),
        ("a settled row with an array in it", '"ours":[1,0.5]', '"ours":[1,[0.5]]'),
        ("a settled row without a key", '"key":[1,"x"]', '"key":null'),
        ("a settled row of no columns", '"columns":["a","b"]', '"columns":["a",1]'),
        ("nothing settled", '"rows":[{"columns"', '"rows":[],"rowz":[{"columns"'),
        ("a failure that is none", '"fails":true', '"fails":false'),
        ("an owner in capitals", '"owner":"alice"', '"owner":"Alice"'),
        ("a settling block that is none", '"block":"' + "b" * 64, '"block":"' + "B" * 64),
        ("a count left out", '"deleted":3,', ""),
        ("a table without contract", "public.t", "t"),
        ("a row of another length", '[["1.00",null],["2.00",3]]},"rows":{}', '[["1.00",null],["2.00"]]},"rows":{}'),
        ("a line feed left out", "}\n", "}"),
        ("a result without columns", '"columns":["balance","left"]', '"columns":[]'),
        ("no events", '"events":[{"data":{"amount":"12.50","to":["b",null]},"name":"bank.moved"}]', '"events":[]'),
        ("an event of no contract", "bank.moved", "moved"),
    ],
}


def vectors() -> list[dict[str, Any]]:
    """The content of the file of vectors."""
    found = []
    for name, value in _samples().items():
        stored = CODECS[name][0](value).decode()
        refused = []
        for what, old, new in REFUSED[name]:
            assert old in stored, (name, what)
            refused.append({"what": what, "bytes": stored.replace(old, new, 1)})
        found.append({"file": name, "bytes": stored, "id": _id(name, stored.encode()), "refused": refused})
    return found


def _id(name: str, stored: bytes) -> str | None:
    if name == "genesis.json":
        return chain_id(stored)
    if name == "block.json":
        return block_id(stored)
    return decode_transaction(stored.split(b"\n")[0]).id if name == "transactions.jsonl" else None


@given(
    transaction=TRANSACTIONS,
    position=st.integers(0, 2000),
    removed=st.integers(0, 2),
    added=st.one_of(
        st.binary(max_size=2), st.sampled_from([b"null", b"1", b"-0.0", b"[]", b"{}", b'"a":', b"\\u0041"])
    ),
)
def test_a_line_is_read_alike_quickly_and_rule_by_rule(
    transaction: Transaction, position: int, removed: int, added: bytes
) -> None:
    line = encode_transactions([transaction])[:-1]
    position %= len(line)
    for changed in (line, line[:position] + added + line[position + removed :]):
        assert _reading(decode_transaction, changed) == _reading(transactions_codec._decode_any, changed)
    assert signed_part(line) == encode_payload(transaction.payload)


def _reading(read: Callable[[bytes], Transaction], line: bytes) -> object:
    try:
        return read(line)
    except FormatError as error:
        return type(error), error.message


def test_the_vectors_are_those_that_this_program_writes() -> None:
    assert json.loads(VECTORS.read_text("utf-8")) == vectors()


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text("utf-8")), ids=lambda vector: str(vector["file"]))
def test_vectors_are_read_by_their_meaning_and_their_neighbours_refused(vector: dict[str, Any]) -> None:
    name = vector["file"]
    encode, decode = CODECS[name]
    assert decode(vector["bytes"].encode()) == _samples()[name]
    assert encode(_samples()[name]) == vector["bytes"].encode()
    for refused in vector["refused"]:
        with pytest.raises(FormatError):
            decode(refused["bytes"].encode())


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2])]
    VECTORS.write_text(json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n", "utf-8")
