"""Attacks on branches, on turns and on what an honest producer signs: rows C, D and M of the threat list."""

from dataclasses import replace

import pytest
from forgery import DIRECTORY, Forger, Ledger, register

from aergo_vc.base.errors import AergoError, InputError, RepositoryError
from aergo_vc.base.ids import BlockId, BranchName, EntityName
from aergo_vc.consensus.schedule import producer_of
from aergo_vc.ledger.errors import InvalidBlockError
from aergo_vc.model.blocks import Consensus, Law, MergeRule
from aergo_vc.repository.errors import (
    BorrowedBranchError,
    ClockBackwardsError,
    EngineDiffersError,
    FinalityError,
    KeyNotRegisteredError,
    MovedBranchError,
    NotYourSlotError,
    SlotSpentError,
    UnknownRevisionError,
)
from aergo_vc.repository.sealing import Producer
from aergo_vc.repository.workspace import Workspace

ALICE, MALLORY = EntityName("alice"), EntityName("mallory")


def _private(name: str, producer: str, root: BlockId | None) -> Law:
    return Law(BranchName(name), root, Consensus.SOLE, EntityName(producer), MergeRule.LOST_UPDATE)


def test_c01_in_every_slot_of_a_round_one_producer_is_valid_and_every_other_refused(target: Ledger) -> None:
    register(target, "bob", producer=True)
    register(target, "carol", producer=True)
    forger = Forger(target)
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    under = {"directory": directory.block, "directory_height": directory.header.height}
    with target.open() as repository:
        roster = Producer(repository._workspace, repository._identity).authorities().at(directory, 5_000).roster
    home = target.ref()
    accepted = []
    tip = forger.blocks()[-1][1].header.slot
    begin = (tip // 3 + 12) * 3 - tip
    for slots in range(begin, begin + 6):
        target.place.git("update-ref", "refs/heads/main", home)
        draft = forger.follow(slots=slots)
        for producer in ("alice", "bob", "carol"):
            target.place.git("update-ref", "refs/heads/main", home)
            forger.put(draft.head(producer=producer, **under), target.key(producer))
            if producer == producer_of(roster, draft.header.slot):
                assert target.verifies() == 5
                accepted.append(producer)
            else:
                assert target.rule() == "E_SLOT"
    assert sorted(accepted) == ["alice", "alice", "bob", "bob", "carol", "carol"]


def test_c01_a_producer_waits_for_its_turn_and_is_told_when_it_comes(target: Ledger) -> None:
    register(target, "bob", producer=True)
    target.next_slot(20)
    outcomes: list[str] = []
    for _ in range(4):
        target.clock.step = 0
        outcomes.append(_try_to_seal(target))
        target.next_slot()
    assert set(outcomes) == {"sealed", "waits"}
    assert target.verifies() == 4 + outcomes.count("sealed")


def _try_to_seal(target: Ledger) -> str:
    with target.open() as repository:
        try:
            repository.sql("UPDATE account SET balance = balance", commit=True)
        except NotYourSlotError as waits:
            error = waits
        else:
            return "sealed"
    ready = error.facts["ready_at"]
    assert error.facts["producer"] == "bob"
    assert isinstance(ready, int)
    assert ready > target.clock.time
    return "waits"


def test_c02_a_block_of_the_future_is_held_until_its_time_comes(target: Ledger, forger: Forger) -> None:
    now = target.clock.time
    forger.put(forger.follow(slots=40))
    target.clock.time = now
    assert target.rule() == "E_FUTURE"
    target.next_slot(40)
    assert target.verifies() == 5


def test_c04_after_a_crash_between_signing_and_moving_the_branch_the_slot_is_skipped(
    target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(*_: object, **_more: object) -> None:
        raise PowerCutError

    target.next_slot()
    target.clock.step = 0
    with monkeypatch.context() as patch, target.open() as repository:
        patch.setattr(Workspace, "move_branch", cut)
        with pytest.raises(PowerCutError):
            repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    with target.open() as repository, pytest.raises(SlotSpentError) as refused:
        repository.sql("INSERT INTO account VALUES ('dave', 2)", commit=True)
    assert target.verifies() == 4
    target.clock.time = int(refused.value.facts["ready_at"] or 0)
    with target.open() as repository:
        repository.sql("INSERT INTO account VALUES ('dave', 2)", commit=True)
    assert target.verifies() == 5
    assert Forger(target).take().header.confirmed == 0


def test_c04_a_clock_that_went_back_signs_nothing(target: Ledger, forger: Forger) -> None:
    target.next_slot(10)
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    target.place.git("update-ref", "refs/heads/main", forger.blocks()[3][0])
    target.clock.time -= 10 * 5_000
    with target.open() as repository, pytest.raises(ClockBackwardsError):
        repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)


def test_two_blocks_of_one_slot_on_two_lines_are_not_signed(target: Ledger, forger: Forger) -> None:
    target.next_slot(2)
    target.clock.step = 0
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    target.place.git("update-ref", "refs/heads/main", forger.blocks()[3][0])
    with target.open() as repository, pytest.raises(SlotSpentError):
        repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)


