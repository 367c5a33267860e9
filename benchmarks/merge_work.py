"""A merge that is the same for every program measured: two branches of one table that change a thousand rows each."""

import random
from dataclasses import dataclass, field
from functools import cached_property

from accounts import Account, Accounts

ROWS_OF_A_TRANSACTION = 10


@dataclass(frozen=True)
class MergeWork:
    """Of `accounts`, each side changes `changed` rows, `conflicting` of them both, to different values."""

    accounts: Accounts = field(default_factory=lambda: Accounts(commits=0))
    changed: int = 1_000
    conflicting: int = 10

    @cached_property
    def _ids(self) -> list[int]:
        return random.Random(3).sample(range(self.accounts.rows), 2 * self.changed - self.conflicting)

    @property
    def ours(self) -> list[int]:
        """The ids of the rows that main changes; the first ones are those in conflict."""
        return self._ids[: self.changed]

    @property
    def theirs(self) -> list[int]:
        """The ids of the rows that the side branch changes alone."""
        return self._ids[self.changed :]

    @property
    def main_script(self) -> str:
        """What main does."""
        return _more(self.ours)

    @property
    def side_scripts(self) -> list[str]:
        """What the side branch does: transactions of ten rows, and one for each row in conflict."""
        starts = range(0, len(self.theirs), ROWS_OF_A_TRANSACTION)
        more = [_more(self.theirs[start : start + ROWS_OF_A_TRANSACTION]) for start in starts]
        return more + [f"UPDATE account SET quantity = -1 WHERE id = {i}" for i in self.ours[: self.conflicting]]

    @cached_property
    def after(self) -> list[Account]:
        """The rows after the merge, with main's values where both changed them."""
        changed = set(self._ids)
        rows = self.accounts.before
        return [(i, name, quantity + (i in changed), price) for i, name, quantity, price in rows]

    @cached_property
    def side(self) -> list[Account]:
        """The rows of the side branch."""
        more, fixed = set(self.theirs), set(self.ours[: self.conflicting])
        rows = self.accounts.before
        return [(i, name, -1 if i in fixed else quantity + (i in more), price) for i, name, quantity, price in rows]

    @cached_property
    def main(self) -> list[Account]:
        """The rows of main before the merge."""
        more = set(self.ours)
        return [(i, name, quantity + (i in more), price) for i, name, quantity, price in self.accounts.before]


def _more(ids: list[int]) -> str:
    return f"UPDATE account SET quantity = quantity + 1 WHERE id IN ({', '.join(map(str, ids))})"
