"""Installing changes what it says, once, and uninstalling takes all of it away."""

import shutil
import subprocess
from pathlib import Path

import pytest
from ledgers import records
from world import Place, World


def snapshot(place: Place) -> dict[str, bytes]:
    """The files of the git directory that `install` may touch."""
    git_dir = Path(place.git("rev-parse", "--absolute-git-dir").line)
    files = [git_dir / "config", git_dir / "info" / "attributes", *(git_dir / "hooks").glob("*")]
    return {str(path.relative_to(git_dir)): path.read_bytes() for path in files if path.exists()}


def findings(place: Place) -> dict[str, str]:
    """What the doctor says, by subject."""
    outcome = place.aergo("doctor", "--json", expect=None)
    return {record["subject"]: record["message"] for record in records(outcome)}


def test_installing_twice_changes_nothing(shop: Place) -> None:
    shop.aergo("install")
    before = snapshot(shop)
    assert shop.aergo("install").line == "Everything is in place already"
    assert snapshot(shop) == before


@pytest.mark.parametrize("verb", ["init", "install"])
def test_m02_an_old_git_is_refused_before_anything_is_made(verb: str, world: World) -> None:
    real = shutil.which("git")
    place = world.repository()
    old = world.programs / "git"
    old.write_text(f"""#!/bin/sh\n[ "$*" = "${{*%version}}" ] && exec {real} "$@"\necho git version 2.38.5\n""")
    old.chmod(0o755)
    before = snapshot(place)
    done = world.run("git-aergo", verb, cwd=place.path, expect=128)
    assert done.err.startswith("error: git 2.38.5 is too old: 2.39 or later is needed\nhint: install git 2.39 or later")
    assert snapshot(place) == before
    assert not (place.path / ".git" / "aergo").exists()
    assert place.git("for-each-ref").out == ""


def test_uninstalling_leaves_a_users_lines_and_hooks_as_they_were(shop: Place) -> None:
    shop.aergo("uninstall")
    shop.write(".git/info/attributes", "*.png binary\n")
    shop.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n").chmod(0o700)
    before = snapshot(shop)
    shop.aergo("install")
    assert snapshot(shop) != before
    shop.aergo("uninstall")
    assert snapshot(shop) == before
    assert (shop.path / "ledger" / "state").is_dir()
    assert shop.git("status", "--porcelain").out == ""


def test_git_shows_blocks_as_signed_well(shop: Place) -> None:
    shown = shop.git("log", "--show-signature", "--format=%G?").out
    assert shown.count('Good "git" signature for aergo-') == 3


def test_a10_the_file_of_signers_holds_keys_and_no_text_of_the_directory(shop: Place) -> None:
    origin, *lines = (shop.path / ".git" / "aergo" / "allowed_signers").read_text().splitlines()
    assert origin == f"# directory {shop.git('rev-parse', 'aergo/directory').line}"
    assert len(lines) == 1
    principal, namespaces, kind, _ = lines[0].split(" ")
    assert principal.removeprefix("aergo-").isalnum()
    assert (namespaces, kind) == ('namespaces="git"', "ssh-ed25519")
    assert "alice" not in lines[0]


def test_the_next_block_brings_the_file_of_signers_up_to_the_directory(shop: Place) -> None:
    signers = shop.path / ".git" / "aergo" / "allowed_signers"
    current = signers.read_text()
    signers.write_text("# directory of another day\n")
    shop.aergo("sql", "--commit", "CREATE TABLE later (id INTEGER PRIMARY KEY)")
    assert signers.read_text() == current


def test_a_block_makes_no_file_of_signers_where_none_is_installed(shop: Place) -> None:
    shop.aergo("uninstall")
    shop.aergo("sql", "--commit", "CREATE TABLE later (id INTEGER PRIMARY KEY)")
    assert not (shop.path / ".git" / "aergo" / "allowed_signers").exists()


def test_a_users_own_file_of_signers_stays(shop: Place) -> None:
    shop.aergo("uninstall")
    shop.git("config", "gpg.ssh.allowedSignersFile", "~/mine")
    shop.aergo("install")
    assert shop.git("config", "gpg.ssh.allowedSignersFile").line == "~/mine"
    shop.aergo("uninstall")
    assert shop.git("config", "gpg.ssh.allowedSignersFile").line == "~/mine"


