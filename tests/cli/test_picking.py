"""cherry-pick, run as a user runs it."""

from pathlib import Path

import pytest
from ledgers import copy_of, matches, records
from world import Place


@pytest.fixture(scope="module")
def forked_once(pristine: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The shop with a branch dev on which bread costs more and there is milk; the worktree is on main."""
    shop = copy_of(pristine, tmp_path_factory.mktemp("forked") / "world")
    shop.aergo("branch", "dev")
    shop.aergo("checkout", "dev")
    shop.aergo("sql", "UPDATE price SET cents = cents + 5 WHERE item = 'bread'")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("checkout", "main")
    return shop


@pytest.fixture
def forked(forked_once: Place, tmp_path: Path) -> Place:
    """A copy of it, for a test to change."""
    return copy_of(forked_once, tmp_path / "copy")


def ids(place: Place, revision: str) -> list[str]:
    """The transactions of a block."""
    return [record["transaction"] for record in records(place.aergo("show", revision, "--json"))[1:]]


def test_a_block_is_picked_with_the_signatures_that_it_has(forked: Place) -> None:
    bread, milk = ids(forked, "dev")
    out = forked.aergo("cherry-pick", "dev").out
    assert matches(r"Block 3 of main: ID, 2 transactions, public\.price \+1 ~1\n", out)
    assert ids(forked, "main") == [bread, milk]
    assert forked.aergo("show", "main").out.count("Pick 2 transactions of dev") == 1
    line = forked.git("show", "dev:ledger/transactions.jsonl").out
    assert forked.git("show", "main:ledger/transactions.jsonl").out == line
    assert forked.aergo("verify").out.startswith("valid: main: 4 blocks, 4 transactions")
    assert forked.git("status", "--porcelain").out == ""


def test_what_is_there_already_is_told_and_nothing_is_made(forked: Place) -> None:
    bread, milk = ids(forked, "dev")
    forked.aergo("cherry-pick", milk[:9])
    before = forked.git("rev-parse", "main").line
    out = forked.aergo("cherry-pick", milk, ids(forked, "main@2")[0]).out
    assert matches(r"ID is here already\nID is here already\nThere is nothing to do\n", out)
    assert forked.git("rev-parse", "main").line == before
    (done,) = records(forked.aergo("cherry-pick", "dev", "--json", "-m", "The rest"))
    assert (done["transactions"], done["standing"]) == ([bread], [milk])
    assert done["block"]["height"] == 4


def test_a_pick_that_waits_is_sealed_by_the_next_commit_and_may_be_discarded(forked: Place) -> None:
    bread, milk = ids(forked, "dev")
    out = forked.aergo("cherry-pick", "--no-commit", "dev").out
    assert matches(r"Pending ID\nPending ID\nTogether: public\.price \+1 ~1\n", out)
    assert "is here already" in forked.aergo("cherry-pick", milk).out
    assert "2 pending transactions" in forked.aergo("status").out
    forked.aergo("discard", bread[:12])
    forked.aergo("commit")
    assert ids(forked, "main") == [milk]
    forked.aergo("verify")


def test_a_pick_that_fails_is_told_and_none_of_them_goes_in(forked: Place) -> None:
    forked.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 99, 'ours')")
    before = forked.git("rev-parse", "main").line
    for options in ((), ("--no-commit",)):
        out = forked.aergo("cherry-pick", *options, "dev", expect=1).out
        assert matches(r"ID does not go in: duplicate key value violates [^\n]+\nNothing was made\n", out)
    (told,) = records(forked.aergo("cherry-pick", "dev", "--json", expect=1))
    assert (told["transactions"], told["block"], told["failed"]["code"]) == ([], None, "E_SQL")
    assert forked.git("rev-parse", "main").line == before
    assert forked.aergo("status").out.endswith("Nothing is pending\n")


def test_transactions_of_another_repository_of_the_chain_are_fetched_and_picked(forked: Place) -> None:
    world = forked.world
    there = Place(world, world.root / "there")
    world.run("git", "clone", "-q", "-b", "dev", forked.path, there.path)
    there.git("branch", "-q", "aergo/directory", "origin/aergo/directory")
    there.git("config", "aergo.entity", "alice")
    there.git("config", "aergo.key", str(forked.path / ".git" / "aergo" / "keys" / "alice"))
    there.write("number.csv", "id,name\n1,one\n2,two\n")
    there.aergo("import", "number.csv", "--commit")
    there.aergo("sql", "--commit", "INSERT INTO price VALUES ('jam', 250, NULL)")
    assert (
        "names no branch, block or transaction there"
        in forked.aergo("cherry-pick", "--from", "../there", "nothing", expect=2).err
    )
    assert "public.number +2" in forked.aergo("cherry-pick", "--from", "../there", "dev@-1").out
    jam = ids(there, "dev")[0]
    assert "public.price +1" in forked.aergo("cherry-pick", "--from", there.path.as_uri(), jam[:10]).out
    assert forked.git("for-each-ref", "refs/aergo/borrowed").out == ""
    forked.git("gc", "-q", "--prune=now")
    forked.aergo("verify")
    assert forked.aergo("export", "number").out == "id,name\n1,one\n2,two\n"


def test_another_chain_a_command_and_a_folder_without_repository_are_refused(forked: Place) -> None:
    other = forked.world.repository("other")
    other.aergo("init")
    other.aergo("sql", "--commit", "CREATE TABLE t (a int PRIMARY KEY)")
    assert "is of another chain" in forked.aergo("cherry-pick", "--from", other.path, "main", expect=2).err
    marker = forked.world.root / "ran"
    forked.aergo("cherry-pick", "--from", f"ext::touch {marker}", "main", expect=128)
    assert not marker.exists()
    forked.aergo("cherry-pick", "--from", "--upload-pack=touch ran", "main", expect=128)
    assert not (forked.path / "ran").exists()
    forked.aergo("cherry-pick", "--from", forked.world.home, "main", expect=128)


def test_wrong_words_are_refused(forked: Place) -> None:
    assert "names no block" in forked.aergo("cherry-pick", "nonsense", expect=2).err
    assert "--no-commit" in forked.aergo("cherry-pick", "-n", "-m", "text", "dev", expect=2).err
    assert "other branches obey" in forked.aergo("cherry-pick", "aergo/directory", expect=2).err
    forked.aergo("cherry-pick", expect=2)
    forked.git("checkout", "-q", "--detach")
    forked.aergo("cherry-pick", "dev", expect=128)


def prices(place: Place) -> dict[str, int]:
    """The prices of the shop."""
    return {row["item"]: row["cents"] for row in records(place.aergo("export", "price", "--format", "jsonl"))}


def test_a_block_is_undone_by_a_new_one(shop: Place) -> None:
    (undone,) = ids(shop, "main")
    out = shop.aergo("revert", "HEAD").out
    first, second = out.splitlines()
    assert matches(r"Undone ID of alice in block 2", first)
    assert matches(r"Block 3 of main: ID, 1 transaction, public\.price \+1 ~1 -1", second)
    assert prices(shop) == {"bread": 350, "butter": 290, "salt": 90}
    assert shop.aergo("diff", "@1", "@3").out == ""
    message = shop.git("log", "-1", "--format=%B").out
    assert message.startswith(f"Revert {undone[:12]}\n\nReverts transaction {undone}\n\nAergo-Block: main 3 ")
    assert f"-- reverts {undone}" in shop.aergo("show").out
    shop.aergo("verify")
    shop.aergo("revert", "HEAD", "-m", "Have it after all")
    assert shop.aergo("diff", "@2", "@4").out == ""
    assert shop.git("log", "-1", "--format=%s").line == "Have it after all"


def test_one_transaction_of_a_block_is_undone_and_the_others_stay(shop: Place) -> None:
    shop.aergo("sql", "UPDATE price SET cents = cents + 1")
    shop.aergo("sql", "UPDATE price SET cents = cents * 2 WHERE item = 'tea'")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    every, tea, milk = ids(shop, "HEAD")
    shop.aergo("revert", milk[:8])
    assert prices(shop) == {"bread": 371, "butter": 291, "tea": 822}
    refused = shop.aergo("revert", every, expect=1).out
    assert matches(
        r"The same rows were changed later by ID of alice in block 3\nNothing was made; --force undoes these too\n",
        refused,
    )
    assert tea[:12] in refused
    (told,) = records(shop.aergo("revert", every, "--json", expect=1))
    assert told["dependents"] == [{"transactions": [tea], "height": 3, "signers": ["alice"]}]
    assert (told["submitted"], told["failed"]) == (None, None)
    done = shop.aergo("revert", "--force", every).out.splitlines()
    assert [line.split()[1] for line in done[:2]] == [tea[:12], every[:12]]
    assert prices(shop) == {"bread": 370, "butter": 290, "tea": 410}
    assert shop.git("log", "-1", "--format=%s").line == f"Revert {every[:12]} and 1 more"
    shop.aergo("verify")


def test_what_waits_can_be_a_revert_and_must_not_touch_the_same_rows(shop: Place) -> None:
    shop.aergo("sql", "UPDATE price SET cents = 1 WHERE item = 'bread'")
    assert "a pending transaction changes the same rows" in shop.aergo("revert", "HEAD", expect=2).err
    shop.aergo("discard", "--all")
    shop.aergo("sql", "UPDATE price SET cents = 1 WHERE item = 'butter'")
    assert matches(
        r"Undone ID of alice in block 2\nPending ID: public\.price \+1 ~1 -1\n",
        shop.aergo("revert", "--no-commit", "HEAD").out,
    )
    shop.aergo("commit")
    assert prices(shop) == {"bread": 350, "butter": 1, "salt": 90}


def test_what_a_constraint_forbids_to_undo_is_told(shop: Place) -> None:
    shop.aergo("sql", "--commit", "CREATE TABLE sale (id int PRIMARY KEY, item text NOT NULL REFERENCES price)")
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("sql", "--commit", "INSERT INTO sale VALUES (1, 'milk')")
    before = shop.git("rev-parse", "main").line
    assert "The state does not allow it" in shop.aergo("revert", "@4", expect=1).out
    assert shop.git("rev-parse", "main").line == before
    shop.aergo("revert", "@5")
    shop.aergo("revert", "@4")
    assert "milk" not in prices(shop)


def test_rows_that_a_foreign_key_would_take_along_stay(shop: Place) -> None:
    table = "CREATE TABLE sale (id int PRIMARY KEY, item text NOT NULL REFERENCES price ON DELETE CASCADE)"
    shop.aergo("sql", "--commit", table)
    shop.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 120, NULL)")
    shop.aergo("sql", "--commit", "INSERT INTO sale VALUES (1, 'milk')")
    assert "would change other rows too, in public.sale" in shop.aergo("revert", "@4", expect=2).err
    assert prices(shop)["milk"] == 120


def test_definitions_and_what_stands_elsewhere_are_not_reverted(forked: Place) -> None:
    assert "defines something" in forked.aergo("revert", "@1", expect=2).err
    (milk,) = ids(forked, "dev")[1:]
    assert "no transaction of branch main" in forked.aergo("revert", milk, expect=2).err
    assert "is no block in the history of branch main" in forked.aergo("revert", "dev", expect=2).err
    forked.aergo("sql", "--commit", "ALTER TABLE price ADD COLUMN stock int")
    assert "altered or dropped public.price since" in forked.aergo("revert", "@2", expect=2).err
    assert "--no-commit" in forked.aergo("revert", "-n", "-m", "text", "HEAD", expect=2).err
    forked.aergo("sql", "--commit", "SELECT 1")
    assert forked.aergo("revert", "HEAD").out.endswith("There is nothing to do\n")
    forked.git("symbolic-ref", "HEAD", "refs/heads/aergo/directory")
    assert "takes no rows" in forked.aergo("revert", "HEAD", expect=2).err


def test_a_pick_that_overwrites_what_its_signer_did_not_know_is_made_with_a_warning(forked: Place) -> None:
    forked.aergo("checkout", "dev")
    forked.aergo("sql", "--commit", "UPDATE price SET cents = 400 WHERE item = 'tea'")
    forked.aergo("checkout", "main")
    assert forked.aergo("cherry-pick", "dev@-1").err == ""
    forked.aergo("sql", "--commit", "UPDATE price SET cents = 500 WHERE item = 'tea'")
    done = forked.aergo("cherry-pick", "dev")
    assert matches(r'warning: ID: it writes cents of public.price "tea" unseen, where the target has 500\n', done.err)
    assert prices(forked)["tea"] == 400
    forked.aergo("verify")


def test_what_a_merge_left_out_is_submitted_again(forked: Place) -> None:
    forked.aergo("sql", "--commit", "INSERT INTO price VALUES ('milk', 99, 'ours')")
    forked.aergo("merge", "dev", expect=1)
    (_, milk) = ids(forked, "dev")
    out = forked.aergo("resubmit", milk[:9], expect=1).out
    assert matches(r"ID does not go in: duplicate key value [^\n]+\nNothing was made\n", out)
    forked.aergo("sql", "--commit", "DELETE FROM price WHERE item = 'milk'")
    assert "Pending" in forked.aergo("resubmit", "@-1").out
    forked.aergo("discard", "--all")
    out = forked.aergo("resubmit", "--commit", "-m", "Milk after all", milk).out
    assert matches(r"Block 6 of main: ID, 1 transaction, public\.price \+1\n", out)
    assert prices(forked)["milk"] == 120
    assert "left out" in forked.aergo("resubmit", "nonsense", expect=2).err
    assert "no merge" in forked.aergo("resubmit", "HEAD", expect=2).err
    assert "--commit" in forked.aergo("resubmit", "-m", "text", milk, expect=2).err
    forked.aergo("verify")