def test_a_message_that_no_commit_can_hold_does_not_cost_the_slot(target: Ledger) -> None:
    target.clock.step = 0
    target.next_slot()
    with target.open() as repository:
        for message in ("a\0b", "a\ud800b"):
            with pytest.raises(InputError):
                repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True, message=message)
        assert repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True, message="x\r\ny").committed
    assert target.verifies() == 5


def test_d07_a_reference_to_another_branchs_block_is_refused(target: Ledger) -> None:
    with target.open() as repository:
        repository.branch("dev")
    target.place.git("update-ref", "refs/heads/main", target.ref("dev"))
    with target.open() as repository, pytest.raises(AergoError) as refused:
        repository.verify(workers=1)
    assert refused.value.code == "E_BRANCH"


def test_d07_nothing_is_sealed_on_a_branch_that_git_alone_made(target: Ledger) -> None:
    target.place.git("branch", "plain", "main")
    target.on("plain")
    before = target.refs()
    with target.open() as repository:
        for commit in (False, True):
            with pytest.raises(BorrowedBranchError):
                repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=commit)
    assert target.refs() == before


def test_d08_a_private_branch_is_not_fast_forwarded_into_main(target: Ledger) -> None:
    register(target, "mallory")
    target.be("mallory")
    with target.open() as repository:
        repository.branch("loot")
    target.sql("UPDATE account SET balance = 1000000", "loot")
    assert target.verifies("loot") == 6
    target.place.git("update-ref", "refs/heads/main", "refs/heads/loot")
    with target.open() as repository, pytest.raises(AergoError) as refused:
        repository.verify(branch="main", workers=1)
    assert refused.value.code == "E_BRANCH"


def test_d08_a_private_branch_does_not_become_main_by_calling_itself_so(target: Ledger, forger: Forger) -> None:
    register(target, "mallory")
    target.be("mallory")
    tip = forger.blocks()[-1][1]
    key = target.key("mallory")
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    under = {"directory": directory.block, "directory_height": directory.header.height, "producer": MALLORY}
    loot = forger.follow(slots=30).head(branch="loot", **under).law(_private("loot", "mallory", tip.block))
    forger.put(loot, key)
    again = forger.follow().head(branch="main", **under)
    forger.put(again.law(_private("main", "mallory", forger.block_id(loot))), key)
    assert target.rule() == "E_BRANCH"
    assert target.refused(span="@2..").cause.code == "E_BRANCH"


def test_d08_nobody_begins_main_anew_as_its_sole_producer(target: Ledger, forger: Forger) -> None:
    register(target, "mallory")
    first = forger.take(0)
    directory = Forger(target, DIRECTORY).blocks()[-1][1]
    time = directory.header.time
    forged = first.law(_private("main", "mallory", None)).head(
        producer="mallory",
        directory=directory.block,
        directory_height=directory.header.height,
        time=time,
        slot=(time - directory.genesis.created) // 5_000,
    )
    forger.put(forged, target.key("mallory"))
    assert target.rule() == "E_BRANCH"


def test_a_branch_is_not_continued_as_another_without_its_law_naming_where(target: Ledger, forger: Forger) -> None:
    for root in (None, BlockId("0" * 64), forger.blocks()[1][1].block):
        forger.put(forger.follow(3).head(branch="dev").law(_private("dev", "alice", root)))
        assert target.rule() == "E_BRANCH"


