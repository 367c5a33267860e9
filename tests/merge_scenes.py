"""Histories of two branches of ordinary files, one for each thing that can happen in a merge."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from world import Place

Git = Callable[..., object]
"""Runs git with the words given, in the repository."""

Step = dict[str, str | None]
"""What a commit writes, by path; None deletes.  A text that begins with ``-> `` makes a link, ``mv `` moves."""

LINES = "".join(f"{number}\n" for number in range(1, 31))


def changed(number: int, text: str) -> str:
    """The thirty lines with another one in place of one."""
    return LINES.replace(f"\n{number}\n", f"\n{text}\n")


@dataclass(frozen=True)
class Scene:
    """What the base, ours (``main``) and theirs (``topic/side``) have."""

    base: Step
    ours: Step
    theirs: Step


SCENES = {
    "nothing in common": Scene({"a": "1\n"}, {"b": "2\n"}, {"c": "3\n"}),
    "both in one file, apart": Scene({"f": LINES}, {"f": changed(5, "five")}, {"f": changed(25, "more")}),
    "content": Scene({"f": LINES}, {"f": changed(5, "five")}, {"f": changed(5, "FIVE")}),
    "content in a folder": Scene({"d/e f/ü": LINES}, {"d/e f/ü": changed(5, "o")}, {"d/e f/ü": changed(5, "t")}),
    "add and add": Scene({"a": "1\n"}, {"f": "ours\n"}, {"f": "theirs\n"}),
    "modify and delete": Scene({"f": LINES}, {"f": changed(5, "five")}, {"f": None}),
    "delete and modify": Scene({"f": LINES}, {"f": None}, {"f": changed(5, "five")}),
    "rename and modify": Scene({"f": LINES}, {"g": "mv f"}, {"f": changed(5, "five")}),
    "rename with a conflict inside": Scene(
        {"f": LINES, "x": "1\n"}, {"g": "mv f", "g ": changed(5, "five")}, {"f": changed(5, "FIVE")}
    ),
    "rename and rename apart": Scene({"f": LINES}, {"g": "mv f"}, {"h": "mv f"}),
    "rename and rename together": Scene({"f": LINES, "g": LINES * 2}, {"h": "mv f"}, {"h": "mv g"}),
    "rename and delete": Scene({"f": LINES}, {"g": "mv f"}, {"f": None}),
    "directory and file": Scene({"a": "1\n"}, {"d/x": "x\n"}, {"d": "file\n"}),
    "file and directory": Scene({"a": "1\n"}, {"d": "file\n"}, {"d/x": "x\n"}),
    "a folder renamed": Scene({"d/a": LINES, "d/b": LINES * 2}, {"e/a": "mv d/a", "e/b": "mv d/b"}, {"d/c": "new\n"}),
    "binary": Scene({"f": "a\0b"}, {"f": "a\0c"}, {"f": "a\0d"}),
    "link and file": Scene({"a": "1\n"}, {"l": "-> a"}, {"l": "file\n"}),
    "links": Scene({"l": "-> a"}, {"l": "-> b"}, {"l": "-> c"}),
    "no line feed": Scene({"f": "a\nb"}, {"f": "a\nc"}, {"f": "a\nd"}),
    "carriage returns": Scene({"f": "a\r\nb\r\n"}, {"f": "a\r\nc\r\n"}, {"f": "a\r\nd\r\n"}),
    "the same on both sides": Scene({"f": LINES}, {"f": changed(5, "five")}, {"f": changed(5, "five")}),
    "long markers": Scene(
        {"f": LINES, ".gitattributes": "f conflict-marker-size=12\n"}, {"f": changed(5, "o")}, {"f": changed(5, "t")}
    ),
    "union": Scene({"f": LINES, ".gitattributes": "f merge=union\n"}, {"f": changed(5, "o")}, {"f": changed(5, "t")}),
}


DATE = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}

OPERATIONS: dict[str, tuple[str, ...]] = {
    "merge": ("merge", "--no-edit", "topic/side"),
    "no-commit": ("merge", "--no-commit", "topic/side"),
    "squash": ("merge", "--squash", "topic/side"),
    "quiet": ("merge", "--quiet", "topic/side"),
    "by id": ("merge", "topic/side^0"),
    "ours": ("merge", "-Xours", "topic/side"),
    "theirs": ("merge", "-X", "theirs", "topic/side"),
    "space": ("merge", "-Xignore-all-space", "topic/side"),
    "no renames": ("merge", "-Xno-renames", "topic/side"),
    "pull": ("pull", "--quiet", "--no-rebase", ".", "topic/side"),
    "cherry-pick": ("cherry-pick", "topic/side"),
    "cherry-pick -n": ("cherry-pick", "--no-commit", "topic/side"),
    "cherry-pick -x": ("cherry-pick", "-x", "topic/side"),
    "rebase": ("rebase", "topic/side"),
}
SOME = ("content", "both in one file, apart", "rename with a conflict inside", "directory and file")


@dataclass(frozen=True)
class After:
    """What an operation left, as far as a user can see it."""

    status: int
    out: str
    err: str
    index: str
    files: dict[str, str]
    tree: str
    parents: int
    message: str
    states: dict[str, str]


def files_of(folder: Path) -> dict[str, str]:
    """The worktree's files and links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not name.startswith(".git/") and name != ".git" and not (path.is_dir() and not path.is_symlink()):
            found[name] = str(path.readlink()) if path.is_symlink() else path.read_text("latin-1")
    return found


