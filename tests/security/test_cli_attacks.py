"""Attacks on whoever runs the command line: J02, J04, J06, J10, J11, J14 of the threat list."""

import pytest
from world import Place, World

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\x7f"
MARKUP = "[bold red]OK[/]"


def has_no_control(text: str) -> bool:
    """Whether a terminal would obey nothing in `text` but line feeds and tabs."""
    return not any((ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text)


def test_j02_hooks_are_files_of_the_git_directory_and_hooks_path_is_left_alone(shop: Place) -> None:
    assert shop.git("config", "core.hooksPath", expect=1).out == ""
    for name in ("pre-push", "prepare-commit-msg"):
        hook = shop.path / ".git" / "hooks" / name
        assert hook.is_file()
        assert not hook.is_symlink()
        assert str(shop.path) not in hook.read_text().replace(str(shop.world.programs), "")


def test_j02_no_hook_is_put_where_a_commit_could_change_it(world: World) -> None:
    place = world.repository()
    place.aergo("init")
    place.aergo("uninstall")
    hooks = place.path / ".git" / "hooks"
    hooks.rename(place.path / "hooks")
    hooks.symlink_to("../hooks")
    assert "a commit could change hooks there" in place.aergo("install", expect=128).err
    assert not (place.path / "hooks" / "pre-push").exists()


def test_j02_a_program_in_the_worktree_is_not_called_by_hooks(world: World) -> None:
    place = world.repository()
    program = place.write("tools/git-aergo", (world.programs / "git-aergo").read_text())
    program.chmod(0o755)
    outcome = world.run(program, "install", cwd=place.path, expect=128)
    assert "lies in the worktree: a commit could change it" in outcome.err


HOSTILE = {
    "core.fsmonitor": "touch pwned; false",
    "core.sshCommand": "touch pwned; false",
    "core.editor": "touch pwned",
    "core.pager": "touch pwned",
    "core.alternateRefsCommand": "touch pwned",
    "diff.external": "touch pwned; false",
    "diff.aergo.textconv": "touch pwned; cat",
    "filter.aergo.clean": "touch pwned; cat",
    "filter.aergo.smudge": "touch pwned; cat",
    "merge.aergo.driver": "touch pwned",
    "gpg.ssh.program": "touch pwned; false",
    "alias.log": "!touch pwned",
    "credential.helper": "!touch pwned",
}


def test_j04_a_hostile_config_runs_nothing_and_is_reported(shop: Place) -> None:
    for name, value in HOSTILE.items():
        shop.git("config", name, value)
    (shop.path / ".git" / "evil").write_text("[user]\n\tname = Mallory\n")
    shop.git("config", "include.path", "evil")
    shop.write(".gitattributes", "* filter=aergo diff=aergo merge=aergo\n")
    for verb in (("status",), ("log",), ("diff",), ("sql", "--commit", "DELETE FROM price"), ("verify",)):
        shop.world.run("git-aergo", *verb, cwd=shop.path)
    found = shop.world.run("git-aergo", "doctor", cwd=shop.path, expect=1).out
    assert not (shop.path / "pwned").exists()
    for name in ("gpg.ssh.program", "merge.aergo.driver"):
        assert f"error: {name}: it does not name our " in found
    for name in [*HOSTILE, "include.path"]:
        assert f"warning: {name.lower()}: " in found


def test_j06_an_export_replaces_no_file_and_follows_no_link(shop: Place) -> None:
    target = shop.write("precious", "mine")
    link = shop.path / "out.csv"
    link.symlink_to(target)
    assert "out.csv exists" in shop.aergo("export", "price", "-o", "out.csv", expect=2).err
    link.unlink()
    link.symlink_to(shop.path / "elsewhere")
    assert "out.csv exists" in shop.aergo("export", "price", "-o", "out.csv", expect=2).err
    assert target.read_text() == "mine"
    assert not (shop.path / "elsewhere").exists()


def test_j06_a_ledger_that_is_a_link_is_no_ledger(world: World) -> None:
    place = world.repository()
    (place.path / "ledger").symlink_to(world.root)
    assert "ledger exists in the worktree" in place.aergo("init", expect=128).err


@pytest.mark.parametrize("name", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "-o pwned"])
def test_j10_names_are_never_run(name: str, shop: Place) -> None:
    for words in (("branch", "--", name), ("checkout", "--", name), ("log", "--", name), ("export", "--", name)):
        shop.aergo(*words, expect=2)
    shop.aergo("sql", "--commit", "-m", name, "DELETE FROM price")
    assert not (shop.path / "pwned").exists()
    assert shop.aergo("log", "-n", "1").line.endswith(name)


def test_j11_foreign_text_reaches_no_terminal_raw(shop: Place) -> None:
    script = shop.write("script.sql", "\n".join(["INSERT INTO price VALUES", f"('{ESCAPES}', 1, '{MARKUP}')"]))
    shop.aergo("sql", "--commit", "-m", ESCAPES + MARKUP, "-f", script)
    for words in (("log",), ("show",), ("diff",), ("status",), ("diff", "--json"), ("show", "--json")):
        shown = shop.aergo(*words).out
        assert has_no_control(shown), words
    assert "\\x1b]0;owned\\x07" in shop.aergo("log", "-n", "1").line
    assert MARKUP in shop.aergo("show").out
    table = shop.aergo("sql", "SELECT item FROM price ORDER BY cents").out
    assert table.splitlines()[1].startswith("\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202egnp.exe\\x7f")
    shop.aergo("discard", "--all")


def test_j11_error_messages_are_made_harmless(shop: Place) -> None:
    for words in (("log", ESCAPES), ("branch", ESCAPES), ("import", f"{ESCAPES}.csv"), (ESCAPES,), ("sql", ESCAPES)):
        outcome = shop.world.run("git-aergo", *words, cwd=shop.path, expect=None)
        assert has_no_control(outcome.err), words
        assert len(outcome.err.splitlines()) <= 2


def test_j14_what_is_private_stays_private_whatever_the_umask(world: World) -> None:
    place = world.repository()
    world.run("sh", "-c", "umask 000; git-aergo key new && git-aergo init", cwd=place.path)
    folder = place.path / ".git" / "aergo" / "keys"
    key = folder / "alice"
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in (place.path / ".git" / "aergo").rglob("*"):
        assert not path.name.endswith((".new", ".tmp")), path
    for name in ("pre-push", "prepare-commit-msg"):
        assert (place.path / ".git" / "hooks" / name).stat().st_mode & 0o022 == 0
