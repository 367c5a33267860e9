"""Branches whose law says how inconsistencies are settled, and what merges into them make of that law."""

from collections.abc import Sequence

import pytest
from forgery import Ledger
from sql_world import context
from world import World

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, RoutineName, TableName
from aergo_vc.base.names import NameNotAllowedError
from aergo_vc.merging.logic import Logic, logic_of
from aergo_vc.model.blocks import MergeRule, Policy
from aergo_vc.repository.laws import LawError
from aergo_vc.sql.engine import Engine

ROWS = """
CREATE FUNCTION settle(base account, ours account, theirs account) RETURNS account LANGUAGE plpgsql AS $$
BEGIN ours.balance := ours.balance + theirs.balance - base.balance; RETURN ours; END $$;
"""


def _law(ledger: Ledger, branch: str) -> tuple[MergeRule, str | None]:
    with ledger.open() as repository:
        law = repository.laws()[BranchName(branch)]
    return law.merge, law.settle


# The law


@pytest.mark.parametrize(
    ("words", "law"),
    [
        ((), (MergeRule.LOST_UPDATE, None)),
        (("serializable",), (MergeRule.SERIALIZABLE, None)),
        (("sum",), (MergeRule.LOST_UPDATE, "sum")),
        (("fail", "replay"), (MergeRule.REPLAY, "fail")),
        (("public.settle", "serializable"), (MergeRule.SERIALIZABLE, "public.settle")),
    ],
)
def test_a_branch_keeps_the_law_that_it_was_made_with(
    target: Ledger, words: Sequence[str], law: tuple[MergeRule, str | None]
) -> None:
    target.sql(ROWS)
    with target.open() as repository:
        repository.branch("side", merge=words)
    assert _law(target, "side") == law
    assert target.verifies("side") == 6
    target.sql("UPDATE account SET balance = 1", "side")
    assert _law(target, "side") == law


def test_the_first_branch_has_its_law_from_its_founding_and_keeps_it(world: World) -> None:
    ledger = Ledger(world.repository(bare=True))
    ledger.be("alice")
    with ledger.open() as repository:
        repository.init(name="test", entity="alice", merge=("replay", "public.later"))
        assert not repository.init().created
        assert not repository.init(merge=("public.later", "replay")).created
        with pytest.raises(LawError, match="set when it was founded"):
            repository.init(merge=("sum",))
    assert _law(ledger, "main") == (MergeRule.REPLAY, "public.later")
    assert ledger.verifies() == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("public.nobody",), LawError),
        (("public.double",), LawError),
        (("best",), LawError),
        (("sum", "cells"), LawError),
        (("replay", "serializable"), LawError),
        (("Sum",), LawError),
        (("public.settle; --",), NameNotAllowedError),
        (("",), LawError),
    ],
)
def test_a_law_that_cannot_be_is_refused_before_anything_is_made(
    target: Ledger, words: Sequence[str], error: type[AergoError]
) -> None:
    target.sql("CREATE FUNCTION double(x int) RETURNS int LANGUAGE sql AS $$ SELECT x * 2 $$")
    before = target.refs()
    with target.open() as repository, pytest.raises(error):
        repository.branch("side", merge=words)
    assert target.refs() == before


def test_a_function_of_a_law_must_be_there_where_the_branch_begins(target: Ledger) -> None:
    target.sql(ROWS)
    with target.open() as repository:
        with pytest.raises(LawError, match=r"no function public\.settle at the block"):
            repository.branch("early", block="@3", merge=("public.settle",))
        repository.branch("late", merge=("public.settle",))


# The functions that it means


def _logic(*scripts: str, settle: str = "public.settle") -> Logic:
    engine = Engine()
    engine.run("CREATE TABLE account (name text PRIMARY KEY, balance bigint); CREATE TABLE log (line text)", context())
    for script in scripts:
        engine.run(script, context())
    return logic_of(engine.catalog, settle)


def _function(name: str, types: str, returns: str) -> str:
    return f"CREATE FUNCTION {name}({types}) RETURNS {returns} LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"


ACCOUNTS = ("account, account, account", "account")
LOGS = ("log, log, log", "log")
TEXTS = ("text, text, text, text", "text")


def test_the_functions_beside_the_one_of_the_law_settle_other_tables_and_transactions() -> None:
    account, log = TableName("public.account"), TableName("public.log")
    found = _logic(
        _function("settle", *ACCOUNTS), _function("settle_log", *LOGS), _function("settle_transaction", *TEXTS)
    )
    assert found.rows == {account: "public.settle", log: "public.settle_log"}
    assert found.transaction == "public.settle_transaction"
    found = _logic(_function("settle", *TEXTS), _function("settle_account", *ACCOUNTS), _function("settle_x", *LOGS))
    assert found.rows == {account: "public.settle_account"}
    assert found.transaction == RoutineName("public.settle")


@pytest.mark.parametrize(
    ("types", "returns"),
    [
        ("account, account", "account"),
        ("account, account, log", "account"),
        ("account, account, account", "log"),
        ("account, account, account", "SETOF account"),
        ("text, text, text", "text"),
        ("text, text, text, int", "text"),
        ("text, text, text, text", "int"),
    ],
)
def test_what_takes_or_gives_anything_else_settles_nothing(types: str, returns: str) -> None:
    body = "BEGIN RETURN; END" if returns.startswith("SETOF") else "BEGIN RETURN NULL; END"
    script = f"CREATE FUNCTION settle({types}) RETURNS {returns} LANGUAGE plpgsql AS $$ {body} $$"
    assert _logic(script).is_empty


def test_a_policy_needs_no_function() -> None:
    assert _logic(settle="sum") == Logic(Policy.SUM, {}, None)
    assert _logic().is_empty
