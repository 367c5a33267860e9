"""Branches whose law says how inconsistencies are settled, and what merges into them make of that law."""

from collections.abc import Sequence

import pytest
from forgery import Ledger
from sql_world import context
from world import World

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, RoutineName, TableName
from aergo_vc.base.names import NameNotAllowedError
from aergo_vc.merging.errors import MergeAbortedError
from aergo_vc.merging.logic import Logic, logic_of
from aergo_vc.model.blocks import MergeRule, Policy
from aergo_vc.repository.errors import ConflictError
from aergo_vc.repository.laws import LawError
from aergo_vc.repository.results import Merged
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


# Merges of real branches


def _sides(ledger: Ledger, *law: str, here: Sequence[str], there: Sequence[str]) -> None:
    """A branch `here` with a law, and a branch `there`, each with blocks of its own."""
    with ledger.open() as repository:
        repository.branch("there")
        repository.branch("here", merge=law)
    for script in there:
        ledger.sql(script, "there")
    for script in here:
        ledger.sql(script, "here")


def _merge(ledger: Ledger, source: str = "there", target: str = "here") -> Merged:
    ledger.on(target)
    with ledger.open() as repository:
        done = repository.merge(source)
    ledger.on("main")
    return done


def _rows(ledger: Ledger, branch: str = "here", table: str = "account") -> list[tuple[object, ...]]:
    with ledger.open() as repository:
        return list(repository.rows(f"public.{table}", at=branch)[1])


ANN_1, ANN_9 = "UPDATE account SET balance = 1 WHERE name = 'ann'", "UPDATE account SET balance = 9 WHERE name = 'ann'"


ANN_150 = "UPDATE account SET balance = 150 WHERE name = 'ann'"
ANN_99 = "UPDATE account SET balance = 99 WHERE name = 'ann'"


@pytest.mark.parametrize(("policy", "balance"), [("ours", 9), ("theirs", 1), ("newest", 9)])
def test_a_merge_that_a_policy_settles_verifies(target: Ledger, policy: str, balance: int) -> None:
    _sides(target, policy, here=[ANN_9], there=[ANN_1])
    done = _merge(target)
    assert [one.receipt.settled for one in done.transactions] == [policy]
    assert _rows(target) == [("ann", balance), ("bob", 105)]
    assert target.verifies("here") == 7


def test_newest_is_who_wrote_last_by_the_times_of_the_blocks(target: Ledger) -> None:
    _sides(target, "newest", here=[ANN_9, "UPDATE account SET balance = 3 WHERE name = 'bob'"], there=[])
    target.next_slot(3)
    target.sql(ANN_1, "there")
    target.next_slot(3)
    target.sql("UPDATE account SET balance = balance + 1 WHERE name = 'bob'", "here")
    _merge(target)
    assert _rows(target) == [("ann", 1), ("bob", 4)]
    assert target.verifies("here") == 9


def test_i09_a_sum_is_the_same_in_both_directions(target: Ledger) -> None:
    for name in ("here", "there"):
        with target.open() as repository:
            repository.branch(name, block="main", merge=("sum",))
    target.sql("UPDATE account SET balance = 90", "here")
    target.sql("UPDATE account SET balance = 120 WHERE name = 'ann'", "there")
    before = target.ref("here")
    _merge(target, "there", "here")
    first = _rows(target, "here")
    target.place.git("update-ref", "refs/heads/here", before)
    _merge(target, "here", "there")
    assert _rows(target, "there") == first == [("ann", 115), ("bob", 90)]


def test_rows_that_both_sides_inserted_are_settled_though_the_second_insertion_fails(target: Ledger) -> None:
    _sides(
        target, "sum",
        here=["INSERT INTO account VALUES ('eve', 3)"], there=["INSERT INTO account VALUES ('eve', 4), ('joe', 1)"],
    )  # fmt: skip
    done = _merge(target)
    assert [one.receipt.settled for one in done.transactions] == ["sum"]
    assert _rows(target)[2:] == [("eve", 7), ("joe", 1)]
    assert target.verifies("here") == 7


def test_functions_of_a_contract_settle_rows_and_travel_in_the_repository(target: Ledger) -> None:
    target.sql(ROWS)
    _sides(target, "public.settle", here=[ANN_150], there=[ANN_99])
    done = _merge(target)
    assert [one.receipt.settled for one in done.transactions] == ["public.settle"]
    assert _rows(target) == [("ann", 150 + 99 - 95), ("bob", 105)]
    assert target.verifies("here") == 8


