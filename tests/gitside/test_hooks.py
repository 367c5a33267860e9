"""The hooks: what they stop, what they let pass, and that a user's own come first."""

from pathlib import Path

import pytest
from ledgers import make_ledger
from world import ROOT, Place, World

from aergo_vc.repository.hooks import HOOKS, hook_template


def forge(place: Place, *, branch: str = "main") -> None:
    """Move a branch to a commit whose block is not signed, past all hooks."""
    tree = place.git("rev-parse", f"{branch}^{{tree}}").line
    parent = place.git("rev-parse", f"{branch}~1").line
    commit = place.git("commit-tree", tree, "-p", parent, "-m", "forged").line
    place.git("update-ref", f"refs/heads/{branch}", commit)


@pytest.mark.parametrize("name", HOOKS)
def test_the_stub_beside_the_package_is_what_install_writes(name: str) -> None:
    assert (ROOT / "hooks" / name).read_text() == hook_template(name)


def test_an_ordinary_commit_may_stand_between_blocks(shop: Place) -> None:
    shop.write("src/main.c", "int main(void) { return 0; }\n")
    shop.commit("Add a program")
    shop.aergo("sql", "--commit", "DELETE FROM price")
    assert "3 blocks" not in shop.aergo("verify").out


@pytest.mark.parametrize("options", [(), ("--no-verify",), ("--all",)])
def test_a_commit_that_changes_the_ledger_is_refused(options: tuple[str, ...], shop: Place) -> None:
    block = shop.path / "ledger" / "block.json"
    block.write_text(block.read_text() + "\n")
    shop.git("add", "ledger")
    outcome = shop.git("commit", *options, "-m", "slip", expect=1)
    assert "the commit would hold changes below ledger/" in outcome.err
    assert "git restore --staged --worktree ledger" in outcome.err


def test_a_revert_by_git_is_refused_in_words_that_take_it_back(shop: Place) -> None:
    shop.aergo("sql", "--commit", "CREATE TABLE visit (id bigint PRIMARY KEY); INSERT INTO visit VALUES (1)")
    block = shop.git("rev-parse", "HEAD").line
    refused = shop.git("revert", "--no-edit", "HEAD", expect=128).err
    assert f"git reset --merge; then undo it by a new block: git aergo revert {block[:12]}" in refused
    shop.git("reset", "--merge")
    assert shop.git("status", "--porcelain").out == ""
    assert not (shop.path / "ledger" / "state").exists()
    shop.aergo("verify")


def test_a_commit_of_some_paths_is_judged_by_what_it_commits(shop: Place) -> None:
    block = shop.path / "ledger" / "block.json"
    block.write_text(block.read_text() + "\n")
    shop.write("file", "x")
    shop.git("add", "file")
    shop.git("commit", "-m", "the file alone", "file")
    shop.git("commit", "-m", "slip", "ledger/block.json", expect=1)


def test_a_repository_without_a_ledger_is_left_alone(shop: Place) -> None:
    plain = shop.world.repository("plain")
    for name in HOOKS:
        (plain.path / ".git" / "hooks" / name).symlink_to(shop.path / ".git" / "hooks" / name)
    plain.write("file", "x")
    plain.commit("first")
    remote = shop.world.repository("remote", bare=True)
    plain.git("push", remote.path, "main")
    assert remote.git("rev-parse", "main").line == plain.git("rev-parse", "main").line


def test_a_ledger_that_appears_in_a_commit_is_refused(shop: Place) -> None:
    plain = shop.world.repository("plain")
    (plain.path / ".git" / "hooks" / HOOKS[1]).symlink_to(shop.path / ".git" / "hooks" / HOOKS[1])
    plain.write("ledger/block.json", "{}")
    plain.git("add", "--all")
    assert "no block may be made so" in plain.git("commit", "-m", "x", expect=1).err


