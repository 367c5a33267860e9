"""Each verb, run as a user runs it."""

import re
from pathlib import Path

import pytest
from ledgers import SHORT, matches, records
from world import Place, World


def test_the_overview_and_the_version_need_no_repository(world: World) -> None:
    assert "usage: git aergo" in world.run("git-aergo", "-h").out
    assert "verify" in world.run("aergo", "--help").out
    assert re.fullmatch(r"git-aergo \d+\.\d+\.\d+", world.run("git-aergo", "--version").line)


def test_init_makes_a_ledger_once(world: World) -> None:
    place = world.repository()
    (first,) = records(place.aergo("init", "--name", "shop", "--entity", "carol", "--json"))
    assert (first["branch"], first["entity"], first["created"]) == ("main", "carol", True)
    (second,) = records(place.aergo("init", "--json"))
    assert second == first | {"created": False}
    assert "There is a ledger on branch main" in place.aergo("init").out


def test_a_key_that_was_made_founds_the_ledger(world: World) -> None:
    place = world.repository()
    (made,) = records(place.aergo("key", "new", "--json"))
    assert made["current"] is True
    assert made["comment"] == "alice"
    place.aergo("init")
    listed = records(place.aergo("key", "list", "--json"))
    assert [key["public_key"] for key in listed] == [made["public_key"]]
    assert place.aergo("key", "show").line == f"{made['public_key']} alice"
    (other,) = records(place.aergo("key", "new", "spare", "--json"))
    assert other["current"] is False
    assert place.aergo("key", "show", "spare").line.startswith(other["public_key"])


def test_a_transaction_waits_until_it_is_committed(shop: Place) -> None:
    assert matches(
        r"Pending ID: public\.price ~1\n", shop.aergo("sql", "UPDATE price SET cents = 1 WHERE item='tea'").out
    )
    status = shop.aergo("status").out
    first, *others = status.splitlines()
    assert matches(r"On branch main, block 2 \(ID\) of TIME by alice", first)
    assert others[:2] == ["Acting for alice", "1 pending transaction"]
    assert matches(r"  ID  alice  public\.price ~1", others[2])
    assert records(shop.aergo("status", "--json"))[0]["pending"] == 1
    assert matches(
        r"Block 3 of main: ID, 1 transaction, public\.price ~1\n", shop.aergo("commit", "-m", "Cheap tea").out
    )
    assert shop.aergo("commit").line == "Nothing is pending"
    assert shop.aergo("log", "-n", "1").line.endswith("Cheap tea")


def test_pending_transactions_are_dropped_by_a_short_id_or_all_at_once(shop: Place) -> None:
    for _ in range(2):
        shop.aergo("sql", "UPDATE price SET cents = cents + 1 WHERE item = 'tea'")
    pending = shop.aergo("status").out.splitlines()[3].split()[0]
    assert shop.aergo("discard", pending).line == "Dropped 1 transaction"
    assert "no pending transaction begins with" in shop.aergo("discard", pending, expect=2).err
    assert shop.aergo("discard", "--all").line == "Dropped 1 transaction"


def test_a_select_in_a_script_is_shown_as_a_table(shop: Place) -> None:
    out = shop.aergo("sql", "SELECT item, cents, note FROM price ORDER BY item").out
    assert out.startswith(
        "item    cents  note\nbread     370  NULL\nbutter    290  salted\ntea       410  loose\n(3 rows)\n"
    )


def test_a_script_may_come_from_a_file_or_from_standard_input(shop: Place) -> None:
    script = shop.write("change.sql", "DELETE FROM price WHERE item = 'tea'")
    assert "public.price -1" in shop.aergo("sql", "-f", script).out
    shop.aergo("discard", "--all")
    assert "public.price -1" in shop.aergo("sql", "-f", "-", stdin="DELETE FROM price WHERE item = 'tea'").out


def test_a_file_becomes_a_table_and_a_table_a_file(shop: Place) -> None:
    text = "id,name\n1,one\n2,two\n"
    file = shop.write("number.csv", text)
    assert "public.number +2" in shop.aergo("import", file, "--commit").out
    assert shop.aergo("export", "number").out == text
    target = shop.path / "out.jsonl"
    shop.aergo("export", "number", "--format", "jsonl", "-o", target)
    assert len(target.read_text().splitlines()) == 2
    shop.write("number.csv", "id,name\n2,zwei\n3,drei\n")
    assert "public.number +1 ~1\n" in shop.aergo("import", "--mode", "upsert", file, "--commit").out
    assert shop.aergo("import", "--mode", "upsert", file).line == "There is nothing to do"


def test_the_log_lists_blocks_the_newest_first(pristine: Place, shop: Place) -> None:
    lines = pristine.aergo("log").out.splitlines()
    assert [line.split()[1] for line in lines] == ["2", "1", "0"]
    assert matches(r"ID  1  TIME  alice    1 tx       3 rows  Open the shop", lines[1])
    shop.aergo("sql", "--commit", "-m", "Sell", "DELETE FROM price WHERE item = 'tea'")
    assert matches(r"ID  3  TIME  alice    1 tx       1 row   Sell", shop.aergo("log", "-n", "1").line)
    found = records(pristine.aergo("log", "--json", "-n", "2"))
    assert [record["height"] for record in found] == [2, 1]
    assert found[0]["previous"] == found[1]["block"]


