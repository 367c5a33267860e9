"""The stubs answer for an ordinary commit without Python; whatever they are not sure of is Python's."""

import shlex
from pathlib import Path

import pytest
from world import Place


@pytest.fixture
def watched(shop: Place) -> Place:
    """The shop, whose git-aergo notes each start."""
    program = shop.world.programs / "git-aergo"
    lines = program.read_text().splitlines(keepends=True)
    note = f"open({str(shop.world.root / 'started')!r}, 'a').write(' '.join(__import__('sys').argv[1:3]) + '\\n')\n"
    program.write_text("".join([lines[0], note, *lines[1:]]))
    shop.aergo("install")
    starts(shop)
    return shop


def starts(place: Place) -> list[str]:
    """What git-aergo was started for since the last time."""
    path = place.world.root / "started"
    found = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def stage(place: Place, name: str = "file") -> None:
    path = place.path / name
    place.write(name, (path.read_text() if path.exists() else "") + "x\n")
    place.git("add", "--force", "--sparse", name)


@pytest.mark.parametrize("options", [(), ("--amend",), ("--no-verify",), ("--all",), ("file",), ("--allow-empty",)])
def test_an_ordinary_commit_starts_no_python(options: tuple[str, ...], watched: Place) -> None:
    stage(watched)
    watched.git("commit", "-m", "first")
    stage(watched)
    watched.git("commit", "-m", "x", *options)
    assert starts(watched) == []
    assert "gpgsig" not in watched.git("cat-file", "commit", "HEAD").out
    assert watched.aergo("verify").out.startswith("valid: main: ")


def test_neither_does_one_in_a_linked_worktree_or_below_or_on_a_branch_without_a_ledger(watched: Place) -> None:
    linked = Place(watched.world, watched.world.root / "linked\ntree")
    watched.git("worktree", "add", "--quiet", "-b", "side", linked.path)
    stage(linked, "folder/file")
    Place(watched.world, linked.path / "folder").git("commit", "-m", "x")
    assert starts(watched) == []
    watched.git("checkout", "--quiet", "--orphan", "bare")
    watched.git("read-tree", "--empty")
    watched.git("commit", "-m", "no ledger", "--allow-empty")
    starts(watched)
    stage(watched)
    watched.git("commit", "-m", "still none")
    assert starts(watched) == []


def test_picks_and_rebases_of_ordinary_commits_end_as_before(watched: Place) -> None:
    watched.git("checkout", "--quiet", "-b", "side")
    stage(watched)
    watched.git("commit", "-m", "side")
    watched.git("checkout", "--quiet", "-b", "other", "main")
    stage(watched, "more")
    watched.git("commit", "-m", "other")
    watched.git("rebase", "--quiet", "side")
    assert "gpgsig" not in watched.git("log", "-2", "--format=%b%G?").out
    assert watched.git("log", "-2", "--format=%G?").out == "N\nN\n"


def test_a_long_message_is_read_to_its_end(watched: Place) -> None:
    stage(watched)
    watched.git("commit", "-F", "-", stdin="x" * 300_000)
    assert starts(watched) == []


def test_a_change_of_the_ledger_is_pythons(watched: Place) -> None:
    stage(watched, "ledger/extra")
    watched.git("commit", "-m", "slip", expect=1)
    assert starts(watched) == ["hook prepare-commit-msg"]
    watched.git("-c", "core.hooksPath=/dev/null", "commit", "-m", "slip", expect=128)
    assert starts(watched) == ["signing-program openpgp"]


@pytest.mark.parametrize("signing_format", ["openpgp", "ssh"])
def test_what_a_replaced_object_or_a_setting_says_is_not_believed(signing_format: str, watched: Place) -> None:
    watched.git("config", "gpg.format", signing_format)
    watched.git("config", "user.signingKey", "key::ssh-ed25519 AAAA")
    stage(watched, "ledger/extra")
    tree = watched.git("write-tree").line
    watched.git("replace", watched.git("rev-parse", "HEAD^{tree}").line, tree)
    for name in ("rev-parse", "write-tree", "config", "ls-tree"):
        watched.git("config", f"alias.{name}", "!touch pwned")
    watched.git("config", "diff.ignoreSubmodules", "all")
    head = watched.git("rev-parse", "HEAD").line
    variables = {"GIT_LITERAL_PATHSPECS": "1", "AERGO_READ_BEFORE": "tree 0\n", "ids": "x", "aergo_newline": ""}
    assert watched.git("commit", "--allow-empty", "-m", "slip", variables=variables, expect=1).err
    off = ("-c", "core.hooksPath=/dev/null")
    assert watched.git(*off, "commit", "--allow-empty", "-m", "slip", variables=variables, expect=128).err
    assert watched.git("rev-parse", "HEAD").line == head
    assert not (watched.path / "pwned").exists()


