"""Attacks on transactions: rows E of the threat list, in blocks and in the pool."""

from dataclasses import replace

import pytest
from forgery import DIRECTORY, Forger, Ledger, found, register
from world import World

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BlockId, ObjectId
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.keys.signatures import COMMIT_NAMESPACE, sign_payload
from aergo_vc.ledger import rules
from aergo_vc.ledger.errors import ExpiredTransactionError
from aergo_vc.ledger.rules import check_recent
from aergo_vc.model.transactions import Transaction
from aergo_vc.pool.pending import pool_ref, write_pool

INSERT = "INSERT INTO account VALUES ('carol', 1)"
NOTHING = "UPDATE account SET balance = balance"


def _rule_of(target: Ledger, forger: Forger, *transactions: Transaction) -> str:
    """The rule that an otherwise honest block of these transactions breaks."""
    forger.put(forger.follow().transactions(*transactions))
    return target.rule()


def test_a_forged_block_of_an_honest_transaction_verifies(target: Ledger, forger: Forger) -> None:
    forger.put(forger.follow().transactions(forger.transaction(NOTHING)))
    assert target.verifies() == 5


def test_e01_a_transaction_that_stands_in_the_history_is_refused(target: Ledger, forger: Forger) -> None:
    (old,) = forger.blocks()[3][1].transactions
    assert _rule_of(target, forger, old) == "E_REPEATED"


def test_e01_a_transaction_twice_in_one_block_is_refused(target: Ledger, forger: Forger) -> None:
    again = forger.transaction(NOTHING)
    assert _rule_of(target, forger, again, again) == "E_REPEATED"


def test_e02_a_transaction_of_another_chain_is_refused(world: World, target: Ledger, forger: Forger) -> None:
    other = Forger(found(world, scripts=())).blocks()[0][1].chain
    assert _rule_of(target, forger, forger.transaction(NOTHING, chain=other)) == "E_CHAIN"


def test_e02_a_transaction_of_the_directory_is_refused_elsewhere_and_the_reverse(
    target: Ledger, forger: Forger
) -> None:
    assert _rule_of(target, forger, forger.transaction(NOTHING, branch=DIRECTORY)) == "E_BRANCH"
    directory = Forger(target, DIRECTORY)
    tip = directory.blocks()[-1][1]
    draft = directory.follow(slots=0).head(directory=tip.block, directory_height=tip.header.height)
    directory.put(draft.transactions(directory.transaction("SELECT 1", branch="main")))
    assert target.rule(DIRECTORY) == "E_BRANCH"


def test_e02_a_transaction_of_another_branch_may_stand_in_a_block_if_its_signer_may_write(
    target: Ledger, forger: Forger
) -> None:
    picked = forger.transaction(NOTHING, branch="dev", recent=BlockId("0" * 64))
    forger.put(forger.follow().transactions(picked))
    assert target.verifies() == 5
    assert _rule_of(target, forger, forger.transaction(INSERT, "mallory", branch="dev")) == "E_KEY_UNKNOWN"


def test_e02_a_transaction_of_main_is_not_replayed_on_a_branch_that_sprang_behind_it(
    target: Ledger, forger: Forger
) -> None:
    (landed,) = forger.blocks()[3][1].transactions
    with target.open() as repository:
        repository.branch("dev")
    dev = Forger(target, "dev")
    dev.put(dev.follow().transactions(landed))
    assert target.rule("dev") == "E_REPEATED"


