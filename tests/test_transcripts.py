"""The documents' transcripts are true: each is run and compared, line by line.

A fenced ``console`` block has typed lines behind ``$``, then what they print, both streams together; ``[..]`` stands
for any text in a line, and a last line ``[2]`` for an exit status other than 0.  The blocks of a document are one
session, which begins in a folder with the files that lie beside the document under its name.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world import ROOT, World, require_command_line

DOCUMENTS = [page for page in sorted((ROOT / "docs").glob("*.md")) if "```console" in page.read_text()]


@dataclass(frozen=True)
class Step:
    """A command and what it must print; `line` is where it stands."""

    line: int
    command: str
    expected: list[str]


def steps(text: str) -> Iterator[Step]:
    """The steps of a document in order."""
    step: Step | None = None
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(number, line.removeprefix("$ "), [])
        elif inside and step is not None:
            step.expected.append(line)
    if step is not None:
        yield step


def agree(expected: list[str], printed: list[str]) -> bool:
    """Whether lines are as expected."""
    patterns = [".*".join(map(re.escape, line.split("[..]"))) for line in expected]
    return len(patterns) == len(printed) and all(map(re.fullmatch, patterns, printed))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_transcript_is_what_happens(document: Path, world: World) -> None:
    require_command_line()
    folder = world.root
    if (files := document.with_suffix("")).is_dir():
        shutil.copytree(files, folder / files.name)
    for step in steps(document.read_text()):
        if step.command.startswith("cd "):
            folder /= step.command.removeprefix("cd ")
            continue
        done = world.run("sh", "-c", f"{{ {step.command}\n}} 2>&1", cwd=folder, expect=None)
        printed = done.out.splitlines() + ([f"[{done.status}]"] if done.status else [])
        assert agree(step.expected, printed), f"{document.name}:{step.line}: {step.command}\n{done.out}"


def test_there_are_transcripts() -> None:
    assert DOCUMENTS


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["block [..] of main"], ["block 12 of main"], True),
        (["a.b"], ["axb"], False),
        (["a"], ["a", "b"], False),
        (["a", "[1]"], ["a", "[1]"], True),
        ([], [], True),
    ],
)
def test_lines_agree_as_a_whole(expected: list[str], printed: list[str], same: bool) -> None:
    assert agree(expected, printed) is same
