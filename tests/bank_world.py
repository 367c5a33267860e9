"""A machine in memory with a small bank on it, and random transactions that meet there in every way."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from forgery import seed_of

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BlockId, BranchName, ChainId, EntityName, RoutineName, TableName
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.keys.signer import seed_signer
from aergo_vc.ledger.machine import BlockContext, Machine, State, Submission
from aergo_vc.ledger.payloads import LoadTrees, keys_only
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import Call, Load, LoadMode, Payload, Receipt
from aergo_vc.model.types import Kind, Row
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.snapshot import Root, Snapshot
from aergo_vc.state.table_tree import TableTree
from aergo_vc.state.twins import MemoryTwins

SIGNER = seed_signer(seed_of("alice"))
MAIN, CHAIN = BranchName("main"), ChainId("c" * 64)
ACCOUNTS = 12

SCHEMA = """
CREATE TABLE account (id int PRIMARY KEY, owner text, balance bigint NOT NULL CHECK (balance >= 0), note text);
CREATE TABLE entry (account int REFERENCES account, amount bigint);
CREATE TABLE summary (id int PRIMARY KEY, total bigint);
CREATE TABLE tag (id int PRIMARY KEY, name text UNIQUE, uses int NOT NULL DEFAULT 0);
CREATE TABLE mark (id int PRIMARY KEY, name text REFERENCES tag (name) ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
CREATE PROCEDURE transfer(giver int, taker int, amount bigint) LANGUAGE plpgsql AS $$
DECLARE rest bigint;
BEGIN
  UPDATE account SET balance = balance - amount WHERE id = giver RETURNING balance INTO rest;
  IF rest > 100 THEN
    UPDATE account SET note = 'rich' WHERE id = giver + 1;
  END IF;
  UPDATE account SET balance = balance + amount WHERE id = taker;
END $$;
CREATE FUNCTION settle(base account, ours account, theirs account) RETURNS account LANGUAGE plpgsql AS $$
BEGIN
  IF theirs.balance > 100 THEN RETURN NULL; END IF;
  ours.balance := ours.balance + theirs.balance - base.balance;
  RETURN ours;
END $$;
CREATE FUNCTION settle_transaction(transaction text, signer text, code text, reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE total bigint;
BEGIN
  SELECT balance INTO total FROM account WHERE id = 3;
  IF total > 55 THEN RETURN 'sql:UPDATE account SET note = ''settled'' WHERE id = 5'; END IF;
  IF total < 10 THEN RETURN 'skip'; END IF;
  IF total % 5 = 4 THEN RETURN 'apply'; END IF;
  IF total = 42 THEN RETURN 'abort'; END IF;
  RETURN NULL;
END $$;
"""


@dataclass
class BankWorld:
    """The machine, and the state with the accounts that everything begins with."""

    machine: Machine
    start: Snapshot = field(default_factory=Snapshot)
    catalog: Catalog = field(default_factory=Catalog)
    count: int = 0

    @classmethod
    def open(cls) -> "BankWorld":
        objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
        nodes = NodeStore(objects, MemoryTwins(), ObjectFormat.SHA1.id_bytes)
        world = cls(Machine(Engine(None), objects, nodes, lambda _branch, _engine: None))
        values = ", ".join(f"({number}, 'o', {10 * number}, NULL)" for number in range(ACCOUNTS))
        world.run([world.script(SCHEMA), world.script(f"INSERT INTO account VALUES {values}")])
        world.start, world.catalog = world.machine.snapshot, world.machine.catalog
        return world

    def script(self, sql: str, signer: str = "alice", contract: str | None = None) -> Submission:
        """A signed script, which deploys a contract if it is given."""
        return self._signed(sql=sql, signer=signer, contract=contract)

    def call(self, routine: str, *arguments: int) -> Submission:
        """A signed call."""
        return self._signed(call=Call(RoutineName(routine), arguments))

    def load(self, table: str, mode: LoadMode, rows: Sequence[Row], gone: Sequence[Key] = ()) -> Submission:
        """A signed load of rows, behind the deletion of keys."""
        found = self.machine.catalog.tables[TableName(table)]
        trees = LoadTrees(_root(self.machine.tree(found), rows), _root(self.machine.tree(keys_only(found)), gone))
        columns = tuple(column.name for column in found.columns)
        digests = [None if root is None else root.digest for root in (trees.rows, trees.gone)]
        return self._signed(loads=((Load(found.name, columns, mode, *digests), trees),))

    def _signed(
        self,
        sql: str = "",
        call: Call | None = None,
        loads: Sequence[tuple[Load, LoadTrees]] = (),
        signer: str = "alice",
        contract: str | None = None,
    ) -> Submission:
        self.count += 1
        payload = Payload(
            branch=MAIN,
            chain=CHAIN,
            key=SIGNER.public_key,
            loads=tuple(load for load, _ in loads),
            nonce=f"{self.count:032x}",
            recent=BlockId(CHAIN),
            signer=EntityName(signer),
            sql=sql,
            contract=contract,
            call=call,
        )
        return signed(SIGNER, payload), tuple(trees for _, trees in loads)

    def run(self, submissions: Iterable[Submission], height: int = 1) -> tuple[State, list[Receipt]]:
        """A block of transactions, none of which fails."""
        with self.machine.block(self.context(height)) as execution:
            receipts = [execution.execute(*submission).receipt for submission in submissions]
            return execution.finish(), receipts

    def recorded(
        self, submissions: Sequence[Submission], height: int = 1
    ) -> tuple[State, list[Submission], list[Footprint], list[Receipt]]:
        """A block of those transactions that succeed, with their footprints."""
        included, footprints, receipts = [], [], []
        with self.machine.block(self.context(height)) as execution:
            for submission in submissions:
                try:
                    done = execution.record(*submission)
                except AergoError:
                    continue
                included.append(submission)
                footprints.append(done.footprint)
                receipts.append(done.outcome.receipt)
            return execution.finish(), included, footprints, receipts

    @staticmethod
    def context(height: int) -> BlockContext:
        return BlockContext(MAIN, CHAIN, height, 1_700_000_000_000 + height)

    def random_transactions(self, source: random.Random, count: int, accounts: Sequence[int]) -> list[Submission]:
        """Transactions that mostly stay within some accounts."""
        return [self._random(source, accounts) for _ in range(count)]

    def _random(self, source: random.Random, accounts: Sequence[int]) -> Submission:
        one, other = source.choice(accounts), source.choice(accounts)
        amount = source.randrange(1, 40)
        kind = source.randrange(39)
        if kind < 8:
            return self.call("public.transfer", one, other, amount)
        if kind >= 35:
            return self._random_load(source, accounts)
        return self.script(
            (
                f"UPDATE account SET balance = balance + {amount} WHERE id = {one}",
                f"UPDATE account SET balance = balance + {amount} WHERE id = {one}",
                f"UPDATE account SET balance = {amount} WHERE id = {one}",
                f"UPDATE account SET owner = 'p{amount % 3}' WHERE id = {one}",
                f"UPDATE account SET note = 'n{amount % 3}' WHERE id = {one}",
                f"INSERT INTO account VALUES ({one + ACCOUNTS}, 'new', {amount}, NULL)",
                f"DELETE FROM account WHERE id = {one}",
                f"UPDATE account SET note = 'poor' WHERE balance < {amount}",
                f"INSERT INTO summary SELECT {one}, sum(balance) FROM account",
                f"INSERT INTO summary VALUES ({one}, {amount}) ON CONFLICT (id) DO UPDATE SET total = excluded.total",
                f"INSERT INTO summary SELECT {one}, count(*) FROM entry WHERE account = {other}",
                f"INSERT INTO entry VALUES ({one}, {amount})",
                f"INSERT INTO entry SELECT id, balance FROM account WHERE id = {one}",
                f"INSERT INTO tag VALUES ({one}, 't{amount % 4}')",
                f"INSERT INTO numbered (what) VALUES ('w{amount % 4}')",
                f"INSERT INTO numbered (what) SELECT owner FROM account WHERE id = {one}",
                f"UPDATE entry SET amount = amount + {amount} WHERE account = {one}",
                f"UPDATE tag SET uses = uses + 1 WHERE name = 't{amount % 4}'",
                f"UPDATE tag SET uses = {amount} WHERE name = 't{amount % 4}'",
                f"UPDATE tag SET name = 't{amount % 5}' WHERE id = {one}",
                f"INSERT INTO tag VALUES ({one}, 't{amount % 4}') ON CONFLICT (name) DO UPDATE SET uses = tag.uses + 1",
                f"DELETE FROM tag WHERE name = 't{amount % 4}'",
                f"INSERT INTO mark VALUES ({one}, 't{amount % 4}')",
                f"INSERT INTO summary SELECT {one}, count(*) FROM mark WHERE name = 't{amount % 4}'",
                f"UPDATE numbered SET what = what || '!' WHERE id = {amount % 6}",
                f"UPDATE numbered SET what = 'set' WHERE id = {amount % 6}",
                f"INSERT INTO summary SELECT {amount}, (SELECT balance FROM account WHERE id = {one})"
                f" + (SELECT balance FROM account WHERE id = {other})",
            )[kind - 8]
        )

    def random_definition(self, source: random.Random) -> Submission:
        """Something that defines, or takes away, what other transactions may use."""
        number = source.randrange(3)
        return self.script(
            source.choice(
                (
                    f"CREATE TABLE extra{number} (id int PRIMARY KEY, of int REFERENCES account);"
                    f" INSERT INTO extra{number} SELECT id, id FROM account WHERE id < {number}",
                    f"DROP TABLE extra{number}",
                    f"ALTER TABLE tag ADD COLUMN size int DEFAULT {number}",
                    "ALTER TABLE tag DROP COLUMN size",
                    "ALTER TABLE tag RENAME TO label",
                    f"CREATE INDEX entries{number} ON entry (amount)",
                    "CREATE UNIQUE INDEX once ON summary (total)",
                    "ALTER SEQUENCE numbered_id_seq RESTART",
                    "CREATE VIEW rich AS SELECT id FROM account WHERE balance > 100",
                    f"CREATE OR REPLACE FUNCTION bonus(id int) RETURNS bigint LANGUAGE sql AS $$ SELECT {number} $$",
                    f"INSERT INTO summary VALUES (90, bonus(1)); CREATE TABLE brief (id int PRIMARY KEY);"
                    f" INSERT INTO brief VALUES ({number})",
                    f"INSERT INTO brief VALUES ({number + 7}); UPDATE account SET balance = 7 WHERE id = {number}",
                    "DROP TABLE brief",
                    f"DROP TABLE summary; CREATE TABLE summary (id text PRIMARY KEY, total bigint);"
                    f" INSERT INTO summary VALUES ('{number}', 1)",
                    f"INSERT INTO extra{number} SELECT id, id FROM account WHERE id = 5",
                )
            )
        )

    def _random_load(self, source: random.Random, accounts: Sequence[int]) -> Submission:
        keys = source.sample(accounts, source.randrange(1, len(accounts) + 1))
        gone = [(key,) for key in keys if source.random() < 0.2]
        mode = source.choice(list(LoadMode))
        table = source.choice(["account", "summary", "tag"])
        cells: dict[str, Callable[[int], Row]] = {
            "account": lambda key: (key, "l", source.randrange(50), None),
            "summary": lambda key: (key, source.randrange(50)),
            "tag": lambda key: (key, f"t{source.randrange(6)}", 0),
        }
        found = self.machine.catalog.tables.get(TableName(f"public.{table}"))
        if found is None or len(found.columns) != len(cells[table](0)) or found.key_kinds != (Kind.INTEGER,):
            table = "account"
        return self.load(f"public.{table}", mode, [cells[table](key) for key in keys], gone)

    def rows(self, snapshot: Snapshot) -> dict[TableName, list[tuple[object, ...]]]:
        """All rows of a state, for people who look for a difference."""
        self.machine.move_to(snapshot)
        return {name: sorted(self.machine.engine.rows(name), key=repr) for name in self.machine.catalog.stored}


def _root(tree: TableTree, rows: Sequence[Row]) -> Root | None:
    node = tree.build(rows) if rows else None
    return None if node is None else Root(node.id, node.digest)
