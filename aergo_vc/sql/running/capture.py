"""Row changes as SQLite makes them, cascades included, kept net by key."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from aergo_vc.base.ids import TableName
from aergo_vc.base.limits import KEY_CODE_CHARACTERS, ROW_BYTES
from aergo_vc.codec.key_code import key_code
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.types import FLOATS, Kind, Row
from aergo_vc.sql.errors import LIMIT_EXCEEDED, BudgetError, SqlError
from aergo_vc.sql.types import numbers
from aergo_vc.sql.types.values import INTEGERS, decoder, encoder, storage_scale

Kept = tuple[Any, ...]
"""A row or a key as SQLite keeps it."""

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


_NO_LIMIT = 1 << 62
_NO_TEXTS = INTEGERS | FLOATS | {Kind.BOOLEAN}
_LONG = frozenset({Kind.TEXT, Kind.VARCHAR, Kind.CHAR, Kind.BYTEA, Kind.JSON, Kind.JSONB, Kind.NUMERIC})
_INTEGER_DIGITS = 20


class Layout:
    """How rows of one table are kept and what identifies them."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.positions, self.kinds = table.key_positions, table.key_kinds
        self._decoders = _by_position([decoder(c.type, storage_scale(c.type)) for c in table.columns])
        self._encoders = _by_position([encoder(c.type) for c in table.columns])
        self._key_encoders = _by_position([encoder(table.columns[p].type) for p in self.positions])
        self.texts = tuple(place for place, c in enumerate(table.columns) if c.type.kind not in _NO_TEXTS)
        self.least_bytes = 26 * len(table.columns)
        self.key_room = (KEY_CODE_CHARACTERS - 60 * len(self.positions)) // 9
        self.has_short_keys = INTEGERS.issuperset(self.kinds) and _INTEGER_DIGITS * len(self.kinds) <= self.key_room
        self._decimal_keys = tuple(
            place
            for place, position in enumerate(self.positions)
            if table.columns[position].type.kind is Kind.NUMERIC and storage_scale(table.columns[position].type) is None
        )
        self.only_key = self.positions[0] if len(self.positions) == 1 and not self._decimal_keys else None
        """The place of the column that tells rows apart by itself."""
        self.is_read_plain = not self._decoders and not self._decimal_keys and FLOATS.isdisjoint(self.kinds)
        """Whether rows are canonical as they are kept, and keys what tells rows apart."""
        self.has_small_rows = self.has_short_keys and not self.texts and self.least_bytes <= ROW_BYTES
        """Whether the state can hold any row."""
        self.long = tuple(
            place
            for place, column in enumerate(table.columns)
            if column.type.kind in _LONG and storage_scale(column.type) is None
        )
        """The places of values that may be long, and are kept as texts."""
        self.identity: Callable[[Kept], Any] = (
            self._decimal_identity if self._decimal_keys else operator.itemgetter(*self.positions)
        )
        """What equal keys have in common, from a row: its key, and 1.0 and 1.00 are one key."""

    def _decimal_identity(self, row: Kept) -> Kept:
        return self.least_key(tuple([row[position] for position in self.positions]))

    def least_key(self, key: Kept) -> Kept:
        """The shortest spelling of a key: the same for all that are equal."""
        if not self._decimal_keys:
            return key
        return tuple([numbers.trimmed(v) if place in self._decimal_keys else v for place, v in enumerate(key)])

    def decode(self, row: Kept) -> Row:
        return _apply(self._decoders, row)

    def encode(self, row: Row) -> Kept:
        return _apply(self._encoders, row)

    def encode_key(self, key: Key) -> Kept:
        return _apply(self._key_encoders, key)

    @property
    def has_decimal_keys(self) -> bool:
        """Whether equal keys may be spelled in several ways."""
        return bool(self._decimal_keys)

    @property
    def is_plain(self) -> bool:
        """Whether rows are kept as they are."""
        return not self._encoders

    def keys_of(self, rows: Sequence[Row]) -> list[Key]:
        """The keys of many rows."""
        if len(self.positions) == 1:
            place = self.positions[0]
            return [(row[place],) for row in rows]
        return list(map(operator.itemgetter(*self.positions), rows))

    def key_of(self, row: Row) -> Key:
        return tuple([row[position] for position in self.positions])


