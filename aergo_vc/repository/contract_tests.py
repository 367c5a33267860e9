"""Tests of contracts, found in folders and run in memory.  They need no repository."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import RoutineName
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.testing.outcomes import CaseOutcome, Place
from aergo_vc.sql.testing.playing import ContractFile, Ground, play

_SUFFIX = ".sql"


class NoTestsError(InputError):
    """There is nothing to test, or it cannot be read."""

    code = "E_TEST_FILES"


@dataclass(frozen=True, slots=True)
class CoveredStatement:
    """How often a statement ran, and where it stands in the contract's file."""

    place: Place
    hits: int


@dataclass(frozen=True, slots=True)
class CoveredRoutine:
    """The statements of a routine that was deployed, in the order of the file."""

    name: RoutineName
    file: str
    statements: tuple[CoveredStatement, ...]

    @property
    def reached(self) -> int:
        """How many statements ran."""
        return sum(1 for statement in self.statements if statement.hits)

    def lines(self) -> dict[int, int]:
        """By line, how often the statement ran that ran least."""
        found: dict[int, int] = {}
        for statement in self.statements:
            line = statement.place.line
            found[line] = min(statement.hits, found.get(line, statement.hits))
        return found


class ContractTests:
    """The tests in `paths`: files, or folders in which they are called ``test_….sql`` or lie in a folder ``tests``.

    The other files of SQL in a folder, or in that above ``tests``, are the contracts that are deployed for a test file,
    in the order of their names, unless it says itself which.  With `covering`, statements are counted.
    """

    def __init__(self, paths: Sequence[Path], *, covering: bool = False) -> None:
        self.files = tuple(dict.fromkeys(file for path in paths for file in _test_files(path)))
        self._coverage = Coverage() if covering else None
        self._grounds: list[Ground] = []

    def run(self, wanted: str = "") -> Iterator[CaseOutcome]:
        """Run the tests that have `wanted` in their names.

        Raises NoTestsError for a file that cannot be read, and at the end if there was nothing to run.
        """
        self._grounds = []
        found = False
        for file in self.files:
            ground = Ground(_Reader(file.parent).read, self._coverage)
            self._grounds.append(ground)
            contracts = [os.path.relpath(found, file.parent) for found in _contract_files(file)]
            for outcome in play(str(file), _text(file), contracts, ground, wanted):
                found = True
                yield outcome
        if not found:
            raise NoTestsError(f"no test has {wanted} in its name")

    def coverage(self) -> tuple[CoveredRoutine, ...]:
        """What the tests that were run reached, in the order of files and lines; nothing unless `covering`."""
        if self._coverage is None:
            return ()
        definitions = {key: found for ground in self._grounds for key, found in ground.definitions.items()}
        routines = []
        for (file, name, body), found in definitions.items():
            statements = tuple(
                CoveredStatement(found.place(one.line, one.column), one.hits)
                for one in self._coverage.statements(name, body)
            )
            routines.append((file, found.body.line, CoveredRoutine(name, file, statements)))
        return tuple(routine for _, _, routine in sorted(routines, key=lambda one: (one[:2], one[2].name)))


@dataclass(frozen=True, slots=True)
class _Reader:
    folder: Path

    def read(self, name: str) -> ContractFile:
        path = Path(os.path.normpath(self.folder / name))
        return ContractFile(str(path), path.stem, _text(path))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise NoTestsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NoTestsError(f"{path} is not UTF-8 at byte {error.start}") from error


def _test_files(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise NoTestsError(f"{path} does not exist")
        return [path]
    found = []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        found += [Path(folder, file) for file in sorted(files) if _is_test(Path(folder).absolute() / file)]
    if not found:
        raise NoTestsError(f"{path} has no test: a file test_….sql or tests/….sql is expected")
    return found


def _is_test(file: Path) -> bool:
    return file.suffix == _SUFFIX and (file.name.startswith("test_") or file.parent.name == "tests")


def _contract_files(test_file: Path) -> list[Path]:
    """The contracts beside a test file, or above the folder of tests that it lies in."""
    folder = test_file.parent
    if folder.absolute().name == "tests":
        folder = Path(os.path.normpath(folder / ".."))
    files = sorted(folder.glob(f"*{_SUFFIX}"))
    return [file for file in files if not file.name.startswith("test_") and file != test_file]
