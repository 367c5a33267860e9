"""What the directory says at its blocks, and what no transaction may do to it."""

import pytest
from forgery import DIRECTORY, Forger, Ledger, register

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import EntityName
from aergo_vc.codec.sshsig import encode_key_text
from aergo_vc.directory.authorities import Authorities, UnknownDirectoryBlockError
from aergo_vc.model.directory import Authority, Role

LOCKOUTS = {
    "nobody produces": "DELETE FROM directory.producer",
    "no admin": "DELETE FROM directory.role WHERE role = 'admin'",
    "no key of an admin": "UPDATE directory.key SET revoked = true",
    "no key at all": "DELETE FROM directory.key",
    "a producer without a key": (
        "INSERT INTO directory.entity (name) VALUES ('bob'); INSERT INTO directory.producer VALUES ('bob')"
    ),
    "a key that is none": "INSERT INTO directory.key (public_key, entity) VALUES ('ssh-rsa AAAA', 'alice')",
    "a key of small order": (
        "INSERT INTO directory.key (public_key, entity) VALUES"
        " ('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'alice')"
    ),
    "a name that no entity may have": "INSERT INTO directory.entity (name) VALUES ('Alice')",
    "a look-alike of a role": "INSERT INTO directory.role VALUES ('alice', 'аdmin')",
    "a column less": "ALTER TABLE directory.key DROP COLUMN revoked",
    "a table less": "DROP TABLE directory.producer",
    "a table of another shape": "DROP TABLE directory.role; CREATE TABLE directory.role (a int PRIMARY KEY)",
    "another column's name": "ALTER TABLE directory.key RENAME COLUMN entity TO who",
    "an entity that is gone": "DELETE FROM directory.entity",
}


@pytest.mark.parametrize("script", LOCKOUTS.values(), ids=LOCKOUTS.keys())
def test_k02_no_transaction_locks_everybody_out(script: str, target: Ledger) -> None:
    before = target.refs()
    with pytest.raises(AergoError):
        target.sql(script, DIRECTORY)
    assert target.refs() == before
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    assert target.verifies() == 5


def test_k02_a_block_that_locks_everybody_out_is_refused(target: Ledger) -> None:
    forger = Forger(target, DIRECTORY)
    tip = forger.blocks()[-1][1]
    lockout = forger.transaction("DELETE FROM directory.producer")
    draft = forger.follow(slots=0).head(directory=tip.block, directory_height=tip.header.height)
    forger.put(draft.transactions(lockout))
    assert target.rule(DIRECTORY) == "E_TRANSACTION"


def _authority(target: Ledger, height: int) -> Authority:
    workspace = target.workspace()
    head = workspace.head_of(Forger(target, DIRECTORY).blocks()[-1][1].header.branch)
    assert head is not None
    authorities = Authorities(workspace.writer, workspace.nodes, head)
    block = authorities.block(Forger(target, DIRECTORY).blocks()[height][1].block)
    return authorities.at(block, block.genesis.slot)


def test_the_directory_says_at_each_of_its_blocks_who_was_who_then(target: Ledger) -> None:
    register(target, "bob", "reader", producer=True)
    key = encode_key_text(target.key("bob").public_key)
    target.sql(
        f"DELETE FROM directory.producer WHERE entity = 'bob';"
        f"UPDATE directory.key SET revoked = true WHERE public_key = '{key}'",
        DIRECTORY,
    )
    bob = EntityName("bob")
    first, second, third = (_authority(target, height) for height in range(3))
    assert bob not in first.entities
    assert (second.entities[bob].roles, len(second.entities[bob].keys)) == (frozenset({Role.READER}), 1)
    assert (second.roster.producers, third.roster.producers) == (("alice", "bob"), ("alice",))
    assert third.entities[bob].keys == frozenset()
    assert len({authority.roster.seed for authority in (first, second, third)}) == 3


def test_a_directory_block_that_is_not_there_is_unknown(target: Ledger) -> None:
    workspace = target.workspace()
    authorities = Authorities(workspace.writer, workspace.nodes, Forger(target, DIRECTORY).blocks()[-1][0])
    with pytest.raises(UnknownDirectoryBlockError):
        authorities.block(Forger(target).blocks()[-1][1].block)


def test_the_directory_names_the_block_before_it_and_its_first_names_none(target: Ledger) -> None:
    target.sql("INSERT INTO directory.tag VALUES ('a', 'b')", DIRECTORY)
    forger = Forger(target, DIRECTORY)
    first = forger.blocks()[0][1]
    forger.put(forger.take().head(directory=first.block, directory_height=1))
    assert target.rule(DIRECTORY) == "E_DIRECTORY"
    forger.put(forger.take(0).head(directory=first.block))
    assert target.rule(DIRECTORY) == "E_DIRECTORY"


def test_a_directory_transaction_that_finds_no_room_waits_for_the_next_block(target: Ledger) -> None:
    target.on(DIRECTORY)
    with target.open() as repository:
        for number in range(6):
            repository.sql(f"INSERT INTO directory.tag VALUES ('{number}', '{'x' * 10_000}')")
        first = repository.commit()
        assert first is not None
        assert [exclusion.reason.code for exclusion in first.excluded] == ["E_BLOCK_FULL"]
        second = repository.commit()
        assert second is not None
    assert (len(first.transactions), len(second.transactions)) == (5, 1)
    assert target.verifies(DIRECTORY) == 3


def test_a_repository_without_its_directory_says_so(target: Ledger) -> None:
    target.place.git("update-ref", "-d", f"refs/heads/{DIRECTORY}")
    with target.open() as repository:
        for act in (repository.verify, lambda: repository.sql("SELECT 1", commit=True)):
            with pytest.raises(AergoError) as refused:
                act()
            assert refused.value.code == "E_NO_DIRECTORY"
