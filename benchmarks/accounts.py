"""The table that most benchmarks work on, and changes to it that are the same for every program measured."""

import random
from dataclasses import dataclass
from functools import cached_property

COLUMNS = ("id", "name", "quantity", "price")
Account = tuple[int, str, int, str]


@dataclass(frozen=True)
class Accounts:
    """`rows` accounts of four columns, and `commits` sets of `changed` accounts whose quantities change by one."""

    rows: int = 100_000
    commits: int = 20
    changed: int = 100

    @cached_property
    def before(self) -> list[Account]:
        """The rows at the beginning, by id."""
        source = random.Random(1)
        return [
            (i, f"name {source.randrange(10**6)}", source.randrange(10**6), f"{source.randrange(10**6) / 100:.2f}")
            for i in range(self.rows)
        ]

    @cached_property
    def picks(self) -> list[list[int]]:
        """The ids that each commit changes."""
        source = random.Random(2)
        return [source.sample(range(self.rows), self.changed) for _ in range(self.commits)]

    def script(self, commit: int) -> str:
        """A commit's changes in SQL that every program understands."""
        ids = ", ".join(map(str, self.picks[commit]))
        return f"UPDATE account SET quantity = quantity + 1 WHERE id IN ({ids})"

    def after(self, commits: int) -> list[Account]:
        """The rows after the first commits."""
        more = [0] * self.rows
        for pick in self.picks[:commits]:
            for i in pick:
                more[i] += 1
        return [(i, name, quantity + more[i], price) for i, name, quantity, price in self.before]


def csv_text(rows: list[Account]) -> str:
    """Rows as a CSV file."""
    return ",".join(COLUMNS) + "\n" + "".join([f"{i},{name},{quantity},{price}\n" for i, name, quantity, price in rows])
