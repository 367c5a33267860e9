"""Attacks by way of contracts: deployments and calls in forged blocks, rows E and G of the threat list."""

from dataclasses import replace

import pytest
from forgery import DIRECTORY, Forger, Ledger, register

from aergo_vc.base.ids import RoutineName
from aergo_vc.codec.receipts import decode_receipts, encode_receipts
from aergo_vc.model.transactions import Argument, Call, CallResult, Event, Transaction

BANK = """\
CREATE TABLE balance (id bigint PRIMARY KEY, amount numeric(12,2) NOT NULL);
CREATE PROCEDURE pay(who bigint, much numeric(12,2)) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO balance VALUES (who, much);
  EMIT paid (much AS sum);
END $$;
"""


@pytest.fixture
def bank(target: Ledger) -> Forger:
    """Somebody with alice's key who does not keep the rules, on a chain with alice's contract."""
    with target.open() as repository:
        repository.deploy(BANK, "bank", commit=True)
        repository.call("bank.pay", (1, "2"), commit=True)
    return Forger(target)


def _call(forger: Forger, *arguments: Argument) -> Transaction:
    return forger.transaction("", call=Call(RoutineName("bank.pay"), arguments))


def test_a_forged_block_of_an_honest_call_fails_by_its_receipts_alone(target: Ledger, bank: Forger) -> None:
    bank.put(bank.follow().transactions(_call(bank, 2, "2.00")))
    assert target.rule() == "E_RECEIPTS"


@pytest.mark.parametrize("arguments", [(2, 2), ("2", "2.00"), (2,), (2, "2.00", 3), (2, ("2.00",)), (2, "x")])
def test_e09_a_call_whose_arguments_are_not_spelled_as_columns_are_is_refused(
    target: Ledger, bank: Forger, arguments: tuple[Argument, ...]
) -> None:
    bank.put(bank.follow().transactions(_call(bank, *arguments)))
    assert target.rule() == "E_TRANSACTION"


def test_e09_a_writer_does_not_deploy_the_contract_of_another(target: Ledger, bank: Forger) -> None:
    register(target, "bob", "writer")
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    stolen = bank.transaction("DROP TABLE balance", "bob", contract="bank")
    draft = bank.follow().transactions(stolen)
    bank.put(draft.head(directory=directory.block, directory_height=directory.header.height))
    assert "must be owner of contract bank" in target.refused().message
    assert target.rule() == "E_TRANSACTION"


def test_e09_the_directory_neither_deploys_nor_calls(target: Ledger) -> None:
    forger = Forger(target, DIRECTORY)
    home, (_, tip) = target.ref(DIRECTORY), forger.blocks()[-1]
    for members in ({"contract": "bank"}, {"call": Call(RoutineName("bank.pay"), ())}):
        script = BANK if "contract" in members else ""
        draft = forger.follow(slots=0).head(directory=tip.block, directory_height=tip.header.height)
        forger.put(draft.transactions(forger.transaction(script, **members)))
        assert target.rule(DIRECTORY) == "E_LIMIT"
        target.place.git("update-ref", f"refs/heads/{DIRECTORY}", home)


def test_g14_a_contract_that_nobody_deploys_is_refused_in_blocks_too(target: Ledger, bank: Forger) -> None:
    home = target.ref()
    for contract in ("public", "directory", "pg_catalog", "aergo_x"):
        bank.put(bank.follow().transactions(bank.transaction("CREATE TABLE t (id int)", contract=contract)))
        assert target.rule() == "E_TRANSACTION"
        target.place.git("update-ref", "refs/heads/main", home)


def test_an_event_that_was_added_or_a_result_that_was_changed_is_noticed(target: Ledger, bank: Forger) -> None:
    block = bank.blocks()[-1][1]
    (receipt,) = decode_receipts(block.receipts_bytes)
    assert receipt.events == (Event("bank.paid", {"sum": "2"}),)
    home = target.ref()
    forged = [
        replace(receipt, events=()),
        replace(receipt, events=(Event("bank.paid", {"sum": "3.00"}),)),
        replace(receipt, result=CallResult(("pay",), ((1,),))),
    ]
    for one in forged:
        bank.put(replace(bank.take(), receipts_bytes=encode_receipts([one])))
        assert target.rule() == "E_RECEIPTS"
        target.place.git("update-ref", "refs/heads/main", home)