_Functions = tuple[tuple[int, Callable[[Any], Any]], ...]


def _by_position(functions: list[Callable[[Any], Any] | None]) -> _Functions:
    return tuple((place, function) for place, function in enumerate(functions) if function is not None)


def _apply(functions: _Functions, row: Kept) -> Row:
    if not functions:
        return row
    cells = list(row)
    for place, function in functions:
        if cells[place] is not None:
            cells[place] = function(cells[place])
    return tuple(cells)


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


class _Change:
    """What was reported of a row."""

    __slots__ = ("new", "old", "table_name")
    table_name: str
    old: Kept | None
    new: Kept | None


Frame = dict[str, Net | InsertedRows]


_Ready = tuple[Layout, Net, set[Any], int, int]
"""A table; its changes in the current frame, and those behind; 1 if they are counted; and the place of its only key
column, if rows may be left behind, else -1."""

ReadRows = Callable[[Layout, Sequence[Any]], Iterable[Kept]]
"""What rows of a table are now, by identities of keys that are there, in their order."""


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
        found = (layout, net, net.behind, int(name not in self._sequences), place)
        self._ready[name] = found
        return found

    def hook(self, update: Any) -> None:  # noqa: ANN401 - apsw.PreUpdate
        """What SQLite is about to do to a row."""
        name = update.table_name
        ready = self._ready.get(name) or self._make_ready(name)
        if ready is None:
            return
        layout, net, behind, count, place = ready
        operations = self.operations = self.operations + count
        if operations > self.most_operations:
            raise self._exhausted("a routine changes more rows than it may")
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
            if net.behind:
                self._catch_up(layout, net)
            table_changes = _canonical(layout, net)
            if table_changes:
                found[TableName(name)] = table_changes
        return found

    def _catch_up(self, layout: Layout, net: Net) -> None:
        behind = list(net.behind)
        for identity, row in zip(behind, self._read(layout, behind), strict=True):
            net[identity][1] = row
        net.behind.clear()


def _bytes_at(places: tuple[int, ...], row: Kept) -> int:
    """The bytes of texts, each as many as it takes or more: one for a character of plain ASCII, four in other texts."""
    size = 0
    for place in places:
        cell = row[place]
        if cell is not None:
            size += len(cell) if cell.isascii() else 4 * len(cell)
    return size


def _canonical(layout: Layout, net: Net) -> dict[Key, RowChange]:
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


def check_sizes(layout: Layout, rows: Iterable[Row]) -> int:
    """Raise SqlError 54000 for a row or a key that the state cannot hold; returns the rows' bytes."""
    total = 0
    for row in rows:
        size = layout.least_bytes
        for place in layout.texts:
            cell = row[place]
            if cell is not None:
                size += 6 * len(cell) - 22  # type: ignore[arg-type]  # it is a text
        if size > ROW_BYTES:
            size = len(encode_row(row))
            if size > ROW_BYTES:
                name = layout.table.name
                raise SqlError(LIMIT_EXCEEDED, f"a row of {name} takes {size} bytes; {ROW_BYTES} are allowed")
        total += size
        if not layout.has_short_keys:
            _check_key(layout, row)
    return total


def _check_key(layout: Layout, row: Row) -> None:
    characters = 0
    for position in layout.positions:
        characters += len(str(row[position]))
    if characters > layout.key_room and len(key_code(layout.kinds, layout.key_of(row))) > KEY_CODE_CHARACTERS:
        raise SqlError(LIMIT_EXCEEDED, f"a key of {layout.table.name} is too long")
