"""Foreign keys, looked at when PostgreSQL looks at them: when a statement ends, or the transaction.

SQLite carries out their actions, and counts the rows that refer to none; it is told that every key may wait for the
transaction's end, so that neither the steps of a statement nor rows that are put in any order fail on their way.  Only
where the count is not zero are rows looked at here: those that changed, since all others were right before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import apsw

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Column, ForeignKey, Table, split_name
from aergo_vc.sql.errors import FOREIGN_KEY_VIOLATION, SqlError
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.layouts import Kept
from aergo_vc.sql.running.row_changes import Pair
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.types.values import decoder, storage_scale

Trusted = Callable[..., list[tuple[Any, ...]]]
"""Runs SQL of the engine's own."""

_SHOWN = 100
"""Characters of a value in an error."""


class _Link:
    """One foreign key: how values are read off the rows at both of its ends, and looked up at the other."""

    def __init__(self, table: Table, key: ForeignKey, target: Table) -> None:
        self.table, self.key, self.target = table, key, target
        self._columns = _columns(table, key.columns)
        self._places, self._target_places = _places(table, key.columns), _places(target, key.target_columns)
        self.parent_sql = f"SELECT 1 FROM {quote_name(target.name)} WHERE {_test(key.target_columns)} LIMIT 1"
        self.child_sql = f"SELECT 1 FROM {quote_name(table.name)} WHERE {_test(key.columns)} LIMIT 1"

    def of_child(self, row: Kept) -> Kept:
        """What a row refers to."""
        return tuple([row[place] for place in self._places])

    def of_parent(self, row: Kept) -> Kept:
        """What refers to a row."""
        return tuple([row[place] for place in self._target_places])

    @cached_property
    def lost_sql(self) -> str:
        """The values that refer to no row, of the whole table; the least first."""
        columns = ", ".join(f"c.{quote_name(name)}" for name in self.key.columns)
        pairs = zip(self.key.columns, self.key.target_columns, strict=True)
        test = " AND ".join(f"p.{quote_name(theirs)} = c.{quote_name(own)}" for own, theirs in pairs)
        given = " AND ".join(f"c.{quote_name(name)} IS NOT NULL" for name in self.key.columns)
        return (
            f"SELECT {columns} FROM {quote_name(self.table.name)} AS c WHERE {given} AND NOT EXISTS "
            f"(SELECT 1 FROM {quote_name(self.target.name)} AS p WHERE {test}) ORDER BY {columns} LIMIT 1"
        )

    def shown(self, values: Kept) -> str:
        """Values as errors show them."""
        return ", ".join(map(_shown, self._columns, values))


_Links = dict[TableName, list[_Link]]


@dataclass(frozen=True, slots=True)
class _Violation:
    """Values that refer to no row: because of the rows that refer, or of one that was there."""

    link: _Link
    values: Kept
    is_lost: bool

    @property
    def order(self) -> tuple[bool, str, str, str]:
        """Which of several a statement fails with, in whatever order the engine came to them."""
        return (self.is_lost, self.link.table.name, self.link.key.name, self.link.shown(self.values))

    def error(self) -> SqlError:
        """In PostgreSQL's words."""
        key, values = self.link.key, self.link.shown(self.values)
        schema, table = split_name(self.link.table.name)
        target = split_name(self.link.target.name)[1]
        if self.is_lost:
            change = f'update or delete on table "{target}"'
            message = f'{change} violates foreign key constraint "{key.name}" on table "{table}"'
            detail = f'Key ({", ".join(key.target_columns)})=({values}) is still referenced from table "{table}".'
        else:
            message = f'insert or update on table "{table}" violates foreign key constraint "{key.name}"'
            detail = f'Key ({", ".join(key.columns)})=({values}) is not present in table "{target}".'
        error = SqlError(FOREIGN_KEY_VIOLATION, message)
        error.details = {"schema": schema, "table": table, "constraint": key.name, "detail": detail}
        error.facts["detail"] = detail
        return error


