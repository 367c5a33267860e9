"""Attacks that come beside a ledger: unreferenced objects, submodules, spreadsheets, old packages."""

import io
from importlib.metadata import version

import pytest
from forgery import Ledger

from aergo_vc.repository import examining
from aergo_vc.repository.findings import Level


def test_b14_objects_that_no_block_reaches_change_nothing(target: Ledger) -> None:
    before = target.verifies()
    target.place.git("hash-object", "-w", "--stdin", stdin=b"a payload that nobody asked for" * 1_000)
    junk = target.place.git("hash-object", "-w", "-t", "tree", "--stdin", stdin=b"").line
    target.place.git("update-ref", "refs/stash", target.place.git("commit-tree", junk, "-m", "junk").line)
    assert target.verifies() == before
    assert target.place.git("log", "--format=%H", "main").out.count(junk) == 0


def test_j05_submodules_of_a_repository_are_not_entered(target: Ledger) -> None:
    module = '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch pwned"\n\tupdate = !touch pwned\n'
    blob = target.place.git("hash-object", "-w", "--stdin", stdin=module).line
    target.place.git("read-tree", "main")
    target.place.git("update-index", "--add", "--cacheinfo", f"100644,{blob},.gitmodules")
    head = target.place.git("rev-parse", "main").line
    target.place.git("update-index", "--add", "--cacheinfo", f"160000,{head},x")
    tree = target.place.git("write-tree").line
    commit = target.place.git("commit-tree", tree, "-p", head, "-m", "a submodule").line
    target.place.git("update-ref", "refs/heads/main", commit)
    target.sql("UPDATE account SET balance = balance + 1 WHERE name = 'ann'")
    target.verifies()
    assert not list(target.place.world.root.rglob("pwned"))
    entry = target.place.git("ls-tree", "main", "x").out
    assert entry.startswith(f"160000 commit {head}"), "an ordinary entry must stay as it is"


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\tx"])
def test_j12_exports_give_texts_as_they_are_and_tables_on_terminals_are_text_alone(target: Ledger, text: str) -> None:
    """A prefix that disarms formulas would change the data: an export is lossless, and the manual says so."""
    with target.open() as repository:
        quoted = text.replace("'", "''")
        script = f"CREATE TABLE cell (id int PRIMARY KEY, t text); INSERT INTO cell VALUES (1, '{quoted}')"
        repository.sql(script, commit=True)
        stream = io.BytesIO()
        repository.export("cell", stream)
    assert stream.getvalue().decode().splitlines()[1].removeprefix("1,").strip('"') == text


def test_m01_packages_older_than_the_ones_tried_are_reported() -> None:
    found = {finding.subject for finding in examining.program_findings({"dulwich": "1.2.20", "apsw": "3.53.0.0"})}
    assert found == {"dulwich", "apsw"}
    assert not list(examining.program_findings({name: version(name) for name in ("dulwich", "apsw")}))
    assert all(f.level is Level.ERROR for f in examining.program_findings({"dulwich": "1.0", "apsw": "0"}))
