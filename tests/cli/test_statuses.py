"""Exit statuses, messages and hints."""

import shutil

import pytest
from world import Place, World

BAD_INPUT = [
    ((), "a verb is expected"),
    (("blub",), "blub is no verb of git-aergo"),
    (("stat",), "is status meant?"),
    (("--loud",), "--loud is no option of git-aergo"),
    (("-C", "nowhere", "log"), "cannot go to nowhere"),
    (("log", "--loud"), "No such option: --loud"),
    (("log", "-n", "many"), "'many' is not a valid int"),
    (("log", "nope"), "'nope' names no block"),
    (("sql",), "either a script or --file is expected"),
    (("sql", "SELEC 1"), "error: "),
    (("sql", "SELECT 1; DROP TABLE nope"), "error: "),
    (("sql", "SELECT 1", "-m", "x"), "it needs --commit"),
    (("sql", "-f", "nowhere.sql"), "nowhere.sql"),
    (("import", "nowhere.csv"), "nowhere.csv"),
    (("import", "a.csv", "--mode", "merge"), "are possible"),
    (("export", "nope"), "nope"),
    (("export", "price", "--format", "xml"), "xml is no format"),
    (("discard",), "either transactions or --all is expected"),
    (("show", "ffff"), "ffff"),
    (("diff", "a", "b", "c"), "two revisions at most"),
    (("schema", "nope"), "there is no contract nope"),
    (("branch", "bad..name"), "bad..name"),
    (("branch", "main"), "there is a branch main already"),
    (("branch", "--merge", "sum"), "--merge is for a new branch"),
    (("branch", "b", "--merge", "best"), "'best' is no way of merging"),
    (("branch", "b", "--merge", "sum", "--merge", "ours"), "by one of sum and ours, not by both"),
    (("branch", "b", "--merge", "replay", "--merge", "lost-update"), "by one of replay and lost-update"),
    (("branch", "b", "--merge", "shop.settle"), "there is no function shop.settle"),
    (("branch", "b", "--merge", "shop..x"), "is no name for a routine"),
    (("init", "--merge", "sum"), "the law of branch main was set when it was founded"),
    (("init", "--merge", "best"), "'best' is no way of merging"),
    (("checkout", "nope"), "nope"),
    (("log", ""), "'' names no block"),
    (("show", ""), "'' names no block"),
    (("dtt", ""), "'' names no block"),
    (("diff", ""), "'' names no block"),
    (("diff", "main", ""), "'' names no block"),
    (("schema", "--at", ""), "'' names no block"),
    (("export", "price", "--at", ""), "'' names no block"),
    (("query", "SELECT 1", "--at", ""), "'' names no block"),
    (("branch", "b", ""), "'' names no block"),
    (("tag", "t", ""), "'' names no block"),
    (("checkout", ""), "'' names no block"),
    (("merge", ""), "'' names no block"),
    (("cherry-pick", ""), "'' names no block"),
    (("revert", ""), "'' names no block"),
    (("resubmit", ""), "'' names no transaction"),
    (("conflicts", ""), "'' names no block"),
    (("repair", ""), "'' is not the last commit"),
    (("cherry-pick", "--from", "", "main"), "--from names a repository by its path or its URL, and is empty here"),
    (("schema", ""), "there is no contract ''"),
    (("key", "show", ""), "there is no key ''"),
    (("tag", ""), "'' is no name for a tag"),
    (("",), "'' is no verb"),
    (("sql", "-f", ""), "a file is expected, not an empty name"),
    (("deploy", ""), "a file is expected, not an empty name"),
    (("import", ""), ". is no file"),
    (("import", "price.csv", "--mode", ""), "--mode '': "),
    (("export", "price", "--format", ""), "'' is no format"),
    (("sql", ""), "the script holds no statement"),
    (("sql", "--", "-- a comment\n/* another /* in it */ */ ;\n"), "the script holds no statement"),
    (("discard", ""), "begins with ''"),
    (("verify", ".."), "BLOCK.. is expected"),
    (("verify", "@1"), "BLOCK.. is expected"),
    (("key",), "Missing command"),
    (("key", "show", "nope"), "there is no key nope"),
]


@pytest.mark.parametrize(
    ("words", "message"), BAD_INPUT, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_wrong_usage_and_bad_input_end_with_2(words: tuple[str, ...], message: str, pristine: Place) -> None:
    outcome = pristine.world.run("git-aergo", *words, cwd=pristine.path, expect=2)
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_no_repository_and_no_ledger_end_with_128_and_a_hint(world: World) -> None:
    outcome = world.run("git-aergo", "log", expect=128)
    assert outcome.err.splitlines()[1] == "hint: go into a repository, name one with -C, or make one: git init"
    place = world.repository()
    outcome = place.aergo("status", expect=128)
    assert outcome.err.splitlines()[1] == "hint: make a ledger here: git aergo init"


def test_an_invalid_block_ends_with_1_and_names_the_rule(shop: Place) -> None:
    (shop.path / "file").write_text("x")
    shutil.rmtree(shop.path / ".git" / "hooks")
    block = shop.path / "ledger" / "block.json"
    block.write_text(block.read_text().replace('"height":2', '"height":7'))
    shop.git("commit", "--quiet", "--all", "--no-gpg-sign", "--message=forged")
    outcome = shop.aergo("verify", expect=1)
    assert outcome.err.startswith("error: commit ")


def test_an_unexpected_fault_is_one_line_unless_it_is_to_be_debugged(pristine: Place) -> None:
    program = pristine.world.root / "faulty"
    real = (pristine.world.programs / "git-aergo").read_text().replace(
        "from aergo_vc.cli import main",
        "import aergo_vc.repository.workspace as w\n"
        "def broken(*a): secret = 'PRIVATE'; raise ZeroDivisionError('broken')\n"
        "w.Workspace.open = broken\nfrom aergo_vc.cli import main",
    )  # fmt: skip
    program.write_text(real)
    program.chmod(0o755)
    outcome = pristine.world.run(program, "log", cwd=pristine.path, expect=128)
    assert len(outcome.err.splitlines()) == 2
    assert "has a fault: ZeroDivisionError: broken" in outcome.err
    debugged = pristine.world.run(program, "log", cwd=pristine.path, variables={"AERGO_DEBUG": "1"}, expect=128)
    assert "Traceback" in debugged.err
    assert "PRIVATE" not in debugged.err.replace("secret = 'PRIVATE'", "")


def test_errors_go_to_standard_error_and_leave_json_alone(pristine: Place) -> None:
    outcome = pristine.aergo("log", "nope", "--json", expect=2)
    assert outcome.out == ""
