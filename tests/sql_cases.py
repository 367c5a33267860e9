r"""Files of SQL with what each statement must give, which both our engine and PostgreSQL are asked.

A file is made of paragraphs, in this form::

    -- What the file is about, in as many lines as it takes.

    CREATE TABLE t (a int PRIMARY KEY);

    -- case: a key is there once
    INSERT INTO t VALUES (1), (2);
    -- INSERT 2
    INSERT INTO t VALUES (1);
    -- ERROR 23505
    SELECT a, NULL FROM t ORDER BY a;
    -- 1|∅
    -- 2|∅

What stands before the first case is the setup of every case; each case has a database of its own.  A statement ends
with a line that ends with a semicolon; the comments directly below say what it gives: notices, then rows in
PostgreSQL's output style, ``(no rows)``, the command tag of a change without rows, or an error's SQLSTATE, with the
message where a RAISE or an ASSERT gave it.  Backslash, line feed and a blank at the end of a line are written ``\\``,
``\n`` and ``\s``.

Where we differ from PostgreSQL on purpose, ours is followed by ``-- differs: reason`` and what PostgreSQL gives.  The
reason stands in the manual's page aergosql(7), word for word.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "sql" / "cases"
PENDING = FOLDER / "pending.txt"
"""The cases that our engine does not pass yet: lines of ``file: case: reason``."""

NO_ROWS = "(no rows)"

_CASE = "-- case: "
_DIFFERS = "-- differs: "
_QUOTED = re.compile(
    r"""
    \be'(?:[^'\\]|''|\\.)*'
    | '(?:[^']|'')*'
    | "[^"]*"
    | \$(?P<tag>[a-z_]*)\$.*?\$(?P=tag)\$
    | /\*.*?\*/
    | --[^\n]*
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_OPENING = re.compile(r"""['"]|\$[a-z_]*\$|/\*""", re.IGNORECASE)


class MalformedCasesError(ValueError):
    """A file is not in the form above."""


@dataclass(frozen=True)
class Statement:
    """`notes` are the comments and blank lines above it; `theirs` is PostgreSQL's answer where `reason` is given."""

    notes: tuple[str, ...]
    text: str
    expected: tuple[str, ...]
    reason: str | None = None
    theirs: tuple[str, ...] = ()

    @property
    def at_postgresql(self) -> tuple[str, ...]:
        """What PostgreSQL must give."""
        return self.expected if self.reason is None else self.theirs

    def lines(self) -> Iterable[str]:
        """The statement as it stands in its file."""
        yield from self.notes
        yield self.text
        yield from map(_comment, self.expected)
        if self.reason is not None:
            yield _DIFFERS + self.reason
            yield from map(_comment, self.theirs)


@dataclass(frozen=True)
class Case:
    """Statements over a database of their own, under a sentence; `notes` are the lines above that."""

    notes: tuple[str, ...]
    title: str
    statements: tuple[Statement, ...]

    def lines(self) -> Iterable[str]:
        """The case as it stands in its file."""
        yield from self.notes
        yield _CASE + self.title
        for statement in self.statements:
            yield from statement.lines()


@dataclass(frozen=True)
class CaseFile:
    """A file of cases; `name` is without the suffix."""

    name: str
    setup: tuple[Statement, ...]
    cases: tuple[Case, ...]

    @property
    def is_ours_alone(self) -> bool:
        """Whether PostgreSQL is not asked: files with names such as ``ours_events`` are about what it does not have."""
        return self.name.startswith("ours")

    def text(self) -> str:
        """The file's content."""
        parts = [statement.lines() for statement in self.setup] + [case.lines() for case in self.cases]
        return "".join(f"{line}\n" for part in parts for line in part)


def read_case_file(path: Path) -> CaseFile:
    """The cases of a file; MalformedCasesError where it is not in the form."""
    return _Reader(path.stem, path.read_text()).file()


def case_files() -> list[CaseFile]:
    """All that there are."""
    return [read_case_file(path) for path in sorted(FOLDER.glob("*.sql"))]


def pending() -> dict[tuple[str, str], str]:
    """The reason why our engine does not pass a case yet, by the file's name and the case's title."""
    found = {}
    for line in PENDING.read_text().splitlines():
        name, title, reason = line.split(": ", 2)
        found[name, title] = reason
    return found


def shown_row(cells: Iterable[str | None]) -> str:
    """A row as it is written in a file of cases."""
    line = "|".join("∅" if cell is None else cell.replace("\\", "\\\\").replace("\n", "\\n") for cell in cells)
    return line[:-1] + "\\s" if line.endswith(" ") else line


def _comment(line: str) -> str:
    return f"-- {line}" if line else "--"


def _is_whole(text: str) -> bool:
    bare = _QUOTED.sub("", text)
    return bare.rstrip().endswith(";") and _OPENING.search(bare) is None


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = text.splitlines()
        self._place = 0

    def file(self) -> CaseFile:
        setup, notes = self._statements()
        if any(statement.expected for statement in setup) or self._peek() is None:
            raise self._wrong("no case, or something expected before the first")
        cases: list[Case] = []
        while (line := self._peek()) is not None:
            title = line.removeprefix(_CASE)
            if ": " in title or any(title == case.title for case in cases):
                raise self._wrong(f"the title {title!r} is there twice, or holds a colon")
            self._place += 1
            statements, following = self._statements()
            cases.append(Case(notes, title, statements))
            notes = following
        if notes:
            raise self._wrong("comments or blank lines at the end")
        return CaseFile(self._name, setup, tuple(cases))

    def _wrong(self, what: str) -> MalformedCasesError:
        return MalformedCasesError(f"{self._name}.sql:{self._place + 1}: {what}")

    def _peek(self) -> str | None:
        return self._lines[self._place] if self._place < len(self._lines) else None

    def _statements(self) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
        """The statements up to the next case, and the lines in front of that."""
        statements: list[Statement] = []
        notes: list[str] = []
        while (line := self._peek()) is not None and not line.startswith(_CASE):
            if line and not line.startswith("--"):
                statements.append(self._statement(tuple(notes)))
                notes = []
            else:
                notes.append(line)
                self._place += 1
        return tuple(statements), tuple(notes)

    def _statement(self, notes: tuple[str, ...]) -> Statement:
        text = self._text()
        expected = self._answer()
        if (line := self._peek()) is None or not line.startswith(_DIFFERS):
            return Statement(notes, text, expected)
        self._place += 1
        theirs = self._answer()
        if theirs == expected:
            raise self._wrong("a difference that is none")
        return Statement(notes, text, expected, line.removeprefix(_DIFFERS), theirs)

    def _text(self) -> str:
        first = self._place
        while self._place < len(self._lines):
            self._place += 1
            text = "\n".join(self._lines[first : self._place])
            if _is_whole(text):
                return text
        self._place = first
        raise self._wrong("a statement without an end")

    def _answer(self) -> tuple[str, ...]:
        found: list[str] = []
        while (line := self._peek()) is not None and line.startswith("--"):
            if line.startswith((_CASE, _DIFFERS)):
                break
            found.append(line[3:])
            self._place += 1
        return tuple(found)