class References:
    """The foreign keys of one engine's catalog."""

    def __init__(self, db: apsw.Connection, capture: Capture, trusted: Trusted) -> None:
        self._status, self._capture, self._trusted = db.status, capture, trusted
        self._changed = capture.statement
        self.waits = False
        """Whether all keys wait for the end of the transaction that is open."""
        self.set_catalog(Catalog())

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed."""
        self._catalog = catalog
        keys = [(table.name, key) for table in catalog.tables.values() for key in table.foreign_keys]
        self._restricts = any(key.on_update == "restrict" for _, key in keys)
        self._capture.note_statements(frozenset(name for table, key in keys for name in (table, key.target)))
        self._known: tuple[_Links, _Links] | None = None

    def _links(self) -> tuple[_Links, _Links]:
        """The keys by the table that refers, and by the one that is referred to."""
        if self._known is None:
            self._known = self._made_links()
        return self._known

    def _made_links(self) -> tuple[_Links, _Links]:
        outgoing: _Links = {}
        incoming: _Links = {}
        tables = self._catalog.tables
        for table in tables.values():
            for key in table.foreign_keys:
                link = _Link(table, key, tables[key.target])
                outgoing.setdefault(table.name, []).append(link)
                incoming.setdefault(key.target, []).append(link)
        return outgoing, incoming

    def check(self) -> None:
        """A statement that changes rows has ended: raise SqlError 23503 if it breaks a key that does not wait.

        Rows that were broken before it do not count; they belong to keys that wait.
        """
        if not self._changed:
            return
        if not self.waits:
            is_broken = self._is_broken()
            if is_broken or self._restricts:
                self._refuse(self._capture.statement_rows(), is_broken=is_broken, at_end=False)
        self._changed.clear()

    def check_all(self) -> None:
        """The transaction ends: raise SqlError 23503 if it breaks any key."""
        if self._is_broken():
            self._refuse(self._capture.rows(), is_broken=True, at_end=True)
            for name in sorted(self._catalog.tables):  # a table may have changed behind its definition
                self.check_table(name)
            raise SqlError(FOREIGN_KEY_VIOLATION, "a foreign key is violated")

    def check_table(self, name: TableName) -> None:
        """Raise SqlError 23503 if a row of a table refers to none, whichever rows changed."""
        for link in self._links()[0].get(name, ()):
            for values in self._trusted(link.lost_sql):
                raise _Violation(link, values, is_lost=False).error()

    def _is_broken(self) -> bool:
        return bool(self._status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0])

    def _refuse(self, changed: Iterable[tuple[TableName, Iterable[Pair]]], *, is_broken: bool, at_end: bool) -> None:
        """Raise SqlError 23503 if rows that changed break a key that is looked at now.

        Unless `is_broken` no row refers to none, and only RESTRICT can stand against a key that another row has got.
        """
        found: list[_Violation] = []
        outgoing, incoming = self._links()
        for name, rows in changed:
            pairs = [pair for pair in rows if pair[0] != pair[1]]
            for link in outgoing.get(name, ()):
                if is_broken and (at_end or not link.key.deferred):
                    found += self._dangling(link, pairs)
            for link in incoming.get(name, ()):
                if is_broken or link.key.on_update == "restrict":
                    found += self._lost(link, pairs, at_end=at_end)
        if found:
            raise min(found, key=lambda one: one.order).error()

    def _dangling(self, link: _Link, pairs: Sequence[Pair]) -> Iterator[_Violation]:
        """Rows that refer to none."""
        for values in {link.of_child(new) for _, new in pairs if new is not None}:
            if None not in values and not self._trusted(link.parent_sql, values):
                yield _Violation(link, values, is_lost=False)

    def _lost(self, link: _Link, pairs: Sequence[Pair], *, at_end: bool) -> Iterator[_Violation]:
        """Rows that are gone, or have got another key, and are still referred to.

        RESTRICT does not wait, nor does it help that another row has got the key.
        """
        for old, new in pairs:
            if old is None or None in (values := link.of_parent(old)):
                continue
            if new is not None and link.of_parent(new) == values:
                continue
            restricts = not at_end and (link.key.on_delete if new is None else link.key.on_update) == "restrict"
            if link.key.deferred and not at_end and not restricts:
                continue
            is_given_away = restricts and new is not None
            if (is_given_away or not self._trusted(link.parent_sql, values)) and self._trusted(link.child_sql, values):
                yield _Violation(link, values, is_lost=True)


def _columns(table: Table, names: Iterable[str]) -> list[Column]:
    by_name = {column.name: column for column in table.columns}
    return [by_name[name] for name in names]


def _places(table: Table, names: Iterable[str]) -> tuple[int, ...]:
    known = [column.name for column in table.columns]
    return tuple([known.index(name) for name in names])


def _test(names: Iterable[str]) -> str:
    return " AND ".join(f"{quote_name(name)} = ?" for name in names)


def _shown(column: Column, value: Any) -> str:  # noqa: ANN401 - as kept
    decode = decoder(column.type, storage_scale(column.type))
    found = value if decode is None else decode(value)
    if isinstance(found, bool):
        return "t" if found else "f"
    return str(found)[:_SHOWN]