def test_the_directory_is_not_continued_as_another_branch_nor_the_other_way(target: Ledger, forger: Forger) -> None:
    tip = forger.blocks()[-1][1]
    forger.put(forger.follow().head(branch=DIRECTORY).law(_private(DIRECTORY, "alice", tip.block)))
    assert target.rule() == "E_BRANCH"


def test_a_private_branch_takes_blocks_from_nobody_but_its_maker(target: Ledger) -> None:
    register(target, "bob", producer=True)
    with target.open() as repository:
        repository.branch("dev")
    target.be("bob")
    target.on("dev")
    with target.open() as repository, pytest.raises(NotYourSlotError) as refused:
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    assert refused.value.facts["ready_at"] is None
    forger = Forger(target, "dev")
    forger.put(forger.follow().head(producer="bob"), target.key("bob"))
    assert target.rule("dev") == "E_SLOT"


def test_an_entity_that_the_directory_does_not_know_makes_no_branch_and_no_block(target: Ledger) -> None:
    before = target.refs()
    target.be("mallory")
    with target.open() as repository:
        with pytest.raises(KeyNotRegisteredError):
            repository.branch("dev")
        with pytest.raises(NotYourSlotError):
            repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    target.place.git("config", "aergo.entity", "alice")
    with target.open() as repository, pytest.raises(KeyNotRegisteredError):
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    assert target.refs() == before


def test_d11_a_shallow_clone_is_not_verified_and_says_why(target: Ledger) -> None:
    world = target.place.world
    clone = world.root / "shallow.git"
    world.run(
        "git", "clone", "--quiet", "--bare", "--depth=2", "--no-single-branch", f"file://{target.place.path}", clone
    )
    shallow = Ledger(replace(target.place, path=clone))
    for span in (None, "@3.."):
        with shallow.open() as repository, pytest.raises(RepositoryError) as refused:
            repository.verify(span, branch="main", workers=1)
        assert refused.value.code == "E_SHALLOW"


HOSTILE_NAMES = (
    "-x",
    "--detach",
    "a;b",
    "`id`",
    "$(id)",
    "\uff4dain",
    "HEAD",
    "a..b",
    "a b",
    "../../config",
    "x.lock",
    "a\x1b[0m",
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_d16_j10_hostile_names_are_refused_and_run_nothing(name: str, target: Ledger) -> None:
    before = target.refs()
    with target.open() as repository:
        for verb in (repository.branch, repository.tag):
            with pytest.raises(InputError):
                verb(name)
        if name != "HEAD":
            with pytest.raises(UnknownRevisionError):
                repository.show(name)
        with pytest.raises(InputError):
            repository.verify(branch=name)
    assert target.refs() == before


def test_d16_branches_whose_names_no_ledger_may_have_are_left_alone(target: Ledger) -> None:
    for name in ("-x", "a;b", "`id`", "\uff4dain"):
        target.place.git("update-ref", f"refs/heads/{name}", "refs/heads/main")
    with target.open() as repository:
        assert sorted(repository.branches()) == [DIRECTORY, "main"]
        assert repository.show(repository.status().block[:12])


def test_d16_names_that_differ_in_capitals_alone_do_not_stand_side_by_side(target: Ledger) -> None:
    with target.open() as repository, pytest.raises(InputError):
        repository.branch("Main")


def test_m05_nothing_is_sealed_on_a_head_that_plain_git_broke(target: Ledger, forger: Forger) -> None:
    honest = forger.raw()
    target.next_slot(2)
    broken = {
        "amended": honest.replace(b"\n\n", b"\n\nAmended\n", 1),
        "unsigned": honest[: honest.index(b"gpgsig")] + honest[honest.index(b"\n\n") + 1 :],
    }
    for data in broken.values():
        head = forger.put_bytes(data)
        with target.open() as repository, pytest.raises(InvalidBlockError):
            repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
        assert target.ref() == head


def test_m05_who_seals_block_after_block_still_notices_a_head_that_plain_git_broke(
    target: Ledger, forger: Forger
) -> None:
    target.next_slot(2)
    with target.open() as repository:
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
        honest = target.ref()
        head = forger.put_bytes(forger.raw().replace(b"\n\n", b"\n\nAmended\n", 1))
        with pytest.raises(InvalidBlockError):
            repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)
        assert target.ref() == head
        target.place.git("update-ref", "refs/heads/main", honest)
        repository.sql("INSERT INTO account VALUES ('erin', 1)", commit=True)
    assert target.verifies() == 6


