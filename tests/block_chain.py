"""A chain of blocks in memory, each sealed by the same key at a time that its height alone decides."""

from collections.abc import Iterable, Sequence

from aergo_vc.base.ids import BlockId, BranchName, EntityName, PublicKey, RoutineName, TableName
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.codec.genesis import chain_id, encode_genesis
from aergo_vc.codec.law import encode_law
from aergo_vc.keys.signer import seed_signer
from aergo_vc.ledger.author import Author
from aergo_vc.ledger.building import BuiltBlock, Executed, Lease, Place, Plan, commit_block, execute_all, write_files
from aergo_vc.ledger.machine import BlockContext, Machine, Submission
from aergo_vc.ledger.payloads import LoadTrees
from aergo_vc.model.blocks import Consensus, Genesis, Law, MergeRule
from aergo_vc.model.transactions import Argument, Call, Load, LoadMode, Payload
from aergo_vc.model.types import Row
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.snapshot import Root
from aergo_vc.state.twins import MemoryTwins

START = 1_700_000_000_000
SLOT = 5_000
ALICE = EntityName("alice")
_SIGNER = seed_signer(b"alice" * 6 + b"al")
_MAIN = BranchName("main")


class Chain:
    """A branch that one entity writes alone, on an engine that is handed in."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        objects = self._objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
        nodes = NodeStore(objects, MemoryTwins(), ObjectFormat.SHA1.id_bytes)
        self.machine = Machine(engine, objects, nodes, lambda _branch, _engine: None)
        key: PublicKey = _SIGNER.public_key
        self._genesis = encode_genesis(Genesis(START, SLOT, ALICE, key, "test", "0" * 32, SLOT))
        self._law = encode_law(Law(_MAIN, None, Consensus.SOLE, ALICE, MergeRule.REPLAY))
        self._chain = chain_id(self._genesis)
        self.tip: BuiltBlock | None = None
        self._signed = 0

    def script(self, sql: str, contract: str | None = None) -> Submission:
        """A signed script, or a deployment."""
        return self._submission(sql=sql, contract=contract)

    def call(self, routine: str, arguments: Sequence[Argument]) -> Submission:
        """A signed call."""
        return self._submission(call=Call(RoutineName(routine), tuple(arguments)))

    def loads(self, tables: Iterable[tuple[TableName, Sequence[Row]]]) -> Submission:
        """Signed rows for tables that are there already, the hidden keys with them."""
        loads, trees = [], []
        for name, rows in tables:
            table = self.machine.catalog.tables[name]
            tree = self.machine.tree(table)
            node = tree.build(sorted(rows, key=lambda row: [row[place] for place in table.key_positions]))
            assert node is not None, f"no rows for {name}"
            columns = tuple(column.name for column in table.columns)
            loads.append(Load(name, columns, LoadMode.APPEND, node.digest, None))
            trees.append(LoadTrees(Root(node.id, node.digest), None))
        return self._submission(loads=tuple(loads))[0], tuple(trees)

    def _submission(
        self, *, sql: str = "", contract: str | None = None, call: Call | None = None, loads: tuple[Load, ...] = ()
    ) -> Submission:
        self._signed += 1
        payload = Payload(
            branch=_MAIN, chain=self._chain, key=_SIGNER.public_key, loads=loads, nonce=f"{self._signed:032x}",
            recent=BlockId(self._chain), signer=ALICE, sql=sql, contract=contract, call=call,
        )  # fmt: skip
        return signed(_SIGNER, payload), ()

    def seal(self, submissions: Iterable[Submission]) -> tuple[BuiltBlock, Executed]:
        """The next block, of those transactions that succeed, and what they did."""
        before = self.tip
        height = 0 if before is None else before.header.height + 1
        context = BlockContext(_MAIN, self._chain, height, START + height * SLOT)
        executed = execute_all(self.machine, context, submissions)
        parent, previous = (None, None) if before is None else (before.commit, before.ledger)
        plan = Plan(
            place=Place(parent, previous, self._genesis, self._law),
            lease=Lease(ALICE, height, context.time, 0, None, 0),
            author=Author(_SIGNER, "Alice", "alice@example.org"),
            message=f"Block {height}",
        )
        written = write_files(self._objects, plan.place, plan.lease, executed.contents)
        self.tip = commit_block(self._objects, plan, written, lambda _header, _block: None)
        return self.tip, executed
