"""Deployments and calls in blocks: the machine's states and receipts."""

from dataclasses import replace

import pytest
from forgery import seed_of

from aergo_vc.base.errors import FormatError
from aergo_vc.base.ids import BlockId, BranchName, ChainId, EntityName, RoutineName, TableName
from aergo_vc.codec.digests import Kind, ObjectFormat
from aergo_vc.codec.git_tree import DIRECTORY_MODE, FILE_MODE, TreeEntry, write_entries
from aergo_vc.keys.signer import seed_signer
from aergo_vc.ledger.building import Executed, execute_all
from aergo_vc.ledger.machine import BlockContext, Machine, Submission
from aergo_vc.model.transactions import Argument, Call, CallResult, Event, Payload
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.state_database import StateDatabase
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.snapshot import Snapshot, SnapshotStore, StateLayoutError
from aergo_vc.state.twins import MemoryTwins

SIGNER = seed_signer(seed_of("alice"))
MAIN, CHAIN = BranchName("main"), ChainId("c" * 64)
ACCOUNT = TableName("bank.account")
BANK = """\
CREATE TABLE account (id bigint PRIMARY KEY, balance numeric(12,2) NOT NULL);
CREATE TYPE kind AS ENUM ('cash', 'card');
CREATE FUNCTION balance(account bigint) RETURNS numeric(12,2) LANGUAGE sql STABLE
AS $$ SELECT balance FROM account a WHERE a.id = $1 $$;
CREATE PROCEDURE pay(account bigint, amount numeric(12,2)) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account SET balance = balance + amount WHERE id = account.id;
  EMIT paid (amount AS sum);
END $$;
CREATE FUNCTION many(width int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT repeat('x', width) $$;
INSERT INTO account VALUES (1, 5) ON CONFLICT DO NOTHING;
""".replace("id = account.id", "id = pay.account")


def _machine() -> Machine:
    objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
    nodes = NodeStore(objects, MemoryTwins(), ObjectFormat.SHA1.id_bytes)
    return Machine(Engine(None), objects, nodes, lambda _branch, _engine: None)


def _submission(number: int, **members: object) -> Submission:
    plain = Payload(MAIN, CHAIN, SIGNER.public_key, (), f"{number:032x}", BlockId(CHAIN), EntityName("alice"), "")
    return signed(SIGNER, replace(plain, **members)), ()  # type: ignore[arg-type]


def _deploy(number: int, script: str = BANK) -> Submission:
    return _submission(number, sql=script, contract="bank")


def _call(number: int, routine: str, *arguments: Argument) -> Submission:
    return _submission(number, call=Call(RoutineName(f"bank.{routine}"), arguments))


def _execute(machine: Machine, *submissions: Submission, height: int = 1) -> Executed:
    return execute_all(machine, BlockContext(MAIN, CHAIN, height, 1_700_000_000_000 + height), submissions)


def test_a_call_leaves_its_rows_its_events_and_its_result_in_the_receipt() -> None:
    machine = _machine()
    done = _execute(machine, _deploy(1), _call(2, "pay", 1, "2.50"), _call(3, "balance", 1))
    assert not done.excluded
    paid, asked = (outcome.receipt for outcome in done.outcomes[1:])
    assert (paid.events, paid.result) == ((Event("bank.paid", {"sum": "2.50"}),), None)
    assert paid.rows[ACCOUNT].updated == 1
    assert (asked.events, asked.result, asked.rows) == ((), CallResult(("balance",), (("7.50",),)), {})


def test_the_state_holds_what_was_deployed_whatever_the_order() -> None:
    first, second, third = _machine(), _machine(), _machine()
    root = _execute(first, _deploy(1)).state.root
    _execute(second, _deploy(1, "CREATE FUNCTION gone() RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$"))
    assert _execute(second, _deploy(2), height=2).state.root == root
    start, kind, rest = BANK.partition("CREATE TYPE kind AS ENUM ('cash', 'card');\n")
    routines, insert, rows = rest.partition("INSERT")
    assert _execute(third, _deploy(1, kind + start + insert + rows + routines)).state.root == root
    assert set(first.snapshot.functions) == {"bank"}
    assert "CREATE PROCEDURE bank.pay (" in first.snapshot.functions["bank"]
    assert first.snapshot.schemas["bank"].startswith("ALTER SCHEMA bank OWNER TO alice;\n")


