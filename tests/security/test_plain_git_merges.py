"""Attacks on, and accidents in, merges by plain git (threats I01-I06, I08, I13, I14)."""

import shutil
from pathlib import Path

import pytest
from ledgers import records
from world import Place, World

ACCOUNTS = """\
CREATE TABLE account (name text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
INSERT INTO account VALUES ('ann', 100), ('bob', 100);
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A bank whose branches main and lab both moved money, from different accounts; which no test changes."""
    root = tmp_path_factory.mktemp("opened") / "world"
    root.mkdir()
    place = World.create(root).repository("bank")
    place.aergo("init")
    place.aergo("sql", "--commit", ACCOUNTS)
    place.aergo("branch", "lab")
    place.aergo("sql", "--commit", "UPDATE account SET balance = balance - 30 WHERE name = 'ann'")
    place.aergo("checkout", "lab")
    place.aergo("sql", "--commit", "UPDATE account SET balance = balance - 40 WHERE name = 'bob'")
    place.aergo("checkout", "main")
    return place


@pytest.fixture
def bank(opened: Place, tmp_path: Path) -> Place:
    """A copy of it, on main."""
    root = tmp_path / "copy"
    shutil.copytree(opened.world.root, root, symlinks=True)
    config = root / opened.path.name / ".git" / "config"
    config.write_text(config.read_text().replace(f"{opened.world.root}/", f"{root}/"))
    return Place(World(root, opened.world.clock), root / opened.path.name)


def balances(place: Place) -> dict[str, int]:
    found = records(place.aergo("query", "--json", "SELECT name, balance FROM account"))
    return {record["name"]: int(record["balance"]) for record in found}


def state_in_index(place: Place) -> str:
    """The text of all chunks that the index holds as merged or as ours."""
    listed = place.git("ls-files", "-s", "--", "ledger/state").out.splitlines()
    ids = [line.split()[1] for line in listed if line.split()[2] in ("0", "2")]
    return "".join(place.git("cat-file", "blob", name).out for name in ids)


def assert_unmoved(place: Place, head: str) -> None:
    assert place.git("rev-parse", "main").line == head
    assert place.aergo("verify").out.startswith("valid: main: ")
    assert balances(place) == {"ann": 70, "bob": 100}


def test_i01_a_clone_without_the_tool_makes_no_money(bank: Place) -> None:
    bank.world.run("git", "clone", "--quiet", bank.path, bank.world.root / "plain")
    plain = Place(bank.world, bank.world.root / "plain")
    plain.git("merge", "--no-edit", "origin/lab", expect=1)
    chunk = next(
        line for line in plain.git("diff", "--name-only", "--diff-filter=U").out.splitlines() if "state" in line
    )
    assert (plain.path / chunk).read_text() == bank.git("show", f"main:{chunk}").out
    assert '["bob",60]' not in (plain.path / chunk).read_text().replace(" ", "")


def test_i01_what_was_merged_by_lines_is_not_valid(bank: Place) -> None:
    bank.aergo("uninstall")
    bank.git("merge", "--no-edit", "lab", expect=1)
    bank.git("checkout", "--theirs", "--", "ledger")
    bank.git("add", "--all", "--sparse")
    bank.git("commit", "--quiet", "--no-edit")
    assert bank.aergo("verify", expect=1).err
    bank.aergo("install")
    remote = bank.world.repository("remote", bare=True)
    assert "main is not pushed" in bank.git("push", remote.path, "main", expect=1).err