def test_a_clone_is_set_up_by_install_alone(pristine: Place, world: World) -> None:
    world.run("git", "clone", "--quiet", pristine.path, world.root / "clone")
    clone = Place(world, world.root / "clone")
    clone.git("branch", "aergo/directory", "origin/aergo/directory")
    assert findings(clone).keys() >= {"hook pre-push", "aergo.key"}
    assert "hook pre-push" in clone.aergo("install").out
    assert not (clone.path / "ledger" / "state").exists()
    assert findings(clone).keys() == {"aergo.key"}


def test_a_bare_repository_is_installed_into(pristine: Place, world: World) -> None:
    world.run("git", "clone", "--quiet", "--bare", pristine.path, world.root / "bare.git")
    bare = Place(world, world.root / "bare.git")
    bare.aergo("install")
    assert bare.aergo("install").line == "Everything is in place already"
    assert (bare.path / "hooks" / "pre-push").is_file()
    bare.aergo("uninstall")
    assert not (bare.path / "hooks" / "pre-push").exists()


def test_a_linked_worktree_shares_the_hooks(shop: Place) -> None:
    shop.git("worktree", "add", "--quiet", "-b", "topic", shop.world.root / "linked")
    linked = Place(shop.world, shop.world.root / "linked")
    linked.aergo("install")
    assert "hook pre-push" not in linked.aergo("install").out
    linked.write("ledger/extra", "x")
    linked.git("add", "--force", "--sparse", "ledger/extra")
    assert "changes below ledger/" in linked.git("commit", "-m", "slip", expect=1).err


def test_x37_a_manager_with_its_own_folder_is_reported_with_the_line_to_add(shop: Place) -> None:
    shop.git("config", "core.hooksPath", ".husky")
    done = shop.aergo("install").out
    assert "core.hooksPath hides our hooks; add to" in done
    assert findings(shop).keys() >= {"core.hookspath", "hook pre-push", "hook prepare-commit-msg"}
    for line in filter(lambda line: line.startswith("to do: "), done.splitlines()):
        path, _, command = line.partition("; add to ")[2].partition(": ")
        hook = shop.write(str(Path(path).relative_to(shop.path)), f"#!/bin/sh\n{command}\n")
        hook.chmod(0o755)
    assert findings(shop).keys() == {"core.hookspath"}
    shop.write("ledger/extra", "x")
    shop.git("add", "--force", "--sparse", "ledger/extra")
    assert "changes below ledger/" in shop.git("commit", "-m", "slip", expect=1).err


def test_x37_the_doctor_misses_a_hook_that_is_gone_or_cannot_run(shop: Place) -> None:
    (shop.path / ".git" / "hooks" / "pre-push").unlink()
    (shop.path / ".git" / "hooks" / "prepare-commit-msg").chmod(0o644)
    found = findings(shop)
    assert found["hook pre-push"] == "it is missing"
    assert found["hook prepare-commit-msg"].endswith("is not executable")
    assert shop.aergo("doctor", expect=1).out.startswith("error: hook pre-push: it is missing\n")
    shop.aergo("install")
    assert findings(shop) == {}


def test_x26_a_folder_that_cannot_be_written_is_named(shop: Place) -> None:
    shop.aergo("uninstall")
    hooks = shop.path / ".git" / "hooks"
    hooks.rename(hooks.with_name("hooks.away"))
    hooks.write_text("in the way")
    outcome = shop.aergo("install", expect=128)
    assert f"{hooks / 'pre-push'} cannot be written" in outcome.err


def test_x26_reading_works_where_nothing_can_be_written(pristine: Place, tmp_path: Path) -> None:
    mounted = tmp_path / "read-only"
    mounted.mkdir()
    script = 'mount --bind -o ro "$1" "$2" && mount -o remount,bind,ro "$2" && shift 2 && exec "$@"'
    probe = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", str(pristine.world.root), str(mounted)]
    if subprocess.run([*probe, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace may be made here")
    place = mounted / pristine.path.name
    for verb in (("status",), ("log",), ("show",), ("diff",), ("schema",), ("verify",), ("export", "price")):
        assert pristine.world.run(*probe, "git-aergo", "-C", place, *verb).out
    outcome = pristine.world.run(*probe, "git-aergo", "-C", place, "sql", "DELETE FROM price", expect=128)
    assert outcome.err.startswith("error: ")
    assert "Read-only" in outcome.err
