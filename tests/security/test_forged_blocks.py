"""Blocks that break a rule, on real repositories: verification names the block and the rule, and moves nothing."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from forgery import DIRECTORY, Forger, GrindingSigner, Ledger, found, seed_of
from world import World

from aergo_vc.base.ids import ObjectId
from aergo_vc.base.limits import BLOCK_TRANSACTIONS, DIRECTORY_BLOCK_BYTES, TRANSACTION_BYTES
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_commit import Commit, decode_commit, encode_commit, signed_payload
from aergo_vc.codec.git_tree import TreeEntry
from aergo_vc.codec.transactions import encode_transaction
from aergo_vc.keys.signatures import sign_commit_payload
from aergo_vc.keys.signer import Signer
from aergo_vc.model.blocks import Consensus, Law, MergeRule

DIRECTORY_MODE, FILE_MODE, LINK_MODE, GITLINK_MODE = 0o40000, 0o100644, 0o120000, 0o160000


def test_an_honest_ledger_verifies_and_so_does_an_honest_forgery(target: Ledger, forger: Forger) -> None:
    assert target.verifies() == 4
    forger.put(forger.follow())
    assert target.verifies() == 5
    forger.put(replace(forger.take(), message=None))
    assert target.verifies() == 5


def test_in_the_sha256_format_blocks_verify_and_forged_ones_do_not(world: World) -> None:
    target = found(world, "sha256")
    forger = Forger(target)
    forger.put(forger.follow())
    assert target.verifies() == 5
    older = forger.take(2)
    forger.put(replace(forger.follow(), state=older.state).head(state=older.header.state))
    assert target.rule() == "E_STATE_ROOT"
    forger.put(forger.follow(3), mangle=_added("gpgsig x"))
    assert target.rule() == "E_COMMIT_FORMAT"


def test_the_first_wrong_block_is_named_although_later_ones_are_wrong_too(target: Ledger, forger: Forger) -> None:
    first = forger.put(replace(forger.follow(), receipts_bytes=b"x"))
    forger.put(replace(forger.follow(), transactions_bytes=b"x"))
    error = target.refused()
    assert error.facts == {"commit": first, "height": 4, "rule": "E_RECEIPTS"}


def test_a01_a_block_signed_by_a_key_that_is_not_in_the_directory_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(forger.follow(), target.key("mallory"))
    assert target.rule() == "E_KEY_UNKNOWN"


def _revoke_first_key(target: Ledger) -> None:
    """Give alice a second key, and take the first away under the second."""
    new = target.key("alice2").public_key
    text = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + new).decode()
    target.sql(f"INSERT INTO directory.key (public_key, entity) VALUES ('{text}', 'alice')", DIRECTORY)
    target.place.git("config", "aergo.key", str(target.place.world.home / "alice2.key"))
    target.sql(f"UPDATE directory.key SET revoked = true WHERE public_key <> '{text}'", DIRECTORY)


def test_a02_a_revoked_key_signs_no_block_and_no_transaction_any_more(target: Ledger, forger: Forger) -> None:
    _revoke_first_key(target)
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    assert target.verifies() == 5
    forger.put(forger.follow(), target.key("alice"))
    assert target.rule() == "E_KEY_UNKNOWN"
    transaction = forger.transaction("SELECT 1")
    forger.put(forger.take(4))
    target.place.git("update-ref", "refs/heads/main", forger.blocks()[3][0])
    forger.put(forger.take().transactions(transaction), target.key("alice2"))
    assert target.refused().code == "E_BLOCK"


def test_a03_a_revoked_key_cannot_go_back_behind_the_directory_that_revoked_it(target: Ledger, forger: Forger) -> None:
    _revoke_first_key(target)
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    old = forger.take(3).header
    backdated = forger.follow().head(directory=old.directory, directory_height=old.directory_height)
    forger.put(backdated, target.key("alice"))
    assert target.rule() == "E_SEQUENCE"


def test_a03_a_backdated_block_is_not_inserted_before_one_that_stands(target: Ledger, forger: Forger) -> None:
    tip = forger.take()
    forger.put(forger.follow().head(time=tip.header.time - 5_000, slot=tip.header.slot - 1))
    assert target.rule() == "E_SEQUENCE"


def test_a04_a_block_without_its_signature_or_signed_by_another_is_refused(target: Ledger, forger: Forger) -> None:
    commit = decode_commit(forger.raw())
    forger.put_bytes(encode_commit(replace(commit, signature=None)))
    assert target.rule() == "E_COMMIT_FORMAT"
    mallory = sign_commit_payload(target.key("mallory"), signed_payload(commit))
    forger.put_bytes(encode_commit(replace(commit, signature=mallory)))
    assert target.rule() == "E_KEY_UNKNOWN"


def test_a04_a_signature_moved_from_another_block_is_refused(target: Ledger, forger: Forger) -> None:
    old = decode_commit(forger.workspace.store.read_commit(forger.blocks()[1][0]))
    forger.put_bytes(encode_commit(replace(decode_commit(forger.raw()), signature=old.signature)))
    assert target.rule() == "E_SIGNATURE"


def test_a08_a_signature_for_another_purpose_is_refused(target: Ledger, forger: Forger) -> None:
    commit = decode_commit(forger.raw())
    armor = commit.signature or ""
    blob = base64.b64decode("".join(armor.split("\n")[1:-1]))
    other = base64.b64encode(blob.replace(b"\0\0\0\x03git", b"\0\0\0\x08aergo-tx")).decode()
    lines = [other[at : at + 70] for at in range(0, len(other), 70)]
    forged = "\n".join([armor.split("\n")[0], *lines, armor.split("\n")[-1]])
    forger.put_bytes(encode_commit(replace(commit, signature=forged)))
    assert target.rule() == "E_SIGNATURE_NAMESPACE"


def test_a14_a_verdict_is_not_remembered_beyond_the_directory_that_it_rests_on(target: Ledger, forger: Forger) -> None:
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    assert target.verifies() == 5
    forger.put(forger.take(), target.key("mallory"))
    assert target.rule() == "E_KEY_UNKNOWN"


def _armored(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    def mangle(data: bytes) -> bytes:
        armor, rest = _signature(data)
        head = data.decode().partition("gpgsig ")[0]
        return (head + "gpgsig " + "\n ".join(change(armor.split("\n "))) + rest).encode()

    return mangle


def _signature(data: bytes) -> tuple[str, str]:
    text = data.decode().partition("gpgsig ")[2]
    end = text.index("-----END SSH SIGNATURE-----") + len("-----END SSH SIGNATURE-----")
    return text[:end], text[end:]


def _wrapped(columns: int) -> Callable[[list[str]], list[str]]:
    def wrap(lines: list[str]) -> list[str]:
        body = "".join(lines[1:-1])
        return [lines[0], *[body[at : at + columns] for at in range(0, len(body), columns)], lines[-1]]

    return wrap


def _added(header: str) -> Callable[[bytes], bytes]:
    def mangle(data: bytes) -> bytes:
        head, _, message = data.partition(b"\n\n")
        return head + b"\n" + header.encode() + b"\n\n" + message

    return mangle


def _again(data: bytes) -> bytes:
    armor, _ = _signature(data)
    return _added("gpgsig " + armor)(data)


REWRITES = {
    "wrapped at 40": _armored(_wrapped(40)),
    "on one line": _armored(_wrapped(10_000)),
    "a blank line in the armor": _armored(lambda lines: [*lines[:2], "", *lines[2:]]),
    "bytes after its end": _armored(lambda lines: [*lines, "more"]),
    "gpgsig-sha256": _added("gpgsig-sha256 x"),
    "a second gpgsig": _again,
    "gpgsigX": _added("gpgsigX x"),
    "gpgsig2": _added("gpgsig2 x"),
    "gpgsig-aergo": _added("gpgsig-aergo x"),
}


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES.keys())
def test_b01_a_signed_block_rewritten_without_the_key_is_refused(
    rewrite: Callable[[bytes], bytes], target: Ledger, forger: Forger
) -> None:
    honest = forger.raw()
    assert rewrite(honest) != honest
    forger.put_bytes(rewrite(honest))
    assert target.rule() == "E_COMMIT_FORMAT"


def test_a13_b02_commits_that_differ_in_their_signature_alone_are_one_block(target: Ledger, forger: Forger) -> None:
    before = forger.blocks()[-1]
    commit = decode_commit(forger.raw())
    grinding = GrindingSigner(target.key("alice").public_key, seed_of("alice"), 7)
    forger.put_bytes(_resigned(commit, grinding))
    after = forger.blocks()[-1]
    assert (after[1].block, after[0] != before[0]) == (before[1].block, True)
    assert target.verifies() == 4


ODD_HEADERS = {
    "a second author": lambda data: data.replace(b"\ncommitter", b"\nauthor Eve <e@e> 1 +0000\ncommitter", 1),
    "a second tree": lambda data: data.replace(b"\nparent", b"\n" + data[:45] + b"\nparent", 1),
    "an unknown header": _added("note x"),
    "an encoding": _added("encoding latin1"),
    "a NUL in the message": lambda data: data.replace(b"forged", b"for\0ged"),
    "a carriage return in the message": lambda data: data.replace(b"forged", b"for\rged"),
    "no UTF-8": lambda data: data.replace(b"forged", b"for\xffged"),
    "a date beyond 64 bits": lambda data: data.replace(b" +0000\ncommitter", b"18446744073709551615 +0000\ncommitter"),
    "a negative date": lambda data: data.replace(b"> 1", b"> -1", 1),
}


ZONES = {
    "a zone": lambda data: data.replace(b" +0000\ncommitter", b" +0100\ncommitter"),
    "the easternmost zone": lambda data: data.replace(b" +0000\ncommitter", b" +1459\ncommitter"),
}
"""Only the commit of a merge may say another zone than ours: git makes it."""


@pytest.mark.parametrize("mangle", ZONES.values(), ids=ZONES.keys())
def test_b03_a_block_that_merges_nothing_is_dated_in_universal_time(
    forger: Forger, mangle: Callable[[bytes], bytes]
) -> None:
    forger.put(forger.follow(), mangle=mangle)
    assert forger.ledger.rule() == "E_COMMIT"


@pytest.mark.parametrize("mangle", ODD_HEADERS.values(), ids=ODD_HEADERS.keys())
def test_b03_b07_b08_commits_that_programs_read_differently_are_refused(
    mangle: Callable[[bytes], bytes], target: Ledger, forger: Forger
) -> None:
    honest = encode_commit(forger.commit(forger.follow()))
    unsigned = encode_commit(replace(decode_commit(honest), signature=None))
    signature = sign_commit_payload(target.key("alice"), mangle(unsigned)).replace("\n", "\n ")
    head, _, message = mangle(unsigned).partition(b"\n\n")
    forger.put_bytes(head + b"\ngpgsig " + signature.encode() + b"\n\n" + message)
    assert mangle(unsigned) != unsigned
    assert target.rule() == "E_COMMIT_FORMAT"


def test_b08_a_commit_dated_otherwise_than_its_block_is_refused(target: Ledger, forger: Forger) -> None:
    commit = forger.commit(forger.follow())
    backdated = replace(commit, committer=replace(commit.committer, seconds=commit.committer.seconds - 1))
    forger.put_bytes(_resigned(backdated, target.key("alice")))
    assert target.rule() == "E_COMMIT"


def _resigned(commit: Commit, signer: Signer) -> bytes:
    unsigned = replace(commit, signature=None)
    return encode_commit(replace(unsigned, signature=sign_commit_payload(signer, signed_payload(unsigned))))


def test_a_commit_that_names_no_block_or_another_is_refused(target: Ledger, forger: Forger) -> None:
    for message in ("no trailer\n", f"wrong\n\nAergo-Block: main 4 {'0' * 64}\n"):
        forger.put(replace(forger.follow(3), message=message))
        assert target.rule() == "E_COMMIT"


CRAFTED_ENTRIES = {
    "a name twice": lambda blob: b"100644 a\0" + blob + b"100644 a\0" + blob,
    "out of order": lambda blob: b"100644 b\0" + blob + b"100644 a\0" + blob,
    ".git": lambda blob: b"100644 .git\0" + blob,
    "..": lambda blob: b"100644 ..\0" + blob,
    "a slash": lambda blob: b"100644 a/b\0" + blob,
    "no name": lambda blob: b"100644 \0" + blob,
    "zero-padded mode": lambda blob: b"0100644 a\0" + blob,
    "group-writable": lambda blob: b"100664 a\0" + blob,
    "executable": lambda blob: b"100755 a\0" + blob,
    "a symbolic link": lambda blob: b"120000 a\0" + blob,
    "a submodule": lambda blob: b"160000 a\0" + blob,
    "an upper-case name": lambda blob: b"100644 Chunk\0" + blob,
    "a line feed": lambda blob: b"100644 a\nb\0" + blob,
    "an escape": lambda blob: b"100644 a\x1bb\0" + blob,
    "cut short": lambda blob: b"100644 a\0" + blob[:-1],
    "git~1": lambda blob: b"100644 git~1\0" + blob,
}


@pytest.mark.parametrize("place", ["table", "contract", "state", "payload"])
def test_b04_b05_b06_crafted_trees_below_the_ledger_are_refused(place: str, target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    blob = bytes.fromhex(forger.add(Kind.BLOB, b"[1]\n"))
    assert honest.state is not None
    contract = forger.entries(honest.state)["public"][1]
    for craft in CRAFTED_ENTRIES.values():
        bad = forger.add(Kind.TREE, craft(blob))
        table = bad if place == "table" else forger.entries(contract)["account"][1]
        inner = bad if place == "contract" else forger.tree({**forger.entries(contract), "account": (0o40000, table)})
        state = bad if place == "state" else forger.tree({"public": (DIRECTORY_MODE, inner)})
        draft = replace(honest, payload=bad) if place == "payload" else replace(honest, state=state)
        forger.put(replace(draft, parents=honest.parents))
        assert target.rule() in {"E_TREE_FORMAT", "E_STATE_ROOT", "E_PAYLOAD"}


def test_b04_crafted_ledger_folders_are_refused(target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    real = forger.entries(forger.ledger_tree(honest))
    blob = bytes.fromhex(forger.add(Kind.BLOB, b"[1]\n"))
    for craft in CRAFTED_ENTRIES.values():
        rows = [b"%o %b\0%b" % (mode, name.encode(), bytes.fromhex(oid)) for name, (mode, oid) in sorted(real.items())]
        bad = forger.add(Kind.TREE, craft(blob) + b"".join(rows))
        root = forger.tree({"ledger": (DIRECTORY_MODE, bad)})
        forger.put(honest, tree=root)
        assert target.rule() in {"E_TREE_FORMAT", "E_LAYOUT"}


def test_b09_b10_replaced_objects_do_not_hide_a_bad_block(target: Ledger, forger: Forger) -> None:
    good = target.ref()
    bad = forger.put(forger.take(), target.key("mallory"))
    target.place.git("replace", bad, good)
    target.place.git("commit-graph", "write", "--reachable")
    assert target.rule() == "E_KEY_UNKNOWN"


def test_b12_a_bomb_is_refused_by_its_size_and_not_inflated(target: Ledger, forger: Forger) -> None:
    bomb = forger.add(Kind.BLOB, bytes(130 << 20))
    forger.put(replace(forger.follow(), extra=(TreeEntry("transactions.jsonl", FILE_MODE, bomb),)))
    assert target.rule() == "E_OBJECT_SIZE"


def test_b15_files_beside_those_of_a_block_are_refused(target: Ledger, forger: Forger) -> None:
    blob = forger.add(Kind.BLOB, b"#!/bin/sh\n")
    hooks = forger.tree({"pre-commit": (FILE_MODE, blob)})
    honest = forger.follow()
    for entry in (TreeEntry("x", FILE_MODE, blob), TreeEntry("hooks", DIRECTORY_MODE, hooks)):
        forger.put(replace(honest, extra=(entry,)))
        assert target.rule() == "E_LAYOUT"
    forger.put(replace(honest, attributes=b"* filter=evil\n"))
    assert target.rule() == "E_LAYOUT"


def test_b15_a_file_beside_the_declared_state_is_refused(target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    assert honest.state is not None
    blob = forger.add(Kind.BLOB, b"SELECT 1;\n")
    contract = forger.entries(honest.state)["public"][1]
    for inner in ({**forger.entries(contract), "functions2.sql": (FILE_MODE, blob)}, {"schema.sql": (FILE_MODE, blob)}):
        forger.put(replace(honest, state=forger.tree({"public": (DIRECTORY_MODE, forger.tree(inner))})))
        assert target.rule() == "E_STATE_ROOT"


def test_b15_folders_without_anything_in_them_are_refused(target: Ledger, forger: Forger) -> None:
    empty = forger.add(Kind.TREE, b"")
    forger.put(replace(forger.follow(), payload=empty))
    assert target.rule() == "E_LAYOUT"


def test_b15_an_empty_state_folder_is_refused(world: World) -> None:
    target = found(world, scripts=())
    forger = Forger(target)
    assert forger.take().state is None
    forger.put(replace(forger.follow(), state=forger.add(Kind.TREE, b"")))
    assert target.rule() == "E_LAYOUT"


def test_b16_a_state_that_the_transactions_do_not_give_is_refused(target: Ledger, forger: Forger) -> None:
    before = forger.take(2)
    forger.put(replace(forger.follow(), state=before.state).head(state=before.header.state))
    assert target.rule() == "E_STATE_ROOT"


def test_b16_a_root_that_is_not_the_states_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(forger.follow().head(state=forger.take(2).header.state))
    assert target.rule() == "E_STATE_ROOT"
    forger.put(replace(forger.follow(3), state=None))
    assert target.rule() == "E_STATE_ROOT"


def test_b16_one_changed_row_under_honest_roots_is_refused(target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    assert honest.state is not None
    contract = forger.entries(honest.state)["public"][1]
    table = forger.entries(contract)["account"][1]
    ((name, (_, chunk)),) = forger.entries(table).items()
    richer = forger.add(Kind.BLOB, forger.workspace.store.read_blob(ObjectId(chunk)).replace(b"105", b"999"))
    assert richer != chunk
    tables = {**forger.entries(contract), "account": (DIRECTORY_MODE, forger.tree({name: (FILE_MODE, richer)}))}
    forger.put(replace(honest, state=forger.tree({"public": (DIRECTORY_MODE, forger.tree(tables))})))
    assert target.rule() == "E_STATE_ROOT"


def test_b17_a_second_beginning_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(replace(forger.follow(), parents=()))
    assert target.rule() == "E_SEQUENCE"


def test_b17_a_block_with_more_parents_than_it_says_is_refused(target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    directory = ObjectId(target.ref(DIRECTORY))
    older = forger.blocks()[1][0]
    for parents in ((directory,), (older,), (directory, older)):
        forger.put(replace(honest, parents=(*honest.parents, *parents)))
        assert target.rule() == "E_COMMIT"


def test_b17_a_block_that_says_it_merged_what_it_did_not_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(forger.follow().head(merged=(forger.blocks()[1][1].block,)))
    assert target.rule() == "E_COMMIT"


def test_b17_a_block_on_a_parent_of_another_branch_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(replace(forger.follow(), parents=(ObjectId(target.ref(DIRECTORY)),)))
    assert target.rule() in {"E_SEQUENCE", "E_BRANCH"}


HEADERS = {
    "a skipped height": ({"height": 5}, "E_SEQUENCE"),
    "another previous": ({"previous": "0" * 64}, "E_SEQUENCE"),
    "no previous": ({"previous": None}, "E_SEQUENCE"),
    "other rules": ({"rules": "aergosql-0"}, "E_HEADER"),
    "an unknown directory block": ({"directory": "0" * 64}, "E_DIRECTORY"),
    "a misplaced directory block": ({"directory_height": 7}, "E_DIRECTORY"),
    "no directory block": ({"directory": None}, "E_DIRECTORY"),
    "a producer without a turn": ({"producer": "bob"}, "E_SLOT"),
    "more confirmed than there is": ({"confirmed": 2**62}, "E_SEQUENCE"),
    "another branch": ({"branch": "dev"}, "E_BRANCH"),
    "another slot": ({"slot": 0}, "E_SLOT"),
}


@pytest.mark.parametrize(("changes", "rule"), HEADERS.values(), ids=HEADERS.keys())
def test_a_header_that_says_something_else_is_refused(
    changes: dict[str, object], rule: str, target: Ledger, forger: Forger
) -> None:
    forger.put(forger.follow().head(**changes))
    assert target.rule() == rule


@pytest.mark.parametrize("name", ["chain", "law", "transactions", "receipts"])
def test_a_header_that_names_other_files_is_refused(name: str, target: Ledger, forger: Forger) -> None:
    forger.put(replace(forger.follow().head(**{name: "0" * 64}), rehash=False))
    assert target.rule() in {"E_HEADER", "E_CHAIN"}


def test_receipts_that_the_transactions_do_not_give_are_refused(target: Ledger, forger: Forger) -> None:
    honest = forger.take()
    value = json.loads(honest.receipts_bytes)
    for lie in (
        value | {"rows": {}},
        value | {"rows": {**value["rows"], "public.z": {"deleted": 0, "inserted": 1, "updated": 0}}},
        value | {"more": 1},
    ):
        data = json.dumps(lie, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        forger.put(replace(honest, receipts_bytes=data))
        assert target.rule() == "E_RECEIPTS"
    forger.put(replace(honest, receipts_bytes=honest.receipts_bytes * 2))
    assert target.rule() == "E_RECEIPTS"


def test_a_tampered_genesis_makes_another_chain(target: Ledger, forger: Forger) -> None:
    honest = forger.take()
    other = honest.genesis_bytes.replace(b'"name":"test"', b'"name":"evil"')
    assert other != honest.genesis_bytes
    forger.put(replace(forger.follow(), genesis_bytes=other))
    assert target.rule() == "E_CHAIN"


def test_a_law_that_changes_under_its_branch_is_refused(target: Ledger, forger: Forger) -> None:
    forger.put(forger.follow().law(Law("main", None, Consensus.SOLE, "alice", MergeRule.REPLAY)))  # type: ignore[arg-type]
    assert target.rule() == "E_BRANCH"


def test_b18_a_transaction_of_the_greatest_size_is_taken_and_one_byte_more_is_refused(
    target: Ledger, forger: Forger
) -> None:
    draft = forger.follow()
    room = TRANSACTION_BYTES - len(encode_transaction(forger.transaction("SELECT 1 -- ")))
    greatest, beyond = (forger.transaction("SELECT 1 -- " + "x" * (room + more)) for more in (0, 1))
    forger.put(draft.transactions(greatest))
    assert target.verifies() == 5
    forger.put(draft.transactions(beyond))
    assert target.rule() == "E_FORMAT"


def test_b18_a_block_with_more_transactions_than_allowed_is_refused_before_it_is_read(
    target: Ledger, forger: Forger
) -> None:
    forger.put(replace(forger.follow(), transactions_bytes=b"{}\n" * (BLOCK_TRANSACTIONS + 1)))
    error = target.refused()
    assert error.cause.code == "E_FORMAT"
    assert str(BLOCK_TRANSACTIONS) in error.message


def test_b18_a_block_of_the_directory_beyond_its_size_is_refused(target: Ledger) -> None:
    forger = Forger(target, DIRECTORY)
    tip = forger.take()
    target.next_slot(20)
    honest = forger.follow()
    big = forger.transaction("SELECT '" + "x" * DIRECTORY_BLOCK_BYTES + "'")
    slots = (honest.header.time - json.loads(honest.genesis_bytes)["created"]) // 60_000
    forger.put(
        honest.transactions(big).head(
            slot=slots, directory=honest.header.previous, directory_height=tip.header.height, confirmed=1
        )
    )
    assert target.rule(DIRECTORY) == "E_LIMIT"


def test_a_block_of_ordinary_files_between_blocks_changes_nothing(target: Ledger, forger: Forger) -> None:
    honest = decode_commit(forger.raw())
    tree = forger.tree({"readme": (FILE_MODE, forger.add(Kind.BLOB, b"x")), **forger.entries(honest.tree)})
    forger.put_bytes(
        f"tree {tree}\nparent {target.ref()}\nauthor A <a@a> 1 +0100\ncommitter A <a@a> 1 +0100\n\nmine\n".encode()
    )
    assert target.verifies() == 4
    target.sql("INSERT INTO account VALUES ('carol', 1)")
    assert target.verifies() == 5
