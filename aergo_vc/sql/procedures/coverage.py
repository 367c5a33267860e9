"""Which statements of routines have run: counted where someone asks for it, and nowhere in the code otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

from aergo_vc.base.ids import RoutineName
from aergo_vc.model.routines import Routine


@dataclass(frozen=True, slots=True)
class CountedStatement:
    """How often a statement ran; its place counts from 1 in the routine's text."""

    line: int
    column: int
    hits: int


class Coverage:
    """Counts by statement, of all engines that it is given to.  Routines that differ in their texts are different."""

    def __init__(self) -> None:
        self.hits: list[int] = []
        self._numbers: dict[tuple[RoutineName, str], dict[tuple[int, int], int]] = {}

    def number(self, routine: Routine, line: int, column: int) -> int:
        """The index in `hits` of the statement at a place; the same one whenever the routine is compiled again."""
        numbers = self._numbers.setdefault((routine.name, routine.body), {})
        found = numbers.get((line, column))
        if found is None:
            found = numbers[line, column] = len(self.hits)
            self.hits.append(0)
        return found

    def routines(self) -> Iterator[tuple[RoutineName, str]]:
        """The names and texts of the routines that were compiled."""
        return iter(self._numbers)

    def statements(self, name: RoutineName, body: str) -> tuple[CountedStatement, ...]:
        """The statements of a routine in the order of their places."""
        numbers = self._numbers.get((name, body), {})
        return tuple(CountedStatement(*place, self.hits[number]) for place, number in sorted(numbers.items()))