def test_i02_a_table_that_goes_and_one_that_looks_alike_are_not_taken_for_a_move(bank: Place) -> None:
    rows = ", ".join(f"('customer {number}', {number})" for number in range(40))
    table = "(name text PRIMARY KEY, points bigint)"
    bank.aergo("sql", "--commit", f"CREATE TABLE old {table}; INSERT INTO old VALUES {rows}")
    bank.aergo("branch", "side")
    bank.aergo("sql", "--commit", f"DROP TABLE old; CREATE TABLE new {table}; INSERT INTO new VALUES {rows}")
    bank.aergo("checkout", "side")
    bank.aergo("sql", "--commit", "UPDATE old SET points = 999 WHERE name = 'customer 7'")
    bank.aergo("checkout", "main")
    bank.git("merge", "--no-edit", "side")
    assert bank.aergo("verify").out.startswith("valid: main: ")
    found = records(bank.aergo("query", "--json", "SELECT points FROM new WHERE name = 'customer 7'"))
    assert [int(record["points"]) for record in found] == [7]


@pytest.mark.parametrize(
    "words",
    [
        ("merge", "--no-edit", "-s", "ort", "lab"),
        ("merge", "--no-edit", "-s", "ort", "-Xtheirs", "lab"),
        ("merge", "--no-edit", "-s", "ours", "lab"),
        ("merge", "--no-edit", "-s", "resolve", "lab"),
        ("merge", "--no-edit", "-s", "recursive", "lab"),
        ("merge", "--no-edit", "third", "lab"),
        ("merge", "--no-edit", "lab", "third"),
        ("revert", "--no-edit", "HEAD"),
        ("cherry-pick", "--strategy=ort", "lab"),
        ("merge", "--ff", "--squash", "lab"),
    ],
)
def test_i03_verbs_that_go_past_the_strategy_make_no_block(words: tuple[str, ...], bank: Place) -> None:
    bank.git("checkout", "--quiet", "-b", "third", "main~1")
    bank.git("commit", "--quiet", "--allow-empty", "-m", "third")
    bank.git("checkout", "--quiet", "main")
    head = bank.git("rev-parse", "main").line
    bank.git(*words, expect=None)
    bank.git("add", "--all", "--sparse")
    bank.git("commit", "--quiet", "--no-edit", "--allow-empty", expect=None)
    assert bank.git("rev-parse", "main").line in (head, bank.git("rev-parse", "HEAD").line)
    bank.git("reset", "--quiet", "--hard")
    assert bank.aergo("verify").out.startswith("valid: main: ")
    assert balances(bank) == {"ann": 70, "bob": 100}


def test_i03_a_branch_set_to_anothers_block_is_not_pushed(bank: Place) -> None:
    bank.git("reset", "--quiet", "--hard", "lab")
    remote = bank.world.repository("remote", bare=True)
    assert "belongs to branch lab" in bank.git("push", remote.path, "main", expect=1).err
    assert bank.aergo("verify", expect=1).err
    assert bank.aergo("sql", "--commit", "DELETE FROM account", expect=128).err


def test_i04_attributes_of_a_commit_do_not_switch_a_merge_by_lines_on(bank: Place) -> None:
    bank.git("sparse-checkout", "disable")
    bank.write(".gitattributes", "* merge=union\nledger/** merge=union\n")
    bank.write("ledger/state/.gitattributes", "* merge=union text eol=crlf\n")
    bank.git("merge", "--no-edit", "-s", "ort", "lab", expect=1)
    assert "ledger/block.json" in bank.git("diff", "--name-only", "--diff-filter=U").out.splitlines()
    state = state_in_index(bank).replace(" ", "")
    assert '"ann",70' in state
    assert '"bob",60' not in state


def test_i05_a_driver_that_is_killed_half_way_leaves_our_side_whole(bank: Place) -> None:
    before = (bank.path / "ledger" / "block.json").read_bytes()
    driver = bank.path / ".git" / "aergo" / "merge-driver"  # it calls no program that could kill it, so it must itself
    driver.write_text(driver.read_text().replace("told=\n", "echo killed >>$HOME/killed\nkill -9 $$\ntold=\n"))
    bank.git("merge", "--no-edit", "-s", "ort", "lab", expect=None)
    assert (bank.world.home / "killed").exists()
    assert (bank.path / "ledger" / "block.json").read_bytes() == before
    head = bank.git("rev-parse", "HEAD").line
    bank.git("reset", "--quiet", "--hard")
    assert_unmoved(bank, head)


