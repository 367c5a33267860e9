"""A machine with routines of every kind, and random calls of them that meet in some rows and fail now and then."""

import random
from dataclasses import dataclass
from pathlib import Path

from bank_world import CHAIN, MAIN, SIGNER

from aergo_vc.base.ids import BlockId, EntityName, RoutineName
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.ledger.machine import BlockContext, Machine, Submission
from aergo_vc.model.transactions import Argument, Call, Payload
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.twins import MemoryTwins

ACCOUNTS = 60

SCHEMA = f"""
CREATE TABLE account (id int PRIMARY KEY, balance numeric(12,2) NOT NULL CHECK (balance >= 0));
CREATE TABLE visit (who text, day int, times int NOT NULL, PRIMARY KEY (who, day));
CREATE TABLE log (what text);
CREATE TABLE tag (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, account int REFERENCES account);
CREATE TABLE price (amount numeric PRIMARY KEY, name text);
CREATE SEQUENCE counter;
INSERT INTO account SELECT i, 20 FROM generate_series(0, {ACCOUNTS - 1}) AS t(i);
CREATE PROCEDURE transfer(giver int, taker int, amount numeric(12,2)) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account SET balance = balance - amount WHERE id = giver;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nobody has %', giver USING ERRCODE = 'P0042', DETAIL = 'look', HINT = 'well';
  END IF;
  UPDATE account SET balance = balance + amount WHERE id = taker;
  RAISE NOTICE 'moved %', amount;
  EMIT transferred (giver, taker, amount);
END $$;
CREATE PROCEDURE visit(name text, at int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO visit VALUES (name, at, 1) ON CONFLICT (who, day) DO UPDATE SET times = visit.times + 1;
  INSERT INTO log VALUES (name);
END $$;
CREATE PROCEDURE leave(name text, at int) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM visit WHERE who = name AND day = at;
  BEGIN
    INSERT INTO account VALUES (at, 1);
  EXCEPTION WHEN unique_violation THEN
    UPDATE account SET balance = balance + 1 WHERE id IN (at, 3);
  END;
END $$;
CREATE FUNCTION balance_of(number int) RETURNS TABLE (id int, balance numeric(12,2)) LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY SELECT a.id, a.balance FROM account a WHERE a.id = number; END $$;
CREATE PROCEDURE both(one int, other int, name text) LANGUAGE plpgsql AS $$
BEGIN
  CALL transfer(one, other, 1);
  CALL visit(name, one);
END $$;
CREATE FUNCTION plus_one(number int) RETURNS bigint LANGUAGE sql AS $$
  UPDATE account SET balance = balance + 1 WHERE id = number RETURNING id::bigint $$;

CREATE PROCEDURE beside(number int) LANGUAGE plpgsql AS $$
BEGIN UPDATE account SET balance = balance + 1 WHERE id = number + 1; END $$;
CREATE PROCEDURE moved(number int) LANGUAGE plpgsql AS $$
BEGIN number := 7; UPDATE account SET balance = balance + 1 WHERE id = number; END $$;
CREATE PROCEDURE all_of_them() LANGUAGE plpgsql AS $$ BEGIN UPDATE account SET balance = balance + 1; END $$;
CREATE FUNCTION total() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(balance) FROM account); END $$;
CREATE PROCEDURE named(number int, label text) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO tag VALUES (number, label); END $$;
CREATE PROCEDURE born(number int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO child VALUES (number, 1); END $$;
CREATE PROCEDURE priced(number numeric) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO price VALUES (number, 'x'); END $$;
CREATE PROCEDURE counted() LANGUAGE plpgsql AS $$
BEGIN INSERT INTO visit VALUES ('c', nextval('counter')::int, 1); END $$;
CREATE PROCEDURE again(number int) LANGUAGE plpgsql AS $$ BEGIN CALL again(number); END $$;
CREATE PROCEDURE renamed(number int, label text) LANGUAGE plpgsql AS $$
BEGIN UPDATE tag SET name = label WHERE id = number; END $$;
CREATE FUNCTION tagged(label text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RETURN (SELECT id FROM tag WHERE name = label); END $$;
CREATE PROCEDURE orphaned(number int) LANGUAGE plpgsql AS $$
BEGIN DELETE FROM account WHERE id = number; END $$;
CREATE PROCEDURE adopted(number int) LANGUAGE plpgsql AS $$
BEGIN UPDATE child SET account = 2 WHERE id = number; END $$;
CREATE PROCEDURE rekeyed(number int) LANGUAGE plpgsql AS $$
BEGIN UPDATE account SET id = 99 WHERE id = number; END $$;
CREATE PROCEDURE looped(number int) LANGUAGE plpgsql AS $$
BEGIN
  FOR place IN 1 .. 2 LOOP UPDATE account SET balance = balance + 1 WHERE id = place; END LOOP;
END $$;
"""


