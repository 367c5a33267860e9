"""A contract of bob's with rows, and statements that others sign."""

from collections.abc import Mapping

from sql_world import TIME

from aergo_vc.base.ids import BranchName, ChainId, EntityName, TransactionId
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.outcomes import ExecutionContext

ROLES: Mapping[str, frozenset[str]] = {
    "ada": frozenset({"admin", "writer"}),
    "bob": frozenset({"writer"}),
    "carol": frozenset({"writer"}),
    "dan": frozenset({"reader"}),
}

BANK = """
CREATE TABLE account (id integer PRIMARY KEY, owner text, balance integer NOT NULL CHECK (balance >= 0));
CREATE TABLE entry (id integer PRIMARY KEY, account integer REFERENCES account (id) ON DELETE CASCADE, amount integer);
CREATE VIEW rich AS SELECT id, balance FROM account WHERE balance > 100;
CREATE FUNCTION balance_of(wanted integer) RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT balance FROM account WHERE id = wanted); END $$;
CREATE FUNCTION open_balance_of(wanted integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN balance_of(wanted); END $$;
CREATE FUNCTION users() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT current_user || '/' || session_user $$;
CREATE FUNCTION user_here() RETURNS text LANGUAGE sql AS $$ SELECT current_user || '/' || session_user $$;
CREATE PROCEDURE pay(source integer, target integer, amount integer) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE account SET balance = balance - amount WHERE id = source;
    UPDATE account SET balance = balance + amount WHERE id = target;
END $$;
CREATE PROCEDURE take(wanted integer, really boolean) LANGUAGE plpgsql AS $$
BEGIN
    IF really THEN
        UPDATE account SET balance = 0 WHERE id = wanted;
    END IF;
END $$;
INSERT INTO account VALUES (1, 'x', 500), (2, 'y', 50);
INSERT INTO entry VALUES (1, 2, 7);
"""


class World:
    """An engine with the contract `bank`, which bob owns."""

    def __init__(self, *grants: str) -> None:
        self.engine = Engine()
        self.number = 0
        self.roles = dict(ROLES)
        self.engine.run(BANK, self.context("bob"), contract="bank")
        for grant in grants:
            self.run("bob", grant)

    def context(self, signer: str) -> ExecutionContext:
        self.number += 1
        transaction = TransactionId(f"{self.number:032x}" + "ab" * 16)
        return ExecutionContext(
            TIME, 5, transaction, ChainId("cd" * 32), BranchName("main"), EntityName(signer),
            roles_of=lambda entity: self.roles.get(entity, frozenset()),
        )  # fmt: skip

    def run(self, signer: str, script: str, contract: str | None = None) -> list[tuple[object, ...]]:
        """The rows of the last statement."""
        return list(self.engine.run(script, self.context(signer), contract=contract).results[-1].rows)

    def told(self, signer: str, script: str, contract: str | None = None) -> str:
        """``ok``, or the code and the message of the error."""
        try:
            self.run(signer, script, contract)
        except SqlError as error:
            return f"{error.sqlstate} {error.message}"
        return "ok"

    def denied(self, signer: str, script: str) -> str:
        """What the privilege is missing for; empty where none is."""
        told = self.told(signer, script)
        return told.removeprefix("42501 permission denied for ") if told.startswith("42501") else ""
