"""What became of tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A routine that an error left; `place` is None where no file is known to define it."""

    routine: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed, and where; `sqlstate` is None where no error of SQL was at fault.

    `calls` are the routines that the error left, the innermost first.
    """

    place: Place
    message: str
    sqlstate: str | None = None
    calls: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What became of a test; `test` is None for what a file does before its tests, which is only told if it fails."""

    place: Place
    test: str | None
    failure: Failure | None