@dataclass
class CallingWorld:
    """The machine, behind its first block."""

    machine: Machine
    count: int = 0

    @classmethod
    def open(cls, path: Path | None = None) -> "CallingWorld":
        """The engine's tables lie in a file, or in memory."""
        objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
        nodes = NodeStore(objects, MemoryTwins(), ObjectFormat.SHA1.id_bytes)
        world = cls(Machine(Engine(path), objects, nodes, lambda _branch, _engine: None))
        with world.machine.block(world.context(1)) as execution:
            execution.execute(*world._signed(sql=SCHEMA, contract="c"))
            execution.finish()
        return world

    @staticmethod
    def context(height: int) -> BlockContext:
        """What the transactions of a block may know of it."""
        return BlockContext(MAIN, CHAIN, height, 1_700_000_000_000 + height)

    def call(self, routine: str, *arguments: Argument) -> Submission:
        """A signed call."""
        return self._signed(call=Call(RoutineName(f"c.{routine}"), arguments))

    def script(self, sql: str) -> Submission:
        """A signed script."""
        return self._signed(sql)

    def _signed(self, sql: str = "", call: Call | None = None, contract: str | None = None) -> Submission:
        self.count += 1
        payload = Payload(
            branch=MAIN,
            chain=CHAIN,
            key=SIGNER.public_key,
            loads=(),
            nonce=f"{self.count:032x}",
            recent=BlockId(CHAIN),
            signer=EntityName("alice"),
            sql=sql,
            contract=contract,
            call=call,
        )
        return signed(SIGNER, payload), ()

    def known(self, source: random.Random) -> Submission:
        """A call of which is known which rows it touches."""
        one, other = source.randrange(ACCOUNTS + 3), source.randrange(ACCOUNTS)
        name, day = f"n{source.randrange(8)}", source.randrange(ACCOUNTS, ACCOUNTS + 9)
        return source.choice((
            lambda: self.call("transfer", one, other, f"{source.randrange(1, 15)}.50"),
            lambda: self.call("transfer", one, other, f"{source.randrange(1, 15)}.50"),
            lambda: self.call("visit", name, day),
            lambda: self.call("leave", name, day),
            lambda: self.call("balance_of", one),
            lambda: self.call("both", one, other, name),
            lambda: self.call("plus_one", one),
            lambda: self.call("nothing", one),
            lambda: self.call("transfer", 2**40, other, "1.50"),
            lambda: self.call("transfer", one, other, None),
        ))()  # fmt: skip

    def unknown(self, source: random.Random) -> Submission:
        """A call that may touch any rows."""
        number = source.randrange(ACCOUNTS)
        return source.choice((
            lambda: self.call("transfer", number),
            lambda: self.call("beside", number),
            lambda: self.call("moved", number),
            lambda: self.call("all_of_them"),
            lambda: self.call("total"),
            lambda: self.call("named", number, "a label"),
            lambda: self.call("born", number),
            lambda: self.call("counted"),
            lambda: self.call("looped", number),
            lambda: self.call("renamed", number, "a label"),
            lambda: self.call("tagged", "a label"),
            lambda: self.call("orphaned", number),
            lambda: self.call("adopted", number),
        ))()  # fmt: skip