def test_i06_a_files_name_reaches_no_shell(bank: Place) -> None:
    assert "%P" not in bank.git("config", "merge.aergo.driver").line
    name = "ledger/a;touch pwned;$(touch pwned) `touch pwned`"
    for branch in ("lab", "main"):
        blob = bank.git("hash-object", "-w", "--stdin", stdin=branch).line
        bank.git("read-tree", branch)
        bank.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        tree = bank.git("write-tree").line
        commit = bank.git("commit-tree", "-m", "planted", "-p", branch, tree).line
        bank.git("update-ref", f"refs/heads/planted-{branch}", commit)
    bank.git("checkout", "--quiet", "--force", "planted-main")
    outcome = bank.git("merge", "--no-edit", "-s", "ort", "planted-lab", expect=1)
    assert "ledger/a;touch pwned" in outcome.out
    assert bank.git("merge", "--abort").status == 0
    assert bank.git("merge", "--no-edit", "planted-lab", expect=2).err
    assert not (bank.path / "pwned").exists()


def test_i08_no_resolution_of_a_ledger_file_is_replayed(bank: Place) -> None:
    bank.git("config", "rerere.enabled", "true")
    bank.git("config", "rerere.autoUpdate", "true")
    for _ in range(2):
        bank.git("merge", "--no-edit", "-s", "ort", "lab", expect=1)
        conflicts = bank.git("diff", "--name-only", "--diff-filter=U").out.splitlines()
        assert "ledger/block.json" in conflicts
        for name in conflicts:
            bank.write(name, "resolved by hand\n")
        bank.git("add", "--all", "--sparse")
        bank.git("rerere")
        bank.git("merge", "--abort")
    bank.git("merge", "--no-edit", "lab")
    assert bank.aergo("verify").out.startswith("valid: main: ")
    assert balances(bank) == {"ann": 70, "bob": 60}


@pytest.mark.parametrize("words", [("cherry-pick", "lab"), ("rebase", "lab"), ("rebase", "--onto", "lab", "main~1")])
def test_i13_commits_of_blocks_are_neither_picked_nor_rebased(words: tuple[str, ...], bank: Place) -> None:
    head = bank.git("rev-parse", "main").line
    outcome = bank.git(*words, expect=None)
    assert outcome.status in (1, 2)
    assert "is a block" in outcome.err
    bank.git(words[0], "--abort", expect=None)
    assert_unmoved(bank, head)


def test_i13_a_stash_of_ledger_files_makes_no_block(bank: Place) -> None:
    head = bank.git("rev-parse", "main").line
    bank.write("ledger/receipts.jsonl", "stashed\n")
    bank.git("stash", "--quiet")
    bank.git("merge", "--no-edit", "lab")
    bank.git("stash", "pop", expect=1)
    assert bank.git("commit", "--all", "-m", "popped", expect=None).status != 0
    bank.git("reset", "--quiet", "--hard", head)
    assert_unmoved(bank, head)


@pytest.mark.parametrize("kind", ["folder below", "sparse", "full", "linked worktree", "no worktree's files"])
def test_i14_a_merge_sees_all_objects_whatever_is_checked_out(kind: str, bank: Place) -> None:
    place = bank
    if kind == "folder below":
        place = Place(bank.world, bank.path / "ledger")
    elif kind == "sparse":
        bank.git("sparse-checkout", "set", "--no-cone", "/nothing")
    elif kind == "full":
        bank.git("sparse-checkout", "disable")
    elif kind == "linked worktree":
        place = Place(bank.world, bank.world.root / "linked")
        bank.git("checkout", "--quiet", "--detach")
        bank.git("worktree", "add", "--quiet", place.path, "main")
    else:
        bank.git("config", "core.sparseCheckout", "true")
        bank.git("sparse-checkout", "set", "--cone", "src")
    place.git("merge", "--no-edit", "lab")
    assert place.aergo("verify").out.startswith("valid: main: ")
    assert balances(place) == {"ann": 70, "bob": 60}