def test_g15_a_call_behind_an_upgrade_in_one_block_runs_the_new_code() -> None:
    machine = _machine()
    upgraded = _deploy(2, BANK.replace("balance + amount", "balance + 2 * amount"))
    done = _execute(machine, _deploy(1), _call(3, "pay", 1, "1.00"), upgraded, _call(4, "pay", 1, "1.00"))
    assert not done.excluded
    assert list(machine.engine.rows(ACCOUNT)) == [(1, "8.00")]


def test_a_failed_call_and_a_failed_deployment_leave_nothing() -> None:
    machine = _machine()
    _execute(machine, _deploy(1))
    before = machine.snapshot
    broken = BANK.replace("balance + amount", "balance + nothing")
    done = _execute(machine, _call(2, "pay", 1, "01"), _call(3, "nope"), _deploy(4, broken), height=2)
    assert [exclusion.reason.facts["sqlstate"] for exclusion in done.excluded] == ["22P02", "42883", "42703"]
    assert machine.snapshot == before


def test_a_machine_moves_between_states_that_differ_in_routines_alone() -> None:
    machine = _machine()
    _execute(machine, _deploy(1))
    before, catalog = machine.snapshot, machine.catalog
    _execute(machine, _deploy(2, BANK.replace("balance + amount", "balance - amount")), height=2)
    after = machine.snapshot
    assert before.schemas == after.schemas
    machine.move_to(before)
    assert machine.catalog == catalog
    _execute(machine, _call(3, "pay", 1, "1.00"), height=2)
    assert list(machine.engine.rows(ACCOUNT)) == [(1, "6.00")]
    machine.move_to(after)
    _execute(machine, _call(3, "pay", 1, "1.00"), height=3)
    assert list(machine.engine.rows(ACCOUNT)) == [(1, "4.00")]


def test_a_machine_moves_between_states_that_differ_in_grants_without_reading_rows_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = _machine()
    _execute(machine, _deploy(1))
    before, catalog = machine.snapshot, machine.catalog
    granted = _submission(2, sql="GRANT SELECT ON bank.account TO PUBLIC; UPDATE bank.account SET balance = 9")
    _execute(machine, granted, height=2)
    after = machine.snapshot
    assert before.schemas != after.schemas
    monkeypatch.delattr(StateDatabase, "restore")
    machine.move_to(before)
    assert (machine.catalog, list(machine.engine.rows(ACCOUNT))) == (catalog, [(1, "5.00")])
    machine.move_to(after)
    assert len(machine.catalog.grants) == 1
    assert list(machine.engine.rows(ACCOUNT)) == [(1, "9.00")]


def test_b18_a_result_that_is_too_long_for_a_receipt_fails() -> None:
    machine = _machine()
    many = BANK.replace("RETURNS text", "RETURNS TABLE (x text)").replace(
        "SELECT repeat('x', width)", "SELECT repeat('x', 50000) FROM generate_series(1, width)"
    )
    done = _execute(machine, _deploy(1, many), _call(2, "many", 10), _call(3, "many", 11))
    assert [exclusion.reason.code for exclusion in done.excluded] == ["E_OUTPUT_SIZE"]
    assert len(done.included) == 2


def test_a_state_reads_as_it_was_written_and_no_other_layout_does() -> None:
    machine = _machine()
    state = _execute(machine, _deploy(1)).state
    store = SnapshotStore(machine.objects, machine.nodes)
    assert store.read(state.root.id, state.root.digest) == state.snapshot
    with pytest.raises(StateLayoutError):
        store.write(Snapshot({}, {}, {"bank": "x"}))
    blob = machine.objects.add(Kind.BLOB, b"")
    for files in (("functions.sql",), ("functions.sql", "schema.sql", "triggers.sql")):
        contract = machine.objects.add(Kind.TREE, write_entries([TreeEntry(name, FILE_MODE, blob) for name in files]))
        root = machine.objects.add(Kind.TREE, write_entries([TreeEntry("bank", DIRECTORY_MODE, contract)]))
        with pytest.raises(StateLayoutError):
            store.read(root, None)
    with pytest.raises(FormatError):
        machine.move_to(Snapshot({"bank": ""}, {}, {"bank": ""}))
