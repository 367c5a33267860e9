"""The signing program signs blocks alone; ordinary commits and tags are signed as their makers would without us."""

import shutil
from pathlib import Path

import pytest
from world import ROOT, Place

OWN_PROGRAM = """\
#!/bin/sh
echo "$0 $*" >>"{log}"
case "$*" in
  *sign*) for file; do :; done; echo signed >"$file.sig" ;;
  *-bsau*) cat >"{payload}"; echo signed; echo "[GNUPG:] SIG_CREATED x" >&2 ;;
esac
"""


def own_program(place: Place) -> Path:
    """A signing program of the user's, which notes how it is called."""
    path = place.world.root / "own-signer"
    path.write_text(OWN_PROGRAM.format(log=place.world.root / "calls", payload=place.world.root / "payload"))
    path.chmod(0o755)
    return path


def calls(place: Place) -> str:
    """How it was called."""
    path = place.world.root / "calls"
    return path.read_text() if path.exists() else ""


def set_globally(place: Place, **settings: str) -> None:
    for name, value in settings.items():
        place.git("config", "--global", name.replace("_", "."), value)


def committed(place: Place, *options: str) -> str:
    """An ordinary commit, raw."""
    place.write("file", calls(place) + "x\n")
    place.git("add", "file")
    place.git("commit", "--quiet", "--allow-empty", "-m", "ordinary", *options)
    return place.git("cat-file", "commit", "HEAD").out


@pytest.mark.parametrize("signing_format", ["openpgp", "ssh", "x509"])
def test_who_signs_nothing_gets_commits_without_a_signature(signing_format: str, shop: Place) -> None:
    set_globally(shop, gpg_format=signing_format, user_signingKey="key::ssh-ed25519 AAAA")
    assert "gpgsig" not in committed(shop)


def test_who_set_the_ssh_format_without_a_key_may_still_commit(shop: Place) -> None:
    set_globally(shop, gpg_format="ssh")
    shop.aergo("install")
    assert "gpgsig" not in committed(shop)
    shop.aergo("uninstall")
    assert shop.git("config", "gpg.format").line == "ssh"


@pytest.mark.parametrize(
    ("signing_format", "name"), [("openpgp", "gpg.program"), ("ssh", "gpg.ssh.program"), ("x509", "gpg.x509.program")]
)
def test_who_signs_everything_is_signed_by_their_own_program(signing_format: str, name: str, shop: Place) -> None:
    shop.git("config", "--global", name, own_program(shop))
    set_globally(shop, gpg_format=signing_format, commit_gpgSign="true", user_signingKey="mine")
    assert "gpgsig signed" in committed(shop)
    assert "mine" in calls(shop)
    assert "gpgsig -----BEGIN SSH" in shop.git("cat-file", "commit", "HEAD~1").out  # a block


def test_a_program_of_the_clones_own_comes_back_and_serves_meanwhile(shop: Place) -> None:
    shop.aergo("uninstall")
    shop.git("config", "gpg.program", own_program(shop))
    shop.git("config", "commit.gpgSign", "true")
    before = (shop.path / ".git" / "config").read_text()
    shop.aergo("install")
    assert "gpgsig signed" in committed(shop)
    assert (shop.world.root / "payload").read_text().startswith("tree ")
    shop.aergo("uninstall")
    assert (shop.path / ".git" / "config").read_text().lower() == before.lower()


@pytest.mark.parametrize("words", [("-S",), ("-Smine",), ("--gpg-sign",)])
def test_who_asks_for_one_signature_gets_it(words: tuple[str, ...], shop: Place) -> None:
    shop.git("config", "--global", "gpg.program", own_program(shop))
    assert "gpgsig" not in committed(shop)
    assert "gpgsig signed" in committed(shop, *words)


def test_picks_and_rebases_ask_for_no_signature_of_their_own(shop: Place) -> None:
    shop.git("config", "--global", "gpg.program", own_program(shop))
    shop.git("checkout", "--quiet", "-b", "side")
    committed(shop)
    shop.git("checkout", "--quiet", "-b", "other", "main")
    shop.git("commit", "--quiet", "--allow-empty", "-m", "between")
    shop.git("cherry-pick", "--edit", "side", variables={"GIT_EDITOR": "true"})
    assert "gpgsig" not in shop.git("cat-file", "commit", "HEAD").out
    shop.git("rebase", "side", variables={"GIT_EDITOR": "true"})
    assert calls(shop) == ""


def test_tags_are_the_users_own(shop: Place) -> None:
    shop.git("config", "--global", "gpg.program", own_program(shop))
    shop.git("tag", "-s", "-m", "release", "v1")
    assert "signed" in shop.git("cat-file", "tag", "v1").out
    assert "-bsau" in calls(shop)


def test_signatures_are_checked_by_the_users_own_program(shop: Place) -> None:
    assert "Good" in shop.git("verify-commit", "HEAD").err
    shop.git("config", "--global", "gpg.ssh.program", own_program(shop))
    shop.git("verify-commit", "HEAD", expect=None)
    assert "-Y find-principals" in calls(shop)


def test_a_program_that_is_missing_is_named(shop: Place) -> None:
    set_globally(
        shop, gpg_format="ssh", gpg_ssh_program="/nowhere/signer", user_signingKey="mine", commit_gpgSign="true"
    )
    shop.git("add", "--all")
    outcome = shop.git("commit", "--allow-empty", "-m", "x", expect=128)
    assert "cannot run /nowhere/signer" in outcome.err


def test_an_ordinary_commit_loads_nothing_that_blocks_need(shop: Place) -> None:
    script = shop.path / "probe.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom aergo_vc.cli import main\n"
        "main(['signing-program', 'ssh', '-Y', 'sign', '-n', 'git', '-f', 'key', 'payload'])\n"
        "print(sorted({'typer', 'rich', 'duckdb', 'pygit2', 'dulwich', 'sqlglot', 'apsw', 'cryptography',"
        " 'aergo_vc.repository.sealing'} & set(sys.modules)))\n"
    )
    shop.git("commit", "--quiet", "--allow-empty", "-m", "ordinary")
    shop.write("payload", shop.git("cat-file", "commit", "HEAD").out)
    python = shutil.which("python3")
    words = (shop.world.programs / "git-aergo").read_text().splitlines()[0].removeprefix("#!").removesuffix(" -I")
    assert shop.world.run(words or str(python), "-I", script, cwd=shop.path).line == "[]"
    assert (shop.path / "payload.sig").read_bytes() == b""
