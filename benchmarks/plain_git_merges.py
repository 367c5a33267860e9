"""Whole processes of plain `git merge`: blocks of a ledger, beside git's own merge of as many text files.

Also what the merge driver alone costs where 200 chunks are in conflict.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from measuring import ROOT, Line, git, ledger, milliseconds, seconds, variables

from aergo_vc.repository.facade import Repository
from aergo_vc.repository.hooks import Program

ROWS, CHANGED, IN_CONFLICT, PER_TRANSACTION = 100_000, 1_000, 10, 10
PER_FOLDER, PER_INSERT = 100, 2_000
REPEATS = 3
DRIVEN_CHUNKS = 200


def lines(folder: Path) -> Iterator[Line]:
    """The two figures."""
    environment = _with_programs(folder)
    ours = _least(_ledger_repository(folder / "ledger"), environment, (0,))
    texts = _least(_text_repository(folder / "texts"), environment, (1,))
    ratio = ours / texts
    work = f"git merge, {CHANGED} of {ROWS} rows changed on each side, {IN_CONFLICT} in conflict"
    yield Line(work, milliseconds(ours), f"as many text files {milliseconds(texts)}", ratio, "<= 3", ratio <= 3)
    driven = _least(_chunk_repository(folder / "chunks"), environment, (1,), "-s", "ort")
    yield Line(
        f"{DRIVEN_CHUNKS} chunks in conflict, git merge -s ort", milliseconds(driven), "", None, "< 10 s", driven < 10
    )


def _with_programs(folder: Path) -> Mapping[str, str]:
    """An environment with our programs on PATH."""
    programs = folder / "bin"
    programs.mkdir()
    for name, module in (("git-aergo", "aergo_vc.cli"), ("git-merge-aergo", "aergo_vc.gitside.starting")):
        start = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom {module} import main\nsys.exit(main())\n"
        text = f"#!{sys.executable} -I\n{start}"
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    known = variables(folder)
    return {**known, "PATH": f"{programs}:{known['PATH']}"}


def _sides() -> tuple[list[int], list[int]]:
    """The rows that each side changes, the conflicting ones last."""
    step = ROWS // (2 * CHANGED)
    rows = list(range(0, ROWS, step))
    ours, theirs = rows[: CHANGED - IN_CONFLICT], rows[CHANGED : 2 * CHANGED - IN_CONFLICT]
    common = [row + 1 for row in rows[:IN_CONFLICT]]
    return ours + common, theirs + common


def _ledger_repository(folder: Path) -> Path:
    with ledger(folder) as repository:
        repository.sql("CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)", commit=True)
        _fill(repository, ROWS)
        program = Program(Path(sys.executable), folder.parent / "bin" / "git-aergo")
        repository.install(program)
        repository.branch("lab")
        mine, theirs = _sides()
        _change(repository, mine, "ours")
        repository.checkout("lab")
        _change(repository, theirs, "theirs")
        repository.checkout("main")
    return folder


def _fill(repository: Repository, rows: int) -> None:
    for start in range(0, rows, PER_INSERT):
        values = ", ".join(f"({row}, 'value {row}')" for row in range(start, start + PER_INSERT))
        repository.sql(f"INSERT INTO t VALUES {values}")
    repository.commit()


def _change(repository: Repository, rows: list[int], word: str) -> None:
    for at in range(0, len(rows), PER_TRANSACTION):
        chosen = ", ".join(map(str, rows[at : at + PER_TRANSACTION]))
        repository.sql(f"UPDATE t SET v = '{word}' WHERE id IN ({chosen})")
    repository.commit()


def _text_repository(folder: Path) -> Path:
    mine, theirs = _sides()
    _begin(folder, {row: f"value {row}\n" for row in range(ROWS)})
    _branch_commit(folder, "lab", dict.fromkeys(theirs, "theirs\n"))
    _branch_commit(folder, "main", dict.fromkeys(mine, "ours\n"))
    git(folder, "checkout", "--quiet", "--force", "main")
    return folder


def _chunk_repository(folder: Path) -> Path:
    with ledger(folder) as repository:
        repository.sql("CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)", commit=True)
        _fill(repository, 36_000)
        repository.install(Program(Path(sys.executable), folder.parent / "bin" / "git-aergo"))
        repository.branch("lab")
        for branch in ("main", "lab"):
            repository.checkout(branch)
            repository.sql(f"UPDATE t SET v = '{branch}'", commit=True)
        repository.checkout("main")
    changed = git(folder, "diff", "--name-only", "main", "lab", "--", "ledger/state").split()
    assert len(changed) >= DRIVEN_CHUNKS, len(changed)
    return folder


def _begin(folder: Path, files: dict[int, str]) -> None:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    _branch_commit(folder, "main", files)
    git(folder, "branch", "lab")


def _branch_commit(folder: Path, branch: str, files: dict[int, str]) -> None:
    parts = [f"commit refs/heads/{branch}\ncommitter bench <bench> 1700000000 +0000\ndata 1\nx\n"]
    if (folder / ".git" / "refs" / "heads" / branch).exists():
        parts.append(f"from refs/heads/{branch}^0\n")
    for row, text in files.items():
        parts.append(f"M 644 inline {row // PER_FOLDER}/{row}\ndata {len(text)}\n{text}\n")
    git(folder, "fast-import", "--quiet", stdin="".join(parts).encode())


def _least(folder: Path, environment: Mapping[str, str], expected: tuple[int, ...], *options: str) -> float:
    """The shortest of several merges of ``lab``, each taken back."""
    found = []
    for _ in range(REPEATS):
        head = git(folder, "rev-parse", "HEAD").decode().strip()
        command = ["git", "merge", "--no-edit", "--quiet", *options, "lab"]

        def merge(command: list[str] = command) -> None:
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
            assert done.returncode in expected, done.stderr.decode()

        found.append(seconds(merge))
        git(folder, "reset", "--quiet", "--hard", head)
        # Taken back, a block's slot is spent; here it is to be made again at once.
        (folder / ".git" / "aergo" / "watermark.json").unlink(missing_ok=True)
    return min(found)