def test_e02_a_transaction_of_another_branch_stands_once_however_far_back_the_first_time_was(
    target: Ledger, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    picked = forger.transaction(NOTHING, branch="dev")
    forger.put(forger.follow().transactions(picked))
    for module in ("aergo_vc.ledger.rules", "aergo_vc.ledger.history", "aergo_vc.ledger.verifying"):
        monkeypatch.setattr(f"{module}.TRANSACTION_LIFETIME_BLOCKS", 2)
    for _ in range(4):
        forger.put(forger.follow())
    fresh = forger.transaction(INSERT, branch="dev")
    _plant(target, picked, fresh)
    target.next_slot()
    with target.open() as repository:
        assert [waiting.transaction.id for waiting in repository.pending()] == [fresh.id]
        done = repository.commit()
    assert done is not None
    assert (done.transactions, done.excluded) == ((fresh.id,), ())
    assert target.verifies() == 10
    assert _rule_of(target, forger, picked) == "E_REPEATED"
    assert target.refused(span="main@7..").cause.code == "E_REPEATED"
    forger.put(forger.follow(9).transactions(fresh))
    assert target.rule() == "E_REPEATED"


def test_e06_a_transaction_that_names_no_block_of_its_history_is_refused(target: Ledger, forger: Forger) -> None:
    with target.open() as repository:
        repository.branch("dev")
    elsewhere = Forger(target, "dev").blocks()[-1][1].block
    directory = Forger(target, DIRECTORY).blocks()[-1][1].block
    for recent in (elsewhere, directory, BlockId("0" * 64)):
        assert _rule_of(target, forger, forger.transaction(NOTHING, recent=recent)) == "E_EXPIRED"
        target.place.git("update-ref", "refs/heads/main", forger.blocks()[3][0])


def test_e06_a_transaction_expires_exactly_when_its_recent_block_is_out_of_reach(forger: Forger) -> None:
    payload = forger.payload(NOTHING)
    lifetime = rules.TRANSACTION_LIFETIME_BLOCKS
    check_recent(payload, 3 + lifetime, {payload.recent: 3})
    with pytest.raises(ExpiredTransactionError):
        check_recent(payload, 4 + lifetime, {payload.recent: 3})


def test_e06_what_expired_while_it_waited_is_left_out_and_the_block_is_valid(
    target: Ledger, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with target.open() as repository:
        repository.sql(INSERT)
    for module in ("aergo_vc.ledger.rules", "aergo_vc.ledger.history", "aergo_vc.ledger.verifying"):
        monkeypatch.setattr(f"{module}.TRANSACTION_LIFETIME_BLOCKS", 2)
    for _ in range(2):
        forger.put(forger.follow())
    target.next_slot()
    with target.open() as repository:
        done = repository.sql(NOTHING, commit=True).committed
    assert done is not None
    assert [exclusion.reason.code for exclusion in done.excluded] == ["E_EXPIRED"]
    assert target.verifies() == 7


def test_e07_another_spelling_of_a_transaction_is_refused(target: Ledger, forger: Forger) -> None:
    line = encode_transaction(forger.transaction(NOTHING))
    spellings = (
        line.replace(b":", b": ", 1),
        line.replace(b"UPDATE", b"\\u0055PDATE"),
        line.replace(b'{"payload":', b'{"payload":{},"payload":', 1),
        b'{"signature":'
        + line.partition(b'"signature":')[2][:-1]
        + b","
        + line[1:].partition(b',"signature"')[0]
        + b"}",
        line[:-1] + b',"x":1}',
        line + b"\r",
    )
    for spelling in spellings:
        assert spelling != line
        forger.put(replace(forger.follow(3), transactions_bytes=spelling + b"\n"))
        assert target.rule() in {"E_JSON", "E_FORMAT"}


def test_e11_a_block_does_not_edit_drop_or_steal_what_others_signed(target: Ledger, forger: Forger) -> None:
    honest = forger.transaction(NOTHING)
    edited = replace(honest, payload=replace(honest.payload, sql=INSERT), signed=b"")
    stolen = replace(honest, payload=replace(honest.payload, signer="bob"), signed=b"")
    assert _rule_of(target, forger, edited) == "E_SIGNATURE"
    assert _rule_of(target, forger, stolen) == "E_SIGNATURE"
    dropped = replace(forger.follow(3).transactions(honest), transactions_bytes=b"")
    forger.put(dropped)
    assert target.rule() == "E_RECEIPTS"


def test_a08_a_signature_made_for_a_commit_is_none_for_a_transaction(target: Ledger, forger: Forger) -> None:
    honest = forger.transaction(NOTHING)
    from aergo_vc.codec.transactions import encode_payload  # noqa: PLC0415

    raw = sign_payload(target.key("alice"), COMMIT_NAMESPACE, encode_payload(honest.payload))
    assert _rule_of(target, forger, replace(honest, signature=raw)) == "E_SIGNATURE"


def test_e09_a_reader_and_a_writer_do_not_do_what_their_roles_do_not_allow(target: Ledger) -> None:
    register(target, "reader", "reader")
    register(target, "writer", "writer")
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    under = {"directory": directory.block, "directory_height": directory.header.height}
    forger = Forger(target)
    forger.put(forger.follow(slots=40).head(**under).transactions(forger.transaction(NOTHING, "reader")))
    assert target.rule() == "E_PERMISSION"
    main = Forger(target, DIRECTORY)
    draft = main.follow(slots=0).head(directory=directory.block, directory_height=directory.header.height)
    ours = main.transaction("UPDATE directory.tag SET block = block", "writer")
    main.put(draft.transactions(ours))
    assert target.rule(DIRECTORY) == "E_PERMISSION"


def test_e09_a_signer_whom_the_directory_does_not_know_is_refused(target: Ledger, forger: Forger) -> None:
    assert _rule_of(target, forger, forger.transaction(NOTHING, "mallory")) == "E_KEY_UNKNOWN"
    mine = forger.transaction(NOTHING, "mallory", signer="alice")
    assert _rule_of(target, forger, mine) == "E_KEY_UNKNOWN"


def test_e12_a_transaction_that_fails_leaves_nothing_wherever_it_fails(target: Ledger) -> None:
    statements = ["INSERT INTO account VALUES ('carol', 1)", "UPDATE account SET balance = 7", "DELETE FROM account"]
    with target.open() as repository:
        before = repository.status().block
        for position in range(len(statements) + 1):
            script = ";".join([*statements[:position], "SELECT 1/0", *statements[position:]])
            with pytest.raises(AergoError):
                repository.sql(script, commit=True)
        assert repository.status().block == before
        assert [row[1] for row in repository.rows("account")[1]] == [95, 105]
        assert repository.sql("SELECT count(*) FROM account").results[0].rows == ((2,),)


def test_e12_a_block_with_a_failing_transaction_is_refused(target: Ledger, forger: Forger) -> None:
    assert _rule_of(target, forger, forger.transaction("UPDATE account SET balance = -1")) == "E_TRANSACTION"


def _plant(target: Ledger, *transactions: Transaction) -> None:
    """Put transactions into main's pool, as somebody with write access to the git directory could."""
    workspace = target.workspace()
    commit = write_pool(workspace.writer, [(transaction, ()) for transaction in transactions], target.clock.time)
    workspace.writer.publish().release()
    target.place.git("update-ref", pool_ref("main"), commit)  # type: ignore[arg-type]


def test_e08_what_somebody_planted_in_the_pool_never_reaches_a_block(target: Ledger, forger: Forger) -> None:
    honest = forger.transaction(INSERT)
    bad = [
        forger.transaction(NOTHING, "mallory"),
        forger.transaction(NOTHING, chain="0" * 64),
        forger.transaction(NOTHING, branch=DIRECTORY),
        forger.transaction(NOTHING, recent=BlockId("0" * 64)),
        replace(forger.transaction(NOTHING), signature=bytes(64)),
        forger.transaction("SELECT 1/0"),
    ]
    _plant(target, *bad[:3], honest, *bad[3:])
    with target.open() as repository:
        done = repository.commit()
    assert done is not None
    assert done.transactions == (honest.id,)
    reasons = [exclusion.reason.code for exclusion in done.excluded]
    assert reasons[:5] == ["E_KEY_UNKNOWN", "E_CHAIN", "E_BRANCH", "E_EXPIRED", "E_SIGNATURE"]
    assert target.verifies() == 5


def test_e01_what_landed_already_is_not_sealed_again_after_a_crash(target: Ledger, forger: Forger) -> None:
    (landed,) = forger.blocks()[3][1].transactions
    fresh = forger.transaction(INSERT)
    _plant(target, landed, fresh, fresh)
    with target.open() as repository:
        done = repository.commit()
        assert done is not None
        assert done.transactions == (fresh.id,)
        assert repository.commit() is None
    assert target.verifies() == 5


def test_a_pool_that_is_no_pool_is_named_and_nothing_is_sealed(target: Ledger) -> None:
    before = target.ref()
    target.place.git("update-ref", pool_ref("main"), ObjectId(before))  # type: ignore[arg-type]
    with target.open() as repository, pytest.raises(AergoError):
        repository.commit()
    assert target.ref() == before
