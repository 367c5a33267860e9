"""The same inputs give the same bytes wherever and however the program runs (X18, X26, X28-X31, X34)."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.injection import Zygote
from faults.stage import CASES, NOW, Stage, check_sound
from faults.verbs import SPREAD, START

STORY = ("init", "found accounts", "sql", "commit", "import", "branch", "tag")
"""The verbs that every surrounding has to play, from a repository with one commit of the user's."""

HOSTILE_SETTINGS = {
    "line endings": "[core]\n\tautocrlf = true\n\teol = crlf\n\tsafecrlf = true\n",
    "encodings": "[i18n]\n\tcommitEncoding = latin1\n\tlogOutputEncoding = utf-16\n",
    "names": "[core]\n\tquotePath = true\n\tprecomposeUnicode = true\n\tignoreCase = true\n",
    "signing": "[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n",
    "output": "[log]\n\tshowSignature = true\n\tdate = human\n[color]\n\tui = always\n[format]\n\tpretty = raw\n",
    "merging": "[merge]\n\tff = only\n\tconflictStyle = diff3\n\trenames = false\n[pull]\n\trebase = true\n",
    "monitor": "[core]\n\tfsmonitor = /bin/false\n\tuntrackedCache = true\n\tpreloadIndex = true\n",
    "index": "[index]\n\tversion = 4\n\tthreads = 8\n[feature]\n\tmanyFiles = true\n",
    # With skipHash, which manyFiles sets from git 2.40 on, git itself loses what is in a split index.
    "split index": "[core]\n\tsplitIndex = true\n[index]\n\tskipHash = false\n",
    "branch": "[init]\n\tdefaultBranch = trunk\n[branch]\n\tautoSetupMerge = always\n",
    "hooks": "[core]\n\thooksPath = {hooks}\n",
    "packs": "[pack]\n\tindexVersion = 1\n\twriteReverseIndex = true\n[core]\n\tcompression = 0\n\tfsync = all\n",
    "diff": "[diff]\n\texternal = /bin/false\n\tnoprefix = true\n\trenames = copies\n\tmnemonicPrefix = true\n",
}

LANGUAGES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"},
    "Japanese": {"LC_ALL": "ja_JP.eucJP", "TZ": "America/St_Johns"},
    "no terminal": {"TERM": "dumb", "COLUMNS": "1", "NO_COLOR": "1", "TZ": "UTC+14"},
}

PYTHONS = {
    "hash seed": ((), {"PYTHONHASHSEED": "4242"}),
    "no assertions": (("-OO",), {}),
    "warnings": (("-W", "error"), {}),
    "short numbers": ((), {"PYTHONINTMAXSTRDIGITS": "640"}),
    "own mode": (("-X", "dev"), {}),
}


def _play(stage: Stage, variables: dict[str, str] | None = None, umask: int = 0o022) -> dict[str, str]:
    """Play the story; returns the references, whose values name every byte."""
    stage.fresh("plain")
    for step, verb in enumerate(STORY):
        job = stage.job(verb, time=START + step * SPREAD) | {"umask": umask}
        told = stage.zygote.run(job | {"variables": stage.variables | (variables or {})})
        assert told["kind"] == "done", told
    return stage.refs()


@pytest.fixture(scope="module")
def expected(stage: Stage) -> dict[str, str]:
    """The references after the story in plain surroundings."""
    return _play(stage)