def test_a_sound_branch_is_pushed_with_its_directory(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    shop.git("push", remote.path, "main", "aergo/directory")
    assert remote.git("rev-parse", "main").line == shop.git("rev-parse", "main").line


def test_a_branch_is_not_pushed_under_another_ones_name(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    shop.aergo("branch", "other")
    outcome = shop.git("push", remote.path, "main:other", expect=1)
    assert "branch other is not pushed: its last block belongs to branch main" in outcome.err


def test_an_unsigned_block_is_not_pushed(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    forge(shop)
    outcome = shop.git("push", remote.path, "main", expect=1)
    assert "branch main is not pushed: its last block is not valid" in outcome.err


def test_a_branch_is_deleted_and_tags_are_pushed_without_questions(shop: Place) -> None:
    remote = shop.world.repository("remote", bare=True)
    shop.git("push", remote.path, "main", "aergo/directory")
    shop.git("tag", "v1")
    shop.git("push", remote.path, "v1", ":aergo/directory")


def test_x37_a_hook_of_the_users_runs_first_and_may_refuse(world: World) -> None:
    place = world.repository("shop")
    own = place.write(".git/hooks/pre-push", '#!/bin/sh\necho "own: $1" >&2\ncat >seen\nexit ${STATUS:-0}\n')
    own.chmod(0o755)
    make_ledger(world)
    remote = world.repository("remote", bare=True)
    place.git("remote", "add", "origin", remote.path)
    assert "own: origin" in place.git("push", "origin", "main").err
    assert "refs/heads/main" in (place.path / "seen").read_text()
    place.git("push", "origin", "main:other", variables={"STATUS": "3"}, expect=1)
    place.aergo("uninstall")
    assert own.read_text().startswith('#!/bin/sh\necho "own')
    assert not Path(f"{own}.before-aergo").exists()


def test_x37_another_manager_that_calls_ours_as_the_users_own_ends_in_no_loop(world: World) -> None:
    place = world.repository("shop")
    hook = place.path / ".git" / "hooks" / "prepare-commit-msg"
    manager = '#!/bin/sh\necho manager >&2\n[ ! -x "$0.legacy" ] || exec "$0.legacy" "$@"\n'
    place.write(".git/hooks/prepare-commit-msg", manager).chmod(0o755)
    make_ledger(world)
    hook.rename(f"{hook}.legacy")
    hook.write_text(manager.replace("$0.legacy", f"{hook}.legacy"))
    hook.chmod(0o755)
    place.write("file", "x")
    place.git("add", "file")
    assert place.git("commit", "-m", "once").err.count("manager") <= 3
    assert place.aergo("install").line == "Everything is in place already"


def test_a_repository_that_cannot_be_read_may_still_be_committed_to(shop: Place) -> None:
    shop.write(".git/info/grafts", "")
    shop.write("file", "x")
    shop.git("add", "file")
    outcome = shop.git("commit", "-m", "file")
    assert "prepare-commit-msg could not look at the ledger: " in outcome.err
    remote = shop.world.repository("remote", bare=True)
    assert "pre-push could not look" in shop.git("push", remote.path, "main", expect=1).err
    shop.git("push", "--no-verify", remote.path, "main")


def test_j01_an_installed_hook_imports_nothing_from_the_worktree(shop: Place) -> None:
    for name in ("json", "typing", "sitecustomize", "subprocess", "aergo_vc/__init__"):
        shop.write(f"{name}.py", "open('pwned', 'w').close()\n")
    remote = shop.world.repository("remote", bare=True)
    variables = {"PYTHONPATH": f":{shop.path}", "PYTHONSTARTUP": str(shop.path / "json.py")}
    shop.git("add", "--all")
    shop.git("commit", "-m", "planted", variables=variables)
    shop.git("push", remote.path, "main", variables=variables)
    assert not (shop.path / "pwned").exists()


def test_an_unknown_hook_is_named(world: World) -> None:
    assert "post-rewrite is no hook of git-aergo" in world.run("git-aergo", "hook", "post-rewrite", expect=2).err


@pytest.mark.parametrize(
    "start",
    [
        "from aergo_vc.cli import main\nmain(['hook', 'prepare-commit-msg', 'x'])",
        "import aergo_vc.gitside.strategy",
        "import aergo_vc.gitside.signing, aergo_vc.gitside.block_commits",
    ],
    ids=["a hook", "the strategy until there are blocks", "the signing program"],
)
def test_what_git_starts_does_so_without_the_libraries_of_the_verbs(start: str, shop: Place) -> None:
    script = shop.path / "probe.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{start}\n"
        "print(sorted({'typer', 'rich', 'duckdb', 'pygit2', 'dulwich', 'sqlglot', 'apsw'} & set(sys.modules)))\n"
    )
    python = (shop.world.programs / "git-aergo").read_text().splitlines()[0].removeprefix("#!").removesuffix(" -I")
    assert shop.world.run(python, "-I", script, cwd=shop.path).line == "[]"
