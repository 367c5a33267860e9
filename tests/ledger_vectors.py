"""Writes ``tests/vectors/ledger.json``: the files of a small chain, made as users make one, at fixed times.

It also puts them, and other files, into the manual's pages, where a line such as ``.\\" vector main 2 block.json`` or
``.\\" source aergo_vc/directory/contract.sql`` stands above a literal block.

Run it only after a deliberate change of format: ``python tests/ledger_vectors.py``.
"""

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

from world import ROOT, START, World  # noqa: E402 - this checkout's package, also as a program

from aergo_vc.base.names import branch_name  # noqa: E402
from aergo_vc.ledger.history import blocks_back  # noqa: E402
from aergo_vc.ledger.layout import LedgerTree, read_ledger  # noqa: E402
from aergo_vc.repository.facade import Repository  # noqa: E402
from aergo_vc.repository.tips import tip_of  # noqa: E402
from aergo_vc.repository.workspace import Surroundings, Workspace  # noqa: E402
from aergo_vc.state.snapshot import SnapshotStore  # noqa: E402

FILE = Path(__file__).parent / "vectors" / "ledger.json"
SCHEMA = "CREATE TABLE price (item text PRIMARY KEY, cents bigint NOT NULL CHECK (cents >= 0))"
PAGES = sorted((ROOT / "man").glob("man*/*"))
EXAMPLE = re.compile(r'(?<=^\.\\" )((?:vector|source) .+)\n(\.Bd .+)\n(?:[^.].*\n|\n)*(?=\.Ed)', re.MULTILINE)
COLUMNS = 78
PRICES = "item,cents\nbread,350\nsalt,90\n"
SALE = ("UPDATE price SET cents = cents - 20 WHERE item = 'bread'", "UPDATE price SET cents = 80 WHERE item = 'salt'")
SALE_BEGINS = 3
"""The height of the first block of sale."""
MEANWHILE = "UPDATE price SET cents = 95 WHERE item = 'salt'"


class Fixed:
    """A clock and a source of entropy that the steps of a story set, however often they are asked in between."""

    def __init__(self) -> None:
        self.time = START
        self._calls = 0

    def step(self) -> None:
        """A slot later, with other bytes."""
        self.time += 5_000
        self._calls = 0

    def now(self) -> int:
        return self.time

    def entropy(self, count: int) -> bytes:
        self._calls += 1
        return hashlib.sha512(f"{self.time} {self._calls}".encode()).digest()[:count]


def vectors(folder: Path) -> dict[str, Any]:
    """The blocks of a directory, of main and of a branch that is merged, each as its commit and its files."""
    place, fixed = World.create(folder).repository("shop"), Fixed()
    surroundings = Surroundings(variables=place.world.environment, clock=fixed, entropy=fixed.entropy)
    with Repository.open(place.path, surroundings) as repository:
        repository.init(name="shop", entity="ada")
        fixed.step()
        repository.sql(SCHEMA, commit=True)
        fixed.step()
        repository.import_files([place.write("price.csv", PRICES)], commit=True)
        fixed.step()
        repository.branch("sale")
        repository.checkout("sale")
        for script in SALE:
            fixed.step()
            repository.sql(script, commit=True)
        repository.checkout("main")
        fixed.step()
        repository.sql(MEANWHILE, commit=True)
        fixed.step()
        repository.merge("sale")
    workspace = Workspace.open(place.path, surroundings)
    try:
        return {
            "aergo/directory": list(_blocks(workspace, "aergo/directory")),
            "main": list(_blocks(workspace, "main")),
            "sale": [
                block for block in _blocks(workspace, "sale") if json.loads(block["branch.json"])["name"] == "sale"
            ],
        }
    finally:
        workspace.close()


def _blocks(workspace: Workspace, branch: str) -> Iterator[dict[str, Any]]:
    """The blocks of a branch's history in ascending order."""
    for found in reversed(list(blocks_back(workspace.writer, tip_of(workspace, branch_name(branch)).commit))):
        ledger = read_ledger(workspace.writer, found.ledger)
        yield {
            "id": ledger.block,
            "chain": ledger.chain,
            "commit": workspace.writer.read_commit(found.commit).decode(),
            "genesis.json": ledger.genesis_bytes.decode(),
            "branch.json": ledger.law_bytes.decode(),
            "block.json": ledger.header_bytes.decode(),
            "transactions.jsonl": ledger.transactions_bytes.decode(),
            "receipts.jsonl": ledger.receipts_bytes.decode(),
            "schema.sql": _schemas(workspace, ledger),
            "state": ledger.state,
            "payload": ledger.payload,
        }


def _schemas(workspace: Workspace, ledger: LedgerTree) -> dict[str, str]:
    if ledger.state is None:
        return {}
    store = SnapshotStore(workspace.writer, workspace.nodes)
    return dict(store.read(ledger.state, ledger.header.state).schemas)


def text() -> str:
    """The file's text."""
    with tempfile.TemporaryDirectory() as folder:
        return json.dumps(vectors(Path(folder)), indent=1, ensure_ascii=True) + "\n"


def with_examples(page: str, chain: dict[str, Any]) -> str:
    """A page with its examples as they must be."""
    return EXAMPLE.sub(lambda found: f"{found[1]}\n{found[2]}\n{_literal(found[1].split(), chain)}", page)


def _literal(words: list[str], chain: dict[str, Any]) -> str:
    """Lines for a literal block in mdoc(7)."""
    lines = _example(words, chain).strip("\n").split("\n")
    if words[-1].endswith((".jsonl", ".sql")):
        lines = [part for line in lines for part in _folded(line)]
    return "".join(line.replace("\\", "\\e") + "\n" for line in lines)


def _example(words: list[str], chain: dict[str, Any]) -> str:
    if words[0] == "source":
        return (ROOT / words[1]).read_text()
    block = chain[words[1]][int(words[2])]
    if words[3] == "transaction":
        return str(json.loads(block["receipts.jsonl"])["transaction"])
    return str(block["schema.sql"]["public"] if words[3] == "schema.sql" else block[words[3]])


def _folded(line: str) -> Iterator[str]:
    while len(line) > COLUMNS:
        yield line[:COLUMNS]
        line = " " + line[COLUMNS:]
    yield line


def main() -> None:
    FILE.write_text(text())
    chain = json.loads(FILE.read_text())
    for page in PAGES:
        page.write_text(with_examples(page.read_text(), chain))


if __name__ == "__main__":
    main()