@pytest.fixture
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A stage whose zygote runs in the surroundings that the test names: interpreter, its options, its variables."""
    python, options, variables = request.param
    zygote = Zygote(python, options, **variables)
    yield Stage(tmp_path, zygote)
    zygote.close()


@pytest.mark.parametrize(
    "name", ["all of them", *(pytest.param(name, marks=pytest.mark.long) for name in HOSTILE_SETTINGS)]
)
def test_x28_the_users_settings_change_no_byte(stage: Stage, expected: dict[str, str], name: str) -> None:
    home = Path(stage.variables["HOME"])
    hooks = home / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit"):
        (hooks / hook).write_text("#!/bin/sh\nexit 1\n")
        (hooks / hook).chmod(0o755)
    settings = HOSTILE_SETTINGS.get(name) or "".join(HOSTILE_SETTINGS.values())
    normal = (home / ".gitconfig").read_text()
    (home / ".gitconfig").write_text(normal + settings.format(hooks=hooks))
    try:
        assert _play(stage) == expected
    finally:
        (home / ".gitconfig").write_text(normal)
    assert check_sound(stage) == []


@pytest.mark.parametrize(
    "other", [(sys.executable, (), variables) for variables in LANGUAGES.values()], ids=LANGUAGES, indirect=True
)
def test_x30_language_and_time_zone_change_no_byte(other: Stage, expected: dict[str, str]) -> None:
    assert _play(other, {"LC_ALL": "C"}) == expected


@pytest.mark.parametrize("other", [(sys.executable, *how) for how in PYTHONS.values()], ids=PYTHONS, indirect=True)
def test_x31_the_interpreters_switches_change_no_byte(other: Stage, expected: dict[str, str]) -> None:
    assert _play(other) == expected
    assert check_sound(other) == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_x29_the_mask_for_new_files_changes_no_byte_and_keys_stay_private(
    stage: Stage, expected: dict[str, str], umask: int
) -> None:
    assert _play(stage, umask=umask) == expected
    (key,) = (path for path in (stage.path / ".git" / "aergo" / "keys").iterdir() if path.suffix != ".pub")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def _other_pythons() -> list[str]:
    """Interpreters beside this one that have the packages."""
    found = sorted(Path.home().glob(".pyenv/versions/3.1[1-9]*/bin/python")) + sorted(
        Path("/opt").glob("python3*/bin/python")
    )
    probe = "import sys, pygit2, apsw, sqlglot, dulwich, cryptography, msgspec, isal; print(sys.version_info[:2])"
    mine = str(sys.version_info[:2])
    usable = []
    for python in found:
        done = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() != mine:
            usable.append(str(python))
    return usable


def test_x32_other_versions_of_python_change_no_byte(expected: dict[str, str], tmp_path: Path) -> None:
    pythons = _other_pythons()
    if not pythons:
        pytest.skip("no other Python has the packages")
    for number, python in enumerate(pythons):
        folder = tmp_path / str(number)
        folder.mkdir()
        zygote = Zygote(python)
        assert _play(Stage(folder, zygote)) == expected
        zygote.close()


@pytest.mark.parametrize("years", [-30, -1 / 8766, 10, 30])
def test_x18_a_clock_that_jumps_is_refused_or_served_and_never_signs_an_old_slot(stage: Stage, years: float) -> None:
    stage.fresh("books")
    told = stage.do("sql commit", time=NOW)
    assert told["kind"] == "done"
    told = stage.do("sql commit", time=NOW + int(years * 31_557_600_000))
    if years > 0:
        assert told["kind"] == "done", told
    else:
        # The block's time never goes back: it is made at that of the block before.
        assert told["kind"] == "done" or told["code"] == "E_CLOCK", told
    assert stage.do("verify", time=NOW + 40 * 31_557_600_000)["kind"] == "done"
    assert stage.git("log", "-1", "--format=%ct") >= str(NOW // 1000)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_x26_a_read_only_repository_can_be_read_and_says_why_it_cannot_be_written(stage: Stage) -> None:
    path = stage.fresh("books")
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o555)
    try:
        assert stage.do("verify")["kind"] == "done"
        assert stage.do("look")["value"]["balance"] == 100
        assert stage.do("sql")["code"] in ("E_STORAGE", "E_OBJECT_WRITE")
    finally:
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o755)


@pytest.mark.parametrize("size", [0, 40, 200, 1_000, 3_000, 5_000, 9_000, 20_000])
def test_x05_x34_a_limit_for_files_cuts_writes_short_and_leaves_old_or_new(stage: Stage, size: int) -> None:
    stage.fresh("books")
    before = stage.refs()
    told = stage.do("sql commit", limits=[[resource.RLIMIT_FSIZE, size]])
    assert told["kind"] != "error", told["message"]
    assert stage.refs() == before or told["kind"] == "done"
    assert check_sound(stage) == []
    told = stage.do("sql commit", time=NOW + SPREAD)
    assert told["kind"] == "done", told
    assert stage.leftovers() == []
    assert stage.git("status", "--porcelain") == ""


@pytest.mark.parametrize("files", [8, 12, 16, 24, 32])
def test_x34_a_limit_for_open_files_is_reported(stage: Stage, files: int) -> None:
    stage.fresh("books")
    before = stage.refs()
    told = stage.do("sql commit", limits=[[resource.RLIMIT_NOFILE, files]])
    assert told["kind"] != "error", told["message"]
    assert stage.refs() == before or told["kind"] == "done"
    assert check_sound(stage) == []
    assert stage.do("sql commit", time=NOW + SPREAD)["kind"] == "done"


@pytest.mark.parametrize("megabytes", [16, 32, 64, 128])
def test_x33_a_limit_for_memory_leaves_old_or_new(stage: Stage, megabytes: int) -> None:
    stage.fresh("books")
    before = stage.refs()
    stage.do("import", limits=[[resource.RLIMIT_DATA, megabytes << 20]])
    after = stage.refs()
    assert after == before or set(after) == set(before)
    assert check_sound(stage) == []
    told = stage.do("import", time=NOW + SPREAD)
    assert told["kind"] == "done", told
    assert stage.do("look", time=NOW + SPREAD)["value"]["people"] == CASES["import"].changed["people"]