def test_who_seals_block_after_block_stands_under_the_directory_as_it_is_now(target: Ledger, forger: Forger) -> None:
    with target.open() as repository:
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
        before = forger.blocks()[-1][1].header.directory_height
        register(target, "bob")
        repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)
    assert forger.blocks()[-1][1].header.directory_height == before + 1
    assert forger.blocks()[-1][1].header.directory == Forger(target, DIRECTORY).blocks()[-1][1].block
    assert target.verifies() == 6


def test_m05_nothing_is_sealed_on_files_that_a_plain_commit_edited(target: Ledger, forger: Forger) -> None:
    target.next_slot(2)
    edits = [
        replace(forger.take(), transactions_bytes=b"", rehash=False),
        replace(forger.take(), receipts_bytes=b"", rehash=False),
        replace(forger.take(), state=forger.take(1).state, rehash=False),
    ]
    for edit in edits:
        head = forger.put(edit)
        with target.open() as repository, pytest.raises(AergoError) as refused:
            repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
        assert refused.value.code in {"E_BLOCK", "E_DIGEST", "E_NODE_NAME"}
        assert target.ref() == head


def test_m03_an_engine_that_computes_otherwise_makes_no_block_and_still_verifies(
    target: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (target.place.path / "aergo" / "cache" / "engine").unlink()
    monkeypatch.setattr("aergo_vc.repository.engine_check.engine_matches_rules", lambda: False)
    before = target.refs()
    with target.open() as repository, pytest.raises(EngineDiffersError):
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    assert target.refs() == before
    assert target.verifies() == 4


def test_m04_a_branch_that_moved_meanwhile_is_not_moved_back(target: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    target.next_slot()
    real = Workspace.move_branch
    elsewhere = Forger(target).blocks()[1][0]

    def late(workspace: Workspace, *rest: object, **more: object) -> None:
        target.place.git("update-ref", "refs/heads/main", elsewhere)
        real(workspace, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Workspace, "move_branch", late)
    with target.open() as repository, pytest.raises(MovedBranchError):
        repository.sql("INSERT INTO account VALUES ('carol', 1)", commit=True)
    assert target.ref() == elsewhere


def test_a_history_that_lacks_an_irreversible_block_is_not_built_upon(target: Ledger, forger: Forger) -> None:
    target.next_slot()
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    kept = forger.blocks()[-1][0]
    target.place.git("update-ref", "refs/heads/main", forger.blocks()[1][0])
    target.next_slot()
    with target.open() as repository, pytest.raises(FinalityError) as refused:
        repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)
    assert refused.value.facts["height"] == 3
    target.place.git("update-ref", "refs/heads/main", kept)
    target.sql("INSERT INTO account VALUES ('dave', 1)")
    assert target.verifies() == 6


def test_another_block_at_the_height_of_an_irreversible_one_does_not_stand_for_it(
    target: Ledger, forger: Forger
) -> None:
    target.next_slot()
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    target.place.git("update-ref", "refs/heads/main", forger.blocks()[2][0])
    for _ in range(3):
        forger.put(forger.follow(slots=1))
    target.next_slot(5)
    with target.open() as repository, pytest.raises(FinalityError):
        repository.sql("INSERT INTO account VALUES ('dave', 1)", commit=True)


def test_the_creator_of_a_private_branch_may_reset_it(target: Ledger) -> None:
    with target.open() as repository:
        repository.branch("draft")
    for name in ("carol", "dave"):
        target.next_slot()
        target.sql(f"INSERT INTO account VALUES ('{name}', 1)", branch="draft")
    target.place.git("update-ref", "refs/heads/draft", target.ref("draft") + "~2")
    target.next_slot()
    target.sql("INSERT INTO account VALUES ('erin', 1)", branch="draft")
    assert "irreversible" not in target.place.aergo("verify", "--branch", "draft").out