def test_a_submodule_below_ledger_that_git_is_told_to_ignore_is_seen(watched: Place) -> None:
    head = watched.git("rev-parse", "HEAD").line
    watched.write(".gitmodules", '[submodule "x"]\n\tpath = ledger/x\n\turl = x\n\tignore = all\n')
    watched.git("update-index", "--add", "--cacheinfo", f"160000,{head},ledger/x")
    watched.git("add", ".gitmodules")
    assert "changes below ledger/" in watched.git("commit", "-m", "slip", expect=1).err


def test_a_merge_is_pythons(watched: Place) -> None:
    watched.git("checkout", "--quiet", "-b", "side")
    stage(watched)
    watched.git("commit", "-m", "side")
    watched.git("checkout", "--quiet", "main")
    watched.git("merge", "--no-commit", "--no-ff", "side")
    starts(watched)
    watched.git("commit", "-m", "merged")
    assert starts(watched) == ["hook prepare-commit-msg", "signing-program openpgp"]


def test_after_a_merge_python_is_asked_only_where_the_branch_has_come_to_anothers_block(watched: Place) -> None:
    watched.aergo("branch", "lab")
    watched.aergo("checkout", "lab")
    watched.aergo("sql", "--commit", "INSERT INTO price VALUES ('rice', 99, NULL)")
    watched.aergo("checkout", "main")
    watched.git("branch", "ahead")
    watched.git("checkout", "--quiet", "ahead")
    stage(watched)
    watched.git("commit", "-m", "ahead")
    watched.git("checkout", "--quiet", "main")
    starts(watched)
    watched.git("merge", "--quiet", "--ff", "ahead")
    assert starts(watched) == []
    watched.git("merge", "--quiet", "--no-edit", "lab")
    assert starts(watched) == ["hook prepare-commit-msg", "signing-program openpgp"]
    watched.git("reset", "--quiet", "--hard", "ahead~1")
    assert "main now leads to a block of branch lab" in watched.git("merge", "--quiet", "--ff", "lab").err
    assert starts(watched) == ["hook post-merge"]


def test_a_payload_comes_whole_to_the_users_own_program(watched: Place) -> None:
    kept = watched.world.root / "payload"
    own = watched.world.root / "own"
    own.write_text(f'#!/bin/sh\ncat >{shlex.quote(str(kept))}\necho "[GNUPG:] SIG_CREATED x" >&2\necho signed\n')
    own.chmod(0o755)
    watched.git("config", "--global", "gpg.program", own)
    stage(watched)
    watched.git("commit", "-S", "-m", "x\\n%s  `touch pwned` $(touch pwned)")
    raw = watched.git("cat-file", "commit", "HEAD").out
    assert kept.read_text() == raw.replace("gpgsig signed\n", "")
    watched.git("tag", "-s", "-m", "release", "v1")
    assert kept.read_text() + "signed\n" == watched.git("cat-file", "tag", "v1").out
    assert not (watched.path / "pwned").exists()


@pytest.mark.parametrize("scope", ["--global", "--worktree"])
def test_who_signs_everything_is_left_to_python(scope: str, watched: Place) -> None:
    watched.git("config", "extensions.worktreeConfig", "true")
    watched.git("config", scope, "commit.gpgSign", "true")
    watched.git("config", scope, "gpg.program", "/nowhere/own")
    stage(watched)
    assert watched.git("commit", "-m", "x", expect=128).err


@pytest.mark.parametrize("name", ["prepare-commit-msg", "post-merge"])
def test_a_hook_of_the_users_is_run(name: str, watched: Place) -> None:
    stage(watched)
    watched.git("commit", "-m", "ahead")
    watched.git("branch", "ahead")
    watched.git("reset", "--quiet", "--hard", "HEAD~1")
    own = watched.path / ".git" / "hooks" / f"{name}.before-aergo"
    own.write_text("#!/bin/sh\necho own >&2\n")
    own.chmod(0o755)
    stage(watched)
    attempt = ("merge", "--quiet", "--ff", "ahead") if name == "post-merge" else ("commit", "-m", "x")
    assert "own" in watched.git(*attempt).err


def test_a_hook_of_an_earlier_version_is_replaced_and_not_kept(watched: Place) -> None:
    hook: Path = watched.path / ".git" / "hooks" / "prepare-commit-msg"
    new = hook.read_text()
    lines = new.splitlines(keepends=True)
    hook.write_text("".join([*lines[:2], lines[-1]]))
    watched.aergo("install")
    assert hook.read_text() == new
    assert not hook.with_name(f"{hook.name}.before-aergo").exists()
