"""One SQLite database that holds the state of one branch: its rows, what is open on it, and what changes.

It is a cache that can be rebuilt; nothing in it is believed by others.  It belongs to one thread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from aergo_vc.base.errors import InvalidError
from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import Changes, Key, RowChange
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.types import Row
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.errors import EngineError
from aergo_vc.sql.outcomes import OpenTransaction
from aergo_vc.sql.running import ahead, cached_catalog
from aergo_vc.sql.running.ahead import RowSource, lost_rows
from aergo_vc.sql.running.budget import DEFAULT_BUDGET, Meter
from aergo_vc.sql.running.capture import Capture
from aergo_vc.sql.running.facts import Facts
from aergo_vc.sql.running.layouts import Kept, Layout
from aergo_vc.sql.running.loading import insert_many
from aergo_vc.sql.running.references import References
from aergo_vc.sql.running.sandbox import CACHE_TABLE, Fuse, Guard, open_connection
from aergo_vc.sql.running.spelling import quote_name
from aergo_vc.sql.running.stretches import Stretch
from aergo_vc.sql.running.table_access import index_sql, indexes_of, key_test
from aergo_vc.sql.running.translated_errors import DISK_ERRORS, disk_error, disk_errors

_KEYS_TOGETHER = 100
"""Rows that one statement reads, of many."""


class StateDatabase:
    """The tables of a catalog in SQLite, in a file or in memory; no statement is known here (see `engine`)."""

    def __init__(self, path: Path | None, fuse_steps: int, compiled: CompiledCache, *, is_apart: bool = False) -> None:
        self.compiled = compiled
        self._path = path
        self._guard, self._fuse = Guard(), Fuse(fuse_steps)
        self._meter = Meter(DEFAULT_BUDGET)
        with disk_errors():
            self._db = open_connection(
                path, self._guard, self._fuse, lambda: self._meter.add_rows(1), is_apart=is_apart
            )
        self._commands = self._db.cursor().execute
        self._facts = Facts(self._db)
        self._capture = Capture(self._rows_of)
        self._references = References(self._db, self._capture, self._trusted)
        self._db.preupdate_hook(self._capture.listener)
        self._transactions: list[OpenTransaction] = []
        self._depth = 0
        self._owed: Mapping[TableName, RowSource] = {}
        self.catalog = Catalog()
        self._before_block: tuple[Catalog, Mapping[TableName, RowSource]] = (self.catalog, self._owed)

    def close(self) -> None:
        """Give everything back.  An engine that is not closed is never freed: SQLite's functions refer to it."""
        self._db.close()

    # The cache's own facts

    def _trusted(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL of the engine's own, which no script takes part in."""
        self._guard.trusted = True
        try:
            return self._db.execute(sql, bindings).fetchall()
        except DISK_ERRORS as error:
            raise disk_error(error) from error
        finally:
            self._guard.trusted = False

    def _command(self, sql: str) -> None:
        """As `_trusted`, for what gives no rows."""
        self._guard.trusted = True
        try:
            self._commands(sql)
        except DISK_ERRORS as error:
            raise disk_error(error) from error
        finally:
            self._guard.trusted = False

    def _rows_of(self, layout: Layout, keys: Sequence[Any]) -> dict[Any, Kept]:
        """What rows of a table with a key of one column are now, by their keys."""
        table = layout.table
        columns = ", ".join(quote_name(column.name) for column in table.columns)
        together = _KEYS_TOGETHER if len(keys) >= _KEYS_TOGETHER else 1
        marks = ", ".join("?" * together)
        sql = f"SELECT {columns} FROM {quote_name(table.name)} WHERE {quote_name(table.primary_key[0])} IN ({marks})"
        padded = [*keys, *[keys[0]] * (-len(keys) % together)]
        groups = [padded[start : start + together] for start in range(0, len(padded), together)]
        self._guard.trusted = True
        try:
            found = self._db.executemany(sql, groups)
            return {layout.identity(row): row for row in found}
        finally:
            self._guard.trusted = False

    def _read_catalog(self) -> None:
        self._trusted(f"CREATE TABLE IF NOT EXISTS {CACHE_TABLE} (name TEXT PRIMARY KEY, value TEXT)")
        ahead.create_tables(self._trusted)
        self._set_catalog(cached_catalog.read(self._trusted))
        owed = self._trusted(f"SELECT name FROM {CACHE_TABLE} WHERE name LIKE 'owed %'")
        self._owed = {TableName(name.removeprefix("owed ")): lost_rows for (name,) in owed}

    def _set_catalog(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._capture.lay_out(catalog)
        self._facts.lay_out(catalog)
        self._references.set_catalog(catalog)

    @property
    def mark(self) -> str | None:
        """A text that the owner set, such as the block whose state this is; it is rolled back with the rows."""
        found = self._trusted(f"SELECT value FROM {CACHE_TABLE} WHERE name = 'mark'")
        return found[0][0] if found else None

    @mark.setter
    def mark(self, value: str) -> None:
        self._trusted(f"INSERT OR REPLACE INTO {CACHE_TABLE} VALUES ('mark', ?)", (value,))

    # Rows ahead of the mark

    @property
    def ahead(self) -> str | None:
        """The name under which rows were last kept ahead of the mark; None while they are at the mark."""
        return ahead.name_ahead(self._trusted)

    def keep_ahead(self, name: str, changes: Changes) -> bool:
        """Note, before the block ends that made them, changes that `fall_back` is to undo; False where it could not.

        `name` tells where the rows are with them, after all that was kept ahead before.
        """
        if any(self._capture.layout(table).has_decimal_keys for table in changes):
            return False  # such keys have several spellings
        try:
            ahead.note_ahead(self._trusted, name, changes)
        except apsw.TooBigError:
            return False
        return True

    def fall_back(self) -> None:
        """Bring the rows back to the mark."""
        if self.ahead is None:
            return
        self._settle()
        with self._implicit_transaction():
            before = ahead.rows_before(self._trusted)
            for table, rows in before.items():
                self.delete_keys(table, rows)
            for table, rows in before.items():
                self.insert_rows(table, [row for row in rows.values() if row is not None])
            ahead.forget_ahead(self._trusted)

    # Blocks and transactions

    def block(self) -> Stretch:
        """A stretch that is kept whole or not at all; an exception, or `rollback`, rolls it back.  Does not nest."""
        return self._stretch(final=True)

    @contextmanager
    def unspilled(self) -> Iterator[None]:
        """Around a block: until it ends nothing of it goes into the file, so that forked processes may read that."""
        self._settle()
        self._trusted("PRAGMA cache_spill=OFF")  # heeded between transactions only
        try:
            yield
        finally:
            self._trusted("PRAGMA cache_spill=ON")

    def begin_again(self) -> None:
        """Undo all that was done in the block that is open; no transaction is."""
        catalog, self._owed = self._before_block
        self._trusted("ROLLBACK")
        self._command("BEGIN")
        if self.catalog is not catalog:
            self._set_catalog(catalog)

    def transaction(self, *, waits: bool = False) -> Stretch:
        """As `block`, for the parts of one transaction; foreign keys that wait are checked at its end (SqlError 23503).

        With `waits` all wait, if the transaction is not inside of another one.
        """
        return self._stretch(final=False, checked=True, waits=waits)

    def _part(self) -> Stretch:
        """A part of the open transaction, kept whole or not at all; without one, a transaction of its own.

        The first part needs no savepoint but the transaction's: there is nothing else behind that yet.
        """
        outer = self._transactions[-1] if self._transactions else None
        if outer is None or outer.begun:
            return self._stretch(final=False)
        before = (self.catalog, self._owed)
        opened = OpenTransaction()
        outer.begun = True

        def leave(error: BaseException | None) -> None:
            if error is not None:
                outer.begun = False
                self._rewind(outer, before)
                return
            outer.changes = {} if opened.rewritten else opened.changes
            outer.take(opened)

        return Stretch(opened, leave)

    def _rewind(self, opened: OpenTransaction, before: tuple[Catalog, Mapping[TableName, RowSource]]) -> None:
        """Go back to where a transaction began, and stay in it."""
        catalog, self._owed = before
        if self._db.in_transaction:
            self._trusted(f"ROLLBACK TO {opened.savepoint}")
        self._capture.drop()
        self._capture.push()
        if self.catalog is not catalog:
            self._set_catalog(catalog)

    def _stretch(self, *, final: bool, checked: bool = False, waits: bool = False) -> Stretch:
        name = f"s{self._depth}"
        before = (self.catalog, self._owed)
        if final:
            self._before_block = before
        self._begin(name, final=final)
        opened = OpenTransaction(savepoint=name)
        if not final:
            if not self._transactions:
                self._facts.sequences.forget()
                self._references.waits = waits
            self._transactions.append(opened)
            self._capture.push()

        return Stretch(opened, partial(self._leave, opened, before, final=final, checked=checked))

    def _leave(
        self,
        opened: OpenTransaction,
        before: tuple[Catalog, Mapping[TableName, RowSource]],
        error: BaseException | None,
        *,
        final: bool,
        checked: bool,
    ) -> None:
        if error is not None or opened.discarded:
            if error is None and not final and not opened.changes:
                opened.changes = self._capture.changes()
            self._undo(opened.savepoint, before, final=final)
            return
        if checked:
            try:
                self.check_constraints()
            except BaseException:
                self._undo(opened.savepoint, before, final=final)
                raise
        self._keep(opened, final=final)

    def _begin(self, name: str, *, final: bool) -> None:
        if final and self._depth:
            raise RuntimeError("a block cannot begin inside another stretch")
        self._command("BEGIN" if final else f"SAVEPOINT {name}")
        self._depth += 1

    def _undo(self, name: str, before: tuple[Catalog, Mapping[TableName, RowSource]], *, final: bool) -> None:
        self._depth -= 1
        catalog, self._owed = before
        if self._db.in_transaction:
            self._trusted("ROLLBACK" if final else f"ROLLBACK TO {name}; RELEASE {name}")
        if not final:
            self._capture.drop()
            self._transactions.pop()
        if self.catalog is not catalog:
            self._set_catalog(catalog)

    def _keep(self, opened: OpenTransaction, *, final: bool) -> None:
        self._depth -= 1
        self._command("COMMIT" if final else f"RELEASE {opened.savepoint}")
        if final:
            return
        self._transactions.pop()
        first = self._transactions and not self._capture.is_changed_around()
        frame = self._capture.fold()
        if not opened.changes:
            opened.changes = self._capture.changes(frame)
        if self._transactions:
            outer = self._transactions[-1]
            # What the first part did is what all did, unless another follows.
            outer.changes = opened.changes if first and not outer.rewritten | opened.rewritten else {}
            outer.take(opened)

    def spelled_alike(self, table: TableName, changes: Mapping[Key, RowChange]) -> Mapping[Key, RowChange]:
        """Changes by keys of which equal ones are spelled the same, as 1.0 and 1.00 else are not."""
        layout = self._capture.layout(table)
        if not layout.has_decimal_keys:
            return changes
        return {layout.least_key(key): change for key, change in changes.items()}

    def changes_of(self, opened: OpenTransaction) -> Changes:
        """The net changes so far of the transaction at hand, which is still open."""
        if not opened.changes:
            opened.changes = self._capture.changes()
        return opened.changes

    def check_constraints(self) -> None:
        """Raise SqlError 23503 if rows refer to rows that are not there; `transaction` asks at its end by itself."""
        self._references.check_all()

    # Trusted rows

    def restore(self, catalog: Catalog) -> None:
        """Throw everything away and make empty tables of `catalog`."""
        with self._unchecked():
            for name in list(self.catalog.stored):
                self._trusted(f"DROP TABLE IF EXISTS {quote_name(name)}")
            self._trusted(f"DELETE FROM {CACHE_TABLE} WHERE name LIKE 'owed %'")
            self._owed = {}
            self._set_catalog(catalog)
            for name in sorted(catalog.stored):
                self._create_table(catalog.stored[name])
        ahead.forget_ahead(self._trusted)
        cached_catalog.store(self._trusted, self.catalog)

    def adopt(self, catalog: Catalog) -> None:
        """Take a catalog that has other routines, owners or grants and is else the same; tables and rows stay."""
        self._set_catalog(catalog)
        cached_catalog.store(self._trusted, self.catalog)

    def _create_table(self, table: Table) -> None:
        self._trusted(self._create_table_sql(self.catalog, table))
        for index in indexes_of(self.catalog, table.name):
            self._trusted(index_sql(index))

    def _create_table_sql(self, catalog: Catalog, table: Table, name: str | None = None) -> str:
        """CREATE TABLE; its checks and defaults hang on no more than the types of the catalog."""
        parts = ("table", name or "", *self.compiled.texts(table, catalog.types))
        found = self.compiled.find(*parts)
        if isinstance(found, str):
            return found
        from aergo_vc.sql.language.storage import create_table_sql  # noqa: PLC0415 - it loads sqlglot

        sql = create_table_sql(catalog, table, name)
        self.compiled.keep(sql, *parts)
        return sql

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        """Without foreign keys and without a record of changes."""
        if self._transactions:
            self._transactions[-1].begun = True
        self._db.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0)
        self._db.preupdate_hook(None)
        try:
            yield
        finally:
            self._db.preupdate_hook(self._capture.listener)
            self._db.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)

    def insert_rows(self, table: TableName, rows: Iterable[Row]) -> None:
        """Fill in rows that were verified before, in canonical values; a row whose key exists is replaced."""
        self._settle()
        self._fill(table, rows)

    def _fill(self, table: TableName, rows: Iterable[Row]) -> None:
        layout = self._capture.layout(table)
        kept = rows if layout.is_plain else map(layout.encode, rows)
        with self._unchecked(), self._trusting():
            insert_many(self._db, layout.table, kept, replace=True)

    def delete_keys(self, table: TableName, keys: Iterable[Key]) -> None:
        """Take out the rows of these keys, without effects on other tables."""
        self._settle()
        layout = self._capture.layout(table)
        sql = f"DELETE FROM {quote_name(table)} WHERE {key_test(layout.table)}"
        with self._unchecked(), self._trusting():
            self._db.executemany(sql, map(layout.encode_key, keys))

    @contextmanager
    def _trusting(self) -> Iterator[None]:
        """For statements of the engine's own, kept all or none."""
        with self._implicit_transaction():
            self._guard.trusted = True
            try:
                with disk_errors():
                    yield
            finally:
                self._guard.trusted = False

    # Rows that wait

    @property
    def owed(self) -> frozenset[TableName]:
        """The tables whose rows are still to be written into the database; `owe` says where they are."""
        return frozenset(self._owed)

    def owe(self, table: TableName, rows: RowSource) -> None:
        """Have rows written into an empty table when anything needs the database's tables.

        The table must be one of `owed`, or a caller must know that the rows break no rule (`load_later`).
        """
        if table not in self._owed:
            self._trusted(f"INSERT INTO {CACHE_TABLE} VALUES (?, '')", (f"owed {table}",))
        self._owed = {**self._owed, table: rows}

    def _settle(self) -> None:
        """Write the rows that wait; whatever reads or writes tables asks for it first."""
        if not self._owed:
            return
        self._fuse.reset()
        try:
            with self._implicit_transaction():
                self._trusted(f"DELETE FROM {CACHE_TABLE} WHERE name LIKE 'owed %'")
                for table, read in self._owed.items():
                    self._fill(table, read())
        except InvalidError as error:  # a transaction that happens to need the rows must not be blamed
            raise EngineError(f"rows that wait to be written cannot be read: {error.message}") from error
        self._owed = {}

    def is_empty(self, table: TableName) -> bool:
        """Whether a table has no rows."""
        if table in self._owed:
            return False
        return not self._trusted(f"SELECT 1 FROM {quote_name(table)} LIMIT 1")

    @contextmanager
    def _implicit_transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._trusted("BEGIN")
        try:
            yield
        except BaseException:
            self._trusted("ROLLBACK")
            raise
        self._trusted("COMMIT")

    def rows(self, table: TableName, keys: Iterable[Key] | None = None) -> Iterator[Row]:
        """The rows of a table in the order of its key, or those of `keys` that exist, in the order of `keys`."""
        self._settle()
        layout = self._capture.layout(table)
        columns = ", ".join(quote_name(column.name) for column in layout.table.columns)
        if keys is None:
            order = ", ".join(map(quote_name, layout.table.primary_key))
            found: Iterable[Any] = self._db.execute(f"SELECT {columns} FROM {quote_name(table)} ORDER BY {order}")
        else:
            sql = f"SELECT {columns} FROM {quote_name(table)} WHERE {key_test(layout.table)}"
            found = (row for key in keys for row in self._db.execute(sql, layout.encode_key(key)))
        return iter(found) if layout.is_plain else map(layout.decode, found)
