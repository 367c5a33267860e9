"""Row changes as SQLite makes them, cascades included, kept net by key."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.schema import Catalog
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import LIMIT_EXCEEDED, BudgetError
from aergo_vc.sql.running.layouts import Kept, Layout, check_sizes
from aergo_vc.sql.running.row_changes import InsertedRows, Net, Pair, canonical_changes

_NO_LIMIT = 1 << 62
_NO_ROWIDS: frozenset[Any] = frozenset()


class _Change:
    """What was reported of a row."""

    __slots__ = ("new", "old", "table_name")
    table_name: str
    old: Kept | None
    new: Kept | None


Frame = dict[str, Net | InsertedRows]


_Ready = tuple[AbstractSet[Any], Layout, Net, set[Any], int, int]
"""Rowids of rows of which nothing needs to be kept; a table; its changes in the current frame, and those behind; 1 if
they are counted; and the place of its only key column, if rows may be left behind, else -1."""

ReadRows = Callable[[Layout, Sequence[Any]], Mapping[Any, Kept]]
"""What rows of a table are now, by the keys that were asked for and are there."""


class Witness(Protocol):
    """Is told of everything that a Capture is told, as it happens."""

    def push(self) -> None:
        """A frame begins."""

    def drop(self) -> None:
        """A frame is undone."""

    def fold(self) -> None:
        """A frame ends well."""

    def wrote(self, name: str, old: Kept | None, new: Kept | None) -> None:
        """A row is about to change."""

    def loaded(self, name: TableName, rows: InsertedRows, encode: Callable[[Row], Kept]) -> None:
        """Rows are inserted without being reported one by one."""


class Capture:
    """Records what the preupdate hook reports, frame by frame; a frame that fails is dropped whole.

    From the second time on that a row is written nothing is kept of it but its key: what it has become is read when
    somebody asks for the changes.
    """

    def __init__(self, read: ReadRows) -> None:
        self._read = read
        self.operations = self.bytes = 0
        self.most_operations = self.most_bytes = _NO_LIMIT
        self._is_exhausted = False
        self._written: set[Any] | None = None
        self._repeated = False
        self._frames: list[dict[str, Net | InsertedRows]] = []
        self.statement: list[tuple[str, Kept | None, Kept | None]] = []
        """What a statement has changed, step by step: table, row before, row after.  To be cleared when one ends; a
        frame, which begins and ends between statements, clears it too."""
        self._noted: frozenset[str] = frozenset()
        self._ready: dict[str, _Ready] = {}
        self._layouts: dict[str, Layout] = {}
        self._sequences: frozenset[str] = frozenset()
        self._change = _Change()
        self.witness: Witness | None = None
        self.listener: Callable[[Any], None] = self.hook
        """What is to be called before each change of a row."""

    def attend(self, witness: "Witness | None") -> None:
        """From here on tell `witness` of all changes; the caller gives `listener` to the database anew."""
        self._ready = {}
        self.witness = witness
        self.listener = self.hook if witness is None else self._witnessed

    def lay_out(self, catalog: Catalog) -> None:
        """Tables may have changed."""
        self._ready = {}
        self._sequences = frozenset(map(str, catalog.sequences))
        kept = self._layouts
        self._layouts = {
            name: kept[name] if name in kept and kept[name].table == table else Layout(table)
            for name, table in catalog.stored.items()
        }

    def allow(self, operations: int, size: int) -> None:
        """From here on let no more rows than these be changed, and no more bytes held of them; beyond is BudgetError.

        Each row that is written counts as often as it is, and as it was before when its change begins to be recorded.
        What changes is held until the transaction ends, so that its net changes alone, weighed then, come too late.
        """
        self.most_operations, self.most_bytes = self.operations + operations, self.bytes + size
        self._is_exhausted = False

    def allow_all(self) -> None:
        """From here on let anything be changed."""
        self.most_operations = self.most_bytes = _NO_LIMIT
        self._is_exhausted = False

    def layout(self, name: TableName) -> Layout:
        return self._layouts[name]

    def watch_repeats(self, watch: bool) -> None:  # noqa: FBT001 - a plan's own switch
        """From here on note whether a row is written twice."""
        self._ready = {}
        self._written = set() if watch else None
        self._repeated = False

    def saw_repeat(self) -> bool:
        return self._repeated

    def has_changes(self, name: TableName) -> bool:
        return bool(self._frames[-1].get(name))

    def is_changed_around(self) -> bool:
        """Whether the frame around the current one holds changes already."""
        return any(self._frames[-2].values())

    def add_inserted(self, name: TableName, rows: "InsertedRows") -> None:
        """Rows that were inserted without being reported one by one."""
        self._ready = {}
        self._frames[-1][name] = rows
        self.operations += len(rows)
        if self.witness is not None:
            self.witness.loaded(name, rows, self._layouts[name].encode)

    # One statement

    def note_statements(self, tables: frozenset[TableName]) -> None:
        """From here on hold what a statement changes in these tables."""
        self._ready, self._noted = {}, frozenset(map(str, tables))
        self.statement.clear()

    def statement_rows(self) -> list[tuple[TableName, Iterable[Pair]]]:
        """What the statement has changed on the whole, by table: rows before and after, as kept."""
        frame: dict[str, Net] = {}
        for name, old, new in self.statement:
            frame.setdefault(name, Net()).change(self._layouts[name].identity, old, new)
        return [(TableName(name), net.values()) for name, net in frame.items()]

    def rows(self) -> list[tuple[TableName, Iterable[Pair]]]:
        """The same for the current frame."""
        frame = self._frames[-1]
        nets = {name: self._net(frame, name) for name in list(frame)}
        for name, net in nets.items():
            self._catch_up(self._layouts[name], net)
        return [(TableName(name), net.values()) for name, net in nets.items()]

    # Frames

    def push(self) -> None:
        self.statement.clear()
        self._ready = {}
        self._frames.append({})
        if self.witness is not None:
            self.witness.push()

    def drop(self) -> None:
        self.statement.clear()
        self._ready = {}
        self._frames.pop()
        if self.witness is not None:
            self.witness.drop()

    def fold(self) -> Frame:
        """End a frame and take its changes over into the one around it; returns the frame."""
        self.statement.clear()
        self._ready = {}
        frame = self._frames.pop()
        if self.witness is not None:
            self.witness.fold()
        if self._frames:
            outer = self._frames[-1]
            for name, net in frame.items():
                self._merge(outer, name, net)
        return frame

    def _merge(self, outer: Frame, name: str, net: "Net | InsertedRows") -> None:
        if not outer.get(name):
            outer[name] = net if isinstance(net, InsertedRows) else net.copied()
            return
        self._net(outer, name).take(net if isinstance(net, Net) else net.as_net(self._layouts[name]))

    def _net(self, frame: Frame, name: str) -> Net:
        """A table's changes in a frame, in the form that takes single rows."""
        net = frame.get(name)
        if not isinstance(net, Net):
            net = frame[name] = Net() if net is None else net.as_net(self._layouts[name])
        return net

    def bytes_of(self, changes: Changes) -> int:
        """How many bytes the rows take that changed; raises SqlError 54000 for one that the state cannot hold."""
        total = 0
        for name, rows in changes.items():
            layout = self._layouts[name]
            remaining = [after for _, after in rows.values() if after is not None]
            total += len(remaining) * layout.least_bytes if layout.has_small_rows else check_sizes(layout, remaining)
        return total

    def forget(self, name: TableName) -> None:
        """Drop what was recorded of a table that is rebuilt or gone."""
        self._ready = {}
        for frame in self._frames:
            frame.pop(name, None)

    def _make_ready(self, name: str) -> "_Ready | None":
        """What the current frame needs to record changes of a table; None where there is nothing to record."""
        if not self._frames or name not in self._layouts or self._is_exhausted:
            return None
        layout, net = self._layouts[name], self._net(self._frames[-1], name)
        is_asked = self.witness is not None or self._written is not None or name in self._noted
        place = -1 if is_asked or layout.only_key is None else layout.only_key
        told = net.behind if place >= 0 and layout.is_told_by_rowid else _NO_ROWIDS
        found = (told, layout, net, net.behind, int(name not in self._sequences), place)
        self._ready[name] = found
        return found

    def hook(self, update: Any) -> None:  # noqa: ANN401 - apsw.PreUpdate
        """What SQLite is about to do to a row."""
        name = update.table_name
        ready = self._ready.get(name) or self._make_ready(name)
        if ready is None:
            return
        told, layout, net, behind, count, place = ready
        operations = self.operations = self.operations + count
        if operations > self.most_operations:
            raise self._exhausted("a routine changes more rows than it may")
        if told and (identity := update.rowid) in told and identity == update.rowid_new:
            return
        old, new = update.old, update.new
        if layout.long:
            self._weigh(layout, net, old, new)
        if place < 0 or new is None or old is None or (identity := new[place]) != old[place]:
            self._note(layout, net, old, new)
        elif identity not in behind:
            if identity in net:
                behind.add(identity)
            else:
                net[identity] = [old, new]

    def _note(self, layout: Layout, net: Net, old: Kept | None, new: Kept | None) -> None:
        """Any change of a row."""
        if layout.table.name in self._noted:
            self.statement.append((layout.table.name, old, new))
        if self._written is not None and new is not None:
            self._note_written(layout.table.name, layout.identity(new))
        net.change(layout.identity, old, new)

    def _weigh(self, layout: Layout, net: Net, old: Kept | None, new: Kept | None) -> None:
        """Count what of a row is about to be kept."""
        if new is not None:
            self.bytes += _bytes_at(layout.long, new)
        if old is not None and layout.identity(old) not in net:
            self.bytes += _bytes_at(layout.long, old)
        if self.bytes > self.most_bytes:
            raise self._exhausted("more bytes of changed rows than may be held")

    def _exhausted(self, message: str) -> BudgetError:
        """An error for a hook to raise.  SQLite carries its statement on to the end; nothing more is recorded of it."""
        self._is_exhausted = True
        self._ready = {}
        return BudgetError(LIMIT_EXCEEDED, message)

    def _witnessed(self, update: Any) -> None:  # noqa: ANN401 - apsw.PreUpdate
        change = self._change  # which is asked twice: SQLite decodes a row each time
        change.table_name, change.old, change.new = update.table_name, update.old, update.new
        self.hook(change)
        if self.witness is not None:
            self.witness.wrote(change.table_name, change.old, change.new)

    def _note_written(self, name: str, identity: Any) -> None:  # noqa: ANN401 - a key, kept
        if self._written is not None and name not in self._sequences:
            self._repeated = self._repeated or identity in self._written
            self._written.add(identity)

    def changes(self, frame: Frame | None = None) -> Changes:
        """The net changes of a frame, the current one by default, in canonical values."""
        frame = frame if frame is not None else self._frames[-1]
        found: dict[TableName, Mapping[Key, RowChange]] = {}
        for name, net in frame.items():
            if not isinstance(net, Net):
                found[TableName(name)] = net
                continue
            layout = self._layouts[name]
            self._catch_up(layout, net)
            table_changes = canonical_changes(layout, net)
            if table_changes:
                found[TableName(name)] = table_changes
        return found

    def _catch_up(self, layout: Layout, net: Net) -> None:
        if not net.behind:
            return
        found = self._read(layout, list(net.behind))
        for identity in net.behind:
            net[identity][1] = found.get(identity)
        net.behind.clear()


def _bytes_at(places: tuple[int, ...], row: Kept) -> int:
    """The bytes of texts, each as many as it takes or more: one for a character of plain ASCII, four in other texts."""
    size = 0
    for place in places:
        cell = row[place]
        if cell is not None:
            size += len(cell) if cell.isascii() else 4 * len(cell)
    return size