def test_show_tells_a_block_by_a_short_id_and_each_transaction(pristine: Place) -> None:
    short = pristine.aergo("log").out.split()[0]
    block, transaction = records(pristine.aergo("show", short, "--json"))
    assert block["block"].startswith(short)
    assert transaction["rows"] == {"public.price": {"inserted": 1, "updated": 1, "deleted": 1}}
    out = pristine.aergo("show").out
    assert out.startswith(f"block {block['block']}\n")
    assert "    UPDATE price SET cents" in out
    (alone,) = records(pristine.aergo("show", transaction["transaction"], "--json"))
    assert alone == transaction


def test_diff_tells_rows_that_came_went_and_changed(pristine: Place) -> None:
    assert pristine.aergo("diff").out == (
        "public.price  +1 ~1 -1\n"
        "~ item=bread  cents 350 -> 370\n"
        "- item=salt  cents=90  note=''\n"
        "+ item=tea  cents=410  note=loose\n"
    )
    assert pristine.aergo("diff", "--stat").line == "public.price | +1 ~1 -1"
    assert pristine.aergo("diff", "@0", "@1", "--stat").line == "public.price | +3  (new table)"
    assert pristine.aergo("diff", "@1..@2", "--exit-code", expect=1).out == pristine.aergo("diff").out
    assert pristine.aergo("diff", "HEAD", "--exit-code").out == ""
    found = records(pristine.aergo("diff", "--json"))
    assert found[0]["key"] == {"item": "bread"}
    assert (found[1]["after"], found[2]["before"]) == (None, None)


def test_schema_shows_definitions_at_any_block(pristine: Place) -> None:
    assert "CREATE TABLE public.price (" in pristine.aergo("schema").out
    assert pristine.aergo("schema", "--at", "@0").out == ""
    assert records(pristine.aergo("schema", "public", "--json"))[0]["contract"] == "public"


def test_a_branch_is_made_and_entered_and_left(shop: Place) -> None:
    assert shop.aergo("branch", "sale").line == "Made branch sale"
    assert shop.aergo("checkout", "sale").line == "On branch sale"
    names = {record["name"]: record["current"] for record in records(shop.aergo("branch", "--json"))}
    assert names == {"aergo/directory": False, "main": False, "sale": True}
    laws = {record["name"]: record for record in records(shop.aergo("branch", "--json"))}
    assert [laws["main"][key] for key in ("root", "consensus", "merge", "settle")] == [
        None,
        "dpos",
        "lost-update",
        None,
    ]
    assert (laws["sale"]["sole_producer"], laws["sale"]["root"]) == ("alice", laws["main"]["block"])
    assert re.search(rf"^\* {SHORT} +3  sale$", shop.aergo("branch").out, re.MULTILINE)
    assert shop.aergo("checkout", "main").line == "On branch main"


def test_a_tag_names_a_block(shop: Place) -> None:
    shop.aergo("tag", "opened", "@1")
    assert records(shop.aergo("tag", "--json"))[0]["height"] == 1
    assert shop.aergo("export", "price", "--at", "opened").out.splitlines()[1] == "bread,350,"
    assert "tags do not move" in shop.aergo("tag", "opened", expect=2).err


def test_verify_counts_what_is_valid(pristine: Place) -> None:
    assert matches(
        r"valid: main: 3 blocks, 2 transactions up to ID; irreversible up to height 2\n", pristine.aergo("verify").out
    )
    assert records(pristine.aergo("verify", "--json", "-j", "1"))[0]["blocks"] == 3


def test_a_query_is_answered_at_any_block_in_any_format(pristine: Place) -> None:
    question = "SELECT item, cents FROM price ORDER BY item"
    assert (
        pristine.aergo("query", question).out
        == "item    cents\nbread     370\nbutter    290\ntea       410\n(3 rows)\n"
    )
    found = records(pristine.aergo("query", "--json", "--at", "@1", question))
    assert [row["cents"] for row in found] == [350, 290, 90]
    assert (
        pristine.aergo("query", "--format", "csv", question)
        .out.replace("\r\n", "\n")
        .startswith("item,cents\nbread,370\n")
    )
    assert "xml is no format" in pristine.aergo("query", "--format", "xml", question, expect=2).err
    assert pristine.aergo("query", "SELECT nope FROM price", expect=2).err.startswith("error: ")
    assert pristine.aergo("query", "SELECT item FROM price WHERE cents < 0").out == "item\n(0 rows)\n"


def test_fsck_finds_a_fresh_repository_sound(pristine: Place) -> None:
    assert pristine.aergo("fsck").line == "Nothing is wrong"


def test_doctor_finds_a_fresh_clone_sound(pristine: Place) -> None:
    assert pristine.aergo("doctor").line == "Nothing is wrong"


def test_another_folder_is_entered_as_with_git(pristine: Place, tmp_path: Path) -> None:
    outcome = pristine.world.run("aergo", "-C", pristine.path, "log", "-n", "1", "--json", cwd=tmp_path)
    assert records(outcome)[0]["height"] == 2


@pytest.mark.parametrize("verb", ["log", "status", "key", "import", "verify"])
def test_every_verb_explains_itself_outside_of_any_repository(verb: str, world: World) -> None:
    assert world.run("git-aergo", verb, "-h").out.startswith(f"Usage: git aergo {verb} ")


def test_colour_is_for_terminals_only(pristine: Place) -> None:
    outcome = pristine.aergo("log", variables={"TERM": "xterm-256color"})
    assert "\x1b" not in outcome.out