def test_a_function_may_leave_a_transaction_out_or_put_another_script_in_its_place(target: Ledger) -> None:
    target.sql(
        "CREATE FUNCTION settle(transaction text, signer text, code text, reason text) RETURNS text LANGUAGE plpgsql"
        " AS $$ BEGIN IF code = '23514' THEN RETURN 'skip'; END IF;"
        " RETURN 'sql:UPDATE account SET balance = balance + 1000 WHERE name = ''bob'''; END $$"
    )
    poor = "UPDATE account SET balance = balance - 60 WHERE name = 'bob'"
    _sides(target, "public.settle", here=[ANN_9, poor], there=[ANN_1, poor])
    target.sql("UPDATE account SET balance = 1 WHERE name = 'bob'", "here")
    done = _merge(target)
    first, second = (one.receipt for one in done.transactions)
    assert (first.settled, first.refusal) == ("public.settle", None)
    assert second.refusal is None or second.refusal.code == "23514"
    assert _rows(target)[0] == ("ann", 9)
    assert target.verifies("here") == done.height + 1  # type: ignore[operator]


def test_a_function_may_refuse_the_whole_merge(target: Ledger) -> None:
    target.sql(
        "CREATE FUNCTION settle(transaction text, signer text, code text, reason text) RETURNS text LANGUAGE sql"
        " AS $$ SELECT 'abort' $$"
    )
    _sides(target, "public.settle", here=[ANN_9], there=[ANN_1])
    before = target.refs()
    with pytest.raises(MergeAbortedError, match=r"public\.settle refuses the merge"):
        _merge(target)
    assert target.refs() == before


def test_a_strict_branch_leaves_out_what_read_a_changed_cell_unless_its_policy_takes_it(target: Ledger) -> None:
    copy = "UPDATE account SET balance = (SELECT balance FROM account WHERE name = 'ann') WHERE name = 'bob'"
    for number, (policy, bob) in enumerate([("ours", 105), ("theirs", 9)]):
        with target.open() as repository:
            repository.branch(f"there{number}", block="main")
            repository.branch(f"here{number}", block="main", merge=(policy, "serializable"))
        target.sql(copy, f"there{number}")
        target.sql(ANN_9, f"here{number}")
        done = _merge(target, f"there{number}", f"here{number}")
        codes = [one.receipt.refusal and one.receipt.refusal.code for one in done.transactions]
        assert codes == (["E_READ_CHANGED"] if policy == "ours" else [None])
        assert _rows(target, f"here{number}") == [("ann", 9), ("bob", bob)]
        assert target.verifies(f"here{number}") == 7


def test_a_second_merge_of_the_same_branch_settles_only_what_is_new(target: Ledger) -> None:
    _sides(target, "sum", here=[ANN_150], there=[ANN_99])
    _merge(target)
    assert _rows(target)[0] == ("ann", 154)
    target.sql("UPDATE account SET balance = 109 WHERE name = 'ann'", "there")
    target.sql("UPDATE account SET balance = balance + 500 WHERE name = 'ann'", "here")
    done = _merge(target)
    assert len(done.transactions) == 1
    assert _rows(target)[0] == ("ann", 154 + 500 + 10)
    assert target.verifies("here") == 9


def test_a_conflict_in_a_repository_without_a_worktree_changes_nothing(target: Ledger) -> None:
    _sides(target, "fail", here=[ANN_9], there=[ANN_1])
    before = target.refs()
    with pytest.raises(ConflictError, match="1 transaction in conflict"):
        _merge(target)
    assert target.refs() == before


def test_what_the_source_took_in_from_the_target_meanwhile_is_part_of_its_base(target: Ledger) -> None:
    """Both sides merge each other in turn; a sum counts every step of either once."""
    for name in ("here", "there"):
        with target.open() as repository:
            repository.branch(name, block="main", merge=("sum",))
    target.sql("UPDATE account SET balance = 150 WHERE name = 'ann'", "here")
    target.sql("UPDATE account SET balance = 100 WHERE name = 'ann'", "there")
    expected = 95 + (150 - 95) + (100 - 95)
    _merge(target, "here", "there")
    assert _rows(target, "there")[0] == ("ann", expected)
    target.sql("UPDATE account SET balance = 200 WHERE name = 'ann'", "there")
    target.sql("UPDATE account SET balance = 300 WHERE name = 'ann'", "here")
    _merge(target, "there", "here")
    assert _rows(target, "here")[0] == ("ann", 300 + (100 - 95) + (200 - expected))
    assert (target.verifies("there"), target.verifies("here")) == (8, 8)