def after(place: Place, words: tuple[str, ...]) -> After:
    done = place.git(*words, variables=DATE, expect=None)
    git_dir = place.path / ".git"
    names = ("MERGE_MSG", "MERGE_HEAD", "MERGE_MODE", "SQUASH_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "AUTO_MERGE")
    states = {name: (git_dir / name).read_text() for name in names if (git_dir / name).exists()}
    log = place.git("log", "-1", "--format=%T %P%n%B").out
    first, _, message = log.partition("\n")
    return After(
        done.status,
        done.out.replace("'aergo'", "'ort'"),
        done.err.replace("strategy aergo", "strategy ort"),
        place.git("ls-files", "--stage").out,
        files_of(place.path),
        first.split(" ")[0],
        len(first.split(" ")) - 1,
        message,
        states,
    )


def take(step: Step, folder: Path, git: Git, message: str) -> None:
    """Make a commit of `step` in the worktree at `folder`."""
    for name, content in step.items():
        path = folder / name.rstrip(" ")
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        elif content.startswith("mv "):
            (folder / content.removeprefix("mv ")).rename(path)
        elif content.startswith("-> "):
            path.unlink(missing_ok=True)
            path.symlink_to(content.removeprefix("-> "))
        else:
            path.write_bytes(content.encode())
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def play(scene: Scene, folder: Path, git: Git) -> None:
    """Make the history of a scene, and stand on ``main``."""
    take(scene.base, folder, git, "base")
    git("checkout", "--quiet", "-b", "topic/side")
    take(scene.theirs, folder, git, "theirs: a subject (of some sort)")
    git("checkout", "--quiet", "main")
    take(scene.ours, folder, git, "ours")


def play_criss_cross(folder: Path, git: Git) -> None:
    """A history in which both branches merged each other, so that there are two merge bases."""
    play(Scene({"f": LINES}, {"f": changed(5, "o")}, {"f": changed(25, "t")}), folder, git)
    git("branch", "left", "main")
    git("branch", "right", "topic/side")
    git("merge", "--quiet", "--no-edit", "-s", "ort", "right")
    take({"f": changed(5, "ours").replace("\n25\n", "\nt\n"), "x": "1\n"}, folder, git, "ours again")
    git("checkout", "--quiet", "topic/side")
    git("merge", "--quiet", "--no-edit", "-s", "ort", "left")
    take({"f": changed(5, "theirs").replace("\n25\n", "\nt\n"), "y": "1\n"}, folder, git, "theirs again")
    git("checkout", "--quiet", "main")
