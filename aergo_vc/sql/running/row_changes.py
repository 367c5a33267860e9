"""What happened to the rows of one table: net changes by key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from aergo_vc.model.changes import Key, RowChange
from aergo_vc.model.types import Row
from aergo_vc.sql.running.layouts import Kept, Layout

Pair = Sequence[Kept | None]
"""A row before and after."""


class Net(dict[Any, list[Kept | None]]):
    """What happened to rows of a table, by identity of the key: the row before and after, as kept.

    `behind` are those that were written again since: what became of them, the table itself tells.
    """

    __slots__ = ("behind",)

    def __init__(self, rows: Iterable[tuple[Any, list[Kept | None]]] = (), behind: Iterable[Any] = ()) -> None:
        super().__init__(rows)
        self.behind = set(behind)

    def copied(self) -> "Net":
        """The same, to be changed without this one."""
        return Net(((identity, [*pair]) for identity, pair in self.items()), self.behind)

    def note(self, identity: object, before: Kept | None, after: Kept | None) -> None:
        """A row is, or becomes, `after`; this is where it begins to be noted, if it was not before."""
        known = self.get(identity)
        if known is None:
            self[identity] = [before, after]
            return
        known[1] = after
        self.behind.discard(identity)

    def change(self, identity_of: Callable[[Kept], Any], old: Kept | None, new: Kept | None) -> None:
        """A row changes; where its key does, that is two changes."""
        before = None if old is None else identity_of(old)
        after = None if new is None else identity_of(new)
        if old is not None and before != after:
            self.note(before, old, None)
            old = None
        if new is not None:
            self.note(after, old, new)

    def take(self, later: "Net") -> None:
        """What happened after that."""
        for identity, (before, after) in later.items():
            self.note(identity, before, after)
        self.behind |= later.behind


class InsertedRows(Mapping[Key, RowChange]):
    """The changes of a table to which rows, of different keys, were added and nothing else happened.

    Often only their number, `count`, is asked for; `read` gives the rows, in canonical values.
    """

    def __init__(self, layout: Layout, count: int, read: Callable[[], Iterable[Row]]) -> None:
        self._layout = layout
        self._count = count
        self._read = read

    @cached_property
    def added(self) -> Sequence[Row]:
        """The rows."""
        return list(self._read())

    @cached_property
    def rows(self) -> Mapping[Key, Row]:
        """The rows by key."""
        return dict(zip(self._layout.keys_of(self.added), self.added, strict=True))

    def __getitem__(self, key: Key) -> RowChange:
        return RowChange(None, self.rows[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self.rows)

    def __len__(self) -> int:
        return self._count

    def as_net(self, layout: Layout) -> Net:
        kept = map(layout.encode, self.added)
        return Net((layout.identity(row), [None, row]) for row in kept)


def canonical_changes(layout: Layout, net: Net) -> dict[Key, RowChange]:
    """The net changes of a table by key, in canonical values."""
    if layout.is_read_plain:
        if len(layout.positions) == 1:
            return {(key,): RowChange(before, after) for key, (before, after) in net.items() if before != after}
        return {key: RowChange(before, after) for key, (before, after) in net.items() if before != after}
    found: dict[Key, RowChange] = {}
    for before, after in net.values():
        if before == after:
            continue
        first = None if before is None else layout.decode(before)
        second = None if after is None else layout.decode(after)
        found[layout.key_of(second or first or ())] = RowChange(first, second)
    return found
