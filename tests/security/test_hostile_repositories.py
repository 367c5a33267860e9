"""Repositories that want something to run, to be followed or to be changed: rows F, J and M of the threat list."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from forgery import Forger, Ledger
from world import Place, World

from aergo_vc.base.errors import AergoError
from aergo_vc.codec.digests import Kind
from aergo_vc.repository.facade import Repository
from aergo_vc.repository.workspace import Surroundings

CONFIGS = {
    "autocrlf": "[core]\n\tautocrlf = true\n",
    "autocrlf input": "[core]\n\tautocrlf = input\n\tsafecrlf = true\n",
    "eol": "[core]\n\teol = crlf\n",
    "encodings": "[i18n]\n\tcommitEncoding = latin1\n\tlogOutputEncoding = latin1\n",
    "signing": "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n",
    "paths": "[core]\n\tquotePath = false\n\tprecomposeunicode = true\n\tfileMode = false\n",
    "merging": "[merge]\n\tff = only\n\trenames = true\n[rerere]\n\tenabled = true\n",
    "showing": "[log]\n\tshowSignature = true\n[format]\n\tpretty = raw\n[color]\n\tui = always\n",
}
FILTERS = (
    "* text=auto eol=crlf ident filter=evil\nledger/** text eol=crlf ident filter=evil working-tree-encoding=UTF-16\n"
)


def _open(place: Place) -> Repository:
    world = place.world
    return Repository.open(place.path, Surroundings(variables=world.environment, clock=world.clock, home=world.home))


def _founded(place: Place) -> None:
    with _open(place) as repository:
        repository.init(entity="alice")
        repository.sql("CREATE TABLE t (k text PRIMARY KEY); INSERT INTO t VALUES ('$Id$'), ('a')", commit=True)


def _clean_and_valid(place: Place) -> None:
    assert place.git("status", "--porcelain").out == ""
    with _open(place) as repository:
        assert repository.verify(workers=1).blocks == 3
        assert [row[0] for row in repository.rows("t")[1]] == ["$Id$", "a", "b"]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_f16_x28_a_users_settings_change_no_byte_of_the_ledger(config: str, world: World) -> None:
    with (world.home / ".gitconfig").open("a") as file:
        file.write(config)
    place = world.repository()
    _founded(place)
    place.git("checkout", "--quiet", "--force", "HEAD")
    with _open(place) as repository:
        repository.sql("INSERT INTO t VALUES ('b')", commit=True)
    _clean_and_valid(place)
    assert b"\r" not in (place.path / "ledger" / "block.json").read_bytes()


def test_f15_f16_j07_filters_in_the_repository_neither_run_nor_touch_the_ledger(world: World) -> None:
    place = world.repository()
    _founded(place)
    pwned = world.root / "pwned"
    for key in ("clean", "smudge"):
        place.git("config", f"filter.evil.{key}", f"touch {pwned}; sed s/a/b/g")
    place.write(".git/info/attributes", FILTERS.replace("* text", "*.txt text"))
    (place.path / ".git" / "info" / "attributes").unlink()
    place.write(".gitattributes", FILTERS)
    with _open(place) as repository:
        repository.sql("INSERT INTO t VALUES ('b')", commit=True)
    place.git("checkout", "--quiet", "--force", "HEAD", "--", "ledger")
    assert not pwned.exists()
    place.path.joinpath(".gitattributes").unlink()
    _clean_and_valid(place)


def test_f15_a_pointer_to_a_large_file_is_no_row(target: Ledger, forger: Forger) -> None:
    honest = forger.follow()
    assert honest.state is not None
    contract = forger.entries(honest.state)["public"][1]
    table = forger.entries(contract)["account"][1]
    ((name, _),) = forger.entries(table).items()
    pointer = forger.add(Kind.BLOB, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    tables = {**forger.entries(contract), "account": (0o40000, forger.tree({name: (0o100644, pointer)}))}
    forger.put(replace(honest, state=forger.tree({"public": (0o40000, forger.tree(tables))})))
    assert target.rule() == "E_STATE_ROOT"


def test_j06_a_symbolic_link_in_place_of_the_ledger_is_no_ledger(target: Ledger, forger: Forger) -> None:
    link = forger.add(Kind.BLOB, b"/etc")
    forger.put(forger.follow(), tree=forger.tree({"ledger": (0o120000, link)}))
    with target.open() as repository:
        for act in (lambda: repository.verify(workers=1), lambda: repository.sql("SELECT 1", commit=True)):
            with pytest.raises(AergoError) as refused:
                act()
            assert refused.value.code == "E_NO_LEDGER"


def test_j06_nothing_is_written_through_a_symbolic_link_in_the_worktree(world: World) -> None:
    place = world.repository()
    _founded(place)
    outside = world.root / "outside"
    outside.mkdir()
    for path in sorted((place.path / "ledger").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (place.path / "ledger").rmdir()
    (place.path / "ledger").symlink_to(outside)
    with _open(place) as repository, suppress(AergoError):
        repository.sql("INSERT INTO t VALUES ('b')", commit=True)
    with _open(place) as repository:
        assert repository.verify(workers=1).blocks in {2, 3}
    assert list(outside.iterdir()) == []


def test_j02_j04_j09_a_hostile_configuration_runs_nothing_and_changes_no_trust(world: World) -> None:
    place = world.repository()
    _founded(place)
    pwned = world.root / "pwned"
    script = place.write("hooks/evil", f"#!/bin/sh\ntouch {pwned}\n")
    script.chmod(0o755)
    for hook in ("pre-commit", "reference-transaction", "post-index-change"):
        (place.path / "hooks" / hook).write_bytes(script.read_bytes())
        (place.path / "hooks" / hook).chmod(0o755)
    for key in ("core.sshCommand", "core.fsmonitor", "core.editor", "core.pager", "gpg.ssh.program", "gpg.program"):
        place.git("config", key, str(script))
    place.write(".aergo.toml", 'key = "evil"\nentity = "evil"\n')
    with _open(place) as repository:
        repository.show()
        list(repository.log())
        assert repository.verify(workers=1).blocks == 2
        assert repository.status().entity == "alice"
    assert not pwned.exists()


def test_j08_nothing_in_the_worktree_is_imported(world: World) -> None:
    place = world.repository()
    _founded(place)
    pwned = world.root / "pwned"
    for name in ("json.py", "sqlglot.py", "apsw.py", "sitecustomize.py", "aergo_vc/__init__.py"):
        place.write(name, f"open({str(pwned)!r}, 'w')\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\nfrom aergo_vc.repository.facade import Repository\n"
        "print(Repository.open(Path('.')).verify(workers=1).blocks)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, root],
        cwd=place.path,
        env=world.environment,
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"2\n", done.stderr
    assert not pwned.exists()


def test_m05_a_head_that_lost_its_ledger_is_noticed(world: World) -> None:
    place = world.repository()
    _founded(place)
    place.git("rm", "-r", "--quiet", "--sparse", "ledger")
    place.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message=gone")
    with _open(place) as repository:
        for act in (lambda: repository.verify(workers=1), lambda: repository.sql("SELECT 1", commit=True)):
            with pytest.raises(AergoError) as refused:
                act()
            assert refused.value.code == "E_NO_LEDGER"
