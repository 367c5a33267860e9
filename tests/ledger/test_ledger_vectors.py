"""The formats of blocks do not drift from their vectors, nor the manual's examples from either."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import ledger_vectors
import pytest
from world import ROOT

from aergo_vc.base import limits
from aergo_vc.codec.genesis import chain_id, decode_genesis, encode_genesis
from aergo_vc.codec.git_commit import decode_commit, encode_commit
from aergo_vc.codec.header import block_id, decode_header, encode_header
from aergo_vc.codec.law import decode_law, encode_law
from aergo_vc.codec.receipts import decode_receipts, encode_receipts
from aergo_vc.codec.schema_text import parse_schema, schema_text
from aergo_vc.codec.sshsig import SshSignature, encode_signature_armor
from aergo_vc.codec.transactions import decode_transactions, encode_payload, encode_transactions
from aergo_vc.keys.ed25519 import checked_public_key
from aergo_vc.keys.signatures import check_payload


@pytest.fixture(scope="module")
def chain() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(ledger_vectors.FILE.read_text())
    return stored


def blocks(chain: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for branch in chain.values() for block in branch]


def test_the_chain_that_is_made_today_is_that_of_the_vectors() -> None:
    assert ledger_vectors.FILE.read_text() == ledger_vectors.text()


def test_every_file_of_the_vectors_is_read_and_spelled_again(chain: dict[str, Any]) -> None:
    for block in blocks(chain):
        files = {name: text.encode() for name, text in block.items() if isinstance(text, str)}
        assert encode_genesis(decode_genesis(files["genesis.json"])) == files["genesis.json"]
        assert encode_law(decode_law(files["branch.json"])) == files["branch.json"]
        assert encode_header(decode_header(files["block.json"])) == files["block.json"]
        transactions, receipts = files["transactions.jsonl"], files["receipts.jsonl"]
        assert encode_transactions(decode_transactions(transactions)) == transactions
        assert encode_receipts(decode_receipts(receipts)) == receipts
        assert encode_commit(decode_commit(files["commit"])) == files["commit"]
        for contract, text in block["schema.sql"].items():
            assert schema_text(parse_schema(contract, text), contract) == text
        assert block_id(files["block.json"]) == block["id"]
        assert chain_id(files["genesis.json"]) == block["chain"]


def test_ids_and_signatures_are_what_the_manual_says_without_our_codecs(chain: dict[str, Any]) -> None:
    block = chain["main"][2]
    assert hashlib.sha256(block["block.json"].encode()).hexdigest() == block["id"]
    line = json.loads(block["transactions.jsonl"])
    payload = json.dumps(line["payload"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(payload).hexdigest() == json.loads(block["receipts.jsonl"])["transaction"]
    (transaction,) = decode_transactions(block["transactions.jsonl"].encode())
    key = checked_public_key(transaction.payload.key)
    assert check_payload(key, "aergo-tx", payload, transaction.signature)
    header = json.loads(block["block.json"])
    for name in ("transactions", "receipts"):
        data = block[f"{name}.jsonl"].encode()
        assert hashlib.sha256(b"blob %d\0" % len(data) + data).hexdigest() == header[name]


def test_openssh_verifies_a_transaction_of_the_vectors(chain: dict[str, Any], tmp_path: Path) -> None:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")
    line = json.loads(chain["main"][2]["transactions.jsonl"])
    (transaction,) = decode_transactions(chain["main"][2]["transactions.jsonl"].encode())
    envelope = SshSignature(transaction.payload.key, "aergo-tx", transaction.signature)
    (tmp_path / "signature").write_text(encode_signature_armor(envelope))
    (tmp_path / "signers").write_text(f"ada {line['payload']['key']}\n")
    command = [program, "-Y", "verify", "-f", tmp_path / "signers", "-I", "ada", "-n", "aergo-tx"]
    command += ["-s", tmp_path / "signature"]
    subprocess.run(command, input=encode_payload(transaction.payload), check=True, capture_output=True)


@pytest.mark.parametrize("page", ledger_vectors.PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_are_what_the_program_writes(page: Path, chain: dict[str, Any]) -> None:
    assert page.read_text() == ledger_vectors.with_examples(page.read_text(), chain)


def test_the_pages_have_examples() -> None:
    assert sum(len(ledger_vectors.EXAMPLE.findall(page.read_text())) for page in ledger_vectors.PAGES) > 10


@pytest.mark.parametrize(
    ("page", "numbers"),
    [
        (
            "aergo-ledger.5",
            [
                limits.BLOCK_FILE_BYTES,
                limits.BLOCK_TRANSACTIONS,
                limits.CHUNK_BYTES,
                limits.DIRECTORY_BLOCK_BYTES,
                limits.JSON_DEPTH,
                limits.KEY_CODE_CHARACTERS,
                limits.ROW_BYTES,
                limits.TABLE_COLUMNS,
                limits.TRANSACTION_BYTES,
                limits.TRANSACTION_LIFETIME_BLOCKS,
            ],
        ),
        ("aergo-genesis.5", [limits.LAST_MOMENT, limits.LONGEST_SLOT]),
    ],
)
def test_the_manual_names_the_limits(page: str, numbers: list[int]) -> None:
    text = (ROOT / "man" / "man5" / page).read_text()
    assert [number for number in numbers if not re.search(rf"(?<!\d){number}(?!\d)", text)] == []
